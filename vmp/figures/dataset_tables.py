"""The tables of Table 1's chapter: a data set at a time, its splits folded away, and how lambda was chosen."""

from __future__ import annotations

from typing import Any

import pandas as pd
from IPython.display import Markdown

from vmp.experiments.findings.by_dataset import of_dataset, splits
from vmp.experiments.findings.choice_of_lambda import chosen_by_validation
from vmp.experiments.reproduction import Reproduction, trajectories_tested
from vmp.figures.folded import Folded
from vmp.figures.reproduced import NOT_RUN, Sentences, accuracy_table, comparison_table
from vmp.figures.tables import Table


def dataset_tables(shown: Reproduction, paper_set: str, caption: str) -> list[Any]:
    """What a page shows of a data set of Table 1: accuracies, comparisons, their sentences, the splits if it has some.

    Args:
        shown: of Table 1.
        paper_set: the paper's name of it: "hmdb51", "finegym", "mpii".
        caption: what the paper's numbers are of.
    """
    part = of_dataset(shown, paper_set)
    if part is None:
        return [Markdown("*Left out: not among the `datasets` that were asked for.*")]
    metrics = ("top1", "top5") if part.rows["paper_top5"].notna().any() else ("top1",)
    found: list[Any] = [accuracy_table(part, caption, metrics), comparison_table(part)]
    if part.pairs["here"].notna().any():
        found.append(Sentences(part))
    each = splits(shown, paper_set)
    if len(each):
        found.insert(1, Folded(f"Each split ({len(each.columns) // 2})", splits_table(each)))
    return found


def splits_table(each: pd.DataFrame) -> Table:
    """What :func:`vmp.experiments.findings.by_dataset.splits` gives, as a page shows it: "70.1 / 66.7" in a cell."""
    names = list(dict.fromkeys(column.partition(",")[0] for column in each.columns if "," in column))
    frame = pd.DataFrame({"": each["title"]})
    for name in names:
        both = zip(each[f"{name}, paper"], each[f"{name}, here"], strict=True)
        frame[name] = [f"{paper:.1f} / {NOT_RUN if here != here else f'{here:.1f}'}" for paper, here in both]
    return Table(frame, caption="Top-1 in percent, the paper's / here; here the mean of the seeds.")


def choice_table(swept: Reproduction) -> Table:
    """Table "lambda": a row a lambda, a column a data set, validation accuracy; the one that is used is marked."""
    found = chosen_by_validation(swept)
    lambdas: list[Any] = [name for name in found.columns if isinstance(name, float)]
    columns: dict[str, list[str]] = {"λ": [f"{value:g}" for value in lambdas]}
    for _, row in found.iterrows():
        columns[row["dataset"]] = [_cell(row[value], value == row["used"]) for value in lambdas]
    return Table(
        pd.DataFrame(columns),
        caption="Top-1 in percent of the validation trajectories, I3D, one seed; ◀ marks the λ that Table 1 uses. The "
        "highest is taken, of equals the least λ.",
    )


def choice_in_words(swept: Reproduction) -> str:
    """How many trajectories lambda was chosen on, and how far apart the accuracies lie."""
    counts = trajectories_tested(swept)
    if not len(counts):
        return "Nothing of this sweep is stored here."
    top1 = swept.rows.assign(dataset=[row.runs[0].dataset for row in swept.table.rows]).groupby("dataset")["top1"]
    said = [
        f"{name}: {count} trajectories, one of them {100 / count:.1f} points, lowest to highest {spread:.1f} points"
        for name, count, spread in ((name, counts[name], top1.max()[name] - top1.min()[name]) for name in counts.index)
    ]
    return f"What the choice rests on: {'; '.join(said)}."


def _cell(top1: float, used: bool) -> str:
    said = NOT_RUN if top1 != top1 else f"{top1:.1f}"
    return f"{said} ◀" if used else said
