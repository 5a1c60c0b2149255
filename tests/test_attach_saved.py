"""An attached model's layer in a file of its own."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from tiny_video_models import seeded, timesformer
from torch import nn

import vmp
from vmp.prompt_file import FILE_NAME, load_prompt, save_prompt

OPTIONS: dict[str, Any] = {
    "alpha": 4.1,
    "beta": 0.3,
    "gamma": 0.7,
    "epsilon": 0.2,
    "mean": (0.1, 0.2, 0.3),
    "std": (0.4, 0.5, 0.6),
    "channel_order": "BGR",
    "layout": "BTCHW",
    "difference": "absolute",
    "product": "pixels",
    "pixel_reduction": "sum",
    "check_finite": True,
}


def head() -> nn.Module:
    return nn.Sequential(nn.AdaptiveAvgPool3d(1), nn.Flatten(), nn.Linear(3, 2))


def prompt(seed: int = 0, **options: Any) -> vmp.MotionPrompt:
    return vmp.MotionPrompt(generator=torch.Generator().manual_seed(seed), **options)


@pytest.mark.parametrize(
    "options", [{}, {"mean": None, "std": None}, OPTIONS], ids=["defaults", "pixels", "all others"]
)
@pytest.mark.parametrize("dtype", [torch.float32, torch.float64, torch.bfloat16], ids=str)
def test_a_layer_comes_back_as_it_was(tmp_path: Path, options: dict[str, Any], dtype: torch.dtype) -> None:
    layer = prompt(**options).to(dtype)
    model = vmp.attach(head(), layer, lambda_=0.1, num_frames=4)
    assert save_prompt(model, tmp_path / "new") == tmp_path / "new" / FILE_NAME
    assert [path.name for path in (tmp_path / "new").iterdir()] == [FILE_NAME]
    before = torch.random.get_rng_state()
    for place in (tmp_path / "new", str(tmp_path / "new" / FILE_NAME)):
        loaded = load_prompt(place)
        came = loaded.pop("layer")
        assert repr(came) == repr(layer)  # every option that is not the default, slope and shift
        for name in ("m", "n"):
            assert torch.equal(getattr(came, name), getattr(layer, name))
            assert getattr(came, name).dtype == dtype
        assert loaded == {"layout": "BCTHW", "input_name": "input", "num_frames": 4, "lambda_": 0.1}
    assert torch.equal(torch.random.get_rng_state(), before)


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # said by transformers' own writing
def test_save_pretrained_writes_both(tmp_path: Path) -> None:
    layer = prompt(layout="BTCHW", mean=(0.5,) * 3, std=(0.5,) * 3)
    model: Any = vmp.attach(seeded(timesformer), layer, layout="BTCHW", lambda_=2.0).eval()
    model.save_pretrained(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} == {"config.json", "model.safetensors", FILE_NAME}
    backbone = type(seeded(timesformer)).from_pretrained(tmp_path)
    again: Any = vmp.attach(backbone, **vmp.load_prompt(tmp_path)).eval()
    clip = torch.randn(2, 5, 3, 16, 16)
    labels = torch.tensor([0, 1])
    came, expected = (one(pixel_values=clip, labels=labels) for one in (again, model))
    assert torch.equal(came.logits, expected.logits)
    assert torch.equal(came.loss, expected.loss)
    with pytest.raises(ValueError, match=r"push_to_hub: .* use model\.push_to_hub"):
        model.save_pretrained(tmp_path, push_to_hub=True)
    model.save_pretrained(tmp_path / "second", is_main_process=False)  # another process writes
    assert not (tmp_path / "second" / FILE_NAME).exists()


class Saved(nn.Module):
    """A model with a save_pretrained of its own that is not transformers'."""

    def __init__(self) -> None:
        super().__init__()
        self.head = head()

    def forward(self, clip: torch.Tensor) -> torch.Tensor:
        return self.head(clip)

    def save_pretrained(self, save_directory: Path) -> str:
        torch.save(self.state_dict(), save_directory / "w")
        return "written"


def test_other_models_with_save_pretrained(tmp_path: Path) -> None:
    model: Any = vmp.attach(Saved(), prompt())
    assert isinstance(model, Saved)
    assert model.save_pretrained(tmp_path) == "written"
    again: Any = vmp.attach(Saved(), **load_prompt(tmp_path))
    again.load_state_dict(torch.load(tmp_path / "w", weights_only=True))
    clip = torch.randn(2, 3, 5, 8, 8)
    assert torch.equal(again(clip), model(clip))


class Mine(vmp.MotionPrompt):
    """Whoever's."""


def test_what_cannot_be_saved(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"model: expected one that vmp\.attach made, got Sequential"):
        save_prompt(head(), tmp_path)
    with pytest.raises(ValueError, match=r"layer: expected a MotionPrompt, got Mine, whose options are not known"):
        save_prompt(vmp.attach(head(), Mine()), tmp_path)


def test_what_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"vmp_prompt\.safetensors: there is no such file"):
        load_prompt(tmp_path)
    save_prompt(vmp.attach(head(), prompt()), tmp_path)
    whole = (tmp_path / FILE_NAME).read_bytes()
    for content in (b"", whole[:-1], b"PK\x03\x04 something else"):
        (tmp_path / FILE_NAME).write_bytes(content)
        with pytest.raises(ValueError, match="broken, or not a layer that was saved"):
            load_prompt(tmp_path)
    save_file({"m": torch.zeros(1)}, tmp_path / FILE_NAME)
    with pytest.raises(ValueError, match=r"expected the format 'vmp prompt 1', got None"):
        load_prompt(tmp_path)
