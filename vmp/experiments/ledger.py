"""Every record of a store, a row each: what was run, when, where, and whether the code of today still computes it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from vmp.experiments.run import Run
from vmp.experiments.state import staleness
from vmp.experiments.store import Record, Store

if TYPE_CHECKING:
    import pandas as pd

#: What each row says, in the order in which it says it.
COLUMNS = (
    "key", "state", "dataset", "backbone", "prompts", "start", "trained", "lambda", "epochs", "seed", "fold", "top1",
    "seconds", "date", "device", "threads", "torch", "version", "commit", "title",
)  # fmt: skip


def ledger(store: Store | str | os.PathLike[str] | None = None, scale: str | None = None) -> pd.DataFrame:
    """All records, the newest last.

    Columns: :data:`COLUMNS`. ``state`` is "stored" or "stale", ``start`` the data set that the run starts from,
    ``top1`` of the groups in percent, ``device``, ``threads``, ``torch``, ``version`` and ``commit`` what made it.

    Args:
        store: None finds it.
        scale: of the runs; None: all.

    Raises:
        ValueError: a file of the store that was cut short or changed.
    """
    import pandas as pd

    found = store if isinstance(store, Store) else Store.find(store)
    rows = [_row(key, found.record(key), found) for key in found]
    frame = pd.DataFrame([row for row in rows if scale in (None, row.pop("scale"))], columns=list(COLUMNS))
    return frame.sort_values(["date", "key"], ignore_index=True)


def _row(key: str, record: Record, store: Store) -> dict[str, Any]:
    plain = record.configuration
    try:
        run: Run | None = record.run
    except ValueError:  # of another version: staleness says so
        run = None
    start = plain["start"]
    recipe = plain["recipe"]
    return {
        "key": key, "scale": plain["scale"], "dataset": plain["dataset"], "backbone": plain["backbone"],
        "state": "stored" if run is not None and staleness(record, run, store) is None else "stale",
        "prompts": {None: "none", True: "all"}.get(plain["prompts"], plain["prompts"]),
        "start": "" if start is None else start if isinstance(start, str) else start["dataset"],
        "trained": "tested only" if plain.get("tested_only") else "+".join(recipe["trained"]),
        "lambda": recipe["lambda_"], "epochs": recipe["epochs"], "seed": plain["seed"], "fold": plain["fold"],
        "top1": record.metrics["group"]["top1"], "seconds": record.seconds, "date": record.date[:10],
        "device": record.device, "threads": record.threads, "torch": record.versions.get("torch", ""),
        "version": record.source.get("version", ""), "commit": record.source.get("commit", ""), "title": record.title,
    }  # fmt: skip
