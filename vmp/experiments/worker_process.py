"""A worker process as the scheduler holds it: lines of JSON go in, lines of JSON come out."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
from typing import IO, Any

from vmp.experiments.plan import Job


class WorkerProcess:
    """One process that does a job at a time and keeps what it loaded for the next.

    Args:
        number: tells it apart; on a machine with several GPUs, which one it has.
        settings: store, work folder, device and threads, as :mod:`vmp.experiments.worker` takes them.
    """

    def __init__(self, number: int, settings: list[str]) -> None:
        self.number = number
        self.job: Job | None = None
        command = [sys.executable, "-m", "vmp.experiments.worker", *settings, str(number), str(os.getpid())]
        threads = settings[-1]
        # BLAS reads these when it is loaded, before torch can be told
        environment = os.environ | {"OMP_NUM_THREADS": threads, "MKL_NUM_THREADS": threads}
        # a group of its own: Ctrl-C is for the scheduler, which asks its workers to leave
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, bufsize=0, process_group=0
        )
        self._partial = b""

    @property
    def output(self) -> IO[bytes]:
        """What a selector waits on."""
        assert self._process.stdout is not None
        return self._process.stdout

    def give(self, job: Job, task: dict[str, Any]) -> None:
        """Hand it a job; one that died meanwhile says so by the end of its output."""
        self.job = job
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.write(json.dumps(task).encode() + b"\n")

    def answers(self) -> list[dict[str, Any]] | None:
        """The answers that have come, when there is something to read; None: it has ended."""
        content = os.read(self.output.fileno(), 1 << 16)
        if not content:
            return None
        *lines, self._partial = (self._partial + content).split(b"\n")
        return [json.loads(line) for line in lines]

    def ask_to_leave(self) -> None:
        """SIGTERM to one that is at work, which writes a checkpoint; an idle one leaves at the end of its input."""
        if self.job is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
        elif self._process.stdin is not None:
            self._process.stdin.close()

    def ended(self, patience: float = 5.0) -> int:
        """Its exit status; one that takes longer than ``patience`` seconds to leave is killed."""
        try:
            status = self._process.wait(patience)
        except subprocess.TimeoutExpired:
            self._process.kill()
            status = self._process.wait()
        for stream in (self._process.stdin, self._process.stdout):
            if stream is not None:
                stream.close()
        return status
