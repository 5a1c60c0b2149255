"""How long what is missing will take: from the seconds that stored runs took, before anything is started."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import NamedTuple

from vmp.experiments.plan import Job, plan
from vmp.experiments.run import Run
from vmp.experiments.store import Record, Store
from vmp.experiments.text import count
from vmp.experiments.work import Work


class Kind(NamedTuple):
    """What decides, roughly, how long an epoch of a run takes; of a run that is tested only, all of it."""

    tested_only: bool
    pretraining: bool
    size: str
    scale: str
    backbone: str
    layer: bool
    backbone_learns: bool

    @classmethod
    def of(cls, run: Run) -> Kind:
        """The kind of a run."""
        return cls(
            run.tested_only, run.start is None, run.size, run.scale, run.backbone, run.prompts is not None,
            "backbone" in run.recipe.trained,
        )  # fmt: skip

    @property
    def family(self) -> str:
        """ "x3d" of every X3D."""
        return self.backbone.partition("_")[0]


#: What two runs need to have in common, the nearest first: all, all but the layer and what learns, the family, little.
NEARNESS: tuple[Callable[[Kind], tuple[object, ...]], ...] = (
    tuple,
    lambda kind: (*kind[:5],),
    lambda kind: (*kind[:4], kind.family),
    lambda kind: kind[:4],
)
#: The first of them at which the backbones may differ.
_OTHER_BACKBONE = 2


@dataclass(frozen=True)
class Estimate:
    """What there is to do, and how long it will take.

    Attributes:
        runs: all that are wanted, and what they start from.
        stored: of these.
        again: stored runs whose weights have to be trained again, for what starts from them.
        seconds: identity -> of each that is to do and of which something alike is stored; in the order of the plan.
        unknown: identities of those for which nothing alike is stored.
        by_others: how many of ``seconds`` are another backbone's.
        processes: at a time.
        after: identity -> that of the run which has to end before.
    """

    runs: int
    stored: int
    again: int
    seconds: Mapping[str, float]
    unknown: tuple[str, ...]
    by_others: int
    processes: int
    after: Mapping[str, str]

    @property
    def to_do(self) -> int:
        """How many runs are to be trained or tested."""
        return len(self.seconds) + len(self.unknown)

    def left(self, done: Iterable[str] = ()) -> float:
        """Seconds until the rest is done: shared by the processes, and no less than the longest chain of starts."""
        ended = set(done)
        rest = {identity: seconds for identity, seconds in self.seconds.items() if identity not in ended}
        finish: dict[str, float] = {}
        for identity, seconds in rest.items():
            finish[identity] = seconds + finish.get(self.after.get(identity, ""), 0.0)
        return max(sum(rest.values()) / self.processes, *finish.values()) if rest else 0.0

    def __str__(self) -> str:
        stored = {0: "none", self.runs: "all"}.get(self.stored, self.stored)
        said = f"{count(self.runs, 'run')}, {stored} of them stored"
        if not self.to_do:
            return f"{said}; nothing to do"
        again = f" ({self.again} of them stored: their weights are not on this machine)" if self.again else ""
        return f"{said}; {self.to_do} to do{again}: {self._time()}"

    def _time(self) -> str:
        if not self.seconds:
            return "no estimate of the time, for nothing alike is stored"
        how = ["medians of stored runs"]
        if self.by_others:
            how.append(f"{count(self.by_others, 'run')} by the nearest backbone")
        if self.unknown:
            how.append(f"without {count(len(self.unknown), 'run')} of which nothing alike is stored")
        processes = f"{self.processes} process{'es' if self.processes > 1 else ''}"
        return f"about {duration(self.left())} with {processes} ({'; '.join(how)})"


def estimate(
    runs: Sequence[Run],
    store: Store,
    work: Work,
    *,
    jobs: int | None = None,
    threads: int | None = None,
    device: str = "auto",
) -> Estimate:
    """What is to be done of these runs, and how long it will take on this kind of device.

    A run takes the median of the stored runs that are most like it; where these train for other numbers of epochs,
    that many times the seconds of an epoch.

    Args: as :func:`vmp.experiments.scheduler.run_jobs` takes them.

    Raises:
        ValueError: a record that cannot be read; a device that is not there.
    """
    from vmp.experiments.device import processes

    planned = plan(runs, store, work)
    at_once, _, kind = processes(device, jobs, threads)
    todo = [job.run for job in planned.jobs]
    found = _seconds(todo, _records(store, kind)) if todo else {}
    known = {identity: seconds for identity, (seconds, _) in found.items()}
    return Estimate(
        runs=len(planned.states),
        stored=sum(state.name == "stored" for state in planned.states.values()),
        again=sum(not job.record for job in planned.jobs),
        seconds=known,
        unknown=tuple(run.identity for run in todo if run.identity not in known),
        by_others=sum(nearness >= _OTHER_BACKBONE for _, nearness in found.values()),
        processes=min(at_once, max(len(todo), 1)),
        after=_after(planned.jobs),
    )


def duration(seconds: float) -> str:
    """In words, to two digits or so: "50 s", "12 min", "3 h 40 min", "2 d 5 h"."""
    if seconds < 90:
        return f"{max(round(seconds), 1)} s"
    minutes = round(seconds / 60)
    if minutes < 60:
        return f"{minutes} min"
    if minutes < 48 * 60:
        return f"{minutes // 60} h {minutes % 60} min"
    hours = round(minutes / 60)
    return f"{hours // 24} d {hours % 24} h"


def _after(jobs: Iterable[Job]) -> dict[str, str]:
    return {job.run.identity: job.after for job in jobs if job.after is not None}


def _records(store: Store, device: str) -> list[tuple[Run, Record]]:
    """Those of this kind of device whose configuration can still be read."""
    found = []
    for key in store:
        record = store.record(key)
        if record.device.startswith("CPU") == (device == "cpu"):
            try:
                found.append((record.run, record))
            except ValueError:  # of another version: it is stale, and says nothing of how long runs take now
                continue
    return found


def _seconds(runs: Sequence[Run], records: Sequence[tuple[Run, Record]]) -> dict[str, tuple[float, int]]:
    """Identity -> seconds, and how near what they are taken from is; without the runs that nothing is like."""
    pace: list[dict[tuple[object, ...], list[float]]] = [{} for _ in NEARNESS]
    for run, record in records:
        for level, likeness in enumerate(NEARNESS):
            pace[level].setdefault(likeness(Kind.of(run)), []).append(record.seconds / _epochs(run))
    found = {}
    for run in runs:
        kind = Kind.of(run)
        for level, likeness in enumerate(NEARNESS):
            if alike := pace[level].get(likeness(kind)):
                found[run.identity] = median(alike) * _epochs(run), level
                break
    return found


def _epochs(run: Run) -> int:
    return 1 if run.tested_only else run.recipe.epochs
