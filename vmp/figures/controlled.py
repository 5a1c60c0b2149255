"""Each control's difference to the baseline at a glance: one panel a data set, an interval a control."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL
from vmp.figures.reproduced import NOT_RUN
from vmp.figures.still import PANEL_WIDTH, still_style

_LEFT: Any = {"xycoords": ("axes fraction", "data")}  # x from the left edge, y on the line
_COLOURS = {"higher here": ATTENTION, "lower here": DIFFERENCE}


def control_figures(pairs: pd.DataFrame, labels: Mapping[str, Mapping[str, str]]) -> list[Figure]:
    """A panel for each data set, all on one scale: the difference of each row to what it is judged against.

    A line is the interval. It is orange where the verdict is "higher here", blue where "lower here", grey where nobody
    can tell. What is not stored says so.

    Args:
        pairs: columns row, here, low, high, verdict; the first pair of a row is what is shown.
        labels: title of the panel -> row -> what its line is called, from the top.
    """
    first = pairs.drop_duplicates("row")
    judged: Any = first.set_index("row").to_dict("index")
    figures = []
    for title, names in labels.items():
        with still_style():
            figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 0.7 + 0.46 * max(len(names), 1)))
            axes.axvline(0, color=NEUTRAL, linewidth=0.8)
            for height, (row, name) in zip(range(len(names) - 1, -1, -1), names.items(), strict=True):
                axes.annotate(name, (0, height + 0.24), fontsize=8.0, in_layout=False, **_LEFT)
                _line(axes, height, judged[row])
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            axes.set_xlim(*_ends(first, labels))
            axes.set_ylim(-0.4, max(len(names), 1) - 0.25)
            axes.set(title=title, xlabel="top-1 against the baseline, points")
        figures.append(figure)
    return figures


def _line(axes: Axes, height: float, pair: Any) -> None:
    if math.isnan(pair["here"]):
        axes.annotate(NOT_RUN, (1, height), ha="right", va="center", fontsize=8.0, color=NEUTRAL, **_LEFT)
        return
    colour = _COLOURS.get(pair["verdict"], NEUTRAL)
    axes.plot([pair["low"], pair["high"]], [height, height], color=colour, linewidth=2.4, solid_capstyle="round")
    axes.plot(pair["here"], height, "o", color=colour, markersize=6)


def _ends(pairs: pd.DataFrame, labels: Mapping[str, Mapping[str, str]]) -> tuple[float, float]:
    """One scale for all panels, with 0 and every interval in it."""
    shown = pairs[pairs["row"].isin([row for names in labels.values() for row in names])]
    low, high = min(shown["low"].min(), 0.0), max(shown["high"].max(), 0.0)
    if math.isnan(low) or low == high:
        return -1.0, 1.0
    margin = 0.05 * (high - low)
    return low - margin, high + margin
