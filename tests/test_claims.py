"""The page of all claims: pooled by hand, what was learned by hand, and what is missing stays so."""

from __future__ import annotations

import itertools
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from experiment_stand_ins import BASELINE, PROMPTED, SOURCE, record_of

from vmp.experiments import contrasts, grid
from vmp.experiments.claims import NOT_RUN, _verdict, claims
from vmp.experiments.claims.learned import (
    Learned,
    differences,
    fast_against_slow,
    largest_against_none,
    moving_against_mixed,
    numbers,
    static_against_moving,
)
from vmp.experiments.claims.looks import Seen, _over_seeds, _student, classes, contrast, linear, most_alike
from vmp.experiments.grid import Pair, Row, Table
from vmp.experiments.ledger import COLUMNS, ledger
from vmp.experiments.loading import Loaded
from vmp.experiments.store import Store
from vmp.experiments.timing import plan
from vmp.experiments.timing.records import LayerTiming, TimingStore
from vmp.figures.claims import claims_figure, claims_table
from vmp.figures.fold import Fold
from vmp.figures.tables import Table as Shown

ALL, HALF, NONE = [True] * 20, [True] * 10 + [False] * 10, [False] * 20
SETS = {page.stem for page in (Path(__file__).parent.parent / "notebooks").glob("*.py")}


def _two_pairs(dataset: str = "libras-static") -> Table:
    """Two rows with the layer, each against its own baseline; told apart by the seed of the second two."""
    baselines = [BASELINE, replace(BASELINE, seed=7, dataset=dataset)]
    rows = []
    for name, baseline in zip("ab", baselines, strict=True):
        prompted = replace(PROMPTED, start=baseline, seed=baseline.seed, dataset=baseline.dataset)
        rows += [Row(f"{name}0", "", (baseline,), {"variant": "baseline"})]
        rows += [Row(f"{name}1", "", (prompted,), {"variant": "vmp+frozen-baseline"})]
    pairs = (Pair("a1", "a0"), Pair("b1", "b0"))
    return Table("two", 2, "Two", "smoke", (0,), "", tuple(rows), pairs)


def _store(path: Path, table: Table, **right: list[bool]) -> Store:
    found = Store(path / "results")
    found.add(*record_of(SOURCE))
    for key, outcomes in right.items():
        found.add(*record_of(table.row(key).runs[0], outcomes))
    return found


def test_pairs_are_pooled_by_hand(tmp_path: Path) -> None:
    table = _two_pairs()
    store = _store(tmp_path, table, a0=NONE, a1=HALF, b0=HALF, b1=ALL)
    comparison, papers, stored = contrasts.pooled(table, table.pairs, store)
    # each of the 20 trajectories gains in one of the two rows
    assert comparison.difference == 50.0
    assert comparison.p == pytest.approx(2 / 2**20)
    assert comparison.seeds == 2
    assert papers == pytest.approx(5.6)  # Table 2 prints 56.2 and 50.6, here for both rows
    assert stored == 2


def test_what_is_not_stored_is_not_pooled(tmp_path: Path) -> None:
    table = _two_pairs()
    store = _store(tmp_path, table, a0=NONE, a1=HALF, b0=HALF)
    comparison, _, stored = contrasts.pooled(table, table.pairs, store)
    assert (comparison.difference, stored) == (50.0, 1)
    assert contrasts.pooled(table, table.pairs, Store(tmp_path / "none"))[0] is None


def test_other_trajectories_cannot_be_pooled(tmp_path: Path) -> None:
    table = _two_pairs()
    store = _store(tmp_path, table, a0=NONE, a1=HALF, b0=HALF[:15], b1=ALL[:15])
    with pytest.raises(ValueError, match="pooled: expected pairs of one data set, got a1, b1"):
        contrasts.pooled(table, table.pairs, store)


def test_differences_of_what_was_learned_by_hand() -> None:
    layers = pd.DataFrame(
        {
            "row": ["finegym/x/0", "finegym/x/5", "finegym/x/5", "finegym/x/1", "finegym/x/5"],
            "seed": [0, 0, 0, 0, 1],
            "pathway": ["fast", "fast", "slow", "fast", "fast"],
            "slope": [9.0, 4.0, 6.0, 1.0, 3.0],
            "shift": [0.1, 0.2, 0.4, 0.0, 0.0],
        }
    )
    slope = Learned("slope", -1, largest_against_none)
    found = differences(slope, layers)
    assert found.to_dict() == {"finegym/x/5": {0: 5.0 - 9.0}}  # the mean of both layers; seed 1 has no partner
    assert differences(replace(slope, column="shift"), layers).to_numpy() == pytest.approx(np.array([[0.2]]))
    assert differences(slope, layers.iloc[:0]).empty


def test_the_numbers_of_a_run_by_hand() -> None:
    """The shift goes .5 up and .1 down again, and the last epoch's variation counts; two layers count by their mean."""
    one, two = ({"row": row, "seed": 0, "identity": identity} for row, identity in (("a", "x"), ("b", "y")))
    layers = pd.DataFrame(
        [one | {"slope": 4.0, "shift": 0.4}, two | {"slope": 4.0, "shift": 0.1}, two | {"slope": 6.0, "shift": 0.3}]
    )
    log: dict[str, Any] = {"epoch": [2, 0, 1], "shift": [0.4, 0.0, 0.5], "variation": [0.002, math.nan, 0.007]}
    slow_and_fast = {f"{name}_{where}": log[name] for name in ("shift", "variation") for where in ("slow", "fast")}
    slow_and_fast["shift_fast"] = [0.3, 0.1, 0.2]  # .2 in all
    none = {"row": "start", "seed": 0, "identity": "z", "epoch": [0, 1], "shift": math.nan}  # it has no layer
    epochs = [pd.DataFrame(one | log), pd.DataFrame(two | {"epoch": log["epoch"]} | slow_and_fast), pd.DataFrame(none)]
    empty = pd.DataFrame()
    found = Loaded(grid.table("table7", "smoke", 1), empty, pd.concat(epochs), empty, layers, empty, empty)
    first, second = numbers(found).to_dict("records")
    assert first == pytest.approx(
        {"row": "a", "seed": 0, "slope": 4.0, "shift": 0.4, "path of the shift": 0.6, "variation, 1/1000": 2.0}
    )
    assert second == pytest.approx(
        {"row": "b", "seed": 0, "slope": 5.0, "shift": 0.2, "path of the shift": 0.4, "variation, 1/1000": 2.0}
    )
    assert numbers(replace(found, layers=empty)).empty


def _weighted(tmp_path: Path, **weights: float) -> contrasts.Contrast:
    table = _two_pairs()
    store = _store(tmp_path, table, a0=NONE, a1=HALF, b0=HALF, b1=ALL)
    return contrasts.contrast(table, weights, store)


def test_a_contrast_by_hand(tmp_path: Path) -> None:
    """One row above the mean of two: 1 - (0 + .5) / 2; the first ten trajectories differ by .5, the others by 1."""
    found = _weighted(tmp_path, b1=1.0, a0=-0.5, b0=-0.5)
    # halves are no counts, so 10,000 permutations are drawn, and none reaches what was found
    assert (found.here, found.p, found.seeds) == (75.0, pytest.approx(1 / 10_001), 1)
    assert 50 < found.low < 75 < found.high < 100
    # Table 2 prints 56.2 for b1 and 50.6 for each of the two others
    assert found.paper == pytest.approx(5.6)


def test_a_difference_of_gains_by_hand(tmp_path: Path) -> None:
    """(1 - .5) - (.5 - 0) over all; of each trajectory -1 or 1."""
    found = _weighted(tmp_path, b1=1.0, b0=-1.0, a1=-1.0, a0=1.0)
    assert (found.here, found.paper, found.p) == (0.0, pytest.approx(0.0), 1.0)
    assert found.low == pytest.approx(-found.high, abs=15)
    assert found.high > 20


def test_a_contrast_wants_all_its_rows(tmp_path: Path) -> None:
    table = _two_pairs()
    store = _store(tmp_path, table, a0=NONE, a1=HALF, b0=HALF[:15])
    missing = contrasts.contrast(table, {"a1": 1.0, "b1": -1.0}, store)
    assert missing.paper == 0.0
    assert math.isnan(missing.here)
    with pytest.raises(ValueError, match="contrast: expected rows of one data set, got a1, b0"):
        contrasts.contrast(table, {"a1": 1.0, "b0": -1.0}, store)
    for weights in ({"a1": 1.0}, {"a1": 0.0}, {}):
        with pytest.raises(ValueError, match="weights: expected some above 0 and a sum of 0"):
            contrasts.contrast(table, weights, store)
    with pytest.raises(ValueError, match="c1"):
        contrasts.contrast(table, {"a1": 1.0, "c1": -1.0}, store)


def test_a_row_that_only_guesses_decides_nothing(tmp_path: Path) -> None:
    table = _two_pairs()
    store = _store(tmp_path, table, a0=NONE, a1=ALL)
    weights = {"a0": 1.0, "a1": -1.0}
    seen = contrast(weights, need=["a0"])(table, store)
    assert (seen.here, seen.verdict) == (-100.0, "not testable here")
    assert math.isnan(seen.p)  # and it is no claim that others are corrected for
    assert contrast(weights, need=["a1"])(table, store).verdict == ""
    assert math.isnan(contrast(weights, need=["a0"])(table, Store(tmp_path / "none")).here)


def _timed(path: Path, power: float) -> Store:
    """Times of the layer that grow with that power of HW, to a hundredth."""
    wanted = plan("small")
    noise = dict(zip(wanted.sides, itertools.cycle((1.01, 0.99, 1.0)), strict=False))
    times = {
        str(side): {"forward": [1e-6 * side ** (2 * power) * noise[side]] * 3, "backward": [0.0] * 3} for side in noise
    }
    store = Store(path / "results")
    store.path.joinpath("timing").mkdir(parents=True)
    measured = LayerTiming(
        on=wanted.on, device="CPU", threads=1, machine="", load=None, date="2026-11-22T00:00:00Z", versions={},
        source={}, batch=wanted.batch, frames=9, seconds=times,
    )  # fmt: skip
    TimingStore(store).add(measured)
    return store


@pytest.mark.parametrize(("power", "verdict"), [(1.0, "same direction on the stand-in"), (1.5, "opposite")])
def test_the_power_of_the_pixels_is_judged(tmp_path: Path, power: float, verdict: str) -> None:
    table = grid.table("table2", "small", 1)
    seen = linear(table, _timed(tmp_path, power))
    assert (seen.here, seen.verdict) == (pytest.approx(power, abs=0.1), verdict)
    assert math.isnan(linear(table, Store(tmp_path / "none")).here)


def test_many_runs_of_few_seeds_are_no_direction() -> None:
    """Flips see every pair of runs, the interval 3 starts: sd .5 of 3, so 5.5 -+ 4.3027 x .5 / sqrt 3."""
    half = 4.3027 * 0.5 / np.sqrt(3)
    assert _over_seeds(np.array([6.0, 5.0, 5.5])) == pytest.approx((5.5 - half, 5.5 + half), abs=1e-4)
    low, high = _over_seeds(np.array([6.0, 5.0, -1.5]))
    assert low < 0 < high
    assert all(math.isnan(end) for end in _over_seeds(np.array([6.0])))
    told = {"unit": "slope", "here": 3.0, "direction": 1.0}
    assert _verdict(Seen(**told, low=low, high=high), 0.001) == "cannot tell"
    assert _verdict(Seen(**told, low=1.0, high=5.0), 0.001) == "same direction on the stand-in"
    assert _verdict(Seen(**told | {"direction": -1.0}, low=1.0, high=5.0), 0.001) == "opposite"
    assert _verdict(Seen(**told, effect=-2.0), 0.001) == "opposite"  # 40 % of the classes gained, and more lost


@pytest.mark.parametrize(
    ("than", "key", "partner"),
    [
        (largest_against_none, "mpii/timesformer/2", None),  # Fig. 4 (a, b) is of FineGym
        (largest_against_none, "finegym/timesformer/2", None),
        (largest_against_none, "finegym/slowfast-fast/5", "finegym/slowfast-fast/0"),
        (static_against_moving, "mpii/c2d-k400/vmp", "finegym/c2d-k400/vmp"),
        (static_against_moving, "hmdb51/c2d-k400/vmp/split1", None),
        (moving_against_mixed, "finegym/slowfast-k400/vmp-slow", "hmdb51/slowfast-k400/vmp-slow/split1"),
        (moving_against_mixed, "mpii/c2d-k400/vmp", None),
        (fast_against_slow, "hmdb51/slowfast-k400/vmp-fast/split2", "hmdb51/slowfast-k400/vmp-slow/split2"),
        (fast_against_slow, "mpii/slowfast-k400/vmp-both", None),
    ],
)
def test_which_row_a_claim_compares_with(than, key: str, partner: str | None) -> None:
    assert than(key) == partner
    table = grid.table("table7" if than is largest_against_none else "table1", "small", 1)
    for each in (key, partner):
        if each is not None:
            table.row(each)  # there is such a row


def test_every_claim_has_a_page_a_place_and_a_verdict(tmp_path: Path) -> None:
    found = claims(seeds=1, store=tmp_path / "none")
    assert (found["verdict"] == NOT_RUN).all()
    assert set(found["page"]) <= SETS
    assert found["where"].str.match(r"(Table|Fig\.) \d").all()
    assert set(found["table"]) <= set(grid.TABLES)
    assert found["words"].is_unique
    of = found.set_index("words")["paper"]
    # Table 1, the paper's gains on MPII Cooking 2: 2.6 2.3 3.9 2.1 3.0 .7 5.2 6.0
    (mean,) = of[of.index.str.contains("backbones gain on MPII")]
    assert mean == pytest.approx(np.mean([2.6, 2.3, 3.9, 2.1, 3.0, 0.7, 5.2, 6.0]))
    assert of["Learned on a static camera, they cost a little on a moving one"] == pytest.approx(-0.7)


def test_stored_runs_give_a_claim_its_verdict(tmp_path: Path) -> None:
    """Table 4's way from static to moving, 30 trajectories of which 20 are lost, against the paper's loss of 0.7."""
    table = grid.table("table4", "small", 1)
    store = Store(tmp_path / "results")
    for run in table.runs():
        with_layer = run in table.row("mpii-finegym/vmp").runs
        store.add(*record_of(run, [True] * 10 + [not with_layer] * 20))
    found = claims(seeds=1, store=store).set_index("words")
    row = found.loc["Learned on a static camera, they cost a little on a moving one"]
    assert row["here"] == pytest.approx(-200 / 3)
    assert row["verdict"] == "same direction on the stand-in"
    # a claim whose two rows were right alike cannot be told
    other = found.loc["Learned on a moving camera, prompts help a new head on a static one"]
    assert (other["here"], other["verdict"]) == (0.0, "cannot tell")


def test_classes_are_counted_and_signed(tmp_path: Path) -> None:
    """Two classes: one gains, the other stays; a sign test of one is 1."""
    table = _two_pairs()
    store = _store(tmp_path, table, a0=NONE, a1=HALF)
    seen = classes("a1", "a0", 34, 67)(table, store)
    assert seen.paper == pytest.approx(100 * 34 / 67)
    assert (seen.here, seen.effect, seen.p, seen.runs) == (100.0, 1, 1.0, 1)  # the stand-ins' groups are of one class
    assert math.isnan(classes("b1", "b0", 34, 67)(table, store).here)
    assert math.isnan(classes("a1", "a0", 34, 67)(table, Store(tmp_path / "none")).here)


def test_which_pair_is_the_most_alike(tmp_path: Path) -> None:
    """0.9 against 0.5 in one seed: ahead by 0.4, which one seed cannot tell from chance."""
    table = _two_pairs()
    rows = {key: table.row(key).runs[0] for key in ("a0", "a1")}
    store = _store(tmp_path, table, a0=NONE, a1=HALF)
    look = most_alike([("a1", "a0")], [[("a0", "start")]])
    assert math.isnan(look(table, store).here)
    cosines = {("a1", "a0"): [0.95, 0.85], ("a0", "start"): [0.4, 0.6]}
    for (a, b), values in cosines.items():
        other = SOURCE if b == "start" else rows[b]
        layers = pd.DataFrame({"layer": ["x", "y"], "block": ["0", "1"], "cosine": values})
        store.add_similarity(rows[a].identity, other.identity, layers)
    seen = look(table, store)
    assert (seen.here, seen.p, seen.runs) == (pytest.approx(0.4), 1.0, 1)
    behind = most_alike([("a0", "start")], [[("a1", "a0")]])(table, store)
    assert (behind.here, behind.p) == (pytest.approx(-0.4), 1.0)
    both = most_alike([("a1", "a0"), ("a0", "start")], [[("a1", "a0")]])(table, store)
    assert both.here == pytest.approx(0.7 - 0.9)  # the mean of two pairs
    assert math.isnan(most_alike([("a1", "a0")], [[("b1", "b0")]])(table, store).here)


def test_students_test_of_seeds() -> None:
    """Of 1, 2, 3: mean 2, standard error 1 / sqrt(3), t = 3.46 with 2 degrees of freedom, p = .0742."""
    assert _student(np.array([1.0, 2.0, 3.0])) == pytest.approx(0.0742, abs=5e-5)
    assert _student(np.array([2.0, 2.0, 2.0])) == 0.25  # all of one sign
    assert _student(np.array([5.0])) == 1.0
    assert _student(np.zeros(3)) == 1.0


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        ({"here": -1.25, "low": -3.0, "high": 0.5, "unit": "points"}, "−1.2 (−3.0 to +0.5)"),
        ({"here": 0.5, "low": math.nan, "high": math.nan, "unit": "slope"}, "+0.500 slope"),
        ({"here": 35.2, "low": 12.0, "high": 60.4, "unit": "% longer"}, "35 % longer (12 to 60)"),
        ({"here": 1.126, "low": 0.984, "high": 1.267, "unit": "as power of HW"}, "1.13 as power of HW (0.98 to 1.27)"),
        ({"here": 0.02, "low": -0.01, "high": 0.05, "unit": "shift"}, "+0.020 shift (−0.010 to +0.050)"),
        (
            {"here": 1.0, "low": 0.5, "high": 1.5, "unit": "points", "rows": "1 of 4"},
            "+1.0 (+0.5 to +1.5); 1 of 4 rows",
        ),
        ({"here": 1.0, "low": 0.5, "high": 1.5, "unit": "points", "rows": "4 of 4"}, "+1.0 (+0.5 to +1.5)"),
        ({"here": 1.0, "low": 0.5, "high": 1.5, "unit": "points", "runs": 6}, "+1.0 (+0.5 to +1.5); 6 runs"),
        ({"here": 1.0, "low": math.nan, "high": math.nan, "unit": "slope", "runs": 1}, "+1.000 slope; 1 run"),
        ({"here": math.nan, "low": math.nan, "high": math.nan, "unit": "points"}, "–"),
    ],
)
def test_a_number_is_told_with_its_unit(claim: dict[str, object], said: str) -> None:
    row = {"words": "w", "where": "Table 1", "page": "accuracy", "paper": 2.0, "p_holm": 1.0, "runs": 0, "verdict": "v",
           "rows": ""}  # fmt: skip
    table = claims_table(pd.DataFrame([row | claim]))
    assert table.frame["here"].tolist() == [said]
    assert '<a href="accuracy.html">Table 1</a>' in table.html


def test_the_picture_draws_what_is_there() -> None:
    frame = pd.DataFrame(
        {"words": ["a", "b"], "paper": [6.0, math.nan], "here": [math.nan, 1.0], "low": [math.nan, -1.0],
         "high": [math.nan, 2.0]}
    )  # fmt: skip
    lines = claims_figure(frame).axes[0].lines[1:]
    assert [list(line.get_xdata()) for line in lines] == [[6.0], [-1.0, 2.0], [1.0]]


def test_the_ledger_lists_every_record(tmp_path: Path) -> None:
    table = _two_pairs()
    store = _store(tmp_path, table, a0=NONE, a1=HALF)
    path = store.path / "runs" / f"{table.row('a1').runs[0].identity}.json"
    path.write_text(path.read_text().replace('"protocol": 1', '"protocol": 0'))
    found = ledger(store).set_index("key")
    assert [found.index.name, *found.columns] == list(COLUMNS)
    assert found.loc[table.row("a1").runs[0].identity, ["state", "prompts", "start", "top1"]].tolist() == [
        "stale", "all", "libras-static", 50.0,
    ]  # fmt: skip
    assert found.loc[SOURCE.identity, ["state", "prompts", "start", "trained"]].tolist() == [
        "stored", "none", "", "backbone+head",
    ]  # fmt: skip
    assert ledger(store, "paper").empty
    assert ledger(tmp_path / "none").empty


def test_a_fold_holds_its_rows_as_they_are() -> None:
    shown = Fold(("two <rows>", pd.DataFrame({"a": [1, 2]})))
    assert "two &lt;rows&gt;" in shown.html
    assert "<pre" in shown.html
    with pytest.raises(ValueError, match="Fold needs at least one part"):
        Fold()


def test_a_cell_can_lead_to_a_page() -> None:
    frame = pd.DataFrame({"a": ["x", "y"], "b": [1, 2]})
    shown = Shown(frame, links={"a": ["p.html", None]})
    assert '<a href="p.html">x</a>' in shown.html
    assert ">y</td>" in shown.html
    with pytest.raises(ValueError, match="links: expected 2 addresses for a column of a, b, got 1 for 'a'"):
        Shown(frame, links={"a": ["p.html"]})
    with pytest.raises(ValueError, match="got 2 for 'c'"):
        Shown(frame, links={"c": ["p.html", "q.html"]})
