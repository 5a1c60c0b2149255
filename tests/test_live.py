"""Live video from real files and a real server: the same answers as for clips, and a clean end."""

from __future__ import annotations

import io
import json
import os
import signal
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from command_line import CommandLine
from make_video import write_audio, write_video
from own_runs import example_videos, trained
from PIL import Image

from vmp.data.pathways import pathway_windows
from vmp.data.source import normalised
from vmp.data.video import VideoError, probe, read_clip
from vmp.live import LiveSource, Seeing, open_source, watch
from vmp.live.page import Page
from vmp.live.source import _WAITING, _at_its_own_speed
from vmp.live.view import likeliest, picture_of
from vmp.predict import load_predictor


@pytest.fixture
def vmp(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture(scope="module")
def video() -> Path:
    """24 frames of 64x64, 12 a second."""
    return example_videos() / "circle" / "01.mp4"


@pytest.fixture(scope="module")
def long(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """60 different frames of 64x48, 30 a second."""
    rng = np.random.default_rng(0)
    pictures = [rng.integers(0, 255, (3, 4, 3), np.uint8).repeat(16, 0).repeat(16, 1) for _ in range(60)]
    return write_video(tmp_path_factory.mktemp("long") / "long.mp4", pictures)


# --- seeing ---


@pytest.mark.parametrize(
    ("backbone", "prompts"),
    [("c2d", "all"), ("c2d", "none"), ("slowfast_4x16", "both"), ("slowfast_4x16", "slow"), ("x3d_s", "all")],
)
def test_what_is_said_live_is_what_is_said_of_the_clip(backbone: str, prompts: str) -> None:
    predictor = load_predictor(trained(backbone, prompts), "cpu")
    taken = predictor.model.clip_input
    frames = np.random.default_rng(1).integers(0, 255, (40, 64, 64, 3), np.uint8)
    seeing, said = Seeing(predictor), {}
    last = [*range(taken.room + taken.length - 1, 40, taken.room)]
    assert seeing.waits == last[0] + 1
    for number, frame in enumerate(frames):
        seen = seeing(frame, number / 30)
        if seen is not None and seen.new:
            said[number] = seen.probabilities
    shown = [number + -number % seeing.shown.stride for number in last]  # what is said is shown with the next picture
    assert sorted(said) == [number for number in shown if number < 40]
    assert len(said) >= 2
    assert seeing.waits == 0
    for end, probabilities in zip(last, said.values(), strict=False):
        begin = end - taken.length + 1
        windows = pathway_windows(40, taken, begin)
        assert windows.shifted == 0
        clips = [torch.from_numpy(frames[index])[None] for index in windows.indices]
        with torch.no_grad():
            inputs = normalised(clips, taken)
            expected = predictor.model(inputs if len(inputs) > 1 else inputs[0])[0].softmax(0).numpy()
        assert probabilities == pytest.approx(expected, abs=1e-5)


def test_the_pictures_are_those_of_the_layer(video: Path) -> None:
    predictor = load_predictor(trained(), "cpu")
    frames = read_clip(video).frames
    seeing = Seeing(predictor)
    seen = [each for number, frame in enumerate(frames) if (each := seeing(frame, number / 12)) is not None]
    assert [round(each.time * 12) for each in seen] == list(range(2, 24, 2))  # each second frame, the first has none
    assert {round(each.gap, 6) for each in seen} == {round(2 / 12, 6)}
    layer = predictor.model.prompts["clip"]
    pair = normalised([torch.from_numpy(frames[None, 4:7:2])], predictor.model.clip_input)[0]
    with torch.no_grad():
        attention = layer.attention(pair)[0, 0, 0].numpy()
        prompt = layer(pair)[0][0, :, 0].permute(1, 2, 0).numpy() * 0.225 + 0.45
    frame, _, shown, shown_prompt = seen[2].pictures
    assert np.array_equal(frame, frames[6])
    assert shown_prompt == pytest.approx(np.clip(prompt * 255, 0, 255), abs=0.51)
    dark = attention > 0.95
    assert dark.any()
    assert (shown[dark].sum(axis=1) < 250).all()  # dark red is 1
    assert (shown[attention < 0.05].sum(axis=1) > 650).all()  # pale is 0


def test_a_model_without_a_layer_is_looked_at_through_finegyms_pair(video: Path) -> None:
    seeing = Seeing(load_predictor(trained("c2d", "none"), "cpu"))
    assert (seeing.layer.slope.item(), seeing.layer.shift.item()) == (pytest.approx(11.04), pytest.approx(-0.59))


def test_frames_of_another_kind_are_refused() -> None:
    with pytest.raises(ValueError, match=r"frame: expected uint8 RGB \(H, W, 3\), got float32 of shape \(4, 4, 3\)"):
        Seeing(load_predictor(trained(), "cpu"))(np.zeros((4, 4, 3), np.float32), 0.0)  # type: ignore[arg-type]


def test_the_picture_keeps_its_size_and_shows_the_shares(video: Path) -> None:
    predictor = load_predictor(trained(), "cpu")
    seeing = Seeing(predictor)
    seen = [each for number, frame in enumerate(read_clip(video).frames) if (each := seeing(frame, number / 12))][-1]
    waiting = picture_of(seen, seeing.layer, [], 3, waits=5)
    told = picture_of(seen, seeing.layer, [("circle", 1.0), ("line", 0.5)], 3)
    assert waiting.shape == told.shape
    assert waiting.shape[0] % 2 == waiting.shape[1] % 2 == 0
    violet = (told == (0x8E, 0x5B, 0xD0)).all(axis=2)
    widths = violet.sum(axis=1)
    assert sorted(set(widths[widths > 0])) == [told.shape[1] // 2, told.shape[1]]
    assert not (waiting == (0x8E, 0x5B, 0xD0)).all(axis=2).any()
    assert likeliest(np.array([0.2, 0.5, 0.3]), ("a", "b", "c"), 2) == [("b", 0.5), ("c", 0.3)]


# --- sources ---


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def address(long: Path):
    """Of the video behind a web server."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), lambda *a: Quiet(*a, directory=str(long.parent)))
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/{long.name}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_stream_waits_for_the_time_of_each_frame() -> None:
    class Waits:
        """Notes how long it should wait, and does not."""

        def __init__(self) -> None:
            self.asked: list[float] = []

        def wait(self, seconds: float) -> bool:
            self.asked.append(seconds)
            return len(self.asked) > 3

    waits, frame = Waits(), np.zeros((2, 2, 3), np.uint8)
    times = [0.0, 1000.0, 2000.0, 3000.0]
    got = list(_at_its_own_speed(iter([(frame, each) for each in times]), waits))  # type: ignore[arg-type]
    assert [shown for _, shown in got] == times[:3]  # it was asked to stop while it waited for the last one
    assert waits.asked == pytest.approx(times, abs=500)


def test_a_stream_gives_its_frames(address: str, long: Path) -> None:
    source = open_source(address)
    assert (source.rate, source.is_file) == (30, False)
    got = list(source.frames())
    assert len(got) + source.dropped == 60
    assert got[-1][1] == pytest.approx(59 / 30, abs=1e-3)
    assert np.array_equal(got[-1][0], read_clip(long).frames[59])


def test_a_slow_watcher_of_a_stream_loses_old_frames_and_knows_it() -> None:
    frames = [(np.full((2, 2, 3), number, np.uint8), 0.0) for number in range(50)]
    source = LiveSource("fast camera", 30, False, lambda: iter(frames))
    watcher = source.frames()
    first = int(next(watcher)[0][0, 0, 0])
    while source.dropped < 49 - _WAITING - first:
        time.sleep(0.01)
    rest = [int(frame[0, 0, 0]) for frame, _ in watcher]
    assert rest[-1] == 49
    assert source.dropped + 1 + len(rest) == 50


def test_a_stream_that_breaks_is_an_error_where_it_is_watched() -> None:
    def frames():
        yield np.zeros((2, 2, 3), np.uint8), 0.0
        raise VideoError("camera 0", "stopped (it was unplugged)")

    with pytest.raises(VideoError, match="camera 0: stopped"):
        list(LiveSource("camera 0", 30, False, frames).frames())


def test_watching_ends_when_asked(long: Path) -> None:
    predictor = load_predictor(trained(), "cpu")
    seen = list(watch(open_source(str(long)), predictor, seconds=0.5))
    assert seen[-1].time == pytest.approx(14 / 30)
    seen = []
    for each in watch(open_source(str(long)), predictor, stop=lambda: len(seen) >= 4):
        seen.append(each)
    assert len(seen) == 4


def test_sources_that_are_none(tmp_path: Path) -> None:
    for source, reason in (
        ("99", "camera 99: there is no /dev/video99. Is the camera connected"),
        ("http://127.0.0.1:9/none.mp4", r"cannot be opened \(Connection refused\)"),
        (str(tmp_path / "none.mp4"), "no such file"),
        (str(write_audio(tmp_path / "sound.wav")), "has no video stream"),
    ):
        if source == "99" and sys.platform != "linux":
            continue
        with pytest.raises(VideoError, match=reason):
            open_source(source)


# --- the page ---


def _get(address: str, **headers: str) -> bytes:
    with urllib.request.urlopen(urllib.request.Request(address, headers=headers), timeout=10) as answer:
        return answer.read()


def test_the_page_shows_what_is_published() -> None:
    picture = np.full((20, 30, 3), (200, 30, 30), np.uint8)
    with Page() as page:
        assert page.address.startswith("http://127.0.0.1:")
        assert b"/pictures" in _get(page.address)
        assert json.loads(_get(f"{page.address}said"))["text"] == "waiting for the model"
        with urllib.request.urlopen(f"{page.address}pictures", timeout=10) as stream:
            page.publish(picture, [("circle", 0.75)])
            assert stream.headers["Content-Type"].startswith("multipart/x-mixed-replace")
            assert stream.readline() == b"--picture\r\n"
            assert stream.readline() == b"Content-Type: image/jpeg\r\n"
            length = int(stream.readline().split()[-1])
            stream.readline()
            shown = np.asarray(Image.open(io.BytesIO(stream.read(length))))
        assert shown.shape == picture.shape
        assert np.abs(shown.astype(int) - picture).max() < 12
        assert json.loads(_get(f"{page.address}said"))["text"] == "circle 0.75"
        with pytest.raises(urllib.error.HTTPError, match="403") as refused:
            _get(page.address, Host="evil.example")
        refused.value.close()
        with pytest.raises(urllib.error.HTTPError, match="404") as lost:
            _get(f"{page.address}other")
        lost.value.close()
        port = int(page.address.rsplit(":", 1)[1].strip("/"))
        with pytest.raises(ValueError, match=f"port: expected one that is free, got {port}"):
            Page(port)
    with pytest.raises(urllib.error.URLError):
        _get(page.address)


# --- the command ---


def test_a_file_is_recorded(vmp: CommandLine, video: Path, tmp_path: Path) -> None:
    out = tmp_path / "seen" / "live.mp4"
    command = ("live", video, "--weights", trained(), "--no-page", "--device", "cpu", "--threads", "1", "--out", out)
    status, said, errors = vmp(*command)
    assert (status, errors) == (0, "")
    assert said.splitlines()[-2:] == ["11 moments shown", f"wrote {out}"]
    assert "1.33 s" in said.splitlines()[0]  # frame 16 ends the first clip
    info, film = probe(out), read_clip(out)
    assert len(film) == 11
    assert film.times == pytest.approx(np.arange(11) / 6, abs=1e-3)
    assert info.height > info.width / 2
    assert [path.name for path in out.parent.iterdir()] == ["live.mp4"]
    status, _, errors = vmp(*command)
    assert (status, "exists. Choose another file, or allow it to be replaced: --overwrite" in errors) == (2, True)
    assert vmp(*command, "--overwrite", "--seconds", "0.5")[0] == 0
    assert len(read_clip(out)) == 2
    said = vmp("live", "static", "--weights", trained(), "--no-page", "--device", "cpu", "--seconds", "0.5")[1]
    assert "7 moments shown" in said


def test_the_page_of_the_command_and_its_end_by_ctrl_c(tmp_path: Path, long: Path) -> None:
    """The film is whole, no process is left, and the port is free again."""
    out = tmp_path / "live.mp4"
    slow = write_video(tmp_path / "slow.mp4", 250, rate=5)  # fifty seconds
    command = [sys.executable, "-m", "vmp.cli", "live", str(slow), "--weights", str(trained()), "--port", "0"]
    process = subprocess.Popen(
        [*command, "--device", "cpu", "--threads", "1", "--out", str(out)], stdout=subprocess.PIPE, text=True,
        stderr=subprocess.PIPE, env=os.environ | {"PYTHONUNBUFFERED": "1"},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        address = line.split()[1]
        assert line.startswith("slow.mp4: http://127.0.0.1:")
        with urllib.request.urlopen(f"{address}pictures", timeout=60) as stream:
            assert stream.readline() == b"--picture\r\n"
        process.send_signal(signal.SIGINT)
        said, errors = process.communicate(timeout=60)
    finally:
        process.kill()
        process.communicate()
    assert process.returncode == 0, errors
    assert errors == ""
    assert said.splitlines()[-1] == f"wrote {out}"
    with av.open(str(out)) as film:
        shown = sum(1 for _ in film.decode(video=0))
    assert f"{shown} moments shown" in said
    assert 1 <= shown < 100
    with pytest.raises(urllib.error.URLError):
        _get(address)


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        (("--top", "0"), "--top: expected at least 1, got 0"),
        (("--seconds", "0"), "--seconds: expected more than 0, got 0"),
        (("--port", "70000"), "--port: expected 0 to 65535, got 70000"),
        (("--device", "gpu"), "device: expected one of auto, cpu, cuda"),
    ],
)
def test_mistakes_of_the_command(vmp: CommandLine, video: Path, more: tuple[str, ...], reason: str) -> None:
    status, _, errors = vmp("live", video, "--weights", trained(), "--no-page", *more)
    assert status == 2
    assert reason in errors
    assert "Traceback" not in errors


def test_nothing_is_recorded_of_what_cannot_be_watched(vmp: CommandLine, tmp_path: Path) -> None:
    status, _, errors = vmp(
        "live", tmp_path / "none.mp4", "--weights", trained(), "--no-page", "--out", tmp_path / "out.mp4"
    )
    assert (status, "no such file" in errors) == (2, True)
    assert list(tmp_path.iterdir()) == []
