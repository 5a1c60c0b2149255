"""What the pages load, all of it from the book's own folder: the font of the mathematics, figures, the explorer."""

from __future__ import annotations

import importlib.util
from pathlib import Path

from vmp.book.pairs import replace_text
from vmp.figures import palette

#: The characters that formulas of the book can hold: Latin, Greek, operators, arrows, alphabets.
MATHEMATICS = (
    (0x20, 0x7E), (0xA0, 0xFF), (0x2B0, 0x2DD), (0x300, 0x338), (0x391, 0x3F6), (0x2010, 0x2063), (0x20D0, 0x20EF),
    (0x2100, 0x214F), (0x2190, 0x21FF), (0x2200, 0x22FF), (0x2308, 0x230B), (0x2329, 0x232A), (0x23B4, 0x23E1),
    (0x25A0, 0x25FF), (0x27C0, 0x27FF), (0x2A00, 0x2AFF), (0x1D400, 0x1D433), (0x1D434, 0x1D467),
    (0x1D468, 0x1D49B), (0x1D49C, 0x1D4CF), (0x1D538, 0x1D56B), (0x1D6A4, 0x1D755), (0x1D7CE, 0x1D7D7),
)  # fmt: skip
PLOTLY = "plotly.min.js"
MATH_FONT = "stix-two-math.woff2"


def write_math_font(folder: Path) -> Path:
    """Write the part of STIX Two Math (SIL OFL 1.1, shipped by ziamath) that formulas need, as woff2."""
    from fontTools import subset  # type: ignore[import-untyped]

    target = folder / MATH_FONT
    options = subset.Options(
        flavor="woff2", layout_features=["ssty", "dtls", "flac", "kern"], notdef_outline=True, hinting=False
    )
    options.recalc_timestamp = False
    options.drop_tables += ["DSIG", "FFTM"]
    cutter = subset.Subsetter(options)
    cutter.populate(unicodes=[code for first, last in MATHEMATICS for code in range(first, last + 1)])
    folder.mkdir(parents=True, exist_ok=True)
    with subset.load_font(str(_stix()), options) as font:
        cutter.subset(font)
        subset.save_font(font, str(target), options)
    return target


def write_plotly(folder: Path) -> Path:
    """Write plotly.js as the installed plotly has it."""
    from plotly.offline import get_plotlyjs

    replace_text(folder / PLOTLY, get_plotlyjs())
    return folder / PLOTLY


def write_explorer(folder: Path) -> None:
    """Write the explorer's script, style and clips."""
    from vmp.explorer import write_assets

    write_assets(folder)


def write_palette(folder: Path) -> Path:
    """Write the colours of vmp.figures.palette as CSS variables."""
    colours = {
        "difference": palette.DIFFERENCE,
        "darker": _hex(palette.DIFFERENCE_ANCHORS[1]),
        "brighter": _hex(palette.DIFFERENCE_ANCHORS[3]),
        "attention": palette.ATTENTION,
        "prompt": palette.PROMPT,
        "neutral": palette.NEUTRAL,
    }
    lines = [f"  --vmp-{name}: {value};" for name, value in colours.items()]
    replace_text(folder / "palette.css", ":root {\n" + "\n".join(lines) + "\n}\n")
    return folder / "palette.css"


def _hex(colour: tuple[int, int, int]) -> str:
    return "#{:02x}{:02x}{:02x}".format(*colour)


def _stix() -> Path:
    package = importlib.util.find_spec("ziamath")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the book needs ziamath for its mathematics font: pip install 'vmp[book]'")
    return Path(package.origin).parent / "fonts" / "STIXTwoMath-Regular.ttf"
