"""The last page: what the book was built with, written from the stamps of its notebooks."""

from __future__ import annotations

import importlib.metadata
from collections.abc import Sequence
from pathlib import Path

from vmp.book.execution import Executed
from vmp.book.pairs import replace_text

#: A line of this form (a MyST comment) is where a table goes.
MARK = "% table: {}"
_TYPESETTERS = ("jupyter-book", "sphinx", "myst-nb", "jupytext", "papermill", "sphinxcontrib-katex")


def fill_colophon(page: Path, executed: Sequence[Executed]) -> None:
    """Put the tables of notebooks and of versions in the place of their marks."""
    if not page.exists():
        return
    text = page.read_text(encoding="utf8")
    text = text.replace(MARK.format("notebooks"), notebooks_table(executed))
    text = text.replace(MARK.format("versions"), versions_table(executed))
    replace_text(page, text)


def notebooks_table(executed: Sequence[Executed]) -> str:
    """One row a notebook: seconds, date, device, parameters."""
    rows = [
        f"| [{run.name}]({run.path.name}) | {run.seconds:.1f} | {run.date} | {run.device} | {_parameters(run)} |"
        for run in executed
    ]
    return "\n".join(["| Notebook | Seconds | Executed | On | Parameters |", "|---|--:|---|---|---|", *rows])


def versions_table(executed: Sequence[Executed]) -> str:
    """One row a package; a version on which two notebooks differ shows both."""
    found: dict[str, set[str]] = {}
    for run in executed:
        for name, version in run.versions.items():
            found.setdefault(name, set()).add(version)
    for name in _TYPESETTERS:
        found[name] = {importlib.metadata.version(name)}
    rows = [f"| {name} | {', '.join(sorted(versions))} |" for name, versions in found.items()]
    return "\n".join(["| Package | Version |", "|---|---|", *rows])


def _parameters(run: Executed) -> str:
    return ", ".join(f"`{name}` = `{value!r}`" for name, value in run.parameters.items()) or "as in the notebook"
