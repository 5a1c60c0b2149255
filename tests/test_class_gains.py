"""Per-class gains and their yardstick, counted by hand; the figure draws them sorted, and one that is empty says so."""

from __future__ import annotations

import math
from functools import cache

import pandas as pd
import pytest

from vmp.experiments import grid
from vmp.experiments.findings.class_gains import (
    changed,
    class_accuracies,
    class_gains,
    class_names,
    sign_test,
    yardstick,
)
from vmp.experiments.loading import Loaded
from vmp.experiments.rows import Table
from vmp.figures.class_counts import counts, counts_in_words, counts_table, gains_of_sets
from vmp.figures.class_gains import class_panels, class_plot
from vmp.figures.interactive import Interactive
from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL
from vmp.figures.still import Still

EMPTY = pd.DataFrame()
BASELINE, VMP = "mpii/c2d-k400/baseline", "mpii/c2d-k400/vmp"
NAMES = ("arc", "circle", "wave")
#: Row -> seed -> what each of six trajectories is taken for; they are 0 0 1 1 2 2.
SAID = {BASELINE: {0: (0, 1, 1, 0, 2, 2), 1: (0, 0, 1, 0, 2, 2)}, VMP: {0: (0, 0, 0, 0, 2, 2), 1: (0, 0, 1, 0, 2, 2)}}


@cache
def part(*names: str) -> Table:
    return grid.table("table1", "small", 2).only(backbones=["c2d"], datasets=names)


def loaded(said: dict[str, dict[int, tuple[int, ...]]], *names: str) -> Loaded:
    table = part(*(names or ("libras-static",)))
    frames = []
    for key, of_seed in said.items():
        for seed, first in of_seed.items():
            (run,) = (run for run in table.row(key).runs if run.seed == seed)
            frame = {"row": key, "seed": seed, "identity": run.identity, "group": range(6), "first": first}
            frames.append(pd.DataFrame(frame | {"level": "group", "label": [0, 0, 1, 1, 2, 2]}))
            frames.append(pd.DataFrame(frame | {"level": "clip", "label": 0}))  # clips do not count
    predictions = pd.concat(frames, ignore_index=True) if frames else EMPTY
    return Loaded(table, EMPTY, EMPTY, predictions, EMPTY, EMPTY, EMPTY)


def test_a_class_is_right_as_often_as_its_trajectories_are() -> None:
    found = class_accuracies(loaded(SAID), BASELINE)
    assert found.to_dict() == {0: {0: 50.0, 1: 50.0, 2: 100.0}, 1: {0: 100.0, 1: 50.0, 2: 100.0}}
    with pytest.raises(ValueError, match=r"did you mean|nearest|baseline"):
        class_accuracies(loaded(SAID), "mpii/c2d-k400/baselin")


def test_gains_are_means_of_the_seeds_the_largest_first() -> None:
    found = class_gains(loaded(SAID), VMP, BASELINE, NAMES)
    assert list(found["class"]) == ["arc", "wave", "circle"]
    assert list(found["gain"]) == [25.0, 0.0, -25.0]
    assert found.iloc[0][["without", "with", "low", "high", "trajectories"]].to_list() == [75.0, 100.0, 0.0, 50.0, 2]
    assert changed(found["gain"]) == {"gained": 1, "lost": 1, "stayed": 1}


def test_only_seeds_that_both_have_count_and_none_gives_no_line() -> None:
    one = class_gains(loaded({BASELINE: SAID[BASELINE], VMP: {0: SAID[VMP][0]}}), VMP, BASELINE, NAMES)
    assert dict(zip(one["class"], one["gain"], strict=True)) == {"arc": 50.0, "wave": 0.0, "circle": -50.0}
    assert not len(class_gains(loaded({BASELINE: SAID[BASELINE]}), VMP, BASELINE, NAMES))
    assert not len(class_gains(loaded({}), VMP, BASELINE, NAMES))


def test_a_mean_over_splits_needs_every_split() -> None:
    key = "hmdb51/c2d-k400/baseline"
    splits = {f"{key}/split{fold}": {0: (0, 0, 0, 0, 0, 2)} for fold in (1, 2)}
    assert class_accuracies(loaded(splits, "libras-mixed"), f"{key}/mean").empty
    splits[f"{key}/split3"] = {0: (0, 0, 1, 1, 0, 0)}
    assert class_accuracies(loaded(splits, "libras-mixed"), f"{key}/mean")[0].to_list() == pytest.approx(
        [100.0, 100 / 3, 100 / 3]
    )


def test_the_sign_test_is_the_binomials_and_leaves_out_what_stayed() -> None:
    gains = pd.Series([1.0] * 5 + [-2.0] + [0.0] * 4)
    assert sign_test(gains) == pytest.approx(2 * (1 + 6) / 2**6)
    assert sign_test(pd.Series([0.0, 0.0])) == 1.0


def test_the_yardstick_holds_one_run_against_another() -> None:
    found = yardstick(loaded(SAID), VMP, BASELINE)
    # with - without: seed 0 changes two classes by 50 points, seed 1 none; seed 1 - seed 0: one class by 50
    assert found == pytest.approx({"layer": 100 / 6, "layer_classes": 1.0, "seeds": 50 / 3, "seeds_classes": 1.0})
    alone = yardstick(loaded({BASELINE: {0: SAID[BASELINE][0]}}), VMP, BASELINE)
    assert all(math.isnan(value) for value in alone.values())


def test_classes_have_the_names_of_their_set(monkeypatch: pytest.MonkeyPatch, tmp_path: object) -> None:
    assert class_names("libras-mixed")[5] == "circle"
    monkeypatch.setenv("VMP_DATA", str(tmp_path))
    assert class_names("finegym", 2) == ("class 0", "class 1")


def test_counts_stand_beside_the_yardstick_in_table_and_words() -> None:
    counted = counts(loaded(SAID))
    assert counted.loc[0, ["title", "classes", "gained", "lost", "stayed", "p"]].to_list() == [
        "C2D; libras-static", 3, 1, 1, 1, 1.0,
    ]  # fmt: skip
    assert counts_table(counted).frame.iloc[0].to_list()[:5] == ["C2D; libras-static", "1", "1", "1", 1.0]
    said = counts_in_words(counted)
    assert "of 3 classes 1 gained, 1 lost and 1 stayed (sign test p = 1.00), on average +0.0 points" in said
    assert "differ in 1.0 classes, by 16.7 points a class; two runs without it" in said
    nothing = counts(loaded({}))
    assert counts_table(nothing).frame.loc[0, "gained"] == "not run yet"
    assert counts_in_words(nothing) == "- 1 of 1 comparisons: not run yet."
    one = {key: {0: of_seed[0]} for key, of_seed in SAID.items()}
    assert "One seed: nothing tells" in counts_in_words(counts(loaded(one)))


def test_a_panel_has_the_largest_gain_on_top_and_its_colour() -> None:
    gains = {"C2D; libras-static": class_gains(loaded(SAID), VMP, BASELINE, NAMES)}
    (figure,) = class_panels(gains)
    axes = figure.axes[0]
    assert [label.get_text() for label in axes.get_yticklabels()] == ["circle", "wave", "arc"]
    assert [list(line.get_xdata()) for line in axes.lines[::3]] == [[50.0, 25.0], [100.0, 100.0], [75.0, 100.0]]
    assert [line.get_color() for line in axes.lines[::3]] == [DIFFERENCE, NEUTRAL, ATTENTION]
    Interactive(class_plot(gains), alt="classes", still=Still(figure, alt="classes"))


def test_the_mouse_is_told_a_class_and_chooses_a_set() -> None:
    gains = class_gains(loaded(SAID), VMP, BASELINE, NAMES)
    figure = class_plot({"one": gains, "two": gains.iloc[:0]})
    first, second = figure.data
    assert list(first.y) == ["circle", "wave", "arc"]
    assert list(first.x) == [-25.0, 0.0, 25.0]
    assert first.customdata[2] == [75.0, 100.0, 0.0, 50.0, 2.0]
    assert (first.visible, second.visible) == (True, False)
    assert figure.layout.updatemenus[0].buttons[1].args[0] == {"visible": [False, True]}


def test_nothing_stored_and_many_classes_still_make_a_figure() -> None:
    empty = gains_of_sets(loaded({}))
    (figure,) = class_panels(empty)
    assert [text.get_text() for text in figure.axes[0].texts] == ["not run yet"]
    Interactive(class_plot(empty), alt="classes", still=Still(figure, alt="classes"))
    many = pd.concat([class_gains(loaded(SAID), VMP, BASELINE, NAMES)] * 30, ignore_index=True)
    (figure,) = class_panels({"many": many})
    assert not len(figure.axes[0].get_yticks())
    Still(figure, alt="classes")
