"""HMDB-51: 51 actions in 6,766 clips of films and web videos (Kuehne et al., ICCV 2011), three splits.

Published as a RAR archive that holds a RAR archive a class, or by mirrors as ZIP; the splits are 153 text files, three
a class, whose lines say of each clip "1" (train), "2" (test) or "0" (unused). A class has 70 training and 30 test clips
in each split, 3,570 and 1,530 in all; results are the mean over the three. File names hold ( ) ! # & ; and spaces:
nothing here goes through a shell.

The laboratory's page counts 6,849 clips, the split files and the archive that everyone uses 6,766.
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Unpack

from vmp.data.addresses import HMDB51
from vmp.data.preparation import Asked, Preparation, preparing
from vmp.data.prepare import Count, PrepareReport, relative_path
from vmp.data.prepare_script import arguments_parser, run
from vmp.data.video_check import Checked

NAME = "hmdb51"
SPLITS = (1, 2, 3)
#: What the manifest tells besides, with its type.
EXTRAS = dict.fromkeys(("source_video", "visible", "camera_motion", "people", "viewpoint", "quality"), "object")
_FLAGS = {"0": "unused", "1": "train", "2": "test"}
_SPLIT_FILE = re.compile(r"(?P<class_name>.+)_test_split(?P<split>[123])\.txt")


@dataclass(frozen=True)
class Numbers:
    """What is published of the set; a smaller one for tests."""

    videos: int = 6766
    classes: int = 51
    train: int = 70  # a class and split
    test: int = 30


PUBLISHED = Numbers()


def prepare(
    root: str | Path, *, videos: Path | None = None, published: Numbers = PUBLISHED, **asked: Unpack[Asked]
) -> PrepareReport:
    """Download or take the archives, unpack them, read the splits, decode every clip once, write the manifest.

    Args:
        root: the folder; archives go to ``archives``, clips to ``videos/CLASS``, split files to ``splits``.
        videos: folder of clips that are unpacked already, a folder a class; they are used where they are.
        published: the numbers to hold the counts against.
        asked: what every set takes, :class:`vmp.data.preparation.Asked`. Local copies are ``hmdb51_org.rar`` or
            ``.zip`` and ``test_train_splits.rar`` or ``.zip``.

    Returns:
        PrepareReport: its manifest has the columns split1, split2 and split3, and what file names tell: source_video,
            visible, camera_motion, people, viewpoint, quality.

    Raises:
        ValueError: a split file that cannot be read, or that contradicts another; an archive that cannot be unpacked;
            ``videos`` that is no folder.
        OSError: no space, no network, no program that reads RAR.
    """
    with preparing(NAME, HMDB51, root, **asked) as work:
        folder = work.videos_folder(videos)
        work.announce("splits", *(() if videos else ("videos",)))
        work.bring("splits", place_split)
        if videos is None:
            work.bring("videos", place_video)
        return _finished(work, folder, read_splits(work.root / "splits"), published)


def place_split(names: Sequence[str]) -> str | None:
    """Where a file of the splits' archive goes: ``splits/CLASS_test_splitN.txt``."""
    return f"splits/{names[-1]}" if _SPLIT_FILE.fullmatch(names[-1]) else None


def place_video(names: Sequence[str]) -> str | None:
    """Where a file of the videos' archive goes: ``videos/CLASS/NAME.avi``, by its folder's or its archive's name."""
    *folders, name = names
    if not name.lower().endswith(".avi") or name.startswith(".") or "__MACOSX" in folders or not folders:
        return None
    return f"videos/{folders[-1].removesuffix('.rar')}/{name}"


# --- the splits ---


@dataclass(frozen=True)
class Splits:
    """What the split files say.

    Attributes:
        clips: ("CLASS/NAME.avi", split) -> "train", "test" or "unused".
        files: how many split files there are.
        empty: those that say nothing.
    """

    clips: dict[tuple[str, int], str]
    files: int
    empty: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Every clip that one of the files names, sorted."""
        return sorted({name for name, _ in self.clips})


def read_splits(folder: Path) -> Splits:
    """Read ``CLASS_test_splitN.txt``: a line is a file's name, which may hold spaces, and 0, 1 or 2.

    Raises:
        ValueError: a line that is not so; a clip named twice with different flags.
    """
    clips: dict[tuple[str, int], str] = {}
    empty = []
    paths = sorted(path for path in folder.glob("*.txt") if _SPLIT_FILE.fullmatch(path.name))
    for path in paths:
        match = _SPLIT_FILE.fullmatch(path.name)
        assert match is not None
        lines = [line.strip() for line in path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()]
        for number, line in enumerate(lines, start=1):
            name, _, flag = line.rpartition(" ")
            if line and (flag not in _FLAGS or not name):
                raise ValueError(f"{path}, line {number}: expected a file's name and 0, 1 or 2, got {line!r}")
            if line:
                key = (f"{match['class_name']}/{name.strip()}", int(match["split"]))
                if clips.setdefault(key, _FLAGS[flag]) != _FLAGS[flag]:
                    raise ValueError(f"{path}, line {number}: {name.strip()!r} was {clips[key]}, now {_FLAGS[flag]}")
        if not any(lines):
            empty.append(path.name)
    return Splits(clips, len(paths), tuple(empty))


# --- the manifest ---


def _finished(work: Preparation, videos: Path, splits: Splits, published: Numbers) -> PrepareReport:
    files = {f"{path.parent.name}/{path.name}": path for path in sorted(videos.glob("*/*.avi"))}
    listed = {name: files[name] for name in splits.names if name in files}
    checked = work.check(listed, "frames")
    table = _table(work.root, listed, checked.readable, splits)
    report = PrepareReport(
        NAME,
        work.root,
        found=len(table),
        missing=tuple(name for name in splits.names if name not in files),
        unreadable=checked.unreadable,
        counts=tuple(_counts(table, splits, published)),
        notes=tuple(_notes(splits, len(files) - len(listed))),
    )
    return work.finish(report, table, _classes(splits), EXTRAS, [f"split{k}" for k in SPLITS])


def _table(root: Path, files: dict[str, Path], readable: dict[str, Checked], splits: Splits) -> list[dict[str, Any]]:
    labels = {each: label for label, each in enumerate(_classes(splits))}
    rows = []
    for name, checked in readable.items():
        class_name = name.partition("/")[0]
        row = {
            "clip": name,
            "path": relative_path(root, files[name]),
            "start": math.nan,
            "end": math.nan,
            "unit": "s",
            "label": labels[class_name],
            "class_name": class_name,
            **{f"split{k}": splits.clips.get((name, k), "unused") for k in SPLITS},
            **checked.measured,
            **tags(name),
        }
        rows.append(row)
    return rows


def _classes(splits: Splits) -> list[str]:
    return sorted({name.partition("/")[0] for name in splits.names})


def tags(name: str) -> dict[str, str]:
    """What a file's name tells: FILM_ACTION_visible_motion_people_viewpoint_quality_number.avi; "" where it does not.

    Visible are the head (h), upper body (u), lower body (l) or all of it (f); the camera moves (cm) or does not (nm);
    the viewpoint is front, back, left or right (fr, ba, le, ri), the quality good, medium or bad (goo, med, bad).
    """
    class_name, _, file = name.rpartition("/")
    film, *rest = PurePosixPath(file).stem.rsplit("_", 6)
    names = ("visible", "camera_motion", "people", "viewpoint", "quality")
    values = dict(zip(names, rest, strict=False)) if len(rest) == 6 else dict.fromkeys(names, "")
    return {"source_video": film.removesuffix(f"_{class_name}"), **values}


def _counts(table: list[dict[str, Any]], splits: Splits, published: Numbers) -> Iterator[Count]:
    yield Count("split files", splits.files - len(splits.empty), len(SPLITS) * published.classes)
    yield Count("classes", len(_classes(splits)), published.classes)
    yield Count("videos", len(table), published.videos)
    for k in SPLITS:
        for which, a_class in (("train", published.train), ("test", published.test)):
            by_class = Counter(row["class_name"] for row in table if row[f"split{k}"] == which)
            yield Count(f"split {k}, {which}", by_class.total(), a_class * published.classes)
            others = sum(by_class[name] != a_class for name in _classes(splits))
            yield Count(f"split {k}, classes with other than {a_class} in {which}", others, 0)


def _notes(splits: Splits, unlisted: int) -> Iterator[str]:
    if splits.empty:
        yield f"split files that say nothing: {', '.join(splits.empty)}"
    if unlisted:
        yield f"{unlisted:,} clips are in no split file and left out"
    partly = {name for name in splits.names if not all((name, k) in splits.clips for k in SPLITS)}
    if partly:
        yield f"{len(partly):,} clips are not in all three splits, and unused in the others: {sorted(partly)[0]}, ..."


def main(arguments: Sequence[str] | None = None) -> int:
    """``python data_scripts/hmdb51.py --root DATA``: the exit status."""
    parser = arguments_parser("hmdb51.py", "Prepare HMDB-51: download, unpack, check, and write its manifest.", HMDB51)
    parser.add_argument("--videos", type=Path, metavar="DIR", help="clips that are unpacked already, a folder a class")
    options = parser.parse_args(arguments)
    return run(lambda progress: prepare(**vars(options), progress=progress))
