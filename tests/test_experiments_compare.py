from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from experiment_stand_ins import BASELINE, PROMPTED, SOURCE, record_of, small_table

from vmp import experiments
from vmp.experiments import compare, grid, text
from vmp.experiments.grid import Pair, Table
from vmp.experiments.loading import load
from vmp.experiments.printed import paper_gain
from vmp.experiments.run import Run
from vmp.experiments.store import Store

ALL, HALF, NONE = [True] * 20, [True] * 10 + [False] * 10, [False] * 20


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "results")
    found.add(*record_of(SOURCE))
    return found


@pytest.fixture
def table() -> Table:
    return small_table(0, 1)


def _fill(store: Store, table: Table, key: str, *right: list[bool] | None) -> None:
    for run, outcomes in zip(table.row(key).runs, right, strict=True):
        if outcomes is not None:
            store.add(*record_of(run, outcomes))


def _stale(store: Store, run: Run) -> None:
    path = store.path / "runs" / f"{run.identity}.json"
    path.write_text(path.read_text().replace('"protocol": 1', '"protocol": 0'))


def test_a_table_by_hand(store: Store, table: Table) -> None:
    _fill(store, table, "baseline", HALF, NONE)
    _fill(store, table, "vmp", ALL, HALF)
    rows = compare.table(table, store=store).set_index("key")
    assert list(rows["state"]) == ["stored", "stored"]
    assert list(rows["seeds"]) == [2, 2]
    assert rows.loc["baseline", ["top1", "top1_low", "top1_high"]].tolist() == [25.0, 0.0, 50.0]
    assert rows.loc["vmp", ["top1", "top1_low", "top1_high"]].tolist() == [75.0, 50.0, 100.0]
    assert rows.loc["vmp", ["paper_top1", "paper_top5", "paper_delta"]].tolist() == [56.2, 84.3, 5.6]
    assert rows.loc["vmp", ["against", "delta", "note"]].tolist() == ["baseline", 50.0, "a note"]
    # each trajectory gains in one seed of two: all 20 differences have one sign, p = 2 / 2^20
    assert rows.loc["vmp", "p_holm"] == pytest.approx(2 / 2**20)
    assert rows.loc["vmp", "verdict"] == "same direction on the stand-in"
    assert rows.loc["vmp", "low"] <= 50 <= rows.loc["vmp", "high"]
    assert rows.loc["baseline", "verdict"] == ""
    assert math.isnan(rows.loc["baseline", "delta"])


def test_the_comparison_pairs_trajectories_and_seeds(store: Store, table: Table) -> None:
    """Shuffled predictions are the same predictions; the mean difference is that of the pairs."""
    _fill(store, table, "baseline", HALF, HALF)
    for run, right in zip(table.row("vmp").runs, (HALF, HALF[::-1]), strict=True):
        record, predictions = record_of(run, right)
        store.add(record, predictions.sample(frac=1, random_state=0))
    (pair,) = compare.pairs(table, store=store).to_dict("records")
    assert pair["here"] == 0.0
    assert pair["p"] == 1.0  # half of the trajectories lose in one seed what the others gain in it
    assert pair["verdict"] == "cannot tell"
    assert "20 trajectories, 2 seeds" in pair["sentence"]


def test_what_is_missing_is_not_filled_in(store: Store, table: Table) -> None:
    rows = compare.table(table, store=store).set_index("key")
    assert list(rows["state"]) == ["missing", "missing"]
    assert rows[["top1", "top1_low", "top1_high", "top5", "delta", "low", "high", "p_holm"]].isna().all().all()
    assert rows.loc["vmp", "paper_top1"] == 56.2
    assert rows.loc["vmp", "verdict"] == compare.NOT_RUN
    _fill(store, table, "baseline", HALF, ALL)
    _fill(store, table, "vmp", ALL, None)
    rows = compare.table(table, store=store).set_index("key")
    assert rows.loc["vmp", "state"] == "1 stored, 1 missing"
    assert rows.loc["vmp", "top1"] == 100.0
    assert rows.loc["vmp", "delta"] == 50.0  # of seed 0, which both have, and not against both seeds of the baseline


def test_what_is_stale_is_not_shown(store: Store, table: Table) -> None:
    _fill(store, table, "baseline", HALF, ALL)
    _fill(store, table, "vmp", ALL, ALL)
    _stale(store, table.row("vmp").runs[0])
    rows = compare.table(table, store=store).set_index("key")
    assert rows.loc["vmp", "state"] == "1 stored, 1 stale"
    assert rows.loc["vmp", "delta"] == 0.0
    _stale(store, table.row("baseline").runs[1])  # seed 1 of the other row starts from it
    rows = compare.table(table, store=store).set_index("key")
    assert rows.loc["vmp", "state"] == "stale"
    assert rows.loc["baseline", "state"] == "1 stored, 1 stale"
    assert rows.loc["vmp", ["top1", "delta"]].isna().all()


def test_other_trajectories_have_no_pairs(store: Store, table: Table) -> None:
    _fill(store, table, "baseline", HALF, HALF)
    _fill(store, table, "vmp", HALF, [True] * 21)
    with pytest.raises(ValueError, match="vmp and baseline were tested on different trajectories"):
        compare.pairs(table, store=store)


def test_a_control_is_judged_by_what_the_paper_claims_of_the_row() -> None:
    grown = grid.table("table2", "small", 1)
    claimed = {(p.row, p.against): paper_gain(p, grown) for p in grown.pairs}
    assert claimed["vmp+finetuned-baseline", "baseline"] == 6.5
    assert claimed["vmp+finetuned-baseline", "baseline-twice"] == 6.5
    assert claimed["vmp+head+frozen-pretrained", "pretrained"] == 0.5
    assert claimed["baseline-twice", "baseline"] is None


def test_the_printed_table(store: Store, table: Table) -> None:
    _fill(store, table, "baseline", HALF, NONE)
    _fill(store, table, "vmp", ALL, None)
    printed = text.table(table, compare.table(table, store=store), compare.pairs(table, store=store))
    lines = printed.splitlines()
    assert lines[1] == "Table 2: Small. Scale smoke, 2 seeds"
    assert lines[4:7] == [
        "          paper top-1  top-5  here top-1          top-5",
        "Baseline  50.6         81.8   25.0 (0.0 to 50.0)  100.0 (100.0 to 100.0)",
        "With VMP  56.2         84.3   100.0               100.0                   1 stored, 1 missing",
    ]
    assert any(line.startswith("vmp  baseline  +5.6   +50.0") for line in lines)
    empty = Store(store.path.parent / "none")
    printed = text.table(table, compare.table(table, store=empty), compare.pairs(table, store=empty))
    assert "With VMP  56.2         84.3   -           -      missing" in printed.splitlines()
    assert compare.NOT_RUN in printed


# --- what a notebook loads ---


def test_frames_of_what_is_stored(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    table = small_table()
    monkeypatch.setitem(grid.TABLES, "small", lambda scale, seeds, *_: small_table(*grid.seeds_of(seeds)))
    for run in (BASELINE, PROMPTED):
        store.add(*record_of(run))
    layers = pd.DataFrame({"layer": ["a"], "block": ["0"], "cosine": [0.5]})
    store.add_similarity(PROMPTED.identity, BASELINE.identity, layers)
    found = experiments.load("small", "smoke", [0, 1], store=store)
    assert found.runs[["row", "seed", "top1", "clip_top1", "prompts", "trained"]].values.tolist() == [
        ["start", 0, 50.0, 50.0, "none", "backbone+head"], ["baseline", 0, 50.0, 50.0, "none", "backbone+head"],
        ["vmp", 0, 50.0, 50.0, "all", "prompt"],
    ]  # fmt: skip
    assert len(found.epochs) == 9
    assert found.epochs[found.epochs["row"] == "vmp"]["loss"].tolist()[1:] == [2.0, 1.0]
    assert found.predictions.groupby(["row", "level"], observed=True).size().to_dict()["vmp", "group"] == 10
    assert found.layers.drop(columns=["identity"]).values.tolist() == [["vmp", 0, "clip", 11.0, 0.1, 11.2, 0.3]]
    assert found.similarity.values.tolist() == [["vmp", 0, "baseline", "a", "0", 0.5]]
    assert found.absent[["row", "seed", "state"]].values.tolist() == [["baseline", 1, "missing"], ["vmp", 1, "missing"]]
    assert len(table.rows) == 2


def test_frames_of_an_empty_store(tmp_path: Path) -> None:
    found = load("table2", "smoke", 1, store=tmp_path)
    assert [len(frame) for frame in (found.runs, found.epochs, found.predictions, found.layers, found.similarity)] == [
        0, 0, 0, 0, 0,
    ]  # fmt: skip
    assert len(found.absent) == 9


def test_everything_is_stored_and_nothing_is_run(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(grid.TABLES, "small", lambda scale, seeds, *_: small_table(*grid.seeds_of(seeds)))
    for run in (BASELINE, PROMPTED):
        store.add(*record_of(run))
    monkeypatch.setattr("vmp.experiments.scheduler.WorkerProcess", None)
    said: list[str] = []
    outcome = experiments.run_missing("small", "smoke", 1, store=store, report=said.append)
    assert outcome.done == []
    assert said == ["3 runs are stored, 0 to do"]


def test_a_part_of_a_table_is_judged_among_all_of_its_pairs(store: Store, table: Table) -> None:
    """Two pairs of the same two rows: p is doubled by Holm, and stays so where one of them is looked at alone."""
    _fill(store, table, "baseline", HALF, NONE)
    _fill(store, table, "vmp", HALF, [True] * 6 + [False] * 14)
    more = replace(table.row("vmp"), key="again")
    whole = replace(table, rows=(*table.rows, more), pairs=(*table.pairs, Pair("again", "baseline")))
    alone = compare.pairs(table, store=store)
    (judged,) = compare.pairs(whole.picked(["vmp", "baseline"]), store=store).to_dict("records")
    assert judged["p_holm"] == pytest.approx(2 * alone.loc[0, "p"])
    assert list(judged) == list(alone.columns)
