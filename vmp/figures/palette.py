"""One palette for the whole project: what a colour means is the same in every figure, video and slider.

Difference is diverging (blue: the pixel became darker, orange: it became brighter), attention is sequential
(pale: 0, dark red: 1), prompts are shown as pictures and named in violet. ``explorer.js`` holds the same anchors;
a test compares the two.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from matplotlib.colors import LinearSegmentedColormap

#: Anchors (sRGB, 0-255) at equal steps of the difference from -1 to 1.
DIFFERENCE_ANCHORS = ((8, 48, 107), (66, 146, 198), (247, 247, 247), (241, 140, 42), (127, 39, 4))
#: Anchors (sRGB, 0-255) at equal steps of the attention from 0 to 1.
ATTENTION_ANCHORS = ((255, 247, 236), (253, 212, 158), (252, 141, 89), (215, 48, 31), (103, 0, 0))

#: Line colours for curves, legends and captions; legible on a white and on a near-black page.
DIFFERENCE = "#3182bd"
ATTENTION = "#e0592a"
PROMPT = "#8e5bd0"
NEUTRAL = "#7f8790"


def lookup_table(anchors: tuple[tuple[int, int, int], ...], size: int = 256) -> NDArray[np.uint8]:
    """Interpolate the anchors linearly in sRGB to a (size, 3) uint8 table."""
    position = np.linspace(0.0, 1.0, len(anchors))
    channels = [np.interp(np.linspace(0.0, 1.0, size), position, channel) for channel in zip(*anchors, strict=True)]
    return np.rint(np.stack(channels, axis=1)).astype(np.uint8)


def colour_difference(difference: NDArray[np.floating], gain: float = 1.0) -> NDArray[np.uint8]:
    """Colour a difference map (..., H, W) in [-1, 1] as uint8 RGB (..., H, W, 3).

    ``gain`` multiplies the difference before it is coloured, since most differences are small; the picture is
    clipped, the number never is.
    """
    index = np.rint((np.clip(difference * gain, -1.0, 1.0) + 1.0) * 127.5).astype(np.uint8)
    return lookup_table(DIFFERENCE_ANCHORS)[index]


def colour_attention(attention: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Colour an attention map (..., H, W) in [0, 1] as uint8 RGB (..., H, W, 3)."""
    index = np.rint(np.clip(attention, 0.0, 1.0) * 255.0).astype(np.uint8)
    return lookup_table(ATTENTION_ANCHORS)[index]


def difference_colormap() -> LinearSegmentedColormap:
    """The difference palette as a matplotlib colour map, for -1 to 1."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("vmp-difference", lookup_table(DIFFERENCE_ANCHORS) / 255.0)


def attention_colormap() -> LinearSegmentedColormap:
    """The attention palette as a matplotlib colour map, for 0 to 1."""
    from matplotlib.colors import LinearSegmentedColormap

    return LinearSegmentedColormap.from_list("vmp-attention", lookup_table(ATTENTION_ANCHORS) / 255.0)
