"""Table 6 from predictions by hand: which clips count, what is judged, and what the page shows of it."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vmp.data import libras
from vmp.experiments import grid
from vmp.experiments.findings.object_accuracy import (
    STAND_INS,
    Action,
    actions_of,
    by,
    every_pick,
    outcomes,
    own_object,
    table6,
)
from vmp.experiments.loading import Loaded
from vmp.experiments.reproduction import Reproduction
from vmp.experiments.rows import Table
from vmp.figures.object_gains import (
    actions_table,
    gains_figure,
    objects_figure,
    objects_sentence,
    picks_sentence,
    picks_shown,
    units_sentence,
)

SEEDS = (0, 1)
CLIPS = libras.load("libras-static", "test", objects="every", cache=False)
NAMES = np.asarray(CLIPS.classes)[CLIPS.labels]
OBJECTS = np.asarray(CLIPS.object_titles)[CLIPS.objects]
NOTHING = np.zeros(len(CLIPS), dtype=bool)


def _said(row: str, seed: int, right: np.ndarray) -> pd.DataFrame:
    """Predictions of every clip, shuffled as a store may hold them; what is wrong is named as the next class."""
    labels = CLIPS.labels.astype(np.uint8)
    frame = pd.DataFrame({
        "row": row, "seed": seed, "level": "clip", "index": np.arange(len(CLIPS)), "group": CLIPS.groups,
        "label": labels, "first": np.where(right, labels, (labels + 1) % 15).astype(np.uint8),
    })  # fmt: skip
    return frame.sample(frac=1, random_state=seed)


def _shown(said: list[pd.DataFrame], state: str = "stored", table: Table | None = None) -> Reproduction:
    table = table or grid.table("table6", "small", list(SEEDS))
    rows = pd.DataFrame([{"key": row.key, "state": state} for row in table.rows])
    predictions = pd.concat(said, ignore_index=True) if said else pd.DataFrame()
    empty: Any = pd.DataFrame()
    return Reproduction(table, rows, empty, Loaded(table, empty, empty, predictions, empty, empty, empty))


@pytest.fixture(scope="module")
def shown() -> Reproduction:
    """Without the layer nothing is right; with it every circle, and of vertical swings those with a dotted triangle."""
    right = (NAMES == "circle") | ((NAMES == "vertical swing") & (OBJECTS == "dotted triangle"))
    said = [_said(row, seed, right if row == "vmp" else NOTHING) for row in ("baseline", "vmp") for seed in SEEDS]
    other = _said("start", 0, ~NOTHING)  # a run that the rows start from is no row
    return _shown([*said, other])


@pytest.fixture(scope="module")
def found(shown: Reproduction) -> pd.DataFrame:
    return outcomes(shown.found)


def test_each_action_has_a_movement_and_an_object_by_a_rule() -> None:
    chosen = actions_of(grid.table("table6", "small", 1))
    assert chosen == [
        Action("cut dice", "vertical swing", "dotted triangle"),  # class 2, object 2
        Action("gather", "horizontal line", "checked cross"),  # class 6, object 6
        Action("slice", "horizontal swing", "checked square"),  # class 1, object 1
        Action("wash", "circle", "striped star"),  # class 5, object 5
    ]
    assert own_object("horizontal zigzag", CLIPS.classes, list(CLIPS.object_titles)) == "checked square"  # 9 - 8
    assert own_object("juggling", CLIPS.classes, list(CLIPS.object_titles)) == ""


def test_real_clips_have_actions_of_their_own_and_no_known_object() -> None:
    assert actions_of(grid.table("table6", "paper", 1)) == [Action(name, name, "") for name in STAND_INS]


def test_an_outcome_is_a_trajectory_with_an_object(found: pd.DataFrame) -> None:
    assert len(found) == 2 * len(SEEDS) * 99 * 8
    assert set(found["clips"]) == {4}
    assert set(found["row"]) == {"baseline", "vmp"}
    one = found[(found["row"] == "vmp") & (found["seed"] == 1) & (found["label"] == "vertical swing")]
    assert set(one.loc[one["object"] == "dotted triangle", "right"]) == {1.0}
    assert set(one.loc[one["object"] != "dotted triangle", "right"]) == {0.0}


def test_sample_counts_one_object_and_total_all(shown: Reproduction, found: pd.DataFrame) -> None:
    rows = table6(shown, found).rows.set_index("key")
    assert rows.loc["cut dice/sample/vmp", ["top1", "paper_top1", "seeds", "state"]].tolist() == [100, 6, 2, "stored"]
    assert rows.loc["cut dice/total/vmp", ["top1", "paper_top1"]].tolist() == [12.5, 27.3]  # one object of eight
    assert rows.loc["wash/total/vmp", "top1"] == 100.0
    assert rows.loc["wash/total/baseline", "top1"] == 0.0
    assert rows.loc["gather/sample/vmp", "top1"] == 0.0
    # of 99 trajectories 7 are circles, and 7 vertical swings right with one object of eight
    assert rows.loc["all/total/vmp", "top1"] == pytest.approx(100 * (7 + 7 / 8) / 99)
    assert math.isnan(rows.loc["all/total/vmp", "paper_top1"])


def test_what_is_judged(shown: Reproduction, found: pd.DataFrame) -> None:
    made = table6(shown, found)
    pairs = made.pairs.set_index("row")
    assert pairs.loc["cut dice/sample/vmp", ["against", "paper", "here"]].tolist() == [
        "cut dice/sample/baseline",
        6,
        100,
    ]
    assert pairs.loc["slice/sample/vmp", "paper"] == 46.2
    # 7 trajectories that all gain: p = 2 / 2^7; eight claims are tested, since the paper's wash gains nothing
    assert pairs.loc["wash/total/vmp", "p"] == pytest.approx(2 / 2**7)
    assert pairs.loc["wash/total/vmp", "verdict"] == "cannot tell"
    assert pairs.loc["wash/sample/vmp", "verdict"] == "not testable here"
    assert pairs.loc["all/total/vmp", ["printed", "verdict"]].tolist() == [False, "higher here"]  # 14 trajectories gain
    assert set(made.titles) >= set(pairs.index) | set(pairs["against"])


def test_what_is_missing_is_not_filled_in() -> None:
    nothing = _shown([], "missing")
    found = outcomes(nothing.found)
    made = table6(nothing, found)
    assert set(made.rows["state"]) == {"missing"}
    assert made.rows["top1"].isna().all()
    assert made.pairs["here"].isna().all()
    assert picks_shown(found, actions_of(nothing.table)) is None
    assert picks_sentence(found, actions_of(nothing.table)) == objects_sentence(found) == ""
    assert "not run yet" in actions_table(made).html
    assert units_sentence(found).endswith("is the trajectory.")


def test_only_seeds_of_both_are_compared() -> None:
    said = [_said("baseline", 0, NOTHING), _said("baseline", 1, ~NOTHING), _said("vmp", 0, ~NOTHING)]
    partly = _shown(said, "1 stored, 1 missing")
    found = outcomes(partly.found)
    made = table6(partly, found)
    assert made.rows.set_index("key").loc["wash/total/baseline", ["top1", "top1_low", "top1_high"]].tolist() == [
        50.0, 0.0, 100.0,
    ]  # fmt: skip
    assert set(made.pairs["here"]) == {100.0}
    assert set(every_pick(found)["gain"]) == {100.0}


def test_one_variant_alone_is_not_compared() -> None:
    alone = _shown([_said("baseline", 0, ~NOTHING)])
    found = outcomes(alone.found)
    assert table6(alone, found).pairs["here"].isna().all()
    assert not len(every_pick(found))


def test_other_clips_are_told() -> None:
    said = _said("vmp", 0, NOTHING)
    with pytest.raises(ValueError, match="expected predictions of the clips of libras-static test"):
        outcomes(_shown([said.assign(group=said["group"] + 1)]).found)


def test_every_pick_and_what_they_add_up_to(found: pd.DataFrame) -> None:
    picks = every_pick(found)
    assert len(picks) == 15 * 8
    assert set(picks.loc[picks["label"] == "circle", "gain"]) == {100.0}
    of_object = by(found, "object").set_index("object")
    assert of_object.loc["dotted triangle", "with_"] == pytest.approx(100 * 14 / 99)
    assert of_object.loc["dotted bar", "with_"] == pytest.approx(100 * 7 / 99)
    assert by(found, "label").set_index("label").loc["vertical swing", "gain"] == 12.5


def test_sentences_by_hand(found: pd.DataFrame) -> None:
    said = picks_sentence(found, actions_of(grid.table("table6", "small", 1)))
    assert "15 classes and 8 objects make 120 samples" in said
    assert "lie between +0.0 and +100.0 points and are +7.5 on average; 9 are above 0 and 0 below" in said
    assert "The 4 largest, of a class each, are +50.0 on average" in said  # of two classes 100, of two 0
    assert "to 14.1 % (dotted triangle)" in objects_sentence(found)
    assert "of which a class has 6 to 7 in the test split" in units_sentence(found)


def test_the_figure_shows_every_class_and_rings_the_picks(found: pd.DataFrame) -> None:
    chosen = actions_of(grid.table("table6", "small", 1))
    axes = gains_figure(found, chosen).axes[0]
    names = [label.get_text() for label in axes.get_yticklabels()]
    assert names[-1] == "circle"  # the highest gain on top
    assert len(names) == 15
    large = [line for line in axes.lines if line.get_markersize() == 6]
    assert [line.get_xdata()[0] for line in large][-2:] == [12.5, 100.0]
    rings = [
        (line.get_xdata()[0], names[int(line.get_ydata()[0])]) for line in axes.lines if line.get_markersize() == 9
    ]
    assert (100.0, "vertical swing") in rings
    assert len(rings) == 4
    ends = [list(line.get_xdata()) for line in objects_figure(found).axes[0].lines if len(line.get_xdata()) == 2]
    assert [0.0, pytest.approx(100 * 14 / 99)] in ends
    assert picks_shown(found, chosen) is not None  # no text too small for a phone


def test_the_table_sets_sample_beside_total(shown: Reproduction, found: pd.DataFrame) -> None:
    frame = actions_table(table6(shown, found)).frame
    assert len(frame) == 10
    line = frame.set_index("action").loc["cut dice (vertical swing), VMP"].to_dict()
    assert line == {
        "object here": "dotted triangle", "paper, sample": 6.0, "here, sample": "100.0 (100.0–100.0)",
        "paper, total": 27.3, "here, total": "12.5 (12.5–12.5)",
    }  # fmt: skip
