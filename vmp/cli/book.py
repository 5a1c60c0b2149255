"""``vmp book``: hands everything to :mod:`vmp.book`."""

from __future__ import annotations

import typer


def book(context: typer.Context) -> None:
    """Hand everything to :func:`vmp.book.main`."""
    try:
        from vmp.book import main as build
    except ModuleNotFoundError as error:
        raise ValueError(
            f"the book needs what vmp[book] installs ({error.name} is missing): pip install 'vmp[book]'"
        ) from error
    raise typer.Exit(build(context.args))
