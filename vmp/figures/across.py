"""A new head on another set's model beside the model that is trained on the set itself: what the move costs."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from vmp.experiments import grid
from vmp.experiments.reproduction import Reproduction, difference, stored
from vmp.experiments.store import Store
from vmp.figures.reproduced import spread
from vmp.figures.tables import Table


def other_and_own(shown: Reproduction, lambda_: float | None = None, store: Store | None = None) -> pd.DataFrame:
    """Each row of Table 4 beside the row of Table 5's clean clips that is tested on the same set.

    Columns: title, paper_other, paper_own, other, own (rows of :func:`vmp.experiments.compare.table`; as text), cost
    (own minus other here, points, over the seeds for which both are stored), paper_cost. What is not stored is NaN, and
    said in the text.

    Args:
        shown: of Table 4.
        lambda_: as it was asked for.
        store: where records are; None finds it.
    """
    table = shown.table
    whole = grid.table("table5", table.scale, table.seeds, table.backbones[0])
    keys = dict.fromkeys(own_key(row.key) for row in table.rows)
    wanted = whole.picked(keys)
    own = stored(wanted if lambda_ is None else wanted.with_lambda(lambda_), store)
    owns = own.rows.set_index("key")
    rows = []
    for _, row in shown.rows.iterrows():
        there: Any = owns.loc[own_key(row["key"])]
        rows.append(
            {
                "title": row["title"],
                "paper_other": row["paper_top1"],
                "paper_own": there["paper_top1"],
                "paper_cost": round(there["paper_top1"] - row["paper_top1"], 1),
                "other": spread(row, "top1"),
                "own": spread(there, "top1"),
                "cost": difference(own.by_seed(own_key(row["key"])), shown.by_seed(row["key"])),
            }
        )
    return pd.DataFrame(rows)


def own_key(key: str) -> str:
    """ "finegym-mpii/vmp" -> "mpii/none/vmp": the row that was trained on the target itself."""
    way, _, variant = key.partition("/")
    return f"{way.rpartition('-')[2]}/none/{variant}"


def other_and_own_table(compared: pd.DataFrame) -> Table:
    """What :func:`other_and_own` gives, as a page shows it; and what the move costs, the paper's and here."""
    frame = pd.DataFrame(
        {
            "from and to": compared["title"],
            "paper, new head": compared["paper_other"],
            "paper, all trained": compared["paper_own"],
            "here, new head": compared["other"],
            "here, all trained": compared["own"],
            "paper, cost": compared["paper_cost"],
            "here, cost": compared["cost"],
        }
    )
    costs = [cost for cost in compared["cost"] if not math.isnan(cost)]
    said = f" Here the move costs {min(costs):.1f} to {max(costs):.1f} points." if costs else ""
    return Table(
        frame,
        decimals=1,
        stack=True,
        caption="Top-1 in percent. New head: the rest is another set's; all trained: on the target itself, from the "
        f"same pretraining. Cost: the second less the first, in points; it is not a claim, so it is not judged.{said}",
    )
