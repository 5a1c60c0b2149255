"""What the layer gains, the paper's and here, at a glance: a line from the accuracy without it to the one with it."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vmp.experiments.reproduction import Reproduction
from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL
from vmp.figures.still import PANEL_WIDTH, still_style

_LINE = 0.36  # inches a line


def gain_figures(shown: Reproduction, labels: Mapping[str, str]) -> tuple[Figure, Figure]:
    """Two panels, the paper's and this project's, with the same lines in the same order.

    A line goes from the accuracy of what a row is judged against (open circle) to the row's (dot, with a whisker from
    the lowest seed to the highest). It has the layer's colour where the row is higher, the difference's where lower. A
    line whose runs are not stored stays empty.

    Args:
        shown: rows and pairs.
        labels: the row of a pair -> what its line is called; pairs whose row is not in it are left out.
    """
    rows: Any = shown.rows.set_index("key").to_dict("index")
    compared: list[Any] = shown.pairs[shown.pairs["row"].isin(labels)].to_dict("records")
    first = {pair["row"]: pair["against"] for pair in reversed(compared)}  # a row's first comparison
    pairs = list(first.items())[::-1]
    panels = []
    for title, column, whiskers in (("Paper", "paper_top1", False), ("Here", "top1", True)):
        with still_style():
            figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 0.75 + _LINE * len(pairs)))
            for place, (row, against) in enumerate(pairs):
                height = len(pairs) - 1 - place
                _line(axes, height, rows[against][column], rows[row][column])
                if whiskers and not math.isnan(rows[row][column]):
                    ends = [rows[row][f"{column}_low"], rows[row][f"{column}_high"]]
                    axes.plot(ends, [height, height], color=NEUTRAL, linewidth=0.9, zorder=1)
            axes.set_yticks(range(len(pairs)), [labels[row] for row, _ in reversed(pairs)])
            axes.set_ylim(-0.6, len(pairs) - 0.4)
            axes.set(title=title, xlabel="top-1, percent")
            axes.grid(axis="x")
        panels.append(figure)
    return panels[0], panels[1]


def _line(axes: Axes, height: float, without: float, with_: float) -> None:
    if math.isnan(without) or math.isnan(with_):
        return
    colour = ATTENTION if with_ >= without else DIFFERENCE
    axes.plot([without, with_], [height, height], color=colour, linewidth=2.2, solid_capstyle="round", zorder=2)
    axes.plot(without, height, "o", markerfacecolor="none", markeredgecolor=colour, markersize=5.5, zorder=3)
    axes.plot(with_, height, "o", color=colour, markersize=5.5, zorder=3)
