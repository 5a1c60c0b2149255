"""A command run as it is typed, inside this process: for notebooks, which have imported what it needs."""

from __future__ import annotations

import contextlib
import io
import shlex
import sys
from pathlib import Path
from typing import TextIO


def run_typed(command: str, folder: str | Path) -> None:
    """Run ``vmp ...`` in a folder; what it prints goes to standard output, both streams, without that folder's path.

    Raises:
        ValueError: a command of something else, or one that fails, with what it said.
    """
    from vmp.cli import app

    words = shlex.split(command)
    if words[:1] != ["vmp"]:
        raise ValueError(f"command: expected one of vmp, got {command!r}")
    said = _Without(f"{Path(folder).absolute()}/", sys.stdout)
    with contextlib.chdir(folder), contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
        status = app(words[1:], prog_name="vmp", standalone_mode=False, obj=words[1:])
    if status:
        raise ValueError(f"{command}: ended with status {status}")


class _Without(io.TextIOBase):
    """Writes on, line by line, without a piece of text."""

    def __init__(self, left_out: str, into: TextIO) -> None:
        self.left_out, self.into = left_out, into

    def writable(self) -> bool:
        """True."""
        return True

    def write(self, text: str) -> int:
        """Write the rest; how long the text was."""
        self.into.write(text.replace(self.left_out, ""))
        return len(text)

    def flush(self) -> None:
        """Flush what is behind."""
        self.into.flush()
