"""How a claim of the paper is looked at: what the stored runs of its table say, with a p where there is a test.

Each function gives a :data:`Look`: a table and a store to a :class:`Seen`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from vmp.experiments import compare
from vmp.experiments.claims.learned import Learned, differences
from vmp.experiments.loading import load
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
    verdict: str = ""


Look = Callable[[Table, Store], Seen]


def gain(chosen: Callable[[Pair], bool]) -> Look:
    """The gain in top-1, pooled over the table's pairs that are chosen; all of them have to be of one data set."""

    def look(table: Table, store: Store) -> Seen:
        pairs = [pair for pair in table.pairs if chosen(pair)]
        comparison, papers, stored = compare.pooled(table, pairs, store)
        paper, rows = math.nan if papers is None else papers, f"{stored} of {len(pairs)}" if len(pairs) > 1 else ""
        if comparison is None:
            return Seen("points", paper, direction=paper, rows=rows)
        return Seen(
            "points", paper, comparison.difference, *comparison.interval, paper, comparison.p, comparison.seeds, rows,
            comparison,
        )  # fmt: skip

    return look


def learned(claim: Learned) -> Look:
    """The mean difference of a learned number between rows; the test flips pairs of runs."""

    def look(table: Table, store: Store) -> Seen:
        from vmp.statistics import sign_flip_p

        found = differences(claim, load(table, store=store).layers)
        if not len(found):
            return Seen(claim.column, direction=claim.sign)
        here, p = float(found.mean()), sign_flip_p(found)
        return Seen(claim.column, here=here, direction=claim.sign, p=p, runs=len(found))

    return look


def classes(row: str, against: str, improved: int, of: int) -> Look:
    """The share of classes that gained; a sign test of those that gained against those that lost.

    Args:
        row, against: keys of the table.
        improved, of: the paper's count, and its classes.
    """

    def look(table: Table, store: Store) -> Seen:
        from vmp.experiments.findings.class_gains import changed, class_gains, class_names, sign_test

        found, dataset = load(table, store=store), table.row(row).runs[0].dataset
        paper = 100 * improved / of
        if not len(found.predictions):
            return Seen("% of classes", paper, direction=1.0)
        gains = class_gains(found, row, against, class_names(dataset))
        if not len(gains):
            return Seen("% of classes", paper, direction=1.0)
        counts = changed(gains["gain"])
        return Seen(
            "% of classes", paper, 100 * counts["gained"] / len(gains), direction=counts["gained"] - counts["lost"],
            p=sign_test(gains["gain"]), runs=len(table.seeds),
        )  # fmt: skip

    return look


def most_alike(first: tuple[str, str], others: Iterable[tuple[str, str]]) -> Look:
    r"""By how much two rows' weights are more alike than those of other pairs, the mean cosine of all layers.

    If all k pairs were alike, a given one would be ahead in all S seeds with a chance of :math:`1 / k^S`. That is p
    where it is ahead in all of them; else p is 1.

    Args:
        first: row and the row it is held against.
        others: the pairs that it should be ahead of.
    """
    pairs = [first, *others]

    def look(table: Table, store: Store) -> Seen:
        found = load(table, store=store).similarity
        if not len(found):
            return Seen("cosine", direction=1.0)
        means = found.groupby(["seed", "row", "against"])["cosine"].mean().unstack(["row", "against"])
        if any(pair not in means.columns for pair in pairs):
            return Seen("cosine", direction=1.0)
        means = means[pairs].dropna()
        if not len(means):
            return Seen("cosine", direction=1.0)
        ahead = means[first] - means[pairs[1:]].max(axis=1)
        p = float(len(pairs)) ** -len(ahead) if (ahead > 0).all() else 1.0
        return Seen("cosine", here=float(ahead.mean()), direction=1.0, p=p, runs=len(ahead))

    return look


def overhead(table: Table, store: Store) -> Seen:
    """What a training step with the layer takes longer, from the stored times; its verdict is a rule of its own."""
    from vmp.experiments.timing import overhead as measured
    from vmp.experiments.timing.table import table as times

    found = measured.overhead(times(table.scale, store, "auto"))
    said = "" if math.isnan(found.here) else found.verdict
    return Seen("% longer", found.paper, found.here, found.low, found.high, verdict=said)
