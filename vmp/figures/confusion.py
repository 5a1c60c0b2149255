"""A confusion matrix as a table that can be read aloud, shaded; for many classes as a picture."""

from __future__ import annotations

import html

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.figure import Figure
from numpy.typing import NDArray

from vmp.figures.palette import ATTENTION, DIFFERENCE, attention_colormap
from vmp.figures.still import PANEL_WIDTH, still_style

#: Up to so many classes a table is readable.
MOST_CLASSES = 20
_HIDDEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%);white-space:nowrap"
_CELL = (
    "padding:0.35em 0.5em;text-align:right;font-variant-numeric:tabular-nums;border:0;max-width:none;min-width:2.2em"
)


class ConfusionTable:
    """A confusion matrix as an HTML table: rows are what a clip is, columns what it was taken for.

    Shaded by the share of the row, blue on the diagonal and orange beside it; columns have the numbers of the rows.

    Args:
        counts: int (C, C), of :func:`vmp.figures.accuracy.confusion_counts`.
        classes: C names.
        caption: plain text under the table.

    Raises:
        ValueError: counts of another shape than the classes.
    """

    def __init__(self, counts: NDArray[np.int64], classes: tuple[str, ...], caption: str | None = None) -> None:
        if counts.shape != (len(classes),) * 2:
            raise ValueError(f"counts: expected {len(classes)} by {len(classes)}, one a class, got {counts.shape}")
        self.counts, self.classes = counts, classes
        heads = "".join(
            f'<th scope="col" style="{_CELL}"><span aria-hidden="true">{place}</span>'
            f'<span style="{_HIDDEN}">taken for {html.escape(name)}</span></th>'
            for place, name in enumerate(classes, start=1)
        )
        rows = "".join(_row(place, name, counts[place]) for place, name in enumerate(classes))
        below = f'<figcaption style="margin-top:0.5rem">{html.escape(caption)}</figcaption>' if caption else ""
        self.html = (
            '<figure class="vmp-table" style="margin:1rem 0"><div style="overflow-x:auto;max-width:100%" tabindex="0">'
            '<table style="border-collapse:collapse;width:auto;margin:0 auto;font-size:0.88rem;line-height:1.35">'
            f'<thead><tr><th scope="col" style="{_CELL};text-align:left;white-space:normal">'
            f"is, and was taken for number</th>{heads}</tr>"
            f"</thead><tbody>{rows}</tbody></table></div>{below}</figure>"
        )

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": str(self.counts)}


def _row(place: int, name: str, counts: NDArray[np.int64]) -> str:
    total = max(int(counts.sum()), 1)
    cells = "".join(_cell(int(count), int(count) / total, column == place) for column, count in enumerate(counts))
    head = f'<th scope="row" style="{_CELL};text-align:left;font-weight:400">{place + 1} {html.escape(name)}</th>'
    return f"<tr>{head}{cells}</tr>"


def _cell(count: int, share: float, right: bool) -> str:
    colour = DIFFERENCE if right else ATTENTION
    shade = f"background:color-mix(in srgb,{colour} {round(10 + 45 * share)}%,transparent)" if count else "opacity:.6"
    return f'<td style="{_CELL};{shade}">{count}</td>'


def confusion_figure(counts: NDArray[np.int64]) -> Figure:
    """The matrix of many classes as a picture: shares of each row, rows downwards, class numbers from 1."""
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    with still_style():
        figure, axes = plt.subplots(figsize=(1.4 * PANEL_WIDTH, 1.2 * PANEL_WIDTH))
        edges = np.arange(len(counts) + 1) + 0.5
        mesh = axes.pcolormesh(edges, edges, shares, cmap=attention_colormap(), vmin=0, vmax=1, rasterized=True)
        axes.invert_yaxis()
        axes.set_aspect("equal")
        axes.set_xlabel("was taken for class number", fontsize=12.5)
        axes.set_ylabel("is class number", fontsize=12.5)
        bar = figure.colorbar(mesh, ax=axes, pad=0.02, aspect=30)
        for each in (axes, bar.ax):
            each.tick_params(labelsize=12)
        bar.outline.set_visible(False)
    return figure
