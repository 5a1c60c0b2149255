"""Adjacent against sampled differences: how the difference grows with the frames between."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
import torch
from matplotlib.figure import Figure

from vmp.figures.moments import Map, Picture, frame_pair
from vmp.figures.palette import ATTENTION, DIFFERENCE, PROMPT
from vmp.figures.still import PANEL_WIDTH, still_style
from vmp.prompt import LUMA, power_normalise

#: A difference that an eye sees at a glance: about 13 of 255 grey levels.
VISIBLE = 0.05


def stride_numbers(
    frames: Picture, strides: Sequence[int], slope: float, shift: float, pairs: int = 12
) -> pd.DataFrame:
    """What differences look like when frames ``stride`` apart are compared: one row a stride.

    Means over at most ``pairs`` evenly spaced pairs of frames and all pixels. Columns: ``mean |D|``;
    ``|D| > .05``, the share of such pixels; ``mean f``, the attention for this slope and shift; ``f < .5``, the share
    of pixels that lose more than half. The index is the stride.

    Args:
        frames: uint8 (T, H, W, 3), RGB.
        strides: frames from the earlier to the later frame, each from 1 to T - 1.
        slope: a of Eq. 1.
        shift: b of Eq. 1.
        pairs: at most so many pairs a stride.

    Raises:
        ValueError: frames of another shape or dtype, or a stride that the clip is too short for.
    """
    rows = {stride: _one_stride(frames, stride, slope, shift, pairs) for stride in strides}
    columns = ["mean |D|", "|D| > .05", "mean f", "f < .5"]
    table = pd.DataFrame.from_dict(rows, orient="index", columns=columns)
    table.index.name = "stride"
    return table


def _one_stride(frames: Picture, stride: int, slope: float, shift: float, pairs: int) -> list[float]:
    frame_pair(frames, 0, stride)  # checks the clip and the stride
    starts = np.unique(np.linspace(0, len(frames) - 1 - stride, pairs).round().astype(int))
    each = []
    for start in starts:
        difference = _luma(frames[start + stride]) - _luma(frames[start])
        attention = power_normalise(torch.from_numpy(difference), slope, shift).numpy()
        size = np.abs(difference)
        each.append([size.mean(), (size > VISIBLE).mean(), attention.mean(), (attention < 0.5).mean()])
    return np.asarray(each, dtype=float).mean(axis=0).tolist()


def _luma(frame: Picture) -> Map:
    return (frame @ np.asarray(LUMA, dtype=np.float32) / np.float32(255)).astype(np.float32)


def stride_panels(numbers: Mapping[str, pd.DataFrame], seconds_a_frame: float) -> list[Figure]:
    """Two panels over the stride, a line a clip: mean size of the difference, and how many pixels change visibly."""
    panels = []
    for column, title in (("mean |D|", "size of the difference"), ("|D| > .05", "share of pixels that change")):
        with still_style():
            figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.5))
            for (name, table), colour in zip(numbers.items(), (DIFFERENCE, ATTENTION, PROMPT), strict=False):
                axes.plot(table.index * seconds_a_frame, table[column], "o-", color=colour, label=name, markersize=3.5)
            axes.set(title=title, xlabel="seconds from frame to frame", ylabel=column)
            axes.set_ylim(0, None)
            axes.set_xlim(0, None)
            axes.legend()
        panels.append(figure)
    return panels
