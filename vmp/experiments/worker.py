"""A worker: ``python -m vmp.experiments.worker STORE WORK DEVICE THREADS NUMBER PARENT``, started by the scheduler.

A line of JSON on its input is a job, a line on its output the answer; what a run prints goes to the run's log. It
ends with its parent, however that ends: at once, for what training has written can be resumed from.
"""

from __future__ import annotations

import ctypes
import json
import os
import queue
import signal
import sys
import threading
import traceback
from types import FrameType
from typing import Any

from vmp.allocator import keep_freed_memory
from vmp.experiments.device import Device
from vmp.experiments.run import Run
from vmp.experiments.store import Store
from vmp.experiments.work import Work

#: prctl's number for the signal that the system sends a process when its parent ends.
PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Do jobs until the input ends."""
    store, work, kind, threads, number, parent = arguments
    _die_with(int(parent))
    signal.signal(signal.SIGTERM, _leave)
    keep_freed_memory()
    answers = os.fdopen(os.dup(1), "wb", buffering=0)
    jobs: queue.SimpleQueue[dict[str, Any]] = queue.SimpleQueue()
    threading.Thread(target=_listen, args=(jobs,), daemon=True).start()
    device = Device.of(kind, int(threads), int(number))
    from vmp.train import TrainingInterrupted

    try:
        while True:
            answer = _answer(jobs.get(), Store(store), Work(work), device)
            answers.write(json.dumps(answer).encode() + b"\n")
    except TrainingInterrupted as stopped:
        sys.exit(128 + stopped.signal)


def _answer(task: dict[str, Any], store: Store, work: Work, device: Device) -> dict[str, Any]:
    run = Run.from_json(task["run"])
    with work.lock(run) as held:
        if not held:
            return {"state": "busy"}
        _log_to(work, run)
        try:
            from vmp.experiments.perform import perform

            return {"state": "done", "said": perform(run, store, work, device, record=task["record"])}
        except Exception as error:
            traceback.print_exc()
            return {"state": "failed", "error": _in_a_line(error)}
        finally:
            sys.stdout.flush()
            sys.stderr.flush()


def _in_a_line(error: Exception) -> str:
    """Its first line; before it the kind of an error that was not made for people."""
    first = (str(error).strip().splitlines() or [""])[0]
    kind = type(error)
    meant = issubclass(kind, (ValueError, OSError)) or kind.__module__.startswith("vmp.")
    return first if meant and first else f"{kind.__name__}: {first}"


def _log_to(work: Work, run: Run) -> None:
    """What this process prints from now on, and what the libraries under it do, goes to the log of the run."""
    log = work.log(run)
    log.parent.mkdir(parents=True, exist_ok=True)
    handle = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    os.dup2(handle, 1)
    os.dup2(handle, 2)
    os.close(handle)


def _listen(jobs: queue.SimpleQueue[dict[str, Any]]) -> None:
    """Jobs as they come; the end of the input is the parent's end, and this process's."""
    for line in sys.stdin.buffer:
        jobs.put(json.loads(line))
    os._exit(0)


def _die_with(parent: int) -> None:
    """On Linux the system kills this process when its parent ends; elsewhere the end of the input does, a bit later."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before the system was asked
        os._exit(1)


def _leave(number: int, frame: FrameType | None) -> None:
    sys.exit(128 + number)


if __name__ == "__main__":
    main(sys.argv[1:])
