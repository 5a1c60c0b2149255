"""Paths for pretraining: curves with formulas, not movements of a hand, and the classes made of them.

A path is a function of the phase s in [0, 1] and of three random numbers in [0, 1), centred on 0, at most about 1 from
it. ``Motion`` places it in the frame.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Phase = NDArray[np.float64]  # (N, T)
Numbers = NDArray[np.float64]  # (N, 3): uniform in [0, 1)
Path = Callable[[Phase, Numbers], NDArray[np.float64]]  # -> (N, T, 2), y down

_TURN = 2 * np.pi


class Motion(NamedTuple):
    """A class's movement.

    Attributes:
        path: its shape.
        tilt: degrees that it may be turned either way; 180: its direction in the frame says nothing.
        turn: degrees that it is turned by always.
        grows: log2 of how many times larger the object is at the end.
    """

    path: Path
    tilt: float = 180.0
    turn: float = 0.0
    grows: float = 0.0


def _points(x: Phase, y: Phase) -> NDArray[np.float64]:
    return np.stack(np.broadcast_arrays(x, y), axis=-1)


def _sense(number: NDArray[np.float64]) -> NDArray[np.float64]:
    return np.where(number < 0.5, -1.0, 1.0)[:, None]


def _corners(s: Phase, corners: list[tuple[float, float]]) -> NDArray[np.float64]:
    """At an even speed from corner to corner."""
    points = np.array(corners)
    reached = np.concatenate([[0.0], np.cumsum(np.hypot(*np.diff(points, axis=0).T))])
    reached /= reached[-1]
    return _points(np.interp(s, reached, points[:, 0]), np.interp(s, reached, points[:, 1]))


def _regular(count: int, step: int = 1) -> list[tuple[float, float]]:
    angles = _TURN * step * np.arange(count + 1) / count
    return [(float(np.cos(angle)), float(np.sin(angle))) for angle in angles]


def line(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """From one side to the other."""
    return _points(2 * s - 1, 0 * s)


def arc(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """A third to two thirds of a circle, either way round."""
    angle = _TURN * (0.33 + 0.33 * numbers[:, :1]) * (s - 0.5) * _sense(numbers[:, 1])
    return _points(np.sin(angle), 0.5 - np.cos(angle))


def circle(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """One to two turns, either way round."""
    angle = _TURN * (1 + numbers[:, :1]) * s * _sense(numbers[:, 1])
    return _points(np.cos(angle), np.sin(angle))


def clockwise(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """One to two turns, clockwise on the screen, from anywhere."""
    angle = _TURN * ((1 + numbers[:, :1]) * s + numbers[:, 1:2])
    return _points(np.cos(angle), np.sin(angle))


def anticlockwise(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """As :func:`clockwise`, the other way round."""
    return clockwise(s, numbers) * (1.0, -1.0)


def eight(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """A figure of eight, lying."""
    angle = _TURN * (s + numbers[:, :1])
    return _points(np.sin(angle), 0.55 * np.sin(2 * angle))


def lissajous(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Two against three."""
    angle = _TURN * s
    return _points(np.sin(3 * angle + _TURN * numbers[:, :1]), np.sin(2 * angle))


def spiral_out(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Two turns, ever wider, either way round."""
    angle = 2 * _TURN * s * _sense(numbers[:, 1])
    return _points((0.1 + 0.9 * s) * np.cos(angle), (0.1 + 0.9 * s) * np.sin(angle))


def spiral_in(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Two turns, ever narrower, either way round."""
    return spiral_out(1 - s, numbers)


def triangle(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Once around its three sides."""
    return _corners(s, _regular(3)) * np.stack([np.ones(len(s)), _sense(numbers[:, 1])[:, 0]], axis=1)[:, None]


def square(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Once around its four sides."""
    return _corners(s, _regular(4)) * np.stack([np.ones(len(s)), _sense(numbers[:, 1])[:, 0]], axis=1)[:, None]


def star(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """A pentagram in one stroke."""
    return _corners(s, _regular(5, 2))


def zigzag(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Five to seven strokes across while going along."""
    strokes = (5 + 2 * numbers[:, :1]) * s
    return _points(2 * s - 1, 0.4 * (2 * np.abs(2 * (strokes / 2 - np.floor(strokes / 2 + 0.5))) - 1))


def wave(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """A sine of two and a half to three and a half periods."""
    return _points(2 * s - 1, 0.4 * np.sin(_TURN * (2.5 + numbers[:, :1]) * s))


def hop(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Three bounces, each lower."""
    return _points(2 * s - 1, 0.5 - np.abs(np.sin(np.pi * 3 * s)) * (1.2 - 0.8 * s))


def bend(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Straight on, then a quarter turn to the right of the way it goes, on the screen."""
    return _corners(s, [(-0.7, -0.5), (0.5, -0.5), (0.5, 0.7)])


def bend_left(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """As :func:`bend`, to the left."""
    return bend(s, numbers) * (1.0, -1.0)


def stir(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Three small circles in one place."""
    angle = 3 * _TURN * s * _sense(numbers[:, 1])
    return 0.45 * _points(np.cos(angle), np.sin(angle))


def cut(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Five short strokes towards and away, moving on a little."""
    return _points(0.6 * (s - 0.5), 0.3 * np.sin(5 * _TURN * s))


def wipe(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Wide strokes from side to side, coming nearer."""
    return _points(np.cos(2 * _TURN * s), 1.2 * (s - 0.5))


def knead(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Push away slowly, pull back fast, three times."""
    place = 3 * s - np.floor(3 * s)
    return _points(0.1 * np.sin(3 * _TURN * s), 0.7 - 1.4 * np.minimum(place / 0.75, (1 - place) / 0.25))


def reach(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """From the near edge to something and back."""
    return _points(0.4 * np.sin(np.pi * s), 0.9 - 1.7 * np.sin(np.pi * s) ** 2)


def pour(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Over, wait, and back."""
    times = [0, 0.3, 0.75, 1]
    return _points(np.interp(s, times, [-0.8, 0.6, 0.6, -0.8]), np.interp(s, times, [0.4, -0.4, -0.3, 0.4]))


def roll(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Away and towards, one and a half times, long strokes."""
    return _points(0 * s, 0.9 * np.cos(1.5 * _TURN * s))


def sprinkle(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Small shakes along a slow arc."""
    return _points(1.2 * (s - 0.5) + 0.12 * np.sin(7 * _TURN * s), -0.3 * np.sin(np.pi * s))


def spread(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Side to side, ever wider."""
    return _points(s * np.sin(2.5 * _TURN * s), 0.3 * s)


def fold(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Up and over, then the same back."""
    angle = np.pi * np.sin(np.pi * s)
    return _points(-np.cos(angle), 0.5 - np.sin(angle))


def press(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Down, hold, up, twice."""
    place = 2 * s - np.floor(2 * s)
    return _points(0 * s, np.interp(place, [0, 0.2, 0.6, 0.8, 1], [-0.5, 0.5, 0.5, -0.5, -0.5]))


def sort(s: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """From pile to pile, with stops."""
    times = [0, 0.15, 0.25, 0.45, 0.55, 0.75, 0.85, 1]
    x, y = [-0.9, 0, 0, 0.9, 0.9, 0, 0, -0.9], [0, 0.5, 0.5, 0, 0, 0.5, 0.5, 0]
    return _points(np.interp(s, times, x), np.interp(s, times, y))


#: Sources A and B: a movement in any direction.
CURVES = {
    "line": Motion(line),
    "arc": Motion(arc),
    "circle": Motion(circle),
    "eight": Motion(eight),
    "lissajous": Motion(lissajous),
    "spiral": Motion(spiral_out),
    "triangle": Motion(triangle),
    "square": Motion(square),
    "star": Motion(star),
    "zigzag": Motion(zigzag),
    "wave": Motion(wave),
    "hop": Motion(hop),
}
_COMPASS = ("right", "down right", "down", "down left", "left", "up left", "up", "up right")
#: Source C: only the direction, the sense or the change of size tells.
DIRECTIONS = {
    **{f"moving {name}": Motion(line, 12.0, 45.0 * eighth) for eighth, name in enumerate(_COMPASS)},
    "turning clockwise": Motion(clockwise),
    "turning anti-clockwise": Motion(anticlockwise),
    "spiralling out": Motion(spiral_out),
    "spiralling in": Motion(spiral_in),
    "bending right": Motion(bend),
    "bending left": Motion(bend_left),
    "coming nearer": Motion(line, grows=1.0),
    "going away": Motion(line, grows=-1.0),
}
#: Source D: what hands do at a table, seen from above.
TASKS = {
    path.__name__: Motion(path, 20.0)
    for path in (stir, cut, wipe, knead, reach, pour, roll, sprinkle, spread, fold, press, sort)
}


def follow(motions: list[Motion], which: NDArray[np.int64], phase: Phase, numbers: Numbers) -> NDArray[np.float64]:
    """Where clip i is on the path of ``motions[which[i]]``, (N, T, 2): each row by its own numbers only."""
    places = np.empty((*phase.shape, 2))
    for index in np.unique(which):
        rows = which == index
        places[rows] = motions[index].path(phase[rows], numbers[rows])
    return places
