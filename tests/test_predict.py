from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from command_line import CommandLine
from make_video import cut, write_video
from own_runs import copied, example_videos, trained

from vmp.backbones.registry import BACKBONES
from vmp.data.clip import to_tensor
from vmp.data.video import VideoError, read_clip
from vmp.predict import Predictor, load_predictor, predict_video

CLASSES = ("circle", "horizontal line", "vertical line")


@pytest.fixture
def vmp(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture(scope="module")
def predictor() -> Predictor:
    return load_predictor(trained(), "cpu")


@pytest.fixture(scope="module")
def video() -> Path:
    return example_videos() / "circle" / "03.mp4"


def asked(predictor: Predictor, frames: np.ndarray) -> np.ndarray:
    """What the model says of these frames, (T, 64, 64, 3): by hand, without a data set."""
    clip = to_tensor(frames[None], (0.45,) * 3, (0.225,) * 3)
    with torch.no_grad():
        return predictor.model(clip)[0].double().softmax(0).numpy()


def test_one_view_of_the_whole_video(predictor: Predictor, video: Path) -> None:
    """c2d (tiny) takes 8 frames, each second one, and the extra one before: of 24 frames with 15 to go and 2 of room,
    the clip in the middle begins at 2 + (24 - 15 - 2) // 2 = 5, its extra frame is 3."""
    frames = read_clip(video).frames
    assert frames.shape == (24, 64, 64, 3)
    found = predict_video(predictor, video, views=(1, 1))
    assert found.probabilities[0] == pytest.approx(asked(predictor, frames[3:20:2]), abs=1e-5)
    assert (found.views, found.padded, found.starts[0], found.ends[0]) == (1, 0, 0.0, 2.0)


def test_the_authors_views_are_averaged(predictor: Predictor, video: Path) -> None:
    """Ten clips that begin at even distances from 2 to 9; a square video has the same three crops."""
    frames = read_clip(video).frames
    begins = [2 + (2 * 7 * k + 9) // 18 for k in range(10)]
    mean = np.mean([asked(predictor, frames[begin - 2 : begin + 15 : 2]) for begin in begins], axis=0)
    found = predict_video(predictor, video, batch_size=3)
    assert found.views == 30 == np.prod(BACKBONES["c2d"].test_views)
    assert found.probabilities[0] == pytest.approx(mean, abs=1e-5)
    assert found.probabilities.sum() == pytest.approx(1)
    order = np.argsort(-mean)
    assert [name for name, _ in found.top()] == [CLASSES[label] for label in order]
    assert [name for name, _ in found.top(1)] == [CLASSES[order[0]]]


def test_parts_over_time(predictor: Predictor, video: Path) -> None:
    """A part is as long as what the model takes, 17 frames of 12 a second; the last ends with the video."""
    frames = read_clip(video).frames
    found = predict_video(predictor, video, every=0.25)
    begins = [0, 3, 6, 7]
    assert found.starts * 12 == pytest.approx(begins)
    assert found.ends * 12 == pytest.approx([begin + 17 for begin in begins])
    for row, begin in zip(found.probabilities, begins, strict=True):
        assert row == pytest.approx(asked(predictor, frames[begin : begin + 17 : 2]), abs=1e-5)
    long = predict_video(predictor, video, every=100.0)
    assert (long.starts.tolist(), long.ends.tolist()) == ([0.0], [2.0])


def test_a_table_of_all_classes(predictor: Predictor, video: Path) -> None:
    table = predict_video(predictor, video, every=0.5).table()
    assert list(table.columns) == ["start", "end", "rank", "class", "probability"]
    assert len(table) == 3 * 3
    first = table[table["start"] == 0]
    assert first["rank"].tolist() == [1, 2, 3]
    assert set(first["class"]) == set(CLASSES)
    assert first["probability"].is_monotonic_decreasing


def test_a_fast_video_is_thinned_and_a_short_one_padded(predictor: Predictor, tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (4, 4, 3), np.uint8).repeat(16, 0).repeat(16, 1) for _ in range(40)]
    fast = write_video(tmp_path / "fast.mp4", pictures, rate=60)
    frames = read_clip(fast).frames[::2]  # 20 at 30 a second
    found = predict_video(predictor, fast, views=(1, 1))
    assert found.probabilities[0] == pytest.approx(asked(predictor, frames[1:18:2]), abs=1e-5)
    assert found.padded == 0
    short = write_video(tmp_path / "short.mp4", pictures[:10])
    assert predict_video(predictor, short).padded == 1


def test_a_model_of_two_inputs_and_one_without_a_layer(video: Path) -> None:
    for backbone, prompts in (("slowfast_4x16", "both"), ("c2d", "none")):
        found = predict_video(load_predictor(trained(backbone, prompts), "cpu"), video, views=(1, 1))
        assert found.probabilities.shape == (1, 3)
        assert found.probabilities.sum() == pytest.approx(1)


def test_classes_are_known_without_the_data(tmp_path: Path, video: Path) -> None:
    run = copied(trained(), tmp_path / "run")
    text = (run / "run.json").read_text()
    (run / "run.json").write_text(text.replace(str(example_videos()), "/nowhere"))
    assert load_predictor(run, "cpu").classes == CLASSES
    (run / "classes.json").unlink()  # of a version before
    with pytest.raises(ValueError, match=r"there is no file /nowhere/own_videos\.parquet"):
        load_predictor(run, "cpu")
    (run / "run.json").write_text(text)
    assert load_predictor(run / "weights.safetensors", "cpu").classes == CLASSES


def test_mistakes(predictor: Predictor, video: Path, tmp_path: Path) -> None:
    with pytest.raises(VideoError, match=r"none\.mp4: no such file"):
        predict_video(predictor, tmp_path / "none.mp4")
    with pytest.raises(ValueError, match="every: expected seconds above 0, got 0"):
        predict_video(predictor, video, every=0)
    with pytest.raises(ValueError, match="views"):
        predict_video(predictor, video, views=(0, 1))
    whole = write_video(tmp_path / "whole.mkv", 60)
    with pytest.raises(VideoError, match=r"cut_whole.mkv: (is|expected|the)[^/]*$"):
        predict_video(predictor, cut(whole, 0.6))
    alone = tmp_path / "weights.safetensors"
    shutil.copy(trained() / "weights.safetensors", alone)
    with pytest.raises(ValueError, match=r"expected weights in the folder of their run, with run.json"):
        load_predictor(alone)
    with pytest.raises(ValueError, match="expected a file of weights, and there is none"):
        load_predictor(tmp_path / "nowhere")
    with pytest.raises(ValueError, match="device: expected one of auto, cpu, cuda; got 'tpu'"):
        load_predictor(trained(), "tpu")


# --- the command ---


def test_the_command(vmp: CommandLine, predictor: Predictor, video: Path, tmp_path: Path) -> None:
    out = tmp_path / "said.csv"
    status, said, errors = vmp(
        "predict", video, "--weights", trained(), "--every", "0.5", "--top", "2", "--out", out, "--device", "cpu",
        "--threads", "1",
    )  # fmt: skip
    assert (status, errors) == (0, "")
    lines = said.splitlines()
    assert lines[0] == f"{video}: 2.00 s, 30 views averaged"
    whole = predict_video(predictor, video).top(2)
    assert [line.split()[-1] for line in lines[1:3]] == [f"{probability:.3f}" for _, probability in whole]
    assert lines[4].split() == ["from", "to", "likeliest"]
    assert [line.split()[0] for line in lines[5:8]] == ["0.00", "0.50", "0.58"]
    assert lines[-1] == f"wrote {out}"
    table = pd.read_csv(out)
    assert table["probability"].to_numpy() == pytest.approx(
        predict_video(predictor, video, every=0.5).table()["probability"].to_numpy(), abs=1e-6
    )


def test_the_command_says_what_is_padded_and_takes_an_example(vmp: CommandLine, tmp_path: Path) -> None:
    short = write_video(tmp_path / "short.mp4", 8)
    said = vmp("predict", short, "--weights", trained(), "--device", "cpu")[1]
    assert "(shorter than what the model takes: the last frame is repeated)" in said
    said = vmp("predict", "static", "--weights", trained(), "--device", "cpu", "--out", tmp_path / "all.csv")[1]
    assert "static.mp4: 4.00 s, 30 views averaged" in said
    assert len(pd.read_csv(tmp_path / "all.csv")) == 3


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("--top", "0"), "--top: expected at least 1, got 0"),
        (("--every", "-1"), "every: expected seconds above 0, got -1"),
        (("--weights", "nowhere"), "expected a file of weights, and there is none"),
    ],
)
def test_mistakes_of_the_command(vmp: CommandLine, video: Path, more: tuple[str, ...], reason: str) -> None:
    given = more if "--weights" in more else (*more, "--weights", str(trained()))
    status, _, errors = vmp("predict", video, *given, "--device", "cpu")
    assert status == 2
    assert reason in errors
    assert "Traceback" not in errors
