"""Claims about several rows of a table at once: a gain that is pooled over pairs, and weighted sums of rows."""

from __future__ import annotations

import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from vmp.experiments.outcomes import StoredOutcomes
from vmp.experiments.printed import paper_gain, paper_value
from vmp.experiments.rows import Pair, Table
from vmp.experiments.store import Store

if TYPE_CHECKING:
    from vmp.statistics import Comparison


def pooled(
    wanted: Table, chosen: Sequence[Pair], store: Store | str | os.PathLike[str] | None = None
) -> tuple[Comparison | None, float | None, int]:
    """Several pairs of one data set as one claim: what is gained on average over rows and seeds.

    Every row and seed counts as a seed of the comparison, so its ``seeds`` are rows times seeds, and the interval is
    of other runs of these rows; for other rows (backbones, starts) it is too narrow where a row's seeds share its
    effect. The test flips trajectories, with all their outcomes together. In simulations of 8 rows and 3 seeds, where 3
    rows share a baseline, runs vary by up to 5 points and nothing has an effect, 2 to 4 % were told a direction.

    Returns:
        The comparison, None where no run is stored; the mean of the paper's gains, None where it has none; of how many
        pairs runs are stored.

    Raises:
        ValueError: pairs that were tested on different trajectories.
    """
    from vmp.statistics import compare

    found = StoredOutcomes(wanted, store)
    gains = [gain for gain in (paper_gain(pair, wanted) for pair in chosen) if gain is not None]
    outcomes = [each for each in (found.outcomes(pair) for pair in chosen) if each is not None]
    papers = float(np.mean(gains)) if gains else None
    if not outcomes:
        return None, papers, 0
    if any(not np.array_equal(outcomes[0][0], groups) for groups, _, _ in outcomes):
        raise ValueError(f"pooled: expected pairs of one data set, got {', '.join(pair.row for pair in chosen)}")
    without, with_ = (np.concatenate([each[place] for each in outcomes]) for place in (1, 2))
    return compare(without, with_), papers, len(outcomes)


@dataclass(frozen=True)
class Contrast:
    """A weighted sum of rows' accuracies, in points of top-1.

    Attributes:
        paper: of the paper's accuracies; NaN where it does not print all of them.
        here: of those here; NaN where there is no seed for which all rows are stored.
        low, high: the ends of its 95 % interval.
        p: that it is 0, two-sided, of the paired permutation over trajectories, before any correction.
        seeds: for which all rows are stored.
    """

    paper: float
    here: float = math.nan
    low: float = math.nan
    high: float = math.nan
    p: float = math.nan
    seeds: int = 0


def contrast(
    wanted: Table, weights: Mapping[str, float], store: Store | str | os.PathLike[str] | None = None
) -> Contrast:
    r"""Is one row above others, does one gain more than others? With row r of trajectory g right or not, r_g,

    .. math:: \sum_r w_r \frac{100}{G} \sum_g r_g \quad\text{with}\quad \sum_r w_r = 0

    compared as :func:`vmp.statistics.compare` does with the positive weights' share against the negative ones'.

    Args:
        wanted: the table.
        weights: of rows, by their keys, that were tested on one data set. They have to sum to 0.
        store: where records are; None finds it.

    Raises:
        ValueError: weights that do not sum to 0, a key that the table has not, rows tested on different trajectories.
    """
    from vmp.statistics import compare

    above = sum(weight for weight in weights.values() if weight > 0)
    if not above or abs(sum(weights.values())) > 1e-9:
        raise ValueError(f"weights: expected some above 0 and a sum of 0, got {dict(weights)}")
    papers = sum(weight * paper_value(wanted.row(key), wanted, "top1") for key, weight in weights.items())
    found = StoredOutcomes(wanted, store)
    by_seed = {key: found.by_seed(wanted.row(key)) for key in weights}
    seeds = [seed for seed in range(len(wanted.seeds)) if all(each[seed] is not None for each in by_seed.values())]
    if not seeds:
        return Contrast(papers)
    right = {key: [each[seed] for seed in seeds] for key, each in by_seed.items()}
    groups = [one[0] for each in right.values() for one in each if one is not None]
    if any(not np.array_equal(groups[0], other) for other in groups):
        raise ValueError(f"contrast: expected rows of one data set, got {', '.join(weights)}")
    shares = [np.zeros((len(seeds), len(groups[0]))) for _ in range(2)]  # of the negative and of the positive weights
    for key, weight in weights.items():
        shares[weight > 0] += abs(weight) / above * np.stack([one[1] for one in right[key] if one is not None])
    compared = compare(*(share.clip(0, 1) for share in shares))
    low, high = compared.interval
    return Contrast(papers, above * compared.difference, above * low, above * high, compared.p, compared.seeds)
