"""What is written down of a data set, and where each fact was read: frozen values and nothing else."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Role = Literal["trained and tested on", "shown in figures", "pretrained on"]


@dataclass(frozen=True)
class Fact:
    """One fact of a data set.

    Attributes:
        value: a number or words; None where nobody says.
        source: where it was read.
        verified: whether it was read in the source itself; else second-hand or from memory, and to be checked there.
    """

    value: int | float | str | None
    source: str
    verified: bool = True

    def __str__(self) -> str:
        """The value for people, marked where it is not verified."""
        if self.value is None:
            return "not known"
        return self._text if self.verified else f"{self._text} (not verified)"

    @property
    def brief(self) -> str:
        """As :meth:`__str__`, with a question mark for what is not verified; "?" where nobody says."""
        return "?" if self.value is None else self._text if self.verified else f"{self._text} ?"

    @property
    def _text(self) -> str:
        match self.value:
            case int():
                return f"{self.value:,}"
            case float():
                return f"{self.value:g}"
            case _:
                return str(self.value)


@dataclass(frozen=True)
class Part:
    """Clips that train and clips that test in one split.

    Attributes:
        train, test: how many; None where only preparing the set tells.
        splits: how many such splits there are; results are the mean over them.
        source: where the numbers were read.
    """

    train: int | None
    test: int | None
    splits: int
    source: str


@dataclass(frozen=True)
class SetFacts:
    """What is known of one data set before one has it.

    Attributes:
        name: in :data:`vmp.data.facts.FACTS`; of a set that is prepared here also the script's name.
        title: as people write it.
        role: what the paper does with it.
        shows: what one sees in a clip, in a few words.
        clips: labelled clips.
        classes: labels.
        length: of a clip.
        seconds: of a typical clip, for the figure.
        rate: frames a second.
        size: width and height in words.
        pixels: width and height of a frame, for costs; None where they vary.
        camera: whether it moves.
        labelled: by whom and how.
        licence: of what is published, and what it leaves open.
        parts: its splits; None for a set that nothing here trains on.
        page: its home page.
        ways: to prepare it: options of its script, each with what they are for; none where there is no script.
        fetched: what its script downloads, and where it goes.
        missing: what one may not get.
        traps: what went wrong for somebody.
    """

    name: str
    title: str
    role: Role
    shows: str
    clips: Fact
    classes: Fact
    length: Fact
    seconds: Fact
    rate: Fact
    size: Fact
    camera: Fact
    labelled: Fact
    licence: Fact
    page: str
    pixels: tuple[int, int] | None = None
    parts: Part | None = None
    ways: tuple[tuple[str, str], ...] = ()
    fetched: str = ""
    missing: str = ""
    traps: tuple[str, ...] = ()

    @property
    def commands(self) -> tuple[tuple[str, str], ...]:
        """Each way as a command from the checkout, with what it is for."""
        script = f"python data_scripts/{self.name}.py --root data/{self.name}"
        return tuple((f"{script} {options}".strip(), words) for options, words in self.ways)
