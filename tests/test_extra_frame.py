"""The extra frame alone: a backbone without a layer that takes the frame which a layer would take."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from experiment_stand_ins import BASELINE, PROMPTED, RECIPE, SOURCE
from torch import Tensor

import vmp
from vmp.backbones import BACKBONES, VideoModel
from vmp.backbones.positions import with_extra_time
from vmp.checkpoint import load_weights, save_weights
from vmp.clip_maps import shown_layer, shown_pathway
from vmp.data.pathways import pathway_windows
from vmp.data.source import normalised
from vmp.experiments.device import Device
from vmp.experiments.perform import perform
from vmp.experiments.run import Run
from vmp.experiments.state import state_of
from vmp.experiments.store import Store
from vmp.experiments.work import Work
from vmp.live import Seeing
from vmp.predict import Predictor

# Said by torch itself, about its own internals, while transformers is imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

ONE_INPUT = [name for name, spec in BACKBONES.items() if len(spec.pathways) == 1]
TIMES = "backbone.timesformer.embeddings.time_embeddings"


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def tiny(name: str, **options: Any) -> VideoModel:
    return vmp.build(name, 5, size="tiny", generator=seeded(), **options)


def clip_of(model: VideoModel, more: int = 0) -> Tensor:
    (pathway,), side = model.clip_input.pathways, model.clip_input.crop
    return torch.randn((1, 3, pathway.frames + 1 + more, side, side), generator=seeded(7))


# --- the models ---


@pytest.mark.parametrize("name", ONE_INPUT)
def test_every_one_of_the_frames_counts(name: str) -> None:
    model = tiny(name, extra_frame=True).eval()
    with torch.no_grad():
        for parameter in model.backbone.parameters():  # as built, what is last in each block is 0 and hides the rest
            parameter.add_(torch.randn(parameter.shape, generator=seeded(3)), alpha=0.05)
    assert model.extra_frame
    assert not model.prompts
    assert [pathway.extra for pathway in model.clip_input.pathways] == [True]
    clip = clip_of(model)
    logits, variation = model(clip, return_variation=True)
    assert logits.shape == (1, 5)
    assert variation == 0
    for place in range(clip.shape[2]):
        other = clip.clone()
        other[:, :, place] += 3
        assert (model(other) - logits).abs().max() > 1e-3 * logits.abs().max(), place


@pytest.mark.parametrize("name", ONE_INPUT)
def test_it_takes_the_weights_of_the_baseline(name: str, tmp_path: Path) -> None:
    baseline, model = tiny(name), vmp.build(name, 5, size="tiny", generator=seeded(5), extra_frame=True)
    assert not baseline.extra_frame
    save_weights(tmp_path / "w.safetensors", baseline.state_dict(), {})
    load_weights(model, tmp_path / "w.safetensors")
    for key, value in baseline.state_dict().items():
        came = model.state_dict()[key]
        if key == TIMES:  # the first time is that of the extra frame too
            assert torch.equal(came[:, 1:], value)
            assert torch.equal(came[:, 0], value[:, 0])
        else:
            assert torch.equal(came, value), key
    again = tiny(name, extra_frame=True)
    save_weights(tmp_path / "again.safetensors", model.state_dict(), {})
    load_weights(again, tmp_path / "again.safetensors")
    assert torch.equal(again(clip_of(again)), model(clip_of(model)))


def test_published_weights_are_stretched_in_the_same_way(tmp_path: Path) -> None:
    baseline = tiny("timesformer")
    torch.save(baseline.backbone.state_dict(), tmp_path / "w.bin")
    model = tiny("timesformer", extra_frame=True, weights=tmp_path / "w.bin")
    expected = with_extra_time(baseline.state_dict(), model.state_dict())[TIMES]
    assert torch.equal(model.state_dict()[TIMES], expected)


def test_other_numbers_of_times_are_not_taken(tmp_path: Path) -> None:
    save_weights(tmp_path / "w.safetensors", tiny("timesformer", extra_frame=True).state_dict(), {})
    with pytest.raises(ValueError, match=r"of another shape: backbone\.timesformer.*time_embeddings \(1, 9, 64\), not"):
        load_weights(tiny("timesformer"), tmp_path / "w.safetensors")
    state = {"time_embeddings": torch.zeros(1, 4, 2), "other": torch.zeros(1, 8, 2)}
    own = {"time_embeddings": torch.zeros(1, 9, 2), "other": torch.zeros(1, 9, 2)}
    assert {name: value.shape[1] for name, value in with_extra_time(state, own).items()} == {
        "time_embeddings": 4, "other": 8,
    }  # fmt: skip


def test_what_a_model_refuses() -> None:
    with pytest.raises(
        ValueError, match=r"extra_frame: expected a model without a layer, .* a layer for clip\. Choose"
    ):
        tiny("c2d", prompts=True, extra_frame=True)
    with pytest.raises(
        ValueError, match="extra_frame: expected a backbone of one input, got slowfast_8x8: its pathway"
    ):
        tiny("slowfast_8x8", extra_frame=True)
    model = tiny("c2d", extra_frame=True)
    with pytest.raises(
        ValueError, match=r"expected clip \(B, 3, 9, H, W\) with the extra frame first, .*; got float32"
    ):
        model(clip_of(model, more=-1))


def test_it_is_shown_and_watched_as_the_clip_is() -> None:
    model = tiny("i3d", extra_frame=True).eval()
    predictor = Predictor(model, ("a", "b", "c", "d", "e"), Run("libras-static", "i3d", RECIPE, extra_frame=True))
    assert shown_pathway(model) == model.clip_input.pathways[0]
    assert shown_layer(model).shift.item() == pytest.approx(-0.59)  # FineGym's pair
    frames = np.random.default_rng(1).integers(0, 255, (20, 64, 64, 3), np.uint8)
    seeing, said = Seeing(predictor), {}
    for number, frame in enumerate(frames):
        seen = seeing(frame, number / 30)
        if seen is not None and seen.new:
            said[number] = seen.probabilities
    assert list(said) == [16, 18]
    windows = pathway_windows(20, model.clip_input, start=2)
    assert windows.indices[0].tolist() == list(range(0, 17, 2))
    (inputs,) = normalised([torch.from_numpy(frames[windows.indices[0]])[None]], model.clip_input)
    assert said[16] == pytest.approx(model(inputs)[0].softmax(0).detach().numpy(), abs=1e-5)


# --- the runs ---


def test_both_controls_are_trained_stored_and_fresh(tmp_path: Path) -> None:
    """Each starts from the weights of a run that knows neither, and is found again by what it is."""
    alone = replace(BASELINE, extra_frame=True)
    adjacent = replace(PROMPTED, start=SOURCE, head="new", adjacent=True)
    store, work, device = Store(tmp_path / "results"), Work(tmp_path / "work"), Device.of("cpu", 1)
    for run in (SOURCE, alone, adjacent):
        perform(run, store, work, device)
    assert [state_of(run, store).name for run in (SOURCE, alone, adjacent)] == ["stored"] * 3
    assert [state_of(run, store).name for run in (BASELINE, replace(adjacent, adjacent=False))] == ["missing"] * 2
    assert list(store.record(adjacent.identity).start) == ["clip"]
    assert store.record(alone.identity).start == {}
    assert store.record(alone.identity).run == alone
