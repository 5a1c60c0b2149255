"""Table 7: how much the attention variation counts in the loss, and how much it should, by validation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vmp.experiments.nearest import unknown
from vmp.experiments.rows import Pair, Row, Table
from vmp.experiments.run import SIZE_OF, Run
from vmp.experiments.tables.starts import dataset_for, published, seeds_of, stands_for, training_split
from vmp.recipe import recipe

#: The lambdas of the paper's Table 7.
LAMBDAS = {"mpii": (0.0, 0.1, 0.5, 1.0, 2.0), "finegym": (0.0, 0.5, 2.0, 2.5, 5.0)}
#: Those that validation chooses from, for every data set: all of Table 7's.
CANDIDATES = (0.0, 0.1, 0.5, 1.0, 2.0, 2.5, 5.0)
#: At small scale, by the validation accuracy of I3D from source A (:func:`table_lambda`); a test holds it to the store.
CHOSEN = {"libras-static": 0.0, "libras-moving": 0.0, "libras-mixed": 0.0}
#: With full-size models: the paper's best, which it chose on the test split.
PAPERS = {"mpii-cooking-2": 0.0, "finegym": 2.5, "hmdb51": 0.001}
#: Backbone, its name in the paper's table, where the layer is. The first is I3D at tiny size.
ROWS: tuple[tuple[str, str, bool | str], ...] = (
    ("timesformer", "timesformer", True),
    ("slowfast_4x16", "slowfast-slow", "slow"),
    ("slowfast_4x16", "slowfast-fast", "fast"),
    ("slowfast_4x16", "slowfast-both", "both"),
)
PATHWAYS: dict[bool | str, str] = {True: "", "slow": " on slow", "fast": " on fast", "both": " on both"}


def lambda_for(dataset: str, scale: str) -> float:
    """The lambda that Table 1 uses for a data set: chosen on validation, with one backbone and one seed."""
    return PAPERS.get(dataset, 0.0) if scale == "paper" else CHOSEN[dataset]


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
    names = {paper: dataset_for(paper, scale) for paper in LAMBDAS}
    sets = [paper for paper, name in names.items() if dataset in (None, name)]
    chosen = [(_at(scale, name), paper, where) for name, paper, where in ROWS]
    kinds = [kind for kind in chosen if backbone in (None, kind[0])]
    if not kinds:
        raise unknown("backbone of table7", backbone, dict.fromkeys(name for name, *_ in chosen))
    if not sets:
        raise unknown("dataset of table7", dataset, names.values())
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
        stands_for=stands_for(scale, [names[paper] for paper in sets], ["source-a", "source-b"]),
        rows=tuple(rows),
        pairs=tuple(pairs),
    )


def table_lambda(
    scale: str = "small", seeds: int | Sequence[int] = 1, backbone: str | None = None, dataset: str | None = None
) -> Table:
    """The choice of lambda for each data set: trained on "train", tested on "validation", one seed whatever is asked.

    What comes out is :data:`CHOSEN`: the highest top-1 of the validation trajectories, the smallest lambda of equals.
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
    return tuple(
        Run(
            dataset, backbone, recipe(backbone, scale, lambda_=value), seed=seed, size=SIZE_OF[scale],
            prompts=prompts, start=start, scale=scale,
            train_split="train" if validating else training_split(scale),
            test_split="validation" if validating else "test",
        )
        for seed in seeds
    )  # fmt: skip


def _at(scale: str, backbone: str) -> str:
    return "i3d" if backbone == "timesformer" and SIZE_OF[scale] == "tiny" else backbone


def _key(paper: str, name: str, value: float) -> str:
    return f"{paper}/{name}/{value:g}"
