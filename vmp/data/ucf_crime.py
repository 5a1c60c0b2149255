"""UCF-Crime: surveillance videos, of which 290 for testing say when something happens (Sultani et al., CVPR 2018).

The paper shows figures of it and no numbers, so the annotation of the testing videos is all that is read here, with
the videos that somebody has. A line is "Abuse028_x264.mp4  Abuse  165  240  -1  -1": the file, what happens, and one or
two intervals in frames, 30 a second; -1 stands for none. 150 videos are normal all through.

Not verified: whether frames count from 1 or 0 (``first_frame``). The least start in the file is 1, and its authors
worked with MATLAB.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple, Unpack

from vmp.data.addresses import UCF_CRIME
from vmp.data.fetching import local_copy
from vmp.data.preparation import Asked, CheckedFiles, Preparation, preparing
from vmp.data.prepare import Count, PrepareReport, relative_path
from vmp.data.prepare_script import arguments_parser, run
from vmp.data.published_text import read_text
from vmp.data.video_check import Checked

NAME = "ucf_crime"
NORMAL = "Normal"
#: What the manifest tells besides: the video's file, and which of its intervals this is (0: all of a normal video).
EXTRAS = {"video": "object", "event": "int64"}


@dataclass(frozen=True)
class Numbers:
    """What is published of the testing videos; a smaller one for tests."""

    videos: int = 290
    normal: int = 150
    classes: int = 14  # 13 and "Normal"


PUBLISHED = Numbers()


class Line(NamedTuple):
    """One line of the annotation: a video and its intervals, in the annotation's frames."""

    video: str
    class_name: str
    intervals: tuple[tuple[int, int], ...]


def prepare(
    root: str | Path,
    *,
    videos: Path | None = None,
    download_videos: bool = False,
    first_frame: int = 1,
    published: Numbers = PUBLISHED,
    **asked: Unpack[Asked],
) -> PrepareReport:
    """Read the temporal annotation, look for the testing videos, write the manifest of what happens in them.

    Args:
        root: the folder; videos go to ``videos``.
        videos: folder of the videos, unpacked; they are found below it by their name and used where they are.
        download_videos: download the videos' archives too (25 GB for 290 videos); else only the annotation.
        first_frame: what the annotation calls the first frame of a video, 1 or 0; not verified.
        published: the numbers to hold the counts against.
        asked: what every set takes, :class:`vmp.data.preparation.Asked`. Local copies are the annotation, and the
            videos' archives where they are there.

    Returns:
        PrepareReport: its manifest has a clip for each interval, in frames, and one for each normal video; all "test".

    Raises:
        ValueError: a line that is not in the published format; first_frame neither 0 nor 1; ``videos`` that is no
            folder.
        OSError: no space, no network.
    """
    if first_frame not in (0, 1):
        raise ValueError(f"first_frame: expected 0 or 1, got {first_frame}")
    with preparing(NAME, UCF_CRIME, root, **asked) as work:
        folder = work.videos_folder(videos)
        parts = [part for part in UCF_CRIME.parts if part.startswith("videos")]
        work.announce("annotation", *(parts if download_videos else ()))
        lines = read_annotation(work.fetch("annotation"))
        names = {line.video for line in lines}
        for part in parts:
            if download_videos or local_copy(UCF_CRIME.parts[part], work.sources.archives or work.root / "archives"):
                work.bring(part, lambda where: place_video(where, names))
        files = {path.name: path for path in sorted(folder.rglob("*.mp4")) if path.name in names}
        return _finished(work, lines, work.check(files, "ends"), first_frame, published)


def place_video(names: Sequence[str], wanted: set[str]) -> str | None:
    """Where a file of the videos' archives goes: the testing videos to ``videos``."""
    return f"videos/{names[-1]}" if names[-1] in wanted else None


def read_annotation(path: Path) -> list[Line]:
    """Read the temporal annotation.

    Raises:
        ValueError: a line without six columns, an interval that is empty or half there, a video that is there twice,
            a file that says nothing.
    """
    lines: dict[str, Line] = {}
    for number, text in enumerate(read_text(path).splitlines(), start=1):
        if not text.strip():
            continue
        line = _line(f"{path}, line {number}", text)
        if line.video in lines:
            raise ValueError(f"{path}, line {number}: {line.video} is there twice")
        lines[line.video] = line
    if not lines:
        raise ValueError(f"{path}: expected a line a video, the file says nothing")
    return list(lines.values())


def _line(where: str, text: str) -> Line:
    words = text.split()
    if len(words) != 6 or not all(word.removeprefix("-").isdecimal() for word in words[2:]):
        raise ValueError(f"{where}: expected VIDEO CLASS START END START END, got {text!r}")
    video, class_name = words[:2]
    first, last, second_first, second_last = map(int, words[2:])
    intervals = [each for each in ((first, last), (second_first, second_last)) if each != (-1, -1)]
    if any(not 0 <= start < end for start, end in intervals):
        raise ValueError(f"{where}: expected intervals that end after they begin, or -1 -1, got {text!r}")
    if (class_name == NORMAL) == bool(intervals):
        raise ValueError(f"{where}: expected an interval for every class but {NORMAL}, got {text!r}")
    return Line(video, class_name, tuple(intervals))


def _finished(
    work: Preparation, lines: list[Line], videos: CheckedFiles, first_frame: int, published: Numbers
) -> PrepareReport:
    readable = videos.readable
    classes = sorted({line.class_name for line in lines})
    rows = []
    for line in lines:
        if line.video in readable:
            path = relative_path(work.root, videos.files[line.video])
            rows += list(_rows(line, path, readable[line.video], classes.index(line.class_name), first_frame))
    report = PrepareReport(
        NAME,
        work.root,
        found=len(readable),
        missing=tuple(line.video for line in lines if line.video not in videos.files),
        unreadable=videos.unreadable,
        counts=(
            Count("testing videos annotated", len(lines), published.videos),
            Count("of them normal", sum(line.class_name == NORMAL for line in lines), published.normal),
            Count("classes", len(classes), published.classes),
            Count("events annotated", sum(len(line.intervals) for line in lines)),
            Count("testing videos here", len(readable), published.videos),
        ),
        notes=tuple(_notes(videos, first_frame)),
    )
    return work.finish(report, rows, classes, EXTRAS)


def _notes(videos: CheckedFiles, first_frame: int) -> Iterator[str]:
    if not videos.files:
        yield "no video is here: --videos DIR takes those that you have, --download-videos gets them all"
    yield f"the annotation's frames are taken to count from {first_frame}; that is not verified"


def _rows(line: Line, path: str, checked: Checked, label: int, first_frame: int) -> Iterator[dict[str, Any]]:
    for event, (first, last) in enumerate(line.intervals, start=1) if line.intervals else [(0, (math.nan, math.nan))]:
        yield {
            "clip": f"{line.video}/{event}",
            "path": path,
            "start": first - first_frame,
            "end": last - first_frame + 1,
            "unit": "frame",
            "label": label,
            "class_name": line.class_name,
            "split": "test",
            **checked.measured,
            "video": line.video,
            "event": event,
        }


def main(arguments: Sequence[str] | None = None) -> int:
    """``python data_scripts/ucf_crime.py --root DATA``: the exit status."""
    text = "Prepare UCF-Crime: the temporal annotation of its testing videos, and those of them that are there."
    parser = arguments_parser("ucf_crime.py", text, UCF_CRIME)
    parser.add_argument("--videos", type=Path, metavar="DIR", help="folder of the videos, unpacked already")
    parser.add_argument("--download-videos", action="store_true", help="download the videos too (25 GB)")
    parser.add_argument(
        "--first-frame", type=int, choices=(1, 0), default=1, help="what the annotation calls a video's first frame [1]"
    )
    options = vars(parser.parse_args(arguments))
    return run(lambda progress: prepare(**options, progress=progress))
