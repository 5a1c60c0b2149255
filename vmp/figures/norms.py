"""The power normalisations that the chapters compare, with their parameters chosen, and numbers on them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from vmp import power_norm
from vmp.figures.palette import ATTENTION, DIFFERENCE, PROMPT
from vmp.prompt import inverse_shift, inverse_slope, power_normalise

Values = NDArray[np.float64]


@dataclass(frozen=True)
class Norm:
    """A power normalisation with its parameters chosen: a name, a formula's short form, a line colour."""

    name: str
    parameters: str
    apply: Callable[[Tensor], Tensor]
    colour: str
    odd: bool = True

    def __call__(self, values: NDArray[np.floating]) -> Values:
        """The normalised values of an array, float64 of the same shape."""
        return self.apply(torch.from_numpy(np.asarray(values, dtype=np.float64))).numpy()

    @property
    def label(self) -> str:
        """Name and parameters, for a legend."""
        return f"{self.name}, {self.parameters}"


def family(gamma: float = 0.5, max_exp: float = 10.0, sigm_e: float = 10.0, asinh_e: float = 1.0) -> tuple[Norm, ...]:
    """The four well-behaved power normalisations, extended oddly to [-1, 1], with their parameters g, eta, eta, g.

    Raises ValueError where a parameter is outside the range of its function.
    """
    norms = (
        Norm("Gamma", f"g = {gamma:g}", partial(power_norm.gamma, g=gamma), DIFFERENCE),
        Norm("MaxExp", f"η = {max_exp:g}", partial(power_norm.max_exp, eta=max_exp), "#2a9d8f"),
        Norm("SigmE", f"η = {sigm_e:g}", partial(power_norm.sigm_e, eta=sigm_e), PROMPT),
        Norm("AsinhE", f"g = {asinh_e:g}", partial(power_norm.asinh_e, g=asinh_e), "#c08a1e"),
    )
    for norm in norms:
        norm(np.zeros(1))  # the function itself checks its parameter
    return norms


def learned(a: float, b: float, name: str = "learnable") -> Norm:
    """The paper's sigmoid (Eq. 1) with this slope and shift."""
    return Norm(name, f"a = {a:g}, b = {b:g}", partial(power_normalise, a=a, b=b), ATTENTION, odd=False)


def before_after(b: float, count: int = 41) -> tuple[Values, Values, Values]:
    """Fig. 3 (d): differences (count,), slopes (count,) from 9.1 to 50, and the value after (slopes, differences)."""
    differences = np.linspace(-1, 1, count)
    slopes = np.linspace(5 / 0.55, 50, count)
    after = 1 / (1 + np.exp(-slopes[:, None] * (differences[None, :] - b)))
    return differences, slopes, after


def at_zero(norms: Sequence[Norm], step: float = 1 / 255) -> pd.DataFrame:
    """What stillness and the smallest change become: one row a norm.

    Columns: ``f(0)``, the value of a static pixel; ``+1 level`` and ``-1 level``, how far a change
    by one of 255 grey levels moves the value; ``f(-1)`` and ``f(1)``, the values of the largest changes.
    """
    at = np.array([0.0, step, -step, -1.0, 1.0])
    rows = {}
    for norm in norms:
        still, up, down, low, high = norm(at)
        rows[norm.name] = [still, up - still, down - still, low, high]
    columns = ["f(0)", "+1 level", "-1 level", "f(-1)", "f(1)"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def pair_table(pairs: Mapping[str, tuple[float, float]]) -> pd.DataFrame:
    """What a learned pair (a, b) does, one row a pair.

    Columns: a, b; m, n, the learned numbers behind them (Eq. 2); ``f(0)``, the attention of a still pixel; ``loses a
    tenth at``, the difference at which the attention is .9 (it is .5 at b).
    """
    rows = {}
    for name, (a, b) in pairs.items():
        still = 1 / (1 + np.exp(a * b))
        rows[name] = [a, b, inverse_slope(a), inverse_shift(b), still, b + np.log(9) / a]
    columns = ["a", "b", "m", "n", "f(0)", "loses a tenth at"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)


def response(
    norms: Sequence[Norm], difference: NDArray[np.floating], still: float = 2 / 255, moved: float = 0.05
) -> pd.DataFrame:
    """What each norm makes of a difference map, one row a norm.

    Columns: ``mean value``; ``share below 0``; ``noise``, how far on average the value of a pixel with
    |D| <= ``still`` (sensor and compression noise) lies from f(0); ``motion``, the same where |D| > ``moved``;
    ``noise / motion``, the one over the other: the lower, the better the two are told apart.

    Raises:
        ValueError: a map without still or without moved pixels.
    """
    size = np.abs(difference)
    quiet, loud = size <= still, size > moved
    if not quiet.any() or not loud.any():
        raise ValueError(
            f"difference must have pixels of size up to {still:.3g} and over {moved:.3g}; its sizes go from "
            f"{size.min():.3g} to {size.max():.3g}: take another moment or stride"
        )
    rows = {}
    for norm in norms:
        value = norm(difference)
        away = np.abs(value - norm(np.zeros(1)))
        noise, motion = away[quiet].mean(), away[loud].mean()
        rows[norm.name] = [value.mean(), (value < 0).mean(), noise, motion, noise / motion]
    columns = ["mean value", "share below 0", "noise", "motion", "noise / motion"]
    return pd.DataFrame.from_dict(rows, orient="index", columns=columns)
