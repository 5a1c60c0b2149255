"""Reading RAR archives by bsdtar (libarchive) or, where that cannot or is not there, by unar.

No free library for Python unpacks RAR. libarchive 3.6, Debian 12's, lacks the filters that some archives use, which
unar has; and it does not compare the checksum of a file that is stored without compression, so that is done here.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import uuid
import zlib
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from vmp.data.archive_safety import UnsafeArchive, Wanted, Wrote, damaged, safe_name
from vmp.data.programs import MissingProgram, find, last_line, run
from vmp.data.rar_headers import checksums

INSTALL_RAR = (
    "On Debian: sudo apt-get install libarchive-tools (bsdtar) or unar; elsewhere: libarchive or The Unarchiver"
)
_BLOCK = 1 << 20


def extract_rar(archive: Path, into: Path, wanted: Wanted, wrote: Wrote) -> list[str]:
    """Unpack all of it by a program, then throw away what is no file or not wanted."""
    readers = [(path, unpack) for path, unpack in ((_which("bsdtar"), _bsdtar), (_which("unar"), _unar)) if path]
    if not readers:
        find(["bsdtar", "unar"], f"unpacking {archive.name}", INSTALL_RAR)
    reasons = []
    for program, unpack in readers:
        # A folder that no other run has: when this process is killed, the program goes on for a while in its own.
        fresh = into.with_name(f"{into.name}-{uuid.uuid4().hex[:8]}")
        fresh.mkdir()
        reason = unpack(program, archive, fresh) or _wrong_checksum(archive, fresh)
        if reason is None:
            left_out = _keep_files(fresh, wanted, wrote)
            shutil.rmtree(into)
            fresh.rename(into)
            return left_out
        shutil.rmtree(fresh)
        reasons.append(f"{Path(program).name}: {reason}")
    if len(readers) == 1 and Path(readers[0][0]).name == "bsdtar":
        reasons.append("unar, which reads some RAR archives that bsdtar cannot, is not installed")
    raise damaged(archive, "; ".join(reasons))


def _which(name: str) -> str | None:
    try:
        return find([name], "", "")
    except MissingProgram:
        return None


def _bsdtar(program: str, archive: Path, into: Path) -> str | None:
    """Unpack with bsdtar; the reason where it cannot."""
    listing = run([program, "-t", "-f", archive.absolute()])
    for name in listing.stdout.splitlines():
        safe_name(archive, name)
    if listing.returncode:
        return _first_line(listing.stderr)
    plain = ["--no-same-owner", "--no-same-permissions", "--no-xattrs", "--no-acls", "--no-fflags"]
    done = run([program, "-x", *plain, "-f", archive.absolute(), "-C", into])
    return _first_line(done.stderr) if done.returncode else None


def _unar(program: str, archive: Path, into: Path) -> str | None:
    """Unpack with unar; the reason where it cannot. It writes ".." as a name of its own, so none climbs out."""
    listing = run([program.removesuffix("unar") + "lsar", "-json", archive.absolute()])
    try:
        entries = json.loads(listing.stdout)["lsarContents"]
    except (ValueError, KeyError):
        return last_line(listing.stdout + listing.stderr)
    names = {safe_name(archive, str(entry["XADFileName"])): bool(entry.get("XADIsLink")) for entry in entries}
    for name in names:
        if any(names.get(str(parent)) for parent in PurePosixPath(name).parents):
            raise UnsafeArchive(f"{archive}: holds {name!r}, a path through a link; nothing was unpacked from it")
    options = ["-quiet", "-no-directory", "-no-recursion", "-force-overwrite"]
    done = run([program, *options, "-output-directory", into, archive.absolute()])
    return _first_line(done.stdout + done.stderr) if done.returncode else None


def _first_line(text: str) -> str:
    """The first line says which file; the last one only that something failed."""
    return next((line.strip() for line in text.splitlines() if line.strip()), "it says nothing")


def _wrong_checksum(archive: Path, into: Path) -> str | None:
    for name, (size, crc) in checksums(archive).items():
        path = into / name
        if path.is_symlink() or not path.is_file():
            continue
        if path.stat().st_size != size or _crc(path) != crc:
            return f"{name} does not fit its checksum"
    return None


def _crc(path: Path) -> int:
    value = 0
    with path.open("rb") as file:
        while block := file.read(_BLOCK):
            value = zlib.crc32(block, value)
    return value


def _keep_files(into: Path, wanted: Wanted, wrote: Wrote) -> list[str]:
    left_out = []
    for path in list(_entries(into)):
        name = path.relative_to(into).as_posix()
        if not stat.S_ISREG(path.lstat().st_mode):
            left_out.append(name)
            path.unlink()
        elif wanted(name):
            wrote(path.stat().st_size)
        else:
            path.unlink()
    return left_out


def _entries(folder: Path) -> Iterator[Path]:
    """All that is below and no folder, in order; a link to a folder is an entry and is not followed."""
    for entry in sorted(os.scandir(folder), key=lambda each: each.name):
        if entry.is_dir(follow_symlinks=False):
            yield from _entries(Path(entry.path))
        else:
            yield Path(entry.path)
