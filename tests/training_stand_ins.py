"""A small model and clips in memory, with what training asks of the real ones."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
from torch import Tensor, nn

from vmp.data.pathways import ClipInput, Pathway
from vmp.prompt import MotionPrompt


class MemoryClips:
    """Clips of one colour that moves with the label; a draw for training shifts the brightness."""

    def __init__(self, count: int = 11, classes: int = 3, name: str = "memory, train") -> None:
        self.name, self.views = name, 1
        self.classes = tuple(f"class {label}" for label in range(classes))
        self.labels = np.arange(count, dtype=np.int64) % classes
        self.groups = np.arange(count, dtype=np.int64)
        generator = torch.Generator().manual_seed(count)
        self.pixels = torch.randint(0, 200, (count, 5, 8, 8, 3), dtype=torch.uint8, generator=generator)
        self.pixels += (20 * torch.from_numpy(self.labels)).to(torch.uint8)[:, None, None, None, None]
        self.asked: list[tuple[tuple[int, ...], int | None, int, int]] = []

    def __len__(self) -> int:
        return len(self.labels)

    def clips(
        self, indices: Sequence[int], clip_input: ClipInput, *, epoch: int | None = None, seed: int = 0, view: int = 0
    ) -> list[Tensor]:
        self.asked.append((tuple(indices), epoch, seed, view))
        clips = self.pixels[list(indices)]
        if epoch is not None:
            draws = [(seed + 7 * epoch + 13 * index) % 16 for index in indices]
            clips = clips + torch.tensor(draws, dtype=torch.uint8)[:, None, None, None, None]
        return [clips[:, 5 - pathway.frames - pathway.extra :] for pathway in clip_input.pathways]

    def describe(self, index: int) -> str:
        return f"{self.name}, clip {index}"


class SmallModel(nn.Module):
    """Convolution, BatchNorm, dropout and a linear head behind a motion prompt layer a pathway, or none."""

    def __init__(
        self,
        classes: int = 3,
        prompts: Sequence[str] = (),
        pathways: Sequence[str] = ("clip",),
        seed: int = 0,
        dropout: float = 0.5,
    ) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(seed)
        self.clip_input = ClipInput(tuple(Pathway(name, 4, 1, name in prompts) for name in pathways), crop=8)
        self.backbone = nn.Sequential(nn.Conv3d(3, 4, 3), nn.BatchNorm3d(4), nn.ReLU(), nn.Dropout(dropout))
        self.head = nn.Linear(4, classes)
        with torch.no_grad():
            for parameter in (*self.backbone[0].parameters(), *self.head.parameters()):
                parameter.normal_(0, 0.2, generator=generator)
        self.prompts = nn.ModuleDict({name: MotionPrompt(generator=generator) for name in prompts})

    def parts(self) -> dict[str, dict[str, nn.Parameter]]:
        parts: dict[str, dict[str, nn.Parameter]] = {"backbone": {}, "head": {}, "prompt": {}}
        for name, parameter in self.named_parameters():
            parts["prompt" if name.startswith("prompts.") else name.split(".")[0]][name] = parameter
        return parts

    def forward(self, clip: Tensor | list[Tensor], return_variation: bool = False) -> Tensor | tuple[Tensor, Tensor]:
        clips = [clip] if isinstance(clip, Tensor) else clip
        logits, total = [], clips[0].new_zeros(())
        for pathway, frames in zip(self.clip_input.pathways, clips, strict=True):
            if pathway.extra:
                frames, variation = self.prompts[pathway.name](frames)
                total = total + variation
            logits.append(self.head(self.backbone(frames).mean((2, 3, 4))))
        logit = torch.stack(logits).sum(0)
        return (logit, total) if return_variation else logit


class TinyClips(MemoryClips):
    """Noise of the frames and the size that a tiny backbone takes."""

    def clips(
        self, indices: Sequence[int], clip_input: ClipInput, *, epoch: int | None = None, seed: int = 0, view: int = 0
    ) -> list[Tensor]:
        self.asked.append((tuple(indices), epoch, seed, view))
        clips = []
        for pathway in clip_input.pathways:
            shape = (pathway.frames + pathway.extra, clip_input.crop, clip_input.crop, 3)
            generators = [torch.Generator().manual_seed(1000 * index + (epoch or 0)) for index in indices]
            drawn = [torch.randint(0, 256, shape, dtype=torch.uint8, generator=each) for each in generators]
            clips.append(torch.stack(drawn))
        return clips
