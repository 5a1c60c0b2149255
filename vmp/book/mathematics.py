r"""Mathematics rendered while the book is built: KaTeX turns TeX into MathML, which browsers draw themselves.

No page then needs a script, a style sheet of KaTeX's or its twenty fonts, and TeX that KaTeX does not know is
a warning of the build, so an error of ``make book``. KaTeX is the copy that sphinxcontrib-katex ships.

Three things KaTeX leaves to its own style sheet are put into the MathML here: letters in bold, script or
double-struck (MathML Core knows them only as characters of their own), the alignment of columns, and the
number of an equation, which is taken out of ``\tag{7}`` and set beside it as ``(7)``; ``[](#eq-7)`` links to it.

A Sphinx extension: ``html_math_renderer`` is "vmp".
"""

from __future__ import annotations

import html
import importlib.util
import json
import re
import unicodedata
from pathlib import Path
from typing import Any

from docutils import nodes  # type: ignore[import-untyped]
from sphinx.transforms import SphinxTransform

_TAG = re.compile(r"\\tag\{([^{}]*)\}")
_LETTER = re.compile(r'<(mi|mn|mtext|mo) mathvariant="([a-z-]+)">([^<]*)</\1>')
_TABLE_OPEN = re.compile(r"<mtable([^>]*)>|</mtable>|<mtr>|<mtd[^>]*>")
_ALPHABETS = {
    "bold": "MATHEMATICAL BOLD",
    "bold-italic": "MATHEMATICAL BOLD ITALIC",
    "script": "MATHEMATICAL SCRIPT",
    "double-struck": "MATHEMATICAL DOUBLE-STRUCK",
    "fraktur": "MATHEMATICAL FRAKTUR",
    "sans-serif": "MATHEMATICAL SANS-SERIF",
    "monospace": "MATHEMATICAL MONOSPACE",
}
# Letters that Unicode had before it had the alphabets.
_OLDER = {
    ("script", "B"): "ℬ", ("script", "E"): "ℰ", ("script", "F"): "ℱ", ("script", "H"): "ℋ",
    ("script", "I"): "ℐ", ("script", "L"): "ℒ", ("script", "M"): "ℳ", ("script", "R"): "ℛ",
    ("script", "e"): "ℯ", ("script", "g"): "ℊ", ("script", "o"): "ℴ",
    ("double-struck", "C"): "ℂ", ("double-struck", "H"): "ℍ", ("double-struck", "N"): "ℕ",
    ("double-struck", "P"): "ℙ", ("double-struck", "Q"): "ℚ", ("double-struck", "R"): "ℝ",
    ("double-struck", "Z"): "ℤ",
    ("fraktur", "C"): "ℭ", ("fraktur", "H"): "ℌ", ("fraktur", "I"): "ℑ", ("fraktur", "R"): "ℜ",
    ("fraktur", "Z"): "ℨ",
}  # fmt: skip
_DIGITS = {digit: unicodedata.name(digit).removeprefix("DIGIT ") for digit in "0123456789"}


class TexError(ValueError):
    """TeX that KaTeX cannot read."""


class Katex:
    """KaTeX in an embedded JavaScript engine, for as long as the context lasts.

    >>> with Katex() as katex:
    ...     katex.mathml(r"x^2").startswith("<math")
    True
    """

    def __init__(self) -> None:
        self._engine: Any = None

    def __enter__(self) -> Katex:
        from py_mini_racer import MiniRacer

        self._engine = MiniRacer()
        self._engine.eval(katex_path().read_text(encoding="utf8") + ";0")
        return self

    def __exit__(self, *exception: object) -> None:
        self._engine.close()
        self._engine = None

    def mathml(self, tex: str, display: bool = False) -> str:
        """Return the ``<math>`` element of a formula.

        Raises:
            TexError: KaTeX does not know a command, or the TeX is not whole.
        """
        options = {"displayMode": display, "output": "mathml", "throwOnError": True, "strict": "ignore"}
        call = (
            f"(() => {{ try {{ return 'M' + katex.renderToString({json.dumps(tex)}, {json.dumps(options)}) }} "
            "catch (error) { return 'E' + error.message } })()"
        )
        answer = self._engine.eval(call)
        if answer[0] == "E":
            reason = unicodedata.normalize("NFD", answer[1:]).replace("\u0332", "").removeprefix("KaTeX parse error: ")
            raise TexError(f"expected TeX that KaTeX reads, came {tex!r}: {reason}")
        match = re.search(r"<math.*</math>", answer, re.DOTALL)
        assert match, answer
        return _align_columns(_LETTER.sub(_as_character, match.group()))


def katex_path() -> Path:
    """Where sphinxcontrib-katex keeps KaTeX (found without importing it)."""
    package = importlib.util.find_spec("sphinxcontrib.katex")
    if package is None or package.origin is None:
        raise ModuleNotFoundError("the book needs sphinxcontrib-katex: pip install 'vmp[book]'")
    return Path(package.origin).with_name("katex.min.js")


def split_number(tex: str) -> tuple[str, str | None]:
    r"""Take the number out of ``\tag{...}``; (TeX without it, number or None)."""
    found = _TAG.search(tex)
    return (_TAG.sub("", tex).strip(), found.group(1)) if found else (tex, None)


def _as_character(match: re.Match[str]) -> str:
    element, variant, text = match.groups()
    if variant == "normal":
        return match.group()
    letters = "".join(_letter(variant, letter) for letter in html.unescape(text))
    # One letter in <mi> would be made italic once more.
    upright = ' mathvariant="normal"' if element == "mi" and len(text) == 1 else ""
    return f"<{element}{upright}>{html.escape(letters, quote=False)}</{element}>"


def _letter(variant: str, letter: str) -> str:
    if (variant, letter) in _OLDER:
        return _OLDER[variant, letter]
    name = unicodedata.name(letter, "")
    if letter in _DIGITS:
        wanted = f"{_ALPHABETS.get(variant, '')} DIGIT {_DIGITS[letter]}"
    elif letter.isascii() and letter.isalpha():
        wanted = f"{_ALPHABETS.get(variant, '')} {'CAPITAL' if letter.isupper() else 'SMALL'} {letter.upper()}"
    else:
        wanted = name.replace("GREEK", _ALPHABETS.get(variant, "")).replace(" LETTER", "")
    try:
        return unicodedata.lookup(wanted)
    except KeyError:
        return letter


def _align_columns(mathml: str) -> str:
    """Say in CSS what KaTeX says in the attributes ``columnalign`` and ``rowspacing``, which browsers ignore."""
    tables: list[tuple[list[str], str]] = []
    column = 0
    columns: list[int] = []

    def restyle(match: re.Match[str]) -> str:
        nonlocal column
        text = match.group()
        if text == "</mtable>":
            tables.pop()
            column = columns.pop()
            return text
        if text.startswith("<mtable"):
            columns.append(column)
            align = re.search(r'columnalign="([^"]*)"', text)
            spacing = re.search(r'columnspacing="([^"]*)"', text)
            tables.append((align.group(1).split() if align else [], spacing.group(1) if spacing else ""))
            return "<mtable>"
        if text == "<mtr>":
            column = -1
            return text
        column += 1
        align_of, spacing_of = tables[-1]
        side = align_of[min(column, len(align_of) - 1)] if align_of else "center"
        pairs = spacing_of == "0em" and column % 2 == 1  # the right half of an aligned pair
        pad = "padding-left:0" if pairs else ""
        tight = "padding-right:0" if spacing_of == "0em" and column % 2 == 0 else ""
        style = ";".join(part for part in (f"text-align:{side}" if side != "center" else "", pad, tight) if part)
        return f'<mtd style="{style}">' if style else "<mtd>"

    return _TABLE_OPEN.sub(restyle, mathml)


def _visit_math(translator: Any, node: nodes.math) -> None:
    rendered = _render(translator, node, node.astext(), display=False)
    translator.body.append(f'<span class="vmp-math">{rendered}</span>')
    raise nodes.SkipNode


def _visit_display(translator: Any, node: nodes.math_block) -> None:
    tex, number = split_number(node.astext())
    rendered = _render(translator, node, tex, display=True)
    number = number or node.get("number")
    spans = "".join(f'<span id="{html.escape(anchor)}"></span>' for anchor in node.get("ids", ()))
    label = f'<span class="eqno">({html.escape(str(number))})</span>' if number else ""
    box = (
        f'<div class="vmp-equation-box" tabindex="0" role="group" aria-label="Equation {number or ""}">{rendered}</div>'
    )
    translator.body.append(f'<div class="vmp-equation">{spans}{box}{label}</div>\n')
    raise nodes.SkipNode


def _render(translator: Any, node: nodes.Node, tex: str, display: bool) -> str:
    from sphinx.util import logging

    try:
        return translator.builder.app.vmp_katex.mathml(tex, display)
    except TexError as error:
        logging.getLogger(__name__).warning(str(error), location=node)
        return f"<code>{html.escape(tex)}</code>"


class NameEquations(SphinxTransform):
    """Make ``\\tag{7}`` a target of links: ``[](#eq-7)`` in its page, ``[](layer.ipynb#eq-7)`` elsewhere."""

    default_priority = 500  # before MyST resolves links within a page

    def apply(self, **options: Any) -> None:
        """Give each first equation of a number its id."""
        slugs = getattr(self.document, "myst_slugs", {})
        for node in self.document.findall(nodes.math_block):
            number = split_number(node.astext())[1]
            anchor = f"eq-{number}"
            if number is None or anchor in slugs:
                continue
            node["ids"].append(anchor)
            slugs[anchor] = (node.line or 0, anchor, f"Eq. {number}")
        self.document.myst_slugs = slugs
        if slugs:
            self.env.metadata[self.env.docname]["myst_slugs"] = slugs


def _start(app: Any) -> None:
    app.vmp_katex = Katex().__enter__()


def _stop(app: Any, exception: Exception | None) -> None:
    if hasattr(app, "vmp_katex"):
        app.vmp_katex.__exit__()
        del app.vmp_katex


def setup(app: Any) -> dict[str, bool]:
    """Register the renderer with Sphinx."""
    app.add_html_math_renderer("vmp", inline_renderers=(_visit_math, None), block_renderers=(_visit_display, None))
    app.add_transform(NameEquations)
    app.connect("builder-inited", _start)
    app.connect("build-finished", _stop)
    return {"parallel_read_safe": True, "parallel_write_safe": False}
