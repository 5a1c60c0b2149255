"""What a trained model says of a video: of the whole of it, and of one part after the other.

>>> from vmp.predict import load_predictor, predict_video
>>> predictor = load_predictor("RUN")  # doctest: +SKIP
>>> predict_video(predictor, "holiday.mp4").top(3)  # doctest: +SKIP
[('jump', 0.81), ('run', 0.12), ('walk', 0.07)]
"""

from __future__ import annotations

import json
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

    from vmp.backbones.model import VideoModel
    from vmp.experiments.run import Run


@dataclass(frozen=True, eq=False)
class Predictor:
    """A trained model with what is needed to ask it about any video.

    Attributes:
        model: in evaluation mode, on its device.
        classes: the name of each label.
        run: what it was trained by.
    """

    model: VideoModel
    classes: tuple[str, ...]
    run: Run


@dataclass(frozen=True, eq=False)
class VideoPrediction:
    """What a model says of N parts of a video, or of all of it (N = 1).

    Attributes:
        path: of the video.
        classes: the name of each label.
        starts, ends: float64 (N,), seconds.
        probabilities: float64 (N, C) in [0, 1], each row adds up to 1.
        views: how many views of each part were averaged.
        padded: how many parts are shorter than what the model takes, so that their last frame was repeated.
    """

    path: str
    classes: tuple[str, ...]
    starts: NDArray[np.float64]
    ends: NDArray[np.float64]
    probabilities: NDArray[np.float64]
    views: int
    padded: int

    def top(self, k: int = 5, part: int = 0) -> list[tuple[str, float]]:
        """The ``k`` likeliest classes of a part (all where there are fewer), the likeliest first."""
        order = np.argsort(-self.probabilities[part], kind="stable")[:k]
        return [(self.classes[label], float(self.probabilities[part, label])) for label in order]

    def table(self) -> pd.DataFrame:
        """A row a part and class: start, end (seconds), rank (from 1), class, probability."""
        import pandas as pd

        rows = [
            (start, end, rank, name, probability)
            for part, (start, end) in enumerate(zip(self.starts, self.ends, strict=True))
            for rank, (name, probability) in enumerate(self.top(len(self.classes), part), start=1)
        ]
        return pd.DataFrame(rows, columns=["start", "end", "rank", "class", "probability"])


def load_predictor(weights: str | os.PathLike[str], device: str = "auto") -> Predictor:
    """The model that ``vmp train`` left in a folder.

    Args:
        weights: the folder, or the file of weights in it.
        device: "auto", "cpu" or "cuda".

    Raises:
        ValueError: no weights, or nothing beside them says what they are; a device that is not there.
    """
    from vmp.checkpoint import load_weights
    from vmp.experiments.device import kind_of
    from vmp.experiments.models import fresh_model
    from vmp.experiments.single import run_of, weights_of

    kind, file = kind_of(device), weights_of(Path(weights))
    run = run_of(file)
    if run is None:
        raise ValueError(f"{file}: expected weights in the folder of their run, with run.json, which is not there")
    classes = classes_of(file.parent, run)
    model = fresh_model(run, len(classes))
    load_weights(model, file)
    return Predictor(model.to(kind).eval(), classes, run)


def classes_of(folder: Path, run: Run) -> tuple[str, ...]:
    """The names of a run's classes: as training wrote them, else those of its data set.

    Raises:
        ValueError: neither is there.
    """
    from vmp.experiments import datasets
    from vmp.experiments.models import clip_input
    from vmp.experiments.single import CLASSES_NAME

    named = folder / CLASSES_NAME
    if named.is_file():
        return tuple(json.loads(named.read_bytes()))
    return tuple(datasets.load(run, run.train_split, clip_input(run)).classes)


def predict_video(
    predictor: Predictor,
    video: str | os.PathLike[str],
    every: float | None = None,
    views: tuple[int, int] | None = None,
    batch_size: int = 8,
) -> VideoPrediction:
    """What the model says of a video.

    Args:
        predictor: of :func:`load_predictor`.
        video: a local file.
        every: seconds from the beginning of one part to that of the next; each part is as long, or as long as what
            the model takes where that is longer, and is seen in one view. None: the whole video.
        views: temporal and spatial, of the whole video; None: those in which the backbone's authors test, averaged as
            they do.
        batch_size: clips at once; it changes no result.

    Raises:
        VideoError: (a ValueError) a file that is no video, or is not whole.
        ValueError: ``every`` not above 0.
    """
    from vmp.data.lost import ClipUnreadable
    from vmp.data.manifest import make_manifest
    from vmp.data.manifest_source import ManifestSource
    from vmp.data.video import VideoError
    from vmp.evaluate import predict
    from vmp.experiments.models import as_tested

    path = os.fspath(video)
    rate, starts, ends, needed = _parts(predictor, path, every)
    rows: dict[str, Any] = {
        "path": [os.path.abspath(path)] * len(starts),
        "clip": [str(part) for part in range(len(starts))],
        "start": starts.astype(np.float64),
        "end": ends.astype(np.float64),
        "unit": ["frame"] * len(starts),
        "class_name": [predictor.classes[0]] * len(starts),  # unknown: nothing here looks at it
        "split": ["test"] * len(starts),
    }
    manifest = make_manifest("video", rows, root=".", classes=predictor.classes)
    chosen = (1, 1) if every is not None else views or predictor.model.spec.test_views
    source = ManifestSource(manifest, "test", test_views=chosen)
    try:
        taken = as_tested(predictor.run, predictor.model)
        found = predict(predictor.model, source, batch_size=batch_size, clip_input=taken)
    except ClipUnreadable as error:
        reason = str(error).splitlines()[1].rpartition(f"{os.path.abspath(path)}: ")[2]
        raise VideoError(path, reason) from error
    return VideoPrediction(
        path, predictor.classes, starts / rate, ends / rate, _shares(found.probabilities()), source.views,
        int((ends - starts < needed).sum()),
    )  # fmt: skip


def _parts(
    predictor: Predictor, path: str, every: float | None
) -> tuple[float, NDArray[np.int64], NDArray[np.int64], int]:
    """Frames a second; the first frame of each part and the one behind its last; frames that a clip needs."""
    from vmp.data.frame_reader import FrameReader
    from vmp.data.manifest import thinning

    if every is not None and not 0 < every < math.inf:
        raise ValueError(f"every: expected seconds above 0, got {every}")
    with FrameReader(path) as reader:
        rate, frames = reader.rate, reader.count()
    taken = predictor.model.clip_input
    needed = taken.length * thinning(rate)
    if every is None:
        return rate, np.array([0]), np.array([frames]), needed
    step = max(1, round(every * rate))
    length = max(step, (taken.length + taken.room) * thinning(rate))
    last = max(frames - length, 0)
    starts = np.arange(0, last + 1, step)
    if starts[-1] < last:  # the end of the video is seen too
        starts = np.append(starts, last)
    return rate, starts, np.minimum(starts + length, frames), needed


def _shares(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows that add up to 1: scores are kept in float32."""
    shares: NDArray[np.float64] = probabilities / probabilities.sum(axis=1, keepdims=True)
    return shares
