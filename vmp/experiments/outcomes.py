"""What the stored runs of a table had right, trajectory by trajectory: what every comparison is made of."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from vmp.experiments.rows import Pair, Row, Table
from vmp.experiments.run import Run
from vmp.experiments.state import State, state_of
from vmp.experiments.store import Store

if TYPE_CHECKING:
    from vmp.experiments.store import Record
    from vmp.statistics import Comparison

#: Groups (trajectories), and whether the label with the highest score is theirs; (G,) both.
Right = tuple[NDArray[np.int64], NDArray[np.bool_]]


class StoredOutcomes:
    """What the store has of a table, each run looked up once.

    Args:
        wanted: the table.
        store: where records are; None finds it.

    Attributes:
        store: that was found.
    """

    def __init__(self, wanted: Table, store: Store | str | os.PathLike[str] | None) -> None:
        self.store = store if isinstance(store, Store) else Store.find(store)
        self._states: dict[str, State] = {}
        self._wanted = wanted
        self._right_of: dict[str, Right] = {}

    def of(self, row: Row) -> list[State]:
        """The state of each run of a row."""
        return [self._state(run) for run in row.runs]

    def records(self, row: Row) -> list[list[Record]]:
        """For each seed its records, one a fold; none where not all of them are stored."""
        found = []
        for runs in row.by_seed:
            states = [self._state(run) for run in runs]
            records = [state.record for state in states if state.name == "stored" and state.record is not None]
            found.append(records if len(records) == row.folds else [])
        return found

    def comparison(self, pair: Pair) -> Comparison | None:
        """With against without, over the seeds for which both are stored; None: there is no such seed."""
        from vmp.statistics import compare

        outcomes = self.outcomes(pair)
        return None if outcomes is None else compare(*outcomes[1:])

    def outcomes(self, pair: Pair) -> tuple[NDArray[np.int64], NDArray[np.bool_], NDArray[np.bool_]] | None:
        """The groups, and for each seed for which both are stored what was right without and with."""
        against, row = (self.by_seed(self._wanted.row(key)) for key in (pair.against, pair.row))
        kept = [(a, b) for a, b in zip(against, row, strict=True) if a is not None and b is not None]
        if not kept:
            return None
        groups = [group for a, b in kept for group in (a[0], b[0])]
        if any(not np.array_equal(groups[0], other) for other in groups):
            raise ValueError(f"{pair.row} and {pair.against} were tested on different trajectories; they have no pairs")
        return groups[0], np.stack([a[1] for a, _ in kept]), np.stack([b[1] for _, b in kept])

    def by_seed(self, row: Row) -> list[Right | None]:
        """For each seed the groups of all folds, and whether each was right; None where a fold is not stored."""
        found: list[Right | None] = []
        for runs in row.by_seed:
            states = [self._state(run) for run in runs]
            if any(state.name != "stored" for state in states):
                found.append(None)
                continue
            groups, right = zip(*(self._right(state.key) for state in states), strict=True)
            found.append((np.concatenate(groups), np.concatenate(right)))
        return found

    def _state(self, run: Run) -> State:
        if run.identity not in self._states:
            self._states[run.identity] = state_of(run, self.store)
        return self._states[run.identity]

    def _right(self, key: str) -> Right:
        """The groups of a record, sorted, and whether the label with the highest score is theirs."""
        if key not in self._right_of:
            frame = self.store.predictions(key)
            frame = frame[frame["level"] == "group"].sort_values("group")
            right = frame["first"].to_numpy() == frame["label"].to_numpy()
            self._right_of[key] = frame["group"].to_numpy(dtype=np.int64), right
        return self._right_of[key]
