"""The backbones under torch.compile and torch.export."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

import vmp
from vmp.backbones import VideoModel

pytestmark = [
    # Said by torch itself on a machine without a GPU, or about its own internals.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore::UserWarning"),
]

FAMILIES = ("slowfast_4x16", "i3d", "x3d_xs", "timesformer")


def moved(name: str) -> VideoModel:
    """With every parameter moved away from 0, which would hide what comes before."""
    generator = torch.Generator().manual_seed(0)
    model = vmp.build(name, 5, size="tiny", prompts=True, generator=generator)
    with torch.no_grad():
        for parameter in model.backbone.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator), alpha=0.05)
    return model


def clips_for(model: VideoModel) -> list[Tensor]:
    generator = torch.Generator().manual_seed(1)
    shapes = [(2, 3, pathway.frames + 1, 64, 64) for pathway in model.clip_input.pathways]
    return [torch.randn(shape, generator=generator) for shape in shapes]


def step(model: torch.nn.Module, clips: list[Tensor]) -> tuple[Tensor, Tensor]:
    logits, variation = model(clips, return_variation=True)
    (logits.square().mean() + variation).backward()
    return logits.detach(), variation.detach()


# the whole graph and its gradient; to machine code only once, below, since that takes a compiler half a minute
@pytest.mark.parametrize("name", ["slowfast_4x16", "x3d_xs", "timesformer"])
def test_compile_fullgraph_forward_and_backward(name: str) -> None:
    torch._dynamo.reset()
    model, same = moved(name), moved(name)
    clips = clips_for(model)
    compiled = torch.compile(same, fullgraph=True, backend="aot_eager")
    for came, expected in zip(step(compiled, clips), step(model, clips), strict=True):
        torch.testing.assert_close(came, expected, rtol=1e-4, atol=1e-4)
    gradients = {key: parameter.grad for key, parameter in model.named_parameters()}
    for key, parameter in same.named_parameters():
        scale = gradients[key].abs().max().item()  # sums over all places, in another order
        torch.testing.assert_close(parameter.grad, gradients[key], rtol=1e-3, atol=1e-3 * scale + 1e-6)


def test_compile_to_machine_code() -> None:
    torch._dynamo.reset()
    model = moved("c2d").eval()
    clips = clips_for(model)
    with torch.no_grad():
        torch.testing.assert_close(torch.compile(model, fullgraph=True)(clips), model(clips), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize("name", FAMILIES)
def test_export(name: str) -> None:
    model = moved(name).eval()
    clips = clips_for(model)
    exported = torch.export.export(model, (clips,))
    torch.testing.assert_close(exported.module()(clips), model(clips), rtol=1e-4, atol=1e-5)
