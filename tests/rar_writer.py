"""RAR archives of the fourth version, method "stored", byte by byte: no free program writes RAR.

The layout is that of WinRAR's technical note (technote.txt): a marker, then blocks of CRC (2 bytes), type, flags (2),
size (2) and fields, all little-endian; the CRC is the low half of the CRC-32 of what follows it in the header.
"""

from __future__ import annotations

import stat
import struct
import zlib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

MARKER = b"Rar!\x1a\x07\x00"
_ARCHIVE, _FILE, _END = 0x73, 0x74, 0x7B
_HAS_DATA, _FOLDER, _UNICODE_NAME = 0x8000, 0x00E0, 0x0200
_UNIX, _STORED, _NEEDS_VERSION = 3, 0x30, 20
#: 2013-10-08 16:20, as DOS writes it.
_TIME = (33 << 25 | 10 << 21 | 8 << 16) | (16 << 11 | 20 << 5)


class Link(NamedTuple):
    """A symbolic link, to be stored instead of a file's bytes."""

    target: str


def rar(files: Mapping[str, bytes | Link] | Iterable[tuple[str, bytes | Link]], wrong_crc: str | None = None) -> bytes:
    """An archive of these names, in order; a name that ends in "/" is a folder.

    ``wrong_crc`` names a file whose bytes do not fit the checksum that is stored with it.
    """
    pairs = files.items() if isinstance(files, Mapping) else files
    blocks = [MARKER, _block(_ARCHIVE, 0, bytes(6))]
    for name, content in pairs:
        blocks.append(_entry(name, content, wrong=name == wrong_crc))
    return b"".join([*blocks, _block(_END, 0x4000, b"")])


def write_rar(path: Path, files: Mapping[str, bytes | Link], wrong_crc: str | None = None) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(rar(files, wrong_crc))
    return path


def _block(kind: int, flags: int, fields: bytes) -> bytes:
    header = struct.pack("<BHH", kind, flags, 7 + len(fields)) + fields
    return struct.pack("<H", zlib.crc32(header) & 0xFFFF) + header


def _entry(name: str, content: bytes | Link, wrong: bool) -> bytes:
    flags, mode, data = _HAS_DATA, stat.S_IFREG | 0o644, content
    if isinstance(content, Link):
        mode, data = stat.S_IFLNK | 0o777, content.target.encode()
    elif name.endswith("/"):
        flags, mode, data = flags | _FOLDER, stat.S_IFDIR | 0o755, b""
    assert isinstance(data, bytes)
    crc = zlib.crc32(data) ^ (0xBAD if wrong else 0)
    stored = name.rstrip("/").replace("/", "\\").encode()
    fields = struct.pack(
        "<IIBIIBBHI",
        len(data), len(data), _UNIX, crc, _TIME, _NEEDS_VERSION, _STORED, len(stored), mode,
    )  # fmt: skip
    return _block(_FILE, flags, fields + stored) + data
