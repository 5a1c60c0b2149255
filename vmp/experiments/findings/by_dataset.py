"""Table 1 a data set at a time: the rows that are judged, under titles without the set's name, and the splits apart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

from vmp.experiments.reproduction import Reproduction
from vmp.experiments.rows import Row
from vmp.experiments.tables.starts import dataset_for


def paper_sets(shown: Reproduction) -> dict[str, str]:
    """The paper's name of each data set of Table 1 that was asked for -> its name at this scale."""
    return {name: dataset_for(name, shown.table.scale) for name in dict.fromkeys(map(_paper_set, shown.table.rows))}


def of_dataset(shown: Reproduction, paper_set: str) -> Reproduction | None:
    """Table 1's rows of a data set, of HMDB-51 the means over its splits, with their comparisons.

    They are judged as they are among all; the titles are without the data set's name. None: the set was not asked for.
    """
    rows = [row for row in shown.table.rows if _paper_set(row) == paper_set and not _is_split(row)]
    if not rows:
        return None
    part = shown.part([row.key for row in rows])
    titles = {row.key: plain_title(row.title) for row in rows}
    table = replace(shown.table, rows=tuple(replace(row, title=titles[row.key]) for row in rows), pairs=(), similar=())
    return replace(part, table=table, rows=part.rows.assign(title=part.rows["key"].map(titles)))


def splits(shown: Reproduction, paper_set: str) -> pd.DataFrame:
    """Top-1 of every split of a data set, the paper's and here (mean of the seeds); none where it has one split.

    Columns: title, then for each split "split1, paper" and "split1, here" (percent, NaN where there is none).
    """
    values: Any = shown.rows.set_index("key").to_dict("index")
    found: dict[str, dict[str, Any]] = {}
    for row in shown.table.rows:
        if _paper_set(row) == paper_set and _is_split(row):
            assert row.paper is not None
            split, title = row.paper["split"], plain_title(row.title)
            line = found.setdefault(title, {"title": title})
            line |= {f"{split}, paper": values[row.key]["paper_top1"], f"{split}, here": values[row.key]["top1"]}
    return pd.DataFrame(list(found.values()))


def plain_title(title: str) -> str:
    """ "C2D, VMP; libras-static" -> "C2D, VMP"."""
    return title.partition(";")[0]


def with_layer(title: str) -> str:
    """What a row with the layer is called among such rows: "SlowFast, VMP on slow; ..." -> "SlowFast, slow"."""
    return plain_title(title).replace(", VMP on ", ", ").removesuffix(", VMP")


def _paper_set(row: Row) -> str:
    assert row.paper is not None  # every row of Table 1 has one
    return str(row.paper["dataset"])


def _is_split(row: Row) -> bool:
    assert row.paper is not None
    return str(row.paper["split"]).startswith("split")
