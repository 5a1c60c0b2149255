"""Maps of a whole video: difference, attention and prompt of every pair of frames, as a film, a sheet and arrays.

Everything streams: a pair is decoded, goes through the layer, is written and forgotten, so that memory does not grow
with the length of the video. Files appear under their names when they are complete, or not at all.

>>> import vmp
>>> from vmp.maps import write_maps
>>> layer = vmp.MotionPrompt.from_paper("finegym")
>>> written = write_maps("training.mp4", layer, "maps")  # doctest: +SKIP
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from itertools import islice, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from vmp.data.clip import to_tensor
from vmp.data.decoder import VideoError
from vmp.data.video import VideoInfo, iter_frames, probe
from vmp.data.writing import Film, GrowingArray, replace_all
from vmp.figures.palette import colour_attention, colour_difference
from vmp.figures.panes import ATTENTION_KEY, Label, Panes, contact_sheet, difference_key

if TYPE_CHECKING:
    from vmp.prompt import MotionPrompt

Picture = NDArray[np.uint8]
Progress = Callable[[int, int | None], None]
#: Numbers that a batch of pairs may hold in one of its tensors: 4 MiB of float32.
_BATCH_NUMBERS = 1 << 20
_SHEET_PANE = 320
_ARRAYS = ("difference", "attention", "prompt", "times")


class Maps(NamedTuple):
    """What the layer makes of k pairs of frames, float32.

    Attributes:
        difference: (k, H, W), in [-1, 1].
        attention: (k, H, W), in [0, 1].
        prompt: (k, 3, H, W), as the layer gives it: normalised where the layer's clips are.
    """

    difference: NDArray[np.float32]
    attention: NDArray[np.float32]
    prompt: NDArray[np.float32]


class Pair(NamedTuple):
    """Two frames, uint8 RGB (H, W, 3), with their times in seconds."""

    earlier: Picture
    earlier_time: float
    later: Picture
    later_time: float


@dataclass(frozen=True)
class MapsPlan:
    """What :func:`write_maps` would write, known before it begins.

    Attributes:
        video: what the file says of itself.
        film: the four panes, MP4.
        sheet: the contact sheet, PNG.
        arrays: the folder of difference.npy, attention.npy, prompt.npy and times.npy, or None.
        pairs: how many pairs of frames are expected; None where the container does not tell.
        array_bytes: what the arrays will take; None without arrays, or where ``pairs`` is None.
        free_bytes: what is free where they go.
    """

    video: VideoInfo
    film: Path
    sheet: Path
    arrays: Path | None
    pairs: int | None
    array_bytes: int | None
    free_bytes: int


@dataclass(frozen=True)
class MapsWritten:
    """What :func:`write_maps` has written: paths as in :class:`MapsPlan`, and how many pairs there were."""

    film: Path
    sheet: Path
    arrays: Path | None
    pairs: int


# --- pairs of frames through the layer ---


def frame_pairs(
    path: str | os.PathLike[str], stride: int = 1, start: float = 0.0, duration: float | None = None
) -> Iterator[Pair]:
    """Every frame with the one ``stride`` frames before it; ``stride=1`` are adjacent frames.

    Constant memory for any stride: above 1 the file is decoded twice at once, ``stride`` frames apart.

    Raises:
        VideoError: no pair (the video, or the part asked for, has no more frames than ``stride``), or as
            :func:`vmp.data.video.iter_frames`.
    """
    frames = iter_frames(path, start=start, duration=duration)
    pairs: Iterator[tuple[tuple[Picture, float], tuple[Picture, float]]] = pairwise(frames)
    if stride != 1:
        ahead = iter_frames(path, start=start, duration=duration)
        pairs = zip(frames, islice(ahead, stride, None), strict=False)
    nothing = True
    for (earlier, earlier_time), (later, later_time) in pairs:
        nothing = False
        yield Pair(earlier, earlier_time, later, later_time)
    if nothing:
        raise VideoError(
            path,
            f"expected at least {stride + 1} frames, for frames {stride} apart, got fewer. "
            f"Choose {'a smaller stride or ' if stride > 1 else ''}a longer video or part",
        )


def maps_of(pairs: list[Pair], layer: MotionPrompt) -> Maps:
    """Difference, attention and prompts of pairs of frames of one size; no gradient is kept."""
    clips = np.stack([np.stack((pair.earlier, pair.later)) for pair in pairs])  # (k, 2, H, W, 3)
    batch = to_tensor(clips, layer.mean, layer.std, layer.layout).to(layer.m.device)
    with torch.no_grad():
        tensors = layer.frame_difference(batch), layer.attention(batch), layer(batch)[0]
    difference, attention, prompt = (
        tensor.squeeze(layer.layout.index("T")).float().cpu().numpy() for tensor in tensors
    )  # (k, C, H, W)
    return Maps(difference[:, 0], attention[:, 0], prompt)


def prompt_pictures(prompt: NDArray[np.float32], layer: MotionPrompt) -> Picture:
    """Prompts (k, 3, H, W) as pictures, uint8 RGB (k, H, W, 3): the layer's normalisation undone, cut to [0, 1]."""
    std = np.asarray(layer.std or (1.0, 1.0, 1.0), np.float32)[:, None, None]
    mean = np.asarray(layer.mean or (0.0, 0.0, 0.0), np.float32)[:, None, None]
    pixels = np.clip(prompt * std + mean, 0.0, 1.0) * 255.0
    return np.ascontiguousarray(np.rint(pixels).astype(np.uint8).transpose(0, 2, 3, 1))


def _batches(pairs: Iterator[Pair]) -> Iterator[list[Pair]]:
    """A few pairs at a time: enough to be quick, few enough for large frames to fit."""
    for first in pairs:
        size = max(1, min(16, _BATCH_NUMBERS // (2 * first.later.size)))
        yield [first, *islice(pairs, size - 1)]


# --- what is drawn ---


def pane_labels(layer: MotionPrompt, pair_gap: float, time: float, gain: float) -> list[Label]:
    """The labels of frame, difference, attention and prompt: what each pane shows, said in full where it fits."""
    kind = "absolute difference" if layer.difference == "absolute" else "difference"
    floor = "black" if layer.product == "pixels" or layer.mean is None else "mid-grey"
    slope, shift = f"{layer.slope.item():.4g}", f"{layer.shift.item():.3g}"
    return [
        Label((f"frame at {time:.2f} s", f"{time:.2f} s")),
        Label((f"{kind} from {pair_gap:.3f} s before", kind, "diff."), difference_key(gain)),
        Label((f"attention, slope {slope}, shift {shift}", "attention", "att."), ATTENTION_KEY),
        Label((f"prompt, de-normalised: attention 0 is {floor}", f"prompt (0: {floor})", "prompt")),
    ]


def _pictures(pairs: list[Pair], maps: Maps, layer: MotionPrompt, gain: float) -> Iterator[list[Picture]]:
    prompts = prompt_pictures(maps.prompt, layer)
    for k, pair in enumerate(pairs):
        yield [pair.later, colour_difference(maps.difference[k], gain), colour_attention(maps.attention[k]), prompts[k]]


class EvenRows:
    """Evenly spaced rows of four pictures out of a stream whose length is not known, in memory taken once.

    Keeps every row, then every second, fourth, ...: between four and eight times as many as wanted.
    """

    def __init__(self, wanted: int, panes: Panes) -> None:
        self.wanted, self.panes = wanted, panes
        width, height = panes.pane
        # One block from the beginning: small ones, kept among so many that go, would scatter the heap.
        self._pictures = np.empty((8 * wanted, 4, height, width, 3), np.uint8)
        self._free = list(range(len(self._pictures)))
        self._kept: list[tuple[float, int]] = []
        self._step, self._seen = 1, 0

    def offer(self, time: float, pictures: list[Picture]) -> None:
        """The next row: pictures of the video's size; scaled and copied where it is kept."""
        if self._seen % self._step == 0:
            if not self._free:
                self._free = [slot for _, slot in self._kept[1::2]]
                self._kept, self._step = self._kept[::2], 2 * self._step
            slot = self._free.pop()
            self._kept.append((time, slot))
            for pane, picture in enumerate(pictures):
                self._pictures[slot, pane] = self.panes.scaled(picture)
        self._seen += 1

    def chosen(self) -> list[tuple[float, list[Picture]]]:
        """Times and pictures of as many rows as wanted, or of all where there were fewer."""
        index = np.linspace(0, len(self._kept) - 1, min(self.wanted, len(self._kept)))
        rows = (self._kept[int(k)] for k in np.rint(index))
        return [(time, list(self._pictures[slot])) for time, slot in rows]


# --- planning and writing ---


def human_bytes(count: int) -> str:
    """A number of bytes for a reader: "27.6 GB"."""
    size, unit = float(count), "bytes"
    for unit in ("bytes", "kB", "MB", "GB", "TB"):
        if size < 1000 or unit == "TB":
            break
        size /= 1000
    return f"{size:.0f} {unit}" if unit == "bytes" else f"{size:.1f} {unit}"


def plan_maps(
    video: str | os.PathLike[str],
    out_dir: str | os.PathLike[str] = ".",
    *,
    stride: int = 1,
    arrays: bool = False,
    overwrite: bool = False,
    start: float = 0.0,
    duration: float | None = None,
) -> MapsPlan:
    """What :func:`write_maps` with these arguments would write, and how much; writes nothing.

    Raises:
        VideoError: (a ValueError) the video cannot be read.
        ValueError: a file or folder to be written exists, and ``overwrite`` is False or it is not of an earlier run;
            the arrays need more than is free.
    """
    iter_frames(video, start=start, duration=duration, stride=stride)  # checks its arguments at the call
    info, out, name = probe(video), Path(out_dir), Path(video).stem
    frames = _expected_frames(info, start, duration)
    pairs = None if frames is None else max(frames - stride, 0)
    there = next(path for path in (out.absolute(), *out.absolute().parents) if path.exists())
    if not there.is_dir():
        raise ValueError(f"out_dir: expected a folder, {there} is a file")
    plan = MapsPlan(
        video=info,
        film=out / f"{name}.maps.mp4",
        sheet=out / f"{name}.contact.png",
        arrays=out / f"{name}.maps" if arrays else None,
        pairs=pairs,
        # a pixel of a pair: difference, attention and three channels of the prompt, 4 bytes each
        array_bytes=20 * pairs * info.width * info.height if arrays and pairs is not None else None,
        free_bytes=shutil.disk_usage(there).free,
    )
    for path in (plan.film, plan.sheet, plan.arrays):
        if path is not None and path.exists():
            _check_replaceable(path, overwrite, folder=path == plan.arrays)
    if plan.array_bytes is not None and plan.array_bytes > plan.free_bytes:
        raise ValueError(
            f"arrays: expected {human_bytes(plan.array_bytes)} of free disk for {pairs} maps, "
            f"got {human_bytes(plan.free_bytes)} at {there}. Choose another folder or a shorter part: start, duration"
        )
    return plan


def _check_replaceable(path: Path, overwrite: bool, folder: bool) -> None:
    """Raise ValueError unless what is there may go: what an earlier run wrote, and nothing else."""
    if not overwrite:
        raise ValueError(f"{path} exists. Choose another folder, or allow it to be replaced: overwrite (--overwrite)")
    if path.is_dir() != folder:
        found, expected = ("file", "folder") if folder else ("folder", "file")
        raise ValueError(f"{path}: expected a {expected} to replace, got a {found}. Choose another folder for the maps")
    others = {entry.name for entry in path.iterdir()} - {f"{name}.npy" for name in _ARRAYS} if folder else set()
    if others:
        raise ValueError(
            f"{path}: expected a folder of arrays to replace, it also holds {', '.join(sorted(others)[:3])}. "
            "Choose another folder for the maps"
        )


def _expected_frames(info: VideoInfo, start: float, duration: float | None) -> int | None:
    """How many frames the part asked for has, by the container's word; None where it does not say."""
    if start == 0 and duration is None:
        return info.expected_frames
    left = None if info.duration is None else max(info.duration - start, 0.0)
    seconds = min((s for s in (left, duration) if s is not None), default=None)
    return None if seconds is None else round(seconds * info.rate)


def write_maps(
    video: str | os.PathLike[str],
    layer: MotionPrompt,
    out_dir: str | os.PathLike[str] = ".",
    *,
    stride: int = 1,
    arrays: bool = False,
    overwrite: bool = False,
    start: float = 0.0,
    duration: float | None = None,
    gain: float = 3.0,
    columns: int | None = None,
    pane: int = 640,
    moments: int = 6,
    progress: Progress | None = None,
) -> MapsWritten:
    """Write a video's difference, attention and prompt maps: NAME.maps.mp4, NAME.contact.png, and arrays on request.

    The film shows four panes, frame t + stride, difference, attention and prompt, at the video's own times; sound is
    left out. With ``arrays``, the folder NAME.maps holds float32 ``difference.npy`` (N, H, W), ``attention.npy``
    (N, H, W) and ``prompt.npy`` (N, 3, H, W), the prompt as the layer gives it, and float64 ``times.npy`` (N,), the
    later frame's seconds; ``np.load(path, mmap_mode="r")`` reads them without loading all.

    Args:
        video: a local video file.
        layer: gives slope, shift and every choice; frames are normalised by its mean and std, RGB, in full size.
        out_dir: folder to write to, made if need be.
        stride: frames from the earlier to the later frame of a pair; 1 are adjacent ones.
        arrays: write the numbers too: 20 bytes a pixel and pair, see :func:`plan_maps`.
        overwrite: replace what exists.
        start: seconds; where to begin.
        duration: seconds; how much of the video, None for all to the end.
        gain: the difference is multiplied by it before it is coloured, since most differences are small; numbers are
            never multiplied.
        columns: panes beside each other, 1, 2 or 4; None chooses by the video's shape.
        pane: pixels of a pane's longer side at most; larger maps are averaged down, for the film only.
        moments: rows of the contact sheet, evenly spaced.
        progress: called with pairs done and expected (None: not known) after every few.

    Raises:
        VideoError: (a ValueError) the video cannot be read to the end of what was asked, or has no pair of frames.
        ValueError: as :func:`plan_maps`; a value out of its range.
    """
    if not gain > 0:
        raise ValueError(f"gain: expected a number above 0, got {gain}")
    if moments < 1:
        raise ValueError(f"moments: expected at least 1, got {moments}")
    plan = plan_maps(video, out_dir, stride=stride, arrays=arrays, overwrite=overwrite, start=start, duration=duration)
    panes = Panes(plan.video.width, plan.video.height, pane, columns)
    out = Path(out_dir)
    out.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=".vmp-maps-", dir=out))
    try:
        pairs = frame_pairs(video, stride, start, duration)
        outputs = _Outputs(work, plan, layer, panes, gain, moments, progress)
        count = outputs.write(pairs, title=f"{Path(video).name}, frames {stride} apart")
        aside = work / "replaced"
        aside.mkdir()
        replace_all(outputs.made, aside)
    finally:
        shutil.rmtree(work, ignore_errors=True)
    return MapsWritten(plan.film, plan.sheet, plan.arrays, count)


@dataclass
class _Outputs:
    """The files of one run while they grow in a folder of their own."""

    work: Path
    plan: MapsPlan
    layer: MotionPrompt
    panes: Panes
    gain: float
    moments: int
    progress: Progress | None

    @property
    def made(self) -> dict[Path, Path]:
        """Where each file is, and where it belongs."""
        made = {self.work / "film.mp4": self.plan.film, self.work / "sheet.png": self.plan.sheet}
        if self.plan.arrays is not None:
            made[self.work / "arrays"] = self.plan.arrays
        return made

    def write(self, pairs: Iterator[Pair], title: str) -> int:
        """Write everything; gives how many pairs there were."""
        info, count = self.plan.video, 0
        rows = EvenRows(self.moments, Panes(info.width, info.height, _SHEET_PANE))
        labels: list[Label] = []
        with ExitStack() as stack:
            film = stack.enter_context(Film(self.work / "film.mp4", self.panes.size, info.rate))
            arrays = self._open_arrays(stack)
            for batch in _batches(pairs):
                maps = maps_of(batch, self.layer)
                for pair, pictures in zip(batch, _pictures(batch, maps, self.layer, self.gain), strict=True):
                    gap = pair.later_time - pair.earlier_time
                    labels = pane_labels(self.layer, gap, pair.later_time, self.gain)
                    film.write(self.panes.compose(pictures, labels), pair.later_time)
                    rows.offer(pair.later_time, pictures)
                times = np.array([pair.later_time for pair in batch])
                for array, numbers in zip(arrays, (*maps, times), strict=False):  # without arrays: none
                    array.append(numbers)
                count += len(batch)
                if self.progress is not None:
                    self.progress(count, self.plan.pairs)
        moments = [(f"{time:.2f} s", pictures) for time, pictures in rows.chosen()]
        sheet = contact_sheet(title, [Label(("frame",)), *labels[1:]], moments)
        Image.fromarray(sheet).save(self.work / "sheet.png")
        return count

    def _open_arrays(self, stack: ExitStack) -> list[GrowingArray]:
        if self.plan.arrays is None:
            return []
        folder = self.work / "arrays"
        folder.mkdir()
        size = (self.plan.video.height, self.plan.video.width)
        kinds = ((size, "<f4"), (size, "<f4"), ((3, *size), "<f4"), ((), "<f8"))
        return [
            stack.enter_context(GrowingArray(folder / f"{name}.npy", shape, dtype))
            for name, (shape, dtype) in zip(_ARRAYS, kinds, strict=True)
        ]
