"""What moves in front: small pictures with a transparent surround, each a shape with a pattern on it."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

Grid = NDArray[np.float64]
Colour = tuple[int, int, int]

_MASTER = 192  # px a side that a sprite is computed with, before it is scaled down


def _polygon(corners: int, turn: float = 0.0) -> Grid:
    angle = np.pi * (2 * np.arange(corners) / corners + turn) - np.pi / 2
    return np.stack([np.cos(angle), np.sin(angle)], axis=1)


def _inside(x: Grid, y: Grid, corners: Grid) -> NDArray[np.bool_]:
    """Even-odd rule."""
    inside = np.zeros(x.shape, dtype=bool)
    for (ax, ay), (bx, by) in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        if ay != by:
            inside ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)
    return inside


def _star(corners: int, inner: float) -> Grid:
    points = _polygon(2 * corners)
    points[1::2] *= inner
    return points


def _hand(x: Grid, y: Grid) -> NDArray[np.bool_]:
    """A palm, four fingers that point up and a thumb."""
    mask = (x / 0.48) ** 2 + ((y - 0.35) / 0.5) ** 2 < 1
    for centre, top in ((-0.36, -0.55), (-0.12, -0.85), (0.12, -0.8), (0.36, -0.5)):
        mask |= (np.abs(x - centre) < 0.105) & (y > top) & (y < 0.3)
    return mask | (np.abs(0.6 * x + 0.8 * (y - 0.3) - 0.1) < 0.12) & (x > 0.2) & (x < 0.85)


#: x and y in [-1, 1], y down -> where the shape is; every shape lies in the unit disc.
SHAPES = {
    "disc": lambda x, y: x**2 + y**2 < 1,
    "square": lambda x, y: _inside(x, y, _polygon(4, 0.25)),
    "triangle": lambda x, y: _inside(x, y, _polygon(3)),
    "diamond": lambda x, y: _inside(x, y, _polygon(4) * (0.7, 1.0)),
    "hexagon": lambda x, y: _inside(x, y, _polygon(6)),
    "star": lambda x, y: _inside(x, y, _star(5, 0.5)),
    "cross": lambda x, y: (np.minimum(np.abs(x), np.abs(y)) < 0.36) & (np.maximum(np.abs(x), np.abs(y)) < 0.9),
    "bar": lambda x, y: (np.abs(x) < 0.4) & (np.abs(y) < 0.9),
    "ellipse": lambda x, y: (x / 0.65) ** 2 + y**2 < 1,
    "pentagon": lambda x, y: _inside(x, y, _polygon(5)),
    "ring": lambda x, y: (x**2 + y**2 < 1) & (x**2 + y**2 > 0.25),
    "half disc": lambda x, y: (x**2 + (y - 0.4) ** 2 < 1) & (y < 0.4) & (x**2 + y**2 < 1),
    "hand": _hand,
}

#: x and y -> share of the second colour, 0 to 1.
PATTERNS = {
    "plain": lambda x, y: 0.0 * x,
    "striped": lambda x, y: (np.sin(9.0 * x) > 0) * 1.0,
    "checked": lambda x, y: (np.sin(7.0 * x) * np.sin(7.0 * y) > 0) * 1.0,
    "dotted": lambda x, y: (np.cos(8.0 * x) * np.cos(8.0 * y) > 0.45) * 1.0,
    "ringed": lambda x, y: (np.sin(10.0 * np.hypot(x, y)) > 0) * 1.0,
    "halved": lambda x, y: (x > 0) * 1.0,
    "shaded": lambda x, y: (y + 1) / 2,
    "plaid": lambda x, y: 0.5 * (np.sin(9.0 * x) > 0.3) + 0.5 * (np.sin(9.0 * y) > 0.3),
    "twisted": lambda x, y: (np.sin(5.0 * np.hypot(x, y) + 3.0 * np.arctan2(y, x)) > 0) * 1.0,
    "mottled": lambda x, y: 0.5 + 0.25 * np.sin(7.1 * x + 3.3 * y) + 0.25 * np.sin(5.3 * y - 6.7 * x * y),
}


@lru_cache(maxsize=16)
def sprites(names: tuple[tuple[str, str, Colour, Colour], ...], pixels: int) -> NDArray[np.float32]:
    """float32 (N, 4, pixels, pixels): red, green, blue times opacity in [0, 255], and opacity in [0, 1]; read-only.

    Args:
        names: (pattern, shape, first colour, second colour) of each.
        pixels: side; a sprite's unit disc fills it.
    """
    drawn = np.stack([_sprite(*name, pixels) for name in names])
    drawn.flags.writeable = False
    return drawn


def _sprite(pattern: str, shape: str, first: Colour, second: Colour, pixels: int) -> NDArray[np.float32]:
    fine = pixels * max(1, _MASTER // pixels)  # a whole number of fine pixels each
    place = (np.arange(fine) + 0.5) / fine * 2 - 1
    y, x = np.meshgrid(place, place, indexing="ij")
    opacity = SHAPES[shape](x, y).astype(np.float64)
    share = PATTERNS[pattern](x, y)
    colours = np.array(first)[:, None, None] * (1 - share) + np.array(second)[:, None, None] * share
    picture = np.concatenate([colours * opacity, opacity[None]])
    step = fine // pixels
    return picture.reshape(4, pixels, step, pixels, step).mean(axis=(2, 4)).astype(np.float32)
