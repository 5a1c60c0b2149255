"""Small real videos whose frames carry their number, so that a test can tell which frame came back."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

WIDTH, HEIGHT = 64, 48


def numbered(number: int, width: int = WIDTH, height: int = HEIGHT) -> NDArray[np.uint8]:
    """A grey picture of eight upright stripes: the number in binary, up to 255, the lowest bit on the left."""
    bits = (number >> np.arange(8)) & 1
    row = np.where(bits[np.arange(width) * 8 // width], 190, 60).astype(np.uint8)
    return np.broadcast_to(row[None, :, None], (height, width, 3)).copy()


def number_of(frame: NDArray[np.uint8]) -> int:
    width = frame.shape[1]
    middles = (np.arange(8) * 2 + 1) * width // 16
    return int(((frame[4:-4, middles].mean(axis=(0, 2)) > 125) << np.arange(8)).sum())


def numbers_of(frames: Sequence[NDArray[np.uint8]] | NDArray[np.uint8]) -> list[int]:
    return [number_of(frame) for frame in frames]


def write_video(
    path: Path,
    pictures: Sequence[NDArray[np.uint8]] | int = 60,
    *,
    rate: int = 30,
    codec: str = "libx264",
    pixels: str = "yuv420p",
    ticks: Sequence[int] | None = None,
    tick: Fraction | None = None,
    rotation: int | None = None,
    matrix: int | None = None,
    colour_range: int | None = None,
    options: dict[str, str] | None = None,
    container: dict[str, str] | None = None,
    aspect: Fraction | None = None,
    audio: bool = False,
) -> Path:
    """Encode pictures (or so many numbered ones); ``ticks`` are times of showing in units of ``tick``."""
    if isinstance(pictures, int):
        pictures = [numbered(i) for i in range(pictures)]
    height, width, _ = pictures[0].shape
    with av.open(str(path), "w", options=container or {}) as output:
        stream = output.add_stream(codec, rate=rate, options=options or {})
        stream.width, stream.height, stream.pix_fmt = width, height, pixels
        stream.time_base = stream.codec_context.time_base = tick or Fraction(1, rate)
        if rotation is not None:
            stream.set_display_rotation(rotation)
        if matrix is not None:
            stream.codec_context.colorspace = matrix
        if colour_range is not None:
            stream.codec_context.color_range = colour_range
        if aspect is not None:
            stream.codec_context.sample_aspect_ratio = aspect
        sound = output.add_stream("aac", rate=8000) if audio else None
        reformatter = VideoReformatter()
        for i, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24")
            frame = reformatter.reformat(frame, format=pixels, dst_colorspace=matrix, dst_color_range=colour_range)
            frame.pts = i if ticks is None else ticks[i]
            frame.time_base = tick or Fraction(1, rate)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
        if sound is not None:
            silence = np.zeros((1, 8000), np.float32)
            samples = av.AudioFrame.from_ndarray(silence, format="fltp", layout="mono")
            samples.sample_rate, samples.pts, samples.time_base = 8000, 0, Fraction(1, 8000)
            output.mux(sound.encode(samples))
            output.mux(sound.encode())
    return path


def write_audio(path: Path) -> Path:
    with av.open(str(path), "w") as output:
        stream = output.add_stream("pcm_s16le", rate=8000, layout="mono")
        samples = av.AudioFrame.from_ndarray(np.zeros((1, 8000), np.int16), format="s16", layout="mono")
        samples.sample_rate = 8000
        output.mux(stream.encode(samples))
        output.mux(stream.encode())
    return path


def cut(path: Path, fraction: float) -> Path:
    """A copy that ends after this fraction of the bytes, as an interrupted download does."""
    content = path.read_bytes()
    shorter = path.with_name(f"cut_{path.name}")
    shorter.write_bytes(content[: int(len(content) * fraction)])
    return shorter
