"""A table beside the paper's: means over seeds, differences with interval and test, verdicts; from what is stored.

What is missing or stale stays empty and is named as such; nothing is filled in.
"""

from __future__ import annotations

import math
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vmp.experiments import grid
from vmp.experiments.grid import Row, Table
from vmp.experiments.outcomes import StoredOutcomes
from vmp.experiments.printed import paper_gain, paper_value
from vmp.experiments.state import State
from vmp.experiments.store import Store

if TYPE_CHECKING:
    import pandas as pd

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

    found = StoredOutcomes(wanted, store)
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
    _found: StoredOutcomes | None = None,
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
    found = _found or StoredOutcomes(wanted, store)
    claims = {
        f"{pair.row} against {pair.against}": (found.comparison(pair), paper_gain(pair, wanted))
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


def _row(row: Row, wanted: Table, found: StoredOutcomes) -> dict[str, Any]:
    stored = [records for records in found.records(row) if records]
    shown: dict[str, Any] = {
        "key": row.key, "title": row.title, "state": _state(found.of(row)), "seeds": len(stored),
    }  # fmt: skip
    for metric in METRICS:
        values = [float(np.mean([record.metrics["group"][metric] for record in each])) for each in stored] or [math.nan]
        shown |= {metric: float(np.mean(values)), f"{metric}_low": min(values), f"{metric}_high": max(values)}
    for metric in METRICS:
        shown[f"paper_{metric}"] = paper_value(row, wanted, metric)
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
