"""The data sets of runs, by name: a plain dict of functions that give a split."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmp.experiments.nearest import unknown
from vmp.experiments.run import Run

if TYPE_CHECKING:
    from vmp.data.pathways import ClipInput
    from vmp.data.source import ClipSource

#: The names of the rendered sets and what they stand in for; their numbers are in vmp.data.
RENDERED = {
    "libras-static": "MPII Cooking 2",
    "libras-moving": "FineGym",
    "libras-mixed": "HMDB-51",
    "source-a": "Kinetics-400",
    "source-b": "Kinetics-600",
    "source-c": "Something-Something v2",
    "source-d": "HowTo100M",
}
#: Clips a split of a rendered set has at most, and renderings of each trajectory; absent: the set's own.
SIZES: dict[str, dict[str, Any]] = {"smoke": {"limit": 24, "renderings": 1}, "small": {}, "gpu": {"renderings": 12}}


class NotHere(ValueError):
    """A data set that has to be fetched first, or that this version cannot read."""


def rendered(run: Run, split: str, clip_input: ClipInput, probe: bool = False) -> ClipSource:
    """A split of a rendered set for a model that takes such clips, as large as the run's scale has it."""
    from vmp.data import libras

    # a probe looks at what the code gives now, and not at what it kept
    options = SIZES[run.scale] | ({"limit": 3, "renderings": 1, "cache": False} if probe else {})
    load: Any = libras.load  # checks the name of the split itself
    made: ClipSource = load(run.dataset, split, fold=run.fold, size=clip_input.crop, clip_input=clip_input, **options)
    return made


def missing(run: Run, split: str, clip_input: ClipInput, probe: bool = False) -> ClipSource:
    """A real data set that this version cannot read yet."""
    raise NotHere(
        f"dataset: {run.dataset} is not here: this version reads the rendered sets only "
        f"({', '.join(name for name in RENDERED)}). Take --scale small, which stands in for it"
    )


#: What the file of a manifest ends with; a run's data set may be such a file.
MANIFESTS = (".parquet", ".csv")


def from_manifest(run: Run, split: str, clip_input: ClipInput, probe: bool = False) -> ClipSource:
    """A split of a manifest, tested in the views of the backbone's authors at the scale of the paper, else in one."""
    from vmp.backbones.registry import BACKBONES
    from vmp.data.manifest import read_manifest
    from vmp.data.manifest_source import ManifestSource
    from vmp.data.manifest_split import with_validation

    manifest = read_manifest(run.dataset)
    if run.validation_split is not None:
        manifest = with_validation(manifest, fold=run.fold)
    views = (1, 1)
    if run.scale == "paper" and split == run.test_split:
        views = BACKBONES[run.backbone].test_views
    return ManifestSource(manifest, split, run.fold, test_views=views)


#: Name -> function (run, split, what the model takes, whether for a probe) -> the split; a probe wants few clips, anew.
DATASETS: dict[str, Callable[[Run, str, ClipInput, bool], ClipSource]] = {
    **dict.fromkeys(RENDERED, rendered),
    "mpii-cooking-2": missing,
    "finegym": missing,
    "hmdb51": missing,
}


def load(run: Run, split: str, clip_input: ClipInput, probe: bool = False) -> ClipSource:
    """A split of the run's data set.

    Args:
        run: names the set, the fold and the scale.
        split: "train", "validation", "test" or "train+validation".
        clip_input: what the model takes.
        probe: only a few clips, made anew and not from a cache.

    Raises:
        NotHere: the set is not here.
        ValueError: the set is not known.
    """
    check_dataset(run.dataset)
    make = from_manifest if run.dataset.endswith(MANIFESTS) else DATASETS[run.dataset]
    return make(run, split, clip_input, probe)


def check_dataset(name: str) -> None:
    """Raise ValueError, with the nearest, where no data set has that name and it is no file of a manifest."""
    if name.endswith(MANIFESTS):
        if not Path(name).is_file():
            raise ValueError(f"dataset: expected a manifest, and there is no file {name}")
        return
    if name not in DATASETS:
        raise unknown("dataset", name, DATASETS)
