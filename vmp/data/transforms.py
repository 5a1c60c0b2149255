"""What is cut out of a video's frames: in training by chance, in testing by rule; all frames of a clip alike.

Training (SlowFast, X3D, TimeSformer): the frames are scaled so that their shorter side is a random length, 256 to 320
pixels for a crop of 224, a random square is cut out, and half of the clips are mirrored. Testing: the shorter side
becomes the crop, and squares are cut at even distances along the longer one.

Frames are scaled bilinearly and antialiased. The published loaders do not antialias: where a large video is made small,
they leave patterns that flicker from frame to frame, which a difference of frames takes for motion. The numbers are
those of torchvision's v2 transforms, bit for bit; importing it would cost each of a loader's workers several seconds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from torch import Tensor

#: The shortest and longest shorter side in training, for a crop of 224 pixels.
JITTER = (256, 320)
_CROP = 224


class Chance(NamedTuple):
    """What is drawn for a clip, uniform in [0, 1): the shorter side, the place of the square, whether to mirror."""

    side: float
    top: float
    left: float
    mirror: float


class Cut(NamedTuple):
    """What becomes of every frame of a clip.

    Attributes:
        height, width: to which it is scaled.
        top, left: of the square in the scaled frame.
        size: of the square.
        mirrored: whether left and right change places.
    """

    height: int
    width: int
    top: int
    left: int
    size: int
    mirrored: bool = False


def jitter_for(crop: int, jitter: tuple[int, int] = JITTER) -> tuple[int, int]:
    """The shorter sides for another crop, in proportion: (182, 228) for 160, as in X3D-S.

    Raises:
        ValueError: sides that are shorter than the crop, or not in order.
    """
    shortest, longest = (side * crop // _CROP for side in jitter)
    if not crop <= shortest <= longest:
        raise ValueError(f"jitter: expected two sides in order, at least {_CROP}, the crop they are for, got {jitter}")
    return shortest, longest


def cut_for_training(
    height: int, width: int, crop: int, chance: Chance, jitter: tuple[int, int] = JITTER, mirror: bool = True
) -> Cut:
    """Where a training clip is cut, from what was drawn for it.

    Args:
        height, width: of the frames.
        crop: of the square.
        chance: what was drawn.
        jitter: the shortest and longest shorter side, for a crop of 224.
        mirror: whether the clip may be mirrored.
    """
    shortest, longest = jitter_for(crop, jitter)
    high, wide = _scaled(height, width, shortest + int(chance.side * (longest - shortest + 1)))
    top, left = int(chance.top * (high - crop + 1)), int(chance.left * (wide - crop + 1))
    return Cut(high, wide, top, left, crop, mirror and chance.mirror < 0.5)


def cut_for_testing(height: int, width: int, crop: int, place: int = 0, places: int = 1) -> Cut:
    """Where a test clip is cut: the ``place``-th of ``places`` squares along the longer side; of one the middle.

    Raises:
        ValueError: a place that is not there.
    """
    if not 0 <= place < places:
        raise ValueError(f"place: expected 0 to {places - 1}, got {place}")
    high, wide = _scaled(height, width, crop)
    top, left = (_even(side - crop, place, places) for side in (high, wide))
    return Cut(high, wide, top, left, crop)


def apply(frames: NDArray[np.uint8], cut: Cut) -> Tensor:
    """uint8 (T, size, size, 3) from uint8 (T, H, W, 3): scaled, cut and mirrored."""
    import torch

    pictures = scaled(torch.from_numpy(frames if frames.flags.writeable else frames.copy()), cut.height, cut.width)
    pictures = pictures[:, cut.top : cut.top + cut.size, cut.left : cut.left + cut.size]
    return (pictures.flip(2) if cut.mirrored else pictures).contiguous()


def scaled(frames: Tensor, height: int, width: int) -> Tensor:
    """uint8 (T, height, width, 3) from uint8 (T, H, W, 3): bilinear, antialiased."""
    from torch.nn.functional import interpolate

    if frames.shape[1:3] == (height, width):
        return frames
    # (T, H, W, 3) seen as (T, 3, H, W): torch scales bytes that lie so with its fast kernel
    pictures = frames.permute(0, 3, 1, 2)
    return interpolate(pictures, size=(height, width), mode="bilinear", antialias=True).permute(0, 2, 3, 1)


def _scaled(height: int, width: int, shorter: int) -> tuple[int, int]:
    """Height and width with that shorter side; the longer one is rounded down, as in the published loaders."""
    if height <= width:
        return shorter, max(width * shorter // height, shorter)
    return max(height * shorter // width, shorter), shorter


def _even(room: int, place: int, places: int) -> int:
    return (room + 1) // 2 if places == 1 else (2 * room * place + places - 1) // (2 * (places - 1))
