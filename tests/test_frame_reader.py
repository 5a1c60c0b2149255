"""Frames by packets are those of decoding everything in order, bit for bit; and reading many leaves nothing behind."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from make_video import cut, write_audio, write_video
from numpy.typing import NDArray

from vmp.data.decoder import Decoder, VideoError
from vmp.data.frame_reader import FrameReader

FRAMES = 130
OPEN = "open-gop=1:keyint=20:bframes=4:b-pyramid=2:scenecut=0"
#: name -> how it is written, and whether packets alone are enough
KINDS: dict[str, tuple[dict[str, Any], bool]] = {
    "closed.mp4": ({"options": {"g": "20"}}, True),
    "one group.mp4": ({"options": {"g": "500"}}, True),
    "open.mp4": ({"options": {"x264-params": OPEN}}, True),
    "open.mkv": ({"options": {"x264-params": OPEN}}, True),
    "sound.mkv": ({"options": {"g": "20"}, "audio": True}, True),
    "vp9.webm": ({"codec": "libvpx-vp9", "options": {"g": "20", "deadline": "realtime", "cpu-used": "8"}}, True),
    "vp8.webm": ({"codec": "libvpx", "options": {"g": "20", "deadline": "realtime", "cpu-used": "8"}}, True),
    "b-frames.mov": ({"codec": "mpeg4", "options": {"g": "12", "bf": "2"}}, True),
    "no b-frames.avi": ({"codec": "mpeg4", "options": {"g": "12"}}, True),
    "hevc.mp4": (
        {"codec": "libx265", "options": {"x265-params": "open-gop=1:keyint=20:bframes=4:log-level=none"}},
        True,
    ),
    "uneven.mp4": (
        {
            "options": {"g": "20"},
            "tick": Fraction(1, 90),
            "ticks": np.cumsum(np.arange(FRAMES) * 7 % 5 + 1).tolist(),
        },
        False,  # the average rate promises a little more than there is
    ),
    "stream.ts": ({"options": {"g": "20"}}, False),
    "programme.mpg": ({"codec": "mpeg2video", "options": {"g": "12", "bf": "2"}}, False),
    "raw.h264": ({"options": {"g": "20"}}, False),
    "b-frames.avi": ({"codec": "mpeg4", "options": {"g": "12", "bf": "2"}}, False),
    "open b-frames.avi": ({"options": {"x264-params": OPEN}}, False),
}


def pictures(count: int = FRAMES) -> list[NDArray[np.uint8]]:
    """Noise that drifts: no two frames are the same, and each leans on the one before."""
    noise = np.random.default_rng(0).integers(0, 255, (12, 60 + count, 3), dtype=np.uint8).repeat(4, axis=0)
    return [np.ascontiguousarray(noise[:, place : place + 64]) for place in range(min(count, 60 + count - 64))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("videos")


def written(folder: Path, name: str) -> Path:
    path = folder / name
    if not path.exists():
        write_video(path, pictures(FRAMES + 4)[:FRAMES], **KINDS[name][0])
    return path


def in_order(path: Path) -> tuple[NDArray[np.float64], NDArray[np.uint8], float]:
    with Decoder(path, threads=1) as decoder:
        both = [(time, decoder.to_rgb(frame)) for time, frame in decoder.frames()]
        return np.array([time for time, _ in both]), np.stack([frame for _, frame in both]), decoder.rate


@pytest.mark.parametrize("name", KINDS)
def test_frames_are_those_of_decoding_everything(folder: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(folder, name)
    times, frames, rate = in_order(path)
    assert len(frames) == FRAMES
    if KINDS[name][1]:
        monkeypatch.setattr(FrameReader, "_in_order", lambda self, times: pytest.fail("packets were not enough"))
    random = np.random.default_rng(1)
    for _ in range(25):
        with FrameReader(path) as reader:
            count = reader.count()
            stride, start = int(random.integers(1, 30)), int(random.integers(count))
            numbers = np.minimum(start + stride * np.arange(random.integers(1, 12)), count - 1)
            came = reader.read(numbers)
            shown = np.searchsorted(times, (numbers + 0.5) / rate, side="right") - 1
            np.testing.assert_array_equal(came, frames[np.maximum(shown, 0)])
            assert reader.repeated == 0 or name == "uneven.mp4"


def test_frame_k_is_the_kth_frame(folder: Path) -> None:
    """Also where the container rounds times to milliseconds, as Matroska does, at a rate that does not divide them."""
    path = folder / "numbered.mkv"
    write_video(path, 90, rate=30)
    _, frames, _ = in_order(path)
    with FrameReader(path) as reader:
        assert reader.count() == 90
        np.testing.assert_array_equal(reader.read(np.arange(90)), frames)
        np.testing.assert_array_equal(reader.read([3, 3, 50, 89, 89]), frames[[3, 3, 50, 89, 89]])  # and again


def test_an_avi_with_b_frames_is_entered_in_the_middle(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(FrameReader, "_in_order", lambda self, times: pytest.fail("decoded from the beginning"))
    for name in ("b-frames.avi", "open b-frames.avi"):
        path = written(folder, name)
        _, frames, _ = in_order(path)
        for start in range(60, FRAMES, 7):
            with FrameReader(path) as reader:
                np.testing.assert_array_equal(reader.read([start]), frames[[start]])


def test_what_no_wanted_frame_needs_is_not_decoded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = written(folder, "closed.mp4")
    converted = []
    original = FrameReader.to_rgb
    monkeypatch.setattr(FrameReader, "to_rgb", lambda self, frame: converted.append(frame.pts) or original(self, frame))
    fed: list[int] = []
    from vmp.data import frame_reader

    whole = frame_reader.plan

    def counted(packets: list[Any], ticks: Any, from_beginning: bool) -> Any:
        runs, needed = whole(packets, ticks, from_beginning)
        fed.append(sum(run.end - run.begin for run in runs))
        return runs, needed

    monkeypatch.setattr(frame_reader, "plan", counted)
    with FrameReader(path) as reader:
        reader.read([20, 60, 100])  # three key frames
    assert len(converted) == 3
    assert fed == [3]


def test_a_promise_that_is_a_little_too_long_repeats_the_last_frame(folder: Path) -> None:
    path = written(folder, "closed.mp4")
    _, frames, _ = in_order(path)
    with FrameReader(path) as reader:
        came = reader.read([FRAMES - 1, FRAMES, FRAMES + 2])
        assert reader.repeated == 2
    np.testing.assert_array_equal(came, frames[[-1, -1, -1]])


def test_damage_is_an_error_that_names_the_file(folder: Path) -> None:
    whole = written(folder, "open.mkv")
    short = cut(whole, 0.5)
    with FrameReader(short) as reader:
        assert len(reader.read([0, 10])) == 2  # what is there can be read
    with FrameReader(short) as reader, pytest.raises(VideoError, match=r"cut_open.mkv: is truncated"):
        reader.read([0, FRAMES - 1])
    with pytest.raises(VideoError, match="no such file"):
        FrameReader(folder / "none.mp4")
    with pytest.raises(VideoError, match="has no video stream"):
        FrameReader(write_audio(folder / "sound.wav"))


@pytest.mark.parametrize("numbers", [[], [-1, 2], [3, 2], [[1, 2]]])
def test_numbers_that_are_none(folder: Path, numbers: Any) -> None:
    with (
        FrameReader(written(folder, "closed.mp4")) as reader,
        pytest.raises(ValueError, match="numbers: expected some"),
    ):
        reader.read(numbers)


def test_frames_are_counted_where_the_container_does_not_say(folder: Path) -> None:
    with FrameReader(written(folder, "raw.h264")) as reader:
        assert reader.count() == FRAMES
        assert reader.read([FRAMES - 1]).shape == (1, 48, 64, 3)
    path = folder / "live.mkv"
    write_video(path, 40, container={"live": "1"})
    with FrameReader(path) as reader:
        assert reader.count() == 40


def test_ten_thousand_reads_leave_nothing_behind(folder: Path) -> None:
    path = write_video(folder / "tiny.mp4", [np.full((32, 32, 3), 60 * place, np.uint8) for place in range(4)])

    def read(times: int) -> None:
        for _ in range(times):
            with FrameReader(path) as reader:
                reader.read([0, 3])

    read(500)  # what is made once is made
    before = _resident()
    read(10_000)
    grown = _resident() - before
    assert grown < 8e6, f"{grown / 1e6:.1f} MB after 10,000 reads"  # a frame a read would be 30 MB


def _resident() -> float:
    import os

    statm = Path("/proc/self/statm")
    if not statm.exists():
        pytest.skip("how much memory a process has is read from /proc")
    return int(statm.read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
