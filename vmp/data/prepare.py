"""Preparing a data set: what every set does the same way, from the place it works in to the report that comes out.

A set's own module says where its files go and what its annotation means. Here are the parts around that: one process
at a time in a folder, how far it is, counts held against the published ones, and the decision whether to go on. The
manifest is written when everything is there, or when what is missing was allowed; a run that ends otherwise writes none
(one of before stays as it is), and ``NAME.missing.txt`` says what it lacks.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, Protocol

from vmp.files import write_if_new

if TYPE_CHECKING:
    from vmp.data.manifest import Manifest

#: Called with how much is done.
Advance = Callable[[int], None]


class Progress(Protocol):
    """Who is told how far preparing is."""

    def say(self, text: str) -> None:
        """A line for people: what will be downloaded, how much room it takes."""
        ...

    def track(
        self, what: str, total: int | None, unit: Literal["bytes", "files"] = "files"
    ) -> AbstractContextManager[Advance]:
        """Begin a stretch of work; what it gives is called with how much of ``total`` is done."""
        ...


class _Silent:
    def say(self, text: str) -> None:
        pass

    def track(
        self, what: str, total: int | None, unit: Literal["bytes", "files"] = "files"
    ) -> AbstractContextManager[Advance]:
        return nullcontext(lambda done: None)


SILENT: Progress = _Silent()


@dataclass(frozen=True)
class Count:
    """One number of a set, and what is published for it (None: nothing is, so that it cannot fail)."""

    what: str
    found: int
    published: int | None = None

    @property
    def holds(self) -> bool:
        """Whether it is what is published."""
        return self.published is None or self.found == self.published


@dataclass(frozen=True)
class PrepareReport:
    """What preparing a set found.

    Attributes:
        name: of the set, as in ``hmdb51``.
        root: the folder.
        found: how many of the set's videos are there and can be read.
        missing: what the annotation names and the folder lacks.
        unreadable: what is there and cannot be read, with the reason.
        counts: the set's numbers, against the published ones.
        notes: what else was met: duplicates left out, facts that are not verified.
        manifest: where the table was written; None where it was not, since the counts do not hold.
        missing_list: the file that lists what is missing and unreadable; None where nothing is.
    """

    name: str
    root: Path
    found: int
    missing: tuple[str, ...] = ()
    unreadable: Mapping[str, str] | None = None
    counts: tuple[Count, ...] = ()
    notes: tuple[str, ...] = ()
    manifest: Path | None = None
    missing_list: Path | None = None

    @property
    def complete(self) -> bool:
        """Whether nothing is missing or unreadable and every count is the published one."""
        return not self.missing and not self.unreadable and all(count.holds for count in self.counts)

    @property
    def status(self) -> int:
        """A script's exit status: 0 when there is a manifest, 1 when the counts do not hold and nobody allowed it."""
        return 0 if self.manifest else 1

    def __str__(self) -> str:
        """The report as a person reads it, a fact a line."""
        return "\n".join(_report_lines(self))


_SHOWN = 5


def _report_lines(report: PrepareReport) -> Iterator[str]:
    yield f"{report.name} in {report.root}"
    yield f"  found       {report.found:,} videos"
    yield from _listed("missing", report.missing)
    yield from _listed("unreadable", [f"{path}: {why}" for path, why in (report.unreadable or {}).items()])
    width = max((len(count.what) for count in report.counts), default=0)
    for count in report.counts:
        verdict = "" if count.published is None else f"   published {count.published:,}"
        yield f"  {count.what:<{width}}  {count.found:>7,}{verdict}{'' if count.holds else '   DIFFERS'}"
    for note in report.notes:
        yield f"  note: {note}"
    if report.missing_list:
        yield f"  list of what is missing: {report.missing_list}"
    if report.manifest:
        yield f"  manifest: {report.manifest}{'' if report.complete else ' (incomplete, as allowed)'}"
    else:
        why = "the set is not complete. --allow-missing goes on with what is there"
        yield f"  no manifest is written: {why if report.found else 'there is nothing to go on with'}"


def _listed(what: str, items: Sequence[str]) -> Iterator[str]:
    yield f"  {what:<10}  {len(items):,}"
    for item in items[:_SHOWN]:
        yield f"    {item}"
    if len(items) > _SHOWN:
        yield f"    and {len(items) - _SHOWN:,} more"


# --- the place ---


def state_folder(root: Path) -> Path:
    """Where preparing keeps what it knows of a root: what was unpacked, which videos were read. Safe to delete."""
    return root / ".prepare"


@contextmanager
def workplace(root: str | os.PathLike[str]) -> Iterator[Path]:
    """The root as an absolute path, made where it is not there, with no other process preparing in it.

    Raises:
        ValueError: the root is a file.
        OSError: another process prepares there.
    """
    from filelock import FileLock, Timeout

    folder = Path(root).expanduser().absolute()
    if folder.exists() and not folder.is_dir():
        raise ValueError(f"root: expected a folder, got the file {folder}")
    state_folder(folder).mkdir(parents=True, exist_ok=True)
    try:
        with FileLock(state_folder(folder) / "lock", timeout=0):
            for place in (folder, state_folder(folder)):
                for part in place.glob(".*.part"):  # of a process that was killed while it wrote
                    part.unlink()
            yield folder
    except Timeout:
        raise OSError(f"{folder}: another process is preparing here; wait until it has ended") from None


def say_space(root: Path, needed: int, what: str, progress: Progress) -> None:
    """Say beforehand how much room is needed and how much there is; raise OSError where it cannot fit."""
    free = shutil.disk_usage(root).free
    progress.say(f"{what}: about {size_text(needed)} of disk space are needed, {size_text(free)} are free in {root}")
    if needed > free:
        raise OSError(
            f"{root}: about {size_text(needed)} are needed for {what} and {size_text(free)} are free. "
            "Free some, or choose a root on another disk"
        )


def size_text(size: float) -> str:
    """4246812958 -> "4.2 GB"."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1000 or unit == "GB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:,.1f} {unit}"


# --- the end ---


def relative_path(root: Path, path: Path) -> str:
    """A path as manifests hold it: relative to the root where it is below, with "/" between folders."""
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else path.absolute().as_posix()


def manifest_of(
    name: str,
    root: Path,
    rows: Sequence[Mapping[str, Any]],
    classes: Sequence[str],
    splits: Sequence[str],
    extras: Mapping[str, str],
) -> Manifest:
    """A manifest from one mapping a clip, whose columns have their types also where there is no clip.

    Args:
        name: of the set.
        root: what paths are relative to.
        rows: clip, path, start, end, unit, label, class_name, the split columns, what was measured, and the extras.
        classes: name of each label.
        splits: names of the split columns.
        extras: type by name of what the set knows besides.
    """
    import pandas as pd

    from vmp.data.manifest import COLUMNS, MEASURED, Manifest

    table = pd.DataFrame(list(rows), columns=[*COLUMNS, *splits, *MEASURED, *extras])
    table = table.astype({"label": "int64", **extras})
    return Manifest(name, table, tuple(classes), root, tuple(extras))


def finish(manifest: Manifest, report: PrepareReport, *, allow_missing: bool, check: bool = True) -> PrepareReport:
    """Write what is missing to a file, and the manifest where nothing is or where that was allowed.

    Args:
        manifest: of what is there and can be read.
        report: all but where the two files are.
        allow_missing: go on where the report is not complete.
        check: look once more whether each file is there before the manifest is written.

    Returns:
        PrepareReport: with ``manifest`` and ``missing_list`` filled in.

    Raises:
        ManifestError: (a ValueError) it contradicts itself: a duplicate id, one clip in train and test.
    """
    from vmp.data.manifest import ManifestError, validate

    missing_list = _write_missing(report)
    target = report.root / f"{report.name}.parquet"
    if not (report.complete or allow_missing) or not len(manifest):
        return replace(report, missing_list=missing_list)
    contradictions = validate(manifest, check_files=check)
    if contradictions.errors:
        raise ManifestError(f"{target}: {contradictions}")
    manifest.write(target)
    return replace(report, missing_list=missing_list, manifest=target)


def _write_missing(report: PrepareReport) -> Path | None:
    """NAME.missing.txt: a line for each, "missing PATH" or "unreadable PATH: reason"; gone where nothing is."""
    path = report.root / f"{report.name}.missing.txt"
    lines = [f"missing {name}" for name in report.missing]
    lines += [f"unreadable {name}: {why}" for name, why in (report.unreadable or {}).items()]
    lines += [f"count {c.what}: {c.found}, published {c.published}" for c in report.counts if not c.holds]
    if not lines:
        path.unlink(missing_ok=True)
        return None
    write_if_new(path, ("\n".join(lines) + "\n").encode())
    return path
