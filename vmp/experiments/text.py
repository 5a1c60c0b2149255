"""A table beside the paper's for a terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING

from vmp.experiments.grid import Table

if TYPE_CHECKING:
    import pandas as pd


#: What the numbers of a table's rows are, where it has no unit of its own.
UNIT = "Top-1 and top-5 in percent of the test trajectories"


def table(
    wanted: Table,
    rows: pd.DataFrame,
    pairs: pd.DataFrame,
    digits: int = 1,
    caption: str | None = None,
    unit: str = UNIT,
) -> str:
    """Rows, then what is compared, with intervals and verdicts.

    Args:
        wanted: the table.
        rows: of :func:`vmp.experiments.compare.table`.
        pairs: of :func:`vmp.experiments.compare.pairs`.
        digits: after the point of percentages and points.
        caption: above it; None: scale, seeds and what is stood in for.
        unit: what the rows' numbers are.
    """
    plain = f"Scale {wanted.scale}, {count(len(wanted.seeds), 'seed')}" + (
        f"; {wanted.stands_for}" if wanted.stands_for else ""
    )
    state = {"stored": ""}
    shown = [tuple(state.get(cell, cell) for cell in line) for line in row_cells(rows, digits)]
    parts = [
        f"\n{title(wanted)}. {caption or plain}",
        f"{unit}: mean over seeds (lowest to highest)\n",
        aligned([without_top5(_ROW_HEAD, rows), *shown]),
    ]
    if len(pairs):
        said = "\nDifferences in top-1, points; p with Holm's correction over the whole table\n"
        parts += [said, aligned([_PAIR_HEAD, *pair_cells(pairs, digits)])]
    return "\n".join(parts)


def summary(wanted: Table, rows: pd.DataFrame, pairs: pd.DataFrame) -> str:
    """A line: how many rows are stored, and how many comparisons came out with which verdict."""
    stored = int((rows["state"] == "stored").sum())
    counts = pairs["verdict"].value_counts()
    verdicts = ", ".join(f"{counts[name]} {name}" for name in counts.index)
    compared = f"; {count(len(pairs), 'comparison')}: {verdicts}" if len(pairs) else ""
    return f"{wanted.name}  {wanted.title}: {stored} of {count(len(rows), 'row')} stored{compared}"


def title(wanted: Table) -> str:
    """The paper's number, where it has one, and the title."""
    return f"Table {wanted.number}: {wanted.title}" if wanted.number else wanted.title


def row_cells(rows: pd.DataFrame, digits: int = 1) -> list[tuple[str, ...]]:
    """Of each row: title, the paper's top-1 and top-5, those here with the seeds' lowest and highest, state.

    Rows of Table 6 have no top-5.
    """
    metrics = [metric for metric in ("top1", "top5") if metric in rows]
    return [
        (
            row["title"],
            *(_number(row[f"paper_{metric}"], digits) for metric in metrics),
            *(_spread(row, metric, digits) for metric in metrics),
            row["state"],
        )
        for _, row in rows.iterrows()
    ]


def pair_cells(
    pairs: pd.DataFrame, digits: int = 1, titles: Mapping[str, str] = MappingProxyType({})
) -> list[tuple[str, ...]]:
    """Of each comparison: the two rows, by their titles or else keys, the paper's gain, here, interval, p, verdict."""
    return [
        (
            *(titles.get(pair[name], pair[name]) for name in ("row", "against")),
            *(_points(pair[name], digits) for name in ("paper", "here")),
            "" if _empty(pair["low"]) else f"{_points(pair['low'], digits)} to {_points(pair['high'], digits)}",
            "" if _empty(pair["p_holm"]) else _chance(pair["p_holm"]),
            pair["verdict"],
        )
        for _, pair in pairs.iterrows()
    ]


_ROW_HEAD = ("", "paper top-1", "top-5", "here top-1", "top-5", "")
_PAIR_HEAD = ("", "against", "paper", "here", "95 % interval", "p", "verdict")


def without_top5(head: Sequence[str], rows: pd.DataFrame) -> tuple[str, ...]:
    """A header of :func:`row_cells`, without what rows of one accuracy have not."""
    return tuple(name for name in head if "top-5" not in name or "top5" in rows)


def _spread(row: pd.Series, metric: str, digits: int) -> str:
    """The mean and, of more than one seed, the lowest and the highest."""
    if _empty(row[metric]):
        return "-"
    mean, low, high = (_number(row[name], digits) for name in (metric, f"{metric}_low", f"{metric}_high"))
    return f"{mean} ({low} to {high})" if row["seeds"] > 1 else mean


def _number(value: float, digits: int) -> str:
    return "" if _empty(value) else f"{value:.{digits}f}"


def _points(value: float, digits: int) -> str:
    return "" if _empty(value) else f"{round(value, digits) + 0.0:+.{digits}f}"  # no minus zero


def _chance(p: float) -> str:
    return "<0.001" if p < 0.0005 else f"{p:.3f}"


def _empty(value: float) -> bool:
    return value != value


def count(number: int, noun: str) -> str:
    """ "1 run", "3 runs"."""
    return f"{number} {noun}{'' if number == 1 else 's'}"


def aligned(lines: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest entry, two spaces apart."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(f"{cell:<{w}}" for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)
