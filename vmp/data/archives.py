"""Unpacking what a set is published in: whole or not at all, nothing outside of the root, archives inside archives.

Files are unpacked into a folder of our own below the root, and only when the whole archive was read without a fault do
they go to their places, by renaming. What is in place is noted, so that a second call costs a glance and a call after
a process was killed goes on, archive by archive. No link is made or followed.
"""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from vmp.data.archive_readers import extract, kind_of
from vmp.data.archive_safety import ArchiveError, UnsafeArchive, safe_name
from vmp.data.prepare import SILENT, Advance, Progress, state_folder
from vmp.files import write_if_new

#: Told where a file is in the archive (the names of archives inside it, folders, name); gives the place in the root.
Where = Callable[[tuple[str, ...]], str | None]

#: Names of archives end so, those inside archives too.
SUFFIXES = (".rar", ".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
#: HMDB-51's archive holds one a class; more than a few levels is a trap.
_DEEPEST = 3


@dataclass(frozen=True)
class Unpacked:
    """What came out of an archive.

    Attributes:
        files: paths in the root, with their sizes in bytes.
        left_out: links, devices and pipes, which are never made.
    """

    files: dict[str, int]
    left_out: tuple[str, ...]


def unpacked(root: Path, what: str) -> Unpacked | None:
    """What an earlier call unpacked under this name, where it came to its end and all of it is still there."""
    note = _read_note(root, what)
    result = _result(note["units"])
    return result if note["complete"] and _all_there(root, result.files) else None


def is_from(root: Path, what: str, archive: Path) -> bool:
    """Whether what was unpacked under this name came from this archive, as it is now."""
    return bool(_read_note(root, what)["archive"] == _identity(archive))


def _identity(archive: Path) -> list[Any]:
    stat = archive.stat()
    return [archive.name, stat.st_size, stat.st_mtime_ns]


def unpack(archive: Path, root: Path, what: str, where: Where, progress: Progress = SILENT) -> Unpacked:
    """Unpack an archive, and those inside it, into the root.

    Args:
        archive: ZIP, tar or RAR.
        root: nothing is written outside of it; it may be a link itself, no folder below it may be one.
        what: name under which it is remembered, such as "videos".
        where: gives each file's path in the root, None for one that is not wanted.
        progress: told the bytes.

    Returns:
        Unpacked: all that is in place, also from earlier calls.

    Raises:
        ArchiveError: truncated, damaged, encrypted, not an archive, two different files for one place; and
            UnsafeArchive, one of them: a path that climbs out, a folder of the root that is a link.
        OSError: no space; MissingProgram, one of them: nothing that reads RAR is installed.
    """
    before = unpacked(root, what)
    if before is not None and is_from(root, what, archive):
        return before
    job = _Job(archive, root, what, where)
    with progress.track(f"unpacking {archive.name}", None, "bytes") as job.advance:
        job.unit(archive, ())
    return job.close()


def room_needed(archive: Path) -> int:
    """About how many bytes unpacking takes besides the archive: told by a ZIP, else guessed from its size."""
    if kind_of(archive) == "zip":
        try:
            with zipfile.ZipFile(archive) as file:
                return sum(entry.file_size for entry in file.infolist())
        except zipfile.BadZipFile:
            return archive.stat().st_size  # what is wrong is said when it is unpacked
    nested = 2 if kind_of(archive) == "rar" else 1  # the archives inside one, and what they hold
    return nested * archive.stat().st_size


@dataclass
class _Job:
    """One archive on its way into the root."""

    archive: Path
    root: Path
    what: str
    where: Where
    advance: Advance = lambda done: None
    files: dict[str, int] = field(default_factory=dict)
    done: int = 0

    def __post_init__(self) -> None:
        note, identity = _read_note(self.root, self.what), _identity(self.archive)
        same = note["archive"] == identity
        self.note = note if same else {**_EMPTY, "archive": identity, "units": {}}
        self.staging = state_folder(self.root) / "unpacking" / self.what
        if not same:
            shutil.rmtree(self.staging, ignore_errors=True)

    def unit(self, archive: Path, inside: tuple[str, ...]) -> None:
        """Unpack one archive, lying at ``inside`` within the outermost one, then those in it."""
        key, size = "/".join(inside), archive.stat().st_size
        if self._is_done(key, size):
            return
        staging = self.staging / str(len(inside))
        staging.mkdir(parents=True, exist_ok=True)
        try:
            left_out = extract(archive, staging, lambda name: self._wanted((*inside, *name.split("/"))), self._wrote)
        except ArchiveError as error:
            shutil.rmtree(staging)  # none of it is to be trusted
            raise type(error)(str(error).replace(str(archive), self._name(inside))) from error
        files, archives = self._place(staging, inside)
        left_out = ["/".join((*inside, name)) for name in left_out]
        self.note["units"][key] = {"size": size, "files": files, "archives": archives, "left_out": left_out}
        self._write_note(complete=False)
        shutil.rmtree(staging)

    def _is_done(self, key: str, size: int) -> bool:
        """Whether an archive was unpacked, with those in it, and all of it is there; then its files are counted."""
        unit = self.note["units"].get(key)
        if unit is None or unit["size"] != size or not _all_there(self.root, unit["files"]):
            return False
        self.files.update(unit["files"])
        return all(self._is_done(inner, size) for inner, size in unit["archives"].items())

    def _place(self, staging: Path, inside: tuple[str, ...]) -> tuple[dict[str, int], dict[str, int]]:
        """Move the files to their places and unpack the archives among them; both, with their sizes."""
        files, archives = {}, []
        for path in sorted(each for each in staging.rglob("*") if each.is_file()):
            names = (*inside, *path.relative_to(staging).parts)
            target = self.where(names)
            if target is not None:
                files[target] = path.stat().st_size
                self._move(path, target, names)
            elif self._is_archive(names):
                archives.append((path, names))
        self.files.update(files)
        sizes = {"/".join(names): path.stat().st_size for path, names in archives}
        for path, names in archives:
            self.unit(path, names)
            path.unlink()
        return files, sizes

    def _wanted(self, names: tuple[str, ...]) -> bool:
        return self.where(names) is not None or self._is_archive(names)

    def _is_archive(self, names: tuple[str, ...]) -> bool:
        depth = sum(name.lower().endswith(SUFFIXES) for name in names)
        hidden = names[-1].startswith(".") or "__MACOSX" in names
        return names[-1].lower().endswith(SUFFIXES) and depth <= _DEEPEST and not hidden

    def _wrote(self, size: int) -> None:
        self.done += size
        self.advance(self.done)

    def _move(self, path: Path, target: str, names: tuple[str, ...]) -> None:
        to = place_in(self.root, target)
        if target in self.files and not to.is_symlink() and to.is_file():
            if not filecmp.cmp(path, to, shallow=False):
                raise ArchiveError(
                    f"{self._name(())}: holds two different files for {target}, one of them {'/'.join(names)}"
                )
            path.unlink()
            return
        os.chmod(path, 0o644)
        os.replace(path, to)

    def _name(self, inside: tuple[str, ...]) -> str:
        return f"{'/'.join(inside)} in {self.archive}" if inside else str(self.archive)

    def close(self) -> Unpacked:
        self._write_note(complete=True)
        shutil.rmtree(self.staging, ignore_errors=True)
        return _result(self.note["units"])

    def _write_note(self, complete: bool) -> None:
        self.note["complete"] = complete
        write_if_new(_note_path(self.root, self.what), json.dumps(self.note).encode())


def place_in(root: Path, relative: str) -> Path:
    """A path below the root, its folders made; raise UnsafeArchive where it leaves the root or a folder is a link."""
    folder = root
    *folders, name = PurePosixPath(safe_name(root, relative)).parts
    for each in folders:
        folder = folder / each
        if folder.is_symlink():
            raise UnsafeArchive(f"{folder}: is a link; nothing is unpacked through it. Make it a folder")
        folder.mkdir(exist_ok=True)
    return folder / name


# --- what is remembered ---

_EMPTY: dict[str, Any] = {"archive": None, "units": {}, "complete": False}


def _note_path(root: Path, what: str) -> Path:
    return state_folder(root) / f"unpacked-{what}.json"


def _read_note(root: Path, what: str) -> dict[str, Any]:
    try:
        note = json.loads(_note_path(root, what).read_text())
        return note if note.keys() == _EMPTY.keys() else {**_EMPTY, "units": {}}
    except (OSError, ValueError, AttributeError):
        return {**_EMPTY, "units": {}}


def _result(units: dict[str, Any]) -> Unpacked:
    files = {path: size for unit in units.values() for path, size in unit["files"].items()}
    return Unpacked(files, tuple(name for unit in units.values() for name in unit["left_out"]))


def _all_there(root: Path, files: dict[str, int]) -> bool:
    try:
        return all((root / path).lstat().st_size == size for path, size in files.items())
    except OSError:
        return False
