"""Four panes of one moment, frame, difference, attention and prompt, as a picture with labels and colour keys.

A pane keeps the pixels of its map: it is made smaller by averaging, larger only by repeating pixels, and what is
written about it stands above it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont

from vmp.figures.palette import ATTENTION_ANCHORS, DIFFERENCE_ANCHORS, lookup_table

Picture = NDArray[np.uint8]
_DARK, _PALE = (24, 26, 30), (236, 238, 240)
_GAP = 4


@dataclass(frozen=True)
class Key:
    """A colour key: what the first and the last colour of a palette stand for."""

    anchors: tuple[tuple[int, int, int], ...]
    low: str
    high: str


@dataclass(frozen=True)
class Label:
    """What stands above a pane: the longest of the texts that fits, and a colour key where there is room."""

    texts: tuple[str, ...]
    key: Key | None = None


def difference_key(gain: float) -> Key:
    """The difference palette's key; with a gain, colours end at -1 / gain and 1 / gain."""
    return Key(DIFFERENCE_ANCHORS, f"−{1 / gain:.2g}", f"+{1 / gain:.2g}")


ATTENTION_KEY = Key(ATTENTION_ANCHORS, "0", "1")


@dataclass(frozen=True)
class Panes:
    """Where four panes of a video of this size go.

    Attributes:
        width: of the video.
        height: of the video.
        limit: pixels of a pane's longer side at most; panes under a third of it are enlarged by a whole number.
        columns: 1, 2 or 4; None chooses the arrangement that comes nearest to a 16:9 screen.
    """

    width: int
    height: int
    limit: int = 640
    columns: int | None = None

    def __post_init__(self) -> None:
        if self.columns not in (None, 1, 2, 4):
            raise ValueError(f"columns: expected 1, 2 or 4, or None to choose, got {self.columns}")
        if self.limit < 16:
            raise ValueError(f"pane: expected at least 16 pixels, got {self.limit}")

    @cached_property
    def pane(self) -> tuple[int, int]:
        """Width and height of a pane."""
        longer = max(self.width, self.height)
        if longer > self.limit:
            scale = self.limit / longer
            return max(1, round(self.width * scale)), max(1, round(self.height * scale))
        times = max(1, self.limit // (2 * longer)) if 3 * longer < self.limit else 1
        return self.width * times, self.height * times

    @cached_property
    def strip(self) -> int:
        """Height of the label above a pane, even."""
        return 2 * math.ceil(_font_size(self.pane[0]) * 0.85)

    @cached_property
    def cell(self) -> tuple[int, int]:
        """A pane and its label, gap included; even, so that halved chroma does not bleed into the next pane."""
        width, height = self.pane
        return width + width % 2 + _GAP, height + height % 2 + self.strip + _GAP

    @cached_property
    def grid(self) -> tuple[int, int]:
        """Columns and rows."""
        if self.columns is not None:
            return self.columns, 4 // self.columns
        width, height = self.cell
        grids = ((4, 1), (2, 2), (1, 4))
        return min(grids, key=lambda grid: abs(math.log(grid[0] * width / (grid[1] * height) / (16 / 9))))

    @cached_property
    def size(self) -> tuple[int, int]:
        """Width and height of the whole picture, both even."""
        (columns, rows), (width, height) = self.grid, self.cell
        return columns * width - _GAP, rows * height - _GAP

    def corner(self, index: int) -> tuple[int, int]:
        """x and y of the top left pixel of pane 0 to 3."""
        row, column = divmod(index, self.grid[0])
        return column * self.cell[0], row * self.cell[1] + self.strip

    def scaled(self, picture: Picture) -> Picture:
        """A picture of the video's size in the size of a pane."""
        return resized(picture, self.pane)

    def compose(self, pictures: Sequence[Picture], labels: Sequence[Label]) -> Picture:
        """Four pictures of the video's size, uint8 (height, width, 3), and their labels as one picture."""
        canvas = np.empty((self.size[1], self.size[0], 3), np.uint8)
        canvas[:] = _DARK
        width, height = self.pane
        for index, (picture, label) in enumerate(zip(pictures, labels, strict=True)):
            x, y = self.corner(index)
            canvas[y - self.strip : y, x : x + width] = label_strip(label, width, self.strip)
            canvas[y : y + height, x : x + width] = self.scaled(picture)
        return canvas


def resized(picture: Picture, size: tuple[int, int]) -> Picture:
    """A picture in another (width, height): averaged when smaller, its pixels repeated when larger."""
    height, width, _ = picture.shape
    if (width, height) == size:
        return picture
    method = Image.Resampling.NEAREST if size[0] >= width else Image.Resampling.BOX
    return np.asarray(Image.fromarray(picture).resize(size, method))


@lru_cache(maxsize=64)
def label_strip(label: Label, width: int, height: int, dark: bool = True) -> Picture:
    """A label as a picture, uint8 (height, width, 3); the caller does not write into it."""
    back, ink = (_DARK, _PALE) if dark else ((255, 255, 255), _DARK)
    image = Image.new("RGB", (width, height), back)
    draw = ImageDraw.Draw(image)
    font = _font(_font_size(width))
    left = width
    text = label.texts[-1]
    if label.key is not None:
        key_width = _key_width(label.key, font)
        if font.getlength(text) + key_width + 3 * _GAP <= width:
            left = width - key_width - _GAP
            _draw_key(image, draw, label.key, left, font, ink)
    for candidate in label.texts:
        if font.getlength(candidate) + 2 * _GAP <= left:
            text = candidate
            break
    draw.text((_GAP, height / 2), text, font=font, fill=ink, anchor="lm")
    return np.asarray(image)


def _key_width(key: Key, font: ImageFont.FreeTypeFont) -> int:
    return int(font.getlength(key.low) + font.getlength(key.high) + 4 * font.size) + 2 * _GAP


def _draw_key(
    image: Image.Image,
    draw: ImageDraw.ImageDraw,
    key: Key,
    left: int,
    font: ImageFont.FreeTypeFont,
    ink: tuple[int, int, int],
) -> None:
    """Draw low, colour bar, high from ``left`` on, in the middle of the strip's height."""
    length, thick = int(4 * font.size), int(0.7 * font.size)
    middle = image.height // 2
    bar = left + int(font.getlength(key.low)) + _GAP
    draw.text((left, middle), key.low, font=font, fill=ink, anchor="lm")
    colours = lookup_table(key.anchors, length)
    image.paste(Image.fromarray(np.tile(colours, (thick, 1, 1))), (bar, middle - thick // 2))
    draw.text((bar + length + _GAP, middle), key.high, font=font, fill=ink, anchor="lm")


def _font_size(width: int) -> int:
    return min(20, max(11, width // 26))


@lru_cache(maxsize=8)
def _font(size: int) -> ImageFont.FreeTypeFont:
    import matplotlib  # for the font it ships

    return ImageFont.truetype(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf", size)


def contact_sheet(title: str, headings: Sequence[Label], rows: Sequence[tuple[str, Sequence[Picture]]]) -> Picture:
    """Rows of pictures of one size under headings, with a text before each row; dark on white, uint8 RGB."""
    height, width, _ = rows[0][1][0].shape
    size = _font_size(width)
    font, strip = _font(size), 2 * size
    margin = int(max(font.getlength(text) for text, _ in rows)) + 3 * _GAP
    across, down = width + 2 * _GAP, height + 2 * _GAP
    image = Image.new("RGB", (margin + len(headings) * across, 2 * strip + len(rows) * down), (255, 255, 255))
    draw = ImageDraw.Draw(image)
    draw.text((margin, strip / 2), _shortened(title, font, image.width - margin), font=font, fill=_DARK, anchor="lm")
    for column, heading in enumerate(headings):
        image.paste(Image.fromarray(label_strip(heading, width, strip, dark=False)), (margin + column * across, strip))
    for row, (text, pictures) in enumerate(rows):
        top = 2 * strip + row * down
        draw.text((margin - 2 * _GAP, top + height / 2), text, font=font, fill=_DARK, anchor="rm")
        for column, picture in enumerate(pictures):
            image.paste(Image.fromarray(picture), (margin + column * across, top))
    return np.asarray(image)


def _shortened(text: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    while font.getlength(text) > width and len(text) > 1:
        text = text[:-2] + "…"
    return text
