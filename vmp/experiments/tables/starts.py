"""What the rows of every table share: seeds, what they are trained on, and what they start from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from vmp.experiments.datasets import RENDERED
from vmp.experiments.nearest import unknown
from vmp.experiments.run import SIZE_OF, Run
from vmp.recipe import pretraining as pretraining_recipe
from vmp.recipe import recipe

#: Published weights by the name that the paper's tables give them -> the source that stands in for them.
SOURCE_OF = {"k400": "source-a", "k600": "source-b", "ssv2": "source-c", "howto100m": "source-d"}
#: The paper's data sets -> what stands in for them, the set itself, and its folds.
STAND_IN = {"hmdb51": "libras-mixed", "finegym": "libras-moving", "mpii": "libras-static"}
REAL = {"hmdb51": "hmdb51", "finegym": "finegym", "mpii": "mpii-cooking-2"}
FOLDS = {"hmdb51": (1, 2, 3), "finegym": (1,), "mpii": (1,)}

#: Lambda at small scale, by the validation accuracy of I3D from source A (table "lambda"); a test sees to that.
CHOSEN = {"libras-static": 0.5, "libras-moving": 0.5, "libras-mixed": 2.5}
#: With full-size models: the paper's best, which it chose on the test split.
PAPERS = {"mpii-cooking-2": 0.0, "finegym": 2.5, "hmdb51": 0.001}


def lambda_for(dataset: str, scale: str) -> float:
    """The lambda that a table uses for a data set: chosen on validation, with one backbone and one seed."""
    return PAPERS.get(dataset, 0.0) if scale == "paper" else CHOSEN[dataset]


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


def training_split(scale: str) -> str:
    """Recipes are fixed on the validation split before, so what is stored trains on it too."""
    return "train" if scale == "paper" else "train+validation"


def dataset_for(paper_name: str, scale: str) -> str:
    """The data set that a column of the paper's tables ("hmdb51", "finegym", "mpii") means at a scale."""
    return (REAL if scale == "paper" else STAND_IN)[paper_name]


def main_backbone(scale: str) -> str:
    """The paper's TimeSformer; at tiny size I3D, since a tiny TimeSformer has no image model to start from."""
    return "i3d" if SIZE_OF[scale] == "tiny" else "timesformer"


def chosen_sets(papers: Iterable[str], scale: str, dataset: str | None, table: str) -> dict[str, str]:
    """The paper's names of a table's data sets -> what they are at a scale; of one data set alone where it is given.

    Raises:
        ValueError: a data set that the table has not, with the nearest.
    """
    names = {paper: dataset_for(paper, scale) for paper in papers}
    found = {paper: name for paper, name in names.items() if dataset in (None, name)}
    if not found:
        raise unknown(f"dataset of {table}", dataset, names.values())
    return found


def fine_tuned(
    dataset: str,
    backbone: str,
    scale: str,
    seeds: Sequence[int],
    start: Run | str,
    prompts: bool | str | None,
    lambda_: float | None = None,
    **more: Any,
) -> tuple[Run, ...]:
    """Backbone, head and layer fine-tuned, one run a seed; without prompts there is no layer, and no lambda.

    Args:
        dataset, backbone, scale, seeds, start, prompts: as a :class:`vmp.experiments.run.Run` has them.
        lambda_: None: what :func:`lambda_for` says.
        more: any other field of the run.
    """
    if prompts is None:
        chosen = recipe(backbone, scale, trained=("backbone", "head"))
    else:
        chosen = recipe(backbone, scale, lambda_=lambda_for(dataset, scale) if lambda_ is None else lambda_)
    fields: dict[str, Any] = {"recipe": chosen, "train_split": training_split(scale)} | more
    return tuple(
        Run(dataset, backbone, seed=seed, size=SIZE_OF[scale], prompts=prompts, start=start, scale=scale, **fields)
        for seed in seeds
    )


def published(name: str, scale: str, backbone: str) -> Run | str:
    """Published weights ("k400", "k600", "ssv2", "howto100m"), or the one run that stands for them for every seed.

    No backbone's K600 weights but TimeSformer's were found published: the others start from their K400 ones.
    """
    if scale == "paper":
        return name if backbone == "timesformer" else "k400"
    return pretraining(SOURCE_OF[name], scale, backbone)


def pretraining(source: str, scale: str, backbone: str) -> Run:
    """The one run that stands for published weights: seed 0, shared by every seed, as a published checkpoint is."""
    chosen = pretraining_recipe(backbone, scale)
    return Run(source, backbone, chosen, size=SIZE_OF[scale], scale=scale, train_split="train")


def stands_for(scale: str, datasets: Sequence[str], sources: Sequence[str]) -> str:
    """What stands in for what, in words; empty at the scale of the paper."""
    if scale == "paper":
        return ""
    sets = [f"{name} stands for {RENDERED.get(name, 'the data set')}" for name in datasets]
    starts = [f"source {name[-1].upper()} for {RENDERED[name]}" for name in sources]
    return ", ".join([*sets, *starts])
