"""The data sets beside each other: clips in all and a class, and how long a clip is, on logarithmic axes."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vmp.data.facts_form import Fact, SetFacts
from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL
from vmp.figures.still import PANEL_WIDTH, still_style

_COLOURS = {"trained and tested on": ATTENTION, "shown in figures": NEUTRAL, "pretrained on": DIFFERENCE}


def clips_figure(sets: Sequence[SetFacts]) -> Figure:
    """A line a set from its clips a class, a small dot, to its clips in all, a large one; open: not verified.

    A set without labels has the large dot alone.

    Raises:
        ValueError: no sets, or one whose number of clips is not known.
    """
    with still_style():
        figure, axes = _panel(sets)
        for row, each in enumerate(sets):
            clips, colour = _number(each.clips), _COLOURS[each.role]
            if clips is None:
                raise ValueError(f"sets: expected a number of clips of each, got none of {each.title}")
            classes = _number(each.classes)
            if classes is not None:
                axes.plot([clips / classes, clips], [row, row], color=colour, linewidth=1.2, alpha=0.5, zorder=1)
                axes.plot(clips / classes, row, "o", markersize=4, color=colour)
            _dot(axes, clips, row, colour, each.clips.verified)
        axes.set(xlabel="clips: a class (small), in all (large)", xlim=(30, 6e8))
        axes.set_xticks([1e2, 1e4, 1e6, 1e8], ["100", "10k", "1M", "100M"])
    return figure


def lengths_figure(sets: Sequence[SetFacts]) -> Figure:
    """A dot a set at the seconds of a typical clip; open: not verified. A set whose clips nobody timed has none.

    Raises:
        ValueError: no sets.
    """
    with still_style():
        figure, axes = _panel(sets)
        for row, each in enumerate(sets):
            seconds = _number(each.seconds)
            if seconds is not None:
                _dot(axes, seconds, row, _COLOURS[each.role], each.seconds.verified)
        axes.set(xlabel="seconds of a clip", xlim=(1, 400))
        axes.set_xticks([1, 3, 10, 30, 100, 300], ["1", "3", "10", "30", "100", "300"])
    return figure


def _panel(sets: Sequence[SetFacts]) -> tuple[Figure, Axes]:
    if not sets:
        raise ValueError("sets: expected at least one, got none")
    figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 0.3 * len(sets) + 0.7))
    axes.set_xscale("log")
    axes.set_yticks(np.arange(len(sets)), [_short(each.title) for each in sets])
    for label, each in zip(axes.get_yticklabels(), sets, strict=True):
        label.set_color(_COLOURS[each.role])
    axes.tick_params(axis="y", length=0)
    axes.tick_params(axis="x", which="minor", bottom=False)
    axes.grid(axis="x")
    axes.set_axisbelow(True)
    axes.set_ylim(len(sets) - 0.4, -0.6)
    axes.spines["left"].set_visible(False)
    return figure, axes


def _dot(axes: Axes, value: float, row: int, colour: str, verified: bool) -> None:
    axes.plot(value, row, "o", markersize=8, color=colour, markerfacecolor=colour if verified else "none", mew=1.6)


def _number(fact: Fact) -> float | None:
    return float(fact.value) if isinstance(fact.value, (int, float)) else None


def _short(title: str) -> str:
    return title.partition(" (")[0].replace("Something-Something", "Something")
