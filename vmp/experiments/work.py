"""The work folder: weights, checkpoints, logs and full scores of the runs of this machine; not for git.

``IDENTITY/`` is the folder of a run, which training resumes from; it may be deleted at any time, and what is needed of
it is trained again.
"""

from __future__ import annotations

import contextlib
import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from vmp.experiments.behaviour import behaviour_of, disagreement
from vmp.experiments.run import Run
from vmp.experiments.store import Store
from vmp.files import json_bytes, locked, write_over

#: Beside the store, where nothing else is said.
NAME = "runs"


class Work:
    """The folders of the runs under ``path``; made when something is written."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path).absolute()

    @classmethod
    def find(cls, path: str | os.PathLike[str] | None, store: Store) -> Work:
        """The work folder that is meant: ``path``, $VMP_RUNS, runs/ beside the store."""
        return cls(path or os.environ.get("VMP_RUNS") or store.path.absolute().parent / NAME)

    def folder(self, run: Run) -> Path:
        """Where a run trains."""
        return self.path / run.identity

    def log(self, run: Run) -> Path:
        """What the process of a run printed, tracebacks too."""
        return self.path / "logs" / f"{run.identity}.txt"

    def scores(self, run: Run) -> Path:
        """Every score of every test clip."""
        return self.folder(run) / "predictions.parquet"

    def weights(self, run: Run) -> Path | None:
        """The file of the weights that a run ended with; None where they are not at hand, or of code that differs."""
        from vmp.train import WEIGHTS_NAME

        path = self.folder(run) / WEIGHTS_NAME  # training moves it there when it is whole
        return path if path.is_file() and not self.reason_to_clear(run) else None

    def epochs_done(self, run: Run) -> int:
        """How many epochs of a run are trained, by its log."""
        from vmp.training_log import LOG_NAME

        try:
            last = (self.folder(run) / LOG_NAME).read_bytes().rpartition(b"\n")[0].rpartition(b"\n")[2]
            return int(json.loads(last)["epoch"])
        except (OSError, ValueError, KeyError, TypeError):  # nothing logged yet, or a line that was torn off
            return 0

    def reason_to_clear(self, run: Run) -> str | None:
        """Why what the folder of a run holds is of no use, in words; None where it is, or holds nothing."""
        stamp = self._stamp(run)
        if not stamp.is_file():
            return None if not self.folder(run).exists() else "nothing says which code wrote it"
        try:
            return disagreement(json.loads(stamp.read_bytes()), run)
        except ValueError:
            return "what says which code wrote it was cut short"

    def prepare(self, run: Run) -> str | None:
        """Make the folder of a run, cleared where other code wrote it; the reason for that. Hold the lock."""
        reason = self.reason_to_clear(run)
        if reason:
            shutil.rmtree(self.folder(run))
        if not self._stamp(run).is_file():
            write_over(self._stamp(run), json_bytes(behaviour_of(run)))
        return reason

    @contextlib.contextmanager
    def lock(self, run: Run) -> Iterator[bool]:
        """The lock of a run: gives False, at once, where another process has it."""
        folder = self.path / "locks"
        folder.mkdir(parents=True, exist_ok=True)
        with locked(folder / run.identity, wait=False) as held:
            yield held

    def is_running(self, run: Run) -> bool:
        """Whether a process is at work on a run."""
        if not (self.path / "locks" / run.identity).exists():
            return False
        with self.lock(run) as free:
            return not free

    def _stamp(self, run: Run) -> Path:
        return self.folder(run) / "behaviour.json"
