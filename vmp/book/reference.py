"""The command line's own help, put into the API reference, so that the page says what the command says."""

from __future__ import annotations

import re
from pathlib import Path

from vmp.book.pairs import replace_text

#: A line of this form (a MyST comment) is where the help of that command goes.
MARK = re.compile(r"^% help: (\w+)$", re.MULTILINE)


def fill_help(page: Path) -> None:
    """Put ``vmp COMMAND --help`` in the place of each mark."""
    if page.exists():
        text = page.read_text(encoding="utf8")
        replace_text(page, MARK.sub(lambda mark: f"```text\n{command_help(mark.group(1))}\n```", text))


def command_help(command: str) -> str:
    """What ``vmp COMMAND --help`` prints on a terminal of 88 columns.

    Raises:
        ValueError: there is no such command.
    """
    from typer.testing import CliRunner

    from vmp.cli import app

    answer = CliRunner().invoke(
        app, [command, "--help"], prog_name="vmp", env={"COLUMNS": "88", "TERMINAL_WIDTH": "88", "NO_COLOR": "1"}
    )
    if answer.exit_code != 0:
        raise ValueError(f"expected a command of vmp, came {command!r}: {answer.output.strip()}")
    return answer.output.strip()
