"""Table 6: the same movement with every object."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from vmp.experiments.rows import Pair, Row, Table
from vmp.experiments.tables.robustness import VARIANTS, with_or_without
from vmp.experiments.tables.starts import dataset_for, main_backbone, seeds_of, stands_for


def table6(
    scale: str = "small", seeds: int | Sequence[int] = 3, backbone: str | None = None, dataset: str | None = None
) -> Table:
    """Table 6: fine-tuned as ever, then tested with each test movement once for every object; I3D at tiny size.

    The paper shows four actions, with the share of the clips of one object that are right, and that of all. A rendered
    movement can be shown with every object, so what a model makes of the movement and what of the object come apart:
    object and class of each clip are those of its index in the test split (``vmp.data.libras``). Real clips have the
    one object that was filmed; at the scale of the paper the clips are tested as they are.

    Args:
        scale, seeds: as :func:`vmp.experiments.grid.table` takes them.
        backbone: another one.
        dataset: another one.
    """
    seeds = seeds_of(seeds)
    backbone = backbone or main_backbone(scale)
    dataset = dataset or dataset_for("mpii", scale)
    rows = []
    for variant, said in VARIANTS.items():
        trained = with_or_without(dataset, variant, backbone, scale, seeds)
        runs = tuple(
            replace(run, start=run, head="kept", tested_only=True, every_object=True) if scale != "paper" else run
            for run in trained
        )
        rows.append(
            Row(variant, f"{dataset}, every object, {said}" if scale != "paper" else f"{dataset}, {said}", runs)
        )
    return Table(
        name="table6",
        number=None,
        title="Objects and motion (Table 6)",
        scale=scale,
        seeds=seeds,
        stands_for=stands_for(scale, [dataset], ["source-b"]),
        rows=tuple(rows),
        pairs=(Pair("vmp", "baseline", printed=False),),
    )
