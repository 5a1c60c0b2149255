"""The picture of a moment: frame, difference, attention and prompt, and under them the likeliest classes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vmp.figures.palette import PROMPT
from vmp.figures.panes import Label, Panes, label_strip
from vmp.maps import pane_labels

if TYPE_CHECKING:
    from vmp.live.seeing import Seen
    from vmp.prompt import MotionPrompt

Picture = NDArray[np.uint8]
_TEXT, _BAR = 30, 8  # pixels of a class's words, and of the bar below them; together even


def likeliest(probabilities: NDArray[np.float64], classes: tuple[str, ...], k: int) -> list[tuple[str, float]]:
    """The ``k`` likeliest classes with their probabilities, the likeliest first."""
    return [(classes[label], float(probabilities[label])) for label in np.argsort(-probabilities, kind="stable")[:k]]


def picture_of(
    seen: Seen, layer: MotionPrompt, said: list[tuple[str, float]], rows: int, waits: int = 0, gain: float = 3.0
) -> Picture:
    """uint8 RGB, the same size for every moment of a video.

    Args:
        seen: the moment.
        layer: that made its maps.
        said: classes and probabilities, at most ``rows``; none while the model waits for ``waits`` frames more.
        rows: room for so many classes.
        waits: see ``said``.
        gain: that the difference was multiplied by.
    """
    side = seen.pictures[0].shape[0]
    panes = Panes(side, side)
    above = panes.compose(seen.pictures, pane_labels(layer, seen.gap, seen.time, gain))
    texts = [(f"{name}  {probability:.2f}", probability) for name, probability in said]
    if not texts:
        texts = [(f"the model needs {waits} more frames", 0.0)]
    width = above.shape[1]
    texts += [("", 0.0)] * (rows - len(texts))
    below = [_row(text, share, width) for text, share in texts]
    return np.concatenate([above, *below], axis=0)


def _row(text: str, share: float, width: int) -> Picture:
    words = label_strip(Label((text,)), width, _TEXT)
    bar = np.broadcast_to(words[-1, -1], (_BAR, width, 3)).copy()
    bar[:-2, : round(share * width)] = [int(PROMPT[place : place + 2], 16) for place in (1, 3, 5)]
    return np.concatenate([words, bar], axis=0)
