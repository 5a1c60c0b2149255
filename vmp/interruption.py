"""Leaving when asked: SIGTERM and the first Ctrl-C are noted, and training stops at the end of a step."""

from __future__ import annotations

import signal
import threading
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any


class TrainingInterrupted(KeyboardInterrupt):
    """Training stopped because it was asked to; the checkpoint is written, the same call goes on from there.

    No error, so ``except Exception`` lets it through. A program answers SIGTERM by leaving with 128 + ``signal``.

    Attributes:
        signal: the number of the signal.
        run_dir: where the checkpoint is.
        epoch, step: how far training came: steps done of this epoch.
    """

    def __init__(self, number: int, run_dir: Path, epoch: int, step: int) -> None:
        name = signal.Signals(number).name
        super().__init__(
            f"{name}: stopped after step {step} of epoch {epoch}. The checkpoint in {run_dir} is written; "
            "the same call goes on from there"
        )
        self.signal, self.run_dir, self.epoch, self.step = number, run_dir, epoch, step


class Interruption:
    """Notes SIGTERM and SIGINT while it is entered, in the main thread; elsewhere it notes nothing.

    A second signal finds the handlers that were there before, and acts at once.

    Attributes:
        signal: the number of the signal that came, or 0.
    """

    def __init__(self) -> None:
        self.signal = 0
        self._before: dict[int, Any] = {}

    def __enter__(self) -> Interruption:
        if threading.current_thread() is threading.main_thread():
            for number in (signal.SIGTERM, signal.SIGINT):
                self._before[number] = signal.signal(number, self._note)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._restore()

    def _note(self, number: int, frame: FrameType | None) -> None:
        self.signal = number
        self._restore()

    def _restore(self) -> None:
        for number, handler in self._before.items():
            signal.signal(number, signal.SIG_DFL if handler is None else handler)
        self._before = {}
