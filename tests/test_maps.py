from __future__ import annotations

import os
import shutil
import subprocess
import sys
from fractions import Fraction
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from make_video import HEIGHT, WIDTH, cut, numbered, numbers_of, write_video
from PIL import Image

import vmp
from vmp import maps
from vmp.data.clip import Clip
from vmp.data.video import VideoError, example_path, probe, read_clip
from vmp.data.writing import Film, GrowingArray, replace_all
from vmp.figures.palette import DIFFERENCE_ANCHORS, colour_attention, colour_difference
from vmp.figures.panes import Key, Label, Panes, contact_sheet, difference_key, label_strip
from vmp.maps import EvenRows, frame_pairs, human_bytes, maps_of, plan_maps, prompt_pictures, write_maps

#: Mean absolute difference of 8-bit values that H.264 with halved chroma may make of the maps' sharp edges.
CODEC = 8.0


@pytest.fixture(scope="module")
def layer() -> vmp.MotionPrompt:
    return vmp.MotionPrompt.from_paper("mpii", lambda_=0)  # still pixels in the middle: all panes show something


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("maps") / "numbered.mp4", 40, options={"crf": "5"})


def test_pairs_are_stride_frames_apart(video: Path) -> None:
    for stride in (1, 2, 13):
        pairs = list(frame_pairs(video, stride))
        assert numbers_of([pair.earlier for pair in pairs]) == list(range(40 - stride))
        assert numbers_of([pair.later for pair in pairs]) == list(range(stride, 40))
        np.testing.assert_allclose([p.later_time - p.earlier_time for p in pairs], stride / 30)
    part = list(frame_pairs(video, 3, start=0.5, duration=0.2))
    assert numbers_of([pair.earlier for pair in part]) == [15, 16, 17]
    assert numbers_of([pair.later for pair in part]) == [18, 19, 20]


def test_a_video_without_a_pair(video: Path) -> None:
    with pytest.raises(
        VideoError,
        match=r"numbered.mp4: expected at least 41 frames, for frames 40 apart, got fewer\. Choose a smaller stride or",
    ):
        list(frame_pairs(video, 40))
    with pytest.raises(VideoError, match=r"expected at least 2 frames, .* got fewer\. Choose a longer video or part"):
        list(frame_pairs(video, duration=0.02))


@pytest.mark.parametrize("layout", ["BCTHW", "BTCHW"])
@pytest.mark.parametrize("normalised", [True, False])
def test_maps_of_pairs_equal_those_of_the_clip(video: Path, layout: str, normalised: bool) -> None:
    options = {} if normalised else {"mean": None, "std": None}
    layer = vmp.MotionPrompt.from_slope_shift(20.0, 0.1, layout=layout, **options)  # type: ignore[arg-type]
    found = maps_of(list(frame_pairs(video)), layer)
    clip = read_clip(video).tensor(layer.mean, layer.std, layout)  # type: ignore[arg-type]
    with torch.no_grad():
        tensors = layer.frame_difference(clip), layer.attention(clip), layer(clip)[0]
    order = (0, 2, 1, 3, 4) if layout == "BCTHW" else (0, 1, 2, 3, 4)
    difference, attention, prompt = (tensor.permute(order)[0].numpy() for tensor in tensors)  # (T-1, C, H, W)
    np.testing.assert_allclose(found.difference, difference[:, 0], atol=1e-6)
    np.testing.assert_allclose(found.attention, attention[:, 0], atol=1e-5)
    np.testing.assert_allclose(found.prompt, prompt, atol=1e-5)
    assert all(array.dtype == np.float32 for array in found)


@pytest.mark.parametrize(("product", "floor"), [("normalised", round(0.45 * 255)), ("pixels", 0)])
def test_the_picture_of_a_prompt(product: str, floor: int) -> None:
    """Where attention is 0 the picture is the normalisation's mean, or black; where it is 1 it is the frame."""
    frames = np.zeros((2, 1, 2, 3), np.uint8)
    frames[:, 0, 0] = [[255, 255, 255], [0, 0, 0]]  # falls by 1: attention 0
    frames[:, 0, 1] = [[0, 0, 0], [200, 120, 40]]  # rises: attention 1
    layer = vmp.MotionPrompt.from_slope_shift(50.0, 0.0, product=product)  # type: ignore[arg-type]
    found = maps_of(list(_pairs_of(Clip(frames, np.arange(2) / 30))), layer)
    picture = prompt_pictures(found.prompt, layer)[0, 0]
    assert picture.tolist() == [[floor] * 3, [200, 120, 40]]


def _pairs_of(clip: Clip) -> list[maps.Pair]:
    return [maps.Pair(clip[k], clip.times[k], clip[k + 1], clip.times[k + 1]) for k in range(len(clip) - 1)]


# --- the film ---


@pytest.mark.parametrize(("name", "stride"), [("static", 1), ("moving", 12)])
def test_the_film_shows_what_the_layer_gives(tmp_path: Path, layer: vmp.MotionPrompt, name: str, stride: int) -> None:
    calls: list[tuple[int, int | None]] = []
    written = write_maps(
        example_path(name), layer, tmp_path, stride=stride, duration=1.0, gain=2.0, pane=480,
        progress=lambda done, expected: calls.append((done, expected)),
    )  # fmt: skip
    count = 30 - stride
    assert written.pairs == count
    assert calls[-1] == (count, count)
    film = read_clip(written.film)
    info = probe(written.film)
    assert (info.codec, info.rate, info.frames) == ("h264", 30.0, count)
    assert len(film) == count
    np.testing.assert_allclose(film.times, np.arange(count) / 30, atol=1e-4)

    source = vmp.example_clip(name)  # type: ignore[arg-type]
    panes = Panes(480, 270, 480)
    assert film.shape[1:] == (panes.size[1], panes.size[0], 3)
    for k in (0, count // 2, count - 1):
        pair = np.stack((source[k], source[k + stride]))
        clip = Clip(pair, np.zeros(2)).tensor(layer.mean, layer.std)
        with torch.no_grad():
            prompt = layer(clip)[0][0, :, 0].permute(1, 2, 0).numpy()
            expected = [
                source[k + stride],
                colour_difference(layer.frame_difference(clip)[0, 0, 0].numpy(), 2.0),
                colour_attention(layer.attention(clip)[0, 0, 0].numpy()),
                np.rint(np.clip(prompt * 0.225 + 0.45, 0, 1) * 255).astype(np.uint8),
            ]
        for index, picture in enumerate(expected):
            x, y = panes.corner(index)
            shown = film[k, y : y + 270, x : x + 480]
            error = np.abs(shown.astype(int) - picture).mean()
            assert error < CODEC
            assert np.abs(shown.astype(int).mean() - picture.mean()) < 3
            if name == "moving":  # where everything moves, the pane of another moment is further away
                other = film[(k + 5) % count, y : y + 270, x : x + 480]
                assert error < 0.7 * np.abs(other.astype(int) - picture).mean()


def test_film_keeps_a_variable_frame_rate(tmp_path: Path, layer: vmp.MotionPrompt) -> None:
    ticks = [0, 100, 150, 900, 1000, 1400]
    path = write_video(tmp_path / "variable.mkv", 6, ticks=ticks, tick=Fraction(1, 1000))
    written = write_maps(path, layer, tmp_path)
    film = read_clip(written.film)
    np.testing.assert_allclose(film.times, np.array([0, 50, 800, 900, 1300]) / 1000, atol=1e-3)


@pytest.mark.parametrize("size", [(65, 49), (49, 65), (9, 9), (1300, 40)])
def test_odd_sizes_and_shapes(tmp_path: Path, layer: vmp.MotionPrompt, size: tuple[int, int]) -> None:
    pictures = [numbered(i, *size) for i in range(3)]
    path = write_video(tmp_path / "odd.mkv", pictures, codec="ffv1", pixels="yuv444p")
    written = write_maps(path, layer, tmp_path, arrays=True)
    info = probe(written.film)
    assert (info.width, info.height) == Panes(*size).size
    assert written.arrays is not None
    assert np.load(written.arrays / "difference.npy").shape == (2, size[1], size[0])


# --- the sheet, the arrays, what is planned ---


def test_contact_sheet(tmp_path: Path, layer: vmp.MotionPrompt) -> None:
    written = write_maps(example_path("static"), layer, tmp_path, duration=1.0, moments=5)
    assert written.sheet == tmp_path / "static.contact.png"
    sheet = np.asarray(Image.open(written.sheet))
    rows = 5 * (180 + 8)  # panes of 320x180 with gaps
    assert sheet.shape[2] == 3
    assert rows < sheet.shape[0] < rows + 100
    assert 4 * 320 < sheet.shape[1] < 4 * 320 + 150
    # the first pane of the first row is the second frame of the video, averaged down
    left = sheet.shape[1] - 4 * 328
    first = np.asarray(
        Image.fromarray(vmp.example_clip("static")[1]).resize((320, 180), Image.Resampling.BOX), dtype=int
    )
    top = sheet.shape[0] - rows
    np.testing.assert_array_equal(sheet[top : top + 180, left : left + 320], first)


def test_arrays_hold_what_the_layer_gives(tmp_path: Path, video: Path, layer: vmp.MotionPrompt) -> None:
    plan = plan_maps(video, tmp_path, arrays=True, stride=4)
    written = write_maps(video, layer, tmp_path, arrays=True, stride=4)
    assert written.arrays == tmp_path / "numbered.maps"
    loaded = {path.stem: np.load(path, mmap_mode="r") for path in written.arrays.iterdir()}
    expected = maps_of(list(frame_pairs(video, 4)), layer)
    assert sorted(loaded) == ["attention", "difference", "prompt", "times"]
    np.testing.assert_allclose(loaded["difference"], expected.difference, atol=1e-6)
    np.testing.assert_allclose(loaded["attention"], expected.attention, atol=1e-6)
    np.testing.assert_allclose(loaded["prompt"], expected.prompt, atol=1e-6)
    np.testing.assert_allclose(loaded["times"], np.arange(4, 40) / 30)
    assert loaded["prompt"].shape == (36, 3, HEIGHT, WIDTH)
    # the size told beforehand is the size on disk, but for headers and times
    on_disk = sum(path.stat().st_size for path in written.arrays.iterdir())
    assert plan.array_bytes == 36 * WIDTH * HEIGHT * 20
    assert 0 < on_disk - plan.array_bytes < 1024


def test_plan_expects_as_many_pairs_as_come(tmp_path: Path, video: Path, layer: vmp.MotionPrompt) -> None:
    for options in ({}, {"stride": 7}, {"start": 0.5}, {"start": 1.0, "duration": 0.2}, {"duration": 99.0}):
        expected = len(list(frame_pairs(video, **options)))  # type: ignore[arg-type]
        assert plan_maps(video, tmp_path, **options).pairs == expected  # type: ignore[arg-type]


def test_arrays_that_do_not_fit_are_refused(tmp_path: Path, video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda path: SimpleNamespace(free=1_000_000))
    needed = human_bytes(39 * WIDTH * HEIGHT * 20)
    assert needed == "2.4 MB"
    with pytest.raises(ValueError, match=r"arrays: expected 2\.4 MB of free disk for 39 maps, got 1\.0 MB at"):
        plan_maps(video, tmp_path / "new" / "folder", arrays=True)
    assert plan_maps(video, tmp_path).array_bytes is None


def test_existing_files_are_refused_unless_allowed(tmp_path: Path, video: Path, layer: vmp.MotionPrompt) -> None:
    written = write_maps(video, layer, tmp_path, arrays=True)
    before = written.film.read_bytes()
    for name in ("numbered.maps.mp4", "numbered.contact.png", "numbered.maps"):
        with pytest.raises(
            ValueError, match=r"exists\. Choose another folder, or allow it to be replaced: .*--overwrite"
        ):
            write_maps(video, layer, tmp_path, arrays=True)
        (tmp_path / name).rename(tmp_path / f"was.{name}")
    for name in ("numbered.maps.mp4", "numbered.contact.png", "numbered.maps"):
        (tmp_path / f"was.{name}").rename(tmp_path / name)
    write_maps(video, layer, tmp_path, arrays=True, stride=9, overwrite=True)
    assert written.film.read_bytes() != before
    assert len(np.load(tmp_path / "numbered.maps" / "times.npy")) == 31
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "numbered.contact.png", "numbered.maps", "numbered.maps.mp4",
    ]  # fmt: skip


def test_overwriting_takes_only_what_an_earlier_run_wrote(tmp_path: Path, video: Path) -> None:
    (tmp_path / "numbered.maps").mkdir()
    (tmp_path / "numbered.maps" / "difference.npy").touch()
    assert plan_maps(video, tmp_path, arrays=True, overwrite=True).arrays == tmp_path / "numbered.maps"
    (tmp_path / "numbered.maps" / "notes.txt").touch()
    with pytest.raises(ValueError, match=r"numbered.maps: expected a folder of arrays .* also holds notes.txt"):
        plan_maps(video, tmp_path, arrays=True, overwrite=True)
    (tmp_path / "numbered.contact.png").mkdir()
    with pytest.raises(ValueError, match=r"numbered.contact.png: expected a file to replace, got a folder"):
        plan_maps(video, tmp_path, overwrite=True)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "numbered.maps").touch()
    with pytest.raises(ValueError, match=r"numbered.maps: expected a folder to replace, got a file"):
        plan_maps(video, tmp_path / "b", arrays=True, overwrite=True)


def test_what_was_there_comes_back_when_a_move_fails(tmp_path: Path) -> None:
    new, there, aside = (tmp_path / name for name in ("new", "there", "aside"))
    for folder in (new, there, aside):
        folder.mkdir()
    for name in "abc":
        (new / name).write_text("new")
        (there / name).write_text("old")
    (new / "c").unlink()  # cannot be moved
    with pytest.raises(FileNotFoundError):
        replace_all({new / name: there / name for name in "abc"}, aside)
    assert [(there / name).read_text() for name in "abc"] == ["old"] * 3
    assert list(aside.iterdir()) == []


def test_nothing_is_left_when_it_fails(tmp_path: Path, layer: vmp.MotionPrompt) -> None:
    source = write_video(
        tmp_path / "source.mp4",
        [np.random.default_rng(i).integers(0, 255, (48, 64, 3), np.uint8) for i in range(40)],
        container={"movflags": "faststart"},
    )
    out = tmp_path / "out"
    out.mkdir()
    kept = out / "cut_source.maps.mp4"
    kept.write_text("from before")
    with pytest.raises(VideoError, match="truncated"):
        write_maps(cut(source, 0.7), layer, out, arrays=True, overwrite=True)
    assert [path.name for path in out.iterdir()] == [kept.name]
    assert kept.read_text() == "from before"
    with pytest.raises(VideoError, match="Choose a smaller stride"):
        write_maps(source, layer, out, stride=40)
    assert [path.name for path in out.iterdir()] == [kept.name]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"gain": 0}, "gain: expected a number above 0, got 0"),
        ({"moments": 0}, "moments: expected at least 1, got 0"),
        ({"columns": 3}, "columns: expected 1, 2 or 4, or None to choose, got 3"),
        ({"pane": 8}, "pane: expected at least 16 pixels, got 8"),
        ({"stride": 0}, "stride: expected a whole number of frames, at least 1, got 0"),
        ({"duration": -1.0}, "duration: expected seconds above 0"),
        ({"start": 100.0}, "expected a time before the video's end"),
    ],
)
def test_errors(tmp_path: Path, video: Path, layer: vmp.MotionPrompt, options: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        write_maps(video, layer, tmp_path / "out", **options)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"out_dir: expected a folder, .* is a file"):
        write_maps(video, layer, video)


# --- the pieces ---


@pytest.mark.parametrize("length", [1, 5, 47, 48, 49, 96, 97, 1000, 20_000])
def test_even_rows(length: int) -> None:
    rows = EvenRows(6, Panes(16, 16, 16))
    for k in range(length):
        rows.offer(float(k), [np.full((16, 16, 3), (k + pane) % 251, np.uint8) for pane in range(4)])
    chosen = rows.chosen()
    times = [int(time) for time, _ in chosen]
    assert len(times) == min(6, length)
    assert times[0] == 0
    assert times[-1] >= 0.9 * (length - 1)
    for k, pictures in zip(times, (pictures for _, pictures in chosen), strict=True):
        assert [int(picture[8, 8, 0]) for picture in pictures] == [(k + pane) % 251 for pane in range(4)]
    if length > 50:
        gaps = np.diff(times)
        assert gaps.max() <= 1.4 * gaps.min()


def test_panes_choose_the_grid_that_suits_a_screen() -> None:
    assert Panes(480, 270).grid == (2, 2)
    assert Panes(270, 480).grid == (4, 1)
    assert Panes(240, 240).grid == (2, 2)
    assert Panes(1280, 100).grid == (1, 4)
    assert Panes(480, 270, columns=4).grid == (4, 1)
    assert Panes(1920, 1080).pane == (640, 360)
    assert Panes(64, 48).pane == (320, 240)
    for size in ((33, 17), (480, 270), (1919, 1079), (3, 500)):
        panes = Panes(*size)
        assert panes.size[0] % 2 == 0
        assert panes.size[1] % 2 == 0
        corners = [panes.corner(k) for k in range(4)]
        assert len(set(corners)) == 4
        for x, y in corners:
            assert x % 2 == y % 2 == 0
            assert x + panes.pane[0] <= panes.size[0]
            assert y + panes.pane[1] <= panes.size[1]


def test_panes_put_pictures_where_corners_say() -> None:
    panes = Panes(40, 30, 120)
    pictures = [np.full((30, 40, 3), 50 + 40 * k, np.uint8) for k in range(4)]
    canvas = panes.compose(pictures, [Label(("a",))] * 4)
    width, height = panes.pane
    for k in range(4):
        x, y = panes.corner(k)
        assert (canvas[y : y + height, x : x + width] == 50 + 40 * k).all()


def test_labels_fit() -> None:
    label = Label(("a very long text that will not fit", "short"), difference_key(3.0))
    wide, narrow = label_strip(label, 640, 34), label_strip(label, 60, 20)
    assert wide.shape == (34, 640, 3)
    assert narrow.shape == (20, 60, 3)
    for colour in (DIFFERENCE_ANCHORS[0], DIFFERENCE_ANCHORS[-1]):
        assert (wide == colour).all(axis=2).any()  # both ends of the key are there
    assert not (narrow == DIFFERENCE_ANCHORS[0]).all(axis=2).any()  # no room: no key
    assert difference_key(3.0) == Key(DIFFERENCE_ANCHORS, "−0.33", "+0.33")


def test_labels_say_what_the_layer_does() -> None:
    texts = [label.texts for label in maps.pane_labels(vmp.MotionPrompt.published(), 0.4, 1.23, 1.0)]
    assert texts[0][0] == "frame at 1.23 s"
    assert texts[1][0] == "difference from 0.400 s before"
    assert texts[3][0] == "prompt, de-normalised: attention 0 is mid-grey"
    absolute = vmp.MotionPrompt.from_slope_shift(20, 0.1, difference="absolute", product="pixels")
    texts = [label.texts for label in maps.pane_labels(absolute, 0.4, 1.23, 1.0)]
    assert texts[1][0] == "absolute difference from 0.400 s before"
    assert texts[2][0] == "attention, slope 20, shift 0.1"
    assert texts[3][0] == "prompt, de-normalised: attention 0 is black"


def test_a_long_title_is_shortened() -> None:
    picture = np.zeros((20, 40, 3), np.uint8)
    sheet = contact_sheet("x" * 500, [Label(("a",))], [("0 s", [picture]), ("1 s", [picture])])
    assert sheet.shape[1] < 120


def test_film_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="size: expected an even width and height, got 33x20"):
        Film(tmp_path / "film.mp4", (33, 20), 30)


def test_growing_array(tmp_path: Path) -> None:
    numbers = np.random.default_rng(0).normal(size=(1234, 2, 3)).astype(np.float32)
    with GrowingArray(tmp_path / "numbers.npy", (2, 3)) as array:
        for first in range(0, 1234, 100):
            array.append(numbers[first : first + 100])
        with pytest.raises(ValueError, match=r"entries: expected shape \(k, 2, 3\), got \(5, 3, 2\)"):
            array.append(np.zeros((5, 3, 2), np.float32))
    np.testing.assert_array_equal(np.load(tmp_path / "numbers.npy", mmap_mode="r"), numbers)


@pytest.mark.parametrize(
    ("count", "text"), [(0, "0 bytes"), (999, "999 bytes"), (27_648_000_000, "27.6 GB"), (2e15, "2000.0 TB")]
)
def test_human_bytes(count: int, text: str) -> None:
    assert human_bytes(count) == text


# --- memory ---


def _long_video(path: Path, seconds: int) -> Path:
    """A bright square that wanders over a dark picture, 320x240, 5 frames a second."""

    class Pictures:
        def __len__(self) -> int:
            return 5 * seconds

        def __getitem__(self, k: int) -> np.ndarray:
            if k >= len(self):
                raise IndexError
            picture = np.full((240, 320, 3), 40, np.uint8)
            x, y = (3 * k) % 280, (7 * k) % 200
            picture[y : y + 40, x : x + 40] = 200
            return picture

    return write_video(path, Pictures(), rate=5, options={"preset": "ultrafast"})  # type: ignore[arg-type]


def _peak_memory(path: Path, out: Path) -> int:
    """Peak resident bytes of ``vmp maps`` in a process of its own."""
    command = [sys.executable, "-m", "vmp.cli", "maps", str(path), "--out", str(out), "--pane", "160"]
    environment = os.environ | {"OMP_NUM_THREADS": "1"}
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment)
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return usage.ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def test_ten_minutes_take_no_more_memory_than_one(tmp_path: Path) -> None:
    """Ten minutes of 320x240; at 5 frames a second and with small panes, to be quick: 3,000 frames against 300.

    Maps are made in full size. Holding the frames alone would take 622 MB more, their prompts four times that.
    """
    one, ten = _long_video(tmp_path / "one.mp4", 60), _long_video(tmp_path / "ten.mp4", 600)
    short, long = _peak_memory(one, tmp_path), _peak_memory(ten, tmp_path)
    assert probe(tmp_path / "ten.maps.mp4").frames == 2999
    assert long - short < 64e6
