"""Table 4: trained on one data set, a new head on another."""

from __future__ import annotations

from collections.abc import Sequence

from vmp.experiments.rows import Pair, Row, Table
from vmp.experiments.run import SIZE_OF, Run
from vmp.experiments.tables.robustness import with_or_without
from vmp.experiments.tables.starts import dataset_for, main_backbone, seeds_of, stands_for, training_split
from vmp.recipe import recipe

#: From and to, by the paper's names.
WAYS = (("finegym", "mpii"), ("mpii", "finegym"))
#: "We freeze all layers except the last one and finetune for 5 epochs."
EPOCHS = 5


def table4(
    scale: str = "small", seeds: int | Sequence[int] = 3, backbone: str | None = None, dataset: str | None = None
) -> Table:
    """Table 4: fine-tuned on one set, then a new head alone on the other for 5 epochs; I3D at tiny size.

    Args:
        scale, seeds: as :func:`vmp.experiments.grid.table` takes them.
        backbone: another one.
        dataset: the way to this target alone.
    """
    seeds = seeds_of(seeds)
    backbone = backbone or main_backbone(scale)
    ways = [way for way in WAYS if dataset in (None, dataset_for(way[1], scale))]
    rows, pairs = [], []
    for source, target in ways or WAYS:
        for variant in ("baseline", "vmp"):
            runs = tuple(_run(source, target, variant == "vmp", backbone, scale, seed) for seed in seeds)
            title = (
                f"{dataset_for(source, scale)} to {dataset_for(target, scale)}, "
                f"{'VMP' if variant == 'vmp' else 'without VMP'}"
            )
            where = {"source": source, "target": target, "variant": variant}
            rows.append(Row(f"{source}-{target}/{variant}", title, runs, where))
        pairs.append(Pair(f"{source}-{target}/vmp", f"{source}-{target}/baseline"))
    return Table(
        name="table4",
        number=4,
        title="Across data sets",
        scale=scale,
        seeds=seeds,
        stands_for=stands_for(scale, [dataset_for(name, scale) for name in ("finegym", "mpii")], ["source-b"]),
        rows=tuple(rows),
        pairs=tuple(pairs),
    )


def _run(source: str, target: str, layered: bool, backbone: str, scale: str, seed: int) -> Run:
    """The head on the target; what it starts from is fine-tuned on the source."""
    (first,) = with_or_without(dataset_for(source, scale), "vmp" if layered else "baseline", backbone, scale, [seed])
    return Run(
        dataset_for(target, scale), backbone, recipe(backbone, scale, epochs=EPOCHS, trained=("head",)), seed=seed,
        size=SIZE_OF[scale], prompts=first.prompts, start=first, scale=scale, train_split=training_split(scale),
    )  # fmt: skip
