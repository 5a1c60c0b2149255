"""What lambda does to slope and shift, and to accuracy, in Table 7's runs: numbers and the sentences they make."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd

from vmp.experiments.findings.choice_of_lambda import over_lambda
from vmp.experiments.reproduction import Reproduction, points, tally

#: Where the paper says that accuracy goes with lambda (App. E.2), by its name of the data set.
CLAIMS = {
    "mpii": "With a static camera the paper has the highest accuracy at small λ, for TimeSformer at 0",
    "finegym": "With a moving camera the paper has larger λ improve accuracy",
}
#: What it says or prints of slope and shift (Sec. 3.2, Fig. 12).
LEARNED = {
    "mpii": "On MPII Cooking 2 the paper prints one pair each: from λ = 0 to 2 the slope falls and the shift rises",
    "finegym": "On FineGym the paper has both approach their lower bounds as λ grows",
}


def against_none(shown: Reproduction) -> pd.DataFrame:
    """What each run with a lambda above 0 learned, less what the run with lambda 0 of the same seed did.

    Both began at the same slope and shift. Columns: dataset, kind, lambda_, seed, pathway, slope, shift (differences).
    """
    columns = ["dataset", "kind", "lambda_", "seed", "pathway", "slope", "shift"]
    layers = shown.found.layers
    if not len(layers):
        return pd.DataFrame(columns=columns)
    rows = over_lambda(shown)[["key", "dataset", "kind", "lambda_"]]
    learned = layers.merge(rows, left_on="row", right_on="key")
    without = learned[learned["lambda_"] == 0]
    same = ["dataset", "kind", "seed", "pathway"]
    both = learned[learned["lambda_"] > 0].merge(without[[*same, "slope", "shift"]], on=same, suffixes=("", "_none"))
    return both.assign(slope=both["slope"] - both["slope_none"], shift=both["shift"] - both["shift_none"])[columns]


def learning_told(shown: Reproduction, dataset: str) -> str:
    """How far training moves slope and shift on a data set, and what the largest lambda does to them; in sentences."""
    rows = over_lambda(shown)
    layers = shown.found.layers
    layers = layers[layers["row"].isin(rows.loc[rows["dataset"] == dataset, "key"])] if len(layers) else layers
    if not len(layers):
        return "Nothing is stored yet."
    moved = {name: (layers[name] - layers[f"start_{name}"]).abs() for name in ("slope", "shift")}
    apart = {name: layers[f"start_{name}"].max() - layers[f"start_{name}"].min() for name in ("slope", "shift")}
    said = (
        f"Training moved the slope by {moved['slope'].median():.1f} and the shift by {moved['shift'].median():.3f} "
        f"(medians of {len(layers)} layers)"
    )
    if layers["seed"].nunique() > 1:
        said += f"; the random starts lie apart by up to {apart['slope']:.1f} and {apart['shift']:.2f}"
    effect = against_none(shown)
    effect = effect[effect["dataset"] == dataset]
    if not len(effect):
        return f"{said}."
    largest = effect[effect["lambda_"] == effect["lambda_"].max()]
    papers = LEARNED[rows.loc[rows["dataset"] == dataset, "paper_set"].iloc[0]]
    return (
        f"{said}. With λ = {largest['lambda_'].iloc[0]:g}, against λ = 0 of the same start, the slope ends lower in "
        f"{int((largest['slope'] < 0).sum())} of {len(largest)} layers and the shift lower in "
        f"{int((largest['shift'] < 0).sum())} (medians {points(largest['slope'].median())} and "
        f"{_hundredths(largest['shift'].median())}). {papers}."
    )


def accuracy_told(shown: Reproduction, dataset: str) -> str:
    """How the claim about a data set came out: verdicts against lambda 0, and the signs alone; in sentences."""
    rows = over_lambda(shown)
    of_set = rows[rows["dataset"] == dataset]
    pairs = shown.pairs[shown.pairs["row"].isin(of_set["key"])]
    claim = CLAIMS[of_set["paper_set"].iloc[0]]
    told = f"{claim}. Of the {len(pairs)} comparisons with λ = 0 here: {tally(pairs)}."
    run = pairs[pairs["here"].notna()]
    papers = pairs["paper"].dropna()
    if not len(run):
        return told
    return (
        f"{told} Here {int((run['here'] > 0).sum())} of {len(run)} are higher than λ = 0 and "
        f"{int((run['here'] < 0).sum())} lower, by {points(run['here'].mean())} points on average; in the paper "
        f"{int((papers > 0).sum())} of {len(papers)} are higher and {int((papers < 0).sum())} lower, by "
        f"{points(papers.mean())}."
    )


def selection_told(selected: pd.DataFrame) -> str:
    """What choosing lambda on the test split would have gained, beside what chance gains; in sentences.

    Args:
        selected: of :func:`vmp.experiments.findings.choice_of_lambda.selection`.
    """
    run = selected[selected["gain"].notna()]
    if not len(run):
        return "No backbone has every λ stored yet."
    said = (
        f"Over {_rows(len(run))} every λ stored for at least one seed, the λ that is best on test lies "
        f"{points(run['gain'].mean())} points above the one chosen on validation (from {points(run['gain'].min())} to "
        f"{points(run['gain'].max())})."
    )
    known: Any = run[run["chance"].notna()]
    if not len(known):
        return f"{said} What chance alone gains cannot be told from one seed."
    beyond = int((known["gain"] > known["chance_high"]).sum())
    return (
        f"{said} If λ made no difference at all, the same choice would gain {points(known['chance'].mean())} on "
        f"average, by the spread of the seeds; {beyond} of {len(known)} gain more than 19 of 20 such choices would."
    )


def _rows(count: int) -> str:
    return "1 row that has" if count == 1 else f"{count} rows that have"


def _hundredths(value: float) -> str:
    return "–" if math.isnan(value) else f"{value:+.2f}".replace("-", "−")
