"""What a person sees while runs are trained: bars on a terminal, a line a finished run elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from vmp.experiments.scheduler import Event, Watch

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID


def lines(say: Callable[[str], None]) -> Watch:
    """One line for each run that ended and for what else should be known, given to ``say``."""

    def watch(event: Event) -> None:
        if event.kind in ("done", "fail", "skip"):
            say(f"{event.done}/{event.total}  {event.text}")
        elif event.kind in ("plan", "wait", "note"):
            say(event.text)

    return watch


class Bars:
    """A bar for all runs and one for each that is under way, on a terminal; a context manager, called with events."""

    def __init__(self, console: Console) -> None:
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

        self._progress = Progress(
            TextColumn("{task.description}"), BarColumn(20), MofNCompleteColumn(), TimeElapsedColumn(), console=console
        )
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
            self._all = self._progress.add_task("runs", total=event.total)
        self._progress.update(self._all, completed=event.done)
        if event.kind in ("done", "fail", "skip", "plan", "wait", "note"):
            self._progress.console.print(event.text, highlight=False, markup=False)
        if event.run is None:
            return
        if event.kind == "start":
            epochs = event.run.recipe.epochs
            self._runs[event.run.identity] = self._progress.add_task(event.run.title[:80], total=epochs)
        elif event.run.identity in self._runs:
            if event.kind == "epoch":
                self._progress.update(self._runs[event.run.identity], completed=event.epoch)
            else:
                self._progress.remove_task(self._runs.pop(event.run.identity))
