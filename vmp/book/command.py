"""The command: ``python -m vmp.book``, and ``vmp book``, which is the same."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from vmp.book.build import BuildFailed, build_book
from vmp.book.execution import NotebookFailed, execute
from vmp.book.pairs import sync_notebook
from vmp.book.parameters import parse_parameters, read_parameters


def main(arguments: Sequence[str] | None = None) -> int:
    """Build the book, or execute one notebook of it; 0 when that went well, 1 with one clear line when not."""
    options = _parser().parse_args(arguments)
    try:
        if options.sync:
            _sync(options.root)
        elif options.only:
            _execute_one(options)
        elif options.parameter:
            raise ValueError("-p needs --only NAME: the book itself is built with the notebooks' own values")
        else:
            # a book shows what is stored; training for hours is asked for by name: vmp run, or --only
            os.environ.setdefault("VMP_TRAIN", "never")
            index = build_book(options.root, options.out, force=options.force, report=_say)
            _say(f"\nOpen it from disk:  {index.as_uri()}")
            _say(f"Or serve it:        {sys.executable} -m http.server --directory {index.parent}")
    except (ValueError, NotebookFailed, BuildFailed, ModuleNotFoundError) as error:
        sys.stderr.write(f"vmp book: {error}\n")
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="vmp book", description="Build the book into build/book.")
    parser.add_argument("--root", type=Path, default=Path(), help="the checkout (default: here)")
    parser.add_argument("--out", type=Path, help="where the book goes, or with --only the executed notebook")
    parser.add_argument("--force", action="store_true", help="execute again what is stored")
    parser.add_argument("--only", metavar="NAME", help="execute one notebook and build nothing")
    parser.add_argument(
        "-p", "--parameter", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"),
        help="a value for a parameter of the notebook of --only; may be repeated",
    )  # fmt: skip
    parser.add_argument("--sync", action="store_true", help="write each notebooks/*.ipynb again from its .py")
    return parser


def _sync(root: Path) -> None:
    for text in sorted((root / "notebooks").glob("*.py")):
        _say(str(sync_notebook(text)))


def _execute_one(options: argparse.Namespace) -> None:
    folder = options.root / "notebooks"
    notebook = folder / f"{options.only}.ipynb"
    if not notebook.exists():
        there = ", ".join(sorted(path.stem for path in folder.glob("*.ipynb"))) or "none"
        raise ValueError(f"no notebook {options.only!r}: expected one of {there}")
    given = parse_parameters([tuple(pair) for pair in options.parameter], read_parameters(notebook))
    out = options.out or options.root / "out" / notebook.name
    done = execute(notebook, out, given, inputs=[options.root / "results"], force=options.force, report=_say)
    _say(str(done.path))


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()
