"""``vmp train --data`` with a folder of videos: what is made on the way, what is told, what is refused."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from command_line import CommandLine
from make_video import cut, write_video
from own_runs import example_videos, trained

from vmp.cli.typed import run_typed
from vmp.data.manifest import read_manifest
from vmp.data.manifest_split import with_validation
from vmp.experiments.run import Run


@pytest.fixture
def vmp(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Two classes of three videos, not looked into yet."""
    root = tmp_path / "my videos"
    for name in ("circle", "vertical line"):
        (root / name).mkdir(parents=True)
        for path in sorted((example_videos() / name).glob("*.mp4"))[:3]:
            shutil.copy(path, root / name)
    return root


class Enough(ValueError):
    """Training would begin here."""


@pytest.fixture
def begun(monkeypatch: pytest.MonkeyPatch) -> list[Run]:
    """Runs that would be trained; what comes before is real."""
    runs: list[Run] = []

    def keep(out: Path, run: Run, **options: Any) -> None:
        runs.append(run)
        raise Enough("enough")

    monkeypatch.setattr("vmp.experiments.single.train_in", keep)
    return runs


def test_a_folder_becomes_a_model_and_a_second_one_starts_from_it(
    vmp: CommandLine, videos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    how = ("--backbone", "c2d", "--scale", "smoke", "--epochs", "1", "--device", "cpu", "--threads", "1")
    status, said, errors = vmp("train", "--data", "my videos", *how, "--prompts", "--out", "run")
    assert status == 0, errors
    manifest = read_manifest(videos / "own_videos.parquet")
    assert manifest.table["split"].value_counts().to_dict() == {"train": 2, "validation": 2, "test": 2}
    assert "all                2           2     2" in said
    assert "epoch 1/1" in said
    assert "validation" in said.partition("epoch 1/1")[2].splitlines()[0]  # it was looked at
    run = Run.from_json(json.loads((tmp_path / "run" / "run.json").read_bytes()))
    assert (run.prompts, run.validation_split) == (True, "validation")
    assert run.dataset == str(videos / "own_videos.parquet")  # from wherever it is read again
    assert json.loads((tmp_path / "run" / "classes.json").read_bytes()) == ["circle", "vertical line"]
    typed = (tmp_path / "run" / "command.txt").read_text()
    assert typed.startswith("vmp train --data 'my videos' --backbone c2d")
    assert typed.endswith("--prompts --out run\n")
    # the same command is done at once, and does not change what was typed first
    status, said, _ = vmp("train", "--data", str(videos), *how, "--prompts=all", "--out", "run")
    assert status == 0
    assert f"{videos / 'own_videos.parquet'} is there already: 6 clips" in said
    assert (tmp_path / "run" / "command.txt").read_text() == typed
    # --weights, as --start, takes a run's folder
    assert vmp("train", "--data", "my videos", *how, "--prompts", "--weights", "run", "--out", "next")[0] == 0
    assert json.loads((tmp_path / "next" / "run.json").read_bytes())["start"] == "run/weights.safetensors"


@pytest.mark.parametrize(
    ("words", "prompts"),
    [
        (("--prompts",), True),
        (("--prompts", "--seed", "1"), True),
        (("--prompts", "slow"), "slow"),
        (("--prompts=both",), "both"),
        (("--prompts", "none"), None),
        ((), None),
    ],
)
def test_prompts_with_and_without_a_word(
    vmp: CommandLine, begun: list[Run], tmp_path: Path, words: tuple[str, ...], prompts: object
) -> None:
    vmp("train", "--backbone", "slowfast_4x16", "--data", "libras-static", "--out", tmp_path, *words)
    assert begun[0].prompts == prompts


def test_what_is_not_said_suits_real_videos(vmp: CommandLine, videos: Path, begun: list[Run], tmp_path: Path) -> None:
    vmp("train", "--data", videos, "--backbone", "x3d_s", "--weights", "k400", "--out", tmp_path / "run")
    (run,) = begun
    assert (run.scale, run.size, run.start) == ("paper", "paper", "k400")
    assert (run.recipe.epochs, run.recipe.batch_size, run.recipe.optimiser.lr) == (25, 8, 0.005)
    vmp("train", "--data", videos, "--backbone", "x3d_s", "--validation", "none", "--out", tmp_path / "run")
    assert begun[1].validation_split is None
    manifest = str(videos / "own_videos.parquet")
    vmp("train", "--data", manifest, "--backbone", "x3d_s", "--scale", "small", "--out", tmp_path / "run")
    assert (begun[2].scale, begun[2].size, begun[2].validation_split) == ("small", "tiny", "validation")
    vmp("train", "--data", "libras-static", "--backbone", "x3d_s", "--out", tmp_path / "run")
    assert (begun[3].scale, begun[3].size, begun[3].validation_split) == ("small", "tiny", None)


def test_a_manifest_without_validation_clips_holds_none_out_by_itself(
    vmp: CommandLine, videos: Path, begun: list[Run], tmp_path: Path
) -> None:
    vmp("train", "--data", videos, "--backbone", "x3d_s", "--out", tmp_path / "run")
    manifest = read_manifest(videos / "own_videos.parquet")
    table = manifest.table.assign(split=manifest.table["split"].replace("validation", "train"))
    path = manifest.with_table(table).write(videos / "mine.csv")
    assert with_validation(read_manifest(path)) is not None
    vmp("train", "--data", path, "--backbone", "x3d_s", "--out", tmp_path / "run")
    assert begun[1].validation_split is None


def test_videos_that_came_later_are_told(vmp: CommandLine, videos: Path, begun: list[Run], tmp_path: Path) -> None:
    vmp("train", "--data", videos, "--backbone", "c2d", "--out", tmp_path / "run")
    before = (videos / "own_videos.parquet").read_bytes()
    write_video(videos / "circle" / "new.mkv", 30)
    said = vmp("train", "--data", videos, "--backbone", "c2d", "--out", tmp_path / "run")[1]
    assert "1 files of the folder are not in it (circle/new.mkv). To divide anew, with them, remove own_v" in said
    assert (videos / "own_videos.parquet").read_bytes() == before


def test_videos_that_cannot_be_read(vmp: CommandLine, videos: Path, begun: list[Run], tmp_path: Path) -> None:
    broken = cut(write_video(videos / "circle" / "x.mp4", 60), 0.3)
    (videos / "circle" / "x.mp4").unlink()
    command = ("train", "--data", videos, "--backbone", "c2d", "--out", tmp_path / "run")
    status, said, errors = vmp(*command)
    assert status == 2
    assert f"circle/{broken.name}: " in said
    assert "expected videos that can be read, got 1 that cannot, listed above" in errors
    assert "leave them out: --allow-missing" in errors
    assert not (videos / "own_videos.parquet").exists()
    assert begun == []
    status, said, errors = vmp(*command, "--allow-missing")
    assert errors.splitlines()[-1] == "vmp: enough"
    assert broken.name in (videos / "own_videos.missing.txt").read_text()
    assert len(read_manifest(videos / "own_videos.parquet")) == 6
    said = vmp(*command)[1]
    assert "is there already: 6 clips" in said
    assert "not in it" not in said  # it is known, and listed


@pytest.mark.parametrize(
    ("given", "reason"),
    [
        ("nowhere/videos", "--data: expected a folder of videos, a manifest or a data set's name; there is no nowhere"),
        ("libras-statc", "Did you mean 'libras-static'?"),
        ("none.parquet", "expected a manifest, and there is no file none.parquet"),
        ("empty", "expected videos in at least two sub-folders, one a class, got none"),
        ("one", "expected videos in at least two sub-folders, one a class, got those of 'circle' only"),
    ],
)
def test_what_is_no_data(
    vmp: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, given: str, reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    shutil.copytree(example_videos() / "circle", tmp_path / "one" / "circle")
    status, _, errors = vmp("train", "--data", given, "--backbone", "c2d", "--out", "run")
    assert status == 2
    assert reason in errors
    assert not (tmp_path / "run").exists()


def test_a_run_does_not_go_into_the_videos(vmp: CommandLine, videos: Path) -> None:
    status, _, errors = vmp("train", "--data", videos, "--backbone", "c2d", "--out", videos / "run")
    assert status == 2
    assert "--out: expected a folder outside that of the videos" in errors
    assert not (videos / "own_videos.parquet").exists()


def test_a_mistake_in_the_options_comes_before_the_videos_are_read(vmp: CommandLine, videos: Path) -> None:
    for wrong in (("--prompts", "slw"), ("--layer", "gamma"), ("--backbone", "x3d")):
        assert vmp("train", "--backbone", "c2d", "--data", videos, "--out", videos.parent / "run", *wrong)[0] == 2
    assert not (videos / ".prepare").exists()


def test_commands_as_a_notebook_types_them(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run = trained()
    shutil.copytree(run, tmp_path / "run")
    shutil.copytree(example_videos() / "circle", tmp_path / "videos" / "circle")
    here = Path.cwd()
    capsys.readouterr()
    with pytest.raises(ValueError, match="those of 'circle' only"):
        run_typed("vmp train --data videos --backbone c2d --out next", tmp_path)
    shutil.copytree(example_videos() / "vertical line", tmp_path / "videos" / "line")
    with pytest.raises(ValueError, match="epochs: expected a whole number of at least 1, got 0"):
        run_typed("vmp train --data videos --backbone c2d --out next --epochs 0", tmp_path)
    said = capsys.readouterr()
    assert "reading the videos: 12 files" in said.out.splitlines()  # from the other stream
    assert "manifest: videos/own_videos.parquet" in said.out
    run_typed("vmp evaluate run --device cpu --split validation", tmp_path)
    said = capsys.readouterr()
    assert said.err == ""
    assert "wrote run/predictions-own_videos-validation.parquet" in said.out.splitlines()
    assert Path.cwd() == here
    with pytest.raises(ValueError, match="command: expected one of vmp, got 'ls'"):
        run_typed("ls", tmp_path)
    with pytest.raises(ValueError, match="expected a file of weights"):
        run_typed("vmp evaluate nowhere", tmp_path)
