"""One's own videos: a folder with a sub-folder a class, or a CSV file, becomes a manifest.

    my_videos/
      jump/  a.mp4  b.mov  tuesday/c.mkv
      run/   d.avi  e.webm

Any container that PyAV reads will do. Files that are no videos by their names (texts, pictures, archives, hidden ones)
are left out and counted; any other is opened, and what cannot be read is listed.

A CSV file has the columns ``path`` (relative to the folder) and ``class_name``; if wanted ``start``, ``end``, ``unit``
for intervals of long files, ``split`` where it is decided already, and any others, one of which may say what stays
together (``--group``).

Clips that train, validate and test are divided by class, by file or by group (:func:`vmp.data.manifest_split.divided`).
Files with the same bytes stay together, whatever they are called.
"""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd

from vmp.data.manifest import Manifest, make_manifest, validate
from vmp.data.manifest_columns import COLUMNS, MEASURED, ManifestError, is_split, unknown_text
from vmp.data.manifest_split import TEST_SHARE, VALIDATION_SHARE, divided
from vmp.data.prepare import SILENT, Count, PrepareReport, Progress, finish, workplace

if TYPE_CHECKING:
    from vmp.data.video_check import Checked

NAME = "own_videos"
#: Endings of what lies beside videos.
_OTHERS = {
    *(".txt", ".md", ".rst", ".csv", ".tsv", ".json", ".jsonl", ".xml", ".yaml", ".yml", ".toml", ".ini", ".log"),
    *(".srt", ".vtt", ".ass", ".pdf", ".doc", ".docx", ".xlsx", ".html", ".htm", ".lnk", ".url", ".part", ".tmp"),
    *(".jpg", ".jpeg", ".png", ".bmp", ".tif", ".tiff", ".heic", ".svg", ".psd"),
    *(".wav", ".mp3", ".flac", ".aac", ".m4a", ".ogg", ".zip", ".tar", ".gz", ".tgz", ".bz2", ".xz", ".7z", ".rar"),
    *(".py", ".ipynb", ".sh", ".bat", ".exe", ".npy", ".npz", ".mat", ".h5", ".hdf5", ".pkl", ".pt", ".pth"),
    *(".parquet", ".db", ".sqlite"),
}


def prepare(
    root: str | os.PathLike[str],
    *,
    table: str | os.PathLike[str] | None = None,
    group: str | None = None,
    test: float = TEST_SHARE,
    validation: float = VALIDATION_SHARE,
    seed: int = 0,
    directional: bool = False,
    thorough: bool = False,
    allow_missing: bool = False,
    progress: Progress = SILENT,
) -> PrepareReport:
    """Find the videos, open each once, divide them, write ``own_videos.parquet`` into the folder.

    The same folder gives the same manifest, byte for byte.

    Args:
        root: the folder.
        table: a CSV file, as the module says; None: a sub-folder a class.
        group: a column of the table whose values stay together; without a table "folder", the folder of each file.
        test, validation: shares of the clips; not used where the table has a split.
        seed: another one, another division.
        directional: whether the classes tell left from right, so that no clip may be mirrored.
        thorough: decode every frame, and not only the beginning and the end.
        allow_missing: write the manifest also where some videos are missing or cannot be read, without them.
        progress: told what is done.

    Raises:
        ValueError: no folder, no videos, fewer than two classes, a table that is not as it should be.
    """
    from vmp.data.video_check import check_videos

    if not Path(root).expanduser().is_dir():
        raise ValueError(f"root: expected a folder with videos, got {os.fspath(root)}, which is none")
    with workplace(root) as folder:
        rows, notes = _from_folders(folder) if table is None else _from_table(Path(table))
        together = _column(rows, group)
        there = rows["path"].map(lambda path: (folder / path).is_file())
        paths = [folder / path for path in rows["path"][there]]
        checked = check_videos(folder, paths, "frames" if thorough else "ends", progress)
        readable = there & rows["path"].map(lambda path: not _trouble(checked, folder / path))
        kept = rows[readable].reset_index(drop=True)
        manifest = _manifest(folder, kept, checked, directional)
        if not any(is_split(name) for name in rows.columns):
            groups, twins = _together(folder, kept, together[readable].tolist())
            notes += twins
            manifest = _divided(manifest, groups, {"test": test, "validation": validation}, seed)
        report = PrepareReport(
            NAME,
            folder,
            found=int(kept["path"].nunique()),
            missing=tuple(sorted(set(rows["path"][~there]))),
            unreadable={path: checked[folder / path].trouble for path in sorted(set(rows["path"][there & ~readable]))},
            counts=tuple(_counts(manifest)),
            notes=(*notes, *(each.text for each in validate(manifest, check_files=False).warnings)),
        )
        return finish(manifest, report, allow_missing=allow_missing)


# --- which videos ---


def videos_in(root: str | os.PathLike[str]) -> list[str]:
    """Paths, relative to the folder, of the files in its sub-folders that :func:`prepare` would open, sorted."""
    inside = (path.relative_to(root) for path in _files(Path(root)) if path.suffix.lower() not in _OTHERS)
    return sorted(path.as_posix() for path in inside if len(path.parts) > 1)


def _from_folders(root: Path) -> tuple[pd.DataFrame, list[str]]:
    """path, class_name and folder of every file that may be a video, sorted; and what was left out."""
    rows, others, loose = [], 0, 0
    for path in _files(root):
        inside = path.relative_to(root)
        if path.suffix.lower() in _OTHERS:
            others += 1
        elif len(inside.parts) == 1:
            loose += 1
        else:
            rows.append({"path": inside.as_posix(), "class_name": inside.parts[0], "folder": inside.parent.as_posix()})
    classes = {row["class_name"] for row in rows}
    if len(classes) < 2:
        found = f"those of {next(iter(classes))!r} only" if classes else "none"
        raise ValueError(f"{root}: expected videos in at least two sub-folders, one a class, got {found}")
    notes = [f"left out, since they lie in no sub-folder and so have no class: {loose}"] if loose else []
    notes += [f"left out, since they are no videos by their names: {others}"] if others else []
    return pd.DataFrame(rows), notes


def _files(folder: Path) -> Iterator[Path]:
    for where, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in sorted(files):
            if not name.startswith(".") and not (Path(where) == folder and name.startswith(f"{NAME}.")):
                yield Path(where) / name


def _from_table(path: Path) -> tuple[pd.DataFrame, list[str]]:
    if not path.is_file():
        raise ValueError(f"table: no such file: {path}")
    try:
        rows = pd.read_csv(path, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    except (pd.errors.ParserError, pd.errors.EmptyDataError, UnicodeDecodeError) as error:
        raise ManifestError(f"{path}: cannot be read as CSV in UTF-8: {str(error).strip()}") from error
    for name in ("path", "class_name"):
        if name not in rows:
            raise ManifestError(f"{path}: columns: expected {name!r}, got {', '.join(rows.columns)}")
    if taken := [name for name in rows.columns if name in ("label", *MEASURED)]:
        raise ManifestError(
            f"{path}: columns: expected names of your own, got {taken[0]!r}, which is made from the rest"
        )
    if not len(rows):
        raise ManifestError(f"{path}: expected clips, got none")
    rows["path"] = rows["path"].str.replace("\\", "/", regex=False) if os.sep == "\\" else rows["path"]
    return rows, []


def _column(rows: pd.DataFrame, group: str | None) -> pd.Series[str]:
    """What stays together: by default the clips of one file."""
    known = [name for name in rows.columns if name not in COLUMNS and not is_split(name)]
    if group is not None and group not in known:
        raise ValueError(unknown_text("group", group, known or ["none: there are no further columns"]))
    return rows["path"] if group is None else rows[group]


def _trouble(checked: dict[Path, Checked], path: Path) -> str:
    return checked[path].trouble if path in checked else "missing"


# --- the manifest ---


def _manifest(root: Path, rows: pd.DataFrame, checked: dict[Path, Checked], directional: bool) -> Manifest:
    if not len(rows):
        raise ValueError(f"{root}: expected videos that can be read, got none")
    extras = [name for name in rows.columns if name not in COLUMNS and not is_split(name)]
    found = [checked[root / path] for path in rows["path"]]
    measured = {name: [getattr(one, name) for one in found] for name in MEASURED}
    splits = {} if any(is_split(name) for name in rows.columns) else {"split": "unused"}
    return make_manifest(NAME, rows.assign(**measured, **splits), root, extras=extras, directional=directional)


def _divided(manifest: Manifest, groups: Sequence[str], shares: dict[str, float], seed: int) -> Manifest:
    parts = divided(manifest.table["label"].tolist(), groups, shares, seed=seed)
    return manifest.with_table(manifest.table.assign(split=parts))


def _together(root: Path, rows: pd.DataFrame, groups: list[str]) -> tuple[list[str], list[str]]:
    """The groups, those that share a file's bytes made one; and notes on the files that have the bytes of others."""
    leader = {group: group for group in groups}

    def lead(group: str) -> str:
        while leader[group] != group:
            group = leader[group]
        return group

    twins = torn = 0
    group_of = dict(zip(rows["path"], groups, strict=True))
    class_of = dict(zip(rows["path"], rows["class_name"], strict=True))
    for same in _equal_files(root, sorted(group_of)):
        twins += len(same) - 1
        torn += len({class_of[path] for path in same}) > 1
        for path in same[1:]:
            first, second = sorted((lead(group_of[same[0]]), lead(group_of[path])))
            leader[second] = first
    notes = [f"files with the bytes of another one, which stay on one side: {twins}"] if twins else []
    notes += [f"files with the same bytes in several classes: {torn} times"] if torn else []
    return [lead(group) for group in groups], notes


def _equal_files(root: Path, paths: Iterable[str]) -> Iterator[list[str]]:
    """Paths of files with the same bytes; only those of one size are read."""
    by_size = defaultdict(list)
    for path in paths:
        by_size[(root / path).stat().st_size].append(path)
    for alike in by_size.values():
        by_digest = defaultdict(list)
        for path in alike if len(alike) > 1 else ():
            with (root / path).open("rb") as file:
                by_digest[hashlib.file_digest(file, "sha256").digest()].append(path)
        yield from (same for same in by_digest.values() if len(same) > 1)


def _counts(manifest: Manifest) -> Iterator[Count]:
    yield Count("classes", len(manifest.classes))
    yield Count("clips", len(manifest))
    for column in manifest.split_columns:
        for part in ("train", "validation", "test"):
            which = part if manifest.folds == 1 else f"{column}, {part}"
            yield Count(which, int((manifest.table[column] == part).sum()))


def main(arguments: Sequence[str] | None = None) -> int:
    """``python data_scripts/own_videos.py --root DATA``: the exit status."""
    from vmp.data.prepare_script import arguments_parser, run

    parser = arguments_parser(
        "own_videos.py", "Make a manifest of your own videos: a sub-folder a class, or a CSV file."
    )
    parser.add_argument(
        "--table", type=Path, metavar="FILE.csv", help="columns path and class_name; start, end, split, ..."
    )
    parser.add_argument(
        "--group", metavar="COLUMN", help="clips with one value of it stay together; 'folder': of one folder"
    )
    parser.add_argument(
        "--test", type=float, default=TEST_SHARE, metavar="SHARE", help="of the clips [default: %(default)s]"
    )
    parser.add_argument(
        "--validation",
        type=float,
        default=VALIDATION_SHARE,
        metavar="SHARE",
        help="of the clips [default: %(default)s]",
    )
    parser.add_argument("--seed", type=int, default=0, metavar="N", help="another one divides them differently")
    parser.add_argument("--directional", action="store_true", help="the classes tell left from right: mirror no clip")
    parser.add_argument("--thorough", action="store_true", help="decode every frame of every video once")
    options = vars(parser.parse_args(arguments))
    return run(lambda progress: prepare(**options, progress=progress))
