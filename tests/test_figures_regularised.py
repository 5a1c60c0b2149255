"""Table 7 and Figs. 4, 6 and 12-16: the figures and sentences say what the frames hold, whatever is missing."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from experiment_stand_ins import record_of

from vmp.experiments import compare, grid, names
from vmp.experiments.findings.choice_of_lambda import chosen_by_validation, gain_by_chance, over_lambda, selection
from vmp.experiments.findings.effect_of_lambda import accuracy_told, against_none, learning_told, selection_told
from vmp.experiments.reproduction import Reproduction, stored
from vmp.experiments.rows import Table
from vmp.experiments.store import Store
from vmp.figures.learned_pairs import Line, lines_by_backbone, lines_by_set, lines_told, pair_figures
from vmp.figures.over_lambda import accuracy_figures, accuracy_over_lambda, by_pathway, epoch_figures, epoch_plot
from vmp.figures.regularised import (
    TwoPairs,
    pairs_here,
    papers_pairs,
    regularised_pictures,
    variation_rows,
    variation_told,
    variations,
)  # fmt: skip
from vmp.figures.still import Still
from vmp.prompt import MotionPrompt

pytestmark = pytest.mark.usefixtures("fixed_lambda")
KEYS = [f"mpii/timesformer/{value}" for value in ("0", "0.1", "0.5", "1", "2")]
CLIPS = ["static camera", "moving camera"]


def _table() -> Table:
    return grid.table("table7", "smoke", 2, backbone="i3d", dataset="libras-static")


def _outcomes(right: int) -> list[bool]:
    return [True] * right + [False] * (10 - right)


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Reproduction:
    """Lambda 0.5 is best on test; each run's slope ends 4 lambda lower than where it began, at 20 plus its seed."""
    store, table = Store(tmp_path_factory.mktemp("results")), _table()
    for run in table.runs():
        if run.start is None:
            store.add(*record_of(run))
    right = {0.0: (5, 6), 0.1: (5, 4), 0.5: (7, 8), 1.0: (6, 5), 2.0: (4, 5)}
    for row in table.rows:
        for run in row.runs:
            weight, start = run.recipe.lambda_, [20.0 + run.seed, 0.1]
            epochs = {"epoch": [0, 1], "loss": [None, 1.0], "slope": [start[0], start[0] - 4 * weight],
                      "shift": [0.1, 0.1 - weight / 10]}  # fmt: skip
            outcomes = _outcomes(right[weight][run.seed])
            store.add(*record_of(run, outcomes, epochs=epochs, start={"clip": start}, kept=1))
    return stored(table, store)


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Reproduction:
    return stored(grid.table("table7", "smoke", 1), Store(tmp_path_factory.mktemp("results")))


def test_a_dash_of_the_paper_is_no_difference(tmp_path: Path) -> None:
    table = grid.table("table7", "smoke", 1, backbone="slowfast_4x16", dataset="libras-static")
    pairs = compare.pairs(table, store=Store(tmp_path)).set_index("row")
    assert math.isnan(pairs.loc["mpii/slowfast-slow/2", "paper"])
    assert pairs.loc["mpii/slowfast-slow/1", "paper"] == -2.6


def test_rows_know_their_lambda_and_which_was_chosen(filled: Reproduction) -> None:
    rows = over_lambda(filled)
    assert list(rows["key"]) == KEYS
    assert list(rows["lambda_"]) == [0.0, 0.1, 0.5, 1.0, 2.0]
    assert list(rows["chosen"]) == [True, False, False, False, False]
    assert list(rows["top1"]) == [55.0, 45.0, 75.0, 55.0, 45.0]
    assert list(rows["paper_top1"]) == [56.6, 56.2, 55.7, 55.6, 55.6]
    assert set(rows["title"]) == {"i3d"}


def test_the_best_on_test_stands_beside_the_one_of_validation(filled: Reproduction) -> None:
    (row,) = selection(filled).to_dict("records")
    assert (row["chosen"], row["top1"], row["best"], row["best_top1"], row["gain"]) == (0.0, 55.0, "0.5", 75.0, 20.0)
    assert (row["paper_best"], row["paper_gain"], row["seeds"]) == ("0", 0.0, 2)
    assert 0 < row["chance"] < row["chance_high"]
    assert "lies +20.0 points above the one chosen on validation" in selection_told(selection(filled))


def test_chance_by_hand_and_by_simulation() -> None:
    # what is left without rows and seeds is +-1 everywhere: 4 / ((2 - 1)(2 - 1)) = 4, over 2 seeds sqrt(2)
    by_hand, _ = gain_by_chance(np.array([[12.0, 20.0], [30.0, 42.0]]))
    assert by_hand == pytest.approx(math.sqrt(2) / math.sqrt(math.pi))  # E max of two: 1 / sqrt(pi)
    random = np.random.default_rng(0)
    noise = random.normal(0, 3, (5, 400)) + random.normal(0, 9, 400) + np.arange(5)[:, None]
    mean, high = gain_by_chance(noise)
    drawn = random.normal(0, 3 / math.sqrt(400), (40_000, 5))
    gains = drawn.max(1) - drawn[:, 0]
    assert mean == pytest.approx(gains.mean(), rel=0.06)
    assert high == pytest.approx(np.quantile(gains, 0.95), rel=0.06)


def test_one_seed_tells_no_spread(filled: Reproduction) -> None:
    assert all(math.isnan(value) for value in gain_by_chance(np.array([[1.0], [2.0]])))
    selected = selection(filled).assign(chance=math.nan, chance_high=math.nan)
    assert selection_told(selected).endswith("cannot be told from one seed.")


def test_a_lambda_that_is_not_stored_leaves_its_row_open(empty: Reproduction) -> None:
    selected = selection(empty)
    assert len(selected) == 8
    assert selected["gain"].isna().all()
    assert selection_told(selected) == "No backbone has every λ stored yet."


def test_lambda_is_shown_as_validation_chose_it(tmp_path: Path) -> None:
    store, sweep = Store(tmp_path), grid.table("lambda", "smoke", dataset="libras-static")
    for run in sweep.runs():
        store.add(*record_of(run, _outcomes(8 if run.recipe.lambda_ in (0.5, 2.0) else 3)))
    (row,) = chosen_by_validation(stored(sweep, store)).to_dict("records")
    assert (row[0.0], row[0.5], row["chosen"], row["used"]) == (30.0, 80.0, 0.5, 0.0)  # of equals the least
    (row,) = chosen_by_validation(stored(sweep, Store(tmp_path / "none"))).to_dict("records")
    assert math.isnan(row["chosen"])


def test_the_claims_are_told_with_their_signs(filled: Reproduction, empty: Reproduction) -> None:
    said = accuracy_told(filled, "libras-static")
    assert "Here 1 of 4 are higher than λ = 0 and 2 lower, by +0.0 points on average" in said
    assert "in the paper 0 of 4 are higher and 4 lower, by −0.8" in said
    assert accuracy_told(empty, "libras-moving").endswith("16 not run yet.")


def test_lambda_moves_what_is_learned(filled: Reproduction, empty: Reproduction) -> None:
    effect = against_none(filled)
    assert len(effect) == 4 * 2
    two = effect[effect["lambda_"] == 2.0]
    assert two["slope"].tolist() == [-8.0, -8.0]
    assert two["shift"].tolist() == pytest.approx([-0.2, -0.2])
    said = learning_told(filled, "libras-static")
    assert "Training moved the slope by 2.0" in said  # 0, .4, 2, 4 and 8, twice
    assert "the slope ends lower in 2 of 2 layers and the shift lower in 2 (medians −8.0 and −0.20)" in said
    assert learning_told(empty, "libras-static") == "Nothing is stored yet."


def test_accuracy_over_lambda_rings_the_best_and_marks_the_chosen(filled: Reproduction) -> None:
    paper, here = (figure.axes[0] for figure in accuracy_figures(over_lambda(filled)))
    line, ring = paper.lines
    assert (list(line.get_ydata()), list(ring.get_ydata())) == ([56.6, 56.2, 55.7, 55.6, 55.6], [56.6])
    line, ring, chosen = here.lines
    assert (list(line.get_ydata()), list(ring.get_xdata())) == ([55, 45, 75, 55, 45], [2])
    assert list(chosen.get_xdata()) == [0, 0]
    frame = accuracy_over_lambda(over_lambda(filled)).frame
    assert list(frame.columns) == ["", "λ = 0 (chosen)", "λ = 0.1", "λ = 0.5", "λ = 1", "λ = 2"]
    assert list(frame["λ = 0.5"]) == ["55.7", "75.0 (70.0–80.0)"]


def test_slope_and_shift_go_over_the_epochs_from_their_start(filled: Reproduction) -> None:
    rows, paths = over_lambda(filled), by_pathway(filled.found.epochs)
    assert set(paths["pathway"]) == {"clip"}
    slope, shift = epoch_figures(paths, rows, "static")
    run, start = slope.axes[0].lines[1:3]
    assert (list(run.get_ydata()), list(start.get_ydata())) == ([20.0, 20.0], [20.0])
    Still(slope, shift, alt="epochs")
    plot = epoch_plot(paths, rows)
    assert len(plot.data) == 5 * 2 * 2
    assert [button.label for button in plot.layout.updatemenus[0].buttons] == ["libras-static: i3d"]
    assert sum(trace.showlegend for trace in plot.data) == 5


def test_two_pathways_are_two_lines_of_the_log() -> None:
    epochs = pd.DataFrame({"row": ["a"], "seed": [0], "epoch": [0], "slope_slow": [10.0], "shift_slow": [0.1],
                           "slope_fast": [20.0], "shift_fast": [0.2]})  # fmt: skip
    paths = by_pathway(epochs)
    assert paths[["pathway", "slope", "shift"]].to_numpy().tolist() == [["slow", 10.0, 0.1], ["fast", 20.0, 0.2]]


def test_nothing_stored_draws_nothing_and_says_so(empty: Reproduction) -> None:
    rows, paths = over_lambda(empty), by_pathway(empty.found.epochs)
    Still(*accuracy_figures(rows), *epoch_figures(paths, rows.head(5), "static"), alt="empty")
    assert len(epoch_plot(paths, rows).data) == 0
    assert set(accuracy_over_lambda(rows.head(5)).frame.iloc[1, 1:]) == {"not run yet"}
    assert not any(each.known for each in pairs_here(empty, CLIPS))


def test_learned_pairs_stand_beside_start_and_paper() -> None:
    learned = pd.DataFrame({"start_slope": [20.0], "start_shift": [0.3], "slope": [14.0], "shift": [-0.5]})
    lines = [Line("one", learned, (11.0, -0.59)), Line("two", learned.assign(slope=16.0)), Line("none", learned[:0])]
    slope, shift = (figure.axes[0] for figure in pair_figures(lines, "By set"))
    assert [list(line.get_xdata()) for line in slope.lines[:4]] == [[20.0, 14.0], [20.0], [14.0], [11.0]]
    assert list(shift.lines[0].get_xdata()) == [0.3, -0.5]
    assert [text.get_text() for text in slope.texts] == ["one", "two", "none"]
    assert "The means of the 2 sets lie apart by, in slope: 2.0, moved by training 6.0" in lines_told(lines, "sets")
    assert lines_told(lines[2:], "sets") == "Fewer than two sets are stored yet."


def test_the_lines_of_fig_4_are_sets_and_backbones(tmp_path: Path) -> None:
    (table,) = (each for each in names.tables(["fig4"], "smoke", 1) if each.name == "fig4cd")
    shown = stored(table, Store(tmp_path))
    by_set = {line.label: line.paper for line in lines_by_set(shown)}
    assert by_set == {
        "libras-mixed (paper: HMDB-51)": (21.7, -0.39),
        "libras-moving (paper: FineGym)": (11.04, -0.59),
        "libras-static (paper: MPII Cooking 2)": (23.45, 0.03),
    }
    assert [line.label for line in lines_by_backbone(shown)][:2] == ["SlowFast, VMP on slow", "SlowFast, VMP on fast"]


def test_the_papers_pairs_are_those_of_its_captions() -> None:
    mpii, finegym, hmdb51 = papers_pairs(CLIPS)
    assert (mpii.clip, mpii.lambdas, mpii.pairs) == ("static camera", (0.0, 2.0), ((23.45, 0.03), (10.9, 0.08)))
    assert (finegym.clip, finegym.lambdas, finegym.pairs[1]) == ("moving camera", (0.0, 2.5), (11.024, -0.5943))
    assert hmdb51.pairs == ((20.32, -0.36), (21.7, -0.39))
    assert {each.clip for each in papers_pairs(["own.mp4"])} == {"own.mp4"}


def test_pairs_learned_here_are_taken_seed_by_seed(filled: Reproduction) -> None:
    first, second = pairs_here(filled, CLIPS)
    assert first.pairs == ((20.0, 0.1), (12.0, pytest.approx(-0.1)))
    assert second.pairs[0] == (21.0, 0.1)
    assert first.label == "here: i3d on libras-static, seed 0"


def test_v_is_the_layers_and_its_share_is_told() -> None:
    frames = np.random.default_rng(0).integers(0, 256, (12, 9, 12, 3), dtype=np.uint8)
    two = [
        TwoPairs("both", "clip", (0.0, 2.0), ((20.0, 0.1), (10.0, -0.5))),
        TwoPairs("one", "clip", (0.0, 2.0), (None, (9.5, 0.0))),
    ]
    found = variations({"clip": frames}, two, stride=2, num_frames=5, every=1)
    layer = MotionPrompt.from_slope_shift(20.0, 0.1, mean=None, std=None)
    clip = torch.from_numpy(frames[::2][:5]).permute(3, 0, 1, 2)[None] / 255.0
    assert found["clip"][20.0, 0.1] == pytest.approx(layer(clip)[1].item(), rel=1e-4)
    rows = variation_rows(two, found)
    assert rows["share"].tolist()[:2] == [1.0, pytest.approx(found["clip"][10.0, -0.5] / found["clip"][20.0, 0.1])]
    assert rows["share"].isna().tolist() == [False, False, True, True]
    assert "V is smaller in 1 of 1 cases" in variation_told(rows)
    assert variation_told(rows[2:]) == "No two pairs can be compared yet."
    pictures, labels = regularised_pictures({"clip": frames}, two, index=30, stride=2)
    assert (len(pictures), labels) == (4, ["both; clip"])
    assert pictures[3][1] == "λ = 2: attention, a 10.00, b −0.50"
