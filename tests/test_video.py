from __future__ import annotations

import os
import struct
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from av.stream import Disposition
from make_video import HEIGHT, WIDTH, cut, number_of, numbered, numbers_of, write_audio, write_video

import vmp
from vmp.data.clip import Clip, to_tensor
from vmp.data.decoder import Decoder
from vmp.data.video import VideoError, example_path, iter_frames, probe, read_clip

GOP = {"g": "10", "bf": "2", "sc_threshold": "0"}
#: Every kind of timing: with and without B-frames, millisecond ticks, decoding order only, and none at all.
FORMATS = [
    ("h264.mp4", "libx264", "yuv420p", GOP),
    ("h264.mkv", "libx264", "yuv420p", GOP),
    ("h264.ts", "libx264", "yuv420p", GOP),
    ("h264.flv", "libx264", "yuv420p", GOP),
    ("h264.avi", "libx264", "yuv420p", GOP),
    ("raw.h264", "libx264", "yuv420p", GOP),
    ("mpeg4.avi", "mpeg4", "yuv420p", {"g": "10", "b": "4M"}),
    ("mpeg4b.avi", "mpeg4", "yuv420p", {"g": "10", "bf": "2", "b": "4M"}),
    ("mjpeg.avi", "mjpeg", "yuvj420p", {}),
    ("mpeg1.mpg", "mpeg1video", "yuv420p", {"g": "10", "bf": "2", "b": "4M"}),
    ("vp8.webm", "libvpx", "yuv420p", {"g": "10", "deadline": "realtime"}),
    ("vp9.webm", "libvpx-vp9", "yuv420p", {"g": "10", "deadline": "realtime"}),
]


@pytest.fixture(scope="module", params=FORMATS, ids=[name for name, *_ in FORMATS])
def any_format(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    name, codec, pixels, options = request.param
    path = tmp_path_factory.mktemp("formats") / name
    return write_video(path, 90, codec=codec, pixels=pixels, options=options)


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds, 30 frames a second, a key frame every 10, B-frames."""
    return write_video(tmp_path_factory.mktemp("video") / "numbered.mp4", 90, options=GOP)


# --- which frames come back ---


@pytest.mark.parametrize("start", [0, 7, 9, 10, 11, 29, 30, 45, 61])
def test_stride_gives_the_asked_frames(any_format: Path, start: int) -> None:
    clip = read_clip(any_format, 5, stride=7, start=start / 30)
    expected = [start + 7 * k for k in range(5)]
    assert numbers_of(clip.frames) == expected
    np.testing.assert_allclose(clip.times, np.array(expected) / 30, atol=6e-4)  # Matroska's ticks are 1 ms


@pytest.mark.parametrize("start", [0, 10, 33])
def test_spacing_gives_the_frames_shown_then(any_format: Path, start: int) -> None:
    clip = read_clip(any_format, 6, spacing=0.25, start=start / 30)
    assert numbers_of(clip.frames) == [start + int(7.5 * k) for k in range(6)]


def test_all_frames_by_default(any_format: Path) -> None:
    assert numbers_of(read_clip(any_format).frames) == list(range(90))


def test_spacing_of_one_frame_is_every_frame(any_format: Path) -> None:
    assert numbers_of(read_clip(any_format, 40, spacing=1 / 30).frames) == list(range(40))


def test_start_between_frames_gives_the_one_on_the_screen(video: Path) -> None:
    assert numbers_of(read_clip(video, 1, start=0.999).frames) == [29]
    assert numbers_of(read_clip(video, 1, start=1.0).frames) == [30]
    assert numbers_of(read_clip(video, 1, start=1.02).frames) == [30]
    assert numbers_of(read_clip(video, 1, start=2.99).frames) == [89]


def test_spacing_finer_than_the_frames_gives_a_frame_twice(video: Path) -> None:
    clip = read_clip(video, 5, spacing=1 / 60)
    assert numbers_of(clip.frames) == [0, 0, 1, 1, 2]
    np.testing.assert_allclose(clip.times, [0, 0, 1 / 30, 1 / 30, 2 / 30])
    assert clip.repeated == 0


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".webm"])
def test_variable_frame_rate(tmp_path: Path, suffix: str) -> None:
    ticks = [0, 100, 150, 900, 1000, 1010, 2500, 3000]  # milliseconds
    codec = "libvpx-vp9" if suffix == ".webm" else "libx264"
    path = write_video(tmp_path / f"variable{suffix}", 8, codec=codec, ticks=ticks, tick=Fraction(1, 1000))
    clip = read_clip(path, 6, spacing=0.5)
    # at 0, .5, 1, 1.5, 2 and 2.5 s the screen shows
    assert numbers_of(clip.frames) == [0, 2, 4, 5, 5, 6]
    np.testing.assert_allclose(clip.times, [0, 0.15, 1, 1.01, 1.01, 2.5], atol=1e-6)
    by_stride = read_clip(path, 3, stride=3, start=0.12)
    assert numbers_of(by_stride.frames) == [1, 4, 7]
    np.testing.assert_allclose(by_stride.times, [0.1, 1, 3], atol=1e-6)


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
def test_times_count_from_the_first_frame(tmp_path: Path, suffix: str) -> None:
    ticks = [300 + i for i in range(40)]  # the first frame at 10 s
    path = write_video(tmp_path / f"late{suffix}", 40, ticks=ticks, options=GOP)
    clip = read_clip(path, 3, stride=5, start=0.5)
    assert numbers_of(clip.frames) == [15, 20, 25]
    np.testing.assert_allclose(clip.times, [15 / 30, 20 / 30, 25 / 30], atol=6e-4)


def test_negative_times_count_from_the_first_frame(tmp_path: Path) -> None:
    with_negative = {"avoid_negative_ts": "disabled", "use_editlist": "0", "movflags": "negative_cts_offsets"}
    path = write_video(
        tmp_path / "early.mp4", 40, ticks=[i - 7 for i in range(40)], options=GOP, container=with_negative
    )
    clip = read_clip(path, 4, stride=9, start=0.1)
    assert numbers_of(clip.frames) == [3, 12, 21, 30]
    np.testing.assert_allclose(clip.times, [0.1, 0.4, 0.7, 1.0], atol=1e-6)


def test_file_without_any_times_counts_frames(tmp_path: Path) -> None:
    path = write_video(tmp_path / "untimed.h264", 40, options=GOP)
    with av.open(str(path)) as container:
        assert container.streams.video[0].start_time is None
    clip = read_clip(path, 3, stride=4, start=1.0)
    assert numbers_of(clip.frames) == [30, 34, 38]
    np.testing.assert_allclose(clip.times, [1.0, 34 / 30, 38 / 30])


# --- only what it must ---


class _Counts:
    """How many frames were decoded and how many converted."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.decoded = self.converted = 0
        decode, to_rgb = Decoder._decode, Decoder.to_rgb

        def counting_decode(decoder: Decoder, from_beginning: bool):  # type: ignore[no-untyped-def]
            for shown in decode(decoder, from_beginning):
                self.decoded += 1
                yield shown

        def counting_to_rgb(decoder: Decoder, frame: av.VideoFrame) -> np.ndarray:
            self.converted += 1
            return to_rgb(decoder, frame)

        monkeypatch.setattr(Decoder, "_decode", counting_decode)
        monkeypatch.setattr(Decoder, "to_rgb", counting_to_rgb)


def test_frames_not_asked_for_are_not_converted(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = _Counts(monkeypatch)
    read_clip(video, 9, stride=8)
    assert counts.converted == 9
    assert counts.decoded == 8 * 8 + 1 + 1  # up to the last one, and the next, which tells until when it is shown


def test_decoding_begins_at_the_key_frame_before(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = _Counts(monkeypatch)
    assert numbers_of(read_clip(video, 2, start=75 / 30).frames) == [75, 76]
    assert counts.converted == 2
    assert counts.decoded == 8  # 70 to 76, and 77


@pytest.mark.parametrize("name", ["jump.mp4", "jump.mkv", "jump.avi"])
def test_spacing_passes_over_groups_of_frames(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    codec, options = ("mpeg4", {"g": "10", "b": "4M"}) if name.endswith("avi") else ("libx264", GOP)
    path = write_video(tmp_path / name, 200, codec=codec, options=options)
    counts = _Counts(monkeypatch)
    clip = read_clip(path, 5, spacing=1.5)
    assert numbers_of(clip.frames) == [0, 45, 90, 135, 180]
    assert counts.converted == 5
    assert counts.decoded < 60


def test_iter_frames_converts_only_its_frames(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    counts = _Counts(monkeypatch)
    assert len(list(iter_frames(video, stride=30))) == 3
    assert counts.converted == 3


# --- orientation, size, colour ---


def _corners() -> np.ndarray:
    picture = np.zeros((HEIGHT, WIDTH, 3), np.uint8)
    picture[: HEIGHT // 2, : WIDTH // 2] = (220, 40, 40)
    picture[: HEIGHT // 2, WIDTH // 2 :] = (40, 220, 40)
    picture[HEIGHT // 2 :, : WIDTH // 2] = (40, 40, 220)
    picture[HEIGHT // 2 :, WIDTH // 2 :] = (230, 230, 230)
    return picture


def _with_matrix(path: Path, a: int, b: int, c: int, d: int) -> Path:
    """Set the display matrix in an mp4's track header: x' = a x + c y, y' = b x + d y."""
    content = bytearray(path.read_bytes())
    identity = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 0x40000000)
    at = content.index(identity, content.index(b"tkhd"))
    content[at : at + 36] = struct.pack(">9i", a << 16, b << 16, 0, c << 16, d << 16, 0, 0, 0, 0x40000000)
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("matrix", "turned"),
    [
        ((1, 0, 0, 1), lambda picture: picture),
        ((0, 1, -1, 0), lambda picture: np.rot90(picture, -1)),  # a phone held upright: a quarter turn clockwise
        ((0, -1, 1, 0), lambda picture: np.rot90(picture, 1)),
        ((-1, 0, 0, -1), lambda picture: np.rot90(picture, 2)),
        ((-1, 0, 0, 1), lambda picture: picture[:, ::-1]),  # a mirrored front camera
        ((1, 0, 0, -1), lambda picture: picture[::-1]),
        ((0, 1, 1, 0), lambda picture: picture.swapaxes(0, 1)),
        ((0, -1, -1, 0), lambda picture: np.rot90(picture, 2).swapaxes(0, 1)),
    ],
)
def test_rotation_and_mirroring_are_applied(tmp_path: Path, matrix, turned) -> None:  # type: ignore[no-untyped-def]
    path = write_video(tmp_path / "turned.mp4", [_corners()] * 2, options={"crf": "5"})
    clip = read_clip(_with_matrix(path, *matrix))
    expected = turned(_corners())
    assert clip.shape == (2, *expected.shape)
    assert np.abs(clip[0].astype(int) - expected).mean() < 8  # the edges between the colours are blurred
    assert probe(path).width == expected.shape[1]
    assert probe(path).height == expected.shape[0]


def test_rotation_as_ffmpeg_writes_it(tmp_path: Path) -> None:
    path = write_video(tmp_path / "turned.mkv", [_corners()] * 2, rotation=90, options={"crf": "5"})
    assert np.abs(read_clip(path)[0].astype(int) - np.rot90(_corners(), 1)).mean() < 8


@pytest.mark.parametrize(
    ("name", "codec", "pixels", "size"),
    [
        ("odd.webm", "libvpx-vp9", "yuv420p", (65, 49)),
        ("odd.mp4", "libx264", "yuv444p", (37, 21)),
        ("odd.avi", "mpeg4", "yuv420p", (51, 33)),
        ("tiny.mkv", "ffv1", "yuv444p", (9, 9)),
    ],
)
def test_odd_sizes(tmp_path: Path, name: str, codec: str, pixels: str, size: tuple[int, int]) -> None:
    width, height = size
    pictures = [numbered(i, width, height) for i in range(4)]
    path = write_video(tmp_path / name, pictures, codec=codec, pixels=pixels)
    clip = read_clip(path)
    assert clip.shape == (4, height, width, 3)
    assert abs(clip[3].mean() - pictures[3].mean()) < 6
    assert clip.frames.flags.c_contiguous


@pytest.mark.parametrize(("pixels", "size"), [("gray16le", 2), ("yuv420p10le", 3), ("bgra", 4)])
def test_other_pixel_formats_become_rgb(tmp_path: Path, pixels: str, size: int) -> None:
    path = write_video(tmp_path / "format.mkv", 3, codec="ffv1", pixels=pixels)
    clip = read_clip(path)
    assert clip.dtype == np.uint8
    assert numbers_of(clip.frames) == [0, 1, 2]


# Worked out from the definitions: Y = Kr R + Kg G + Kb B, Cb = (B - Y) / (2 - 2 Kb), Cr = (R - Y) / (2 - 2 Kr).
@pytest.mark.parametrize(("matrix", "tagged"), [(1, True), (5, True), (5, False)])
def test_colour_matrix_is_the_stated_one_or_bt601(tmp_path: Path, matrix: int, tagged: bool) -> None:
    colour = (200, 30, 60)
    path = tmp_path / "colour.mp4"
    picture = np.full((HEIGHT, WIDTH, 3), colour, np.uint8)
    kr, kb = {1: (0.2126, 0.0722), 5: (0.299, 0.114)}[matrix]
    luma = kr * colour[0] + (1 - kr - kb) * colour[1] + kb * colour[2]
    write_video(path, [picture], matrix=matrix if tagged else None, options={"crf": "1"})
    with av.open(str(path)) as container:
        stored = next(container.decode(video=0))
        # what the file holds, so that the test does not lean on the conversion that it tests
        assert abs(int(np.frombuffer(stored.planes[0], np.uint8)[5]) - (16 + 219 * luma / 255)) < 2
        assert stored.colorspace == (matrix if tagged else 2)  # 2: not stated
    np.testing.assert_allclose(read_clip(path)[0, 20, 20], colour, atol=3)


def test_full_range_is_read_as_full_range(tmp_path: Path) -> None:
    picture = np.full((HEIGHT, WIDTH, 3), 250, np.uint8)
    path = write_video(tmp_path / "full.mp4", [picture], matrix=5, colour_range=2, options={"crf": "1"})
    np.testing.assert_allclose(read_clip(path)[0, 20, 20], 250, atol=2)


def test_pixel_aspect_is_told_and_not_applied(tmp_path: Path) -> None:
    path = write_video(tmp_path / "anamorphic.mp4", 3, aspect=Fraction(16, 11))
    assert probe(path).pixel_aspect == Fraction(16, 11)
    assert read_clip(path).shape[1:] == (HEIGHT, WIDTH, 3)


def test_a_size_that_changes_is_refused(tmp_path: Path) -> None:
    small = write_video(tmp_path / "small.h264", 5)
    large = write_video(tmp_path / "large.h264", [numbered(i, 96, 64) for i in range(5)])
    path = tmp_path / "both.h264"
    path.write_bytes(small.read_bytes() + large.read_bytes())
    with pytest.raises(VideoError, match=r"both.h264: the frame size changes from 64x48 to 96x64"):
        read_clip(path)


# --- files that cannot be read ---


def test_errors_name_the_file_and_the_reason(tmp_path: Path) -> None:
    empty, text, noise = tmp_path / "empty.mp4", tmp_path / "notes.txt", tmp_path / "noise.mp4"
    empty.touch()
    text.write_text("not a video\n" * 50)
    noise.write_bytes(bytes(range(256)) * 40)
    cases = {
        tmp_path / "missing.mp4": "missing.mp4: no such file",
        tmp_path: "is a directory, expected a video file",
        empty: r"empty.mp4: is empty \(0 bytes\)",
        text: "notes.txt: has no video stream",
        noise: r"noise.mp4: cannot be opened as a video \(Invalid data found",
        write_audio(tmp_path / "sound.wav"): r"sound.wav: has no video stream \(it has: audio\)",
    }
    for path, reason in cases.items():
        for read in (read_clip, probe, lambda path: next(iter_frames(path))):
            with pytest.raises(VideoError, match=reason):
                read(path)
    assert issubclass(VideoError, ValueError)


def test_what_is_not_a_regular_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.mp4")
    with pytest.raises(VideoError, match=r"pipe.mp4: is not a regular file, expected a video file"):
        read_clip(tmp_path / "pipe.mp4")


def test_a_file_that_may_not_be_read(video: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: mode != os.R_OK)  # the superuser may read everything
    with pytest.raises(VideoError, match=r"numbered.mp4: may not be read by this user: permission denied"):
        read_clip(video)


def test_a_cover_picture_is_no_video(tmp_path: Path) -> None:
    path = tmp_path / "song.mp4"
    with av.open(str(path), "w") as output:
        sound = output.add_stream("aac", rate=8000, layout="mono")
        cover = output.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = WIDTH, HEIGHT, "rgb24"
        cover.disposition = Disposition.attached_pic
        picture = av.VideoFrame.from_ndarray(_corners(), format="rgb24")
        picture.pts, picture.time_base = 0, Fraction(1, 1)
        output.mux([*cover.encode(picture), *cover.encode()])
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.float32), format="fltp", layout="mono")
        silence.sample_rate = 8000
        output.mux([*sound.encode(silence), *sound.encode()])
    with pytest.raises(VideoError, match=r"song.mp4: has no video stream \(it has: audio\)"):
        read_clip(path)


def test_a_video_without_frames(tmp_path: Path) -> None:
    whole = write_video(tmp_path / "whole.mkv", 30)
    path = tmp_path / "head.mkv"
    content = whole.read_bytes()
    path.write_bytes(content[: content.index(bytes.fromhex("1f43b675"))])  # up to the first cluster
    with pytest.raises(VideoError, match=r"head.mkv"):
        read_clip(path, 4)
    with pytest.raises(VideoError, match=r"head.mkv"):
        probe(path)


@pytest.mark.parametrize("name", ["clip 100%03d.mp4", "a:b.mp4", "(x)#!&.mp4", "-dash.mp4", "é.mp4"])
def test_awkward_file_names(tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "plain.mp4").write_bytes(Path(example_path("static")).read_bytes())
    (tmp_path / "plain.mp4").rename(tmp_path / name)
    monkeypatch.chdir(tmp_path)
    assert len(read_clip(name, 2)) == 2


def test_tags_that_are_not_utf8_do_no_harm(tmp_path: Path) -> None:
    path = write_video(tmp_path / "tagged.mp4", 3)
    content = path.read_bytes()
    assert b"Lavf" in content  # the tag that names the program
    path.write_bytes(content.replace(b"Lavf", b"L\xe9vf"))
    assert numbers_of(read_clip(path).frames) == [0, 1, 2]


def _moving_noise(count: int) -> list[np.ndarray]:
    """Frames that do not compress away, so that a part of the bytes is a part of the time."""
    generator = np.random.default_rng(0)
    return [generator.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8) // 4 + numbered(i) // 2 for i in range(count)]


@pytest.mark.parametrize("fraction", [0.5, 0.9, 0.97])
def test_a_file_whose_index_is_cut_off_cannot_be_opened(tmp_path: Path, fraction: float) -> None:
    path = write_video(tmp_path / "index_last.mp4", _moving_noise(30), options={"bf": "0"})
    with pytest.raises(VideoError, match=r"cut_index_last.mp4: .* truncated"):
        read_clip(cut(path, fraction))


@pytest.mark.parametrize(
    ("name", "codec", "options", "container"),
    [
        ("start.mp4", "libx264", {"g": "10"}, {"movflags": "faststart"}),
        ("whole.mkv", "libx264", {"g": "10"}, {}),
        ("whole.webm", "libvpx-vp9", {"g": "10"}, {}),
        ("whole.avi", "mpeg4", {"g": "10", "b": "8M"}, {}),
    ],
)
def test_truncated_file(
    tmp_path: Path, name: str, codec: str, options: dict[str, str], container: dict[str, str]
) -> None:
    path = write_video(tmp_path / name, _moving_noise(60), codec=codec, options=options, container=container)
    whole, path = read_clip(path), cut(path, 0.6)
    with pytest.raises(VideoError, match=r"is truncated: it promises 2\.00 s, its frames end at [01]\.\d+ s"):
        read_clip(path)
    with pytest.raises(VideoError, match=r"expected 12 frames with stride 5 from 0 s, found .* truncated"):
        read_clip(path, 12, stride=5)
    with pytest.raises(VideoError, match="truncated"):
        list(iter_frames(path))
    with pytest.raises(VideoError, match="truncated"):
        read_clip(path, 2, start=1.9)
    found = read_clip(path, short="shorter")
    assert 20 < len(found) < 50
    # what is there is whole: no half-decoded frame at the cut
    np.testing.assert_array_equal(found.frames, whole.frames[: len(found)])
    assert len(list(iter_frames(path, short="shorter"))) == len(found)
    np.testing.assert_array_equal(read_clip(path, 3, stride=5).frames, whole.frames[:15:5])


def test_damaged_file(tmp_path: Path) -> None:
    path = write_video(tmp_path / "damaged.avi", _moving_noise(30), codec="mjpeg", pixels="yuvj420p")
    with av.open(str(path)) as container:
        at, size = [(packet.pos, packet.size) for packet in container.demux(video=0) if packet.size][15]
    content = bytearray(path.read_bytes())
    content[at + 8 : at + 8 + size] = bytes(size)
    path.write_bytes(content)
    with pytest.raises(VideoError, match=r"damaged.avi: the file is damaged: decoding stops after 0\.\d+ s"):
        read_clip(path)
    assert 8 <= len(read_clip(path, short="shorter")) <= 15


# --- videos that are too short ---


def test_too_short_is_an_error_that_says_what_to_do(video: Path) -> None:
    expected = (
        r"numbered.mp4: expected 9 frames with stride 32 from 0 s, found 3: the video ends at 3.00 s. "
        r"Ask for fewer or closer frames or an earlier start, or choose short='repeat_last', 'loop' or 'shorter'"
    )
    with pytest.raises(VideoError, match=expected):
        read_clip(video, 9, stride=32)
    with pytest.raises(VideoError, match=r"expected 9 frames 1 s apart from 0.5 s, found 3"):
        read_clip(video, 9, spacing=1.0, start=0.5)


def test_repeat_last_counts(video: Path) -> None:
    clip = read_clip(video, 6, stride=30, start=0.5, short="repeat_last")
    assert numbers_of(clip.frames) == [15, 45, 75, 75, 75, 75]
    assert clip.repeated == 3
    np.testing.assert_allclose(clip.times, [0.5, 1.5, 2.5, 2.5, 2.5, 2.5])


def test_looping_counts_and_warns(video: Path) -> None:
    with pytest.warns(UserWarning, match=r"numbered.mp4: 4 of 7 frames are the clip's own again"):
        clip = read_clip(video, 7, stride=30, short="loop")
    assert numbers_of(clip.frames) == [0, 30, 60, 0, 30, 60, 0]
    assert clip.repeated == 4


def test_shorter_gives_what_there_is(video: Path) -> None:
    clip = read_clip(video, 7, stride=30, short="shorter")
    assert numbers_of(clip.frames) == [0, 30, 60]
    assert clip.repeated == 0


@pytest.mark.parametrize("short", ["error", "repeat_last", "loop", "shorter"])
def test_a_start_after_the_end_is_always_an_error(video: Path, short: str) -> None:
    with pytest.raises(VideoError, match=r"start: expected a time before the video's end at 3.00 s, got 3.5 s"):
        read_clip(video, 2, start=3.5, short=short)  # type: ignore[arg-type]
    with pytest.raises(VideoError, match=r"expected a time before the video's end"):
        next(iter_frames(video, start=1000))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"num_frames": 0}, "num_frames: expected a whole number, at least 1, or None for all to the end, got 0"),
        ({"num_frames": 2.5}, "num_frames: expected a whole number, .* got 2.5"),
        ({"stride": 2, "spacing": 0.1}, "stride and spacing: expected one of them"),
        ({"stride": 0}, "stride: expected a whole number of frames, at least 1, got 0"),
        ({"stride": 1.5}, "stride: expected a whole number"),
        ({"stride": 2.0}, "stride: expected a whole number"),
        ({"stride": float("nan")}, "stride: expected a whole number"),
        ({"spacing": 0.0}, "spacing: expected seconds above 0"),
        ({"spacing": float("nan")}, "spacing: expected seconds above 0"),
        ({"start": -1.0}, "start: expected seconds from the video's first frame, at least 0, got -1"),
        ({"short": "cycle"}, "short: expected one of 'error', 'repeat_last', 'loop', 'shorter', got 'cycle'"),
    ],
)
def test_argument_errors(video: Path, arguments: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        read_clip(video, **arguments)  # type: ignore[arg-type]


# --- iter_frames, probe, examples ---


def test_iter_frames_is_read_clip_one_at_a_time(any_format: Path) -> None:
    clip = read_clip(any_format, 10, stride=3, start=0.6)
    pairs = list(iter_frames(any_format, stride=3, start=0.6, duration=1.0))
    np.testing.assert_array_equal(np.stack([frame for frame, _ in pairs]), clip.frames)
    assert [time for _, time in pairs] == list(clip.times)


def test_iter_frames_errors(video: Path) -> None:
    with pytest.raises(ValueError, match="duration: expected seconds above 0"):
        iter_frames(video, duration=0)
    with pytest.raises(ValueError, match="short: expected 'error' or 'shorter', got 'loop'"):
        iter_frames(video, short="loop")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="stride"):
        iter_frames(video, stride=0)


def test_probe(video: Path) -> None:
    info = probe(video)
    assert (info.width, info.height, info.rate, info.frames, info.codec) == (WIDTH, HEIGHT, 30.0, 90, "h264")
    assert info.duration == pytest.approx(3.0)
    assert info.pixel_aspect == 1
    assert info.expected_frames == 90


def test_probe_of_a_container_that_does_not_count(tmp_path: Path) -> None:
    info = probe(write_video(tmp_path / "uncounted.mkv", 45))
    assert info.frames is None
    assert info.expected_frames == 45


@pytest.mark.parametrize("name", ["static", "moving"])
def test_example_clips(name: str) -> None:
    clip = vmp.example_clip(name)
    assert clip.shape == (120, 270, 480, 3)
    np.testing.assert_allclose(clip.times, np.arange(120) / 30, atol=1e-9)
    assert np.abs(clip[0].astype(int) - clip[60]).mean() > 1


def test_example_clip_names() -> None:
    with pytest.raises(ValueError, match="example clip: expected 'static' or 'moving', got 'statik'"):
        vmp.example_clip("statik")  # type: ignore[arg-type]


def test_one_thread_gives_the_same(video: Path) -> None:
    one, many = read_clip(video, 5, stride=9, start=1.1, threads=1), read_clip(video, 5, stride=9, start=1.1)
    np.testing.assert_array_equal(one.frames, many.frames)


def test_sound_beside_the_video_does_no_harm(tmp_path: Path) -> None:
    path = write_video(tmp_path / "sound.mp4", 30, audio=True)
    assert numbers_of(read_clip(path, 3, stride=10).frames) == [0, 10, 20]
    assert len(read_clip(path)) == 30


# --- Clip ---


def test_a_clip_is_an_array_where_one_is_wanted(video: Path) -> None:
    clip = read_clip(video, 4)
    assert clip.shape == np.asarray(clip).shape == (4, HEIGHT, WIDTH, 3)
    assert (len(clip), clip.ndim, clip.dtype) == (4, 4, np.uint8)
    assert np.asarray(clip) is clip.frames
    np.testing.assert_array_equal(clip[1:3], clip.frames[1:3])
    np.testing.assert_array_equal(np.stack(list(clip)), clip.frames)
    assert np.array(clip, dtype=np.float32).dtype == np.float32
    assert repr(clip).endswith("4 frames of 64x48, 0.000 to 0.100 s)")
    assert clip.path == str(video)
    assert clip.rate == 30
    assert clip.times.dtype == np.float64


def test_tensor_values_by_hand() -> None:
    frames = np.zeros((2, 1, 1, 3), np.uint8)
    frames[0, 0, 0] = (255, 51, 0)
    clip = Clip(frames, np.array([0.0, 0.1]))
    pixels = clip.tensor()
    assert pixels.shape == (1, 3, 2, 1, 1)
    assert pixels.dtype == torch.float32
    assert pixels[0, :, 0, 0, 0].tolist() == pytest.approx([1.0, 0.2, 0.0])
    normalised = clip.tensor(mean=(0.5, 0.1, 0.2), std=(0.25, 0.5, 0.1), layout="BTCHW")
    assert normalised.shape == (1, 2, 3, 1, 1)
    assert normalised[0, 0, :, 0, 0].tolist() == pytest.approx([2.0, 0.2, -2.0])


def test_tensor_goes_into_the_layer() -> None:
    layer = vmp.MotionPrompt.from_slope_shift(11.04, -0.59, layout="BTCHW")
    clip = vmp.example_clip("static")
    prompts, _ = layer(to_tensor(clip.frames[None, ::40, ::8, ::8], layer.mean, layer.std, "BTCHW"))
    assert prompts.shape == (1, 2, 3, 34, 60)


def test_tensor_errors() -> None:
    clip = Clip(np.zeros((2, 4, 4, 3), np.uint8), np.zeros(2))
    with pytest.raises(ValueError, match="layout: expected 'BCTHW' or 'BTCHW', got 'THWC'"):
        clip.tensor(layout="THWC")  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="mean and std: expected both or neither"):
        clip.tensor(mean=(0.5, 0.5, 0.5))
    with pytest.raises(ValueError, match="std: expected positive values"):
        clip.tensor(mean=(0.5, 0.5, 0.5), std=(0.1, 0.0, 0.1))
    with pytest.raises(ValueError, match="mean: expected 3 values"):
        clip.tensor(mean=(0.5,), std=(0.1, 0.1, 0.1))


def test_clip_errors() -> None:
    with pytest.raises(ValueError, match=r"frames: expected uint8 of shape \(T, H, W, 3\), got float64"):
        Clip(np.zeros((2, 4, 4, 3)), np.zeros(2))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"frames: expected uint8 .* shape \(4, 4, 3\)"):
        Clip(np.zeros((4, 4, 3), np.uint8), np.zeros(4))
    with pytest.raises(ValueError, match=r"times: expected one a frame, shape \(2,\), got shape \(3,\)"):
        Clip(np.zeros((2, 4, 4, 3), np.uint8), np.zeros(3))


def test_numbers_survive_encoding() -> None:
    assert [number_of(numbered(i)) for i in (0, 15, 16, 199, 255)] == [0, 15, 16, 199, 255]
