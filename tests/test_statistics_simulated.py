"""The judge on simulated outcomes, where the truth is known. Bounds are binomial, at three standard errors."""

from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from numpy.typing import NDArray

from vmp.statistics import Comparison, compare, sign_flip_p
from vmp.statistics.bootstrap import bootstrap_means

_ACCURACY = 0.65


def simulate(
    seed: int, count: int, seeds: int, groups: int, difference: float = 0.0, run: float = 0.0
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Outcomes without and with, each (count, seeds, groups), with a true difference, as a share.

    A group is right where a sum of normal variables is above a threshold: how hard the group is for every model (1),
    for all seeds of one of the two (.5), for one seed alone (1), and how good that run is for all groups; ``run`` is
    the standard deviation of a run's true accuracy, as a share.
    """
    generator, normal = np.random.default_rng(seed), NormalDist()
    thresholds = np.array([normal.inv_cdf(_ACCURACY), normal.inv_cdf(_ACCURACY + difference)])
    of_run = run / normal.pdf(thresholds[0])  # in standard deviations of the whole sum
    total = math.sqrt((1 + 0.25 + 1) / (1 - of_run**2))
    right = (thresholds * total)[None, :, None, None] + generator.normal(size=(count, 2, seeds, groups))
    right += generator.normal(size=(count, 1, 1, groups)) + 0.5 * generator.normal(size=(count, 2, 1, groups))
    right += of_run * total * generator.normal(size=(count, 2, seeds, 1))
    return right[:, 0] > 0, right[:, 1] > 0


def _above(share: float, count: int) -> float:
    return share + 3 * math.sqrt(share * (1 - share) / count)


def _comparisons(*arguments: float, **options: float) -> list[Comparison]:
    pairs = zip(*simulate(*arguments, **options), strict=True)  # type: ignore[arg-type]
    return [compare(without, with_, resamples=1000) for without, with_ in pairs]


@pytest.mark.parametrize(("seeds", "groups"), [(1, 99), (3, 99), (3, 330)])
def test_the_permutation_keeps_its_level_where_seeds_agree_on_what_is_hard(seeds: int, groups: int) -> None:
    without, with_ = simulate(1, 2000, seeds, groups)
    correlation = np.corrcoef(without[:, 0].ravel(), with_[:, -1].ravel())[0, 1]
    assert correlation > 0.2  # the same groups are hard for both, and for all seeds
    steps = with_.sum(axis=1).astype(int) - without.sum(axis=1)
    rejected = np.mean([sign_flip_p(one) <= 0.05 for one in steps])
    assert 0.02 < rejected < _above(0.05, 2000)  # exact and discrete: at most 5 %, not far below


@pytest.mark.parametrize(
    ("seeds", "groups", "run", "lowest", "highest"),
    [
        (3, 99, 0.0, 0.965, 0.990),  # conservative: the noise of single outcomes is counted for groups and for seeds
        (3, 99, 0.025, 0.945, 0.980),
        (3, 99, 0.05, 0.91, 0.955),  # three seeds are few where runs truly differ by 5 points
        (3, 330, 0.025, 0.915, 0.960),
        (1, 99, 0.0, 0.92, 0.96),
        (1, 99, 0.05, 0.72, 0.82),  # one seed says nothing of others
    ],
)
def test_coverage_is_as_the_table_says(seeds: int, groups: int, run: float, lowest: float, highest: float) -> None:
    without, with_ = simulate(2, 1500, seeds, groups, run=run)
    differences = with_.astype(float) - without
    low, high = np.quantile(bootstrap_means(differences, resamples=1000), [0.025, 0.975], axis=-1)
    assert lowest <= np.mean((low <= 0) & (high >= 0)) <= highest


@pytest.mark.parametrize("run", [0.0, 0.025])
def test_a_direction_is_told_wrongly_less_than_one_time_in_twenty(run: float) -> None:
    """Of the two the interval allows for runs that differ: the permutation alone would be wrong more often."""
    found = _comparisons(3, 600, 3, 99, run=run)
    told = np.mean([one.p <= 0.05 and not one.holds_zero for one in found])
    assert told < _above(0.04, 600)


@pytest.mark.parametrize(("seeds", "groups", "difference"), [(1, 99, 0.12), (3, 99, 0.09), (3, 330, 0.06)])
def test_power_is_as_stated(seeds: int, groups: int, difference: float) -> None:
    found = _comparisons(4, 500, seeds, groups, difference=difference)
    told = np.mean([one.p <= 0.05 and one.interval[0] > 0 for one in found])
    stated = np.mean([one.power(100 * difference) for one in found])
    assert told == pytest.approx(stated, abs=0.06)  # a share of 500: 2 % standard error


def test_the_smallest_difference_is_seen_as_often_as_stated() -> None:
    without_any = _comparisons(5, 100, 3, 99)
    for power in (0.5, 0.8):
        smallest = np.median([one.detectable(power) for one in without_any])
        found = _comparisons(6, 400, 3, 99, difference=smallest / 100)
        told = np.mean([one.p <= 0.05 and one.interval[0] > 0 for one in found])
        assert told == pytest.approx(power, abs=0.07)  # a share of 400: 2.5 % standard error


def test_99_groups_see_10_points_about_half_the_time_and_330_nearly_always() -> None:
    shares = {}
    for seeds, groups in ((1, 99), (3, 99), (1, 330), (3, 330)):
        found = _comparisons(8, 300, seeds, groups, difference=0.1)
        shares[seeds, groups] = np.mean([one.p <= 0.05 and one.interval[0] > 0 for one in found])
    assert 0.28 < shares[1, 99] < 0.45
    assert 0.5 < shares[3, 99] < 0.7
    assert shares[1, 330] > 0.8
    assert shares[3, 330] > 0.96
