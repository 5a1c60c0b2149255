"""A data set whose clips are degraded on their way, whatever they are made of."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from vmp.data.degrade import Severity, chosen_degradation
from vmp.data.draws import keys
from vmp.data.pathways import ClipInput, Pathway
from vmp.data.source import ClipSource

if TYPE_CHECKING:
    from torch import Tensor


class Degraded:
    """The clips of another source, degraded: a :class:`vmp.data.source.ClipSource`.

    A frame that several pathways show is degraded once, and the same in all of them. What is drawn hangs on the seed,
    the epoch, the clip and the view alone; in testing it is the same in every run.

    Args:
        source: of real or of rendered clips, for training or for testing.
        degradation: a name in ``vmp.data.degrade.DEGRADATIONS``.
        severity: "mild", "medium" or "strong".

    Raises:
        ValueError: an unknown degradation or severity, with the nearest.

    Attributes:
        source: as given; what else it knows (its objects, its lost clips) is asked of it.
        name: the source's, and how it is degraded.
        classes, labels, groups, views: the source's.
    """

    def __init__(self, source: ClipSource, degradation: str, severity: Severity = "medium") -> None:
        chosen, strength = chosen_degradation(degradation, severity)
        self.source = source
        self.name = f"{source.name}, {chosen.title} ({severity}: {strength:g} {chosen.strength})"
        self.classes: tuple[str, ...] = source.classes
        self.labels: NDArray[np.int64] = source.labels
        self.groups: NDArray[np.int64] = source.groups
        self.views: int = source.views
        self._apply, self._strength, self._key = chosen.apply, strength, f"degraded, {degradation}"

    def __len__(self) -> int:
        return len(self.source)

    def __getattr__(self, name: str) -> Any:
        # not there yet, while it is being unpickled; or clips that were held elsewhere would not be degraded
        if name.startswith("_") or name in ("source", "held_on"):
            raise AttributeError(name)
        return getattr(self.source, name)

    def clips(
        self, indices: Sequence[int], clip_input: ClipInput, *, epoch: int | None = None, seed: int = 0, view: int = 0
    ) -> list[Tensor]:
        """uint8 (B, T, H, W, 3) in RGB, one tensor a pathway, as :meth:`vmp.data.source.ClipSource.clips`."""
        import torch

        clips = self.source.clips(indices, clip_input, epoch=epoch, seed=seed, view=view)
        device = clips[0].device
        pixels = [clip.cpu().numpy() for clip in clips]
        order, places = shared_frames(clip_input.pathways)
        when = "test" if epoch is None else epoch
        seeds = keys(self._key, seed, when, view, np.asarray(indices, dtype=np.int64)).tolist()
        made: list[list[NDArray[np.uint8]]] = [[] for _ in clips]
        for row, clip_seed in enumerate(seeds):
            video = np.stack([pixels[pathway][row, place] for pathway, place in order])
            worse = self._apply(video, self._strength, clip_seed)
            for pathway, taken in enumerate(places):
                made[pathway].append(worse[taken])
        return [torch.from_numpy(np.stack(each)).to(device) for each in made]

    def describe(self, index: int) -> str:
        """As the source, and how it is degraded."""
        return f"{self.source.describe(index)} [{self.name.removeprefix(self.source.name).lstrip(', ')}]"


def shared_frames(pathways: Sequence[Pathway]) -> tuple[list[tuple[int, int]], list[NDArray[np.int64]]]:
    """The different frames of a clip in order of time, and which of them each pathway shows.

    All pathways begin at one frame; what they take before it is in :attr:`vmp.data.pathways.Pathway.offsets`.

    Returns:
        (order, places): ``order[i]`` is (pathway, place) of one that shows frame i; ``places[p]`` are the numbers of
        pathway p's frames, as many as it is given.
    """
    times = [pathway.offsets for pathway in pathways]
    different = np.unique(np.concatenate(times))
    order = []
    for time in different:
        pathway = next(number for number, each in enumerate(times) if time in each)
        order.append((pathway, int(np.searchsorted(times[pathway], time))))
    return order, [np.searchsorted(different, each) for each in times]
