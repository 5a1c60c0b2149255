"""FineGym's Gym99: 99 elements of gymnastics in web videos (Shao et al., CVPR 2020), version 1.1.

The annotation gives each video's events in seconds, and in an event its elements in seconds from the event's start; an
element of vault has three stages, and lasts from the first one's start to the last one's end. Two lists name the
elements for training and validation with their labels, one the categories. There is no third list: papers test on the
validation list, and so it is "test" here.

The videos are YouTube's: downloaded with yt-dlp when asked, or found in a folder by their id. Some are gone for good,
and nobody has quite the published set: the report counts by class what that takes away.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Unpack

from vmp.data.addresses import FINEGYM
from vmp.data.gym_annotation import Element, Gym, read_gym
from vmp.data.preparation import Asked, CheckedFiles, Preparation, preparing
from vmp.data.prepare import Count, PrepareReport, relative_path
from vmp.data.prepare_script import arguments_parser, run
from vmp.data.video_check import Checked
from vmp.data.yt_dlp import Download, download_videos, find_videos
from vmp.files import write_if_new

NAME = "finegym"
#: What the manifest tells besides: the video's YouTube id, the event (VT, FX, BB, UB) and the set within it.
EXTRAS = {"video": "object", "event": "object", "set": "int64"}
#: An element may end so many seconds after its video before that is counted: containers round.
_ROUNDING = 0.5


@dataclass(frozen=True)
class Numbers:
    """What is published of Gym99 v1.1; a smaller one for tests."""

    train: int = 26320
    val: int = 8521
    classes: int = 99


PUBLISHED = Numbers()


def prepare(
    root: str | Path,
    *,
    videos: Path | None = None,
    download: Download | None = None,
    published: Numbers = PUBLISHED,
    **asked: Unpack[Asked],
) -> PrepareReport:
    """Take the annotation and lists, look for the videos or download them, write the manifest of what is there.

    Args:
        root: the folder; the four text files go to ``archives``, downloaded videos to ``videos``.
        videos: folder with the videos, ``ID.mp4`` or what yt-dlp calls them; they are used where they are.
        download: get videos that are missing from YouTube, so; None: do not.
        published: the numbers to hold the counts against.
        asked: what every set takes, :class:`vmp.data.preparation.Asked`; local copies are those of the text files.

    Returns:
        PrepareReport: ``finegym.by_class.csv`` beside the manifest counts each class's elements, published and here.

    Raises:
        ValueError: a file that is not in the published format; ``videos`` that is no folder; a download that cannot be.
        OSError: no space, no network, yt-dlp refused.
    """
    with preparing(NAME, FINEGYM, root, **asked) as work:
        where = work.videos_folder(videos, make=download is not None)
        work.announce(*FINEGYM.parts)
        gym = read_gym(*(work.fetch(part) for part in ("annotation", "train", "val", "categories")))
        ids = sorted({element.video for element in gym.elements})
        failed = download_videos(ids, where, work.root, download, work.progress) if download else {}
        files = find_videos(where, ids) if where.is_dir() else {}
        return _finished(work, _Found(work.root, gym, work.check(files, "ends"), failed), published)


# --- what is there ---


@dataclass(frozen=True)
class _Found:
    root: Path
    gym: Gym
    videos: CheckedFiles
    failed: dict[str, str]

    def rows(self) -> Iterator[dict[str, Any]]:
        """A row for each element whose video can be read and reaches it."""
        readable = self.videos.readable
        for element in self.gym.elements:
            video = readable.get(element.video)
            if video is not None and (video.duration is None or element.start < video.duration):
                yield self._row(element, video)

    def _row(self, element: Element, video: Checked) -> dict[str, Any]:
        category = self.gym.categories[element.label]
        return {
            **element._asdict(),
            "path": relative_path(self.root, self.videos.files[element.video]),
            "unit": "s",
            "class_name": category.name,
            "event": category.event,
            "set": category.set,
            **video.measured,
        }

    def missing(self) -> Iterator[str]:
        """A line for each video that is not there: its id, how many elements it takes away, and why."""
        elements = Counter(element.video for element in self.gym.elements)
        for video, count in sorted(elements.items()):
            if video not in self.videos.files:
                why = f": {self.failed[video]}" if video in self.failed else ""
                yield f"{video} ({count} elements){why}"

    def beyond(self) -> int:
        """How many elements end after their video."""
        durations = {video: checked.duration for video, checked in self.videos.readable.items() if checked.duration}
        return sum(e.end > durations[e.video] + _ROUNDING for e in self.gym.elements if e.video in durations)


def _finished(work: Preparation, found: _Found, published: Numbers) -> PrepareReport:
    gym, rows = found.gym, list(found.rows())
    here = Counter(row["split"] for row in rows)
    _write_by_class(found, rows)
    names = [gym.categories[label].name for label in sorted(gym.categories)]
    report = PrepareReport(
        NAME,
        found.root,
        found=len(found.videos.readable),
        missing=tuple(found.missing()),
        unreadable=found.videos.unreadable,
        counts=(
            Count("classes", len(gym.categories), published.classes),
            Count("elements listed, train", gym.listed["train"], published.train),
            Count("elements listed, val", gym.listed["test"], published.val),
            Count("elements here, train", here["train"], published.train),
            Count("elements here, val", here["test"], published.val),
        ),
        notes=tuple(_notes(found, rows)),
    )
    return work.finish(report, rows, names, EXTRAS)


def _notes(found: _Found, rows: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    for what, count in sorted(found.gym.troubles.items()):
        yield f"{count:,} elements {what} are left out"
    if not found.videos.files:
        yield "no video is here: --download gets them from YouTube, --videos DIR takes those that you have"
    if found.beyond():
        yield f"{found.beyond():,} elements end after their video does"
    listed = Counter(element.label for element in found.gym.elements)
    here = Counter(row["label"] for row in rows)
    worst = sorted((here[label] / count, label) for label, count in listed.items() if here[label] < count)
    if worst:
        named = ", ".join(
            f"{found.gym.categories[label].name} {here[label]} of {listed[label]}" for _, label in worst[:3]
        )
        yield f"{len(worst)} classes lack elements, most of all {named}; all of them are in {NAME}.by_class.csv"


def _write_by_class(found: _Found, rows: Sequence[Mapping[str, Any]]) -> None:
    """``finegym.by_class.csv``: elements of each class in each list, those here, and those whose video is missing."""
    listed = Counter((element.label, element.split) for element in found.gym.elements)
    here = Counter((row["label"], row["split"]) for row in rows)
    lines = ["label,class_name,split,published,here,missing"]
    for label, category in sorted(found.gym.categories.items()):
        for split in ("train", "test"):
            key = (label, split)
            lines.append(f'{label},"{category.name}",{split},{listed[key]},{here[key]},{listed[key] - here[key]}')
    write_if_new(found.root / f"{NAME}.by_class.csv", ("\n".join(lines) + "\n").encode())


def main(arguments: Sequence[str] | None = None) -> int:
    """``python data_scripts/finegym.py --root DATA``: the exit status."""
    parser = arguments_parser("finegym.py", "Prepare FineGym: its annotation, its videos, its manifest.", FINEGYM)
    parser.add_argument("--videos", type=Path, metavar="DIR", help="folder with the videos, found by their YouTube id")
    parser.add_argument("--download", action="store_true", help="get missing videos from YouTube with yt-dlp")
    parser.add_argument("--cookies", type=Path, metavar="FILE", help="with --download: handed to yt-dlp")
    parser.add_argument("--height", type=int, default=720, metavar="N", help="with --download: pixels at most [720]")
    parser.add_argument("--pause", type=float, default=10.0, metavar="S", help="with --download: between videos [10]")
    parser.add_argument("--limit-rate", dest="rate", metavar="RATE", help="with --download: bytes a second, such as 2M")
    parser.add_argument("--retry-gone", action="store_true", help="with --download: also try those gone before")
    options = vars(parser.parse_args(arguments))
    how = Download(**{name: options.pop(name) for name in ("cookies", "height", "pause", "rate", "retry_gone")})
    if how != Download() and not options["download"]:
        parser.error("--cookies, --height, --pause, --limit-rate and --retry-gone: expected with --download only")
    options["download"] = how if options["download"] else None
    return run(lambda progress: prepare(**options, progress=progress))
