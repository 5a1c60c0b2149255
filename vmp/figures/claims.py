"""The claims about accuracy in one picture: the paper's gain, and the one here with its interval."""

from __future__ import annotations

import math
import textwrap
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL
from vmp.figures.still import PANEL_WIDTH, still_style

_LETTERS = 44  # a line of words over a claim


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
