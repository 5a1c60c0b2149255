"""The layer's eager path: frames in the cache, and a backward of its own that keeps one attention map.

What is kept beside the clip is one float32 map: 8/27 of a float32 clip's bytes for nine frames, twice that share of a
half-precision one; autograd over the composition would keep several times that. The composition
(:func:`vmp.equations.compose`) runs instead where a clip needs a gradient, under compilers and exporters, and under
functional transforms.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, cast

import torch
from torch import Tensor

from vmp.choices import Choices, Layout, channels_first
from vmp.equations import compose, computation_dtype, product_of, variation_divisor


def frames_at_once(clip: Tensor) -> int:
    """One frame on a CPU, so that what lies between two operations stays in its cache; all on an accelerator.

    There a launch costs more than a pass.
    """
    return 1 if clip.device.type == "cpu" else clip.shape[2] - 1


class _Differences:
    """Walks a clip and gives the differences of :func:`frames_at_once`, reading each frame once."""

    def __init__(self, clip: Tensor, choices: Choices) -> None:
        batch, _, _, height, width = clip.shape
        self.at_once = frames_at_once(clip)
        self.clip, self.choices = clip, choices
        self.dtype = computation_dtype(clip.dtype)
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


def _empty_prompts(clip: Tensor, layout: Layout) -> Tensor:
    """(B, 3, T-1, H, W), laid out as ``layout`` and in the clip's memory format.

    A convolution is up to twice as fast on channels last, where a decoder's pixels already lie.
    """
    batch, _, frames, height, width = clip.shape
    if layout == "BTCHW":
        return channels_first(clip.new_empty((batch, frames - 1, 3, height, width)), layout)
    last = clip.is_contiguous(memory_format=torch.channels_last_3d)
    memory_format = torch.channels_last_3d if last else torch.contiguous_format
    size = (batch, 3, frames - 1, height, width)
    return torch.empty(size, dtype=clip.dtype, device=clip.device, memory_format=memory_format)


def _multiply_into(out: Tensor, attention: Tensor, frames: Tensor, choices: Choices) -> None:
    """Eq. 4 for a few frames: (B, at_once, H, W) x (B, 3, at_once, H, W), written into the prompts."""
    if choices.black is None and out.dtype == frames.dtype:
        torch.mul(attention.unsqueeze(1), frames, out=out)
    else:
        out.copy_(product_of(attention.unsqueeze(1), frames, choices))


class FusedPrompt(torch.autograd.Function):
    """:func:`compose` for a clip that needs no gradient, in eager mode, with a backward of its own.

    What is kept beside the clip is the attention map; the difference is computed again.
    """

    @staticmethod
    def forward(
        ctx: Any, clip: Tensor, a: Tensor, b: Tensor, choices: Choices, layout: Layout
    ) -> tuple[Tensor, Tensor]:
        """(B, 3, T, H, W), slope, shift -> prompts (B, 3, T-1, H, W) laid out as ``layout``, and V."""
        batch, _, frames, height, width = clip.shape
        prompts = _empty_prompts(clip, layout)
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
        return prompts, variation / variation_divisor(attention.unsqueeze(1), choices.pixel_sum)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor | None) -> tuple[Tensor | None, ...]:
        """Gradients of slope and shift alone; differentiable again where somebody asks (create_graph)."""
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


def _add_product_gradient(to_map: Tensor, to_prompts: Tensor, frames: Tensor, choices: Choices) -> None:
    """Add sum over channels of dL/dZ times what the map multiplied."""
    for channel in range(3):
        multiplied = frames[:, channel]
        if choices.black is not None:
            multiplied = multiplied + choices.black[channel]
        to_map.addcmul_(to_prompts[:, channel].to(to_map.dtype), multiplied)


def _add_variation_gradient(
    to_map: Tensor, to_variation: Tensor, attention: Tensor, first: int, after: int, choices: Choices
) -> None:
    """Add dL/dV times dV/df_t = 2 (f_t - f_(t-1)) + 2 (f_t - f_(t+1)) over the divisor, where there is a neighbour."""
    scale = to_variation * (2.0 / variation_divisor(attention.unsqueeze(1), choices.pixel_sum))
    begin, end = max(first, 1), min(after, attention.shape[1] - 1)
    if after > begin:
        step = attention[:, begin:after] - attention[:, begin - 1 : after - 1]
        to_map[:, begin - first :].addcmul_(step, scale)
    if end > first:
        step = attention[:, first:end] - attention[:, first + 1 : end + 1]
        to_map[:, : end - first].addcmul_(step, scale)


def _differentiable_gradients(
    clip: Tensor, a: Tensor, b: Tensor, choices: Choices, gradients: Sequence[Tensor | None]
) -> tuple[Tensor | None, ...]:
    """The gradients of slope and shift through the composition, so that they can be differentiated again.

    None for one that needs no gradient.
    """
    used = [i for i, gradient in enumerate(gradients) if gradient is not None]
    outputs = compose(clip, a, b, choices)
    wanted = [parameter for parameter in (a, b) if parameter.requires_grad]
    found = iter(
        torch.autograd.grad(
            [outputs[i] for i in used], wanted, [cast(Tensor, gradients[i]) for i in used], create_graph=True
        )
    )
    return tuple(next(found) if parameter.requires_grad else None for parameter in (a, b))


def takes_composition(clip: Tensor) -> bool:
    """Whether the plain composition runs: a gradient to the clip, a compiler or exporter, or a functional transform."""
    return (
        clip.requires_grad
        or torch.compiler.is_compiling()
        or torch.jit.is_tracing()
        or torch._C._are_functorch_transforms_active()
    )
