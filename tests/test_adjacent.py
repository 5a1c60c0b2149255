"""Adjacent differences: the layer by hand and against the sampled one, the frames, the models and the runs."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
import torch
from tolerances import GRADIENT_TOLERANCE, assert_close
from torch import Tensor

import vmp
from vmp.adjacent import AdjacentPrompt
from vmp.data.degraded import Degraded, shared_frames
from vmp.data.libras import RenderedClips, load
from vmp.data.pathways import ClipInput, Pathway, pathway_windows
from vmp.data.rendered_timing import Timing, TimingWithBefore
from vmp.experiments.models import clip_input, fresh_model
from vmp.experiments.run import Run
from vmp.recipe import Recipe

OPTIONS: list[dict[str, Any]] = [
    {},
    {"channel_order": "BGR"},
    {"difference": "absolute"},
    {"product": "pixels"},
    {"pixel_reduction": "sum"},
    {"mean": None, "std": None},
]


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def clip_of(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=seeded(), dtype=torch.float64).to(dtype)


def in_pairs(clip: Tensor, time: int = 2) -> Tensor:
    """Frames 0, 1, 2, 3, ... -> 0, 1, 1, 2, 2, 3, ...: what a stride of 1 gives."""
    frames = [frame for place in range(1, clip.shape[time]) for frame in (place - 1, place)]
    return clip.index_select(time, torch.tensor(frames))


# --- the layer ---


def test_the_layer_by_hand() -> None:
    # Pairs (0.2, 0.6) and (0.6, 0.6) of grey: differences 0.4 and 0; what lies between the pairs, 0, is not looked at.
    # With a = 10, b = 0.2: f = s(2) = 0.880797 and s(-2) = 0.119203.
    levels = torch.tensor([0.2, 0.6, 0.5, 0.5], dtype=torch.float64)
    clip = levels.view(1, 1, -1, 1, 1).expand(1, 3, -1, 2, 2)
    layer = AdjacentPrompt.from_slope_shift(10, 0.2, mean=None, std=None).double()
    prompts, variation = layer(clip)
    assert prompts.shape == (1, 3, 2, 2, 2)
    assert_close(prompts[0, :, 0], torch.full((3, 2, 2), 0.6 * 0.8807970779778823, dtype=torch.float64), torch.float32)
    assert_close(prompts[0, :, 1], torch.full((3, 2, 2), 0.5 * 0.11920292202211755, dtype=torch.float64), torch.float32)
    assert variation.item() == pytest.approx((0.8807970779778823 - 0.11920292202211755) ** 2, rel=1e-5)
    assert layer.attention(clip).shape == (1, 1, 2, 2, 2)


def test_the_layer_against_torch_alone() -> None:
    layer, clip = AdjacentPrompt.from_slope_shift(12, 0.05), clip_of(2, 3, 6, 4, 5)
    pixels = clip.double() * 0.225 + 0.45
    grey = 0.299 * pixels[:, 0] + 0.587 * pixels[:, 1] + 0.114 * pixels[:, 2]
    maps = [1 / (1 + torch.exp(-12 * (grey[:, place] - grey[:, place - 1] - 0.05))) for place in (1, 3, 5)]
    expected = torch.stack([maps[t].unsqueeze(1) * clip[:, :, 2 * t + 1].double() for t in range(3)], dim=2)
    prompts, variation = layer(clip)
    assert_close(prompts, expected.float())
    steps = [(maps[t + 1] - maps[t]).square().mean().item() for t in range(2)]
    assert variation.item() == pytest.approx(sum(steps) / 2, rel=1e-5)


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("layout", ["BCTHW", "BTCHW"])
def test_at_a_stride_of_1_it_is_the_sampled_layer(options: dict[str, Any], layout: str) -> None:
    sampled = vmp.MotionPrompt.from_slope_shift(15, 0.1, layout=layout, **options)
    adjacent = AdjacentPrompt.from_slope_shift(15, 0.1, layout=layout, **options)
    clip = clip_of(2, 3, 5, 4, 4) if layout == "BCTHW" else clip_of(2, 5, 3, 4, 4)
    pairs = in_pairs(clip, layout.index("T"))
    weights = clip_of(*sampled(clip)[0].shape)
    gradients = []
    for layer, given in ((sampled, clip), (adjacent, pairs)):
        prompts, variation = layer(given)
        ((prompts * weights).sum() + 3 * variation).backward()
        gradients.append(torch.cat((layer.m.grad, layer.n.grad)))  # type: ignore[arg-type]
    for came, expected in zip(adjacent(pairs), sampled(clip), strict=True):
        assert_close(came, expected)
    relative, absolute = GRADIENT_TOLERANCE
    torch.testing.assert_close(gradients[1], gradients[0], rtol=relative, atol=absolute)
    assert gradients[0].all()
    assert_close(adjacent.attention(pairs), sampled.attention(clip))


def test_gradients_are_those_of_finite_differences() -> None:
    layer, clip = AdjacentPrompt.from_slope_shift(14, 0.1).double(), clip_of(1, 3, 4, 2, 3, dtype=torch.float64)

    def outputs(m: Tensor, n: Tensor) -> Any:
        return torch.func.functional_call(layer, {"m": m, "n": n}, (clip,))

    assert torch.autograd.gradcheck(outputs, (layer.m, layer.n))


def test_a_batch_is_its_clips_and_halves_compute_in_float32() -> None:
    layer, clip = AdjacentPrompt.from_slope_shift(14, 0.1), clip_of(3, 3, 4, 4, 4)
    one_by_one = torch.cat([layer(clip[place : place + 1])[0] for place in range(3)])
    assert_close(layer(clip)[0], one_by_one)
    prompts, variation = layer(clip.bfloat16())
    assert (prompts.dtype, variation.dtype) == (torch.bfloat16, torch.float32)
    assert_close(prompts.float(), layer(clip.bfloat16().float())[0], torch.bfloat16)
    assert layer(clip[:, :, :2])[1].item() == 0.0


def test_what_the_layer_refuses() -> None:
    layer = AdjacentPrompt()
    with pytest.raises(ValueError, match=r"expected an even number of frames, each after .*; got 5: \(1, 3, 5, 4, 4\)"):
        layer(clip_of(1, 3, 5, 4, 4))
    with pytest.raises(ValueError, match="clip: expected 5 dimensions"):
        layer(clip_of(3, 4, 4, 4))
    with pytest.raises(ValueError, match=r"stream: expected a layer of sampled differences, vmp\.MotionPrompt"):
        layer.stream()


# --- the frames ---


def one(frames: int, stride: int, crop: int = 64) -> ClipInput:
    return ClipInput((Pathway("clip", frames, stride, adjacent=True),), crop)


def windows(video: int, taken: ClipInput, start: int, short: Any = "error") -> tuple[list[int], int, int]:
    found = pathway_windows(video, taken, start, short)
    return found.indices[0].tolist(), found.shifted, found.repeated


def test_each_frame_comes_after_the_one_just_before_it() -> None:
    assert windows(100, one(3, 10), 25) == ([24, 25, 34, 35, 44, 45], 0, 0)
    assert windows(31, one(3, 10), 4) == ([9, 10, 19, 20, 29, 30], 6, 0)  # moved as without a layer
    assert windows(30, one(3, 10), 4) == ([3, 4, 13, 14, 23, 24], 0, 0)  # 3 lies in the video, a stride before does not
    assert windows(30, one(3, 10), 0) == ([0, 0, 9, 10, 19, 20], 0, 1)
    # frames 10 and 20 are not there, 19 neither; 9 is
    assert windows(10, one(3, 10), 0, "repeat_last") == ([0, 0, 9, 9, 9, 9], 0, 1 + 1 + 2)
    assert (one(3, 10).pathways[0].given, one(3, 10).room, one(3, 10).length) == (6, 10, 21)


def test_at_a_stride_of_1_they_are_those_with_the_extra_one() -> None:
    sampled = ClipInput((Pathway("clip", 4, 1, extra=True),), 64)
    for video, start in ((4, 0), (5, 0), (9, 3)):  # the first has no room for the extra one
        extra = pathway_windows(video, sampled, start).indices[0].tolist()
        found, _, _ = windows(video, one(4, 1), start)
        assert found == [each for pair in pairwise(extra) for each in pair]


def test_a_pathway_says_what_it_takes_as_checkpoints_wrote_it() -> None:
    assert repr(Pathway("clip", 8, 2)) == "Pathway(name='clip', frames=8, stride=2, extra=False)"
    assert repr(Pathway("clip", 8, 2, adjacent=True)).endswith("extra=False, adjacent=True)")
    with pytest.raises(ValueError, match="adjacent: expected a pathway without an extra frame"):
        Pathway("clip", 8, 2, extra=True, adjacent=True)


def few(**options: Any) -> RenderedClips:
    return load("libras-moving", "train", limit=2, renderings=1, cache=False, **options)


def test_rendered_clips_have_them() -> None:
    clips = few()
    whole = torch.from_numpy(np.array(clips._shelves[0].pixels))  # 24 frames, the movement from the ninth on
    taken = [frame for place in range(8, 24, 2) for frame in (place - 1, place)]
    assert torch.equal(clips.clips([0, 1], one(8, 2))[0], whole[:, taken])


def test_of_a_longer_clip_only_what_is_taken_is_drawn() -> None:
    large = one(3, 16, crop=32)
    clips = few(size=32, clip_input=large)
    assert clips.timing == TimingWithBefore(16, 33, 16)
    assert clips.timing.drawn.tolist() == [0, 15, 16, 31, 32, 47, 48]
    found = clips.clips([1], large)[0][0]
    drawn = torch.from_numpy(np.array(clips._shelves[0].pixels))
    assert torch.equal(found, drawn[1, 1:])
    every = few(size=32, clip_input=ClipInput((Pathway("a", 33, 1), Pathway("b", 2, 16)), 32))
    assert every.timing == Timing(16, 33, 1)
    np.testing.assert_array_equal(clips.camera(1), every.camera(1)[clips.timing.drawn])  # the same moments
    without = few(size=32, clip_input=ClipInput((Pathway("clip", 3, 16),), 32))
    assert without.timing == Timing(16, 33, 16)
    with pytest.raises(ValueError, match=r"strides \[16\], each with the one before\. Load with clip_input="):
        without.clips([1], large)


def test_degraded_clips_have_them() -> None:
    takes = ClipInput((Pathway("slow", 2, 4, adjacent=True), Pathway("fast", 5, 1, adjacent=True)), 64)
    order, places = shared_frames(takes.pathways)
    # times -1, 0, 1, 2, 3, 4: slow takes (-1, 0), (3, 4), fast all of them
    assert order == [(0, 0), (0, 1), (1, 3), (1, 5), (0, 2), (0, 3)]
    assert [each.tolist() for each in places] == [[0, 1, 4, 5], [0, 1, 1, 2, 2, 3, 3, 4, 4, 5]]
    slow, fast = Degraded(few(), "salt-and-pepper", "strong").clips([0, 1], takes)
    assert torch.equal(slow, fast[:, [0, 1, 8, 9]])
    assert torch.equal(fast[:, 1:-1:2], fast[:, 2::2])  # a frame that is shown twice is degraded once
    assert (slow != few().clips([0, 1], takes)[0]).any()


# --- the models ---


def tiny(name: str = "c2d", **options: Any) -> vmp.backbones.VideoModel:
    return vmp.build(name, 5, size="tiny", generator=seeded(), **options)


def test_a_model_puts_the_layer_in_front() -> None:
    model = tiny(prompts=True, adjacent=True, channel_order="BGR").eval()
    assert model.clip_input.pathways == (Pathway("clip", 8, 2, adjacent=True),)
    layer, clip = model.prompts["clip"], clip_of(1, 3, 16, 64, 64)
    assert isinstance(layer, AdjacentPrompt)
    assert layer.channel_order == "BGR"
    logits, variation = model(clip, return_variation=True)
    prompts, expected = layer(clip)
    assert torch.equal(logits, model.backbone(prompts))
    assert variation == expected > 0
    sampled = tiny(prompts=True)
    state = sampled.state_dict()
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())  # as drawn for the other
    started = tiny(prompts=True, adjacent=True, slope=12.0, shift=0.1).prompts["clip"]
    assert isinstance(started, AdjacentPrompt)
    assert started.slope.item() == pytest.approx(12)


def test_of_two_inputs_those_with_a_layer() -> None:
    slow, fast = tiny("slowfast_4x16", prompts="fast", adjacent=True).clip_input.pathways
    assert (slow.given, fast.given, fast.adjacent) == (slow.frames, 2 * fast.frames, True)


def test_what_a_model_refuses() -> None:
    with pytest.raises(ValueError, match=r"adjacent: expected a layer, .*; got a model without\. Choose prompts=True"):
        tiny(adjacent=True)
    with pytest.raises(
        ValueError, match=r"expected clip \(B, 3, 16, H, W\) with the one before each frame, .*got float"
    ):
        tiny(prompts=True, adjacent=True)(clip_of(1, 3, 9, 64, 64))


# --- the runs ---


def test_a_run_is_given_them() -> None:
    run = Run("libras-static", "c2d", Recipe(1, 8), prompts=True, adjacent=True, scale="smoke")
    model = fresh_model(run, 15)
    assert isinstance(model.prompts["clip"], AdjacentPrompt)
    assert model.clip_input == clip_input(run)
    assert [pathway.given for pathway in clip_input(replace(run, adjacent=False)).pathways] == [9]


def test_the_pictures_of_a_report_are_of_pairs() -> None:
    from vmp.clip_maps import clip_maps, shown_pathway
    from vmp.figures.judged_clips import _pictures

    model, data = tiny(prompts=True, adjacent=True, slope=math.pi * 3, shift=0.0), few()
    frames = data.clips([0], model.clip_input)[0][0]  # 16 frames
    maps = clip_maps(frames, model.prompts["clip"], model.clip_input)
    assert maps.difference.shape == (8, 64, 64)
    assert shown_pathway(model).adjacent
    moment = int(np.abs(maps.difference).mean(axis=(1, 2)).argmax())
    (frame, _), *_ = _pictures(model, data, 0, model.clip_input, 3.0)
    assert np.array_equal(frame, frames[2 * moment + 1].numpy())
