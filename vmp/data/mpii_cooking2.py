"""MPII Cooking 2: 273 videos of people who cook, with what they do in every interval (Rohrbach et al., IJCV 2016).

The annotation is a MATLAB file of version 7.3, that is, HDF5: ``/annos`` holds 14,105 intervals, whose strings are
references to arrays of uint16. Of the 87 activities those count as classes that are among the 222 attributes too: 67.
Which sequences are for training, validation and testing is in three text files. The videos are long AVIs of camera 002,
1624x1224; clips are intervals of them, read in place, or cut into files when somebody asks.

Not verified: whether the annotation counts frames from 1, as MATLAB does, or from 0 (``first_frame``), and whether its
last frame belongs to the interval, as is assumed here. The annotation also has times in seconds; what frame they put
at 0 s is computed and told in the report.
"""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple, Unpack

from vmp.data import cutting
from vmp.data.addresses import MPII_COOKING2
from vmp.data.fetching import local_copy
from vmp.data.mpii_annotation import CAMERA, SEQUENCES, Annotation, classes_of, read_annotation, read_sequences
from vmp.data.preparation import Asked, Preparation, preparing
from vmp.data.prepare import Count, PrepareReport, Progress, relative_path, say_space
from vmp.data.prepare_script import arguments_parser, run
from vmp.data.video_check import Checked

NAME = "mpii_cooking2"
#: What the manifest tells besides; first_frame and last_frame are the annotation's own numbers.
EXTRAS = {
    "video": "object",
    "camera": "object",
    "subject": "int64",
    "dish": "int64",
    "first_frame": "int64",
    "last_frame": "int64",
}
_VIDEO = re.compile(r"s\d+-d\d+-cam-002\.avi")


@dataclass(frozen=True)
class Numbers:
    """What is published of the set; a smaller one for tests."""

    intervals: int = 14105
    videos: int = 273
    activities: int = 87
    attributes: int = 222
    classes: int = 67


PUBLISHED = Numbers()


def prepare(
    root: str | Path,
    *,
    videos: Path | None = None,
    first_frame: int = 1,
    cut: bool = False,
    published: Numbers = PUBLISHED,
    **asked: Unpack[Asked],
) -> PrepareReport:
    """Read the annotation and the sequence files, unpack or find the videos, write the manifest of intervals.

    Args:
        root: the folder; videos go to ``videos``, sequence files to ``experimentalSetup``, cut clips to ``clips``.
        videos: folder of the videos, unpacked; they are used where they are.
        first_frame: what the annotation calls the first frame of a video, 1 or 0; not verified.
        cut: write every clip to a file of its own, H.264; the manifest is then of these files.
        published: the numbers to hold the counts against.
        asked: what every set takes, :class:`vmp.data.preparation.Asked`. Local copies are the .mat,
            ``experimentalSetup`` (the folder, or .zip or .tar.gz) and the videos' archive; what is not published for
            itself is taken from ``archives`` in the root too.

    Returns:
        PrepareReport: its manifest has intervals in frames, and subject, dish, camera and video besides.

    Raises:
        ValueError: a file that is not in the published format; first_frame neither 0 nor 1; ``videos`` that is no
            folder.
        OSError: no space, no network.
    """
    if first_frame not in (0, 1):
        raise ValueError(f"first_frame: expected 0 or 1, got {first_frame}")
    with preparing(NAME, MPII_COOKING2, root, **asked) as work:
        folder = work.videos_folder(videos)
        work.announce("annotation", *(() if videos else ("videos",)))
        annotation = read_annotation(work.fetch("annotation"))
        splits = read_sequences(_sequences(work))
        if videos is None:
            work.bring("videos", place_video)
        kitchen = _Kitchen(work.root, folder, annotation, splits, first_frame)
        return _finished(work, kitchen, cut, published)


def place_video(names: Sequence[str]) -> str | None:
    """Where a file of the videos' archive goes: those of camera 002 to ``videos``."""
    return f"videos/{names[-1]}" if _VIDEO.fullmatch(names[-1]) else None


def place_sequences(names: Sequence[str]) -> str | None:
    """Where a file of the experimental setup goes."""
    return f"experimentalSetup/{names[-1]}" if names[-1] in SEQUENCES else None


# --- what is published ---


def _sequences(work: Preparation) -> Path:
    """The folder with the three sequence files: a local one, or unpacked."""
    for folder in (work.sources.archives, work.root / "archives"):
        local = local_copy(MPII_COOKING2.parts["sequences"], folder) if folder else None
        if local is not None and local.is_dir():
            return local
    work.bring("sequences", place_sequences)
    return work.root / "experimentalSetup"


# --- what is there ---


class Interval(NamedTuple):
    """One thing somebody does: frames of a video from 0, ``end`` not included."""

    clip: str
    video: str
    start: int
    end: int
    class_name: str
    place: int  # in the annotation


@dataclass(frozen=True)
class _Kitchen:
    root: Path
    videos: Path
    annotation: Annotation
    splits: dict[str, str]
    first_frame: int

    @cached_property
    def classes(self) -> list[str]:
        return classes_of(self.annotation)

    @cached_property
    def labels(self) -> dict[str, int]:
        return {name: label for label, name in enumerate(self.classes)}

    def intervals(self, troubles: Counter[str]) -> Iterator[Interval]:
        """Those whose activity is a class; what is left out is counted in ``troubles``."""
        a, numbers = self.annotation, Counter[str]()
        seen: set[tuple[str, str, int, int]] = set()
        for place, (video, activity, first, last) in enumerate(
            zip(a.file, a.activity, a.start.tolist(), a.end.tolist(), strict=True)
        ):
            numbers[video] += 1
            if activity not in self.labels:
                troubles["of activities that are no class"] += 1
            elif last < first or first < self.first_frame:
                troubles["that are negative or empty"] += 1
            elif (video, activity, first, last) in seen:
                troubles["that are there twice"] += 1
            else:
                seen.add((video, activity, first, last))
                start, end = first - self.first_frame, last - self.first_frame + 1
                yield Interval(f"{video}/{numbers[video]:04d}", video, start, end, activity, place)

    def files(self) -> dict[str, Path]:
        """The annotated videos that are there, by name."""
        paths = {path.stem: path for path in sorted(self.videos.absolute().rglob(f"*-{CAMERA}.avi"))}
        return {video: paths[video] for video in sorted(set(self.annotation.file)) if video in paths}


def _finished(work: Preparation, kitchen: _Kitchen, cut: bool, published: Numbers) -> PrepareReport:
    troubles = Counter[str]()
    intervals = list(kitchen.intervals(troubles))
    files = kitchen.files()
    checked = work.check(files, "ends")
    readable = checked.readable
    here = [each for each in intervals if each.video in readable]
    reached = [each for each in here if each.start < (readable[each.video].frames or math.inf)]
    if len(reached) < len(here):
        troubles["that begin after their video's end"] += len(here) - len(reached)
    rows = [_row(kitchen, each, files[each.video], readable[each.video]) for each in reached]
    report = PrepareReport(
        NAME,
        kitchen.root,
        found=len(readable),
        missing=tuple(video for video in sorted(set(kitchen.annotation.file)) if video not in files),
        unreadable=checked.unreadable,
        counts=tuple(_counts(kitchen, len(readable), rows, published)),
        notes=tuple(_notes(kitchen, troubles, {each.rate for each in readable.values()})),
    )
    if cut and (report.complete or work.allow_missing):
        rows = _cut(kitchen.root, rows, work.progress)
    return work.finish(report, rows, kitchen.classes, EXTRAS)


def _row(kitchen: _Kitchen, each: Interval, path: Path, checked: Checked) -> dict[str, Any]:
    annotation = kitchen.annotation
    return {
        "clip": each.clip,
        "path": relative_path(kitchen.root, path),
        "start": each.start,
        "end": each.end,
        "unit": "frame",
        "label": kitchen.labels[each.class_name],
        "class_name": each.class_name,
        "split": kitchen.splits.get(each.video, "unused"),
        **checked.measured,
        "video": each.video,
        "camera": CAMERA,
        "subject": annotation.subject[each.place],
        "dish": annotation.dish[each.place],
        "first_frame": annotation.start[each.place],
        "last_frame": annotation.end[each.place],
    }


def _counts(kitchen: _Kitchen, videos: int, rows: Sequence[Mapping[str, Any]], published: Numbers) -> Iterator[Count]:
    annotation = kitchen.annotation
    yield Count("intervals annotated", len(annotation), published.intervals)
    yield Count("activities", len(set(annotation.activity)), published.activities)
    yield Count("attributes", len(annotation.attributes), published.attributes)
    yield Count("classes", len(kitchen.classes), published.classes)
    yield Count("videos annotated", len(set(annotation.file)), published.videos)
    yield Count("videos here", videos, published.videos)
    for split in (*SEQUENCES.values(), "unused"):
        yield Count(f"clips, {split}", sum(row["split"] == split for row in rows))


def _notes(kitchen: _Kitchen, troubles: Counter[str], rates: set[float | None]) -> Iterator[str]:
    yield (
        f"the annotation's frames are taken to count from {kitchen.first_frame}, and the last one to belong to its "
        "interval; neither is verified"
    )
    zero = kitchen.annotation.frame_at_zero()
    if zero is not None:
        yield f"by its own times in seconds, frame {zero:.2f} is at 0 s"
    said = kitchen.annotation.rate
    if odd := sorted({round(rate, 3) for rate in rates if rate and abs(rate - said) > 0.01 * said}):
        yield f"the annotation says {said:g} frames a second, videos say {', '.join(map(str, odd))}"
    for what, count in sorted(troubles.items()):
        yield f"{count:,} intervals {what} are left out"
    annotated = set(kitchen.annotation.file)
    unknown = sorted(set(kitchen.splits) - annotated)
    if unknown:
        yield f"{len(unknown)} sequences are not in the annotation: {', '.join(unknown[:3])}"
    unlisted = annotated - set(kitchen.splits)
    if unlisted:
        yield f"{len(unlisted)} annotated videos are in no sequence file, and unused"


def _cut(root: Path, rows: list[dict[str, Any]], progress: Progress) -> list[dict[str, Any]]:
    """Write the clips that are not there; their rows, without those whose video ends before them."""
    by_video: dict[str, list[cutting.Cut]] = defaultdict(list)
    cut_rows = []
    for row in rows:
        number = row["clip"].rpartition("/")[2]
        to = f"clips/{row['class_name']}/{row['video']}_{number}_{row['start']}-{row['end']}.mp4"
        by_video[row["path"]].append(cutting.Cut(row["start"], row["end"], root / to))
        frames = min(row["end"], row["frames"] or row["end"]) - row["start"]
        whole = {"start": math.nan, "end": math.nan, "unit": "s", "frames": frames}
        even = {side: row[side] // 2 * 2 for side in ("width", "height") if row[side]}
        cut_rows.append({**row, "path": to, **whole, **even})
    _say_cuts(root, [row for row, to in zip(rows, cut_rows, strict=True) if not (root / to["path"]).exists()], progress)
    done = 0
    with progress.track("cutting", len(rows)) as advance:
        for path, cuts in by_video.items():
            for _ in cutting.cut(root / path, cuts):
                done += 1
                advance(done)
    return [row for row in cut_rows if (root / row["path"]).exists()]


def _say_cuts(root: Path, rows: Sequence[Mapping[str, Any]], progress: Progress) -> None:
    """Say how much room these clips will take: about what they take in their videos, by their share of the frames."""
    sizes = {path: (root / path).stat().st_size for path in {row["path"] for row in rows}}
    shares = [sizes[row["path"]] * (row["end"] - row["start"]) / (row["frames"] or row["end"]) for row in rows]
    if rows:
        say_space(root, round(sum(shares)), f"cutting {len(rows):,} clips", progress)


def main(arguments: Sequence[str] | None = None) -> int:
    """``python data_scripts/mpii_cooking2.py --root DATA``: the exit status."""
    text = "Prepare MPII Cooking 2: its annotation, its splits, its videos, its manifest of intervals."
    parser = arguments_parser("mpii_cooking2.py", text, MPII_COOKING2)
    parser.add_argument("--videos", type=Path, metavar="DIR", help="folder of the videos, unpacked already")
    parser.add_argument(
        "--first-frame", type=int, choices=(1, 0), default=1, help="what the annotation calls a video's first frame [1]"
    )
    parser.add_argument("--cut", action="store_true", help="write each clip to a file of its own")
    options = vars(parser.parse_args(arguments))
    return run(lambda progress: prepare(**options, progress=progress))
