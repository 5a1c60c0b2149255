"""Which stored runs' weights are held against each other in Figs. 7-9, layer by layer, and against what yardstick."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple, cast

import pandas as pd

from vmp.experiments.findings.by_dataset import plain_title, with_layer
from vmp.experiments.loading import Loaded
from vmp.experiments.reproduction import Reproduction
from vmp.experiments.rows import Table

#: The four pairs of Fig. 7, in the words of its caption, as rows of Table 2; "start" is what both start from.
FIG7 = {
    "pretrained, fine-tuned": ("baseline", "start"),
    "fine-tuned, with VMP": ("vmp+finetuned-pretrained", "baseline"),
    "fine-tuned, second round with VMP": ("vmp+finetuned-baseline", "baseline"),
    "with VMP, second round with VMP": ("vmp+finetuned-pretrained", "vmp+finetuned-baseline"),
}
#: What the paper lacks: the same without the layer.
FIG7_YARDSTICKS = {
    "fine-tuned, with another seed": ("baseline", "baseline"),
    "fine-tuned, second round without VMP": ("baseline-twice", "baseline"),
}
#: Which of these is the yardstick of which pair.
FIG7_YARDSTICK_OF = dict(zip(list(FIG7)[1:3], FIG7_YARDSTICKS, strict=True))


class Curve(NamedTuple):
    """A pair of rows and how alike their weights are.

    Attributes:
        name: the pair in words.
        layers: a line a layer in the model's order: layer, block, cosine (mean of the seeds), low, high; empty where
            nothing is stored.
        colour: a number; curves of one data set have the same.
        yardstick: whether the layer is on neither side.
        backbone: of both.
    """

    name: str
    layers: pd.DataFrame
    colour: int
    yardstick: bool
    backbone: str


def compared(found: Loaded, row: str, against: str) -> pd.DataFrame:
    """The cosines between two rows' weights: layer, block, cosine (mean of the seeds), low, high; maybe no line.

    Args:
        found: what is stored of a table.
        row: a key of it.
        against: a key; "start" for what ``row`` starts from, the row itself for its seeds against each other.
    """
    stored = found.similarity
    if len(stored):
        stored = stored[(stored["row"] == row) & (stored["against"] == against)]
    if not len(stored):
        return pd.DataFrame(columns=["layer", "block", "cosine", "low", "high"])
    grouped = stored.groupby(["layer", "block"], sort=False)["cosine"]
    return grouped.agg(["mean", "min", "max"]).set_axis(["cosine", "low", "high"], axis=1).reset_index()


def figure7(found: Loaded) -> list[Curve]:
    """Fig. 7's four pairs and two yardsticks, from Table 2."""
    backbone = found.table.backbones[0]
    pairs = FIG7 | FIG7_YARDSTICKS
    return [
        Curve(name, compared(found, *pair), colour, name in FIG7_YARDSTICKS, backbone)
        for colour, (name, pair) in enumerate(pairs.items())
    ]


def with_and_without(found: Loaded) -> list[Curve]:
    """For every comparison of a part of Table 1 with against without, and for every set two seeds without: Figs. 8, 9.

    Named "X3D; libras-moving", and "X3D, another seed; libras-moving".
    """
    table, sets = found.table, found.table.datasets
    curves = []
    for row, against in table.similar:
        run = table.row(row).runs[0]
        title = plain_title(table.row(row).title)
        called = title.removesuffix(", without VMP") + ", another seed" if row == against else with_layer(title)
        layers = compared(found, row, against)
        curves.append(Curve(f"{called}; {run.dataset}", layers, sets.index(run.dataset), row == against, run.backbone))
    return curves


def with_the_start(found: Loaded) -> list[Curve]:
    """Every row of a part of Table 1 against what it starts from."""
    table = found.table
    return [
        Curve(f"start, {plain_title(row.title)}; {row.runs[0].dataset}", compared(found, row.key, "start"),
              table.datasets.index(row.runs[0].dataset), row.runs[0].prompts is None, row.runs[0].backbone)
        for row in table.rows
    ]  # fmt: skip


def parts(shown: Mapping[str, Reproduction], figure: str) -> tuple[list[Curve], list[Curve]]:
    """A figure's :func:`with_and_without` and :func:`with_the_start`; none where the figure was not asked for."""
    if figure not in shown:
        return [], []
    found = shown[figure].found
    return with_and_without(found), with_the_start(found)


def temporal_layers(tables: Iterable[Table]) -> dict[str, frozenset[str]]:
    """Of each backbone of the tables the layers that mix moments (:func:`spans_time`), named as in the store."""
    import vmp

    build = cast(Any, vmp.build)  # checks its words itself
    found = {}
    for backbone, size in dict.fromkeys((run.backbone, run.size) for table in tables for run in table.runs()):
        weights = build(backbone, 2, size=size).named_parameters()
        found[backbone] = frozenset(name.removesuffix(".weight") for name, w in weights if spans_time(name, w.shape))
    return found


def spans_time(name: str, shape: Sequence[int]) -> bool:
    """Whether weights span more than one moment: a 3D kernel longer than 1, attention over time, time embeddings."""
    if len(shape) < 2 or name.endswith(".bias"):  # no layer, in the sense of layer_similarity
        return False
    return (len(shape) == 5 and shape[2] > 1) or bool(re.search(r"\.(?:temporal_\w+|time_embeddings)(?:\.|$)", name))


def means(curve: Curve, temporal: Mapping[str, frozenset[str]]) -> dict[str, float]:
    """The mean cosine over all layers, over those that mix moments, and over the others; NaN where there are none.

    Args:
        curve: a pair.
        temporal: as :func:`temporal_layers` gives them; two backbones can have layers of the same name.
    """
    layers = curve.layers
    mixes = layers["layer"].isin(temporal[curve.backbone])
    parts = {"all": layers, "temporal": layers[mixes], "other": layers[~mixes]}
    return {name: float(part["cosine"].mean()) for name, part in parts.items()}


def lowest(curve: Curve, count: int = 3) -> dict[str, float]:
    """The layers that are least alike, the least first, by their short names, with their cosine."""
    layers = curve.layers.sort_values("cosine", kind="stable").iloc[:count]
    return {short(layer): float(cosine) for layer, cosine in zip(layers["layer"], layers["cosine"], strict=True)}


_SHORTER: Mapping[str, str] = {
    r"^backbone\.": "", r"\btimesformer\.(encoder\.)?": "", r"\bmultipathway_blocks\.0": "slow",
    r"\bmultipathway_blocks\.1": "fast", r"\bmultipathway_fusion\b": "fusion", r"\bres_blocks\.": "",
    r"\bbranch2\.": "", r"^blocks\.": "",
}  # fmt: skip


def short(name: str) -> str:
    """A layer's or block's name without what all have: "backbone.blocks.3.res_blocks.0" -> "3.0"."""
    for long, brief in _SHORTER.items():
        name = re.sub(long, brief, name)
    return name
