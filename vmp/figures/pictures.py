"""Pictures from videos as one HTML grid that wraps: frames, differences, attention maps, prompts."""

from __future__ import annotations

import base64
import html
import io
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_PAGE_WIDTH = 760  # px of a page's text column
_SHARPNESS = 1.5  # picture pixels a page pixel: screens of today show up to 2 and more
_NARROWEST = 135  # px: what a picture keeps on a phone, which then shows two a row


class Pictures:
    """A grid of pictures with captions, ``columns`` a row where there is room and two a row on a phone.

    Args:
        pictures: (picture, caption) pairs, row by row; a picture is uint8 (H, W, 3) RGB, of any size.
        columns: pictures a row on a wide page.
        alt: what the grid shows as a whole, for readers who do not see it.
        caption: plain text under the grid: what to see.
        row_labels: one heading a row of ``columns`` pictures, shown above it at every width; "" begins the row without
            one.
        max_width: pixels that a picture is scaled down to at most.
        quality: of the WebP compression, 1 to 100.

    Raises:
        ValueError: no picture, wrong shape or dtype, an empty alt, ``columns`` under 1, row labels of another
            number than rows.
    """

    def __init__(
        self,
        pictures: Sequence[tuple[NDArray[np.uint8], str]],
        columns: int = 4,
        *,
        alt: str,
        caption: str | None = None,
        row_labels: Sequence[str] | None = None,
        max_width: int = 480,
        quality: int = 80,
    ) -> None:
        _check(pictures, columns, alt, row_labels)
        self.alt = alt
        self.caption = caption
        width = min(max_width, round(_SHARPNESS * _PAGE_WIDTH / columns))
        cells: list[str] = []
        for index, (picture, text) in enumerate(pictures):
            if row_labels is not None and index % columns == 0:
                cells.append(_row_start(row_labels[index // columns]))
            cells.append(_cell(picture, text, width, quality))
        self.html = _frame(cells, columns, alt, caption)

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": f"Pictures: {self.alt}"}


def encode_picture(picture: NDArray[np.uint8], width: int = 480, quality: int = 80) -> str:
    """A data: address of the picture (H, W, 3) as WebP, scaled down to ``width`` px where it is wider."""
    image = Image.fromarray(np.ascontiguousarray(picture))
    if image.width > width:
        height = max(1, round(image.height * width / image.width))
        image = image.resize((width, height), Image.Resampling.LANCZOS)
    buffer = io.BytesIO()
    image.save(buffer, format="WEBP", quality=quality, method=4)
    return "data:image/webp;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")


def _cell(picture: NDArray[np.uint8], text: str, width: int, quality: int) -> str:
    height, across = picture.shape[:2]
    caption = html.escape(text)
    address = encode_picture(picture, width, quality)
    return (
        '<figure style="margin:0;padding:0;min-width:0">'
        f'<img src="{address}" alt="{caption}" width="{across}" height="{height}" loading="lazy" '
        'decoding="async" style="width:100%;height:auto;display:block;border-radius:3px;margin:0">'
        '<figcaption style="font-size:0.85em;line-height:1.3;margin:0.25em 0 0;padding:0">'
        f"{caption}</figcaption></figure>"
    )


def _row_start(text: str) -> str:
    if not text:
        return '<div style="grid-column:1/-1;margin-top:-10px"></div>'  # takes back the gap of an empty line
    return f'<div style="grid-column:1/-1;font-weight:600;margin-top:0.4em">{html.escape(text)}</div>'


def _frame(cells: list[str], columns: int, alt: str, caption: str | None) -> str:
    gap = 10
    share = f"calc((100% - {(columns - 1) * gap}px) / {columns})"
    grid = (
        f"display:grid;gap:{gap}px;align-items:start;"
        f"grid-template-columns:repeat(auto-fill,minmax(min(100%,max({_NARROWEST}px,{share})),1fr))"
    )
    figcaption = f'<figcaption style="margin-top:0.5rem">{html.escape(caption)}</figcaption>' if caption else ""
    return (
        f'<figure class="vmp-pictures" role="group" aria-label="{html.escape(alt)}" style="margin:1rem 0;padding:0">'
        f'<div style="{grid}">{"".join(cells)}</div>{figcaption}</figure>'
    )


def _check(
    pictures: Sequence[tuple[NDArray[np.uint8], str]],
    columns: int,
    alt: str,
    row_labels: Sequence[str] | None,
) -> None:
    if not pictures:
        raise ValueError("Pictures needs at least one (picture, caption) pair, got none")
    if columns < 1:
        raise ValueError(f"columns must be 1 or more, got {columns}")
    if not alt.strip():
        raise ValueError("Pictures needs an alt text that says what the grid shows, got an empty one")
    for index, (picture, _) in enumerate(pictures):
        if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
            raise ValueError(
                f"picture {index} must be uint8 of shape (H, W, 3), RGB; got {picture.dtype} of shape "
                f"{tuple(picture.shape)}. vmp.figures.palette colours differences and attention maps"
            )
    rows = -(-len(pictures) // columns)
    if row_labels is not None and len(row_labels) != rows:
        raise ValueError(
            f"{len(pictures)} pictures in {columns} columns are {rows} rows, got {len(row_labels)} row "
            "labels: give one label a row"
        )
