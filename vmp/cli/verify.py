"""``vmp verify N``: stored runs done again and compared."""

from __future__ import annotations

from typing import Annotated

import typer

from vmp.cli.options import Device, StorePath


def verify(
    count: Annotated[int, typer.Argument(help="How many stored runs.", metavar="N")] = 1,
    table: Annotated[str | None, typer.Option(help="Only those of this table.", metavar="TABLE")] = None,
    scale: Annotated[str, typer.Option(help="The scale of that table.")] = "small",
    seed: Annotated[
        int | None, typer.Option(help="Choose them by chance with this seed. [default: the oldest]", metavar="N")
    ] = None,
    jobs: Annotated[int | None, typer.Option(help="Runs at a time. [default: one a core]", metavar="N")] = None,
    threads: Annotated[int | None, typer.Option(help="Threads of each. [default: 1]", metavar="N")] = None,
    device: Device = "auto",
    store: StorePath = None,
) -> None:
    """Do stored runs again, in a folder that is thrown away, and compare what they give.

    On the same kind of machine the numbers have to be equal. On another, floats are added in another order, which
    training enlarges: the final loss may differ by 15 percent, each percentage of the test by 8 points. The exit status
    is 1 where they do not agree.
    """
    from vmp.experiments.store import Store
    from vmp.experiments.verify import verify_runs

    found = verify_runs(
        count, Store.find(store), table=table, scale=scale, seed=seed, jobs=jobs, threads=threads, device=device,
        report=typer.echo,
    )  # fmt: skip
    wrong = [each for each in found if each.differences]
    typer.echo(f"{len(found) - len(wrong)} of {len(found)} agree")
    if wrong:
        raise typer.Exit(1)
