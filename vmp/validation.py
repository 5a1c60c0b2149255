"""Accuracy on the validation clips, between epochs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import numpy as np
import torch

from vmp.batches import Part, loaded, share, steps_of_epoch
from vmp.data.lost import ForTesting
from vmp.data.source import ClipSource, normalised
from vmp.devices import Devices
from vmp.recipe import Recipe


def validation_accuracy(
    model: Any, data: ClipSource, recipe: Recipe, devices: Devices, workers: int, stop: Callable[[], bool]
) -> float | None:
    """Percent of the clips, each in its first view, whose label comes first; None where a process was asked to stop.

    The model, which is in evaluation mode, is called as it is and not as Fabric wraps it, so that processes may have
    different numbers of clips.
    """
    device = devices.device
    labels = torch.as_tensor(data.labels, dtype=torch.int64)
    sums = torch.zeros(3, dtype=torch.float64, device=device)  # correct, clips, asked to stop
    parts = _parts(len(data), recipe.batch_size, devices.global_rank, devices.world_size)
    with torch.no_grad(), torch.autocast(device.type, torch.bfloat16, enabled=recipe.precision == "bf16-mixed"):
        given = loaded(ForTesting(data), model.clip_input, parts, 0, workers, pin=device.type == "cuda")
        for part, (*clips, there) in given:
            if stop():
                sums[2] += 1
                break
            inputs = normalised([clip.to(device, non_blocking=True) for clip in clips], model.clip_input)
            logits = model(inputs[0] if len(inputs) == 1 else inputs)
            right = logits.argmax(1) == labels[list(part.clips)].to(device)
            sums[0] += (right & there.to(device)).sum()  # a clip that cannot be read is wrong
            sums[1] += len(part.clips)
    correct, count, stopped = cast(torch.Tensor, devices.all_reduce(sums, reduce_op="sum")).tolist()
    return None if stopped else 100 * correct / count


def _parts(clips: int, batch_size: int, rank: int, processes: int) -> list[Part]:
    parts = []
    for step in range(steps_of_epoch(clips, batch_size)):
        batch = np.arange(step * batch_size, min((step + 1) * batch_size, clips))
        for own, weight in share(batch.tolist(), 1, rank, processes):
            if weight:
                parts.append(Part(0, step, 0, True, own, (), 1.0, weight, tuple(batch.tolist())))
    return parts
