"""The paper's tables as runs: which rows a table has, what each trains, and what it is judged against.

A table is a plain function in :data:`TABLES`. What a row starts from is a run like any other, so the grid is a graph;
:meth:`Table.runs` gives it in an order in which everything can be run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from vmp.experiments.datasets import RENDERED
from vmp.experiments.nearest import unknown
from vmp.experiments.run import SCALES, SIZE_OF, Run, in_order
from vmp.recipe import pretraining as pretraining_recipe
from vmp.recipe import recipe


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        key: names it, once in a table.
        title: for people.
        runs: one a seed, in the order of the seeds.
        paper: what picks the paper's row, as :func:`vmp.experiments.paper.rows` takes it; None: the paper has none.
        note: what the paper leaves open and was decided here; empty: nothing.
    """

    key: str
    title: str
    runs: tuple[Run, ...]
    paper: Mapping[str, Any] | None = None
    note: str = ""


@dataclass(frozen=True)
class Pair:
    """Two rows that are compared: is ``row`` better than ``against``?

    Attributes:
        row: the key of the row with more (the layer, a second round).
        against: the key of the row it is judged against.
        printed: whether the paper prints this gain.
    """

    row: str
    against: str
    printed: bool = True


@dataclass(frozen=True)
class Table:
    """A table of the paper as runs.

    Attributes:
        name: as :data:`TABLES` has it.
        number: of the paper's table; None: a table that the paper lacks.
        title: for people.
        scale: of all its runs.
        seeds: of its rows.
        stands_for: what is stood in for, in words: data set and pretraining source.
        rows: in the order in which they are shown.
        pairs: what is compared.
        similar: rows whose weights are held against each other, seed by seed.
    """

    name: str
    number: int | None
    title: str
    scale: str
    seeds: tuple[int, ...]
    stands_for: str
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...] = ()
    similar: tuple[tuple[str, str], ...] = ()
    _index: dict[str, Row] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.rows:
            if row.key in self._index:
                raise ValueError(f"{self.name}: expected each key once, got two rows {row.key!r}")
            self._index[row.key] = row
        for key in (*(key for pair in self.pairs for key in (pair.row, pair.against)), *sum(self.similar, ())):
            self.row(key)

    def row(self, key: str) -> Row:
        """The row of that key; ValueError where there is none, naming the nearest."""
        if key not in self._index:
            raise unknown(f"a row of {self.name}", key, self._index)
        return self._index[key]

    def runs(self) -> list[Run]:
        """Every run that the table needs, each once, a start always before what starts from it."""
        return list(in_order(run for row in self.rows for run in row.runs))

    def similarities(self) -> list[tuple[Run, Run]]:
        """The pairs of runs whose weights are compared: each with what it starts from, and with its partners."""
        starts = [(run, run.start) for run in self.runs() if isinstance(run.start, Run)]
        partners = [pair for a, b in self.similar for pair in zip(self.row(a).runs, self.row(b).runs, strict=True)]
        return list(dict.fromkeys([*starts, *partners]))


# --- the tables ---


def table2(
    scale: str = "small", seeds: int | Sequence[int] = 3, backbone: str | None = None, dataset: str | None = None
) -> Table:
    """Table 2: six ways to fine-tune, with and without motion prompts, and three rows that the paper leaves open.

    "pretrained" is a linear probe. Prompts on a frozen backbone come twice: with the probe's head as it is, and with
    a head that is trained with the layer. The second round is judged against the baseline, as printed, and against
    a baseline that is trained twice as well.

    The paper's backbone is TimeSformer. At tiny size it is I3D here: a tiny TimeSformer that is pretrained from scratch
    for minutes learns what moves, and not how.
    """
    seeds = seeds_of(seeds)
    backbone = backbone or ("i3d" if SIZE_OF[scale] == "tiny" else "timesformer")  # a tiny TimeSformer learns no motion
    dataset = dataset or ("mpii-cooking-2" if scale == "paper" else "libras-static")
    source = _kinetics_600(scale, backbone)
    common: dict[str, Any] = {
        "dataset": dataset, "backbone": backbone, "scale": scale, "size": SIZE_OF[scale],
        "train_split": _training(scale),
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
        stands_for=_stands_for(scale, dataset),
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
        ),
    )


#: Name -> the function that builds the table: (scale, seeds, backbone, dataset), the last two None for the table's own.
TABLES: dict[str, Callable[..., Table]] = {"table2": table2}


def table(
    name: str,
    scale: str = "small",
    seeds: int | Sequence[int] = 3,
    backbone: str | None = None,
    dataset: str | None = None,
) -> Table:
    """The table of that name.

    Args:
        name: a key of :data:`TABLES`.
        scale: "smoke", "small", "gpu" or "paper".
        seeds: how many, from 0 on, or which.
        backbone: another one than the table's.
        dataset: another one than the table's.

    Raises:
        ValueError: an unknown name, scale, backbone or data set, with the nearest that is known.
    """
    from vmp.experiments.datasets import check_dataset
    from vmp.experiments.models import check_backbone

    if name not in TABLES:
        raise unknown("table", name, TABLES)
    if scale not in SCALES:
        raise unknown("scale", scale, SCALES)
    if backbone is not None:
        check_backbone(backbone)
    if dataset is not None:
        check_dataset(dataset)
    return TABLES[name](scale, seeds, backbone, dataset)


def seeds_of(seeds: int | Sequence[int]) -> tuple[int, ...]:
    """``seeds`` as numbers: n stands for 0 to n - 1.

    Raises:
        ValueError: none, one twice, or what is not a whole number from 0 on.
    """
    chosen = tuple(range(seeds)) if isinstance(seeds, int) else tuple(seeds)
    whole = all(isinstance(seed, int) and not isinstance(seed, bool) and seed >= 0 for seed in chosen)
    if not chosen or not whole or len(set(chosen)) != len(chosen):
        raise ValueError(f"seeds: expected how many, at least 1, or different numbers from 0 on; got {seeds}")
    return chosen


# --- what the tables share ---


def _row2(variant: str, title: str, runs: tuple[Run, ...], note: str = "") -> Row:
    return Row(variant, title, runs, {"variant": variant}, note)


def _training(scale: str) -> str:
    """Recipes are fixed on the validation split before, so what is stored trains on it too."""
    return "train" if scale == "paper" else "train+validation"


def _kinetics_600(scale: str, backbone: str) -> Run | str:
    """What a table starts from where the paper has Kinetics-600: published weights, or one run that all seeds share."""
    if scale == "paper":
        return "k600" if backbone == "timesformer" else "k400"  # no other backbone's K600 weights were found published
    return pretraining("source-b", scale, backbone)


def pretraining(source: str, scale: str, backbone: str) -> Run:
    """The one run that stands for published weights: seed 0, shared by every seed, as a published checkpoint is."""
    chosen = pretraining_recipe(backbone, scale)
    return Run(source, backbone, chosen, size=SIZE_OF[scale], scale=scale, train_split="train")


def _stands_for(scale: str, dataset: str) -> str:
    if scale == "paper":
        return ""
    return f"{dataset} stands for {RENDERED.get(dataset, 'the data set')}, source B for {RENDERED['source-b']}"
