"""Clips in memory with several views and uneven groups, and a small model for them."""

from __future__ import annotations

from collections.abc import Sequence
from types import SimpleNamespace

import numpy as np
import torch
from torch import Tensor, nn

from vmp.data.pathways import ClipInput, Pathway


class ViewedClips:
    """Noise; each view of a clip is a part of its own."""

    def __init__(self, count: int = 7, classes: int = 3, views: int = 2) -> None:
        self.name, self.views = "noise, test", views
        self.classes = tuple(f"class {label}" for label in range(classes))
        self.groups = np.arange(count, dtype=np.int64) // 3
        self.labels = self.groups % classes
        generator = torch.Generator().manual_seed(count)
        self.pixels = torch.randint(0, 256, (count, views, 5, 8, 8, 3), dtype=torch.uint8, generator=generator)
        self.asked: list[tuple[tuple[int, ...], int]] = []

    def __len__(self) -> int:
        return len(self.labels)

    def clips(
        self, indices: Sequence[int], clip_input: ClipInput, *, epoch: int | None = None, seed: int = 0, view: int = 0
    ) -> list[Tensor]:
        assert epoch is None
        self.asked.append((tuple(indices), view))
        clips = self.pixels[list(indices), view][:, :, : clip_input.crop, : clip_input.crop]
        return [clips[:, 5 - pathway.frames - pathway.extra :] for pathway in clip_input.pathways]

    def describe(self, index: int) -> str:
        return f"clip {index} of {self.name}"


class ViewedModel(nn.Module):
    """Convolution, BatchNorm, dropout and a head over the mean of each pathway."""

    def __init__(self, classes: int = 3, pathways: int = 1, averages: str | None = None) -> None:
        super().__init__()
        names = ("clip",) if pathways == 1 else ("slow", "fast")
        self.clip_input = ClipInput(tuple(Pathway(name, 4 - place, 1) for place, name in enumerate(names)), crop=8)
        if averages is not None:
            self.spec = SimpleNamespace(averages=averages)
        self.body = nn.Sequential(nn.Conv3d(3, 4, 3), nn.BatchNorm3d(4), nn.ReLU(), nn.Dropout(0.5))
        self.head = nn.Linear(4, classes)
        generator = torch.Generator().manual_seed(0)
        with torch.no_grad():
            for parameter in self.parameters():
                parameter.normal_(0, 2, generator=generator)

    def forward(self, clip: Tensor | list[Tensor]) -> Tensor:
        clips = [clip] if isinstance(clip, Tensor) else clip
        assert len(clips) == len(self.clip_input.pathways)
        return torch.stack([self.head(self.body(one).mean((2, 3, 4))) for one in clips]).sum(0)
