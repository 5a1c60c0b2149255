"""V over slope and shift, and what descending it does."""

import math

import numpy as np
import pytest
import torch

import vmp
from vmp.experiments import paper
from vmp.figures import variation, variation_plots
from vmp.figures.still import Still


def _pairs() -> torch.Tensor:
    return variation.difference_pairs(0.2 * torch.randn(1, 1, 5, 12, 10, generator=torch.Generator().manual_seed(0)), 1)


def test_pairs_are_the_same_pixel_at_consecutive_maps() -> None:
    difference = torch.arange(12.0).reshape(1, 1, 3, 2, 2)
    pairs = variation.difference_pairs(difference, every=1)
    assert pairs.tolist() == [[0, 1, 2, 3, 4, 5, 6, 7], [4, 5, 6, 7, 8, 9, 10, 11]]
    assert variation.difference_pairs(difference, every=2).tolist() == [[0, 4], [4, 8]]


def test_variation_of_pairs_is_the_layers() -> None:
    difference = 0.2 * torch.randn(2, 1, 4, 6, 6, generator=torch.Generator().manual_seed(1))
    expected = vmp.attention_variation(vmp.power_normalise(difference, 20.0, -0.2))
    got = variation.variation_of_pairs(
        variation.difference_pairs(difference, 1), torch.tensor([20.0]), torch.tensor([-0.2])
    )
    assert got.item() == pytest.approx(expected.item(), rel=1e-5)


def test_surface_gradient_is_the_slope_of_the_surface() -> None:
    pairs, h = _pairs().double(), 1e-4
    surface = variation.variation_surface(
        pairs, np.array([20.0 - h, 20.0, 20.0 + h]), np.array([0.1 - h, 0.1, 0.1 + h])
    )
    by_a = (surface.variation[2, 1] - surface.variation[0, 1]) / (2 * h)
    by_b = (surface.variation[1, 2] - surface.variation[1, 0]) / (2 * h)
    assert surface.by_slope[1, 1] == pytest.approx(by_a, rel=1e-4)
    assert surface.by_shift[1, 1] == pytest.approx(by_b, rel=1e-4)


def test_lowest_and_highest_are_on_the_surface() -> None:
    surface = variation.variation_surface(_pairs())
    assert surface.lowest[2] == surface.variation.min()
    assert surface.highest[2] == surface.variation.max()
    assert abs(surface.highest[1]) < 0.2  # the threshold in the middle of the differences lets most through


def test_descent_lowers_v_and_leaves_the_side_of_the_shift() -> None:
    starts = torch.tensor([0.5, 0.5]), torch.tensor([0.4, -0.4])
    descent = variation.descend(_pairs(), *starts, rate=2.0, steps=50)
    assert (np.diff(descent.variation, axis=0) <= 0).all()
    ends = descent.ends()
    assert ends["b_end"].tolist()[0] > ends["b_start"].tolist()[0] > 0
    assert ends["b_end"].tolist()[1] < ends["b_start"].tolist()[1] < 0
    assert ends["f0_end"].tolist()[1] == pytest.approx(1 / (1 + math.exp(ends["a_end"][1] * ends["b_end"][1])))
    assert descent.time[-1] == 100.0


def test_time_of_sgd() -> None:
    # lambda 2.5, rate .005, momentum .9: each step counts .125
    assert variation.sgd_time(2.5, 0.005, 0.9, 1000) == pytest.approx(125.0)


def test_random_starts_are_the_seeds_own() -> None:
    first, second = variation.random_starts(4, 3), variation.random_starts(4, 3)
    assert torch.equal(first[0], second[0])
    assert first[0].shape == (4,)


def test_table_of_pairs() -> None:
    table = variation.table_of_pairs({"clip": _pairs()}, [("one", 20.0, 0.0)])
    assert table["f(0)"].tolist() == [0.5]
    assert list(table.columns) == ["pair", "a", "b", "f(0)", "V, clip"]


def test_figures_become_stills_and_the_plot_has_the_grid() -> None:
    surface = variation.variation_surface(_pairs())
    descent = variation.descend(_pairs(), *variation.random_starts(3, 0), rate=5.0, steps=5)
    page = paper.learned_parameters("page").dropna()
    figures = [
        variation_plots.surface_figure(surface, "V", [("FineGym", 11.04, -0.59)]),
        *variation_plots.descent_figures(descent, "paths"),
        *variation_plots.learned_figures(page, (2.5, 11.04, -0.59)),
    ]
    assert len(Still(*figures, alt="V").html) < 200_000
    plot = variation_plots.surface_plot(surface, "V", [("FineGym", 11.04, -0.59)])
    assert len(plot.data[0].z) == len(surface.slopes)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: variation.difference_pairs(torch.zeros(1, 1, 1, 4, 4)), "T >= 3"),
        (lambda: variation.descend(_pairs(), torch.zeros(1), torch.zeros(1), 0.0, 5), "rate=0.0"),
        (lambda: variation.sgd_time(1.0, 0.1, 1.0, 5), "momentum < 1"),
    ],
)
def test_mistakes_are_named(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=message):
        call()
