"""Reading video in the page: every frame once and in order, the reader's own file, and the webcam."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from conftest import Watch, watch_page
from explorer_page import (
    EXPLORER,
    check_against_torch,
    element,
    settle,
    wait_for_clip,
    wait_for_variation,
    write_page,
    write_video,
)
from numpy.typing import NDArray
from playwright.sync_api import Browser, Page, expect

import vmp

SEEKING = "delete globalThis.VideoDecoder"  # as in a browser without WebCodecs


def numbered(count: int, height: int = 96, width: int = 160) -> list[NDArray[np.uint8]]:
    """Frames that carry their number: the left half its high digit, the right half its low one, base 16, as grey."""
    frames = []
    for i in range(count):
        frame = np.empty((height, width, 3), np.uint8)
        frame[:, : width // 2] = 16 + 12 * (i // 16)
        frame[:, width // 2 :] = 16 + 12 * (i % 16)
        frames.append(frame)
    return frames


_NUMBERS = f"""() => {{
  const {{clip}} = {EXPLORER}, {{width, height, frames}} = clip, digit = (value) => Math.round((value - 16) / 12);
  return frames.map(({{data}}) => {{
    const at = (x) => digit(data[4 * (width * (height >> 1) + Math.round(x * width))]);
    return 16 * at(0.25) + at(0.75);
  }});
}}"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("video")
    write_page(made, element("static", slope=15, shift=0.02), "example.html")
    write_page(made, vmp.Explorer(np.stack(numbered(8, 48, 64)), slope=15, shift=0.02).static_html())
    return made


@pytest.fixture(scope="module", params=["codecs", "seeking"])
def reading(request: pytest.FixtureRequest, browser: Browser, folder: Path) -> Iterator[tuple[Page, Watch]]:
    """A page from disk, by either way of reading."""
    with browser.new_context() as context:
        if request.param == "seeking":
            context.add_init_script(SEEKING)
        page = context.new_page()
        watch = watch_page(page)
        page.goto((folder / "page.html").as_uri())
        wait_for_clip(page, "own")
        yield page, watch
        watch.assert_clean()


def open_file(page: Page, path: Path) -> None:
    page.locator("input[type=file]").set_input_files(path)
    page.wait_for_function(f"(title) => {EXPLORER}.clip.title === title", arg=path.name)
    wait_for_clip(page, "file")


def test_the_example_has_every_frame(reading: tuple[Page, Watch], folder: Path) -> None:
    page, _ = reading
    page.goto((folder / "example.html").as_uri())
    wait_for_clip(page, "static")
    own = vmp.example_clip("static")
    times = page.evaluate(f"{EXPLORER}.clip.times")
    np.testing.assert_allclose(times, own.times, atol=1e-3)
    for index in (0, 1, 60, 118, 119):
        means = page.evaluate(f"[...{EXPLORER}.clip.frames[{index}].data].reduce((sum, v) => sum + v, 0)")
        expected = float(own.frames[index].sum()) + 255 * 480 * 270
        assert means == pytest.approx(expected, rel=0.01)  # decoders differ a little, frames differ by more
    page.goto((folder / "page.html").as_uri())
    wait_for_clip(page, "own")


@pytest.mark.parametrize(
    ("options", "rate"),
    [({"bf": "0", "g": "12"}, 25), ({"bf": "3", "g": "250"}, 30), ({"bf": "2", "g": "30"}, 60)],
    ids=["no-b-frames", "one-key-frame", "sixty"],
)
def test_none_lost_none_doubled(
    reading: tuple[Page, Watch], tmp_path: Path, options: dict[str, str], rate: int
) -> None:
    page, _ = reading
    count = 75
    path = write_video(tmp_path / "numbered.mp4", numbered(count), rate=rate, options={"crf": "10", **options})
    open_file(page, path)
    assert page.evaluate(_NUMBERS) == list(range(count))
    np.testing.assert_allclose(page.evaluate(f"{EXPLORER}.clip.times"), np.arange(count) / rate, atol=1e-3)
    assert page.evaluate(f"{EXPLORER}.clip.longestSpacing") == min(rate, count - 1)


@pytest.mark.parametrize("name", ["numbered.mov", "numbered.webm", "fragmented.mp4"])
def test_other_containers(page: Page, folder: Path, tmp_path: Path, name: str) -> None:
    page.goto((folder / "page.html").as_uri())
    wait_for_clip(page, "own")
    frames = numbered(40)
    if name.endswith("webm"):
        path = write_video(tmp_path / name, frames, codec="libvpx", options={"crf": "4", "b": "2M"})
    elif name.startswith("fragmented"):
        whole = write_video(tmp_path / "whole.mp4", frames, options={"crf": "10"})
        path = tmp_path / name
        with (
            av.open(str(whole)) as read,
            av.open(str(path), "w", options={"movflags": "frag_keyframe+empty_moov"}) as wrote,
        ):
            out = wrote.add_stream_from_template(read.streams.video[0])
            for packet in read.demux(video=0):
                if packet.dts is not None:
                    packet.stream = out
                    wrote.mux(packet)
    else:
        path = write_video(tmp_path / name, frames, options={"crf": "10"})
    open_file(page, path)
    assert page.evaluate(_NUMBERS) == list(range(40))


def test_an_own_file_is_shown_and_computed(reading: tuple[Page, Watch], tmp_path: Path) -> None:
    page, _ = reading
    path = write_video(tmp_path / "mine.mp4", list(vmp.example_clip("moving").frames[:40]), options={"crf": "18"})
    open_file(page, path)
    page.evaluate(f"{EXPLORER}.set({{frame: 22}})")
    settle(page)
    read = check_against_torch(page)
    assert np.abs(read.now.astype(int) - vmp.example_clip("moving")[22]).mean() < 8
    variation = wait_for_variation(page)
    assert variation is not None
    assert variation > 0
    assert page.locator("button[data-value=file]").get_attribute("aria-pressed") == "true"


def test_dropping_a_file_on_the_pictures(page: Page, folder: Path, tmp_path: Path) -> None:
    path = write_video(tmp_path / "dropped.mp4", numbered(12), options={"crf": "10"})
    page.goto((folder / "page.html").as_uri())
    wait_for_clip(page, "own")
    page.evaluate(
        """(bytes) => {
          const transfer = new DataTransfer();
          transfer.items.add(new File([new Uint8Array(bytes)], "dropped.mp4", {type: "video/mp4"}));
          const panes = document.querySelector(".vmp-panes");
          for (const kind of ["dragover", "drop"]) {
            panes.dispatchEvent(new DragEvent(kind, {dataTransfer: transfer, bubbles: true, cancelable: true}));
          }
        }""",
        list(path.read_bytes()),
    )
    wait_for_clip(page, "file")
    assert page.evaluate(_NUMBERS) == list(range(12))


def test_a_long_large_file_is_cut_as_the_page_says(reading: tuple[Page, Watch], tmp_path: Path) -> None:
    page, _ = reading
    frames = [np.full((360, 640, 3), 40 + i, np.uint8) for i in range(130)]
    path = write_video(tmp_path / "long.mp4", frames, rate=10, options={"crf": "30"})
    open_file(page, path)
    clip = page.evaluate(f"(({{width, height, cut, frames}}) => [width, height, cut, frames.length])({EXPLORER}.clip)")
    assert clip == [480, 270, True, 100]  # 10 seconds of 13
    said = page.locator(".vmp-notes").text_content() or ""
    assert "the first 10 seconds are read, at most 300 frames, scaled to at most 480 pixels" in said
    check_against_torch(page)


@pytest.mark.parametrize("turn", [90, 180, 270])
def test_a_turned_file_stands_upright(reading: tuple[Page, Watch], tmp_path: Path, turn: int) -> None:
    page, _ = reading
    stored = np.zeros((96, 160, 3), np.uint8)
    stored[:48] = 200  # bright above
    path = write_video(tmp_path / "plain.mp4", [stored] * 10, options={"crf": "10"})
    turned = set_rotation(path, tmp_path / "turned.mp4", turn)
    upright = vmp.read_clip(turned, num_frames=1)[0]
    open_file(page, turned)
    page.evaluate(f"{EXPLORER}.set({{frame: 5}})")
    settle(page)
    shown = check_against_torch(page).now
    assert shown.shape == upright.shape
    assert np.abs(shown.astype(int) - upright).mean() < 4


def set_rotation(source: Path, target: Path, degrees: int) -> Path:
    """The same file with another display matrix in its track header."""
    data = bytearray(source.read_bytes())
    at = data.index(b"tkhd") + 4 + 40  # version 0
    one = 1 << 16
    cosine, sine = {90: (0, one), 180: (-one, 0), 270: (0, -one)}[degrees]
    matrix = [cosine, sine, 0, -sine, cosine, 0, 0, 0, 1 << 30]
    data[at : at + 36] = b"".join(value.to_bytes(4, "big", signed=True) for value in matrix)
    target.write_bytes(data)
    return target


@pytest.mark.parametrize("kind", ["text", "truncated", "empty", "audio"])
def test_a_file_that_cannot_be_played_is_said(page: Page, folder: Path, tmp_path: Path, kind: str) -> None:
    watch = watch_page(page)
    page.goto((folder / "page.html").as_uri())
    wait_for_clip(page, "own")
    path = tmp_path / f"{kind}.mp4"
    whole = write_video(tmp_path / "whole.mp4", numbered(20)).read_bytes()
    if kind == "audio":
        write_silence(path)
    else:
        path.write_bytes({"text": b"This is no video. " * 50, "truncated": whole[:300], "empty": b""}[kind])
    page.locator("input[type=file]").set_input_files(path)
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text(f"This browser cannot play “{kind}.mp4”", timeout=15000)
    expect(alert).to_contain_text("MP4 with H.264 and WebM")
    wait_for_clip(page, "own")  # the clip before it is back by itself, and the words stay
    expect(alert).to_be_visible()
    page.get_by_role("button", name="Clip", exact=True).click()
    expect(alert).to_be_hidden()
    assert watch.exceptions == []


def write_silence(path: Path) -> None:
    with av.open(str(path), "w") as container:
        stream = container.add_stream("aac", rate=44100)
        frame = av.AudioFrame.from_ndarray(np.zeros((1, 44100), np.float32), format="fltp", layout="mono")
        frame.sample_rate = 44100
        container.mux(stream.encode(frame))
        container.mux(stream.encode())


def test_a_clip_of_two_frames_has_no_variation(page: Page, folder: Path, tmp_path: Path) -> None:
    path = write_video(tmp_path / "two.mp4", numbered(2), options={"crf": "10"})
    page.goto((folder / "page.html").as_uri())
    wait_for_clip(page, "own")
    open_file(page, path)
    assert wait_for_variation(page) is None
    expect(page.locator("[data-readout=variation]")).to_have_text("needs three frames")
    check_against_torch(page)


def test_an_own_clip_lies_in_the_static_page(page: Page, tmp_path: Path) -> None:
    frames = np.stack(numbered(24))
    html = vmp.Explorer(frames, slope=20.0, shift=0.1, frame=12, rate=12.0).static_html()
    write_page(tmp_path, html)
    watch = watch_page(page)
    page.goto((tmp_path / "page.html").as_uri())
    wait_for_clip(page, "own")
    assert page.evaluate(_NUMBERS) == list(range(24))
    assert page.evaluate(f"{EXPLORER}.clip.rate") == pytest.approx(12, rel=1e-3)
    check_against_torch(page)
    page.get_by_role("button", name="Moving camera").click()
    wait_for_clip(page, "moving")
    page.get_by_role("button", name="Clip", exact=True).click()
    wait_for_clip(page, "own")
    watch.assert_clean()


def test_colours_are_those_of_the_array(page: Page, tmp_path: Path) -> None:
    colours = [(200, 30, 40), (30, 180, 60), (40, 60, 200), (230, 220, 40), (128, 128, 128), (250, 250, 250)]
    frame = np.repeat(np.repeat(np.array([colours], np.uint8), 96, axis=0), 32, axis=1)  # (96, 192, 3)
    write_page(tmp_path, vmp.Explorer(np.stack([frame] * 6)).static_html())
    page.goto((tmp_path / "page.html").as_uri())
    wait_for_clip(page, "own")
    shown = check_against_torch(page).now[48, 16::32]
    # H.264 at crf 12 quantises colour: a step of Cb moves blue by two. Another matrix would move it by 30.
    assert np.abs(shown.astype(int) - colours).max() <= 12


# --- the webcam ---


@pytest.fixture
def filmed(browser: Browser, folder: Path, serve: Callable[[Path], str]) -> Iterator[Page]:
    with browser.new_context(permissions=["camera"]) as context:
        page = context.new_page()
        watch = watch_page(page)
        page.goto(f"{serve(folder)}/page.html")
        wait_for_clip(page, "own")
        page.get_by_role("button", name="Webcam").click()
        page.wait_for_function(f"() => {EXPLORER}.clip.live && {EXPLORER}.clip.frames.length > 12")
        yield page
        watch.assert_clean()


def test_the_webcam_is_live_and_stays_as_a_clip(filmed: Page) -> None:
    stop = filmed.get_by_role("button", name="Stop the webcam")
    expect(stop).to_be_visible()
    expect(filmed.locator("[data-readout=variation]")).to_have_text("after stopping")
    expect(filmed.get_by_role("button", name="Play", exact=True)).to_be_disabled()
    drawn = filmed.evaluate(f"{EXPLORER}.drawn")
    filmed.wait_for_function(f"() => {EXPLORER}.drawn > {drawn + 5}")
    tracks = filmed.evaluate_handle(f"{EXPLORER}.camera.stream.getTracks()")
    stop.click()
    wait_for_clip(filmed, "webcam")
    assert tracks.evaluate("(tracks) => tracks.map((track) => track.readyState)") == ["ended"]
    read = check_against_torch(filmed)
    assert (read.now != read.past).any()
    variation = wait_for_variation(filmed)
    assert variation is not None
    assert variation > 0
    expect(filmed.get_by_role("button", name="Play", exact=True)).to_be_enabled()


def test_another_clip_stops_the_webcam(filmed: Page) -> None:
    tracks = filmed.evaluate_handle(f"{EXPLORER}.camera.stream.getTracks()")
    filmed.get_by_role("button", name="Moving camera").click()
    wait_for_clip(filmed, "moving")
    assert tracks.evaluate("(tracks) => tracks.map((track) => track.readyState)") == ["ended"]
    expect(filmed.get_by_role("button", name="Webcam", exact=True)).to_be_visible()


def test_the_webcam_is_refused_in_words(browser: Browser, folder: Path, serve: Callable[[Path], str]) -> None:
    def throws(name: str) -> str:
        return f"navigator.mediaDevices.getUserMedia = async () => {{ throw new DOMException('', '{name}'); }}"

    refusals = {
        "Object.defineProperty(navigator, 'mediaDevices', {value: undefined})": "needs a page from https or localhost",
        throws("NotAllowedError"): "this page was not allowed to use it",
        throws("NotFoundError"): "there is none",
    }
    address = f"{serve(folder)}/page.html"
    for script, words in refusals.items():
        with browser.new_context() as context:
            context.add_init_script(script)
            page = context.new_page()
            watch = watch_page(page)
            page.goto(address)
            wait_for_clip(page, "own")
            page.get_by_role("button", name="Webcam").click()
            expect(page.get_by_role("alert")).to_contain_text(words)
            assert page.evaluate(f"{EXPLORER}.clip.name") == "own"
            watch.assert_clean()
