r"""The numbers printed in Chen et al., "Motion meets Attention: Video Motion Prompts", as pandas DataFrames.

Nothing here was measured by this project: each value is a transcription of the paper's, its place is in the
docstrings, and columns that end in ``_is`` say whether the paper states a thing or it was inferred. Columns
that end in ``_percent`` are percent, in ``_points`` percentage points, in ``_seconds`` or
``_seconds_per_batch`` seconds.

>>> from vmp.experiments import paper
>>> paper.value(1, dataset="mpii", metric="top1", backbone="timesformer", pretrained_on="k600", variant="vmp")
56.6
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from importlib import resources
from typing import Any

import pandas as pd

from vmp.nearest import did_you_mean

#: Table number -> (file, name). ``table`` takes either the number or the name.
TABLES: dict[int, tuple[str, str]] = {
    1: ("table1_accuracy.csv", "accuracy"),
    2: ("table2_finetuning_variants.csv", "finetuning_variants"),
    3: ("table3_pretraining_sources.csv", "pretraining_sources"),
    4: ("table4_cross_dataset.csv", "cross_dataset"),
    5: ("table5_robustness.csv", "robustness"),
    6: ("table6_objects.csv", "objects"),
    7: ("table7_regularisation.csv", "regularisation"),
    8: ("table8_cost.csv", "cost"),
}

#: Where learned slopes and shifts are printed -> file.
LEARNED: dict[str, str] = {
    "paper": "learned_parameters.csv",
    "page": "learned_parameters_project_page.csv",
}

#: The metric columns of the tables with one column a metric.
_METRICS = {"top1_percent": "top1", "top5_percent": "top5", "accuracy_percent": "top1"}

#: Table 2 has no row named as the baseline of every other: which row each printed gain is measured from.
_TABLE2_BASELINE = {
    "vmp+frozen-pretrained": "pretrained",
    "vmp+finetuned-pretrained": "baseline",
    "vmp+frozen-baseline": "baseline",
    "vmp+finetuned-baseline": "baseline",
}


def table(number: int | str) -> pd.DataFrame:
    r"""Table ``number`` (1-8, or its name) of the paper and its appendix.

    Columns, one row a printed number or pair of numbers:

    - 1, ``accuracy``: dataset, split, metric (top1, top5), backbone, variant (baseline, vmp, vmp-slow,
      vmp-fast, vmp-both), pretrained_on, pretrained_on_is (stated, inferred), accuracy_percent
    - 2, ``finetuning_variants``: variant, backbone_state, start_from, prompt_layer, top1_percent,
      top5_percent
    - 3, ``pretraining_sources``: pretrained_on, variant, top1_percent, top5_percent
    - 4, ``cross_dataset``: source, target, variant, top1_percent, top5_percent
    - 5, ``robustness``: dataset, degradation (none, salt-pepper, compression), variant, top1_percent,
      top5_percent
    - 6, ``objects``: action, variant, sample_accuracy_percent, total_accuracy_percent
    - 7, ``regularisation``: dataset, backbone, lambda, top1_percent (missing where the paper prints a dash)
    - 8, ``cost``: backbone, variant, phase (train_forward, train_backward, test_forward),
      mean_seconds_per_batch, std_seconds

    A new DataFrame each time. Raises ValueError for a table that the paper does not have.
    """
    names = {name: key for key, (_, name) in TABLES.items()}
    known = {str(key): key for key in TABLES} | names
    if str(number) not in known:
        raise ValueError(f"table: {_nearest(str(number), names, 'a number from 1 to 8 or a name of these')}")
    return _read(TABLES[known[str(number)]][0])


def learned_parameters(source: str = "paper") -> pd.DataFrame:
    r"""The learned slopes a and shifts b that were published, one row a pair.

    ``source="paper"``: Sec. 3.2 and the captions of Figs. 12 and 15; columns dataset, backbone,
    pretrained_on, backbone_is, lambda, a, b, source. ``source="page"``: the authors' project page, which gives
    m and n; columns dataset, lambda (missing where the page names none), m, n, and a, b computed from them by
    Eq. 2 to the digits shown. Slope and shift have no unit: they act on differences of grey values in [0, 1].
    Raises ValueError for another source.
    """
    if source not in LEARNED:
        raise ValueError(f"source: {_nearest(source, LEARNED, 'one of these')}")
    return _read(LEARNED[source])


def rows(number: int | str, **where: Any) -> pd.DataFrame:
    """The rows of a table in which every named column has the given value; ``lambda_`` stands for ``lambda``.

    Raises ValueError for an unknown table, column or value, and names the nearest.
    """
    chosen = table(number)
    for key, wanted in where.items():
        column = "lambda" if key == "lambda_" else key
        if column not in chosen.columns:
            raise ValueError(f"column: {_nearest(column, chosen.columns, f'one of table {number}')}")
        matching = chosen[chosen[column] == wanted]
        if matching.empty:
            present = dict.fromkeys(str(value) for value in chosen[column].dropna())
            raise ValueError(f"{column}: {_nearest(str(wanted), present, f'a value of table {number}')}")
        chosen = matching
    return chosen.reset_index(drop=True)


def value(number: int | str, column: str | None = None, **where: Any) -> float:
    """The single number that ``where`` picks out of a table.

    ``column`` may be left out where a table has one numeric result column. Raises ValueError where no row or
    more than one is left, and says which columns would tell them apart.
    """
    chosen = rows(number, **where)
    results = [name for name in chosen.columns if name.endswith(("_percent", "_seconds", "_per_batch"))]
    if column is None:
        if len(results) != 1:
            raise ValueError(f"column: expected the name of one of {', '.join(results)} for table {number}, got None")
        column = results[0]
    if column not in chosen.columns:
        raise ValueError(f"column: {_nearest(column, results, f'a result of table {number}')}")
    if len(chosen) != 1:
        names = [name for name in chosen.columns if name not in results and not name.endswith("_is")]
        differing = [name for name in names if chosen[name].nunique() > 1]
        raise ValueError(
            f"value: expected the choice of one row of table {number}, got {len(chosen)}. Choose also "
            f"{' and '.join(differing)}"
        )
    return float(chosen[column].to_numpy(dtype=float)[0])


def gains() -> pd.DataFrame:
    r"""Every gain printed in Tables 1-5 beside the difference of the two accuracies it belongs to.

    Columns: table, what names the row (dataset, split, backbone, pretrained_on, source, target, degradation,
    variant, metric; missing where a table has no such column), baseline_percent, vmp_percent,
    printed_gain_points, computed_gain_points (rounded to the paper's one decimal). A gain that the paper does
    not print is not in it.
    """
    printed = _read("printed_gains.csv").dropna(subset="printed_gain_points")
    parts = [_gains_of(number, printed[printed["table"] == number]) for number in (1, 2, 3, 4, 5)]
    return pd.concat(parts, ignore_index=True)[
        [
            *printed.columns[:-1],
            "baseline_percent",
            "vmp_percent",
            "printed_gain_points",
            "computed_gain_points",
        ]
    ]


def largest_standard_deviation(mean: float, count: int) -> float:
    r"""The largest sample standard deviation that ``count`` non-negative numbers of this mean can have.

    It is reached when all but one are 0: :math:`\mu \sqrt{N}` with the divisor N-1. Same unit as ``mean``.
    Raises ValueError for a negative mean or fewer than two numbers.
    """
    if mean < 0 or count < 2:
        raise ValueError(f"expected a mean of at least 0 and at least 2 numbers, got mean={mean}, count={count}")
    return mean * math.sqrt(count)


def _gains_of(number: int, printed: pd.DataFrame) -> pd.DataFrame:
    """Tables 1-5: the printed gains of one table with the accuracies they are the difference of."""
    long = _long(number)
    keys = [name for name in printed.columns if name in long.columns and name != "variant"]
    ours = long.rename(columns={"percent": "vmp_percent"})
    base = long.rename(columns={"percent": "baseline_percent", "variant": "of"})
    merged = printed.dropna(axis=1, how="all").merge(ours, on=[*keys, "variant"], validate="one_to_one")
    merged["of"] = merged["variant"].map(_TABLE2_BASELINE) if number == 2 else "baseline"
    merged = merged.merge(base, on=[*keys, "of"], validate="many_to_one")
    merged["computed_gain_points"] = (merged["vmp_percent"] - merged["baseline_percent"]).round(1)
    return merged.reindex(columns=[*printed.columns, "baseline_percent", "vmp_percent", "computed_gain_points"])


def _long(number: int) -> pd.DataFrame:
    """Tables 1-5 with one accuracy a row: the columns that name it, metric, percent."""
    wide = table(number)
    if "metric" in wide.columns:
        return wide.rename(columns={"accuracy_percent": "percent"}).drop(columns="pretrained_on_is")
    names = [name for name in wide.columns if name not in _METRICS]
    long = wide.melt(id_vars=names, var_name="metric", value_name="percent")
    long["metric"] = long["metric"].map(_METRICS)
    return long


def _read(file: str) -> pd.DataFrame:
    with resources.files("vmp").joinpath("assets", "paper", file).open(encoding="utf-8") as stream:
        # "none" is a degradation, not a missing value: only the empty cell is missing.
        return pd.read_csv(stream, keep_default_na=False, na_values=[""])


def _nearest(came: str, known: Iterable[str], expected: str) -> str:
    names = list(known)
    return f"expected {expected}: {', '.join(names)}; got {came!r}{did_you_mean(came, names)}"
