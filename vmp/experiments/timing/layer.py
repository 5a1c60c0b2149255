r"""The layer alone over sizes of a frame: is its cost :math:`\mathcal{O}(HW)`?

Twice over: counted, in operations of forward and backward; and timed, with two fits of the times,

.. math:: t = t_0 + s \, HW \qquad\text{and}\qquad t = t_0 + s \, (HW)^p

where :math:`t_0` is what a step costs however small the frame is. A line of log time over log HW would take that for a
lower power.
"""

from __future__ import annotations

import math
import time
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from vmp.prompt import MotionPrompt

#: Frames that go in, as the paper's T + 1 of most backbones.
FRAMES = 9
_FEWEST = 4  # sizes, for three unknowns


def layer_seconds(
    sides: Sequence[int], batch: int, runs: int, device: str = "cpu", frames: int = FRAMES
) -> dict[str, dict[str, list[float]]]:
    """Seconds of the eager layer: side -> "forward" and "backward" -> one time a run, the sides in turns.

    Args:
        sides: height and width of the frames in pixels.
        batch: clips.
        runs: how many count; two go before.
        device: as torch names it.
        frames: of a clip that go in.

    Raises:
        ValueError: no side, or one below 1; fewer than one clip or run, or than two frames.
    """
    if not sides or min(sides) < 1 or batch < 1 or runs < 1 or frames < 2:
        raise ValueError(
            f"expected sides, clips and runs of at least 1 and at least 2 frames, got sides {list(sides)}, batch "
            f"{batch}, {runs} runs, {frames} frames"
        )
    layer = MotionPrompt.from_slope_shift(20.0, 0.0).to(device)
    clips = {str(side): torch.randn((batch, 3, frames, side, side)).to(device) for side in sides}
    seconds: dict[str, dict[str, list[float]]] = {side: {"forward": [], "backward": []} for side in clips}
    for number in range(runs + 2):
        for side, clip in clips.items():
            forward, backward = _times(layer, clip)
            if number >= 2:
                seconds[side]["forward"].append(round(forward, 7))
                seconds[side]["backward"].append(round(backward, 7))
    return seconds


@dataclass(frozen=True)
class Growth:
    """How times grow with the pixels of a frame.

    Attributes:
        overhead: seconds at no pixels, t_0 of the straight line; below 0 where small frames cost less a pixel, as in a
            cache.
        a_pixel: seconds, s of the straight line.
        misfit: the largest difference of a time from the straight line, as a part of the time.
        exponent, low, high: p, and its 95 % interval (Student's t over the sizes); NaN where it cannot be told.
    """

    overhead: float
    a_pixel: float
    misfit: float
    exponent: float
    low: float
    high: float


def growth(pixels: Sequence[float], seconds: Sequence[float]) -> Growth:
    """The two fits, of relative errors: else the largest frame would decide alone.

    Args:
        pixels: HW of each size.
        seconds: its time, a median over runs.

    Raises:
        ValueError: not as many, one that is not above 0, or fewer than four sizes.
    """
    x, t = np.asarray(pixels, dtype=float), np.asarray(seconds, dtype=float)
    if x.shape != t.shape or x.ndim != 1 or not (x > 0).all() or not (t > 0).all():
        raise ValueError(f"expected as many times as sizes, all above 0, got {list(pixels)} and {list(seconds)}")
    if len(np.unique(x)) < _FEWEST:
        raise ValueError(f"expected at least {_FEWEST} sizes for a fit, got {len(np.unique(x))}")
    overhead, a_pixel = np.linalg.lstsq(np.stack((1 / t, x / t), axis=1), np.ones_like(t), rcond=None)[0]
    misfit = np.abs((overhead + a_pixel * x) / t - 1).max()
    return Growth(float(overhead), float(a_pixel), float(misfit), *_power(x, t, max(overhead, 0.0)))


def _power(x: NDArray[np.float64], t: NDArray[np.float64], overhead: float) -> tuple[float, float, float]:
    """p of t_0 + s x^p and its interval; t_0 is at least 0 and at most the shortest time."""
    from scipy import optimize, stats

    share, longest = x / x.max(), t.max()  # numbers near 1, for the solver
    start = (min(overhead, 0.9 * t.min()) / longest, 1.0, 1.0)
    bounds = ([0.0, 0.0, 0.1], [t.min() / longest, np.inf, 3.0])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", optimize.OptimizeWarning)  # no covariance: the interval is infinite
        try:
            found, covariance = optimize.curve_fit(
                lambda x, t_0, s, p: t_0 + s * x**p, share, t / longest, start, sigma=t / longest, bounds=bounds
            )
        except RuntimeError:  # no end
            return math.nan, math.nan, math.nan
    half = float(stats.t.ppf(0.975, len(x) - 3)) * math.sqrt(covariance[2, 2])
    return float(found[2]), float(found[2]) - half, float(found[2]) + half


def operations(side: int, batch: int = 1, frames: int = FRAMES) -> int:
    """Operations on elements that the eager layer does forward and backward, counted while it does them.

    Each call of torch counts as the largest of the tensors that it takes or gives: one for each element of a sum,
    product or copy, one for each that is summed.
    """
    layer = MotionPrompt.from_slope_shift(20.0, 0.0)
    clip = torch.randn((batch, 3, frames, side, side))
    with _Counter() as counter:
        _times(layer, clip)
    return counter.total


class _Counter(TorchDispatchMode):
    """Counts the elements of every call that is no view and computes something."""

    def __init__(self) -> None:
        super().__init__()
        self.total = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Mapping[str, Any] | None = None) -> Any:
        given = func(*args, **(kwargs or {}))
        if not (func.is_view or "empty" in func.__name__ or "detach" in func.__name__):
            tensors = [each for each in (*args, given) if isinstance(each, Tensor)]
            self.total += max((tensor.numel() for tensor in tensors), default=0)
        return given


def _times(layer: MotionPrompt, clip: Tensor) -> tuple[float, float]:
    layer.zero_grad(set_to_none=True)
    start = _now(clip)
    prompts, variation = layer(clip)
    middle = _now(clip)
    torch.autograd.backward([prompts, variation], [clip[:, :, 1:], variation.detach()])
    return middle - start, _now(clip) - middle


def _now(clip: Tensor) -> float:
    if clip.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter()
