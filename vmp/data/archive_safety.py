"""What makes an archive unsafe to unpack, and the errors that say so."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path, PurePosixPath


class ArchiveError(ValueError):
    """An archive that cannot be unpacked, or must not be: names it and why."""


class UnsafeArchive(ArchiveError):
    """An archive with a path that climbs out of where it is unpacked."""


#: Called with a file's name; says whether it is wanted.
Wanted = Callable[[str], bool]
#: Called with the bytes that were written.
Wrote = Callable[[int], None]


def safe_name(archive: Path, name: str) -> str:
    """The name with "/" between folders and without "."; raise UnsafeArchive where it is absolute or has ".."."""
    path = PurePosixPath(name.replace("\\", "/"))
    parts = [part for part in path.parts if part != "."]
    drive = bool(parts) and len(parts[0]) == 2 and parts[0][1] == ":"
    if path.is_absolute() or drive or ".." in parts or "\0" in name:
        raise UnsafeArchive(
            f"{archive}: holds {name!r}, a path that leads out of the folder; nothing was unpacked from it"
        )
    return "/".join(parts)


def damaged(archive: Path, reason: str) -> ArchiveError:
    """The error for an archive that cannot be read to its end, to be raised."""
    return ArchiveError(f"{archive}: is truncated or damaged ({reason}). Move it away and get it again")
