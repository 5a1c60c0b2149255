"""What has to be done for a table: which runs, in which order, and which weights have to be there again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from vmp.experiments.run import Run, in_order
from vmp.experiments.state import State, state_of
from vmp.experiments.store import Store
from vmp.experiments.work import Work


@dataclass(frozen=True)
class Job:
    """One run that a worker has to do.

    Attributes:
        run: the run.
        record: whether its record is wanted; else only its weights, for what starts from them.
        reason: in words, why it has to be done.
        after: the identity of the job that has to end well before; None: none.
    """

    run: Run
    record: bool
    reason: str
    after: str | None


@dataclass(frozen=True)
class Plan:
    """Jobs in an order in which they can be done, and the states of all runs that were asked for."""

    jobs: tuple[Job, ...]
    states: dict[str, State]


def plan(runs: Sequence[Run], store: Store, work: Work) -> Plan:
    """What is missing or stale, and every start whose weights that needs and that are not on this machine."""
    ordered = list(in_order(runs))
    states = {run.identity: state_of(run, store) for run in ordered}
    todo = {run.identity for run in ordered if states[run.identity].name != "stored"}
    again: set[str] = set()
    for run in reversed(ordered):  # what starts comes after its start, so one pass reaches every ancestor
        start = run.start
        wanted = run.identity in todo | again and isinstance(start, Run) and start.identity not in todo
        if wanted and isinstance(start, Run) and work.weights(start) is None:
            again.add(start.identity)
    jobs = [
        Job(run, run.identity in todo, _reason(states[run.identity]), _after(run, todo | again))
        for run in ordered
        if run.identity in todo | again
    ]
    return Plan(tuple(jobs), states)


def _reason(state: State) -> str:
    if state.name == "stored":
        return "its record is stored, its weights are not on this machine"
    return f"stale: {state.reason}" if state.name == "stale" else "missing"


def _after(run: Run, jobs: set[str]) -> str | None:
    return run.start.identity if isinstance(run.start, Run) and run.start.identity in jobs else None
