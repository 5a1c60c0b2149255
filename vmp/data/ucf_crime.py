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
from typing import Any, NamedTuple

from vmp.data.addresses import UCF_CRIME
from vmp.data.fetching import Sources, bring, fetch, local_copy, say_downloads
from vmp.data.prepare import SILENT, Count, PrepareReport, Progress, finish, manifest_of, relative_path, workplace
from vmp.data.prepare_script import arguments_parser, run
from vmp.data.video_check import Checked, check_videos

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
    archives: Path | None = None,
    mirror: str | None = None,
    videos: Path | None = None,
    download_videos: bool = False,
    first_frame: int = 1,
    allow_missing: bool = False,
    progress: Progress = SILENT,
    published: Numbers = PUBLISHED,
) -> PrepareReport:
    """Read the temporal annotation, look for the testing videos, write the manifest of what happens in them.

    Args:
        root: the folder; videos go to ``videos``.
        archives: folder of local copies of the annotation, and of the videos' archives where they are there.
        mirror: where to download from; see :mod:`vmp.data.addresses`.
        videos: folder of the videos, unpacked; they are found below it by their name and used where they are.
        download_videos: download the videos' archives too (25 GB for 290 videos); else only the annotation.
        first_frame: what the annotation calls the first frame of a video, 1 or 0; not verified.
        allow_missing: write the manifest also where videos are missing.
        progress: told what is done.
        published: the numbers to hold the counts against.

    Returns:
        PrepareReport: its manifest has a clip for each interval, in frames, and one for each normal video; all "test".

    Raises:
        ValueError: a line that is not in the published format; first_frame neither 0 nor 1.
        OSError: no space, no network.
    """
    if first_frame not in (0, 1):
        raise ValueError(f"first_frame: expected 0 or 1, got {first_frame}")
    with workplace(root) as folder:
        sources = Sources(UCF_CRIME, archives, mirror)
        parts = [part for what, part in UCF_CRIME.parts.items() if what.startswith("videos")]
        annotation = UCF_CRIME.parts["annotation"]
        say_downloads(sources, folder, [annotation, *parts] if download_videos else [annotation], progress)
        lines = read_annotation(fetch(sources, folder, annotation, progress))
        names = {line.video for line in lines}
        for part in parts:
            if download_videos or local_copy(part, archives or folder / "archives"):
                bring(sources, folder, part, lambda where: place_video(where, names), progress)
        there = sorted((videos or folder / "videos").absolute().rglob("*.mp4"))
        files = {path.name: path for path in there if path.name in names}
        checked = check_videos(folder, list(files.values()), "ends", progress)
        return _finished(folder, lines, files, checked, first_frame, allow_missing, published)


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
    for number, text in enumerate(path.read_text().splitlines(), start=1):
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
    root: Path,
    lines: list[Line],
    files: dict[str, Path],
    checked: dict[Path, Checked],
    first_frame: int,
    allow_missing: bool,
    published: Numbers,
) -> PrepareReport:
    readable = {video: path for video, path in files.items() if not checked[path].trouble}
    classes = sorted({line.class_name for line in lines})
    rows = []
    for line in lines:
        if line.video in readable:
            path = readable[line.video]
            rows += list(_rows(root, line, path, checked[path], classes.index(line.class_name), first_frame))
    report = PrepareReport(
        NAME,
        root,
        found=len(readable),
        missing=tuple(line.video for line in lines if line.video not in files),
        unreadable={video: checked[path].trouble for video, path in files.items() if checked[path].trouble},
        counts=(
            Count("testing videos annotated", len(lines), published.videos),
            Count("of them normal", sum(line.class_name == NORMAL for line in lines), published.normal),
            Count("classes", len(classes), published.classes),
            Count("events annotated", sum(len(line.intervals) for line in lines)),
            Count("testing videos here", len(readable), published.videos),
        ),
        notes=(f"the annotation's frames are taken to count from {first_frame}; that is not verified",),
    )
    return finish(manifest_of(NAME, root, rows, classes, ["split"], EXTRAS), report, allow_missing=allow_missing)


def _rows(
    root: Path, line: Line, path: Path, checked: Checked, label: int, first_frame: int
) -> Iterator[dict[str, Any]]:
    for event, (first, last) in enumerate(line.intervals, start=1) if line.intervals else [(0, (math.nan, math.nan))]:
        yield {
            "clip": f"{line.video}/{event}",
            "path": relative_path(root, path),
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
