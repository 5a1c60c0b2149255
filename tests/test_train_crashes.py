"""Whatever moment a run dies at, started again it ends with the same bits."""

from __future__ import annotations

import itertools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from training_stand_ins import MemoryClips, SmallModel

import vmp.training_run
from vmp.checkpoint import load_state
from vmp.devices import OneDevice
from vmp.recipe import Recipe
from vmp.train import train
from vmp.training_log import read_log

HERE = Path(__file__).parent
RECIPE = Recipe(2, 4, accumulate=2, lambda_=0.1, mixup=0.4, keep="best")


def run(folder: Path) -> None:
    train(
        SmallModel(prompts=("clip",), dropout=0.5),
        MemoryClips(),
        RECIPE,
        folder,
        seed=3,
        validation=MemoryClips(5),
        progress=None,
        fabric=OneDevice("cpu"),
        checkpoint_seconds=0,
    )


def same(first: Path, second: Path) -> None:
    one, other = (load_state(folder / "weights.safetensors") for folder in (first, second))
    assert list(one) == list(other)
    assert all(torch.equal(one[name], other[name]) for name in one)
    curves = [read_log(folder).drop(columns=["seconds", "clips_per_second"]) for folder in (first, second)]
    assert curves[0].equals(curves[1])
    assert sorted(path.name for path in second.iterdir()) == ["log.jsonl", "weights.safetensors"]


class Died(BaseException):
    """In place of a kill: nothing in the package catches it."""


class Countdown:
    """Lets a number of calls through, then dies in the next, before its work or after it."""

    def __init__(self, calls: int, after: bool) -> None:
        self.left, self.after, self.died = calls, after, False

    def around(self, function: Callable[..., Any]) -> Callable[..., Any]:
        def called(*given: Any, **options: Any) -> Any:
            if self.died:
                return None if function is Path.unlink else function(*given, **options)  # the dead tidy up nothing
            self.left -= 1
            if self.left >= 0:
                return function(*given, **options)
            self.died = True
            if self.after:
                function(*given, **options)
            raise Died

        return called


def deaths(monkeypatch: pytest.MonkeyPatch, countdown: Countdown) -> None:
    """Dies at the calls that change what is on the disk."""
    monkeypatch.setattr(os, "replace", countdown.around(os.replace))
    monkeypatch.setattr(Path, "unlink", countdown.around(Path.unlink))
    monkeypatch.setattr(vmp.training_run, "append_row", countdown.around(vmp.training_run.append_row))


def test_dying_at_any_change_on_the_disk_costs_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path / "whole")
    for after in (False, True):
        for calls in itertools.count():
            folder, countdown = tmp_path / f"{calls}-{after}", Countdown(calls, after)
            with monkeypatch.context() as patched:
                deaths(patched, countdown)
                try:
                    run(folder)
                except Died:
                    assert countdown.died
            run(folder)
            same(tmp_path / "whole", folder)
            if not countdown.died:
                break
        assert calls > 12  # more than one at each of 6 steps


def test_killed_at_random_moments(tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    killer = subprocess.run(
        [sys.executable, HERE / "killed_training.py", tmp_path, "1"],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert killer.returncode == 0, killer.stderr
    assert int((tmp_path / "kills").read_text()) > 0
    same(tmp_path / "undisturbed", tmp_path / "killed")


GROUP = """
import sys
from training_stand_ins import MemoryClips, SmallModel
from vmp.recipe import Recipe
from vmp.train import TrainingInterrupted, train
if __name__ == "__main__":
    try:
        train(SmallModel(), MemoryClips(40), Recipe(100000, 4), sys.argv[1], seed=0, workers=2, progress=None)
    except TrainingInterrupted as interrupted:
        sys.exit(128 + interrupted.signal)
"""


def test_sigterm_to_the_whole_group_reaches_training_and_not_its_workers(tmp_path: Path) -> None:
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": "", "PYTHONPATH": str(HERE)}
    process = subprocess.Popen(
        [sys.executable, "-c", GROUP, tmp_path],
        env=environment,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        while not (tmp_path / "checkpoint.pt").exists():  # an epoch is over: the workers are at work
            assert process.poll() is None
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGTERM)
        _, errors = process.communicate(timeout=60)
    finally:
        process.kill()
    assert process.returncode == 143, errors
    assert not errors
