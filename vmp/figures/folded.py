"""Something that a page shows only to who asks for it: folded away under a line of text."""

from __future__ import annotations

import html
from typing import Any

from vmp.figures.interactive import HasHtml


class Folded:
    """What shows itself as HTML, under a line that opens and closes it.

    Args:
        summary: the line: what is folded away.
        shown: a table, a figure, or anything else with ``_repr_html_``.
    """

    def __init__(self, summary: str, shown: HasHtml) -> None:
        self.summary, self.shown = summary, shown

    def _repr_html_(self) -> str:
        return f"<details><summary>{html.escape(self.summary)}</summary>{self.shown._repr_html_()}</details>"

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, Any]:
        return {"text/html": self._repr_html_(), "text/plain": self.summary}
