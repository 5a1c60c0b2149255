"""Pictures of stored runs: what is drawn is what is in the frames, and missing rows leave their place empty."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from vmp.figures import finetuning
from vmp.figures.still import Still

TITLES = {"baseline": "Baseline", "vmp": "VMP, fine-tuned"}
PAIRS = pd.DataFrame(
    {
        "row": ["vmp", "vmp"],
        "against": ["baseline", "baseline"],
        "paper": [6.0, math.nan],
        "here": [-1.5, math.nan],
        "low": [-4.0, math.nan],
        "high": [2.0, math.nan],
    }
)
EPOCHS = pd.DataFrame(
    {
        "row": ["baseline"] * 4 + ["vmp"] * 2,
        "seed": [0, 0, 1, 1, 0, 0],
        "epoch": [1, 2, 1, 2, 1, 2],
        "loss": [2.0, 1.0, 4.0, 2.0, 3.0, math.nan],
    }
)
LAYERS = pd.DataFrame({"row": ["vmp"], "start_slope": [20.0], "start_shift": [0.3], "slope": [14.0], "shift": [-0.5]})


def test_a_difference_stands_with_its_interval_and_the_papers() -> None:
    figure = finetuning.difference_figure(PAIRS, TITLES)
    axes = figure.axes[0]
    drawn = [(list(line.get_xdata()), set(line.get_ydata())) for line in axes.lines[1:]]
    assert drawn == [([-4.0, 2.0], {1}), ([-1.5], {1}), ([6.0], {1})]  # the second pair has nothing to draw
    said = [text.get_text() for text in axes.texts]
    assert said == ["VMP, fine-tuned\nagainst Baseline"] * 2
    Still(figure, alt="differences")  # no text too small for a phone


def test_a_curve_is_the_mean_of_the_seeds() -> None:
    figure = finetuning.curves_figure(EPOCHS, TITLES, "loss", "Loss")
    baseline, vmp = figure.axes[0].lines
    assert list(baseline.get_ydata()) == [3.0, 1.5]
    assert list(vmp.get_ydata()) == [3.0]
    Still(figure, alt="curves")


def test_a_line_for_the_mouse_is_one_run() -> None:
    figure = finetuning.curves_plot(EPOCHS, TITLES, "loss", "loss")
    assert [(trace.name, trace.showlegend, list(trace.y)) for trace in figure.data] == [
        ("Baseline", True, [2.0, 1.0]),
        ("Baseline", False, [4.0, 2.0]),
        ("VMP, fine-tuned", True, [3.0]),
    ]
    assert "seed 1" in figure.data[1].hovertemplate


def test_slope_and_shift_stand_where_they_began_and_ended() -> None:
    figure = finetuning.layer_figure(LAYERS, TITLES)
    path, start, end = figure.axes[0].lines[:3]
    assert (list(path.get_xdata()), list(path.get_ydata())) == ([0.3, -0.5], [20.0, 14.0])
    assert (start.get_xdata()[0], start.get_ydata()[0]) == (0.3, 20.0)
    assert start.get_markerfacecolor() == "none"
    assert (end.get_xdata()[0], end.get_ydata()[0]) == (-0.5, 14.0)
    Still(figure, alt="layer")


def test_the_legend_names_each_row_in_its_colour() -> None:
    legend = finetuning.legend_figure(TITLES).axes[0]
    assert [text.get_text() for text in legend.texts] == list(TITLES.values())
    curves = finetuning.curves_figure(EPOCHS, TITLES, "loss", "Loss").axes[0]
    assert [line.get_color() for line in legend.lines] == [line.get_color() for line in curves.lines]


def test_rows_without_words_are_left_out() -> None:
    figure = finetuning.curves_figure(EPOCHS, {"vmp": "VMP"}, "loss", "Loss")
    assert [line.get_label() for line in figure.axes[0].lines] == ["VMP"]


@pytest.mark.parametrize("titles", [{"elsewhere": "Elsewhere"}])
def test_a_row_that_has_no_run_draws_nothing(titles: dict[str, str]) -> None:
    assert not finetuning.curves_figure(EPOCHS, titles, "loss", "Loss").axes[0].lines
