"""``vmp run TABLE``: train what is missing, store it, print the table beside the paper's."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from vmp.cli.options import Backbone, Dataset, Device, Scale, Seeds, StorePath, WorkPath

if TYPE_CHECKING:
    from vmp.experiments.scheduler import Outcome


def run(
    table: Annotated[str, typer.Argument(help="table1 to table7, lambda, controls or degradations.", metavar="TABLE")],
    scale: Scale = "small",
    seeds: Seeds = 3,
    backbone: Backbone = None,
    dataset: Dataset = None,
    jobs: Annotated[
        int | None, typer.Option(help="Runs at a time. [default: one a core, on a GPU one]", metavar="N")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Threads of each. [default: 1, on a GPU the cores]", metavar="N")
    ] = None,
    device: Device = "auto",
    store: StorePath = None,
    work: WorkPath = None,
) -> None:
    """Train what is missing of a table, store it, and print the table beside the paper's.

    What is stored and fresh is not run again; what was interrupted goes on. Several of these commands at once share
    the work.
    """
    from vmp.experiments import compare, grid, text
    from vmp.experiments.progress import Bars, lines
    from vmp.experiments.scheduler import run_jobs
    from vmp.experiments.store import Store
    from vmp.experiments.work import Work

    wanted = grid.table(table, scale, seeds, backbone, dataset)
    found = Store.find(store)
    options = {"similar": wanted.similarities(), "jobs": jobs, "threads": threads, "device": device}
    if sys.stderr.isatty():
        from rich.console import Console

        with Bars(Console(stderr=True)) as bars:
            outcome = run_jobs(wanted.runs(), found, Work.find(work, found), watch=bars, **options)  # type: ignore[arg-type]
    else:
        outcome = run_jobs(wanted.runs(), found, Work.find(work, found), watch=lines(_say), **options)  # type: ignore[arg-type]
    typer.echo(text.table(wanted, compare.table(wanted, store=found), compare.pairs(wanted, store=found)))
    _tell_failures(outcome)


def _tell_failures(outcome: Outcome) -> None:
    if outcome.well:
        return
    count, left = len(outcome.failed), len(outcome.skipped)
    typer.echo(f"\n{count} failed, {left} that start from them were left out:", err=True)
    for identity, error in outcome.failed.items():
        typer.echo(f"  {identity}: {error}", err=True)
    raise typer.Exit(1)


def _say(line: str) -> None:
    typer.echo(line)
    sys.stdout.flush()
