"""What a person sees while runs are trained: bars on a terminal, a line a finished run elsewhere."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from vmp.experiments.scheduler import Event, Watch

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from vmp.experiments.estimate import Estimate


#: The events with which a run ends.
_ENDED = ("done", "fail", "skip")


class Remaining:
    """How long the rest takes: what was estimated of it, at the pace at which what is done was done.

    Args:
        estimate: of all that is to do.
        clock: gives seconds.
    """

    def __init__(self, estimate: Estimate, clock: Callable[[], float] = time.monotonic) -> None:
        self._estimate, self._clock, self._began = estimate, clock, clock()
        self._ended: set[str] = set()

    def __call__(self, event: Event) -> str:
        """In words, after an event; empty while nothing is done, and where nothing is left or known."""
        from vmp.experiments.estimate import duration

        if event.run is not None and event.kind in _ENDED:
            self._ended.add(event.run.identity)
        whole, left = self._estimate.left(), self._estimate.left(self._ended)
        if not 0 < left < whole or event.done >= event.total:
            return ""
        return f"about {duration(left * (self._clock() - self._began) / (whole - left))} left"


def lines(say: Callable[[str], None], remaining: Remaining | None = None) -> Watch:
    """One line for each run that ended and for what else should be known, given to ``say``.

    With ``remaining`` it says after each run how long the rest takes, and not at first how much there is to do.
    """

    def watch(event: Event) -> None:
        if event.kind in _ENDED:
            left = remaining(event) if remaining else ""
            say(f"{event.done}/{event.total}  {event.text}{f'  ({left})' if left else ''}")
        elif event.kind in ("wait", "note") or (event.kind == "plan" and not remaining):
            say(event.text)

    return watch


class Bars:
    """A bar for all runs and one for each that is under way, on a terminal; a context manager, called with events.

    Args:
        console: of the terminal.
        remaining: as :func:`lines` takes it.
    """

    def __init__(self, console: Console, remaining: Remaining | None = None) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"), console=console,
        )  # fmt: skip
        self._remaining = remaining
        self._all: TaskID | None = None
        self._runs: dict[str, TaskID] = {}

    def __enter__(self) -> Bars:
        self._progress.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._progress.stop()

    def __call__(self, event: Event) -> None:
        """Show an event."""
        if self._all is None:
            self._all = self._progress.add_task("runs", total=event.total, left="")
        self._progress.update(self._all, completed=event.done)
        if self._remaining and event.kind in _ENDED:
            self._progress.update(self._all, left=self._remaining(event))
        if event.kind in (*_ENDED, "wait", "note") or (event.kind == "plan" and not self._remaining):
            self._progress.console.print(event.text, highlight=False, markup=False)
        if event.run is None:
            return
        if event.kind == "start":
            epochs = event.run.recipe.epochs
            self._runs[event.run.identity] = self._progress.add_task(event.run.title[:80], total=epochs, left="")
        elif event.run.identity in self._runs:
            if event.kind == "epoch":
                self._progress.update(self._runs[event.run.identity], completed=event.epoch)
            else:
                self._progress.remove_task(self._runs.pop(event.run.identity))
