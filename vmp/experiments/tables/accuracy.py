"""Table 1: every backbone with and without motion prompts, on three data sets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from vmp.experiments.nearest import unknown
from vmp.experiments.rows import Pair, Row, Table
from vmp.experiments.run import Run
from vmp.experiments.tables.starts import (
    FOLDS,
    SOURCE_OF,
    chosen_sets,
    dataset_for,
    fine_tuned,
    published,
    seeds_of,
    stands_for,
)


@dataclass(frozen=True)
class Block:
    """The rows of one backbone from one start: without the layer, and with it in each way that the paper has.

    Attributes:
        backbone: as ``vmp.build`` takes it.
        paper: its name in the paper's table.
        title: for people.
        start: the published weights.
        prompts: variant of the paper -> as ``vmp.build`` takes it.
    """

    backbone: str
    paper: str
    title: str
    start: str
    prompts: dict[str, bool | str | None]


PLAIN: dict[str, bool | str | None] = {"baseline": None, "vmp": True}
SLOW_FAST: dict[str, bool | str | None] = {
    "baseline": None,
    "vmp-slow": "slow",
    "vmp-fast": "fast",
    "vmp-both": "both",
}
#: In the paper's order. It names no size of SlowFast and X3D; here they are 4x16 and M.
BLOCKS = (
    Block("slowfast_4x16", "slowfast", "SlowFast", "k400", SLOW_FAST),
    Block("c2d", "c2d", "C2D", "k400", PLAIN),
    Block("i3d", "i3d", "I3D", "k400", PLAIN),
    Block("x3d_m", "x3d", "X3D", "k400", PLAIN),
    Block("timesformer", "timesformer", "TimeSformer (K400)", "k400", PLAIN),
    Block("timesformer", "timesformer", "TimeSformer (K600)", "k600", PLAIN),
)
#: The paper's names of the data sets and of the parts that they are tested on.
SPLITS = {"hmdb51": ("split1", "split2", "split3"), "finegym": ("val",), "mpii": ("test",)}


def table1(
    scale: str = "small", seeds: int | Sequence[int] = 3, backbone: str | None = None, dataset: str | None = None
) -> Table:
    """Table 1: the paper's 14 rows on three splits of HMDB-51, on FineGym and on MPII Cooking 2.

    Lambda is ``vmp.experiments.tables.starts.lambda_for`` of the data set. The mean over HMDB-51's splits
    is judged, not each split: together they test every trajectory once.

    Args:
        scale, seeds: as :func:`vmp.experiments.grid.table` takes them.
        backbone: this one's rows alone.
        dataset: this one's rows alone, by the name that it has at this scale.
    """
    seeds = seeds_of(seeds)
    blocks = [block for block in BLOCKS if backbone in (None, block.backbone)]
    if not blocks:
        raise unknown("backbone of table1", backbone, dict.fromkeys(block.backbone for block in BLOCKS))
    sets = chosen_sets(SPLITS, scale, dataset, "table1")
    rows = [row for paper in sets for block in blocks for row in _rows(block, paper, scale, seeds)]
    pairs = [pair for paper in sets for block in blocks for pair in _pairs(block, paper)]
    return Table(
        name="table1",
        number=1,
        title="Accuracy across backbones",
        scale=scale,
        seeds=seeds,
        stands_for=stands_for(scale, list(sets.values()), sorted({SOURCE_OF[block.start] for block in blocks})),
        rows=tuple(rows),
        pairs=tuple(pairs),
        similar=_similar(pairs),
    )


def _rows(block: Block, paper: str, scale: str, seeds: Sequence[int]) -> Iterator[Row]:
    for variant, prompts in block.prompts.items():
        of_fold = {fold: _runs(block, paper, prompts, fold, scale, seeds) for fold in FOLDS[paper]}
        said = f"{block.title}, {'without VMP' if prompts is None else _with(variant)}"
        row = {"dataset": paper, "backbone": block.paper, "pretrained_on": block.start, "variant": variant}
        for split, runs in zip(SPLITS[paper], of_fold.values(), strict=True):
            where = f"{dataset_for(paper, scale)}{f', {split}' if len(of_fold) > 1 else ''}"
            yield Row(key_of(block, paper, variant, split), f"{said}; {where}", runs, row | {"split": split})
        if len(of_fold) > 1:
            together = tuple(run for of_seed in zip(*of_fold.values(), strict=True) for run in of_seed)
            title = f"{said}; {dataset_for(paper, scale)}, mean of {len(of_fold)} splits"
            yield Row(
                key_of(block, paper, variant, "mean"), title, together, row | {"split": "mean"}, folds=len(of_fold)
            )


def _runs(
    block: Block, paper: str, prompts: bool | str | None, fold: int, scale: str, seeds: Sequence[int]
) -> tuple[Run, ...]:
    start = published(block.start, scale, block.backbone)
    return fine_tuned(dataset_for(paper, scale), block.backbone, scale, seeds, start, prompts, fold=fold)


def _pairs(block: Block, paper: str) -> Iterator[Pair]:
    split = "mean" if len(SPLITS[paper]) > 1 else SPLITS[paper][0]
    for variant in block.prompts:
        if variant != "baseline":
            yield Pair(key_of(block, paper, variant, split), key_of(block, paper, "baseline", split))


def _similar(pairs: Sequence[Pair]) -> tuple[tuple[str, str], ...]:
    """With and without the layer, and the seeds without it: the yardstick."""
    compared = [(_first_split(pair.row), _first_split(pair.against)) for pair in pairs]
    return (*compared, *dict.fromkeys((against, against) for _, against in compared))


def key_of(block: Block, paper: str, variant: str, split: str) -> str:
    """A row's key: "mpii/slowfast-k400/vmp-both", on HMDB-51 with the split behind it."""
    behind = f"/{split}" if len(SPLITS[paper]) > 1 else ""
    return f"{paper}/{block.paper}-{block.start}/{variant}{behind}"


def _first_split(key: str) -> str:
    """Weights are compared in the first split, where a row is a mean of several."""
    return key.replace("/mean", "/split1")


def _with(variant: str) -> str:
    return {
        "vmp": "VMP",
        "vmp-slow": "VMP on slow",
        "vmp-fast": "VMP on fast",
        "vmp-both": "VMP on both",
    }[variant]
