"""Stored runs done again from nothing, and compared with what is stored."""

from __future__ import annotations

import random
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from vmp.experiments import grid
from vmp.experiments.scheduler import run_jobs
from vmp.experiments.state import staleness
from vmp.experiments.store import Record, Store
from vmp.experiments.tolerance import differences, same_machine, stated
from vmp.experiments.work import Work


@dataclass(frozen=True)
class Verified:
    """A stored record beside the same run done again.

    Attributes:
        stored: the record.
        again: what it gives now; None: it failed.
        differences: what is further apart than the tolerance allows, in words; none where the two agree.
        tolerance: in words, and why that one.
    """

    stored: Record
    again: Record | None
    differences: tuple[str, ...]
    tolerance: str


def verify_runs(
    count: int,
    store: Store,
    *,
    table: str | None = None,
    scale: str = "small",
    seed: int | None = None,
    jobs: int | None = None,
    threads: int | None = None,
    device: str = "auto",
    report: Callable[[str], None] = lambda line: None,
) -> list[Verified]:
    """Do ``count`` stored runs again, and what they start from, in a folder that is thrown away.

    What they start from is compared too. Stale records are left out: the code is known to give other numbers.

    Args:
        count: how many; fewer where fewer are stored.
        store: what is verified; it is only read.
        table: only runs of this table, at this ``scale``.
        scale: of the table.
        seed: chooses them by chance; None: the oldest.
        jobs, threads, device: as :func:`vmp.experiments.scheduler.run_jobs` takes them.
        report: gets a line a run.

    Raises:
        ValueError: nothing fresh is stored; a number below 1; an unknown table.
    """
    if count < 1:
        raise ValueError(f"count: expected at least 1 run, got {count}")
    fresh = _fresh(store, None if table is None else _wanted(table, scale))
    if not fresh:
        raise ValueError(f"{store.path} holds no fresh record{'' if table is None else f' of {table}'} to verify")
    chosen = _chosen(fresh, count, seed)
    with tempfile.TemporaryDirectory(prefix="vmp-verify-") as folder:
        scratch = Store(Path(folder) / "results")
        outcome = run_jobs(
            [record.run for record in chosen], scratch, Work(Path(folder) / "runs"), jobs=jobs, threads=threads,
            device=device,
        )  # fmt: skip
        done = {key.split("-")[0]: scratch.record(key) for key in scratch}
    compared = [*chosen, *(r for r in fresh if r.identity in done and r not in chosen)]
    found = []
    for record in compared:
        error = outcome.failed.get(record.identity) or "what it starts from failed"
        found.append(_verified(record, done.get(record.identity), error))
        report(_line(found[-1]))
    return found


def _fresh(store: Store, among: set[str] | None) -> list[Record]:
    """The fresh records, the oldest first; of these runs, or of all."""
    records = [store.record(key) for key in store]
    kept = [record for record in records if among is None or record.identity in among]
    fresh = [record for record in kept if staleness(record, record.run, store) is None]
    return sorted(fresh, key=lambda record: (record.date, record.identity))


def _wanted(table: str, scale: str) -> set[str]:
    return {run.identity for run in grid.table(table, scale, 100).runs()}


def _chosen(fresh: list[Record], count: int, seed: int | None) -> list[Record]:
    if seed is None:
        return fresh[:count]
    return random.Random(seed).sample(fresh, min(count, len(fresh)))


def _verified(stored: Record, again: Record | None, error: str) -> Verified:
    if again is None:
        return Verified(stored, None, (error,), stated(False))
    return Verified(stored, again, tuple(differences(stored, again)), stated(same_machine(stored, again)))


def _line(found: Verified) -> str:
    said = "; ".join(found.differences) if found.differences else "agrees"
    return f"{found.stored.identity}  {found.stored.title}: {said} ({found.tolerance})"
