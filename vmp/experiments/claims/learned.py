"""What the paper says of slopes, shifts and the maps they give, as differences between runs that are alike else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vmp.experiments.tables.regularisation import LAMBDAS

if TYPE_CHECKING:
    import pandas as pd

    from vmp.experiments.loading import Loaded

Number = Literal["slope", "shift", "path of the shift", "variation, 1/1000"]


@dataclass(frozen=True)
class Learned:
    """A claim about one number of a run that trains the layer.

    Attributes:
        column: of :func:`numbers`.
        sign: 1 where the paper says that it is larger, -1 where smaller.
        than: the key of a row -> the key of the row that it is compared with; None: the claim is not about that row.
    """

    column: Number
    sign: Literal[-1, 1]
    than: Callable[[str], str | None]


def numbers(found: Loaded) -> pd.DataFrame:
    """What a claim can be about: row, seed and every :data:`Number`; a line a run.

    Slope and shift are those learned. The path of the shift is how far it went in all, the sum of its steps from epoch
    to epoch, and the variation that of Eq. 6 in the last epoch's clips. Of a run with two layers all are their means.
    """
    import pandas as pd

    if not len(found.layers):
        return pd.DataFrame(columns=["row", "seed", "slope", "shift", "path of the shift", "variation, 1/1000"])
    run = ["row", "seed", "identity"]
    learned = found.layers.groupby(run)[["slope", "shift"]].mean()
    logged = found.epochs.sort_values("epoch").set_index(run)
    logged = logged[logged.index.isin(learned.index)]
    learned["path of the shift"] = _each_layer(logged, "shift").groupby(run).agg(_path).mean(axis=1)
    learned["variation, 1/1000"] = 1000 * _each_layer(logged, "variation").groupby(run).last().mean(axis=1)
    return learned.reset_index().drop(columns="identity")


def _each_layer(logged: pd.DataFrame, name: str) -> pd.DataFrame:
    """A column a layer: "shift", or of SlowFast's pathways "shift_slow" and "shift_fast"."""
    return logged[[column for column in map(str, logged) if column == name or column.startswith(f"{name}_")]]


def _path(values: pd.Series) -> float:
    return float(values.diff().abs().sum(min_count=1))


def largest_against_none(key: str) -> str | None:
    """Of Table 7: FineGym's row of its largest lambda, and that of lambda 0 beside it.

    Fig. 4 (a) and (b) are of FineGym. On MPII Cooking 2 the paper prints a shift that grows with lambda (Fig. 12).
    """
    dataset, backbone, value = key.split("/")
    largest = dataset == "finegym" and float(value) == max(LAMBDAS[dataset])
    return f"{dataset}/{backbone}/0" if largest else None


def static_against_moving(key: str) -> str | None:
    """Of Table 1: a row of MPII Cooking 2, and the same of FineGym."""
    dataset, _, rest = key.partition("/")
    return f"finegym/{rest}" if dataset == "mpii" else None


def moving_against_mixed(key: str) -> str | None:
    """Of Table 1: a row of FineGym, and the same of HMDB-51's first split."""
    dataset, _, rest = key.partition("/")
    return f"hmdb51/{rest}/split1" if dataset == "finegym" else None


def fast_against_slow(key: str) -> str | None:
    """Of Table 1: prompts on SlowFast's fast pathway, and on its slow one."""
    return key.replace("/vmp-fast", "/vmp-slow") if "/vmp-fast" in key else None


def differences(claim: Learned, layers: pd.DataFrame) -> pd.DataFrame:
    """For each two runs of one seed the claim's number of a row minus that of the row it is compared with.

    A line a seed, a column a row; NaN where one of the two is not stored.

    Args:
        claim: which rows.
        layers: of :func:`numbers`; of several lines of a row and seed the mean.
    """
    import pandas as pd

    if not len(layers):
        return pd.DataFrame()
    learned = layers.groupby(["seed", "row"])[claim.column].mean().unstack("row")
    pairs = {row: claim.than(row) for row in learned.columns}
    made = {row: learned[row] - learned[other] for row, other in pairs.items() if other in learned.columns}
    return pd.DataFrame(made).dropna(how="all").dropna(axis="columns", how="all")
