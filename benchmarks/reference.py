"""The yardstick: what the published code does, operation for operation, in plain PyTorch.

Written from the list of its operations: de-normalise the clip, weight the channels (blue first, though the reader
gives red first), difference, the sigmoid as 1 / (1 + exp(-a (D - b))), repeat the map for three channels, multiply,
and the variation as a sum of squares over B (T-2) H W. Nothing is optimised, and nothing is made slower.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


class ReferencePrompt(nn.Module):
    """Same numbers as ``vmp.MotionPrompt.published()``."""

    def __init__(self, m: float = 0.5, n: float = -0.3) -> None:
        super().__init__()
        self.m = nn.Parameter(torch.tensor([m]))
        self.n = nn.Parameter(torch.tensor([n]))

    def forward(self, clip: Tensor) -> tuple[Tensor, Tensor]:
        frames = clip.transpose(1, 2)  # (B, T, 3, H, W), as a transformer takes it
        pixels = frames * 0.225 + 0.45  # de-normalised copy
        grey = 0.114 * pixels[:, :, 0] + 0.587 * pixels[:, :, 1] + 0.299 * pixels[:, :, 2]  # (B, T, H, W)
        difference = grey[:, 1:] - grey[:, :-1]
        a = 5.0 / (0.45 * torch.abs(torch.tanh(self.m)) + 0.1)
        b = 0.6 * torch.tanh(self.n)
        attention = 1 / (1 + torch.exp(-(a * (difference - b))))
        batch, maps, height, width = attention.shape
        step = attention[:, 1:] - attention[:, :-1]
        variation = step.pow(2).sum() / (batch * (maps - 1) * height * width)
        repeated = attention.unsqueeze(2).repeat(1, 1, 3, 1, 1)  # (B, T-1, 3, H, W)
        prompts = repeated * frames[:, 1:]
        return prompts.transpose(1, 2), variation
