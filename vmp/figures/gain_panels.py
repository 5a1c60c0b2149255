"""Every gain of Table 1 in one picture, the paper's and here: a panel a data set, a line a row with the layer."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, cast

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vmp.experiments.datasets import RENDERED
from vmp.experiments.findings.by_dataset import of_dataset, paper_sets, with_layer
from vmp.experiments.reproduction import Reproduction, points, tally
from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL
from vmp.figures.still import PANEL_WIDTH, still_style
from vmp.statistics import VERDICTS

#: The paper's data sets as a title has them.
NAMES = {"hmdb51": "HMDB-51", "finegym": "FineGym", "mpii": "MPII Cooking 2"}
_LINE = 0.3  # inches
_NO_DIRECTION = VERDICTS[2:4]  # "cannot tell", "not testable here"


def gain_panels(shown: Reproduction) -> list[Figure]:
    """A panel for each data set of Table 1, all with the same axis of points.

    Open diamond: the paper's gain. Dot and line: the gain here and its 95 % interval; in colour where the verdict tells
    a direction, the layer's where the row is higher and the difference's where it is lower; grey where it tells none.
    A row that is not stored has its diamond alone.
    """
    parts = {title_of(paper, name, "\n"): of_dataset(shown, paper) for paper, name in paper_sets(shown).items()}
    found = {title: part for title, part in parts.items() if part is not None}
    limits = _limits(pd.concat([part.pairs for part in found.values()]))
    return [_panel(title, part, limits) for title, part in found.items()]


def title_of(paper: str, name: str, between: str = ", here ") -> str:
    """The paper's name of a data set and, where another stands in for it, that: "FineGym, here libras-moving"."""
    return f"{NAMES[paper]}{between}{name}" if name in RENDERED else NAMES[paper]


def gains_in_words(shown: Reproduction) -> str:
    """A list: for each data set the paper's range of gains, the one here, and the verdicts."""
    said = []
    for paper, name in paper_sets(shown).items():
        part = of_dataset(shown, paper)
        pairs = part.pairs if part is not None else shown.pairs.iloc[:0]
        theirs, here = pairs["paper"].astype(float).dropna(), pairs["here"].dropna()
        told = f"{_range('in the paper', theirs)}; {_range('here', here)}"
        said.append(f"- **{title_of(paper, name)}**: {told}. Of {len(pairs)}: {tally(pairs)}.")
    return "\n".join(said)


def _range(whose: str, gains: pd.Series) -> str:
    if not len(gains):
        return f"{whose}: none"
    return f"{whose} {points(gains.min())} to {points(gains.max())} points, on average {points(gains.mean())}"


def _limits(pairs: pd.DataFrame) -> tuple[float, float]:
    ends = [float(end) for name in ("paper", "here", "low", "high") for end in pairs[name] if not _is_missing(end)]
    low, high = min([0.0, *ends]), max([0.0, *ends])
    return low - 0.06 * (high - low) - 0.2, high + 0.06 * (high - low) + 0.2


def _panel(title: str, part: Reproduction, limits: tuple[float, float]) -> Figure:
    records, titles = cast(list[dict[str, Any]], part.pairs.to_dict("records")), part.titles
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 1.0 + _LINE * len(records)))
        axes.axvline(0, color=NEUTRAL, linewidth=0.8)
        for height, pair in enumerate(reversed(records)):
            _line(axes, height, pair)
        labels = [with_layer(titles[pair["row"]]) for pair in reversed(records)]
        axes.set_yticks(range(len(records)), labels)
        axes.set_ylim(-0.6, len(records) - 0.4)
        axes.set(title=title, xlabel="gain in top-1, points", xlim=limits)
        axes.grid(axis="x")
    return figure


def _line(axes: Axes, height: int, pair: Mapping[str, Any]) -> None:
    if not _is_missing(pair["here"]):
        told = pair["verdict"] not in _NO_DIRECTION
        colour = NEUTRAL if not told else ATTENTION if pair["here"] > 0 else DIFFERENCE
        if not _is_missing(pair["low"]):
            ends = [pair["low"], pair["high"]]
            axes.plot(ends, [height, height], color=colour, linewidth=2.2, solid_capstyle="round", zorder=2)
        axes.plot(pair["here"], height, "o", color=colour, markersize=5.5, zorder=3)
    if not _is_missing(pair["paper"]):
        ink = "black"  # the colour of the page's text
        axes.plot(pair["paper"], height, "D", markerfacecolor="none", markeredgecolor=ink, markersize=5.5, zorder=4)


def _is_missing(value: Any) -> bool:
    return value is None or math.isnan(value)
