"""Clips of real videos for training and testing, read from a manifest.

Sampling is that of the backbones' papers. In training a clip begins anywhere it fits; in testing ``temporal`` clips
begin at even distances, each in ``spatial`` squares along the longer side. Frames keep the room that an extra frame of
a motion prompt layer needs, with and without one: where the video has it, no clip begins before it
(:func:`vmp.data.pathways.pathway_windows`). Frames beyond the end are the last one again.

A draw hangs on (seed, epoch, index) alone, and one draw serves all frames and all pathways of a clip.
"""

from __future__ import annotations

import hashlib
import logging
import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

from vmp.data.draws import Draws, keys
from vmp.data.lost import ClipUnreadable, LostClips, TooManyLost
from vmp.data.manifest import RATE, Manifest, interval, thinning
from vmp.data.manifest_columns import unknown_text
from vmp.data.pathways import ClipInput, pathway_windows
from vmp.data.transforms import JITTER, Chance, Cut, apply, cut_for_testing, cut_for_training, jitter_for

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

_log = logging.getLogger("vmp")


class _View(NamedTuple):
    """How to look at a clip: what was drawn for training, or which test view."""

    start: float
    chance: Chance | None
    temporal: int
    spatial: int


class ManifestSource:
    """One split of a manifest: a :class:`vmp.data.source.ClipSource`.

    A clip that cannot be read is, in training, replaced by another one of its class, which hangs on the clip alone: it
    is logged once and counted in ``lost``, and training ends when more than ``lost_share`` of the split is lost. In
    testing it is an error; with ``allow_lost`` whoever tests may go on by :func:`vmp.data.lost.readable_clips`, which
    tells them apart, and counts them as wrong.

    Args:
        manifest: of the set.
        split: "train", "validation", "test" or "train+validation".
        fold: which split, of a set with several.
        test_views: temporal and spatial; ``model.spec.test_views`` are those of the backbone's authors.
        jitter: the shortest and longest shorter side in training, for a crop of 224; others in proportion.
        mirror: whether training clips are mirrored; None: unless the manifest's classes tell left from right.
        rate: frames a second that strides count: of a faster video every second (third, ...) frame is taken
            (:func:`vmp.data.manifest.thinning`). None: the frames of each file as they are.
        group: a column of the manifest; clips with one value of it have one outcome together. None: each its own.
        allow_lost: whether test clips may be unreadable.
        lost_share: of the split that may be unreadable in training.
        threads: that decode one clip.

    Raises:
        ValueError: an unknown split or fold, one without clips, values out of their range, a group with several labels.

    Attributes:
        name: of the set, the split and the fold.
        classes: the name of each label.
        labels, groups: int64 (N,).
        views: temporal times spatial.
        table: the rows, as in the manifest.
        allow_lost: as given.
    """

    def __init__(
        self,
        manifest: Manifest,
        split: str = "train",
        fold: int = 1,
        *,
        test_views: tuple[int, int] = (1, 1),
        jitter: tuple[int, int] = JITTER,
        mirror: bool | None = None,
        rate: float | None = RATE,
        group: str | None = None,
        allow_lost: bool = False,
        lost_share: float = 0.05,
        threads: int = 1,
    ) -> None:
        self.table = manifest.rows(split, fold)
        if not len(self.table):
            raise ValueError(
                f"split: expected clips, got none for {split!r} in {manifest.name}. "
                "vmp.data.manifest_split.with_validation holds some of the training clips out"
            )
        if min(test_views) < 1:
            raise ValueError(f"test_views: expected at least (1, 1), temporal and spatial, got {test_views}")
        jitter_for(224, jitter)
        self.name = f"{manifest.name} {split}" + (f", fold {fold}" if manifest.folds > 1 else "")
        self.classes = manifest.classes
        self.labels = self.table["label"].to_numpy(dtype=np.int64, copy=True)
        self.groups = _groups(manifest, self.table, group)
        self.views = test_views[0] * test_views[1]
        self.allow_lost = allow_lost
        self._manifest, self._test_views, self._jitter = manifest, test_views, jitter
        self._mirror = not manifest.directional if mirror is None else mirror
        self._rate, self._threads = rate, threads
        self._intervals = list(self.table[["path", "start", "end", "unit"]].itertuples(index=False, name=None))
        self._lost = LostClips(len(self.table), lost_share)

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"ManifestSource({self.name}: {len(self)} clips, {len(self.classes)} classes)"

    @property
    def digest(self) -> str:
        """16 hexadecimal digits that tell these clips, as they are drawn and cut, from others of the same name."""
        options = (self._test_views, self._jitter, self._mirror, self._rate)
        return hashlib.sha256(f"{self._manifest.digest} {self.name} {options}".encode()).hexdigest()[:16]

    @property
    def lost(self) -> NDArray[np.int64]:
        """int64 (n,): the clips that were found unreadable so far, by this process and its loader's workers."""
        return self._lost.indices

    def clips(
        self, indices: Sequence[int], clip_input: ClipInput, *, epoch: int | None = None, seed: int = 0, view: int = 0
    ) -> list[Tensor]:
        """uint8 (B, T, H, W, 3) in RGB, one tensor a pathway; T + 1 frames where it has an extra, 2 T where adjacent.

        The frame just before another is that of the thinned video, whose frames strides count.

        Raises:
            ClipUnreadable: (a ValueError) in testing; names all clips of the batch that cannot be read.
            TooManyLost: (a ValueError) in training.
            ValueError: a view that is not there.
        """
        import torch

        if not 0 <= view < self.views:
            raise ValueError(f"view: expected 0 to {self.views - 1}, got {view}")
        chosen = [int(index) for index in indices]
        if epoch is None:
            found = self._tested(chosen, clip_input, view)
        else:
            views = self._drawn(chosen, epoch, seed)
            found = [self._trained(index, clip_input, how) for index, how in zip(chosen, views, strict=True)]
        return [torch.stack(clips) for clips in zip(*found, strict=True)]

    def describe(self, index: int) -> str:
        """Set, split, clip, class, file and interval."""
        row = self.table.iloc[index]
        start, end, unit = row["start"], row["end"], " s" if row["unit"] == "s" else " frames"
        until = "the end" if math.isnan(end) else f"{end:g}{unit}"
        there = "" if math.isnan(start) and math.isnan(end) else f", {start:g} to {until}"
        return f"{self.name}: clip {row['clip']} ({row['class_name']}), {self._manifest.file(row['path'])}{there}"

    # --- testing ---

    def _tested(self, indices: list[int], clip_input: ClipInput, view: int) -> list[list[Tensor]]:
        how = _View(0.0, None, *divmod(view, self._test_views[1]))
        found, troubles = [], {}
        for index in indices:
            try:
                found.append(self._read(index, clip_input, how))
            except unreadable() as error:
                self._lost.note(index)
                troubles[index] = error
        if troubles:
            told = "\n".join(f"  {self.describe(index)}: {error}" for index, error in troubles.items())
            hint = "" if self.allow_lost else "\nWith allow_lost=True they are counted as wrong"
            raise ClipUnreadable(f"{len(troubles)} test clips cannot be read:\n{told}{hint}", list(troubles))
        return found

    # --- training ---

    def _drawn(self, indices: list[int], epoch: int, seed: int) -> Iterator[_View]:
        draws = Draws(keys("clip", seed, epoch, np.asarray(indices, dtype=np.int64)))
        names = ("start", "side", "top", "left", "mirror")
        for numbers in zip(*(draws.uniform(name, 0, 1).tolist() for name in names), strict=True):
            yield _View(numbers[0], Chance(*numbers[1:]), 0, 0)

    def _trained(self, index: int, clip_input: ClipInput, how: _View) -> list[Tensor]:
        """The clip, or the first readable one of its class in an order that hangs on the clip."""
        for other in self._candidates(index):
            if other in self._lost:
                continue
            try:
                return self._read(other, clip_input, how)
            except unreadable() as error:
                self._lose(other, error)
        raise TooManyLost(f"{self.name}: no clip of {self.classes[self.labels[index]]!r} can be read")

    def _candidates(self, index: int) -> Iterator[int]:
        yield index
        alike = np.flatnonzero(self.labels == self.labels[index])
        order = np.argsort(keys("instead of", index, alike), kind="stable")
        yield from (int(other) for other in alike[order] if other != index)

    def _lose(self, index: int, error: Exception) -> None:
        if self._lost.note(index):
            _log.warning("%s cannot be read, another clip of its class stands in: %s", self.describe(index), error)
        if self._lost.too_many:
            lost = self.lost
            raise TooManyLost(
                f"{self.name}: {len(lost)} of {len(self)} clips cannot be read, more than the {self._lost.share:.0%} "
                "allowed (lost_share). Mend the files, or leave them out: prepare the set again with --allow-missing. "
                f"The last: {self.describe(index)}: {error}"
            )

    # --- reading ---

    def _read(self, index: int, clip_input: ClipInput, how: _View) -> list[Tensor]:
        """uint8 (T, H, W, 3), one tensor a pathway; raises one of :func:`unreadable` where the file is not whole."""
        from vmp.data.decoder import VideoError
        from vmp.data.frame_reader import FrameReader

        path, start, end, unit = self._intervals[index]
        with FrameReader(str(self._manifest.file(path)), self._threads) as reader:
            first, count = interval(start, end, unit, reader.rate, reader.count())
            if not count:
                raise VideoError(reader.path, f"the clip begins at frame {first}, after the video's end")
            every = thinning(reader.rate, self._rate)
            available = -(-count // every)
            begin = self._start(available, clip_input, how)
            windows = pathway_windows(available, clip_input, begin, short="repeat_last")
            taken, place = np.unique(np.concatenate(windows.indices), return_inverse=True)
            frames = reader.read(first + every * taken)
        cut = self._cut(frames.shape[1], frames.shape[2], clip_input.crop, how)
        pictures = apply(frames, cut)
        places = np.split(place, np.cumsum([len(each) for each in windows.indices])[:-1])
        return [pictures[each] for each in places]

    def _start(self, frames: int, clip_input: ClipInput, how: _View) -> int:
        """The first frame: where there is room for an extra frame before it, if the video is long enough for both."""
        last = max(frames - clip_input.length, 0)
        earliest = clip_input.room if clip_input.room <= last else 0
        spare = last - earliest
        if how.chance is not None:
            return earliest + int(how.start * (spare + 1))
        views = self._test_views[0]
        if views == 1:
            return earliest + spare // 2
        return earliest + (2 * spare * how.temporal + views - 1) // (2 * (views - 1))

    def _cut(self, height: int, width: int, crop: int, how: _View) -> Cut:
        if how.chance is None:
            return cut_for_testing(height, width, crop, how.spatial, self._test_views[1])
        return cut_for_training(height, width, crop, how.chance, self._jitter, self._mirror)


def unreadable() -> tuple[type[Exception], ...]:
    """What reading a file raises that is not there, or not whole, or no video."""
    from av.error import FFmpegError

    from vmp.data.decoder import VideoError

    return VideoError, FFmpegError, OSError


def _groups(manifest: Manifest, table: pd.DataFrame, column: str | None) -> NDArray[np.int64]:
    if column is None:
        return np.arange(len(table), dtype=np.int64)
    if column not in manifest.extras:
        raise ValueError(unknown_text("group", column, manifest.extras or ("none: the manifest has no extras",)))
    torn = table.groupby(column)["label"].nunique()
    if (torn > 1).any():
        raise ValueError(
            f"group: expected one class in each group, since a group has one outcome, got several in {column} "
            f"{torn.index[torn > 1][0]!r}"
        )
    values = sorted(manifest.table[column].astype(str).unique())  # the same numbers in every split
    return table[column].astype(str).map({value: place for place, value in enumerate(values)}).to_numpy(dtype=np.int64)
