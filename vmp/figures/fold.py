"""Long lists that a reader opens: a line each, and under it a table in plain letters, ten times smaller as HTML."""

from __future__ import annotations

import html

import pandas as pd


class Fold:
    """DataFrames, each under a line that opens it; a wide one scrolls in itself.

    Args:
        parts: (the line, the rows under it); indices are not shown.

    Raises:
        ValueError: no parts.
    """

    def __init__(self, *parts: tuple[str, pd.DataFrame]) -> None:
        if not parts:
            raise ValueError("Fold needs at least one part, got none: Fold(('runs', frame))")
        self.parts = parts
        self.html = "".join(
            f'<details style="margin:0.5rem 0"><summary>{html.escape(line)}</summary>'
            '<pre style="overflow-x:auto;max-width:100%;font-size:0.78rem" tabindex="0">'
            f"{html.escape(frame.to_string(index=False))}</pre></details>"
            for line, frame in parts
        )

    def _repr_html_(self) -> str:
        return self.html

    def _repr_mimebundle_(self, include: object = None, exclude: object = None) -> dict[str, str]:
        text = "\n\n".join(f"{line}\n{frame.to_string(index=False)}" for line, frame in self.parts)
        return {"text/html": self.html, "text/plain": text}
