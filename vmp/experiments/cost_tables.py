"""What each of the paper's tables trains and tests, as runs: rows times sets times splits times seeds.

The rows are those of the transcribed tables, so nothing is counted by hand; Table 2 is
:func:`vmp.experiments.grid.table`'s, with its two controls. A run that several tables show is one run: its fields
say all of it. What the paper leaves open is chosen here, and nothing of it changes a cost but the two backbones:

- which SlowFast and which X3D (``slowfast``, ``x3d``);
- which Kinetics its CNNs start from: Kinetics-400, for no other weights of theirs were found;
- λ of the rows of Table 1: the best one of Table 7 where that has the row, else 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from vmp.experiments import grid, paper
from vmp.experiments.run import Run, in_order
from vmp.recipe import recipe

DATASETS = {"hmdb51": "hmdb51", "finegym": "finegym", "mpii": "mpii-cooking-2"}
VARIANTS: dict[str, bool | str | None] = {
    "baseline": None, "vmp": True, "vmp-slow": "slow", "vmp-fast": "fast", "vmp-both": "both",
}  # fmt: skip
#: Epochs of the head alone in Table 4.
HEAD_EPOCHS = 5


@dataclass(frozen=True)
class Work:
    """One run, and how often its model is tested: once, or once for each degradation too."""

    run: Run
    tests: int = 1


@dataclass(frozen=True)
class TableWork:
    """What one table of the paper asks for.

    Attributes:
        number, title: of the table.
        work: its runs, each once, what a run starts from among them.
        note: what it shares with another, or leaves out.
    """

    number: int
    title: str
    work: tuple[Work, ...]
    note: str = ""


@dataclass(frozen=True)
class _Choices:
    slowfast: str
    x3d: str
    seeds: tuple[int, ...]

    def backbone(self, family: str) -> str:
        return {"slowfast": self.slowfast, "x3d": self.x3d}.get(family, family)

    def tuned(
        self, dataset: str, family: str, variant: str, start: str, *, fold: int = 1, lambda_: float | None = None
    ) -> list[Run]:
        """Fine-tuned from published weights, one a seed."""
        prompts = VARIANTS[variant]
        parts = ("backbone", "head", "prompt") if prompts else ("backbone", "head")
        penalty = (_best(dataset, family, variant) if lambda_ is None else lambda_) if prompts else 0.0
        backbone = self.backbone(family)
        chosen = recipe(backbone, "paper", trained=parts, lambda_=penalty)
        return [
            Run(
                DATASETS[dataset], backbone, chosen, seed, fold,
                size="paper", prompts=prompts, start=start, scale="paper",
            )
            for seed in self.seeds
        ]  # fmt: skip


def tables(slowfast: str = "slowfast_8x8", x3d: str = "x3d_m", seeds: int | Sequence[int] = 1) -> list[TableWork]:
    """Tables 1 to 8 as work.

    Args:
        slowfast, x3d: which of them; the paper does not say.
        seeds: how many, from 0 on, or which; the paper trains once.

    Raises:
        ValueError: an unknown backbone, or seeds that are none.
    """
    from vmp.experiments.models import check_backbone

    for name in (slowfast, x3d):
        check_backbone(name)
    choices = _Choices(slowfast, x3d, grid.seeds_of(seeds))
    return [make(choices) for make in _TABLES]


def together(tables_: Iterable[TableWork]) -> tuple[Work, ...]:
    """The work of several tables, a run that they share once, tested as often as the table that tests it most."""
    tests: dict[Run, int] = {}
    for work in (each for table in tables_ for each in table.work):
        tests[work.run] = max(work.tests, tests.get(work.run, 0))
    return tuple(Work(run, times) for run, times in tests.items())


# --- the tables ---


def _accuracy(choices: _Choices) -> TableWork:
    printed = paper.table(1)
    keys = ["dataset", "split", "backbone", "variant", "pretrained_on"]
    rows = printed[printed["split"] != "mean"].drop_duplicates(keys)
    runs: list[Run] = []
    for row in rows.to_dict("records"):
        fold = int(row["split"][-1]) if row["split"].startswith("split") else 1
        runs += choices.tuned(row["dataset"], row["backbone"], row["variant"], row["pretrained_on"], fold=fold)
    return TableWork(1, "Accuracy", _work(runs), "14 rows on five splits; λ is taken as chosen")


def _variants(choices: _Choices) -> TableWork:
    runs = grid.table("table2", "paper", choices.seeds).runs()
    return TableWork(2, "Fine-tuning variants", _work(runs), "with two controls that the paper lacks")


def _sources(choices: _Choices) -> TableWork:
    runs = [
        run
        for row in paper.table(3).to_dict("records")
        for run in choices.tuned("mpii", "timesformer", row["variant"], row["pretrained_on"])
    ]
    return TableWork(3, "Pretraining sources", _work(runs), "the Kinetics rows are Table 1's")


def _cross(choices: _Choices) -> TableWork:
    head = recipe("timesformer", "paper", trained=("head",), epochs=HEAD_EPOCHS)
    runs = [
        Run(
            DATASETS[row["target"]], "timesformer", head, source.seed,
            size="paper", prompts=source.prompts, start=source, scale="paper",
        )
        for row in paper.table(4).to_dict("records")
        for source in choices.tuned(row["source"], "timesformer", row["variant"], "k600")
    ]  # fmt: skip
    return TableWork(4, "Across data sets", _work(runs), "models of Table 1, then a head for 5 epochs")


def _robustness(choices: _Choices) -> TableWork:
    rows = paper.table(5)
    times = int(rows["degradation"].nunique())
    runs = [
        run
        for row in rows.drop_duplicates(["dataset", "variant"]).to_dict("records")
        for run in choices.tuned(row["dataset"], "timesformer", row["variant"], "k600")
    ]
    return TableWork(5, "Robustness", _work(runs, times), f"models of Table 1, tested {times} times")


def _objects(choices: _Choices) -> TableWork:
    runs = [
        run
        for variant in paper.table(6)["variant"].unique()
        for run in choices.tuned("mpii", "timesformer", variant, "k600")
    ]
    return TableWork(6, "Objects", _work(runs), "models and tests of Table 1, other sums")


def _regularisation(choices: _Choices) -> TableWork:
    runs: list[Run] = []
    for row in paper.table(7).dropna(subset="top1_percent").to_dict("records"):
        family, variant = _of_table7(row["backbone"])
        start = "k600" if family == "timesformer" else "k400"
        runs += choices.tuned(row["dataset"], family, variant, start, lambda_=row["lambda"])
    return TableWork(7, "Regularisation", _work(runs), "the best λ of each row is Table 1's")


def _timing(choices: _Choices) -> TableWork:
    return TableWork(8, "Cost", (), "times a few batches: minutes")


_TABLES: tuple[Callable[[_Choices], TableWork], ...] = (
    _accuracy, _variants, _sources, _cross, _robustness, _objects, _regularisation, _timing,
)  # fmt: skip


def _work(runs: Iterable[Run], tests: int = 1) -> tuple[Work, ...]:
    """The runs and all that they start from; what is only started from is tested too, as training does."""
    return tuple(Work(run, tests) for run in in_order(runs))


def _of_table7(backbone: str) -> tuple[str, str]:
    family, _, pathway = backbone.partition("-")
    return family, f"vmp-{pathway}" if pathway else "vmp"


def _best(dataset: str, family: str, variant: str) -> float:
    """The λ of Table 7's best entry for that row, the first of equals; 0 where the table has none."""
    rows: Any = paper.table(7).dropna(subset="top1_percent")
    named = family if variant == "vmp" else f"{family}-{variant.removeprefix('vmp-')}"
    chosen = rows[(rows["dataset"] == dataset) & (rows["backbone"] == named)]
    return 0.0 if chosen.empty else float(chosen.loc[chosen["top1_percent"].idxmax(), "lambda"])
