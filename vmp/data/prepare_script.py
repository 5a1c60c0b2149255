"""The front that the scripts in ``data_scripts`` share: their options, bars in a terminal, report and exit status.

Exit status: 0 the manifest is written, 1 the counts do not hold (or the disk or the network failed), 2 a mistake in the
options or in what was given, 130 interrupted.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Literal

from vmp.data.addresses import Published
from vmp.data.prepare import Advance, PrepareReport, Progress, size_text


def arguments_parser(script: str, description: str, published: Published | None = None) -> argparse.ArgumentParser:
    """Options that every set has: --root, --allow-missing, and --archives or --mirror where it is published.

    Args:
        script: name of the script, for its help.
        description: what it does.
        published: where the set comes from; None for a set that is not downloaded.
    """
    parser = argparse.ArgumentParser(prog=script, description=description, allow_abbrev=False)
    parser.add_argument("--root", type=Path, required=True, metavar="DATA", help="folder that everything goes into")
    parser.add_argument(
        "--allow-missing", action="store_true", help="write the manifest also where videos are missing or counts differ"
    )
    if published is not None:
        source = parser.add_mutually_exclusive_group()
        source.add_argument("--archives", type=Path, metavar="DIR", help="folder of local copies: no downloads")
        mirrors = ", ".join(published.mirrors)
        source.add_argument(
            "--mirror", metavar="NAME", help=f"download from this one: {mirrors}, or an address with the files under it"
        )
    return parser


def run(prepare: Callable[[Progress], PrepareReport]) -> int:
    """Prepare, print the report and give the exit status; an error is one line on standard error."""
    try:
        report = prepare(console_progress())
    except ValueError as error:
        return _stop(error, 2)
    except OSError as error:
        return _stop(error, 1)
    except KeyboardInterrupt:
        return _stop("interrupted; the same command goes on where it was", 130)
    sys.stdout.write(f"{report}\n")
    return report.status


def _stop(error: object, status: int) -> int:
    sys.stdout.flush()
    sys.stderr.write(f"{error}\n")
    return status


def console_progress() -> Progress:
    """Bars on standard error where that is a terminal; else a line when a stretch of work begins and one at its end."""
    return _Bars() if sys.stderr.isatty() else _Lines()


class _Lines:
    def say(self, text: str) -> None:
        sys.stderr.write(f"{text}\n")
        sys.stderr.flush()

    @contextmanager
    def track(self, what: str, total: int | None, unit: Literal["bytes", "files"] = "files") -> Iterator[Advance]:
        last = 0

        def advance(done: int) -> None:
            nonlocal last
            last = done

        self.say(f"{what} ...")
        yield advance
        self.say(f"{what}: {size_text(last) if unit == 'bytes' else f'{last:,} files'}")


class _Bars:
    def __init__(self) -> None:
        from rich.console import Console

        self._console = Console(stderr=True)

    def say(self, text: str) -> None:
        self._console.print(text, markup=False, highlight=False)

    @contextmanager
    def track(self, what: str, total: int | None, unit: Literal["bytes", "files"] = "files") -> Iterator[Advance]:
        from rich.markup import escape
        from rich.progress import BarColumn, DownloadColumn, MofNCompleteColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        amount = DownloadColumn() if unit == "bytes" else MofNCompleteColumn()
        columns = (TextColumn("{task.description}"), BarColumn(), amount, TimeRemainingColumn())
        with Bar(*columns, console=self._console) as bar:
            task = bar.add_task(escape(what), total=total)
            yield lambda done: bar.update(task, completed=done)
