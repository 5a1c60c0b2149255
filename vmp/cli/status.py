"""``vmp status [TABLE]``: what is stored, stale, missing, running."""

from __future__ import annotations

from typing import Annotated

import typer

from vmp.cli.options import Backbone, Dataset, Scale, Seeds, StorePath, WorkPath


def status(
    table: Annotated[str | None, typer.Argument(help="One table. [default: all]", metavar="TABLE")] = None,
    scale: Scale = "small",
    seeds: Seeds = 3,
    backbone: Backbone = None,
    dataset: Dataset = None,
    store: StorePath = None,
    work: WorkPath = None,
) -> None:
    """Show what is stored, stale, missing and running of a table, or of each."""
    from vmp.experiments import grid, survey
    from vmp.experiments.store import Store
    from vmp.experiments.work import Work

    found = Store.find(store)
    folder = Work.find(work, found)
    typer.echo(f"results: {found.path}")
    for name in [table] if table is not None else list(grid.TABLES):
        wanted = grid.table(name, scale, seeds, backbone, dataset)
        for line in survey.lines(survey.survey(wanted, found, folder), wanted):
            typer.echo(line)
    others = survey.others(found, [grid.table(name, scale, seeds, backbone, dataset) for name in grid.TABLES])
    if others:
        typer.echo(f"{len(others)} stored runs belong to none of these (another scale, backbone, data set or seed)")
