r"""Other pictures of motion, to set beside motion prompts: what Fig. 1 of the paper shows, and two classics.

Each function takes frames as a tensor (T, 3, H, W), floating point, RGB pixels in [0, 1], the oldest first, and
gives numbers, not pictures; :func:`centre_on_grey` and :func:`flow_to_colour` make pictures of them. :math:`F_t` is
frame t and :math:`F'_t` its luma (.299 R + .587 G + .114 B). The four first run on any device and are
differentiable; optical flow is scikit-image's, on the CPU.
"""

from __future__ import annotations

import math
from itertools import pairwise
from typing import Literal

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vmp.prompt import LUMA

#: Channels of a Taylor frame, in this order.
TAYLOR_CONCEPTS = ("displacement", "velocity", "acceleration")


def normalised_difference(frames: Tensor) -> Tensor:
    r"""Frame differences :math:`D_t = F'_{t+1} - F'_t`, each map divided by its largest :math:`|D_t|`.

    The paper does not say how Fig. 1 normalises; this keeps 0 at 0 and the sign, so one colour bar serves every map.
    A map without any change stays 0.

    Args:
        frames: (T, 3, H, W) with T >= 2.

    Returns:
        (T-1, H, W) in [-1, 1].
    """
    grey = _grey(frames, at_least=2)
    difference = grey[1:] - grey[:-1]  # (T-1, H, W)
    largest = difference.abs().amax(dim=(1, 2), keepdim=True)
    return difference / torch.where(largest > 0, largest, torch.ones_like(largest))


def time_colour_reordering(frames: Tensor, grey: bool = False) -> Tensor:
    r"""Three consecutive frames in the three channels of one (Kim et al. 2022).

    Frame t of the result holds one and the same channel of frames t, t+1 and t+2; the channel goes R, G, B, R, ...
    as t grows: (1R 2R 3R)(2G 3G 4G)(3B 4B 5B)(4R 5R 6R)... A static scene is grey; what moves leaves coloured edges.

    Args:
        frames: (T, 3, H, W) with T >= 3.
        grey: the variant that takes the luma of the three frames in place of one of their channels.

    Returns:
        (T-2, 3, H, W) in [0, 1].
    """
    _check_frames(frames, at_least=3)
    count = frames.shape[0] - 2
    if grey:
        single = _grey(frames, at_least=3)
        return torch.stack([single[k : k + count] for k in range(3)], dim=1)
    channel = torch.arange(count, device=frames.device) % 3
    first = torch.arange(count, device=frames.device)
    return torch.stack([frames[first + k, channel] for k in range(3)], dim=1)  # (T-2, 3, H, W)


def taylor_video_frame(frames: Tensor, terms: int = 5) -> Tensor:
    r"""One Taylor frame of a block of T frames: displacement, velocity and acceleration (Wang et al. 2024).

    With the forward differences at the block's first frame, :math:`\Delta^0 F'_1 = F'_1` and
    :math:`\Delta^k F'_1 = \sum_{i=0}^{k} (-1)^{k-i} \binom{k}{i} F'_{1+i}`, concept j = 1, 2, 3 (displacement,
    velocity, acceleration) is the sum of ``terms`` terms of a Taylor expansion around :math:`F'_1`, over all frames of
    the block:

    .. math:: \sum_{i=0}^{K-1} \Delta^{i+j} F'_1 \sum_{\tau=1}^{T} \frac{(F'_\tau - F'_1)^i}{i!}, \quad K = \text{terms}

    (with :math:`x^0 = 1`). A pixel that never changes is 0 in all three. This follows the authors' published notebook
    (taylor-video.ipynb in LeiWangR/video-ar), with two departures: there a block is always K + 3 frames long, here any
    T from K + 3 on; and there the sums go into a video file as they are, here they stay numbers, signed and not scaled
    (:func:`centre_on_grey` makes a picture).

    Args:
        frames: (T, 3, H, W) with T >= terms + 3, since the highest difference spans K + 3 frames.
        terms: K, 1 or more.

    Returns:
        (3, H, W), signed: :data:`TAYLOR_CONCEPTS`.
    """
    if terms < 1:
        raise ValueError(f"terms must be 1 or more, got {terms}")
    grey = _grey(frames, at_least=terms + 3)  # (T, H, W)
    at_first = [torch.diff(grey, n=order, dim=0)[0] for order in range(1, terms + 3)]  # (H, W) each
    away = grey - grey[:1]
    weights = [(away**i).sum(dim=0) / math.factorial(i) for i in range(terms)]
    return torch.stack([_sum_products(weights, at_first[j : j + terms]) for j in range(3)])


def _sum_products(left: list[Tensor], right: list[Tensor]) -> Tensor:
    """Sum of the products of two equally long lists of maps (H, W)."""
    return torch.stack([one * other for one, other in zip(left, right, strict=True)]).sum(dim=0)


def dynamic_image(frames: Tensor, weights: Literal["linear", "harmonic"] = "linear") -> Tensor:
    r"""Dynamic image by approximate rank pooling, :math:`\sum_t \alpha_t F_t` (Bilen et al. 2016).

    - "linear": :math:`\alpha_t = 2t - T - 1`, which pools the frames themselves;
    - "harmonic": :math:`\alpha_t = 2(T-t+1) - (T+1)(H_T - H_{t-1})` with :math:`H_t = \sum_{i=1}^t 1/i`, which pools
      their running means.

    Both sum to 0, so a static pixel is 0; late frames count positively, early ones negatively.

    Args:
        frames: (T, 3, H, W) with T >= 2.
        weights: "linear" or "harmonic".

    Returns:
        (3, H, W), signed, not scaled: :func:`centre_on_grey` makes a picture.
    """
    _check_frames(frames, at_least=2)
    alpha = rank_pooling_weights(frames.shape[0], weights).to(frames)
    return torch.einsum("t,tchw->chw", alpha, frames)


def rank_pooling_weights(count: int, weights: Literal["linear", "harmonic"] = "linear") -> Tensor:
    """The :math:`\\alpha_t` of :func:`dynamic_image` for ``count`` frames: (T,) float64, sum 0."""
    t = torch.arange(1, count + 1, dtype=torch.float64)
    linear = 2 * t - count - 1
    if weights == "linear":
        return linear
    if weights == "harmonic":  # a frame counts in every running mean from its own on
        return (linear / t).flip(0).cumsum(0).flip(0)
    raise ValueError(f"weights must be 'linear' or 'harmonic', got {weights!r}")


def optical_flow(frames: Tensor) -> NDArray[np.float32]:
    r"""Dense optical flow from each frame to the next by TV-L1 (Zach et al. 2007), with scikit-image's defaults.

    Slow: about a second a pair of 480x270 frames on one core.

    Args:
        frames: (T, 3, H, W) with T >= 2; any device, computed on the CPU from the luma.

    Returns:
        (T-1, H, W, 2) float32: pixels a frame to the right and downward.
    """
    from skimage.registration import optical_flow_tvl1

    grey = _grey(frames, at_least=2).detach().cpu().float().numpy()
    flow = np.empty((len(grey) - 1, *grey.shape[1:], 2), dtype=np.float32)
    for index, (before, after) in enumerate(pairwise(grey)):
        down, right = optical_flow_tvl1(before, after)
        flow[index] = np.stack([right, down], axis=-1)
    return flow


def flow_to_colour(flow: NDArray[np.floating], fastest: float | None = None) -> NDArray[np.uint8]:
    """Colour a flow (..., H, W, 2): the hue is the direction, white stands still, full colour is ``fastest``.

    To the right is red, down is yellow-green, to the left cyan, up violet.

    Args:
        flow: pixels a frame to the right and downward.
        fastest: the speed of full colour, pixels a frame; the largest of the flow unless given. Faster is clipped.

    Returns:
        uint8 RGB (..., H, W, 3).
    """
    from matplotlib.colors import hsv_to_rgb

    if flow.shape[-1:] != (2,):
        raise ValueError(f"flow must be (..., H, W, 2), got shape {tuple(flow.shape)}")
    if fastest is not None and not fastest > 0:
        raise ValueError(f"fastest must be a speed above 0 in pixels a frame, got {fastest}")
    speed = np.linalg.norm(flow, axis=-1)
    full = fastest or float(speed.max()) or 1.0
    hue = np.arctan2(flow[..., 1], flow[..., 0]) / (2 * np.pi) % 1.0
    hsv = np.stack([hue, np.clip(speed / full, 0.0, 1.0), np.ones_like(hue)], axis=-1)
    return np.rint(hsv_to_rgb(hsv) * 255.0).astype(np.uint8)


def centre_on_grey(values: Tensor, share: float = 0.999) -> Tensor:
    """Make a picture of signed channels (3, H, W): 0 becomes mid-grey.

    Each channel is divided by the size that ``share`` of its pixels stay under, and clipped, so that a few extreme
    pixels do not leave the rest grey.

    Returns:
        (3, H, W) in [0, 1]; a channel of zeros is .5 throughout.
    """
    if values.ndim != 3 or values.shape[0] != 3:
        raise ValueError(f"values must be (3, H, W), got shape {tuple(values.shape)}")
    if not 0 < share <= 1:
        raise ValueError(f"share must lie in (0, 1], got {share}")
    flat = values.abs().flatten(1)  # (3, H W)
    rank = max(1, math.ceil(share * flat.shape[1]))
    size = flat.kthvalue(rank, dim=1).values.view(3, 1, 1)
    size = torch.where(size > 0, size, flat.amax(dim=1).view(3, 1, 1))
    return 0.5 + 0.5 * (values / torch.where(size > 0, size, torch.ones_like(size))).clamp(-1, 1)


def _grey(frames: Tensor, at_least: int) -> Tensor:
    """Luma of checked frames: (T, 3, H, W) -> (T, H, W)."""
    _check_frames(frames, at_least)
    red, green, blue = LUMA
    return red * frames[:, 0] + green * frames[:, 1] + blue * frames[:, 2]


def _check_frames(frames: Tensor, at_least: int) -> None:
    if frames.ndim != 4 or frames.shape[1] != 3:
        raise ValueError(
            f"frames must be (T, 3, H, W), got shape {tuple(frames.shape)}. A clip of read_clip is (T, H, W, 3): "
            "torch.from_numpy(clip.frames).permute(0, 3, 1, 2) / 255"
        )
    if not frames.is_floating_point():
        raise ValueError(f"frames must be floating point with values in [0, 1], got {frames.dtype}: divide by 255")
    if frames.shape[0] < at_least:
        raise ValueError(f"this needs at least {at_least} frames, got {frames.shape[0]}: read a longer clip")
    low, high = (float(bound) for bound in frames.detach().aminmax())
    if not (low >= 0 and high <= 1):
        raise ValueError(
            f"frames must have values in [0, 1], got {low:.3g} to {high:.3g}: divide 8-bit frames by 255, and give "
            "the pixels, not what a model's normalisation makes of them"
        )
