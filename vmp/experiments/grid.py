"""The paper's tables as runs: which rows a table has, what each trains, and what it is judged against.

A table is a plain function in :data:`TABLES`, in a module of its own under ``vmp.experiments.tables``. What a row
starts from is a run like any other, so the grid is a graph; ``Table.runs`` gives it in an order in which everything can
be run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from vmp.experiments.nearest import unknown
from vmp.experiments.rows import Pair, Row, Table
from vmp.experiments.run import SCALES
from vmp.experiments.tables.accuracy import table1
from vmp.experiments.tables.controls import controls
from vmp.experiments.tables.cross import table4
from vmp.experiments.tables.finetuning import table2
from vmp.experiments.tables.objects import table6
from vmp.experiments.tables.regularisation import table7, table_lambda
from vmp.experiments.tables.robustness import degradations, table5
from vmp.experiments.tables.sources import table3
from vmp.experiments.tables.starts import pretraining, seeds_of

__all__ = ["TABLES", "Pair", "Row", "Table", "pretraining", "seeds_of", "table"]

#: Name -> the function that builds the table: (scale, seeds, backbone, dataset), the last two None for the table's own.
TABLES: dict[str, Callable[..., Table]] = {
    "table1": table1,
    "table2": table2,
    "table3": table3,
    "table4": table4,
    "table5": table5,
    "table6": table6,
    "table7": table7,
    "lambda": table_lambda,
    "controls": controls,
    "degradations": degradations,
}


def table(
    name: str,
    scale: str = "small",
    seeds: int | Sequence[int] = 3,
    backbone: str | None = None,
    dataset: str | None = None,
) -> Table:
    """The table of that name.

    Args:
        name: a key of :data:`TABLES`.
        scale: "smoke", "small", "gpu" or "paper".
        seeds: how many, from 0 on, or which.
        backbone: another one than the table's.
        dataset: another one than the table's.

    Raises:
        ValueError: an unknown name, scale, backbone or data set, with the nearest that is known.
    """
    from vmp.experiments.datasets import check_dataset
    from vmp.experiments.models import check_backbone

    if name not in TABLES:
        raise unknown("table", name, TABLES)
    if scale not in SCALES:
        raise unknown("scale", scale, SCALES)
    if backbone is not None:
        check_backbone(backbone)
    if dataset is not None:
        check_dataset(dataset)
    return TABLES[name](scale, seeds, backbone, dataset)
