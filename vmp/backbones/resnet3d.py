"""C2D, I3D and SlowFast: one family of residual 3D networks of bottlenecks.

C2D has no convolution over time, I3D has one in every other block, SlowFast is two such networks at two frame rates
with lateral convolutions from the fast to the slow one. Sources: Wang et al., "Non-local Neural Networks" (CVPR 2018)
for C2D and I3D, Feichtenhofer et al., "SlowFast Networks for Video Recognition" (ICCV 2019). The names of the
parameters are those of PyTorchVideo's published checkpoints.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from vmp.backbones.spec import ResNetDimensions, SlowFastDimensions


class Blocks(nn.Module):
    """Blocks one after the other: clip (B, 3, T, H, W), or the pathways' clips, to logits (B, classes)."""

    def __init__(self, blocks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)

    def forward(self, clip: Tensor | Sequence[Tensor]) -> Tensor:
        """Logits; a sequence given is not altered."""
        x: Any = clip if isinstance(clip, Tensor) else tuple(clip)
        for block in self.blocks:
            x = block(x)
        return x


class Stem(nn.Module):
    """Convolution with stride 2 and maximum with stride 2 in space: (B, 3, T, H, W) to (B, C, T, H/4, W/4)."""

    def __init__(self, channels: int, frames: int) -> None:
        super().__init__()
        self.conv = nn.Conv3d(3, channels, (frames, 7, 7), (1, 2, 2), (frames // 2, 3, 3), bias=False)
        self.norm = nn.BatchNorm3d(channels)
        self.pool = nn.MaxPool3d((1, 3, 3), (1, 2, 2), (0, 1, 1))

    def forward(self, clip: Tensor) -> Tensor:
        """See the class."""
        return self.pool(F.relu(self.norm(self.conv(clip))))


class Bottleneck(nn.Module):
    """Narrow over ``span`` frames, 3x3 in space with the stride, widen: (B, C, T, H, W) to (B, C', T, H', W')."""

    def __init__(self, channels: int, inner: int, out: int, span: int, stride: int) -> None:
        super().__init__()
        self.conv_a = nn.Conv3d(channels, inner, (span, 1, 1), padding=(span // 2, 0, 0), bias=False)
        self.norm_a = nn.BatchNorm3d(inner)
        self.conv_b = nn.Conv3d(inner, inner, (1, 3, 3), (1, stride, stride), (0, 1, 1), bias=False)
        self.norm_b = nn.BatchNorm3d(inner)
        self.conv_c = nn.Conv3d(inner, out, 1, bias=False)
        self.norm_c = nn.BatchNorm3d(out)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        x = F.relu(self.norm_a(self.conv_a(x)))
        x = F.relu(self.norm_b(self.conv_b(x)))
        return self.norm_c(self.conv_c(x))


class Residual(nn.Module):
    """A branch beside a shortcut, which is projected where channels or stride change.

    ``shortcut_norm``: X3D leaves it out where only the stride changes.
    """

    def __init__(self, branch: nn.Module, channels: int, out: int, stride: int, shortcut_norm: bool = True) -> None:
        super().__init__()
        self.branch1_conv: nn.Conv3d | None = None
        self.branch1_norm: nn.BatchNorm3d | None = None
        if channels != out or stride != 1:
            self.branch1_conv = nn.Conv3d(channels, out, 1, (1, stride, stride), bias=False)
            self.branch1_norm = nn.BatchNorm3d(out) if shortcut_norm else None
        self.branch2 = branch

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        shortcut = x
        if self.branch1_conv is not None:
            shortcut = self.branch1_conv(x)
        if self.branch1_norm is not None:
            shortcut = self.branch1_norm(shortcut)
        return F.relu(shortcut + self.branch2(x))


class Stage(nn.Module):
    """Residual blocks at one resolution; the first changes width and stride."""

    def __init__(self, blocks: Sequence[nn.Module]) -> None:
        super().__init__()
        self.res_blocks = nn.ModuleList(blocks)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        for block in self.res_blocks:
            x = block(x)
        return x


class Head(nn.Module):
    """Dropout and projection at each place, averaged: (B, C, t, h, w) to logits (B, classes).

    ``window``: see :func:`average_windows`, which comes first; None: that was done before.
    """

    def __init__(self, channels: int, num_classes: int, dropout: float, window: int | None = None) -> None:
        super().__init__()
        self.window = window
        self.dropout = nn.Dropout(dropout)
        self.proj = nn.Linear(channels, num_classes)

    def forward(self, x: Tensor) -> Tensor:
        """See the class."""
        if self.window is not None:
            x = average_windows(x, self.window)
        x = self.proj(self.dropout(x.movedim(1, -1)))  # (B, t, h, w, classes)
        return x.mean(dim=(1, 2, 3))


class Fusion(nn.Module):
    """Lays the fast pathway into the slow one: (B, C, T, H, W), (B, c, alpha T, H, W) to (B, C + ratio c, T, H, W)."""

    def __init__(self, channels: int, ratio: int, frames: int, alpha: int) -> None:
        super().__init__()
        out = ratio * channels
        self.conv_fast_to_slow = nn.Conv3d(
            channels, out, (frames, 1, 1), (alpha, 1, 1), (frames // 2, 0, 0), bias=False
        )
        self.norm = nn.BatchNorm3d(out)

    def forward(self, slow: Tensor, fast: Tensor) -> Tensor:
        """See the class."""
        lateral = F.relu(self.norm(self.conv_fast_to_slow(fast)))
        return torch.cat((slow, lateral), dim=1)


class TwoPathways(nn.Module):
    """A block of each pathway, then the fusion, where there is one."""

    def __init__(self, slow: nn.Module, fast: nn.Module, fusion: Fusion | None) -> None:
        super().__init__()
        self.multipathway_blocks = nn.ModuleList((slow, fast))
        self.multipathway_fusion = fusion

    def forward(self, clips: tuple[Tensor, Tensor]) -> tuple[Tensor, Tensor]:
        """(slow, fast) to (slow, fast)."""
        slow, fast = (block(clip) for block, clip in zip(self.multipathway_blocks, clips, strict=True))
        if self.multipathway_fusion is not None:
            slow = self.multipathway_fusion(slow, fast)
        return slow, fast


class PoolBoth(nn.Module):
    """Averages each pathway over its frames and windows and sets the channels side by side: (B, C + c, 1, h, w)."""

    def __init__(self, window: int) -> None:
        super().__init__()
        self.window = window

    def forward(self, clips: tuple[Tensor, Tensor]) -> Tensor:
        """See the class."""
        return torch.cat([average_windows(clip, self.window) for clip in clips], dim=1)


def average_windows(x: Tensor, window: int) -> Tensor:
    """Averages over all frames and each square of ``window`` places, or the whole map where it is smaller.

    (B, C, T, H, W) to (B, C, 1, H - window + 1, W - window + 1). The published models average 7x7 places: all there are
    at a crop of 224, each of four windows at 256.
    """
    frames, height, width = x.shape[2:]
    return F.avg_pool3d(x, (frames, min(window, height), min(window, width)), stride=1)


def resnet3d(dimensions: ResNetDimensions, num_classes: int, dropout: float, window: int) -> Blocks:
    """C2D or I3D; see :class:`Blocks`."""
    blocks: list[nn.Module] = [Stem(dimensions.stem, dimensions.stem_frames)]
    blocks += stages(dimensions, (dimensions.stem, *dimensions.out[:3]))
    if dimensions.pool:
        # as published where the frames are even; of an odd number (an extra frame) the last stays, alone
        blocks.insert(2, nn.MaxPool3d((2, 1, 1), ceil_mode=True))
    return Blocks([*blocks, Head(dimensions.out[-1], num_classes, dropout, window)])


def slowfast(dimensions: SlowFastDimensions, num_classes: int, dropout: float, window: int, alpha: int) -> Blocks:
    """SlowFast; takes [slow, fast], the fast one with alpha times as many frames; see :class:`Blocks`."""
    slow, fast, ratio = dimensions.slow, dimensions.fast, dimensions.fusion_ratio
    before_fast = (fast.stem, *fast.out[:3])
    before_slow = [there + ratio * laid for there, laid in zip((slow.stem, *slow.out[:3]), before_fast, strict=True)]
    slow_blocks = [Stem(slow.stem, slow.stem_frames), *stages(slow, before_slow)]
    fast_blocks = [Stem(fast.stem, fast.stem_frames), *stages(fast, before_fast)]
    fusions = [Fusion(channels, ratio, dimensions.fusion_frames, alpha) for channels in before_fast]
    pairs = zip(slow_blocks, fast_blocks, [*fusions, None], strict=True)
    blocks: list[nn.Module] = [TwoPathways(*pair) for pair in pairs]
    return Blocks([*blocks, PoolBoth(window), Head(slow.out[-1] + fast.out[-1], num_classes, dropout)])


def stages(dimensions: ResNetDimensions, before: Sequence[int]) -> list[Stage]:
    """The four stages; ``before``: channels that come into each."""
    made = []
    for index, (channels, inner, out) in enumerate(zip(before, dimensions.inner, dimensions.out, strict=True)):
        blocks = []
        for place, span in enumerate(dimensions.span[index]):
            stride = 2 if index > 0 and place == 0 else 1
            blocks.append(Residual(Bottleneck(channels, inner, out, span, stride), channels, out, stride))
            channels = out
        made.append(Stage(blocks))
    return made


def initialise_convolutions(backbone: nn.Module, generator: torch.Generator | None) -> None:
    """Draws every weight, the head's last, as SlowFast and X3D do for training from scratch.

    Convolutions: He et al.'s normal by the fan out; normalisations: 1 and 0, but 0 and 0 for the last of each
    bottleneck, so that a block begins as its shortcut; the head: normal with deviation .01.
    """
    for module in backbone.modules():
        if isinstance(module, nn.Conv3d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu", generator=generator)
        elif isinstance(module, nn.BatchNorm3d):
            module.reset_parameters()
        elif isinstance(module, nn.Linear):
            nn.init.normal_(module.weight, std=0.01, generator=generator)
        if isinstance(module, nn.Conv3d | nn.Linear) and module.bias is not None:
            nn.init.zeros_(module.bias)
    for name, parameter in backbone.named_parameters():
        if name.endswith(".norm_c.weight"):
            nn.init.zeros_(parameter)
