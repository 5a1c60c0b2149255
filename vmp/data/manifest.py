"""One table a data set: where each clip is, what it shows, what it is for.

A row is a clip: a whole file, or an interval of one. Columns, in this order:

- ``clip``: its id, unique. ``path``: its file, relative to the root or absolute, with ``/``.
- ``start``, ``end``, ``unit``: the interval, in seconds ("s") or frames ("frame", from 0). It begins with ``start`` and
  ends before ``end``: frames 0 to 30 are thirty. Not a number: from the beginning, to the end.
- ``label``: the place of ``class_name`` in the classes, from 0.
- ``split``: "train", "validation", "test" or "unused"; for a set with several splits ``split1``, ``split2``, ...
- what was measured of the file, where it was: ``frames``, ``rate``, ``width``, ``height``.
- ``extras``: what the set knows besides, such as subject, dish or event.

>>> from vmp.data.manifest import make_manifest
>>> rows = {"path": ["a/1.mp4", "b/2.mp4"], "class_name": ["a", "b"], "split": ["train", "test"]}
>>> manifest = make_manifest("two", rows, root=".")
>>> manifest.table["clip"].tolist(), manifest.classes
(['a/1.mp4', 'b/2.mp4'], ('a', 'b'))
"""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from vmp.data.manifest_columns import COLUMNS, MEASURED, SPLITS, ManifestError, is_split, ordered, typed, unknown_text

if TYPE_CHECKING:
    from vmp.data.manifest_report import Report
    from vmp.data.pathways import ClipInput

__all__ = [
    "COLUMNS",
    "MEASURED",
    "RATE",
    "Manifest",
    "ManifestError",
    "interval",
    "make_manifest",
    "read_manifest",
    "thinning",
    "validate",
]

#: Frames a second that the strides of the backbones' papers count.
RATE = 30.0


@dataclass(frozen=True, eq=False)
class Manifest:
    """A data set's clips.

    Attributes:
        name: of the set.
        table: a row a clip, columns as the module says; it is copied, and its columns put in order.
        classes: the name of each label.
        root: what relative paths are relative to.
        extras: the columns that only this set has.
        directional: whether mirroring a clip would make another class of it ("from left to right"); then none is.

    Raises:
        ManifestError: columns that are missing or not declared, with the nearest name; a value of the wrong kind.
    """

    name: str
    table: pd.DataFrame
    classes: tuple[str, ...]
    root: Path
    extras: tuple[str, ...] = ()
    directional: bool = False

    def __post_init__(self) -> None:
        object.__setattr__(self, "classes", tuple(str(each) for each in self.classes))
        object.__setattr__(self, "extras", tuple(self.extras))
        object.__setattr__(self, "root", Path(self.root))
        object.__setattr__(self, "table", ordered(self.table, self.extras))

    def __len__(self) -> int:
        return len(self.table)

    def __repr__(self) -> str:
        return f"Manifest({self.name}: {len(self)} clips, {len(self.classes)} classes, {', '.join(self.split_columns)})"

    @property
    def split_columns(self) -> tuple[str, ...]:
        """("split",), or ("split1", "split2", ...)."""
        return tuple(name for name in self.table.columns if is_split(name))

    @property
    def folds(self) -> int:
        """How many splits there are."""
        return len(self.split_columns)

    def rows(self, split: str, fold: int = 1) -> pd.DataFrame:
        """The clips of a split, numbered anew from 0; "train+validation" gives both, in the table's order.

        Raises:
            ValueError: an unknown split, with the nearest; a fold that the set does not have.
        """
        parts = split.split("+")
        for part in parts:
            if part not in SPLITS:
                raise ValueError(unknown_text("split", part, SPLITS))
        if not 1 <= fold <= self.folds:
            raise ValueError(
                f"fold: expected 1{f' to {self.folds}' if self.folds > 1 else ''} for {self.name}, got {fold}"
            )
        chosen = self.table[self.table[self.split_columns[fold - 1]].isin(parts)]
        return chosen.reset_index(drop=True)

    def file(self, path: str) -> Path:
        """Where a path of the table is: under the root, unless it is absolute."""
        return self.root / path

    def with_table(self, table: pd.DataFrame) -> Manifest:
        """The same set with other rows or other measured columns."""
        return replace(self, table=table)

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that tell this set from another one, wherever its root is and whatever was measured."""
        kept = self.table[[name for name in self.table.columns if name not in MEASURED]]
        text = kept.to_csv(index=False, lineterminator="\n") + "\n".join(
            (self.name, *self.classes, str(self.directional))
        )
        return hashlib.sha256(text.encode()).hexdigest()[:16]

    def write(self, path: str | os.PathLike[str]) -> Path:
        """Write a Parquet or CSV file, by its ending, whole or not at all; the same manifest gives the same bytes.

        A file that holds them already is left alone. Where the file does not lie in the root or below it, the way from
        it to the root is written too.

        Raises:
            ValueError: another ending.
        """
        from vmp.data.manifest_files import write

        return write(self, Path(path))


def make_manifest(
    name: str,
    rows: pd.DataFrame | Mapping[str, Sequence[Any]] | Sequence[Mapping[str, Any]],
    root: str | os.PathLike[str],
    *,
    classes: Sequence[str] | None = None,
    extras: Sequence[str] = (),
    directional: bool = False,
) -> Manifest:
    """A manifest from what is known: what is left out is filled in.

    Args:
        name: of the set.
        rows: with at least ``path``, ``class_name`` and one split column. Left out: ``clip`` is the path, with the
            interval where there is one; ``start`` and ``end`` are the whole file; ``unit`` is "s"; ``label`` is the
            place of the class name in ``classes``.
        root: what relative paths are relative to.
        classes: None: the class names, sorted.
        extras: further columns.
        directional: see :class:`Manifest`.

    Raises:
        ManifestError: as :class:`Manifest`; a class name that is none of ``classes``.
    """
    table = pd.DataFrame(rows)
    for column in ("path", "class_name"):
        if column not in table:
            raise ManifestError(f"columns: expected {column!r}, got {', '.join(map(str, table.columns)) or 'none'}")
    for column, value in (("start", math.nan), ("end", math.nan), ("unit", "s")):
        table[column] = typed(column, table[column]) if column in table else value
    if classes is None:
        classes = sorted(set(table["class_name"].astype(str)))
    if "label" not in table:
        places = {each: label for label, each in enumerate(classes)}
        strangers = sorted(set(table["class_name"]) - set(places))
        if strangers:
            raise ManifestError(f"class_name: expected one of the classes, got {', '.join(map(repr, strangers[:5]))}")
        table["label"] = [places[each] for each in table["class_name"]]
    if "clip" not in table:
        table["clip"] = [_clip_id(*row) for row in table[["path", "start", "end"]].itertuples(index=False)]
    return Manifest(name, table, tuple(classes), Path(root), tuple(extras), directional)


def read_manifest(
    path: str | os.PathLike[str],
    root: str | os.PathLike[str] | None = None,
    *,
    extras: Sequence[str] = (),
    check_files: bool = True,
) -> Manifest:
    """Read a Parquet or CSV file and validate it; what is only a warning is logged, counted.

    A CSV file of one's own needs the columns that :func:`make_manifest` needs. Its further columns are extras, if they
    are declared: in the file's first line, as :meth:`Manifest.write` writes it, or in ``extras``.

    Args:
        path: of the file.
        root: of the videos; None: the folder of the file, unless the file names another.
        extras: of a CSV file that does not declare them.
        check_files: look whether each video is there; files that are missing are a warning, unless all are.

    Raises:
        FileNotFoundError: no such file.
        ManifestError: a file that is no manifest; every contradiction in it, with its rows.
    """
    import logging

    from vmp.data.manifest_files import read

    manifest = read(Path(path), None if root is None else Path(root), tuple(extras))
    report = validate(manifest, check_files=check_files, allow_missing=True)
    if report.errors:
        raise ManifestError(f"{os.fspath(path)}: {report}")
    if report.warnings:
        logging.getLogger("vmp").warning("%s: %s", os.fspath(path), report)
    return manifest


def validate(
    manifest: Manifest,
    *,
    check_files: bool = True,
    allow_missing: bool = False,
    clip_input: ClipInput | None = None,
) -> Report:
    """Everything that is wrong with a manifest, or odd about it, counted and by row.

    Errors: duplicate and empty ids; negative, empty or endless intervals; labels without a name or with another one;
    an unknown split; one clip in train or validation and in test; files that are missing or empty. Warnings: an
    interval that is there twice, overlapping intervals in train and test, classes without clips or without training
    clips, splits without clips, intervals that end after their file.

    Args:
        manifest: the table.
        check_files: look whether each file is there.
        allow_missing: files that are missing are a warning, as long as some are there.
        clip_input: what a model takes: clips that are shorter are counted, their last frame will be repeated.
    """
    from vmp.data.manifest_report import report_of

    return report_of(manifest, check_files, allow_missing, clip_input)


def interval(start: float, end: float, unit: str, rate: float, frames: int) -> tuple[int, int]:
    """Which frames of a file a clip has: (the first, how many).

    Seconds become frames by rounding, so that two intervals that touch share no frame; an interval is cut where the
    file ends, and holds at least one frame where it begins before that.

    Args:
        start, end, unit: as in the table.
        rate: the file's frames a second.
        frames: how many the file has.

    Returns:
        (first, count); count is 0 where the interval begins after the file's end.
    """
    scale = rate if unit == "s" else 1.0
    first = 0 if math.isnan(start) else round(start * scale)
    last = frames if math.isnan(end) else min(max(round(end * scale), first + 1), frames)
    return first, max(last - first, 0)


def thinning(rate: float, target: float | None = RATE) -> int:
    """Every how many frames of a file are taken, so that strides mean about what they do at ``target`` frames a second.

    A whole number: the frames that are taken stay evenly spaced, which the differences between them need. A file of 60
    frames a second gives every second one, one of 25 or of 40 all. ``target`` None, or a rate that is not known: 1.
    """
    return 1 if target is None or not rate > 0 else max(1, round(rate / target))


def _clip_id(path: str, start: float, end: float) -> str:
    if math.isnan(start) and math.isnan(end):
        return str(path)
    return f"{path} {0 if math.isnan(start) else start:.10g}-{'' if math.isnan(end) else f'{end:.10g}'}"
