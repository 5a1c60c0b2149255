"""A table beside the paper's: means over seeds, differences with interval and test, verdicts; from what is stored.

What is missing or stale stays empty and is named as such; nothing is filled in.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vmp.experiments import grid, paper
from vmp.experiments.grid import Pair, Row, Table
from vmp.experiments.state import State, state_of
from vmp.experiments.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from vmp.experiments.store import Record
    from vmp.statistics import Comparison

#: Metrics of a row, in percent of the groups: a trajectory counts once, however often it is rendered.
METRICS = ("top1", "top5")
#: Instead of a verdict where a run of the comparison is not stored: it was not tested, nor judged.
NOT_RUN = "not run yet"


def table(
    name: str | Table,
    scale: str = "small",
    seeds: int | Sequence[int] = 3,
    *,
    backbone: str | None = None,
    dataset: str | None = None,
    store: Store | str | os.PathLike[str] | None = None,
) -> pd.DataFrame:
    """The rows of a table, the paper's and those here.

    Columns: key, title, state ("stored", or how many of the seeds are stale or missing), seeds (those that are stored),
    top1 and top5 (means over seeds, percent of test trajectories), top1_low and top1_high (the lowest and the highest
    seed; the same for top5), paper_top1, paper_top5, against (the key of the row it is judged against), paper_delta,
    delta, low and high (points of top-1 and their interval), p_holm, verdict, note. Missing values are NaN.

    Args:
        name: of the table, or the table itself.
        scale, seeds, backbone, dataset: as :func:`vmp.experiments.grid.table` takes them.
        store: where records are; None finds it.

    Raises:
        ValueError: an unknown name; a file of the store that was cut short or changed.
    """
    wanted = grid.table(name, scale, seeds, backbone, dataset) if isinstance(name, str) else name
    return table_and_pairs(wanted, store)[0]


def table_and_pairs(
    wanted: Table, store: Store | str | os.PathLike[str] | None = None
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """:func:`table` and :func:`pairs` of a table, each run looked up and each pair judged once for both."""
    import pandas as pd

    found = _Found(wanted, store)
    compared = pairs(wanted, store=found.store, _found=found)
    # reversed, so that a row's first pair is what stays
    judged = {str(row["row"]): row for _, row in compared.iloc[::-1].iterrows()}
    rows = [_row(row, wanted, found) | _judgement(judged.get(row.key)) | {"note": row.note} for row in wanted.rows]
    return pd.DataFrame(rows), compared


def pairs(
    name: str | Table,
    scale: str = "small",
    seeds: int | Sequence[int] = 3,
    *,
    backbone: str | None = None,
    dataset: str | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    _found: _Found | None = None,
) -> pd.DataFrame:
    """What is compared in a table, judged together, on top-1 of the trajectories.

    Columns: row, against, printed (whether the paper prints this gain), and those of :func:`vmp.statistics.judge`:
    claim, paper, here, low, high, p, p_holm, verdict, sentence. Only seeds for which both rows are stored count; where
    there is none the verdict is :data:`NOT_RUN`.

    Args and Raises: as :func:`table`.
    """
    from vmp.statistics import judge

    wanted = grid.table(name, scale, seeds, backbone, dataset) if isinstance(name, str) else name
    if wanted.whole is not None:
        return _of_part(wanted, pairs(wanted.whole, store=_found.store if _found else store))
    found = _found or _Found(wanted, store)
    claims = {
        f"{pair.row} against {pair.against}": (found.comparison(pair), _paper_gain(pair, wanted))
        for pair in wanted.pairs
    }
    frame = judge(claims)
    frame.insert(0, "row", [pair.row for pair in wanted.pairs])
    frame.insert(1, "against", [pair.against for pair in wanted.pairs])
    frame.insert(2, "printed", [pair.printed for pair in wanted.pairs])
    frame.loc[frame["here"].isna(), "verdict"] = NOT_RUN
    return frame


def _of_part(part: Table, judged: pd.DataFrame) -> pd.DataFrame:
    """The pairs of a part of a table, as they are judged among all: a choice of rows changes no verdict."""
    judged = judged.set_index(["row", "against"])
    kept = judged.loc[[(pair.row, pair.against) for pair in part.pairs]].reset_index()
    return kept[["row", "against", "printed", *(name for name in kept if name not in ("row", "against", "printed"))]]


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

    found = _Found(wanted, store)
    gains = [gain for gain in (_paper_gain(pair, wanted) for pair in chosen) if gain is not None]
    outcomes = [each for each in (found.outcomes(pair) for pair in chosen) if each is not None]
    papers = float(np.mean(gains)) if gains else None
    if not outcomes:
        return None, papers, 0
    if any(not np.array_equal(outcomes[0][0], groups) for groups, _, _ in outcomes):
        raise ValueError(f"pooled: expected pairs of one data set, got {', '.join(pair.row for pair in chosen)}")
    without, with_ = (np.concatenate([each[place] for each in outcomes]) for place in (1, 2))
    return compare(without, with_), papers, len(outcomes)


class _Found:
    """What the store has of a table, each run looked up once."""

    def __init__(self, wanted: Table, store: Store | str | os.PathLike[str] | None) -> None:
        self.store = store if isinstance(store, Store) else Store.find(store)
        self.states = {run.identity: state_of(run, self.store) for row in wanted.rows for run in row.runs}
        self._wanted = wanted
        self._outcomes: dict[str, tuple[NDArray[np.int64], NDArray[np.bool_]]] = {}

    def of(self, row: Row) -> list[State]:
        return [self.states[run.identity] for run in row.runs]

    def records(self, row: Row) -> list[list[Record]]:
        """For each seed its records, one a fold; none where not all of them are stored."""
        found = []
        for runs in row.by_seed:
            states = [self.states[run.identity] for run in runs]
            records = [state.record for state in states if state.name == "stored" and state.record is not None]
            found.append(records if len(records) == row.folds else [])
        return found

    def comparison(self, pair: Pair) -> Comparison | None:
        """With against without, over the seeds for which both are stored; None: there is no such seed."""
        from vmp.statistics import compare

        outcomes = self.outcomes(pair)
        return None if outcomes is None else compare(*outcomes[1:])

    def outcomes(self, pair: Pair) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]] | None:
        """The groups, and for each seed for which both are stored what was right without and with."""
        against, row = (self._by_seed(self._wanted.row(key)) for key in (pair.against, pair.row))
        kept = [(a, b) for a, b in zip(against, row, strict=True) if a is not None and b is not None]
        if not kept:
            return None
        groups = [group for a, b in kept for group in (a[0], b[0])]
        if any(not np.array_equal(groups[0], other) for other in groups):
            raise ValueError(f"{pair.row} and {pair.against} were tested on different trajectories; they have no pairs")
        return groups[0], np.stack([a[1] for a, _ in kept]), np.stack([b[1] for _, b in kept])

    def _by_seed(self, row: Row) -> list[tuple[NDArray[np.int64], NDArray[np.bool_]] | None]:
        """For each seed the groups of all folds, and whether each was right; None where a fold is not stored."""
        found: list[tuple[NDArray[np.int64], NDArray[np.bool_]] | None] = []
        for runs in row.by_seed:
            states = [self.states[run.identity] for run in runs]
            if any(state.name != "stored" for state in states):
                found.append(None)
                continue
            groups, right = zip(*(self._right(state.key) for state in states), strict=True)
            found.append((np.concatenate(groups), np.concatenate(right)))
        return found

    def _right(self, key: str) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """The groups of a record, sorted, and whether the label with the highest score is theirs."""
        if key not in self._outcomes:
            frame = self.store.predictions(key)
            frame = frame[frame["level"] == "group"].sort_values("group")
            right = frame["first"].to_numpy() == frame["label"].to_numpy()
            self._outcomes[key] = frame["group"].to_numpy(dtype=np.int64), right
        return self._outcomes[key]


def _row(row: Row, wanted: Table, found: _Found) -> dict[str, Any]:
    stored = [records for records in found.records(row) if records]
    shown: dict[str, Any] = {
        "key": row.key, "title": row.title, "state": _state(found.of(row)), "seeds": len(stored),
    }  # fmt: skip
    for metric in METRICS:
        values = [float(np.mean([record.metrics["group"][metric] for record in each])) for each in stored] or [math.nan]
        shown |= {metric: float(np.mean(values)), f"{metric}_low": min(values), f"{metric}_high": max(values)}
    for metric in METRICS:
        shown[f"paper_{metric}"] = _paper_value(row, wanted, metric)
    return shown


def _state(states: Sequence[State]) -> str:
    """ "stored", "stale" or "missing" for all seeds, or how many of each."""
    names = [state.name for state in states]
    if len(set(names)) == 1:
        return names[0]
    return ", ".join(f"{names.count(name)} {name}" for name in ("stored", "stale", "missing") if name in names)


def _judgement(judged: pd.Series | None) -> dict[str, Any]:
    """The columns of a row that come from the first pair it is in."""
    if judged is None:
        empty = dict.fromkeys(("paper_delta", "delta", "low", "high", "p_holm"), math.nan)
        return {"against": ""} | empty | {"verdict": ""}
    return {
        "against": judged["against"], "paper_delta": judged["paper"], "delta": judged["here"], "low": judged["low"],
        "high": judged["high"], "p_holm": judged["p_holm"], "verdict": judged["verdict"],
    }  # fmt: skip


def _paper_value(row: Row, wanted: Table, metric: str) -> float:
    if row.paper is None or wanted.number is None:
        return math.nan
    columns = paper.table(wanted.number).columns
    if "metric" in columns:
        printed = paper.rows(wanted.number, **row.paper)["metric"]
        return paper.value(wanted.number, **row.paper, metric=metric) if (printed == metric).any() else math.nan
    if f"{metric}_percent" not in columns:
        return math.nan
    return paper.value(wanted.number, f"{metric}_percent", **row.paper)


def _paper_gain(pair: Pair, wanted: Table) -> float | None:
    """The paper's gain in top-1 of a row; against a control that the paper lacks, the one it claims for that row."""
    row, against = wanted.row(pair.row), wanted.row(pair.against)
    if not pair.printed:
        against = next((wanted.row(each.against) for each in wanted.pairs if each.row == pair.row), against)
    if row.paper is None or against.paper is None or wanted.number is None:
        return None
    gain = round(_paper_value(row, wanted, "top1") - _paper_value(against, wanted, "top1"), 1)
    return None if math.isnan(gain) else gain  # Table 7 prints dashes
