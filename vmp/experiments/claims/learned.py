"""What the paper says of learned slopes and shifts, as differences between runs that have all else in common."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from vmp.experiments.tables.regularisation import LAMBDAS

if TYPE_CHECKING:
    import numpy as np
    import pandas as pd
    from numpy.typing import NDArray


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
    """Of Table 7: the row of a data set's largest lambda, and that of lambda 0 beside it."""
    dataset, backbone, value = key.split("/")
    return f"{dataset}/{backbone}/0" if float(value) == max(LAMBDAS[dataset]) else None


def static_against_moving(key: str) -> str | None:
    """Of Table 1: a row of MPII Cooking 2, and the same of FineGym."""
    dataset, _, rest = key.partition("/")
    return f"finegym/{rest}" if dataset == "mpii" else None


def fast_against_slow(key: str) -> str | None:
    """Of Table 1: prompts on SlowFast's fast pathway, and on its slow one."""
    return key.replace("/vmp-fast", "/vmp-slow") if "/vmp-fast" in key else None


def differences(claim: Learned, layers: pd.DataFrame) -> NDArray[np.float64]:
    """(N,), one for each two runs of one seed: the claim's number of a row minus that of the row it is compared with.

    Args:
        claim: which rows.
        layers: columns row, seed, pathway, slope, shift, as :func:`vmp.experiments.load` gives them; of a run with two
            layers the mean of both.
    """
    import numpy as np

    if not len(layers):
        return np.zeros(0)
    of_run: dict[Any, float] = layers.groupby(["row", "seed"])[claim.column].mean().to_dict()
    pairs = [(value, of_run.get((claim.than(row), seed))) for (row, seed), value in of_run.items()]
    return np.array([value - other for value, other in pairs if other is not None])
