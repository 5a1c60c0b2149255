"""What is wrong with a manifest, or odd about it: findings that are counted and name their rows."""

from __future__ import annotations

import math
import os
import posixpath
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vmp.data.manifest import Manifest, interval, thinning
from vmp.data.manifest_columns import SPLITS, UNITS, ManifestError, rows_text, unknown_text

if TYPE_CHECKING:
    from vmp.data.pathways import ClipInput

_SHOWN_IDS = 3


@dataclass(frozen=True)
class Finding:
    """One thing that is wrong or odd.

    Attributes:
        kind: what, in a word or two; the same for every table.
        error: whether the table cannot be used so.
        rows: where, places in the table from 0; none for what concerns the whole.
        text: for people, with row numbers from 1 as they count.
    """

    kind: str
    error: bool
    rows: tuple[int, ...]
    text: str


@dataclass(frozen=True)
class Report:
    """All that was found.

    Attributes:
        name: of the set.
        clips: how many the table has.
        findings: errors first.
    """

    name: str
    clips: int
    findings: tuple[Finding, ...]

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Why the table cannot be used."""
        return tuple(each for each in self.findings if each.error)

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What is odd."""
        return tuple(each for each in self.findings if not each.error)

    def count(self, kind: str) -> int:
        """How many rows are of that kind."""
        return sum(len(each.rows) for each in self.findings if each.kind == kind)

    def raise_errors(self) -> None:
        """Raise ManifestError, with all of them, where there are errors."""
        if self.errors:
            raise ManifestError(str(self))

    def __str__(self) -> str:
        """A line for each finding."""
        lines = [f"{self.name}: {self.clips} clips, {len(self.errors)} errors, {len(self.warnings)} warnings"]
        lines += [f"  {'error' if each.error else 'warning'}: {each.text}" for each in self.findings]
        return "\n".join(lines)


def report_of(
    manifest: Manifest, check_files: bool = True, allow_missing: bool = False, clip_input: ClipInput | None = None
) -> Report:
    """As :func:`vmp.data.manifest.validate`."""
    findings = [
        *_ids(manifest),
        *_intervals(manifest),
        *_labels(manifest),
        *(finding for column in manifest.split_columns for finding in _split(manifest, column)),
        *_repeats(manifest),
    ]
    if check_files:
        findings += _files(manifest, allow_missing)
    if not any(finding.error for finding in findings):
        findings += _lengths(manifest, clip_input)
    return Report(manifest.name, len(manifest), tuple(sorted(findings, key=lambda finding: not finding.error)))


def _finding(manifest: Manifest, kind: str, rows: Sequence[int] | NDArray[np.int64], text: str, error: bool) -> Finding:
    """``text`` with how many rows it is about before it and which behind it."""
    rows = sorted({int(row) for row in rows})
    ids = [str(clip) for clip in manifest.table["clip"].iloc[rows[:_SHOWN_IDS]]]
    shown = ", ".join(map(repr, ids)) + (", ..." if len(rows) > len(ids) else "")
    return Finding(kind, error, tuple(rows), f"{len(rows)} {text}: {rows_text(rows)} ({shown})")


def _where(mask: pd.Series[bool] | NDArray[np.bool_]) -> list[int]:
    return np.flatnonzero(np.asarray(mask)).tolist()


# --- rows by themselves ---


def _ids(manifest: Manifest) -> Iterator[Finding]:
    if not len(manifest):
        yield Finding("no clips", True, (), "no clips: the table has no rows")
    clips, paths = manifest.table["clip"], manifest.table["path"]
    if rows := _where(clips.duplicated(keep=False)):
        yield _finding(manifest, "duplicate ids", rows, "clips whose id is not theirs alone", True)
    for name, values in (("id", clips), ("path", paths)):
        if rows := _where(values.str.strip() == ""):
            yield _finding(
                manifest, f"empty {name}s", rows, f"clips without {'an id' if name == 'id' else 'a path'}", True
            )


def _intervals(manifest: Manifest) -> Iterator[Finding]:
    table = manifest.table
    start, end, unit = table["start"], table["end"], table["unit"]
    if rows := _where(~unit.isin(UNITS)):
        yield _finding(
            manifest, "units", rows, unknown_text("units that are not known", unit.iloc[rows[0]], UNITS), True
        )
    if rows := _where((start < 0) | (end < 0)):
        yield _finding(manifest, "negative intervals", rows, "intervals with a negative time", True)
    if rows := _where((end <= start) & (start >= 0)):
        yield _finding(manifest, "empty intervals", rows, "intervals that end before or where they begin", True)
    if rows := _where(np.isinf(start) | np.isinf(end)):
        yield _finding(manifest, "endless intervals", rows, "intervals with an infinite time", True)
    if rows := _where(start.isna() & end.notna()):
        yield _finding(manifest, "intervals without a start", rows, "intervals with an end and no start", True)
    if rows := _where((unit == "frame") & ((start % 1 > 0) | (end % 1 > 0))):
        yield _finding(manifest, "broken frames", rows, "intervals in frames that are no whole numbers", True)


def _labels(manifest: Manifest) -> Iterator[Finding]:
    label, name, classes = manifest.table["label"], manifest.table["class_name"], manifest.classes
    known = (label >= 0) & (label < len(classes))
    if rows := _where(~known):
        text = f"labels without a name, which has places for 0 to {len(classes) - 1}"
        yield _finding(manifest, "labels without a name", rows, text, True)
    if rows := _where(name.str.strip() == ""):
        yield _finding(manifest, "labels without a name", rows, "clips whose class has no name", True)
    should = np.array([*classes, ""], dtype=object)[label.where(known, -1)]
    if rows := _where(known & (name != should)):
        text = f"clips whose class name is not that of their label ({name.iloc[rows[0]]!r}, not {should[rows[0]]!r})"
        yield _finding(manifest, "other names", rows, text, True)
    twice = sorted({each for each in classes if classes.count(each) > 1})
    if twice:
        yield Finding("classes", True, (), f"classes that are there twice: {', '.join(map(repr, twice))}")
    without = [each for place, each in enumerate(classes) if not (label == place).any()]
    if without and len(manifest):
        yield Finding("classes without clips", False, (), f"{len(without)} classes without clips: {_named(without)}")


def _named(names: Sequence[str]) -> str:
    return ", ".join(map(repr, names[:5])) + (f" and {len(names) - 5} more" if len(names) > 5 else "")


# --- what clips are for ---


def _split(manifest: Manifest, column: str) -> Iterator[Finding]:
    values = manifest.table[column]
    if rows := _where(~values.isin(SPLITS)):
        text = f"clips with an unknown {unknown_text(column, values.iloc[rows[0]], SPLITS)}"
        yield _finding(manifest, "splits", rows, text, True)
        return
    for part in ("train", "test"):
        if len(manifest) and not (values == part).any():
            yield Finding("empty splits", False, (), f"{column}: no clip is for {part}")
    learned = set(manifest.table["label"][values == "train"])
    asked = set(manifest.table["label"][values.isin(["validation", "test"])])
    if learned and asked - learned:
        names = [manifest.classes[label] for label in sorted(asked - learned) if 0 <= label < len(manifest.classes)]
        yield Finding(
            "untrained classes",
            False,
            (),
            f"{column}: {len(names)} classes are tested and not trained: {_named(names)}",
        )
    same, overlapping = _leaks(manifest.table, values)
    if same:
        yield _finding(manifest, "train and test", same, f"clips that train (or validate) and test in {column}", True)
    if overlapping:
        text = f"clips that overlap in time with one on the other side of train and test in {column}"
        yield _finding(manifest, "overlaps", overlapping, text, False)


def _leaks(table: pd.DataFrame, split: pd.Series[str]) -> tuple[list[int], list[int]]:
    """Rows of clips that are on both sides, and of those that overlap with one on the other side."""
    same: list[int] = []
    overlapping: list[int] = []
    begin, end = table["start"].fillna(0.0).to_numpy(), table["end"].fillna(np.inf).to_numpy()
    whole = (table["start"].isna() & table["end"].isna()).to_numpy()
    unit = table["unit"].to_numpy()
    for rows in table.groupby(table["path"].map(posixpath.normpath)).indices.values():
        if len(rows) == 1:
            continue
        parts = split.iloc[rows].to_numpy()
        tested, learned = np.asarray(rows)[parts == "test"], np.asarray(rows)[np.isin(parts, ["train", "validation"])]
        if not len(tested) or not len(learned):
            continue
        alike = (unit[tested][:, None] == unit[learned]) | whole[tested][:, None] | whole[learned]
        equal = (begin[tested][:, None] == begin[learned]) & (end[tested][:, None] == end[learned]) & alike
        common = (begin[tested][:, None] < end[learned]) & (begin[learned] < end[tested][:, None]) & alike & ~equal
        for found, into in ((equal, same), (common, overlapping)):
            into += tested[found.any(axis=1)].tolist() + learned[found.any(axis=0)].tolist()
    return same, overlapping


def _repeats(manifest: Manifest) -> Iterator[Finding]:
    table = manifest.table
    again = table.assign(path=table["path"].map(posixpath.normpath)).duplicated(
        ["path", "start", "end", "unit"], keep=False
    )
    if rows := _where(again):
        yield _finding(
            manifest, "repeated intervals", rows, "clips whose file and interval another clip has too", False
        )


# --- the files ---


def _files(manifest: Manifest, allow_missing: bool) -> Iterator[Finding]:
    states = {path: _state(manifest.file(path)) for path in set(manifest.table["path"])}
    state = manifest.table["path"].map(states)
    if rows := _where(state == "missing"):
        every = all(value == "missing" for value in states.values())
        files = len({manifest.table["path"].iloc[row] for row in rows})
        hint = f". Is {manifest.root} the right root? root= takes another" if every else ""
        found = _finding(
            manifest, "missing files", rows, f"clips whose file is missing ({files} files)", every or not allow_missing
        )
        yield Finding(found.kind, found.error, found.rows, found.text + hint)
    if rows := _where(state == "empty"):
        yield _finding(manifest, "empty files", rows, "clips whose file has no bytes or is no file", not allow_missing)


def _state(path: os.PathLike[str]) -> str:
    try:
        found = os.stat(path)
    except OSError:
        return "missing"
    import stat

    return "there" if stat.S_ISREG(found.st_mode) and found.st_size else "empty"


# --- how long clips are ---


def clip_frames(manifest: Manifest) -> NDArray[np.float64]:
    """float64 (N,): how many frames each clip has; not a number where its file was not measured."""
    table = manifest.table
    if not {"frames", "rate"} <= set(table.columns):
        return np.full(len(table), np.nan)
    columns = table[["start", "end", "unit", "rate", "frames"]].itertuples(index=False, name=None)
    counts = [_frames(*row) for row in columns]
    return np.array(counts, dtype=np.float64)


def _frames(start: float, end: float, unit: str, rate: float, frames: float) -> float:
    return math.nan if math.isnan(rate) or math.isnan(frames) else interval(start, end, unit, rate, int(frames))[1]


def clip_seconds(manifest: Manifest) -> NDArray[np.float64]:
    """float64 (N,): how long each clip is, by its file where that was measured, else by its interval in seconds."""
    table = manifest.table
    said = np.where(table["unit"] == "s", table["end"] - table["start"].fillna(0), np.nan)
    if "rate" not in table:
        return said
    counted = clip_frames(manifest) / table["rate"].to_numpy()
    return np.where(np.isnan(counted), said, counted)


def _lengths(manifest: Manifest, clip_input: ClipInput | None) -> Iterator[Finding]:
    frames, table = clip_frames(manifest), manifest.table
    if rows := _where(frames == 0):
        yield _finding(manifest, "after the end", rows, "clips that begin after their file's end", False)
    if not np.isnan(frames).all():
        scale = np.where(table["unit"] == "s", table["rate"], 1.0)
        if rows := _where((frames > 0) & (table["end"] * scale > table["frames"] + 0.5 * table["rate"])):
            text = "intervals that end more than half a second after their file"
            yield _finding(manifest, "beyond the end", rows, text, False)
    if clip_input is not None:
        if rows := _where(short_clips(manifest, clip_input)):
            text = f"clips shorter than the {clip_input.length} frames of a model's clip: their last frame is repeated"
            yield _finding(manifest, "short clips", rows, text, False)
        if rows := _where(np.isnan(frames)):
            yield _finding(manifest, "unmeasured clips", rows, "clips whose length is not known", False)


def short_clips(manifest: Manifest, clip_input: ClipInput) -> NDArray[np.bool_]:
    """bool (N,): the clips with fewer frames than a model takes, whose last frame is repeated; False where unknown."""
    every = np.array([thinning(rate) for rate in manifest.table["rate"]]) if "rate" in manifest.table else 1
    short: NDArray[np.bool_] = np.ceil(clip_frames(manifest) / every) < clip_input.length
    return short
