"""What is known of each data set, in one place, and as tables: the chapter *The data sets* shows nothing else.

A fact that was not read in its source is marked so (``verified``). What preparing a set
counts is held against the numbers of its own module; a test holds these against those.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmp.data.facts_form import Fact, SetFacts
from vmp.data.facts_pretraining import PRETRAINING
from vmp.data.facts_targets import TARGETS
from vmp.nearest import did_you_mean

if TYPE_CHECKING:
    import pandas as pd

#: Every set by its name, those of the paper first.
FACTS: dict[str, SetFacts] = {each.name: each for each in (*TARGETS, *PRETRAINING)}
#: Fields that a set's own table shows, with the words for them.
_SHOWN = {
    "clips": "clips",
    "classes": "classes",
    "length": "length of a clip",
    "rate": "frames a second",
    "size": "pixels",
    "camera": "camera",
    "labelled": "labels",
    "licence": "licence",
}


def facts(name: str) -> SetFacts:
    """What is known of the set of that name.

    Raises:
        ValueError: no set is called so; the nearest name is told.
    """
    if name not in FACTS:
        raise ValueError(f"name: expected one of {', '.join(FACTS)}; got {name!r}{did_you_mean(name, FACTS)}")
    return FACTS[name]


def overview() -> pd.DataFrame:
    """One row a set, as text: set, clips, classes, seconds a clip, what one sees.

    A question mark stands for what is not verified.
    """
    import pandas as pd

    rows = [
        (each.title, each.clips.brief, each.classes.brief, each.seconds.brief, each.shows) for each in FACTS.values()
    ]
    return pd.DataFrame(rows, columns=["set", "clips", "classes", "seconds a clip", "one sees"])


def table(name: str) -> pd.DataFrame:
    """One row a fact of a set: fact, value, source.

    Raises:
        ValueError: no set is called so.
    """
    import pandas as pd

    chosen = facts(name)
    rows: list[tuple[str, str, str]] = []
    for field, words in _SHOWN.items():
        fact: Fact = getattr(chosen, field)
        rows.append((words, str(fact), fact.source))
    if chosen.parts is not None and chosen.parts.train is not None:
        part = chosen.parts
        times = f", {part.splits} times" if part.splits > 1 else ""
        rows.insert(2, ("training and test", f"{part.train:,} and {part.test:,}{times}", part.source))
    elif chosen.parts is not None:
        rows.insert(2, ("training and test", "not known", chosen.parts.source))
    return pd.DataFrame(rows, columns=["fact", "value", "read in"])


def downloads(name: str) -> pd.DataFrame:
    """One row a part that preparing a set can fetch: part, file, bytes to download, bytes unpacked, checksum, mirrors.

    Sizes are those of the first mirror that is not dead; what nobody states is not a number.

    Raises:
        ValueError: no set that is prepared here is called so.
    """
    import pandas as pd

    from vmp.data.addresses import PUBLISHED

    if name not in PUBLISHED:
        raise ValueError(f"name: expected one of {', '.join(PUBLISHED)}; got {name!r}{did_you_mean(name, PUBLISHED)}")
    rows = []
    for part in PUBLISHED[name].parts.values():
        alive = {mirror: address for mirror, address in part.mirrors.items() if not address.dead}
        first = next(iter(alive.values()), None)
        checksum = "" if first is None else "SHA-256" if first.sha256 else "MD5" if first.md5 else "none known"
        size = float(first.size) if first is not None and first.size else float("nan")
        room = float(part.room) if part.room else float("nan")
        file = first.file if first is not None else part.files[0]
        rows.append((part.what, file, size, room, checksum, ", ".join(alive) or "none: a local copy is needed"))
    return pd.DataFrame(rows, columns=["part", "file", "bytes", "bytes_unpacked", "checksum", "mirrors"])
