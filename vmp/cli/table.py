"""``vmp table NAME``: a stored table beside the paper's, for a terminal or for somebody's own paper."""

from __future__ import annotations

from typing import Annotated

import typer

from vmp.cli.options import Backbone, Dataset, Names, Only, Scale, Seeds, StorePath, chosen


def table(
    name: Names,
    form: Annotated[str, typer.Option("--format", help="text, md, csv or latex.", metavar="FORMAT")] = "text",
    scale: Scale = "small",
    seeds: Seeds = 3,
    only: Only = None,
    digits: Annotated[int, typer.Option(help="After the point of percentages; csv has them all.", metavar="N")] = 1,
    backbone: Backbone = None,
    dataset: Dataset = None,
    store: StorePath = None,
) -> None:
    """Print stored tables with the paper's beside them: vmp table table2 --format latex > table2.tex.

    Nothing is trained. Each row has the paper's accuracy and the one here, each comparison its interval, p and verdict.
    What is not stored is named as missing. LaTeX wants the package booktabs.
    """
    from vmp.cli import measured
    from vmp.experiments import formats, names
    from vmp.experiments.printable import printable
    from vmp.experiments.store import Store

    formats.check(form, digits)
    narrowed = chosen(only)
    wanted = names.tables(name, scale, seeds, backbone, dataset, **narrowed)
    found = Store.find(store)
    pages = [formats.page(printable(each, found), digits) for each in wanted]
    if measured.is_meant(name, narrowed) and (not pages or form != "csv"):  # its columns are others
        pages.append(measured.page(scale, found, "auto", narrowed["backbones"] or ([backbone] if backbone else [])))
    typer.echo(formats.written(pages, form))
