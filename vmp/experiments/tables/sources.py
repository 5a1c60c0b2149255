"""Table 3: with and without motion prompts, from four pretraining sources."""

from __future__ import annotations

from collections.abc import Sequence

from vmp.experiments.rows import Pair, Row, Table
from vmp.experiments.tables.starts import (
    SOURCE_OF,
    dataset_for,
    fine_tuned,
    main_backbone,
    published,
    seeds_of,
    stands_for,
)

#: In the paper's order.
SOURCES = {
    "howto100m": "HowTo100M",
    "ssv2": "Something-Something v2",
    "k400": "Kinetics-400",
    "k600": "Kinetics-600",
}


def table3(
    scale: str = "small", seeds: int | Sequence[int] = 3, backbone: str | None = None, dataset: str | None = None
) -> Table:
    """Table 3: the paper's TimeSformer on MPII Cooking 2, fine-tuned from each source; I3D at tiny size.

    Args:
        scale, seeds: as :func:`vmp.experiments.grid.table` takes them.
        backbone: another one. At the scale of the paper only TimeSformer's weights of all four were published.
        dataset: another one.
    """
    seeds = seeds_of(seeds)
    backbone = backbone or main_backbone(scale)
    dataset = dataset or dataset_for("mpii", scale)
    rows, pairs = [], []
    for source, title in SOURCES.items():
        for variant in ("baseline", "vmp"):
            layered = variant == "vmp"
            start = published(source, scale, backbone)
            runs = fine_tuned(dataset, backbone, scale, seeds, start, True if layered else None)
            said = f"{_named(source, title, scale)}, {'VMP' if layered else 'without VMP'}"
            rows.append(Row(f"{source}/{variant}", said, runs, {"pretrained_on": source, "variant": variant}))
        pairs.append(Pair(f"{source}/vmp", f"{source}/baseline"))
    return Table(
        name="table3",
        number=3,
        title="Pretraining sources",
        scale=scale,
        seeds=seeds,
        stands_for=stands_for(scale, [dataset], [SOURCE_OF[source] for source in SOURCES]),
        rows=tuple(rows),
        pairs=tuple(pairs),
        similar=tuple((pair.row, pair.against) for pair in pairs),
    )


def _named(source: str, title: str, scale: str) -> str:
    return title if scale == "paper" else f"source {SOURCE_OF[source][-1].upper()} (stands for {title})"
