"""What a run's folder holds, and what testing its weights gives: everything that its report tells."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd

    from vmp.data.manifest import Manifest
    from vmp.data.pathways import ClipInput
    from vmp.data.source import ClipSource
    from vmp.experiments.run import Run
    from vmp.predict import Predictor
    from vmp.predictions import Predictions

#: In the folder of a run: what was typed; its report; and in that folder the scores, and what they are of.
COMMAND_NAME, REPORT_FOLDER = "command.txt", "report"
SCORES_NAME, MADE_OF_NAME = "predictions.parquet", "predictions.json"


@dataclass(frozen=True, eq=False)
class FinishedRun:
    """A run that was trained and tested.

    Attributes:
        folder: of the run.
        run: what it is.
        split: "test", or "validation" where there are no test clips.
        predictor: its model and classes.
        data: the clips it was tested on.
        taken: what it took of them: at the scale of the paper the crop of its authors' tests.
        predictions: of each of them.
        log: of its training, a row an epoch.
        kept: the epoch whose weights were kept.
        seconds: that training took.
        weights: SHA-256 of the weights, hexadecimal.
        command: what was typed; None where nobody wrote it down.
        counts: clips of each class and split; None for a set that has no manifest.
        left_out: files that preparing could not read and left out, with the reason.
        padded: clips of each split that are shorter than what the model takes; None where nobody knows.
        lost: places in ``data`` of test clips that could not be read, and count as wrong.
    """

    folder: Path
    run: Run
    split: str
    predictor: Predictor
    data: ClipSource
    taken: ClipInput
    predictions: Predictions
    log: pd.DataFrame
    kept: int
    seconds: float
    weights: str
    command: str | None
    counts: pd.DataFrame | None
    left_out: tuple[str, ...]
    padded: dict[str, int] | None
    lost: tuple[int, ...]


def finished_run(
    folder: str | Path,
    device: str = "auto",
    *,
    allow_missing: bool = False,
    batch_size: int | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> FinishedRun:
    """Test a run on its test clips, in the views of its scale, and read what it left; scores are kept for next time.

    Args:
        folder: that ``vmp train`` filled.
        device: "auto", "cpu" or "cuda".
        allow_missing: test clips that cannot be read count as wrong, instead of being an error.
        batch_size: clips at once; it changes no result. None: as many as the model's size allows.
        progress: called with the views tested and those to test.

    Raises:
        ClipUnreadable: (a ValueError) test clips that cannot be read.
        ValueError: no run in the folder, one that is not done, one without clips to test on.
    """
    from vmp.checkpoint import weights_metadata
    from vmp.experiments.models import as_tested
    from vmp.predict import load_predictor
    from vmp.training_log import read_log

    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: expected the folder of a run, which vmp train --out made")
    predictor = load_predictor(folder, device)
    file, run = _weights(folder), predictor.run
    manifest = _manifest(run)
    split, data = _clips_to_test(run, manifest)
    _check_classes(folder, predictor, data)
    if hasattr(data, "allow_lost"):
        data.allow_lost = allow_missing
    with file.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    predictions, lost = _scores(folder, predictor, data, split, digest, allow_missing, batch_size, progress)
    metadata, command = weights_metadata(file), folder / COMMAND_NAME
    counts, left_out, padded = _of_manifest(run, manifest)
    return FinishedRun(
        folder=folder,
        run=run,
        split=split,
        predictor=predictor,
        data=data,
        taken=as_tested(run, predictor.model),
        predictions=predictions,
        log=read_log(folder),
        kept=metadata["epoch"],
        seconds=metadata["seconds"],
        weights=digest,
        command=command.read_text(encoding="utf8").strip() if command.is_file() else None,
        counts=counts,
        left_out=left_out,
        padded=padded,
        lost=lost,
    )


def _weights(folder: Path) -> Path:
    from vmp.experiments.single import weights_of

    return weights_of(folder)


def _clips_to_test(run: Run, manifest: Manifest | None) -> tuple[str, ClipSource]:
    """The test clips; the validation clips where there are none of those."""
    from vmp.experiments import datasets
    from vmp.experiments.models import clip_input

    for split in ("test", "validation"):
        if manifest is None or len(manifest.rows(split, run.fold)):
            return split, datasets.load(replace(run, test_split=split), split, clip_input(run))
    raise ValueError(
        f"{run.dataset}: expected clips to test on, got none: a report needs some that were not trained on"
    )


def _manifest(run: Run) -> Manifest | None:
    """The run's clips as they were divided; None for a rendered set."""
    from vmp.data.manifest import read_manifest
    from vmp.data.manifest_split import with_validation
    from vmp.experiments import datasets

    if run.dataset in datasets.RENDERED:
        return None
    manifest = read_manifest(datasets.manifest_of(run.dataset))
    if run.validation_split is None:
        return manifest
    known = datasets.PREPARED.get(run.dataset)
    return with_validation(manifest, fold=run.fold, group=None if known is None else known.together)


def _check_classes(folder: Path, predictor: Predictor, data: ClipSource) -> None:
    if tuple(data.classes) != predictor.classes:
        raise ValueError(
            f"{folder}: expected the classes it was trained on ({', '.join(predictor.classes[:5])}, ...), its data set "
            f"now has others ({', '.join(data.classes[:5])}, ...). Train again, in another folder"
        )


def _scores(
    folder: Path,
    predictor: Predictor,
    data: ClipSource,
    split: str,
    digest: str,
    allow_missing: bool,
    batch_size: int | None,
    progress: Callable[[int, int], None] | None,
) -> tuple[Predictions, tuple[int, ...]]:
    """Scores of the clips, and which could not be read; those of before where nothing has changed since."""
    import torch

    from vmp.evaluate import predict
    from vmp.experiments.device import versions
    from vmp.experiments.models import as_tested, clips_at_once
    from vmp.files import json_bytes, write_over
    from vmp.predictions import Predictions

    kept, note = folder / REPORT_FOLDER / SCORES_NAME, folder / REPORT_FOLDER / MADE_OF_NAME
    made_of: dict[str, Any] = {
        "weights": digest, "split": split, "clips": getattr(data, "digest", data.name), "views": data.views,
        "versions": versions(),
    }  # fmt: skip
    if kept.is_file() and note.is_file():
        before = json.loads(note.read_bytes())
        lost = tuple(before.pop("lost", ()))
        if before == made_of and (allow_missing or not lost):
            return Predictions.load(kept), lost
    run, model = predictor.run, predictor.model
    kind = next(model.parameters()).device.type
    with torch.autocast(kind, torch.bfloat16, enabled=run.recipe.precision == "bf16-mixed"):
        at_once = batch_size or clips_at_once(run)
        found = predict(model, data, batch_size=at_once, progress=progress, clip_input=as_tested(run, model))
    lost = tuple(int(index) for index in getattr(data, "lost", ()))
    found.save(kept)
    write_over(note, json_bytes(made_of | {"lost": list(lost)}))
    return found, lost


def _of_manifest(
    run: Run, manifest: Manifest | None
) -> tuple[pd.DataFrame | None, tuple[str, ...], dict[str, int] | None]:
    """Counts of each class and split, files left out, and padded clips of each split, of a run on a manifest."""
    from vmp.data.manifest_report import short_clips
    from vmp.data.manifest_summary import summary
    from vmp.experiments.models import clip_input

    if manifest is None:
        return None, (), None
    column = manifest.split_columns[run.fold - 1]
    counts = summary(manifest).counts
    if manifest.folds > 1:
        counts = counts[[name for name in counts.columns if str(name).startswith(f"{column} ")]]
    missing = Path(manifest.root) / f"{manifest.name}.missing.txt"
    lines = missing.read_text(encoding="utf8").splitlines() if missing.is_file() else []
    left_out = tuple(line for line in lines if line.startswith(("missing ", "unreadable ")))
    if "frames" not in manifest.table or manifest.table["frames"].isna().any():
        return counts, left_out, None
    short = manifest.table[column][short_clips(manifest, clip_input(run))].value_counts()
    return counts, left_out, {str(name): int(count) for name, count in short.items()}
