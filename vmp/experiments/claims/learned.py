"""What the paper says of learned slopes and shifts, as differences between runs that have all else in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from vmp.experiments.tables.regularisation import LAMBDAS

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Learned:
    """A claim about one learned number.

    Attributes:
        column: "slope" or "shift".
        sign: 1 where the paper says that it is larger, -1 where smaller.
        than: the key of a row -> the key of the row that it is compared with; None: the claim is not about that row.
    """

    column: Literal["slope", "shift"]
    sign: Literal[-1, 1]
    than: Callable[[str], str | None]


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


def fast_against_slow(key: str) -> str | None:
    """Of Table 1: prompts on SlowFast's fast pathway, and on its slow one."""
    return key.replace("/vmp-fast", "/vmp-slow") if "/vmp-fast" in key else None


def differences(claim: Learned, layers: pd.DataFrame) -> pd.DataFrame:
    """For each two runs of one seed the claim's number of a row minus that of the row it is compared with.

    A line a seed, a column a row; NaN where one of the two is not stored.

    Args:
        claim: which rows.
        layers: columns row, seed, pathway, slope, shift, as :func:`vmp.experiments.load` gives them; of a run with two
            layers the mean of both.
    """
    import pandas as pd

    if not len(layers):
        return pd.DataFrame()
    learned = layers.groupby(["seed", "row"])[claim.column].mean().unstack("row")
    pairs = {row: claim.than(row) for row in learned.columns}
    made = {row: learned[row] - learned[other] for row, other in pairs.items() if other in learned.columns}
    return pd.DataFrame(made).dropna(how="all").dropna(axis="columns", how="all")
