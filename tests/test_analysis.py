from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from torch import Tensor

import vmp
from vmp.analysis import layer_similarity, per_class, per_class_gain
from vmp.predictions import Predictions


def states() -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    first = {
        "patch_embed.proj.weight": torch.tensor([[3.0, 4.0]]),
        "patch_embed.proj.bias": torch.zeros(1),
        "cls_token": torch.tensor([[[1.0, 0.0]]]),
        "blocks.11.attn.proj.weight": torch.tensor([[1.0], [1.0]]),
        "blocks.11.norm.weight": torch.ones(2),
        "blocks.11.norm.running_mean": torch.ones(2),
        "blocks.11.norm.num_batches_tracked": torch.tensor(5),
        "blocks.11.zero.weight": torch.zeros(2, 2),
        "head.weight": torch.ones(400, 2),
        "head.bias": torch.ones(400),
        "prompts.clip.m": torch.ones(1),
    }
    second = {
        "patch_embed.proj.weight": torch.tensor([[4.0, 3.0]]),
        "cls_token": torch.tensor([[[-2.0, 0.0]]]),
        "blocks.11.attn.proj.weight": torch.tensor([[1.0], [0.0]]),
        "blocks.11.zero.weight": torch.ones(2, 2),
        "head.weight": torch.ones(51, 2),
    }
    return first, second


def test_similarity_by_hand() -> None:
    found = layer_similarity(*states())
    assert found.columns.tolist() == ["layer", "block", "cosine"]
    assert found["layer"].tolist() == ["patch_embed.proj", "cls_token", "blocks.11.attn.proj", "blocks.11.zero"]
    assert found["block"].tolist() == ["patch_embed", "cls_token", "blocks.11", "blocks.11"]
    assert found["cosine"].tolist() == pytest.approx([24 / 25, -1.0, math.sqrt(0.5), 0.0])
    first = states()[0]
    assert layer_similarity(first, first)["cosine"].tolist() == [1.0, 1.0, 1.0, 1.0]  # zeros too: nothing differs


def test_similarity_knows_no_scale_and_keeps_digits() -> None:
    weight = torch.randn(64, 64, generator=torch.Generator().manual_seed(0))
    near = weight + 1e-4 * torch.randn(64, 64, generator=torch.Generator().manual_seed(1))
    found = layer_similarity({"a.weight": weight}, {"a.weight": 7 * near})["cosine"][0]
    # 1 - cos is half the squared angle, 5e-9: float32 would round it away
    angle = math.acos(found)
    assert angle == pytest.approx(1e-4, rel=0.05)
    assert layer_similarity({"a.weight": weight.half()}, {"a.weight": weight.half()})["cosine"][0] == 1.0


@pytest.mark.parametrize("name", ["timesformer", "slowfast_4x16", "x3d_xs", "i3d"])
def test_similarity_of_real_backbones_for_different_classes(name: str) -> None:
    models = [
        vmp.build(name, classes, prompts, size="tiny", generator=torch.Generator().manual_seed(seed))
        for classes, prompts, seed in ((15, None, 0), (7, True, 0), (7, None, 1))
    ]
    same, other = (layer_similarity(models[0].state_dict(), model.state_dict()) for model in models[1:])
    backbone = models[0].parts()["backbone"]
    expected = [n.removesuffix(".weight") for n, p in backbone.items() if p.ndim >= 2]
    assert same["layer"].tolist() == expected
    assert len(expected) > 10
    assert same["block"].nunique() > 4
    assert (same["cosine"] == 1).all()  # drawn from the same generator, with the layer or without
    apart = other["cosine"][other["cosine"] < 1]  # TimeSformer begins with some layers at zero
    assert len(apart) > 10
    assert apart.abs().median() < 0.3


def test_what_does_not_match_is_listed() -> None:
    first, second = states()
    with pytest.raises(ValueError, match=r"only in the first: a.weight; only in the second: b.weight"):
        layer_similarity(first | {"a.weight": torch.ones(2, 2)}, second | {"b.weight": torch.ones(2, 2)})
    with pytest.raises(ValueError, match=r"of another shape: cls_token \(1, 1, 2\), \(1, 1, 3\)"):
        layer_similarity(first, second | {"cls_token": torch.ones(1, 1, 3)})
    with pytest.raises(ValueError, match="expected finite numbers in cls_token"):
        layer_similarity(first, second | {"cls_token": torch.full((1, 1, 2), torch.nan)})
    with pytest.raises(ValueError, match="got none with a weight"):
        layer_similarity({"fc.weight": torch.ones(2, 2)}, {"norm.weight": torch.ones(2)})
    left = layer_similarity(first | {"last.1.weight": torch.ones(2, 2)}, second, leave_out=["last.1.weight"])
    assert len(left) == 4


def predictions(label: list[int], first: list[int], classes: int = 3, index: list[int] | None = None) -> Predictions:
    numbers = np.arange(len(label)) if index is None else np.array(index)
    names = tuple("abcdef"[:classes])
    return Predictions(numbers, numbers, np.array(label), np.eye(classes, dtype=np.float32)[first], names, name="set")


def test_classes_by_hand() -> None:
    found = per_class(predictions([0, 0, 0, 0, 2], [0, 0, 1, 0, 1]))
    assert found["class"].tolist() == ["a", "b", "c"]
    assert found["clips"].tolist() == [4, 0, 1]
    np.testing.assert_array_equal(found["accuracy"], [75.0, np.nan, 0.0])


def test_gains_by_hand() -> None:
    before, after = predictions([0, 0, 2], [0, 1, 1]), predictions([0, 0, 2], [0, 0, 2])
    found = per_class_gain(before, after)
    assert found.columns.tolist() == ["class", "clips", "without", "with", "gain"]
    np.testing.assert_array_equal(found["gain"], [50.0, np.nan, 100.0])
    seeds = per_class_gain([before, after], [after, after])
    np.testing.assert_array_equal(seeds["without"], [75.0, np.nan, 50.0])
    np.testing.assert_array_equal(seeds["gain"], [25.0, np.nan, 50.0])
    shuffled = predictions([2, 0, 0], [2, 0, 0], index=[2, 0, 1])
    np.testing.assert_array_equal(per_class_gain(before, shuffled)["gain"], found["gain"])


def test_gains_of_different_clips() -> None:
    one = predictions([0, 0, 2], [0, 1, 1])
    for other in (
        predictions([0, 0], [0, 1]),
        predictions([0, 1, 2], [0, 1, 1]),
        predictions([0, 0, 2], [0, 1, 1], classes=4),
    ):
        with pytest.raises(ValueError, match="expected the same clips, labels and classes, got 3 clips of 'set'"):
            per_class_gain(one, other)
    with pytest.raises(ValueError, match="at least one without and with, got 0 and 1"):
        per_class_gain([], one)
