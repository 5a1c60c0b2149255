"""The layer: golden values by hand, shapes, dtypes, errors, gradients, and agreement of its two code paths."""

from __future__ import annotations

import copy
import io
import math
from collections.abc import Callable, Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from tolerances import GRADIENT_TOLERANCE, TOLERANCE, assert_close
from torch import Tensor

import vmp
from vmp.data.clip import Clip
from vmp.equations import compose
from vmp.prompt import LUMA, inverse_shift, inverse_slope, shift, slope

PAIRS = [(9.2, -0.59), (11.04, -0.59), (23.45, 0.03), (50.0, 0.5)]
OPTIONS = [
    {},
    {"channel_order": "BGR"},
    {"difference": "absolute"},
    {"product": "pixels"},
    {"pixel_reduction": "sum"},
    {"mean": None, "std": None},
    {"mean": (0.485, 0.456, 0.406), "std": (0.229, 0.224, 0.225), "product": "pixels", "difference": "absolute"},
]


#: What read_clip gives, two black frames of it.
STILL = Clip(np.zeros((2, 4, 4, 3), np.uint8), np.zeros(2))


def clip_of(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64).to(dtype)


def grey_clip(levels: list[float], size: int = 2) -> Tensor:
    """One clip of even grey frames in [0, 1]: (1, 3, T, size, size)."""
    return torch.tensor(levels, dtype=torch.float64).view(1, 1, -1, 1, 1).expand(1, 3, -1, size, size)


def plain(layer: vmp.MotionPrompt, clip: Tensor) -> tuple[Tensor, Tensor]:
    """The equations written out once more, slowly and without the layer's code."""
    frames = clip.double() if layer.layout == "BCTHW" else clip.double().transpose(1, 2)
    mean = torch.tensor(layer.mean or (0.0,) * 3, dtype=torch.float64).view(1, 3, 1, 1, 1)
    std = torch.tensor(layer.std or (1.0,) * 3, dtype=torch.float64).view(1, 3, 1, 1, 1)
    pixels = frames * std + mean
    weights = torch.tensor(LUMA if layer.channel_order == "RGB" else LUMA[::-1], dtype=torch.float64)
    grey = (pixels * weights.view(1, 3, 1, 1, 1)).sum(1)
    difference = grey[:, 1:] - grey[:, :-1]
    if layer.difference == "absolute":
        difference = difference.abs()
    a = 5 / (0.45 * math.fabs(math.tanh(layer.m.item())) + 0.1)
    b = 0.6 * math.tanh(layer.n.item())
    attention = 1 / (1 + torch.exp(-a * (difference - b)))
    if layer.product == "pixels":
        prompts = (attention.unsqueeze(1) * pixels[:, :, 1:] - mean) / std
    else:
        prompts = attention.unsqueeze(1) * frames[:, :, 1:]
    squares = (attention[:, 1:] - attention[:, :-1]).square().sum((1, 2, 3)).mean()
    steps = max(attention.shape[1] - 1, 1)
    pixels_a_map = 1 if layer.pixel_reduction == "sum" else attention.shape[2] * attention.shape[3]
    return prompts if layer.layout == "BCTHW" else prompts.transpose(1, 2), squares / steps / pixels_a_map


# --- golden values ---


def test_eq1_by_hand() -> None:
    # D = b gives one half; a (D - b) = ln 3 gives 3/4, -ln 3 gives 1/4.
    a, b = 10.0, 0.2
    difference = torch.tensor([0.2, 0.2 + math.log(3) / 10, 0.2 - math.log(3) / 10], dtype=torch.float64)
    assert_close(vmp.power_normalise(difference, a, b), torch.tensor([0.5, 0.75, 0.25], dtype=torch.float64))


def test_eq2_by_hand() -> None:
    half = torch.tensor([math.atanh(0.5)], dtype=torch.float64)
    assert slope(half).item() == pytest.approx(5 / (0.45 * 0.5 + 0.1), rel=1e-12)  # 15.3846...
    assert slope(-half).item() == pytest.approx(15.384615384615385, rel=1e-12)
    assert shift(-half).item() == pytest.approx(-0.3, rel=1e-12)
    assert slope(torch.zeros(1)).item() == pytest.approx(50.0)


def test_difference_by_hand() -> None:
    # One red pixel appears: the difference is red's weight; with BGR it is blue's.
    clip = torch.zeros(1, 3, 2, 1, 1, dtype=torch.float64)
    clip[0, 0, 1] = 1.0
    as_pixels = {"mean": None, "std": None}
    assert vmp.frame_difference(clip, **as_pixels).item() == pytest.approx(0.299)
    assert vmp.frame_difference(clip, **as_pixels, channel_order="BGR").item() == pytest.approx(0.114)
    assert vmp.frame_difference(-clip, **as_pixels).item() == pytest.approx(-0.299)
    assert vmp.frame_difference(-clip, **as_pixels, difference="absolute").item() == pytest.approx(0.299)
    # Normalised by std 0.225, the same unit step is 0.225 of a pixel.
    assert vmp.frame_difference(clip).item() == pytest.approx(0.299 * 0.225)


def test_whole_layer_by_hand() -> None:
    # Grey 0.2, 0.6, 0.6: differences 0.4 and 0. With a = 10, b = 0.2: f = s(2) = 0.880797 and s(-2) = 0.119203.
    layer = vmp.MotionPrompt.from_slope_shift(10, 0.2, mean=None, std=None).double()
    prompts, variation = layer(grey_clip([0.2, 0.6, 0.6]))
    assert_close(prompts[0, :, 0], torch.full((3, 2, 2), 0.6 * 0.8807970779778823, dtype=torch.float64), torch.float32)
    assert_close(prompts[0, :, 1], torch.full((3, 2, 2), 0.6 * 0.11920292202211755, dtype=torch.float64), torch.float32)
    assert variation.item() == pytest.approx((0.8807970779778823 - 0.11920292202211755) ** 2, rel=1e-5)


def test_variation_sum_is_the_mean_times_the_pixels() -> None:
    attention = torch.rand(2, 1, 5, 7, 3, generator=torch.Generator().manual_seed(1))
    mean, total = vmp.attention_variation(attention), vmp.attention_variation(attention, "sum")
    assert_close(total, mean * 7 * 3)
    by_hand = sum((attention[:, :, t + 1] - attention[:, :, t]).square().sum() for t in range(4)) / 4 / 2
    assert_close(total, by_hand)


def test_attention_zero_gives_mid_grey_or_black() -> None:
    # A steep slope and a large shift switch a static clip off altogether.
    clip = (torch.full((1, 3, 3, 4, 4), 0.8) - 0.45) / 0.225
    grey, _ = vmp.MotionPrompt.from_slope_shift(49, 0.59)(clip)
    black, _ = vmp.MotionPrompt.from_slope_shift(49, 0.59, product="pixels")(clip)
    assert_close(grey * 0.225 + 0.45, torch.full_like(grey, 0.45))
    assert_close(black * 0.225 + 0.45, torch.zeros_like(black))


def test_attention_one_gives_the_frames_back() -> None:
    clip = clip_of(1, 3, 4, 5, 5) * 0.01
    for product in ("normalised", "pixels"):
        prompts, _ = vmp.MotionPrompt.from_slope_shift(49, -0.59, product=product)(clip)
        assert_close(prompts, clip[:, :, 1:])


# --- properties of the paper ---


@pytest.mark.parametrize(("a", "b"), PAIRS)
def test_static_clip_gives_flat_attention(a: float, b: float) -> None:
    layer = vmp.MotionPrompt.from_slope_shift(a, b)
    static = clip_of(1, 3, 1, 6, 6).expand(1, 3, 5, 6, 6)
    attention = layer.attention(static)
    f0 = 1 / (1 + math.exp(layer.slope.item() * layer.shift.item()))
    assert_close(attention, torch.full_like(attention, f0))
    assert attention.min() == attention.max()  # equal pixels differ by exactly 0
    assert layer(static)[1].item() == 0.0


@given(height=st.integers(1, 40), width=st.integers(1, 40), seed=st.integers(0, 3))
def test_equal_pixels_differ_by_exactly_zero(height: int, width: int, seed: int) -> None:
    static = clip_of(1, 3, 1, height, width, seed=seed).repeat(1, 1, 4, 1, 1)
    assert (vmp.frame_difference(static) == 0).all()
    _, variation = vmp.MotionPrompt.from_slope_shift(50, 0.01)(static)
    assert variation.item() == 0.0


def test_steep_slope_gives_a_step() -> None:
    difference = torch.linspace(-1, 1, 2001)
    away = (difference - 0.1).abs() > 0.11
    attention = vmp.power_normalise(difference, 50.0, 0.1)
    assert ((attention - (difference > 0.1).float()).abs()[away] < 0.005).all()


@given(m=st.floats(-20, 20), n=st.floats(-20, 20), difference=st.floats(-1, 1))
def test_bounds_of_appendix_c(m: float, n: float, difference: float) -> None:
    a = slope(torch.tensor([m], dtype=torch.float64)).item()
    b = shift(torch.tensor([n], dtype=torch.float64)).item()
    assert 5 / 0.55 <= a <= 50.0
    assert -0.6 <= b <= 0.6
    assert -80.0 <= a * (difference - b) <= 80.0  # alpha (1 + gamma) / epsilon on both sides
    f = vmp.power_normalise(torch.tensor(difference, dtype=torch.float64), a, b).item()
    assert 0.0 <= f <= 1.0


@given(a=st.floats(9.0912, 49.99), b=st.floats(-0.599, 0.599))
def test_inverse_of_eq2(a: float, b: float) -> None:
    m, n = inverse_slope(a), inverse_shift(b)
    assert slope(torch.tensor(m, dtype=torch.float64)).item() == pytest.approx(a, rel=1e-9)
    assert shift(torch.tensor(n, dtype=torch.float64)).item() == pytest.approx(b, abs=1e-9)


def test_steepest_slope_starts_where_it_can_train() -> None:
    layer = vmp.MotionPrompt.from_slope_shift(50, 0.0)
    assert layer.m.item() == pytest.approx(1e-5)
    assert layer.slope.item() == pytest.approx(49.99775, rel=1e-6)
    layer(clip_of(1, 3, 4, 5, 5))[0].square().sum().backward()
    assert layer.m.grad is not None
    assert layer.m.grad.abs().item() > 0


def test_at_m_zero_the_slope_has_no_gradient() -> None:
    layer = vmp.MotionPrompt()
    torch.nn.init.zeros_(layer.m)
    layer(clip_of(1, 3, 4, 5, 5))[0].square().sum().backward()
    assert layer.m.grad is not None
    assert layer.m.grad.item() == 0.0


# --- both code paths, all options ---


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("layout", ["BCTHW", "BTCHW"])
@pytest.mark.parametrize("gradient_to_clip", [False, True])
def test_against_the_equations_written_out(options: dict, layout: str, gradient_to_clip: bool) -> None:
    layer = vmp.MotionPrompt(generator=torch.Generator().manual_seed(3), layout=layout, **options)
    shape = (2, 3, 5, 6, 7) if layout == "BCTHW" else (2, 5, 3, 6, 7)
    clip = clip_of(*shape).requires_grad_(gradient_to_clip)
    prompts, variation = layer(clip)
    expected_prompts, expected_variation = plain(layer, clip.detach())
    assert_close(prompts, expected_prompts, torch.float32)
    assert_close(variation, expected_variation, torch.float32)
    assert prompts.shape[layout.index("T")] == 4


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("frames", [2, 3, 5])
def test_gradients_of_both_paths_agree(options: dict, frames: int) -> None:
    clip = clip_of(2, 3, frames, 6, 7)
    weights = clip_of(2, 3, frames - 1, 6, 7, seed=1)
    found = []
    for gradient_to_clip in (False, True):
        layer = vmp.MotionPrompt(generator=torch.Generator().manual_seed(3), **options)
        prompts, variation = layer(clip.clone().requires_grad_(gradient_to_clip))
        ((prompts * weights).sum() + 30 * variation).backward()
        found.append((layer.m.grad, layer.n.grad))
    for fused, composed in zip(*found, strict=True):
        torch.testing.assert_close(fused, composed, rtol=GRADIENT_TOLERANCE[0], atol=GRADIENT_TOLERANCE[1])


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("frames", [2, 3, 6])
def test_an_accelerators_way_of_walking_gives_the_same(
    options: dict, frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    clip, weights = clip_of(2, 3, frames, 6, 7), clip_of(2, 3, frames - 1, 6, 7, seed=1)
    found = []
    for all_at_once in (False, True):
        if all_at_once:
            monkeypatch.setattr("vmp.fused.frames_at_once", lambda clip: clip.shape[2] - 1)
        layer = vmp.MotionPrompt(generator=torch.Generator().manual_seed(3), **options)
        prompts, variation = layer(clip)
        ((prompts * weights).sum() + 30 * variation).backward()
        found.append((prompts, variation, layer.m.grad, layer.n.grad))
    for one, other in zip(*found, strict=True):
        torch.testing.assert_close(one, other, rtol=GRADIENT_TOLERANCE[0], atol=GRADIENT_TOLERANCE[1])


@pytest.mark.parametrize("options", OPTIONS, ids=str)
@pytest.mark.parametrize("frames", [2, 4])
@pytest.mark.parametrize("gradient_to_clip", [False, True])
def test_gradcheck(options: dict, frames: int, gradient_to_clip: bool) -> None:
    layer = vmp.MotionPrompt(generator=torch.Generator().manual_seed(2), **options).double()
    clip = clip_of(2, 3, frames, 2, 3, dtype=torch.float64).requires_grad_(gradient_to_clip)

    def outputs(clip: Tensor, m: Tensor, n: Tensor) -> tuple[Tensor, Tensor]:
        return torch.func.functional_call(layer, {"m": m, "n": n}, (clip,))

    m, n = layer.m.detach().requires_grad_(), layer.n.detach().requires_grad_()
    assert torch.autograd.gradcheck(outputs, (clip, m, n))
    assert torch.autograd.gradgradcheck(outputs, (clip, m, n))


@pytest.mark.parametrize("used", ["prompts", "variation"])
def test_one_output_alone_has_gradients(used: str) -> None:
    layer = vmp.MotionPrompt(generator=torch.Generator().manual_seed(2))
    outputs = dict(zip(("prompts", "variation"), layer(clip_of(1, 3, 4, 5, 5)), strict=True))
    outputs[used].sum().backward()
    assert layer.m.grad is not None
    assert layer.n.grad is not None


def test_two_frames_have_variation_zero_with_gradient_zero() -> None:
    for gradient_to_clip in (False, True):
        layer = vmp.MotionPrompt()
        _, variation = layer(clip_of(1, 3, 2, 5, 5).requires_grad_(gradient_to_clip))
        assert variation.item() == 0.0
        variation.backward()
        assert layer.m.grad is not None
        assert layer.m.grad.item() == 0.0
        assert layer.n.grad is not None
        assert layer.n.grad.item() == 0.0


@settings(max_examples=25)
@given(
    batch=st.integers(1, 3),
    frames=st.integers(2, 6),
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    seed=st.integers(0, 10),
)
def test_batch_equals_single_and_any_size(batch: int, frames: int, height: int, width: int, seed: int) -> None:
    layer = vmp.MotionPrompt(generator=torch.Generator().manual_seed(seed))
    clip = clip_of(batch, 3, frames, height, width, seed=seed)
    prompts, variation = layer(clip)
    assert prompts.shape == (batch, 3, frames - 1, height, width)
    singles = [layer(one.unsqueeze(0)) for one in clip]
    assert_close(torch.cat([p for p, _ in singles]), prompts)
    assert_close(torch.stack([v for _, v in singles]).mean(), variation)


@pytest.mark.parametrize("shape", [(0, 3, 4, 5, 5), (2, 3, 4, 0, 5)])
@pytest.mark.parametrize("gradient_to_clip", [False, True])
def test_clip_without_pixels_has_variation_zero(shape: tuple[int, ...], gradient_to_clip: bool) -> None:
    layer = vmp.MotionPrompt()
    prompts, variation = layer(torch.zeros(shape).requires_grad_(gradient_to_clip))
    assert prompts.shape == (shape[0], 3, 3, *shape[3:])
    (prompts.sum() + variation).backward()
    assert (variation.item(), layer.m.grad.item(), layer.n.grad.item()) == (0.0, 0.0, 0.0)


def test_non_contiguous_clip() -> None:
    layer = vmp.MotionPrompt(generator=torch.Generator().manual_seed(0))
    clip = clip_of(2, 6, 5, 6, 14)[:, ::2, :, :, ::2]
    assert not clip.is_contiguous()
    assert_close(layer(clip)[0], layer(clip.contiguous())[0])
    frozen_time = clip_of(1, 3, 1, 4, 4).expand(1, 3, 5, 4, 4)
    assert torch.isfinite(layer(frozen_time)[0]).all()


@pytest.mark.parametrize("memory_format", [torch.contiguous_format, torch.channels_last_3d])
def test_prompts_keep_the_memory_format(memory_format: torch.memory_format) -> None:
    clip = clip_of(2, 3, 5, 6, 7).contiguous(memory_format=memory_format)
    layer = vmp.MotionPrompt()
    other = copy.deepcopy(layer)
    prompts, variation = layer(clip)
    assert prompts.is_contiguous(memory_format=memory_format)
    (prompts.square().sum() + variation).backward()
    expected, other_variation = other(clip.contiguous())
    (expected.square().sum() + other_variation).backward()
    assert torch.equal(prompts, expected)
    assert_close(layer.m.grad, other.m.grad)
    assert_close(layer.n.grad, other.n.grad)


def test_layouts_agree() -> None:
    first, last = vmp.MotionPrompt.from_slope_shift(20, 0.1), vmp.MotionPrompt.from_slope_shift(20, 0.1, layout="BTCHW")
    clip = clip_of(2, 3, 5, 6, 7)
    prompts, variation = first(clip)
    turned, same = last(clip.transpose(1, 2))
    assert_close(turned.transpose(1, 2), prompts)
    assert_close(same, variation)
    assert turned.is_contiguous()
    assert_close(last.attention(clip.transpose(1, 2)).transpose(1, 2), first.attention(clip))


@pytest.mark.parametrize("dtype", list(TOLERANCE))
@pytest.mark.parametrize("gradient_to_clip", [False, True])
def test_dtypes(dtype: torch.dtype, gradient_to_clip: bool) -> None:
    layer = vmp.MotionPrompt(generator=torch.Generator().manual_seed(1))
    clip = clip_of(2, 3, 5, 6, 7).to(dtype)
    prompts, variation = layer(clip.clone().requires_grad_(gradient_to_clip))
    assert prompts.dtype == dtype
    assert variation.dtype == (torch.float64 if dtype == torch.float64 else torch.float32)
    expected, _ = plain(layer, clip)
    relative, absolute = TOLERANCE[torch.float32 if dtype == torch.float64 else dtype]  # m and n are float32
    torch.testing.assert_close(prompts.double(), expected, rtol=relative, atol=absolute)
    assert layer.attention(clip).dtype == (torch.float64 if dtype == torch.float64 else torch.float32)


@pytest.mark.parametrize("gradient_to_clip", [False, True])
def test_autocast_computes_in_float32(gradient_to_clip: bool) -> None:
    layer = vmp.MotionPrompt.from_slope_shift(50, 0.01)
    clip = clip_of(1, 3, 4, 8, 8).requires_grad_(gradient_to_clip)
    expected, expected_variation = layer(clip)
    with torch.autocast("cpu", torch.bfloat16):
        prompts, variation = layer(clip)
        half, _ = layer(clip.bfloat16())
    assert prompts.dtype == torch.float32
    assert_close(prompts, expected)
    assert_close(variation, expected_variation)
    assert half.dtype == torch.bfloat16


def test_half_precision_module() -> None:
    layer = vmp.MotionPrompt.from_slope_shift(20, 0.1).bfloat16()
    prompts, variation = layer(clip_of(1, 3, 3, 4, 4, dtype=torch.bfloat16))
    assert prompts.dtype == torch.bfloat16
    assert variation.dtype == torch.float32
    assert layer.slope.dtype == torch.float32


def test_kept_for_backward_is_one_map() -> None:
    layer = vmp.MotionPrompt(generator=torch.Generator().manual_seed(0))
    clip = clip_of(2, 3, 9, 32, 32)
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        outputs = layer(clip)
    kept.pop(clip.untyped_storage().data_ptr())
    assert outputs[0].requires_grad
    beside = sum(kept.values())
    assert beside <= 0.4 * clip.nbytes
    assert beside >= clip.nbytes * 8 / 27  # the map itself: the hook saw it


def test_inference_keeps_nothing() -> None:
    with torch.inference_mode():
        prompts, variation = vmp.MotionPrompt()(clip_of(1, 3, 4, 5, 5))
    assert not prompts.requires_grad
    assert not variation.requires_grad


# --- life of a module ---


def test_state_dict_round_trip() -> None:
    layer, other = vmp.MotionPrompt(), vmp.MotionPrompt()
    assert sorted(layer.state_dict()) == ["m", "n"]
    buffer = io.BytesIO()
    torch.save(layer.state_dict(), buffer)
    buffer.seek(0)
    other.load_state_dict(torch.load(buffer, weights_only=True))
    clip = clip_of(1, 3, 4, 5, 5)
    assert torch.equal(layer(clip)[0], other(clip)[0])


def test_deepcopy_after_a_training_forward() -> None:
    layer = vmp.MotionPrompt()
    clip = clip_of(1, 3, 4, 5, 5)
    prompts, variation = layer(clip)
    twin = copy.deepcopy(layer)
    (prompts.sum() + variation).backward()
    assert torch.equal(twin(clip)[0], prompts)
    assert twin.m.grad is None


def test_frozen_and_unfrozen() -> None:
    layer = vmp.MotionPrompt().requires_grad_(False)
    clip = clip_of(1, 3, 4, 5, 5)
    assert not layer(clip)[0].requires_grad
    head = torch.nn.Linear(5, 1)
    head(layer(clip)[0]).sum().backward()
    assert layer.m.grad is None
    layer.requires_grad_(True)
    head(layer(clip)[0]).sum().backward()
    assert layer.m.grad is not None


def test_only_one_of_the_two_is_trained() -> None:
    layer = vmp.MotionPrompt(generator=torch.Generator().manual_seed(1))
    layer.m.requires_grad_(False)
    layer(clip_of(1, 3, 4, 5, 5))[0].sum().backward()
    assert layer.m.grad is None
    assert layer.n.grad is not None


@pytest.mark.parametrize("frozen", ["m", "n"])
@pytest.mark.parametrize("gradient_to_clip", [False, True])
def test_double_backward_of_one_of_the_two(frozen: str, gradient_to_clip: bool) -> None:
    found = []
    for alone in (False, True):
        layer = vmp.MotionPrompt(generator=torch.Generator().manual_seed(1))
        getattr(layer, frozen).requires_grad_(not alone)
        trained = layer.n if frozen == "m" else layer.m
        prompts, variation = layer(clip_of(1, 3, 4, 5, 5).requires_grad_(gradient_to_clip))
        (gradient,) = torch.autograd.grad(prompts.square().sum() + variation, trained, create_graph=True)
        found.append(torch.autograd.grad(gradient.square().sum(), trained)[0])
    assert found[0].abs().item() > 0
    assert torch.equal(*found)


def test_start_is_the_papers_and_reproducible() -> None:
    draws = torch.cat([vmp.MotionPrompt(generator=torch.Generator().manual_seed(s)).m.detach() for s in range(2000)])
    assert draws.mean().abs() < 0.1  # 4.5 standard errors
    assert 0.9 < draws.std() < 1.1
    one, two = (vmp.MotionPrompt(generator=torch.Generator().manual_seed(5)) for _ in range(2))
    assert torch.equal(one.m, two.m)
    assert not torch.equal(one.m, one.n)


@pytest.mark.parametrize("layout", ["BCTHW", "BTCHW"])
def test_streaming_equals_the_whole_clip(layout: str) -> None:
    layer = vmp.MotionPrompt(generator=torch.Generator().manual_seed(4), layout=layout)
    clip = clip_of(*((2, 3, 6, 5, 7) if layout == "BCTHW" else (2, 6, 3, 5, 7)))
    time = layout.index("T")
    whole, _ = layer(clip)
    stream = layer.stream()
    came = [stream(frame) for frame in clip.unbind(time)]
    assert came[0] is None
    # Equal to rounding: torch's vectorised and scalar loops differ in the last bit, and where they meet moves.
    assert_close(torch.stack([p for p in came if p is not None], time), whole)
    stream.reset()
    assert stream(clip.select(time, 0)) is None


def test_a_stream_may_be_fed_from_one_buffer() -> None:
    layer = vmp.MotionPrompt.from_slope_shift(20, 0.1, mean=None, std=None)
    stream, buffer = layer.stream(), torch.zeros(1, 3, 4, 4)
    stream(buffer)
    came = stream(buffer.fill_(1.0))
    # Grey goes from 0 to 1: 1 / (1 + exp(-20 (1 - 0.1))), not 1 / (1 + exp(20 0.1)) = 0.119 of a still picture.
    assert_close(came, torch.full_like(came, 1 / (1 + math.exp(-18))))


def test_functional_transforms_see_the_composition() -> None:
    layer = vmp.MotionPrompt(generator=torch.Generator().manual_seed(4))
    clip = clip_of(2, 3, 4, 5, 5)
    parameters = {name: p.detach() for name, p in layer.named_parameters()}

    def loss(parameters: dict[str, Tensor], clip: Tensor) -> Tensor:
        prompts, variation = torch.func.functional_call(layer, parameters, (clip,))
        return prompts.square().sum() + variation

    gradients = torch.func.grad(loss)(parameters, clip)
    prompts, variation = layer(clip)
    (prompts.square().sum() + variation).backward()
    torch.testing.assert_close(gradients["m"], layer.m.grad, rtol=1e-4, atol=1e-4)


# --- other ways to make one ---


def test_published_and_paper_differ_as_named() -> None:
    published, paper = vmp.MotionPrompt.published(), vmp.MotionPrompt.paper()
    assert (published.channel_order, published.product, published.pixel_reduction) == ("BGR", "normalised", "mean")
    assert (paper.channel_order, paper.product, paper.pixel_reduction) == ("RGB", "pixels", "sum")
    assert vmp.MotionPrompt.paper(layout="BTCHW").layout == "BTCHW"
    assert "BGR" in repr(published)


def test_repr_names_what_is_not_the_default() -> None:
    layer = vmp.MotionPrompt.from_slope_shift(11.04, -0.59, gamma=0.7, check_finite=True)
    assert repr(layer) == "MotionPrompt(slope=11.04, shift=-0.59, gamma=0.7, check_finite=True)"
    assert repr(layer.to("meta")) == "MotionPrompt(gamma=0.7, check_finite=True)"  # no values to show


@pytest.mark.parametrize(
    ("dataset", "lambda_", "source", "a", "b"),
    [
        ("finegym", 2.5, "paper", 11.04, -0.59),
        ("finegym", None, "paper", 11.04, -0.59),
        ("mpii", 0, "paper", 23.45, 0.03),
        ("hmdb51", 0.001, "paper", 21.70, -0.39),
        ("finegym", 10, "page", 10.30, -0.5983),
        ("finegym", None, "page", 11.067, -0.5943),
        ("ucf-crime", None, "page", 11.891, -0.1494),
    ],
)
def test_learned_pairs(dataset: str, lambda_: float | None, source: str, a: float, b: float) -> None:
    layer = vmp.MotionPrompt.from_paper(dataset, lambda_=lambda_, source=source)
    assert layer.slope.item() == pytest.approx(a, rel=1e-3)
    assert layer.shift.item() == pytest.approx(b, rel=1e-3)


def test_processors_of_others() -> None:
    import transformers
    from torchvision.models.video import MViT_V2_S_Weights, S3D_Weights

    imagenet = {"image_mean": [0.485, 0.456, 0.406], "image_std": [0.229, 0.224, 0.225]}
    layer = vmp.MotionPrompt.from_processor(transformers.VideoMAEImageProcessor(**imagenet))
    assert layer.layout == "BTCHW"
    assert layer.mean == pytest.approx((0.485, 0.456, 0.406))
    assert layer.std == pytest.approx((0.229, 0.224, 0.225))
    bare = vmp.MotionPrompt.from_processor(transformers.VideoMAEImageProcessor(do_normalize=False))
    assert bare.mean is None
    mvit = vmp.MotionPrompt.from_processor(MViT_V2_S_Weights.KINETICS400_V1.transforms())
    assert (mvit.layout, mvit.mean, mvit.std) == ("BCTHW", (0.45,) * 3, (0.225,) * 3)
    s3d = vmp.MotionPrompt.from_processor(S3D_Weights.KINETICS400_V1.transforms(), product="pixels")
    assert s3d.mean == pytest.approx((0.43216, 0.394666, 0.37645))
    assert s3d.product == "pixels"


@pytest.mark.parametrize(
    ("kind", "options"),
    [
        ("VideoMAEImageProcessor", {}),
        ("VideoMAEImageProcessor", {"do_normalize": False}),
        ("VideoMAEImageProcessor", {"image_mean": 0.5, "image_std": 0.25}),
        ("VivitImageProcessor", {}),  # pixels from -1 to 1 before mean and std
        ("VivitImageProcessor", {"do_normalize": False}),
    ],
)
def test_differences_of_what_a_processor_gives_are_in_pixels(kind: str, options: dict) -> None:
    import transformers

    processor = getattr(transformers, kind)(**options)
    video = [np.full((224, 224, 3), grey, np.uint8) for grey in (0, 255)]
    clip = torch.as_tensor(np.asarray(processor(video, return_tensors="np")["pixel_values"]))
    layer = vmp.MotionPrompt.from_processor(processor, product="pixels")
    assert_close(layer.frame_difference(clip), torch.ones(1, 1, 1, 224, 224))
    black = layer.from_slope_shift(50, 0.59, mean=layer.mean, std=layer.std, product="pixels", layout="BTCHW")
    prompts, _ = black(clip[:, :1].repeat(1, 2, 1, 1, 1))  # a still picture: attention 0 gives black
    assert_close(prompts, clip[:, :1])


# --- what a user can get wrong ---


@pytest.mark.parametrize(
    ("shape", "message"),
    [
        ((3, 5, 6, 6), r"expected 5 dimensions \(B, C, T, H, W\), got shape \(3, 5, 6, 6\).*unsqueeze"),
        ((1, 5, 3, 6, 6), r"expected 3 channels in dimension 1.*got shape \(1, 5, 3, 6, 6\).*other layout"),
        ((1, 3, 1, 6, 6), r"expected at least 2 frames in dimension 2.*got shape \(1, 3, 1, 6, 6\)"),
    ],
)
def test_wrong_shapes(shape: tuple[int, ...], message: str) -> None:
    for call in (vmp.MotionPrompt(), vmp.frame_difference, vmp.MotionPrompt().attention):
        with pytest.raises(ValueError, match=message):
            call(torch.zeros(shape))


@pytest.mark.parametrize("clip", [np.zeros((1, 3, 4, 5, 5), np.float32), [1.0], STILL])
def test_clip_that_is_no_tensor(clip: object) -> None:
    for call in (vmp.MotionPrompt(), vmp.frame_difference, vmp.MotionPrompt().attention):
        with pytest.raises(ValueError, match=r"clip: expected a tensor, got (ndarray|Clip|list)\. .*clip\.tensor\("):
            call(clip)


def test_integer_clip() -> None:
    with pytest.raises(ValueError, match=r"floating-point dtype, got torch.uint8.*frames / 255"):
        vmp.MotionPrompt()(torch.zeros(1, 3, 4, 5, 5, dtype=torch.uint8))


def test_non_finite_clip_on_request() -> None:
    clip = clip_of(1, 3, 4, 5, 5)
    clip[0, 0, 0, 0, 0], clip[0, 1, 2, 3, 4] = math.nan, math.inf
    with pytest.raises(ValueError, match="got 2 that are infinite or not a number"):
        vmp.MotionPrompt(check_finite=True)(clip)
    vmp.MotionPrompt()(clip)  # not asked: passes through, visibly
    assert not torch.isfinite(vmp.MotionPrompt()(clip)[0]).all()


@pytest.mark.parametrize("a", [9.0909, 9.0, 0.0, -3.0, 50.1, math.nan])
def test_slope_out_of_reach(a: float) -> None:
    with pytest.raises(ValueError, match=r"slope: expected a value in \(9.091, 50\]"):
        vmp.MotionPrompt.from_slope_shift(a, 0.0)


@pytest.mark.parametrize("b", [0.6, -0.6, 2.0, math.nan])
def test_shift_out_of_reach(b: float) -> None:
    with pytest.raises(ValueError, match=r"shift: expected a value in \(-0.6, 0.6\)"):
        vmp.MotionPrompt.from_slope_shift(20.0, b)


def test_other_constants_change_the_reach() -> None:
    assert vmp.MotionPrompt.from_slope_shift(60, 0.7, epsilon=0.05, gamma=0.8).slope.item() == pytest.approx(
        60, rel=1e-4
    )


def test_ambiguous_or_unknown_pairs_list_what_there_is() -> None:
    with pytest.raises(ValueError, match=r"'mpii' is ambiguous.*mpii, lambda 0: a = 23.45.*mpii, lambda 2: a = 10.9"):
        vmp.MotionPrompt.from_paper("mpii")
    with pytest.raises(ValueError, match=r"'kinetics' is not among the pairs.*finegym"):
        vmp.MotionPrompt.from_paper("kinetics")
    with pytest.raises(ValueError, match=r"'finegym' with lambda 3 is not among"):
        vmp.MotionPrompt.from_paper("finegym", lambda_=3)
    with pytest.raises(ValueError, match="source: expected 'paper' or 'page', got 'slides'"):
        vmp.MotionPrompt.from_paper("finegym", source="slides")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"layout": "TCHW"}, "layout: expected 'BCTHW' or 'BTCHW', got 'TCHW'"),
        ({"channel_order": "GBR"}, "channel_order: expected 'RGB' or 'BGR', got 'GBR'"),
        ({"difference": "squared"}, "difference: expected 'signed' or 'absolute'"),
        ({"product": "sum"}, "product: expected 'normalised' or 'pixels'"),
        ({"pixel_reduction": "max"}, "pixel_reduction: expected 'mean' or 'sum'"),
        ({"mean": None}, "expected both or neither"),
        ({"mean": (0.5,)}, "mean: expected 3 values"),
        ({"mean": 0.45, "std": 0.225}, "mean: expected 3 values, one a channel, got 0.45"),
        ({"std": (0.2, 0.0, 0.2)}, "std: expected positive values"),
        ({"std": (0.2, math.nan, 0.2)}, "std: expected positive values"),
        ({"alpha": 0}, "alpha: expected a positive number, got 0"),
        ({"epsilon": -0.1}, "epsilon: expected a positive number"),
    ],
)
def test_bad_options(options: dict, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        vmp.MotionPrompt(**options)


@pytest.mark.parametrize("made", [np.array, torch.tensor, list])
def test_mean_and_std_of_any_kind(made: Callable[[list[float]], Sequence[float]]) -> None:
    layer = vmp.MotionPrompt(mean=made([0.5, 0.25, 0.5]), std=made([0.25, 0.5, 0.25]), product="pixels")
    assert (layer.mean, layer.std) == ((0.5, 0.25, 0.5), (0.25, 0.5, 0.25))
    assert layer._choices.luma == pytest.approx((0.299 * 0.25, 0.587 * 0.5, 0.114 * 0.25))
    assert layer._choices.black == (2.0, 0.5, 2.0)
    pixels = STILL.tensor(made([0.5, 0.25, 0.5]), made([0.25, 0.5, 0.25]))
    assert pixels[0, :, 0, 0, 0].tolist() == [-2.0, -0.5, -2.0]


def test_bad_arguments_of_the_functions() -> None:
    with pytest.raises(ValueError, match="slope a: expected a positive number, got -1"):
        vmp.power_normalise(torch.zeros(3), -1, 0)
    with pytest.raises(ValueError, match="difference: expected a floating-point dtype"):
        vmp.power_normalise(torch.zeros(3, dtype=torch.int64), 10, 0)
    with pytest.raises(ValueError, match=r"attention: expected 5 dimensions \(B, 1, T, H, W\)"):
        vmp.attention_variation(torch.zeros(1, 3, 4, 5, 5))
    with pytest.raises(ValueError, match="attention: expected a floating-point dtype"):
        vmp.attention_variation(torch.zeros(1, 1, 4, 5, 5, dtype=torch.int32))


def test_bad_processors() -> None:
    with pytest.raises(ValueError, match=r"processor: expected a transformers processor.*got dict"):
        vmp.MotionPrompt.from_processor({})

    class Unscaled:
        image_mean = image_std = (0.5, 0.5, 0.5)
        do_rescale = False

    with pytest.raises(ValueError, match=r"do_rescale=False"):
        vmp.MotionPrompt.from_processor(Unscaled())


def test_bad_frames_in_a_stream() -> None:
    stream = vmp.MotionPrompt().stream()
    with pytest.raises(ValueError, match=r"frame: expected \(B, 3, H, W\)"):
        stream(torch.zeros(3, 4, 4))
    with pytest.raises(ValueError, match=r"frame: expected \(B, 3, H, W\).*of shape \(1, 4, 4, 3\)"):
        stream(torch.zeros(1, 4, 4, 3))
    with pytest.raises(ValueError, match=r"frame: expected .*floating point, got torch.uint8"):
        stream(torch.zeros(1, 3, 4, 4, dtype=torch.uint8))
    stream(torch.zeros(1, 3, 4, 4))
    with pytest.raises(ValueError, match=r"expected the shape of the frame before, \(1, 3, 4, 4\).*reset"):
        stream(torch.zeros(1, 3, 8, 8))
    assert stream(torch.zeros(1, 3, 4, 4)) is not None  # the frame before was kept


def test_composition_is_what_the_layer_gives() -> None:
    layer = vmp.MotionPrompt(generator=torch.Generator().manual_seed(9))
    clip = clip_of(1, 3, 4, 5, 5)
    prompts, variation = compose(clip, layer.slope, layer.shift, layer._choices)
    came_prompts, came_variation = layer(clip)
    assert_close(came_prompts, prompts)
    assert_close(came_variation, variation)
