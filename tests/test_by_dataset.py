"""Table 1 a data set at a time: what is shown is what is in the frames, and what is missing says so."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest

from vmp.experiments import grid
from vmp.experiments.findings.by_dataset import of_dataset, paper_sets, plain_title, splits, with_layer
from vmp.experiments.loading import Loaded
from vmp.experiments.reproduction import Reproduction
from vmp.figures.dataset_tables import choice_in_words, choice_table, dataset_tables
from vmp.figures.folded import Folded
from vmp.figures.gain_panels import gain_panels, gains_in_words
from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL
from vmp.figures.still import Still

pytestmark = pytest.mark.usefixtures("fixed_lambda")
EMPTY = pd.DataFrame()


def reproduction(name: str, top1: dict[str, float], **only: Any) -> Reproduction:
    """A table of which these rows are stored; a pair's interval is 2 points to either side of its difference."""
    table = grid.table(name, "small", 1)
    if only:
        table = table.only(**only)
    rows = [
        {"key": row.key, "title": row.title, "state": "stored" if row.key in top1 else "missing", "seeds": 1,
         "paper_top1": 50.0 + place, "paper_top5": math.nan if row.key.startswith("hmdb51") else 90.0}
        | {f"{metric}{end}": top1.get(row.key, math.nan) for metric in ("top1", "top5")
           for end in ("", "_low", "_high")}
        for place, row in enumerate(table.rows)
    ]  # fmt: skip
    pairs = []
    for pair in table.pairs:
        here = top1.get(pair.row, math.nan) - top1.get(pair.against, math.nan)
        verdict = "cannot tell" if not abs(here) > 2 else "same direction on the stand-in" if here > 0 else "opposite"
        pairs.append({
            "row": pair.row, "against": pair.against, "printed": True, "paper": 1.5, "here": here, "low": here - 2,
            "high": here + 2, "p_holm": 0.01, "verdict": verdict, "sentence": "A sentence.",
        })  # fmt: skip
    found = Loaded(table, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY)
    return Reproduction(table, pd.DataFrame(rows), pd.DataFrame(pairs), found)


@pytest.fixture(scope="module")
def shown() -> Reproduction:
    top1 = {"mpii/c2d-k400/baseline": 60.0, "mpii/c2d-k400/vmp": 57.0, "hmdb51/c2d-k400/vmp/split2": 41.0,
            "finegym/c2d-k400/baseline": 60.0, "finegym/c2d-k400/vmp": 65.0, "hmdb51/c2d-k400/baseline/mean": 50.0,
            "hmdb51/c2d-k400/vmp/mean": 51.0}  # fmt: skip
    return reproduction("table1", top1, backbones=["c2d", "i3d"])


def test_a_data_set_has_its_judged_rows_under_titles_without_its_name(shown: Reproduction) -> None:
    assert paper_sets(shown) == {"hmdb51": "libras-mixed", "finegym": "libras-moving", "mpii": "libras-static"}
    part = of_dataset(shown, "hmdb51")
    assert part is not None
    assert list(part.rows["key"]) == [
        "hmdb51/c2d-k400/baseline/mean", "hmdb51/c2d-k400/vmp/mean", "hmdb51/i3d-k400/baseline/mean",
        "hmdb51/i3d-k400/vmp/mean",
    ]  # fmt: skip
    assert list(part.rows["title"]) == ["C2D, without VMP", "C2D, VMP", "I3D, without VMP", "I3D, VMP"]
    assert list(part.titles.values()) == list(part.rows["title"])
    assert list(part.pairs["row"]) == ["hmdb51/c2d-k400/vmp/mean", "hmdb51/i3d-k400/vmp/mean"]
    assert of_dataset(reproduction("table1", {}, datasets=["libras-static"]), "hmdb51") is None


def test_titles_lose_what_a_panel_says_already() -> None:
    assert plain_title("SlowFast, VMP on slow; libras-mixed, mean of 3 splits") == "SlowFast, VMP on slow"
    assert with_layer("SlowFast, VMP on slow; libras-mixed") == "SlowFast, slow"
    assert with_layer("TimeSformer (K400), VMP; libras-static") == "TimeSformer (K400)"


def test_each_split_stands_beside_the_papers(shown: Reproduction) -> None:
    found = splits(shown, "hmdb51")
    assert list(found["title"]) == ["C2D, without VMP", "C2D, VMP", "I3D, without VMP", "I3D, VMP"]
    assert list(found.columns)[1:3] == ["split1, paper", "split1, here"]
    assert found.loc[1, "split2, here"] == 41.0
    assert math.isnan(found.loc[1, "split1, here"])
    assert not len(splits(shown, "mpii"))


def test_a_page_shows_tables_and_folds_the_splits_away(shown: Reproduction) -> None:
    accuracy, folded, comparisons, sentences = dataset_tables(shown, "hmdb51", "Paper: HMDB-51.")
    assert list(accuracy.frame.columns) == ["", "paper, top-1", "here, top-1"]  # the paper has no top-5 there
    assert isinstance(folded, Folded)
    assert "<summary>Each split (3)</summary>" in folded._repr_html_()
    assert folded.shown.frame.loc[1, "split2"].endswith("/ 41.0")  # type: ignore[attr-defined]
    assert folded.shown.frame.loc[1, "split1"].endswith("/ not run yet")  # type: ignore[attr-defined]
    assert list(comparisons.frame["verdict"]) == ["cannot tell", "not run yet"]
    assert sentences.sentences == ["C2D, VMP, against without VMP. A sentence."]
    assert len(dataset_tables(shown, "mpii", "Paper.")[0].frame.columns) == 5


def test_a_set_that_was_not_asked_for_and_one_that_is_not_stored_say_so() -> None:
    nothing = reproduction("table1", {}, datasets=["libras-static"])
    (left_out,) = dataset_tables(nothing, "hmdb51", "Paper.")
    assert "Left out" in left_out.data
    accuracy, comparisons = dataset_tables(nothing, "mpii", "Paper.")
    assert set(accuracy.frame["here, top-1"]) == set(comparisons.frame["verdict"]) == {"not run yet"}
    Still(*gain_panels(nothing), alt="gains")
    assert "8 not run yet" in gains_in_words(nothing)


def test_every_gain_has_its_place_and_the_colour_of_its_verdict(shown: Reproduction) -> None:
    mixed, moving, static = (figure.axes[0] for figure in gain_panels(shown))
    assert moving.get_title(loc="left") == "FineGym\nlibras-moving"
    assert [label.get_text() for label in moving.get_yticklabels()] == ["I3D", "C2D"]  # from below
    assert mixed.get_xlim() == moving.get_xlim() == static.get_xlim()
    for axes, gain, colour in ((mixed, 1.0, NEUTRAL), (moving, 5.0, ATTENTION), (static, -3.0, DIFFERENCE)):
        _, i3d, interval, here, theirs = axes.lines  # i3d is not stored: its diamond alone, the first from below
        assert list(i3d.get_xdata()) == list(theirs.get_xdata()) == [1.5]
        assert list(interval.get_xdata()) == [gain - 2, gain + 2]
        assert set(interval.get_ydata()) == {1}
        assert list(here.get_xdata()) == [gain]
        assert here.get_color() == colour


def test_the_gains_of_a_set_in_words(shown: Reproduction) -> None:
    said = gains_in_words(shown).splitlines()[2]
    assert said == (
        "- **MPII Cooking 2, here libras-static**: in the paper +1.5 to +1.5 points, on average +1.5; here −3.0 "
        "to −3.0 points, on average −3.0. Of 2: 1 “opposite”, 1 not run yet."
    )


def test_the_choice_of_lambda_is_marked_and_what_it_rests_on_is_told() -> None:
    top1 = {f"libras-static/{value:g}": 60.0 - value for value in (0.0, 0.1, 0.5, 1.0, 2.0, 2.5, 5.0)}
    swept = reproduction("lambda", top1)
    table = choice_table(swept)
    assert list(table.frame["λ"]) == ["0", "0.1", "0.5", "1", "2", "2.5", "5"]
    assert list(table.frame["libras-static"]) == ["60.0 ◀", "59.9", "59.5", "59.0", "58.0", "57.5", "55.0"]
    assert set(table.frame["libras-mixed"]) == {"not run yet", "not run yet ◀"}
    assert choice_in_words(swept) == "Nothing of this sweep is stored here."
    run = swept.table.row("libras-static/0").runs[0]
    frame = pd.DataFrame({"level": ["clip", "group", "group", "group", "group"], "identity": run.identity,
                          "group": [1, 1, 2, 3, 4]})  # fmt: skip
    found = Loaded(swept.table, EMPTY, EMPTY, frame, EMPTY, EMPTY, EMPTY)
    said = choice_in_words(Reproduction(swept.table, swept.rows, swept.pairs, found))
    assert said.endswith("libras-static: 4 trajectories, one of them 25.0 points, lowest to highest 5.0 points.")
