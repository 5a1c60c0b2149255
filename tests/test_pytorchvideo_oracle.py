"""The CNNs against PyTorchVideo's, with the same state dict; PyTorchVideo is a dependency of development only."""

from __future__ import annotations

import importlib
import warnings
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from vmp.backbones import BACKBONES, VideoModel
from vmp.backbones.builder import make_backbone

CNNS = tuple(name for name in BACKBONES if name != "timesformer")


@pytest.fixture(scope="module")
def oracles() -> dict[str, Callable[[], nn.Module]]:
    """PyTorchVideo's models, as its hub makes those that have weights."""
    pytest.importorskip("pytorchvideo")
    with warnings.catch_warnings():  # it is of 2022
        warnings.simplefilter("ignore")
        hub = importlib.import_module("pytorchvideo.models.hub")
        create_slowfast = importlib.import_module("pytorchvideo.models.slowfast").create_slowfast
    of_hub = {"slowfast_8x8": hub.slowfast_r50, "c2d": hub.c2d_r50, "i3d": hub.i3d_r50}
    made: dict[str, Callable[[], nn.Module]] = of_hub | {
        f"x3d_{s}": getattr(hub, f"x3d_{s}") for s in ("xs", "s", "m", "l")
    }
    made["slowfast_4x16"] = lambda: create_slowfast(
        slowfast_fusion_conv_kernel_size=(5, 1, 1),
        slowfast_fusion_conv_stride=(8, 1, 1),
        head_pool_kernel_sizes=((4, 7, 7), (32, 7, 7)),
    )
    return made


def both(name: str, oracles: dict[str, Callable[[], nn.Module]], dropout: float = 0.5) -> tuple[nn.Module, VideoModel]:
    """PyTorchVideo's model and ours in evaluation, with one random state; X3D's without its softmax: ours has none."""
    spec = BACKBONES[name]
    with torch.device("meta"):
        oracle: Any = oracles[name]()
    oracle.blocks[-1].activation, oracle.blocks[-1].dropout.p = None, dropout
    model = VideoModel(
        make_backbone(spec, 400, "paper", spec.clip_input(), dropout), {}, spec.clip_input(), spec, "paper"
    )
    state = random_state(oracle)
    oracle.load_state_dict(state, assign=True)
    model.backbone.load_state_dict({key: value.clone() for key, value in state.items()}, assign=True)
    return oracle.eval(), model.eval()


def random_state(model: nn.Module) -> dict[str, Tensor]:
    """A state in which every tensor counts, with normalisations that keep the values in bounds."""
    generator = torch.Generator().manual_seed(1)
    state = {}
    for name, value in model.state_dict().items():
        if value.ndim > 1:
            state[name] = torch.randn(value.shape, generator=generator) * (2 / value[0].numel()) ** 0.5
        elif value.is_floating_point():
            state[name] = 0.5 + torch.rand(value.shape, generator=generator) / 2
        else:
            state[name] = torch.zeros_like(value, device="cpu")
    return state


def clips_of(name: str, side: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(2)
    return [torch.randn((1, 3, p.frames, side, side), generator=generator) for p in BACKBONES[name].pathways]


def assert_equal_to(oracle: nn.Module, model: VideoModel, clips: list[Tensor]) -> None:
    with torch.no_grad():
        came = model(clips)
        expected = oracle(list(clips) if len(clips) > 1 else clips[0])  # it alters the list it is given
    assert expected.std() > 1e-3 * expected.abs().max()  # not all classes alike
    assert (came - expected).abs().max() <= 1e-5 * expected.abs().max()


@pytest.mark.parametrize("name", CNNS)
def test_names_and_shapes_are_the_published(name: str, oracles: dict[str, Callable[[], nn.Module]]) -> None:
    with torch.device("meta"):
        expected = {key: value.shape for key, value in oracles[name]().state_dict().items()}
    spec = BACKBONES[name]
    backbone = make_backbone(spec, 400, "paper", spec.clip_input())
    assert {key: value.shape for key, value in backbone.state_dict().items()} == expected


# at the crop of training, at which each head's average spans the whole map
@pytest.mark.parametrize("name", CNNS)
def test_equal_at_the_training_crop(name: str, oracles: dict[str, Callable[[], nn.Module]]) -> None:
    assert_equal_to(*both(name, oracles), clips_of(name, BACKBONES[name].crop))


# at the crop of testing, at which it spans four windows
@pytest.mark.parametrize("name", ["c2d", "x3d_xs"])
def test_equal_at_the_test_crop(name: str, oracles: dict[str, Callable[[], nn.Module]]) -> None:
    assert_equal_to(*both(name, oracles), clips_of(name, BACKBONES[name].test_crop))


@pytest.mark.parametrize("name", ["c2d", "x3d_xs"])
def test_equal_in_training(name: str, oracles: dict[str, Callable[[], nn.Module]]) -> None:
    oracle, model = both(name, oracles, dropout=0.0)
    assert_equal_to(oracle.train(), model.train(), clips_of(name, BACKBONES[name].crop))
    for (key, came), expected in zip(model.backbone.named_buffers(), oracle.buffers(), strict=True):
        torch.testing.assert_close(came, expected, rtol=1e-4, atol=1e-4, msg=key)
