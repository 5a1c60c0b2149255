"""Figures of the power normalisations: the family, slope and shift, before and after (Fig. 3), and their maps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from numpy.typing import NDArray

from vmp.figures.moments import Picture, highlight
from vmp.figures.norms import Norm, before_after, learned
from vmp.figures.palette import (
    ATTENTION,
    NEUTRAL,
    attention_colormap,
    colour_attention,
    colour_difference,
    difference_colormap,
)
from vmp.figures.still import CURVES, PANEL_WIDTH, still_style
from vmp.prompt import inverse_shift, inverse_slope, shift, slope

if TYPE_CHECKING:
    import plotly.graph_objects as go


def family_panel(norms: Sequence[Norm], a: float, b: float, reach: float = 0.6) -> Figure:
    """Fig. 3 (a): the family, and the learnable function with a shadow over the shifts from -reach to reach."""
    p = np.linspace(-1, 1, 401)
    low, high = learned(a, reach)(p), learned(a, -reach)(p)
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 3.1))
        axes.fill_between(p, low, high, color=ATTENTION, alpha=0.16, linewidth=0, label="its shifts")
        for norm in (*norms, learned(a, b)):
            axes.plot(p, norm(p), color=norm.colour, label=norm.name, linewidth=1.6 if norm.odd else 2.6)
        axes.axhline(0, color=NEUTRAL, linewidth=0.6)
        axes.axvline(0, color=NEUTRAL, linewidth=0.6)
        axes.set(title="(a) the family", xlabel="difference before", ylabel="value after", xlim=(-1, 1))
        figure.legend(loc="outside lower center", ncols=3, columnspacing=1.0)
    return figure


def slope_panel(a: float | None = None) -> Figure:
    """Fig. 3 (b): slope a(m) of Eq. 2, with the two m that give slope ``a``."""
    m = torch.linspace(-3, 3, 601, dtype=torch.float64)
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.5))
        axes.plot(m, slope(m), color=ATTENTION)
        axes.axhline(5 / 0.55, color=NEUTRAL, linewidth=0.8, linestyle=":")
        axes.axhline(50, color=NEUTRAL, linewidth=0.8, linestyle=":")
        axes.set(title="(b) slope a(m)", xlabel="m", ylabel="a", ylim=(0, 54), yticks=[0, 9.1, 25, 50])
        if a is not None:
            at = inverse_slope(a)
            axes.plot([-at, at], [a, a], "o", color=ATTENTION, markersize=4.5, label=f"a = {a:g}")
            axes.legend(loc="center right", handlelength=0.8)
    return figure


def shift_panel(b: float | None = None) -> Figure:
    """Fig. 3 (c): shift b(n) of Eq. 2, with the n that gives shift ``b``."""
    n = torch.linspace(-3, 3, 601, dtype=torch.float64)
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.5))
        axes.plot(n, shift(n), color=ATTENTION)
        for bound in (-0.6, 0.6):
            axes.axhline(bound, color=NEUTRAL, linewidth=0.8, linestyle=":")
        axes.set(title="(c) shift b(n)", xlabel="n", ylabel="b", ylim=(-0.75, 0.75), yticks=[-0.6, 0, 0.6])
        if b is not None:
            at = inverse_shift(b)
            axes.plot([at], [b], "o", color=ATTENTION, markersize=4.5, label=f"b = {b:g}")
            axes.legend(loc="center right", handlelength=0.8)
            axes.set_xlim(min(-3, at - 0.2), max(3, at + 0.2))
    return figure


def slope_plot(a: float) -> go.Figure:
    """Fig. 3 (b) for the mouse: slope a(m) of Eq. 2, its bounds, and the two m that give slope ``a``."""
    m = torch.linspace(-3, 3, 241, dtype=torch.float64)
    at = inverse_slope(a)
    figure = _curve_plot(m.numpy(), slope(m).numpy(), ([-at, at], [a, a]), ("m", "a"), (5 / 0.55, 50.0))
    figure.update_layout(title_text="(b) slope a(m)", yaxis={"range": [0, 54], "tickvals": [0, 9.1, 25, 50]})
    return figure


def shift_plot(b: float) -> go.Figure:
    """Fig. 3 (c) for the mouse: shift b(n) of Eq. 2, its bounds, and the n that gives shift ``b``."""
    at = inverse_shift(b)
    reach = max(3.0, abs(at) + 0.2)
    n = torch.linspace(-reach, reach, 241, dtype=torch.float64)
    figure = _curve_plot(n.numpy(), shift(n).numpy(), ([at], [b]), ("n", "b"), (-0.6, 0.6))
    figure.update_layout(title_text="(c) shift b(n)", yaxis={"range": [-0.72, 0.72], "tickvals": [-0.6, 0, 0.6]})
    return figure


def _curve_plot(
    x: NDArray[np.floating],
    y: NDArray[np.floating],
    marked: tuple[list[float], list[float]],
    names: tuple[str, str],
    bounds: tuple[float, float],
) -> go.Figure:
    """A curve that tells its values under the pointer, with dotted bounds and marked points."""
    import plotly.graph_objects as go

    said = f"{names[0]} %{{x:.3f}}<br>{names[1]} %{{y:.3f}}<extra></extra>"
    figure = go.Figure()
    figure.add_scatter(x=_short(x), y=_short(y), mode="lines", line={"color": ATTENTION}, hovertemplate=said)
    figure.add_scatter(
        x=marked[0], y=marked[1], mode="markers", marker={"color": ATTENTION, "size": 10}, hovertemplate=said
    )
    for bound in bounds:
        figure.add_hline(bound, line={"color": NEUTRAL, "width": 1, "dash": "dot"})
    figure.update_layout(
        xaxis_title=names[0],
        yaxis_title=names[1],
        showlegend=False,
        hovermode="closest",
        height=280,
        margin={"l": 50, "r": 10, "t": 34, "b": 10},
    )
    return figure


def before_after_panel(b: float) -> Figure:
    """Fig. 3 (d) as a map: the value after, for each difference before and each slope, at one shift."""
    differences, slopes, after = before_after(b, 101)
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.5))
        image = axes.imshow(
            after,
            cmap=attention_colormap(),
            vmin=0,
            vmax=1,
            origin="lower",
            aspect="auto",
            extent=(-1, 1, float(slopes[0]), float(slopes[-1])),
        )
        axes.axvline(b, color="black", linewidth=0.8, linestyle="--")
        axes.set(title=f"(d) before and after, b = {b:g}", xlabel="difference before", ylabel="slope a")
        axes.set_xlim(float(differences[0]), float(differences[-1]))
        figure.colorbar(image, ax=axes, label="value after", ticks=[0, 0.5, 1])
    return figure


def family_plot(norms: Sequence[Norm], a: float, b: float, reach: float = 0.6, steps: int = 13) -> go.Figure:
    """Fig. 3 (a) for the mouse: values under the pointer, and a slider that moves the learnable function's shift.

    The slider has ``steps`` places from -reach to reach and begins at the one nearest to ``b``.
    """
    import plotly.graph_objects as go

    p = np.linspace(-1, 1, 161)
    shifts = np.linspace(-reach, reach, steps).round(2)
    figure = go.Figure()
    low, high = learned(a, reach)(p), learned(a, -reach)(p)
    figure.add_scatter(x=p, y=_short(low), mode="lines", line_width=0, showlegend=False, hoverinfo="skip")
    figure.add_scatter(
        x=p,
        y=_short(high),
        mode="lines",
        line_width=0,
        fill="tonexty",
        fillcolor="rgba(224,89,42,0.16)",
        name="all its shifts",
        hoverinfo="skip",
    )
    for norm in norms:
        figure.add_scatter(x=p, y=_short(norm(p)), mode="lines", name=norm.label, line_color=norm.colour)
    first = int(np.argmin(np.abs(shifts - b)))
    ours = [_short(learned(a, float(place))(p)) for place in shifts]
    figure.add_scatter(
        x=p, y=ours[first], mode="lines", name=f"learnable, a = {a:g}", line={"color": ATTENTION, "width": 4}
    )
    last = len(figure.data) - 1
    moves = [
        {"method": "restyle", "label": f"{place:g}", "args": [{"y": [y]}, [last]]}
        for place, y in zip(shifts, ours, strict=True)
    ]
    figure.update_layout(
        xaxis={"title": "difference before", "range": [-1, 1]},
        yaxis={"title": "value after", "range": [-1.05, 1.05]},
        hovermode="x unified",
        hoverlabel={"namelength": -1},
        height=540,
        margin={"l": 50, "r": 10, "t": 10, "b": 10},
        legend={"orientation": "h", "y": 1.02, "yanchor": "bottom", "x": 0, "traceorder": "normal"},
        sliders=[{"active": first, "steps": moves, "currentvalue": {"prefix": "shift b = "}, "pad": {"t": 70}}],
    )
    figure.update_xaxes(hoverformat=".3f")
    figure.update_yaxes(hoverformat=".3f")
    return figure


def before_after_plot(b: float) -> go.Figure:
    """Fig. 3 (d) as a surface that turns: difference before, slope, value after."""
    import plotly.graph_objects as go

    from vmp.figures.surfaces import ATTENTION_SCALE, scene

    differences, slopes, after = before_after(b)
    surface = go.Surface(
        x=_short(differences),
        y=_short(slopes),
        z=_short(after),
        colorscale=ATTENTION_SCALE,
        cmin=0,
        cmax=1,
        showscale=False,
        hovertemplate="difference %{x:.2f}<br>slope %{y:.1f}<br>after %{z:.3f}<extra></extra>",
    )
    figure = go.Figure(surface)
    figure.update_layout(scene=scene("difference before", "slope a", "value after"), height=440)
    figure.update_layout(margin={"l": 0, "r": 0, "t": 10, "b": 0})
    return figure


def pair_panels(pairs: Mapping[str, tuple[float, float]], zoom: float = 0.1) -> list[Figure]:
    """The attention of each pair over all differences, and over the small ones that most pixels have."""
    panels = []
    for reach, title in ((1.0, "all differences"), (zoom, "the small ones")):
        p = np.linspace(-reach, reach, 401)
        with still_style():
            figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.7))
            for (name, (a, b)), colour in zip(pairs.items(), CURVES, strict=False):
                axes.plot(p, learned(a, b)(p), color=colour, label=name)
                axes.plot([0], [1 / (1 + np.exp(a * b))], "o", color=colour, markersize=4.5)
            axes.axvline(0, color=NEUTRAL, linewidth=0.6)
            axes.set(
                title=title, xlabel="difference D", ylabel="attention f(D)", xlim=(-reach, reach), ylim=(-0.03, 1.05)
            )
            if reach == 1.0:
                axes.legend(loc="lower right")
        panels.append(figure)
    return panels


def norm_pictures(norm: Norm, difference: NDArray[np.floating], frame: Picture) -> list[tuple[Picture, str]]:
    """Map and prompt of a norm with captions, for ``Pictures``.

    A map with a sign is shown in the difference's colours, attention in its own. In a prompt a negative value times a
    pixel is black, as on any screen.
    """
    value = norm(difference)
    shown = colour_difference(value) if norm.odd else colour_attention(value)
    return [
        (shown, "values" if norm.odd else "attention"),
        (highlight(frame, value.astype(np.float32)), "times the frame"),
    ]


def profile_panel(norms: Sequence[Norm], difference: NDArray[np.floating], row: int, columns: slice) -> Figure:
    """A stretch of one row of pixels: its differences, and what each norm makes of them."""
    if not 0 <= row < len(difference):
        raise ValueError(f"row must lie in 0 to {len(difference) - 1}, got {row}")
    at = np.arange(difference.shape[1])[columns]
    line = np.asarray(difference[row, columns], dtype=np.float64)
    with still_style():
        figure, (top, bottom) = plt.subplots(2, 1, figsize=(PANEL_WIDTH, 3.6), sharex=True, height_ratios=(1, 2))
        top.plot(at, line, color=NEUTRAL, linewidth=1.2)
        top.set(title=f"row {row} of the picture", ylabel="before")
        for norm in norms:
            bottom.plot(at, norm(line), color=norm.colour, linewidth=1.2 if norm.odd else 2.2, label=norm.name)
        bottom.set(xlabel="column, px", ylabel="after", ylim=(-1.05, 1.05), xlim=(at[0], at[-1]))
        figure.legend(loc="outside lower center", ncols=3, columnspacing=1.0)
    return figure


def _short(values: NDArray[np.floating]) -> list:
    """Four decimals are enough for a picture, and keep the page small."""
    return np.round(np.asarray(values, dtype=np.float64), 4).tolist()


def map_panel(values: NDArray[np.floating], title: str, signed: bool) -> Figure:
    """A coarse map as a picture with a colour bar: in [-1, 1] if signed, else in [0, 1]."""
    height, width = values.shape
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, PANEL_WIDTH * height / width + 0.35))
        image = axes.imshow(
            values,
            cmap=difference_colormap() if signed else attention_colormap(),
            vmin=-1 if signed else 0,
            vmax=1,
        )
        axes.set_title(title)
        axes.set_axis_off()
        figure.colorbar(image, ax=axes, ticks=[-1, 0, 1] if signed else [0, 0.5, 1], shrink=0.8)
    return figure
