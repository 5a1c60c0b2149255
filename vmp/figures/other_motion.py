"""The pictures of motion that Fig. 1 of the paper compares, and two more, from one block of frames."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import interpolate

from vmp import motion
from vmp.figures.moments import Picture, frame_pair
from vmp.figures.palette import colour_difference


def motion_pictures(
    frames: Picture, index: int, step: int = 1, block: int = 16, terms: int = 5, flow_width: int = 240
) -> list[tuple[Picture, str]]:
    """Six pictures of one moment with captions, for ``Pictures``.

    From every ``step``-th frame, beginning with ``index``: the second frame and its normalised difference from the
    first; the time-colour reordering of the first three; the Taylor frame of ``terms`` + 3 and the dynamic image of
    ``block`` frames; the optical flow from the first to the second, computed ``flow_width`` pixels wide.

    Args:
        frames: uint8 (T, H, W, 3), RGB.
        index: of the first frame, from 0.
        step: frames from one that is used to the next.
        block: frames of the dynamic image, at least 2.
        terms: of the Taylor expansion.
        flow_width: pixels.

    Raises:
        ValueError: frames of another shape or dtype, or a block that ends after the clip.
    """
    longest = max(block, terms + 3)
    frame_pair(frames, index, stride=step * (longest - 1))  # checks that the clip has them all
    chosen = frames[index::step][:longest]
    window = torch.from_numpy(chosen).permute(0, 3, 1, 2) / 255.0  # (T, 3, H, W)
    flow = motion.optical_flow(_narrow(window[:2], flow_width))[0]
    fastest = float(np.quantile(np.linalg.norm(flow, axis=-1), 0.999))
    return [
        (chosen[1], f"frame {index + step}"),
        (colour_difference(motion.normalised_difference(window[:2])[0].numpy()), "normalised difference"),
        (as_picture(motion.time_colour_reordering(window[:3])[0]), "time-colour reordering"),
        (as_picture(motion.centre_on_grey(motion.taylor_video_frame(window[: terms + 3], terms))), "Taylor frame"),
        (as_picture(motion.centre_on_grey(motion.dynamic_image(window[:block]))), "dynamic image"),
        (motion.flow_to_colour(flow, fastest or None), f"optical flow, full colour: {_size(fastest, frames, flow)}"),
    ]


def as_picture(values: Tensor) -> Picture:
    """(3, H, W) in [0, 1] as a uint8 picture (H, W, 3)."""
    return (values.permute(1, 2, 0).clamp(0, 1) * 255).round().to(torch.uint8).numpy()


def _narrow(frames: Tensor, width: int) -> Tensor:
    """Frames (T, 3, H, W) averaged down to ``width`` pixels where they are wider."""
    if frames.shape[3] <= width:
        return frames
    height = max(1, round(frames.shape[2] * width / frames.shape[3]))
    return interpolate(frames, size=(height, width), mode="area")


def _size(fastest: float, frames: Picture, flow: np.ndarray) -> str:
    """A displacement on the narrow frames in pixels of the clip."""
    return f"{fastest * frames.shape[2] / flow.shape[1]:.1f} px"
