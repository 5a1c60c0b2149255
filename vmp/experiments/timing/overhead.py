"""What the layer adds to a training step, against what the paper's Table 8 prints."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmp.experiments.timing.table import TIMED, printed
from vmp.statistics.verdict import Verdict

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Overhead:
    """The paper's claim that the overhead is negligible, judged.

    Attributes:
        paper: its largest overhead of a training step, percent.
        here: the median over the variants of that overhead, percent; NaN: nothing is stored.
        low, high: the lowest and the highest variant's median, percent.
        verdict: "same direction on the stand-in" where no pair of runs of any variant is above the paper's largest,
            "opposite" where all of some variant's are, else "cannot tell"; "not testable here": nothing is stored.
        sentence: all of it.
    """

    paper: float
    here: float
    low: float
    high: float
    verdict: Verdict
    sentence: str


def overhead(rows: pd.DataFrame) -> Overhead:
    """Whether a training step of the full size is longer by no more than the paper's own table prints.

    The paper gives no number for "negligible"; its largest overhead of forward and backward together, as far as
    rounding allows, stands for it.

    Args:
        rows: of :func:`vmp.experiments.timing.table.table`. The last setting with full-size models counts: a
            GPU's where there is one.
    """
    shown = rows[(rows["phase"] == "train_step") & (rows["variant"] != "baseline")]
    largest = max((printed(*each, "train_step") for each in TIMED), key=lambda found: found["paper_ratio"])
    limit, most = largest["paper_ratio_high"], 100 * (largest["paper_ratio"] - 1)
    stored = shown[(shown["size"] == "paper") & (shown["state"] == "stored")]
    if stored.empty:
        return Overhead(
            most, math.nan, math.nan, math.nan, "not testable here", "No times of full-size models are stored."
        )
    stored = stored[stored["setting"] == stored["setting"].iloc[-1]]
    verdict: Verdict = "cannot tell"
    if (stored["ratio_highest"] <= limit).all():
        verdict = "same direction on the stand-in"
    elif (stored["ratio_lowest"] > limit).any():
        verdict = "opposite"
    longer = 100 * (stored["ratio"] - 1)
    here, low, high = (float(number) for number in (longer.median(), longer.min(), longer.max()))
    sentence = (
        f"With the layer a training step takes {tenths(here)} % longer here ({stored['setting'].iloc[0]}; median of "
        f"{len(stored)} variant{'s' if len(stored) > 1 else ''}, {tenths(low)} to {tenths(high)} %), in the paper at "
        f"most {most:.1f} %: {verdict}."
    )
    return Overhead(most, here, low, high, verdict, sentence)


def tenths(value: float) -> str:
    """A number to a tenth, with a true minus."""
    return f"{value:.1f}".replace("-", "−")
