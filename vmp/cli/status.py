"""``vmp status [NAME...]``: what is stored, stale, missing, running."""

from __future__ import annotations

from typing import Annotated

import typer

from vmp.cli.options import Backbone, Dataset, Only, Scale, Seeds, StorePath, WorkPath, chosen


def status(
    name: Annotated[
        list[str] | None, typer.Argument(help="Tables or figures, as of vmp run. [default: all]", metavar="NAME")
    ] = None,
    scale: Scale = "small",
    seeds: Seeds = 3,
    only: Only = None,
    backbone: Backbone = None,
    dataset: Dataset = None,
    store: StorePath = None,
    work: WorkPath = None,
) -> None:
    """Show what is stored, stale, missing and running of tables and figures, or of everything.

    A run that several of them share counts in each; the last line counts it once.
    """
    from vmp.experiments import names, survey
    from vmp.experiments.store import Store
    from vmp.experiments.work import Work

    found = Store.find(store)
    folder = Work.find(work, found)
    wanted = names.tables(name or [names.ALL], scale, seeds, backbone, dataset, **chosen(only))
    typer.echo(f"results: {found.path}")
    surveys = [survey.survey(table, found, folder) for table in wanted]
    for table, surveyed in zip(wanted, surveys, strict=True):
        for line in survey.lines(surveyed, table):
            typer.echo(line)
    if not wanted:
        typer.echo(f"{names.MEASURED}: nothing is trained for it; vmp run {names.MEASURED} measures it")
    if len(surveys) > 1:
        typer.echo(survey.together(surveys))
    others = survey.others(found, names.tables([names.ALL], scale, seeds, backbone, dataset))
    if others:
        typer.echo(f"{len(others)} stored runs belong to none of these (another scale, backbone, data set or seed)")
