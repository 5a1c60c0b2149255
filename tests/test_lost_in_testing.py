"""Test clips that cannot be read are wrong: in the scores, and in the accuracy between epochs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from vmp.data.lost import ClipUnreadable
from vmp.data.pathways import ClipInput, Pathway
from vmp.devices import OneDevice
from vmp.evaluate import metrics, predict
from vmp.recipe import Recipe
from vmp.validation import validation_accuracy

TAKES = ClipInput((Pathway("clip", 2, 1),), 4)


class Told(nn.Module):
    """Says the class that a clip's pixels are."""

    clip_input, prompts = TAKES, nn.ModuleDict()

    def forward(self, clip: Tensor) -> Tensor:
        level = (clip[:, 0, 0, 0, 0] * 0.225 + 0.45) * 255
        return -(torch.arange(3.0) - level[:, None]).abs()


class Labelled:
    """Clip i is all its label; clip 1 cannot be read, and black would be right."""

    name, classes, views, groups = "labelled", ("a", "b", "c"), 2, np.arange(4)
    labels = np.array([1, 0, 2, 1])

    def __init__(self, allow_lost: bool) -> None:
        self.allow_lost = allow_lost

    def __len__(self) -> int:
        return 4

    def clips(self, indices: Sequence[int], clip_input: ClipInput, **options: Any) -> list[Tensor]:
        if 1 in indices:
            raise ClipUnreadable("clip 1", [1])
        return [torch.tensor(self.labels[list(indices)]).byte().view(-1, 1, 1, 1, 1).expand(-1, 2, 4, 4, 3)]

    def describe(self, index: int) -> str:
        return f"clip {index}"


@pytest.mark.parametrize("averages", ["softmax", "logits"])
@pytest.mark.parametrize("batch_size", [1, 3])
def test_they_are_wrong_in_the_scores(averages: Any, batch_size: int) -> None:
    found = predict(Told(), Labelled(True), averages=averages, batch_size=batch_size)
    assert found.correct().tolist() == [True, False, True, True]
    assert not found.correct(2)[1]
    assert metrics(found)["top1"] == 75.0


def test_they_are_wrong_between_epochs() -> None:
    how = Recipe(1, 4)
    assert validation_accuracy(Told(), Labelled(True), how, OneDevice("cpu"), 0, lambda: False) == 75.0


def test_they_are_an_error_where_nobody_allowed_it() -> None:
    with pytest.raises(ClipUnreadable, match="clip 1"):
        predict(Told(), Labelled(False))
