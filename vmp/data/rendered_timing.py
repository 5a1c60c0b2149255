"""Which moments of a rendered clip are drawn: the same movement, sampled as finely as a model asks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vmp.data.pathways import ClipInput, pathway_windows


@dataclass(frozen=True)
class Timing:
    """The frames of a rendered video, and which of them are drawn.

    Attributes:
        room: frames before the movement begins.
        length: frames of the movement.
        unit: every so many frames one is drawn, the first included; divides ``room`` and every stride.
    """

    room: int = 8
    length: int = 16
    unit: int = 1

    @property
    def frames(self) -> int:
        """How many frames the video has, drawn or not."""
        return self.room + self.length

    @property
    def drawn(self) -> NDArray[np.int64]:
        """int64 (N,): which of the frames are drawn, in order."""
        return np.arange(0, self.frames, self.unit, dtype=np.int64)

    @property
    def times(self) -> NDArray[np.float64]:
        """The time of each drawn frame: 0 where the movement begins, 1 at the video's last frame."""
        return (self.drawn - self.room) / (self.length - 1)

    def fits(self, clip_input: ClipInput) -> bool:
        """Whether a model finds all its frames drawn."""
        strides = [pathway.stride for pathway in clip_input.pathways]
        return (
            clip_input.room <= self.room
            and clip_input.length <= self.length
            and all(stride % self.unit == 0 for stride in strides)
            and (self._draws_before or not any(pathway.adjacent for pathway in clip_input.pathways))
        )

    @property
    def _draws_before(self) -> bool:
        """Whether the frame before each that a stride leads to is drawn."""
        return self.unit == 1

    def taken(self, clip_input: ClipInput) -> tuple[NDArray[np.int64], ...]:
        """Which of the drawn frames each pathway takes; all pathways begin with the movement.

        Raises:
            ValueError: a model that asks for more frames than are drawn.
        """
        if not self.fits(clip_input):
            raise ValueError(
                f"clip_input: expected at most {self.room} frames of room and {self.length} from first to last, with "
                f"strides that are multiples of {self.unit}; got {clip_input.room} and {clip_input.length}, strides "
                f"{[pathway.stride for pathway in clip_input.pathways]}"
                + (", each with the one before" if any(pathway.adjacent for pathway in clip_input.pathways) else "")
                + ". Load with clip_input=..., which draws these"
            )
        windows = pathway_windows(self.frames, clip_input, start=self.room)
        return tuple(np.searchsorted(self.drawn, indices) for indices in windows.indices)


@dataclass(frozen=True)
class TimingWithBefore(Timing):
    """A timing that draws the frame just before each of its frames too, for adjacent differences.

    A class of its own: a field of :class:`Timing` would give clips that were drawn already another name.

    Attributes:
        before: frames drawn before each.
    """

    before: int = 1

    @property
    def drawn(self) -> NDArray[np.int64]:
        """int64 (N,): which of the frames are drawn, in order."""
        every = super().drawn
        return np.unique(np.concatenate((every, every[1:] - self.before)))

    @property
    def _draws_before(self) -> bool:
        return True


def timing_for(clip_input: ClipInput | None) -> Timing:
    """The usual 24 frames where they are enough for a model; else as many as it needs, and none that it skips."""
    usual = Timing()
    if clip_input is None or usual.fits(clip_input):
        return usual
    unit = math.gcd(*(pathway.stride for pathway in clip_input.pathways))
    adjacent = unit > 1 and any(pathway.adjacent for pathway in clip_input.pathways)
    return (TimingWithBefore if adjacent else Timing)(clip_input.room, clip_input.length, unit)
