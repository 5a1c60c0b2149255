r"""The temporal attention variation V (Eq. 6) of a clip as a function of slope and shift, and what descending it does.

V depends on a clip only through pairs of differences: the same pixel at one map and at the next. So a clip is reduced
to such pairs once, on a grid of pixels, and V and its gradient are computed from them for many (a, b).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray
from torch import Tensor

from vmp.prompt import power_normalise, shift, slope

_AT_ONCE = 4_000_000  # sigmoids held in memory at a time


def difference_pairs(difference: Tensor, every: int = 3) -> Tensor:
    """Differences of the same pixel at consecutive maps, (2, P): row 0 earlier, row 1 later.

    Args:
        difference: (B, 1, T-1, H, W) with at least two maps.
        every: takes every ``every``-th row and column of pixels; 1 takes all.

    Raises:
        ValueError: wrong rank, or fewer than two maps.
    """
    if difference.ndim != 5 or difference.shape[1] != 1 or difference.shape[2] < 2:
        raise ValueError(
            f"difference: expected (B, 1, T-1, H, W) with T >= 3, got shape {tuple(difference.shape)}. "
            "vmp.frame_difference gives it from three frames or more"
        )
    grid = difference[:, 0, :, ::every, ::every]
    return torch.stack((grid[:, :-1].flatten(), grid[:, 1:].flatten()))


def variation_of_pairs(pairs: Tensor, a: Tensor, b: Tensor) -> Tensor:
    """V, mean over pixels, for each slope and shift: pairs (2, P), a and b (G,) -> (G,). Differentiable in a and b."""
    a, b = a[:, None], b[:, None]
    step = power_normalise(pairs[1], a, b) - power_normalise(pairs[0], a, b)  # (G, P)
    return step.square().mean(dim=1)


@dataclass(frozen=True)
class Surface:
    """V over a grid: ``slopes`` (A,), ``shifts`` (B,), and (A, B) arrays of V, dV/da and dV/db."""

    slopes: NDArray[np.float64]
    shifts: NDArray[np.float64]
    variation: NDArray[np.float64]
    by_slope: NDArray[np.float64]
    by_shift: NDArray[np.float64]

    @property
    def lowest(self) -> tuple[float, float, float]:
        """Slope, shift and V where V is smallest on the grid."""
        i, j = np.unravel_index(int(np.argmin(self.variation)), self.variation.shape)
        return float(self.slopes[i]), float(self.shifts[j]), float(self.variation[i, j])

    @property
    def highest(self) -> tuple[float, float, float]:
        """Slope, shift and V where V is largest on the grid."""
        i, j = np.unravel_index(int(np.argmax(self.variation)), self.variation.shape)
        return float(self.slopes[i]), float(self.shifts[j]), float(self.variation[i, j])


def reachable_grid(slopes: int = 29, shifts: int = 37) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Slopes from 9.1 to 50, evenly spaced in their logarithm, and shifts from -0.599 to 0.599, evenly spaced."""
    return np.geomspace(9.1, 50.0, slopes), np.linspace(-0.599, 0.599, shifts)


def variation_surface(
    pairs: Tensor, slopes: NDArray[np.float64] | None = None, shifts: NDArray[np.float64] | None = None
) -> Surface:
    """V and its gradient over the grid (by default :func:`reachable_grid`), from :func:`difference_pairs`."""
    if slopes is None or shifts is None:
        slopes, shifts = reachable_grid()
    grid = [torch.as_tensor(values.ravel(), dtype=pairs.dtype) for values in np.meshgrid(slopes, shifts, indexing="ij")]
    size = max(1, _AT_ONCE // pairs.shape[1])
    parts = [_value_and_gradient(pairs, a, b) for a, b in zip(grid[0].split(size), grid[1].split(size), strict=True)]
    shape = (len(slopes), len(shifts))
    value, by_a, by_b = (torch.cat(column).reshape(shape).double().numpy() for column in zip(*parts, strict=True))
    return Surface(slopes, shifts, value, by_a, by_b)


def _value_and_gradient(pairs: Tensor, a: Tensor, b: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    a, b = a.clone().requires_grad_(), b.clone().requires_grad_()
    value = variation_of_pairs(pairs, a, b)
    by_a, by_b = torch.autograd.grad(value.sum(), (a, b))
    return value.detach(), by_a, by_b


@dataclass(frozen=True)
class Descent:
    """Paths of gradient descent: (steps + 1, S) arrays for S starts; ``time`` is rate x steps so far."""

    time: NDArray[np.float64]
    m: NDArray[np.float64]
    n: NDArray[np.float64]
    slope: NDArray[np.float64]
    shift: NDArray[np.float64]
    variation: NDArray[np.float64]

    def ends(self) -> pd.DataFrame:
        """Start and end of each path: columns a_start, b_start, V_start, a_end, b_end, V_end, f0_end."""
        columns = {"a": self.slope, "b": self.shift, "V": self.variation}
        frame = pd.DataFrame(
            {
                f"{name}_{word}": values[at]
                for word, at in (("start", 0), ("end", -1))
                for name, values in columns.items()
            }
        )
        frame["f0_end"] = 1 / (1 + np.exp(frame["a_end"] * frame["b_end"]))
        return frame


def random_starts(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """The layer's own start, m, n ~ N(1e-5, 1), ``count`` times: two (count,) tensors."""
    generator = torch.Generator().manual_seed(seed)
    draws = torch.normal(1e-5, 1.0, (2, count), generator=generator)
    return draws[0], draws[1]


def descend(pairs: Tensor, m: Tensor, n: Tensor, rate: float, steps: int) -> Descent:
    """Plain gradient descent of V alone in (m, n), with no classification loss; all starts at once.

    ``rate`` is lambda times the learning rate (with momentum mu, divided by 1 - mu). Raises ValueError for a rate
    that is not positive or no step.
    """
    if not rate > 0 or steps < 1:
        raise ValueError(f"expected a positive rate and at least one step, got rate={rate}, steps={steps}")
    m, n = m.clone().to(pairs.dtype).requires_grad_(), n.clone().to(pairs.dtype).requires_grad_()
    path: list[tuple[Tensor, ...]] = []
    for _ in range(steps + 1):
        a, b = slope(m), shift(n)
        value = variation_of_pairs(pairs, a, b)
        path.append(tuple(t.detach().clone() for t in (m, n, a, b, value)))
        by_m, by_n = torch.autograd.grad(value.sum(), (m, n))
        with torch.no_grad():
            m -= rate * by_m
            n -= rate * by_n
    arrays = [torch.stack(column).double().numpy() for column in zip(*path, strict=True)]
    return Descent(rate * np.arange(steps + 1, dtype=np.float64), *arrays)


def sgd_time(lambda_: float, learning_rate: float, momentum: float, steps: int) -> float:
    """The ``time`` of :class:`Descent` that so many steps of SGD with momentum amount to, for small steps."""
    if not 0 <= momentum < 1:
        raise ValueError(f"momentum: expected 0 <= momentum < 1, got {momentum}")
    return lambda_ * learning_rate / (1 - momentum) * steps


def table_of_pairs(pairs_by_clip: dict[str, Tensor], slope_shift: Sequence[tuple[str, float, float]]) -> pd.DataFrame:
    """One row a (name, a, b): a, b, f(0) and V on each clip."""
    frame = pd.DataFrame(slope_shift, columns=["pair", "a", "b"])
    frame["f(0)"] = [1 / (1 + math.exp(a * b)) for _, a, b in slope_shift]
    a, b = torch.tensor(frame["a"].to_numpy()), torch.tensor(frame["b"].to_numpy())
    for name, pairs in pairs_by_clip.items():
        frame[f"V, {name}"] = variation_of_pairs(pairs.double(), a, b).numpy()
    return frame
