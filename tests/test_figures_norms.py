import math

import numpy as np
import pytest

from vmp.figures import norms
from vmp.figures.still import Still


def test_family_by_hand():
    gamma, max_exp, sigm_e, asinh_e = norms.family(gamma=0.5, max_exp=2.0, sigm_e=4.0, asinh_e=3.0)
    p = np.array([0.25, -0.25, 0.0])
    np.testing.assert_allclose(gamma(p), [0.5, -0.5, 0])
    np.testing.assert_allclose(max_exp(p), [1 - 0.75**2, 0.75**2 - 1, 0])
    np.testing.assert_allclose(sigm_e(p), [2 / (1 + math.exp(-1)) - 1, 1 - 2 / (1 + math.exp(-1)), 0], atol=1e-12)
    np.testing.assert_allclose(asinh_e(p), [math.asinh(0.75), -math.asinh(0.75), 0])
    assert gamma.label == "Gamma, g = 0.5"


def test_learned_is_not_odd():
    ours = norms.learned(10.0, -0.5)
    np.testing.assert_allclose(ours(np.array([0.0, -0.5])), [1 / (1 + math.exp(-5)), 0.5])
    assert not ours.odd


def test_parameters_outside_their_range_are_refused_when_the_family_is_made():
    with pytest.raises(ValueError, match="expected 0 < g <= 1, got 2"):
        norms.family(gamma=2)


def test_table_at_zero_by_hand():
    table = norms.at_zero([*norms.family(), norms.learned(23.45, 0.03, "ours")], step=0.01)
    gamma = table.loc["Gamma, g = 0.5"]
    assert gamma["f(0)"] == 0
    assert gamma["one level brighter"] == pytest.approx(0.1)
    assert gamma["one level darker"] == pytest.approx(-0.1)
    ours = table.loc["ours, a = 23.45, b = 0.03"]
    still = 1 / (1 + math.exp(23.45 * 0.03))
    assert ours["f(0)"] == pytest.approx(still)
    assert ours["one level brighter"] == pytest.approx(1 / (1 + math.exp(23.45 * 0.02)) - still)
    assert ours["f(1)"] == pytest.approx(1, abs=1e-6)


def test_before_after_by_hand():
    differences, slopes, after = norms.before_after(b=0.5, count=3)
    assert differences.tolist() == [-1, 0, 1]
    np.testing.assert_allclose(slopes, [5 / 0.55, (5 / 0.55 + 50) / 2, 50])
    assert after.shape == (3, 3)
    assert after[2, 1] == pytest.approx(1 / (1 + math.exp(25)))


def test_panels_are_legible_stills():
    family = norms.family()
    panels = [
        norms.family_panel(family, 11.04, -0.59),
        norms.slope_panel(11.04),
        norms.shift_panel(-0.59),
        norms.before_after_panel(-0.59),
    ]
    html = Still(*panels, alt="Fig. 3").html  # refuses text under 11 px and heavy SVG
    assert html.count("<svg") == 4


def test_marked_points_lie_on_their_curves():
    figure = norms.slope_panel(23.45)
    (m_low, m_high), (a, again) = figure.axes[0].lines[-1].get_data()
    assert m_low == -m_high
    assert a == again == 23.45
    assert 5 / (0.45 * math.tanh(m_high) + 0.1) == pytest.approx(23.45)
    figure = norms.shift_panel(-0.36)
    (n,), (b,) = figure.axes[0].lines[-1].get_data()
    assert 0.6 * math.tanh(n) == pytest.approx(b) == pytest.approx(-0.36)
    Still(norms.slope_panel(), norms.shift_panel(), figure, alt="closes them")


def test_slider_moves_only_the_learnable_curve():
    figure = norms.family_plot(norms.family(), a=20.0, steps=5)
    last = len(figure.data) - 1
    steps = figure.layout.sliders[0].steps
    assert [step.label for step in steps] == ["-0.6", "-0.3", "0", "0.3", "0.6"]
    assert all(list(step.args[1]) == [last] for step in steps)
    assert list(steps[2].args[0]["y"][0]) == list(figure.data[last].y)
    assert steps[0].args[0]["y"][0][80] == pytest.approx(1 / (1 + math.exp(-12)), abs=1e-4)  # p = 0, b = -.6


def test_surface_of_before_and_after():
    figure = norms.before_after_plot(0.0)
    assert np.asarray(figure.data[0].z).shape == (41, 41)
    assert figure.layout.scene.xaxis.title.text == "difference before"
