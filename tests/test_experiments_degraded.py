"""Runs whose clips are degraded, and runs that are tested only."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from experiment_stand_ins import BASELINE, SOURCE

from vmp.data.degrade import degrade_batch
from vmp.experiments import behaviour, datasets
from vmp.experiments.device import Device
from vmp.experiments.models import clip_input
from vmp.experiments.perform import perform
from vmp.experiments.run import Run
from vmp.experiments.state import state_of
from vmp.experiments.store import Store
from vmp.experiments.work import Work
from vmp.predictions import Predictions

NOISE = ("salt-and-pepper", "strong")
#: From nothing, so that one training is all it takes.
CLEAN = replace(BASELINE, start=None)
TESTED = replace(CLEAN, start=CLEAN, head="kept", tested_only=True, test_degradation=NOISE)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> tuple[Store, Work]:
    folder = tmp_path_factory.mktemp("degraded")
    store, work = Store(folder / "results"), Work(folder / "runs")
    device = Device.of("cpu", 1)
    for run in (CLEAN, TESTED, replace(TESTED, test_degradation=None)):
        perform(run, store, work, device)
    return store, work


def _scores(work: Work, run: Run) -> np.ndarray:
    return Predictions.load(work.scores(run)).scores


def test_what_is_tested_only_has_the_weights_and_the_scores_of_its_start(done: tuple[Store, Work]) -> None:
    store, work = done
    again = replace(TESTED, test_degradation=None)
    records = [state_of(run, store).record for run in (CLEAN, again)]
    assert records[0] is not None
    assert records[1] is not None
    assert records[0].weights == records[1].weights
    assert records[0].metrics == records[1].metrics
    assert (records[1].epochs, records[1].kept, records[1].started) == ({}, 0, CLEAN.identity)
    np.testing.assert_array_equal(_scores(work, CLEAN), _scores(work, again))
    assert not (work.folder(again) / "log.jsonl").exists()


def test_degraded_clips_are_what_is_tested(done: tuple[Store, Work]) -> None:
    store, work = done
    assert state_of(TESTED, store).name == "stored"
    assert np.abs(_scores(work, TESTED) - _scores(work, CLEAN)).max() > 1e-3


def test_only_the_clips_that_are_named_are_degraded() -> None:
    taken = clip_input(CLEAN)
    half = replace(CLEAN, train_degradation=("half-resolution", "medium"))
    clean, test = (datasets.load(half, "test", taken).clips([0], taken)[0] for _ in range(2))
    assert (clean == test).all()
    given = datasets.load(CLEAN, "train", taken).clips([3], taken, epoch=1)[0]
    worse = datasets.load(half, "train", taken).clips([3], taken, epoch=1)[0]
    assert (worse == degrade_batch(given, "half-resolution", "medium", [0])).all()  # nothing is drawn


def test_a_gpu_does_not_hold_the_clips_without_their_degradation() -> None:
    taken = clip_input(CLEAN)
    assert getattr(datasets.load(CLEAN, "test", taken), "held_on", None) is not None
    assert getattr(datasets.load(TESTED, "test", taken), "held_on", None) is None


def test_each_degradation_has_a_behaviour_of_its_own() -> None:
    clean, noisy = behaviour.own_behaviour(CLEAN), behaviour.own_behaviour(TESTED)
    assert clean.data != noisy.data
    assert clean.model == noisy.model


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"test_degradation": ("noise", "mild")}, "degradation: expected .*got 'noise'"),
        ({"train_degradation": ("blur", "medum")}, "severity: expected .*got 'medum'. Did you mean 'medium'"),
        ({"tested_only": True}, "tested_only: expected a run to start from and head='kept'"),
        ({"tested_only": True, "start": SOURCE}, "tested_only: expected .* 'new'"),
    ],
)
def test_what_no_run_can_be(changes: dict[str, object], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        replace(CLEAN, **changes)  # type: ignore[arg-type]


def test_every_movement_with_every_object() -> None:
    taken = clip_input(CLEAN)
    chosen = replace(CLEAN, every_object=True)
    plain, every = (datasets.load(run, "test", taken) for run in (CLEAN, chosen))
    titles = every.object_titles  # type: ignore[attr-defined]
    assert len(every) == len(plain) * len(titles)
    seen = set(zip(every.trajectories.tolist(), every.objects.tolist(), strict=True))  # type: ignore[attr-defined]
    assert seen == {(int(t), o) for t in plain.trajectories for o in range(len(titles))}  # type: ignore[attr-defined]
    assert len(datasets.load(chosen, "train", taken)) == len(datasets.load(CLEAN, "train", taken))


def test_titles_tell_them_apart(tmp_path: Path) -> None:
    assert TESTED.title.endswith("tested only, tested with strong salt-and-pepper, seed 0")
    assert "trained with medium blur" in replace(CLEAN, train_degradation=("blur", "medium")).title
    assert Run.from_json(TESTED.to_json()) == TESTED
