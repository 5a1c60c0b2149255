"""A source watched by a model: pictures and classes, moment by moment."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vmp.data.manifest import thinning
from vmp.live.seeing import Seeing
from vmp.live.view import likeliest, picture_of

if TYPE_CHECKING:
    from vmp.live.source import LiveSource
    from vmp.predict import Predictor


@dataclass(frozen=True, eq=False)
class Shown:
    """A moment as it is shown.

    Attributes:
        picture: uint8 RGB (H, W, 3), both sides even: four panes and the likeliest classes.
        time: seconds from the source's first frame.
        said: the likeliest classes with their probabilities; none before the model has seen enough frames.
        new: whether the model said that since the moment before.
    """

    picture: NDArray[np.uint8]
    time: float
    said: list[tuple[str, float]]
    new: bool


def watch(
    source: LiveSource,
    predictor: Predictor,
    *,
    top: int = 3,
    seconds: float | None = None,
    real_time: bool = False,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[Shown]:
    """What a model makes of a source, until it ends or is to stop.

    Of a source with more than 30 frames a second every second (third, ...) frame is taken, as in training.

    Args:
        source: of :func:`vmp.live.open_source`.
        predictor: the model.
        top: how many classes are told.
        seconds: of the source, after which to end; None: all of it.
        real_time: a file's frames wait for their time; a camera's do anyway.
        stop: asked before each frame.
    """
    seeing, top = Seeing(predictor), min(top, len(predictor.classes))
    every, begun = thinning(source.rate), time.monotonic()
    for number, (frame, shown) in enumerate(source.frames(stop)):
        if seconds is not None and shown >= seconds:
            return
        if number % every:
            continue
        if real_time and source.is_file:
            time.sleep(max(shown - (time.monotonic() - begun), 0.0))
        seen = seeing(frame, shown)
        if seen is None:
            continue
        said = [] if seen.probabilities is None else likeliest(seen.probabilities, predictor.classes, top)
        picture = picture_of(seen, seeing.layer, said, top, seeing.waits, seeing.gain)
        yield Shown(picture, shown, said, seen.new)
