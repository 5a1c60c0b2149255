"""What training and evaluation ask of a data set: clips by number, the same whichever process asks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Protocol

import numpy as np
from numpy.typing import NDArray

from vmp.data.pathways import ClipInput

if TYPE_CHECKING:
    from torch import Tensor


class ClipSource(Protocol):
    """One split of a data set.

    Attributes:
        name: of the data set and the split, for people.
        classes: the name of each label.
        labels: int64 (N,), one a clip.
        groups: int64 (N,): clips of one group show the same event (renderings of one trajectory, cuts of one video);
            their scores are averaged into one outcome.
        views: how many views of each clip are tested (temporal views x spatial crops).
    """

    name: str
    classes: tuple[str, ...]
    labels: NDArray[np.int64]
    groups: NDArray[np.int64]
    views: int

    def __len__(self) -> int:
        """N, the number of clips."""
        ...

    def clips(
        self, indices: Sequence[int], clip_input: ClipInput, *, epoch: int | None = None, seed: int = 0, view: int = 0
    ) -> list[Tensor]:
        """uint8 (B, T, H, W, 3) in RGB, one tensor a pathway of ``clip_input``; T + 1 frames where it has an extra.

        A pure function of its arguments: a draw for training hangs on (seed, epoch, index), never on the process or
        on what was read before. ``epoch`` None: no draw, the given view for testing.
        """
        ...

    def describe(self, index: int) -> str:
        """Where the clip is from, for an error: its file and interval, or its set, trajectory and rendering."""
        ...


def normalised(clips: Sequence[Tensor], clip_input: ClipInput) -> list[Tensor]:
    """float32 (B, 3, T, H, W) from uint8 (B, T, H, W, 3), on the device they are on, in the model's channel order."""
    inputs = []
    for clip in clips:
        if clip_input.channel_order == "BGR":
            clip = clip.flip(-1)
        pixels = clip.permute(0, 4, 1, 2, 3).float().div_(255)
        mean = pixels.new_tensor(clip_input.mean).view(1, 3, 1, 1, 1)
        std = pixels.new_tensor(clip_input.std).view(1, 3, 1, 1, 1)
        inputs.append(pixels.sub_(mean).div_(std))
    return inputs
