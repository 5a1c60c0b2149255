r"""The motion prompt layer: Eqs. 1-7 of Chen et al., "Motion meets Attention: Video Motion Prompts" (ACML 2024).

Each operation is a pure function; :class:`MotionPrompt` is thin over them. Where the published code and the paper
differ, the choice is an option with a name; :meth:`MotionPrompt.published` and :meth:`MotionPrompt.paper` are the
two sets.

The layer is bound by memory, not arithmetic, so it avoids passes over the clip: the mean of the normalisation cancels
in a difference and is never added back, the attention map is broadcast over the channels and never repeated, and what
is kept for the backward pass beside the clip is one attention map (8/27 of a nine-frame clip).
"""

from __future__ import annotations

import csv
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import resources
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

Layout = Literal["BCTHW", "BTCHW"]
ChannelOrder = Literal["RGB", "BGR"]
Difference = Literal["signed", "absolute"]
Product = Literal["normalised", "pixels"]
PixelReduction = Literal["mean", "sum"]

#: ITU-R BT.601 luma weights of red, green and blue.
LUMA = (0.299, 0.587, 0.114)
#: How the Kinetics backbones normalise a clip.
MEAN, STD = (0.45, 0.45, 0.45), (0.225, 0.225, 0.225)

_CHOICES: dict[str, tuple[str, ...]] = {
    "layout": ("BCTHW", "BTCHW"),
    "channel_order": ("RGB", "BGR"),
    "difference": ("signed", "absolute"),
    "product": ("normalised", "pixels"),
    "pixel_reduction": ("mean", "sum"),
}


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


# --- Checks --------------------------------------------------------------------------------------------------------


def _check_choice(name: str, value: str) -> None:
    if value not in _CHOICES[name]:
        expected = " or ".join(repr(choice) for choice in _CHOICES[name])
        raise ValueError(f"{name}: expected {expected}, got {value!r}")


def _check_clip(clip: Tensor, layout: Layout, check_finite: bool = False) -> None:
    named = ", ".join(layout)
    if clip.ndim != 5:
        raise ValueError(
            f"clip: expected 5 dimensions ({named}), got shape {tuple(clip.shape)}. "
            "A single clip needs a batch dimension: clip.unsqueeze(0)"
        )
    if not clip.is_floating_point():
        raise ValueError(
            f"clip: expected a floating-point dtype, got {clip.dtype}. Scale and normalise the frames first, for "
            "example (frames / 255 - mean) / std"
        )
    channels, frames = clip.shape[layout.index("C")], clip.shape[layout.index("T")]
    if channels != 3:
        raise ValueError(
            f"clip: expected 3 channels in dimension {layout.index('C')} of ({named}), got shape {tuple(clip.shape)}. "
            "Permute the clip, or choose the other layout"
        )
    if frames < 2:
        raise ValueError(
            f"clip: expected at least 2 frames in dimension {layout.index('T')} of ({named}), since T frames give T-1 "
            f"prompts; got shape {tuple(clip.shape)}"
        )
    if check_finite and not bool(torch.isfinite(clip).all()):
        bad = int((~torch.isfinite(clip)).sum())
        raise ValueError(f"clip: expected finite values, got {bad} that are infinite or not a number")


def _check_normalisation(mean: Sequence[float] | None, std: Sequence[float] | None) -> None:
    if (mean is None) != (std is None):
        raise ValueError(f"mean and std: expected both or neither, got mean={mean}, std={std}")
    for name, values in (("mean", mean), ("std", std)):
        if values is not None and len(values) != 3:
            raise ValueError(f"{name}: expected 3 values, one a channel, got {tuple(values)}")
    if std is not None and min(std) <= 0:
        raise ValueError(f"std: expected positive values, got {tuple(std)}")


# --- The computation, in one layout (B, C, T, H, W) ---


@dataclass(frozen=True)
class _Choices:
    """What the computation needs to know: a frozen value, so that autograd and the compilers can carry it."""

    luma: tuple[float, ...]  # weight of each channel in the difference, the normalisation's std included
    black: tuple[float, ...] | None  # mean / std, minus the value of a black pixel; None: the product is as it comes
    absolute: bool
    pixel_sum: bool


def _choices(
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    channel_order: ChannelOrder = "RGB",
    difference: Difference = "signed",
    product: Product = "normalised",
    pixel_reduction: PixelReduction = "mean",
) -> _Choices:
    _check_normalisation(mean, std)
    _check_choice("channel_order", channel_order)
    _check_choice("difference", difference)
    _check_choice("product", product)
    _check_choice("pixel_reduction", pixel_reduction)
    weights = LUMA if channel_order == "RGB" else LUMA[::-1]
    black = None
    if product == "pixels" and mean is not None and std is not None:
        black = tuple(m / s for m, s in zip(mean, std, strict=True))
    return _Choices(
        luma=tuple(w * s for w, s in zip(weights, std or (1.0, 1.0, 1.0), strict=True)),
        black=black,
        absolute=difference == "absolute",
        pixel_sum=pixel_reduction == "sum",
    )


def _channels_first(tensor: Tensor, layout: Layout) -> Tensor:
    """A view that swaps the layout's dimensions for (B, C, T, H, W); its own inverse."""
    return tensor if layout == "BCTHW" else tensor.transpose(1, 2)


def _computation_dtype(dtype: torch.dtype) -> torch.dtype:
    # A bfloat16 difference has 8 bits and is then multiplied by a slope of up to 50: half types compute in float32.
    return torch.float32 if dtype in (torch.float16, torch.bfloat16) else dtype


def _difference(clip: Tensor, choices: _Choices) -> Tensor:
    """(B, 3, T, H, W) -> (B, 1, T-1, H, W). The mean of the normalisation cancels, its std is in the weights."""
    clip = clip.to(_computation_dtype(clip.dtype))
    red, green, blue = choices.luma
    # Not a matrix product, which autocast would run in half precision; and no fused multiply-add, whose rounding
    # depends on where in memory a pixel lies: equal pixels must differ by exactly 0.
    luma = clip[:, 0:1] * red + clip[:, 1:2] * green + clip[:, 2:3] * blue  # (B, 1, T, H, W)
    difference = luma[:, :, 1:] - luma[:, :, :-1]
    return difference.abs() if choices.absolute else difference


def _product(attention: Tensor, frames: Tensor, choices: _Choices) -> Tensor:
    """Eq. 4: (B, 1, T-1, H, W) x (B, 3, T-1, H, W) -> prompts in the frames' dtype."""
    if choices.black is None:
        return (attention * frames).to(frames.dtype)
    # A pixel is x std + mean; attention times it, normalised again, is attention (x + k) - k with k = mean / std.
    k = attention.new_tensor(choices.black).view(1, 3, 1, 1, 1)
    return (attention * (frames + k) - k).to(frames.dtype)


def _variation_divisor(attention: Tensor, pixel_sum: bool) -> int:
    """B (T-2) H W, or B (T-2) for the sum over pixels; 1 for a single map, whose sum is empty."""
    batch, _, maps, height, width = attention.shape
    if maps == 1:
        return 1
    return batch * (maps - 1) * (1 if pixel_sum else height * width)


def _variation(attention: Tensor, pixel_sum: bool) -> Tensor:
    """Eq. 6 on (B, 1, T-1, H, W); a single map gives an empty sum: 0 with gradient 0."""
    step = attention[:, :, 1:] - attention[:, :, :-1]
    return step.square().sum() / _variation_divisor(attention, pixel_sum)


def _compose(clip: Tensor, a: Tensor, b: Tensor, choices: _Choices) -> tuple[Tensor, Tensor]:
    """The layer as a composition: differentiable in everything, any number of times; what compilers see."""
    attention = torch.sigmoid(a * (_difference(clip, choices) - b))
    return _product(attention, clip[:, :, 1:], choices), _variation(attention, choices.pixel_sum)


# --- The eager fast path: frames in the cache, one map kept ---


class _Differences:
    """Walks a clip and gives the differences of a few frames at a time, reading each frame once.

    On a CPU one frame is taken at a time, so that what lies between two operations stays in the cache; on an
    accelerator all frames are, since there a launch costs more than a pass.
    """

    def __init__(self, clip: Tensor, choices: _Choices) -> None:
        batch, _, frames, height, width = clip.shape
        self.at_once = 1 if clip.device.type == "cpu" else frames - 1
        self.clip, self.choices = clip, choices
        self.dtype = _computation_dtype(clip.dtype)
        self._luma = clip.new_empty((batch, self.at_once + 1, height, width), dtype=self.dtype)
        self._part = clip.new_empty((batch, self.at_once, height, width), dtype=self.dtype)
        self._luma_into(self._luma[:, :1], clip[:, :, :1].to(self.dtype))

    def _luma_into(self, out: Tensor, frames: Tensor) -> None:
        red, green, blue = self.choices.luma
        part = self._part[:, : frames.shape[2]]
        torch.mul(frames[:, 0], red, out=out)
        out.add_(torch.mul(frames[:, 1], green, out=part))
        out.add_(torch.mul(frames[:, 2], blue, out=part))

    def __iter__(self) -> Iterator[tuple[int, int, Tensor]]:
        """Index of the first map, index after the last, and their frames (B, 3, at_once, H, W)."""
        for first in range(0, self.clip.shape[2] - 1, self.at_once):
            after = first + self.at_once
            frames = self.clip[:, :, first + 1 : after + 1].to(self.dtype)
            self._luma_into(self._luma[:, 1:], frames)
            yield first, after, frames
            self._luma[:, 0].copy_(self._luma[:, -1])

    def signed_into(self, out: Tensor) -> Tensor:
        """The differences of the frames just given, (B, at_once, H, W), before any absolute value."""
        return torch.sub(self._luma[:, 1:], self._luma[:, :-1], out=out)


def _multiply_into(out: Tensor, attention: Tensor, frames: Tensor, choices: _Choices) -> None:
    """Eq. 4 for a few frames: (B, at_once, H, W) x (B, 3, at_once, H, W), written into the prompts."""
    if choices.black is None and out.dtype == frames.dtype:
        torch.mul(attention.unsqueeze(1), frames, out=out)
    else:
        out.copy_(_product(attention.unsqueeze(1), frames, choices))


class _FusedPrompt(torch.autograd.Function):
    """:func:`_compose` for a clip that needs no gradient, in eager mode, with a backward of its own.

    What is kept beside the clip is the attention map; the difference is computed again.
    """

    @staticmethod
    def forward(
        ctx: Any, clip: Tensor, a: Tensor, b: Tensor, choices: _Choices, layout: Layout
    ) -> tuple[Tensor, Tensor]:
        batch, _, frames, height, width = clip.shape
        size = (batch, 3, frames - 1, height, width)
        if layout == "BTCHW":
            size = (batch, frames - 1, 3, height, width)
        prompts = _channels_first(clip.new_empty(size), layout)
        differences = _Differences(clip, choices)
        attention = clip.new_empty((batch, frames - 1, height, width), dtype=differences.dtype)
        variation = attention.new_zeros(())
        scratch = attention.new_empty((batch, differences.at_once, height, width))
        for first, after, chunk in differences:
            maps = attention[:, first:after]
            differences.signed_into(maps)
            if choices.absolute:
                maps.abs_()
            maps.sub_(b).mul_(a).sigmoid_()
            _multiply_into(prompts[:, :, first:after], maps, chunk, choices)
            later = max(first, 1)  # the first map has none before it
            if after > later:
                step = torch.sub(
                    attention[:, later:after],
                    attention[:, later - 1 : after - 1],
                    out=scratch[:, : after - later],
                )
                variation += step.square_().sum()
        ctx.save_for_backward(clip, a, b, attention)
        ctx.choices = choices
        ctx.set_materialize_grads(False)
        return prompts, variation / _variation_divisor(attention.unsqueeze(1), choices.pixel_sum)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        clip, a, b, attention = ctx.saved_tensors
        if torch.is_grad_enabled():  # create_graph=True: somebody will differentiate this backward
            return (None, *_differentiable_gradients(clip, a, b, ctx.choices, gradients), None, None)
        to_prompts, to_variation = gradients
        differences = _Differences(clip, ctx.choices)
        to_map = attention.new_empty((attention.shape[0], differences.at_once, *attention.shape[2:]))
        scratch = torch.empty_like(to_map)
        sum_slope, sum_shift = attention.new_zeros(()), attention.new_zeros(())
        for first, after, chunk in differences:
            maps = attention[:, first:after]
            to_map.zero_()
            if to_prompts is not None:
                _add_product_gradient(to_map, to_prompts[:, :, first:after], chunk, ctx.choices)
            if to_variation is not None:
                _add_variation_gradient(to_map, to_variation, attention, first, after, ctx.choices)
            # df/da = f (1 - f) (D - b) and df/db = -a f (1 - f)
            to_map.mul_(torch.addcmul(maps, maps, maps, value=-1, out=scratch))
            sum_shift += to_map.sum()
            differences.signed_into(scratch)
            if ctx.choices.absolute:
                scratch.abs_()
            sum_slope += to_map.mul_(scratch.sub_(b)).sum()
        return None, sum_slope.expand_as(a), (-a * sum_shift).reshape(b.shape), None, None


def _add_product_gradient(to_map: Tensor, to_prompts: Tensor, frames: Tensor, choices: _Choices) -> None:
    """Add sum over channels of dL/dZ times what the map multiplied."""
    for channel in range(3):
        multiplied = frames[:, channel]
        if choices.black is not None:
            multiplied = multiplied + choices.black[channel]
        to_map.addcmul_(to_prompts[:, channel].to(to_map.dtype), multiplied)


def _add_variation_gradient(
    to_map: Tensor, to_variation: Tensor, attention: Tensor, first: int, after: int, choices: _Choices
) -> None:
    """Add dL/dV times dV/df_t = 2 (f_t - f_(t-1)) + 2 (f_t - f_(t+1)) over the divisor, where there is a neighbour."""
    scale = to_variation * (2.0 / _variation_divisor(attention.unsqueeze(1), choices.pixel_sum))
    begin, end = max(first, 1), min(after, attention.shape[1] - 1)
    if after > begin:
        step = attention[:, begin:after] - attention[:, begin - 1 : after - 1]
        to_map[:, begin - first :].addcmul_(step, scale)
    if end > first:
        step = attention[:, first:end] - attention[:, first + 1 : end + 1]
        to_map[:, : end - first].addcmul_(step, scale)


def _differentiable_gradients(
    clip: Tensor, a: Tensor, b: Tensor, choices: _Choices, gradients: Sequence[Tensor | None]
) -> tuple[Tensor, ...]:
    """The gradients of slope and shift through the composition, so that they can be differentiated again."""
    used = [i for i, gradient in enumerate(gradients) if gradient is not None]
    outputs = _compose(clip, a, b, choices)
    return torch.autograd.grad(
        [outputs[i] for i in used], (a, b), [cast(Tensor, gradients[i]) for i in used], create_graph=True
    )


def _takes_composition(clip: Tensor) -> bool:
    """Whether the plain composition runs: a gradient to the clip, a compiler or exporter, or a functional transform."""
    return (
        clip.requires_grad
        or torch.compiler.is_compiling()
        or torch.jit.is_tracing()
        or torch._C._are_functorch_transforms_active()
    )


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
    _check_choice("layout", layout)
    _check_clip(clip, layout, check_finite)
    choices = _choices(mean, std, channel_order, difference)
    return _channels_first(_difference(_channels_first(clip, layout), choices), layout)


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
    _check_choice("layout", layout)
    _check_choice("pixel_reduction", pixel_reduction)
    if attention.ndim != 5 or attention.shape[layout.index("C")] != 1:
        named = layout.replace("C", "1")
        raise ValueError(f"attention: expected 5 dimensions ({', '.join(named)}), got shape {tuple(attention.shape)}")
    if not attention.is_floating_point():
        raise ValueError(f"attention: expected a floating-point dtype, got {attention.dtype}")
    return _variation(_channels_first(attention, layout), pixel_reduction == "sum")


# --- The layer -------------------------------------------------------------------------------------------------------


class MotionPrompt(nn.Module):
    r"""Two learnable numbers between a video and a model: T frames in, T-1 motion prompts out (Eqs. 1-6).

    .. math:: Z_t = f(D_t) \odot F_{t+1}, \qquad f(D) = \frac{1}{1 + e^{-a(m) (D - b(n))}}

    ``prompts, variation = layer(clip)`` with

    - clip: (B, 3, T, H, W), or (B, T, 3, H, W) for layout "BTCHW"; floating point, any strides, T >= 2;
    - prompts: the same layout with T-1 frames, in the clip's dtype;
    - variation: V of Eq. 6, a scalar >= 0 in float32 (float64 for a float64 clip): add ``lambda * variation`` to the
      loss (Eq. 7). With two frames it is 0 with gradient 0.

    Inside autocast, and for half-precision clips, difference and attention are computed in float32.

    Args:
        alpha: Eq. 2; the slope lies in (alpha / (beta + epsilon), alpha / epsilon], (9.09, 50] by default.
        beta: Eq. 2.
        gamma: Eq. 2; the shift lies in (-gamma, gamma).
        epsilon: Eq. 2.
        mean: how the clip was normalised, one value a channel; None with ``std=None`` for pixels in [0, 1].
        std: see ``mean``.
        channel_order: "RGB", or "BGR" for the published code's weighting.
        layout: "BCTHW" or "BTCHW".
        difference: "signed", or "absolute" for \|D\|.
        product: "normalised" multiplies the frame as it comes (published code: attention 0 gives the normalisation's
            mean, mid-grey); "pixels" multiplies the frame in [0, 1] and normalises again (Eq. 4: attention 0 gives
            black).
        pixel_reduction: the variation as a "mean" over pixels (published code) or a "sum" (Eq. 6).
        generator: draws m, n ~ N(1e-5, 1), the paper's start; None uses torch's global generator.
        check_finite: raise on infinite values and NaN in the clip (a pass over it; a wait on a GPU).

    Attributes:
        m, n: the two ``nn.Parameter``, each of shape (1,). At m = 0 torch's gradient of \|tanh m\| is 0: a slope that
            starts at exactly m = 0 never trains.

    Raises:
        ValueError: constants that are not positive, an unknown option; on a call: wrong rank, channel count or dtype,
            fewer than two frames.
    """

    def __init__(
        self,
        alpha: float = 5.0,
        beta: float = 0.45,
        gamma: float = 0.6,
        epsilon: float = 0.1,
        mean: Sequence[float] | None = MEAN,
        std: Sequence[float] | None = STD,
        channel_order: ChannelOrder = "RGB",
        layout: Layout = "BCTHW",
        difference: Difference = "signed",
        product: Product = "normalised",
        pixel_reduction: PixelReduction = "mean",
        generator: torch.Generator | None = None,
        check_finite: bool = False,
    ) -> None:
        super().__init__()
        for name, value in (("alpha", alpha), ("beta", beta), ("gamma", gamma), ("epsilon", epsilon)):
            if not value > 0:
                raise ValueError(f"{name}: expected a positive number, got {value}")
        _check_choice("layout", layout)
        self._choices = _choices(mean, std, channel_order, difference, product, pixel_reduction)
        self.alpha, self.beta, self.gamma, self.epsilon = alpha, beta, gamma, epsilon
        self.mean = None if mean is None else tuple(mean)
        self.std = None if std is None else tuple(std)
        self.channel_order, self.layout, self.difference = channel_order, layout, difference
        self.product, self.pixel_reduction, self.check_finite = product, pixel_reduction, check_finite
        self.m = nn.Parameter(torch.normal(1e-5, 1.0, (1,), generator=generator))
        self.n = nn.Parameter(torch.normal(1e-5, 1.0, (1,), generator=generator))

    # --- other ways to make one ---

    @classmethod
    def published(cls, **options: Any) -> MotionPrompt:
        """The published code's choices: BGR weights, product with the normalised frame, mean over pixels."""
        chosen = {"channel_order": "BGR", "product": "normalised", "pixel_reduction": "mean"}
        return cls(**(chosen | options))

    @classmethod
    def paper(cls, **options: Any) -> MotionPrompt:
        """The paper's equations as printed: RGB weights, product with the pixels (Eq. 4), sum over pixels (Eq. 6)."""
        chosen = {"channel_order": "RGB", "product": "pixels", "pixel_reduction": "sum"}
        return cls(**(chosen | options))

    @classmethod
    def from_slope_shift(cls, a: float, b: float, **options: Any) -> MotionPrompt:
        """A layer with this slope and shift (inverse of Eq. 2, m >= 0); a slope of alpha / epsilon uses m = 1e-5.

        Raises ValueError, naming the range, where Eq. 2 cannot reach them.
        """
        layer = cls(**options)
        m = inverse_slope(a, layer.alpha, layer.beta, layer.epsilon)
        return layer._start_at(m, inverse_shift(b, layer.gamma))

    @classmethod
    def from_paper(
        cls,
        dataset: str,
        lambda_: float | None = None,
        source: Literal["paper", "page"] = "paper",
        **options: Any,
    ) -> MotionPrompt:
        """A layer with a pair that the authors learned.

        Args:
            dataset: "finegym", "mpii", "hmdb51", and on the page "ucf-crime".
            lambda_: the regularisation it was learned with; None where the source has one pair for the data set, or
                one that it gives without a lambda.
            source: "paper" (slope and shift, rounded to two digits) or the authors' project "page" (m and n).
            options: passed to the constructor.

        Raises ValueError, listing the pairs there are, where none fits or several do.
        """
        pair = _learned_pair(dataset, lambda_, source)
        if source == "page":
            return cls(**options)._start_at(float(pair["m"]), float(pair["n"]))
        return cls.from_slope_shift(float(pair["a"]), float(pair["b"]), **options)

    @classmethod
    def from_processor(cls, processor: Any, **options: Any) -> MotionPrompt:
        """A layer for clips as a processor makes them: its mean, std and layout.

        Takes a transformers image or video processor (``image_mean``; (B, T, 3, H, W) clips) or the transforms of
        torchvision's video weights (``mean``; (B, 3, T, H, W) clips).

        Raises ValueError for anything else, and for a processor that leaves pixels in 0-255.
        """
        return cls(**(_processor_options(processor) | options))

    def _start_at(self, m: float, n: float) -> MotionPrompt:
        with torch.no_grad():
            self.m.fill_(m)
            self.n.fill_(n)
        return self

    # --- what it computes ---

    @property
    def slope(self) -> Tensor:
        """Slope a(m) of Eq. 2, shape (1,), at least float32."""
        return slope(self.m.to(_computation_dtype(self.m.dtype)), self.alpha, self.beta, self.epsilon)

    @property
    def shift(self) -> Tensor:
        """Shift b(n) of Eq. 2, shape (1,), at least float32."""
        return shift(self.n.to(_computation_dtype(self.n.dtype)), self.gamma)

    def frame_difference(self, clip: Tensor) -> Tensor:
        """The differences that the layer sees: :func:`frame_difference` with the layer's options."""
        _check_clip(clip, self.layout, self.check_finite)
        return _channels_first(_difference(_channels_first(clip, self.layout), self._choices), self.layout)

    def attention(self, clip: Tensor) -> Tensor:
        """Attention maps f(D) in [0, 1]: (B, 1, T-1, H, W), or (B, T-1, 1, H, W) for layout "BTCHW"."""
        difference = self.frame_difference(clip)
        return power_normalise(difference, self.slope.to(difference.dtype), self.shift.to(difference.dtype))

    def forward(self, clip: Tensor) -> tuple[Tensor, Tensor]:
        """Prompts (Eq. 4) and variation (Eq. 6); see the class for shapes."""
        _check_clip(clip, self.layout, self.check_finite)
        dtype = _computation_dtype(clip.dtype)
        a, b = self.slope.to(dtype), self.shift.to(dtype)
        clip = _channels_first(clip, self.layout)
        if _takes_composition(clip):
            prompts, variation = _compose(clip, a, b, self._choices)
        else:
            prompts, variation = _FusedPrompt.apply(clip, a, b, self._choices, self.layout)
        return _channels_first(prompts, self.layout), variation

    def stream(self) -> PromptStream:
        """Prompts for live video, a frame at a time, equal to those of the whole clip."""
        return PromptStream(self)

    def extra_repr(self) -> str:
        """The values in Eq. 2 and every choice that is not the default."""
        shown = [f"slope={self.slope.item():.4g}", f"shift={self.shift.item():.4g}"]
        defaults = {
            "channel_order": "RGB",
            "layout": "BCTHW",
            "difference": "signed",
            "product": "normalised",
            "pixel_reduction": "mean",
            "mean": MEAN,
            "std": STD,
        }
        shown += [f"{k}={getattr(self, k)!r}" for k, default in defaults.items() if getattr(self, k) != default]
        return ", ".join(shown)


class PromptStream:
    """Prompts of a live video: keeps the frame before.

    ``stream(frame)`` takes (B, 3, H, W), normalised like the layer's clips, and gives the prompt of that frame in the
    same shape, or None for the first frame, which has no difference yet. ``reset()`` starts over, after a cut.
    """

    def __init__(self, layer: MotionPrompt) -> None:
        self.layer = layer
        self._last: Tensor | None = None

    def __call__(self, frame: Tensor) -> Tensor | None:
        """The prompt of this frame. Raises ValueError for another rank, or another shape than the frame before."""
        if frame.ndim != 4:
            raise ValueError(f"frame: expected 4 dimensions (B, 3, H, W), got shape {tuple(frame.shape)}")
        last, self._last = self._last, frame
        if last is None:
            return None
        if last.shape != frame.shape:
            self._last = last
            raise ValueError(
                f"frame: expected the shape of the frame before, {tuple(last.shape)}, got {tuple(frame.shape)}. "
                "Call reset() where another video begins"
            )
        time = self.layer.layout.index("T")
        prompts, _ = self.layer(torch.stack((last, frame), dim=time))
        return cast(Tensor, prompts).squeeze(time)

    def reset(self) -> None:
        """Forget the frame before."""
        self._last = None


# --- The authors' learned pairs, and other people's processors ---

_LEARNED = {"paper": "learned_parameters.csv", "page": "learned_parameters_project_page.csv"}


def _learned_pair(dataset: str, lambda_: float | None, source: str) -> dict[str, str]:
    if source not in _LEARNED:
        raise ValueError(f"source: expected 'paper' or 'page', got {source!r}")
    text = (resources.files("vmp") / "assets" / "paper" / _LEARNED[source]).read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    fitting = [row for row in rows if row["dataset"] == dataset]
    if lambda_ is not None:
        fitting = [row for row in fitting if row["lambda"] and math.isclose(float(row["lambda"]), lambda_)]
    elif any(not row["lambda"] for row in fitting):
        fitting = [row for row in fitting if not row["lambda"]]
    if len(fitting) == 1:
        return fitting[0]
    asked = repr(dataset) if lambda_ is None else f"{dataset!r} with lambda {lambda_:g}"
    listed = "; ".join(
        f"{r['dataset']}, lambda {r['lambda'] or 'not stated'}: a = {r['a']}, b = {r['b']}" for r in rows
    )
    problem = "is ambiguous: say which lambda_" if fitting else "is not among the pairs"
    raise ValueError(f"the learned pair of {asked} {problem}. The {source} has {listed}")


def _processor_options(processor: Any) -> dict[str, Any]:
    if hasattr(processor, "image_mean"):
        mean, std, layout = processor.image_mean, processor.image_std, "BTCHW"
        if not getattr(processor, "do_rescale", True):
            raise ValueError(
                "processor: expected one that scales pixels to [0, 1] (do_rescale=True), got do_rescale=False. "
                "Switch it on, or give MotionPrompt the mean and std of the clips yourself"
            )
        if not getattr(processor, "do_normalize", True):
            return {"mean": None, "std": None, "layout": layout}
    elif hasattr(processor, "mean") and hasattr(processor, "std"):
        mean, std, layout = processor.mean, processor.std, "BCTHW"
    else:
        raise ValueError(
            "processor: expected a transformers processor (with image_mean) or the transforms of torchvision's video "
            f"weights, weights.transforms() (with mean), got {type(processor).__name__}. "
            "Give MotionPrompt the mean, std and layout yourself"
        )
    return {"mean": tuple(map(float, mean)), "std": tuple(map(float, std)), "layout": layout}
