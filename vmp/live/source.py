"""What is watched: a camera by its number, a stream by its address, a file by its path."""

from __future__ import annotations

import os
import sys
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

from vmp.data.video import VideoError, iter_frames, probe

Frame = tuple[NDArray[np.uint8], float]
#: Seconds that a camera or stream may keep silent.
_PATIENCE = 10.0
#: Frames of a camera or stream that wait for a slow model; older ones are dropped.
_WAITING = 8


class LiveSource:
    """Frames with their times, one after the other; a context manager.

    A file gives all its frames, as fast as they are asked for. A camera or stream is read by a thread at its own speed:
    where whoever asks is slower, the oldest frames are dropped, and counted.

    Attributes:
        name: for people.
        rate: frames a second; 30 where nobody says.
        is_file: whether it is a file, whose frames wait.
        dropped: how many frames were dropped so far.
    """

    def __init__(self, name: str, rate: float, is_file: bool, frames: Callable[[], Iterator[Frame]]) -> None:
        self.name, self.rate, self.is_file, self.dropped = name, rate, is_file, 0
        self._frames = frames
        self._stop = threading.Event()

    def frames(self, stop: Callable[[], bool] = lambda: False) -> Iterator[Frame]:
        """uint8 RGB (H, W, 3) and seconds from the first frame, until the source ends or ``stop`` says so.

        Raises:
            VideoError: (a ValueError) the source is damaged, or keeps silent.
        """
        if not self.is_file:
            yield from self._newest(stop)
            return
        for frame in self._frames():
            if stop():
                return
            yield frame

    def _newest(self, stop: Callable[[], bool]) -> Iterator[Frame]:
        waiting: deque[Frame] = deque()
        arrived, ended, troubles = threading.Condition(), threading.Event(), []

        def read() -> None:
            try:
                for frame in _at_its_own_speed(self._frames(), self._stop):
                    with arrived:
                        if len(waiting) == _WAITING:
                            waiting.popleft()
                            self.dropped += 1
                        waiting.append(frame)
                        arrived.notify()
            except Exception as error:  # raised again where somebody can answer it
                troubles.append(error)
            finally:
                ended.set()

        thread = threading.Thread(target=read, name="vmp live source", daemon=True)
        thread.start()
        try:
            while not stop():
                with arrived:
                    arrived.wait_for(lambda: bool(waiting) or ended.is_set(), timeout=0.2)
                    frame = waiting.popleft() if waiting else None
                if frame is not None:
                    yield frame
                elif ended.is_set():
                    break
        finally:
            self._stop.set()
            thread.join(timeout=2 * _PATIENCE)
        if troubles:
            raise troubles[0]


def open_source(source: str) -> LiveSource:
    """What ``source`` names: digits are a camera, an address with "://" a stream, anything else a file.

    Raises:
        VideoError: (a ValueError) it cannot be opened, or has no video.
    """
    if source.isdigit():
        return _stream(f"camera {source}", *_camera(int(source)))
    if "://" in source:
        return _stream(source, source, None, {})
    info = probe(source)
    return LiveSource(Path(source).name, info.rate, True, lambda: iter_frames(source))


def _camera(number: int) -> tuple[str, str, dict[str, str]]:
    """Address, format and options by which FFmpeg opens a camera on this system."""
    if sys.platform == "darwin":
        return str(number), "avfoundation", {"framerate": "30"}
    if sys.platform == "win32":
        raise VideoError(
            f"camera {number}", "cannot be opened by its number on Windows; give its stream's address instead"
        )
    return f"/dev/video{number}", "v4l2", {}


def _stream(name: str, address: str, kind: str | None, options: dict[str, str]) -> LiveSource:
    if kind == "v4l2" and not os.path.exists(address):
        raise VideoError(name, f"there is no {address}. Is the camera connected, and may this user use it?")
    container = _opened(name, address, kind, options)
    stream: Any = container.streams.video[0]
    stream.thread_type = "AUTO"
    rate = float(stream.average_rate or stream.guessed_rate or 30)
    return LiveSource(name, rate, False, lambda: _decoded(name, container, stream))


def _opened(name: str, address: str, kind: str | None, options: dict[str, str]) -> Any:
    try:
        container = av.open(address, "r", format=kind, options=options, timeout=(_PATIENCE, _PATIENCE))
    except (av.error.FFmpegError, OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise VideoError(
            name, f"cannot be opened ({reason}). Is it there, and not in use by another program?"
        ) from error
    if not container.streams.video:
        container.close()
        raise VideoError(name, "has no video stream")
    return container


def _decoded(name: str, container: Any, stream: Any) -> Iterator[Frame]:
    """Frames and their times by the stream's clock, or by this machine's where it has none; closes the container."""
    begin: float | None = None
    started = time.monotonic()
    try:
        for frame in container.decode(stream):
            shown = time.monotonic() - started if frame.time is None else float(frame.time)
            begin = shown if begin is None else begin
            yield frame.to_ndarray(format="rgb24"), shown - begin
    except (av.error.FFmpegError, OSError) as error:
        raise VideoError(name, f"stopped ({getattr(error, 'strerror', None) or error})") from error
    finally:
        container.close()


def _at_its_own_speed(frames: Iterator[Frame], stop: threading.Event) -> Iterator[Frame]:
    """The frames, none before its time: an address may give a whole film at once."""
    started = time.monotonic()
    for frame, shown in frames:
        if stop.wait(max(shown - (time.monotonic() - started), 0.0)):
            return
        yield frame, shown
