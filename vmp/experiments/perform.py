"""One run from start to record: build, train or go on training, test, store."""

from __future__ import annotations

import datetime
import hashlib
import math
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmp.experiments.behaviour import own_behaviour, plain
from vmp.experiments.device import Device, source, versions
from vmp.experiments.run import Run
from vmp.experiments.state import state_of
from vmp.experiments.store import Record, Store, check_agreement
from vmp.experiments.work import Work

if TYPE_CHECKING:
    import pandas as pd

    from vmp.backbones.model import VideoModel
    from vmp.predictions import Predictions
    from vmp.train import Trained


def perform(run: Run, store: Store, work: Work, device: Device, *, record: bool = True) -> str:
    """Do what is missing of a run and say what that was; whoever calls holds the run's lock.

    Where the record is stored and only the weights are not here, they are trained again; the numbers are compared with
    the stored ones and no second record is written.

    Args:
        run: the run; what it starts from is done.
        store: where the record goes.
        work: where it trains; an earlier beginning there is gone on with.
        device: what it computes on.
        record: whether the record is wanted, or the weights only.

    Raises:
        ValueError: the data set or the weights of the start are not here; training diverged; the record or the weights
            disagree with what is stored.
    """
    state = state_of(run, store)
    if state.name == "stored" and (record or work.weights(run) is not None):
        return "another process did it meanwhile"
    cleared = work.prepare(run)
    started = _started(run, store)
    made, frame = train_and_test(run, work, device, started)
    said = _said(made)
    if cleared:
        said = f"began anew ({cleared}); {said}"
    if state.record is not None and state.name == "stored":
        check_agreement(state.record, made)
        return f"weights made again; {said}"
    store.add(made, frame)
    return said


def _started(run: Run, store: Store) -> str:
    """The key of the record of what a run starts from; empty where that is no run."""
    if not isinstance(run.start, Run):
        return ""
    state = state_of(run.start, store)
    if state.name != "stored":
        raise ValueError(f"{run.title}: expected a record of {run.start.identity}, which it starts from; {state.name}")
    return state.key


def train_and_test(run: Run, work: Work, device: Device, started: str) -> tuple[Record, pd.DataFrame]:
    """Train, or take what is trained, and test: the record, and what is stored of the predictions."""
    import torch

    from vmp.evaluate import predict
    from vmp.experiments import datasets
    from vmp.experiments.models import as_tested, clip_input, clips_at_once, layer_state, starting_model

    taken = clip_input(run)
    tested = device.near(datasets.load(run, run.test_split, taken))
    begin = work.weights(run.start) if isinstance(run.start, Run) else None
    model = starting_model(run, len(tested.classes), begin)
    before = layer_state(model)
    trained = _trained(run, model, begin, work, device)
    devices = device.devices()
    begun = time.perf_counter()
    with torch.autocast(devices.device.type, torch.bfloat16, enabled=run.recipe.precision == "bf16-mixed"):
        predictions = predict(
            model, tested, fabric=devices, batch_size=clips_at_once(run), workers=device.loaders(tested),
            clip_input=as_tested(run, model),
        )  # fmt: skip
    seconds = trained.seconds + time.perf_counter() - begun
    predictions.save(work.scores(run))
    made = _record(run, started, before, trained, predictions, seconds, device)
    return made, predictions_frame(predictions)


def _trained(run: Run, model: VideoModel, begin: Path | None, work: Work, device: Device) -> Trained:
    """The model trained, or as it is where the run is tested only."""
    from vmp.experiments import datasets
    from vmp.experiments.models import clip_input
    from vmp.train import Trained, train
    from vmp.training_log import LOG_NAME

    folder, taken = work.folder(run), clip_input(run)
    if run.tested_only and begin is not None:
        return Trained(begin, folder / LOG_NAME, epoch=0, seconds=0.0, kept="last")
    data = device.near(datasets.load(run, run.train_split, taken))
    validation = None if run.validation_split is None else device.near(datasets.load(run, run.validation_split, taken))
    return train(
        model, data, run.recipe, folder, seed=run.seed, validation=validation, fabric=device.devices(),
        workers=device.loaders(data), progress=None,
    )  # fmt: skip


def _record(
    run: Run,
    started: str,
    before: dict[str, list[float]],
    trained: Trained,
    predictions: Predictions,
    seconds: float,
    device: Device,
) -> Record:
    from vmp.evaluate import metrics
    from vmp.training_log import read_log

    return Record(
        identity=run.identity,
        title=run.title,
        configuration=run.to_json(),
        behaviour=plain(own_behaviour(run)),
        started=started,
        metrics={
            "clip": _rounded(metrics(predictions)),
            "group": _rounded(metrics(predictions.by_group())),
        },
        epochs={} if run.tested_only else log_columns(read_log(trained.log.parent)),
        start=before,
        kept=trained.epoch,
        seconds=round(seconds, 1),
        date=datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"),
        device=device.name,
        threads=device.threads,
        machine=device.machine,
        versions=versions(),
        source=source(),
        weights=weights_hash(trained.weights),
    )


def predictions_frame(predictions: Predictions) -> pd.DataFrame:
    """What is stored of predictions: for each clip, and each group of clips, the label and the five likeliest labels.

    Columns as :meth:`vmp.experiments.store.Store.predictions` has them; labels uint8, or uint16 of more than 256
    classes. With fewer than five classes there are as many columns as classes.
    """
    import pandas as pd

    parts = [_level("clip", predictions), _level("group", predictions.by_group())]
    return pd.concat(parts, ignore_index=True)


def log_columns(log: pd.DataFrame) -> dict[str, list[Any]]:
    """The training log as lists of numbers with six digits; None for a number that is not there."""
    return {str(name): [_short(value) for value in column.tolist()] for name, column in log.items()}


def weights_hash(path: Path) -> str:
    """SHA-256 of a file of weights, of its names and numbers alone: what else its header says does not count."""
    import torch
    from safetensors.torch import load_file

    digest = hashlib.sha256()
    for name, tensor in sorted(load_file(path).items()):
        digest.update(f"{name} {tensor.dtype} {tuple(tensor.shape)}".encode())
        digest.update(tensor.contiguous().flatten().view(dtype=torch.uint8).numpy().tobytes())
    return digest.hexdigest()


def _level(level: str, predictions: Predictions) -> pd.DataFrame:
    import numpy as np
    import pandas as pd

    classes = len(predictions.classes)
    kind = np.uint8 if classes <= 256 else np.uint16
    best = predictions.top(min(5, classes))
    frame = pd.DataFrame({"index": predictions.index, "group": predictions.group}, dtype=np.int32)
    frame["rendering"] = frame.groupby("group").cumcount().astype(np.int16)
    if level == "group":
        frame = frame.assign(index=np.int32(-1), rendering=np.int16(-1))
    frame.insert(0, "level", pd.Series(level, index=frame.index, dtype=pd.CategoricalDtype(["clip", "group"])))
    frame["label"] = predictions.label.astype(kind)
    for place, name in enumerate(("first", "second", "third", "fourth", "fifth")[: best.shape[1]]):
        frame[name] = best[:, place].astype(kind)
    return frame


def _said(record: Record) -> str:
    loss = record.final.get("loss")
    shown = "" if loss is None else f", final loss {loss:.3g}"
    return f"top-1 {record.metrics['group']['top1']:.1f} %{shown}, {record.seconds:.0f} s"


def _rounded(metrics: dict[str, float]) -> dict[str, float]:
    return {name: float(f"{value:.6g}") for name, value in metrics.items()}


def _short(value: Any) -> Any:
    if isinstance(value, float):
        if not math.isfinite(value):
            return None
        return int(value) if value.is_integer() and abs(value) < 1e9 else float(f"{value:.6g}")
    return value
