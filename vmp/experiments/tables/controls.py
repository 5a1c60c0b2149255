"""Controls that the paper lacks: what does the layer itself do?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from vmp.experiments.rows import Pair, Row, Table
from vmp.experiments.run import SIZE_OF, Run
from vmp.experiments.tables.starts import (
    chosen_sets,
    lambda_for,
    main_backbone,
    published,
    seeds_of,
    stands_for,
    training_split,
)
from vmp.recipe import recipe

#: The static and the moving camera, by the paper's names.
SETS = ("mpii", "finegym")
#: The steepest slope, the lowest shift: attention within 4e-7 of 1 where a pixel darkens by less than .3 of its range.
IDENTITY = (("shift", -0.599), ("slope", 50.0))
#: What the paper says was learned on FineGym (Sec. 3.2).
PAPERS_PAIR = (("shift", -0.59), ("slope", 11.04))
#: Key -> title, options of the layer, whether m and n are trained. Pairs are sorted by option, as ``Run`` wants them.
LAYERS: dict[str, tuple[str, tuple[tuple[str, Any], ...], bool]] = {
    "vmp": ("VMP", (), True),
    "identity": ("a layer that changes nothing", IDENTITY, False),
    "frozen-start": ("VMP, m and n left at their random start", (), False),
    "frozen-paper": ("VMP, frozen at the paper's pair", PAPERS_PAIR, False),
    "bgr": ("VMP, red and blue weighted the other way round", (("channel_order", "BGR"),), True),
    "absolute": ("VMP of absolute differences", (("difference", "absolute"),), True),
}


def controls(
    scale: str = "small", seeds: int | Sequence[int] = 3, backbone: str | None = None, dataset: str | None = None
) -> Table:
    """The controls on the static and the moving set; I3D at tiny size, TimeSformer else.

    Every row is judged against the baseline, and the variants of the layer against the layer as it is. What each shows:

    - the layer that changes nothing: that a layer in front costs nothing by itself. Its prompts are the T frames of the
      baseline; the extra frame goes into differences that it does not look at;
    - the extra frame alone: what a backbone gains by seeing that frame too, T + 1 frames and no layer. SlowFast has no
      such row, since one frame more in each pathway breaks their ratio;
    - adjacent differences: whether the stride between the frames that are subtracted matters, all else equal;
    - the baseline fine-tuned twice: what more training alone gains.

    Args:
        scale, seeds: as :func:`vmp.experiments.grid.table` takes them.
        backbone: another one.
        dataset: this one's rows alone.
    """
    seeds = seeds_of(seeds)
    backbone = backbone or main_backbone(scale)
    sets = list(chosen_sets(SETS, scale, dataset, "controls").values())
    rows = [row for name in sets for row in _rows(name, backbone, scale, seeds)]
    return Table(
        name="controls",
        number=None,
        title="Controls",
        scale=scale,
        seeds=seeds,
        stands_for=stands_for(scale, sets, ["source-b"]),
        rows=tuple(rows),
        pairs=tuple(pair for name in sets for pair in _pairs(name, backbone)),
        similar=tuple((f"{name}/{key}", f"{name}/baseline") for name in sets for key in (*LAYERS, "adjacent")),
    )


def _rows(dataset: str, backbone: str, scale: str, seeds: Sequence[int]) -> Iterator[Row]:
    def runs(trained: tuple[str, ...], **more: Any) -> tuple[Run, ...]:
        changes = {"lambda_": lambda_for(dataset, scale)} if "prompt" in trained else {}
        start = published("k600", scale, backbone)
        return tuple(
            Run(
                dataset, backbone, recipe(backbone, scale, trained=trained, **changes), seed=seed, size=SIZE_OF[scale],
                start=start, scale=scale, train_split=training_split(scale), **more,
            )
            for seed in seeds
        )  # fmt: skip

    baseline = runs(("backbone", "head"))
    yield Row(f"{dataset}/baseline", f"{dataset}, without VMP", baseline)
    twice = tuple(replace(run, start=run, head="kept") for run in baseline)
    yield Row(f"{dataset}/baseline-twice", f"{dataset}, without VMP, fine-tuned twice", twice)
    for key, (title, options, learns) in LAYERS.items():
        trained = ("backbone", "head", "prompt") if learns else ("backbone", "head")
        yield Row(f"{dataset}/{key}", f"{dataset}, {title}", runs(trained, prompts=True, layer=options))
    adjacent = runs(("backbone", "head", "prompt"), prompts=True, adjacent=True)
    yield Row(f"{dataset}/adjacent", f"{dataset}, VMP of adjacent differences", adjacent)
    if _one_input(backbone):
        alone = runs(("backbone", "head"), extra_frame=True)
        yield Row(f"{dataset}/extra-frame", f"{dataset}, without VMP, the extra frame alone", alone)


def _pairs(dataset: str, backbone: str) -> Iterator[Pair]:
    alone = ("extra-frame",) if _one_input(backbone) else ()
    for key in (*LAYERS, "adjacent", *alone, "baseline-twice"):
        yield Pair(f"{dataset}/{key}", f"{dataset}/baseline", printed=False)
    for key in ("bgr", "absolute", "frozen-start", "adjacent"):
        yield Pair(f"{dataset}/{key}", f"{dataset}/vmp", printed=False)
    for key in ("identity", *alone, "baseline-twice"):  # is the layer better than what has no working layer?
        yield Pair(f"{dataset}/vmp", f"{dataset}/{key}", printed=False)


def _one_input(backbone: str) -> bool:
    """Whether the extra frame can be had without a layer."""
    from vmp.backbones.registry import BACKBONES

    return len(BACKBONES[backbone].pathways) == 1
