"""Maps as surfaces that turn under the mouse, on a coarse grid (Fig. 17 of the paper)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vmp.figures.palette import ATTENTION_ANCHORS, DIFFERENCE_ANCHORS, NEUTRAL

if TYPE_CHECKING:
    import plotly.graph_objects as go


def _colour_scale(anchors: tuple[tuple[int, int, int], ...]) -> list[tuple[float, str]]:
    steps = np.linspace(0, 1, len(anchors))
    return [(float(step), f"rgb{anchor}") for step, anchor in zip(steps, anchors, strict=True)]


#: The project's palettes as plotly writes them.
DIFFERENCE_SCALE = _colour_scale(DIFFERENCE_ANCHORS)
ATTENTION_SCALE = _colour_scale(ATTENTION_ANCHORS)


def coarsen(values: NDArray[np.floating], columns: int = 60) -> NDArray[np.float32]:
    """Average a map (H, W) over blocks, to at most ``columns`` columns and as many rows as keep its shape.

    Blocks are as equal as whole pixels allow, and every pixel counts once.

    Raises:
        ValueError: not two dimensions, or ``columns`` under 2.
    """
    if values.ndim != 2:
        raise ValueError(f"values must be a map (H, W), got shape {tuple(values.shape)}")
    if columns < 2:
        raise ValueError(f"columns must be 2 or more, got {columns}")
    height, width = values.shape
    columns = min(columns, width)
    rows = max(1, round(height * columns / width))
    down = _block_means(np.asarray(values, dtype=np.float64), rows)
    return _block_means(down.T, columns).T.astype(np.float32)


def _block_means(values: NDArray[np.float64], count: int) -> NDArray[np.float64]:
    """Means of ``count`` blocks of rows."""
    edges = np.linspace(0, len(values), count + 1).round().astype(int)
    return np.add.reduceat(values, edges[:-1], axis=0) / np.diff(edges)[:, None]


def surface_plot(
    maps: Mapping[str, NDArray[np.floating]], signed: set[str], columns: int = 48, start: str | None = None
) -> go.Figure:
    """One scene with a button a map: the map's values as heights over the picture, in the project's colours.

    Args:
        maps: name to map (H, W), in the order of the list.
        signed: names of the maps in [-1, 1], drawn in the difference's colours; the others lie in [0, 1].
        columns: of the grid the maps are averaged to.
        start: name of the map that is shown first; the first one of ``maps`` if None.

    Raises:
        ValueError: no map, or a name in ``signed`` or ``start`` that is not one of the maps.
    """
    import plotly.graph_objects as go

    if not maps:
        raise ValueError("surface_plot needs at least one map, got none")
    if unknown := signed - set(maps):
        raise ValueError(f"signed names {sorted(unknown)}, which are not among the maps {list(maps)}")
    start = next(iter(maps)) if start is None else start
    if start not in maps:
        raise ValueError(f"start must be one of the maps {list(maps)}, got {start!r}")
    surfaces = {name: _surface(values, name in signed, columns) for name, values in maps.items()}
    figure = go.Figure(go.Surface(**surfaces[start]))
    # A restyle value is a list with one entry a trace; z goes as rows of numbers.
    buttons = [
        {"label": name, "method": "restyle", "args": [{key: [value] for key, value in looks.items()}, [0]]}
        for name, looks in surfaces.items()
    ]
    figure.update_layout(
        scene=scene("", "", "value", heights=(-1.0, 1.0)),
        height=400,
        margin={"l": 0, "r": 0, "t": 50, "b": 0},
        updatemenus=[
            {
                "type": "dropdown",
                "buttons": buttons,
                "active": list(surfaces).index(start),
                "x": 0,
                "xanchor": "left",
                "y": 1.02,
                "yanchor": "bottom",
            }
        ],
    )
    return figure


# A net every fourth grid line, so that a flat surface shows on a page of its own colour.
_LINES = {"show": True, "color": NEUTRAL, "width": 1, "start": 0, "end": 500, "size": 4, "highlight": False}


def _surface(values: NDArray[np.floating], signed: bool, columns: int) -> dict[str, Any]:
    """What a surface trace needs; rows are turned over so that the picture's top lies at the back."""
    heights = np.round(coarsen(values, columns)[::-1].astype(float), 2)
    return {
        "z": heights.tolist(),
        "colorscale": DIFFERENCE_SCALE if signed else ATTENTION_SCALE,
        "cmin": -1.0 if signed else 0.0,
        "cmax": 1.0,
        "showscale": False,
        "contours": {"x": _LINES, "y": _LINES},
        "hovertemplate": "value %{z:.2f}<extra></extra>",
    }


def scene(x: str, y: str, z: str, heights: tuple[float, float] | None = None) -> dict[str, Any]:
    """Axes of a 3D figure; with ``heights`` it lies flat over a picture, whose own axes carry no numbers."""
    plain = {"showticklabels": False, "showgrid": False, "zeroline": False} if heights else {"nticks": 5}
    eye = {"x": -0.8, "y": -1.45, "z": 0.95} if heights else {"x": -1.0, "y": -1.85, "z": 1.2}
    return {
        "xaxis": {"title": {"text": x}, **plain},
        "yaxis": {"title": {"text": y}, **plain},
        "zaxis": {"title": {"text": z}, "nticks": 3, **({"range": list(heights)} if heights else {})},
        "aspectmode": "manual",
        "aspectratio": {"x": 1.4 if heights else 0.9, "y": 0.8 if heights else 0.9, "z": 0.5 if heights else 0.6},
        "camera": {"eye": eye},  # figures.js steps back on a phone
    }
