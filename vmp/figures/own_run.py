"""Pictures of one run: how it went epoch by epoch, and where its slope and shift came from and went."""

from __future__ import annotations

from collections.abc import Mapping

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from vmp.experiments.paper import learned_parameters
from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL, PROMPT
from vmp.figures.still import CURVES, PANEL_WIDTH, still_style
from vmp.figures.variation_plots import SHIFT_BOUNDS, slope_axis

_TITLES = {"finegym": "FineGym", "mpii": "MPII Cooking 2", "hmdb51": "HMDB-51", "ucf-crime": "UCF-Crime"}
Pairs = Mapping[str, tuple[float, float, float, float]]


def training_figures(log: pd.DataFrame) -> list[Figure]:
    """Two panels over the epochs: the loss of the training clips, and the accuracy of training and validation clips.

    Args:
        log: of :func:`vmp.training_log.read_log`.

    Raises:
        ValueError: no epoch is over.
    """
    epochs = log[log["epoch"] > 0]
    if not len(epochs):
        raise ValueError("log: expected at least one epoch that is over, got none")
    figures = []
    named = {"loss": {"loss": ("training", ATTENTION)}}
    named["accuracy, %"] = {"accuracy": ("training", ATTENTION), "validation_accuracy": ("validation", DIFFERENCE)}
    for title, columns in named.items():
        with still_style():
            figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.4))
            for column, (label, colour) in columns.items():
                if column in epochs:
                    axes.plot(epochs["epoch"], epochs[column], "o-", markersize=3, color=colour, label=label)
            axes.set(title=title, xlabel="epoch", ylim=(0, 102 if "%" in title else None))
            axes.xaxis.set_major_locator(MaxNLocator(integer=True))
            if len(axes.get_lines()) > 1:
                axes.legend()
        figures.append(figure)
    return figures


def pairs_of(log: pd.DataFrame, epoch: int | None = None) -> dict[str, tuple[float, float, float, float]]:
    """Start slope, start shift, slope and shift of each layer by the name of its input; none without a layer.

    Args:
        log: of :func:`vmp.training_log.read_log`.
        epoch: whose weights were kept; None: the last.
    """
    first, last = log.iloc[0], log.iloc[-1] if epoch is None else log[log["epoch"] == epoch].iloc[0]
    names = [str(name)[len("slope") :] for name in log.columns if str(name).startswith("slope")]
    return {
        suffix.removeprefix("_") or "clip": tuple(
            float(row[f"{what}{suffix}"]) for row in (first, last) for what in ("slope", "shift")
        )  # type: ignore[misc]
        for suffix in names
    }


def pairs_table(pairs: Pairs) -> pd.DataFrame:
    """This run's slopes and shifts beside those that the authors learned: pair, a, b, attention of a still pixel."""
    rows = []
    for name, (start_a, start_b, a, b) in pairs.items():
        of = "" if name == "clip" else f" ({name})"
        rows += [(f"this run{of}", a, b), (f"this run{of}, where it began", start_a, start_b)]
    for source, said in (("paper", "the paper"), ("page", "the authors' page")):
        for row in learned_parameters(source).to_dict("records"):
            if source == "page" and not pd.isna(row["lambda"]):
                continue  # a series over lambda, shown in another chapter
            lambda_ = "" if pd.isna(row["lambda"]) else f", λ {row['lambda']:g}"
            rows.append((f"{_TITLES[row['dataset']]}{lambda_}: {said}", float(row["a"]), float(row["b"])))
    frame = pd.DataFrame(rows, columns=["pair", "a", "b"])
    frame["a still pixel gets"] = 1 / (1 + np.exp(frame["a"] * frame["b"]))
    return frame


def pairs_figure(pairs: Pairs) -> Figure:
    """Shift (x) and slope (y): the run from an open circle to a dot; the paper's pairs as open diamonds."""
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 3.0))
        paper = learned_parameters("paper")
        axes.plot(paper["b"], paper["a"], "D", mfc="none", mec=NEUTRAL, markersize=6, label="the paper's")
        for colour, (name, (start_a, start_b, a, b)) in zip((ATTENTION, PROMPT, *CURVES), pairs.items(), strict=False):
            axes.plot([start_b, b], [start_a, a], color=colour, linewidth=1.2)
            axes.plot(start_b, start_a, "o", mfc="none", mec=colour, markersize=6)
            axes.plot(
                b, a, "o", color=colour, markersize=5, label="this run" if name == "clip" else f"this run, {name}"
            )
        for bound in SHIFT_BOUNDS:
            axes.axvline(bound, color=NEUTRAL, linewidth=0.8, linestyle=":")
        slope_axis(axes)
        axes.set(xlabel="shift b", xlim=(-0.66, 0.66))
        axes.legend(loc="upper left", bbox_to_anchor=(0, -0.22), ncols=2, borderaxespad=0)
    return figure
