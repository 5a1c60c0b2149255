"""The rendered sets in numbers: what each is made of, how it is divided, and what a mirror would do."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vmp.data.libras import DATASETS, TEST_RENDERINGS, TRAIN_RENDERINGS, split_of
from vmp.data.rendered_sets import RenderedSet
from vmp.data.trajectories import CLASSES, libras_trajectories


def sets_table() -> pd.DataFrame:
    """One row a set: set, stands for, classes, camera, what lies about, pictures behind."""
    rows = [
        (each.name, each.stands_for, len(each.classes), _camera(each), _clutter(each), ", ".join(each.textures))
        for each in DATASETS.values()
    ]
    return pd.DataFrame(rows, columns=["set", "stands for", "classes", "camera", "beside the object", "behind it"])


def splits_table() -> pd.DataFrame:
    """One row a set and fold: set, fold, and the movements that train, validate and test, with their renderings."""
    rows = []
    for name, each in DATASETS.items():
        for fold in (1, 2, 3) if name == "libras-mixed" else (1,):
            if each.motions is None:
                split = split_of(name, fold)
                counts = [len(split.train), len(split.validation), len(split.test)]
                renderings = [TRAIN_RENDERINGS, TEST_RENDERINGS, TEST_RENDERINGS]
            else:
                counts, renderings = list(each.paths), [1, 1, 1]
            cells = [f"{count} x {times}" for count, times in zip(counts, renderings, strict=True)]
            rows.append((name, fold, *cells))
    return pd.DataFrame(rows, columns=["set", "fold", "train", "validation", "test"])


def mirror_table() -> pd.DataFrame:
    """One row a class: class, and where most of its movements go when mirrored left to right, or upside down.

    A movement goes to the class of the nearest other movement, both centred on their means; the number is the share.
    """
    points, labels = libras_trajectories()
    columns: dict[str, list[str]] = {"class": list(CLASSES)}
    for title, axes in (("as it is", ()), ("left to right", (0,)), ("upside down", (1,))):
        flipped = points.copy()
        for axis in axes:
            flipped[..., axis] = 1 - flipped[..., axis]
        nearest = _nearest(flipped, points, labels)
        columns[title] = [_most(nearest[labels == label]) for label in range(len(CLASSES))]
    return pd.DataFrame(columns)


def _nearest(asked: NDArray[np.float64], known: NDArray[np.float64], labels: NDArray[np.int64]) -> NDArray[np.int64]:
    asked, known = (each - each.mean(axis=1, keepdims=True) for each in (asked, known))
    flat, others = asked.reshape(len(asked), -1), known.reshape(len(known), -1)
    distance = np.square(flat).sum(1)[:, None] - 2 * flat @ others.T + np.square(others).sum(1)
    np.fill_diagonal(distance, np.inf)  # never the movement itself
    return labels[distance.argmin(axis=1)]


def _most(nearest: NDArray[np.int64]) -> str:
    label, count = Counter(nearest.tolist()).most_common(1)[0]
    return f"{CLASSES[label]} ({count / len(nearest):.0%})"


def _camera(each: RenderedSet) -> str:
    kinds = []
    for camera in each.cameras:
        low, high = camera.follows
        kinds.append(f"follows {low:.0%} to {high:.0%} of the way, shakes" if camera.moves else "fixed")
    return " / ".join(kinds)


def _clutter(each: RenderedSet) -> str:
    resting, moving = each.clutter, each.distractors
    parts = [f"{count} {what}" for count, what in ((resting, "at rest"), (moving, "moving")) if count]
    return ", ".join(parts) or "nothing"
