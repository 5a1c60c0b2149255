"""FineGym's files: what the annotation, the two lists and the categories say."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

from vmp.data.published_text import read_text

_ELEMENT = re.compile(r"(?P<video>[\w-]{11})_(?P<event>E_\d+_\d+)_(?P<action>A_\d+_\d+)")
_CATEGORY = re.compile(r"Clabel:\s*(\d+);\s*set:\s*(\d+);\s*Glabel:\s*(\d+);\s*\((\w+)\)\s*(.+)")


class Category(NamedTuple):
    """A class: what it is called, with its event before it, since two events have elements of one name."""

    label: int
    set: int
    event: str
    name: str


class Element(NamedTuple):
    """A clip: an interval of a video, in seconds from the video's first frame."""

    clip: str
    video: str
    start: float
    end: float
    label: int
    split: str


@dataclass(frozen=True)
class Gym:
    """What the four files say.

    Attributes:
        elements: those with an interval, in the lists' order.
        categories: by label.
        listed: how many each list names.
        troubles: what was left out, and why: how many.
    """

    elements: tuple[Element, ...]
    categories: dict[int, Category]
    listed: dict[str, int]
    troubles: Counter[str]


def read_gym(annotation: Path, train: Path, val: Path, categories: Path) -> Gym:
    """Read the annotation, the two lists and the categories.

    Elements that the annotation does not have, those of no length, a second line for one, and a training element that
    is in the validation list too are left out and counted.

    Raises:
        ValueError: a file that is not in the published format.
    """
    events = _read_json(annotation)
    classes = read_categories(categories)
    lists = {"test": read_list(val), "train": read_list(train)}
    kept: dict[str, Element] = {}
    troubles: Counter[str] = Counter()
    for split, lines in lists.items():
        for clip, label in lines:
            found = interval(events, clip)
            if clip in kept:
                troubles["in both lists, kept for test" if kept[clip].split != split else "twice in a list"] += 1
            elif label not in classes:
                troubles["with a label that no category has"] += 1
            elif found is None:
                troubles["that the annotation does not have"] += 1
            elif not 0 <= found[0] < found[1]:
                troubles["with a negative or empty interval"] += 1
            else:
                kept[clip] = Element(clip, clip[:11], *found, label, split)
    order = [kept[clip] for clip, _ in [*lists["train"], *lists["test"]] if clip in kept]
    counts = {split: len(lines) for split, lines in lists.items()}
    return Gym(tuple(dict.fromkeys(order)), classes, counts, troubles)


def interval(annotation: Mapping[str, Any], clip: str) -> tuple[float, float] | None:
    """Start and end of an element in seconds of its video; None where the annotation does not have it.

    Its times count from the event's start; of several stages the first one's start and the last one's end count.
    """
    match = _ELEMENT.fullmatch(clip)
    if match is None:
        return None
    event = annotation.get(match["video"], {}).get(match["event"]) or {}
    element = (event.get("segments") or {}).get(match["action"])
    if element is None:
        return None
    try:
        begin, stages = event["timestamps"][0][0], element["timestamps"]
        return round(begin + stages[0][0], 3), round(begin + stages[-1][1], 3)
    except (KeyError, IndexError, TypeError):
        return None


def read_list(path: Path) -> list[tuple[str, int]]:
    """Read lines such as "A0xAXXysHUo_E_002184_002237_A_0035_0036 12"; raise ValueError for another."""
    lines = []
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        clip, _, label = line.strip().rpartition(" ")
        if not line.strip():
            continue
        if _ELEMENT.fullmatch(clip.strip()) is None or not label.isdecimal():
            raise ValueError(f"{path}, line {number}: expected VIDEO_E_start_end_A_start_end and a label, got {line!r}")
        lines.append((clip.strip(), int(label)))
    return lines


def read_categories(path: Path) -> dict[int, Category]:
    """Read lines such as "Clabel: 0; set: 1; Glabel: 1; (VT) name"; raise ValueError for another."""
    categories = {}
    for number, line in enumerate(read_text(path).splitlines(), start=1):
        match = _CATEGORY.fullmatch(line.strip())
        if match is None and line.strip():
            raise ValueError(f'{path}, line {number}: expected "Clabel: n; set: n; Glabel: n; (VT) name", got {line!r}')
        if match is not None:
            label, event = int(match[1]), match[4]
            categories[label] = Category(label, int(match[2]), event, f"({event}) {match[5].strip()}")
    if not categories:
        raise ValueError(f"{path}: expected a category a line, the file says nothing")
    if sorted(categories) != list(range(len(categories))):
        raise ValueError(f"{path}: expected labels from 0 on without a gap, got {sorted(categories)[:5]} ...")
    return categories


def _read_json(path: Path) -> dict[str, Any]:
    try:
        events = json.loads(read_text(path))
    except ValueError as error:
        raise ValueError(f"{path}: is no JSON, truncated or damaged ({error})") from error
    if not isinstance(events, dict):
        raise ValueError(f"{path}: expected an object by video id, got a {type(events).__name__}")
    return events
