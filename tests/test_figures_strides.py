import math

import numpy as np
import pytest

from vmp.figures.still import Still
from vmp.figures.strides import stride_numbers, stride_panels


def ramp(count: int = 9) -> np.ndarray:
    """Left half brightens by 10 levels a frame, right half stays."""
    frames = np.full((count, 2, 4, 3), 40, dtype=np.uint8)
    frames[:, :, :2] = (40 + 10 * np.arange(count)).reshape(-1, 1, 1, 1)
    return frames


def test_numbers_by_hand():
    table = stride_numbers(ramp(), strides=[1, 2], slope=10.0, shift=0.0)
    assert table.index.tolist() == [1, 2]
    assert table["mean |D|"].tolist() == pytest.approx([5 / 255, 10 / 255], abs=1e-6)
    assert table["|D| > .05"].tolist() == [0.0, 0.5]  # 10 levels are .039, 20 are .078
    half = [1 / (1 + math.exp(-10 * 10 * k / 255)) / 2 + 0.25 for k in (1, 2)]
    assert table["mean f"].tolist() == pytest.approx(half, abs=1e-6)
    assert table["f < .5"].tolist() == [0.0, 0.0]


def test_darkening_loses_attention():
    table = stride_numbers(ramp()[::-1], strides=[2], slope=50.0, shift=-0.01)
    assert table["f < .5"].tolist() == [0.5]


def test_panels_are_legible_stills():
    table = stride_numbers(ramp(), strides=[1, 2, 4], slope=10.0, shift=0.0)
    html = Still(*stride_panels({"static": table, "moving": table}, 1 / 30), alt="strides").html
    assert html.count("<svg") == 2


def test_a_stride_longer_than_the_clip_is_refused():
    with pytest.raises(ValueError, match="for 9 frames and a stride of 9"):
        stride_numbers(ramp(), strides=[9], slope=10.0, shift=0.0)
