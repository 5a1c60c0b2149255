r"""Eqs. 1-6 of Chen et al., "Motion meets Attention: Video Motion Prompts" (ACML 2024), as pure functions.

The layer is bound by memory, not arithmetic, so nothing here makes a pass that it need not: the mean of the
normalisation cancels in a difference and is never added back, and the attention map is broadcast over the channels,
never repeated.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from vmp.choices import (
    MEAN,
    STD,
    ChannelOrder,
    Choices,
    Difference,
    Layout,
    PixelReduction,
    channels_first,
    check_choice,
    check_clip,
    choices_of,
)

# --- Eq. 2: from the learned m, n to slope and shift, and back ---


def slope(m: Tensor, alpha: float = 5.0, beta: float = 0.45, epsilon: float = 0.1) -> Tensor:
    r"""Slope :math:`a(m) = \alpha / (\beta |\tanh m| + \epsilon)` (Eq. 2).

    Any shape; the result lies in :math:`(\alpha / (\beta + \epsilon), \alpha / \epsilon]`, which is (9.09, 50] for the
    paper's constants. It is even in m. At m = 0 it has a kink: torch takes the gradient of \|.\| there to be 0, so a
    slope that starts at exactly m = 0 never trains (the paper's appendix takes sgn 0 = 1).
    """
    return alpha / (beta * torch.tanh(m).abs() + epsilon)


def shift(n: Tensor, gamma: float = 0.6) -> Tensor:
    r"""Shift :math:`b(n) = \gamma \tanh n` (Eq. 2), in :math:`(-\gamma, \gamma)`; any shape."""
    return gamma * torch.tanh(n)


def inverse_slope(a: float, alpha: float = 5.0, beta: float = 0.45, epsilon: float = 0.1) -> float:
    r"""The m >= 0 with :math:`a(m) = a` (inverse of Eq. 2).

    The steepest slope, :math:`\alpha / \epsilon` = 50, is at m = 0, where m would never train: it gives m = 1e-5, whose
    slope is 49.998. Raises ValueError outside :math:`(\alpha / (\beta + \epsilon), \alpha / \epsilon]`.
    """
    gentlest, steepest = alpha / (beta + epsilon), alpha / epsilon
    if not gentlest < a <= steepest:
        raise ValueError(
            f"slope: expected a value in ({gentlest:.4g}, {steepest:.4g}], which is what Eq. 2 reaches with "
            f"alpha={alpha}, beta={beta}, epsilon={epsilon}; got {a}. Choose one inside, or change the constants"
        )
    tanh_m = (alpha / a - epsilon) / beta
    return math.atanh(tanh_m) if tanh_m > 0 else 1e-5


def inverse_shift(b: float, gamma: float = 0.6) -> float:
    r"""The n with :math:`b(n) = b` (inverse of Eq. 2). Raises ValueError outside :math:`(-\gamma, \gamma)`."""
    if not -gamma < b < gamma:
        raise ValueError(
            f"shift: expected a value in ({-gamma:.4g}, {gamma:.4g}), which is what Eq. 2 reaches with gamma={gamma}; "
            f"got {b}. Choose one inside, or change gamma"
        )
    return math.atanh(b / gamma)


# --- The computation in one layout, (B, C, T, H, W) ---


def computation_dtype(dtype: torch.dtype) -> torch.dtype:
    """float32 for half types, else the dtype itself."""
    # A bfloat16 difference has 8 bits and is then multiplied by a slope of up to 50: half types compute in float32.
    return torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype


def difference_of(clip: Tensor, choices: Choices) -> Tensor:
    """(B, 3, T, H, W) -> (B, 1, T-1, H, W). The mean of the normalisation cancels, its std is in the weights."""
    clip = clip.to(computation_dtype(clip.dtype))
    red, green, blue = choices.luma
    # Not a matrix product, which autocast would run in half precision; and no fused multiply-add, whose rounding
    # depends on where in memory a pixel lies: equal pixels must differ by exactly 0.
    luma = clip[:, 0:1] * red + clip[:, 1:2] * green + clip[:, 2:3] * blue  # (B, 1, T, H, W)
    difference = luma[:, :, 1:] - luma[:, :, :-1]
    return difference.abs() if choices.absolute else difference


def product_of(attention: Tensor, frames: Tensor, choices: Choices) -> Tensor:
    """Eq. 4: (B, 1, T-1, H, W) x (B, 3, T-1, H, W) -> prompts in the frames' dtype."""
    if choices.black is None:
        return (attention * frames).to(frames.dtype)
    # A pixel is x std + mean; attention times it, normalised again, is attention (x + k) - k with k = mean / std.
    k = attention.new_tensor(choices.black).view(1, 3, 1, 1, 1)
    return (attention * (frames + k) - k).to(frames.dtype)


def variation_divisor(attention: Tensor, pixel_sum: bool) -> int:
    """B (T-2) H W, or B (T-2) for the sum over pixels; 1 for a single map or no pixels, whose sum is empty."""
    batch, _, maps, height, width = attention.shape
    if maps == 1 or attention.numel() == 0:
        return 1
    return batch * (maps - 1) * (1 if pixel_sum else height * width)


def variation_of(attention: Tensor, pixel_sum: bool) -> Tensor:
    """Eq. 6 on (B, 1, T-1, H, W); a single map gives an empty sum: 0 with gradient 0."""
    step = attention[:, :, 1:] - attention[:, :, :-1]
    return step.square().sum() / variation_divisor(attention, pixel_sum)


def compose(clip: Tensor, a: Tensor, b: Tensor, choices: Choices) -> tuple[Tensor, Tensor]:
    """The layer as a composition: differentiable in everything, any number of times; what compilers see."""
    attention = torch.sigmoid(a * (difference_of(clip, choices) - b))
    return product_of(attention, clip[:, :, 1:], choices), variation_of(attention, choices.pixel_sum)


# --- The public functions ---


def frame_difference(
    clip: Tensor,
    mean: Sequence[float] | None = MEAN,
    std: Sequence[float] | None = STD,
    channel_order: ChannelOrder = "RGB",
    layout: Layout = "BCTHW",
    difference: Difference = "signed",
    check_finite: bool = False,
) -> Tensor:
    r"""Frame differencing maps :math:`D_t = F'_{t+1} - F'_t` of the grey clip (Sec. 2.1).

    Args:
        clip: (B, 3, T, H, W), or (B, T, 3, H, W) for layout "BTCHW"; floating point, T >= 2.
        mean: how the clip was normalised, one value a channel; None with ``std=None`` for pixels in [0, 1].
        std: see ``mean``.
        channel_order: "RGB" weights red, green and blue by .299, .587, .114; "BGR" the first channel by .114 and the
            third by .299, as the published code does with the RGB frames its reader gives.
        layout: "BCTHW" or "BTCHW".
        difference: "signed", in [-1, 1] for pixels in [0, 1], or "absolute".
        check_finite: raise on infinite values and NaN, at the price of a pass (and of a wait, on a GPU).

    Returns:
        (B, 1, T-1, H, W), or (B, T-1, 1, H, W) for layout "BTCHW": in units of pixels in [0, 1], whatever the
        normalisation; float32 for half types, else the clip's dtype. Equal pixels differ by exactly 0.

    Raises:
        ValueError: wrong rank, channel count, dtype, fewer than two frames, an unknown option.
    """
    check_choice("layout", layout)
    check_clip(clip, layout, check_finite)
    choices = choices_of(mean, std, channel_order, difference)
    return channels_first(difference_of(channels_first(clip, layout), choices), layout)


def power_normalise(difference: Tensor, a: Tensor | float, b: Tensor | float) -> Tensor:
    r"""Eq. 1: attention :math:`f(D) = 1 / (1 + e^{-a (D - b)})`, element by element.

    Args:
        difference: any shape, floating point, in [-1, 1].
        a: slope > 0.
        b: shift, the difference at which the attention is one half.

    Returns:
        Same shape and dtype, in [0, 1]; a static pixel (D = 0) gets :math:`f(0) = 1 / (1 + e^{a b})`, not 0.

    Raises:
        ValueError: an integer ``difference``, or a slope that is a number and not positive.
    """
    if not difference.is_floating_point():
        raise ValueError(f"difference: expected a floating-point dtype, got {difference.dtype}")
    if not isinstance(a, Tensor) and not a > 0:
        raise ValueError(f"slope a: expected a positive number, got {a}. The paper's range is 9.09 to 50")
    return torch.sigmoid(a * (difference - b))


def attention_variation(
    attention: Tensor, pixel_reduction: PixelReduction = "mean", layout: Layout = "BCTHW"
) -> Tensor:
    r"""Temporal attention variation (Eq. 6), a scalar >= 0.

    .. math:: V = \frac{1}{T-2} \sum_{t=1}^{T-2} \| f(D_{t+1}) - f(D_t) \|^2

    Args:
        attention: (B, 1, T-1, H, W), or (B, T-1, 1, H, W) for layout "BTCHW"; floating point.
        pixel_reduction: "mean" over pixels, as the published code does, or "sum", as Eq. 6 is printed: H W times
            larger. Both are means over the batch.
        layout: "BCTHW" or "BTCHW".

    Returns:
        A scalar; for a single map (two frames) 0 with gradient 0.

    Raises:
        ValueError: wrong rank, more than one channel, an integer dtype, an unknown option.
    """
    check_choice("layout", layout)
    check_choice("pixel_reduction", pixel_reduction)
    if attention.ndim != 5 or attention.shape[layout.index("C")] != 1:
        named = layout.replace("C", "1")
        raise ValueError(f"attention: expected 5 dimensions ({', '.join(named)}), got shape {tuple(attention.shape)}")
    if not attention.is_floating_point():
        raise ValueError(f"attention: expected a floating-point dtype, got {attention.dtype}")
    return variation_of(channels_first(attention, layout), pixel_reduction == "sum")
