"""How many classes gained, lost and stayed, in a table and in words; beside it what two seeds differ in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from vmp.experiments.findings.by_dataset import plain_title, with_layer
from vmp.experiments.findings.class_gains import changed, class_gains, class_names, sign_test, yardstick
from vmp.experiments.loading import Loaded
from vmp.experiments.reproduction import points
from vmp.figures.reproduced import NOT_RUN
from vmp.figures.tables import Table


def gains_of_sets(found: Loaded) -> dict[str, pd.DataFrame]:
    """Each comparison of Table 1 -> its classes' gains; titled by backbone and data set: "I3D; libras-static"."""
    titles = {row.key: row.title for row in found.table.rows}
    gains = {}
    for pair in found.table.pairs:
        dataset = found.table.row(pair.row).runs[0].dataset
        title = f"{with_layer(titles[pair.row])}; {dataset}"
        count = int(found.predictions["label"].max()) + 1 if len(found.predictions) else 0
        gains[title] = class_gains(found, pair.row, pair.against, class_names(dataset, count))
    return gains


def counts(found: Loaded) -> pd.DataFrame:
    """A line a comparison of Table 1: how many classes changed how, and by how much one run differs from another.

    Columns: title, classes, gained, lost, stayed, p (of the sign test), mean (points), and those of
    :func:`vmp.experiments.findings.class_gains.yardstick`. What is not stored is NaN.
    """
    lines: list[dict[str, Any]] = []
    for (title, gains), pair in zip(gains_of_sets(found).items(), found.table.pairs, strict=True):
        line: dict[str, Any] = {"title": title}
        if len(gains):
            line |= {"classes": len(gains)} | changed(gains["gain"])
            line |= {"p": sign_test(gains["gain"]), "mean": float(gains["gain"].mean())}
        lines.append(line | yardstick(found, pair.row, pair.against))
    columns = ["title", "classes", "gained", "lost", "stayed", "p", "mean", "layer", "layer_classes", "seeds",
               "seeds_classes"]  # fmt: skip
    return pd.DataFrame(lines, columns=columns)


def counts_table(counted: pd.DataFrame) -> Table:
    """What :func:`counts` gives, as a page shows it."""
    whole = {name: [_whole(value) for value in counted[name]] for name in ("gained", "lost", "stayed")}
    frame = pd.DataFrame({
        "backbone; set": counted["title"], **whole, "p (sign)": counted["p"].astype(float),
        "with – without": counted["layer"].astype(float), "seed – seed": counted["seeds"].astype(float),
    })  # fmt: skip
    return Table(
        frame,
        decimals={"p (sign)": 2, "with – without": 1, "seed – seed": 1},
        stack=True,
        caption="Classes that gained, lost and stayed, means of the seeds. p: a sign test of gained against lost, not "
        "corrected for the number of lines. Last two columns: the points by which a class differs, on average, between "
        "one run with the layer and the run of the same seed without, and between two runs without it.",
    )


def counts_in_words(counted: pd.DataFrame) -> str:
    """A list, a sentence for each comparison that is stored; what is not is counted at the end."""
    stored = counted[counted["classes"].notna()]
    said = [f"- {_sentence(line)}" for line in stored.to_dict("records")]
    if len(stored) < len(counted):
        said.append(f"- {len(counted) - len(stored)} of {len(counted)} comparisons: {NOT_RUN}.")
    return "\n".join(said)


def _sentence(line: Mapping[Any, Any]) -> str:
    told = (
        f"**{plain_title(line['title'])}**, {line['title'].partition('; ')[2]}: of {line['classes']:.0f} classes "
        f"{line['gained']:.0f} gained, {line['lost']:.0f} lost and {line['stayed']:.0f} stayed (sign test "
        f"p = {line['p']:.2f}), on average {points(line['mean'])} points."
    )
    if pd.isna(line["seeds"]):
        return f"{told} One seed: nothing tells how much of that is noise."
    return (
        f"{told} One run with the layer and the run of the same seed without it differ in {line['layer_classes']:.1f} "
        f"classes, by {line['layer']:.1f} points a class; two runs without it, which differ in seed alone, in "
        f"{line['seeds_classes']:.1f} classes, by {line['seeds']:.1f} points."
    )


def _whole(value: float) -> str:
    return NOT_RUN if pd.isna(value) else f"{value:.0f}"
