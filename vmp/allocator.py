"""Freed memory that is kept for the next step, on a CPU.

A training step takes and frees the same large tensors as the one before. glibc gives such memory back to the system at
once, and the next step takes it anew, page by page: about a tenth of a tiny model's step, measured by
``benchmarks/training.py``. The numbers that are computed are the same.
"""

from __future__ import annotations

import ctypes
import sys

# mallopt's names for what it sets, from glibc's malloc.h
_TRIM_THRESHOLD, _TOP_PAD, _MMAP_THRESHOLD = -1, -2, -3
#: Freed memory at the end of the heap that is kept, bytes; the largest number that mallopt takes.
KEPT = 2**31 - 1
#: By how much the heap grows at least, and from where on a tensor is mapped by itself; the largest that glibc allows.
STEP = 32 * 2**20


def keep_freed_memory() -> bool:
    """Have this process keep the memory that it frees; for programs, not for libraries.

    Returns:
        Whether the C library took it; elsewhere than with glibc nothing is changed.
    """
    if sys.platform != "linux":
        return False
    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is None:
        return False
    settings = ((_MMAP_THRESHOLD, STEP), (_TRIM_THRESHOLD, KEPT), (_TOP_PAD, STEP))
    return all([mallopt(name, value) == 1 for name, value in settings])
