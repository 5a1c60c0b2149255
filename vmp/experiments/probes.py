"""What :mod:`vmp.experiments.behaviour` looks at: small computations whose numbers tell what the code computes.

A probe is a function of what a run names and nothing else; the keys here say which runs share one.
"""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vmp.data.pathways import ClipInput, Pathway
from vmp.experiments import datasets
from vmp.experiments.models import clip_input, fresh_model
from vmp.experiments.run import Run
from vmp.recipe import Recipe, Schedule

if TYPE_CHECKING:
    from torch import Tensor, nn

#: The head of a probed model: its size changes nothing else.
_CLASSES = 5


def data_key(run: Run) -> tuple[Any, ...]:
    """Runs that see the same clips have the same key."""
    if run.tested_only:
        run = replace(run, train_split=run.test_split, validation_split=None, train_degradation=None)
    seen = replace(run, seed=0, recipe=_ANY, layer=(), start=None, head="new", tested_only=False)
    return (seen, datasets.content(run.dataset))


def model_key(run: Run) -> tuple[Any, ...]:
    """Runs whose model is built alike have the same key; the small size stands for the large one, which takes long."""
    plain = Recipe(1, 1, dropout=run.recipe.dropout)
    return (replace(run, dataset="", seed=0, fold=1, size="tiny", start=None, head="new", scale="small", recipe=plain,
                    train_split="train", validation_split=None, test_split="test", train_degradation=None,
                    test_degradation=None, tested_only=False, every_object=False),)  # fmt: skip


def exact(run: Run, content: str = "") -> str:
    """A hash of the classes, and of which clip is in which split with which label; ``content`` is part of the key."""
    digest = hashlib.sha256()
    for split in _splits(run):
        data = datasets.load(run, split, clip_input(run))
        digest.update(json.dumps([split, list(data.classes), len(data), data.views]).encode())
        for numbers in (data.labels, data.groups):
            digest.update(np.asarray(numbers, dtype="<i8").tobytes())
    return digest.hexdigest()[:16]


def data(run: Run, content: str = "") -> list[float]:
    """Means, spreads and coarse pictures of a few clips of each split, as for training and as for testing."""
    taken = clip_input(run)
    found: list[float] = []
    for split in _splits(run):
        few = datasets.load(run, split, taken, probe=True)
        epoch = None if split == run.test_split else 1
        for clip in few.clips(range(len(few)), taken, epoch=epoch, seed=0):
            found.extend(_summary(clip.numpy()))
    return found


def model(run: Run) -> list[float]:
    """What the freshly built model answers to a fixed clip, with its attention's variation."""
    import torch

    built = fresh_model(run, _CLASSES).eval()
    with torch.no_grad():
        logits, variation = built(_fixed_clips(built.clip_input), return_variation=True)
    answers = logits.flatten().double()
    # a new head is near zero: its answers are told apart by their own size
    largest = answers.abs().max().clamp_min(1e-12)
    return [*(answers / largest).tolist(), float(largest.log()), float(variation)]


def training(recipe: Recipe) -> list[float]:
    """The weights of a small model after two epochs of two steps of a recipe, its scores then, and the schedule."""
    from vmp.devices import OneDevice
    from vmp.evaluate import predict
    from vmp.train import train

    short, probed, here = _visible(recipe), small_model(), OneDevice("cpu")
    source = _Fixed(2 * short.batch_size)
    with tempfile.TemporaryDirectory() as folder, _one_thread():
        train(probed, source, short, folder, seed=0, fabric=here, progress=None)
        scores = predict(probed, source, fabric=here).scores
    weights = [value for tensor in probed.state_dict().values() for value in _moments(tensor.double().flatten())]
    rates = [_rate(recipe, place) for place in (0.0, 0.1, 0.3, 0.5, 0.7, 0.9)]
    return [*weights, *scores[0].tolist(), *rates]


def _visible(recipe: Recipe) -> Recipe:
    """The recipe for four steps in which each of its choices shows: what is small is made large, what is 0 stays 0.

    Its own numbers are in the run's configuration; here it is about what the code does with them.
    """
    chosen = recipe.optimiser
    optimiser = replace(
        chosen,
        lr=0.02,
        prompt_lr=None if chosen.prompt_lr is None else 0.05,
        weight_decay=_large(chosen.weight_decay) or 0.0,
        norm_weight_decay=_large(chosen.norm_weight_decay),
        prompt_weight_decay=_large(chosen.prompt_weight_decay),
    )
    return replace(
        recipe, epochs=2, batch_size=2 * recipe.accumulate, precision="32-true", optimiser=optimiser, keep="last",
        schedule=Schedule(), lambda_=float(recipe.lambda_ > 0), clip_gradient=recipe.clip_gradient and 1.0,
    )  # fmt: skip


def _large(decay: float | None) -> float | None:
    return 0.5 if decay else decay


# --- what they are made of ---


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in one order, however many threads the process has."""
    import torch

    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


_ANY = Recipe(1, 1)


def _splits(run: Run) -> tuple[str, ...]:
    named = (run.train_split, run.validation_split, run.test_split)
    return tuple(dict.fromkeys(split for split in named if split is not None))


def _summary(clips: NDArray[np.uint8]) -> list[float]:
    """Of uint8 (B, T, H, W, 3), in parts of 255: mean, spread, motion, and the first and last frame as 2x2 pixels.

    Coarse on purpose: a pixel that rounds the other way does not show, another object or path does.
    """
    pixels = clips.astype(np.float64) / 255
    batch, _, height, width, _ = pixels.shape
    half = pixels[:, :, : height // 2 * 2, : width // 2 * 2].reshape(batch, -1, 2, height // 2, 2, width // 2, 3)
    coarse = half[:, [0, -1]].mean(axis=(3, 5, 6))  # (B, 2, 2, 2)
    motion = np.abs(np.diff(pixels, axis=1)).mean(axis=(1, 2, 3, 4))
    return [float(v) for v in (pixels.mean(), pixels.std(), *motion, *coarse.flatten())]


def _fixed_clips(taken: ClipInput) -> Tensor | list[Tensor]:
    """A clip a pathway, (1, 3, T, H, W), of waves that move."""
    import torch

    clips = []
    for pathway in taken.pathways:
        frames, crop = pathway.given, taken.crop
        grid = torch.arange(3 * frames * crop * crop, dtype=torch.float32).reshape(1, 3, frames, crop, crop)
        clips.append(torch.cos(grid * 0.37 / pathway.stride))
    return clips[0] if len(clips) == 1 else clips


def _moments(values: Tensor) -> tuple[float, float]:
    """Two numbers that tell a tensor: its size, and its sum with weights that differ from place to place."""
    import torch

    weights = torch.cos(torch.arange(len(values), dtype=values.dtype))
    return float(values.norm()), float(weights @ values)


def _rate(recipe: Recipe, place: float) -> float:
    from vmp.schedule import learning_rate_factor

    return learning_rate_factor(recipe.schedule, place * recipe.epochs, recipe.epochs)


@cache
def _small_input() -> ClipInput:
    return ClipInput((Pathway("clip", 3, 1, extra=True),), crop=6)


def small_model() -> nn.Module:
    """A convolution, a normalisation, dropout, a head and a motion prompt layer: one of everything that trains."""
    import torch
    from torch import nn

    from vmp.prompt import MotionPrompt

    class Small(nn.Module):
        """Has what training asks of a model of ``vmp.build``."""

        def __init__(self) -> None:
            super().__init__()
            self.prompts = nn.ModuleDict({"clip": MotionPrompt.from_slope_shift(15.0, -0.1)})
            self.backbone = nn.Sequential(nn.Conv3d(3, 4, 3), nn.BatchNorm3d(4), nn.Flatten(), nn.Dropout(0.5))
            self.head = nn.Linear(4 * 1 * 4 * 4, 3)
            self.clip_input = _small_input()

        def parts(self) -> dict[str, dict[str, nn.Parameter]]:
            named = dict(self.named_parameters())
            parts = {part: {n: p for n, p in named.items() if n.startswith(part)} for part in ("backbone", "head")}
            return parts | {"prompt": {n: p for n, p in named.items() if n.startswith("prompts.")}}

        def forward(self, clip: Tensor, return_variation: bool = False) -> Any:
            prompts, variation = self.prompts["clip"](clip)
            logits = self.head(self.backbone(prompts))
            return (logits, variation) if return_variation else logits

    built = Small()
    with torch.no_grad():
        for parameter in (*built.backbone.parameters(), *built.head.parameters()):
            place = torch.arange(parameter.numel(), dtype=torch.float32).reshape(parameter.shape)
            parameter.copy_(0.05 * torch.cos(1.7 * place) + (parameter.ndim == 1))
    # Before a BatchNorm a bias has no gradient but for rounding, and AdamW would make a whole step of that.
    bias: Any = built.backbone[0].bias
    bias.register_hook(torch.zeros_like)
    return built


class _Fixed:
    """A few clips of 4x6x6 that every machine makes alike: a :class:`vmp.data.source.ClipSource`."""

    name = "probe"
    classes: tuple[str, ...] = ("a", "b", "c")
    views = 1

    def __init__(self, count: int) -> None:
        self.labels = np.arange(count, dtype=np.int64) % 3
        self.groups = np.arange(count, dtype=np.int64)

    def __len__(self) -> int:
        return len(self.labels)

    def clips(
        self, indices: Sequence[int], clip_input: ClipInput, *, epoch: int | None = None, seed: int = 0, view: int = 0
    ) -> list[Tensor]:
        """The clips of these numbers; the epoch moves them, as a draw would."""
        import torch

        place = np.arange(4 * 6 * 6 * 3).reshape(1, 4, 6, 6, 3) * (1 + np.asarray(indices).reshape(-1, 1, 1, 1, 1))
        return [torch.from_numpy(((place * 7 + 13 * (epoch or 0)) % 256).astype(np.uint8))]

    def describe(self, index: int) -> str:
        """Its number."""
        return f"probe, clip {index}"
