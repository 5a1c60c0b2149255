"""The data sets of runs, by name: a plain dict of functions that give a split."""

from __future__ import annotations

import hashlib
import logging
import os
import shlex
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from vmp.experiments.nearest import unknown
from vmp.experiments.places import checkout
from vmp.experiments.run import Run

if TYPE_CHECKING:
    from vmp.data.manifest import Manifest
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
    """A data set that has to be prepared first."""


def rendered(run: Run, split: str, clip_input: ClipInput, probe: bool = False) -> ClipSource:
    """A split of a rendered set for a model that takes such clips, as large as the run's scale has it."""
    from vmp.data import libras

    # a probe looks at what the code gives now, and not at what it kept
    options = SIZES[run.scale] | ({"limit": 3, "renderings": 1, "cache": False} if probe else {})
    if run.every_object and split == run.test_split:
        options = options | {"objects": "every"}
    load: Any = libras.load  # checks the name of the split itself
    made: ClipSource = load(run.dataset, split, fold=run.fold, size=clip_input.crop, clip_input=clip_input, **options)
    return made


class Prepared(NamedTuple):
    """A real set that a script in ``data_scripts`` prepares.

    Attributes:
        module: of ``vmp.data``; its folder, its manifest and its script have that name too.
        stand_in: the rendered set that stands in for it.
        together: the column whose clips stay together where some are held out for validation: films, broadcasts; None:
            the set has clips for validation.
    """

    module: str
    stand_in: str
    together: str | None


PREPARED = {
    "mpii-cooking-2": Prepared("mpii_cooking2", "libras-static", None),
    "finegym": Prepared("finegym", "libras-moving", "video"),
    "hmdb51": Prepared("hmdb51", "libras-mixed", "source_video"),
}
#: What the file of a manifest ends with; a run's data set may be such a file.
MANIFESTS = (".parquet", ".csv")
#: Clips of a real set that a probe sees.
PROBED = 3


def manifest_of(name: str) -> Path:
    """Where the manifest is: the file itself, or of a prepared set $VMP_DATA/SET/SET.parquet, else below data/.

    Raises:
        NotHere: the set is not prepared, or not to its end; says with which command it is.
    """
    if name.endswith(MANIFESTS):
        return Path(name)
    module = PREPARED[name].module
    folder = Path(os.environ.get("VMP_DATA") or checkout() / "data").expanduser() / module
    path, begun = folder / f"{module}.parquet", folder / f"{module}.missing.txt"
    if path.is_file():
        return path
    lacking = f". {begun} lists what is missing: with --allow-missing it goes on without" if begun.is_file() else ""
    raise NotHere(
        f"dataset: {name} is not here: expected its manifest, {path}. To prepare it: python data_scripts/{module}.py "
        f"--root {shlex.quote(str(folder))}{lacking}. Where it is prepared already, set VMP_DATA to the folder that "
        f"holds {module}/. Or take {PREPARED[name].stand_in} at --scale small, which stands in for it"
    )


def prepared(run: Run, split: str, clip_input: ClipInput, probe: bool = False) -> ClipSource:
    """A split of a real set, from its manifest; tested in its authors' views at the paper's scale, else in one."""
    from vmp.backbones.registry import BACKBONES
    from vmp.data.manifest import read_manifest
    from vmp.data.manifest_source import ManifestSource
    from vmp.data.manifest_split import with_validation

    manifest = read_manifest(manifest_of(run.dataset))
    if run.validation_split is not None:
        together = next((each.together for each in PREPARED.values() if each.module == manifest.name), None)
        manifest = with_validation(manifest, fold=run.fold, group=together)
    rows = manifest.rows(split, run.fold)
    if probe:
        rows = rows.iloc[:: max(len(rows) // PROBED, 1)].iloc[:PROBED]
    else:
        _tell_short_clips(f"{run.dataset}, {split}", manifest.with_table(rows), clip_input)
    published = run.scale == "paper" and split == run.test_split
    views = BACKBONES[run.backbone].test_views if published else (1, 1)
    return ManifestSource(manifest.with_table(rows), split, run.fold, test_views=views)


def _tell_short_clips(which: str, manifest: Manifest, clip_input: ClipInput) -> None:
    from vmp.data.manifest_report import short_clips

    short = int(short_clips(manifest, clip_input).sum())
    if short:
        taken = f"the {clip_input.length} frames that a clip of the model spans"
        _warn(f"{which}: {short} of {len(manifest)} clips are shorter than {taken}: their last frame is repeated")


@cache
def _warn(text: str) -> None:
    """Log a warning, of one thing once."""
    logging.getLogger("vmp").warning(text)


#: Name -> function (run, split, what the model takes, whether for a probe) -> the split; a probe wants few clips, anew.
DATASETS: dict[str, Callable[[Run, str, ClipInput, bool], ClipSource]] = {
    **dict.fromkeys(RENDERED, rendered),
    **dict.fromkeys(PREPARED, prepared),
}


def content(name: str) -> str:
    """A hash of the manifest of a real set; "" for a rendered one, and for one that is not here."""
    if name in RENDERED:
        return ""
    try:
        return hashlib.sha256(manifest_of(name).read_bytes()).hexdigest()
    except (NotHere, FileNotFoundError):
        return ""


def load(run: Run, split: str, clip_input: ClipInput, probe: bool = False) -> ClipSource:
    """A split of the run's data set.

    Args:
        run: names the set, the fold and the scale.
        split: "train", "validation", "test" or "train+validation".
        clip_input: what the model takes.
        probe: only a few clips, made anew and not from a cache.

    Raises:
        NotHere: the set is not here, and how to prepare it.
        ValueError: the set is not known; a fold or split that it does not have.
    """
    check_dataset(run.dataset)
    make = prepared if run.dataset.endswith(MANIFESTS) else DATASETS[run.dataset]
    made = make(run, split, clip_input, probe)
    degradation = run.test_degradation if split == run.test_split else run.train_degradation
    return made if degradation is None else degraded(made, *degradation)


def degraded(made: ClipSource, name: str, severity: str) -> ClipSource:
    """The same clips, degraded."""
    from vmp.data.degraded import Degraded

    worse: Any = Degraded  # checks its words itself
    source: ClipSource = worse(made, name, severity)
    return source


def check_dataset(name: str) -> None:
    """Raise ValueError, with the nearest, where no data set has that name and it is no file of a manifest."""
    if name.endswith(MANIFESTS):
        if not Path(name).is_file():
            raise ValueError(f"dataset: expected a manifest, and there is no file {name}")
        return
    if name not in DATASETS:
        raise unknown("dataset", name, DATASETS)
