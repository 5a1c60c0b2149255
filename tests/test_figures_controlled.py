"""The controls' figure and sentences: what is drawn and said is what the stored runs hold."""

from __future__ import annotations

import math
import re
from dataclasses import replace

import pandas as pd
import pytest

from vmp.experiments import grid
from vmp.experiments.findings.parts_of_gain import against_baseline, parts_of_gain, variants
from vmp.experiments.reproduction import Reproduction, stored
from vmp.experiments.store import Store
from vmp.figures.controlled import control_figures
from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL
from vmp.figures.reproduced import accuracy_table, comparison_table
from vmp.figures.still import Still

SET = "libras-static"
LABELS = {SET: {f"{SET}/vmp": "VMP", f"{SET}/identity": "a layer that changes nothing", f"{SET}/bgr": "BGR"}}


def _pairs(**verdicts: tuple[float, str]) -> pd.DataFrame:
    """Against the baseline, an interval of 4 points around each difference."""
    return pd.DataFrame(
        {"row": f"{SET}/{name.replace('_', '-')}", "against": f"{SET}/baseline", "here": here, "low": here - 2,
         "high": here + 2, "verdict": verdict, "printed": False, "paper": math.nan}
        for name, (here, verdict) in verdicts.items()
    )  # fmt: skip


@pytest.fixture(scope="module")
def empty(tmp_path_factory: pytest.TempPathFactory) -> Reproduction:
    store = Store(tmp_path_factory.mktemp("results"))
    return stored(grid.table("controls", "smoke", 1, dataset=SET), store)


def _with(shown: Reproduction, pairs: pd.DataFrame) -> Reproduction:
    return replace(shown, pairs=pairs)


def test_a_control_is_an_interval_in_the_colour_of_its_verdict() -> None:
    pairs = _pairs(vmp=(5.0, "higher here"), identity=(-4.0, "lower here"), bgr=(1.0, "cannot tell"))
    again = pairs.assign(against=f"{SET}/vmp", here=9.0)  # a row's second comparison is not in the figure
    (figure,) = control_figures(pd.concat([pairs, again]), LABELS)
    axes = figure.axes[0]
    drawn = [(list(line.get_xdata()), set(line.get_ydata()), line.get_color()) for line in axes.lines[1:]]
    assert drawn == [
        ([3.0, 7.0], {2}, ATTENTION), ([5.0], {2}, ATTENTION), ([-6.0, -2.0], {1}, DIFFERENCE),
        ([-4.0], {1}, DIFFERENCE), ([-1.0, 3.0], {0}, NEUTRAL), ([1.0], {0}, NEUTRAL),
    ]  # fmt: skip
    low, high = axes.get_xlim()
    assert low < -6 < 7 < high
    Still(figure, alt="controls")


def test_what_is_not_run_says_so_and_draws_nothing() -> None:
    pairs = _pairs(vmp=(math.nan, ""), identity=(math.nan, ""), bgr=(math.nan, ""))
    (figure,) = control_figures(pairs, LABELS)
    assert len(figure.axes[0].lines) == 1  # the line at 0
    assert [text.get_text() for text in figure.axes[0].texts].count("not run yet") == 3
    Still(figure, alt="controls")


def test_the_rows_are_those_of_the_table(empty: Reproduction) -> None:
    (labels,) = against_baseline(empty).values()
    assert labels[f"{SET}/vmp"] == "VMP"
    assert set(labels) == {row.key for row in empty.table.rows} - {f"{SET}/baseline"}
    Still(*control_figures(empty.pairs, {SET: labels}), alt="controls")
    assert parts_of_gain(empty, SET) == "The layer itself is not run yet."
    assert variants(empty, SET) == ""


def test_tables_without_the_papers_numbers_have_no_column_for_them(empty: Reproduction) -> None:
    assert list(accuracy_table(empty, "").frame.columns) == ["", "here, top-1", "here, top-5"]
    assert "paper" not in comparison_table(empty).frame.columns


@pytest.mark.parametrize(
    ("vmp", "extra", "twice", "answer"),
    [
        ("higher here", "higher here", "higher here", "over the baseline and over every control without a working"),
        ("higher here", "cannot tell", "higher here", "but none over the extra frame alone, without the layer: it may"),
        ("higher here", "cannot tell", "lower here", "but none over the extra frame .* and a second round of training"),
        ("higher here", "higher here", None, r"waits for the controls that are not run yet\.\*\*$"),
        ("cannot tell", "higher here", "higher here", r"No gain of the layer is shown here, .*\*\*$"),
        ("lower here", "cannot tell", "cannot tell", "The layer loses here"),
    ],
)
def test_the_answer_follows_the_verdicts(
    empty: Reproduction, vmp: str, extra: str, twice: str | None, answer: str
) -> None:
    """Whether the layer is better than a control is judged directly, and not by which of the two beats the baseline."""
    baseline = _pairs(vmp=(5.0, vmp), extra_frame=(2.0, "cannot tell"), baseline_twice=(1.0, "cannot tell"))
    over = _pairs(
        identity=(4.0, "higher here"),
        extra_frame=(3.0, extra),
        baseline_twice=(1.0, twice) if twice else (math.nan, ""),
    )
    over = over.assign(against=over["row"], row=f"{SET}/vmp")
    said = parts_of_gain(_with(empty, pd.concat([baseline, over], ignore_index=True)), SET)
    assert said.startswith(f"The layer, trained as in the paper: +5.0 ({vmp}).")
    assert "Beside it: the extra frame alone, without the layer +2.0 (cannot tell)" in said
    assert f"no working layer: the extra frame alone, without the layer +3.0 ({extra})" in said
    assert re.search(answer, said)


def test_variants_are_told_against_the_layer(empty: Reproduction) -> None:
    pairs = _pairs(bgr=(-1.0, "cannot tell"), absolute=(2.5, "higher here")).assign(against=f"{SET}/vmp")
    said = variants(_with(empty, pairs), SET)
    assert "weighted the other way round −1.0 (cannot tell)" in said
    assert "VMP of absolute differences +2.5 (higher here)" in said
    assert said.endswith("1 “cannot tell”, 1 “higher here”.")
