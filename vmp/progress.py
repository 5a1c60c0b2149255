"""How training tells how far it is: a bar in a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TextIO


@dataclass(frozen=True)
class Progress:
    """How far training is.

    Attributes:
        epoch, epochs: under way, from 1, and how many there are; epoch 0 is before training.
        step, steps: steps of this epoch that are done, and how many there are.
        row: the epoch's row of the log when it is over, else empty.
    """

    epoch: int
    epochs: int
    step: int
    steps: int
    row: Mapping[str, Any] = field(default_factory=dict)


Report = Callable[[Progress], None]


def silent(progress: Progress) -> None:
    """Tell nothing."""


def progress_for_console(lines: TextIO | None = None) -> Report:
    """A bar on standard error where that is a terminal; else a line an epoch on ``lines``, or standard output."""
    if sys.stderr.isatty():
        return _Bar()

    def line(progress: Progress) -> None:
        if progress.row:
            (lines or sys.stdout).write(epoch_line(progress) + "\n")
            (lines or sys.stdout).flush()

    return line


def epoch_line(progress: Progress) -> str:
    """An epoch in a line: "epoch 3/12  loss 1.234  accuracy 56.7 %  a 11.04  b -0.59  85.1 clips/s"."""
    row = progress.row
    parts = [f"epoch {progress.epoch}/{progress.epochs}"]
    shown = {"loss": "loss {:.3f}", "accuracy": "accuracy {:.1f} %", "validation_accuracy": "validation {:.1f} %"}
    parts += [text.format(row[name]) for name, text in shown.items() if row.get(name) is not None]
    for name, value in row.items():
        symbol, _, pathway = name.partition("_")
        if symbol in ("slope", "shift"):
            parts.append(f"{'a' if symbol == 'slope' else 'b'}{pathway and f' ({pathway})'} {value:.2f}")
    if row.get("clips_per_second") is not None:
        parts.append(f"{row['clips_per_second']:.1f} clips/s")
    return "  ".join(parts)


class _Bar:
    """A rich bar over the steps of the whole training, which shows the last epoch; gone when training ends."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, TextColumn, TimeRemainingColumn
        from rich.progress import Progress as Bar

        self.bar = Bar(
            TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn(), console=Console(stderr=True)
        )
        self.task = self.bar.add_task("training", total=None)

    def __call__(self, progress: Progress) -> None:
        self.bar.start()
        done = (progress.epoch - 1) * progress.steps + progress.step if progress.epoch else 0
        text = epoch_line(progress) if progress.row else None
        self.bar.update(self.task, total=progress.epochs * progress.steps, completed=done, description=text)

    def close(self) -> None:
        """Take the bar away, also after an error: it would go on redrawing itself."""
        self.bar.stop()
