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
    return [title for titles in _by_backbone(table, found).values() for title, lost in titles.items() if lost]


def collapsed_sentence(table: Table, found: Loaded) -> str:
    """Those runs in words, a backbone all of whose runs collapsed as one; empty where there is none."""
    lost = collapsed(table, found)
    if not lost:
        return ""
    listed = []
    for backbone, titles in _by_backbone(table, found).items():
        names = [title for title, is_lost in titles.items() if is_lost]
        all_of = len(names) == len(titles) > 1
        listed.extend([f"{len(names)} of {backbone}, all that there are"] if all_of else names)
    return (
        f"**Training collapsed in {len(lost)} of the {len(found.runs)} runs that are stored for this page**: their "
        f"last epoch's loss is above {COLLAPSED:g} of guessing's. A difference from or to such a run is the collapse's "
        f"and not the layer's; they count in every number here all the same. {'; '.join(listed)}."
    )


def _by_backbone(table: Table, found: Loaded) -> dict[str, dict[str, bool]]:
    """For each backbone the stored runs that trained it, by row and seed, and whether each collapsed."""
    from vmp.data.rendered_sets import chance

    if not len(found.epochs) or "cross_entropy" not in found.epochs:
        return {}
    last = found.epochs.sort_values("epoch").groupby("identity")["cross_entropy"].last()
    runs = {run.identity: run for row in table.rows for run in row.runs}
    made: dict[str, dict[str, bool]] = {}
    for identity, key in table.row_of().items():
        run = runs[identity]
        if identity in last and "backbone" in run.recipe.trained:
            guessing = math.log(100 / chance(run.dataset))
            title = f"{table.row(key).title} (seed {run.seed})"
            made.setdefault(run.backbone, {})[title] = bool(last[identity] > COLLAPSED * guessing)
    return made
