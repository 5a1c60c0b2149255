"""What the paper prints for the rows and pairs of a table."""

from __future__ import annotations

import math

from vmp.experiments import paper
from vmp.experiments.rows import Pair, Row, Table


def paper_value(row: Row, wanted: Table, metric: str) -> float:
    """The paper's "top1" or "top5" of a row, percent; NaN where it prints none."""
    if row.paper is None or wanted.number is None:
        return math.nan
    columns = paper.table(wanted.number).columns
    if "metric" in columns:
        printed = paper.rows(wanted.number, **row.paper)["metric"]
        return paper.value(wanted.number, **row.paper, metric=metric) if (printed == metric).any() else math.nan
    if f"{metric}_percent" not in columns:
        return math.nan
    return paper.value(wanted.number, f"{metric}_percent", **row.paper)


def paper_gain(pair: Pair, wanted: Table) -> float | None:
    """The paper's gain in top-1 of a row; against a control that the paper lacks, the one it claims for that row."""
    row, against = wanted.row(pair.row), wanted.row(pair.against)
    if not pair.printed:
        against = next((wanted.row(each.against) for each in wanted.pairs if each.row == pair.row), against)
    if row.paper is None or against.paper is None or wanted.number is None:
        return None
    gain = round(paper_value(row, wanted, "top1") - paper_value(against, wanted, "top1"), 1)
    return None if math.isnan(gain) else gain  # Table 7 prints dashes
