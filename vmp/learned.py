"""The slopes and shifts that the authors learned, as the paper and their project page print them."""

from __future__ import annotations

import csv
import math
from importlib import resources

_FILES = {"paper": "learned_parameters.csv", "page": "learned_parameters_project_page.csv"}


def learned_pair(dataset: str, lambda_: float | None, source: str) -> dict[str, str]:
    """The one row that fits, as strings; ValueError listing all rows where none or several do."""
    if source not in _FILES:
        raise ValueError(f"source: expected 'paper' or 'page', got {source!r}")
    text = (resources.files("vmp") / "assets" / "paper" / _FILES[source]).read_text(encoding="utf-8")
    rows = list(csv.DictReader(text.splitlines()))
    fitting = [row for row in rows if row["dataset"] == dataset]
    if lambda_ is not None:
        fitting = [row for row in fitting if row["lambda"] and math.isclose(float(row["lambda"]), lambda_)]
    elif any(not row["lambda"] for row in fitting):
        fitting = [row for row in fitting if not row["lambda"]]
    if len(fitting) == 1:
        return fitting[0]
    asked = repr(dataset) if lambda_ is None else f"{dataset!r} with lambda {lambda_:g}"
    listed = "; ".join(
        f"{r['dataset']}, lambda {r['lambda'] or 'not stated'}: a = {r['a']}, b = {r['b']}" for r in rows
    )
    problem = "is ambiguous: say which lambda_" if fitting else "is not among the pairs"
    raise ValueError(f"the learned pair of {asked} {problem}. The {source} has {listed}")
