r"""The loss of Eq. 7: the cross-entropy plus lambda times the attention variation."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import torch
import torch.nn.functional as F
from torch import Tensor

from vmp.recipe import Recipe


class Outcome(NamedTuple):
    """What a part of a batch gives.

    Attributes:
        loss: of Eq. 7, a scalar with its graph.
        cross_entropy: its first term, a mean over the clips.
        correct: how many clips have their label first, int64.
    """

    loss: Tensor
    cross_entropy: Tensor
    correct: Tensor


def prompted_loss(
    model: Any,
    inputs: Sequence[Tensor],
    labels: Tensor,
    recipe: Recipe,
    partners: Tensor | None = None,
    kept: float = 1.0,
) -> Outcome:
    r"""Eq. 7 of a batch.

    .. math:: \ell(Y, y) + \lambda V

    The cross-entropy is computed in float32. With mixup it is the mean of that against the clips' own labels and that
    against their partners', weighted with what is kept of each; correct is then whoever has the larger share.

    Args:
        model: gives (logits, variation) for ``return_variation=True``.
        inputs: float32 (B, 3, T, H, W), one a pathway, already mixed.
        labels: int64 (B,).
        recipe: label smoothing, lambda and precision.
        partners: int64 (B,), the labels of what was mixed in.
        kept: the clips' own share.
    """
    with torch.autocast(labels.device.type, torch.bfloat16, enabled=recipe.precision == "bf16-mixed"):
        logits, variation = model(inputs[0] if len(inputs) == 1 else list(inputs), return_variation=True)
    logits = logits.float()
    cross_entropy = F.cross_entropy(logits, labels, label_smoothing=recipe.label_smoothing)
    if partners is not None:
        other = F.cross_entropy(logits, partners, label_smoothing=recipe.label_smoothing)
        cross_entropy = kept * cross_entropy + (1 - kept) * other
        labels = labels if kept >= 0.5 else partners
    loss = cross_entropy + recipe.lambda_ * variation if recipe.lambda_ else cross_entropy
    return Outcome(loss, cross_entropy.detach(), (logits.detach().argmax(1) == labels).sum())


def mix(inputs: Sequence[Tensor], kept: float) -> list[Tensor]:
    """(B, ...) from (2B, ...): the first half, with the second half mixed in."""
    return [torch.lerp(second, first, kept) for first, second in (each.chunk(2) for each in inputs)]
