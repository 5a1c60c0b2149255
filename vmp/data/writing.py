"""Writing what streams by: a film frame by frame, an array that grows, both in constant memory."""

from __future__ import annotations

import os
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Any

import av
import numpy as np
from av.video.reformatter import ColorRange, Colorspace, VideoReformatter
from numpy.typing import NDArray

#: Ticks a second of a film's clock, as MPEG has them: fine enough for any frame rate, variable ones included.
_CLOCK = 90_000


class Film:
    """An H.264 film in an MP4 file, yuv420p with BT.709 colours, which every browser plays; a context manager.

    Args:
        path: the file, written over.
        size: width and height, both even.
        rate: frames a second; only tells how long the last frame is shown, times come with the frames.
        quality: x264's constant rate factor, lower is better.
    """

    def __init__(self, path: str | os.PathLike[str], size: tuple[int, int], rate: float, quality: int = 16) -> None:
        if size[0] % 2 or size[1] % 2:
            raise ValueError(f"size: expected an even width and height, got {size[0]}x{size[1]}")
        self._container = av.open(os.fspath(path), "w", format="mp4", options={"movflags": "+faststart"})
        options = {"crf": str(quality), "preset": "veryfast"}
        fraction = Fraction(rate).limit_denominator(1001)
        self._stream: Any = self._container.add_stream("libx264", rate=fraction, options=options)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = "yuv420p"
        context = self._stream.codec_context
        context.time_base = Fraction(1, _CLOCK)
        context.colorspace = context.color_primaries = context.color_trc = Colorspace.ITU709
        context.color_range = ColorRange.MPEG
        self._reformatter = VideoReformatter()  # one for all frames: making one takes longer than using it
        self._duration = round(_CLOCK / rate)
        self._begin: float | None = None

    def write(self, picture: NDArray[np.uint8], time: float) -> None:
        """Add a picture, uint8 RGB (height, width, 3), shown from ``time`` (seconds) on; times grow."""
        self._begin = time if self._begin is None else self._begin
        frame = self._reformatter.reformat(
            av.VideoFrame.from_ndarray(picture, format="rgb24"),
            format="yuv420p",
            dst_colorspace=Colorspace.ITU709,
            dst_color_range=ColorRange.MPEG,
        )
        frame.pts, frame.time_base = round((time - self._begin) * _CLOCK), Fraction(1, _CLOCK)
        frame.duration = self._duration
        self._container.mux(self._stream.encode(frame))

    def __enter__(self) -> Film:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._container.mux(self._stream.encode())
        finally:
            self._container.close()


class GrowingArray:
    """A little-endian .npy file whose first axis grows; its header tells the length once it is closed.

    Args:
        path: the file, written over.
        shape: of one entry.
        dtype: of the numbers.
    """

    def __init__(self, path: str | os.PathLike[str], shape: tuple[int, ...], dtype: str = "<f4") -> None:
        self.path, self.shape, self.dtype, self.length = Path(path), shape, np.dtype(dtype), 0
        self._file = open(path, "wb")  # noqa: SIM115  (closed by the context manager that this is)
        self._begin = self._write_header()

    def append(self, entries: NDArray[Any]) -> None:
        """Add entries, (k, *shape)."""
        if entries.shape[1:] != self.shape:
            raise ValueError(f"entries: expected shape (k, {', '.join(map(str, self.shape))}), got {entries.shape}")
        self._file.write(np.ascontiguousarray(entries, self.dtype).data)
        self.length += len(entries)

    def _write_header(self) -> int:
        """The header leaves room for its first axis to grow, so that a second one takes as many bytes."""
        header = {"descr": self.dtype.str, "fortran_order": False, "shape": (self.length, *self.shape)}
        np.lib.format.write_array_header_1_0(self._file, header)
        return self._file.tell()

    def __enter__(self) -> GrowingArray:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if kind is None:
                self._file.seek(0)
                if self._write_header() != self._begin:
                    raise RuntimeError(f"{self.path}: the header's size changed, numpy no longer leaves room in it")
        finally:
            self._file.close()


def replace_all(made: dict[Path, Path], aside: Path) -> None:
    """Move files or folders made elsewhere on the same disk to where they belong, what was there to ``aside``.

    Where one cannot be moved, what was there comes back, and the error is raised.
    """
    undo: list[tuple[Path, Path]] = []
    try:
        for source, target in made.items():
            if target.exists():
                old = aside / f"old-{target.name}"
                os.replace(target, old)
                undo.append((old, target))
            os.replace(source, target)
            undo.append((target, source))
    except BaseException:
        for now, before in reversed(undo):
            os.replace(now, before)
        raise
