"""One story: a table's runs are stopped, killed twice, finished by two schedulers at once, and hold against a rerun."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from experiment_stand_ins import BASELINE, PROMPTED, RUNS, SOURCE, TWICE, small_table

from vmp.experiments.plan import plan
from vmp.experiments.state import state_of
from vmp.experiments.store import Store
from vmp.experiments.verify import Verified, verify_runs
from vmp.experiments.work import Work

SCRIPT = Path(__file__).with_name("experiment_stand_ins.py")
LINUX = pytest.mark.skipif(not Path("/proc").is_dir(), reason="looks for processes in /proc")


@dataclass
class Story:
    """What happened to a store and a work folder."""

    store: Store
    work: Work
    statuses: list[int] = field(default_factory=list)
    said: list[str] = field(default_factory=list)
    survivors: list[list[str]] = field(default_factory=list)
    started: list[subprocess.Popen[str]] = field(default_factory=list)


def _scheduler(story: Story, jobs: int = 1) -> subprocess.Popen[str]:
    command = [sys.executable, str(SCRIPT), str(story.store.path), str(story.work.path), str(jobs)]
    story.started.append(subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True))
    return story.started[-1]


def _wait(started: subprocess.Popen[str], happened: Callable[[], bool]) -> None:
    """Until it happened, and a random moment longer; or the scheduler has ended."""
    while not happened() and started.poll() is None:
        time.sleep(0.01)
    time.sleep(random.uniform(0, 0.5))


def _ended(story: Story, *started: subprocess.Popen[str]) -> None:
    for each in started:
        story.said.append(each.communicate()[0])
        story.statuses.append(each.returncode)
    time.sleep(0.5)  # for the system to end who has lost its parent
    story.survivors.append(_workers(story.work))


def _workers(work: Work) -> list[str]:
    """The processes of this work folder that are alive."""
    found = []
    for path in Path("/proc").glob("[0-9]*"):
        try:
            command = (path / "cmdline").read_bytes().decode()
            alive = "\nState:\tZ" not in (path / "status").read_text()
        except (OSError, UnicodeDecodeError):
            continue
        if alive and "vmp.experiments.worker" in command and str(work.path) in command:
            found.append(path.name)
    return found


def _epochs(story: Story) -> int:
    return sum(story.work.epochs_done(run) for run in RUNS)


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    folder = tmp_path_factory.mktemp("story")
    told = Story(Store(folder / "results"), Work(folder / "runs"))
    try:
        _tell(told)
        yield told
    finally:
        for process in told.started:
            process.kill()


def _tell(told: Story) -> None:
    first = _scheduler(told)
    _wait(first, lambda: _epochs(told) >= 1)
    first.send_signal(signal.SIGTERM)
    _ended(told, first)
    second = _scheduler(told)
    _wait(second, lambda: len(list(told.store)) >= 1 and _epochs(told) >= 3)
    second.kill()  # the scheduler alone
    _ended(told, second)
    third = _scheduler(told)
    _wait(third, lambda: _epochs(told) >= random.choice([3, 4]) and bool(_workers(told.work)))
    os.killpg(third.pid, signal.SIGKILL)
    _ended(told, third)
    shutil.rmtree(told.work.folder(SOURCE))  # as in a fresh clone: the record is there, the weights are not
    if (told.work.folder(BASELINE) / "weights.safetensors").exists():
        shutil.rmtree(told.work.folder(BASELINE))
    _ended(told, *[_scheduler(told) for _ in range(2)])


def test_it_ends_well(story: Story) -> None:
    assert story.statuses[3:] == [0, 0], story.said
    assert [state_of(run, story.store).name for run in RUNS] == ["stored"] * 4
    assert plan(RUNS, story.store, story.work).jobs == ()


def test_sigterm_writes_a_checkpoint_and_leaves(story: Story) -> None:
    assert story.statuses[0] == 128 + signal.SIGTERM
    assert story.said[0].endswith("stopped by SIGTERM; the same command goes on from here\n")


@LINUX
def test_workers_die_with_their_scheduler(story: Story) -> None:
    assert story.statuses[1:3] == [-signal.SIGKILL, -signal.SIGKILL]
    assert story.survivors == [[], [], [], []]


def test_each_run_is_stored_once(story: Story) -> None:
    assert list(story.store) == sorted(run.identity for run in RUNS)
    assert len(list((story.store.path / "predictions").iterdir())) == 4
    assert not list(story.store.path.rglob("*.part"))


def test_two_schedulers_share_the_work(story: Story) -> None:
    last = story.said[3:]
    for run in (PROMPTED, TWICE):
        trained = [said for said in last if f"{run.title}: top-1" in said]
        assert len(trained) <= 1, last


def test_weights_of_a_start_that_are_gone_are_made_again_without_a_second_record(story: Story) -> None:
    assert any(f"{SOURCE.title}: weights made again; top-1" in said for said in story.said[3:]), story.said


def test_a_record_says_what_was_done(story: Story) -> None:
    record = story.store.record(PROMPTED.identity)
    assert record.run == PROMPTED
    assert record.started == BASELINE.identity
    assert record.epochs["epoch"] == [0, 1, 2]
    assert set(record.metrics["group"]) >= {"top1", "top5", "mean_class", "mean_ap"}
    assert record.threads == 1
    assert record.device.startswith("CPU")
    assert record.seconds > 0
    assert record.versions["torch"]
    assert record.source["version"]
    assert record.start["clip"] != [record.final["slope"], record.final["shift"]]
    assert record.date.endswith("+00:00")
    json.loads((story.store.path / "runs" / f"{PROMPTED.identity}.json").read_bytes())
    frame = story.store.predictions(PROMPTED.identity)
    clips = frame[frame["level"] == "clip"]
    assert len(clips) == 24  # one rendering of each of the 24 trajectories that smoke takes
    assert {name: str(frame[name].dtype) for name in ("index", "group", "rendering", "label", "first")} == {
        "index": "int32", "group": "int32", "rendering": "int16", "label": "uint8", "first": "uint8",
    }  # fmt: skip
    right = 100 * (clips["first"] == clips["label"]).mean()
    assert right == pytest.approx(record.metrics["clip"]["top1"], abs=1e-3)


def test_the_layer_alone_was_trained_and_the_weights_say_so(story: Story) -> None:
    frozen = story.store.similarity(PROMPTED.identity, BASELINE.identity)
    trained = story.store.similarity(BASELINE.identity, SOURCE.identity)
    assert frozen is not None
    assert trained is not None
    assert (frozen["cosine"] == 1).all()
    assert (trained["cosine"] < 1).any()
    assert len(small_table().similarities()) == 2


@pytest.fixture(scope="module")
def verified(story: Story) -> list[Verified]:
    """The run that lies deepest, and so all that it starts from."""
    stored = sorted((story.store.record(key) for key in story.store), key=lambda record: (record.date, record.identity))
    oldest_first = [record.identity for record in stored]
    seed = next(n for n in range(1000) if random.Random(n).sample(oldest_first, 1) == [TWICE.identity])
    return verify_runs(1, story.store, seed=seed, jobs=1, device="cpu")


def test_it_equals_what_was_never_killed(story: Story, verified: list[Verified]) -> None:
    """To the last bit: the weights' hashes are compared too."""
    assert {each.stored.identity for each in verified} == {run.identity for run in (SOURCE, BASELINE, TWICE)}
    assert [each.differences for each in verified] == [(), (), ()]
    for each in verified:
        assert each.again is not None
        assert each.again.weights == each.stored.weights
        assert each.again.metrics == each.stored.metrics
        assert each.again.predictions == each.stored.predictions
        assert each.tolerance == "the same kind of machine: equal to the last bit"
    assert list(story.store) == sorted(run.identity for run in RUNS)  # only read
