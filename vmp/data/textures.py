"""What is behind the object: quarters of a few photographs, and textures that are computed.

Three quarters of a photograph are seen in training, the fourth in testing only. So a test background is new, but of the
same kind.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from vmp.data.draws import Draws, keys

#: A background is so many frame widths wide; a camera that goes beyond sees it mirrored.
EXTENT = 1.6
#: Of the four crops of a photograph, or the four draws of a computed texture, those that training sees; and testing.
TRAINING_QUARTERS, TEST_QUARTERS = (0, 1, 2), (3,)

_FOLDER = Path(__file__).parents[1] / "assets" / "libras" / "photographs"
_SIDE = 256  # px of a computed texture
#: Each computed texture: (darkest colour, brightest colour, stretch of its grain across and along).
_COMPUTED = {
    "clouds": ((70, 80, 105), (215, 210, 200), (1.0, 1.0)),
    "rust": ((60, 35, 25), (200, 140, 95), (1.0, 1.0)),
    "moss": ((25, 45, 30), (150, 175, 110), (1.0, 1.0)),
    "paint": ((40, 50, 95), (190, 110, 130), (1.0, 1.0)),
    "oak": ((95, 62, 35), (196, 150, 100), (0.06, 1.0)),
    "pine": ((150, 112, 70), (226, 194, 146), (0.08, 1.0)),
    "cloth": ((90, 98, 110), (205, 208, 212), (1.0, 0.1)),
    "slate": ((48, 52, 58), (128, 134, 140), (0.3, 1.0)),
}


def tile_pixels(size: int) -> int:
    """Side in pixels of a background for frames of ``size`` pixels."""
    return int(EXTENT * size)


def background_names(textures: tuple[str, ...], test: bool) -> tuple[str, ...]:
    """ "brick 0", "brick 1", ...: the quarters of each texture that training, or testing, sees."""
    return tuple(f"{name} {quarter}" for name in textures for quarter in (TEST_QUARTERS if test else TRAINING_QUARTERS))


@lru_cache(maxsize=64)
def background(name: str, size: int) -> NDArray[np.uint8]:
    """uint8 (S, S, 3), S = ``tile_pixels(size)``: the background ``name`` for frames of ``size`` pixels, read-only."""
    texture, quarter = name.rsplit(" ", 1)
    picture = _computed(texture, int(quarter)) if texture in _COMPUTED else _photographed(texture, int(quarter))
    side = tile_pixels(size)
    pixels = np.asarray(picture.resize((side, side), Image.Resampling.LANCZOS))
    pixels.flags.writeable = False
    return pixels


def _photographed(name: str, quarter: int) -> Image.Image:
    with Image.open(_FOLDER / f"{name}.jpg") as photograph:
        half = photograph.width // 2
        left, top = half * (quarter % 2), half * (quarter // 2)
        return photograph.convert("RGB").crop((left, top, left + half, top + half))


def _computed(name: str, quarter: int) -> Image.Image:
    """Noise whose power falls with frequency, as in natural pictures, between two colours."""
    dark, bright, (along, across) = _COMPUTED[name]
    noise = Draws(keys("texture", name, quarter)).uniform("noise", -1.0, 1.0, _SIDE, _SIDE)[0]
    y, x = np.meshgrid(np.fft.fftfreq(_SIDE, 1 / _SIDE), np.fft.fftfreq(_SIDE, 1 / _SIDE), indexing="ij")
    frequency = np.hypot(x / along, y / across)
    smooth = np.fft.ifft2(np.fft.fft2(noise) / np.maximum(frequency, 2.0) ** 1.1).real
    level = np.clip(0.5 + 0.2 * (smooth - smooth.mean()) / smooth.std(), 0.0, 1.0)[..., None]
    return Image.fromarray(np.rint(np.array(dark) + level * (np.array(bright) - dark)).astype(np.uint8))
