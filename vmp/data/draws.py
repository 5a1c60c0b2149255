"""Random numbers that hang on a key and a name alone: the same in a batch of any size, in any process, in any order.

SplitMix64 (Steele, Lea and Flood, OOPSLA 2014) as a counter-based generator: a number is the hash of its key, its name
and its place. A new name changes no other number.
"""

from __future__ import annotations

import hashlib

import numpy as np
from numpy.typing import ArrayLike, NDArray

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST, _SECOND = np.uint64(0xBF58476D1CE4E5B9), np.uint64(0x94D049BB133111EB)


def mixed(values: ArrayLike) -> NDArray[np.uint64]:
    """SplitMix64's finaliser: uint64 of any shape to uint64, one to one."""
    bits = np.atleast_1d(np.asarray(values)).astype(np.uint64)
    bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
    bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
    return bits ^ (bits >> np.uint64(31))


def keys(*parts: ArrayLike | str) -> NDArray[np.uint64]:
    """uint64 (N,): one key for each row of the parts, which are words, integers or integer arrays (N,)."""
    key = np.zeros(1, dtype=np.uint64)
    for part in parts:
        word = _hashed(part) if isinstance(part, str) else np.atleast_1d(np.asarray(part)).astype(np.uint64)
        key = mixed((key + _GOLDEN) ^ mixed(word + _GOLDEN))
    return key


def _hashed(word: str) -> NDArray[np.uint64]:
    return np.frombuffer(hashlib.sha256(word.encode()).digest()[:8], dtype="<u8").astype(np.uint64)


class Draws:
    """The random numbers of a batch: row i of every array hangs on ``keys[i]`` and the array's name only."""

    def __init__(self, keys: NDArray[np.uint64]) -> None:
        self.keys = keys

    def bits(self, name: str, *shape: int) -> NDArray[np.uint64]:
        """uint64 (N, *shape)."""
        count = int(np.prod(shape, dtype=int))
        start = mixed(self.keys ^ _hashed(name))[:, None]
        steps = (np.arange(count, dtype=np.uint64) + np.uint64(1)) * _GOLDEN
        return mixed(start + steps).reshape(len(self.keys), *shape)

    def uniform(self, name: str, low: float, high: float, *shape: int) -> NDArray[np.float64]:
        """float64 (N, *shape) in [low, high)."""
        unit = (self.bits(name, *shape) >> np.uint64(11)).astype(np.float64) * 2.0**-53
        return low + (high - low) * unit

    def integers(self, name: str, count: int, *shape: int) -> NDArray[np.int64]:
        """int64 (N, *shape) in 0 .. count - 1."""
        return (self.uniform(name, 0.0, 1.0, *shape) * count).astype(np.int64)
