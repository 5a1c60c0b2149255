import numpy as np
import pytest

from vmp.figures.palette import DIFFERENCE_ANCHORS
from vmp.figures.surfaces import DIFFERENCE_SCALE, coarsen, surface_plot


def test_coarsen_averages_blocks_by_hand():
    values = np.arange(16, dtype=np.float32).reshape(4, 4)
    assert coarsen(values, 2).tolist() == [[2.5, 4.5], [10.5, 12.5]]


def test_coarsen_keeps_the_shape_and_the_mean():
    values = np.random.default_rng(0).random((270, 480))
    coarse = coarsen(values, 60)
    assert coarse.shape == (34, 60)
    assert coarse.mean() == pytest.approx(values.mean(), abs=2e-4)  # 270 rows make blocks of 7 and 8
    assert coarsen(values, 1000).shape == (270, 480)


def test_coarsen_refuses():
    with pytest.raises(ValueError, match=r"map \(H, W\), got shape \(2, 2, 3\)"):
        coarsen(np.zeros((2, 2, 3)))
    with pytest.raises(ValueError, match="columns must be 2 or more, got 1"):
        coarsen(np.zeros((4, 4)), 1)


def test_palette_as_plotly_writes_it():
    assert [position for position, _ in DIFFERENCE_SCALE] == [0, 0.25, 0.5, 0.75, 1]
    assert DIFFERENCE_SCALE[0][1] == f"rgb{DIFFERENCE_ANCHORS[0]}"


def test_each_button_shows_its_map():
    one, two = np.zeros((6, 8)), np.zeros((6, 8))
    one[0] = 0.8  # the top row lies at the back, which is the last row of a surface
    two[5] = -0.4
    figure = surface_plot({"attention": one, "difference": two}, signed={"difference"}, columns=8)
    assert np.asarray(figure.data[0].z)[-1].tolist() == [0.8] * 8
    first, second = figure.layout.updatemenus[0].buttons
    assert (first.label, second.label) == ("attention", "difference")
    assert second.args[0]["z"][0][0] == [-0.4] * 8
    assert second.args[0]["cmin"] == [-1.0]
    assert first.args[0]["cmin"] == [0.0]
    figure = surface_plot({"attention": one, "difference": two}, signed={"difference"}, columns=8, start="difference")
    assert figure.layout.updatemenus[0].active == 1
    assert np.asarray(figure.data[0].z)[0].tolist() == [-0.4] * 8


def test_surface_plot_refuses():
    with pytest.raises(ValueError, match="at least one map"):
        surface_plot({}, signed=set())
    with pytest.raises(ValueError, match=r"signed names \['b'\], which are not among the maps \['a'\]"):
        surface_plot({"a": np.zeros((4, 4))}, signed={"b"})
    with pytest.raises(ValueError, match=r"start must be one of the maps \['a'\], got 'b'"):
        surface_plot({"a": np.zeros((4, 4))}, signed=set(), start="b")
