"""What a table of the paper is made of: rows of runs, and which rows are held against each other."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from vmp.experiments.nearest import unknown
from vmp.experiments.run import Run, in_order


@dataclass(frozen=True)
class Row:
    """One row of a table.

    Attributes:
        key: names it, once in a table.
        title: for people.
        runs: one a seed, in the order of the seeds; of a row with several folds all those of the first seed first.
        paper: what picks the paper's row, as :func:`vmp.experiments.paper.rows` takes it; None: the paper has none.
        note: what the paper leaves open and was decided here; empty: nothing.
        folds: runs of each seed, which together test every trajectory once; the row is their mean.
    """

    key: str
    title: str
    runs: tuple[Run, ...]
    paper: Mapping[str, Any] | None = None
    note: str = ""
    folds: int = 1

    @property
    def by_seed(self) -> list[tuple[Run, ...]]:
        """The runs of each seed, one a fold."""
        return [self.runs[first : first + self.folds] for first in range(0, len(self.runs), self.folds)]


@dataclass(frozen=True)
class Pair:
    """Two rows that are compared: is ``row`` better than ``against``?

    Attributes:
        row: the key of the row with more (the layer, a second round).
        against: the key of the row it is judged against.
        printed: whether the paper prints this gain.
    """

    row: str
    against: str
    printed: bool = True


@dataclass(frozen=True)
class Table:
    """A table of the paper as runs.

    Attributes:
        name: as :data:`TABLES` has it.
        number: of the paper's table; None: a table that the paper lacks.
        title: for people.
        scale: of all its runs.
        seeds: of its rows.
        stands_for: what is stood in for, in words: data set and pretraining source.
        rows: in the order in which they are shown.
        pairs: what is compared.
        similar: rows whose weights are held against each other, seed by seed.
    """

    name: str
    number: int | None
    title: str
    scale: str
    seeds: tuple[int, ...]
    stands_for: str
    rows: tuple[Row, ...]
    pairs: tuple[Pair, ...] = ()
    similar: tuple[tuple[str, str], ...] = ()
    _index: dict[str, Row] = field(init=False, repr=False, compare=False, default_factory=dict)

    def __post_init__(self) -> None:
        for row in self.rows:
            if row.key in self._index:
                raise ValueError(f"{self.name}: expected each key once, got two rows {row.key!r}")
            self._index[row.key] = row
        for row in self.rows:
            if len(row.runs) != len(self.seeds) * row.folds:
                raise ValueError(
                    f"{self.name}, row {row.key!r}: expected {row.folds} runs for each of {len(self.seeds)} seeds, got "
                    f"{len(row.runs)}"
                )
        for key in (*(key for pair in self.pairs for key in (pair.row, pair.against)), *sum(self.similar, ())):
            self.row(key)

    def row(self, key: str) -> Row:
        """The row of that key; ValueError where there is none, naming the nearest."""
        if key not in self._index:
            raise unknown(f"a row of {self.name}", key, self._index)
        return self._index[key]

    def row_of(self) -> dict[str, str]:
        """The key of the row that each run is of, by its identity; of several the one with the fewest folds."""
        most_first = sorted(self.rows, key=lambda row: -row.folds)
        return {run.identity: row.key for row in most_first for run in row.runs}

    def runs(self) -> list[Run]:
        """Every run that the table needs, each once, a start always before what starts from it."""
        return list(in_order(run for row in self.rows for run in row.runs))

    def similarities(self) -> list[tuple[Run, Run]]:
        """The pairs of runs whose weights are compared: each with what it starts from, and with its partners."""
        starts = [(run, run.start) for run in self.runs() if isinstance(run.start, Run) and not run.tested_only]
        partners = [pair for a, b in self.similar for pair in zip(self.row(a).runs, self.row(b).runs, strict=True)]
        return list(dict.fromkeys([*starts, *partners]))
