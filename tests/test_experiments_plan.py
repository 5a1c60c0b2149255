from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pytest
from experiment_stand_ins import BASELINE, PROMPTED, RUNS, SOURCE, TWICE, record_of, small_table

from vmp.experiments import survey
from vmp.experiments.behaviour import behaviour_of
from vmp.experiments.plan import Plan, plan
from vmp.experiments.run import Run
from vmp.experiments.store import Store
from vmp.experiments.work import Work


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results")


@pytest.fixture
def work(tmp_path: Path) -> Work:
    return Work(tmp_path / "runs")


def _store(store: Store, *runs: Run) -> None:
    for run in runs:
        store.add(*record_of(run))


def _train(work: Work, *runs: Run) -> None:
    for run in runs:
        assert work.prepare(run) is None
        (work.folder(run) / "weights.safetensors").touch()


def _jobs(found: Plan) -> list[tuple[str, bool, str | None]]:
    return [(job.run.identity, job.record, job.after) for job in found.jobs]


def test_nothing_is_there(store: Store, work: Work) -> None:
    assert _jobs(plan(RUNS, store, work)) == [
        (SOURCE.identity, True, None), (BASELINE.identity, True, SOURCE.identity),
        (PROMPTED.identity, True, BASELINE.identity), (TWICE.identity, True, BASELINE.identity),
    ]  # fmt: skip


def test_a_run_brings_what_it_starts_from(store: Store, work: Work) -> None:
    assert [job.run for job in plan([TWICE], store, work).jobs] == [SOURCE, BASELINE, TWICE]


def test_everything_is_stored_and_no_weights_are_needed(store: Store, work: Work) -> None:
    _store(store, *RUNS)
    found = plan(RUNS, store, work)
    assert found.jobs == ()
    assert {state.name for state in found.states.values()} == {"stored"}


def test_weights_that_are_not_here_are_trained_again_as_far_back_as_needed(store: Store, work: Work) -> None:
    _store(store, SOURCE, BASELINE, PROMPTED)
    found = plan(RUNS, store, work)
    assert _jobs(found) == [
        (SOURCE.identity, False, None), (BASELINE.identity, False, SOURCE.identity),
        (TWICE.identity, True, BASELINE.identity),
    ]  # fmt: skip
    assert [job.reason for job in found.jobs] == [
        "its record is stored, its weights are not on this machine",
        "its record is stored, its weights are not on this machine", "missing",
    ]  # fmt: skip
    _train(work, SOURCE)
    assert _jobs(plan(RUNS, store, work)) == [
        (BASELINE.identity, False, None), (TWICE.identity, True, BASELINE.identity),
    ]  # fmt: skip
    _train(work, BASELINE)
    assert _jobs(plan(RUNS, store, work)) == [(TWICE.identity, True, None)]


def test_weights_that_nothing_starts_from_are_not(store: Store, work: Work) -> None:
    _store(store, SOURCE, BASELINE, TWICE)
    _train(work, BASELINE)
    assert _jobs(plan(RUNS, store, work)) == [(PROMPTED.identity, True, None)]


def test_a_stale_start_makes_everything_after_it_stale(store: Store, work: Work) -> None:
    _store(store, *RUNS)
    path = store.path / "runs" / f"{BASELINE.identity}.json"
    path.write_text(path.read_text().replace('"protocol": 1', '"protocol": 0'))
    found = plan(RUNS, store, work)
    assert _jobs(found) == [
        (SOURCE.identity, False, None), (BASELINE.identity, True, SOURCE.identity),
        (PROMPTED.identity, True, BASELINE.identity), (TWICE.identity, True, BASELINE.identity),
    ]  # fmt: skip
    assert found.jobs[1].reason == "stale: the protocol number has changed"


# --- the work folder ---


def test_weights_of_other_code_are_not_taken(work: Work) -> None:
    _train(work, SOURCE, BASELINE)
    assert work.weights(BASELINE) == work.folder(BASELINE) / "weights.safetensors"
    stamp = work.folder(BASELINE) / "behaviour.json"
    chain = behaviour_of(BASELINE)
    chain[SOURCE.identity] |= {"protocol": 0}  # its start was trained by other code
    stamp.write_text(json.dumps(chain))
    assert work.weights(BASELINE) is None
    reason = work.prepare(BASELINE)
    assert reason == f"the protocol number has changed, in what it starts from ({SOURCE.identity})"
    assert [path.name for path in work.folder(BASELINE).iterdir()] == ["behaviour.json"]
    assert work.prepare(BASELINE) is None


@pytest.mark.parametrize(("content", "reason"), [(None, "nothing says which code"), (b'{"a', "was cut short")])
def test_a_folder_that_does_not_say_whose_it_is(work: Work, content: bytes | None, reason: str) -> None:
    work.folder(SOURCE).mkdir(parents=True)
    (work.folder(SOURCE) / "weights.safetensors").touch()
    if content is not None:
        (work.folder(SOURCE) / "behaviour.json").write_bytes(content)
    assert work.weights(SOURCE) is None
    assert reason in str(work.prepare(SOURCE))
    assert work.reason_to_clear(SOURCE) is None


def test_how_far_a_run_is(work: Work) -> None:
    assert work.epochs_done(SOURCE) == 0
    log = work.folder(SOURCE) / "log.jsonl"
    log.parent.mkdir(parents=True)
    log.write_text('{"epoch": 0}\n{"epoch": 1, "loss": 2}\n')
    assert work.epochs_done(SOURCE) == 1
    with log.open("a") as stream:
        stream.write('{"epoch": 2, "lo')  # being written
    assert work.epochs_done(SOURCE) == 1
    log.write_text("no json\n")
    assert work.epochs_done(SOURCE) == 0


def test_a_run_is_locked_by_one(work: Work) -> None:
    assert not work.is_running(SOURCE)
    with work.lock(SOURCE) as held:
        assert held
        assert work.is_running(SOURCE)
        assert not work.is_running(BASELINE)
        with Work(work.path).lock(SOURCE) as other:
            assert not other
    assert not work.is_running(SOURCE)


def test_which_work_folder_is_meant(store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VMP_RUNS", raising=False)
    assert Work.find(None, store).path == tmp_path / "runs"
    monkeypatch.setenv("VMP_RUNS", str(tmp_path / "elsewhere"))
    assert Work.find(None, store).path == tmp_path / "elsewhere"
    monkeypatch.chdir(tmp_path)
    assert Work.find("given", store).path == tmp_path / "given"


# --- what vmp status shows ---


def test_a_survey(store: Store, work: Work) -> None:
    table = small_table(0, 1)
    _store(store, SOURCE, BASELINE, replace(BASELINE, seed=1), PROMPTED)
    path = store.path / "runs" / f"{PROMPTED.identity}.json"
    path.write_text(path.read_text().replace('"protocol": 1', '"protocol": 0'))
    with work.lock(replace(PROMPTED, seed=1, start=replace(BASELINE, seed=1))):
        found = survey.survey(table, store, work)
    assert list(zip(found["row"], found["seed"], found["state"], strict=True)) == [
        ("start", 0, "stored"), ("baseline", 0, "stored"), ("baseline", 1, "stored"), ("vmp", 0, "stale"),
        ("vmp", 1, "running"),
    ]  # fmt: skip
    assert list(survey.lines(found, table)) == [
        "small (smoke, 2 seeds): 3 stored, 1 stale, 1 running, 0 missing",
        f"  stale    {PROMPTED.identity}  vmp, seed 0: the protocol number has changed",
        f"  running  {found['identity'][4]}  vmp, seed 1",
    ]
    assert found["date"][0] == "2026-01-01T00:00:00+00:00"
    assert found["seconds"].isna().sum() == 1
    assert survey.others(store, [small_table(1)]) == sorted([BASELINE.identity, PROMPTED.identity])
