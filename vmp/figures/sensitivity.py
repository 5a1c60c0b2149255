r"""Eqs. 16-20 of the appendix, as printed, beside what autograd says of this project's own Eq. 3.

The five derivatives of :math:`f(D) = 1 / (1 + e^{-g})`, :math:`g = \alpha (D - \gamma \tanh n) / (\beta |\tanh m| +
\epsilon)`, with respect to alpha, beta, gamma, m and n. As printed, Eq. 19 lacks a factor
:math:`-\operatorname{sgn}(\tanh m)`: :func:`derivative_of_m` has it.
"""

from __future__ import annotations

from typing import Any, cast

import matplotlib.pyplot as plt
import pandas as pd
import torch
from matplotlib.figure import Figure
from torch import Tensor

from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL
from vmp.figures.still import PANEL_WIDTH, still_style
from vmp.prompt import power_normalise, shift, slope

#: Number of the equation -> what f is differentiated by.
EQUATIONS = {16: "alpha", 17: "beta", 18: "gamma", 19: "m", 20: "n"}
_LETTERS = {"alpha": "α", "beta": "β", "gamma": "γ", "m": "m", "n": "n"}
#: The constants of Appendix D.
CONSTANTS = {"alpha": 5.0, "beta": 0.45, "gamma": 0.6, "epsilon": 0.1}


def differences(count: int = 401) -> Tensor:
    """Values of D from -1 to 1, float64."""
    return torch.linspace(-1.0, 1.0, count, dtype=torch.float64)


def printed_derivatives(
    d: Tensor,
    m: float,
    n: float,
    alpha: float = 5.0,
    beta: float = 0.45,
    gamma: float = 0.6,
    epsilon: float = 0.1,
) -> dict[str, Tensor]:
    """Eqs. 16-20 exactly as the appendix prints them: a tensor of the shape of ``d`` for each name of EQUATIONS."""
    tanh_m, tanh_n = torch.tanh(torch.tensor([m, n], dtype=d.dtype))
    below = beta * tanh_m.abs() + epsilon
    distance = d - gamma * tanh_n
    decay = torch.exp(-alpha / below * distance)
    bell = decay / (1 + decay) ** 2  # f (1 - f)
    return {
        "alpha": bell * distance / below,  # (16)
        "beta": bell * (-alpha * distance * tanh_m.abs() / below**2),  # (17)
        "gamma": bell * (-alpha * tanh_n / below),  # (18)
        "m": bell * alpha * beta * (1 - tanh_m**2) * distance / below**2,  # (19)
        "n": bell * (-alpha * gamma * (1 - tanh_n**2)) / below,  # (20)
    }


def derivative_of_m(d: Tensor, m: float, n: float, **constants: float) -> Tensor:
    r"""Eq. 19 with its missing factor :math:`-\operatorname{sgn}(\tanh m)`; the shape of ``d``."""
    sign = torch.sign(torch.tanh(torch.tensor(m, dtype=d.dtype)))
    return -sign * printed_derivatives(d, m, n, **constants)["m"]


def autograd_derivatives(d: Tensor, m: float, n: float, **constants: float) -> dict[str, Tensor]:
    """The same five derivatives by torch's autograd, through the functions that the layer itself uses."""
    values = CONSTANTS | constants | {"m": m, "n": n}
    wanted = {
        name: torch.full_like(d, values[name]).requires_grad_() for name in EQUATIONS.values()
    }  # one leaf an element
    given = cast(dict[str, Any], wanted)  # slope and shift are written for floats and take tensors
    a = slope(given["m"], given["alpha"], given["beta"], values["epsilon"])
    b = shift(given["n"], given["gamma"])
    total = power_normalise(d, a, b).sum()
    return dict(zip(wanted, torch.autograd.grad(total, list(wanted.values())), strict=True))


def deviations(m: float, n: float, **constants: float) -> pd.DataFrame:
    """Largest absolute difference over D in [-1, 1] of each printed equation from autograd, at m and at -m.

    Columns: equation, derivative, largest_value (of autograd, at m), deviation_at_m, deviation_at_minus_m.
    """
    d = differences()
    rows: list[dict[str, object]] = []
    at = {
        sign: (printed_derivatives(d, sign * m, n, **constants), autograd_derivatives(d, sign * m, n, **constants))
        for sign in (1, -1)
    }
    for number, name in EQUATIONS.items():
        off = {sign: float((printed[name] - true[name]).abs().max()) for sign, (printed, true) in at.items()}
        rows.append(
            {
                "equation": str(number),
                "derivative": f"∂f/∂{_LETTERS[name]}",
                "largest_value": float(at[1][1][name].abs().max()),
                "deviation_at_m": off[1],
                "deviation_at_minus_m": off[-1],
            }
        )
    return pd.DataFrame(rows)


def sensitivity_figures(m: float, n: float, **constants: float) -> list[Figure]:
    """Four panels, Eqs. 16, 17, 18 and 20 over D: the printed form as a line, autograd as dots on it."""
    d, dots = differences(), differences(21)
    printed, true = printed_derivatives(d, m, n, **constants), autograd_derivatives(dots, m, n, **constants)
    figures = []
    for number, name in EQUATIONS.items():
        if name == "m":
            continue  # Eq. 19 has a figure of its own
        with still_style():
            figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.2))
            axes.axhline(0, color=NEUTRAL, linewidth=0.8)
            axes.plot(d, printed[name], color=DIFFERENCE, label="as printed")
            axes.plot(dots, true[name], "o", color=ATTENTION, markersize=3.5, label="autograd")
            axes.set(title=f"Eq. {number}: ∂f/∂{_LETTERS[name]}", xlabel="difference D")
            if number == 16:
                axes.legend()
        figures.append(figure)
    return figures


def sign_figures(m: float, n: float, **constants: float) -> list[Figure]:
    """Two panels, Eq. 19 over D at -m and at m: the printed form dashed, autograd as dots, the mended form a line."""
    d, dots = differences(), differences(21)
    figures = []
    for value in (-abs(m), abs(m)):
        with still_style():
            figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.4))
            axes.axhline(0, color=NEUTRAL, linewidth=0.8)
            axes.plot(d, derivative_of_m(d, value, n, **constants), color=DIFFERENCE, label="with the sign")
            axes.plot(d, printed_derivatives(d, value, n, **constants)["m"], "--", color=NEUTRAL, label="as printed")
            axes.plot(
                dots,
                autograd_derivatives(dots, value, n, **constants)["m"],
                "o",
                color=ATTENTION,
                markersize=3.5,
                label="autograd",
            )
            axes.set(title=f"Eq. 19: ∂f/∂m at m = {value:g}".replace("-", "−"), xlabel="difference D")
            axes.legend(loc="best")
        figures.append(figure)
    return figures
