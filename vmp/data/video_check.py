"""Which videos of a set can be read: each is opened once, and remembered by its size and date."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from vmp.data.prepare import SILENT, Progress, state_folder
from vmp.files import write_if_new

#: So many videos are checked between two notes of what was found.
_NOTE_EVERY = 500
#: Seconds that a video may end earlier than it promises: sound goes on longer, and containers round.
_SLACK = 1.0
_TRUNCATED = "is truncated or damaged: it promises {:.2f} s, its frames end at {:.2f} s"
Thoroughness = Literal["frames", "ends"]


@dataclass(frozen=True)
class Checked:
    """What opening a video showed.

    Attributes:
        trouble: why it cannot be read; "" where it can.
        frames: how many there are: counted where every frame was decoded, else by the container's word; None where it
            says nothing.
        duration: seconds, likewise.
        rate: frames a second.
        width, height: in pixels.
    """

    trouble: str = ""
    frames: int | None = None
    duration: float | None = None
    rate: float | None = None
    width: int | None = None
    height: int | None = None

    @property
    def measured(self) -> dict[str, float | int | None]:
        """What the manifest's columns of the same names hold."""
        return {"frames": self.frames, "rate": self.rate, "width": self.width, "height": self.height}


def check_videos(
    root: Path, paths: Sequence[Path], how: Thoroughness, progress: Progress = SILENT
) -> dict[Path, Checked]:
    """Open every video that is not remembered.

    Args:
        root: where it is remembered (in ``.prepare``).
        paths: absolute.
        how: "frames" decodes every frame, right for short clips; "ends" decodes the first and reads the last packets,
            which finds what is no video and what is truncated, not a fault in the middle of an hour.
        progress: told the files.

    Returns:
        dict: by path, in the order of ``paths``.
    """
    note = state_folder(root) / f"checked-{how}.json"
    remembered = _read(note)
    identities = {path: _identity(path) for path in paths}
    found = {
        path: Checked(**remembered[identity])
        for path, identity in identities.items()
        if identity in remembered
    }  # fmt: skip
    waiting = [path for path in dict.fromkeys(paths) if path not in found]
    if waiting:
        with progress.track("reading the videos", len(waiting)) as advance, ThreadPoolExecutor(threads()) as pool:
            jobs = {pool.submit(check_video, path, how): path for path in waiting}
            for done, job in enumerate(as_completed(jobs), start=1):
                found[jobs[job]] = job.result()
                advance(done)
                if done % _NOTE_EVERY == 0:
                    _write(note, remembered, identities, found)
        _write(note, remembered, identities, found)
    return {path: found[path] for path in paths}


def threads() -> int:
    """How many videos are opened at once: one a processor that this process may use, 16 at most."""
    return min(16, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1)


def _identity(path: Path) -> str:
    stat = path.stat()
    return f"{stat.st_size}/{stat.st_mtime_ns}/{path}"


def _read(note: Path) -> dict[str, dict[str, Any]]:
    try:
        remembered = json.loads(note.read_text())
        return remembered if isinstance(remembered, dict) else {}
    except (OSError, ValueError):
        return {}


def _write(
    note: Path, remembered: dict[str, dict[str, Any]], identities: dict[Path, str], found: dict[Path, Checked]
) -> None:
    for path, checked in found.items():
        remembered[identities[path]] = asdict(checked)
    write_if_new(note, json.dumps(remembered).encode())


def check_video(path: Path, how: Thoroughness) -> Checked:
    """Open one video. Nothing is raised for a file that cannot be read: its trouble says why."""
    from vmp.data.decoder import Decoder, VideoError

    try:
        with Decoder(path, threads=1) as decoder:
            frames = decoder.frames()
            first = next(frames, None)
            if first is None:
                return Checked(decoder.damage or "has a video stream without a frame")
            height, width, _ = decoder.to_rgb(first[1]).shape
            if how == "frames":
                count = 1 + sum(1 for _ in frames)
                return Checked(decoder.damage or "", count, decoder.end, decoder.rate, width, height)
            promised, rate = decoder.promised_end, decoder.rate
            if promised is None:
                return Checked("", decoder.stream.frames or None, None, rate, width, height)
            last = _end(path, decoder.stream.index, promised)
            trouble = "" if last >= promised - _SLACK else _TRUNCATED.format(promised, last)
            duration = max(promised, last)  # MPEG program streams promise less than they have
            return Checked(trouble, decoder.stream.frames or round(duration * rate), duration, rate, width, height)
    except VideoError as error:
        return Checked(error.reason)


def _end(path: Path, stream: int, promised: float) -> float:
    """When the last packets that can be read end, in seconds: looked for near the promised end, else in all of it."""
    near = _last_packet(path, stream, promised)
    return near if near >= promised - _SLACK else _last_packet(path, stream, None)  # some cannot be entered there


def _last_packet(path: Path, stream: int, start: float | None) -> float:
    import av

    from vmp.data.decoder import ANY_METADATA

    last = 0.0
    try:
        with av.open(f"file:{path}", "r", **ANY_METADATA) as container:
            video = container.streams[stream]
            begin = float((video.start_time or 0) * (video.time_base or 0))
            if start is not None:
                container.seek(int((start + begin) * av.time_base))
            for packet in container.demux(video):
                ticks = packet.dts if packet.pts is None else packet.pts
                if ticks is not None and packet.time_base and not packet.is_corrupt:
                    last = max(last, float((ticks + (packet.duration or 0)) * packet.time_base) - begin)
    except (av.error.FFmpegError, OSError):  # what was read until then counts
        pass
    return last
