"""Intervals of long videos as files of their own, for who wants files: one pass over each video."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from vmp.data.writing import Film

#: x264's constant rate factor: hardly to be told from the source.
_QUALITY = 18


@dataclass(frozen=True)
class Cut:
    """A file to be made.

    Attributes:
        start, end: frames of the video from 0, ``end`` not included.
        to: the file.
    """

    start: int
    end: int
    to: Path


def cut(video: Path, cuts: Sequence[Cut]) -> Iterator[Cut]:
    """Write the cuts that are not there, H.264 in MP4 without sound, each whole or not at all; give each one written.

    The video is decoded once, from its beginning to the last cut's end, in constant memory; cuts may overlap. A cut
    that begins after the video's end is not written, one that ends after it is shorter. An odd row or column of pixels
    is left out, since H.264 wants even sizes.

    Raises:
        VideoError: (a ValueError) the video is damaged before the last cut's end.
    """
    from vmp.data.decoder import Decoder, VideoError

    waiting = sorted((each for each in cuts if not each.to.exists()), key=lambda each: (each.start, each.end))
    if not waiting:
        return
    films: dict[Cut, Film] = {}
    try:
        with Decoder(video) as decoder:
            for number, (_, frame) in enumerate(decoder.frames()):
                for each in [each for each in films if each.end <= number]:
                    yield _finish(each, films.pop(each))
                if not waiting and not films:
                    return
                if films or waiting[0].start <= number:
                    picture = _even(decoder.to_rgb(frame))
                    while waiting and waiting[0].start <= number:
                        each = waiting.pop(0)
                        films[each] = _begin(each, picture, decoder.rate)
                    for each, film in films.items():
                        film.write(picture, (number - each.start) / decoder.rate)
            if decoder.damage:
                raise VideoError(video, decoder.damage)
        while films:
            yield _finish(*films.popitem())
    finally:
        for each, film in films.items():
            film.__exit__(None, None, None)
            _partial(each).unlink()


def _even(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = (side // 2 * 2 for side in picture.shape[:2])
    return picture[:height, :width]


def _begin(each: Cut, picture: NDArray[np.uint8], rate: float) -> Film:
    from vmp.data.writing import Film

    each.to.parent.mkdir(parents=True, exist_ok=True)
    return Film(_partial(each), (picture.shape[1], picture.shape[0]), rate, _QUALITY)


def _finish(each: Cut, film: Film) -> Cut:
    film.__exit__(None, None, None)
    os.replace(_partial(each), each.to)
    return each


def _partial(each: Cut) -> Path:
    return each.to.with_name(f"{each.to.name}.part")
