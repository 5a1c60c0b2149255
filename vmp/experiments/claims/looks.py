"""How a claim of the paper is looked at: what the stored runs of its table say, with a p where there is a test.

Each function gives a :data:`Look`: a table and a store to a :class:`Seen`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vmp.experiments import contrasts
from vmp.experiments.claims.learned import Learned, differences, numbers
from vmp.experiments.loading import load
from vmp.experiments.outcomes import StoredOutcomes
from vmp.experiments.rows import Pair, Table
from vmp.experiments.store import Store
from vmp.statistics import Comparison


@dataclass(frozen=True)
class Seen:
    """What was found of a claim.

    Attributes:
        unit: of ``paper``, ``here``, ``low`` and ``high``.
        paper: its number; NaN where it prints none.
        here: the same of the stored runs; NaN: none is stored.
        low, high: an interval, or the lowest and the highest; NaN where there is none.
        direction: what the paper says: above 0, below 0.
        p: before any correction; NaN: nothing was tested.
        runs: how many runs are compared with as many others.
        rows: for how many of the claim's rows runs are stored; empty where it is about one.
        comparison: of accuracies, which have their own rule.
        effect: what the p is of, where that is not ``here``.
        verdict: where the claim has a rule of its own; else it comes from the p.
    """

    unit: str
    paper: float = math.nan
    here: float = math.nan
    low: float = math.nan
    high: float = math.nan
    direction: float = 0.0
    p: float = math.nan
    runs: int = 0
    rows: str = ""
    comparison: Comparison | None = None
    effect: float = math.nan
    verdict: str = ""


Look = Callable[[Table, Store], Seen]
#: The unit of how fast a time grows.
POWER = "as power of HW"
#: A row and the row it is held against; "start" for what it starts from.
Rows = tuple[str, str]


def gain(chosen: Callable[[Pair], bool]) -> Look:
    """The gain in top-1, pooled over the table's pairs that are chosen; all of them have to be of one data set."""

    def look(table: Table, store: Store) -> Seen:
        pairs = [pair for pair in table.pairs if chosen(pair)]
        comparison, papers, stored = contrasts.pooled(table, pairs, store)
        paper, rows = math.nan if papers is None else papers, f"{stored} of {len(pairs)}" if len(pairs) > 1 else ""
        if comparison is None:
            return Seen("points", paper, direction=paper, rows=rows)
        return Seen(
            "points", paper, comparison.difference, *comparison.interval, paper, comparison.p, comparison.seeds, rows,
            comparison,
        )  # fmt: skip

    return look


def contrast(weights: Mapping[str, float], need: Sequence[str] = ()) -> Look:
    """A weighted sum of rows' accuracies: one above others, one that gains more than others.

    Args:
        weights: of rows, by their keys.
        need: rows without which the claim cannot be tested, because one that only guesses would decide it.
    """

    def look(table: Table, store: Store) -> Seen:
        found = contrasts.contrast(table, weights, store)
        numbers = (found.paper, found.here, found.low, found.high, found.paper)
        if any(_guesses(table, key, store) for key in need):
            return Seen("points", *numbers, runs=found.seeds, verdict="not testable here")
        return Seen("points", *numbers, found.p, found.seeds)

    return look


def _guesses(table: Table, key: str, store: Store) -> bool:
    from vmp.data.rendered_sets import chance
    from vmp.experiments.findings.at_chance import is_chance

    row = table.row(key)
    right = [each[1] for each in StoredOutcomes(table, store).by_seed(row) if each is not None]
    return bool(right) and is_chance(100 * float(np.mean(right)), len(right[0]), chance(row.runs[0].dataset))


def objects(measure: str) -> Look:
    """Table 6: the gain over its four actions, with one object each ("sample") or with every one ("total")."""

    def look(table: Table, store: Store) -> Seen:
        from vmp.experiments.findings.object_accuracy import four_actions

        comparison, paper = four_actions(load(table, store=store), measure)
        if comparison is None:
            return Seen("points", paper, direction=paper)
        return Seen(
            "points", paper, comparison.difference, *comparison.interval, paper, comparison.p, comparison.seeds,
            comparison=comparison,
        )  # fmt: skip

    return look


def learned(claim: Learned) -> Look:
    """The mean difference of a learned number between rows; the test flips pairs of runs, the interval is over seeds.

    All runs of a seed begin at one random slope and shift, and how far and where training moves them hangs on that. So
    their pairs are not independent, whatever their number: where seeds differ by as much as rows, flips of 8 rows in 3
    seeds alone tell a direction 39 times in 100 where there is none. A direction needs the interval as well.
    """

    def look(table: Table, store: Store) -> Seen:
        from vmp.statistics import sign_flip_p

        found = differences(claim, numbers(load(table, store=store)))
        values = found.to_numpy(dtype=float)
        values = values[~np.isnan(values)]
        if not len(values):
            return Seen(claim.column, direction=claim.sign)
        low, high = _over_seeds(found.mean(axis="columns").to_numpy(dtype=float))
        return Seen(
            claim.column, here=float(values.mean()), low=low, high=high, direction=claim.sign, p=sign_flip_p(values),
            runs=len(values), verdict="cannot tell" if math.isnan(low) else "",
        )  # fmt: skip

    return look


def _over_seeds(means: NDArray[np.float64]) -> tuple[float, float]:
    """Student's 95 % interval of the mean of (S,) numbers, one a seed; NaN for fewer than two."""
    from scipy.stats import t

    if len(means) < 2:
        return math.nan, math.nan
    half = float(t.ppf(0.975, len(means) - 1) * means.std(ddof=1) / math.sqrt(len(means)))
    return float(means.mean()) - half, float(means.mean()) + half


def classes(row: str, against: str, improved: int, of: int) -> Look:
    """The share of classes that gained, and whether more gained than lost.

    Two tests, of which the less sure one counts: a sign test of the classes, which takes the trained models as they
    are, and Student's of the seeds, which asks whether other seeds would agree.

    Args:
        row, against: keys of the table.
        improved, of: the paper's count, and its classes.
    """

    def look(table: Table, store: Store) -> Seen:
        from vmp.experiments.findings.class_gains import changed, class_accuracies, sign_test

        found, paper = load(table, store=store), 100 * improved / of
        gains = class_accuracies(found, row) - class_accuracies(found, against)
        gains = gains.dropna(axis="columns", how="all").round(9)
        if gains.empty:
            return Seen("% of classes", paper, direction=1.0)
        mean = gains.mean(axis="columns").round(9)
        counts = changed(mean)
        more = np.sign(gains.to_numpy(dtype=float)).mean(axis=0)  # of each seed, the share that gained less that lost
        return Seen(
            "% of classes", paper, 100 * counts["gained"] / len(gains), direction=1.0,
            effect=counts["gained"] - counts["lost"], p=max(sign_test(mean), _student(more)), runs=gains.shape[1],
        )  # fmt: skip

    return look


def most_alike(first: Sequence[Rows], others: Sequence[Sequence[Rows]]) -> Look:
    """By how much the weights of some rows are more alike than those of the most alike of others.

    Likeness is the mean cosine of all layers, and of several pairs of rows their mean; the test, and the interval, are
    Student's over seeds.

    Args:
        first: pairs of rows, each a row and the row it is held against.
        others: the same for each of those that it should be ahead of.
    """
    all_of = [first, *others]

    def look(table: Table, store: Store) -> Seen:
        found = load(table, store=store).similarity
        if not len(found):
            return Seen("cosine", direction=1.0)
        means = found.groupby(["seed", "row", "against"])["cosine"].mean().unstack(["row", "against"])
        needed = list(dict.fromkeys(pair for pairs in all_of for pair in pairs))
        if any(pair not in means.columns for pair in needed):
            return Seen("cosine", direction=1.0)
        means = means[needed].dropna()
        if not len(means):
            return Seen("cosine", direction=1.0)
        alike = np.stack([means[list(pairs)].mean(axis=1).to_numpy(dtype=float) for pairs in all_of])
        ahead = alike[0] - alike[1:].max(axis=0)
        low, high = _over_seeds(ahead)
        return Seen("cosine", math.nan, float(ahead.mean()), low, high, 1.0, _student(ahead), len(ahead))

    return look


def _student(values: NDArray[np.float64]) -> float:
    """Two-sided p of Student's test that the mean of (S,) numbers, one a seed, is 0; 1 for fewer than two."""
    from scipy.stats import ttest_1samp

    if len(values) < 2 or not values.any():
        return 1.0
    if np.ptp(values) == 0:  # the test has no denominator: that of their signs
        return float(0.5 ** (len(values) - 1))
    return float(ttest_1samp(values, 0.0).pvalue)


def overhead(table: Table, store: Store) -> Seen:
    """What a training step with the layer takes longer, from the stored times; its verdict is a rule of its own."""
    from vmp.experiments.timing import overhead as measured
    from vmp.experiments.timing.table import table as times

    found = measured.overhead(times(table.scale, store, "auto"))
    said = "" if math.isnan(found.here) else found.verdict
    return Seen("% longer", found.paper, found.here, found.low, found.high, verdict=said)


def linear(table: Table, store: Store) -> Seen:
    """The power of a frame's pixels with which the layer's time grows, from the stored times at several sizes.

    It is one of its own rule: the same as the paper's 1 where that is inside the 95 % interval and a neighbour that
    would matter, 0.5 or 1.5, is not; opposite where 1 is outside.
    """
    from vmp.experiments.timing import plan
    from vmp.experiments.timing.layer import growth
    from vmp.experiments.timing.records import TimingStore

    wanted = plan(table.scale)
    measured = TimingStore(store).layer(wanted.batch, wanted.sides, wanted.on)
    if measured is None:
        return Seen(POWER, 1.0)
    fit = growth(*measured.medians)
    verdict = "cannot tell"
    if not fit.low <= 1 <= fit.high:
        verdict = "opposite" if math.isfinite(fit.exponent) else verdict
    elif fit.low > 0.5 and fit.high < 1.5:
        verdict = "same direction on the stand-in"
    return Seen(POWER, 1.0, fit.exponent, fit.low, fit.high, verdict=verdict)
