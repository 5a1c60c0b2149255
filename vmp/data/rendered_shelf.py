"""Some clips of a rendered set, side by side in one file: who they are, and their pixels when asked for."""

from __future__ import annotations

import hashlib
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from vmp.data.rendered_cache import cached, fingerprint, in_memory
from vmp.data.rendered_timing import Timing
from vmp.data.scenes import Scenes
from vmp.data.textures import background, background_names
from vmp.data.trajectories import libras_trajectories

_CPU_BATCH, _GPU_BATCH = 16, 128  # clips rendered at once: what a CPU's cache holds; what keeps a GPU busy


@dataclass(frozen=True)
class Shelf:
    """The pixels of some scenes.

    Attributes:
        scenes: the clips.
        timing: the frames.
        size: height and width.
        device: where they are rendered.
        folder: where the file lies; None: in memory, rendered again by each process.
    """

    scenes: Scenes
    timing: Timing
    size: int
    device: str
    folder: Path | None

    @cached_property
    def pixels(self) -> NDArray[np.uint8]:
        """uint8 (N, T, size, size, 3), read-only; rendered when first asked for, unless a file has it."""
        shape = (len(self.scenes), len(self.timing.times), self.size, self.size, 3)
        batch = _CPU_BATCH if self.device == "cpu" else _GPU_BATCH
        if self.folder is None:
            return in_memory(shape, self._rendered, batch)
        name = f"{self.scenes.description.name}-{fingerprint(self._facts())}.npy"
        return cached(self.folder / name, shape, self._rendered, batch)

    def _rendered(self, start: int, stop: int) -> NDArray[np.uint8]:
        from vmp.data.rendering import render

        return render(self.scenes.rows(start, stop), self.timing.times, self.size, self.device).cpu().numpy()

    def _facts(self) -> dict[str, object]:
        """Everything that decides the pixels."""
        from vmp.data.rendering import PROTOCOL

        scenes = self.scenes
        names = background_names(scenes.description.textures, scenes.test)
        return {
            "protocol": PROTOCOL,
            "set": scenes.description.facts(),
            "movements": _checksum(libras_trajectories().points),
            "backgrounds": [_checksum(background(name, self.size)) for name in names],  # JPEG decoders may differ
            "test": scenes.test,
            "trajectories": scenes.trajectory.tolist(),
            "renderings": scenes.rendering.tolist(),
            "objects": None if scenes.objects is None else scenes.objects.tolist(),
            "timing": asdict(self.timing),
            "size": self.size,
            "device": self.device.split(":")[0],
        }

    def __getstate__(self) -> dict[str, object]:
        """For another process: all but the pixels, which it maps or renders itself."""
        return {name: value for name, value in self.__dict__.items() if name != "pixels"}


def _checksum(array: NDArray[np.generic]) -> str:
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()[:16]
