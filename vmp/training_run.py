"""A training under way: its steps, what happens between its epochs, and what it leaves on the disk."""

from __future__ import annotations

import contextlib
import signal
import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any, NoReturn

import torch
from torch import Tensor

from vmp.batches import Part, loaded, parts_from, steps_of_epoch
from vmp.checkpoint import Checkpoint, load_checkpoint, load_state, save_checkpoint, save_weights
from vmp.data.source import ClipSource
from vmp.devices import Devices
from vmp.interruption import Interruption, TrainingInterrupted
from vmp.progress import Progress, Report
from vmp.recipe import Recipe
from vmp.run_identity import check_identity
from vmp.schedule import learning_rate_factor
from vmp.steps import Stepper
from vmp.trained_parts import choose_trained, training_mode
from vmp.training_log import append_row, start_log
from vmp.validation import validation_accuracy

CHECKPOINT_NAME, WEIGHTS_NAME = "checkpoint.pt", "weights.safetensors"
_BEST, _PARTIAL = "best-{}.safetensors", ".*.part"


class TrainingRun:
    """A training under way: where it is, and what happens between the steps.

    ``epoch`` (from 1) and ``step`` (those done of it) are the whole position; see :mod:`vmp.batches`.
    """

    def __init__(
        self,
        model: Any,
        data: ClipSource,
        recipe: Recipe,
        folder: Path,
        identity: dict[str, Any],
        seed: int,
        validation: ClipSource | None,
        devices: Devices,
        workers: int,
    ) -> None:
        choose_trained(model, recipe)
        self.model, self.data, self.recipe, self.folder, self.identity = model, data, recipe, folder, identity
        self.seed, self.validation, self.devices, self.workers = seed, validation, devices, workers
        self.checkpoint = folder / CHECKPOINT_NAME
        self.stepper = Stepper(model, data, recipe, seed, devices, self.checkpoint)
        self.steps = steps_of_epoch(len(data), recipe.batch_size)
        self.interruption = Interruption()
        self.epoch, self.step, self.seconds, self.elapsed = 1, 0, 0.0, 0.0
        self.best: dict[str, Any] = {}
        self.begun = time.monotonic()

    def go(self, report: Report, checkpoint_seconds: float) -> None:
        """Train from where the checkpoint is to the end, and write the weights."""
        self.report = report
        with contextlib.ExitStack() as stack:
            stack.callback(getattr(report, "close", lambda: None))
            stack.enter_context(self.interruption)
            stack.enter_context(_kept_generators(self.devices.device))
            stack.enter_context(self.stepper.listening())
            self._resume()
            clips = stack.enter_context(contextlib.closing(self._clips()))
            while self.epoch <= self.recipe.epochs:
                self._train_epoch(clips, checkpoint_seconds)
                self._end_epoch()
            self._write_weights()

    # --- steps ---

    def _clips(self) -> Generator[tuple[Part, list[Tensor]], None, None]:
        """All that is still to be seen, over the epochs, so that loading ahead does not pause between them."""
        devices = self.devices
        parts = parts_from(
            self.recipe, len(self.data), self.seed, self.epoch, self.step, devices.global_rank, devices.world_size
        )
        pin = devices.device.type == "cuda"
        return loaded(self.data, self.model.clip_input, parts, self.seed, self.workers, pin)

    def _train_epoch(self, clips: Iterator[tuple[Part, list[Tensor]]], checkpoint_seconds: float) -> None:
        training_mode(self.model, self.recipe)
        saved = before = time.monotonic()
        while self.step < self.steps:
            self.stepper.take(clips, self._factor(), self._asked_to_stop)
            self.step += 1
            now = time.monotonic()
            self.seconds, before = self.seconds + now - before, now
            self.report(Progress(self.epoch, self.recipe.epochs, self.step, self.steps))
            if self.stepper.asked_to_stop:
                self._leave()
            if self.step < self.steps and now - saved >= checkpoint_seconds:
                self._save()
                saved = before = time.monotonic()
        self.stepper.settle()
        self.seconds += time.monotonic() - before

    def _asked_to_stop(self) -> bool:
        return bool(self.interruption.signal)

    def _factor(self) -> float:
        return learning_rate_factor(self.recipe.schedule, self.epoch - 1 + self.step / self.steps, self.recipe.epochs)

    # --- between epochs ---

    def _end_epoch(self) -> None:
        self.stepper.check_weights()
        _share_buffers(self.model, self.devices)
        accuracy = self._validate()
        row = self._row(accuracy)
        if self.devices.is_global_zero:
            append_row(self.folder, row)  # before the checkpoint: an epoch may be logged twice, never not at all
            self._keep_best(accuracy)
        self.report(Progress(self.epoch, self.recipe.epochs, self.steps, self.steps, row))
        self.epoch, self.step, self.seconds = self.epoch + 1, 0, 0.0
        self.stepper.restart()
        self._save()

    def _validate(self) -> float | None:
        if self.validation is None:
            return None
        self.model.eval()
        accuracy = validation_accuracy(
            self.model, self.validation, self.recipe, self.devices, self.workers, self._asked_to_stop
        )
        if accuracy is None:
            self._leave()
        return accuracy

    def _keep_best(self, accuracy: float | None) -> None:
        """Weights of the best epoch under a name of their own, which the next checkpoint makes valid."""
        if self.recipe.keep == "best" and accuracy is not None and accuracy > self.best.get("accuracy", -1.0):
            name = _BEST.format(self.epoch)
            save_weights(self.folder / name, self.model.state_dict(), {})
            self.best = {"epoch": self.epoch, "accuracy": accuracy, "file": name}

    def _row(self, accuracy: float | None) -> dict[str, Any]:
        totals = self.stepper.totals
        count = totals["clips"]
        row = {
            "epoch": self.epoch,
            "loss": totals["loss"] / count,
            "cross_entropy": totals["cross_entropy"] / count,
            "accuracy": 100 * totals["correct"] / count,
        }
        if accuracy is not None:
            row["validation_accuracy"] = accuracy
        row |= self._layers({name: totals[f"variation_{name}"] / count for name in self.model.prompts})
        groups = {group["name"]: group["lr"] for group in self.stepper.optimiser.param_groups}
        rates = {"lr": groups.get("weights", groups.get("norm")), "prompt_lr": groups.get("prompt")}
        row |= {name: rate for name, rate in rates.items() if rate is not None}
        lost = getattr(self.data, "lost", None)
        row |= {} if lost is None else {"lost": len(lost)}
        return row | {"clips_per_second": count / self.seconds, "seconds": self.seconds}

    def _layers(self, variations: dict[str, float]) -> dict[str, float]:
        """Slope, shift and, where there is one yet, variation of each layer."""
        several = len(self.model.clip_input.pathways) > 1
        row: dict[str, float] = {}
        for pathway, layer in self.model.prompts.items():
            suffix = f"_{pathway}" if several else ""
            row |= {f"slope{suffix}": layer.slope.item(), f"shift{suffix}": layer.shift.item()}
            if pathway in variations:
                row[f"variation{suffix}"] = variations[pathway]
        return row

    # --- what is on the disk ---

    def _resume(self) -> None:
        if self.devices.is_global_zero:
            _remove(self.folder, _PARTIAL)
        if not self.checkpoint.is_file():
            if self.devices.is_global_zero:
                start_log(self.folder, {"epoch": 0, **self._layers({})})
            return
        found = load_checkpoint(self.checkpoint)
        check_identity(self.checkpoint, found.identity, self.identity)
        self.model.load_state_dict(found.model)
        self.stepper.optimiser.load_state_dict(found.optimiser)
        self.stepper.restart(found.totals or None)
        self.epoch, self.step, self.best = found.epoch, found.step, found.best
        self.seconds, self.elapsed = found.seconds, found.elapsed

    def _save(self) -> None:
        """Write a checkpoint, unless what would be saved is not finite: the next step then says so in each process."""
        self.stepper.settle()
        if not self.devices.is_global_zero or not self.stepper.weights_are_finite():
            return
        save_checkpoint(
            self.checkpoint,
            Checkpoint(
                self.identity,
                self.epoch,
                self.step,
                self.model.state_dict(),
                self.stepper.optimiser.state_dict(),
                self.stepper.totals if self.step else {},
                self.seconds,
                self._elapsed(),
                self.best,
            ),
        )
        _remove(self.folder, _BEST.format("*"), but=self.best.get("file"))

    def _elapsed(self) -> float:
        return self.elapsed + time.monotonic() - self.begun

    def _leave(self) -> NoReturn:
        self._save()
        self.devices.barrier()  # no process ends before the checkpoint is there
        number = self.interruption.signal or signal.SIGTERM  # another process may have been asked
        raise TrainingInterrupted(number, self.folder, self.epoch, self.step)

    def _write_weights(self) -> None:
        if not self.devices.is_global_zero:
            return
        state = load_state(self.folder / self.best["file"]) if self.best else self.model.state_dict()
        metadata = {"identity": self.identity, "epoch": self.best.get("epoch", self.recipe.epochs)}
        metadata |= {"channel_order": self.model.clip_input.channel_order, "seconds": self._elapsed()}
        save_weights(self.folder / WEIGHTS_NAME, state, metadata)


@contextlib.contextmanager
def _kept_generators(device: torch.device) -> Iterator[None]:
    """Give torch's global generators back as they were: every part of a step seeds them."""
    with torch.random.fork_rng([device.index] if device.type == "cuda" else []):
        yield


def _share_buffers(model: Any, devices: Devices) -> None:
    """Give every process the first one's buffers: BatchNorm's statistics are each process's own until then."""
    if devices.world_size > 1:
        for buffer in model.buffers():
            if not devices.is_global_zero:
                buffer.zero_()
            buffer.copy_(devices.all_reduce(buffer, reduce_op="sum"))


def clean(folder: Path) -> None:
    """Remove what a run that has its weights needs no more."""
    _remove(folder, CHECKPOINT_NAME, _BEST.format("*"), _PARTIAL)


def _remove(folder: Path, *patterns: str, but: str | None = None) -> None:
    for pattern in patterns:
        for path in folder.glob(pattern):
            if path.name != but:
                path.unlink(missing_ok=True)
