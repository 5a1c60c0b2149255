"""What each class gained (Fig. 11), and how much of it another seed would have changed as well."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vmp.experiments.datasets import RENDERED, NotHere, manifest_of
from vmp.experiments.loading import Loaded

#: How a class can have changed.
COUNTS = ("gained", "lost", "stayed")
_COLUMNS = ("class", "trajectories", "without", "with", "gain", "low", "high")


def class_accuracies(found: Loaded, row: str) -> pd.DataFrame:
    """Top-1 of each class in percent: a line a class (its label), a column a seed; of the seeds that are stored.

    A trajectory counts once, whatever the number of its renderings, and of several splits every one counts: together
    they test each trajectory once. A seed of which a split is missing is left out.

    Args:
        found: what is stored of a table.
        row: a key of it.

    Raises:
        ValueError: a row that the table has not, with the nearest.
    """
    of_seed = {
        seed: 100 * (tested["first"] == tested["label"]).groupby(tested["label"]).mean()
        for seed, tested in _tested(found, row).items()
    }
    return pd.DataFrame(of_seed).rename_axis("label")


def class_gains(found: Loaded, row: str, against: str, classes: Sequence[str]) -> pd.DataFrame:
    """What each class gained from ``against`` to ``row``, the largest gain first; of the seeds that both have.

    Columns: class, trajectories, without, with, gain (points; means over the seeds), low and high (the lowest and the
    highest seed's gain). Equal gains are in the order of the labels. No line where no seed is stored for both.

    Args:
        found: what is stored of a table.
        row, against: keys, with the layer and without.
        classes: their names, by label.
    """
    before, after = _paired(found, row, against)
    if before.empty:
        return pd.DataFrame(columns=list(_COLUMNS))
    gains = (after - before).round(9)
    tested = next(iter(_tested(found, against).values()))
    columns: dict[str, Any] = {
        "class": [classes[label] for label in before.index],
        "trajectories": tested.groupby("label").size().reindex(before.index),
        "without": before.mean(axis=1),
        "with": after.mean(axis=1),
        "gain": gains.mean(axis=1).round(9),
        "low": gains.min(axis=1),
        "high": gains.max(axis=1),
    }
    return pd.DataFrame(columns).sort_values("gain", ascending=False, kind="stable").reset_index(drop=True)


def changed(gains: pd.Series) -> dict[str, int]:
    """How many classes gained, lost and stayed."""
    values: NDArray[np.float64] = gains.to_numpy(dtype=np.float64)
    counts = [int((values > 0).sum()), int((values < 0).sum()), int((values == 0).sum())]
    return dict(zip(COUNTS, counts, strict=True))


def sign_test(gains: pd.Series) -> float:
    """Two-sided p that as many classes gain as lose by chance, or that they part as unequally; 1 where none changed.

    Classes that stayed are left out. Classes count as independent, which they are not quite: a clip that is no longer
    taken for one class is taken for another.
    """
    from scipy.stats import binomtest

    counts = changed(gains)
    moved = counts["gained"] + counts["lost"]
    return float(binomtest(counts["gained"], moved).pvalue) if moved else 1.0


def yardstick(found: Loaded, row: str, against: str) -> dict[str, float]:
    """One run against one other: with the layer against without, and two seeds of which neither has it.

    Returns:
        layer, seeds: the points by which a class changes, a mean over classes and pairs of runs. layer_classes,
        seeds_classes: the classes that change, a mean over pairs of runs. NaN where no such pair is stored.
    """
    before, after = _paired(found, row, against)
    own = class_accuracies(found, against)
    differences = {
        "layer": [after[seed] - before[seed] for seed in before],
        "seeds": [own[b] - own[a] for a, b in combinations(own.columns, 2)],
    }
    told: dict[str, float] = {}
    for name, each in differences.items():
        told[name] = _mean([one.abs().mean() for one in each])
        told[f"{name}_classes"] = _mean([(one.abs() > 1e-9).sum() for one in each])
    return told


def class_names(dataset: str, count: int = 0) -> tuple[str, ...]:
    """The names of the classes of a data set, by label.

    Args:
        dataset: its name, as a run has it.
        count: of the classes, for a real set that is not on this machine: there they are "class 0" and so on.
    """
    if dataset in RENDERED:
        from vmp.data.trajectories import CLASSES

        return CLASSES
    try:
        from vmp.data.manifest import read_manifest

        return read_manifest(manifest_of(dataset)).classes
    except (NotHere, FileNotFoundError):
        return tuple(f"class {label}" for label in range(count))


def _tested(found: Loaded, row: str) -> dict[int, pd.DataFrame]:
    """Seed -> the predictions of the groups of all splits; seeds of which a split is missing are left out."""
    groups, tested = found.predictions, {}
    for seed, runs in zip(found.table.seeds, found.table.row(row).by_seed, strict=True):
        wanted = {run.identity for run in runs}
        if len(groups):
            each = groups[groups["identity"].isin(wanted) & (groups["level"] == "group")]
            if set(each["identity"]) == wanted:
                tested[seed] = each
    return tested


def _paired(found: Loaded, row: str, against: str) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Without and with, the seeds that both have."""
    before, after = class_accuracies(found, against), class_accuracies(found, row)
    seeds = [seed for seed in before if seed in after]
    return before[seeds], after[seeds]


def _mean(values: Sequence[Any]) -> float:
    return float(np.mean(values)) if values else float("nan")
