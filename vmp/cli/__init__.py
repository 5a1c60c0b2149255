"""The command line: ``vmp maps``, ``run``, ``table``, ``train``, ``report``, ``predict`` and what ``--help`` lists.

A user's mistake is one line on stderr and exit status 2; a disk or system error, or a run that failed, status 1; a
command that a signal stopped 128 and the signal's number. What a command needs is imported when it runs, so that
``vmp --help`` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from vmp.cli.book import book
from vmp.cli.data import data
from vmp.cli.evaluate import evaluate
from vmp.cli.live import live
from vmp.cli.maps import load_layer, maps
from vmp.cli.predict import predict
from vmp.cli.report import report
from vmp.cli.run import run
from vmp.cli.status import status
from vmp.cli.table import table
from vmp.cli.train import BarePrompts, train
from vmp.cli.verify import verify

__all__ = ["app", "load_layer", "main"]

app = typer.Typer(
    name="vmp",
    help="Video motion prompts: maps of your own videos, the paper's tables run again, and the book.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # errors as plain lines
    pretty_exceptions_enable=False,
)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line and exit; ``arguments`` are those of the process by default."""
    try:
        given = list(sys.argv[1:] if arguments is None else arguments)
        app(args=given, prog_name="vmp", obj=given)  # ctx.obj: what was typed
    except ValueError as error:
        _stop(error, 2)
    except OSError as error:
        _stop(error, 1)
    except (RuntimeError, KeyboardInterrupt) as error:
        status = _status_of(error)
        if status is None:
            raise
        _stop(error, status)


def _status_of(error: BaseException) -> int | None:
    """The exit status of what training and the scheduler raise; None for what nobody expects."""
    name, number = type(error).__name__, getattr(error, "signal", None)
    if name in ("Stopped", "TrainingInterrupted") and number:
        return 128 + int(number)
    return 1 if name == "NonFiniteLoss" else None


def _stop(error: BaseException, status: int) -> None:
    typer.echo(f"vmp: {error}", err=True)
    sys.exit(status)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"vmp {version('vmp')}")
        raise typer.Exit


@app.callback()
def _vmp(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    pass


app.add_typer(data)
app.command(cls=BarePrompts)(train)
for command in (report, predict, live, maps, evaluate, run, table, status, verify):
    app.command()(command)
app.command(
    context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []},
    help="Execute the notebooks and build the book; vmp book --help tells more.",
)(book)
