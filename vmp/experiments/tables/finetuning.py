"""Table 2: six ways to fine-tune."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from vmp.experiments.rows import Pair, Row, Table
from vmp.experiments.run import SIZE_OF, Run
from vmp.experiments.tables.starts import main_backbone, published, seeds_of, stands_for, training_split
from vmp.recipe import recipe


def table2(
    scale: str = "small", seeds: int | Sequence[int] = 3, backbone: str | None = None, dataset: str | None = None
) -> Table:
    """Table 2: six ways to fine-tune, with and without motion prompts, and three rows that the paper leaves open.

    "pretrained" is a linear probe. Prompts on a frozen backbone come twice: with the probe's head as it is, and with
    a head that is trained with the layer. The second round is judged against the baseline, as printed, and against
    a baseline that is trained twice as well.

    The paper's backbone is TimeSformer. At tiny size it is I3D here: a tiny TimeSformer has no image model to start
    from.
    """
    seeds = seeds_of(seeds)
    backbone = backbone or main_backbone(scale)
    dataset = dataset or ("mpii-cooking-2" if scale == "paper" else "libras-static")
    source = published("k600", scale, backbone)
    common: dict[str, Any] = {
        "dataset": dataset, "backbone": backbone, "scale": scale, "size": SIZE_OF[scale],
        "train_split": training_split(scale),
    }  # fmt: skip

    def runs(trained: tuple[str, ...], starts: Sequence[Run | str], **more: Any) -> tuple[Run, ...]:
        chosen = recipe(backbone, scale, trained=trained)
        return tuple(
            Run(**common, recipe=chosen, seed=seed, start=start, **more)
            for seed, start in zip(seeds, starts, strict=True)
        )

    from_source = [source] * len(seeds)
    layer: dict[str, Any] = {"prompts": True}
    probe = runs(("head",), from_source)
    baseline = runs(("backbone", "head"), from_source)
    everything = ("backbone", "head", "prompt")
    rows = (
        _row2("pretrained", "Pretrained: a linear probe", probe),
        _row2(
            "vmp+frozen-pretrained", "VMP on the frozen pretrained model",
            runs(("prompt",), probe, head="kept", **layer),
            note="the head is the probe's and frozen: the layer's two numbers alone are trained",
        ),
        Row(
            "vmp+head+frozen-pretrained", "VMP and a head on the frozen pretrained backbone",
            runs(("head", "prompt"), from_source, **layer), {"variant": "vmp+frozen-pretrained"},
            note="the other reading of the paper's row: a new head is trained together with the layer",
        ),
        _row2("baseline", "Baseline: fine-tuned without VMP", baseline),
        _row2("vmp+finetuned-pretrained", "VMP, fine-tuned from pretrained", runs(everything, from_source, **layer)),
        _row2(
            "vmp+frozen-baseline", "VMP on the frozen baseline", runs(("prompt",), baseline, head="kept", **layer),
            note="backbone and head are the baseline's and frozen",
        ),
        _row2(
            "vmp+finetuned-baseline", "VMP, fine-tuned from the baseline",
            runs(everything, baseline, head="kept", **layer), note="trained for twice the epochs of the baseline",
        ),
        Row(
            "baseline-twice", "Baseline, fine-tuned twice", runs(("backbone", "head"), baseline, head="kept"),
            note="a control that the paper lacks: the second round without VMP",
        ),
    )  # fmt: skip
    return Table(
        name="table2",
        number=2,
        title="Fine-tuning variants",
        scale=scale,
        seeds=seeds,
        stands_for=stands_for(scale, [dataset], ["source-b"]),
        rows=rows,
        pairs=(
            Pair("vmp+frozen-pretrained", "pretrained"),
            Pair("vmp+head+frozen-pretrained", "pretrained"),
            Pair("vmp+finetuned-pretrained", "baseline"),
            Pair("vmp+frozen-baseline", "baseline"),
            Pair("vmp+finetuned-baseline", "baseline"),
            Pair("vmp+frozen-baseline", "baseline-twice", printed=False),
            Pair("vmp+finetuned-baseline", "baseline-twice", printed=False),
            Pair("baseline-twice", "baseline", printed=False),
        ),
        similar=(
            ("vmp+finetuned-pretrained", "baseline"),
            ("vmp+finetuned-baseline", "baseline-twice"),
            ("vmp+finetuned-pretrained", "vmp+finetuned-baseline"),  # the fourth pair of Fig. 7
            ("baseline", "baseline"),  # the yardstick that it lacks: what another seed changes
        ),
    )


def _row2(variant: str, title: str, runs: tuple[Run, ...], note: str = "") -> Row:
    return Row(variant, title, runs, {"variant": variant}, note)
