"""What a chapter says of a table: words from the store, and nothing that is not in it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from experiment_stand_ins import SOURCE, record_of, small_table

from vmp.experiments import grid
from vmp.experiments.findings.at_chance import at_chance, chance_sentence
from vmp.experiments.findings.collapsed import collapsed, collapsed_sentence
from vmp.experiments.reproduction import (
    outcome,
    pretrained,
    provenance,
    reproduce,
    stored,
    tally,
)
from vmp.experiments.store import Store
from vmp.figures.gains import gain_figures
from vmp.figures.reproduced import Sentences, accuracy_table, comparison_table, held_against

ALL, HALF = [True] * 20, [True] * 10 + [False] * 10


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Seed 0 of both rows, seed 1 of the baseline alone."""
    found = Store(tmp_path / "results")
    table = small_table(0, 1)
    for run, right in ((SOURCE, ALL), *zip(table.row("baseline").runs, (HALF, ALL), strict=True)):
        found.add(*record_of(run, right))
    found.add(*record_of(table.row("vmp").runs[0], ALL))
    return found


def test_the_page_says_what_is_stored_and_what_is_not(store: Store) -> None:
    said = provenance(stored(small_table(0, 1), store))
    assert "3 of 4 runs stored, seeds 0, 1" in said
    assert said.startswith("Scale “smoke”; ")
    whole = provenance(stored(small_table(0), store))
    assert "2 runs, seeds 0" in whole
    assert "stored" not in whole
    nothing = provenance(stored(small_table(2), store))
    assert nothing.endswith("0 of 2 runs stored, seeds 2.")


def test_test_trajectories_are_counted_a_set(store: Store) -> None:
    assert f"test trajectories: 20 ({small_table(0).rows[0].runs[0].dataset})" in provenance(
        stored(small_table(0), store)
    )


def test_one_pretraining_run_is_named_with_its_accuracy(store: Store) -> None:
    said = pretrained(stored(small_table(0), store))
    # of 36 classes
    assert f"{SOURCE.backbone} on {SOURCE.dataset} (top-1 100.0 % on its own test split, 2.8 by chance)" in said
    assert "pretraining is not redone a seed" in said


def test_a_row_with_a_missing_seed_shows_the_seeds_there_are(store: Store) -> None:
    shown = stored(small_table(0, 1), store)
    frame = accuracy_table(shown, "Paper.").frame.set_index("")
    here = dict(zip([row.key for row in shown.table.rows], frame["here, top-1"], strict=True))
    assert here == {"baseline": "75.0 (50.0–100.0)", "vmp": "100.0, 1 stored, 1 missing"}


def test_the_caption_counts_the_seeds_that_are_stored(store: Store, tmp_path: Path) -> None:
    wanted = small_table(0, 1)
    said = [accuracy_table(stored(table, kept), "").html for table, kept in (
        (wanted, store), (small_table(0, 2), store), (wanted, Store(tmp_path / "none")),
    )]  # fmt: skip
    for html, seeds in zip(said, ("mean of 2 seeds", "averaged; one seed.", "averaged; not run yet."), strict=True):
        assert seeds in html


def test_a_comparison_whose_runs_are_missing_is_not_called_tested(store: Store) -> None:
    shown = stored(small_table(1), store)
    frame = comparison_table(shown).frame
    assert frame["verdict"].tolist() == ["not run yet"]
    assert frame["95 % interval"].tolist() == ["–"]
    assert Sentences(shown).sentences == []
    assert tally(shown.pairs) == "1 not run yet"


def test_the_outcome_counts_verdicts_and_signs(store: Store) -> None:
    pairs = pd.DataFrame(
        {
            "printed": [True, True, True, False],
            "paper": [2.0, 1.0, -1.0, 5.0],
            "here": [3.0, -1.0, 4.0, 9.0],
            "verdict": ["same direction on the stand-in", "cannot tell", "cannot tell", "opposite"],
        }
    )

    said = outcome(replace(stored(small_table(0), store), pairs=pairs))
    assert said.startswith(
        "Of the 3 gains that the paper prints here: 2 “cannot tell”, 1 “same direction on the stand-in”."
    )
    assert "2 of the 3 rows that were run are higher and 1 lower, by +2.0 points" in said
    assert "2 of them are higher, by +0.7" in said


@pytest.mark.parametrize(
    ("title", "other", "said"),
    [
        ("moving, clean, VMP", "moving, clean, without VMP", "moving, clean, VMP, against without VMP"),
        ("I3D, VMP; libras", "I3D, without VMP; libras", "I3D, VMP; libras, against without VMP"),
        ("VMP", "Baseline", "VMP, against Baseline"),
        ("a, VMP", "a", "a, VMP, against a"),
        ("a, b", "a, b", "a, b, against b"),
    ],
)
def test_two_rows_in_words(title: str, other: str, said: str) -> None:
    assert held_against(title, other) == said


def test_a_part_keeps_the_verdicts_of_the_whole(store: Store) -> None:
    shown = stored(small_table(0), store)
    assert shown.part(["baseline"]).pairs.empty
    assert shown.part(["baseline", "vmp"]).pairs["p_holm"].tolist() == shown.pairs["p_holm"].tolist()


def test_the_picture_has_a_line_for_each_gain(store: Store) -> None:
    shown = stored(small_table(0), store)
    paper, here = gain_figures(shown, {"vmp": "the layer"})
    assert [list(line.get_xdata()) for line in here.axes[0].lines[:1]] == [[50.0, 100.0]]
    assert list(paper.axes[0].lines[0].get_xdata()) == [50.6, 56.2]
    assert [label.get_text() for label in here.axes[0].get_yticklabels()] == ["the layer"]
    none = gain_figures(stored(small_table(1), store), {"vmp": "the layer"})[1]
    assert not none.axes[0].lines


def test_nothing_is_trained_where_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMP_TRAIN", "never")
    said: list[str] = []
    shown = reproduce("table2", "small", 1, store=tmp_path / "results", report=said.append)
    assert shown.rows["state"].eq("missing").all()
    runs = len(grid.table("table2", "small", 1).runs())
    assert said == [
        f"{runs} of {runs} runs are not stored, and nothing is trained here; vmp run table2 --scale small --seeds 1 "
        "does it"
    ]


def test_rows_and_lambda_can_be_chosen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMP_TRAIN", "never")
    shown = reproduce(
        "table1", "small", 1, backbones=["x3d"], datasets=["libras-static"], lambda_=2.5, store=tmp_path / "results"
    )
    runs = [run for row in shown.table.rows for run in row.runs]
    assert {run.backbone for run in runs} == {"x3d_m"}
    assert {run.dataset for run in runs} == {"libras-static"}
    assert {run.recipe.lambda_ for run in runs if run.prompts} == {2.5}
    assert {run.recipe.lambda_ for run in runs if not run.prompts} == {0.0}


def test_a_row_that_only_guesses_is_told(tmp_path: Path) -> None:
    """Of 20 trajectories in 15 classes, chance 6.7 %: with 4 right Wilson's interval begins at 8.1 %, with 3 at 5.2 %.

    By hand, z = 1.96: (p + z^2/2n - z sqrt(p(1-p)/n + z^2/4n^2)) / (1 + z^2/n).
    """
    table = small_table(0)
    for right, guesses in ((4, 0), (3, 1)):
        found = Store(tmp_path / str(right))
        found.add(*record_of(SOURCE))
        for run in table.row("baseline").runs:
            found.add(*record_of(run, [True] * right + [False] * (20 - right)))
        shown = stored(table, found)
        assert len(at_chance(shown)) == guesses
        assert bool(chance_sentence(shown)) == bool(guesses)
    assert at_chance(shown)[0][1:] == (15.0, pytest.approx(100 / 15))
    assert "this row is not above chance (6.7 %" in chance_sentence(shown)
    assert at_chance(stored(table, Store(tmp_path / "none"))) == []


def test_collapsed_training_is_told(store: Store) -> None:
    """Of 15 classes, guessing costs ln 15 = 2.708 and .85 of it 2.302; what trains the layer alone does not count."""
    shown = stored(small_table(0, 1), store)
    baseline, vmp = shown.table.row("baseline").runs, shown.table.row("vmp").runs
    last = {baseline[0].identity: 2.31, baseline[1].identity: 2.29, vmp[0].identity: 2.7}
    epochs = pd.DataFrame(
        [{"identity": each, "epoch": epoch, "cross_entropy": loss} for each, end in last.items()
         for epoch, loss in ((1, end), (0, 2.71))]
    )  # fmt: skip
    found = replace(shown.found, epochs=epochs)
    assert collapsed(shown.table, found) == [f"{shown.table.row('baseline').title} (seed 0)"]
    said = pretrained(replace(shown, found=found))
    assert f"Training collapsed in 1 of the {len(found.runs)} runs" in said
    assert said.endswith("(seed 0).")
    all_of = replace(found, epochs=epochs.assign(cross_entropy=2.31))
    assert collapsed_sentence(shown.table, all_of).endswith(f" same. 2 of {baseline[0].backbone}, all that there are.")
    assert collapsed(shown.table, replace(found, epochs=epochs.iloc[:0])) == []
    assert "collapsed" not in pretrained(shown)
