"""The explorer's Python face: traits, errors, clips, the static page."""

from __future__ import annotations

import base64
import io
import re
from pathlib import Path
from typing import Any

import av
import ipywidgets
import numpy as np
import pytest
import torch
import traitlets
from numpy.typing import NDArray
from PIL import Image

import vmp
from vmp.data.video import example_path
from vmp.explorer import still, write_assets
from vmp.explorer.settings import Settings
from vmp.explorer.source import encode, source_of

PLAIN = Settings(11.04, -0.59, 45, "learnable", None, "signed", "normalised", 1)


def noise(count: int = 6, height: int = 48, width: int = 64) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (count, height, width, 3), dtype=np.uint8)


# --- traits ---


def test_the_values_are_synced_traits() -> None:
    explorer = vmp.Explorer(
        "moving", slope=20, shift=0.1, frame=7, norm="gamma", difference="absolute", product="pixels", spacing=3
    )
    names = ("clip", "slope", "shift", "frame", "norm", "norm_parameter", "difference", "product", "spacing")
    assert explorer.get_state(names) == {
        "clip": "moving",
        "slope": 20.0,
        "shift": 0.1,
        "frame": 7,
        "norm": "gamma",
        "norm_parameter": 0.5,
        "difference": "absolute",
        "product": "pixels",
        "spacing": 3,
    }
    assert set(names) <= set(explorer.keys)


def test_ipywidgets_link_and_observe() -> None:
    explorer, slider, seen = vmp.Explorer(), ipywidgets.FloatSlider(min=9.1, max=50, value=30), []
    traitlets.link((slider, "value"), (explorer, "slope"))
    assert explorer.slope == 30
    explorer.observe(lambda change: seen.append(change["new"]), names="slope")
    explorer.set_state({"slope": 12.5})  # as a message from the page does
    assert slider.value == 12.5
    assert seen == [12.5]


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"slope": 9}, r"slope: expected a value from 9.1 to 50, got 9.0"),
        ({"slope": 50.1}, r"slope: expected a value from 9.1 to 50, got 50.1"),
        ({"slope": float("nan")}, r"slope: expected a value from 9.1 to 50, got nan"),
        ({"shift": 0.6}, r"shift: expected a value from -0.599 to 0.599, got 0.6"),
        ({"frame": -1}, r"frame: expected a whole number, at least 0, got -1"),
        ({"spacing": 0}, r"spacing: expected a whole number, at least 1, got 0"),
        (
            {"norm": "sigmoid"},
            r"norm: expected 'learnable' or 'gamma' or 'max_exp' or 'sigm_e' or 'asinh_e', got 'sigmoid'",
        ),
        ({"difference": "both"}, r"difference: expected 'signed' or 'absolute', got 'both'"),
        ({"product": "frame"}, r"product: expected 'normalised' or 'pixels', got 'frame'"),
        (
            {"norm": "gamma", "norm_parameter": 2.0},
            r"norm_parameter of gamma: expected a value from 0.05 to 1, got 2.0",
        ),
        ({"norm_parameter": 2.0}, r"norm_parameter: the learnable norm has none"),
        (
            {"clip": "nowhere.mp4"},
            r"clip: expected 'static' or 'moving', frames, or the path .* there is no file nowhere.mp4",
        ),
        ({"clip": np.zeros((4, 8, 8, 3))}, r"clip: expected uint8 RGB frames of shape \(T, H, W, 3\), got float64"),
        ({"clip": np.zeros((4, 3, 8, 8), np.uint8)}, r"got uint8 of shape \(4, 3, 8, 8\)"),
        ({"clip": np.zeros((1, 8, 8, 3), np.uint8)}, r"clip: expected at least 2 frames"),
        ({"clip": np.zeros((4, 8, 8, 3), np.uint8), "rate": 0}, r"rate: expected frames a second above 0, got 0"),
    ],
)
def test_values_out_of_reach(values: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        vmp.Explorer(**values)


def test_values_out_of_reach_later() -> None:
    explorer = vmp.Explorer()
    for name, value in (("slope", 3.0), ("shift", -0.7), ("norm", "relu"), ("spacing", 0), ("norm_parameter", 3.0)):
        before = getattr(explorer, name)
        with pytest.raises(ValueError, match=name):
            setattr(explorer, name, value)
        assert getattr(explorer, name) == before
    with pytest.raises(ValueError, match="clip: expected one of 'static', 'moving', 'file', 'webcam', got 'own'"):
        explorer.clip = "own"


def test_the_parameter_follows_the_norm() -> None:
    explorer = vmp.Explorer(norm="gamma")
    assert explorer.norm_parameter == 0.5
    explorer.norm = "max_exp"
    assert explorer.norm_parameter == 10
    explorer.norm_parameter = 40
    explorer.norm = "sigm_e"
    assert explorer.norm_parameter == 40  # allowed there too
    explorer.norm = "learnable"
    assert explorer.norm_parameter is None
    explorer.set_state({"norm": "asinh_e", "norm_parameter": 7.0})  # both at once, as the page sends them
    assert (explorer.norm, explorer.norm_parameter) == ("asinh_e", 7)


# --- clips ---


def ask(explorer: vmp.Explorer, content: Any, monkeypatch: pytest.MonkeyPatch) -> list[tuple[Any, Any]]:
    sent: list[tuple[Any, Any]] = []
    monkeypatch.setattr(explorer, "send", lambda message, buffers=None: sent.append((message, buffers)))
    explorer._handle_custom_msg(content, [])
    return sent


def test_a_view_gets_the_clips_bytes_by_message(monkeypatch: pytest.MonkeyPatch) -> None:
    explorer = vmp.Explorer(noise())
    ((message, buffers),) = ask(explorer, {"kind": "clip", "name": "moving"}, monkeypatch)
    assert message == {"kind": "clip", "name": "moving", "type": "video/mp4"}
    assert buffers == [(Path(vmp.__file__).parent / "assets/clips/moving.mp4").read_bytes()]
    ((message, buffers),) = ask(explorer, {"kind": "clip", "name": "own"}, monkeypatch)
    with av.open(io.BytesIO(buffers[0])) as container:
        assert sum(1 for _ in container.decode(video=0)) == 6
    ((message, buffers),) = ask(explorer, {"kind": "clip", "name": "other"}, monkeypatch)
    assert message["error"].startswith("clip: expected 'static' or 'moving', got 'other'")
    assert buffers is None
    assert ask(explorer, {"kind": "something else"}, monkeypatch) == []
    assert ask(explorer, "not even a dictionary", monkeypatch) == []


def test_the_saved_state_has_no_video() -> None:
    state = vmp.Explorer(noise()).get_state()
    assert not any(isinstance(value, bytes | memoryview) for value in state.values())
    values = {name: value for name, value in state.items() if name not in ("_esm", "_css")}
    assert len(repr(values)) < 2000


def test_frames_are_encoded_near_to_what_they_were() -> None:
    clip = vmp.example_clip("static").frames[:10]
    with av.open(io.BytesIO(encode(clip, 30.0))) as container:
        stream = container.streams.video[0]
        assert stream.average_rate == 30
        decoded = np.stack([frame.to_ndarray(format="rgb24") for frame in container.decode(stream)])
    assert decoded.shape == clip.shape
    assert np.abs(decoded.astype(int) - clip).mean() < 3


@pytest.mark.parametrize(
    ("shape", "becomes"), [((50, 71), (50, 72)), ((1080, 1920), (270, 480)), ((300, 100), (300, 100))]
)
def test_sides_become_even_and_at_most_480(shape: tuple[int, int], becomes: tuple[int, int]) -> None:
    with av.open(io.BytesIO(encode([np.zeros((*shape, 3), np.uint8)] * 2, 25.0))) as container:
        stream = container.streams.video[0]
        assert (stream.height, stream.width) == becomes


def test_only_the_first_300_frames_are_taken() -> None:
    data = source_of(np.zeros((310, 16, 16, 3), np.uint8)).data
    with av.open(io.BytesIO(data)) as container:
        assert container.streams.video[0].frames == 300


def test_a_clip_brings_its_name_and_its_spacing() -> None:
    whole = vmp.example_clip("static")
    assert source_of(whole).title == "static.mp4"
    every_third = vmp.Clip(whole.frames[::3], whole.times[::3], path=whole.path, rate=30.0)
    with av.open(io.BytesIO(source_of(every_third).data)) as container:
        assert float(container.streams.video[0].average_rate) == pytest.approx(10, rel=1e-3)


def test_a_small_h264_file_is_handed_over_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "mine.mp4"
    path.write_bytes(encode(noise(), 25.0))
    source = source_of(path)
    assert (source.name, source.title, source.data) == ("own", "mine.mp4", path.read_bytes())


def test_tags_that_are_not_utf8_do_no_harm(tmp_path: Path) -> None:
    path = tmp_path / "tagged.mp4"
    content = Path(example_path("static")).read_bytes()
    assert b"Lavf" in content  # the tag that names the program
    path.write_bytes(content.replace(b"Lavf", b"L\xe9vf"))
    bundle, _ = vmp.Explorer(str(path))._repr_mimebundle_()
    assert "data:image/jpeg" in bundle["text/html"]


def test_another_codec_is_encoded_anew(tmp_path: Path) -> None:
    path = tmp_path / "mine.avi"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 64, 48, "yuv420p"
        for frame in noise(8):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        container.mux(stream.encode())
    with av.open(io.BytesIO(source_of(path).data)) as container:
        assert container.streams.video[0].codec_context.name == "h264"
        assert sum(1 for _ in container.decode(video=0)) == 8
        assert container.streams.video[0].average_rate == 10


def test_a_file_that_is_no_video_is_named(tmp_path: Path) -> None:
    path = tmp_path / "notes.mp4"
    path.write_text("This is no video.")
    with pytest.raises(ValueError, match=r"notes\.mp4"):
        vmp.Explorer(path)


# --- the static page ---


def test_the_mime_bundle_has_both_faces() -> None:
    data, _ = vmp.Explorer("moving", slope=20, norm_parameter=None)._repr_mimebundle_()
    assert "application/vnd.jupyter.widget-view+json" in data
    html = data["text/html"]
    assert '<div class="vmp-explorer" data-clip="moving" data-slope="20" data-shift="-0.59" data-frame="45"' in html
    assert "<noscript>" in html
    assert len(html) < 80_000
    assert "<script" not in html  # an example lies beside explorer.js


def test_the_still_picture_is_the_four_panes() -> None:
    html = vmp.Explorer("static", slope=30, shift=0.03, frame=60).static_html()
    found = re.search(r'src="data:image/jpeg;base64,([^"]+)"', html)
    assert found is not None
    picture = np.asarray(Image.open(io.BytesIO(base64.b64decode(found[1]))).convert("RGB"), np.float32)
    clip = vmp.example_clip("static")
    settings = Settings(30, 0.03, 60, "learnable", None, "signed", "normalised", 1)
    for index, pane in enumerate(still.panes(clip[59], clip[60], settings)):
        height, width = picture.shape[0] // 2, picture.shape[1] // 2
        row, column = divmod(index, 2)
        shown = picture[row * height : (row + 1) * height, column * width : (column + 1) * width]
        expected = np.asarray(Image.fromarray(pane).resize((width, height), Image.Resampling.LANCZOS), np.float32)
        assert np.abs(shown - expected).mean() < 5  # a JPEG


def test_the_panes_are_the_layers() -> None:
    clip = vmp.example_clip("moving")
    past, now = clip[20], clip[21]
    layer = vmp.MotionPrompt.from_slope_shift(20.0, 0.1)
    batch = torch.from_numpy(np.stack([past, now])).permute(3, 0, 1, 2)[None].float() / 255
    with torch.no_grad():
        prompts, _ = layer((batch - 0.45) / 0.225)
        attention = layer.attention((batch - 0.45) / 0.225)[0, 0, 0].numpy()
    settings = Settings(20.0, 0.1, 21, "learnable", None, "signed", "normalised", 1)
    shown = still.panes(past, now, settings)
    expected = (prompts[0, :, 0].permute(1, 2, 0).numpy() * 0.225 + 0.45) * 255
    assert np.abs(shown[3] - expected).max() < 0.51
    assert np.abs(still.attention_of(still.difference_of(past, now), settings) - attention).max() < 1e-5


def test_equal_pixels_differ_by_exactly_nothing() -> None:
    frame = noise(1)[0]
    assert (still.difference_of(frame, frame) == 0).all()
    black, white = np.zeros((1, 1, 3), np.uint8), np.full((1, 1, 3), 255, np.uint8)
    assert still.difference_of(black, white).item() == 1
    assert still.difference_of(white, black).item() == -1
    assert still.difference_of(white, black, absolute=True).item() == 1
    red = np.array([[[255, 0, 0]]], np.uint8)
    assert still.difference_of(black, red).item() == pytest.approx(0.299, abs=1e-7)


def test_odd_norms_are_shown_by_their_size() -> None:
    p = np.array([-0.25, 0.0, 0.25], np.float32)

    def shown(norm: str, parameter: float) -> list[float]:
        settings = Settings(11.04, -0.59, 45, norm, parameter, "signed", "normalised", 1)
        return still.attention_of(p, settings).tolist()

    assert shown("gamma", 0.5) == pytest.approx([0.5, 0, 0.5])
    assert shown("max_exp", 2.0) == pytest.approx([0.4375, 0, 0.4375])  # 1 - 0.75^2
    assert shown("asinh_e", 100.0) == pytest.approx([1, 0, 1])  # asinh 25 = 3.9, cut at 1


def test_an_own_clip_lies_within(tmp_path: Path) -> None:
    path = tmp_path / 'a "strange" <name>.mp4'
    path.write_bytes(encode(noise(), 25.0))
    html = vmp.Explorer(path).static_html()
    assert 'data-title="a &quot;strange&quot; &lt;name&gt;.mp4"' in html
    found = re.search(r'<script type="text/plain" class="vmp-clip-data" data-type="video/mp4">([^<]+)</script>', html)
    assert found is not None
    assert base64.b64decode(found[1]) == path.read_bytes()


def test_a_clip_opened_in_the_page_leaves_the_explorers_own() -> None:
    explorer = vmp.Explorer(noise())
    explorer.clip = "webcam"
    assert 'data-clip="own"' in explorer.static_html()
    example = vmp.Explorer("moving")
    example.clip = "file"
    assert 'data-clip="moving"' in example.static_html()


def test_write_assets(tmp_path: Path) -> None:
    paths = write_assets(tmp_path / "made" / "here")
    assert [path.name for path in paths] == ["explorer.js", "explorer.css", "clip-static.js", "clip-moving.js"]
    found = re.search(r'"base64": "([^"]+)"', paths[3].read_text())
    assert found is not None
    assert base64.b64decode(found[1]) == (Path(vmp.__file__).parent / "assets/clips/moving.mp4").read_bytes()
    assert sum(path.stat().st_size for path in paths) < 500_000
