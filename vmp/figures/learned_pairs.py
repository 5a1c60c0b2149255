"""Learned slopes and shifts beside where training began and what the paper learned: Fig. 4 (c) and (d)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from vmp.experiments.reproduction import Reproduction
from vmp.experiments.rows import Row
from vmp.experiments.tables.starts import PAPERS, REAL, dataset_for, main_backbone
from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL
from vmp.figures.still import PANEL_WIDTH, still_style
from vmp.figures.variation_plots import SHIFT_BOUNDS, SLOPE_BOUNDS
from vmp.learned import learned_pair

_LEFT: Any = {"xycoords": ("axes fraction", "data")}  # x from the left edge, y on the line


@dataclass(frozen=True)
class Line:
    """What stands on one line of the figure.

    Attributes:
        label: in words.
        learned: a row a seed: start_slope, start_shift, slope, shift; none: nothing is stored.
        paper: the paper's slope and shift; None: it prints none.
    """

    label: str
    learned: pd.DataFrame
    paper: tuple[float, float] | None = None


def pair_figures(lines: Sequence[Line], title: str) -> list[Figure]:
    """Two panels, slope and shift: a line for each, an open circle where a seed began, a dot where training left it.

    Diamonds are the paper's; dotted, the bounds of Eq. 2. The seeds of a line stand a little above one another.

    Args:
        lines: from the top.
        title: before what the panel shows.
    """
    figures = []
    for place, (column, bounds) in enumerate((("slope", SLOPE_BOUNDS), ("shift", SHIFT_BOUNDS))):
        with still_style():
            figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 0.7 + 0.52 * max(len(lines), 1)))
            for height, line in zip(range(len(lines) - 1, -1, -1), lines, strict=True):
                axes.annotate(line.label, (0, height + 0.26), fontsize=8.0, in_layout=False, **_LEFT)
                runs: list[Any] = line.learned.to_dict("records")
                for number, run in enumerate(runs):
                    at = height + 0.1 * ((len(runs) - 1) / 2 - number)
                    start, end = run[f"start_{column}"], run[column]
                    axes.plot([start, end], [at, at], color=ATTENTION, linewidth=1.2)
                    axes.plot(start, at, "o", mfc="none", mec=ATTENTION, markersize=5)
                    axes.plot(end, at, "o", color=ATTENTION, markersize=4)
                if line.paper is not None:
                    axes.plot(line.paper[place], height, "D", mfc="none", mec=DIFFERENCE, markersize=7)
            for bound in bounds:
                axes.axvline(bound, color=NEUTRAL, linewidth=0.8, linestyle=":")
            axes.set_yticks([])
            axes.spines["left"].set_visible(False)
            axes.set_ylim(-0.4, max(len(lines), 1) - 0.25)
            axes.set(title=title, xlabel="slope a" if column == "slope" else "shift b")
        figures.append(figure)
    return figures


def lines_by_set(shown: Reproduction) -> list[Line]:
    """Of the rows of Fig. 4 those of the main backbone, a line a data set, with the paper's best pair for it."""
    main = main_backbone(shown.table.scale)
    rows = [row for row in shown.table.rows if row.runs[0].backbone == main]
    # of several starts the last, which is the paper's Kinetics-600
    found = {row.runs[0].dataset: row for row in rows}
    return [
        Line(f"{dataset} (paper: {_PAPERS[_paper_set(row)]})", learned, _papers_pair(_paper_set(row)))
        for dataset, row in found.items()
        for _, learned in _pathways(shown, row)
    ]


def lines_by_backbone(shown: Reproduction) -> list[Line]:
    """Of the rows of Fig. 4 those on what stands for HMDB-51, a line a backbone and pathway; the paper prints none."""
    mixed = dataset_for("hmdb51", shown.table.scale)
    return [
        Line(row.title.partition(";")[0] + (f": {pathway} pathway" if pathway else ""), learned)
        for row in shown.table.rows
        if row.runs[0].dataset == mixed
        for pathway, learned in _pathways(shown, row)
    ]


def lines_told(lines: Sequence[Line], what: str) -> str:
    """How far lines lie apart, beside how far the seeds of one line do and how far those moved; in a sentence.

    Args:
        lines: those without runs do not count.
        what: what a line is, in the plural: "data sets".
    """
    run = [line.learned for line in lines if len(line.learned)]
    if len(run) < 2:
        return f"Fewer than two {what} are stored yet."
    said = []
    for column, places in (("slope", 1), ("shift", 2)):
        means = [float(each[column].mean()) for each in run]
        seeds = [float(each[column].max() - each[column].min()) for each in run]
        moved = [float(change) for each in run for change in (each[column] - each[f"start_{column}"]).abs()]
        text = f"{column}: {max(means) - min(means):.{places}f}"
        if max(len(each) for each in run) > 1:
            text += f", the seeds of one up to {max(seeds):.{places}f}"
        said.append(f"{text}, moved by training {sorted(moved)[len(moved) // 2]:.{places}f} (median)")
    return f"The means of the {len(run)} {what} lie apart by, in {'; in '.join(said)}."


_PAPERS = {"mpii": "MPII Cooking 2", "finegym": "FineGym", "hmdb51": "HMDB-51"}


def _paper_set(row: Row) -> str:
    return str((row.paper or {})["dataset"])


def _papers_pair(paper_set: str) -> tuple[float, float]:
    pair = learned_pair(paper_set, PAPERS[REAL[paper_set]], "paper")
    return float(pair["a"]), float(pair["b"])


def _pathways(shown: Reproduction, row: Row) -> list[tuple[str, pd.DataFrame]]:
    """What the layer of each pathway learned, with the pathway's name where there are two; a row without runs: none."""
    layers = shown.found.layers
    learned = layers[layers["row"] == row.key] if len(layers) else layers
    names = list(dict.fromkeys(learned["pathway"])) if len(learned) else []
    if len(names) < 2:
        return [("", learned)]
    return [(name, learned[learned["pathway"] == name]) for name in names]
