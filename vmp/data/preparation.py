"""One published set on its way from archives to a manifest: what every set's ``prepare`` takes, and the steps of it."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypedDict

from vmp.data.addresses import Published
from vmp.data.archives import Unpacked, Where
from vmp.data.fetching import Sources, bring, fetch, say_downloads
from vmp.data.prepare import SILENT, PrepareReport, Progress, finish, manifest_of, workplace
from vmp.data.video_check import Checked, Thoroughness, check_videos


class Asked(TypedDict, total=False):
    """What every set's ``prepare`` takes beside its own options.

    Attributes:
        archives: folder of local copies; then nothing is downloaded.
        mirror: where to download from; see :mod:`vmp.data.addresses`.
        allow_missing: write the manifest also where videos are missing or counts differ.
        progress: told what is done.
    """

    archives: Path | None
    mirror: str | None
    allow_missing: bool
    progress: Progress


@dataclass(frozen=True)
class Preparation:
    """One set that is being prepared, in a folder that no other process prepares in.

    Attributes:
        name: of the set, as in ``hmdb51``.
        root: the folder, absolute.
        sources: where its parts come from.
        allow_missing, progress: as asked.
    """

    name: str
    root: Path
    sources: Sources
    allow_missing: bool
    progress: Progress

    def announce(self, *parts: str) -> None:
        """Say what will be downloaded of these parts, and the room that takes; OSError where there is less."""
        wanted = [self.sources.published.parts[part] for part in parts]
        say_downloads(self.sources, self.root, wanted, self.progress)

    def fetch(self, part: str) -> Path:
        """A part's file, as :func:`vmp.data.fetching.fetch`."""
        return fetch(self.sources, self.root, self.sources.published.parts[part], self.progress)

    def bring(self, part: str, where: Where) -> Unpacked:
        """A part, unpacked, as :func:`vmp.data.fetching.bring`."""
        return bring(self.sources, self.root, self.sources.published.parts[part], where, self.progress)

    def videos_folder(self, given: Path | None, make: bool = False) -> Path:
        """The folder of the videos, absolute: the one that was given, or ``videos`` in the root.

        Raises:
            ValueError: the given one is none, unless it is to be made.
        """
        if given is not None and not (given.is_dir() or make):
            raise ValueError(f"videos: expected a folder with the videos, got {given}, which is none")
        return (given or self.root / "videos").absolute()

    def check(self, files: Mapping[str, Path], how: Thoroughness) -> CheckedFiles:
        """Open each video once, as :func:`vmp.data.video_check.check_videos`."""
        return CheckedFiles(files, check_videos(self.root, list(files.values()), how, self.progress))

    def finish(
        self,
        report: PrepareReport,
        rows: Sequence[Mapping[str, Any]],
        classes: Sequence[str],
        extras: Mapping[str, str],
        splits: Sequence[str] = ("split",),
    ) -> PrepareReport:
        """Write the manifest of these rows, as :func:`vmp.data.prepare.manifest_of` and ``finish`` there."""
        manifest = manifest_of(self.name, self.root, rows, classes, splits, extras)
        return finish(manifest, report, allow_missing=self.allow_missing)


@dataclass(frozen=True)
class CheckedFiles:
    """A set's videos that are there, by the set's own name for each, and what opening them showed."""

    files: Mapping[str, Path]
    checked: Mapping[Path, Checked]

    @property
    def readable(self) -> dict[str, Checked]:
        """Those that can be read."""
        found = {name: self.checked[path] for name, path in self.files.items()}
        return {name: checked for name, checked in found.items() if not checked.trouble}

    @property
    def unreadable(self) -> dict[str, str]:
        """Why the others cannot."""
        troubles = {name: self.checked[path].trouble for name, path in self.files.items()}
        return {name: trouble for name, trouble in troubles.items() if trouble}


@contextmanager
def preparing(
    name: str,
    published: Published,
    root: str | os.PathLike[str],
    *,
    archives: Path | None = None,
    mirror: str | None = None,
    allow_missing: bool = False,
    progress: Progress = SILENT,
) -> Iterator[Preparation]:
    """Prepare a set in a folder; the options are those of :class:`Asked`.

    Raises:
        ValueError: the folder is a file; archives that are none; a mirror that is not known; both of them.
        OSError: another process prepares there.
    """
    sources = Sources(published, archives, mirror)  # what is wrong with it is said before a folder is made
    with workplace(root) as folder:
        yield Preparation(name, folder, sources, allow_missing, progress)
