"""The real movements: unchanged from the file, and why no clip may be mirrored."""

from __future__ import annotations

import csv
from collections import Counter
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import vmp
from vmp.data.trajectories import CLASSES, along, libras_trajectories

FILE = Path(vmp.__file__).parent / "assets" / "libras" / "movement_libras.csv"
POINTS, LABELS = libras_trajectories()


def test_points_and_labels_are_those_of_the_file() -> None:
    with FILE.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == 330
    for row, points, label in zip(rows, POINTS, LABELS, strict=True):
        assert int(row["label"]) == label + 1
        assert [(float(row[f"x{n}"]), float(row[f"y{n}"])) for n in range(45)] == [tuple(point) for point in points]


def test_what_the_file_holds() -> None:
    assert sorted(Counter(LABELS.tolist()).values()) == [21] * 10 + [24] * 5
    assert len(CLASSES) == len(set(CLASSES)) == 15
    assert len(np.unique(POINTS.reshape(330, -1), axis=0)) == 330
    assert POINTS.min() == 0
    assert POINTS.max() == 1
    with pytest.raises(ValueError, match="read-only"):
        POINTS[0, 0] = 0


def test_the_spline_goes_through_the_points_and_waits_at_the_ends() -> None:
    phases = np.tile(np.arange(45) / 44, (330, 1))
    np.testing.assert_allclose(along(POINTS, phases), POINTS, atol=1e-12)
    ends = along(POINTS, np.tile([-0.5, 0.0, 1.0, 2.0], (330, 1)))
    np.testing.assert_allclose(ends, POINTS[:, [0, 0, -1, -1]], atol=1e-12)


@settings(max_examples=30, deadline=None)
@given(st.floats(0, 1), st.floats(-5, 5), st.floats(-5, 5))
def test_the_spline_keeps_straight_lines_straight(phase: float, slope: float, start: float) -> None:
    places = np.arange(9.0)
    line = np.stack([places, slope * places + start], axis=1)[None]
    x, y = along(line, np.array([[phase]]))[0, 0]
    assert y == pytest.approx(slope * x + start, abs=1e-9)


def nearest_class(movements: np.ndarray) -> np.ndarray:
    """The class whose movements are nearest, each movement centred on its own mean; not the movement itself."""
    known, asked = (each - each.mean(axis=1, keepdims=True) for each in (POINTS, movements))
    distance = np.square(asked[:, None] - known[None]).sum(axis=(2, 3))
    np.fill_diagonal(distance, np.inf)
    return LABELS[distance.argmin(axis=1)]


def becomes(flipped: np.ndarray, name: str) -> str:
    rows = CLASSES.index(name) == LABELS
    return CLASSES[Counter(nearest_class(flipped)[rows].tolist()).most_common(1)[0][0]]


def test_classes_are_told_apart_by_their_movement() -> None:
    assert np.mean(nearest_class(POINTS) == LABELS) > 0.8


@pytest.mark.parametrize(
    ("axis", "name", "other"),
    [
        (0, "anti-clockwise arc", "clockwise arc"),
        (0, "clockwise arc", "anti-clockwise arc"),
        (1, "face-down curve", "face-up curve"),
        (1, "face-up curve", "face-down curve"),
    ],
)
def test_a_mirrored_clip_would_have_another_label(axis: int, name: str, other: str) -> None:
    flipped = POINTS.copy()
    flipped[..., axis] = 1 - flipped[..., axis]
    assert becomes(POINTS, name) == name
    assert becomes(flipped, name) == other
