"""Sensitivities, overview and tables of the chapters on the layer."""

import math

import numpy as np
import pandas as pd
import pytest
import torch

from vmp.figures import sensitivity
from vmp.figures.overview import Overview
from vmp.figures.still import Still
from vmp.figures.tables import Table

M, N = 0.7, -1.2


def test_autograd_agrees_with_finite_differences() -> None:
    d, h = torch.tensor([-0.4, 0.1], dtype=torch.float64), 1e-6
    true = sensitivity.autograd_derivatives(d, M, N)

    def f(alpha: float, beta: float, gamma: float, m: float, n: float) -> list[float]:
        slope = alpha / (beta * abs(math.tanh(m)) + 0.1)
        return [1 / (1 + math.exp(-slope * (x - gamma * math.tanh(n)))) for x in d.tolist()]

    at = {"alpha": 5.0, "beta": 0.45, "gamma": 0.6, "m": M, "n": N}
    for name, values in true.items():
        up, down = f(**(at | {name: at[name] + h})), f(**(at | {name: at[name] - h}))
        expected = [(u - v) / (2 * h) for u, v in zip(up, down, strict=True)]
        assert values.tolist() == pytest.approx(expected, rel=1e-5, abs=1e-9)


def test_only_equation_19_deviates_and_only_for_positive_m() -> None:
    table = sensitivity.deviations(M, N).set_index("equation")
    right = table.drop(index="19")
    assert (right[["deviation_at_m", "deviation_at_minus_m"]].to_numpy() < 1e-12).all()
    assert table.loc["19", "deviation_at_minus_m"] < 1e-12
    # the printed form is minus the true one: they are twice its size apart
    assert table.loc["19", "deviation_at_m"] == pytest.approx(2 * table.loc["19", "largest_value"], rel=1e-6)


@pytest.mark.parametrize("m", [M, -M])
def test_the_mended_equation_19_agrees_on_both_sides(m: float) -> None:
    d = sensitivity.differences(51)
    true = sensitivity.autograd_derivatives(d, m, N)["m"]
    torch.testing.assert_close(sensitivity.derivative_of_m(d, m, N), true, rtol=1e-12, atol=1e-12)


def test_sensitivity_figures_become_stills() -> None:
    figures = [*sensitivity.sensitivity_figures(M, N), *sensitivity.sign_figures(M, N)]
    assert len(figures) == 6
    assert "Eq. 19" in Still(*figures, alt="derivatives").html


def test_overview_shows_what_the_layer_computes() -> None:
    frames = np.zeros((3, 18, 32, 3), np.uint8)
    frames[1:, 4:8] = 255  # rows that turn white between the first two frames
    overview = Overview(frames, slope=20.0, shift=0.1, caption="what to see")
    assert overview.maps["difference"][0, 5, 0] == pytest.approx(1.0)
    assert overview.maps["difference"][1].tolist() == np.zeros((18, 32)).tolist()
    assert overview.maps["attention"][1, 0, 0] == pytest.approx(1 / (1 + math.exp(2.0)))
    assert overview.maps["prompt"][1, 5, 0].tolist() == pytest.approx([1 / (1 + math.exp(2.0))] * 3)
    assert overview.html.count("<image ") == 9  # 3 frames, 2 differences, 2 attention maps, 2 prompts
    assert "what to see" in overview.html


def test_overview_says_what_frames_it_takes() -> None:
    with pytest.raises(ValueError, match=r"expected uint8 of shape \(3, H, W, 3\), got float32"):
        Overview(np.zeros((3, 18, 32, 3), np.float32), 20.0, 0.1)  # type: ignore[arg-type]


def test_table_numbers_dashes_and_emphasis() -> None:
    frame = pd.DataFrame({"what <is>": ["a", "b"], "value": [1.23456, np.nan], "tiny": [1e-9, 0.0], "n": [3, 4]})
    made = Table(frame, caption="see", decimals={"value": 2}, emphasise=pd.Series([False, True]))
    assert "what &lt;is&gt;" in made.html
    assert ">1.23<" in made.html
    assert ">–<" in made.html
    assert ">1.0e-09<" in made.html
    assert ">3<" in made.html
    assert made.html.count("font-weight:700") == 4  # the four cells of the second row


def test_table_mistakes() -> None:
    with pytest.raises(ValueError, match="at least one column"):
        Table(pd.DataFrame())
    with pytest.raises(ValueError, match="expected 1 values, one a row, got 2"):
        Table(pd.DataFrame({"a": [1]}), emphasise=pd.Series([True, False]))


def test_a_stacked_table_labels_its_cells() -> None:
    made = Table(pd.DataFrame({"where": ["Eq. 19"], "effect": ["none"]}), stack=True)
    assert 'data-label="effect"' in made.html
    assert "@media" in made.html
    assert "@media" not in Table(pd.DataFrame({"a": [1]})).html
