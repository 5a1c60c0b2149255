"""With against without on the same groups: the difference, its test, its interval, and what could have been seen."""

from __future__ import annotations

import math
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np
from numpy.typing import ArrayLike, NDArray

from vmp.statistics.bootstrap import bootstrap_means
from vmp.statistics.permutation import mcnemar, sign_flip_p

_NORMAL = NormalDist()


@dataclass(frozen=True)
class Comparison:
    """What :func:`compare` found; differences, accuracies and interval in percentage points.

    Attributes:
        difference: with minus without, averaged over seeds and groups.
        interval: its ends at ``level``.
        p: two-sided, of the paired permutation over groups, before any correction for other claims.
        level: of the interval; 1 - level is the level of the test.
        accuracy_without, accuracy_with: means over seeds and groups.
        seeds, groups: how many.
        seed_differences: one a seed.
        mcnemar: exact p of each seed alone, a description; None for outcomes that are not in {0, 1}.
        discordance: mean square of the groups' seed-averaged differences, as a share; for one seed the share of
            groups that only one of the two has right.
    """

    difference: float
    interval: tuple[float, float]
    p: float
    level: float
    accuracy_without: float
    accuracy_with: float
    seeds: int
    groups: int
    seed_differences: tuple[float, ...]
    mcnemar: tuple[float, ...] | None
    discordance: float

    @property
    def holds_zero(self) -> bool:
        """Whether no difference is inside the interval."""
        return self.interval[0] <= 0 <= self.interval[1]

    def power(self, difference: float, claims: int = 1) -> float:
        r"""Chance that data as noisy as these show a true difference, in points, as a direction.

        .. math:: \Phi\left(\frac{\delta - c}{e}\right), \quad
                  c = \max\left(z_{1-\alpha/2k} \sqrt{\psi / G} + \frac{1}{S G},\; h\right), \quad
                  e = \sqrt{(\psi - \delta^2) / G}

        with psi the discordance (at least delta: a difference takes as many discordant groups), h half the interval's
        width, S seeds, G groups and k claims. Without h this is the power of McNemar's test (Connor, Biometrics 43,
        1987) with a continuity correction, psi taken from the data; h is there because the interval must leave out 0
        as well. Normal approximation, for the seeds at hand; tested by simulation.
        """
        delta = abs(difference) / 100
        threshold, error = self._threshold(delta, claims), self._error(delta)
        if error == 0:
            return float(delta > threshold)
        return _NORMAL.cdf((delta - threshold) / error)

    def detectable(self, power: float = 0.8, claims: int = 1) -> float:
        """The smallest true difference, in points, that data as noisy as these show with this :meth:`power`.

        Never less than the fewest groups that can reach p <= 1 - level make up in one seed.

        Args:
            power: in (0, 1).
            claims: on the page: Holm's first step tests at (1 - level) / claims.

        Raises:
            ValueError: power outside (0, 1), fewer than one claim.
        """
        if not 0 < power < 1:
            raise ValueError(f"power: expected a number between 0 and 1, got {power}")
        if claims < 1:
            raise ValueError(f"claims: expected at least 1, got {claims}")
        low, high = 100 * _fewest_groups(1 - (1 - self.level) / claims) / (self.seeds * self.groups), 100.0
        if low >= high or self.power(high, claims) < power:
            return high
        while high - low > 1e-6:  # power grows with the difference
            middle = (low + high) / 2
            low, high = (low, middle) if self.power(middle, claims) >= power else (middle, high)
        return high

    def _threshold(self, delta: float, claims: int) -> float:
        z = _NORMAL.inv_cdf(1 - (1 - self.level) / (2 * claims))
        step = 0.0 if self.mcnemar is None else 1 / (self.seeds * self.groups)  # counts: the test goes in steps of two
        test = z * math.sqrt(max(self.discordance, delta) / self.groups) + step
        return max(test, (self.interval[1] - self.interval[0]) / 200)

    def _error(self, delta: float) -> float:
        return math.sqrt(max(max(self.discordance, delta) - delta**2, 0.0) / self.groups)


def compare(
    without: ArrayLike, with_: ArrayLike, *, seed: int = 0, resamples: int = 10_000, level: float = 0.95
) -> Comparison:
    """Compare outcomes in pairs: seed s without and seed s with, on the same groups in the same order.

    A group is what is independent: a trajectory, a video. Folds that test different groups are one comparison of all
    their groups, put side by side: (S, G1 + G2 + ...); seed s is then a run of each fold.

    Args:
        without, with_: (S, G), whether each seed's model has each group right, {0, 1} or bool; or any score in [0, 1].
        seed: of the bootstrap, and of drawn permutations.
        resamples: of each.
        level: of the interval.

    Raises:
        ValueError: not two dimensions, two shapes, values that are not finite or outside [0, 1]; too few groups for
            any result to be told from chance (6 at level .95); a level outside (0, 1).
    """
    if not 0 < level < 1:
        raise ValueError(f"level: expected a number between 0 and 1, got {level}")
    before, after = _outcomes(without, "without"), _outcomes(with_, "with_")
    if before.shape != after.shape:
        raise ValueError(
            f"outcomes: expected the same seeds and groups without and with, got shapes {before.shape} and "
            f"{after.shape}. Pair each seed with itself, and keep the groups that both tested"
        )
    seeds, groups = before.shape
    fewest = _fewest_groups(level)
    if seeds < 1 or groups < fewest:
        raise ValueError(
            f"outcomes: expected at least 1 seed and {fewest} groups, got {seeds} and {groups}: with fewer groups no "
            f"paired permutation has p <= {1 - level:.3g}"
        )
    differences = after - before  # (S, G)
    binary = bool(np.isin(before, (0, 1)).all() and np.isin(after, (0, 1)).all())
    summed = differences.sum(axis=0)
    ends = np.quantile(bootstrap_means(differences, seed, resamples), [(1 - level) / 2, (1 + level) / 2])
    return Comparison(
        difference=100 * float(differences.mean()),
        interval=(100 * float(ends[0]), 100 * float(ends[1])),
        p=sign_flip_p(summed.astype(np.int64) if binary else summed, seed, resamples),
        level=level,
        accuracy_without=100 * float(before.mean()),
        accuracy_with=100 * float(after.mean()),
        seeds=seeds,
        groups=groups,
        seed_differences=tuple(100 * float(value) for value in differences.mean(axis=1)),
        mcnemar=tuple(mcnemar(b, a) for b, a in zip(before, after, strict=True)) if binary else None,
        discordance=float(((summed / seeds) ** 2).mean()),
    )


def _outcomes(values: ArrayLike, name: str) -> NDArray[np.float64]:
    outcomes = np.asarray(values, dtype=np.float64)
    if outcomes.ndim != 2:
        raise ValueError(
            f"{name}: expected outcomes of shape (seeds, groups), got shape {outcomes.shape}. One seed: outcomes[None]"
        )
    if not (np.isfinite(outcomes).all() and (outcomes >= 0).all() and (outcomes <= 1).all()):
        raise ValueError(f"{name}: expected finite outcomes in [0, 1], got {outcomes.min()} to {outcomes.max()}")
    return outcomes


def _fewest_groups(level: float) -> int:
    """n groups that all differ the same way have p = 2 / 2^n: the smallest n with p <= 1 - level."""
    return math.ceil(1 - math.log2(1 - level))
