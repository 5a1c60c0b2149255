"""``vmp data summary``: what is in a manifest."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

data = typer.Typer(
    name="data", help="Look into data sets.", no_args_is_help=True, add_completion=False, rich_markup_mode=None
)


@data.callback()
def _data() -> None:
    """Look into data sets."""


@data.command()
def summary(
    manifest: Annotated[Path, typer.Argument(help="A .parquet or .csv file.", metavar="MANIFEST")],
    root: Annotated[
        Path | None, typer.Option(help="Of the videos. [default: the file's folder]", metavar="DIR")
    ] = None,
    measure: Annotated[
        bool, typer.Option("--measure/--no-measure", help="Open videos whose size and length are not known.")
    ] = True,
) -> None:
    """Print a manifest's counts a class and split, durations, resolutions, and what is odd about it."""
    from vmp.data.manifest import validate
    from vmp.data.manifest_files import measured, read
    from vmp.data.manifest_summary import summary as summary_of

    table = read(manifest, root, ())
    troubles: dict[str, str] = {}
    if measure:
        table, troubles = measured(table)
    typer.echo(str(summary_of(table)))
    typer.echo("")
    report = validate(table, allow_missing=True)
    typer.echo(str(report))
    for path, trouble in list(troubles.items())[:20]:
        typer.echo(f"  unreadable: {path}: {trouble}")
    if len(troubles) > 20:
        typer.echo(f"  and {len(troubles) - 20} more that cannot be read")
    raise typer.Exit(2 if report.errors else 0)
