"""A table beside the paper's for a terminal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from vmp.experiments.grid import Table

if TYPE_CHECKING:
    import pandas as pd


def table(wanted: Table, rows: pd.DataFrame, pairs: pd.DataFrame) -> str:
    """Rows, then what is compared, with intervals and verdicts.

    Args:
        wanted: the table.
        rows: of :func:`vmp.experiments.compare.table`.
        pairs: of :func:`vmp.experiments.compare.pairs`.
    """
    number = f"Table {wanted.number}: " if wanted.number else ""
    parts = [
        f"\n{number}{wanted.title}. Scale {wanted.scale}, {_count(len(wanted.seeds), 'seed')}"
        + (f"; {wanted.stands_for}" if wanted.stands_for else ""),
        "Top-1 and top-5 in percent of the test trajectories: mean over seeds (lowest to highest)\n",
        _aligned([_ROW_HEAD, *(_row(row) for _, row in rows.iterrows())]),
        "\nDifferences in top-1, points; p with Holm's correction over this page\n",
        _aligned([_PAIR_HEAD, *(_pair(pair) for _, pair in pairs.iterrows())]),
    ]
    return "\n".join(parts)


_ROW_HEAD = ("", "paper top-1", "top-5", "here top-1", "top-5", "")
_PAIR_HEAD = ("", "against", "paper", "here", "95 % interval", "p", "verdict")


def _row(row: pd.Series) -> tuple[str, ...]:
    here = [_spread(row[m], row[f"{m}_low"], row[f"{m}_high"]) for m in ("top1", "top5")]
    state = "" if row["state"] == "stored" else row["state"]
    return (row["title"], _percent(row["paper_top1"]), _percent(row["paper_top5"]), *here, state)


def _pair(pair: pd.Series) -> tuple[str, ...]:
    interval = "" if _empty(pair["low"]) else f"{_points(pair['low'])} to {_points(pair['high'])}"
    p = "" if _empty(pair["p_holm"]) else f"{pair['p_holm']:.3f}"
    return (pair["row"], pair["against"], _points(pair["paper"]), _points(pair["here"]), interval, p, pair["verdict"])


def _spread(mean: float, low: float, high: float) -> str:
    return "-" if _empty(mean) else f"{mean:.1f} ({low:.1f} to {high:.1f})"


def _percent(value: float) -> str:
    return "" if _empty(value) else f"{value:.1f}"


def _points(value: float) -> str:
    return "" if _empty(value) else f"{value:+.1f}"


def _empty(value: float) -> bool:
    return value != value


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _aligned(lines: Sequence[Sequence[str]]) -> str:
    """Columns as wide as their widest entry, two spaces apart."""
    widths = [max(len(line[column]) for line in lines) for column in range(len(lines[0]))]
    return "\n".join("  ".join(f"{cell:<{w}}" for cell, w in zip(line, widths, strict=True)).rstrip() for line in lines)
