"""Rendered clips on disk: uint8 arrays that are mapped, not read, made once and shared by all processes.

A file's name is a hash of everything that decides its pixels, so an old file is never taken for a new one. It is
written beside and moved into place when whole; one process renders, another that wants the same waits.
"""

from __future__ import annotations

import hashlib
import json
import os
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]
Shape = tuple[int, ...]
#: Gives the clips of rows start .. stop - 1: uint8 (stop - start, *shape[1:]).
Render = Callable[[int, int], Pixels]


def fingerprint(facts: object) -> str:
    """24 hexadecimal digits of the SHA-256 of what ``json`` makes of the facts."""
    return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:24]


def cached(path: Path, shape: Shape, render: Render, batch: int) -> Pixels:
    """The array of ``path``, mapped read-only; rendered and written first where it is not there yet.

    A file that is not whole (a copy that broke off) is rendered anew, with a warning.

    Args:
        path: ends in ".npy".
        shape: of the array.
        render: called for consecutive rows.
        batch: rows a call.

    Raises:
        OSError: the folder cannot be written, or the disk is full; no half file is left under ``path``.
    """
    found = _mapped(path, shape)
    if found is not None:
        return found
    path.parent.mkdir(parents=True, exist_ok=True)
    with _locked(path.with_suffix(".lock")) as alone:
        if not path.exists() or _mapped(path, shape) is None:  # another process may have made it meanwhile
            _write(path, shape, _batches(shape, render, batch), alone)
    return np.load(path, mmap_mode="r")


def in_memory(shape: Shape, render: Render, batch: int) -> Pixels:
    """As :func:`cached`, without a file."""
    return np.concatenate(list(_batches(shape, render, batch)))


def _batches(shape: Shape, render: Render, batch: int) -> Iterator[Pixels]:
    for start in range(0, shape[0], batch):
        yield render(start, min(start + batch, shape[0]))


def _mapped(path: Path, shape: Shape) -> Pixels | None:
    if not path.exists():
        return None
    try:
        array = np.load(path, mmap_mode="r")
    except (ValueError, EOFError) as error:  # the header is broken, or the file shorter than it says
        warnings.warn(f"{path}: not a whole file ({error}); it is rendered anew", stacklevel=4)
        return None
    if array.shape != shape or array.dtype != np.uint8:
        warnings.warn(f"{path}: expected uint8 {shape}, got {array.dtype} {array.shape}; rendered anew", stacklevel=4)
        return None
    return array


def _write(path: Path, shape: Shape, batches: Iterator[Pixels], alone: bool) -> None:
    """Written, not mapped: a full disk is then an OSError, and no signal that ends the process."""
    if alone:
        for left in path.parent.glob(f"{path.stem}.*.part"):  # of a process that was killed
            left.unlink(missing_ok=True)
    partial = path.with_name(f"{path.stem}.{os.getpid()}.part")
    try:
        with partial.open("wb") as file:
            header = {"descr": "|u1", "fortran_order": False, "shape": shape}
            np.lib.format.write_array_header_1_0(file, header)
            for pixels in batches:
                file.write(np.ascontiguousarray(pixels).data)
            file.flush()
            os.fsync(file.fileno())  # else a power cut could leave the name and not the bytes
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)


@contextmanager
def _locked(path: Path) -> Iterator[bool]:
    """One process at a time; a killed one gives the lock back. False where there are no locks: work is done twice."""
    try:
        import fcntl
    except ImportError:  # Windows
        yield False
        return
    with path.open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX)
        except OSError:  # some network file systems
            yield False
            return
        yield True
