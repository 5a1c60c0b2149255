"""Table 6 as a page shows it: four actions beside the paper's, and what other actions and objects would have given."""

from __future__ import annotations

from typing import Any

import matplotlib.pyplot as plt
import pandas as pd
from matplotlib.figure import Figure

from vmp.experiments.findings.object_accuracy import ALL, Action, Actions, by, every_pick
from vmp.experiments.reproduction import points
from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL
from vmp.figures.reproduced import spread
from vmp.figures.still import PANEL_WIDTH, Still, still_style
from vmp.figures.tables import Table


def actions_table(shown: Actions) -> Table:
    """A line an action and variant: sample and total accuracy, the paper's and the one here."""
    rows: Any = shown.rows.set_index("key")
    lines = []
    for key, row in rows.iterrows():
        name, measure, variant = str(key).split("/")
        if measure != "total":
            continue
        sample = rows.loc[f"{name}/sample/{variant}"] if name != ALL else None
        lines.append(
            {
                "action": row["title"].replace(", all clips", ""),
                "object here": "every object" if sample is None else _object(sample["title"]),
                "paper, sample": None if sample is None else sample["paper_top1"],
                "here, sample": "–" if sample is None else spread(sample, "top1"),
                "paper, total": row["paper_top1"],
                "here, total": spread(row, "top1"),
            }
        )
    frame = pd.DataFrame(lines).astype({"paper, sample": float, "paper, total": float})
    said = "mean of the seeds (lowest–highest)" if len(shown.table.seeds) > 1 else "one seed"
    return Table(
        frame,
        decimals=1,
        stack=True,
        caption="Percent of the clips that are rightly named. Sample: clips with one object; total: all clips of the "
        f"action. Paper: TimeSformer on MPII Cooking 2, one run each. Here: {said}; in brackets the movement that "
        "stands for the action.",
    )


def picks_shown(found: pd.DataFrame, chosen: list[Action]) -> Still | None:
    """Two panels: the gain of each class with each object, and the accuracy of each object with and without the layer.

    Args:
        found: of :func:`vmp.experiments.findings.object_accuracy.outcomes`.
        chosen: the picks of Table 6, which are ringed.

    Returns:
        None where no seed has both variants, or the objects are not known.
    """
    if not len(every_pick(found)):
        return None
    return Still(
        gains_figure(found, chosen),
        objects_figure(found),
        alt="Left the gain of each class with each object; right the accuracy of each object with and without the "
        "layer.",
        caption="Left: large dots, a class with all objects; small ones, with one object; ringed, the samples of the "
        "table above. Right: open circle without the layer, dot with it, every class. Means of the seeds.",
    )


def picks_sentence(found: pd.DataFrame, chosen: list[Action]) -> str:
    """What choosing a class and an object can do to a gain, in words; empty where nothing is stored."""
    picks = every_pick(found)
    if not len(picks):
        return ""
    best = picks.groupby("label")["gain"].max().nlargest(len(chosen)).mean()
    return (
        f"{picks['label'].nunique()} classes and {picks['object'].nunique()} objects make {len(picks)} samples of the "
        f"kind that the paper shows {len(chosen)} of. Their gains lie between {points(picks['gain'].min())} and "
        f"{points(picks['gain'].max())} points and are {points(picks['gain'].mean())} on average; "
        f"{int((picks['gain'] > 0).sum())} are above 0 and {int((picks['gain'] < 0).sum())} below. The "
        f"{len(chosen)} largest, of a class each, are {points(best)} on average: that is what picking them by their "
        "outcome would have shown. The paper does not say how its four were picked."
    )


def objects_sentence(found: pd.DataFrame) -> str:
    """How much it matters which object moves, in words; empty where nothing is stored."""
    objects = by(found, "object")
    if not len(objects):
        return ""
    said = []
    for column, words in (("without", "without the layer"), ("with_", "with it")):
        order = objects.sort_values(column)
        low, high = order.iloc[0], order.iloc[-1]
        said.append(f"{words} from {low[column]:.1f} % ({low['object']}) to {high[column]:.1f} % ({high['object']})")
    return (
        f"The same movements, shown with another object: accuracy goes {', and '.join(said)}. A model that saw the "
        "movement alone would have one accuracy for all of them."
    )


def units_sentence(found: pd.DataFrame) -> str:
    """What the differences are of, and how many trajectories a class has to show one."""
    said = "Here the differences are in the share of the clips that are right; what is independent is the trajectory"
    if not len(found):
        return f"{said}."
    counts = found.groupby("label")["group"].nunique()
    many = f"{counts.min()}" if counts.min() == counts.max() else f"{counts.min()} to {counts.max()}"
    return f"{said}, of which a class has {many} in the test split."


def gains_figure(found: pd.DataFrame, chosen: list[Action]) -> Figure:
    """A line a class, by its gain: with all objects, and with each."""
    classes, picks = by(found, "label").sort_values("gain"), every_pick(found)
    ringed = {(action.label, action.object) for action in chosen}
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 1.0 + 0.26 * len(classes)))
        axes.axvline(0, color=NEUTRAL, linewidth=0.8)
        for height, line in enumerate(classes.to_dict("records")):
            each = picks[picks["label"] == line["label"]]
            axes.plot(each["gain"], [height] * len(each), "o", color=NEUTRAL, alpha=0.55, markersize=3, zorder=1)
            for pick in each.to_dict("records"):
                if (pick["label"], pick["object"]) in ringed:
                    axes.plot(pick["gain"], height, "o", markerfacecolor="none", markeredgecolor=NEUTRAL, markersize=9)
            colour = ATTENTION if line["gain"] >= 0 else DIFFERENCE
            axes.plot(line["gain"], height, "o", color=colour, markersize=6, zorder=3)
        axes.set_yticks(range(len(classes)), list(classes["label"]))
        axes.set(title="Gain of each class", xlabel="with minus without the layer, points")
    return figure


def objects_figure(found: pd.DataFrame) -> Figure:
    """A line an object, every class together: from the accuracy without the layer to the one with it."""
    objects = by(found, "object").sort_values("without")
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 1.0 + 0.26 * len(objects)))
        for height, line in enumerate(objects.to_dict("records")):
            colour = ATTENTION if line["gain"] >= 0 else DIFFERENCE
            ends = [line["without"], line["with_"]]
            axes.plot(ends, [height, height], color=colour, linewidth=2.2, solid_capstyle="round", zorder=2)
            axes.plot(ends[0], height, "o", markerfacecolor="none", markeredgecolor=colour, markersize=5.5, zorder=3)
            axes.plot(ends[1], height, "o", color=colour, markersize=5.5, zorder=3)
        axes.set_yticks(range(len(objects)), list(objects["object"]))
        axes.set(title="Accuracy with each object", xlabel="clips rightly named, percent")
        axes.grid(axis="x")
    return figure


def _object(title: str) -> str:
    """The object in the title of a sample's row: "slice (horizontal swing), checked square, VMP"."""
    return title.split(", ")[-2]
