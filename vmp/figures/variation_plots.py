"""Pictures of the temporal attention variation over slope and shift: heat maps, paths of descent, learned pairs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure

from vmp.figures.palette import ATTENTION, ATTENTION_ANCHORS, DIFFERENCE, NEUTRAL, PROMPT, attention_colormap
from vmp.figures.still import PANEL_WIDTH, still_style
from vmp.figures.variation import Descent, Surface

if TYPE_CHECKING:
    import plotly.graph_objects as go

#: On a heat map, whose colours are the same in light and dark: dark ink that is not the page's text colour.
_INK = "#2a1408"
_BEHIND = {"facecolor": "white", "edgecolor": "none", "alpha": 0.75, "pad": 1.0}
#: Slopes that are marked on an axis.
_SLOPE_TICKS = (10, 15, 20, 30, 50)
#: The bounds of Eq. 2 with the paper's constants.
SLOPE_BOUNDS = (5 / 0.55, 50.0)
SHIFT_BOUNDS = (-0.6, 0.6)


def surface_figure(
    surface: Surface, title: str, pairs: Sequence[tuple[str, float, float]] = (), arrows: bool = True
) -> Figure:
    """V over shift (x) and slope (y) as a heat map, with the way that descent of V alone takes and learned pairs."""
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.9))
        mesh = axes.pcolormesh(
            surface.shifts,
            surface.slopes,
            surface.variation,
            norm=LogNorm(),
            cmap=attention_colormap(),
            shading="gouraud",
            rasterized=True,
        )
        if arrows:
            _descent_arrows(axes, surface)
        for name, a, b in pairs:
            axes.plot(b, a, "o", color="white", markeredgecolor=_INK, markersize=5, clip_on=False, zorder=5)
            axes.annotate(name, (b, a), xytext=(5, 5), textcoords="offset points", color=_INK, bbox=_BEHIND)
        slope_axis(axes)
        axes.set(title=title, xlabel="shift b", xlim=SHIFT_BOUNDS)
        bar = figure.colorbar(mesh, ax=axes, pad=0.02, aspect=30)
        bar.outline.set_visible(False)
        bar.ax.minorticks_off()
    return figure


def slope_axis(axes: Axes) -> None:
    """Slopes upwards, on a logarithmic axis with the bounds of Eq. 2."""
    axes.set_yscale("log")
    axes.set_yticks(_SLOPE_TICKS, [str(tick) for tick in _SLOPE_TICKS])
    axes.minorticks_off()
    axes.set(ylabel="slope a", ylim=(9, 51))


def _descent_arrows(axes: Axes, surface: Surface) -> None:
    """Arrows of one length along minus the gradient in (m, n), which is what training follows, seen in (a, b)."""
    rows, columns = np.s_[2::5], np.s_[2::4]
    slopes, shifts = surface.slopes[rows], surface.shifts[columns]
    tanh_m = (5 / slopes - 0.1) / 0.45
    slope_by_m = slopes**2 / 5 * 0.45 * (1 - tanh_m**2)  # |a'(m)|
    shift_by_n = 0.6 * (1 - (shifts / 0.6) ** 2)  # b'(n)
    along_a = -surface.by_slope[rows, columns] * slope_by_m[:, None] ** 2
    along_b = -surface.by_shift[rows, columns] * shift_by_n[None, :] ** 2
    up = along_a / slopes[:, None] / np.log(51 / 9)  # in shares of the axes: slope is on a logarithmic one
    right = along_b / 1.2
    length = np.hypot(up, right) + 1e-30
    axes.quiver(shifts, slopes, right / length, up / length, color=_INK, scale=17, width=0.006, headwidth=4, alpha=0.8)


def surface_plot(surface: Surface, title: str, pairs: Sequence[tuple[str, float, float]] = ()) -> go.Figure:
    """The heat map for the mouse: hovering tells slope, shift and V."""
    import plotly.graph_objects as go

    figure = go.Figure(
        go.Heatmap(
            x=np.round(surface.shifts, 4),
            y=np.round(surface.slopes, 3),
            z=np.round(np.log10(surface.variation), 3),
            customdata=np.array([[f"{v:.3g}" for v in row] for row in surface.variation]),
            hovertemplate="a %{y:.1f}<br>b %{x:.3f}<br>V %{customdata}<extra></extra>",
            colorscale=[[i / 4, f"rgb{c}"] for i, c in enumerate(ATTENTION_ANCHORS)],
            zsmooth="best",
            colorbar={"title": {"text": "log₁₀ V"}, "thickness": 12},
        )
    )
    figure.add_trace(
        go.Scatter(
            x=[b for _, _, b in pairs],
            y=[a for _, a, _ in pairs],
            text=[name for name, _, _ in pairs],
            mode="markers",
            marker={"color": "white", "size": 9, "line": {"color": "#111111", "width": 1.5}},
            hovertemplate="%{text}<br>a %{y:.2f}<br>b %{x:.3f}<extra></extra>",
            showlegend=False,
        )
    )
    figure.update_layout(
        title={"text": title},
        height=380,
        margin={"l": 50, "r": 10, "t": 40, "b": 45},
        xaxis={"title": {"text": "shift b"}, "range": list(SHIFT_BOUNDS)},
        yaxis={"title": {"text": "slope a"}, "type": "log", "tickvals": list(_SLOPE_TICKS)},
    )
    return figure


def descent_figures(descent: Descent, title: str) -> list[Figure]:
    """Two panels: the paths in shift and slope from open circles to dots, and V over time."""
    figures = []
    colours = [DIFFERENCE if end < 0 else ATTENTION for end in descent.shift[-1]]
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.6))
        for path, colour in enumerate(colours):
            b, a = descent.shift[:, path], descent.slope[:, path]
            axes.plot(b, a, color=colour, linewidth=1.2)
            axes.plot(b[0], a[0], "o", markerfacecolor="none", markeredgecolor=colour, markersize=5)
            axes.plot(b[-1], a[-1], "o", color=colour, markersize=5)
        for bound in SHIFT_BOUNDS:
            axes.axvline(bound, color=NEUTRAL, linewidth=0.8, linestyle=":")
        slope_axis(axes)
        axes.set(title=title, xlabel="shift b", xlim=(-0.66, 0.66))
        figures.append(figure)
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.6))
        for path, colour in enumerate(colours):
            axes.plot(descent.time, descent.variation[:, path], color=colour, linewidth=1.2)
        axes.set(title="V on the way", xlabel="λ × step size, added up", ylabel="V", yscale="log")
        axes.set_xscale("symlog", linthresh=10)
        axes.set_xlim(left=0)
        figures.append(figure)
    return figures


def learned_figures(page: pd.DataFrame, paper_pair: tuple[float, float, float]) -> list[Figure]:
    """Two panels, slope and shift over lambda: the page's pairs joined, the paper's pair (lambda, a, b) as a ring.

    ``page`` has the columns lambda, a, b, one row a lambda. Dotted: the bounds of Eq. 2.
    """
    lambda_, figures = page["lambda"].to_numpy(dtype=float), []
    for index, (column, name, bounds) in enumerate(
        (("a", "slope a", SLOPE_BOUNDS), ("b", "shift b", SHIFT_BOUNDS)), start=1
    ):
        with still_style():
            figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.3))
            axes.axhline(bounds[0], color=NEUTRAL, linewidth=0.8, linestyle=":")
            axes.plot(lambda_, page[column], "o-", color=DIFFERENCE, markersize=4.5, label="authors' page")
            axes.plot(
                paper_pair[0],
                paper_pair[index],
                "o",
                markerfacecolor="none",
                markeredgecolor=PROMPT,
                markersize=10,
                label="paper, Sec. 3.2",
            )
            axes.set_xscale("symlog", linthresh=0.1, linscale=0.5)
            axes.set_xticks([0, 0.1, 0.5, 1, 2.5, 10], ["0", ".1", ".5", "1", "2.5", "10"])
            axes.minorticks_off()
            axes.set(title=f"{name} over λ", xlabel="λ (FineGym)", ylabel=name)
            if column == "b":
                axes.legend()
        figures.append(figure)
    return figures
