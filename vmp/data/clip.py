"""What reading a video gives: its frames, and when they were shown."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor


@dataclass(frozen=True, eq=False)
class Clip:
    """Frames of a video with their times; where an array is wanted, it is its frames.

    Attributes:
        frames: uint8 (T, H, W, 3), RGB.
        times: float64 (T,), seconds from the video's first frame; a repeated frame has its own time again.
        path: where it was read from, None for a clip made from an array.
        rate: the file's frames a second (the average, for a variable rate).
        repeated: how many of the frames, at the end, are there only to fill up a video that was too short.
    """

    frames: NDArray[np.uint8]
    times: NDArray[np.float64]
    path: str | None = None
    rate: float | None = None
    repeated: int = 0

    def __post_init__(self) -> None:
        shape, dtype = self.frames.shape, self.frames.dtype
        if len(shape) != 4 or shape[3] != 3 or dtype != np.uint8:
            raise ValueError(f"frames: expected uint8 of shape (T, H, W, 3), got {dtype} of shape {shape}")
        if self.times.shape != shape[:1]:
            raise ValueError(f"times: expected one a frame, shape {shape[:1]}, got shape {self.times.shape}")

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> NDArray[Any]:
        return np.array(self.frames, dtype=dtype, copy=copy)

    def __len__(self) -> int:
        return len(self.frames)

    def __getitem__(self, index: Any) -> NDArray[np.uint8]:
        return self.frames[index]

    def __iter__(self) -> Iterator[NDArray[np.uint8]]:
        return iter(self.frames)

    def __repr__(self) -> str:
        frames, height, width, _ = self.shape
        span = f", {self.times[0]:.3f} to {self.times[-1]:.3f} s" if frames else ""
        repeated = f", the last {self.repeated} repeated" if self.repeated else ""
        return f"Clip({self.path or 'from an array'}: {frames} frames of {width}x{height}{span}{repeated})"

    @property
    def shape(self) -> tuple[int, ...]:
        """(T, H, W, 3)."""
        return self.frames.shape

    @property
    def ndim(self) -> int:
        """4."""
        return self.frames.ndim

    @property
    def dtype(self) -> np.dtype[np.uint8]:
        """uint8."""
        return self.frames.dtype

    def tensor(
        self,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        layout: Literal["BCTHW", "BTCHW"] = "BCTHW",
    ) -> Tensor:
        """A float32 batch of one, as the layer takes it: (1, 3, T, H, W), or (1, T, 3, H, W) for layout "BTCHW".

        Values are pixels in [0, 1], or (pixels - mean) / std where these are given, one value a channel.

        Raises:
            ValueError: one of mean and std without the other, not three values, a std that is not positive, an
                unknown layout.
        """
        return to_tensor(self.frames[None], mean, std, layout)


def to_tensor(
    frames: NDArray[np.uint8],
    mean: Sequence[float] | None = None,
    std: Sequence[float] | None = None,
    layout: Literal["BCTHW", "BTCHW"] = "BCTHW",
) -> Tensor:
    """A batch of clips, uint8 (B, T, H, W, 3), as the float32 tensor that :meth:`Clip.tensor` describes."""
    import torch

    from vmp.choices import check_choice, check_normalisation

    check_choice("layout", layout)
    check_normalisation(mean, std)
    order = (0, 4, 1, 2, 3) if layout == "BCTHW" else (0, 1, 4, 2, 3)
    pixels = torch.from_numpy(np.ascontiguousarray(frames.transpose(order))).float().div_(255)
    if mean is None or std is None:
        return pixels
    shape = (1, 3, 1, 1, 1) if layout == "BCTHW" else (1, 1, 3, 1, 1)
    return pixels.sub_(pixels.new_tensor([*mean]).view(shape)).div_(pixels.new_tensor([*std]).view(shape))
