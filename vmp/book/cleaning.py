"""Make an executed notebook fit for a static page: what only a live kernel could show is left out."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat

from vmp.book.pairs import replace_text

#: Outputs that need JupyterLab; the text/html beside them works without.
NEEDS_A_KERNEL = (
    "application/vnd.plotly.v1+json",
    "application/vnd.jupyter.widget-view+json",
    "application/vnd.jupyter.widget-state+json",
)


def publish_notebook(executed: Path, target: Path) -> None:
    """Write the copy of an executed notebook that the book shows.

    Raises:
        ValueError: an output has nothing that a static page can show, or the run had failed.
    """
    notebook = nbformat.read(executed, as_version=4)
    if notebook.metadata.get("papermill", {}).get("exception"):
        raise ValueError(f"{executed.name}: expected a run that ended well, came a failed one: execute it again")
    clean(notebook, executed.name)
    replace_text(target, nbformat.writes(notebook, version=4, indent=1) + "\n")


def clean(notebook: Any, name: str) -> None:
    """Drop, in place, live-only outputs, widget state and the metadata of the run."""
    for key in ("papermill", "widgets"):
        notebook.metadata.pop(key, None)
    for number, cell in enumerate(notebook.cells, start=1):
        for key in ("papermill", "execution"):
            cell.metadata.pop(key, None)
        for output in cell.get("outputs", ()):
            _clean_output(output, f"{name}, cell {number}")


def _clean_output(output: Any, where: str) -> None:
    data = output.get("data")
    if data is None:
        return
    live = [key for key in NEEDS_A_KERNEL if data.pop(key, None) is not None]
    if live and not any(key in data for key in ("text/html", "image/svg+xml", "image/png")):
        raise ValueError(
            f"{where}: expected something a page can show without a kernel, came only {live[0]}: "
            "wrap a plotly figure in vmp.figures.interactive.Interactive; a widget needs its own text/html"
        )
