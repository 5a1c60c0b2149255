"""What is in a folder of videos: a few frames of one video of each class."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np

from vmp.data.frame_reader import FrameReader
from vmp.data.video import VideoError
from vmp.figures.pictures import Pictures

Shots = list[tuple[np.ndarray, str]]


def folder_pictures(folder: str | os.PathLike[str], classes: int = 6, frames: int = 4, width: int = 160) -> Pictures:
    """The first readable video of each class, ``frames`` of it at even distances, a row a class.

    Args:
        folder: with a sub-folder a class.
        classes: at most so many.
        frames: of each video.
        width: pixels that a frame is scaled down to.

    Raises:
        ValueError: no readable videos in sub-folders.
    """
    from vmp.data.own_videos import videos_in

    paths: dict[str, list[str]] = {}
    for path in videos_in(folder):
        paths.setdefault(path.split("/")[0], []).append(path)
    pictures: Shots = []
    headings: list[str] = []
    for name, videos in paths.items():
        found = next(((each, shots) for each in videos if (shots := _shots(Path(folder) / each, frames))), None)
        if found is not None and len(headings) < classes:
            headings.append(f"{name}: {len(videos)} videos, of which {Path(found[0]).name}")
            pictures += found[1]
    if not pictures:
        raise ValueError(f"{folder}: expected videos in sub-folders, one a class, got none that can be read")
    left = len(paths) - len(headings)
    return Pictures(
        pictures,
        columns=frames,
        row_labels=headings,
        max_width=width,
        alt=f"Frames of one video of each of {len(headings)} classes",
        caption=f"{frames} frames of one video of each class." + (f" Classes not shown: {left}." if left else ""),
    )


def _shots(path: Path, frames: int) -> Shots:
    """Frames with their times; none of a video that cannot be read."""
    try:
        with FrameReader(str(path)) as reader:
            numbers = np.linspace(0, reader.count() - 1, frames).round().astype(int)
            taken = reader.read(numbers)
            return [(frame, f"{number / reader.rate:.2f} s") for frame, number in zip(taken, numbers, strict=True)]
    except VideoError:
        return []
