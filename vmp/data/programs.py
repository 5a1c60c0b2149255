"""Programs of others that preparing a set runs: found on the PATH, called without a shell, named when missing."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

#: Names are bytes of UTF-8 whatever the user's locale, and messages are the ones that we look for.
_ENVIRONMENT = {"LC_ALL": "C.UTF-8"}


class MissingProgram(OSError):
    """A program that is needed and not installed: names it and how to install it."""


def find(names: Sequence[str], needed_for: str, install: str) -> str:
    """Path of the first of these programs that is on the PATH or beside this Python, as in an environment of its own.

    Raises:
        MissingProgram: none is.
    """
    places = os.pathsep.join([os.environ.get("PATH", os.defpath), str(Path(sys.executable).parent)])
    for name in names:
        if found := shutil.which(name, path=places):
            return found
    raise MissingProgram(f"{needed_for} needs {' or '.join(names)}, which is not installed. {install}")


def run(command: Sequence[str | Path]) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with nothing to read from; what it writes comes back as text."""
    arguments = [os.fspath(each) for each in command]
    return subprocess.run(
        arguments,
        check=False,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        env={**os.environ, **_ENVIRONMENT},
    )


def last_line(text: str) -> str:
    """The last line that says something, for an error message."""
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    return lines[-1] if lines else "it says nothing"
