"""Testing: what a model says of every clip in every view, and the usual numbers from that.

What is averaged over the views of a clip is as each backbone's own test code has it, ``model.spec.averages``:

- "softmax" for SlowFast, C2D, I3D and X3D. PySlowFast's heads apply softmax when they do not train, and its test meter
  sums what they give (facebookresearch/SlowFast: slowfast/models/head_helper.py, slowfast/utils/meters.py). Of a crop
  larger than the one in training its heads also average softmax over the places in it; the models here, which give
  logits always, average logits there.
- "logits" for TimeSformer. A docstring of its test code says softmax scores; but its model ends in a linear layer and
  the meter sums that (facebookresearch/TimeSformer: timesformer/models/vit.py, tools/test_net.py,
  timesformer/utils/meters.py).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from vmp.batches import Part, loaded
from vmp.data.lost import ForTesting, wrong_scores
from vmp.data.pathways import ClipInput
from vmp.data.source import ClipSource, normalised
from vmp.predictions import Averages, Predictions, check_averages

if TYPE_CHECKING:
    from vmp.devices import Devices

#: (views of clips that this process has tested, all that it has to test)
Progress = Callable[[int, int], None]


def predict(
    model: nn.Module,
    data: ClipSource,
    *,
    fabric: Devices | None = None,
    batch_size: int = 64,
    averages: Averages | None = None,
    workers: int = 0,
    progress: Progress | None = None,
    clip_input: ClipInput | None = None,
) -> Predictions:
    """Scores of every clip, averaged over its views.

    The model is tested in evaluation mode, and left in the mode it was in; it computes in the precision that is active
    (``torch.autocast`` around the call). Torch's global generators stay as they are. With several processes each tests
    its share, the last ones one clip less where it does not come out even, and all get all the scores.

    Args:
        model: of ``vmp.build``; or any that takes what ``clip_input`` says, (B, 3, T, H, W) or a list of them, and
            gives logits (B, C) or an output that has them as ``logits``.
        data: the clips, with as many classes as the model.
        fabric: the devices that training took, or a launched Lightning Fabric; the model moves there. None: the device
            that the model is on, in this process alone.
        batch_size: clips at once.
        averages: "softmax" or "logits"; None: ``model.spec.averages``, or "softmax" where the model says nothing.
        workers: processes that load clips ahead; 0 loads in between.
        progress: called after each batch.
        clip_input: None: the model's own; another crop for models that are tested larger than trained.

    Raises:
        ValueError: no clips, no clip_input, another number of classes; scores that are not finite, with their clips.
    """
    model = _bare(model)
    kind = check_averages(averages or getattr(getattr(model, "spec", None), "averages", "softmax"))
    clip_input = clip_input or getattr(model, "clip_input", None)
    if clip_input is None:
        raise ValueError("clip_input: expected what the model takes of a video, since the model does not say it")
    if batch_size < 1 or len(data) < 1:
        raise ValueError(f"expected at least 1 clip, and 1 at once, got {len(data)} and batch_size={batch_size}")
    if fabric is not None:
        model.to(fabric.device)
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    rank, processes = (0, 1) if fabric is None else (fabric.global_rank, fabric.world_size)
    own = np.arange(rank, len(data), processes)
    parts = _parts(own, len(data), data.views, batch_size)
    given = loaded(_Views(ForTesting(data)), clip_input, parts, 0, workers, pin=device.type == "cuda")
    sums, done = np.zeros((len(own), len(data.classes))), 0
    lost = np.zeros(len(own), dtype=bool)
    with _evaluation(model, device):
        for part, (*clips, there) in given:
            places = np.asarray(part.clips) % len(data) // processes  # own is every n-th clip
            with torch.inference_mode():  # not while loading: a source may keep what it loads for training
                inputs = normalised([clip.to(device, non_blocking=True) for clip in clips], clip_input)
                sums[places] += _scored(model, inputs, data, kind)
            lost[places] |= ~there.numpy()
            done += len(part.clips)
            if progress is not None:
                progress(done, len(own) * data.views)
    scores = sums / data.views
    scores[lost] = wrong_scores(data.labels[own[lost]], len(data.classes), kind)  # never read: wrong, and not left out
    index, scores = (own, scores) if processes == 1 else _gathered(fabric, own, scores)
    _check_finite(data, index, scores)
    return Predictions(
        index, data.groups[index], data.labels[index], scores.astype(np.float32), data.classes, data.name, kind
    )


def metrics(predictions: Predictions) -> dict[str, float]:
    """top1, top5, mean_class and mean_ap in percent, of the clips, or of the groups for ``predictions.by_group()``.

    - top5: with five classes or fewer it is 100. Of equal scores the lower label comes first.
    - mean_class: the mean over classes of the share of their clips that are right.
    - mean_ap: the mean over classes of the average precision, clips ranked by the class's probability; of logits their
      softmax, for a model's logits of two clips can be compared only up to a constant of each.

    Both means leave out ``predictions.missing_classes``, which no clip shows.
    """
    from torchmetrics.functional.classification import binary_average_precision, multiclass_stat_scores

    label, classes = torch.from_numpy(predictions.label.copy()), len(predictions.classes)
    ranks, probabilities = torch.from_numpy(_ranks(predictions)), torch.from_numpy(predictions.probabilities())
    present = label.unique()

    def right(k: int) -> Tensor:
        """How many clips of each class; counts, for torchmetrics' shares are rounded to float32."""
        return multiclass_stat_scores(ranks, label, num_classes=classes, top_k=k, average="none")[:, 0].double()

    precisions = [binary_average_precision(probabilities[:, one], (label == one).long()) for one in present.tolist()]
    found = {
        "top1": right(1).sum() / len(label),
        "top5": right(min(5, classes)).sum() / len(label),
        "mean_class": (right(1) / label.bincount(minlength=classes))[present].mean(),
        "mean_ap": torch.stack(precisions).mean(),
    }
    return {name: 100 * float(value) for name, value in found.items()}


def confusion(predictions: Predictions) -> NDArray[np.int64]:
    """int64 (C, C): how many clips of the class of the row were taken for the class of the column."""
    from torchmetrics.functional.classification import multiclass_confusion_matrix

    first, label = (torch.from_numpy(values.copy()) for values in (predictions.top(1)[:, 0], predictions.label))
    matrix = multiclass_confusion_matrix(first, label, num_classes=len(predictions.classes))
    return matrix.numpy().astype(np.int64)


# --- one process ---


class _Views:
    """The clips of a data set in each of their views, numbered view by view: view v of clip i is v N + i."""

    def __init__(self, data: ClipSource) -> None:
        self.data = data
        self.name, self.classes, self.labels, self.groups, self.views = (
            data.name,
            data.classes,
            data.labels,
            data.groups,
            data.views,
        )

    def __len__(self) -> int:
        return len(self.data) * self.views

    def clips(
        self, indices: Sequence[int], clip_input: ClipInput, *, epoch: int | None = None, seed: int = 0, view: int = 0
    ) -> list[Tensor]:
        views, clips = np.divmod(np.asarray(indices), len(self.data))
        return self.data.clips(clips.tolist(), clip_input, view=int(views[0]))  # a batch is of one view

    def describe(self, index: int) -> str:
        return self.data.describe(index % len(self.data))


def _parts(own: NDArray[np.int64], clips: int, views: int, batch_size: int) -> list[Part]:
    """What a loader is told to load: batches of one view each, all views of a batch one after the other."""
    parts = []
    for begin in range(0, len(own), batch_size):
        for view in range(views):
            numbers = tuple((own[begin : begin + batch_size] + view * clips).tolist())
            parts.append(Part(0, 0, 0, True, numbers, (), 1.0, 1.0, numbers))  # epoch 0 asks for no draw
    return parts


def _scored(model: nn.Module, inputs: Sequence[Tensor], data: ClipSource, averages: Averages) -> NDArray[np.float64]:
    """float64 (B, C): what is averaged over views; not a number where logits are not finite."""
    output = model(inputs[0] if len(inputs) == 1 else inputs)
    logits = getattr(output, "logits", output).float()
    expected = (len(inputs[0]), len(data.classes))
    if logits.shape != expected:
        raise ValueError(
            f"model: expected logits of shape {expected}, one a class of {data.name}, got {tuple(logits.shape)}. Build "
            f"the model with num_classes={expected[1]}"
        )
    finite = torch.isfinite(logits).all(dim=1, keepdim=True)
    scores: Tensor = logits.softmax(dim=1) if averages == "softmax" else logits
    return scores.where(finite, torch.nan).cpu().double().numpy()


@contextmanager
def _evaluation(model: nn.Module, device: torch.device) -> Iterator[None]:
    """Evaluation mode; afterwards each module's mode and the generators are as they were."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        model.eval()
        with torch.random.fork_rng([device] if device.type == "cuda" else []):
            yield
    finally:
        for module, training in modes:
            module.training = training


def _bare(model: nn.Module) -> nn.Module:
    """The model without what Fabric and DistributedDataParallel wrap around it: those wait for the other processes."""
    while type(model).__module__.startswith(("lightning", "torch.nn.parallel")):
        model = model.module  # type: ignore[assignment]
    return model


# --- several processes ---


def _gathered(
    fabric: Any, own: NDArray[np.int64], scores: NDArray[np.float64]
) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The clips and scores of all processes, clips in order; shares are filled up to one length on the way."""
    count = torch.tensor([len(own)], device=fabric.device)
    longest = int(fabric.all_gather(count).max())
    room = torch.full((longest, 1 + scores.shape[1]), -1.0, dtype=torch.float64)
    room[: len(own)] = torch.from_numpy(np.column_stack((own, scores)))
    rows = fabric.all_gather(room.to(fabric.device)).reshape(-1, room.shape[1]).cpu().numpy()
    rows = rows[rows[:, 0] >= 0]
    rows = rows[np.argsort(rows[:, 0])]
    return rows[:, 0].astype(np.int64), rows[:, 1:]


def _check_finite(data: ClipSource, index: NDArray[np.int64], scores: NDArray[np.float64]) -> None:
    bad = index[~np.isfinite(scores).all(axis=1)].tolist()
    if bad:
        more = f"\n  and {len(bad) - 5} more" if len(bad) > 5 else ""
        raise ValueError(
            f"scores: expected finite numbers, got others for {len(bad)} of {len(index)} clips of {data.name}:\n"
            + "\n".join(f"  {data.describe(clip)}" for clip in bad[:5])
            + f"{more}\nLook at the model's weights; or test without autocast"
        )


def _ranks(predictions: Predictions) -> NDArray[np.float32]:
    """(N, C): C for the first label of :meth:`Predictions.top`, 1 for the last; no two the same, so none are tied."""
    order = predictions.top(len(predictions.classes))
    ranks = np.empty(order.shape, dtype=np.float32)
    np.put_along_axis(ranks, order, np.arange(order.shape[1], 0, -1, dtype=np.float32)[None], axis=1)
    return ranks
