"""A chapter is a pair: a percent-format .py that people edit, and its .ipynb without outputs, made from it."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import Any

import jupytext
import nbformat

_METADATA = {
    "jupytext": {"formats": "ipynb,py:percent"},
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}
_SYNC = "run `python -m vmp.book --sync`"


def sync_notebook(text: str | Path) -> Path:
    """Write the .ipynb of a percent-format .py beside it; return its path.

    The same text always gives the same bytes: a cell's id is a hash of its source, and there are no outputs,
    execution counts or timestamps.

    Raises:
        ValueError: the file is not a .py, or is not there.
    """
    text = Path(text)
    if text.suffix != ".py" or not text.is_file():
        raise ValueError(f"expected a percent-format .py file, came {text}: give the text half of a chapter")
    notebook = _without_state(jupytext.read(text, fmt="py:percent"))
    target = text.with_suffix(".ipynb")
    written = nbformat.writes(notebook, version=4, indent=1) + "\n"
    if not target.exists() or target.read_text(encoding="utf8") != written:
        replace_text(target, written)
    return target


def notebooks_in_step(folder: str | Path) -> list[str]:
    """Say what is wrong with the pairs of a folder; an empty list when each .ipynb is its .py without outputs."""
    folder = Path(folder)
    names = sorted({path.stem for path in folder.iterdir() if path.suffix in (".py", ".ipynb")})
    return [problem for name in names if (problem := _pair_problem(folder, name))]


def replace_text(target: Path, text: str) -> None:
    """Write a file so that whoever reads it, at any moment, sees the old text or the new and never a part."""
    target.parent.mkdir(parents=True, exist_ok=True)
    partial = target.with_name(f".{target.name}.{os.getpid()}.part")
    partial.write_text(text, encoding="utf8")
    os.replace(partial, target)


def _without_state(notebook: Any) -> Any:
    seen: dict[str, int] = {}
    for cell in notebook.cells:
        digest = hashlib.sha256(f"{cell.cell_type}\n{cell.source}".encode()).hexdigest()[:12]
        seen[digest] = seen.get(digest, 0) + 1
        cell["id"] = digest if seen[digest] == 1 else f"{digest}-{seen[digest]}"
        if cell.cell_type == "code":
            cell["outputs"], cell["execution_count"] = [], None
    notebook["metadata"] = nbformat.from_dict(_METADATA)
    notebook["nbformat"], notebook["nbformat_minor"] = 4, 5
    return notebook


def _pair_problem(folder: Path, name: str) -> str | None:
    text, notebook = folder / f"{name}.py", folder / f"{name}.ipynb"
    if not text.exists():
        return f"{notebook.name} has no {text.name}: a chapter is a pair; people edit the .py"
    if not notebook.exists():
        return f"{text.name} has no {notebook.name}: {_SYNC}"
    ours = jupytext.read(text, fmt="py:percent").cells
    theirs = nbformat.read(notebook, as_version=4).cells
    for number, cell in enumerate(theirs, start=1):
        if cell.get("outputs") or cell.get("execution_count") is not None:
            return f"{notebook.name} holds an output (cell {number}): outputs are built, not committed; {_SYNC}"
    if len(ours) != len(theirs):
        return f"{text.name} has {len(ours)} cells and {notebook.name} {len(theirs)}: {_SYNC}"
    for number, (mine, other) in enumerate(zip(ours, theirs, strict=True), start=1):
        if _essence(mine) != _essence(other):
            return f"{text.name} and {notebook.name} disagree (cell {number}): {_SYNC}"
    return None


def _essence(cell: Any) -> tuple[str, str, tuple[str, ...]]:
    return cell.cell_type, cell.source.rstrip(), tuple(cell.metadata.get("tags", ()))
