"""What the tests of the prepare scripts share: small sets in their published formats, and what lies in a folder."""

from __future__ import annotations

import functools
import os
import shutil
import tempfile
from pathlib import Path

import numpy as np
from make_video import write_video

#: A mirror's files are real AVIs of a few kB, as the set's are DivX; they differ, so that a swap would show.
CODECS = {".avi": "mpeg4", ".webm": "libvpx", ".mpg": "mpeg1video"}


@functools.cache
def video_bytes(number: int, suffix: str = ".avi", frames: int = 6, rate: int = 25) -> bytes:
    """A small real video, whose grey level is its number."""
    picture = np.full((32, 48, 3), 20 + 30 * (number % 8), np.uint8)
    picture[:, : 4 + number % 40] = 250
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"video{suffix}"
        write_video(path, [picture] * frames, rate=rate, codec=CODECS.get(suffix, "libx264"))
        return path.read_bytes()


@functools.cache
def moving_bytes(number: int, suffix: str = ".avi", frames: int = 40, rate: int = 30) -> bytes:
    """A small real video whose texture moves to the right, a pixel more a frame for each number."""
    texture = np.random.default_rng(number).integers(0, 255, (9, 12, 3), dtype=np.uint8).repeat(8, 0).repeat(8, 1)
    pictures = [np.roll(texture, place * (1 + number % 4), axis=1) for place in range(frames)]
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / f"video{suffix}"
        write_video(path, pictures, rate=rate, codec=CODECS.get(suffix, "libx264"))
        return path.read_bytes()


def write_bytes(path: Path, content: bytes) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)
    return path


def tree(root: Path) -> dict[str, bytes]:
    """All that lies in a folder, by path, without what preparing remembers for itself."""
    paths = (path for path in sorted(root.rglob("*")) if path.is_file())
    return {path.relative_to(root).as_posix(): path.read_bytes() for path in paths if ".prepare" not in path.parts}


def dates(root: Path) -> dict[str, int]:
    """When each file was written, what preparing remembers included."""
    return {path.relative_to(root).as_posix(): path.stat().st_mtime_ns for path in root.rglob("*") if path.is_file()}


def need_rar_reader() -> None:
    there = shutil.which("bsdtar") or shutil.which("unar")
    assert there, "these tests need bsdtar: apt-get install libarchive-tools (make test does it as root)"


def only_on_path(folder: Path, *programs: str) -> str:
    """A PATH that has these programs, from the PATH of now, and no other."""
    folder.mkdir(parents=True, exist_ok=True)
    for program in programs:
        found = shutil.which(program)
        assert found, f"these tests need {program}"
        (folder / program).symlink_to(found)
    return os.fspath(folder)
