"""Which rows are no better than guessing: a gain on such a row compares guesses with guesses."""

from __future__ import annotations

from typing import NamedTuple

from vmp.experiments.reproduction import Reproduction, trajectories_tested


class Guess(NamedTuple):
    """A row whose top-1 may be chance.

    Attributes:
        title: of the row.
        top1: percent, the mean over its seeds.
        chance: percent, one class of all.
    """

    title: str
    top1: float
    chance: float


def is_chance(top1: float, count: int, chance: float) -> bool:
    """Whether chance is inside Wilson's 95 % interval of a top-1, or above it; never where chance is NaN.

    Args:
        top1, chance: percent.
        count: trajectories; seeds, which share them, do not count.
    """
    from statsmodels.stats.proportion import proportion_confint

    low, _ = proportion_confint(top1 / 100 * count, count, method="wilson")
    return bool(100 * low <= chance)


def at_chance(shown: Reproduction) -> list[Guess]:
    """Of the rows that others are held against those with chance inside Wilson's 95 % interval of their mean top-1.

    Rows that are not stored, and those of data sets that are not rendered, are left out.
    """
    from vmp.data.rendered_sets import chance

    tested, rows = trajectories_tested(shown), {row["key"]: row for row in shown.rows.to_dict("records")}
    found = []
    for key in dict.fromkeys(pair.against for pair in shown.table.pairs):
        dataset, top1 = shown.table.row(key).runs[0].dataset, float(rows[key]["top1"])
        if top1 == top1 and is_chance(top1, int(tested[dataset]), chance(dataset)):
            found.append(Guess(rows[key]["title"], top1, chance(dataset)))
    return found


def chance_sentence(shown: Reproduction) -> str:
    """Those rows in words; empty where there is none."""
    found = at_chance(shown)
    if not found:
        return ""
    listed = ", ".join(f"{each.title} {each.top1:.1f}" for each in found)
    return (
        f"Without the layer {'this row is' if len(found) == 1 else f'these {len(found)} rows are'} not above chance "
        f"({found[0].chance:.1f} %, which is inside Wilson's 95 % interval): {listed}. Such a model learned nothing of "
        "the classes here, and its row says nothing about the claim."
    )
