"""``vmp run NAME...``: say how long it takes, train what is missing, store it, print the tables beside the paper's."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vmp.cli.options import Backbone, Dataset, Device, Names, Only, Scale, Seeds, StorePath, WorkPath, chosen

if TYPE_CHECKING:
    from vmp.experiments.estimate import Estimate
    from vmp.experiments.grid import Table
    from vmp.experiments.scheduler import Outcome
    from vmp.experiments.store import Store
    from vmp.experiments.work import Work


def run(
    name: Names,
    scale: Scale = "small",
    seeds: Seeds = 3,
    only: Only = None,
    backbone: Backbone = None,
    dataset: Dataset = None,
    jobs: Annotated[
        int | None, typer.Option(help="Runs at a time. [default: one a core, on a GPU one]", metavar="N")
    ] = None,
    threads: Annotated[
        int | None, typer.Option(help="Threads of each. [default: 1, on a GPU the cores]", metavar="N")
    ] = None,
    device: Device = "auto",
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say how many runs and how long, and end.")] = False,
    store: StorePath = None,
    work: WorkPath = None,
) -> None:
    """Train what is missing of tables and figures, store it, and print the tables beside the paper's.

    First it says how many runs there are to do, and how long that takes. What is stored and fresh is not run again;
    what was interrupted goes on. Seed 0 of everything comes first, then seed 1. Several of these commands at once share
    the work.
    """
    from vmp.cli import measured
    from vmp.experiments import names, timing
    from vmp.experiments.estimate import estimate
    from vmp.experiments.rows import seed_by_seed
    from vmp.experiments.store import Store
    from vmp.experiments.work import Work

    narrowed = chosen(only)
    wanted = names.tables(name, scale, seeds, backbone, dataset, **narrowed)
    measuring = measured.is_meant(name, narrowed)
    if measuring:
        asked = narrowed["backbones"] or ([backbone] if backbone else [])
        timing.chosen(asked or None, timing.plan(scale, device).backbones)  # a mistake is told before anything is done
    found = Store.find(store)
    folder = Work.find(work, found)
    computing: dict[str, Any] = {"jobs": jobs, "threads": threads, "device": device}
    outcome = None
    if wanted:
        expected = estimate(seed_by_seed(wanted), found, folder, **computing)
        _say(str(expected))
        if not dry_run:
            outcome = _train(wanted, found, folder, expected, computing)
            _show(wanted, found, in_short=names.ALL in name)
    if measuring and dry_run:
        _say(f"{names.MEASURED}: nothing is trained for it, it is measured")
    elif measuring:
        measured.measure(scale, found, device, threads, asked, _say)
    if outcome is not None:
        _tell_failures(outcome)


def _train(
    wanted: Sequence[Table], found: Store, folder: Work, expected: Estimate, computing: dict[str, Any]
) -> Outcome:
    from vmp.experiments.progress import Bars, Remaining, lines
    from vmp.experiments.rows import seed_by_seed
    from vmp.experiments.scheduler import run_jobs

    similar = list(dict.fromkeys(pair for table in wanted for pair in table.similarities()))
    runs, remaining = seed_by_seed(wanted), Remaining(expected)
    if not sys.stderr.isatty():
        return run_jobs(runs, found, folder, similar=similar, watch=lines(_say, remaining), **computing)
    from rich.console import Console

    with Bars(Console(stderr=True), remaining) as bars:
        return run_jobs(runs, found, folder, similar=similar, watch=bars, **computing)


def _show(wanted: Sequence[Table], found: Store, in_short: bool) -> None:
    """Each table, or a line of each."""
    from vmp.experiments import compare, text
    from vmp.experiments.printable import printable

    for table in wanted:
        if in_short:
            typer.echo(text.summary(table, *compare.table_and_pairs(table, found)))
        else:
            shown = printable(table, found)
            typer.echo(text.table(table, shown.rows, shown.pairs, unit=shown.unit))


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
