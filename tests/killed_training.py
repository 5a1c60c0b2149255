"""Trains once undisturbed, and in processes that are killed at random moments, until one comes to the end.

    python killed_training.py FOLDER SEED

Leaves FOLDER/undisturbed, FOLDER/killed and, in FOLDER/kills, how often it killed.

Forked from a process that has trained already and so has imported everything: a kill meets training, not an import.
"""

from __future__ import annotations

import os
import random
import signal
import sys
import time
from pathlib import Path

import torch
from training_stand_ins import MemoryClips, SmallModel

from vmp.recipe import Recipe
from vmp.train import train

RECIPE = Recipe(6, 4, accumulate=2, lambda_=0.1, mixup=0.4, keep="best")


def train_once(folder: Path) -> None:
    torch.set_num_threads(1)
    model = SmallModel(prompts=("clip",), dropout=0.5)
    validation = MemoryClips(7, name="memory, validation")
    train(model, MemoryClips(42), RECIPE, folder, seed=3, validation=validation, checkpoint_seconds=0, progress=None)


def forked(folder: Path) -> int:
    child = os.fork()
    if not child:
        try:
            train_once(folder)
        except BaseException as error:  # a child must end here whatever happens
            sys.stderr.write(f"{type(error).__name__}: {error}\n")
            os._exit(1)
        os._exit(0)
    return child


def main() -> None:
    folder, draw = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
    train_once(folder / "first")
    begun = time.monotonic()
    train_once(folder / "undisturbed")
    whole = time.monotonic() - begun
    killed, status = 0, -1
    while status != 0:
        child = forked(folder / "killed")
        time.sleep(draw.uniform(0.02, 0.3) * whole)
        os.kill(child, signal.SIGKILL)
        status = os.waitpid(child, 0)[1]
        killed += status != 0
        assert status in (0, signal.SIGKILL), status
    (folder / "kills").write_text(str(killed))


if __name__ == "__main__":
    main()
