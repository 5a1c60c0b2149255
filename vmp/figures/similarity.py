"""How alike two runs' weights are, layer by layer (Figs. 7-9): lines over the layers, grouped by block."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vmp.experiments.findings.weights_compared import Curve, short
from vmp.figures.palette import NEUTRAL
from vmp.figures.still import CURVES, PANEL_WIDTH, still_style

if TYPE_CHECKING:
    import plotly.graph_objects as go

_MOST_NAMED = 14  # blocks that an axis has room to name
_ROOM = 24  # names of blocks side by side, each turned, that a wide axis has room for
_SYMBOLS = ("circle", "triangle-up", "square", "diamond")  # of pairs of one colour


def similarity_figure(curves: Sequence[Curve], title: str = "") -> Figure:
    """A line a pair: the mean cosine of the seeds at each layer; dashed where it is a yardstick.

    Vertical lines part the blocks. A pair that is not stored has no line.
    """
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 3.3))
        for curve in curves:
            places = range(len(curve.layers))
            axes.fill_between(
                places, list(curve.layers["low"]), list(curve.layers["high"]), color=_colour(curve),
                alpha=0 if curve.yardstick else 0.12, linewidth=0,
            )  # fmt: skip
            axes.plot(places, list(curve.layers["cosine"]), color=_colour(curve), linewidth=1.5, linestyle=_dash(curve))
        _blocks(axes, _model(curves))
        axes.set(
            title=title, xlabel="layers, by block", ylabel="cosine", ylim=(None, 1.0 + 0.02 * (1 - axes.get_ylim()[0]))
        )
    return figure


def key_figure(curves: Sequence[Curve]) -> Figure:
    """The pairs and their lines, as a panel of its own."""
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 0.26 * max(len(curves), 1) + 0.1))
        for place, curve in enumerate(curves):
            axes.plot([0, 0.1], [-place, -place], color=_colour(curve), linewidth=2, linestyle=_dash(curve))
            said = curve.name if len(curve.layers) else f"{curve.name} (not run yet)"
            axes.annotate(said, (0.13, -place), va="center", fontsize=8.0)
        axes.set(xlim=(0, 1), ylim=(0.5 - max(len(curves), 1), 0.5))
        axes.axis("off")
    return figure


def similarity_plot(curves: Sequence[Curve]) -> go.Figure:
    """The same for the mouse: a layer tells its name, its block, the pair, and the seeds' lowest and highest cosine."""
    import plotly.graph_objects as go

    figure = go.Figure()
    for curve, symbol in zip(curves, _symbols(curves), strict=True):
        layers = curve.layers
        told = zip(map(short, layers["layer"]), layers["low"], layers["high"], strict=True)
        figure.add_trace(
            go.Scatter(
                x=list(range(len(layers))),
                y=layers["cosine"].astype(float).round(4).tolist(),
                mode="lines+markers",
                name=curve.name,
                line={"color": _colour(curve), "width": 1.6, "dash": "dash" if curve.yardstick else "solid"},
                marker={"size": 4 if symbol == _SYMBOLS[0] else 6, "symbol": symbol},
                customdata=[[name, round(float(low), 4), round(float(high), 4)] for name, low, high in told],
                hovertemplate=(
                    f"<b>%{{customdata[0]}}</b><br>{curve.name}<br>cosine %{{y:.3f}}; seeds %{{customdata[1]:.3f}} to "
                    "%{customdata[2]:.3f}<extra></extra>"
                ),
            )
        )
    model = _model(curves)
    middles = _middles(model)
    named = _apart(middles, len(model) / _ROOM)
    figure.update_layout(
        height=440 + 14 * len(curves),
        margin={"l": 50, "r": 10, "t": 10, "b": 45},
        xaxis={"title": {"text": "layers, by block"}, "zeroline": False, "showgrid": False,
               "tickvals": [middle for _, middle, _ in named], "ticktext": [name for name, *_ in named]},
        yaxis={"title": {"text": "cosine"}},
        legend={"orientation": "h", "yanchor": "top", "y": -0.24},
        shapes=[{"type": "line", "x0": end, "x1": end, "y0": 0, "y1": 1, "yref": "paper",
                 "line": {"color": NEUTRAL, "width": 0.5}} for *_, end in middles[:-1]],
    )  # fmt: skip
    return figure


def _colour(curve: Curve) -> str:
    return CURVES[curve.colour % len(CURVES)]


def _dash(curve: Curve) -> str:
    return "--" if curve.yardstick else "-"


def _model(curves: Sequence[Curve]) -> pd.DataFrame:
    """The layers of the first pair that is stored: all are of one model."""
    return next((curve.layers for curve in curves if len(curve.layers)), pd.DataFrame(columns=["layer", "block"]))


def _middles(layers: pd.DataFrame) -> list[tuple[str, float, float]]:
    """For each block its short name, the place of its middle, and where it ends."""
    found = []
    runs = (layers["block"] != layers["block"].shift()).cumsum()
    for _, block in layers.reset_index(drop=True).groupby(runs.to_numpy(), sort=False):
        first, last = block.index[0], block.index[-1]
        found.append((short(block["block"].iloc[0]), (first + last) / 2, last + 0.5))
    return found


def _apart(middles: Sequence[tuple[str, float, float]], room: float) -> list[tuple[str, float, float]]:
    """Those blocks, from the first on, whose names have that much room between them."""
    kept: list[tuple[str, float, float]] = []
    for block in middles:
        if not kept or block[1] - kept[-1][1] >= room:
            kept.append(block)
    return kept


def _symbols(curves: Sequence[Curve]) -> list[str]:
    """A marker a pair: those with one colour and one dash have different ones."""
    seen: Counter[tuple[int, bool]] = Counter()
    found = []
    for curve in curves:
        alike = (curve.colour, curve.yardstick)
        found.append(_SYMBOLS[seen[alike] % len(_SYMBOLS)])
        seen[alike] += 1
    return found


def _blocks(axes: Axes, layers: pd.DataFrame) -> None:
    middles = _middles(layers)
    for *_, end in middles[:-1]:
        axes.axvline(end, color=NEUTRAL, linewidth=0.5, alpha=0.5, zorder=0)
    named = middles[:: 1 + (len(middles) - 1) // _MOST_NAMED] if middles else []
    axes.set_xticks([middle for _, middle, _ in named], [name for name, *_ in named], rotation=90)
    if not middles:
        axes.annotate("not run yet", (0.5, 0.5), xycoords="axes fraction", ha="center", color=NEUTRAL)
