"""What the chapter on the layer measures of it: contracts, gating."""

import pytest
import torch

import vmp
from vmp.figures import contract, gating
from vmp.figures.still import Still


def _clip(frames: int = 4) -> torch.Tensor:
    return torch.rand(1, 3, frames, 6, 8, generator=torch.Generator().manual_seed(0))


def test_shapes_and_dtypes() -> None:
    layer = vmp.MotionPrompt.from_slope_shift(20.0, 0.0, mean=None, std=None)
    table = contract.shapes({"whole": (layer, _clip()), "half": (layer, _clip(2).bfloat16())})
    assert table["prompts out"].tolist() == ["(1, 3, 3, 6, 8)", "(1, 3, 1, 6, 8)"]
    assert table["prompts are"].tolist() == ["float32", "bfloat16"]
    assert table["V is"].tolist() == ["float32", "float32"]
    assert table["V"].tolist()[1] == 0.0


def test_one_map_is_kept_beside_the_clip() -> None:
    table = contract.kept_for_backward(vmp.MotionPrompt(mean=None, std=None), _clip()).set_index("what")
    assert table.loc["the clip itself", "share_of_clip"] == 1.0
    assert table.loc["a map", "shape"] == "(1, 3, 6, 8)"
    assert table.loc["a map", "bytes"] == 3 * 6 * 8 * 4


def test_options_differ_where_they_should() -> None:
    table = contract.options((_clip() - 0.45) / 0.225, 20.0, 0.0).set_index("layer")
    assert table.loc["the default", "differs"] == 0
    assert (table["differs"][1:] > 0).all()
    assert table.loc["paper()", "V"] == pytest.approx(48 * table.loc["the default", "V"], rel=1e-5)


def test_telling_pixels_go_from_darkest_to_brightest() -> None:
    difference = torch.tensor([[0.3, -0.2], [0.0, 0.1]])
    chosen = gating.telling_pixels(difference, (0.0, 1 / 3, 1.0))
    assert difference.flatten()[chosen].tolist() == pytest.approx([-0.2, 0.0, 0.3])
    with pytest.raises(ValueError, match=r"values in \[0, 1\]"):
        gating.telling_pixels(difference, (2.0,))


def test_matrices_and_k_become_stills() -> None:
    softmax, gates = torch.softmax(torch.randn(3, 3), dim=-1), torch.tensor([0.1, 0.5, 1.0])
    still = Still(*gating.matrix_figures(softmax, gates), gating.k_figure(3.636), alt="matrices")
    assert "k = 3.64" in still.html
