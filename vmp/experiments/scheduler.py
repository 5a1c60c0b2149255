"""Runs what is missing in worker processes: starts first, the rest as cores allow, whatever is interrupted again.

Nothing has to be cleaned up after a scheduler that was killed: its workers die with it, the store holds what was
finished, and the work folder what can be resumed. Two schedulers at once share the work: who trains a run locks it.
"""

from __future__ import annotations

import selectors
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType
from typing import Any

from vmp.experiments.plan import Job, Plan, plan
from vmp.experiments.run import Run
from vmp.experiments.store import Store
from vmp.experiments.work import Work
from vmp.experiments.worker_process import WorkerProcess

#: Seconds between two looks at the logs of what runs, and at runs that another process has.
PERIOD = 0.5
#: Seconds that workers have to write a checkpoint when everything is to stop.
PATIENCE = 60.0


@dataclass(frozen=True)
class Event:
    """Something that happened, for who watches.

    Attributes:
        kind: "plan", "start", "epoch", "done", "wait", "fail", "skip" or "note".
        text: it in words.
        run: the run; None where it is about all of them.
        epoch: how many epochs of the run are done.
        done: how many runs are done.
        total: how many there are to do.
    """

    kind: str
    text: str
    run: Run | None = None
    epoch: int = 0
    done: int = 0
    total: int = 0


Watch = Callable[[Event], None]


@dataclass
class Outcome:
    """How it ended.

    Attributes:
        done: identities of the runs that were done, here or by another process meanwhile.
        failed: identity -> what went wrong and where its log is.
        skipped: identity -> the identity of the failed run that it would have started from.
    """

    done: list[str] = field(default_factory=list)
    failed: dict[str, str] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    @property
    def well(self) -> bool:
        """Whether nothing failed."""
        return not self.failed


class Stopped(RuntimeError):
    """A signal ended the scheduler; what was running can be resumed."""

    def __init__(self, number: int) -> None:
        super().__init__(f"stopped by {signal.Signals(number).name}; the same command goes on from here")
        self.signal = number


def run_jobs(
    runs: Sequence[Run],
    store: Store,
    work: Work,
    *,
    similar: Sequence[tuple[Run, Run]] = (),
    jobs: int | None = None,
    threads: int | None = None,
    device: str = "auto",
    watch: Watch = lambda event: None,
) -> Outcome:
    """Do what is missing or stale of ``runs``, and compare the weights of ``similar`` where both are at hand.

    Args:
        runs: what is wanted; what they start from is added.
        store: where records go.
        work: where training happens.
        similar: pairs of runs whose weights are compared once both are done.
        jobs: processes at a time; None: one a core on a CPU, one a GPU.
        threads: of each process; None: one on a CPU, an equal part of the cores on a GPU.
        device: "auto", "cpu" or "cuda".
        watch: gets every event.

    Raises:
        Stopped: SIGTERM or SIGINT came; the workers have written their checkpoints.
    """
    from vmp.experiments.device import processes

    planned = plan(runs, store, work)
    count, threads, kind = processes(device, jobs, threads)
    # the store's own folder, not the one that this process happens to be in
    settings = [str(store.path.absolute()), str(work.path), kind, str(threads)]
    scheduler = _Scheduler(planned, list(similar), store, work, min(count, max(len(planned.jobs), 1)), settings, watch)
    with _signals(scheduler.stop):
        return scheduler.run()


class _Scheduler:
    def __init__(
        self,
        planned: Plan,
        similar: list[tuple[Run, Run]],
        store: Store,
        work: Work,
        count: int,
        settings: list[str],
        watch: Watch,
    ) -> None:
        self._waiting = list(planned.jobs)
        self._total = len(planned.jobs)
        self._known = len(planned.states) - sum(job.record for job in planned.jobs)
        self._similar = similar
        self._store, self._work, self._count, self._settings, self._watch = store, work, count, settings, watch
        self._workers: list[WorkerProcess] = []
        self._outcome = Outcome()
        self._elsewhere: set[str] = set()  # runs that another process has
        self._epochs: dict[str, int] = {}
        self._stopping: int | None = None
        self._selector = selectors.DefaultSelector()

    def stop(self, number: int, frame: FrameType | None = None) -> None:
        """Leave as soon as every worker has written its checkpoint."""
        self._stopping = number

    def run(self) -> Outcome:
        """Until nothing is left to do."""
        self._tell("plan", f"{self._known} runs are stored, {self._total} to do")
        try:
            while self._waiting or self._busy():
                self._dispatch()
                self._listen()
                self._look()
                if self._stopping is not None:
                    raise Stopped(self._stopping)
            self._compare(self._similar)  # those that an earlier scheduler did not come to
        finally:
            self._end()
        return self._outcome

    # --- giving work out ---

    def _dispatch(self) -> None:
        for job in list(self._waiting):
            if self._unready(job):
                continue
            if self._work.is_running(job.run):
                if job.run.identity not in self._elsewhere:
                    self._elsewhere.add(job.run.identity)
                    self._tell("wait", f"another process is at work on {job.run.title}", job.run)
                continue
            worker = self._free()
            if worker is None:
                return
            self._waiting.remove(job)
            worker.give(job, {"task": "run", "run": job.run.to_json(), "record": job.record})
            again = "" if job.reason == "missing" else f" ({job.reason})"
            self._tell("start", f"{job.run.title}{again}", job.run)

    def _unready(self, job: Job) -> bool:
        """Whether its start is not there yet; where that failed, the job is given up."""
        if job.after is None or job.after in self._outcome.done:
            return False
        if job.after in self._outcome.failed or job.after in self._outcome.skipped:
            self._waiting.remove(job)
            self._outcome.skipped[job.run.identity] = job.after
            self._tell("skip", f"{job.run.title}: left out, for {job.after} failed, which it starts from", job.run)
        return True

    def _free(self) -> WorkerProcess | None:
        idle = next((worker for worker in self._workers if worker.job is None), None)
        if idle is None and len(self._workers) < self._count:
            used = {worker.number for worker in self._workers}
            number = next(number for number in range(self._count) if number not in used)
            idle = WorkerProcess(number, self._settings)
            self._workers.append(idle)
            self._selector.register(idle.output, selectors.EVENT_READ, idle)
        return idle

    def _busy(self) -> bool:
        return any(worker.job is not None for worker in self._workers)

    # --- hearing of it ---

    def _listen(self) -> None:
        for key, _ in self._selector.select(PERIOD):
            worker: WorkerProcess = key.data
            answers = worker.answers()
            if answers is None:
                self._lost(worker)
            for answer in answers or ():
                self._heard(worker, answer)

    def _heard(self, worker: WorkerProcess, answer: dict[str, Any]) -> None:
        job, worker.job = worker.job, None
        if job is None:
            return
        if answer["state"] == "busy":  # another process was a moment faster
            self._waiting.insert(0, job)
        elif answer["state"] == "failed":
            self._failed(job, answer["error"])
        else:
            self._outcome.done.append(job.run.identity)
            said = f": {answer['said']}" if answer["said"] else ""
            self._tell("done", f"{job.run.title}{said}", job.run)
            self._compare([pair for pair in self._similar if job.run in pair])

    def _lost(self, worker: WorkerProcess) -> None:
        self._selector.unregister(worker.output)
        self._workers.remove(worker)
        status = worker.ended()
        if worker.job is not None and self._stopping is None:
            died = signal.Signals(-status).name if status < 0 else f"status {status}"
            memory = "; the system may have run out of memory" if status == -signal.SIGKILL else ""
            self._failed(worker.job, f"its process ended with {died}{memory}")

    def _failed(self, job: Job, error: str) -> None:
        told = f"{error}. Its log: {self._work.log(job.run)}"
        self._outcome.failed[job.run.identity] = told
        self._tell("fail", f"{job.run.title} failed: {told}", job.run)

    def _look(self) -> None:
        """How far the runs are that are under way."""
        for worker in self._workers:
            if worker.job is not None:
                run = worker.job.run
                epoch = self._work.epochs_done(run)
                if epoch != self._epochs.get(run.identity):
                    self._epochs[run.identity] = epoch
                    self._tell("epoch", run.title, run, epoch)

    def _compare(self, pairs: Sequence[tuple[Run, Run]]) -> None:
        """Store the cosines between the weights of each pair of which both are at hand and that has none."""
        from vmp.experiments.similarity import compare_weights

        for a, b in pairs:
            compare_weights(a, b, self._store, self._work)

    def _end(self) -> None:
        """End the workers: at once those that are idle, with time for a checkpoint those that are not."""
        for worker in self._workers:
            worker.ask_to_leave()
        deadline = time.monotonic() + PATIENCE
        for worker in self._workers:
            worker.ended(max(deadline - time.monotonic(), 0.1))
        self._selector.close()

    def _tell(self, kind: str, text: str, run: Run | None = None, epoch: int = 0) -> None:
        ended = len(self._outcome.done) + len(self._outcome.failed) + len(self._outcome.skipped)
        self._watch(Event(kind, text, run, epoch, ended, self._total))


@contextmanager
def _signals(stop: Callable[[int, FrameType | None], None]) -> Iterator[None]:
    """SIGTERM and SIGINT call ``stop`` instead of ending the process; only the main thread can have that."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
