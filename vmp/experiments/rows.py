"""What a table of the paper is made of: rows of runs, and which rows are held against each other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from vmp.experiments.nearest import unknown
from vmp.experiments.run import Run, in_order
from vmp.experiments.tables.starts import SOURCE_OF, stands_for


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
        similar: rows whose weights are held against each other, seed by seed; a row with itself: its seeds.
        whole: of a part of a table the table that it is taken from, among whose pairs its own are judged.
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
    whole: Table | None = None
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

    @property
    def backbones(self) -> list[str]:
        """Those of its rows, in their order."""
        return _fields(self.rows, "backbone")

    @property
    def datasets(self) -> list[str]:
        """Those that its rows are tested on, in their order."""
        return _fields(self.rows, "dataset")

    def only(self, backbones: Sequence[str] | None = None, datasets: Sequence[str] | None = None) -> Table:
        """The same table with the rows of these backbones and data sets alone, and what is compared among them.

        Args:
            backbones: "x3d_m"; or "x3d", for every backbone of the table that begins so. None, or none of them: all.
            datasets: likewise.

        Raises:
            ValueError: a name that no row has, with the nearest; names that no row has together.
        """
        rows = rows_with([self], backbones, datasets)[0]
        return self.picked([row.key for row in rows])

    def picked(self, keys: Iterable[str]) -> Table:
        """The same table with the rows of these keys alone, in its order; what is compared of them, and stood in for.

        Raises:
            ValueError: a key that the table has not, with the nearest; no key.
        """
        kept = {self.row(key).key for key in keys}
        if not kept:
            raise ValueError(f"{self.name}: expected the key of at least one row, got none")
        rows = tuple(row for row in self.rows if row.key in kept)
        return replace(
            self,
            rows=rows,
            pairs=tuple(pair for pair in self.pairs if {pair.row, pair.against} <= kept),
            similar=tuple(pair for pair in self.similar if set(pair) <= kept),
            stands_for=_stood_in_for(rows, self.scale) if self.stands_for else "",
            whole=(self.whole or self) if len(rows) < len(self.rows) else self.whole,
        )

    def with_lambda(self, value: float) -> Table:
        """The same table with this lambda of Eq. 7 wherever a layer is trained; what has none stays the run it is.

        Raises:
            ValueError: a number below 0; a table whose rows differ in nothing but lambda.
        """
        mapped = _mapping(lambda run: _with_lambda(run, value))
        rows = tuple(replace(row, runs=tuple(mapped(run) for run in row.runs)) for row in self.rows)
        if len({row.runs for row in rows}) < len({row.runs for row in self.rows}):
            raise ValueError(f"lambda_: expected a table that has one lambda; the rows of {self.name} compare several")
        if rows == self.rows:
            return self
        whole = self.whole and self.whole.with_lambda(value)
        return replace(self, rows=rows, title=f"{self.title}, lambda {value:g}", whole=whole)

    def row_of(self) -> dict[str, str]:
        """The key of the row that each run is of, by its identity; of several the one with the fewest folds."""
        most_first = sorted(self.rows, key=lambda row: -row.folds)
        return {run.identity: row.key for row in most_first for run in row.runs}

    def runs(self) -> list[Run]:
        """Every run that the table needs, each once, a start always before what starts from it."""
        return list(in_order(run for row in self.rows for run in row.runs))

    def similarities(self) -> list[tuple[Run, Run]]:
        """The pairs of runs whose weights are compared: each with what it starts from, and with its partners.

        The seeds of a row that is its own partner are held against each other, each against the next.
        """
        starts = [(run, run.start) for run in self.runs() if isinstance(run.start, Run) and not run.tested_only]
        partners = [pair for a, b in self.similar for pair in _partners(self.row(a).runs, self.row(b).runs)]
        return list(dict.fromkeys([*starts, *partners]))


def rows_with(
    tables: Sequence[Table], backbones: Sequence[str] | None = None, datasets: Sequence[str] | None = None
) -> list[tuple[Row, ...]]:
    """Of each table the rows of these backbones and data sets; of a table that has neither none.

    Args:
        tables: of which at least one has each name.
        backbones, datasets: as :meth:`Table.only` takes them.

    Raises:
        ValueError: a name that no row of any table has, with the nearest; names that no row has together.
    """
    which = tables[0].name if len(tables) == 1 else "these tables"
    wanted: dict[str, set[str]] = {}
    for name, asked in (("backbone", backbones), ("dataset", datasets)):
        known = dict.fromkeys(each for table in tables for each in _fields(table.rows, name))
        each_asked = [asked] if isinstance(asked, str) else asked or known
        wanted[name] = {full for each in each_asked for full in _called(each, known, f"{name} of {which}")}
    found = [
        tuple(row for row in table.rows if all(set(_fields([row], name)) & names for name, names in wanted.items()))
        for table in tables
    ]
    if not any(found):
        raise ValueError(
            f"{which}: expected a backbone and a data set of one row, got {', '.join(sorted(wanted['backbone']))} and "
            f"{', '.join(sorted(wanted['dataset']))}, which no row has together"
        )
    return found


def seed_by_seed(tables: Iterable[Table]) -> list[Run]:
    """Every run of these tables once: all of the lowest seed first, and a start always before what starts from it."""
    runs = in_order(run for table in tables for row in table.rows for run in row.runs)
    return list(in_order(sorted(runs, key=lambda run: run.seed)))


def _partners(runs: Sequence[Run], others: Sequence[Run]) -> Iterable[tuple[Run, Run]]:
    return pairwise(runs) if runs == others else zip(runs, others, strict=True)


def _fields(rows: Iterable[Row], name: str) -> list[str]:
    return list(dict.fromkeys(getattr(run, name) for row in rows for run in row.runs))


def _called(asked: str, known: Iterable[str], what: str) -> list[str]:
    """The one of that name, else those that begin with it."""
    names = list(known)
    found = [asked] if asked in names else [name for name in names if asked and name.startswith(asked)]
    if not found:
        raise unknown(what, asked, names)
    return found


def _stood_in_for(rows: Sequence[Row], scale: str) -> str:
    needed = dict.fromkeys(run.dataset for run in in_order(run for row in rows for run in row.runs))
    sources = [name for name in needed if name in SOURCE_OF.values()]
    return stands_for(scale, [name for name in needed if name not in sources], sources)


def _with_lambda(run: Run, value: float) -> Run:
    learns = run.prompts is not None and "prompt" in run.recipe.trained
    return replace(run, recipe=run.recipe.changed(lambda_=value)) if learns else run


def _mapping(change: Callable[[Run], Run]) -> Callable[[Run], Run]:
    """``change``, done to what a run starts from too, and once to each run."""
    done: dict[str, Run] = {}

    def mapped(run: Run) -> Run:
        if run.identity not in done:
            start = mapped(run.start) if isinstance(run.start, Run) else run.start
            done[run.identity] = change(run if start is run.start else replace(run, start=start))
        return done[run.identity]

    return mapped
