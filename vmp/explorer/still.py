"""The explorer as a still picture and as an element of a static page."""

from __future__ import annotations

import base64
import html
import io
from itertools import islice

import av
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from vmp import power_norm
from vmp.data.decoder import ANY_METADATA
from vmp.explorer.settings import EXAMPLES, Settings
from vmp.explorer.source import MOST_FRAMES, Source
from vmp.figures.palette import colour_attention, colour_difference

GAIN = 4.0  # of the difference's colours, as the page starts
_PANE_WIDTH = 330  # pixels of one of the four in the still picture
_GREY = 0.45  # where attention 0 leaves a pixel, with the normalised product


def attention_of(difference: NDArray[np.float32], settings: Settings) -> NDArray[np.float32]:
    """The attention that the page shows, in [0, 1]: f(D) of Eq. 1, or min(1, abs f(D)) of an odd normalisation.

    ``difference`` is float in [-1, 1], any shape. An attention that multiplies a frame has a size and no sign.
    """
    p = torch.from_numpy(np.asarray(difference, dtype=np.float32))
    if settings.norm == "learnable":
        return np.asarray(power_norm.learnable(p, settings.slope, settings.shift))
    function = getattr(power_norm, settings.norm)
    return np.asarray(function(p, settings.norm_parameter).abs().clamp(max=1.0))


def difference_of(past: NDArray[np.uint8], now: NDArray[np.uint8], absolute: bool = False) -> NDArray[np.float32]:
    """D = (L(now) - L(past)) / 255000 with L = 299 R + 587 G + 114 B, for uint8 (H, W, 3): (H, W) in [-1, 1]."""
    weights = np.array([299, 587, 114], dtype=np.int64)
    steps = now.astype(np.int64) @ weights - past.astype(np.int64) @ weights
    return ((np.abs(steps) if absolute else steps) / 255_000).astype(np.float32)


def panes(past: NDArray[np.uint8], now: NDArray[np.uint8], settings: Settings) -> list[NDArray[np.uint8]]:
    """Frame, difference, attention and prompt as uint8 (H, W, 3), as the page shows them."""
    difference = difference_of(past, now, settings.difference == "absolute")
    attention = attention_of(difference, settings)
    grey = _GREY * 255 if settings.product == "normalised" else 0.0
    prompt = np.rint(attention[..., None] * (now.astype(np.float32) - grey) + grey).astype(np.uint8)
    return [now, colour_difference(difference, GAIN), colour_attention(attention), prompt]


def poster(source: Source, settings: Settings) -> bytes:
    """The four panes, two by two without a gap, as a small JPEG."""
    with av.open(io.BytesIO(source.data), "r", **ANY_METADATA) as container:
        decoded = islice(container.decode(video=0), min(settings.frame + 1, MOST_FRAMES))
        frames: list[NDArray[np.uint8]] = [np.asarray(f.to_ndarray(format="rgb24"), np.uint8) for f in decoded]
    past = frames[max(0, len(frames) - 1 - settings.spacing)]
    pictures = [_shrunk(picture) for picture in panes(past, frames[-1], settings)]
    rows = [np.concatenate(pictures[i : i + 2], axis=1) for i in (0, 2)]
    written = io.BytesIO()
    Image.fromarray(np.concatenate(rows)).save(written, "JPEG", quality=72, optimize=True)
    return written.getvalue()


def _shrunk(picture: NDArray[np.uint8]) -> NDArray[np.uint8]:
    height, width = picture.shape[:2]
    size = (min(width, _PANE_WIDTH), round(height * min(width, _PANE_WIDTH) / width))
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.LANCZOS))


def element(source: Source, settings: Settings) -> str:
    """The explorer as HTML for a page that loads explorer.js and explorer.css.

    Until these come, and where they never do, it is a still picture. A clip that is not an example lies within, as
    base64.
    """
    values = {
        "clip": source.name,
        "slope": f"{settings.slope:.10g}",
        "shift": f"{settings.shift:.10g}",
        "frame": settings.frame,
        "norm": settings.norm,
        "norm-parameter": settings.norm_parameter,
        "difference": settings.difference,
        "product": settings.product,
        "spacing": settings.spacing,
        "title": source.title,
    }
    attributes = " ".join(f'data-{k}="{html.escape(str(v))}"' for k, v in values.items() if v is not None)
    picture = base64.b64encode(poster(source, settings)).decode("ascii")
    parts = [
        f'<div class="vmp-explorer" {attributes}>',
        f'<img class="vmp-poster" style="width:100%" alt="{html.escape(_alt(source, settings))}" '
        f'src="data:image/jpeg;base64,{picture}">',
        "<noscript><p>A still picture of the explorer, which needs JavaScript: frame, difference, attention and "
        "prompt, row by row.</p></noscript>",
    ]
    if source.name not in EXAMPLES:
        data = base64.b64encode(source.data).decode("ascii")
        parts.append(f'<script type="text/plain" class="vmp-clip-data" data-type="{source.type}">{data}</script>')
    return "\n".join([*parts, "</div>"])


def _alt(source: Source, settings: Settings) -> str:
    if settings.norm == "learnable":
        norm = f"slope {settings.slope:g} and shift {settings.shift:g}"
    else:
        norm = f"{settings.norm} with parameter {settings.norm_parameter:g}"
    return f"Frame, difference, attention and prompt of the clip “{source.title}” with {norm}"
