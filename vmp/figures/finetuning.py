"""Pictures of stored runs: differences beside the paper's, training curves, slopes and shifts with where they began."""

from __future__ import annotations

from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure

from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL
from vmp.figures.still import CURVES, PANEL_WIDTH, still_style
from vmp.figures.variation_plots import SHIFT_BOUNDS, slope_axis

if TYPE_CHECKING:
    import plotly.graph_objects as go


def difference_figure(pairs: pd.DataFrame, titles: dict[str, str]) -> Figure:
    """Each difference in top-1 with its interval, and the paper's as an open diamond.

    Args:
        pairs: columns row, against, paper, here, low, high, as :func:`vmp.experiments.compare.pairs` gives them; a
            missing ``here`` leaves its line empty.
        titles: the words for each row and what it is against.
    """
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 0.6 + 0.68 * len(pairs)))
        axes.axvline(0, color=NEUTRAL, linewidth=0.8)
        for place, pair in enumerate(pairs.to_dict("records")):
            line = len(pairs) - 1 - place
            if not np.isnan(pair["here"]):
                axes.plot(
                    [pair["low"], pair["high"]], [line, line], color=ATTENTION, linewidth=2.2, solid_capstyle="round"
                )
                axes.plot(pair["here"], line, "o", color=ATTENTION, markersize=6)
            if pair["paper"] is not None and not np.isnan(pair["paper"]):
                axes.plot(pair["paper"], line, "D", markerfacecolor="none", markeredgecolor=DIFFERENCE, markersize=6)
            label = f"{titles[pair['row']]}\nagainst {titles[pair['against']]}"
            axes.annotate(label, (0, line + 0.2), xycoords=("axes fraction", "data"), fontsize=8.0)
        axes.set_yticks([])
        axes.set_ylim(-0.4, len(pairs) - 0.15)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("difference in top-1, points")
    return figure


def curves_figure(epochs: pd.DataFrame, titles: dict[str, str], column: str, label: str) -> Figure:
    """``column`` of the training logs over epochs: the mean of the seeds, and a band from the lowest to the highest."""
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.6))
        for colour, (row, group) in zip(CURVES, _rows(epochs, titles), strict=False):
            seeds = group.groupby("epoch")[column].agg(["mean", "min", "max"]).dropna()
            axes.plot(seeds.index, seeds["mean"], color=colour, label=titles[row])
            axes.fill_between(seeds.index, seeds["min"], seeds["max"], color=colour, alpha=0.15, linewidth=0)
        axes.set(xlabel="epoch", title=label)
    return figure


def curves_plot(epochs: pd.DataFrame, titles: dict[str, str], column: str, label: str) -> go.Figure:
    """The same for the mouse: a line a run, its row and seed in the words that appear."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for colour, (row, group) in zip(CURVES, _rows(epochs, titles), strict=False):
        for place, (seed, run) in enumerate(group.dropna(subset=[column]).groupby("seed")):
            figure.add_trace(
                go.Scatter(
                    x=run["epoch"],
                    y=run[column].round(4),
                    mode="lines",
                    name=titles[row],
                    legendgroup=row,
                    showlegend=place == 0,
                    line={"color": colour, "width": 1.5},
                    hovertemplate=f"{titles[row]}, seed {seed}<br>epoch %{{x}}: %{{y:.3g}}<extra></extra>",
                )
            )
    figure.update_layout(
        height=400,
        margin={"l": 50, "r": 10, "t": 10, "b": 45},
        xaxis={"title": {"text": "epoch"}},
        yaxis={"title": {"text": label}},
        legend={"orientation": "h", "yanchor": "top", "y": -0.2},
    )
    return figure


def layer_figure(layers: pd.DataFrame, titles: dict[str, str]) -> Figure:
    """Shift (x) and slope (y) of each run: an open circle where it began, a dot where training left it.

    Args:
        layers: columns row, start_slope, start_shift, slope, shift, as :func:`vmp.experiments.loading.load` gives them.
        titles: the words for each row.
    """
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 3.0))
        for colour, (row, group) in zip(CURVES, _rows(layers, titles), strict=False):
            for run in group.to_dict("records"):
                axes.plot(
                    [run["start_shift"], run["shift"]], [run["start_slope"], run["slope"]], color=colour, linewidth=1.2
                )
            axes.plot(group["start_shift"], group["start_slope"], "o", mfc="none", mec=colour, markersize=6)
            axes.plot(group["shift"], group["slope"], "o", color=colour, markersize=4, label=titles[row])
        for bound in SHIFT_BOUNDS:
            axes.axvline(bound, color=NEUTRAL, linewidth=0.8, linestyle=":")
        slope_axis(axes)
        axes.set(xlabel="shift b", xlim=(-0.66, 0.66))
    return figure


def legend_figure(titles: dict[str, str]) -> Figure:
    """The rows and their colours, as a panel of its own beside the others."""
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 0.28 * len(titles) + 0.1))
        for place, (colour, title) in enumerate(zip(CURVES, titles.values(), strict=False)):
            axes.plot([0, 0.06], [-place, -place], color=colour, linewidth=2.4)
            axes.annotate(title, (0.09, -place), va="center", fontsize=8.5)
        axes.set(xlim=(0, 1), ylim=(0.5 - len(titles), 0.5))
        axes.axis("off")
    return figure


def _rows(frame: pd.DataFrame, titles: dict[str, str]) -> list[tuple[str, pd.DataFrame]]:
    """The rows that have words, in the order of the words."""
    return [(row, frame[frame["row"] == row]) for row in titles if (frame["row"] == row).any()]
