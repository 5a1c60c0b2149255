import math

import numpy as np
import pytest

from vmp.figures import norm_plots, norms
from vmp.figures.palette import colour_attention, colour_difference
from vmp.figures.still import Still


def test_panels_are_legible_stills():
    family = norms.family()
    panels = [
        norm_plots.family_panel(family, 11.04, -0.59),
        norm_plots.slope_panel(11.04),
        norm_plots.shift_panel(-0.59),
        norm_plots.before_after_panel(-0.59),
    ]
    html = Still(*panels, alt="Fig. 3").html  # refuses text under 11 px and heavy SVG
    assert html.count("<svg") == 4


def test_marked_points_lie_on_their_curves():
    figure = norm_plots.slope_panel(23.45)
    (m_low, m_high), (a, again) = figure.axes[0].lines[-1].get_data()
    assert m_low == -m_high
    assert a == again == 23.45
    assert 5 / (0.45 * math.tanh(m_high) + 0.1) == pytest.approx(23.45)
    figure = norm_plots.shift_panel(-0.36)
    (n,), (b,) = figure.axes[0].lines[-1].get_data()
    assert 0.6 * math.tanh(n) == pytest.approx(b) == pytest.approx(-0.36)
    Still(norm_plots.slope_panel(), norm_plots.shift_panel(), figure, alt="closes them")


def test_curves_for_the_mouse_mark_the_pair_on_the_curve():
    curve, dots = norm_plots.slope_plot(23.45).data
    assert max(curve.y) == 50  # at m = 0
    assert list(dots.y) == [23.45, 23.45]
    assert 5 / (0.45 * math.tanh(dots.x[1]) + 0.1) == pytest.approx(23.45)
    curve, dot = norm_plots.shift_plot(-0.599).data
    assert 0.6 * math.tanh(dot.x[0]) == pytest.approx(-0.599)
    assert min(curve.x) < dot.x[0]  # a shift so near its bound still lies inside the picture


def test_slider_moves_only_the_learnable_curve():
    figure = norm_plots.family_plot(norms.family(), a=20.0, b=0.35, steps=5)
    last = len(figure.data) - 1
    steps = figure.layout.sliders[0].steps
    assert [step.label for step in steps] == ["-0.6", "-0.3", "0", "0.3", "0.6"]
    assert all(list(step.args[1]) == [last] for step in steps)
    assert figure.layout.sliders[0].active == 3  # .3 is nearest to .35
    assert list(steps[3].args[0]["y"][0]) == list(figure.data[last].y)
    assert steps[0].args[0]["y"][0][80] == pytest.approx(1 / (1 + math.exp(-12)), abs=1e-4)  # p = 0, b = -.6


def test_surface_of_before_and_after():
    figure = norm_plots.before_after_plot(0.0)
    assert np.asarray(figure.data[0].z).shape == (41, 41)
    assert figure.layout.scene.xaxis.title.text == "difference before"


def test_pair_panels_mark_the_value_of_stillness():
    figures = norm_plots.pair_panels({"MPII": (23.45, 0.03), "FineGym": (11.04, -0.59)})
    marks = [line.get_data() for line in figures[0].axes[0].lines if line.get_marker() == "o"]
    assert [float(x[0]) for x, _ in marks] == [0, 0]
    assert marks[0][1][0] == pytest.approx(1 / (1 + math.exp(23.45 * 0.03)))
    Still(*figures, alt="pairs")


def test_pictures_of_a_norm_keep_the_sign_in_the_map_and_clip_it_in_the_prompt():
    frame = np.full((1, 2, 3), 200, dtype=np.uint8)
    difference = np.array([[0.25, -0.25]])
    (values, _), (prompt, _) = norm_plots.norm_pictures(norms.family(gamma=0.5)[0], difference, frame)
    np.testing.assert_array_equal(values, colour_difference(np.array([[0.5, -0.5]])))
    assert prompt[0, :, 0].tolist() == [100, 0]
    (attention, caption), _ = norm_plots.norm_pictures(norms.learned(10.0, 0.25), difference, frame)
    assert caption == "attention"
    np.testing.assert_array_equal(attention, colour_attention(np.array([[0.5, 1 / (1 + math.exp(5))]])))


def test_profile_is_a_legible_still_and_refuses_a_row_outside():
    difference = np.linspace(-0.3, 0.3, 20).reshape(2, 10)
    figure = norm_plots.profile_panel(
        [*norms.family(), norms.learned(23.45, 0.03)], difference, row=1, columns=slice(2, 8)
    )
    np.testing.assert_allclose(figure.axes[0].lines[0].get_ydata(), difference[1, 2:8])
    np.testing.assert_array_equal(figure.axes[0].lines[0].get_xdata(), np.arange(2, 8))
    Still(figure, alt="profile")
    with pytest.raises(ValueError, match="row must lie in 0 to 1, got 2"):
        norm_plots.profile_panel(norms.family(), difference, row=2, columns=slice(None))


def test_map_panel_is_a_small_still_with_the_range_of_its_kind():
    signed = norm_plots.map_panel(np.zeros((34, 60)), "difference", signed=True)
    plain = norm_plots.map_panel(np.zeros((34, 60)), "attention", signed=False)
    assert signed.axes[0].images[0].get_clim() == (-1, 1)
    assert plain.axes[0].images[0].get_clim() == (0, 1)
    assert len(Still(signed, plain, alt="maps").html) < 60_000
