"""One run in a folder of its own, outside any table and store: what ``vmp train`` and ``vmp evaluate`` do."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmp.experiments import datasets
from vmp.experiments.models import as_tested, clip_input, clips_at_once, fresh_model, starting_model
from vmp.experiments.run import Run
from vmp.files import json_bytes, write_over

if TYPE_CHECKING:
    from vmp.devices import Devices
    from vmp.predictions import Predictions
    from vmp.train import Trained

#: In the folder of a run: what it is, and the names of its classes.
RUN_NAME, CLASSES_NAME = "run.json", "classes.json"


def train_in(
    folder: str | Path, run: Run, *, devices: Devices | None = None, workers: int = 0, progress: Any = "auto"
) -> Trained:
    """Train a run in a folder, or go on with what is there.

    Args:
        folder: of this run alone.
        run: what to train; it starts from nothing, from published weights, or from a file of weights.
        devices: as :func:`vmp.train.train` takes them.
        workers: processes that load clips ahead.
        progress: as :func:`vmp.train.train` takes it.

    Raises:
        ValueError: the folder holds another run, and in what it differs; what cannot be trained so.
    """
    from vmp.train import train

    folder = Path(folder)
    taken = clip_input(run)
    data = datasets.load(run, run.train_split, taken)
    validation = None if run.validation_split is None else datasets.load(run, run.validation_split, taken)
    model = starting_model(run, len(data.classes), None)
    _claim(folder, run)
    write_over(folder / CLASSES_NAME, json_bytes(list(data.classes)))  # to predict where the data are not
    return train(
        model, data, run.recipe, folder, seed=run.seed, validation=validation, fabric=devices, workers=workers,
        progress=progress,
    )  # fmt: skip


def evaluate_weights(
    weights: str | Path,
    run: Run,
    *,
    devices: Devices | None = None,
    batch_size: int | None = None,
    workers: int = 0,
    allow_missing: bool = False,
    progress: Any = None,
) -> tuple[Predictions, int]:
    """Test weights on the test split of a run.

    Args:
        weights: a file as training leaves it.
        run: names backbone, size, prompts and layer as the weights have them, data set, fold and split.
        devices: as :func:`vmp.evaluate.predict` takes them.
        batch_size: clips at once; it changes no result. None: as many as the model's size allows.
        workers: processes that load clips ahead.
        allow_missing: test clips that cannot be read count as wrong, instead of being an error.
        progress: as :func:`vmp.evaluate.predict` takes it.

    Returns:
        The scores, and how many clips could not be read.

    Raises:
        ClipUnreadable: (a ValueError) clips that cannot be read.
        ValueError: weights that do not fit the model, or a head that does not fit the data set.
    """
    import torch

    from vmp.checkpoint import load_weights
    from vmp.evaluate import predict

    data: Any = datasets.load(run, run.test_split, clip_input(run))
    if hasattr(data, "allow_lost"):
        data.allow_lost = allow_missing
    model = fresh_model(run, len(data.classes))
    load_weights(model, weights)
    kind = "cpu" if devices is None else devices.device.type
    with torch.autocast(kind, torch.bfloat16, enabled=run.recipe.precision == "bf16-mixed"):
        found = predict(
            model, data, fabric=devices, batch_size=batch_size or clips_at_once(run), workers=workers,
            progress=progress, clip_input=as_tested(run, model),
        )  # fmt: skip
    return found, len(getattr(data, "lost", ()))


def weights_of(path: str | Path) -> Path:
    """The file of weights that is meant: the path itself, or that of a folder that ``vmp train`` filled.

    Raises:
        ValueError: there is none.
    """
    from vmp.train import WEIGHTS_NAME

    path = Path(path)
    found = path / WEIGHTS_NAME if path.is_dir() else path
    if not found.is_file():
        there = " yet: go on with the same vmp train" if (path / RUN_NAME).is_file() else ""
        raise ValueError(f"{found}: expected a file of weights, and there is none{there}")
    return found


def run_of(path: str | Path) -> Run | None:
    """The run whose folder a path is, or is in; None where nothing says."""
    path = Path(path)
    named = (path if path.is_dir() else path.parent) / RUN_NAME
    return Run.from_json(json.loads(named.read_bytes())) if named.is_file() else None


def _claim(folder: Path, run: Run) -> None:
    """Write down what the folder is for; refuse one that is for another run."""
    there = run_of(folder)
    if there is None:
        write_over(folder / RUN_NAME, json_bytes(run.to_json()))
    elif replace(there, test_split=run.test_split) != run:
        before, now = (_flat(each.to_json()) for each in (there, run))
        changed = [f"{name} was {before.get(name)}, is {now[name]}" for name in now if before.get(name) != now[name]]
        raise ValueError(f"{folder} holds another run: {'; '.join(changed)}. Give another folder")


def _flat(plain: dict[str, Any], where: str = "") -> dict[str, Any]:
    flat: dict[str, Any] = {}
    for name, value in plain.items():
        flat |= _flat(value, f"{where}{name}.") if isinstance(value, dict) else {f"{where}{name}": value}
    return flat
