"""Writing what several processes may write: whole or not at all, and where it is asked, never over what is there."""

from __future__ import annotations

import contextlib
import json
import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from typing import Any

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]


def write_new(target: Path, content: bytes) -> bool:
    """Write a file that must not be there yet; False, and nothing written, where another was first."""
    partial = _written_aside(target, content)
    try:
        os.link(partial, target)  # unlike a rename it never replaces
    except FileExistsError:
        return False
    finally:
        partial.unlink()
    return True


def write_over(target: Path, content: bytes) -> None:
    """Write a file so that whoever reads it sees what was there or what is new, and never a part."""
    partial = _written_aside(target, content)
    try:
        os.replace(partial, target)
    except BaseException:
        partial.unlink(missing_ok=True)
        raise


def write_if_new(target: Path, content: bytes) -> None:
    """:func:`write_over`, but a file that holds that already is left alone: its date says when it changed."""
    if not target.is_file() or target.read_bytes() != content:
        write_over(target, content)


def json_bytes(value: Any) -> bytes:
    """JSON as files here hold it: an entry of an object a line, a list on one line, no NaN."""
    return (_text(value) + "\n").encode()


@contextlib.contextmanager
def locked(path: Path, wait: bool = True) -> Iterator[bool]:
    """Hold the lock of a file or folder; gives False, without it, where ``wait`` is off and another process has it.

    The system takes the lock back when the process ends, however it ends. A file that is not there is made.
    """
    if fcntl is None:
        yield True
        return
    handle = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR | os.O_CREAT, 0o644)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            yield False
        else:
            yield True
    finally:
        os.close(handle)


def _written_aside(target: Path, content: bytes) -> Path:
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{uuid.uuid4().hex[:8]}.part")
    try:
        with partial.open("xb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
    except BaseException:
        partial.unlink(missing_ok=True)
        raise
    return partial


def _text(value: Any, indent: int = 0) -> str:
    if not isinstance(value, dict) or not value:
        return json.dumps(value, allow_nan=False, ensure_ascii=False)
    space = " " * indent
    inner = ",\n".join(f"{space} {json.dumps(key)}: {_text(item, indent + 1)}" for key, item in value.items())
    return f"{{\n{inner}\n{space}}}"
