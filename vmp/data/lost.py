"""Clips that cannot be read: replaced and counted in training, an error in testing unless allowed, and then wrong.

A training that quietly sees other clips than it says, or a test that quietly leaves clips out, gives numbers of another
data set. So nothing here is quiet, and nothing stands in for a test clip.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

    from vmp.data.pathways import ClipInput
    from vmp.data.source import ClipSource


class ClipUnreadable(ValueError):
    """Test clips that cannot be read: names each and the reason.

    Attributes:
        indices: which.
    """

    def __init__(self, message: str, indices: Sequence[int] = ()) -> None:
        super().__init__(message)  # one argument is enough: a loader's worker hands on the message alone
        self.indices = tuple(indices)


class TooManyLost(ValueError):
    """More training clips than allowed cannot be read."""


class LostClips:
    """Which clips of a split were found unreadable, by this process or by the workers it started.

    Args:
        clips: how many the split has.
        share: of them that may be lost in training.
    """

    def __init__(self, clips: int, share: float) -> None:
        import torch

        if not 0 <= share <= 1:
            raise ValueError(f"lost_share: expected 0 to 1, got {share}")
        self.share = share
        # shared memory: what a loader's worker notes is seen by the process that started it, and by the other workers
        self._marks = torch.zeros(clips, dtype=torch.uint8).share_memory_()

    @property
    def indices(self) -> NDArray[np.int64]:
        """int64 (n,): which, in order."""
        return np.flatnonzero(self._marks.numpy()).astype(np.int64)

    @property
    def too_many(self) -> bool:
        """Whether more than the share that is allowed."""
        return int(self._marks.sum()) > self.share * len(self._marks)

    def note(self, index: int) -> bool:
        """Note a clip; gives whether it is the first time."""
        new = not bool(self._marks[index])
        self._marks[index] = 1
        return new

    def __contains__(self, index: int) -> bool:
        return bool(self._marks[index])


def readable_clips(
    data: ClipSource, indices: Sequence[int], clip_input: ClipInput, *, view: int = 0
) -> tuple[list[Tensor], Tensor]:
    """Test clips, and which of them there are: uint8 (B, T, H, W, 3) a pathway, and bool (B,).

    Where that is False, the clip could not be read, its pixels are 0, and whoever asked counts it as wrong whatever the
    model says of it (see :func:`wrong_scores`). Only a source with ``allow_lost`` gives such; another raises.

    Raises:
        ClipUnreadable: a clip that cannot be read, of a source that does not allow it.
    """
    import torch

    there = torch.ones(len(indices), dtype=torch.bool)
    try:
        return data.clips(indices, clip_input, view=view), there
    except ClipUnreadable as error:
        if not getattr(data, "allow_lost", False):
            raise
        there = torch.tensor([index not in error.indices for index in indices])
    kept = [index for index, found in zip(indices, there.tolist(), strict=True) if found]
    sizes = [(pathway.given, clip_input.crop, clip_input.crop, 3) for pathway in clip_input.pathways]
    clips = [torch.zeros((len(indices), *size), dtype=torch.uint8) for size in sizes]
    if kept:
        for whole, part in zip(clips, data.clips(kept, clip_input, view=view), strict=True):
            whole[there] = part
    return clips, there


class ForTesting:
    """A source as whoever tests it loads it: each batch says, behind its pathways, which of its clips there are.

    The further tensor is the bool (B,) of :func:`readable_clips`, made where the clips are read, in a loader's worker.
    """

    def __init__(self, data: ClipSource) -> None:
        self.data = data
        self.name, self.classes, self.views = data.name, data.classes, data.views
        self.labels, self.groups = data.labels, data.groups

    def __len__(self) -> int:
        return len(self.data)

    def clips(
        self, indices: Sequence[int], clip_input: ClipInput, *, epoch: int | None = None, seed: int = 0, view: int = 0
    ) -> list[Tensor]:
        """uint8 (B, T, H, W, 3), one tensor a pathway, and bool (B,); no draws."""
        clips, there = readable_clips(self.data, indices, clip_input, view=view)
        return [*clips, there]

    def describe(self, index: int) -> str:
        """As the source."""
        return self.data.describe(index)


def wrong_scores(labels: NDArray[np.int64], classes: int, averages: str) -> NDArray[Any]:
    """float64 (N, classes): scores that are wrong for clips of these labels, wherever their label is looked for.

    All other classes are equally likely: as probabilities 1 / (classes - 1) for "softmax", else logits 0; the label has
    probability 0, or the logit -30.
    """
    softmax = averages == "softmax"
    scores = np.full((len(labels), classes), 1 / max(classes - 1, 1) if softmax else 0.0)
    scores[np.arange(len(labels)), labels] = 0.0 if softmax else -30.0
    return scores
