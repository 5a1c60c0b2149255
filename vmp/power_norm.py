r"""The family of power normalisations of Fig. 3 (Koniusz and Zhang, TPAMI 2021), and the paper's learnable one.

The four well-behaved functions map [0, 1] to [0, 1] with g(0) = 0; here they act on differences in [-1, 1] through
the odd extension :math:`\operatorname{sgn}(p)\, g(|p|)`, so they keep the sign of a motion. The learnable sigmoid is
not odd, and not 0 at 0: a static pixel keeps some attention (footnote 1 of the paper). Which parameters the paper's
figures use is not stated there.

All are element-wise, take any shape and a floating-point dtype, and give the same shape and dtype. ``max_exp`` and
``asinh_e`` reach 1 at p = 1 only for some parameters; what they reach is said with each.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from vmp.prompt import power_normalise


def _odd(p: Tensor, g: Callable[[Tensor], Tensor]) -> Tensor:
    """sgn(p) g(|p|); where p = 0 torch's gradient is that of p >= 0, not 0."""
    _check_floating(p)
    sign = torch.where(p < 0, -1.0, 1.0).to(p.dtype)
    return sign * g(sign * p)


def _check_floating(p: Tensor) -> None:
    if not p.is_floating_point():
        raise ValueError(f"p: expected a floating-point dtype, got {p.dtype}")


def _check(name: str, value: float, valid: bool, expected: str) -> None:
    if not valid:
        raise ValueError(f"{name}: expected {expected}, got {value}")


def gamma(p: Tensor, g: float = 0.5) -> Tensor:
    r"""Gamma :math:`\operatorname{sgn}(p)\,|p|^g`, for 0 < g <= 1; reaches 1 at p = 1. Its slope at 0 is infinite."""
    _check("g", g, 0 < g <= 1, "0 < g <= 1")
    return _odd(p, lambda q: q**g)


def max_exp(p: Tensor, eta: float = 10.0) -> Tensor:
    r"""MaxExp :math:`\operatorname{sgn}(p)\,(1 - (1 - |p|)^\eta)` on [-1, 1], for eta >= 1; reaches 1 at p = 1.

    Raises ValueError for \|p\| > 1 beyond rounding: the power of a negative number is not defined.
    """
    _check("eta", eta, eta >= 1, "eta >= 1")
    largest = p.detach().abs().amax() if p.numel() else p.new_zeros(())
    if not torch.compiler.is_compiling() and float(largest) > 1 + 1e-5:
        raise ValueError(f"p: expected values in [-1, 1], got one of size {float(largest):.6g}")
    return _odd(p, lambda q: 1 - (1 - q).clamp_min(0) ** eta)


def sigm_e(p: Tensor, eta: float = 10.0) -> Tensor:
    r"""SigmE :math:`2 / (1 + e^{-\eta p}) - 1`, for eta > 0; odd; reaches :math:`\tanh(\eta / 2)` at p = 1."""
    _check("eta", eta, eta > 0, "eta > 0")
    _check_floating(p)
    return torch.tanh(0.5 * eta * p)  # the same, and odd by itself: its gradient at p = 0 is eta / 2, not sgn(0) = 0


def asinh_e(p: Tensor, g: float = 1.0) -> Tensor:
    r"""AsinhE :math:`\operatorname{asinh}(g p)`, for g > 0: odd by itself; reaches asinh(g) at p = 1, which is
    more than 1 for g > sinh(1) = 1.175.
    """
    _check("g", g, g > 0, "g > 0")
    _check_floating(p)
    return torch.asinh(g * p)


def learnable(p: Tensor, a: Tensor | float, b: Tensor | float) -> Tensor:
    r"""The paper's :math:`1 / (1 + e^{-a (p - b)})` (Eq. 1), in [0, 1]: :func:`vmp.power_normalise` by another name."""
    return power_normalise(p, a, b)
