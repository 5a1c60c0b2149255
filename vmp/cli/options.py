"""Options that several commands share."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer

Names = Annotated[
    list[str],
    typer.Argument(
        help="table1 to table8, lambda, controls, degradations, fig4, fig7 to fig11, all.",
        metavar="NAME",
        show_default=False,
    ),
]
Scale = Annotated[str, typer.Option(help="smoke, small, gpu or paper: how much data, which models.")]
Seeds = Annotated[int, typer.Option(help="How many seeds, from 0 on.", metavar="N")]
Only = Annotated[
    list[str] | None,
    typer.Option(
        help="backbone=x3d or dataset=libras-static: these rows alone. Several with commas, or given again.",
        metavar="WHAT=NAME",
    ),
]
Backbone = Annotated[str | None, typer.Option(help="Another backbone than the table's.", metavar="NAME")]
Dataset = Annotated[str | None, typer.Option(help="Another data set than the table's.", metavar="NAME")]
Device = Annotated[str, typer.Option(help="auto, cpu or cuda; auto is a GPU where there is one.")]
StorePath = Annotated[
    Path | None,
    typer.Option("--store", help="Where results are stored. [default: $VMP_RESULTS, or results/ of the checkout]",
                 metavar="DIR"),
]  # fmt: skip
WorkPath = Annotated[
    Path | None,
    typer.Option("--work", help="Where weights and checkpoints go. [default: $VMP_RUNS, or runs/ beside the store]",
                 metavar="DIR"),
]  # fmt: skip
Weights = Annotated[Path, typer.Option("--weights", help="A folder of vmp train.", metavar="RUN")]


def chosen(only: Sequence[str] | None) -> dict[str, list[str]]:
    """What ``--only`` was given, as ``vmp.experiments.names.tables`` takes it: "backbones" and "datasets".

    Raises:
        ValueError: something that is not ``backbone=NAME`` or ``dataset=NAME``.
    """
    from vmp.experiments.nearest import unknown

    found: dict[str, list[str]] = {"backbone": [], "dataset": []}
    for given in only or ():
        what, equals, names = given.partition("=")
        if what not in found:
            raise unknown("--only", what, found) if equals else ValueError(_expected(given))
        if not all(names.split(",")):
            raise ValueError(_expected(given))
        found[what] += names.split(",")
    return {f"{what}s": names for what, names in found.items()}


def _expected(given: str) -> str:
    return f"--only: expected backbone=NAME or dataset=NAME, several with commas between them, got {given!r}"
