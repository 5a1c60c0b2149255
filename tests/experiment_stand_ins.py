"""A table of four short runs, records that nobody trained, and, run as a script, a scheduler to be killed."""

from __future__ import annotations

import sys
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from vmp.experiments.behaviour import own_behaviour, plain
from vmp.experiments.grid import Pair, Row, Table
from vmp.experiments.run import Run
from vmp.experiments.store import Record, Store
from vmp.experiments.work import Work
from vmp.recipe import Recipe

#: Nothing here is c2d's; it is the quickest to import and to train.
BACKBONE = "c2d"
RECIPE = Recipe(2, 8, trained=("backbone", "head"))
SOURCE = Run("source-b", BACKBONE, RECIPE, scale="smoke")
BASELINE = Run("libras-static", BACKBONE, RECIPE, start=SOURCE, scale="smoke")
PROMPTED = Run("libras-static", BACKBONE, RECIPE.changed(trained=("prompt",)), start=BASELINE, head="kept",
               prompts=True, scale="smoke")  # fmt: skip
TWICE = replace(BASELINE, start=BASELINE, head="kept")
RUNS = [SOURCE, BASELINE, PROMPTED, TWICE]


def small_table(*seeds: int) -> Table:
    """BASELINE and PROMPTED as the rows of a table, beside the paper's Table 2."""
    seeds = seeds or (0,)
    baselines = [replace(BASELINE, seed=seed) for seed in seeds]
    prompted = [replace(PROMPTED, seed=seed, start=start) for seed, start in zip(seeds, baselines, strict=True)]
    rows = (
        Row("baseline", "Baseline", tuple(baselines), {"variant": "baseline"}),
        Row("vmp", "With VMP", tuple(prompted), {"variant": "vmp+frozen-baseline"}, note="a note"),
    )
    return Table("small", 2, "Small", "smoke", seeds, "", rows, (Pair("vmp", "baseline"),), (("vmp", "baseline"),))


def record_of(run: Run, right: list[bool] | None = None, **changes: Any) -> tuple[Record, pd.DataFrame]:
    """A record and predictions as a run would leave them, without training; ``right``: of each group, top-1."""
    right = [True, False] * 5 if right is None else right
    top1 = 100 * float(np.mean(right))
    started = run.start.identity if isinstance(run.start, Run) else ""
    record = Record(
        identity=run.identity, title=run.title, configuration=run.to_json(), behaviour=plain(own_behaviour(run)),
        started=started, metrics={level: {"top1": top1, "top5": 100.0} for level in ("clip", "group")},
        epochs={"epoch": [0, 1, 2], "loss": [None, 2.0, 1.0], "slope": [11.0, 11.1, 11.2], "shift": [0.1, 0.2, 0.3]},
        seconds=1.5, date="2026-01-01T00:00:00+00:00", device="CPU, of a test", threads=1, machine="of a test",
        versions={"python": "3.11"}, source={"version": "0"}, weights="0" * 64,
        start={"clip": [11.0, 0.1]} if run.prompts else {}, kept=2,
    )  # fmt: skip
    return replace(record, **changes), predictions_of(right)


def predictions_of(right: list[bool]) -> pd.DataFrame:
    """Two clips a group and the groups; label 3, first 3 where it is right and 4 where not."""
    groups = np.arange(len(right), dtype=np.int32) + 10
    frames = []
    for level, group in (("clip", np.repeat(groups, 2)), ("group", groups)):
        first = np.where(np.repeat(right, 2) if level == "clip" else right, 3, 4)
        frames.append(pd.DataFrame({
            "level": pd.Series(level, index=range(len(group)), dtype=pd.CategoricalDtype(["clip", "group"])),
            "index": np.arange(len(group), dtype=np.int32) if level == "clip" else np.int32(-1), "group": group,
            "rendering": np.int16(-1), "label": np.uint8(3), "first": first.astype(np.uint8),
            "second": np.uint8(5), "third": np.uint8(6), "fourth": np.uint8(7), "fifth": np.uint8(8),
        }))  # fmt: skip
    return pd.concat(frames, ignore_index=True)


def main(store: str, work: str, jobs: str) -> None:
    """What the process tests kill: run everything, a line an event."""
    from vmp.experiments.progress import lines
    from vmp.experiments.scheduler import Stopped, run_jobs

    def say(line: str) -> None:
        sys.stdout.write(f"{line}\n")
        sys.stdout.flush()

    pairs = small_table().similarities()
    try:
        outcome = run_jobs(
            RUNS, Store(store), Work(work), similar=pairs, jobs=int(jobs), device="cpu", watch=lines(say)
        )
    except Stopped as stopped:
        say(str(stopped))
        sys.exit(128 + stopped.signal)
    sys.exit(0 if outcome.well else 1)


if __name__ == "__main__":
    main(*sys.argv[1:])
