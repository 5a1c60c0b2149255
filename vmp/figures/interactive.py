"""Figures that answer the mouse: plotly, drawn in the page when they come into view and not before."""

from __future__ import annotations

import html
import json
from typing import Any, Protocol

import numpy as np
import pandas as pd
from plotly.basedatatypes import BaseFigure

_LARGEST = 600_000  # characters of JSON: a page stays under 1 MB
_HEIGHT = 420


class HasHtml(Protocol):
    """Anything that shows itself as HTML, such as a Still."""

    def _repr_html_(self) -> str: ...


class Interactive:
    """A plotly figure for the book and for JupyterLab.

    In the book, ``figures.js`` draws it when it comes near the view, in the colours of the page, and puts the
    still back when it is far away again: a browser keeps 16 WebGL scenes, and at most six figures a page are live.
    In JupyterLab it is plotly's own output. Without scripts the still, or the alternative text, is what shows. A
    figure without a single point, as where no run is stored yet, is a line that says so.

    Args:
        figure: the plotly figure. Colours of text, axes and background are left to the page.
        alt: what it shows, for readers who do not see it.
        still: a Still with the same content, shown until the live figure is there and in print.
        caption: plain text under the figure: what to see.

    Raises:
        ValueError: not a plotly figure, an empty alt, or more data than a page can carry.
    """

    def __init__(
        self, figure: BaseFigure, *, alt: str, still: HasHtml | None = None, caption: str | None = None
    ) -> None:
        if not isinstance(figure, BaseFigure):
            raise ValueError(
                f"expected a plotly figure, came {type(figure).__name__}: a matplotlib figure goes into Still"
            )
        if not alt.strip():
            raise ValueError("expected an alt text that says what the figure shows, came an empty one")
        self.figure = figure
        self.alt = alt
        self.still = still
        self.caption = caption
        self.html = _frame(figure, alt, still, caption)

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        shown: dict[str, Any] = {"text/html": self.html, "text/plain": f"Interactive: {self.alt}"}
        if has_points(self.figure):
            shown["application/vnd.plotly.v1+json"] = json.loads(self.figure.to_json())
        return shown


def has_points(figure: BaseFigure) -> bool:
    """Whether any trace has a value in each of the arrays that it has."""
    for trace in figure.data:
        held = [trace[name] for name in ("x", "y", "z", "source") if name in trace and trace[name] is not None]
        if held and all(np.any(pd.notna(np.asarray(values))) for values in held):
            return True
    return False


def figure_json(figure: BaseFigure) -> str:
    """The figure as JSON for a page: without plotly's template and fixed width, safe inside a ``<script>``.

    Raises:
        ValueError: more than 600,000 characters.
    """
    content = json.loads(figure.to_json())
    for key in ("template", "width", "paper_bgcolor", "plot_bgcolor"):
        content.get("layout", {}).pop(key, None)
    text = json.dumps(content, separators=(",", ":")).replace("<", "\\u003c")
    if len(text) > _LARGEST:
        raise ValueError(
            f"expected at most {_LARGEST:,} characters of figure, came {len(text):,}: "
            "draw it on a coarser grid, or round the values"
        )
    return text


def _frame(figure: BaseFigure, alt: str, still: HasHtml | None, caption: str | None) -> str:
    label = html.escape(alt)
    if not has_points(figure):
        return f'<p class="vmp-interactive-none" aria-label="{label}">There is nothing to draw yet: {label}</p>'
    height = int(figure.layout.height or _HEIGHT)
    content = still._repr_html_() if still else f'<p class="vmp-interactive-wait">{label}</p>'
    under = f"<figcaption>{html.escape(caption)}</figcaption>" if caption else ""
    return (
        f'<figure class="vmp-interactive" role="group" aria-label="{label}" data-height="{height}" '
        'style="margin:1rem 0">'
        f'<div class="vmp-interactive-still">{content}</div>'
        f'<script type="application/json">{figure_json(figure)}</script>'
        f"{under}</figure>"
    )
