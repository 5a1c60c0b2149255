"""The parts that every chapter of a reproduced table shows: accuracies, comparisons with their verdicts, sentences."""

from __future__ import annotations

import html
import math
import re
from collections.abc import Mapping
from typing import Any

import pandas as pd

from vmp.experiments.compare import NOT_RUN
from vmp.experiments.reproduction import Reproduction
from vmp.figures.tables import Table

#: More sentences than these are folded away under the table.
_UNFOLDED = 8


def accuracy_table(shown: Reproduction, caption: str, metrics: tuple[str, ...] = ("top1", "top5")) -> Table:
    """Each row's accuracy, the paper's where it has any and the one here: mean of the seeds (lowest to highest).

    Args:
        shown: its rows, in their order.
        caption: what the paper's numbers are of; how those here were made is said here.
        metrics: which of "top1" and "top5".
    """
    rows = shown.rows
    columns: dict[str, object] = {"": rows["title"]}
    for metric in metrics:
        name = metric.replace("top", "top-")
        if rows[f"paper_{metric}"].notna().any():  # the controls are not in the paper
            columns[f"paper, {name}"] = rows[f"paper_{metric}"]
        columns[f"here, {name}"] = [spread(row, metric) for _, row in rows.iterrows()]
    seeds = int(rows["seeds"].max())
    over = ("not run yet", "one seed")[seeds] if seeds < 2 else f"mean of {seeds} seeds (lowest–highest)"
    made = f"Here: percent of the test trajectories, a trajectory's renderings averaged; {over}."
    return Table(pd.DataFrame(columns), decimals=1, caption=f"Accuracy in percent. {caption} {made}")


def comparison_table(shown: Reproduction, caption: str = "", names: Mapping[str, str] | None = None) -> Table:
    """What is compared: the paper's difference where it has any, the one here, interval, test and verdict.

    Args:
        shown: its pairs, in their order.
        caption: put behind what the columns are.
        names: row -> what its comparison is called; None: the titles of the row and of what it is judged against.
    """
    titles, pairs = shown.titles, shown.pairs
    each: list[Any] = pairs.to_dict("records")
    frame = pd.DataFrame(
        {
            "comparison": [
                names[pair["row"]] if names else held_against(titles[pair["row"]], titles[pair["against"]])
                for pair in each
            ],
            **({"paper": pairs["paper"].astype(float)} if pairs["paper"].notna().any() else {}),
            "here": pairs["here"],
            "95 % interval": [interval(pair["low"], pair["high"]) for pair in each],
            "p (Holm)": pairs["p_holm"],
            "verdict": verdicts(pairs),
        }
    )
    said = (
        "Differences in top-1, points. An interval covers other trajectories and other seeds; the test flips "
        f"trajectories, and its p is corrected by Holm's method for all claims of this table. {caption}"
    )
    return Table(frame, decimals={"paper": 1, "here": 1, "p (Holm)": 3}, stack=True, caption=said.strip())


def held_against(title: str, other: str) -> str:
    """Two rows in words; of the second only what is not said of the first: "moving, VMP, against without VMP"."""
    words, others = re.split(r"(?<=[,;]) ", title), re.split(r"(?<=[,;]) ", other)
    while len(others) > 1 and words and words[0] == others[0]:
        words, others = words[1:], others[1:]
    while len(others) > 1 and words and words[-1] == others[-1]:
        words, others = words[:-1], others[:-1]
    return f"{title}, against {' '.join(others).rstrip(',;')}"


def spread(row: pd.Series, metric: str) -> str:
    """The mean of the seeds, and the lowest and the highest; what is not stored says so."""
    if math.isnan(row[metric]):
        return NOT_RUN if row["state"] == "missing" else str(row["state"])
    said = f"{row[metric]:.1f}"
    if row["seeds"] > 1:
        said += f" ({row[f'{metric}_low']:.1f}–{row[f'{metric}_high']:.1f})"
    return said if row["state"] == "stored" else f"{said}, {row['state']}"


def interval(low: float, high: float) -> str:
    """ "−1.2 to +3.4", or a dash where there is none."""
    if math.isnan(low):
        return "–"
    low, high = (round(end, 1) + 0.0 for end in (low, high))  # no minus zero
    return f"{low:+.1f} to {high:+.1f}".replace("-", "−")


def verdicts(pairs: pd.DataFrame) -> list[str]:
    """The verdict of each comparison; of one whose runs are not stored, that."""
    return [NOT_RUN if missing else said for missing, said in zip(pairs["here"].isna(), pairs["verdict"], strict=True)]


class Sentences:
    """One computed sentence for each comparison; folded away where they are many."""

    def __init__(self, shown: Reproduction) -> None:
        titles = shown.titles
        run: list[Any] = shown.pairs[shown.pairs["here"].notna()].to_dict("records")
        self.sentences = [
            f"{held_against(titles[pair['row']], titles[pair['against']])}. {pair['sentence']}" for pair in run
        ]
        items = "".join(f"<li>{html.escape(sentence)}</li>" for sentence in self.sentences)
        listed = f"<ul>{items}</ul>"
        if len(self.sentences) > _UNFOLDED:
            said = f"Each comparison in a sentence ({len(self.sentences)})"
            listed = f"<details><summary>{said}</summary>{listed}</details>"
        self.html = listed if self.sentences else ""

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": "\n".join(self.sentences)}
