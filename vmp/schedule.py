"""The learning rate over training, as a pure function of the epoch: nothing to save and nothing to restore."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmp.recipe import Schedule


def learning_rate_factor(schedule: Schedule, epoch: float, epochs: int) -> float:
    r"""What the learning rate is multiplied by, from 0 to 1 in the recipes here.

    .. math:: \tfrac{1}{2} \left(1 + \cos(\pi \, e / E)\right) \text{ (cosine)}, \qquad
              f_i \text{ for } s_i \le e < s_{i+1} \text{ (step)}, \qquad 1 \text{ (constant)}

    Before ``warmup_epochs`` it rises in a straight line from ``warmup_start`` to the value it has there, as in the
    recipes of SlowFast and X3D.

    Args:
        schedule: of a recipe.
        epoch: e, how many epochs are done, with the fraction of the one under way.
        epochs: E, how many there are.
    """
    if epoch < schedule.warmup_epochs:
        reached = _without_warmup(schedule, schedule.warmup_epochs, epochs)
        return schedule.warmup_start + (reached - schedule.warmup_start) * epoch / schedule.warmup_epochs
    return _without_warmup(schedule, epoch, epochs)


def _without_warmup(schedule: Schedule, epoch: float, epochs: int) -> float:
    if schedule.kind == "cosine":
        return 0.5 * (1 + math.cos(math.pi * min(epoch / epochs, 1)))
    if schedule.kind == "step":
        return [factor for start, factor in zip(schedule.steps, schedule.factors, strict=True) if start <= epoch][-1]
    return 1.0
