"""Per-class accuracy with and without the layer (Fig. 11): every class, sorted by gain, a panel a data set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from vmp.experiments.findings.class_gains import changed
from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL
from vmp.figures.still import PANEL_WIDTH, still_style

if TYPE_CHECKING:
    import plotly.graph_objects as go

_LINE = 0.22  # inches a class
_NAMED = 40  # classes that a panel names; of more it names none, and the mouse tells them


def class_panels(gains: Mapping[str, pd.DataFrame]) -> list[Figure]:
    """A panel for each data set, a line a class: an open circle without the layer, a dot with it, means of the seeds.

    The largest gain is on top. A line has the layer's colour where the class gained, the difference's where it lost,
    and is grey where it stayed.

    Args:
        gains: title -> frame of :func:`vmp.experiments.findings.class_gains.class_gains`.
    """
    return [_panel(title, frame) for title, frame in gains.items()]


def _panel(title: str, frame: pd.DataFrame) -> Figure:
    lines: list[Any] = frame.to_dict("records")[::-1]
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 0.9 + min(_LINE * max(len(lines), 3), 9.0)))
        for height, line in enumerate(lines):
            colour = _colour(line["gain"])
            ends = [line["without"], line["with"]]
            axes.plot(ends, [height, height], color=colour, linewidth=2.2, solid_capstyle="round", zorder=2)
            axes.plot(ends[0], height, "o", mfc="none", mec=colour, markersize=5, zorder=3)
            axes.plot(ends[1], height, "o", color=colour, markersize=5, zorder=3)
        named = [line["class"] for line in lines] if len(lines) <= _NAMED else []
        axes.set_yticks(range(len(named)), named)
        axes.set(title=title, xlabel="top-1, percent", xlim=(-4, 104), ylim=(-0.7, max(len(lines), 1) - 0.3))
        if not lines:
            axes.annotate("not run yet", (0.5, 0.5), xycoords="axes fraction", ha="center", color=NEUTRAL)
        axes.grid(axis="x")
    return figure


def class_plot(gains: Mapping[str, pd.DataFrame]) -> go.Figure:
    """The same for the mouse, one data set at a time: a class tells both accuracies, its gain, and that of each end.

    Args:
        gains: title -> frame of :func:`vmp.experiments.findings.class_gains.class_gains`, at least one.
    """
    import plotly.graph_objects as go

    figure = go.Figure()
    titles = list(gains)
    for title, frame in gains.items():
        figure.add_trace(_bars(frame, visible=title == titles[0]))
    most = max(len(frame) for frame in gains.values())
    figure.update_layout(
        height=150 + 19 * max(most, 3),
        margin={"l": 10, "r": 10, "t": 50, "b": 45},
        bargap=0.25,
        hovermode="y",  # a class that stayed has no bar to hover
        xaxis={"title": {"text": "gain in top-1, points"}, "zeroline": True},
        yaxis={"automargin": True, "type": "category", "dtick": 1},
        showlegend=False,
        updatemenus=[_menu(titles)] if len(titles) > 1 else [],
    )
    return figure


def _menu(titles: list[str]) -> dict[str, Any]:
    buttons = [
        {"label": title, "method": "update", "args": [{"visible": [other == title for other in titles]}]}
        for title in titles
    ]
    return {"type": "dropdown", "buttons": buttons, "x": 0, "xanchor": "left", "y": 1.01, "yanchor": "bottom"}


def _bars(frame: pd.DataFrame, visible: bool) -> go.Bar:
    import plotly.graph_objects as go

    upward = frame.iloc[::-1]
    return go.Bar(
        x=upward["gain"].astype(float).round(2).tolist(),
        y=upward["class"].tolist(),
        orientation="h",
        visible=visible,
        marker={"color": [_colour(gain) for gain in upward["gain"]]},
        customdata=upward[["without", "with", "low", "high", "trajectories"]]
        .astype(float)
        .round(1)
        .to_numpy()
        .tolist(),
        hovertemplate=(
            "<b>%{y}</b>, %{customdata[4]:.0f} trajectories<br>without %{customdata[0]:.1f} %, with "
            "%{customdata[1]:.1f} %<br>gain %{x:+.1f} points; seeds %{customdata[2]:+.1f} to %{customdata[3]:+.1f}"
            "<extra></extra>"
        ),
    )


def _colour(gain: float) -> str:
    counts = changed(pd.Series([gain]))
    return ATTENTION if counts["gained"] else DIFFERENCE if counts["lost"] else NEUTRAL
