r"""Seconds of a step with and without the layer, taken in turns in one process, and the peak of a step's memory.

A training step is timed in two parts, each with the device waited for: forward (model and the loss of Eq. 7, with
:math:`\lambda = 1`, so that the variation has a gradient too) and backward. A test is the forward pass in evaluation
mode. Clips are noise, in memory; loading and the optimiser are no part of it, nor of Table 8 as far as the paper says.
"""

from __future__ import annotations

import gc
import resource
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import torch
from torch import Tensor

from vmp.backbones import build
from vmp.backbones.builder import Prompts
from vmp.loss import prompted_loss
from vmp.recipe import recipe

#: Parts of a step, as Table 8 names them.
PHASES = ("train_forward", "train_backward", "test_forward")
#: Of HMDB-51, which the paper timed with.
CLASSES = 51


def step_seconds(
    backbone: str,
    variants: Mapping[str, Prompts],
    size: str,
    batch: int,
    runs: int,
    device: str = "cpu",
    warm_up: int = 2,
) -> dict[str, dict[str, list[float]]]:
    """Seconds a batch of every run: variant -> phase -> one time a run.

    In every run each variant takes one step, and the next run begins with the next variant: a slow moment of the
    machine meets them all, and run i of one is paired with run i of another.

    Args:
        backbone: as :func:`vmp.build` takes it.
        variants: name -> prompts, as :func:`vmp.build` takes them.
        size: "paper" or "tiny".
        batch: clips.
        runs: how many count.
        device: as torch names it.
        warm_up: how many go before, in which memory is taken and kernels are chosen.

    Raises:
        ValueError: no variant, fewer than one clip or run; what :func:`vmp.build` refuses.
    """
    if not variants or batch < 1 or runs < 1:
        raise ValueError(
            f"expected at least one variant, clip and run, got {len(variants)} variants, batch {batch} and {runs} runs"
        )
    candidates = {name: Candidate(backbone, prompts, size, batch, device) for name, prompts in variants.items()}
    names = list(candidates)
    seconds: dict[str, dict[str, list[float]]] = {name: {phase: [] for phase in PHASES} for name in names}
    for number in range(warm_up + runs):
        first = number % len(names)
        gc.collect()  # between the runs, not inside them
        for name in names[first:] + names[:first]:
            for phase, taken in zip(PHASES, candidates[name].times(), strict=True):
                if number >= warm_up:
                    seconds[name][phase].append(round(taken, 7))
    return seconds


def step_memory(backbone: str, prompts: Prompts, size: str, batch: int, device: str = "cpu") -> dict[str, int]:
    """Bytes before the first training step ("before": the model is there) and at the peak of it ("peak").

    On a CPU it is what the whole process holds, so each variant needs a process of its own; on a GPU what torch has
    allocated there. Args and Raises: as :func:`step_seconds`.
    """
    candidate = Candidate(backbone, prompts, size, batch, device)
    before = _held(device)
    candidate.training_times()
    return {"before": before, "peak": _peak(device)}


class Candidate:
    """A model with a batch of noise for it, both on the device.

    Args: as :func:`step_seconds`, with ``prompts`` as :func:`vmp.build` takes them.
    """

    def __init__(self, backbone: str, prompts: Prompts, size: str, batch: int, device: str) -> None:
        generator = torch.Generator().manual_seed(0)
        self.model = build(backbone, CLASSES, prompts, size=size, generator=generator).to(device)  # type: ignore[arg-type]
        self.clips = [torch.randn(shape, generator=generator).to(device) for shape in self._shapes(batch)]
        self.labels = (torch.arange(batch) % CLASSES).to(device)
        self.recipe = recipe(backbone, "small", lambda_=1.0, precision="32-true")

    def times(self) -> tuple[float, float, float]:
        """Seconds of one run, in the order of :data:`PHASES`."""
        return (*self.training_times(), self.test_time())

    def training_times(self) -> tuple[float, float]:
        """Seconds of forward and backward."""
        self.model.train()
        self.model.zero_grad(set_to_none=True)
        start = self._now()
        outcome = prompted_loss(self.model, self.clips, self.labels, self.recipe)
        middle = self._now()
        outcome.loss.backward()
        return middle - start, self._now() - middle

    def test_time(self) -> float:
        """Seconds of the forward pass in evaluation mode."""
        self.model.eval()
        clip: Tensor | list[Tensor] = self.clips[0] if len(self.clips) == 1 else self.clips
        with torch.inference_mode():
            start = self._now()
            self.model(clip)
            return self._now() - start

    def _now(self) -> float:
        if self.labels.is_cuda:
            torch.cuda.synchronize()
        return time.perf_counter()

    def _shapes(self, batch: int) -> list[tuple[int, ...]]:
        taken, crop = self.model.clip_input.pathways, self.model.clip_input.crop
        return [(batch, 3, pathway.frames + pathway.extra, crop, crop) for pathway in taken]


def _held(device: str) -> int:
    return torch.cuda.memory_allocated() if device.startswith("cuda") else _resident("VmRSS")


def _peak(device: str) -> int:
    return torch.cuda.max_memory_allocated() if device.startswith("cuda") else _resident("VmHWM")


def _resident(field: str) -> int:
    """Bytes of this process, now ("VmRSS") or at its peak ("VmHWM"); where the system tells only the peak, that."""
    status = Path("/proc/self/status")
    if status.is_file():  # getrusage's peak would be the parent's, if that was larger when it started this process
        line = next(line for line in status.read_text().splitlines() if line.startswith(f"{field}:"))
        return 1024 * int(line.split()[1])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak
