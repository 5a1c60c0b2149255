"""Reading ZIP, tar and RAR archives: their files go into an empty folder of ours, links and devices never do.

ZIP and tar are read by Python, with the checksums that they have; RAR in :mod:`vmp.data.rar_reader`.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
import os
import stat
import tarfile
import zipfile
import zlib
from pathlib import Path
from typing import IO, Any

from vmp.data.archive_safety import ArchiveError, Wanted, Wrote, damaged, safe_name
from vmp.data.rar_reader import extract_rar

_BLOCK = 1 << 20


def extract(archive: Path, into: Path, wanted: Wanted, wrote: Wrote) -> list[str]:
    """Put the wanted files of an archive into a folder that is ours alone, under their names.

    Args:
        archive: ZIP, tar (also compressed) or RAR, told by its first bytes and not by its name.
        into: a folder; what a run that was killed left there is used again where it is whole.
        wanted: called with a name, folders divided by "/".
        wrote: called with bytes as they are written.

    Returns:
        list: what was left out: links, devices, pipes.

    Raises:
        UnsafeArchive: a name that leads out of the folder; nothing is unpacked.
        ArchiveError: not an archive, truncated, damaged, encrypted.
        MissingProgram: a RAR archive, and neither bsdtar nor unar is there.
    """
    kinds = {"zip": _extract_zip, "tar": _extract_tar, "rar": extract_rar}
    return kinds[kind_of(archive)](archive, into, wanted, wrote)


def kind_of(archive: Path) -> str:
    """Whether a file is a "zip", "tar" or "rar"; raise ArchiveError where it is none."""
    with archive.open("rb") as file:
        head = file.read(512)
    if head.startswith(b"Rar!\x1a\x07"):
        return "rar"
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head.startswith((b"\x1f\x8b", b"BZh", b"\xfd7zXZ\x00")) or head[257:262] == b"ustar":
        return "tar"
    if not head:
        raise ArchiveError(f"{archive}: is empty (0 bytes)")
    hint = " It looks like a web page: what a server sends instead of the file" if b"<" in head[:20] else ""
    raise ArchiveError(f"{archive}: expected a ZIP, tar or RAR archive, it begins with {head[:16]!r}.{hint}")


# --- ZIP ---


def _extract_zip(archive: Path, into: Path, wanted: Wanted, wrote: Wrote) -> list[str]:
    left_out = []
    try:
        with zipfile.ZipFile(archive) as file:
            entries = [(safe_name(archive, entry.filename), entry) for entry in file.infolist() if not entry.is_dir()]
            for name, entry in entries:
                mode = entry.external_attr >> 16
                if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
                    left_out.append(name)
                elif wanted(name):
                    with file.open(entry) as content:
                        _write(content, into, name, entry.file_size, wrote)
    except zipfile.BadZipFile as error:
        raise damaged(archive, str(error)) from error
    except (zlib.error, EOFError) as error:
        raise damaged(archive, f"{type(error).__name__}: {error}") from error
    except (NotImplementedError, RuntimeError) as error:  # compression, encryption
        raise ArchiveError(f"{archive}: cannot be unpacked ({error})") from error
    return left_out


# --- tar ---


def _extract_tar(archive: Path, into: Path, wanted: Wanted, wrote: Wrote) -> list[str]:
    left_out = []
    try:
        with _Stream(archive) as stream, tarfile.open(fileobj=stream, mode="r|") as file:  # type: ignore[call-overload]
            for entry in file:
                name = safe_name(archive, entry.name)
                if not (entry.isreg() or entry.isdir()):
                    left_out.append(name)
                elif entry.isreg() and wanted(name):
                    content = file.extractfile(entry)
                    assert content is not None  # a regular file has one
                    _write(content, into, name, entry.size, wrote)
            stream.check_end()
    except (tarfile.TarError, EOFError, zlib.error, lzma.LZMAError) as error:
        raise damaged(archive, str(error)) from error
    except OSError as error:
        if error.errno is None:  # gzip's and bzip2's own; the disk's have a number
            raise damaged(archive, str(error)) from error
        raise
    return left_out


class _Stream:
    """The bytes of a tar, and whether they end as one does: tarfile takes what is cut between two files for whole."""

    _OPENERS = ((b"\x1f\x8b", gzip.open), (b"BZh", bz2.open), (b"\xfd7zXZ\x00", lzma.open))

    def __init__(self, archive: Path) -> None:
        with archive.open("rb") as file:
            head = file.read(6)
        opener: Any = next((opener for magic, opener in self._OPENERS if head.startswith(magic)), open)
        self._file: IO[bytes] = opener(archive, "rb")
        self._tail = b""

    def read(self, size: int) -> bytes:
        block = self._file.read(size)
        self._tail = (self._tail + block)[-tarfile.BLOCKSIZE :]
        return block

    def check_end(self) -> None:
        """Read what is left, so that a checksum at the end is compared; a tar ends with blocks of zeros."""
        while self.read(_BLOCK):
            pass
        if self._tail != bytes(tarfile.BLOCKSIZE):
            raise EOFError("it ends without an end mark")

    def __enter__(self) -> _Stream:
        return self

    def __exit__(self, *exception: object) -> None:
        self._file.close()


def _write(content: IO[bytes], into: Path, name: str, size: int, wrote: Wrote) -> None:
    """Write one file whole or not at all; one of that size is there from a run before this one."""
    target = into / name
    if target.is_file() and target.stat().st_size == size:
        wrote(size)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(target.name + ".part")
    with partial.open("wb") as file:
        while block := content.read(_BLOCK):
            file.write(block)
            wrote(len(block))
    if partial.stat().st_size != size:
        raise EOFError(f"{name} has {partial.stat().st_size} of {size} bytes")
    os.replace(partial, target)
