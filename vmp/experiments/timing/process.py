"""A measurement in a process of its own: ``python -m vmp.experiments.timing.process SETTINGS``, an answer in JSON.

So threads are set before BLAS is loaded, nothing that was computed before warms or fills anything, and the peak of the
memory is that of one variant.
"""

from __future__ import annotations

import datetime
import gc
import json
import os
import signal
import subprocess
import sys
from typing import Any

from vmp.experiments.device import Device, source, versions


def measure_apart(what: str, kind: str, threads: int, **settings: Any) -> dict[str, Any]:
    """Measure in a new process and wait for it.

    Args:
        what: "steps", "memory" or "layer": :func:`vmp.experiments.timing.steps.step_seconds`,
            :func:`vmp.experiments.timing.steps.step_memory` or :func:`vmp.experiments.timing.layer.layer_seconds`.
        kind: "cpu" or "cuda".
        threads: of the process.
        settings: the function's own arguments but the device.

    Returns:
        "value", what the function gave, and "made", the circumstances: date (UTC), device, threads, machine, versions
        and source as a :class:`vmp.experiments.store.Record` has them, on (``kind``), and load: how many processes
        wanted to compute in the minute before, missing where the system does not tell.

    Raises:
        ChildProcessError: the process failed; the message has the end of what it said.
    """
    asked = json.dumps({"what": what, "kind": kind, "threads": threads, "settings": settings})
    # BLAS reads these when it is loaded, before torch can be told
    environment = os.environ | {"OMP_NUM_THREADS": str(threads), "MKL_NUM_THREADS": str(threads)}
    command = [sys.executable, "-m", "vmp.experiments.timing.process", asked]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True)
    if ended.returncode != 0:
        raise ChildProcessError(f"measuring {what} of {settings}: {_why(ended)}")
    answer: dict[str, Any] = json.loads(ended.stdout.splitlines()[-1])
    return answer


def _why(ended: subprocess.CompletedProcess[str]) -> str:
    if ended.returncode == -signal.SIGKILL:
        return "the system ended the process, most likely for want of memory. Measure on a larger machine"
    said = ended.stderr.strip().splitlines() or [f"it ended with status {ended.returncode}"]
    return said[-1]


def _answer(asked: dict[str, Any]) -> dict[str, Any]:
    from vmp.allocator import keep_freed_memory

    what, kind = asked["what"], asked["kind"]
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else None
    if what != "memory":
        keep_freed_memory()  # as training does; a peak with it would be of the heap and not of what is in use
    device = Device.of(kind, asked["threads"])
    gc.disable()
    value = _function(what)(**asked["settings"], device=kind)
    made = {
        "date": datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds"), "on": kind, "device": device.name,
        "threads": device.threads, "machine": device.machine, "load": load, "versions": versions(), "source": source(),
    }  # fmt: skip
    return {"value": value, "made": made}


def _function(what: str) -> Any:
    if what == "layer":
        from vmp.experiments.timing.layer import layer_seconds

        return layer_seconds
    from vmp.experiments.timing import steps

    return {"steps": steps.step_seconds, "memory": steps.step_memory}[what]


if __name__ == "__main__":
    sys.stdout.write(f"\n{json.dumps(_answer(json.loads(sys.argv[1])))}\n")
