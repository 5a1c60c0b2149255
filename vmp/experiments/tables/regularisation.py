"""Table 7: how much the attention variation counts in the loss, and how much it should, by validation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vmp.experiments.nearest import unknown
from vmp.experiments.rows import Pair, Row, Table
from vmp.experiments.run import Run
from vmp.experiments.tables.starts import (
    CHOSEN,
    chosen_sets,
    dataset_for,
    fine_tuned,
    main_backbone,
    published,
    seeds_of,
    stands_for,
)

#: The lambdas of the paper's Table 7.
LAMBDAS = {"mpii": (0.0, 0.1, 0.5, 1.0, 2.0), "finegym": (0.0, 0.5, 2.0, 2.5, 5.0)}
#: Those that validation chooses from, for every data set: all of Table 7's.
CANDIDATES = (0.0, 0.1, 0.5, 1.0, 2.0, 2.5, 5.0)
#: Backbone, its name in the paper's table, where the layer is. The first is I3D at tiny size.
ROWS: tuple[tuple[str, str, bool | str], ...] = (
    ("timesformer", "timesformer", True),
    ("slowfast_4x16", "slowfast-slow", "slow"),
    ("slowfast_4x16", "slowfast-fast", "fast"),
    ("slowfast_4x16", "slowfast-both", "both"),
)
PATHWAYS: dict[bool | str, str] = {True: "", "slow": " on slow", "fast": " on fast", "both": " on both"}


def table7(
    scale: str = "small", seeds: int | Sequence[int] = 3, backbone: str | None = None, dataset: str | None = None
) -> Table:
    """Table 7: every lambda, tested, each against lambda 0.

    The paper's TimeSformer is I3D at tiny size, as in Table 2.

    Args:
        scale, seeds: as :func:`vmp.experiments.grid.table` takes them.
        backbone: this one's rows alone.
        dataset: this one's rows alone.
    """
    seeds = seeds_of(seeds)
    sets = chosen_sets(LAMBDAS, scale, dataset, "table7")
    chosen = [(_at(scale, name), paper, where) for name, paper, where in ROWS]
    kinds = [kind for kind in chosen if backbone in (None, kind[0])]
    if not kinds:
        raise unknown("backbone of table7", backbone, dict.fromkeys(name for name, *_ in chosen))
    rows = [row for paper in sets for kind in kinds for row in _rows(kind, paper, scale, seeds)]
    pairs = [
        Pair(_key(paper, kind[1], value), _key(paper, kind[1], 0.0), printed=False)
        for paper in sets
        for kind in kinds
        for value in LAMBDAS[paper]
        if value
    ]
    return Table(
        name="table7",
        number=7,
        title="Regularisation",
        scale=scale,
        seeds=seeds,
        stands_for=stands_for(scale, list(sets.values()), ["source-a", "source-b"]),
        rows=tuple(rows),
        pairs=tuple(pairs),
    )


def table_lambda(
    scale: str = "small", seeds: int | Sequence[int] = 1, backbone: str | None = None, dataset: str | None = None
) -> Table:
    """The choice of lambda for each data set: trained on "train", tested on "validation", one seed whatever is asked.

    What comes out is ``starts.CHOSEN``: the highest top-1 of the validation trajectories, of equals the least lambda.
    """
    backbone = backbone or "i3d"
    sets = [name for name in CHOSEN if dataset in (None, name)]
    if not sets:
        raise unknown("dataset of lambda", dataset, CHOSEN)
    return Table(
        name="lambda",
        number=None,
        title="Lambda by validation",
        scale=scale,
        seeds=(0,),
        stands_for=stands_for(scale, sets, ["source-a"]),
        rows=tuple(
            Row(f"{name}/{value:g}", f"{name}, lambda {value:g}", _runs(name, backbone, True, value, scale, (0,), True))
            for name in sets
            for value in CANDIDATES
        ),
    )


def _rows(kind: tuple[str, str, bool | str], paper: str, scale: str, seeds: Sequence[int]) -> Iterator[Row]:
    backbone, name, where = kind
    dataset = dataset_for(paper, scale)
    for value in LAMBDAS[paper]:
        yield Row(
            _key(paper, name, value),
            f"{backbone}, VMP{PATHWAYS[where]}; {dataset}, lambda {value:g}",
            _runs(dataset, backbone, where, value, scale, seeds, False),
            {"dataset": paper, "backbone": name, "lambda_": value},
        )


def _runs(
    dataset: str, backbone: str, prompts: bool | str, value: float, scale: str, seeds: Sequence[int], validating: bool
) -> tuple[Run, ...]:
    start = published("k600" if backbone == "timesformer" else "k400", scale, backbone)
    splits = {"train_split": "train", "test_split": "validation"} if validating else {}
    return fine_tuned(dataset, backbone, scale, seeds, start, prompts, value, **splits)


def _at(scale: str, backbone: str) -> str:
    return main_backbone(scale) if backbone == "timesformer" else backbone


def _key(paper: str, name: str, value: float) -> str:
    return f"{paper}/{name}/{value:g}"
