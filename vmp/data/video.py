"""Reading video: the frames asked for, as uint8 RGB, with the times at which they are shown.

>>> import vmp
>>> clip = vmp.example_clip("moving")
>>> clip.shape
(120, 270, 480, 3)

What is done with a file's oddities:

- Times are seconds from the video's first frame, whatever time the container gives that frame.
- Rotation and mirroring in the metadata are applied, other angles than quarter turns are rounded to one.
- Pixels come as they are stored: non-square ones (sample aspect ratio) are not stretched, interlaced lines are not
  separated; :func:`probe` tells the ratio.
- Colour is converted by the matrix and range that the file states (BT.709, BT.601, ...), or by BT.601 with limited
  range where it states none, which is FFmpeg's choice; players may choose BT.709. Chroma is interpolated bilinearly,
  transparency is dropped, deeper pixels are rounded to 8 bits.
- Raw streams, MPEG program streams and AVI files with B-frames cannot be entered in the middle with exact times: they
  are decoded from the beginning. For random access into long ones, put them into MP4 or Matroska first.
- Of several video streams the first is read; a cover picture is not a video.
"""

from __future__ import annotations

import math
import os
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction
from importlib import resources
from itertools import count, dropwhile, islice
from typing import TYPE_CHECKING, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from vmp.data.clip import Clip
from vmp.data.decoder import Decoder, VideoError

if TYPE_CHECKING:
    import av

__all__ = [
    "Clip",
    "Short",
    "VideoError",
    "VideoInfo",
    "example_clip",
    "example_path",
    "iter_frames",
    "probe",
    "read_clip",
]

Short = Literal["error", "repeat_last", "loop", "shorter"]
EXAMPLES = ("static", "moving")


@dataclass(frozen=True)
class VideoInfo:
    """What a file says of its video, without decoding more than one frame.

    Attributes:
        path: the file.
        width: of a frame as :func:`read_clip` gives it, that is, after rotation.
        height: likewise.
        rate: frames a second, the average for a variable rate.
        frames: how many, by the container's word; None where it does not say.
        duration: seconds, by the container's word; None where it does not say.
        codec: FFmpeg's name of the codec, such as "h264".
        pixel_aspect: width of a stored pixel over its height, 1 for square ones.
    """

    path: str
    width: int
    height: int
    rate: float
    frames: int | None
    duration: float | None
    codec: str
    pixel_aspect: Fraction

    @property
    def expected_frames(self) -> int | None:
        """``frames``, or what duration and rate make of it; None where the container says neither."""
        if self.frames is not None:
            return self.frames
        return None if self.duration is None else round(self.duration * self.rate)


def probe(path: str | os.PathLike[str]) -> VideoInfo:
    """What a video file says of itself.

    Raises:
        VideoError: (a ValueError) no such file, not a video, no video stream, no frame that can be decoded.
    """
    with Decoder(path) as decoder:
        first = next(decoder.frames(), None)
        if first is None:
            raise VideoError(path, decoder.damage or "has a video stream without a frame")
        height, width, _ = decoder.to_rgb(first[1]).shape
        stream = decoder.stream
        aspect = stream.sample_aspect_ratio or Fraction(1)  # not a Fraction itself since PyAV 19
        return VideoInfo(
            path=os.fspath(path),
            width=width,
            height=height,
            rate=decoder.rate,
            frames=stream.frames or None,
            duration=decoder.promised_end,
            codec=stream.codec_context.codec.canonical_name,
            pixel_aspect=Fraction(aspect.numerator, aspect.denominator),
        )


# --- Which frames ---


class _Shown(NamedTuple):
    """A decoded frame, not converted, and when it is on the screen: from ``time`` until before ``until``."""

    time: float
    until: float
    frame: av.VideoFrame


def _shown(decoder: Decoder, start: float) -> Iterator[_Shown]:
    """Frames from the one shown at ``start`` on (the first frame, where none is yet); none after the video's end."""

    def intervals() -> Iterator[_Shown]:
        before: tuple[float, av.VideoFrame] | None = None
        for time, frame in decoder.frames(start):
            if before is not None:
                yield _Shown(before[0], time, before[1])
            before = (time, frame)
        if before is not None:
            yield _Shown(before[0], decoder.end, before[1])

    return dropwhile(lambda shown: shown.until <= start + decoder.tolerance, intervals())


def _spaced(decoder: Decoder, start: float, spacing: float) -> Iterator[_Shown]:
    """The frames shown at start, start + spacing, ...; groups of frames between two of them are not decoded."""
    decoder.load_index()
    shown = _shown(decoder, start)
    current = next(shown, None)
    for k in count():
        wanted = start + k * spacing
        if current is not None and decoder.key_frame_between(current.until, wanted):
            shown = _shown(decoder, wanted)
            current = next(shown, None)
        while current is not None and current.until <= wanted + decoder.tolerance:
            current = next(shown, None)
        if current is None:
            return
        yield current


def _check_window(num_frames: int | None, stride: int | None, spacing: float | None, start: float, short: str) -> None:
    if num_frames is not None and not _is_count(num_frames):
        raise ValueError(
            f"num_frames: expected a whole number, at least 1, or None for all to the end, got {num_frames}"
        )
    if stride is not None and spacing is not None:
        raise ValueError(
            f"stride and spacing: expected one of them, got stride={stride} frames and spacing={spacing} s"
        )
    if stride is not None and not _is_count(stride):
        raise ValueError(f"stride: expected a whole number of frames, at least 1, got {stride}")
    if spacing is not None and not 0 < spacing < math.inf:
        raise ValueError(f"spacing: expected seconds above 0, got {spacing}")
    if not 0 <= start < math.inf:
        raise ValueError(f"start: expected seconds from the video's first frame, at least 0, got {start}")
    if short not in get_args(Short):
        raise ValueError(f"short: expected one of {', '.join(map(repr, get_args(Short)))}, got {short!r}")


def _is_count(number: object) -> bool:
    return isinstance(number, int | np.integer) and bool(number >= 1)


def read_clip(
    path: str | os.PathLike[str],
    num_frames: int | None = None,
    stride: int | None = None,
    *,
    spacing: float | None = None,
    start: float = 0.0,
    short: Short = "error",
    threads: int = 0,
) -> Clip:
    """Read ``num_frames`` frames, every ``stride``-th or one each ``spacing`` seconds, from ``start`` on.

    Decoding begins at the key frame before ``start`` and stops after the last frame. Frames between those asked for are
    decoded, since later ones depend on them, but not converted; with ``spacing`` they are passed over up to a key
    frame where the container has an index.

    Args:
        path: a local video file, anything that FFmpeg reads.
        num_frames: how many; None for all to the end.
        stride: in frames, 1 unless spacing is given.
        spacing: in seconds; the frame that is on the screen at each time, which is right for a variable frame rate and
            gives a frame twice where it is still shown.
        start: seconds from the video's first frame; the clip begins with the frame shown then.
        short: what to do where the video, whole or truncated, has fewer: "error"; "repeat_last", the last frame again
            (``Clip.repeated`` counts); "loop", all of them again, which makes a false jump (counted, with a warning);
            "shorter", what there is.
        threads: decoding threads, 0 for as many as the decoder likes.

    Returns:
        :class:`Clip`: frames uint8 (T, H, W, 3) RGB, and their times.

    Raises:
        VideoError: (a ValueError) no such file, not a video, no video stream, damaged or truncated before the clip is
            complete, too short, ``start`` after the end, a frame size that changes.
        ValueError: an argument out of its range, both stride and spacing.
    """
    _check_window(num_frames, stride, spacing, start, short)
    with Decoder(path, threads) as decoder:
        if spacing is not None:
            wanted = _spaced(decoder, start, spacing)
        else:
            wanted = islice(_shown(decoder, start), 0, None, stride or 1)
        read = [(shown.time, decoder.to_rgb(shown.frame)) for shown in islice(wanted, num_frames)]
        if not read:
            raise VideoError(path, _nothing_at(decoder, start))
        clip = Clip(
            frames=np.stack([rgb for _, rgb in read]),
            times=np.array([time for time, _ in read], dtype=np.float64),
            path=os.fspath(path),
            rate=decoder.rate,
        )
        missing = 0 if num_frames is None else num_frames - len(clip)
        if short == "error" and (missing or (num_frames is None and decoder.damage)):
            raise VideoError(path, _too_short(decoder, num_frames, len(clip), stride, spacing, start))
    return _filled(clip, missing, short) if missing else clip


def _nothing_at(decoder: Decoder, start: float) -> str:
    if decoder.damage:
        return f"no frame at {start:g} s can be read: the file {decoder.damage}"
    if decoder.end == 0:
        return "has a video stream without a frame"
    return f"start: expected a time before the video's end at {decoder.end:.2f} s, got {start:g} s"


def _too_short(
    decoder: Decoder, asked: int | None, found: int, stride: int | None, spacing: float | None, start: float
) -> str:
    why = f"the file {decoder.damage}" if decoder.damage else f"the video ends at {decoder.end:.2f} s"
    if asked is None:
        return f"{why}. To read what there is, choose short='shorter'"
    step = f"{spacing:g} s apart" if spacing is not None else f"with stride {stride or 1}"
    return (
        f"expected {asked} frames {step} from {start:g} s, found {found}: {why}. Ask for fewer or closer frames or an "
        "earlier start, or choose short='repeat_last', 'loop' or 'shorter'"
    )


def _filled(clip: Clip, missing: int, short: Short) -> Clip:
    """The clip made ``missing`` frames longer, by the policy."""
    if short == "shorter":
        return clip
    found = len(clip)
    if short == "loop":
        warnings.warn(
            f"{clip.path}: {missing} of {found + missing} frames are the clip's own again, from its beginning: "
            "the jump back is no motion",
            stacklevel=3,
        )
    index = np.minimum(np.arange(found + missing), found - 1)
    if short == "loop":
        index = np.arange(found + missing) % found
    return replace(clip, frames=clip.frames[index], times=clip.times[index], repeated=missing)


def iter_frames(
    path: str | os.PathLike[str],
    *,
    start: float = 0.0,
    duration: float | None = None,
    stride: int = 1,
    short: Literal["error", "shorter"] = "error",
    threads: int = 0,
) -> Iterator[tuple[NDArray[np.uint8], float]]:
    """Frames one after another, uint8 RGB (H, W, 3) with the time in seconds, in constant memory.

    Args:
        path: a local video file.
        start: seconds; begins with the frame shown then.
        duration: seconds; frames from start + duration on are left out. None: to the end.
        stride: every so many frames.
        short: where the file is damaged or truncated, "error" after the last good frame, or "shorter" to end there.
        threads: decoding threads, 0 for as many as the decoder likes.

    Raises:
        VideoError, ValueError: as :func:`read_clip`; the arguments are checked at the call, the file when the first
            frame is asked for.
    """
    if short not in ("error", "shorter"):
        raise ValueError(f"short: expected 'error' or 'shorter', got {short!r}")
    if duration is not None and not duration > 0:
        raise ValueError(f"duration: expected seconds above 0, or None for all to the end, got {duration}")
    _check_window(None, stride, None, start, short)
    return _frames(path, start, math.inf if duration is None else start + duration, stride, short, threads)


def _frames(
    path: str | os.PathLike[str], start: float, end: float, stride: int, short: str, threads: int
) -> Iterator[tuple[NDArray[np.uint8], float]]:
    with Decoder(path, threads) as decoder:
        nothing = True
        for shown in islice(_shown(decoder, start), 0, None, stride):
            if shown.time >= end - decoder.tolerance:
                return
            nothing = False
            yield decoder.to_rgb(shown.frame), shown.time
        if nothing:
            raise VideoError(path, _nothing_at(decoder, start))
        if decoder.damage and short == "error":
            raise VideoError(path, _too_short(decoder, None, 0, stride, None, start))


# --- The examples ---


def example_path(name: str) -> str:
    """Path of an example clip's file, "static" or "moving". Raises ValueError for another name."""
    if name not in EXAMPLES:
        raise ValueError(f"example clip: expected {' or '.join(map(repr, EXAMPLES))}, got {name!r}")
    return str(resources.files("vmp") / "assets" / "clips" / f"{name}.mp4")


def example_clip(name: Literal["static", "moving"]) -> Clip:
    """One of the two clips that come with the package, all of it: 120 frames of 480x270 at 30 frames a second.

    "static": a fixed camera, a man does jumping jacks. "moving": the camera pans with a basketball player. NOTICE names
    their sources. Raises ValueError for another name.
    """
    return read_clip(example_path(name))
