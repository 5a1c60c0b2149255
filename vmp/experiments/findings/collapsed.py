"""Runs whose training collapsed: their loss ended near that of guessing, and what they are held against gains by it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from vmp.experiments.rows import Table

if TYPE_CHECKING:
    from vmp.experiments.loading import Loaded

#: Part of the loss of guessing, ln C, above which the last epoch's cross-entropy counts as collapsed.
COLLAPSED = 0.85


def collapsed(table: Table, found: Loaded) -> list[str]:
    """Row and seed of the stored runs that trained a backbone and ended above :data:`COLLAPSED` times ln C.

    The loss is that of the training clips, so nothing that is tested decides. Data sets that are not rendered are left
    out.
    """
    from vmp.data.rendered_sets import chance

    if not len(found.epochs) or "cross_entropy" not in found.epochs:
        return []
    last = found.epochs.sort_values("epoch").groupby("identity")["cross_entropy"].last()
    runs = {run.identity: run for row in table.rows for run in row.runs}
    return [
        f"{table.row(key).title} (seed {run.seed})"
        for key, run in ((key, runs[identity]) for identity, key in table.row_of().items())
        if "backbone" in run.recipe.trained
        and last.get(run.identity, math.nan) > COLLAPSED * math.log(100 / chance(run.dataset))
    ]


def collapsed_sentence(table: Table, found: Loaded) -> str:
    """Those runs in words; empty where there is none."""
    titles = collapsed(table, found)
    if not titles:
        return ""
    return (
        f"**Training collapsed in {len(titles)} of the {len(found.runs)} runs that are stored for this page**: their "
        f"last epoch's loss is above {COLLAPSED:g} of guessing's. A difference from or to such a run is the collapse's "
        f"and not the layer's; they count in every number here all the same. {'; '.join(titles)}."
    )
