"""What a degradation does to an accuracy, in the paper and in both readings of it here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vmp.experiments.paper import value
from vmp.experiments.reproduction import Reproduction, difference, points
from vmp.experiments.tables.robustness import DEGRADED, VARIANTS

if TYPE_CHECKING:
    import pandas as pd

#: The paper's data sets by their names in its tables.
PAPERS = {"finegym": "FineGym", "mpii": "MPII Cooking 2"}


def changes(shown: Reproduction) -> pd.DataFrame:
    """Degraded minus clean, in points of top-1: a row a data set, variant and degradation of Table 5.

    Columns: dataset and degradation (the paper's names), variant, name (the data set's here), title, paper, tested
    (trained on clean clips), both (trained on degraded ones too). The paper does not say which of the two it did. NaN:
    no seed for which both are stored; else the mean over such seeds.

    Args:
        shown: of Table 5, whole or a part.
    """
    import pandas as pd

    papers = shown.rows.set_index("key")["paper_top1"]
    made = []
    for dataset, name in datasets_of(shown).items():
        for degradation in DEGRADED:
            for variant, said in VARIANTS.items():
                clean = f"{dataset}/none/{variant}"
                tested, both = (f"{dataset}/{kind}/{variant}" for kind in (degradation, f"{degradation}-trained"))
                made.append(
                    {
                        "dataset": dataset,
                        "degradation": degradation,
                        "variant": variant,
                        "name": name,
                        "title": f"{name}, {DEGRADED[degradation][0].replace('-', ' ')}, {said}",
                        "paper": round(papers[tested] - papers[clean], 1),
                        "tested": difference(shown.by_seed(tested), shown.by_seed(clean)),
                        "both": difference(shown.by_seed(both), shown.by_seed(clean)),
                    }
                )
    return pd.DataFrame(made)


def datasets_of(shown: Reproduction) -> dict[str, str]:
    """The paper's names of a table's data sets -> what they are at its scale, in its order."""
    return {row.key.partition("/")[0]: row.runs[0].dataset for row in shown.table.rows}


def readings_sentence(found: pd.DataFrame) -> str:
    """What the paper's noise did to its accuracies, and what both readings of it did here, in words."""
    noise = found[found["degradation"] == "salt-pepper"]
    said = ["In the paper salt and pepper changes " + _listed(noise["dataset"].map(PAPERS), noise, "paper") + "."]
    for column, words in (("tested", "trained on clean clips"), ("both", "trained on noisy ones")):
        run = noise[noise[column].notna()]
        if len(run):
            higher = int((run[column] > 0).sum())
            said.append(
                f"Here, {words}, it changes {_listed(run['name'], run, column)}: {higher} of {len(run)} "
                f"{'is' if higher == 1 else 'are'} higher with noise."
            )
    gains = _papers_gains(found)
    if "mpii" in gains:
        clean, noisy = gains["mpii"]
        said.append(
            f"The paper's gain by the layer on MPII Cooking 2 goes from {points(clean)} on clean clips to "
            f"{points(noisy)} on noisy ones."
        )
    return " ".join(said)


def _listed(names: pd.Series, rows: pd.DataFrame, column: str) -> str:
    words = [
        f"{name}, {VARIANTS[variant]}, by {points(change)}"
        for name, variant, change in zip(names, rows["variant"], rows[column], strict=True)
    ]
    return "; ".join(words) + " points"


def _papers_gains(found: pd.DataFrame) -> dict[str, tuple[float, float]]:
    """The paper's gain by the layer on clean clips and under noise, a data set."""
    gains = {}
    for dataset in found["dataset"].unique():
        clean, noisy = (
            value(5, "top1_percent", dataset=dataset, degradation=kind, variant="vmp")
            - value(5, "top1_percent", dataset=dataset, degradation=kind, variant="baseline")
            for kind in ("none", "salt-pepper")
        )
        gains[dataset] = clean, noisy
    return gains
