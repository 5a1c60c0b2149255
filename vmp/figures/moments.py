"""One moment of a clip as the layer sees it: two frames, their difference, the attention, the prompt."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from vmp.figures.palette import colour_attention, colour_difference
from vmp.prompt import frame_difference, power_normalise

Picture = NDArray[np.uint8]
Map = NDArray[np.float32]

#: Pictures of differences are shown four times as strong as they are, since most are small.
GAIN = 4.0


@dataclass(frozen=True)
class Moment:
    """Frames t and t + stride and what Eqs. 1 and 4 make of them.

    ``before`` and ``after`` are uint8 (H, W, 3); ``difference`` is float32 (H, W) in [-1, 1], ``attention`` float32
    (H, W) in [0, 1]; ``prompt`` is uint8 (H, W, 3), attention times the pixels of ``after``: attention 0 is black.
    """

    index: int
    stride: int
    before: Picture
    after: Picture
    difference: Map
    attention: Map
    prompt: Picture

    def pictures(self, gain: float = GAIN) -> list[tuple[Picture, str]]:
        """Frame, difference, attention and prompt with their captions, for ``Pictures``."""
        strength = "" if gain == 1 else f", shown × {gain:g}"
        return [
            (self.after, f"frame {self.index + self.stride}"),
            (colour_difference(self.difference, gain), f"difference{strength}"),
            (colour_attention(self.attention), f"attention, mean {self.attention.mean():.2f}"),
            (self.prompt, "prompt"),
        ]

    def consecutive(self, gain: float = GAIN) -> list[tuple[Picture, str]]:
        """The two frames and their difference, as it is and strengthened, with their captions, for ``Pictures``."""
        return [(self.before, f"frame {self.index}"), *self.pictures(gain=1)[:2], self.pictures(gain)[1]]


def take_moment(frames: Picture, index: int, slope: float, shift: float, stride: int = 1) -> Moment:
    """Difference, attention and prompt of frames ``index`` and ``index + stride``.

    Args:
        frames: uint8 (T, H, W, 3), RGB.
        index: of the earlier frame, from 0.
        slope: a of Eq. 1.
        shift: b of Eq. 1.
        stride: frames from the one to the other, 1 or more.

    Raises:
        ValueError: frames of another shape or dtype, a stride under 1, or frames that the clip does not have.
    """
    before, after = frame_pair(frames, index, stride)
    difference = pair_difference(before, after)
    attention = power_normalise(torch.from_numpy(difference), slope, shift).numpy()
    return Moment(index, stride, before, after, difference, attention, highlight(after, attention))


def prompt_pictures(frames: Picture, index: int, stride: int, *pairs: tuple[float, float]) -> list[tuple[Picture, str]]:
    """The later frame, the difference as it is, and the prompt of each (slope, shift), with their captions.

    Arguments and errors are those of :func:`take_moment`; at least one pair is needed.
    """
    if not pairs:
        raise ValueError("prompt_pictures needs at least one pair (slope, shift), got none")
    moments = [take_moment(frames, index, a, b, stride) for a, b in pairs]
    prompts = [
        (m.prompt, f"prompt, a\u00a0=\u00a0{a:g}, b\u00a0=\u00a0{b:g}")
        for m, (a, b) in zip(moments, pairs, strict=True)
    ]
    return [*moments[0].pictures(gain=1)[:2], *prompts]


def frame_pair(frames: Picture, index: int, stride: int = 1) -> tuple[Picture, Picture]:
    """Frames ``index`` and ``index + stride`` of a checked clip."""
    if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[3] != 3:
        raise ValueError(f"frames must be uint8 (T, H, W, 3), got {frames.dtype} of shape {tuple(frames.shape)}")
    if stride < 1:
        raise ValueError(f"stride must be 1 or more, got {stride}")
    last = len(frames) - 1 - stride
    if not 0 <= index <= last:
        raise ValueError(
            f"index must lie in 0 to {last} for {len(frames)} frames and a stride of {stride}, got {index}: "
            "choose an earlier moment, a smaller stride or a longer clip"
        )
    return frames[index], frames[index + stride]


def pair_difference(before: Picture, after: Picture) -> Map:
    """D of Sec. 2.1 for two uint8 frames (H, W, 3): float32 (H, W) in [-1, 1]."""
    pair = torch.from_numpy(np.stack([before, after])).permute(3, 0, 1, 2).unsqueeze(0) / 255.0  # (1, 3, 2, H, W)
    return frame_difference(pair, mean=None, std=None)[0, 0, 0].numpy()


def highlight(frame: Picture, attention: Map) -> Picture:
    """Attention (H, W) times the frame's pixels (Eq. 4), as a picture; what falls below 0 is black, as on a screen."""
    return np.rint(np.clip(attention[..., None], 0.0, 1.0) * frame).astype(np.uint8)
