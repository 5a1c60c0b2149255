"""Softmax attention (Eqs. 9 and 10) beside the layer's gating (Eq. 5), on a handful of pixels; and the role of k."""

from __future__ import annotations

import matplotlib.pyplot as plt
import numpy as np
import torch
from matplotlib.figure import Figure
from torch import Tensor

from vmp.figures.palette import ATTENTION, NEUTRAL, attention_colormap
from vmp.figures.still import PANEL_WIDTH, still_style
from vmp.prompt import power_normalise


def telling_pixels(difference: Tensor, shares: tuple[float, ...] = (0.0, 0.02, 0.3, 0.7, 0.98, 1.0)) -> Tensor:
    """Indices into a flattened map (H, W), one for each share of the sorted differences, from darkest to brightest.

    Raises ValueError for a share outside [0, 1].
    """
    if any(not 0 <= share <= 1 for share in shares):
        raise ValueError(f"shares: expected values in [0, 1], got {shares}")
    order = difference.flatten().argsort()
    return torch.stack([order[round(share * (len(order) - 1))] for share in shares])


def matrix_figures(softmax: Tensor, gates: Tensor) -> list[Figure]:
    """Two panels: the (n, n) attention matrix, and the gates (n,) as the diagonal matrix that they are."""
    figures = []
    for matrix, title in ((softmax, "softmax(QKᵀ/√d): rows sum to 1"), (torch.diag(gates), "gating: a diagonal")):
        values = matrix.detach().numpy()
        with still_style():
            figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.9))
            axes.pcolormesh(values, cmap=attention_colormap(), vmin=0, vmax=1, edgecolors="#9a9a9a", linewidth=0.4)
            for row, column in np.ndindex(*values.shape):
                value = values[row, column]
                shown = "1" if value > 0.995 else f"{value:.2f}"[1:]
                colour = "#fffdf8" if value > 0.5 else "#2a1408"
                axes.text(column + 0.5, row + 0.5, shown, ha="center", va="center", color=colour, fontsize=8.2)
            axes.invert_yaxis()
            axes.set_aspect("equal")
            ticks = np.arange(len(values))
            axes.set_xticks(ticks + 0.5, [str(tick + 1) for tick in ticks])
            axes.set_yticks(ticks + 0.5, [str(tick + 1) for tick in ticks])
            axes.set(title=title, xlabel="pixel that is read", ylabel="pixel that is written")
        figures.append(figure)
    return figures


def k_figure(k: float) -> Figure:
    """What f reaches in the worst case of Eqs. 11-14 over the constant k of Eq. 15; ``k`` is marked.

    In the worst case the exponent is k itself, so f(1) = 1 / (1 + exp(-k)) and f(-1) is what is missing to 1.
    """
    over = torch.linspace(0.0, 10.0, 101)
    with still_style():
        figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.4))
        axes.plot(over, power_normalise(over, 1.0, 0.0), color=ATTENTION, label="f(1), should be 1")
        axes.plot(over, power_normalise(-over, 1.0, 0.0), color=NEUTRAL, label="f(−1), should be 0")
        axes.axvline(k, color=NEUTRAL, linewidth=0.8, linestyle=":")
        axes.annotate(f"k = {k:.2f}", (k, 0.2), xytext=(5, 0), textcoords="offset points")
        axes.set(title="The worst case over k", xlabel="k", ylabel="f at D = ±1", ylim=(-0.03, 1.03))
        axes.legend(loc="center right")
    return figure
