"""X3D: channelwise 3D convolutions between pointwise ones (Feichtenhofer, CVPR 2020).

The names of the parameters are those of PyTorchVideo's published checkpoints; its stem calls the convolution in space
``conv_t`` and the one over time ``conv_xy``, and so does this one.
"""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor, nn

from vmp.backbones.resnet3d import Blocks, Residual, Stage, average_windows
from vmp.backbones.spec import X3dDimensions


class FactoredConvolution(nn.Module):
    """3x3 in space with stride 2, then 5 frames of each channel: (B, 3, T, H, W) to (B, C, T, H/2, W/2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_t = nn.Conv3d(3, channels, (1, 3, 3), (1, 2, 2), (0, 1, 1), bias=False)
        self.conv_xy = nn.Conv3d(channels, channels, (5, 1, 1), padding=(2, 0, 0), groups=channels, bias=False)

    def forward(self, clip: Tensor) -> Tensor:
        """See the class."""
        return self.conv_xy(self.conv_t(clip))


class X3dStem(nn.Module):
    """The factored convolution, normalised: (B, 3, T, H, W) to (B, C, T, H/2, W/2)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = FactoredConvolution(channels)
        self.norm = nn.BatchNorm3d(channels)

    def forward(self, clip: Tensor) -> Tensor:
        """See the class."""
        return F.relu(self.norm(self.conv(clip)))


class SqueezeExcitation(nn.Module):
    """Each channel times a factor in (0, 1) that depends on the averages of all channels."""

    def __init__(self, channels: int, squeezed: int) -> None:
        super().__init__()
        self.block = nn.Sequential(
            nn.Conv3d(channels, squeezed, 1), nn.ReLU(), nn.Conv3d(squeezed, channels, 1), nn.Sigmoid()
        )

    def forward(self, x: Tensor) -> Tensor:
        """(B, C, T, H, W) to the same shape."""
        return x * self.block(x.mean(dim=(2, 3, 4), keepdim=True))


class InvertedBottleneck(nn.Module):
    """Widen, 3x3x3 in each channel (with the stride), narrow: (B, C, T, H, W) to (B, C', T, H', W')."""

    def __init__(self, channels: int, inner: int, out: int, stride: int, squeezed: int | None) -> None:
        super().__init__()
        self.conv_a = nn.Conv3d(channels, inner, 1, bias=False)
        self.norm_a = nn.BatchNorm3d(inner)
        self.conv_b = nn.Conv3d(inner, inner, 3, (1, stride, stride), 1, groups=inner, bias=False)
        scaling = nn.Identity() if squeezed is None else SqueezeExcitation(inner, squeezed)
        self.norm_b = nn.Sequential(nn.BatchNorm3d(inner), scaling)
        self.conv_c = nn.Conv3d(inner, out, 1, bias=False)
        self.norm_c = nn.BatchNorm3d(out)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = F.relu(self.norm_a(self.conv_a(x)))
        x = F.silu(self.norm_b(self.conv_b(x)))
        return self.norm_c(self.conv_c(x))


class ProjectedPool(nn.Module):
    """Widen, average over windows, widen again: (B, C, T, H, W) to (B, C', t, h, w)."""

    def __init__(self, channels: int, inner: int, out: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.pre_conv = nn.Conv3d(channels, inner, 1, bias=False)
        self.pre_norm = nn.BatchNorm3d(inner)
        self.post_conv = nn.Conv3d(inner, out, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = F.relu(self.pre_norm(self.pre_conv(x)))
        return F.relu(self.post_conv(average_windows(x, self.window)))


class X3dHead(nn.Module):
    """The projected average, dropout and projection, averaged: (B, C, T, H, W) to logits (B, classes)."""

    def __init__(self, pool: ProjectedPool, channels: int, num_classes: int, dropout: float) -> None:
        super().__init__()
        self.pool = pool
        self.dropout = nn.Dropout(dropout)
        self.proj = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = self.proj(self.dropout(self.pool(x).movedim(1, -1)))  # (B, t, h, w, classes)
        return x.mean(dim=(1, 2, 3))


def x3d(dimensions: X3dDimensions, num_classes: int, dropout: float, window: int) -> Blocks:
    """X3D; see :class:`vmp.backbones.resnet3d.Blocks`."""
    blocks: list[nn.Module] = [X3dStem(dimensions.stem)]
    channels = dimensions.stem
    for width, depth in zip(dimensions.widths, dimensions.depths, strict=True):
        blocks.append(stage(channels, width, depth, dimensions.expansion))
        channels = width
    inner = int(dimensions.expansion * channels)
    pool = ProjectedPool(channels, inner, dimensions.head, window)
    return Blocks([*blocks, X3dHead(pool, dimensions.head, num_classes, dropout)])


def stage(channels: int, width: int, depth: int, expansion: float) -> Stage:
    """Blocks of one stage, the first with stride 2; the first, third, ... squeeze and excite."""
    inner = int(expansion * width)
    blocks = []
    for place in range(depth):
        stride, squeezed = (2 if place == 0 else 1), (squeezed_width(inner) if place % 2 == 0 else None)
        branch = InvertedBottleneck(channels, inner, width, stride, squeezed)
        blocks.append(Residual(branch, channels, width, stride, shortcut_norm=channels != width))
        channels = width
    return Stage(blocks)


def squeezed_width(channels: int) -> int:
    """A sixteenth of the channels, to the nearest multiple of 8 that is at least 0.9 of that; at least 8."""
    sixteenth = channels / 16
    width = max(8, int(sixteenth + 4) // 8 * 8)
    return width + 8 if width < 0.9 * sixteenth else width
