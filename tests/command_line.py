"""The command line as a test calls it."""

from __future__ import annotations

from pathlib import Path

import pytest

from vmp import cli


class CommandLine:
    def __init__(self, capsys: pytest.CaptureFixture[str]) -> None:
        self._capsys = capsys

    def __call__(self, *arguments: str | Path) -> tuple[int, str, str]:
        """Exit status, what was printed, what was said on stderr."""
        with pytest.raises(SystemExit) as stopped:
            cli.main([str(argument) for argument in arguments])
        printed = self._capsys.readouterr()
        return int(stopped.value.code or 0), printed.out, printed.err
