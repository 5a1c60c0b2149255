"""A small folder of real, encoded videos to try things on: hand movements of Libras, drawn, a sub-folder a class."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from vmp.nearest import did_you_mean

#: Movements that a tiny model can tell apart after a few seconds of training.
MOVEMENTS = ("circle", "horizontal line", "vertical line")


def write_example_folder(
    root: str | os.PathLike[str],
    movements: Sequence[str] = MOVEMENTS,
    videos: int = 20,
    *,
    size: int = 96,
    frames: int = 24,
    rate: int = 12,
    quality: int = 20,
) -> Path:
    """Write FOLDER/MOVEMENT/NN.mp4: H.264, an object that moves over a photograph in front of a fixed camera.

    The same arguments give the same pictures. Each video shows another of the real movements.

    Args:
        root: folder to write to, made if need be.
        movements: classes of ``vmp.data.trajectories.CLASSES``.
        videos: of each class, at most 21.
        size: height and width in pixels, even.
        frames: of each video; the movement takes all of them.
        rate: frames a second.
        quality: x264's constant rate factor, lower is better.

    Returns:
        The folder.

    Raises:
        ValueError: an unknown movement, with the nearest; more videos than there are movements of a class.
    """
    from vmp.data.rendered_sets import DATASETS
    from vmp.data.rendering import render
    from vmp.data.scenes import Scenes
    from vmp.data.trajectories import CLASSES, libras_trajectories
    from vmp.data.writing import Film

    for name in movements:
        if name not in CLASSES:
            raise ValueError(
                f"movements: expected some of {', '.join(CLASSES)}; got {name!r}{did_you_mean(name, CLASSES)}"
            )
    labels, scene = libras_trajectories().labels, DATASETS["libras-static"]
    fewest = int(np.bincount(labels).min())
    if not 1 <= videos <= fewest:
        raise ValueError(f"videos: expected 1 to {fewest} of each class, got {videos}")
    scene = replace(scene, clutter=0, distractors=0, object_size=(0.28, 0.36))
    times = np.linspace(0, 1, frames)
    for look, name in enumerate(movements):
        rows = np.flatnonzero(labels == CLASSES.index(name))[:videos]
        looks = np.full_like(rows, look % len(scene.objects))
        folder = Path(root) / name
        folder.mkdir(parents=True, exist_ok=True)
        pixels = render(Scenes(scene, False, rows, np.zeros_like(rows), looks), times, size).numpy()
        for number, video in enumerate(pixels):
            with Film(folder / f"{number + 1:02}.mp4", (size, size), rate, quality) as film:
                for frame, picture in enumerate(video):
                    film.write(picture, frame / rate)
    return Path(root)
