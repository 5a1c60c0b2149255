"""What is gained by choosing lambda on the test split: Table 7's rows beside the lambda that validation chose.

The best of several rows lies above one of them that was named before, even where all of them are equally good. How far
is told by the spread of the seeds, once what a seed shifts in every row is taken out.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vmp.experiments.reproduction import Reproduction
from vmp.experiments.tables.regularisation import PATHWAYS
from vmp.experiments.tables.starts import lambda_for


def over_lambda(shown: Reproduction) -> pd.DataFrame:
    """Table 7's rows with what they differ in as columns.

    Columns: key, paper_set and dataset (the paper's name and the one here), kind (the paper's row), title (backbone and
    where the layer is), paper_title, lambda_, chosen (whether it is what validation chose for the data set), seeds
    (stored), top1, top1_low, top1_high and paper_top1 (percent; NaN where there is none), state.
    """
    rows: Any = shown.rows.set_index("key").to_dict("index")
    found = []
    for row in shown.table.rows:
        run, paper = row.runs[0], row.paper or {}
        prompts = run.prompts
        assert prompts is not None
        where = PATHWAYS[prompts]
        found.append(
            {
                "key": row.key, "paper_set": paper["dataset"], "dataset": run.dataset, "kind": paper["backbone"],
                "title": f"{run.backbone}{where and ',' + where}",
                "paper_title": _PAPERS.get(paper["backbone"], paper["backbone"]),
                "lambda_": paper["lambda_"], "chosen": paper["lambda_"] == lambda_for(run.dataset, shown.table.scale),
            }
            | {name: rows[row.key][name] for name in ("seeds", "top1", "top1_low", "top1_high", "paper_top1", "state")}
        )  # fmt: skip
    return pd.DataFrame(found)


_PAPERS = {
    "timesformer": "TimeSformer",
    "slowfast-slow": "SlowFast, on slow",
    "slowfast-fast": "SlowFast, on fast",
    "slowfast-both": "SlowFast, on both",
}


def selection(shown: Reproduction) -> pd.DataFrame:
    """For each data set and backbone the lambda chosen on validation beside the best on test.

    Only seeds for which every lambda of the row is stored count. Columns: dataset, title, chosen (lambda), top1 (of the
    chosen), best (the lambdas that are best on test, in words), best_top1, gain (points), chance and chance_high
    (points: what the best of rows that are all equally good lies above one of them, on average and at most in 19 of 20
    cases; NaN for one seed), seeds, paper_best (in words), paper_gain (the best in the paper over its lambda 0). What
    cannot be told is NaN or empty.
    """
    rows = over_lambda(shown)
    return pd.DataFrame(
        [_selected(group, _accuracies(shown, list(group["key"]))) for _, group in _groups(rows)],
        columns=[
            "dataset", "title", "chosen", "top1", "best", "best_top1", "gain", "chance", "chance_high", "seeds",
            "paper_best", "paper_gain",
        ],
    )  # fmt: skip


def gain_by_chance(accuracies: NDArray[np.float64]) -> tuple[float, float]:
    r"""What the best of k equally good rows lies above one of them: on average, and at most in 19 of 20 cases.

    .. math:: s^2 = \frac{\sum_{l,s} (x_{ls} - \bar x_{l\cdot} - \bar x_{\cdot s} + \bar x)^2}{(k-1)(S-1)}, \qquad
              \frac{s}{\sqrt S}\, E \max_l z_l, \quad z_l \sim N(0, 1)

    Args:
        accuracies: (k, S), percent, of k rows and S seeds.

    Returns:
        Two numbers of points; NaN where there are fewer than two rows or two seeds, for then nothing tells the spread.
    """
    rows, seeds = accuracies.shape
    if min(rows, seeds) < 2:
        return math.nan, math.nan
    rest = accuracies - accuracies.mean(0) - accuracies.mean(1, keepdims=True) + accuracies.mean()
    error = math.sqrt((rest**2).sum() / ((rows - 1) * (seeds - 1)) / seeds)
    return error * _highest_of(rows), error * _seldom_more(rows)


def _highest_of(rows: int) -> float:
    """The mean of the highest of so many standard normal numbers."""
    from scipy.integrate import quad
    from scipy.stats import norm

    return float(quad(lambda z: z * rows * norm.pdf(z) * norm.cdf(z) ** (rows - 1), -9, 9)[0])


def _seldom_more(rows: int, share: float = 0.95) -> float:
    """What the highest of so many standard normal numbers lies above the first of them at most, in that share."""
    from scipy.integrate import quad
    from scipy.optimize import brentq
    from scipy.stats import norm

    def lacks(distance: float) -> float:
        held = quad(lambda z: norm.pdf(z) * norm.cdf(z + distance) ** (rows - 1), -9, 9)[0]
        return float(held - share)

    return float(brentq(lacks, 0, 12))


def _groups(rows: pd.DataFrame) -> list[tuple[Any, pd.DataFrame]]:
    return list(rows.groupby(["dataset", "kind"], sort=False)) if len(rows) else []


def _accuracies(shown: Reproduction, keys: list[str]) -> NDArray[np.float64]:
    """Top-1 (k, S) of these rows, of the seeds for which all of them are stored."""
    runs = shown.found.runs
    if not len(runs):
        return np.empty((len(keys), 0))
    found = runs[runs["row"].isin(keys)].pivot_table(index="row", columns="seed", values="top1")
    return found.reindex(keys).dropna(axis=1).to_numpy(dtype=np.float64)


def _selected(group: pd.DataFrame, accuracies: NDArray[np.float64]) -> dict[str, Any]:
    first = group.iloc[0]
    chosen = [place for place, here in enumerate(group["chosen"]) if here]
    lambdas, seeds = list(group["lambda_"]), accuracies.shape[1]
    told: dict[str, Any] = {"dataset": first["dataset"], "title": first["title"], "seeds": seeds}
    told["chosen"] = lambdas[chosen[0]] if chosen else math.nan
    papers = group["paper_top1"].to_numpy(dtype=float)
    told |= {"paper_best": _best(lambdas, papers), "paper_gain": round(float(np.nanmax(papers) - papers[0]), 1)}
    if not seeds:
        return told | dict.fromkeys(("top1", "best_top1", "gain", "chance", "chance_high"), math.nan) | {"best": ""}
    means = accuracies.mean(1)
    top1 = float(means[chosen[0]]) if chosen else math.nan
    chance, high = gain_by_chance(accuracies)
    return told | {
        "top1": top1, "best": _best(lambdas, means), "best_top1": float(means.max()),
        "gain": float(means.max()) - top1, "chance": chance, "chance_high": high,
    }  # fmt: skip


def _best(lambdas: Sequence[float], values: NDArray[np.float64]) -> str:
    """The lambdas with the highest value, in words."""
    highest = np.nanmax(values)
    best = [f"{value:g}" for value, found in zip(lambdas, values, strict=True) if math.isclose(found, highest)]
    return " and ".join(best)


def chosen_by_validation(swept: Reproduction) -> pd.DataFrame:
    """Table "lambda" as it was stored: a row a data set, a column a lambda, top-1 of the validation trajectories.

    Columns: dataset, one a lambda (a number; NaN where it is not stored), chosen (the highest; of equals the least
    lambda; NaN where one is missing), used (what the tables use).
    """
    top1 = dict(zip(swept.rows["key"], swept.rows["top1"], strict=True)) if len(swept.rows) else {}
    of_set: dict[str, dict[float, float]] = {}
    for row in swept.table.rows:
        run = row.runs[0]
        of_set.setdefault(run.dataset, {})[run.recipe.lambda_] = top1[row.key]
    found = []
    for dataset, values in of_set.items():
        whole = not any(math.isnan(value) for value in values.values())
        best = min(values, key=lambda value: (-values[value], value)) if whole else math.nan
        used = lambda_for(dataset, swept.table.scale)
        found.append({"dataset": dataset} | values | {"chosen": best, "used": used})
    return pd.DataFrame(found)
