"""The book: notebooks in step with their text, executed by papermill, published by jupyter-book 1.

    python -m vmp.book                          # build everything into build/book
    python -m vmp.book --only layer -p slope 20 # execute one notebook with another value
    python -m vmp.book --sync                   # write each .ipynb again from its .py

One direction: ``pairs`` (jupytext) -> ``parameters`` -> ``execution`` (papermill) -> ``cleaning`` -> ``build``
(jupyter-book).
``mathematics``, ``assets`` and ``pages`` serve the built pages. All of it needs the extra ``vmp[book]``.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmp.book.build import BuildFailed, build_book
    from vmp.book.command import main
    from vmp.book.execution import Executed, NotebookFailed, execute
    from vmp.book.pairs import notebooks_in_step, sync_notebook
    from vmp.book.parameters import Parameter, check_parameters, parse_parameters, read_parameters

__all__ = [
    "BuildFailed",
    "Executed",
    "NotebookFailed",
    "Parameter",
    "build_book",
    "check_parameters",
    "execute",
    "main",
    "notebooks_in_step",
    "parse_parameters",
    "read_parameters",
    "sync_notebook",
]

_HOMES = {
    "BuildFailed": "build",
    "Executed": "execution",
    "NotebookFailed": "execution",
    "Parameter": "parameters",
    "build_book": "build",
    "check_parameters": "parameters",
    "execute": "execution",
    "main": "command",
    "notebooks_in_step": "pairs",
    "parse_parameters": "parameters",
    "read_parameters": "parameters",
    "sync_notebook": "pairs",
}


def __getattr__(name: str) -> object:
    if name not in _HOMES:
        raise AttributeError(f"module 'vmp.book' has no attribute {name!r}")
    return getattr(importlib.import_module(f"vmp.book.{_HOMES[name]}"), name)
