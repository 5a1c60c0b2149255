"""Each set in its true format goes all the way: prepare, manifest, loader, two training steps, test, at 224x224.

The recipe, the jitter, the crops and the views are the paper's. The backbone is X3D-XS at its full size, built for 224
pixels: of those that the registry has the one that a single core tests in ten times three views within seconds.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import published_finegym
import published_hmdb51
import published_mpii
import published_ucf
import pytest
import torch
from command_line import CommandLine
from make_video import numbered, numbers_of, write_video
from prepare_fixtures import moving_bytes, need_rar_reader, write_bytes

import vmp
from vmp.backbones.registry import BACKBONES
from vmp.data import finegym, hmdb51, mpii_cooking2, own_videos, ucf_crime
from vmp.data.manifest import read_manifest
from vmp.data.manifest_source import ManifestSource
from vmp.data.manifest_summary import summary
from vmp.devices import OneDevice
from vmp.evaluate import metrics, predict
from vmp.experiments import datasets
from vmp.experiments.run import Run
from vmp.predictions import Predictions
from vmp.recipe import recipe
from vmp.train import train
from vmp.training_log import read_log

BACKBONE = "x3d_xs"
#: Temporal and spatial views of every test clip, as its authors test it.
VIEWS = (10, 3)


def prepare_hmdb51(root: Path, archives: Path) -> int:
    """Two classes of a training, a test and an unused clip in each of the three splits."""
    need_rar_reader()
    published_hmdb51.as_published(archives, published_hmdb51.CLASSES[:2], "120", moving_bytes)
    return hmdb51.main(["--root", str(root), "--archives", str(archives), "--allow-missing"])


def prepare_finegym(root: Path, archives: Path) -> int:
    """Two elements of each of two videos, one to train on and one to test on; one video has vaults of three stages."""
    bars, vault = published_finegym.BARS, published_finegym.VAULT
    train = f"{bars}_E_000001_000003_A_0000_0001 1\n{vault}_E_000000_000001_A_0000_0001 0\n"
    val = f"{vault}_E_000002_000003_A_0000_0001 0\n{bars}_E_000001_000003_A_0001_0001 1\n"
    published_finegym.files(archives, train, val)
    write_bytes(archives / "videos" / f"{bars}.mp4", moving_bytes(1, ".mp4", 120))
    write_bytes(archives / "videos" / f"Vault finals [{vault}].webm", moving_bytes(2, ".webm", 120))
    videos = str(archives / "videos")
    return finegym.main(["--root", str(root), "--archives", str(archives), "--videos", videos, "--allow-missing"])


def prepare_mpii(root: Path, archives: Path) -> int:
    published_mpii.as_published(archives, published_mpii.write_kitchen(archives))
    return mpii_cooking2.main(["--root", str(root), "--archives", str(archives), "--allow-missing"])


def prepare_own_videos(root: Path, archives: Path) -> int:
    """Two classes of three videos, in four containers; a third of them tests, and four train: two steps of two."""
    for number, suffix in enumerate((".mp4", ".avi", ".mkv", ".webm", ".mp4", ".avi")):
        write_bytes(root / ("jump" if number < 3 else "run") / f"{number}{suffix}", moving_bytes(number, suffix, 50))
    return own_videos.main(["--root", str(root), "--test", "0.34", "--validation", "0"])


#: Name of the data set -> folder, what prepares it there, clips a step, labels of the test clips.
SETS: dict[str, tuple[str, Callable[[Path, Path], int], int, list[int]]] = {
    "hmdb51": ("hmdb51", prepare_hmdb51, 1, [0, 1]),
    "finegym": ("finegym", prepare_finegym, 1, [0, 1]),
    "mpii-cooking-2": ("mpii_cooking2", prepare_mpii, 1, [0]),
    "own_videos": ("own_videos", prepare_own_videos, 2, [0, 1]),
}


@pytest.mark.parametrize("name", SETS)
def test_from_the_published_files_to_scores(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder, prepare, batch_size, labels = SETS[name]
    root = tmp_path / folder
    assert prepare(root, tmp_path / "archives") == 0
    monkeypatch.setenv("VMP_DATA", str(tmp_path))
    manifest = read_manifest(root / f"{folder}.parquet")
    how = recipe(BACKBONE, "paper", epochs=1, batch_size=batch_size)
    dataset = str(root / f"{folder}.parquet") if name == "own_videos" else name
    run = Run(dataset, BACKBONE, how, size="paper", prompts=True, scale="paper", fold=manifest.folds)
    model = vmp.build(
        BACKBONE, len(manifest.classes), prompts=True, crop=224, generator=torch.Generator().manual_seed(0)
    )
    assert trained_loss(model, run, tmp_path / "run") == pytest.approx(np.log(len(manifest.classes)), rel=0.5)

    data = datasets.load(run, "test", model.clip_input)
    assert data.views == VIEWS[0] * VIEWS[1] == np.prod(BACKBONES[BACKBONE].test_views)
    found = predict(model, data, batch_size=2)
    check_scores(found, manifest.rows("test", manifest.folds)["label"].tolist(), "softmax")
    assert found.label.tolist() == labels
    assert found.classes == manifest.classes
    assert 0 <= metrics(found)["top1"] <= 100


def trained_loss(model: Any, run: Run, folder: Path) -> float:
    """The loss of two steps on the training split, in which m and n and the backbone move."""
    data = datasets.load(run, "train", model.clip_input)
    clip = data.clips([0], model.clip_input, epoch=1)[0]
    assert clip.shape == (1, model.clip_input.pathways[0].frames + 1, 224, 224, 3)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    train(model, data, run.recipe, folder, seed=0, fabric=OneDevice("cpu"), progress=None)
    assert len(data) == 2 * run.recipe.batch_size  # so that there were two steps
    moved = {name for name, value in model.state_dict().items() if not torch.equal(value, before[name])}
    for part, learned in model.parts().items():
        assert moved & learned.keys(), part
    assert {"prompts.clip.m", "prompts.clip.n"} <= moved
    return float(read_log(folder)["loss"].iloc[-1])  # the first row is of before training


def check_scores(found: Predictions, labels: list[int], averages: str) -> None:
    """Every test clip once, with its label; its scores are probabilities."""
    assert found.index.tolist() == list(range(len(labels)))
    assert found.label.tolist() == labels
    assert found.averages == averages
    np.testing.assert_allclose(found.scores.sum(axis=1), 1, rtol=1e-5)


def test_ucf_crime_has_nothing_to_train_on_and_is_summed_up_read_and_tested(tmp_path: Path) -> None:
    archives = tmp_path / "archives"
    write_bytes(archives / published_ucf.TXT, published_ucf.LINES.encode())
    videos = published_ucf.videos(archives / "videos", video=lambda number: moving_bytes(number, ".mp4"))
    options = ["--root", str(tmp_path / "data"), "--archives", str(archives), "--videos", str(videos)]
    assert ucf_crime.main([*options, "--allow-missing"]) == 0
    manifest = read_manifest(tmp_path / "data" / "ucf_crime.parquet")
    told = str(summary(manifest))
    assert "ucf_crime: 5 clips of 4 classes in 4 files" in told
    assert "resolutions: 96x72 (4)" in told
    model = vmp.build(BACKBONE, 4, prompts=True, crop=224, generator=torch.Generator().manual_seed(0))
    found = predict(model, ManifestSource(manifest, "test"), batch_size=5)
    check_scores(found, [0, 1, 1, 2, 3], "softmax")


#: Backbone -> frames and stride of each pathway, as their papers have them: SlowFast's alpha is 8 and 4.
PATHWAYS = {
    "slowfast_4x16": [(4, 16), (32, 2)],
    "slowfast_8x8": [(8, 8), (32, 2)],
    "c2d": [(8, 8)],
    "i3d": [(8, 8)],
    "x3d_xs": [(4, 12)],
    "x3d_s": [(13, 6)],
    "x3d_m": [(16, 5)],
    "x3d_l": [(16, 5)],
    "timesformer": [(8, 32)],
}


@pytest.fixture(scope="module")
def numbered_videos(tmp_path_factory: pytest.TempPathFactory) -> ManifestSource:
    """Two square videos of 300 frames that carry their numbers, from 256 on those from 0 again."""
    root = tmp_path_factory.mktemp("numbered")
    for number in range(2):
        (root / "ab"[number]).mkdir()
        write_video(root / "ab"[number] / "video.mp4", [numbered(place, 64, 64) for place in range(300)])
    assert own_videos.main(["--root", str(root), "--test", "0", "--validation", "0"]) == 0
    return ManifestSource(read_manifest(root / "own_videos.parquet"), "train")


@pytest.mark.parametrize("backbone", PATHWAYS)
def test_the_pathways_are_those_of_the_papers(backbone: str, numbered_videos: ManifestSource) -> None:
    """At 224x224: T frames, as far apart as the paper has them; with the layer one more, one stride before them."""
    spec = BACKBONES[backbone]
    for prompted in ((), tuple(pathway.name for pathway in spec.pathways)):
        takes = spec.clip_input("paper", prompted, crop=224)
        found = numbered_videos.clips([0], takes)
        numbers = [np.array(numbers_of(clip[0].numpy())) for clip in found]
        for clip, which, (frames, stride) in zip(found, numbers, PATHWAYS[backbone], strict=True):
            assert clip.shape == (1, frames + bool(prompted), 224, 224, 3)
            assert (np.diff(which) % 256).tolist() == [stride] * (frames - 1 + bool(prompted))
        assert len({int(which[int(bool(prompted))]) for which in numbers}) == 1  # all pathways begin at one frame


def test_the_summary_of_a_manifest_on_the_command_line(
    numbered_videos: ManifestSource, capsys: pytest.CaptureFixture[str]
) -> None:
    path = numbered_videos._manifest.root / "own_videos.parquet"
    status, said, _ = CommandLine(capsys)("data", "summary", path)
    assert status == 0
    lines = said.splitlines()
    assert lines[0].startswith("own_videos: 2 clips of 2 classes in 2 files, ")
    assert [line.split()[:2] for line in lines[2:6]] == [["class", "train"], ["a", "1"], ["b", "1"], ["all", "2"]]
    assert "seconds: 10.00 to 10.00, median 10.00, 90 % from 10.00 to 10.00; 0.01 hours in all" in said
    assert "█" in said  # a histogram
    assert "resolutions: 64x64 (2)" in said
    assert "frames a second: 30 (2)" in said
    manifest = read_manifest(path)
    broken = path.with_name("broken.csv")
    broken.write_text(manifest.table.assign(label=[0, 0])[["path", "class_name", "label", "split"]].to_csv(index=False))
    status, said, _ = CommandLine(capsys)("data", "summary", broken)
    assert status == 2
    assert "error: 1 clips whose class name is not that of their label" in said
