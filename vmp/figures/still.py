"""Still figures: matplotlib and seaborn drawings as inline SVG in the colours of the page, light or dark."""

from __future__ import annotations

import hashlib
import html
import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from typing import Any

import matplotlib
import matplotlib.pyplot as plt
import seaborn as sns
from cycler import cycler
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.legend import Legend
from matplotlib.text import Text

from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL, PROMPT

#: Width of one panel in inches: two stand side by side in the book, one fills a phone.
PANEL_WIDTH = 3.2
#: Curves take these in turn; all are legible on a white and on a near-black page.
CURVES = (ATTENTION, DIFFERENCE, PROMPT, "#2a9d8f", "#c08a1e", NEUTRAL)

_PHONE_WIDTH = 328.0  # px left for a figure on a 360 px wide phone
_SMALLEST_TEXT = 11.0  # px
_LARGEST_SVG = 400_000  # characters: a page stays under 1 MB
_SVG_RC: dict[Any, Any] = {"svg.fonttype": "none", "svg.hashsalt": "vmp", "svg.image_inline": True}


@contextmanager
def still_style() -> Iterator[None]:
    """Draw inside this: seaborn's "ticks" theme, no top and right spine, the project's colours.

    Text sizes are in points of a panel ``PANEL_WIDTH`` inches wide, which a 360 px wide phone shows at
    1.42 px a point.
    """
    rc: dict[Any, Any] = {
        "figure.figsize": (PANEL_WIDTH, 2.4),
        "figure.constrained_layout.use": True,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.prop_cycle": cycler(color=CURVES),
        "axes.titlelocation": "left",
        "axes.titlesize": 9.5,
        "axes.titleweight": "bold",
        "axes.labelsize": 9.0,
        "axes.linewidth": 0.8,
        "xtick.labelsize": 8.5,
        "ytick.labelsize": 8.5,
        "xtick.major.size": 3.5,
        "ytick.major.size": 3.5,
        "xtick.major.width": 0.8,
        "ytick.major.width": 0.8,
        "legend.fontsize": 8.5,
        "legend.title_fontsize": 8.5,
        "legend.frameon": False,
        "legend.handlelength": 1.4,
        "font.size": 9.0,
        "lines.linewidth": 1.8,
        "grid.color": NEUTRAL,
        "grid.alpha": 0.3,
        "grid.linewidth": 0.6,
        "mathtext.fontset": "dejavusans",
    }
    with sns.axes_style("ticks"), matplotlib.rc_context(rc):
        yield


def still_panel(height: float = 2.4, width: float = PANEL_WIDTH) -> tuple[Figure, Axes]:
    """Make one empty panel, ``width`` by ``height`` inches, in the project's style.

    Labels and ticks added later need the style too: draw inside ``with still_style():``.
    """
    with still_style():
        return plt.subplots(figsize=(width, height))


class Still:
    """One or more matplotlib figures, shown as panels that wrap, with a caption.

    Text stays text; text, axes and ticks take the page's colour (``currentColor``), the background is
    transparent. The same figures give the same characters. The figures are closed.

    Args:
        figures: matplotlib figures, each a panel; best ``PANEL_WIDTH`` inches wide.
        alt: what the picture shows, for readers who do not see it.
        caption: plain text under the panels: what to see.

    Raises:
        ValueError: no figure or no alt; text that would be under 11 px on a phone; an SVG over 400,000
            characters (photographs belong in ``Pictures``).
    """

    def __init__(self, *figures: Figure, alt: str, caption: str | None = None) -> None:
        if not figures:
            raise ValueError("Still needs at least one matplotlib figure, got none: Still(figure, alt='...')")
        if not alt.strip():
            raise ValueError("Still needs an alt text that says what the figure shows, got an empty one")
        self.alt = alt
        self.caption = caption
        panels = [_panel(figure, f"{alt}|{index}", len(figures) == 1) for index, figure in enumerate(figures)]
        self.html = _frame(panels, alt, caption)

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": f"Still: {self.alt}"}


def _frame(panels: list[str], alt: str, caption: str | None) -> str:
    """Lay the panels out in a row that wraps; the caption stands outside the image, for screen readers."""
    row = "display:flex;flex-wrap:wrap;justify-content:center;gap:0.75rem"
    figcaption = f'<figcaption style="margin-top:0.5rem">{html.escape(caption)}</figcaption>' if caption else ""
    return (
        '<figure class="vmp-still" style="margin:1rem 0;padding:0">'
        f'<div role="img" aria-label="{html.escape(alt)}" style="{row}">{"".join(panels)}</div>'
        f"{figcaption}</figure>"
    )


def _panel(figure: Figure, salt: str, alone: bool) -> str:
    """Render a figure and wrap it in the box that gives it its width."""
    width = float(figure.get_size_inches()[0])
    _check_text(figure, width)
    for legend in figure.findobj(Legend):
        assert isinstance(legend, Legend)
        legend.set_frame_on(False)
    text = _svg(figure, salt)
    plt.close(figure)
    if len(text) > _LARGEST_SVG:
        raise ValueError(
            f"the figure is an SVG of {len(text):,} characters; expected at most {_LARGEST_SVG:,}. "
            "Draw fewer points, or show photographs with vmp.figures.pictures.Pictures"
        )
    # the last of an odd number of panels stays as wide as the others
    basis, widest = 0.9 * 96 * width, (1.5 if alone else 1.2) * 96 * width
    return f'<div style="flex:1 1 {basis:.0f}px;max-width:{widest:.0f}px;min-width:0">{text}</div>'


def _check_text(figure: Figure, width: float) -> None:
    """Refuse text that a phone would show smaller than 11 px."""
    pixels_a_point = min(_PHONE_WIDTH / (72.0 * width), 1.5 * 96.0 / 72.0)
    figure.canvas.draw()  # tick labels exist only once drawn
    for text in figure.findobj(Text):
        assert isinstance(text, Text)
        points = float(text.get_fontsize())
        size = points * pixels_a_point
        if text.get_visible() and text.get_text().strip() and size < _SMALLEST_TEXT:
            raise ValueError(
                f"text {text.get_text()!r} of {points:.1f} pt in a panel {width:.1f} in wide is "
                f"{size:.1f} px on a phone; expected at least {_SMALLEST_TEXT:.0f} px. Make the panel "
                f"narrower (PANEL_WIDTH is {PANEL_WIDTH}) or the text larger; draw inside still_style()"
            )


def _svg(figure: Figure, salt: str) -> str:
    """The figure as an SVG element for an HTML page."""
    buffer = io.StringIO()
    nothing: dict[str, Any] = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with matplotlib.rc_context(_SVG_RC):
        figure.savefig(buffer, format="svg", transparent=True, metadata=nothing)
    text = buffer.getvalue()
    text = text[text.index("<svg") :]
    text = re.sub(r"<metadata>.*?</metadata>", "", text, flags=re.DOTALL)
    text = re.sub(r'<style type="text/css">.*?</style>', "", text, flags=re.DOTALL)  # would hit the whole page
    text = re.sub(r'font-family: [^;"]*|font: (?P<size>[\d.]+px)[^;"]*', _inherit_font, text)
    text = re.sub(r"#([0-9a-f]{2})\1\1\b", _dark_grey_to_current, text)
    text = re.sub(r'\b(?:d|x|y|x1|x2|y1|y2|points)="[^"]*"', _round_numbers, text)
    text = _own_ids(text, salt)
    text = re.sub(r">\s+<", "><", text)
    return _svg_root(text)


def _svg_root(text: str) -> str:
    """Replace the root's size in points by the full width of its box; what has no colour takes the page's."""
    end = text.index(">")
    view_box = re.search(r'viewBox="[^"]*"', text[:end])
    assert view_box
    style = "display:block;width:100%;height:auto;fill:currentColor;stroke-linejoin:round;font-family:inherit"
    return (
        f'<svg {view_box[0]} xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" '
        f'style="{style}" aria-hidden="true"{text[end:].rstrip()}'
    )


def _inherit_font(match: re.Match[str]) -> str:
    size = match["size"]
    return f"font-size: {size}" if size else "font-family: inherit"


def _dark_grey_to_current(match: re.Match[str]) -> str:
    """Black and near-black, matplotlib's and seaborn's ink, become the colour of the page's text."""
    return "currentColor" if int(match[1], 16) <= 0x40 else match[0]


def _round_numbers(match: re.Match[str]) -> str:
    return re.sub(r"(\d\.\d{2})\d+", r"\1", match[0])


def _own_ids(text: str, salt: str) -> str:
    """Drop the ids that nothing refers to and make the others this figure's own."""
    prefix = "s" + hashlib.sha256((salt + text).encode()).hexdigest()[:10]
    references = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', text)
    used = set(chain.from_iterable(references)) - {""}
    text = re.sub(r' id="([^"]*)"', lambda found: f' id="{prefix}{found[1]}"' if found[1] in used else "", text)
    text = re.sub(r"url\(#", f"url(#{prefix}", text)
    return re.sub(r'href="#', f'href="#{prefix}', text)
