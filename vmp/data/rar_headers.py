"""What a RAR archive of the fourth version says of its files: names, sizes and checksums, without unpacking them.

bsdtar (libarchive 3.6 at least) does not compare the checksum of a file that is stored without compression, as RAR
archives inside a RAR archive are. This reads the checksums so that we can. Layout: WinRAR's technical note
(technote.txt); the older archives of HMDB-51 are of this version, from 5.0 on the format is another one.
"""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import BinaryIO

MARKER_4 = b"Rar!\x1a\x07\x00"
_FILE, _END = 0x74, 0x7B
_HAS_DATA, _LARGE, _UNICODE_NAME, _SALTED = 0x8000, 0x0100, 0x0200, 0x0400
_FOLDER = 0x00E0
_SPLIT, _ENCRYPTED = 0x0003, 0x0004


def checksums(archive: Path) -> dict[str, tuple[int, int]]:
    """Size and CRC-32 of each file, by its name with "/" between folders; {} for another version of RAR.

    Reads headers until the end, or until one that makes no sense: the program that unpacks says what is wrong there.
    Left out are folders, files that go on in a further volume and encrypted ones, and names outside of ASCII, which
    are stored in a coding of their own.
    """
    found: dict[str, tuple[int, int]] = {}
    with archive.open("rb") as file:
        if file.read(7) != MARKER_4:
            return {}
        while (block := _block(file)) is not None:
            kind, flags, fields, data = block
            if kind == _END:
                break
            if kind == _FILE and not flags & (_SPLIT | _ENCRYPTED | _UNICODE_NAME) and flags & _FOLDER != _FOLDER:
                size, crc, name = _file_of(fields, flags)
                found[name] = (size, crc)
            file.seek(data, 1)
    return found


def _block(file: BinaryIO) -> tuple[int, int, bytes, int] | None:
    """Type, flags, fields and the bytes of data that follow; None at the end or where a header is broken."""
    start = file.read(7)
    if len(start) < 7:
        return None
    crc, kind, flags, size = struct.unpack("<HBHH", start)
    fields = file.read(max(size - 7, 0))
    if size < 7 or len(fields) < size - 7 or zlib.crc32(start[2:] + fields) & 0xFFFF != crc:
        return None
    data = struct.unpack_from("<I", fields)[0] if flags & _HAS_DATA and len(fields) >= 4 else 0
    if kind == _FILE and flags & _LARGE:
        data |= struct.unpack_from("<I", fields, 25)[0] << 32
    return kind, flags, fields, data


def _file_of(fields: bytes, flags: int) -> tuple[int, int, str]:
    """Size, CRC-32 and name from a file's header."""
    _, size, _, crc, _, _, _, length, _ = struct.unpack_from("<IIBIIBBHI", fields)
    begin = 25
    if flags & _LARGE:
        size |= struct.unpack_from("<I", fields, begin + 4)[0] << 32
        begin += 8
    name = fields[begin : begin + length].decode("ascii", "replace").replace("\\", "/")
    return size, crc, name
