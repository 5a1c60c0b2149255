"""What a backbone takes of a video: its inputs (SlowFast has two), each with its frames, stride and extra frame.

The extra frame of a prompted pathway lies one stride of that pathway before the pathway's first frame. Room for it is
kept for every pathway, prompted or not: a model with the layer and one without see the same other frames. A pathway of
adjacent differences takes, in place of the extra frame, the frame just before each of its frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vmp.choices import MEAN, STD, ChannelOrder
from vmp.data.sampling import Short, window_at, window_length


@dataclass(frozen=True)
class Pathway:
    """One input of a backbone.

    Attributes:
        name: "clip" where there is one, else "slow" and "fast".
        frames: T, how many frames the backbone sees.
        stride: frames of the video from one to the next.
        extra: whether the frame one stride before the first is taken as well: by a motion prompt layer, which takes
            T + 1 frames, or by the backbone itself, as a control.
        adjacent: whether each frame comes after the one just before it in the video, 2 T frames, for a layer of
            adjacent differences.

    Raises:
        ValueError: both of them.
    """

    name: str
    frames: int
    stride: int
    extra: bool = False
    adjacent: bool = False

    def __post_init__(self) -> None:
        if self.extra and self.adjacent:
            raise ValueError("adjacent: expected a pathway without an extra frame, which has no use there; got both")

    def __repr__(self) -> str:
        # a checkpoint is known by these words, and one of before there were adjacent differences is gone on with
        more = f", adjacent={self.adjacent}" if self.adjacent else ""
        return f"Pathway(name={self.name!r}, frames={self.frames}, stride={self.stride}, extra={self.extra}{more})"

    @property
    def given(self) -> int:
        """How many frames the model is given: T, T + 1 with the extra one, 2 T with the one before each."""
        return 2 * self.frames if self.adjacent else self.frames + self.extra

    @property
    def offsets(self) -> NDArray[np.int64]:
        """int64 (given,): where these lie, counted from the first of the T frames; never decreasing."""
        if self.adjacent:
            sampled = self.stride * np.arange(self.frames, dtype=np.int64)
            return np.stack((sampled - 1, sampled), axis=1).flatten()
        return self.stride * np.arange(-int(self.extra), self.frames, dtype=np.int64)


@dataclass(frozen=True)
class ClipInput:
    """Everything that turns a video into a model's input.

    Attributes:
        pathways: in the order in which the model takes them; all begin at the same frame.
        crop: height and width in pixels.
        mean, std: of the normalisation, in the order of ``channel_order``.
        channel_order: the order of the channels that the weights were trained with.
    """

    pathways: tuple[Pathway, ...]
    crop: int
    mean: tuple[float, float, float] = MEAN
    std: tuple[float, float, float] = STD
    channel_order: ChannelOrder = "RGB"

    @property
    def room(self) -> int:
        """Frames kept free before the first: the longest stride."""
        return max(pathway.stride for pathway in self.pathways)

    @property
    def length(self) -> int:
        """Frames of the video from the first to the last that any pathway takes, without extra frames."""
        return max(window_length(pathway.frames, pathway.stride) for pathway in self.pathways)


class PathwayWindows(NamedTuple):
    """Which frames each pathway takes.

    Attributes:
        indices: int64 (T,), (T + 1,) with an extra frame, (2 T,) with the one before each; one array a pathway.
        shifted: frames by which all of them moved later to make room for extra frames.
        repeated: how many indices stand for a frame that the video does not have, frames before others included.
    """

    indices: tuple[NDArray[np.int64], ...]
    shifted: int = 0
    repeated: int = 0


def pathway_windows(video_frames: int, clip_input: ClipInput, start: int = 0, short: Short = "error") -> PathwayWindows:
    """The frames that each pathway takes when the first of them is ``start``.

    Where fewer than ``room`` frames lie before ``start``, every pathway moves later, with and without the layer. Where
    the video is too short for that, nothing moves, and for a frame before the video stands the first frame that is
    taken, counted: its prompt shows no motion, rather than that of another stride.

    Raises:
        ValueError: as :func:`vmp.data.sampling.window_at`.
    """
    missing = max(clip_input.room - start, 0)
    shifted = missing if start + missing + clip_input.length <= video_frames else 0
    start += shifted
    indices, repeated = [], 0
    for pathway in clip_input.pathways:
        window_at(video_frames, pathway.frames, pathway.stride, start, short)  # raises where it does not fit
        wanted = start + pathway.offsets
        repeated += int(((wanted < 0) | (wanted >= video_frames)).sum())
        indices.append(np.where(wanted < 0, start, np.minimum(wanted, video_frames - 1)))
    return PathwayWindows(tuple(indices), shifted, repeated)
