"""A few frames of a long video, fast: what no wanted frame needs is neither decoded nor converted.

Packets are read before any is decoded, and carry the times of their frames. So it is known beforehand which frames are
wanted, and of the rest:

- groups of pictures without a wanted frame are passed over, and so is the tail of a group behind its last wanted one;
- frames that no other frame refers to (most B-frames) are not decoded;
- nothing is converted to RGB.

The frames come out the same, bit for bit. Where a container has no times that can be relied on, or a packet does not
give the frame it promised, all is decoded in order, by :meth:`vmp.data.decoder.Decoder.frames`.
"""

from __future__ import annotations

import math
import threading

import av
import numpy as np
from av.video.reformatter import VideoReformatter
from numpy.typing import ArrayLike, NDArray

from vmp.data.decoder import Decoder, VideoError
from vmp.data.packet_plan import Run, plan

_STEPS_BACK = (0.0, 1.0, 4.0, 16.0, math.inf)  # seconds before the wanted time to look for a key frame
#: Decoders that heed a change of ``skip_frame`` from packet to packet.
_SKIPPING = {"h264", "hevc", "mpeg1video", "mpeg2video", "mpeg4"}
#: Pictures that may stand between a picture's place in the file and its place on the screen: 16 in H.264 and HEVC.
_REORDERED = 16
_own = threading.local()


class _OneThread:
    """Converts in the thread that asks: a pool of threads does not outlive a fork, and a loader's worker would hang."""

    def __init__(self) -> None:
        self._reformatter = VideoReformatter()

    def reformat(self, frame: av.VideoFrame, format: str) -> av.VideoFrame:
        return self._reformatter.reformat(frame, format=format, threads=1)


class FrameReader(Decoder):
    """Frames of one file by number; a context manager.

    Frame k is the one on the screen in the middle of the k-th interval of 1 / rate seconds, which for a constant rate
    is the k-th frame, however the container rounds its times.

    Args:
        path: a local file.
        threads: decoding threads, 0 for as many as the decoder likes.

    Raises:
        VideoError: as :class:`vmp.data.decoder.Decoder`.

    Attributes:
        repeated: how many of the frames last read are the video's last one again, which promised a little more.
    """

    repeated: int

    def __init__(self, path: str, threads: int = 1) -> None:
        super().__init__(path, threads)
        self.repeated = 0
        if not hasattr(_own, "reformatter"):
            _own.reformatter = _OneThread()  # one for all files of a thread: making one takes longer than using it
        self._reformatter = _own.reformatter

    def __enter__(self) -> FrameReader:
        return self

    def count(self) -> int:
        """How many frames there are, by the container's word; where it gives none, they are counted, not decoded.

        Raises:
            VideoError: there is none.
        """
        frames = self.stream.frames
        if not frames and self.promised_end is not None and math.isfinite(self.promised_end):
            frames = round(self.promised_end * self.rate)
        if not frames:
            try:
                frames = sum(1 for packet in self._container.demux(self._stream) if packet.size)
            except (av.error.FFmpegError, OSError) as error:
                raise VideoError(self.path, f"is damaged ({error.strerror or error})") from error
            self._pristine = False
        if not frames:
            raise VideoError(self.path, "has a video stream without a frame")
        return frames

    def read(self, numbers: ArrayLike) -> NDArray[np.uint8]:
        """uint8 (n, H, W, 3) in RGB: the frames with these numbers, which never decrease.

        A number a little beyond the last frame (less than a quarter of a second) gives the last one, counted.

        Raises:
            VideoError: damaged or truncated before the last of them.
        """
        wanted = np.asarray(numbers, dtype=np.int64)
        if wanted.ndim != 1 or not len(wanted) or wanted[0] < 0 or (np.diff(wanted) < 0).any():
            raise ValueError(f"numbers: expected some from 0 that never decrease, got {np.array2string(wanted)}")
        self.repeated = 0
        different, place = np.unique(wanted, return_inverse=True)
        times: NDArray[np.float64] = (different + 0.5).astype(np.float64) / self.rate
        found = self._from_slots(times) if self._slots_are_times else None
        if found is None:
            found = self._from_packets(times)
        if found is None:
            found, real = self._in_order(times)
            self.repeated = int((place >= real).sum())
        clip = np.empty((len(wanted), *found[0].shape), dtype=np.uint8)
        for slot, one in enumerate(place):
            clip[slot] = found[one]
        return clip

    # --- by packets ---

    def _from_packets(self, times: NDArray[np.float64]) -> list[NDArray[np.uint8]] | None:
        """The frames shown at these times; None where packets cannot be relied on."""
        if not self._seekable or self._origin is None or not self._stream.time_base:
            return None
        ticks = times / float(self._stream.time_base) + self._origin
        try:
            for back in _STEPS_BACK:
                if not self._seek(times[0] - back):
                    back = math.inf
                    self._rewind()
                self._pristine = False
                packets = self._packets(ticks[-1])
                if packets is None:
                    return None
                runs, needed = plan(packets, ticks, from_beginning=back == math.inf)
                if runs is not None:
                    return self._decoded(packets, runs, needed)
                if back == math.inf:
                    return None
        except (av.error.FFmpegError, OSError):
            pass
        return None

    def _packets(self, last: float) -> list[av.Packet] | None:
        """From a key frame on, all that may be shown until ``last`` (in ticks); None where times are missing."""
        packets: list[av.Packet] = []
        later = 0
        for packet in self._container.demux(self._stream):
            if not packet.size:  # the end of the file
                return packets if self._reaches(packets, last) else None
            if self._slots_are_times:
                packet.pts = packet.dts
            if packet.is_corrupt or packet.pts is None:
                return None
            later += packet.pts > last
            if later > _REORDERED or (packet.dts is not None and packet.dts > last):
                return packets
            if packets or packet.is_keyframe:
                packets.append(packet)
        return None

    def _reaches(self, packets: list[av.Packet], last: float) -> bool:
        """Whether the file's last frame is still shown at ``last``."""
        shortest = 1 / self.rate / float(self._stream.time_base or 1)
        ends = [packet.pts + max(packet.duration or 0, shortest) for packet in packets if packet.pts is not None]
        return bool(ends) and max(ends) >= last

    def _decoded(
        self, packets: list[av.Packet], runs: list[Run], needed: NDArray[np.int64]
    ) -> list[NDArray[np.uint8]] | None:
        context = self._stream.codec_context
        wanted = set(needed.tolist())
        found: dict[int, NDArray[np.uint8]] = {}

        def take(frames: list[av.VideoFrame]) -> None:
            for frame in frames:
                pts = frame.pts
                if pts is not None and pts in wanted and pts not in found:
                    found[pts] = self.to_rgb(frame)

        can_skip = context.name in _SKIPPING
        skipping = False
        try:
            for run in runs:
                for packet in packets[run.begin : run.end]:
                    if can_skip and skipping != (packet.pts not in wanted):
                        skipping = not skipping
                        context.skip_frame = "NONREF" if skipping else "DEFAULT"
                    take(context.decode(packet))
                take(context.decode(None))
                context.flush_buffers()
        finally:
            context.skip_frame = "DEFAULT"
        return [found[pts] for pts in needed.tolist()] if len(found) == len(wanted) else None

    # --- by slots, for an AVI file with B-frames ---

    def _from_slots(self, times: NDArray[np.float64]) -> list[NDArray[np.uint8]] | None:
        """The frames shown at these times, from a key frame in the middle on; None where that is not sure to be right.

        Such a file says in which order its pictures lie, not in which they are shown: all from the beginning are, in
        the order in which they come out. From a key frame on, those before it on the screen, which lean on what was not
        read, never come out. Each packet is given its place as its time, so that every frame tells which packet it is
        of, and by the packets without a frame it is known how many slots later all others are shown.
        """
        slots = np.floor(times * self.rate).astype(np.int64).tolist()
        enter = slots[0] - 3 * _REORDERED - 2  # so that the packets without a frame are known by the first wanted one
        if self._seekable or self._origin is None or enter < 1:
            return None
        self._pristine = False
        found: dict[int, NDArray[np.uint8]] = {}
        came: list[int | None] = []
        first, late = 0, 0
        try:
            self._container.seek(self._origin + enter, stream=self._stream)
            for place, packet in enumerate(self._container.demux(self._stream)):
                if place == 0:
                    first = (packet.dts or 0) - self._origin
                    if not packet.is_keyframe or not 0 <= first <= enter:
                        return None
                if packet.size and (packet.dts != self._origin + first + place or packet.is_corrupt):
                    return None
                packet.pts = place if packet.size else None
                for frame in packet.decode():
                    came.append(frame.pts)
                    if len(came) == 2 * _REORDERED + 1:
                        late = len(set(range(_REORDERED + 1)) - set(came))
                    shown = first + late + len(came) - 1
                    if len(came) > 2 * _REORDERED and shown in slots:
                        found[shown] = self.to_rgb(frame)
                    if shown >= slots[-1]:
                        sure = len(set(came)) == len(came) and None not in came and len(found) == len(slots)
                        return [found[slot] for slot in slots] if sure else None
        except (av.error.FFmpegError, OSError):
            pass
        return None

    # --- in order ---

    def _in_order(self, times: NDArray[np.float64]) -> tuple[list[NDArray[np.uint8]], int]:
        """The frames shown at these times, and how many of them are not after the video's end: there it is the last."""
        self._pristine = False
        self._rewind()  # what was tried before may have left something behind in the decoder
        found: list[NDArray[np.uint8]] = []
        before: av.VideoFrame | None = None
        rgb: NDArray[np.uint8] | None = None
        for time, frame in self.frames(float(times[0])):
            while before is not None and len(found) < len(times) and times[len(found)] < time:
                rgb = self.to_rgb(before) if rgb is None else rgb
                found.append(rgb)
            if len(found) == len(times):
                return found, len(found)
            before, rgb = frame, None
        if self.damage or before is None:
            raise VideoError(self.path, self.damage or "has a video stream without a frame")
        last = self.to_rgb(before) if rgb is None else rgb
        real = max(len(found), int((times <= self.end).sum()))
        return found + [last] * (len(times) - len(found)), real
