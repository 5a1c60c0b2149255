"""One step of training, and the sums over an epoch: the same on any device and in any number of processes."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple, cast

import torch
from torch import Tensor, nn

from vmp.batches import Part, model_seed
from vmp.data.source import ClipSource, normalised
from vmp.devices import Devices
from vmp.loss import mix, prompted_loss
from vmp.recipe import Recipe
from vmp.trained_parts import make_optimiser, set_learning_rate


class NonFiniteLoss(RuntimeError):
    """The loss, or a weight, became infinite or not a number.

    Attributes:
        epoch, step: where, counted from 1.
        clips: the numbers of the batch's clips in the data.
        checkpoint: the last good one, or None.
    """

    def __init__(self, what: str, data: ClipSource, part: Part, checkpoint: Path) -> None:
        there = checkpoint if checkpoint.is_file() else None
        super().__init__(
            f"{what} is infinite or not a number after step {part.step + 1} of epoch {part.epoch}, with these clips of "
            + f"{data.name}:\n"
            + "\n".join(f"  {data.describe(clip)}" for clip in part.batch)
            + (f"\nThe last good checkpoint is {there}. " if there else "\nThere is no checkpoint yet. ")
            + "Look at the clips; or train with a lower learning rate, or with clip_gradient"
        )
        self.epoch, self.step, self.clips, self.checkpoint = part.epoch, part.step + 1, part.batch, there


class _Pending(NamedTuple):
    """Sums of a step on their way from a GPU."""

    part: Part
    sums: Tensor
    copied: torch.cuda.Event | None


class Stepper:
    """Takes the steps of a training and sums what they give, without waiting for a GPU.

    The sums of a step are looked at on a CPU before the optimiser uses its gradients, on a GPU while the next step is
    computed: a loss that is not finite is noticed one step late there, but named exactly, and no checkpoint comes in
    between since :meth:`settle` goes before.

    Args:
        model: of ``vmp.build``; what learns is chosen already.
        data: the clips.
        recipe: how to train.
        seed: of dropout.
        devices: where.
        checkpoint: the file that an error names.

    Attributes:
        totals: sums over the steps of the epoch, by name: loss, cross_entropy, correct, clips, and the variation of
            each prompted pathway; each clip counts once.
        asked_to_stop: whether any process was asked to.
    """

    def __init__(
        self, model: Any, data: ClipSource, recipe: Recipe, seed: int, devices: Devices, checkpoint: Path
    ) -> None:
        self.model, self.data, self.recipe, self.seed, self.devices = model, data, recipe, seed, devices
        self.wrapped: Any = devices.setup_module(model)
        self.optimiser = make_optimiser(model, recipe)
        self.checkpoint = checkpoint
        self.labels = torch.as_tensor(data.labels, dtype=torch.int64)
        self.names = (
            "loss",
            *(f"variation_{pathway}" for pathway in model.prompts),
            "cross_entropy",
            "correct",
            "clips",
        )
        self.asked_to_stop = False
        self._last: Part | None = None
        self._variations: dict[str, Tensor] = {}
        self._pending: _Pending | None = None
        self.restart()

    def restart(self, totals: dict[str, float] | None = None) -> None:
        """Begin the sums of an epoch, from nothing or from those of a checkpoint."""
        values = [0.0 if totals is None else totals[name] for name in self.names]
        self._totals = torch.tensor(values, dtype=torch.float64, device=self.devices.device)

    @property
    def totals(self) -> dict[str, float]:
        """The sums; waits for the device."""
        return dict(zip(self.names, self._totals.tolist(), strict=True))

    @contextmanager
    def listening(self) -> Iterator[None]:
        """While entered, each layer's variation is heard where it is computed: the model gives their sum alone."""

        def hear(pathway: str) -> Any:
            # not compiled with a model that is: what a hook keeps is lost on torch's compiler
            return torch.compiler.disable(
                lambda module, given, came: self._variations.__setitem__(pathway, came[1].detach())
            )

        handles = [layer.register_forward_hook(hear(pathway)) for pathway, layer in self.model.prompts.items()]
        try:
            yield
        finally:
            for handle in handles:
                handle.remove()

    def take(self, loaded: Iterator[tuple[Part, list[Tensor]]], factor: float, stop: Callable[[], bool]) -> None:
        """Take one step.

        Args:
            loaded: gives the step's parts.
            factor: of the learning rates.
            stop: whether this process was asked to stop; asked when the gradients are there.

        Raises:
            NonFiniteLoss: in every process alike.
        """
        sums = torch.zeros(len(self.names) + 1, dtype=torch.float64, device=self.devices.device)
        last = False
        while not last:
            part, clips = next(loaded)
            sums[:-1] += self._compute(part, clips)
            last = part.last
        sums[-1] = float(stop())
        sums = cast(Tensor, self.devices.all_reduce(sums, reduce_op="sum"))
        self._look_at(sums, part)
        if self.recipe.clip_gradient is not None:
            nn.utils.clip_grad_norm_(self.model.parameters(), self.recipe.clip_gradient)
        set_learning_rate(self.optimiser, factor)
        self.optimiser.step()
        self.optimiser.zero_grad(set_to_none=True)
        self._totals += sums[:-1]
        self._last = part

    def settle(self) -> None:
        """Look at the sums that are still on their way.

        Raises:
            NonFiniteLoss: as :meth:`take`.
        """
        if self._pending is None:
            return
        part, sums, copied = self._pending
        self._pending = None
        if copied is not None:
            copied.synchronize()
        self._judge(sums.tolist(), part)

    def weights_are_finite(self) -> bool:
        """Whether every weight is a number; waits for the device."""
        return bool(torch.stack([torch.isfinite(weight).all() for weight in self.model.parameters()]).all())

    def check_weights(self) -> None:
        """Raise NonFiniteLoss where a finite loss has led to a weight that is not."""
        if self._last is not None and not self.weights_are_finite():
            raise NonFiniteLoss("A weight", self.data, self._last, self.checkpoint)

    def _compute(self, part: Part, clips: list[Tensor]) -> Tensor:
        """Forward and backward; the sums over the part's clips, in the order of ``names``."""
        device, rank = self.devices.device, self.devices.global_rank
        _seed(device, model_seed(self.seed, part, rank))
        inputs = normalised([clip.to(device, non_blocking=True) for clip in clips], self.model.clip_input)
        if part.partners:
            inputs = mix(inputs, part.kept)
        labels = self.labels[list(part.clips)].to(device, non_blocking=True)
        partners = self.labels[list(part.partners)].to(device, non_blocking=True) if part.partners else None
        with self.devices.no_backward_sync(self.wrapped, enabled=not part.last):
            outcome = prompted_loss(self.wrapped, inputs, labels, self.recipe, partners, part.kept)
            # several processes average their gradients, each of a mean over its own clips
            self.devices.backward(outcome.loss * (part.weight * self.devices.world_size))
        own = len(part.clips) if part.weight else 0
        means = [outcome.loss.detach(), *(self._variations[name] for name in self.model.prompts), outcome.cross_entropy]
        counts = torch.tensor([own], dtype=torch.float64).to(device, non_blocking=True)
        counted = (outcome.correct * bool(own)).double().reshape(1)
        return torch.cat([torch.stack([mean.double() for mean in means]) * own, counted, counts])

    def _look_at(self, sums: Tensor, part: Part) -> None:
        if not _is_late(sums.device):
            self._judge(sums.tolist(), part)
            return
        host, copied = sums.to("cpu", non_blocking=True), None
        if sums.is_cuda:
            copied = torch.cuda.Event()
            copied.record()
        self.settle()
        self._pending = _Pending(part, host, copied)

    def _judge(self, sums: list[float], part: Part) -> None:
        self.asked_to_stop |= sums[-1] > 0
        if not math.isfinite(sums[0]):
            raise NonFiniteLoss("The loss", self.data, part, self.checkpoint)


def _is_late(device: torch.device) -> bool:
    """Whether results arrive after the next step was begun: to wait for them would keep the device idle."""
    return device.type == "cuda"


def _seed(device: torch.device, seed: int) -> None:
    """Seed this device's generator and the CPU's; torch.manual_seed would reach other GPUs too."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
