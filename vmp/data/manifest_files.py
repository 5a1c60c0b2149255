"""Manifests as files: Parquet, and CSV for people; and what is measured of the videos that they name.

Both hold the same: the table, and beside it a JSON object with the set's name, its classes in order, the columns that
only it has, with their kinds, and whether its classes tell left from right. In Parquet that is metadata, in CSV the
first line, "# vmp.manifest {...}". A CSV file is read as text, so that an id 007 stays what it is and a class "NA" too.
"""

from __future__ import annotations

import io
import json
import os
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pandas as pd

from vmp.data.manifest import Manifest, make_manifest
from vmp.data.manifest_columns import MEASURED, ManifestError, unknown_text
from vmp.files import write_if_new

_KEY, _VERSION = "vmp.manifest", 1
_MARK = f"# {_KEY} "
_KINDS = {"i": "int", "u": "int", "f": "float", "b": "bool"}


def write(manifest: Manifest, path: Path) -> Path:
    """As :meth:`Manifest.write`."""
    path = path.absolute()
    if path.suffix == ".parquet":
        content = _parquet(manifest, path)
    elif path.suffix == ".csv":
        content = _csv(manifest, path)
    else:
        raise ValueError(f"path: expected a name that ends with .parquet or .csv, got {path.name!r}")
    write_if_new(path, content)
    return path


def read(path: Path, root: Path | None, extras: tuple[str, ...]) -> Manifest:
    """As :func:`vmp.data.manifest.read_manifest`, without looking for contradictions."""
    path = path.absolute()
    if path.is_dir():
        there = sorted(each.name for each in path.glob("*.parquet"))
        hint = f", such as {there[0]} in it" if there else ". data_scripts/own_videos.py makes one of a folder's videos"
        raise ManifestError(f"{path}: expected a manifest, a file that ends with .parquet or .csv, got a folder{hint}")
    if not path.is_file():
        raise FileNotFoundError(f"{path}: no such manifest")
    if path.suffix not in (".parquet", ".csv"):
        raise ManifestError(f"{path}: expected a manifest, a file that ends with .parquet or .csv")
    table, about = _read_parquet(path) if path.suffix == ".parquet" else _read_csv(path)
    if about.get("version", _VERSION) != _VERSION:
        raise ManifestError(f"{path}: expected a manifest of version {_VERSION}, got {about['version']!r}. Update vmp")
    try:
        return make_manifest(
            about.get("name", path.stem),
            table,
            root or path.parent / about.get("root", "."),
            classes=about.get("classes") or _classes(table),
            extras=tuple(about.get("extras", {})) or extras,
            directional=about.get("directional", False),
        )
    except ManifestError as error:
        raise ManifestError(f"{path}: {error}") from None


def measured(manifest: Manifest, advance: Callable[[int], None] = lambda done: None) -> tuple[Manifest, dict[str, str]]:
    """The manifest with what its files say of themselves, and why those that cannot be read cannot: by path.

    ``advance`` is called with how many files were opened; those that were measured before are not.
    """
    from vmp.data.video_check import check_video, threads

    table = manifest.table.copy()
    for column in MEASURED:
        if column not in table:
            table[column] = float("nan")
    waiting = sorted(set(table.loc[table[list(MEASURED)].isna().any(axis=1), "path"]))
    facts: dict[str, dict[str, float | None]] = {column: {} for column in MEASURED}
    troubles = {}
    with ThreadPoolExecutor(threads()) as pool:
        for done, (path, found) in enumerate(
            zip(waiting, pool.map(lambda path: check_video(manifest.file(path), "ends"), waiting), strict=True), start=1
        ):
            if found.trouble:
                troubles[path] = found.trouble
            else:
                for column in MEASURED:
                    facts[column][path] = getattr(found, column)
            advance(done)
    for column in MEASURED:
        table[column] = table[column].fillna(table["path"].map(facts[column]).astype("float64"))
    return manifest.with_table(table), troubles


# --- writing ---


def _about(manifest: Manifest, path: Path) -> str:
    about: dict[str, Any] = {
        "version": _VERSION,
        "name": manifest.name,
        "classes": list(manifest.classes),
        "extras": {name: _KINDS.get(manifest.table[name].dtype.kind, "str") for name in manifest.extras},
        "directional": manifest.directional,
    }
    root = Path(os.path.abspath(manifest.root))
    if root not in path.parents:
        about["root"] = _way(path.parent, root)
    return json.dumps(about, ensure_ascii=False)


def _way(begin: Path, root: Path) -> str:
    try:
        return Path(os.path.relpath(root, begin)).as_posix()
    except ValueError:  # another drive
        return root.as_posix()


def _parquet(manifest: Manifest, path: Path) -> bytes:
    import pyarrow
    from pyarrow import parquet

    table = pyarrow.Table.from_pandas(manifest.table, preserve_index=False)
    buffer = io.BytesIO()
    parquet.write_table(
        table.replace_schema_metadata({_KEY: _about(manifest, path)}),
        buffer,
        compression="zstd",
        write_page_checksum=True,
    )
    return buffer.getvalue()


def _csv(manifest: Manifest, path: Path) -> bytes:
    rows = manifest.table.to_csv(index=False, lineterminator="\n")
    return f"{_MARK}{_about(manifest, path)}\n{rows}".encode()


# --- reading ---


def _read_parquet(path: Path) -> tuple[pd.DataFrame, Mapping[str, Any]]:
    import pyarrow
    from pyarrow import parquet

    try:
        table = parquet.read_table(path, page_checksum_verification=True)
    except (pyarrow.ArrowException, OSError) as error:
        raise ManifestError(
            f"{path}: cannot be read as Parquet, it was cut short or is something else ({error})"
        ) from error
    about = (table.schema.metadata or {}).get(_KEY.encode())
    if about is None:
        raise ManifestError(f"{path}: expected a manifest that vmp wrote, got columns {', '.join(table.column_names)}")
    return table.replace_schema_metadata(None).to_pandas(), json.loads(about)


def _read_csv(path: Path) -> tuple[pd.DataFrame, Mapping[str, Any]]:
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise ManifestError(
            f"{path}: expected UTF-8, got a byte {error.object[error.start]:#04x} at {error.start}"
        ) from None
    about: dict[str, Any] = {}
    if text.startswith(_MARK):
        first, _, text = text.partition("\n")
        try:
            about = json.loads(first.removeprefix(_MARK))
        except ValueError as error:
            raise ManifestError(f"{path}: its first line is no JSON after {_MARK!r}: {error}") from None
    try:
        table = pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except (pd.errors.ParserError, pd.errors.EmptyDataError) as error:
        raise ManifestError(f"{path}: cannot be read as CSV: {str(error).strip()}") from error
    for name, kind in about.get("extras", {}).items():
        if name in table and kind != "str":
            table[name] = _as_kind(path, name, table[name], kind)
    return table, about


def _as_kind(path: Path, name: str, values: pd.Series[Any], kind: str) -> Any:
    kinds: dict[str, Callable[[Any], Any]] = {
        "int": lambda column: column.astype("int64"),
        "float": lambda column: column.replace("", "nan").astype("float64"),
        "bool": lambda column: [{"True": True, "False": False}[value] for value in column],
    }
    if kind not in kinds:
        raise ManifestError(f"{path}: {unknown_text(f'kind of {name}', kind, ['str', *kinds])}")
    try:
        return kinds[kind](values)
    except (ValueError, KeyError) as error:
        raise ManifestError(f"{path}: {name}: expected {kind}, as its first line says: {error}") from None


def _classes(table: pd.DataFrame) -> list[str] | None:
    """The classes of a table that gives labels and does not say which there are; None: by their names."""
    if "label" not in table or "class_name" not in table:
        return None
    labels = pd.to_numeric(table["label"], errors="coerce")
    if labels.isna().any() or (labels < 0).any() or not len(labels):
        return None  # the manifest says what is wrong with them
    names = dict(zip(labels.astype(int), table["class_name"], strict=True))
    return [names.get(label, "") for label in range(max(names) + 1)]
