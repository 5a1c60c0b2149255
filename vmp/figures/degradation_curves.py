"""Accuracy as a degradation grows: small multiples, one panel a degradation, with and without the layer."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vmp.data.degrade import DEGRADATIONS, SEVERITIES
from vmp.experiments.loading import Loaded
from vmp.figures.palette import ATTENTION, DIFFERENCE
from vmp.figures.still import Still, still_style

#: Variant -> its line's colour and its words.
_LINES = {"baseline": (DIFFERENCE, "without the layer"), "vmp": (ATTENTION, "with the layer")}
_PANEL = (2.5, 1.9)  # inches: three stand side by side on a page


def curve_frame(clean: Loaded, worse: Loaded) -> pd.DataFrame:
    """The runs behind the curves, a row a run: dataset (the paper's name), degradation, severity, variant, seed, top1.

    Severity is 0 for clean clips, then 1 to 3; a clean run is in the curve of every degradation.

    Args:
        clean: of Table 5, for its rows of clean clips.
        worse: of the table "degradations".
    """
    columns = ["dataset", "degradation", "severity", "variant", "seed", "top1"]
    rows = []
    for run in _runs(worse, {row.key for row in worse.table.rows}):
        dataset, degradation, severity, variant = run["row"].split("/")
        rows.append((dataset, degradation, 1 + SEVERITIES.index(severity), variant, run["seed"], run["top1"]))
    for run in _runs(clean, {row.key for row in clean.table.rows if "/none/" in row.key}):
        dataset, _, variant = run["row"].split("/")
        rows += [(dataset, degradation, 0, variant, run["seed"], run["top1"]) for degradation in DEGRADATIONS]
    return pd.DataFrame(rows, columns=columns)


def curves_shown(curves: pd.DataFrame, dataset: str, name: str) -> Still | None:
    """The panels of one data set; None where none of its runs is stored.

    Args:
        curves: of :func:`curve_frame`.
        dataset: by the paper's name.
        name: what it is here.
    """
    if not (curves["dataset"] == dataset).any():
        return None
    return Still(
        *curve_panels(curves, dataset),
        alt=f"Top-1 on {name} from clean clips to strongly degraded ones, with and without the layer.",
        caption=f"{name}: top-1 in percent of the test trajectories. Line: mean of the seeds; band: from the lowest to "
        "the highest.",
    )


def curve_panels(curves: pd.DataFrame, dataset: str) -> list[Figure]:
    """A panel a degradation for one data set: top-1 from clean to strong, all on one scale.

    A line is the mean of the seeds, its band goes from the lowest to the highest. A severity without a run has no
    point; the line goes on over it only where there are runs on both sides.

    Args:
        curves: of :func:`curve_frame`.
        dataset: by the paper's name.
    """
    chosen = curves[curves["dataset"] == dataset]
    top = min(5 + chosen["top1"].max(), 101)
    panels = []
    for place, (name, degradation) in enumerate(DEGRADATIONS.items()):
        with still_style():
            figure, axes = plt.subplots(figsize=_PANEL)
            for variant in _LINES:
                _line(axes, chosen[(chosen["degradation"] == name) & (chosen["variant"] == variant)], variant)
            strengths = [f"{strength:g}" for strength in degradation.severities.values()]
            axes.set_xticks(range(4), ["clean", *strengths])
            axes.set(title=degradation.title, xlabel=degradation.strength, xlim=(-0.2, 3.2), ylim=(0, top))
            axes.grid(axis="y")
            if place == 0:
                axes.legend(loc="lower left")
        panels.append(figure)
    return panels


def _line(axes: Axes, runs: pd.DataFrame, variant: str) -> None:
    colour, words = _LINES[variant]
    seeds = runs.groupby("severity")["top1"].agg(["mean", "min", "max"])
    if not len(seeds):
        return
    axes.plot(seeds.index, seeds["mean"], "o-", color=colour, markersize=3.5, label=words)
    axes.fill_between(seeds.index, seeds["min"], seeds["max"], color=colour, alpha=0.15, linewidth=0)


def _runs(found: Loaded, keys: set[str]) -> list[Any]:
    runs = found.runs
    kept = runs[runs["row"].isin(keys)] if len(runs) else runs
    records: list[Any] = kept.to_dict("records")
    return records
