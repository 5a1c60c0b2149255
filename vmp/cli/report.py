"""``vmp report RUN``: test a run, and show what came of it on a page."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from vmp.cli.options import Device


def report(
    run: Annotated[Path, typer.Argument(help="A folder of vmp train.", metavar="RUN")],
    clips: Annotated[int, typer.Option(help="Show so many clips that were right, and as many wrong.", metavar="N")] = 3,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Count test clips that cannot be read as wrong.")
    ] = False,
    batch_size: Annotated[
        int | None, typer.Option(help="Clips at once. [default: by the model's size]", metavar="N")
    ] = None,
    device: Device = "auto",
    threads: Annotated[int | None, typer.Option(help="Threads on a CPU. [default: torch's]", metavar="N")] = None,
) -> None:
    """Test a run and write RUN/report/index.html, a page that works offline.

    Accuracy with its interval, confusion matrix, each class, training curves, the learned slope and shift beside the
    paper's, maps of clips it got right and wrong, and what the data were. Scores are kept: the second time is quick.
    """
    import torch

    from vmp.report import finished_run, write_report
    from vmp.report.parts import accuracy

    if clips < 1:
        raise ValueError(f"--clips: expected at least 1, got {clips}")
    if batch_size is not None and batch_size < 1:
        raise ValueError(f"--batch-size: expected at least 1, got {batch_size}")
    if threads is not None:
        torch.set_num_threads(threads)
    with _Bar() as bar:
        found = finished_run(run, device, allow_missing=allow_missing, batch_size=batch_size, progress=bar)
    target = write_report(found, clips)
    typer.echo(accuracy(found)[0])
    typer.echo(f"wrote {target}")


class _Bar:
    """A bar on standard error where that is a terminal: testing in thirty views takes its time."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

        console = Console(stderr=True)
        columns = ("testing", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._bar = Progress(*columns, console=console, disable=not console.is_terminal)
        self._task = self._bar.add_task("testing", total=None)

    def __enter__(self) -> _Bar:
        return self

    def __call__(self, done: int, total: int) -> None:
        self._bar.start()
        self._bar.update(self._task, completed=done, total=total)

    def __exit__(self, *error: object) -> None:
        self._bar.stop()
