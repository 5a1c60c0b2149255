"""A table of the paper as a chapter shows it: its rows, what is compared, and where the numbers come from, in words."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmp.experiments import compare, grid, text
from vmp.experiments.findings.collapsed import collapsed_sentence
from vmp.experiments.loading import load, run_missing
from vmp.experiments.rows import Table
from vmp.experiments.run import Run, in_order
from vmp.experiments.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from vmp.experiments.loading import Loaded


@dataclass(frozen=True)
class Reproduction:
    """What a chapter is made of.

    Attributes:
        table: the runs that were asked for.
        rows: of :func:`vmp.experiments.compare.table`.
        pairs: of :func:`vmp.experiments.compare.pairs`.
        found: what is stored of the runs, of :func:`vmp.experiments.load`.
    """

    table: Table
    rows: pd.DataFrame
    pairs: pd.DataFrame
    found: Loaded

    @property
    def titles(self) -> dict[str, str]:
        """The words for each row, by its key."""
        return {row.key: row.title for row in self.table.rows}

    @property
    def unit(self) -> str:
        """What the numbers of the rows are."""
        return text.UNIT

    def by_seed(self, key: str) -> dict[int, float]:
        """Top-1 of a row's seeds for which all its runs are stored, the mean over their folds."""
        known = self.found.runs.set_index("identity")["top1"].to_dict() if len(self.found.runs) else {}
        row = self.table.row(key)
        return {
            runs[0].seed: sum(known[run.identity] for run in runs) / len(runs)
            for runs in row.by_seed
            if all(run.identity in known for run in runs)
        }

    def part(self, keys: Sequence[str]) -> Reproduction:
        """The rows of these keys and the comparisons among them, judged as they are among all."""
        rows = self.rows[self.rows["key"].isin(keys)].reset_index(drop=True)
        both = self.pairs["row"].isin(keys) & self.pairs["against"].isin(keys)
        return Reproduction(self.table, rows, self.pairs[both].reset_index(drop=True), self.found)


def reproduce(
    name: str,
    scale: str = "small",
    seeds: int | Sequence[int] = 3,
    *,
    backbones: Sequence[str] | None = None,
    datasets: Sequence[str] | None = None,
    backbone: str | None = None,
    dataset: str | None = None,
    lambda_: float | None = None,
    device: str = "auto",
    report: Callable[[str], None] = lambda line: None,
    store: Store | str | os.PathLike[str] | None = None,
) -> Reproduction:
    """Train what is missing of a table, and read all of it.

    Args:
        name, scale, seeds: as :func:`vmp.experiments.grid.table` takes them.
        backbones: the rows of these alone; "x3d" stands for every X3D of the table. None: all.
        datasets: the rows of these alone. None: all.
        backbone, dataset: another one than the table's, of a table that has one.
        lambda_: of Eq. 7 for every run that trains the layer. None: what the table has.
        device, report, store: as :func:`vmp.experiments.run_missing` takes them.

    Raises:
        ValueError: an unknown name, with the nearest.
        RuntimeError: a run failed.
    """
    wanted = grid.table(name, scale, seeds, backbone, dataset)
    if backbones is not None or datasets is not None:
        wanted = wanted.only(backbones=backbones, datasets=datasets)
    if lambda_ is not None:
        wanted = wanted.with_lambda(lambda_)
    run_missing(wanted, store=store, device=device, report=report)
    return stored(wanted, store)


def stored(wanted: Table, store: Store | str | os.PathLike[str] | None = None) -> Reproduction:
    """What is stored of a table; nothing is trained."""
    found = store if isinstance(store, Store) else Store.find(store)
    rows, pairs = compare.table_and_pairs(wanted, found)
    return Reproduction(wanted, rows, pairs, load(wanted, store=found))


def provenance(shown: Reproduction) -> str:
    """Where the numbers of a page come from: scale, stand-ins, runs, seeds, test trajectories, device, dates."""
    table, runs = shown.table, shown.found.runs
    wanted = {run.identity for row in table.rows for run in row.runs}
    have = runs[runs["identity"].isin(wanted)] if len(runs) else runs
    parts = [f"Scale “{table.scale}”" + (f": {table.stands_for}" if table.stands_for else "")]
    counted = f"{len(wanted)} runs" if len(have) == len(wanted) else f"{len(have)} of {len(wanted)} runs stored"
    parts.append(f"{counted}, seeds {', '.join(map(str, table.seeds))}")
    if len(have):
        parts.append(_tested(shown))
        parts.append("; ".join(sorted(set(have["device"]))))
        days = sorted({str(date)[:10] for date in have["date"]})
        parts.append(days[0] if len(days) == 1 else f"{days[0]} to {days[-1]}")
    return "; ".join(part for part in parts if part) + "."


def pretrained(shown: Reproduction) -> str:
    """What the runs start from, that pretraining is not done again a seed, and in which of them training collapsed."""
    return "\n\n".join(part for part in (_starts(shown), collapsed_sentence(shown.table, shown.found)) if part)


def _starts(shown: Reproduction) -> str:
    sources = [run for run in in_order(shown.table.runs()) if run.start is None and run.dataset.startswith("source-")]
    if not sources:
        return ""
    known = shown.found.runs.set_index("identity")["top1"].to_dict() if len(shown.found.runs) else {}
    said = [f"{run.backbone} on {run.dataset} ({_reached(known.get(run.identity), run)})" for run in sources]
    once = "one pretraining run" if len(said) == 1 else "one pretraining run for each backbone and source"
    return (
        f"All seeds start from {once}, as all of the paper's start from published checkpoints; pretraining is not "
        f"redone a seed: {', '.join(said)}. A seed decides the new head, the random start of m and n, the order of the "
        "clips and which rendering of a trajectory an epoch shows."
    )


def _reached(top1: float | None, run: Run) -> str:
    from vmp.data.rendered_sets import chance

    if top1 is None:
        return "not stored"
    return f"top-1 {top1:.1f} % on its own test split, {chance(run.dataset):.1f} by chance"


def difference(ours: dict[int, float], others: dict[int, float]) -> float:
    """The mean of ours less others, of :meth:`Reproduction.by_seed`, over the seeds that both have; NaN without one."""
    both = ours.keys() & others.keys()
    return sum(ours[seed] - others[seed] for seed in both) / len(both) if both else math.nan


def tally(pairs: pd.DataFrame) -> str:
    """How many comparisons came out with which verdict, in words: "3 “cannot tell”, 1 “opposite”, 2 not run yet"."""
    run = pairs[pairs["here"].notna()]
    said = [f"{count} “{name}”" for name, count in run["verdict"].value_counts().items()]
    if len(run) < len(pairs):
        said.append(f"{len(pairs) - len(run)} not run yet")
    return ", ".join(said)


def outcome(shown: Reproduction) -> str:
    """What became of the gains that the paper prints: verdicts, the signs alone, and the mean gain, paper and here."""
    printed = shown.pairs[shown.pairs["printed"] & shown.pairs["paper"].notna()]
    run = printed[printed["here"].notna()]
    said = f"Of the {len(printed)} gains that the paper prints here: {tally(printed)}."
    if len(run) < 2:
        return said
    higher, papers = int((run["here"] > 0).sum()), run["paper"].astype(float)
    return (
        f"{said} With the layer {higher} of the {len(run)} rows that were run are higher and "
        f"{int((run['here'] < 0).sum())} lower, by {points(run['here'].mean())} points on average; in the paper "
        f"{int((papers > 0).sum())} of them are higher, by {points(papers.mean())}. Signs and means are told for the "
        "picture; a direction is what the verdicts say."
    )


def points(value: float) -> str:
    """A difference with its sign, to a tenth."""
    return f"{value:+.1f}".replace("-", "−")


def _tested(shown: Reproduction) -> str:
    counts = trajectories_tested(shown)
    said = ", ".join(f"{count} ({name})" for name, count in counts.items())
    return f"test trajectories: {said}" if said else ""


def trajectories_tested(shown: Reproduction) -> pd.Series:
    """How many trajectories the stored runs of the rows were tested on, by data set; empty where none is stored."""
    import pandas as pd

    groups = shown.found.predictions
    if not len(groups):
        return pd.Series(dtype="int64")
    of_set = {run.identity: run.dataset for row in shown.table.rows for run in row.runs}
    groups = groups[(groups["level"] == "group") & groups["identity"].isin(of_set)]
    return groups.groupby(groups["identity"].map(of_set))["group"].nunique()
