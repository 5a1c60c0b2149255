"""Tables of a DataFrame for the pages: they scroll inside themselves on a phone and follow light and dark."""

from __future__ import annotations

import html
from collections.abc import Mapping, Sequence

import pandas as pd

#: Rules of a stacked table on a phone: no headings, each cell under its own.
_STACKED = """<style>@media (max-width:600px){
.vmp-table-stacked thead{display:none}
.vmp-table-stacked tr{display:block;padding:.5em 0;border-bottom:1px solid gray}
.vmp-table-stacked td{display:block;padding:.1em 0 !important;border:0 !important;
max-width:none !important;min-width:0 !important;text-align:left !important}
.vmp-table-stacked td::before{content:attr(data-label) ": ";opacity:.65}
.vmp-table-stacked td:first-child{font-weight:700}
}</style>"""
_UNBROKEN = 16  # characters: a name or a number this short stays on one line
_PROSE = 40  # characters: a longer text has room for a few words a line
_RULE = "1px solid color-mix(in srgb,currentColor 20%,transparent)"
_CELL = f"max-width:none;padding:0.3em 0.6em;vertical-align:top;border-bottom:{_RULE}"


class Table:
    """A DataFrame as an HTML table with a caption; its index is not shown.

    Text is wrapped and set left, numbers are set right; a missing value is a dash.

    Args:
        frame: at least one column; column names are the headings.
        caption: plain text under the table: what to see.
        decimals: of every number that is not whole, or a dict column -> decimals for some of them.
        emphasise: a boolean for each row; rows that are True are set bold.
        links: column -> an address for each of its cells, for example "accuracy.html"; None: no link.
        stack: on a phone every row becomes a block of its cells, each under its heading; for tables of prose.

    Raises:
        ValueError: no columns; ``emphasise`` or links of another length than the table; links of no column.
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        caption: str | None = None,
        decimals: int | dict[str, int] = 3,
        emphasise: pd.Series | None = None,
        stack: bool = False,
        links: Mapping[str, Sequence[str | None]] | None = None,
    ) -> None:
        if frame.shape[1] == 0:
            raise ValueError("Table needs a DataFrame with at least one column, got none")
        if emphasise is not None and len(emphasise) != len(frame):
            raise ValueError(f"emphasise: expected {len(frame)} values, one a row, got {len(emphasise)}")
        self.frame = frame
        self.caption = caption
        bold = [False] * len(frame) if emphasise is None else [bool(value) for value in emphasise]
        numeric = [pd.api.types.is_numeric_dtype(frame[name]) for name in frame.columns]
        places = [decimals if isinstance(decimals, int) else decimals.get(str(n), 3) for n in frame.columns]
        names = [str(name) for name in frame.columns]
        _check_links(frame, links or {})
        to = [list((links or {}).get(name, [None] * len(frame))) for name in names]
        heads = "".join(_cell("th", name, "", right) for name, right in zip(names, numeric, strict=True))
        body = "".join(
            "<tr>"
            + "".join(
                _cell("td", _text(v, p), name, right, strong, href)
                for v, name, p, right, href in zip(row, names, places, numeric, hrefs, strict=True)
            )
            + "</tr>"
            for row, strong, hrefs in zip(frame.itertuples(index=False), bold, zip(*to, strict=True), strict=True)
        )
        below = f'<figcaption style="margin-top:0.5rem">{html.escape(caption)}</figcaption>' if caption else ""
        self.html = (
            f'{_STACKED if stack else ""}<figure class="vmp-table" style="margin:1rem 0">'
            '<div style="overflow-x:auto;max-width:100%" tabindex="0">'
            f'<table class="{"vmp-table-stacked" if stack else "vmp-table-plain"}" style="border-collapse:collapse;'
            'width:auto;max-width:100%;margin:0 auto;font-size:0.88rem;line-height:1.35">'
            f"<thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table></div>{below}</figure>"
        )

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        return {"text/html": self.html, "text/plain": self.frame.to_string(index=False)}


def _check_links(frame: pd.DataFrame, links: Mapping[str, Sequence[str | None]]) -> None:
    for name, hrefs in links.items():
        if name not in frame.columns or len(hrefs) != len(frame):
            raise ValueError(
                f"links: expected {len(frame)} addresses for a column of {', '.join(map(str, frame.columns))}, "
                f"got {len(hrefs)} for {name!r}"
            )


def _cell(tag: str, text: str, label: str, right: bool, strong: bool = False, href: str | None = None) -> str:
    style = _CELL + f";text-align:{'right' if right else 'left'}"
    if right:
        style += ";font-variant-numeric:tabular-nums"
    if tag == "td" and len(text) <= _UNBROKEN:
        style += ";white-space:nowrap"
    elif tag == "td" and len(text) > _PROSE:
        style += ";min-width:11rem"
    if strong:
        style += ";font-weight:700"
    what = ' scope="col"' if tag == "th" else f' data-label="{html.escape(label)}"'
    said = html.escape(text)
    if href is not None:
        said = f'<a href="{html.escape(href)}">{said}</a>'
    return f'<{tag}{what} style="{style}">{said}</{tag}>'


def _text(value: object, decimals: int) -> str:
    if value is None or (isinstance(value, float) and value != value):
        return "–"
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, float):
        if value != 0 and abs(value) < 0.5 * 10**-decimals:
            return ("−" if value < 0 else "") + f"{abs(value):.1e}"  # small, but not 0
        return f"{value + 0.0:.{decimals}f}".replace("-", "−")  # + 0.0: no minus zero
    return str(value)
