"""What the store knows of a run: fresh, stale (and why), or nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from vmp.experiments.behaviour import own_disagreement
from vmp.experiments.run import Run
from vmp.experiments.store import Record, Store


@dataclass(frozen=True)
class State:
    """What the store knows of a run.

    Attributes:
        name: "stored", "stale" or "missing".
        key: of the record that is fresh, or of the newest of those that are stale; empty: there is none.
        record: the one of that key.
        reason: why it is stale, in words.
    """

    name: str
    key: str = ""
    record: Record | None = None
    reason: str = ""


def state_of(run: Run, store: Store) -> State:
    """The state of a run; a stale record is never taken for a fresh one."""
    stale: State | None = None
    for key, record in store.of(run.identity).items():
        reason = staleness(record, run, store)
        if reason is None:
            return State("stored", key, record)
        stale = stale or State("stale", key, record, reason)
    return stale or State("missing")


def staleness(record: Record, run: Run, store: Store) -> str | None:
    """Why a record does not show what the code that is running computes for a run; None: it does."""
    try:
        changed = record.run != run
    except ValueError as error:
        return f"its configuration is of another version: {error}"
    if changed:
        return f"a default has changed: {', '.join(_changed(record.run.to_json(), run.to_json()))}"
    reason = own_disagreement(record.behaviour, run)
    if reason is not None or not isinstance(run.start, Run):
        return reason
    start = state_of(run.start, store)
    if start.name == "stored" and start.key == record.started:
        return None
    said = "has no record" if start.name == "missing" else start.reason or "was done again since"
    return f"what it starts from ({run.start.identity}): {said}"


def _changed(a: Mapping[str, object], b: Mapping[str, object], where: str = "") -> list[str]:
    """The fields that differ, with the path to them."""
    found: list[str] = []
    for name in a.keys() | b.keys():
        x, y = a.get(name), b.get(name)
        if isinstance(x, Mapping) and isinstance(y, Mapping):
            found.extend(_changed(x, y, f"{where}{name}."))
        elif x != y:
            found.append(f"{where}{name}")
    return sorted(found)
