"""The clip of an explorer as the browser gets it: a small MP4 file."""

from __future__ import annotations

import io
import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from itertools import islice, pairwise
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vmp.data.clip import Clip
from vmp.data.decoder import Decoder
from vmp.data.video import VideoInfo, example_path, iter_frames, probe
from vmp.explorer.settings import EXAMPLES

#: The page reads no more than this of any clip (LIMITS in explorer.js).
MOST_FRAMES, MOST_SECONDS, LONGEST_SIDE = 300, 10.0, 480
_LARGEST_FILE = 8_000_000  # bytes that a file may have to be handed over as it is


@dataclass(frozen=True)
class Source:
    """A clip's name in the page, its title, and the bytes of an MP4 file."""

    name: str
    title: str
    data: bytes
    type: str = "video/mp4"


def source_of(clip: str | os.PathLike[str] | Clip | NDArray[np.uint8], rate: float | None = None) -> Source:
    """An example by its name, a file by its path, or frames, as the page plays them.

    A small H.264 file is handed over as it is. Anything else is encoded (H.264, crf 12, colour at half resolution, even
    sides), which changes pixels by a few grey values: the page computes, exactly, from what it decodes.

    Args:
        clip: "static", "moving", a path, a :class:`vmp.Clip`, or uint8 RGB frames (T, H, W, 3), T >= 2.
        rate: frames a second of an array, 30 unless given.

    Raises:
        ValueError: an array of another shape or dtype, fewer than two frames, a file that is not there or not a video.
    """
    if isinstance(clip, str) and clip in EXAMPLES:
        return Source(clip, EXAMPLES[clip], Path(example_path(clip)).read_bytes())
    if isinstance(clip, str | os.PathLike):
        return _file_source(clip)
    return _frames_source(clip, rate)


def _file_source(path: str | os.PathLike[str]) -> Source:
    if not Path(path).is_file():
        names = " or ".join(map(repr, EXAMPLES))
        raise ValueError(f"clip: expected {names}, frames, or the path of a video file; there is no file {path!s}")
    info = probe(path)
    if _plays_as_it_is(path, info):
        return Source("own", Path(path).name, Path(path).read_bytes())
    frames = (frame for frame, _ in iter_frames(path, duration=MOST_SECONDS, short="shorter"))
    return Source("own", Path(path).name, encode(islice(frames, MOST_FRAMES), info.rate))


def _plays_as_it_is(path: str | os.PathLike[str], info: VideoInfo) -> bool:
    if Path(path).suffix.lower() not in (".mp4", ".m4v", ".mov") or info.codec != "h264":
        return False
    if Path(path).stat().st_size > _LARGEST_FILE or max(info.width, info.height) > LONGEST_SIDE:
        return False
    with Decoder(path) as decoder:
        _, first = next(decoder.frames())
    upright = first.rotation == 0 and first.format.name in ("yuv420p", "yuvj420p")
    return upright and (info.expected_frames or MOST_FRAMES + 1) <= MOST_FRAMES


def _frames_source(clip: Clip | NDArray[np.uint8], rate: float | None) -> Source:
    frames = np.asarray(clip)
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8:
        raise ValueError(
            f"clip: expected uint8 RGB frames of shape (T, H, W, 3), got {frames.dtype} of shape {frames.shape}. "
            "A float clip in [0, 1]: (clip * 255).round().astype('uint8')"
        )
    if len(frames) < 2:
        raise ValueError(f"clip: expected at least 2 frames, since a difference needs two, got {len(frames)}")
    if rate is None and isinstance(clip, Clip):
        # The clip's own spacing, which is not the file's rate where it was read with a stride.
        steps = [later - earlier for earlier, later in pairwise(clip.times) if later > earlier]
        rate = 1 / float(np.median(steps)) if steps else clip.rate
    title = Path(clip.path).name if isinstance(clip, Clip) and clip.path else "Clip"
    return Source("own", title, encode(frames[:MOST_FRAMES], 30.0 if rate is None else rate))


# --- Encoding ---


def encode(frames: Iterable[NDArray[np.uint8]], rate: float) -> bytes:
    """uint8 RGB frames (H, W, 3) as an H.264 MP4 file, scaled to at most 480 pixels on the longer side.

    Raises ValueError for a rate that is not above 0, and where there is no frame.
    """
    if not rate > 0:
        raise ValueError(f"rate: expected frames a second above 0, got {rate}")
    written = io.BytesIO()
    with av.open(written, "w", format="mp4") as container:
        stream: Any = None
        for frame in _converted(frames):
            if stream is None:
                stream = _stream(container, frame, rate)
            container.mux(stream.encode(frame))
        if stream is None:
            raise ValueError("clip: expected at least one frame, got none")
        container.mux(stream.encode())
    return written.getvalue()


def _stream(container: Any, frame: av.VideoFrame, rate: float) -> Any:
    stream = container.add_stream("libx264", rate=Fraction(rate).limit_denominator(1001))
    stream.width, stream.height, stream.pix_fmt = frame.width, frame.height, "yuv420p"
    stream.options = {"crf": "12", "preset": "fast", "g": "30"}
    context = stream.codec_context
    context.color_primaries = context.color_trc = context.colorspace = 1  # BT.709, as the conversion below
    context.color_range = 1
    return stream


def _converted(frames: Iterable[NDArray[np.uint8]]) -> Iterator[av.VideoFrame]:
    for pixels in frames:
        height, width = pixels.shape[:2]
        scale = min(1.0, LONGEST_SIDE / max(height, width))
        even_width, even_height = (max(2, round(side * scale / 2) * 2) for side in (width, height))
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(pixels), format="rgb24")
        yield frame.reformat(even_width, even_height, "yuv420p", dst_colorspace="itu709", interpolation="AREA")
