"""Table 8: what is timed, how it is stored, and the refusal of what cannot be."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from vmp.experiments import timing
from vmp.experiments.timing import Setting, chosen, expected_seconds, plan, table8
from vmp.experiments.timing.process import measure_apart
from vmp.experiments.timing.records import LayerTiming, StepTiming, TimingStore
from vmp.experiments.timing.steps import PHASES, Candidate, step_seconds
from vmp.files import locked

MADE = {
    "on": "cpu", "device": "CPU, one", "threads": 2, "machine": "one", "load": 0.1, "date": "2030-01-02T03:04:05+00:00",
    "versions": {"torch": "2"}, "source": {"version": "1"},
}  # fmt: skip
STEP = StepTiming(
    backbone="c2d",
    size="tiny",
    batch=2,
    seconds={"baseline": {phase: [1.0, 2.0] for phase in PHASES}},
    memory={},
    **MADE,
)
LAYER = LayerTiming(batch=1, frames=9, seconds={"16": {"forward": [1.0], "backward": [2.0]}}, **MADE)


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, list[str]]:
    store, said = tmp_path_factory.mktemp("store"), []
    assert table8("smoke", store, report=said.append, threads=1) == 2
    return store, said


# --- measuring ---


def test_times_come_run_by_run_and_paired() -> None:
    found = step_seconds("slowfast_4x16", {"baseline": None, "vmp-fast": "fast"}, "tiny", 1, 2)
    assert list(found) == ["baseline", "vmp-fast"]
    for phases in found.values():
        assert list(phases) == list(PHASES)
        assert all(len(times) == 2 and min(times) > 0 for times in phases.values())


def test_a_prompted_pathway_takes_its_extra_frame_and_gets_a_gradient() -> None:
    candidate = Candidate("slowfast_4x16", "fast", "tiny", 2, "cpu")
    slow, fast = candidate.model.clip_input.pathways
    assert [clip.shape[2] for clip in candidate.clips] == [slow.frames, fast.frames + 1]
    candidate.training_times()
    layer = candidate.model.prompts["fast"]
    assert layer.m.grad is not None
    assert layer.m.grad.item() != 0
    assert candidate.model.training
    candidate.test_time()
    assert not candidate.model.training


def test_a_peak_is_of_its_own_process_and_holds_what_a_step_keeps() -> None:
    batch = 32
    found = measure_apart("memory", "cpu", 1, backbone="c2d", prompts=True, size="tiny", batch=batch)
    clip = batch * 3 * 8 * 64 * 64 * 4  # bytes, and a step keeps several times that
    assert found["value"]["before"] > clip
    assert found["value"]["peak"] - found["value"]["before"] > clip
    assert found["made"]["on"] == "cpu"


@pytest.mark.parametrize(("variants", "batch", "runs"), [({}, 1, 1), ({"baseline": None}, 0, 1), ({"b": None}, 1, 0)])
def test_nothing_to_time_is_refused(variants: dict[str, None], batch: int, runs: int) -> None:
    with pytest.raises(ValueError, match="expected at least one variant, clip and run, got"):
        step_seconds("c2d", variants, "tiny", batch, runs)


def test_a_process_that_fails_says_why() -> None:
    with pytest.raises(ChildProcessError, match=r"measuring layer of .*expected sides, clips and runs of at least 1"):
        measure_apart("layer", "cpu", 1, sides=[], batch=1, runs=1)


# --- what is timed at a scale ---


def test_each_scale_has_what_the_chapter_says() -> None:
    small, paper = plan("small"), plan("paper")
    assert small.settings == (Setting("tiny", 8, 10, "cpu"), Setting("paper", 1, 3, "cpu", memory=True, warm_up=1))
    assert paper.settings == plan("gpu").settings == (Setting("paper", 8, 10, "cuda", memory=True),)
    assert list(small.backbones) == ["slowfast", "c2d", "i3d", "x3d", "timesformer"]
    assert small.settings[1].title == "full size, batch 1, CPU"
    assert plan("small", "cuda").on == "cuda"


@pytest.mark.parametrize(
    ("scale", "device", "match"),
    [
        ("smal", "auto", "scale: expected one of smoke, small, gpu, paper; got 'smal'. Did you mean 'small'?"),
        ("small", "cuba", "device: expected one of auto, cpu, cuda; got 'cuba'. Did you mean 'cuda'?"),
        ("paper", "cpu", "expected a GPU at scale 'paper', got 'cpu'"),
    ],
)
def test_an_unknown_plan_is_refused(scale: str, device: str, match: str) -> None:
    with pytest.raises(ValueError, match=match.replace("?", r"\?")):
        plan(scale, device)


def test_backbones_by_their_beginning() -> None:
    every = plan("small").backbones
    assert chosen(None, every)["x3d"] == "x3d_m"
    assert chosen(["timesformer", "x3d"], every) == {"x3d": "x3d_m", "timesformer": "timesformer"}  # the paper's order
    assert chosen("slow", every) == {"slowfast": "slowfast_4x16"}
    assert chosen("slowfast_8x8", every) == {"slowfast": "slowfast_8x8"}
    for wrong in ("resnet", ""):
        with pytest.raises(ValueError, match=f"backbone: expected one of slowfast_4x16, .*; got '{wrong}'"):
            chosen(wrong, every)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_a_gpu_that_is_not_there_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="expected a GPU that torch can use"):
        table8("paper", tmp_path)
    assert not list(tmp_path.iterdir())


def test_the_estimate_counts_steps_and_processes() -> None:
    full = Setting("paper", 1, 3, "cpu", memory=True)
    one, two = (expected_seconds(full, "c2d", "c2d", threads) for threads in (1, 2))
    processes = 3 * timing._PROCESS_SECONDS  # all variants together, then each for its memory
    assert one - processes == pytest.approx(2 * (two - processes))
    assert two > processes


# --- the store ---


def test_what_is_stored_is_not_measured_again(smoke: tuple[Path, list[str]]) -> None:
    store, said = smoke
    files = sorted(path.name for path in (store / "timing").iterdir())
    assert files == ["c2d--tiny--batch-2--cpu.json", "layer--to-48--batch-1--cpu.json"]
    assert said[0].startswith("2 measurements, 1 threads, about 0.5 min")
    assert table8("smoke", store) == 0
    kept = TimingStore(store).steps("c2d", "tiny", 2, "cpu")
    assert kept is not None
    assert kept.threads == 1
    assert {name: {p: len(t) for p, t in each.items()} for name, each in kept.seconds.items()} == {
        name: dict.fromkeys(PHASES, 2) for name in ("baseline", "vmp")
    }
    assert kept.versions["torch"]


def test_records_come_back_as_they_were_and_stay(tmp_path: Path) -> None:
    kept = TimingStore(tmp_path)
    first = kept.add(STEP)
    kept.add(LAYER)
    assert kept.steps("c2d", "tiny", 2, "cpu") == STEP
    assert kept.layer(1, [8, 16], "cpu") == LAYER
    assert kept.steps("c2d", "paper", 2, "cpu") is None
    before = first.read_bytes()
    again = replace(STEP, threads=4)
    assert kept.add(again).name == "c2d--tiny--batch-2--cpu--2.json"
    assert first.read_bytes() == before
    assert kept.steps("c2d", "tiny", 2, "cpu") == again  # the newest


def test_a_file_that_was_changed_is_named(tmp_path: Path) -> None:
    kept = TimingStore(tmp_path)
    path = kept.add(STEP)
    plain = json.loads(path.read_text())
    for content, match in (("{", "holds no times"), (json.dumps(plain | {"batch": 8}), "holds the times of c2d--tiny")):
        path.write_text(content)
        with pytest.raises(ValueError, match=f"{path.name} {match}"):
            kept.steps("c2d", "tiny", 2, "cpu")


def test_two_at_once_are_refused(tmp_path: Path) -> None:
    (tmp_path / "timing").mkdir()
    with locked(tmp_path / "timing"), pytest.raises(ValueError, match="another process is measuring"):
        table8("smoke", tmp_path)


def test_threads_below_one_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="threads: expected at least 1, got 0"):
        table8("smoke", tmp_path, threads=0)


def test_a_plan_needs_no_torch() -> None:
    code = "import sys; from vmp.experiments import timing; import vmp.experiments.timing.table; timing.plan()"
    code += "; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
