"""Training in two processes over gloo, against training in one."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from training_stand_ins import MemoryClips, TinyClips
from two_processes import BACKBONES, DIFFERENT, SAME, backbone, backbone_recipe, small_model

from vmp.devices import OneDevice, checked, devices_of_launch
from vmp.train import train
from vmp.training_log import read_log

HERE = Path(__file__).parent


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What two processes of torchrun leave."""
    folder = tmp_path_factory.mktemp("two-processes")
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node", "2"]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "CUDA_VISIBLE_DEVICES": ""}
    run = subprocess.run(
        [*command, HERE / "two_processes.py", folder], env=environment, capture_output=True, text=True, timeout=300
    )
    assert run.returncode == 0, run.stderr
    return folder


def states(folder: Path, name: str) -> list[dict[str, torch.Tensor]]:
    return [torch.load(folder / f"{name}-{rank}.pt", weights_only=True) for rank in (0, 1)]


def told(folder: Path) -> list[dict[str, Any]]:
    return [json.loads((folder / f"told-{rank}.json").read_text()) for rank in (0, 1)]


def curves(run_dir: Path) -> Any:
    return read_log(run_dir).drop(columns=["clips_per_second", "seconds"])


@pytest.mark.parametrize("name", ["same", "different", "asked", *BACKBONES])
def test_all_processes_end_with_the_same_weights(folder: Path, name: str) -> None:
    first, second = states(folder, name)
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_two_processes_train_as_one_does(folder: Path, tmp_path: Path) -> None:
    model = small_model()
    validation = MemoryClips(7)
    train(model, MemoryClips(), SAME, tmp_path, seed=3, validation=validation, progress=None, fabric=OneDevice("cpu"))
    assert (curves(tmp_path) - curves(folder / "same")).abs().max().max() < 1e-4
    for key, tensor in states(folder, "same")[0].items():
        torch.testing.assert_close(model.state_dict()[key], tensor, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("name", BACKBONES)
def test_backbones_have_the_same_curve(folder: Path, tmp_path: Path, name: str) -> None:
    model = backbone(name)
    train(model, TinyClips(6), backbone_recipe(name), tmp_path, seed=3, progress=None, fabric=OneDevice("cpu"))
    assert (curves(tmp_path) - curves(folder / name)).abs().max().max() < 1e-3


def test_every_clip_is_seen_once_an_epoch_and_drawn_alike(folder: Path) -> None:
    first, second = told(folder)
    assert (first["world_size"], first["rank"], second["rank"]) == (2, 0, 1)
    for epoch in (1, 2, 3):
        parts = [[batch for batch, at in each["asked"] if at == epoch] for each in (first, second)]
        assert len(parts[0]) == len(parts[1]) == 5  # 5 + 5 + 1 clips, in parts of 3, 2; 3, 2; 1
        own = Counter(clip for rank, mine in enumerate(parts) for batch in mine for clip in batch[: len(batch) // 2])
        stand_in = parts[1][-1][0]  # the second process has no share of the last step
        assert own == Counter(range(11)) + Counter([stand_in])
        assert parts[0][-1][0] == stand_in


def test_accuracy_counts_each_clip_once(folder: Path) -> None:
    log = read_log(folder / "same")
    for column, clips in (("accuracy", 11), ("validation_accuracy", 7)):
        right = log[column][1:] * clips / 100
        assert (right - right.round()).abs().max() < 1e-9


def test_one_process_that_is_asked_stops_both_and_they_go_on(folder: Path) -> None:
    assert [each["stopped"] for each in told(folder)] == [[signal.SIGTERM, 1, 3]] * 2
    first, again = states(folder, "different")[0], states(folder, "asked")[0]
    assert all(torch.equal(first[key], again[key]) for key in first)
    assert curves(folder / "different").equals(curves(folder / "asked"))


def test_a_loss_that_is_not_finite_in_one_process_stops_both(folder: Path) -> None:
    first, second = (each["not finite"] for each in told(folder))
    assert first == second
    assert first[:2] == [1, 2]
    assert len(first[2]) == 5  # the clips of both


# --- what training can go on ---


def test_one_process_without_a_launcher() -> None:
    assert isinstance(devices_of_launch(), OneDevice)
    assert checked(OneDevice("cpu")).device == torch.device("cpu")
    with pytest.raises(ValueError, match="fabric: expected a CPU or CUDA, got meta"):
        checked(OneDevice("meta"))


def test_a_fabric_of_another_precision_is_refused_and_one_like_ours_gives_the_same_bits(tmp_path: Path) -> None:
    from lightning_fabric import Fabric

    options: dict[str, Any] = {"seed": 3, "progress": None}
    fabric = Fabric(accelerator="cpu", devices=1, precision="bf16-mixed")
    with pytest.raises(ValueError, match=r"fabric: expected precision '32-true', got 'bf16-mixed'. The recipe sets"):
        train(small_model(), MemoryClips(), DIFFERENT, tmp_path / "none", fabric=fabric, **options)
    models = [small_model(), small_model()]
    fabric = Fabric(accelerator="cpu", devices=1)
    train(models[0], MemoryClips(), DIFFERENT, tmp_path / "fabric", fabric=fabric, **options)
    train(models[1], MemoryClips(), DIFFERENT, tmp_path / "one", fabric=OneDevice("cpu"), **options)
    first, second = (model.state_dict() for model in models)
    assert all(torch.equal(first[key], second[key]) for key in first)


def test_without_fabric_several_devices_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightning_fabric", None)
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.setenv("LOCAL_WORLD_SIZE", "2")
    with pytest.raises(ValueError, match="expected Lightning Fabric for more than one device, which is not installed"):
        devices_of_launch()
