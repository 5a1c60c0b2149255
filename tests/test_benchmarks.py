"""The yardstick of the layer's benchmark gives the layer's numbers: what is timed is the same work."""

from __future__ import annotations

import runpy
from pathlib import Path

import pytest
import torch
from tolerances import GRADIENT_TOLERANCE, assert_close

import vmp

REFERENCE = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "reference.py"))["ReferencePrompt"]


@pytest.mark.parametrize(("m", "n"), [(0.5, -0.3), (-1.2, 0.8)])
def test_the_reference_gives_the_published_numbers(m: float, n: float) -> None:
    generator = torch.Generator().manual_seed(0)
    clip = torch.randn(2, 3, 5, 8, 9, generator=generator)
    to_prompts = torch.randn(2, 3, 4, 8, 9, generator=generator)
    reference, layer = REFERENCE(m, n), vmp.MotionPrompt.published()._start_at(m, n)
    found = []
    for module in (reference, layer):
        prompts, variation = module(clip)
        torch.autograd.backward([prompts, variation], [to_prompts, torch.tensor(2.5)])
        found.append((prompts.detach(), variation.detach(), module.m.grad, module.n.grad))
    (prompts, variation, *gradients), (came_prompts, came_variation, *came_gradients) = found
    assert_close(came_prompts, prompts)
    assert_close(came_variation, variation)
    for came, expected in zip(came_gradients, gradients, strict=True):
        torch.testing.assert_close(came, expected, rtol=GRADIENT_TOLERANCE[0], atol=GRADIENT_TOLERANCE[1])
    assert gradients[0].abs().item() > 1e-2  # there is something to agree on
