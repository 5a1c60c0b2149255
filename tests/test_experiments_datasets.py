"""The data sets of runs by name: where a prepared one is looked for, what is said where it is not, what a run sees."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import numpy as np
import published_hmdb51
import pytest
from command_line import CommandLine
from prepare_fixtures import need_rar_reader

from vmp.data import hmdb51
from vmp.data.manifest import read_manifest
from vmp.data.manifest_source import ManifestSource
from vmp.experiments import behaviour, datasets, grid
from vmp.experiments.device import Device
from vmp.experiments.models import as_tested, clip_input, clips_at_once, fresh_model
from vmp.experiments.plan import plan
from vmp.experiments.run import Run
from vmp.experiments.store import Store
from vmp.experiments.work import Work
from vmp.recipe import Recipe, recipe


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder that VMP_DATA names, with HMDB-51 in it: three classes, 3 training and 2 test clips each, a split."""
    need_rar_reader()
    folder = tmp_path_factory.mktemp("data of mine")
    archives = published_hmdb51.as_published(folder / "archives")
    options = ["--root", str(folder / "hmdb51"), "--archives", str(archives), "--allow-missing"]
    assert hmdb51.main(options) == 0
    return folder


@pytest.fixture
def here(prepared: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("VMP_DATA", str(prepared))
    return prepared / "hmdb51" / "hmdb51.parquet"


def run_of(dataset: str = "hmdb51", scale: str = "smoke", **options: Any) -> Run:
    size = "paper" if scale == "paper" else "tiny"
    return Run(dataset, "c2d", recipe("c2d", scale), scale=scale, size=size, **options)


def load(run: Run, split: str = "train", **options: Any) -> ManifestSource:
    found = datasets.load(run, split, clip_input(run), **options)
    assert isinstance(found, ManifestSource)
    return found


# --- where it is looked for ---


@pytest.mark.parametrize(
    ("name", "module", "stand_in"),
    [
        ("hmdb51", "hmdb51", "libras-mixed"),
        ("finegym", "finegym", "libras-moving"),
        ("mpii-cooking-2", "mpii_cooking2", "libras-static"),
    ],
)
def test_a_set_that_is_not_here_says_how_to_prepare_it(
    name: str, module: str, stand_in: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMP_DATA", str(tmp_path / "big disk"))
    with pytest.raises(datasets.NotHere) as caught:
        load(run_of(name))
    folder = tmp_path / "big disk" / module
    assert f"dataset: {name} is not here: expected its manifest, {folder / module}.parquet" in str(caught.value)
    assert f"python data_scripts/{module}.py --root '{folder}'. Where" in str(caught.value)
    assert f"Or take {stand_in} at --scale small" in str(caught.value)
    assert datasets.RENDERED[stand_in].lower().replace(" ", "-").replace("hmdb-51", "hmdb51") == name
    folder.mkdir(parents=True)
    (folder / f"{module}.missing.txt").write_text("missing x\n")
    with pytest.raises(datasets.NotHere, match=r"missing\.txt lists what is missing: with --allow-missing it goes on"):
        load(run_of(name))


def test_the_command_that_is_named_makes_what_is_looked_for() -> None:
    from importlib import import_module

    for each in datasets.PREPARED.values():
        assert each.module == import_module(f"vmp.data.{each.module}").NAME
        assert (Path(__file__).parent.parent / "data_scripts" / f"{each.module}.py").is_file()
        assert each.stand_in in datasets.RENDERED


def test_data_lie_beside_the_results(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("VMP_DATA", raising=False)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "README.md").touch()
    (tmp_path / "deep" / "er").mkdir(parents=True)
    monkeypatch.chdir(tmp_path / "deep" / "er")
    path = tmp_path / "data" / "finegym" / "finegym.parquet"
    path.parent.mkdir(parents=True)
    path.touch()
    assert datasets.manifest_of("finegym") == path
    assert Store.find().path == tmp_path / "results"


# --- what a run sees of it ---


@pytest.mark.parametrize("fold", [1, 2, 3])
def test_each_fold_is_its_own_split(here: Path, fold: int) -> None:
    table = read_manifest(here).table
    for split in ("train", "test"):
        found = load(run_of(fold=fold), split)
        assert found.table["clip"].tolist() == table["clip"][table[f"split{fold}"] == split].tolist()
        assert found.name == f"hmdb51 {split}, fold {fold}"
        assert found.classes == published_hmdb51.CLASSES


def test_a_fold_that_there_is_not(here: Path) -> None:
    with pytest.raises(ValueError, match="fold: expected 1 to 3 for hmdb51, got 4"):
        load(run_of(fold=4))


def test_the_authors_views_and_crop_at_the_papers_scale_alone(here: Path) -> None:
    assert load(run_of(scale="paper"), "test").views == 30
    assert load(run_of(scale="paper"), "train").views == 1
    assert load(run_of(scale="smoke"), "test").views == 1
    small, large = run_of(), run_of(scale="paper")
    model = fresh_model(small, 3)
    assert as_tested(small, model) == model.clip_input
    assert (model.clip_input.crop, as_tested(large, model).crop) == (64, 256)
    assert (clips_at_once(small), clips_at_once(large)) == (64, 8)


def test_what_is_held_out_for_validation_shares_no_film_with_training(here: Path) -> None:
    for dataset in ("hmdb51", str(here)):
        run = run_of(dataset, validation_split="validation")
        train, validation = load(run, "train").table, load(run, "validation").table
        assert len(train) + len(validation) == 9
        assert len(validation) == 3  # a film, which has a clip in each class
        assert validation["source_video"].nunique() == 1
        assert not set(train["source_video"]) & set(validation["source_video"])


def test_clips_that_are_too_short_are_told_once(here: Path, caplog: pytest.LogCaptureFixture) -> None:
    datasets._warn.cache_clear()
    with caplog.at_level(logging.WARNING, "vmp"):
        for _ in range(2):
            load(run_of(scale="paper"))
    told = [each for each in caplog.messages if "shorter" in each]
    span = "the 57 frames that a clip of the model spans"  # 8 frames, 8 apart
    assert told == [f"hmdb51, train: 9 of 9 clips are shorter than {span}: their last frame is repeated"]


def test_a_manifest_by_its_path_gives_the_same(here: Path) -> None:
    by_name, by_path = load(run_of(fold=2)), load(run_of(str(here), fold=2))
    assert by_name.digest == by_path.digest


# --- experiments on it ---


def test_a_probe_sees_a_few_clips_and_notices_another_manifest(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VMP_CACHE", str(tmp_path / "cache"))
    run = Run("hmdb51", "c2d", Recipe(1, 1))
    few = load(run, probe=True)
    assert (len(few), few.classes) == (datasets.PROBED, published_hmdb51.CLASSES)
    before = behaviour.own_behaviour(run)
    assert before.data is not None
    manifest = read_manifest(here)
    fewer = manifest.with_table(manifest.table.iloc[1:])
    moved = tmp_path / "hmdb51" / "hmdb51.parquet"
    moved.parent.mkdir()
    fewer.write(moved)
    monkeypatch.setenv("VMP_DATA", str(tmp_path))
    assert behaviour.own_disagreement(behaviour.plain(before), run) == "the classes or the splits have changed"
    moved.unlink()
    without = behaviour.own_behaviour(run)
    assert (without.exact, without.data) == (None, None)
    assert datasets.content("hmdb51") == datasets.content("libras-static") == ""


def test_table2_of_the_paper_can_be_planned_and_finds_its_clips(here: Path, tmp_path: Path) -> None:
    wanted = grid.table("table2", "paper", 1, "c2d", "hmdb51")
    store = Store(tmp_path / "results")
    todo = plan(wanted.runs(), store, Work.find(None, store))
    assert len(todo.jobs) == 8
    for job in todo.jobs:
        assert len(load(job.run, job.run.train_split)) == 9
        assert load(job.run, job.run.test_split).views == 30
    assert {job.run.start for job in todo.jobs if isinstance(job.run.start, str)} == {"k400"}


def test_train_and_evaluate_by_name(
    here: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The command line, at the scale of tests; the classes, clips and fold are the real set's."""
    vmp, out = CommandLine(capsys), tmp_path / "run"
    options = ("--backbone", "c2d", "--data", "hmdb51", "--out", out, "--device", "cpu", "--threads", "1")
    more = ("--scale", "smoke", "--epochs", "1", "--fold", "3", "--prompts", "all")
    status, said, errors = vmp("train", *options, *more)
    assert status == 0, errors
    status, said, errors = vmp("evaluate", out, "--device", "cpu", "--threads", "1")
    assert status == 0, errors
    assert "hmdb51, test: 6 clips" in said
    from vmp.predictions import Predictions

    found = Predictions.load(out / "predictions-hmdb51-test.parquet")
    np.testing.assert_array_equal(found.label, read_manifest(here).rows("test", 3)["label"])
    monkeypatch.setenv("VMP_DATA", str(tmp_path / "nowhere"))
    status, _, errors = vmp("train", *options[:-5], tmp_path / "other", "--scale", "paper")
    assert status == 2
    assert "vmp: dataset: hmdb51 is not here: expected its manifest" in errors


def test_a_gpu_has_decoders_beside_it_and_rendered_clips_need_none(here: Path) -> None:
    from vmp.data import libras

    gpu, cpu = (Device(kind, 4, 0, "", "") for kind in ("cuda", "cpu"))
    real, rendered = load(run_of()), libras.load("libras-static", "test", size=64, limit=2, renderings=1, cache=False)
    assert (gpu.loaders(real), cpu.loaders(real), gpu.loaders(rendered)) == (4, 0, 0)
