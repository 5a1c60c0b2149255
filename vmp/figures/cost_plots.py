"""Pictures of what the layer costs: the ratio with to without beside the paper's, and times over sizes of a frame."""

from __future__ import annotations

import math

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from numpy.typing import NDArray

from vmp.experiments.timing.layer import growth
from vmp.experiments.timing.records import LayerTiming
from vmp.experiments.timing.table import PHASE_TITLES
from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL
from vmp.figures.still import CURVES, PANEL_WIDTH, still_style


def overhead_figure(rows: pd.DataFrame, phase: str) -> Figure:
    """How many times as long a phase takes with the layer: a line a variant, the paper's as an open diamond.

    A thin line is the range over pairs of runs, the paper's what rounding to milliseconds allows.

    Args:
        rows: of :func:`vmp.experiments.timing.table.table`.
        phase: one of its phases.

    Raises:
        ValueError: no row of that phase with the layer.
    """
    shown = rows[(rows["phase"] == phase) & (rows["variant"] != "baseline")]
    if shown.empty:
        raise ValueError(f"expected rows of phase {phase!r} with the layer, got phases {sorted(set(rows['phase']))}")
    titles, settings = list(dict.fromkeys(shown["title"])), list(dict.fromkeys(shown["setting"]))
    block = 0.36 + 0.13 * (len(settings) + 1)  # inches: the words, a line a setting and the paper's, and air
    height = block * len(titles)
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, height + 0.75 + 0.2 * (len(settings) + 1)))
        axes.axvline(1, color=NEUTRAL, linewidth=0.8)
        for place, title in enumerate(titles):
            top = height - place * block
            axes.annotate(title, (0, top - 0.16), xycoords=("axes fraction", "data"), fontsize=8.5)
            group = shown[shown["title"] == title]
            _mark(axes, top - 0.26, *_paper(group.iloc[0]), DIFFERENCE, "D", "the paper" if place == 0 else None)
            for row in group.to_dict("records"):
                line = settings.index(row["setting"])
                label = row["setting"] if place == 0 else None
                ratio = (row["ratio"], row["ratio_lowest"], row["ratio_highest"])
                _mark(axes, top - 0.26 - 0.13 * (line + 1), *ratio, _colour(line), "o", label)
        axes.set_yticks([])
        axes.set_ylim(0, height)
        axes.spines["left"].set_visible(False)
        axes.set(xlabel="times as long with the layer", title=PHASE_TITLES[phase].capitalize())
        figure.legend(loc="outside lower left", fontsize=8.5)
    return figure


def growth_figure(timing: LayerTiming) -> Figure:
    """Seconds of the layer, forward and backward, over the pixels of a frame, both logarithmic.

    Dots are medians of runs, the line grows with HW from an overhead, dotted is what HW alone would give.
    """
    pixels, seconds = timing.medians
    fit = growth(pixels, seconds)
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.9))
        line = np.geomspace(min(pixels), max(pixels), 60)
        axes.plot(line, _above_0(fit.overhead + fit.a_pixel * line), color=DIFFERENCE, label="overhead + HW")
        axes.plot(line, _above_0(fit.a_pixel * line), ":", color=NEUTRAL, label="HW alone")
        axes.plot(pixels, seconds, "o", color=ATTENTION, markersize=5, label="measured")
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set(xlabel="pixels of a frame, HW", ylabel="seconds", title="The layer alone")
        axes.legend(loc="upper left")
    return figure


def _above_0(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Missing where a fit is below 0, which a logarithm cannot show."""
    return np.where(seconds > 0, seconds, math.nan)


def _paper(row: pd.Series) -> tuple[float, float, float]:
    return row["paper_ratio"], row["paper_ratio_low"], row["paper_ratio_high"]


def _colour(line: int) -> str:
    """Of a setting: the curves' without the paper's."""
    others = [colour for colour in CURVES if colour != DIFFERENCE]
    return others[line % len(others)]


def _mark(
    axes: plt.Axes, y: float, middle: float, low: float, high: float, colour: str, marker: str, label: str | None
) -> None:
    """A dot with its range; nothing but a name in the legend where there is no number."""
    face = "none" if marker == "D" else colour
    axes.plot([low, high], [y, y], color=colour, linewidth=1.2)
    axes.plot([middle], [y], marker, color=colour, markerfacecolor=face, markersize=5, label=label)
