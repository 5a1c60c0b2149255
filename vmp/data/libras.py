"""Rendered Libras: real hand movements drawn as a textured object over photographs, and four sources to pretrain on.

The labels come from real motion, the pixels are rendered. A clip is a pure function of its set, its role (training or
testing), its trajectory and its rendering, at a size and a number of frames. No clip is mirrored: that would turn one
class into another.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from vmp.data.pathways import ClipInput
from vmp.data.rendered_clips import RenderedClips
from vmp.data.rendered_sets import DATASETS, RenderedSet
from vmp.data.rendered_shelf import Shelf
from vmp.data.rendered_timing import timing_for
from vmp.data.scenes import Scenes
from vmp.data.splits import FOLDS, Split, folded_splits, shared_split
from vmp.data.trajectories import libras_trajectories
from vmp.download import cache_folder
from vmp.nearest import did_you_mean

__all__ = ["DATASETS", "RenderedClips", "load", "split_of"]

Indices = NDArray[np.int64]
SPLITS = ("train", "validation", "test", "train+validation")
#: Renderings of each Libras trajectory: to train on, one an epoch; to validate or test, all.
TRAIN_RENDERINGS, TEST_RENDERINGS = 8, 4


def load(
    name: str,
    split: Literal["train", "validation", "test", "train+validation"] = "train",
    *,
    fold: int = 1,
    size: int = 64,
    renderings: int | None = None,
    limit: int | None = None,
    objects: Literal["every"] | Sequence[int] | None = None,
    clip_input: ClipInput | None = None,
    cache: str | Path | Literal[False] | None = None,
    device: str = "cpu",
) -> RenderedClips:
    """One split of a rendered set; its clips are rendered when first asked for, and kept on disk.

    Args:
        name: one of ``DATASETS``.
        split: "train+validation": everything but the test, once all choices are made.
        fold: of libras-mixed, 1 to 3; the other sets have one.
        size: height and width in pixels.
        renderings: of each trajectory; None: 8 to train, 4 to validate or test, 1 of a source's paths.
        limit: take at most so many trajectories, the classes in turn.
        objects: "every": each clip with each object, all else equal; or with those of some ids. None: one by chance.
        clip_input: of a model that needs more than 24 frames, so many are drawn of the same movement.
        cache: a folder; None: $VMP_CACHE or ~/.cache/vmp; False: no files, in memory.
        device: where clips are rendered. On another one the pixels differ by rounding, and are kept apart.

    Raises:
        ValueError: an unknown name or split (with the nearest), another value out of range, or objects of a source
            whose classes have looks of their own.
    """
    description = _known(name)
    _check(description, split, fold, size, renderings, limit)
    training = split.startswith("train")
    if renderings is None:
        renderings = 1 if description.motions else TRAIN_RENDERINGS if training else TEST_RENDERINGS
    wanted = _objects(description, objects)
    kept = _limited(description, np.concatenate(_trajectories(description, split, fold)), limit)
    shelves = [
        Shelf(
            _scenes(description, split, np.intersect1d(each, kept), renderings, wanted),
            timing_for(clip_input),
            size,
            str(device),
            None if cache is False else cache_folder(cache),
        )
        for each in _trajectories(description, split, fold)
        if len(np.intersect1d(each, kept))
    ]
    title = f"{name} {split}" + (f", fold {fold}" if name == "libras-mixed" else "")
    return RenderedClips(title, shelves, renderings if training else 1)


def split_of(name: str, fold: int = 1) -> Split:
    """Which of the 330 trajectories train, validate and test in a target set.

    Raises:
        ValueError: a source, which has none of them; an unknown name; a fold that is not there.
    """
    description = _known(name)
    if description.motions is not None:
        raise ValueError(f"name: expected a target set, got {name!r}, whose paths are not those of the Libras file")
    _check(description, "train", fold, 64, None, None)
    labels = libras_trajectories().labels
    return folded_splits(labels)[fold - 1] if name == "libras-mixed" else shared_split(labels)


def _trajectories(description: RenderedSet, split: str, fold: int) -> list[Indices]:
    """The trajectories of a split, a file's worth each; folds that share a part share its files."""
    if description.motions is not None:
        train, validation, test = np.split(np.arange(sum(description.paths)), np.cumsum(description.paths)[:2])
        return {"train": [train], "validation": [validation], "test": [test]}.get(split, [train, validation])
    chosen = split_of(description.name, fold)
    if split == "test":
        return [chosen.test]
    names = split.split("+")
    return [getattr(part, name) for name in names for part in chosen.parts]


def _scenes(
    description: RenderedSet, split: str, trajectories: Indices, renderings: int, objects: Indices | None
) -> Scenes:
    """Every trajectory with every object in every rendering, in this order."""
    each = len(objects) if objects is not None else 1
    trajectory = np.repeat(trajectories, each * renderings)
    rendering = np.tile(np.arange(renderings), len(trajectories) * each)
    drawn = None if objects is None else np.tile(np.repeat(objects, renderings), len(trajectories))
    return Scenes(description, split == "test", trajectory, rendering, drawn)


def _limited(description: RenderedSet, trajectories: Indices, limit: int | None) -> Indices:
    if limit is None or limit >= len(trajectories):
        return trajectories
    scenes = Scenes(description, False, trajectories, np.zeros_like(trajectories))
    motion = scenes.motion
    turn = np.array([np.sum(motion[:place] == each) for place, each in enumerate(motion)])
    return trajectories[np.lexsort((motion, turn))[:limit]]


def _objects(description: RenderedSet, objects: Literal["every"] | Sequence[int] | None) -> Indices | None:
    if objects is None:
        return None
    if description.looks > 1:
        raise ValueError(f"objects: expected None for {description.name}, whose classes are told by them too")
    count = len(description.objects)
    if isinstance(objects, str):
        if objects != "every":
            raise ValueError(f"objects: expected 'every', ids or None, got {objects!r}")
        return np.arange(count)
    ids = np.asarray(objects, dtype=np.int64)
    if ids.ndim != 1 or not len(ids) or ids.min() < 0 or ids.max() >= count or len(np.unique(ids)) < len(ids):
        raise ValueError(f"objects: expected different ids from 0 to {count - 1}, got {objects}")
    return ids


def _known(name: str) -> RenderedSet:
    if name not in DATASETS:
        raise ValueError(
            f"name: expected one of {', '.join(DATASETS)}, got {name!r}{did_you_mean(name, DATASETS, 0.6)}"
        )
    return DATASETS[name]


def _check(
    description: RenderedSet, split: str, fold: int, size: int, renderings: int | None, limit: int | None
) -> None:
    if split not in SPLITS:
        raise ValueError(f"split: expected one of {', '.join(SPLITS)}, got {split!r}{did_you_mean(split, SPLITS, 0.6)}")
    folds = FOLDS if description.name == "libras-mixed" else 1
    if not 1 <= fold <= folds:
        raise ValueError(f"fold: expected 1{f' to {folds}' if folds > 1 else ''} for {description.name}, got {fold}")
    if not 16 <= size <= 512:
        raise ValueError(f"size: expected 16 to 512 pixels, got {size}")
    for option, value in (("renderings", renderings), ("limit", limit)):
        if value is not None and value < 1:
            raise ValueError(f"{option}: expected at least 1, or None, got {value}")
