from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from experiment_stand_ins import BASELINE, PROMPTED, RECIPE, SOURCE, TWICE, record_of

from vmp.experiments.estimate import Estimate, duration, estimate
from vmp.experiments.progress import Remaining, lines
from vmp.experiments.run import Run
from vmp.experiments.scheduler import Event
from vmp.experiments.store import Store
from vmp.experiments.work import Work

LAYERED = replace(BASELINE, prompts=True, recipe=RECIPE.changed(trained=("backbone", "head", "prompt")))


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results")


def _estimate(store: Store, *runs: Run, jobs: int = 1) -> Estimate:
    return estimate(runs, store, Work(store.path.parent / "runs"), jobs=jobs, device="cpu")


def _stored(store: Store, run: Run, seconds: float, **changes: object) -> None:
    store.add(*record_of(run, seconds=seconds, **changes))  # type: ignore[arg-type]


def _seeds(run: Run, count: int) -> list[Run]:
    return [replace(run, seed=seed) for seed in range(count)]


def test_a_run_takes_the_median_of_those_most_like_it(store: Store) -> None:
    for run, seconds in zip(_seeds(BASELINE, 3), (10.0, 30.0, 11.0), strict=True):
        _stored(store, run, seconds)
    _stored(store, LAYERED, 50.0)
    _stored(store, SOURCE, 400.0)
    long = replace(BASELINE, recipe=RECIPE.changed(epochs=6), seed=7)
    found = _estimate(store, replace(BASELINE, seed=5), long, replace(LAYERED, seed=5), replace(SOURCE, seed=5))
    # its start's weights are not on this machine: it is trained again, in the time that it took
    assert list(found.seconds.values()) == [400.0, 11.0, 33.0, 50.0, 400.0]
    assert (found.runs, found.stored, found.again, found.by_others, found.unknown) == (5, 1, 1, 0, ())


def test_what_is_less_alike_stands_in(store: Store) -> None:
    _stored(store, BASELINE, 10.0)
    _stored(store, replace(BASELINE, backbone="x3d_m", start=None), 90.0)
    assert _estimate(store, replace(LAYERED, start="k400")).seconds == {replace(LAYERED, start="k400").identity: 10.0}
    family = replace(SOURCE, backbone="x3d_s")
    found = _estimate(store, family, replace(SOURCE, backbone="i3d"))
    assert list(found.seconds.values()) == [90.0, 90.0]
    assert found.by_others == 2
    assert str(found) == (
        "2 runs, none of them stored; 2 to do: about 3 min with 1 process (medians of stored runs; 2 runs by the "
        "nearest backbone)"
    )


def test_nothing_alike_is_no_estimate(store: Store) -> None:
    assert str(_estimate(store, BASELINE)) == (
        "2 runs, none of them stored; 2 to do: no estimate of the time, for nothing alike is stored"
    )
    _stored(store, SOURCE, 100.0, device="A GPU")
    assert not _estimate(store, replace(SOURCE, seed=1)).seconds
    tested = replace(BASELINE, start=BASELINE, head="kept", tested_only=True)
    _stored(store, replace(SOURCE, seed=2), 100.0)
    found = _estimate(store, replace(SOURCE, seed=1), tested)
    assert found.unknown == (BASELINE.identity, tested.identity)
    assert "without 2 runs of which nothing alike is stored" in str(found)


def test_nothing_to_do(store: Store) -> None:
    for run in (SOURCE, BASELINE):
        _stored(store, run, 10.0)
    found = _estimate(store, BASELINE)
    assert str(found) == "2 runs, all of them stored; nothing to do"
    assert found.left() == 0


def test_processes_share_the_work_but_no_chain_of_starts(store: Store) -> None:
    made = Estimate(4, 0, 0, {"a": 10.0, "b": 20.0, "c": 5.0, "d": 1.0}, (), 0, 2, {"b": "a", "c": "b"})
    assert made.left() == 35
    assert made.left({"a"}) == 25
    assert made.left({"a", "b"}) == 5
    assert replace(made, after={}).left() == 20
    assert replace(made, processes=1).left() == 36


def test_a_record_of_another_version_says_nothing(store: Store) -> None:
    _stored(store, SOURCE, 10.0)
    path = store.path / "runs" / f"{SOURCE.identity}.json"
    path.write_text(path.read_text().replace('"scale": "smoke"', '"skale": "smoke"'))
    assert not _estimate(store, SOURCE).seconds
    path.write_text("{")
    with pytest.raises(ValueError, match="is no record of a run"):
        _estimate(store, replace(SOURCE, seed=3))


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.2, "1 s"), (89.4, "89 s"), (90, "2 min"), (3560, "59 min"), (3600, "1 h 0 min"), (13200, "3 h 40 min"),
     (48 * 3600, "2 d 0 h"), (53.4 * 3600, "2 d 5 h")],
)  # fmt: skip
def test_durations(seconds: float, words: str) -> None:
    assert duration(seconds) == words


def test_what_is_left_goes_by_the_pace_so_far() -> None:
    seconds = {run.identity: 10.0 for run in (SOURCE, BASELINE, PROMPTED, TWICE)}
    made = Estimate(4, 0, 0, seconds, (), 0, 1, {})
    now = [100.0]
    remaining = Remaining(made, lambda: now[0])
    said: list[str] = []
    watch = lines(said.append, remaining)
    watch(Event("plan", "4 to do", total=4))
    watch(Event("start", "source", SOURCE, total=4))
    now[0] += 40  # four times what was estimated
    watch(Event("done", "source", SOURCE, done=1, total=4))
    now[0] += 20
    watch(Event("fail", "baseline failed", BASELINE, done=2, total=4))
    watch(Event("skip", "prompted: left out", PROMPTED, done=3, total=4))
    watch(Event("done", "twice", TWICE, done=4, total=4))
    assert said == [
        "1/4  source  (about 2 min left)", "2/4  baseline failed  (about 60 s left)",
        "3/4  prompted: left out  (about 20 s left)", "4/4  twice",
    ]  # fmt: skip
