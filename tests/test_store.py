from __future__ import annotations

import json
import pickle
import shutil
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from experiment_stand_ins import BASELINE, RUNS, SOURCE, predictions_of, record_of

from vmp.experiments.store import Disagreement, Store


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "results")


def _files(store: Store) -> list[str]:
    return sorted(str(path.relative_to(store.path)) for path in store.path.rglob("*") if path.is_file())


def test_a_record_comes_back_as_it_was(store: Store) -> None:
    record, predictions = record_of(SOURCE)
    key = store.add(record, predictions)
    assert key == SOURCE.identity
    again = store.record(key)
    assert replace(again, predictions="") == record
    assert again.run == SOURCE
    assert again.final == {"epoch": 2, "loss": 1.0, "slope": 11.2, "shift": 0.3}
    pd.testing.assert_frame_equal(store.predictions(key), predictions, check_categorical=False)
    assert list(store) == [key]
    assert _files(store) == [f"predictions/{key}.parquet", f"runs/{key}.json"]


def test_no_vmp_is_needed_to_read_it(store: Store) -> None:
    key = store.add(*record_of(SOURCE))
    text = (store.path / "runs" / f"{key}.json").read_text()
    assert json.loads(text)["metrics"]["group"]["top1"] == 50.0
    assert ' "epochs": {\n  "epoch": [0, 1, 2],\n' in text  # a list a line, for people and for git
    frame = pd.read_parquet(store.path / "predictions" / f"{key}.parquet")
    assert str(frame["first"].dtype) == "uint8"


def test_predictions_are_a_few_kilobytes(store: Store) -> None:
    key = store.add(*record_of(SOURCE, [True] * 330))
    assert (store.path / "predictions" / f"{key}.parquet").stat().st_size < 10_000


def test_nothing_is_written_twice(store: Store) -> None:
    record, predictions = record_of(SOURCE)
    key = store.add(record, predictions)
    before = {name: (store.path / name).read_bytes() for name in _files(store)}
    assert store.add(replace(record, date="later", seconds=9.0), predictions) == key
    assert {name: (store.path / name).read_bytes() for name in _files(store)} == before


def test_other_numbers_from_the_same_code_are_an_error(store: Store) -> None:
    record, predictions = record_of(SOURCE)
    key = store.add(record, predictions)
    before = {name: (store.path / name).read_bytes() for name in _files(store)}
    wrong = record.metrics | {"group": {"top1": 50.001, "top5": 100.0}}
    with pytest.raises(
        Disagreement, match=r"stored on 2026-01-01.*other numbers: top1 of each group 50 %, stored 50 %"
    ):
        store.add(replace(record, metrics=wrong), predictions)
    with pytest.raises(Disagreement, match="the weights differ"):
        store.add(replace(record, weights="1" * 64), predictions)
    with pytest.raises(Disagreement, match=r"final loss 1\.1, stored 1"):
        store.add(replace(record, epochs=record.epochs | {"loss": [None, 2.0, 1.1]}), predictions)
    assert {name: (store.path / name).read_bytes() for name in _files(store)} == before
    # another machine rounds otherwise: near is enough, and far is not
    elsewhere = replace(record, machine="another", weights="1" * 64, metrics=wrong)
    assert store.add(elsewhere, predictions) == key
    with pytest.raises(Disagreement, match="top1 of each clip 20 %, stored 50 %"):
        store.add(replace(elsewhere, metrics={"clip": {"top1": 20.0}, "group": {"top1": 50.0}}), predictions)


def test_a_gpu_need_not_repeat_itself_to_the_last_bit(store: Store) -> None:
    record, predictions = record_of(SOURCE)
    store.add(replace(record, device="NVIDIA of a test"), predictions)
    store.add(replace(record, device="NVIDIA of a test", weights="1" * 64), predictions)
    assert len(list(store)) == 1


def test_what_other_code_gave_comes_beside_it(store: Store) -> None:
    record, predictions = record_of(SOURCE)
    first = store.add(record, predictions)
    changed = replace(record, behaviour=record.behaviour | {"protocol": 2}, seconds=3.0)
    second = store.add(changed, predictions_of([True]))
    third = store.add(replace(changed, behaviour=record.behaviour | {"protocol": 3}), predictions)
    assert [first, second, third] == [SOURCE.identity, f"{SOURCE.identity}-2", f"{SOURCE.identity}-3"]
    assert list(store.of(SOURCE.identity)) == [third, second, first]  # the newest first
    assert store.record(first).seconds == 1.5
    assert len(store.predictions(second)) == 3
    assert store.add(changed, predictions) == second
    (store.path / "runs" / f"{second}.json").unlink()  # somebody tidied up
    assert store.add(replace(record, behaviour=record.behaviour | {"protocol": 4}), predictions).endswith("-4")


def test_the_same_run_from_another_record_of_its_start_is_another_record(store: Store) -> None:
    record, predictions = record_of(BASELINE)
    store.add(record, predictions)
    assert store.add(replace(record, started=f"{SOURCE.identity}-2"), predictions) == f"{BASELINE.identity}-2"


def test_a_writer_that_was_killed_between_the_two_files(store: Store) -> None:
    record, predictions = record_of(SOURCE)
    (store.path / "predictions").mkdir(parents=True)
    (store.path / "predictions" / f"{SOURCE.identity}.parquet").write_bytes(b"half")
    key = store.add(record, predictions)
    assert len(store.predictions(key)) == len(predictions)


_WRITER = """
import pathlib, pickle, sys, time
from dataclasses import replace
from vmp.experiments.store import Store
folder, number = pathlib.Path(sys.argv[1]), sys.argv[2]
made = pickle.loads((folder / "made").read_bytes())
(folder / f"ready-{number}").touch()
while not (folder / "begin").exists():
    time.sleep(0.001)
for record, predictions in made * 3:
    Store(folder / "results").add(replace(record, date=number), predictions)
"""


def test_many_writers(store: Store, tmp_path: Path) -> None:
    """Each record is of one writer, whole, and nobody fails."""
    (tmp_path / "made").write_bytes(pickle.dumps([record_of(run) for run in RUNS]))
    command = [sys.executable, "-c", _WRITER, str(tmp_path)]
    writers = [subprocess.Popen([*command, str(number)], stderr=subprocess.PIPE, text=True) for number in range(4)]
    while len(list(tmp_path.glob("ready-*"))) < 4 and all(writer.poll() is None for writer in writers):
        time.sleep(0.05)
    (tmp_path / "begin").touch()
    assert [writer.communicate()[1] for writer in writers] == [""] * 4
    assert len(list(store)) == 4
    for key in store:
        assert store.record(key).date in "0123"
        store.predictions(key)
    assert not list(store.path.rglob("*.part"))


def test_files_that_are_not_what_was_stored(store: Store) -> None:
    key = store.add(*record_of(SOURCE))
    record = store.path / "runs" / f"{key}.json"
    predictions = store.path / "predictions" / f"{key}.parquet"
    predictions.write_bytes(predictions.read_bytes()[:-1])
    with pytest.raises(ValueError, match=rf"{key}\.parquet is not what was stored with {key}\. Take it back from git"):
        store.predictions(key)
    predictions.unlink()
    with pytest.raises(ValueError, match="is not what was stored"):
        store.predictions(key)
    shutil.copy(record, store.path / "runs" / "0123456789ab.json")
    with pytest.raises(ValueError, match=rf"0123456789ab\.json is the record of {key}"):
        store.record("0123456789ab")
    record.write_text("<<<<<<< ours\n")
    with pytest.raises(ValueError, match=rf"{key}\.json is no record of a run .* Take it back from git, or delete it"):
        store.record(key)
    record.write_text("{}")
    with pytest.raises(ValueError, match=r"is no record of a run .*missing"):
        store.record(key)
    with pytest.raises(ValueError, match="expected the record of a run, and there is none"):
        store.record("ffffffffffff")


def test_a_field_of_a_later_version_is_read_over(store: Store) -> None:
    key = store.add(*record_of(SOURCE))
    path = store.path / "runs" / f"{key}.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | {"energy": 3}))
    assert store.record(key).identity == key


def test_similarity_is_written_once(store: Store) -> None:
    layers = pd.DataFrame({"layer": ["a", "b"], "block": ["0", "1"], "cosine": [0.123456789, 1.0]})
    assert store.similarity("x", "y") is None
    assert not store.has_similarity("x", "y")
    store.add_similarity("x", "y", layers)
    store.add_similarity("x", "y", layers.assign(cosine=0.0))
    found = store.similarity("x", "y")
    assert found is not None
    pd.testing.assert_frame_equal(found, layers.round(5))
    assert store.has_similarity("x", "y")
    assert not store.has_similarity("y", "x")


def test_which_store_is_meant(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VMP_RESULTS", raising=False)
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    assert Store.find().path == tmp_path / "deep" / "er" / "results"
    (tmp_path / "deep" / "results").mkdir()  # a folder of that name alone is not one
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "README.md").touch()
    assert Store.find().path == tmp_path / "results"
    monkeypatch.setenv("VMP_RESULTS", str(tmp_path / "other"))
    assert Store.find().path == tmp_path / "other"
    assert Store.find("given").path == Path("given")
