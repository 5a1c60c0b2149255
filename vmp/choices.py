"""The named choices of the layer, and what a clip must be: the checks that every entrance shares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor

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


def check_choice(name: str, value: str) -> None:
    """Raise ValueError where an option has no such value, naming those it has."""
    if value not in _CHOICES[name]:
        expected = " or ".join(repr(choice) for choice in _CHOICES[name])
        raise ValueError(f"{name}: expected {expected}, got {value!r}")


def check_clip(clip: Tensor, layout: Layout, check_finite: bool = False) -> None:
    """Raise ValueError unless a clip is a 5-dimensional floating-point tensor of 3 channels and at least 2 frames."""
    if not isinstance(clip, Tensor):
        raise ValueError(
            f"clip: expected a tensor, got {type(clip).__name__}. What read_clip and example_clip give becomes one by "
            "clip.tensor(mean, std), an array by torch.from_numpy(array)"
        )
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


def check_normalisation(mean: Sequence[float] | None, std: Sequence[float] | None) -> None:
    """Raise ValueError unless mean and std are both None or 3 numbers each, the std positive."""
    if (mean is None) != (std is None):
        raise ValueError(f"mean and std: expected both or neither, got mean={mean}, std={std}")
    for name, values in (("mean", mean), ("std", std)):
        if values is not None and (not hasattr(values, "__len__") or len(values) != 3):
            raise ValueError(f"{name}: expected 3 values, one a channel, got {values}")
    if std is not None and not all(value > 0 for value in std):
        raise ValueError(f"std: expected positive values, got {tuple(std)}")


@dataclass(frozen=True)
class Choices:
    """What the computation needs to know: a frozen value, so that autograd and the compilers can carry it."""

    luma: tuple[float, ...]  # weight of each channel in the difference, the normalisation's std included
    black: tuple[float, ...] | None  # mean / std, minus the value of a black pixel; None: the product is as it comes
    absolute: bool
    pixel_sum: bool


def choices_of(
    mean: Sequence[float] | None,
    std: Sequence[float] | None,
    channel_order: ChannelOrder = "RGB",
    difference: Difference = "signed",
    product: Product = "normalised",
    pixel_reduction: PixelReduction = "mean",
) -> Choices:
    """Check the options and work out what the computation needs of them."""
    check_normalisation(mean, std)
    mean = None if mean is None else [float(value) for value in mean]  # arrays and tensors come too
    std = None if std is None else [float(value) for value in std]
    check_choice("channel_order", channel_order)
    check_choice("difference", difference)
    check_choice("product", product)
    check_choice("pixel_reduction", pixel_reduction)
    weights = LUMA if channel_order == "RGB" else LUMA[::-1]
    black = None
    if product == "pixels" and mean is not None and std is not None:
        black = tuple(m / s for m, s in zip(mean, std, strict=True))
    return Choices(
        luma=tuple(w * s for w, s in zip(weights, std or (1.0, 1.0, 1.0), strict=True)),
        black=black,
        absolute=difference == "absolute",
        pixel_sum=pixel_reduction == "sum",
    )


def channels_first(tensor: Tensor, layout: Layout) -> Tensor:
    """A view that swaps the layout's dimensions for (B, C, T, H, W); its own inverse."""
    return tensor if layout == "BCTHW" else tensor.transpose(1, 2)
