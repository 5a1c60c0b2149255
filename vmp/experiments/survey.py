"""What of a table is stored, stale, missing or running."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from vmp.experiments.grid import Table
from vmp.experiments.run import Run
from vmp.experiments.state import State, state_of
from vmp.experiments.store import Store
from vmp.experiments.work import Work

if TYPE_CHECKING:
    import pandas as pd

STATES = ("stored", "stale", "running", "missing")


def survey(table: Table, store: Store, work: Work) -> pd.DataFrame:
    """Every run of a table, in the order in which they are run.

    Columns: row (its key; "start" for what several rows start from), seed, identity, title, state (one of
    :data:`STATES`), reason (why it is stale), date, device, seconds (of its newest record, stale or not).
    """
    import pandas as pd

    rows = table.row_of()
    found = []
    for run in table.runs():
        state = state_of(run, store)
        record = state.record
        found.append({
            "row": rows.get(run.identity, "start"), "seed": run.seed, "identity": run.identity, "title": run.title,
            "state": _name(state, run, work), "reason": state.reason,
            "date": record.date if record else "", "device": record.device if record else "",
            "seconds": record.seconds if record else float("nan"),
        })  # fmt: skip
    return pd.DataFrame(found)


def lines(found: pd.DataFrame, table: Table) -> Iterator[str]:
    """A survey for a terminal: counts, then each run that is not stored, those that are stale with the reason."""
    seeds = f"{len(table.seeds)} seed{'s' if len(table.seeds) > 1 else ''}"
    yield f"{table.name} ({table.scale}, {seeds}): {_counted(found)}"
    for _, run in found[found["state"] != "stored"].iterrows():
        reason = f": {run['reason']}" if run["reason"] else ""
        yield f"  {run['state']:<8} {run['identity']}  {run['row']}, seed {run['seed']}{reason}"


def together(surveys: Sequence[pd.DataFrame]) -> str:
    """A line over several surveys, in which a run that several tables share counts once."""
    import pandas as pd

    found = pd.concat(surveys, ignore_index=True).drop_duplicates("identity")
    return f"all: {len(found)} run{'s' if len(found) > 1 else ''}, {_counted(found)}"


def others(store: Store, tables: Sequence[Table]) -> list[str]:
    """The keys of records that belong to none of these tables."""
    known = {run.identity for table in tables for run in table.runs()}
    return [key for key in store if key.split("-")[0] not in known]


def _counted(found: pd.DataFrame) -> str:
    counts = found["state"].value_counts()
    shown = [state for state in STATES if counts.get(state, 0) or state != "running"]
    return ", ".join(f"{counts.get(state, 0)} {state}" for state in shown)


def _name(state: State, run: Run, work: Work) -> str:
    return "running" if state.name != "stored" and work.is_running(run) else state.name
