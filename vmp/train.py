"""Training: one loop for every model, device and number of processes, that can be stopped anywhere and goes on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from vmp.checkpoint import load_weights, weights_metadata
from vmp.data.source import ClipSource
from vmp.devices import Devices, checked, devices_of_launch
from vmp.interruption import TrainingInterrupted
from vmp.progress import Report, progress_for_console, silent
from vmp.recipe import Recipe
from vmp.run_identity import check_identity, run_identity
from vmp.steps import NonFiniteLoss
from vmp.training_log import LOG_NAME
from vmp.training_run import CHECKPOINT_NAME, WEIGHTS_NAME, TrainingRun, clean

__all__ = [
    "CHECKPOINT_NAME",
    "WEIGHTS_NAME",
    "NonFiniteLoss",
    "Trained",
    "TrainingInterrupted",
    "progress_for_console",
    "train",
]


@dataclass(frozen=True)
class Trained:
    """What training leaves.

    Attributes:
        weights: the file of the weights that were kept; the model holds them too.
        log: the file that :func:`vmp.training_log.read_log` reads.
        epoch: of the weights.
        seconds: that training took, validation and checkpoints included, over all calls.
        kept: "last" or "best".
    """

    weights: Path
    log: Path
    epoch: int
    seconds: float
    kept: Literal["last", "best"]


def train(
    model: Any,
    data: ClipSource,
    recipe: Recipe,
    run_dir: str | Path,
    *,
    seed: int,
    validation: ClipSource | None = None,
    fabric: Devices | None = None,
    workers: int = 0,
    progress: Literal["auto"] | Report | None = "auto",
    checkpoint_seconds: float = 300.0,
) -> Trained:
    """Train a model, in place: Eq. 7, by a recipe, to the last epoch or from where a call before was stopped.

    On one machine, version of torch and number of threads the weights are the same, bit by bit, however often it was
    stopped or killed (on a GPU where torch's algorithms are deterministic; see ``torch.use_deterministic_algorithms``).
    Any number of processes sees the same clips in the same order with the same draws; what the model draws (dropout)
    and BatchNorm's statistics belong to a process. Torch's global generators are left as they were.

    Args:
        model: of ``vmp.build``; afterwards it has the weights that were kept, in evaluation mode, on the device that
            trained it, and parts that were not trained do not require gradients. ``model.compile()`` before is fine.
        data: what is trained on; test clips have no place here.
        recipe: how.
        run_dir: holds checkpoint, log and weights; one run each. Several machines must all see it.
        seed: of the order of the clips, their draws, mixup and dropout, not of the weights that the model begins with.
        validation: its accuracy is logged after each epoch, and decides where ``recipe.keep`` is "best".
        fabric: of :func:`vmp.devices.open_fabric`; None: all processes of torchrun or ``fabric run``, else one device.
        workers: processes that load clips ahead; 0 loads in this one.
        progress: "auto" shows a bar in a terminal and a line an epoch elsewhere; None is silent; or what is called with
            each :class:`vmp.progress.Progress`.
        checkpoint_seconds: between checkpoints within an epoch; there is one after every epoch in any case.

    Raises:
        ValueError: what cannot be trained so; the folder holds another run, and how that differs.
        NonFiniteLoss: naming the step, its clips and the last good checkpoint.
        TrainingInterrupted: after SIGTERM or Ctrl-C, with the checkpoint written.
    """
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise ValueError(f"seed: expected a whole number of at least 0, got {seed!r}")
    if recipe.keep == "best" and validation is None:
        raise ValueError("validation: expected clips, since the recipe keeps the best epoch, got None")
    for name, source in (("data", data), ("validation", validation)):
        if source is not None and len(source) == 0:
            raise ValueError(f"{name}: expected at least one clip, got none")
    folder = Path(run_dir)
    folder.mkdir(parents=True, exist_ok=True)
    identity = run_identity(model, data, recipe, seed, validation)
    devices = devices_of_launch() if fabric is None else checked(fabric)
    weights = folder / WEIGHTS_NAME
    if not weights.is_file():
        report = progress_for_console() if progress == "auto" else progress or silent
        run = TrainingRun(model, data, recipe, folder, identity, seed, validation, devices, workers)
        run.go(report if devices.is_global_zero else silent, checkpoint_seconds)
    devices.barrier()
    found = weights_metadata(weights)
    check_identity(weights, found.get("identity", {}), identity)
    load_weights(model, weights)
    model.eval()
    if devices.is_global_zero:
        clean(folder)
    return Trained(weights, folder / LOG_NAME, found["epoch"], found["seconds"], recipe.keep)
