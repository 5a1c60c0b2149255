"""330 real hand movements of Libras, the Brazilian sign language: 45 points each, 15 classes.

Source: D. B. Dias, S. M. Peres and H. H. Biscaro, Libras Movement, UCI Machine Learning Repository, CC BY 4.0. The 30
exact duplicates of the usual copy are left out. Who performed which movement is not recorded.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

#: Label 1 to 15 of the file. A "face-up" curve bulges up on the screen.
CLASSES = (
    "curved swing",
    "horizontal swing",
    "vertical swing",
    "anti-clockwise arc",
    "clockwise arc",
    "circle",
    "horizontal line",
    "vertical line",
    "tremble",
    "horizontal zigzag",
    "vertical zigzag",
    "horizontal wavy",
    "vertical wavy",
    "face-down curve",
    "face-up curve",
)
_FILE = Path(__file__).parents[1] / "assets" / "libras" / "movement_libras.csv"


class Trajectories(NamedTuple):
    """Attributes: points float64 (N, 45, 2), x to the right and y down, in [0, 1]; labels int64 (N,) from 0."""

    points: NDArray[np.float64]
    labels: NDArray[np.int64]


@lru_cache(maxsize=1)
def libras_trajectories() -> Trajectories:
    """The 330 movements in the file's order; read-only arrays."""
    table = np.loadtxt(_FILE, delimiter=",", skiprows=1)
    points = table[:, :-1].reshape(len(table), 45, 2)
    labels = table[:, -1].astype(np.int64) - 1
    for array in (points, labels):
        array.flags.writeable = False
    return Trajectories(points, labels)


def along(points: NDArray[np.float64], phase: NDArray[np.float64]) -> NDArray[np.float64]:
    """Where a movement is at a phase from 0, its first point, to 1, its last: a Catmull-Rom spline through the points.

    Args:
        points: (N, P, 2), P >= 2.
        phase: (N, T); values outside [0, 1] give the first and the last point.

    Returns:
        float64 (N, T, 2). Each row hangs on its own points and phases only, to the last bit.
    """
    last = points.shape[1] - 1
    place = np.clip(phase, 0.0, 1.0) * last
    before = np.minimum(place.astype(np.int64), last - 1)  # (N, T): the point at or before
    u = place - before
    weights = (  # the spline's basis, of the points before - 1 .. before + 2
        ((2.0 - u) * u - 1.0) * u / 2,
        ((3.0 * u - 5.0) * u * u + 2.0) / 2,
        ((4.0 - 3.0 * u) * u + 1.0) * u / 2,
        (u - 1.0) * u * u / 2,
    )
    rows = np.arange(len(points))[:, None]
    places = np.zeros((*phase.shape, 2))
    for step, weight in zip((-1, 0, 1, 2), weights, strict=True):
        places += weight[..., None] * points[rows, np.clip(before + step, 0, last)]
    return places
