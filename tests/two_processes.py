"""What test_train_processes.py runs in two processes: torchrun --nproc-per-node 2 two_processes.py FOLDER

Each process leaves in FOLDER what it saw and the weights that it ended with.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor
from training_stand_ins import MemoryClips, SmallModel, TinyClips

from vmp.backbones import build
from vmp.devices import devices_of_launch
from vmp.recipe import Optimiser, Recipe
from vmp.train import NonFiniteLoss, TrainingInterrupted, train

#: 11 clips: steps of 5, 5 and 1. In two parts and two processes the last leaves one process nothing to do.
SAME = Recipe(
    3, 5, accumulate=2, lambda_=1.0, mixup=0.3, freeze_batchnorm=True, keep="best", optimiser=Optimiser(lr=0.1)
)
DIFFERENT = Recipe(2, 5, accumulate=2, optimiser=Optimiser(lr=0.1))
BACKBONES = ("timesformer", "slowfast_4x16")


def small_model() -> SmallModel:
    return SmallModel(prompts=("clip",), dropout=0.0)


def backbone(name: str) -> Any:
    generator = torch.Generator().manual_seed(0)
    return build(name, 3, prompts=True, size="tiny", generator=generator, dropout=0.0)


def backbone_recipe(name: str) -> Recipe:
    return Recipe(2, 4, lambda_=1.0, freeze_batchnorm=name != "timesformer", optimiser=Optimiser(lr=0.05))


class Faulty(MemoryClips):
    """In one process: asks to stop, or gives a clip on which :class:`Fragile` fails."""

    def __init__(self, at: int, spoil: bool) -> None:
        super().__init__()
        self.at, self.spoil = at, spoil

    def clips(self, *given: Any, **options: Any) -> list[Tensor]:
        came = super().clips(*given, **options)
        if len(self.asked) == self.at and os.environ["RANK"] == "1":
            if self.spoil:
                came[0][0, 0, 0, 0] = 255
            else:
                os.kill(os.getpid(), signal.SIGTERM)
        return came


class Fragile(SmallModel):
    """Gives what is not a number where the first pixel is white."""

    def forward(self, clip: Any, return_variation: bool = False) -> Any:
        logits, variation = super().forward(clip, True)
        white = clip[:, :, 0, 0, 0].amax() > (254.5 / 255 - 0.45) / 0.225
        return logits + torch.where(white, torch.nan, 0.0), variation


def main() -> None:
    torch.set_num_threads(1)
    folder, devices = Path(sys.argv[1]), devices_of_launch()
    rank = devices.global_rank
    told: dict[str, Any] = {"world_size": devices.world_size, "rank": rank}

    def keep(name: str, model: Any) -> None:
        torch.save(model.state_dict(), folder / f"{name}-{rank}.pt")

    options: dict[str, Any] = {"seed": 3, "progress": None, "fabric": devices}
    data, model = MemoryClips(), small_model()
    train(model, data, SAME, folder / "same", validation=MemoryClips(7), **options)
    keep("same", model)
    told["asked"] = [(batch, epoch) for batch, epoch, _, _ in data.asked]

    model = SmallModel(prompts=("clip",), dropout=0.5)
    train(model, MemoryClips(), DIFFERENT, folder / "different", **options)
    keep("different", model)

    for name in BACKBONES:
        model = backbone(name)
        train(model, TinyClips(6), backbone_recipe(name), folder / name, **options)
        keep(name, model)

    try:
        train(SmallModel(prompts=("clip",)), Faulty(5, False), DIFFERENT, folder / "asked", **options)
    except TrainingInterrupted as interrupted:
        told["stopped"] = [interrupted.signal, interrupted.epoch, interrupted.step]
    model = SmallModel(prompts=("clip",), seed=9)
    train(model, MemoryClips(), DIFFERENT, folder / "asked", **options)
    keep("asked", model)

    try:
        train(Fragile(dropout=0.0), Faulty(3, True), DIFFERENT, folder / "spoilt", **options)
    except NonFiniteLoss as error:
        told["not finite"] = [error.epoch, error.step, list(error.clips)]
    (folder / f"told-{rank}.json").write_text(json.dumps(told))


if __name__ == "__main__":
    main()
