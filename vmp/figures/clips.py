"""Which videos a chapter shows: the two examples, or a reader's own file."""

from __future__ import annotations

from dataclasses import replace
from itertools import islice
from pathlib import Path

import numpy as np
from PIL import Image

from vmp.data.video import Clip, VideoError, example_clip, iter_frames, probe


def chosen_clips(video: str, num_frames: int = 61, width: int = 480) -> dict[str, Clip]:
    """The clips that a chapter's ``video`` parameter names, by what a figure calls them.

    Args:
        video: "static" or "moving", an example, all of it; "both"; or the path of a video file.
        num_frames: of a file, from its beginning; fewer where it is shorter.
        width: a file's frames are scaled down to at most so many pixels. Differences come out a little smaller than
            on the full frames, since noise averages out.

    Raises:
        ValueError: neither an example nor a file, or a file that is no video or has fewer than two frames.
    """
    if video == "both":
        return {f"{name} camera": example_clip(name) for name in ("static", "moving")}
    if video == "static":
        return {"static camera": example_clip("static")}
    if video == "moving":
        return {"moving camera": example_clip("moving")}
    if not Path(video).is_file():
        raise ValueError(f"video must be 'static', 'moving', 'both' or the path of a video file, got {video!r}")
    return {Path(video).name: _small_clip(video, num_frames, width)}


def _small_clip(path: str, num_frames: int, width: int) -> Clip:
    read = list((_narrow(frame, width), time) for frame, time in islice(iter_frames(path, short="shorter"), num_frames))
    if len(read) < 2:
        raise VideoError(path, f"has {len(read)} frame(s), and a difference needs 2")
    frames, times = zip(*read, strict=True)
    clip = Clip(np.stack(frames), np.asarray(times, dtype=np.float64), path=path)
    return replace(clip, rate=probe(path).rate)


def _narrow(frame: np.ndarray, width: int) -> np.ndarray:
    """A frame scaled down to ``width`` pixels where it is wider."""
    height, across = frame.shape[:2]
    if across <= width:
        return frame
    size = (width, max(1, round(height * width / across)))
    return np.asarray(Image.fromarray(frame).resize(size, Image.Resampling.BOX))
