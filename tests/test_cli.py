from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from command_line import CommandLine
from make_video import write_video
from torch import nn

import vmp
from vmp import cli
from vmp.data.video import probe


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("cli") / "mine.mp4", 30)


def _differences(out: Path) -> np.ndarray:
    return np.load(out / "mine.maps" / "difference.npy")


def test_maps_of_a_file_of_ones_own(run: CommandLine, video: Path, tmp_path: Path) -> None:
    status, said, _ = run("maps", video, "--preset", "finegym", "--out", tmp_path, "--arrays")
    assert status == 0
    assert [line.split(":")[0] for line in said.splitlines()[:3]] == [
        str(video), "slope 11.04, shift -0.59 (finegym, from the paper)", "arrays",
    ]  # fmt: skip
    assert f"{video}: 64x48, 30 frames a second, 29 pairs of adjacent frames" in said
    assert f"arrays: 1.8 MB into {tmp_path / 'mine.maps'} (" in said  # 29 x 64 x 48 x 20 bytes
    assert "a still pixel gets attention 0.999" in said  # 1 / (1 + exp(11.04 x -0.59))
    for name in ("mine.maps.mp4", "mine.contact.png", "mine.maps"):
        assert f"wrote {tmp_path / name}" in said
        assert (tmp_path / name).exists()
    assert probe(tmp_path / "mine.maps.mp4").frames == 29
    assert sorted(path.name for path in (tmp_path / "mine.maps").iterdir()) == [
        "attention.npy", "difference.npy", "prompt.npy", "times.npy",
    ]  # fmt: skip


def test_the_size_of_the_arrays_is_told_before_they_are_written(
    run: CommandLine, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*arguments: object, **options: object) -> None:
        raise ValueError("not written")

    monkeypatch.setattr("vmp.maps.write_maps", fail)
    status, said, errors = run("maps", video, "--arrays", "--out", tmp_path)
    assert status == 2
    assert "arrays: 1.8 MB into" in said
    assert errors == "vmp: not written\n"


def test_stride_and_adjacent(run: CommandLine, video: Path, tmp_path: Path) -> None:
    assert run("maps", video, "--out", tmp_path / "a", "--arrays", "--adjacent")[0] == 0
    status, said, _ = run("maps", video, "--out", tmp_path / "b", "--arrays", "--stride", "8")
    assert status == 0
    assert "22 pairs of frames 8 apart" in said
    adjacent, apart = _differences(tmp_path / "a"), _differences(tmp_path / "b")
    assert (len(adjacent), len(apart)) == (29, 22)
    np.testing.assert_allclose(adjacent[:8].sum(axis=0), apart[0], atol=1e-5)
    status, _, errors = run("maps", video, "--adjacent", "--stride", "2")
    assert (status, errors) == (2, "vmp: --adjacent and --stride: expected one of them, got both (--stride 2)\n")


def test_start_and_duration(run: CommandLine, video: Path, tmp_path: Path) -> None:
    assert run("maps", video, "--out", tmp_path, "--arrays", "--start", "0.5", "--duration", "0.2")[0] == 0
    times = np.load(tmp_path / "mine.maps" / "times.npy")
    np.testing.assert_allclose(times, np.arange(16, 21) / 30)


def test_examples_by_name(run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, video: Path) -> None:
    monkeypatch.chdir(tmp_path)
    status, said, _ = run("maps", "moving", "--duration", "0.2")
    assert status == 0
    assert "480x270" in said
    assert Path("moving.maps.mp4").exists()
    Path("static").write_bytes(video.read_bytes())  # a file of that name comes first
    assert "64x48" in run("maps", "static", "--duration", "0.2")[1]


@pytest.mark.parametrize(
    ("options", "slope", "shift"),
    [
        ((), 11.04, -0.59),
        (("--preset", "mpii", "--lambda", "2"), 10.9, 0.08),
        (("--preset", "hmdb51", "--source", "page"), 23.109, -0.3476),
        (("--lambda", "10", "--source", "page"), 10.3, -0.5983),
        (("--slope", "20", "--shift", "-0.1"), 20.0, -0.1),
    ],
)
def test_which_layer(options: tuple[str, ...], slope: float, shift: float, monkeypatch: pytest.MonkeyPatch) -> None:
    layer = _layer_of(options, monkeypatch)
    assert layer.slope.item() == pytest.approx(slope, rel=1e-3)
    assert layer.shift.item() == pytest.approx(shift, rel=1e-3)
    assert (layer.channel_order, layer.product) == ("RGB", "normalised")


def _layer_of(options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch) -> vmp.MotionPrompt:
    """The layer that ``vmp maps`` would run with."""
    seen: list[vmp.MotionPrompt] = []

    def keep(path: str, layer: vmp.MotionPrompt, *arguments: object, **rest: object) -> None:
        seen.append(layer)
        raise ValueError("enough")

    monkeypatch.setattr("vmp.maps.write_maps", keep)
    with pytest.raises(SystemExit):
        cli.main(["maps", "static", "--overwrite", *options])
    assert len(seen) == 1
    return seen[0]


def test_the_two_sets_of_choices(monkeypatch: pytest.MonkeyPatch) -> None:
    published = _layer_of(("--published", "--slope", "20", "--shift", "0"), monkeypatch)
    assert (published.channel_order, published.product) == ("BGR", "normalised")
    paper = _layer_of(("--paper",), monkeypatch)
    assert (paper.channel_order, paper.product, paper.pixel_reduction) == ("RGB", "pixels", "sum")


# --- a saved layer ---


class _Model(nn.Module):
    def __init__(self, prompts: int) -> None:
        super().__init__()
        self.prompts = nn.ModuleList(vmp.MotionPrompt.from_slope_shift(15.0 + k, 0.25) for k in range(prompts))
        self.m = nn.Linear(2, 2)  # not a layer's m


@pytest.mark.parametrize("kind", ["layer", "model", "checkpoint"])
def test_saved_layer(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    state = vmp.MotionPrompt.from_slope_shift(15.0, 0.25).state_dict()
    if kind == "model":
        state = _Model(1).state_dict()
    if kind == "checkpoint":
        state = {"epoch": 3, "model_state": _Model(1).state_dict()}  # type: ignore[assignment]
    torch.save(state, tmp_path / "layer.pt")
    layer = _layer_of(("--layer", str(tmp_path / "layer.pt"), "--published"), monkeypatch)
    assert layer.slope.item() == pytest.approx(15.0, rel=1e-5)
    assert layer.shift.item() == pytest.approx(0.25, rel=1e-5)
    assert layer.channel_order == "BGR"


def test_what_is_not_a_saved_layer(run: CommandLine, tmp_path: Path) -> None:
    noise, whole, other, two = (tmp_path / f"{name}.pt" for name in ("noise", "whole", "other", "two"))
    noise.write_bytes(b"nothing of the kind" * 20)
    torch.save(vmp.MotionPrompt(), whole)
    torch.save({"weight": torch.zeros(3)}, other)
    torch.save(_Model(2).state_dict(), two)
    number, three, nan = (tmp_path / f"{name}.pt" for name in ("number", "three", "nan"))
    torch.save({"m": 0.5, "n": 0.1}, number)
    torch.save({"m": torch.zeros(1), "n": torch.zeros(3)}, three)
    torch.save({"m": torch.tensor([float("nan")]), "n": torch.zeros(1)}, nan)
    for path, reason in {
        tmp_path / "missing.pt": "--layer: no such file",
        noise: "noise.pt holds no saved weights. Save them with torch.save(layer.state_dict(), FILE)",
        whole: "whole.pt holds no saved weights",
        other: "got none",
        two: "got prompts.0, prompts.1. Save the one you want by itself",
        number: f"expected m to be a tensor of one finite number in {number}, got 0.5",
        three: f"expected n to be a tensor of one finite number in {three}, got shape (3,)",
        nan: f"expected m to be a tensor of one finite number in {nan}, got tensor([nan])",
    }.items():
        status, _, errors = run("maps", "static", "--layer", path)
        assert status == 2
        assert reason in errors
        _one_line(errors)


# --- mistakes ---


def _one_line(errors: str) -> None:
    assert errors.startswith("vmp: ")
    assert errors.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("nosuch.mp4",), "nosuch.mp4: no such file"),
        (("static", "--preset", "mpii"), "'mpii' is ambiguous: say which --lambda. The paper has finegym, lambda 2.5"),
        (("static", "--preset", "ucf-crime"), "'ucf-crime' is not among the pairs"),
        (("static", "--preset", "ucf-crime"), "More: --source page"),
        (("static", "--slope", "20"), "--slope and --shift: expected both or neither, got slope 20.0 and shift None"),
        (("static", "--slope", "5", "--shift", "0"), "slope: expected a value in (9.091, 50]"),
        (
            ("static", "--preset", "finegym", "--slope", "20", "--shift", "0"),
            "layer: expected one of --preset, --slope and --shift, --layer, got --preset with --slope and --shift",
        ),
        (("static", "--lambda", "1", "--slope", "20", "--shift", "0"), "--lambda belongs to --preset"),
        (("static", "--published", "--paper"), "--published and --paper: expected one of them, got both"),
        (("static", "--stride", "0"), "stride: expected a whole number of frames, at least 1, got 0"),
        (("static", "--start", "7"), "start: expected a time before the video's end at 4.00 s, got 7 s"),
        (("static", "--columns", "3"), "columns: expected 1, 2 or 4"),
    ],
)
def test_a_mistake_is_one_line_and_status_2(
    run: CommandLine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...], reason: str
) -> None:
    monkeypatch.chdir(tmp_path)
    status, _, errors = run("maps", *arguments)
    assert status == 2
    assert reason in errors
    _one_line(errors)
    assert list(tmp_path.iterdir()) == []


def test_existing_files(run: CommandLine, video: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.contact.png").touch()
    status, _, errors = run("maps", video, "--out", tmp_path)
    assert status == 2
    assert f"{tmp_path / 'mine.contact.png'} exists" in errors
    assert run("maps", video, "--out", tmp_path, "--overwrite")[0] == 0
    assert (tmp_path / "mine.contact.png").stat().st_size > 0


def test_a_disk_error_is_one_line_and_status_1(
    run: CommandLine, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object, **options: object) -> None:
        raise OSError(28, "No space left on device", "film.mp4")

    monkeypatch.setattr("vmp.maps.write_maps", full)
    status, _, errors = run("maps", video, "--out", tmp_path)
    assert status == 1
    assert errors == ("vmp: [Errno 28] No space left on device: 'film.mp4'\n")


def test_the_nearest_command_and_option_are_named(run: CommandLine) -> None:
    status, _, errors = run("map", "static")
    assert status == 2
    assert "No such command 'map'. Did you mean 'maps'?" in errors
    status, _, errors = run("maps", "static", "--presett", "finegym")
    assert status == 2
    assert "No such option" in errors
    assert "--preset" in errors.split("No such option", 1)[1].split("--presett", 1)[1]
    status, _, errors = run("maps", "static", "--source", "web")
    assert status == 2
    assert "'paper', 'page'" in errors


# --- around it ---


def test_help_and_version(run: CommandLine) -> None:
    status, said, _ = run("--help")
    assert status == 0
    assert "maps" in said
    assert "book" in said
    assert run("--version")[1] == f"vmp {vmp.__version__}\n"
    assert "--preset" in run("maps", "--help")[1]


def test_book_hands_everything_on(run: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    import vmp.book

    seen: list[list[str]] = []

    def build(arguments: list[str]) -> int:
        seen.append(arguments)
        return 3

    monkeypatch.setattr(vmp.book, "main", build, raising=False)
    assert run("book", "--only", "layer", "-p", "slope", "20", "--help")[0] == 3
    assert seen == [["--only", "layer", "-p", "slope", "20", "--help"]]


def test_book_without_its_extra(run: CommandLine, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "vmp.book", None)
    status, _, errors = run("book")
    assert status == 2
    assert "pip install 'vmp[book]'" in errors


def test_the_command_line_itself_loads_nothing_heavy() -> None:
    script = (
        "import sys, vmp; before = set(sys.modules); import vmp.cli; "
        "print([m for m in ('av', 'torch', 'rich.progress', 'matplotlib', 'PIL', 'vmp.maps') "
        "if m in set(sys.modules) - before])"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_installed_command_runs(tmp_path: Path, video: Path) -> None:
    """As a user types it: progress on stderr, paths on stdout."""
    command = [str(Path(sys.executable).with_name("vmp")), "maps", str(video), "--stride", "5", "--out", str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.endswith(f"wrote {tmp_path / 'mine.contact.png'}\n")
    assert "25/25" in done.stderr
