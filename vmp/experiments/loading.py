"""What a notebook needs of a table: its runs done where they are missing, and what they gave as DataFrames."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vmp.experiments import grid
from vmp.experiments.grid import Table
from vmp.experiments.run import Run
from vmp.experiments.state import State, state_of
from vmp.experiments.store import Store

if TYPE_CHECKING:
    import pandas as pd

    from vmp.experiments.scheduler import Outcome


_NAMED = ("row", "seed", "identity")
#: Columns that the frames have even where nothing is stored.
RUNS = (
    *_NAMED, "title", "dataset", "fold", "backbone", "prompts", "trained", "epochs", "top1", "top5", "seconds", "date",
    "device", "threads", "torch", "version", "commit",
)  # fmt: skip
EPOCHS = (*_NAMED, "epoch", "loss", "accuracy", "slope", "shift")
PREDICTIONS = (*_NAMED, "level", "index", "group", "rendering", "label", "first")
LAYERS = (*_NAMED, "pathway", "start_slope", "start_shift", "slope", "shift")
SIMILARITY = ("row", "seed", "against", "layer", "block", "cosine")
ABSENT = (*_NAMED, "state", "reason")


@dataclass(frozen=True)
class Loaded:
    """What is stored of a table. Rows of runs that several table rows start from have the key "start".

    Attributes:
        table: what was asked for.
        runs: a row a run that is stored and fresh: row, seed, identity, title, dataset, fold, backbone, prompts,
            trained, epochs, top1, top5 and the other metrics of the groups, the same of the clips with ``clip_``
            before, kept (the epoch), seconds, date, device, threads, and of versions and source what names them.
        epochs: the training logs: row, seed, identity and the columns of :func:`vmp.training_log.read_log`.
        predictions: row, seed, identity and the columns of :meth:`vmp.experiments.store.Store.predictions`.
        layers: slopes and shifts: row, seed, identity, pathway, start_slope, start_shift, slope, shift.
        similarity: row, seed, against (a row's key), layer, block, cosine; missing pairs are not in it.
        absent: row, seed, identity, state ("stale" or "missing") and reason of each run that is not in ``runs``.
    """

    table: Table
    runs: pd.DataFrame
    epochs: pd.DataFrame
    predictions: pd.DataFrame
    layers: pd.DataFrame
    similarity: pd.DataFrame
    absent: pd.DataFrame


def run_missing(
    name: str | Table,
    scale: str = "small",
    seeds: int | Sequence[int] = 3,
    *,
    backbone: str | None = None,
    dataset: str | None = None,
    store: Store | str | os.PathLike[str] | None = None,
    work: str | os.PathLike[str] | None = None,
    jobs: int | None = None,
    threads: int | None = None,
    device: str = "auto",
    report: Callable[[str], None] = lambda line: None,
) -> Outcome:
    """Train what is missing or stale of a table, in worker processes; nothing where all of it is stored.

    Where the environment has ``VMP_TRAIN=never``, as while the book is built, nothing is trained: what is missing is
    reported.

    Args:
        name: of the table, or the table itself.
        scale, seeds, backbone, dataset: as :func:`vmp.experiments.grid.table` takes them.
        store: where results go; None finds it.
        work: where training happens; None: beside the store.
        jobs, threads, device: as ``vmp.experiments.scheduler.run_jobs`` takes them.
        report: gets a line a run.

    Raises:
        RuntimeError: runs failed; the message names them and their logs. What could be done is stored.
        Stopped: it was interrupted; called again it goes on.
    """
    from vmp.experiments.progress import lines
    from vmp.experiments.scheduler import run_jobs
    from vmp.experiments.work import Work

    wanted = grid.table(name, scale, seeds, backbone, dataset) if isinstance(name, str) else name
    found = store if isinstance(store, Store) else Store.find(store)
    if os.environ.get("VMP_TRAIN") == "never":
        return _left(wanted, found, report)
    outcome = run_jobs(
        wanted.runs(), found, Work.find(work, found), similar=wanted.similarities(), jobs=jobs, threads=threads,
        device=device, watch=lines(report),
    )  # fmt: skip
    if not outcome.well:
        listed = "; ".join(f"{identity}: {error}" for identity, error in outcome.failed.items())
        count, left = len(outcome.failed), len(outcome.skipped)
        raise RuntimeError(f"{count} runs of {wanted.name} failed, {left} left out. {listed}")
    return outcome


def _left(wanted: Table, store: Store, report: Callable[[str], None]) -> Outcome:
    """Train nothing, and report what there would be to do."""
    from vmp.experiments.scheduler import Outcome

    runs = wanted.runs()
    lacking = sum(state_of(run, store).name != "stored" for run in runs)
    if lacking:
        report(
            f"{lacking} of {len(runs)} runs are not stored, and nothing is trained here; "
            f"vmp run {wanted.name} --scale {wanted.scale} --seeds {len(wanted.seeds)} does it"
        )
    return Outcome()


def load(
    name: str | Table,
    scale: str = "small",
    seeds: int | Sequence[int] = 3,
    *,
    backbone: str | None = None,
    dataset: str | None = None,
    store: Store | str | os.PathLike[str] | None = None,
) -> Loaded:
    """What is stored of a table, as DataFrames; a stale record is named in ``absent`` and nowhere else.

    Args and Raises: as :func:`vmp.experiments.compare.table`.
    """
    wanted = grid.table(name, scale, seeds, backbone, dataset) if isinstance(name, str) else name
    found = store if isinstance(store, Store) else Store.find(store)
    keys = wanted.row_of()
    states = [(keys.get(run.identity, "start"), run, state_of(run, found)) for run in wanted.runs()]
    stored = [each for each in states if each[2].name == "stored"]
    return Loaded(
        table=wanted,
        runs=_frame(RUNS, (_run(key, run, state) for key, run, state in stored)),
        epochs=_joined(EPOCHS, (_of(key, run, _epochs(state)) for key, run, state in stored)),
        predictions=_joined(PREDICTIONS, (_of(key, run, found.predictions(state.key)) for key, run, state in stored)),
        layers=_frame(LAYERS, (each for key, run, state in stored for each in _layers(key, run, state))),
        similarity=_joined(SIMILARITY, _similarities(wanted, found, states)),
        absent=_frame(
            ABSENT,
            (
                _named(key, run) | {"state": state.name, "reason": state.reason}
                for key, run, state in states
                if state.name != "stored"
            ),
        ),
    )


def _named(key: str, run: Run) -> dict[str, Any]:
    return {"row": key, "seed": run.seed, "identity": run.identity}


def _run(key: str, run: Run, state: State) -> dict[str, Any]:
    record = state.record
    assert record is not None
    prompts = "none" if run.prompts is None else "all" if run.prompts is True else str(run.prompts)
    chosen = {
        "title": record.title, "dataset": run.dataset, "fold": run.fold, "backbone": run.backbone, "prompts": prompts,
        "trained": "+".join(run.recipe.trained), "epochs": run.recipe.epochs,
    }  # fmt: skip
    of_clips = {f"clip_{name}": value for name, value in record.metrics["clip"].items()}
    made = {
        "kept": record.kept, "seconds": record.seconds, "date": record.date, "device": record.device,
        "threads": record.threads, "torch": record.versions.get("torch", ""),
        "version": record.source.get("version", ""), "commit": record.source.get("commit", ""),
    }  # fmt: skip
    return _named(key, run) | chosen | record.metrics["group"] | of_clips | made


def _epochs(state: State) -> pd.DataFrame:
    import pandas as pd

    assert state.record is not None
    return pd.DataFrame(state.record.epochs)


def _layers(key: str, run: Run, state: State) -> Iterator[dict[str, Any]]:
    record = state.record
    assert record is not None
    for pathway, (slope, shift) in record.start.items() if record.epochs else ():
        suffix = "" if "slope" in record.final else f"_{pathway}"
        yield _named(key, run) | {
            "pathway": pathway, "start_slope": slope, "start_shift": shift,
            "slope": record.final[f"slope{suffix}"], "shift": record.final[f"shift{suffix}"],
        }  # fmt: skip


def _similarities(wanted: Table, store: Store, states: list[tuple[str, Run, State]]) -> Iterator[pd.DataFrame]:
    of = {run.identity: (key, state) for key, run, state in states}
    for a, b in wanted.similarities():
        (key, first), (against, second) = of[a.identity], of[b.identity]
        layers = store.similarity(first.key, second.key) if first.name == second.name == "stored" else None
        if layers is not None:
            layers.insert(0, "row", key)
            layers.insert(1, "seed", a.seed)
            layers.insert(2, "against", against)
            yield layers


def _of(key: str, run: Run, frame: pd.DataFrame) -> pd.DataFrame:
    for place, (name, value) in enumerate(_named(key, run).items()):
        frame.insert(place, name, value)
    return frame


def _frame(columns: Sequence[str], rows: Iterator[dict[str, Any]]) -> pd.DataFrame:
    """A frame of rows; these columns, at the least, also where there is no row."""
    import pandas as pd

    held = list(rows)
    return pd.DataFrame(held) if held else pd.DataFrame(columns=list(columns))


def _joined(columns: Sequence[str], frames: Iterator[pd.DataFrame]) -> pd.DataFrame:
    import pandas as pd

    held = list(frames)
    return pd.concat(held, ignore_index=True) if held else pd.DataFrame(columns=list(columns))
