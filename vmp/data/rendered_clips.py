"""One split of a rendered set, as training and evaluation ask for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vmp.data.draws import Draws, keys
from vmp.data.pathways import ClipInput
from vmp.data.rendered_shelf import Shelf
from vmp.data.rendered_timing import Timing
from vmp.data.scenes import Scenes, in_view
from vmp.data.textures import background_names

if TYPE_CHECKING:
    import torch
    from torch import Tensor

Indices = NDArray[np.int64]


class RenderedClips:
    """One split of a rendered set: a :class:`vmp.data.source.ClipSource`.

    In a training split an index is a trajectory (with an object, where objects were asked for) and an epoch chooses
    one of its renderings; elsewhere an index is a rendering.

    Attributes:
        name: of the set, the split and the fold.
        title: of the set.
        description: the set and its knobs.
        classes: the name of each label.
        labels: int64 (N,).
        groups, trajectories: int64 (N,): which movement; of the Libras file, or of the source's paths.
        renderings: int64 (N,): which rendering of it; where an epoch chooses, the first.
        objects, backgrounds: int64 (N,): places in ``object_titles`` and ``background_titles``, of that rendering.
        object_titles, background_titles: their names.
        views: 1.
    """

    views = 1

    def __init__(self, name: str, shelves: Sequence[Shelf], choices: int) -> None:
        scenes = [shelf.scenes for shelf in shelves]
        self.name = name
        self.description = scenes[0].description
        self.title, self.classes = self.description.title, self.description.classes
        self.object_titles = tuple(f"{pattern} {shape}" for pattern, shape, *_ in self.description.objects)
        self.background_titles = background_names(self.description.textures, scenes[0].test)
        self._shelves, self._choices = tuple(shelves), choices
        counts = [len(each) // choices for each in scenes]
        self._shelf = np.repeat(np.arange(len(shelves)), counts)
        self._row = np.concatenate([np.arange(count) * choices for count in counts])
        self.trajectories = np.concatenate([each.trajectory[::choices] for each in scenes])
        self.renderings = np.concatenate([each.rendering[::choices] for each in scenes])
        self.objects = np.concatenate([each.object[::choices] for each in scenes])
        self.backgrounds = np.concatenate([each.background[::choices] for each in scenes])
        self.labels = np.concatenate([each.label[::choices] for each in scenes])
        self._held: list[Tensor] | None = None

    @property
    def groups(self) -> Indices:
        """int64 (N,): the trajectory; its renderings have one outcome together."""
        return self.trajectories

    @property
    def timing(self) -> Timing:
        """The frames that are drawn."""
        return self._shelves[0].timing

    @property
    def size(self) -> int:
        """Height and width."""
        return self._shelves[0].size

    def __len__(self) -> int:
        return len(self.labels)

    def __repr__(self) -> str:
        return f"RenderedClips({self.name}: {len(self)} clips of {self.size}x{self.size}, {len(self.classes)} classes)"

    def clips(
        self, indices: Sequence[int], clip_input: ClipInput, *, epoch: int | None = None, seed: int = 0, view: int = 0
    ) -> list[Tensor]:
        """uint8 (B, T, H, W, 3) in RGB, one tensor a pathway; T + 1 frames where it has an extra, 2 T where adjacent.

        On the CPU, or where :meth:`held_on` put them. ``epoch`` None: the first rendering.

        Raises:
            ValueError: another crop than was rendered, more frames than were rendered, a view other than 0.
            IndexError: an index that is not there.
        """
        import torch

        if clip_input.crop != self.size:
            raise ValueError(
                f"clip_input: its crop is {clip_input.crop} and these clips are {self.size}x{self.size}. "
                f"Load them with size={clip_input.crop}"
            )
        if view != 0:
            raise ValueError(f"view: expected 0, a rendered clip has one view, got {view}")
        chosen = np.asarray(indices, dtype=np.int64)
        shelf, row = self._shelf[chosen], self._row[chosen] + self._rendering(chosen, epoch, seed)
        taken = self.timing.taken(clip_input)
        if self._held is not None:
            return [self._gathered(self._held, shelf, row, frames) for frames in taken]
        pixels = [self._shelves[s].pixels[r] for s, r in zip(shelf, row, strict=True)]
        return [torch.from_numpy(np.stack([clip[frames] for clip in pixels])) for frames in taken]

    def held_on(self, device: torch.device | str) -> RenderedClips:
        """The same clips in the memory of a device, all of them, so that a GPU need not wait for them."""
        import torch

        made = RenderedClips(self.name, self._shelves, self._choices)
        made._held = [torch.from_numpy(np.array(shelf.pixels)).to(device) for shelf in self._shelves]
        return made

    def video(self, index: int, rendering: int = 0) -> NDArray[np.uint8]:
        """uint8 (T, H, W, 3): all drawn frames of one clip, rendered now, for a figure; equal to what is cached."""
        from vmp.data.rendering import render

        shelf = self._shelves[self._shelf[index]]
        return render(self._scene(index, rendering), self.timing.times, self.size, shelf.device)[0].cpu().numpy()

    def camera(self, index: int, rendering: int = 0) -> NDArray[np.float64]:
        """float64 (T, 4), a drawn frame a row: the camera's centre x and y in frame widths, zoom, roll in radians.

        ``rendering``: where an epoch chooses, which one.
        """
        return self._scene(index, rendering).camera(self.timing.times)[0]

    def object_path(self, index: int, rendering: int = 0, seen: bool = True) -> NDArray[np.float64]:
        """float64 (T, 2), a drawn frame a row: where in the frame the object's centre is, x and y in [0, 1] inside.

        ``seen`` False: where it would be if the camera rested.
        """
        scene, times = self._scene(index, rendering), self.timing.times
        path = scene.object_path(times)
        return in_view(path, scene.camera(times))[0] if seen else path[0]

    def describe(self, index: int) -> str:
        """Set, split, trajectory, class, rendering, object and background of a clip."""
        return (
            f"{self.name}: trajectory {self.trajectories[index]} ({self.classes[self.labels[index]]}), rendering "
            f"{self.renderings[index]}, {self.object_titles[self.objects[index]]} over "
            f"{self.background_titles[self.backgrounds[index]]}"
        )

    def _rendering(self, chosen: Indices, epoch: int | None, seed: int) -> Indices:
        """Which of its renderings each clip shows: in turn from epoch to epoch, beginning anywhere."""
        if epoch is None or self._choices == 1:
            return np.zeros(len(chosen), dtype=np.int64)
        first = Draws(keys("epoch", seed, self.trajectories[chosen])).integers("first", self._choices)
        return (first + epoch) % self._choices

    def _scene(self, index: int, rendering: int) -> Scenes:
        if not 0 <= rendering < self._choices:
            raise ValueError(f"rendering: expected 0 to {self._choices - 1}, got {rendering}")
        row = int(self._row[index]) + rendering
        return self._shelves[self._shelf[index]].scenes.rows(row, row + 1)

    @staticmethod
    def _gathered(held: list[Tensor], shelf: Indices, row: Indices, frames: Indices) -> Tensor:
        import torch

        wanted = torch.from_numpy(frames).to(held[0].device)
        return torch.stack([held[s][r].index_select(0, wanted) for s, r in zip(shelf, row, strict=True)])
