"""The page of all claims: a table with a link to each chapter, and those about accuracy in one picture."""

from __future__ import annotations

import math
import textwrap
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from vmp.experiments.claims.looks import POWER
from vmp.experiments.text import count
from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL
from vmp.figures.still import PANEL_WIDTH, still_style
from vmp.figures.tables import Table

_LETTERS = 44  # a line of words over a claim


def claims_table(found: pd.DataFrame) -> Table:
    """A row a claim; the place in the paper leads to the chapter.

    Args:
        found: of :func:`vmp.experiments.claims.claims`.
    """
    claims: list[Any] = found.to_dict("records")
    frame = pd.DataFrame(
        {
            "claim": found["words"],
            "where": found["where"],
            "paper": ["–" if math.isnan(claim["paper"]) else _plain(claim["paper"], claim["unit"]) for claim in claims],
            "here": [_here(claim) for claim in claims],
            "verdict": found["verdict"],
            "p (Holm)": found["p_holm"],
        }
    )
    return Table(
        frame,
        stack=True,
        links={"where": [f"{page}.html" for page in found["page"]]},
        caption="Points of top-1 with their 95 % interval, or what else is named. Runs: how many are compared with as "
        "many others. p is corrected by Holm's method for all claims of this page. The place leads to the chapter.",
    )


def number(value: float, unit: str) -> str:
    """A claim's number with its unit; a dash for one that is not there."""
    if math.isnan(value):
        return "–"
    return _plain(value, unit) if unit == "points" else f"{_plain(value, unit)} {unit}"


def _plain(value: float, unit: str) -> str:
    """Differences with their sign, in as many digits as the unit wants."""
    digits = ".0f" if unit.startswith("%") else ".2f" if unit == POWER else "+.1f" if unit == "points" else "+.3f"
    return format(value, digits).replace("-", "−")


def _here(claim: Any) -> str:
    said, unit = number(claim["here"], claim["unit"]), claim["unit"]
    if math.isnan(claim["here"]):
        return said
    if not math.isnan(claim["low"]):
        said += f" ({_plain(claim['low'], unit)} to {_plain(claim['high'], unit)})"
    runs = f"; {count(claim['runs'], 'run')}" if claim["runs"] else ""
    return said + _part_of_rows(claim["rows"]) + runs


def _part_of_rows(rows: str) -> str:
    """That a mean is not of all rows yet: "1 of 4" -> "; 1 of 4 rows"."""
    stored, _, count = rows.partition(" of ")
    return "" if stored == count or not rows else f"; {rows} rows"


def claims_figure(found: pd.DataFrame) -> Figure:
    """A line a claim, its words above: an open diamond for the paper, dot and interval for what was found here.

    Args:
        found: columns words, paper, here, low, high, as :func:`vmp.experiments.claims.claims` gives them; what is
            missing is not drawn.
    """
    claims: list[Any] = found.to_dict("records")
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 0.6 + 0.62 * len(claims)))
        axes.axvline(0, color=NEUTRAL, linewidth=0.8)
        for place, claim in enumerate(claims):
            line = len(claims) - 1 - place
            if not math.isnan(claim["here"]):
                axes.plot([claim["low"], claim["high"]], [line, line], color=ATTENTION, linewidth=2.2)
                axes.plot(claim["here"], line, "o", color=ATTENTION, markersize=6)
            if not math.isnan(claim["paper"]):
                axes.plot(claim["paper"], line, "D", markerfacecolor="none", markeredgecolor=DIFFERENCE, markersize=6)
            words = "\n".join(textwrap.wrap(claim["words"], _LETTERS))
            axes.annotate(words, (0, line + 0.2), xycoords=("axes fraction", "data"), fontsize=8.0)
        axes.set_yticks([])
        axes.set_ylim(-0.4, len(claims) - 0.1)
        axes.spines["left"].set_visible(False)
        axes.set_xlabel("gain in top-1, points")
    return figure
