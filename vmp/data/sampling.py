"""Which frames of a video a clip takes: index arithmetic only, nothing is decoded.

A window is ``num_frames`` indices, ``stride`` apart. A video that is too short for it is an error, or its last frame is
repeated and counted; it is never looped.

The extra frame of a motion prompt layer (T + 1 frames in, T prompts out) lies one stride before the window's first
frame, so that the other frames are the same with and without the layer. Where the video has none before, the whole
window moves later; a comparison moves it without the layer too. Where that is impossible, the first frame is repeated,
and counted.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, get_args

import numpy as np
import torch
from numpy.typing import NDArray

Short = Literal["error", "repeat_last"]


class Window(NamedTuple):
    """The frames of one clip.

    Attributes:
        indices: int64 (T,), or (T + 1,) with an extra frame at the front; from 0, never decreasing.
        shifted: frames by which the window moved later to make room for the extra frame.
        repeated: how many indices stand for a frame that the video does not have.
    """

    indices: NDArray[np.int64]
    shifted: int = 0
    repeated: int = 0


def window_length(num_frames: int, stride: int = 1) -> int:
    """Frames of the video from the window's first to its last, both included: (T - 1) stride + 1."""
    if num_frames < 1:
        raise ValueError(f"num_frames: expected at least 1, got {num_frames}")
    if stride < 1:
        raise ValueError(f"stride: expected at least 1 frame, got {stride}")
    return (num_frames - 1) * stride + 1


def window_at(video_frames: int, num_frames: int, stride: int = 1, start: int = 0, short: Short = "error") -> Window:
    """The window start, start + stride, ...

    Args:
        video_frames: how many frames the video has.
        num_frames: T, how many the window takes.
        stride: video frames from one to the next.
        start: index of the first.
        short: where the video ends before the window does: "error", or "repeat_last", counted.

    Raises:
        ValueError: a window that does not fit, with short="error"; a start outside the video; arguments below 1.
    """
    length = _checked_length(video_frames, num_frames, stride, short)
    if not 0 <= start < video_frames:
        raise ValueError(f"start: expected 0 to {video_frames - 1}, the video's last frame, got {start}")
    if start + length > video_frames and short == "error":
        raise ValueError(
            f"video: expected {start + length} frames for {num_frames} frames with stride {stride} from frame {start}, "
            f"got {video_frames}. Start earlier, take fewer or closer frames, or choose short='repeat_last'"
        )
    wanted = start + stride * np.arange(num_frames, dtype=np.int64)
    return Window(np.minimum(wanted, video_frames - 1), repeated=int((wanted >= video_frames).sum()))


def centred_window(video_frames: int, num_frames: int, stride: int = 1, short: Short = "error") -> Window:
    """The window in the middle; with an odd number of frames left over, the earlier one. See :func:`window_at`."""
    spare = video_frames - _checked_length(video_frames, num_frames, stride, short)
    return window_at(video_frames, num_frames, stride, max(spare, 0) // 2, short)


def random_window(
    video_frames: int,
    num_frames: int,
    stride: int = 1,
    *,
    generator: torch.Generator | None = None,
    short: Short = "error",
) -> Window:
    """A window that starts anywhere it fits, each start as likely. See :func:`window_at`.

    ``generator`` draws the start; None uses torch's global generator.
    """
    spare = video_frames - _checked_length(video_frames, num_frames, stride, short)
    start = int(torch.randint(max(spare, 0) + 1, (1,), generator=generator))
    return window_at(video_frames, num_frames, stride, start, short)


def uniform_windows(
    video_frames: int, num_frames: int, stride: int = 1, *, views: int = 10, short: Short = "error"
) -> list[Window]:
    """``views`` windows with evenly spaced starts, the first at the beginning, the last at the end; one: centred.

    Where the video has fewer starts than views, some windows are the same. See :func:`window_at`.
    """
    if views < 1:
        raise ValueError(f"views: expected at least 1, got {views}")
    if views == 1:
        return [centred_window(video_frames, num_frames, stride, short)]
    spare = max(video_frames - _checked_length(video_frames, num_frames, stride, short), 0)
    # round half up, in integers: (2 spare k + views - 1) // (2 (views - 1))
    starts = [(2 * spare * k + views - 1) // (2 * (views - 1)) for k in range(views)]
    return [window_at(video_frames, num_frames, stride, start, short) for start in starts]


def window_with_extra_frame(
    video_frames: int, num_frames: int, stride: int = 1, start: int = 0, short: Short = "error"
) -> Window:
    """The window of :func:`window_at` with one more frame, one stride before its first.

    - ``start >= stride``: the extra frame is ``start - stride``, nothing moves.
    - Else the whole window moves later by ``shifted = stride - start``, so that the extra frame is frame 0. For a fair
      comparison the window without the layer takes ``indices[1:]``, which moved as well.
    - Where the moved window would not fit, nothing moves, the first frame is its own extra frame, and ``repeated``
      counts it: the first prompt then shows no motion.

    Returns:
        Window: ``indices`` (num_frames + 1,); ``indices[1:]`` are the frames without the layer.

    Raises:
        ValueError: as :func:`window_at`.
    """
    window = window_at(video_frames, num_frames, stride, start, short)
    missing = stride - start
    if missing <= 0:
        return window._replace(indices=_with_front(window.indices, start - stride))
    if start + missing + window_length(num_frames, stride) <= video_frames:
        moved = window_at(video_frames, num_frames, stride, start + missing)
        return Window(_with_front(moved.indices, 0), shifted=missing)
    return window._replace(indices=_with_front(window.indices, start), repeated=window.repeated + 1)


def _with_front(indices: NDArray[np.int64], extra: int) -> NDArray[np.int64]:
    return np.concatenate((np.array([extra], dtype=np.int64), indices))


def _checked_length(video_frames: int, num_frames: int, stride: int, short: str) -> int:
    if short not in get_args(Short):
        raise ValueError(f"short: expected 'error' or 'repeat_last', got {short!r}")
    if video_frames < 1:
        raise ValueError(f"video: expected at least 1 frame, got {video_frames}")
    return window_length(num_frames, stride)
