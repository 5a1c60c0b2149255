"""Paired tests that need no distribution: sign flips of the groups' differences, and McNemar's exact test."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

#: Up to this many groups with a difference, all 2^n sign patterns are counted.
_COUNTED = 14
#: Differences of floating-point outcomes that are this close count as equal.
_TIE = 1e-9
_CHUNK = 1 << 22  # numbers held at once


def sign_flip_p(
    differences: NDArray[np.floating] | NDArray[np.integer], seed: int = 0, resamples: int = 10_000
) -> float:
    """Two-sided p of a paired permutation: how often random signs give a sum as far from 0 as the one that came.

    Under the hypothesis that with and without are exchangeable within each group, each group's difference is as likely
    to have the other sign. Whole numbers (sums over seeds of outcomes in {0, 1}) are treated exactly, whatever their
    number. Others are exact by counting for up to 14 that are not 0; above that by ``resamples`` drawn sign patterns,
    the one that came among them, so that p is never 0: (1 + hits) / (1 + resamples).

    Args:
        differences: (G,), with minus without, one a group.
        seed: of the drawn patterns.
        resamples: how many patterns are drawn.

    Returns:
        p in (0, 1]; 1 where no group differs.
    """
    steps = np.asarray(differences)
    steps = steps[steps != 0]
    if len(steps) == 0:
        return 1.0
    if np.issubdtype(steps.dtype, np.integer):
        return _lattice_p(steps)
    reach = abs(steps.sum()) - _TIE * np.abs(steps).sum()
    if len(steps) <= _COUNTED:
        patterns = (np.arange(2 ** len(steps))[:, None] >> np.arange(len(steps))) & 1
        return float(np.mean(np.abs((2 * patterns - 1) @ steps) >= reach))
    return (1 + _hits(steps, reach, np.random.default_rng(seed), resamples)) / (1 + resamples)


def _lattice_p(steps: NDArray[np.integer]) -> float:
    """Exact: n groups that differ by k each give k (2 Binomial(n, 1/2) - n), and the sum of those is a convolution."""
    from scipy.stats import binom

    chances = np.ones(1)
    for size, count in enumerate(np.bincount(np.abs(steps))):
        if size and count:
            one = np.zeros(2 * size * count + 1)
            one[:: 2 * size] = binom.pmf(np.arange(count + 1), count, 0.5)
            chances = np.convolve(chances, one)
    middle, reach = len(chances) // 2, abs(int(steps.sum()))
    # one tail twice: the distribution is symmetric; at 0 the tails overlap
    return min(1.0, 2 * float(chances[middle + reach :].sum()))


def _hits(steps: NDArray[np.floating], reach: float, generator: np.random.Generator, resamples: int) -> int:
    hits, left = 0, resamples
    while left:
        drawn = min(left, max(1, _CHUNK // len(steps)))
        signs = 2 * generator.integers(0, 2, (drawn, len(steps)), dtype=np.int8) - 1
        hits += int((np.abs(signs @ steps) >= reach).sum())
        left -= drawn
    return hits


def mcnemar(without: NDArray[np.integer], with_: NDArray[np.integer]) -> float:
    """Exact two-sided p of McNemar's test: of the groups that only one of two models has right, each is as likely.

    Args:
        without, with_: (G,), outcomes in {0, 1}.

    Returns:
        p in (0, 1]; 1 where no group is discordant. For one seed it is the paired permutation.
    """
    return sign_flip_p(np.asarray(with_, dtype=np.int64) - np.asarray(without, dtype=np.int64))
