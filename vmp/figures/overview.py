"""The overview of the layer (Fig. 2 of the paper), drawn around three real frames: T frames in, T-1 prompts out."""

from __future__ import annotations

import html

import numpy as np
import torch
from numpy.typing import NDArray

from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL, PROMPT, colour_attention, colour_difference
from vmp.figures.pictures import encode_picture
from vmp.prompt import frame_difference, power_normalise

_WIDTH = 390  # of the drawing's own units; a 360 px wide phone shows 328 px of it
_TEXT = 13.5  # ... so that text is 11 px there
_PICTURE = (108.0, 60.75)
_COLUMNS = (4.0, 128.0, 264.0)
_ROWS = (8.0, 116.0, 224.0, 332.0)


class Overview:
    """Fig. 2 as one drawing: frames, differences, attention maps, prompts, backbone and loss, top to bottom.

    Args:
        frames: three frames, uint8 (3, H, W, 3) RGB, best 16:9.
        slope: a of Eq. 1.
        shift: b of Eq. 1.
        gain: the differences are shown this many times stronger.
        caption: plain text under the drawing.

    Attributes:
        maps: what is shown, float32: "difference" and "attention" (2, H, W), "prompt" (2, H, W, 3) in [0, 1].

    Raises:
        ValueError: not three uint8 RGB frames.
    """

    def __init__(
        self,
        frames: NDArray[np.uint8],
        slope: float,
        shift: float,
        gain: float = 4.0,
        caption: str | None = None,
    ) -> None:
        if frames.dtype != np.uint8 or frames.ndim != 4 or frames.shape[0] != 3 or frames.shape[3] != 3:
            raise ValueError(
                f"frames: expected uint8 of shape (3, H, W, 3), got {frames.dtype} of shape {frames.shape}. "
                "Choose three frames of a clip: clip.frames[[0, 8, 16]]"
            )
        self.maps = _maps(frames, slope, shift)
        self.alt = (
            "Three frames enter. Each pair gives a difference map; the learnable function f turns it into an "
            "attention map; the attention map times the later frame is a motion prompt. Two prompts leave for "
            "the backbone, and the change between the two attention maps is added to the loss."
        )
        below = f'<figcaption style="margin-top:0.5rem">{html.escape(caption)}</figcaption>' if caption else ""
        self.html = (
            f'<figure class="vmp-still vmp-overview" style="margin:1rem 0"><div role="img" '
            f'aria-label="{html.escape(self.alt)}" style="max-width:620px;margin:0 auto">'
            f"{_drawing(frames, self.maps, slope, shift, gain)}</div>{below}</figure>"
        )

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": f"Overview: {self.alt}"}


def _maps(frames: NDArray[np.uint8], slope: float, shift: float) -> dict[str, NDArray[np.float32]]:
    pixels = torch.from_numpy(frames).permute(3, 0, 1, 2)[None] / 255  # (1, 3, 3, H, W)
    difference = frame_difference(pixels, mean=None, std=None)  # (1, 1, 2, H, W)
    attention = power_normalise(difference, slope, shift)
    prompt = (attention * pixels[:, :, 1:])[0].permute(1, 2, 3, 0)  # (2, H, W, 3)
    return {
        "difference": difference[0, 0].numpy(),
        "attention": attention[0, 0].numpy(),
        "prompt": prompt.numpy(),
    }


def _drawing(
    frames: NDArray[np.uint8], maps: dict[str, NDArray[np.float32]], slope: float, shift: float, gain: float
) -> str:
    prompts = np.rint(maps["prompt"] * 255).astype(np.uint8)
    width, height = _PICTURE
    parts: list[str] = []
    for t in range(3):
        parts.append(_picture(frames[t], _COLUMNS[t], _ROWS[0], f"F{'₁₂₃'[t]}", "currentColor"))
    for t in range(2):
        x = _COLUMNS[t + 1]
        pictures = (colour_difference(maps["difference"][t], gain), colour_attention(maps["attention"][t]), prompts[t])
        names = (f"D{'₁₂'[t]}", f"f(D{'₁₂'[t]})", f"Z{'₁₂'[t]}")
        colours = (DIFFERENCE, ATTENTION, PROMPT)
        for picture, y, name, colour in zip(pictures, _ROWS[1:], names, colours, strict=True):
            parts.append(_picture(picture, x, y, name, colour))
            if y != _ROWS[3]:  # there the product's sign stands
                parts.append(_arrow((x + width / 2, y - 26), (x + width / 2, y - 3)))
        # the earlier frame enters the difference too
        left = _COLUMNS[t] + width / 2 + (0 if t == 0 else 30)
        parts.append(_arrow((left, _ROWS[1] - 26), (x + 16, _ROWS[1] - 3)))
        # the later frame goes round to the product
        parts.append(_round_the_column(x - 9 if t == 0 else x + width + 9, x, t == 0))
    middle = (_COLUMNS[1] + width + _COLUMNS[2]) / 2
    y = _ROWS[2] + height / 2
    parts.append(_arrow((middle - 1, y + 5), (_COLUMNS[1] + width + 2, y + 5)))
    parts.append(_arrow((middle + 1, y + 5), (_COLUMNS[2] - 2, y + 5)))
    parts.append(_text(middle, y - 3, "V", anchor="middle", weight=700))
    parts += _first_column(slope, shift)
    parts += _bottom()
    return (
        f'<svg viewBox="0 0 {_WIDTH} 494" xmlns="http://www.w3.org/2000/svg" aria-hidden="true" '
        'style="display:block;width:100%;height:auto;fill:currentColor;font-family:inherit">'
        f"{''.join(parts)}</svg>"
    )


def _first_column(slope: float, shift: float) -> list[str]:
    """What each row does, beside it."""
    x = _COLUMNS[0]
    rows = (_ROWS[1], _ROWS[2], _ROWS[3])
    return [
        _text(x, rows[0] + 18, "Grey, then", weight=700),
        _text(x, rows[0] + 35, "subtract", weight=700),
        _text(x, rows[0] + 54, "D = F′ₜ₊₁ − F′ₜ"),
        _text(x, rows[1] - 8, "Learnable f", weight=700),
        _curve(x, rows[1], slope, shift),
        _text(x, rows[1] + 79, f"a {slope:.4g}, b {shift:.3g}".replace("-", "−")),
        _text(x, rows[2] + 26, "Multiply", weight=700),
        _text(x, rows[2] + 45, "Z = f(D) ⊙ Fₜ₊₁"),
    ]


def _bottom() -> list[str]:
    """Backbone and loss."""
    left, right = _COLUMNS[1], _COLUMNS[2] + _PICTURE[0]
    top = _ROWS[3] + 88
    box = (
        f'<rect x="{left}" y="{top}" width="{right - left}" height="26" rx="6" fill="none" '
        f'stroke="currentColor" stroke-width="1.2"/>'
    )
    arrows = [_arrow((x + _PICTURE[0] / 2, top - 20), (x + _PICTURE[0] / 2, top - 3)) for x in _COLUMNS[1:]]
    middle = (left + right) / 2
    return [
        *arrows,
        box,
        _text(middle, top + 18, "any video model", anchor="middle"),
        _arrow((middle, top + 28), (middle, top + 46)),
        _text(middle, top + 63, "loss of the model + λ V", anchor="middle"),
    ]


def _curve(x: float, y: float, slope: float, shift: float) -> str:
    """f over [-1, 1] in a small frame."""
    width, height = 96.0, 56.0
    d = np.linspace(-1, 1, 81)
    f = power_normalise(torch.from_numpy(d), slope, shift).numpy()
    points = " ".join(f"{x + (v + 1) / 2 * width:.1f},{y + (1 - p) * height:.1f}" for v, p in zip(d, f, strict=True))
    return (
        f'<path d="M{x:g} {y:g}V{y + height:g}H{x + width:g}" fill="none" stroke="currentColor" stroke-width="1"/>'
        f'<path d="M{x + width / 2:g} {y:g}V{y + height:g}" fill="none" stroke="{NEUTRAL}" stroke-dasharray="2 3"/>'
        f'<polyline points="{points}" fill="none" stroke="{ATTENTION}" stroke-width="2.2"/>'
    )


def _picture(picture: NDArray[np.uint8], x: float, y: float, name: str, colour: str) -> str:
    width, height = _PICTURE
    return (
        f'<image href="{encode_picture(picture, width=280, quality=75)}" x="{x:g}" y="{y:g}" width="{width:g}" '
        f'height="{height:g}" preserveAspectRatio="xMidYMid slice"/>'
        f'<rect x="{x:g}" y="{y:g}" width="{width:g}" height="{height:g}" fill="none" stroke="{colour}" '
        f'stroke-width="1.5"/>' + _text(x + 2, y + height + 16, name, weight=700)
    )


def _round_the_column(line: float, x: float, left: bool) -> str:
    """From the frame's side down past two pictures to the circled dot over the prompt."""
    width, height = _PICTURE
    start = x if left else x + width
    end_y = _ROWS[3] - 15
    dot_x = x + width / 2
    stop = dot_x - 7 if left else dot_x + 7
    return (
        f'<path d="M{start:g} {_ROWS[0] + height / 2:g}H{line:g}V{end_y:g}H{stop:g}" fill="none" '
        f'stroke="{PROMPT}" stroke-width="1.2" stroke-dasharray="4 3"/>'
        f'<circle cx="{dot_x:g}" cy="{end_y:g}" r="6.5" fill="none" stroke="{PROMPT}" stroke-width="1.4"/>'
        f'<circle cx="{dot_x:g}" cy="{end_y:g}" r="1.8" fill="{PROMPT}"/>'
        f'<path d="M{dot_x:g} {end_y - 12:g}v5M{dot_x:g} {end_y + 7:g}v5" stroke="{NEUTRAL}" stroke-width="1.4"/>'
    )


def _arrow(start: tuple[float, float], end: tuple[float, float]) -> str:
    (x0, y0), (x1, y1) = start, end
    length = float(np.hypot(x1 - x0, y1 - y0))
    ux, uy = (x1 - x0) / length, (y1 - y0) / length
    bx, by = x1 - 6 * ux, y1 - 6 * uy
    return (
        f'<path d="M{x0:.1f} {y0:.1f}L{bx:.1f} {by:.1f}" stroke="{NEUTRAL}" stroke-width="1.4" fill="none"/>'
        f'<path d="M{x1:.1f} {y1:.1f}L{bx - 3.2 * uy:.1f} {by + 3.2 * ux:.1f}L{bx + 3.2 * uy:.1f} '
        f'{by - 3.2 * ux:.1f}Z" fill="{NEUTRAL}"/>'
    )


def _text(x: float, y: float, text: str, anchor: str = "start", weight: int = 400) -> str:
    return (
        f'<text x="{x:g}" y="{y:g}" font-size="{_TEXT}" text-anchor="{anchor}" font-weight="{weight}" '
        f'fill="currentColor">{html.escape(text)}</text>'
    )
