"""Decoding one video file: opening, seeking, timing, orientation and colour; what to read is chosen in ``video.py``.

Times are seconds from the video's first frame. A file that stops being readable is not an error here: decoding ends
there and :attr:`Decoder.damage` says why, so that the caller can choose between an error and a shorter clip.
"""

from __future__ import annotations

import math
import os
import struct
from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.stream import Disposition
from av.video.reformatter import VideoReformatter
from numpy.typing import NDArray

#: How far before the wanted time to look for a key frame, in seconds, one after another; then the beginning.
_STEPS_BACK = (0.0, 1.0, 4.0, 16.0, 64.0)
#: Tags that are not UTF-8 are no error: before PyAV 19 that must be asked for, since then it cannot be.
ANY_METADATA: dict[str, Any] = {"metadata_errors": "replace"} if int(av.__version__.split(".")[0]) < 19 else {}
#: Demuxers that make a moving picture of any text file.
_NOT_VIDEO = {"tty", "txd", "lrc"}


class VideoError(ValueError):
    """A video file that cannot be read as asked: names the file and the reason."""

    def __init__(self, path: str | os.PathLike[str], reason: str) -> None:
        super().__init__(f"{os.fspath(path)}: {reason}")
        self.path, self.reason = os.fspath(path), reason


class Decoder:
    """Frames of one file in the order of showing, decoded but not converted; a context manager.

    Args:
        path: a local file; addresses are not opened.
        threads: decoding threads, 0 for as many as the decoder likes. Data-loader workers want 1.

    Raises:
        VideoError: no such file, not a file, not readable, empty, not a video, no video stream.
    """

    def __init__(self, path: str | os.PathLike[str], threads: int = 0) -> None:
        self.path = os.fspath(path)
        self.threads = threads
        self.damage: str | None = None
        self.end = 0.0
        self._shape: tuple[int, ...] | None = None
        self._reformatter = VideoReformatter()
        self._open()
        stream = self._stream
        self._origin = stream.start_time  # None where the format has no times, such as a raw H.264 file
        # AVI stores no times of showing, and those guessed for B-frames come shuffled: its decoding slots, in order,
        # are the times.
        self._slots_are_times = self._container.format.name == "avi"
        # Entered in the middle, these give times that do not match those from the beginning.
        self._seekable = self._origin is not None and not (
            self._container.format.name == "mpeg" or (self._slots_are_times and stream.codec_context.has_b_frames)
        )
        known = stream.average_rate if self._origin is not None else stream.guessed_rate
        self.rate = float(known or stream.guessed_rate or stream.average_rate or 25)
        # Containers round times to their tick (1 ms in Matroska); a frame that rounding moved still counts as shown.
        self.tolerance = min(0.5 * float(stream.time_base or 0), 5e-4) + 1e-6
        self.promised_end = self._promised_end()

    def __enter__(self) -> Decoder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._container.close()

    @property
    def stream(self) -> av.VideoStream:
        """PyAV's stream, for what a container says of itself."""
        return self._stream

    def frames(self, start: float = 0.0) -> Iterator[tuple[float, av.VideoFrame]]:
        """Times and frames, in order, from a key frame at or before ``start`` (seconds) to the end.

        Seeking is checked, not trusted: where it lands after ``start``, it is tried further back, at last from the
        beginning. A second call abandons the first one's iterator.
        """
        for back in (*_STEPS_BACK, math.inf):
            sought = self._seek(start - back)
            if not sought:
                self._rewind()
            decoded = self._decode(from_beginning=not sought)
            first = next(decoded, None)
            if not sought or (first is not None and first[0] <= start + self.tolerance):
                if first is not None:
                    yield first
                yield from decoded
                return

    def key_frame_between(self, after: float, until: float) -> bool:
        """Whether the container's index has a key frame in (after, until]; False where it has no index."""
        origin, time_base, index = self._origin, self._stream.time_base, self._stream.index_entries
        if not self._seekable or origin is None or not time_base or until <= after:
            return False
        found = index.search_timestamp(int(until / time_base) + origin)
        return found >= 0 and float((index[found].timestamp - origin) * time_base) > after + self.tolerance

    def load_index(self) -> None:
        """Have a Matroska or WebM file's index read now, before the first frame; others have theirs already."""
        if self._pristine and "matroska" in self._container.format.name:
            self._container.seek(self._origin or 0, stream=self._stream)

    def to_rgb(self, frame: av.VideoFrame) -> NDArray[np.uint8]:
        """Convert a decoded frame to uint8 RGB (H, W, 3), turned the way it is meant to be shown.

        Raises VideoError where the size changes within the video.
        """
        rgb = _oriented(self._reformatter.reformat(frame, format="rgb24").to_ndarray(), frame)
        if self._shape is None:
            self._shape = rgb.shape
        if rgb.shape != self._shape:
            (height, width), (new_height, new_width) = self._shape[:2], rgb.shape[:2]
            raise VideoError(
                self.path,
                f"the frame size changes from {width}x{height} to {new_width}x{new_height}; "
                "cut the video where it changes, or scale it to one size first",
            )
        return rgb

    # --- opening and moving ---

    def _open(self) -> None:
        _check_file(self.path)
        try:
            # "file:" keeps a colon in a name from being taken for a protocol
            self._container = av.open(f"file:{self.path}", "r", **ANY_METADATA)
        except (av.error.FFmpegError, OSError) as error:
            reason = error.strerror or str(error)
            raise VideoError(
                self.path, f"cannot be opened as a video ({reason}); it is truncated or in another format"
            ) from error
        streams = [s for s in self._container.streams.video if not s.disposition & Disposition.attached_pic]
        if not streams or self._container.format.name in _NOT_VIDEO:
            kinds = sorted({s.type for s in self._container.streams if s.type != "video"})
            self._container.close()
            hint = "" if {"audio", "subtitle"} & set(kinds) else "; it is truncated or not a video"
            raise VideoError(self.path, f"has no video stream (it has: {', '.join(kinds) or 'none'}){hint}")
        self._stream = streams[0]
        self._stream.thread_type = "AUTO"
        self._stream.codec_context.thread_count = self.threads
        self._pristine = True

    def _rewind(self) -> None:
        if not self._pristine:
            self._container.close()
            self._open()

    def _seek(self, time: float) -> bool:
        """Go to the key frame before; False where only reading from the beginning will do."""
        if not 0 < time < math.inf or not self._seekable or self._origin is None or not self._stream.time_base:
            return False
        self._pristine = False
        try:
            self._container.seek(self._origin + int(time / self._stream.time_base), stream=self._stream)
        except (av.error.FFmpegError, OSError):  # some formats cannot
            return False
        return True

    # --- decoding ---

    def _decode(self, from_beginning: bool) -> Iterator[tuple[float, av.VideoFrame]]:
        self.damage, self._pristine, self.end = None, False, 0.0
        time, longest = (None if from_beginning else math.nan), 0.0
        slots: deque[int | None] = deque()
        cut = False
        try:
            for packet in self._container.demux(self._stream):
                if packet.is_corrupt:
                    cut = True  # by the end of the file, or damaged on the way
                    continue
                if packet.size:
                    slots.append(packet.dts)
                    cut = False
                for frame in packet.decode():
                    ticks = frame.pts
                    if self._slots_are_times and slots:
                        ticks = slots.popleft()
                    before, time = time, self._time(ticks, time)
                    if before is not None and not math.isnan(before):
                        longest = max(longest, time - before)
                    self.end = time + (self._duration(frame) or 1.0 / self.rate)
                    yield time, frame
        except (av.error.FFmpegError, OSError) as error:
            self.damage = f"is damaged: decoding stops after {self.end:.2f} s ({error.strerror or error})"
            return
        promised = self.end if self.promised_end is None else self.promised_end
        if cut or self.end < promised - max(0.25, 3 * longest):
            self.damage = f"is truncated: it promises {promised:.2f} s, its frames end at {self.end:.2f} s"

    def _time(self, ticks: int | None, before: float | None) -> float:
        """Seconds from the origin; where the container gives none that grows, one interval after the frame before.

        ``before`` is None at the beginning of the file, and NaN after a seek, where counting would be a guess.
        """
        if self._origin is None and before is None:
            self._origin = ticks
        following = 0.0 if before is None else before + 1.0 / self.rate
        if ticks is None or self._origin is None or not self._stream.time_base:
            return following
        time = float((ticks - self._origin) * self._stream.time_base)
        stuck = before is not None and time <= before  # False for NaN
        return following if stuck else time

    def _duration(self, frame: av.VideoFrame) -> float:
        return float((frame.duration or 0) * (self._stream.time_base or 0))

    def _promised_end(self) -> float | None:
        """When the video ends by its container's word, the earliest of what it says; None where it says nothing."""
        stream, promises = self._stream, []
        if self._slots_are_times and stream.frames:
            return stream.frames / self.rate  # FFmpeg shortens an AVI file's durations to what is there
        if stream.duration and stream.time_base:
            promises.append(float(stream.duration * stream.time_base))
        if "DURATION" in stream.metadata:  # Matroska, "00:00:04.000000000", from time 0
            begin = float((stream.start_time or 0) * (stream.time_base or 0))
            promises.append(_seconds(stream.metadata["DURATION"]) - begin)
        if self._container.duration and len(self._container.streams) == 1:
            promises.append(self._container.duration / av.time_base)
        return min(promises, default=None)


def _check_file(path: str) -> None:
    if not os.path.exists(path):
        raise VideoError(path, "no such file")
    if not os.path.isfile(path):
        kind = "a directory" if os.path.isdir(path) else "not a regular file"
        raise VideoError(path, f"is {kind}, expected a video file")
    if not os.access(path, os.R_OK):
        raise VideoError(path, "may not be read by this user: permission denied")
    if os.path.getsize(path) == 0:
        raise VideoError(path, "is empty (0 bytes)")


def _seconds(clock: str) -> float:
    """Seconds of "hours:minutes:seconds"; infinite where it is not written so."""
    try:
        hours, minutes, seconds = clock.split(":")
        return 3600 * int(hours) + 60 * int(minutes) + float(seconds)
    except ValueError:
        return math.inf


def _oriented(picture: NDArray[Any], frame: av.VideoFrame) -> NDArray[np.uint8]:
    """Apply a frame's display matrix: quarter turns and mirrorings; other angles go to the nearest of these."""
    side_data: Any = frame.side_data.get("DISPLAYMATRIX")
    if side_data is None:
        return picture
    a, b, _, c, d = struct.unpack("=5i", bytes(side_data)[:20])  # x' = a x + c y, y' = b x + d y
    if abs(b) + abs(c) > abs(a) + abs(d):
        picture = picture.swapaxes(0, 1)  # now x' = y, y' = x
        flip_x, flip_y = c < 0, b < 0
    else:
        flip_x, flip_y = a < 0, d < 0
    if flip_y:
        picture = picture[::-1]
    if flip_x:
        picture = picture[:, ::-1]
    return np.ascontiguousarray(picture)
