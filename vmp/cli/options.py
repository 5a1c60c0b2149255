"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

Scale = Annotated[str, typer.Option(help="smoke, small, gpu or paper: how much data, which models.")]
Seeds = Annotated[int, typer.Option(help="How many seeds, from 0 on.", metavar="N")]
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
