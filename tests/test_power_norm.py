"""The power normalisations: values by hand, the odd extension, ranges, and what a user can get wrong."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tolerances import assert_close

from vmp import power_norm

ODD: dict[str, Callable[[torch.Tensor], torch.Tensor]] = {
    "gamma": lambda p: power_norm.gamma(p, 0.3),
    "max_exp": lambda p: power_norm.max_exp(p, 7.0),
    "sigm_e": lambda p: power_norm.sigm_e(p, 12.0),
    "asinh_e": lambda p: power_norm.asinh_e(p, 3.0),
}


@pytest.mark.parametrize(
    ("function", "value", "expected"),
    [
        (lambda p: power_norm.gamma(p, 0.5), 0.25, 0.5),
        (lambda p: power_norm.gamma(p, 1.0), -0.4, -0.4),
        (lambda p: power_norm.max_exp(p, 2.0), 0.5, 0.75),  # 1 - (1/2)^2
        (lambda p: power_norm.max_exp(p, 10.0), -1.0, -1.0),
        (lambda p: power_norm.sigm_e(p, 2 * math.log(3)), 0.5, 0.5),  # 2 / (1 + 1/3) - 1
        (lambda p: power_norm.asinh_e(p, 2.0), 0.375, math.log(2)),  # asinh(3/4) = ln 2
        (lambda p: power_norm.learnable(p, 10.0, 0.1), 0.1, 0.5),
    ],
)
def test_values_by_hand(function: Callable[[torch.Tensor], torch.Tensor], value: float, expected: float) -> None:
    assert function(torch.tensor(value, dtype=torch.float64)).item() == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ODD)
@given(p=st.floats(-1, 1).filter(lambda p: p == 0 or abs(p) > 1e-9))  # far below 1 / 255000, the smallest difference
def test_odd_and_zero_at_zero_and_sign_kept(name: str, p: float) -> None:
    value = torch.tensor([p, -p, 0.0], dtype=torch.float64)
    came = ODD[name](value)
    assert came[0] == -came[1]
    assert came[2] == 0
    assert torch.sign(came[0]) == torch.sign(value[0])


@pytest.mark.parametrize("name", ODD)
def test_monotone_and_amplifying_small_differences(name: str) -> None:
    p = torch.linspace(0, 1, 1001, dtype=torch.float64)
    came = ODD[name](p)
    assert (came[1:] >= came[:-1]).all()
    assert (came[1:500] > p[1:500]).all()  # concave: small motions are enlarged


@pytest.mark.parametrize(
    ("name", "at_one"), [("gamma", 1.0), ("max_exp", 1.0), ("sigm_e", math.tanh(6.0)), ("asinh_e", math.asinh(3.0))]
)
def test_what_each_reaches(name: str, at_one: float) -> None:
    assert ODD[name](torch.ones((), dtype=torch.float64)).item() == pytest.approx(at_one, rel=1e-12)


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16])
@pytest.mark.parametrize("name", ODD)
def test_dtype_and_shape_stay(name: str, dtype: torch.dtype) -> None:
    p = torch.rand(2, 1, 3, 4, 4, generator=torch.Generator().manual_seed(0)).to(dtype)
    came = ODD[name](p)
    assert came.dtype == dtype
    assert came.shape == p.shape
    assert_close(came.double(), ODD[name](p.double()), dtype)


@pytest.mark.parametrize(("name", "slope"), [("gamma", math.inf), ("max_exp", 7.0), ("sigm_e", 6.0), ("asinh_e", 3.0)])
def test_gradient_of_a_still_pixel(name: str, slope: float) -> None:
    p = torch.zeros((), dtype=torch.float64, requires_grad=True)
    ODD[name](p).backward()
    assert p.grad.item() == pytest.approx(slope)


def test_learnable_is_not_zero_at_zero() -> None:
    static = torch.zeros((), dtype=torch.float64)
    assert power_norm.learnable(static, 11.04, -0.59).item() == pytest.approx(1 / (1 + math.exp(-11.04 * 0.59)))


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda p: power_norm.gamma(p, 0.0), "g: expected 0 < g <= 1, got 0.0"),
        (lambda p: power_norm.gamma(p, 1.5), "g: expected 0 < g <= 1, got 1.5"),
        (lambda p: power_norm.max_exp(p, 0.5), "eta: expected eta >= 1, got 0.5"),
        (lambda p: power_norm.max_exp(p + 1.5), r"p: expected values in \[-1, 1\], got one of size 1.5"),
        (lambda p: power_norm.sigm_e(p, 0.0), "eta: expected eta > 0, got 0.0"),
        (lambda p: power_norm.asinh_e(p, -1.0), "g: expected g > 0, got -1.0"),
        (lambda p: power_norm.gamma(p.int()), "p: expected a floating-point dtype, got torch.int32"),
    ],
)
def test_what_a_user_can_get_wrong(function: Callable[[torch.Tensor], torch.Tensor], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        function(torch.zeros(3))
