"""Published weights of BGR clips: what is trained on from them, and whatever tests that, is given BGR clips too."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

import vmp
from vmp.backbones import BACKBONES
from vmp.backbones.spec import WeightsEntry
from vmp.checkpoint import channel_order_of, load_weights
from vmp.devices import OneDevice
from vmp.evaluate import predict
from vmp.experiments import datasets
from vmp.experiments.models import channel_order, clip_input, fresh_model, starting_model
from vmp.experiments.run import Run
from vmp.experiments.single import evaluate_weights, train_in
from vmp.recipe import Recipe

# Said by torch itself, about its own internals, while transformers is imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

ONCE = Recipe(1, 8)


@pytest.fixture
def published(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A TimeSformer of few parameters that stands for the published one of SSv2."""
    backbone = vmp.build("timesformer", 5, size="tiny", generator=torch.Generator().manual_seed(1)).backbone
    torch.save(backbone.state_dict(), tmp_path / "ssv2.bin")
    entry = WeightsEntry("ssv2", (tmp_path / "ssv2.bin").as_uri(), 5, "MIT", channel_order="BGR")
    spec = BACKBONES["timesformer"]
    monkeypatch.setenv("VMP_CACHE", str(tmp_path / "cache"))
    monkeypatch.setitem(BACKBONES, "timesformer", replace(spec, paper=spec.tiny, weights=(entry,)))


def a_run(start: Run | str | None = "ssv2", prompts: bool | None = True, **options: object) -> Run:
    return Run(
        "libras-static", "timesformer", ONCE, size="paper", scale="smoke", start=start, prompts=prompts,
        **options,  # type: ignore[arg-type]
    )  # fmt: skip


@pytest.mark.usefixtures("published")
def test_a_second_round_keeps_the_order_of_the_first() -> None:
    first = a_run()
    second = a_run(first, head="kept")
    models = [starting_model(first, 15, None), fresh_model(second, 15)]
    assert [model.clip_input.channel_order for model in models] == ["BGR", "BGR"]
    assert [model.prompts["clip"].channel_order for model in models] == ["BGR", "BGR"]
    assert clip_input(second) == models[1].clip_input
    asked = fresh_model(a_run(first, layer=(("channel_order", "RGB"),)), 15)
    assert (asked.clip_input.channel_order, asked.prompts["clip"].channel_order) == ("BGR", "RGB")
    assert channel_order(a_run(a_run(None))) == channel_order(a_run(None)) == "RGB"


@pytest.mark.usefixtures("published")
def test_what_was_trained_is_tested_on_clips_of_its_order(tmp_path: Path) -> None:
    run = a_run(prompts=None)
    trained = train_in(tmp_path / "first", run, devices=OneDevice("cpu"), progress=None)
    assert channel_order_of(trained.weights) == "BGR"
    model = starting_model(run, 15, None)  # by the name of the published weights, which is what knows the order
    load_weights(model, trained.weights)
    expected = predict(model, datasets.load(run, "test", clip_input(run)))
    np.testing.assert_array_equal(evaluate_weights(trained.weights, run)[0].scores, expected.scores)
    assert channel_order(a_run(str(trained.weights))) == "BGR"  # vmp train --weights first/


@pytest.mark.usefixtures("published")
def test_weights_are_refused_by_a_model_that_is_given_the_other_order(tmp_path: Path) -> None:
    trained = train_in(tmp_path / "first", a_run(), devices=OneDevice("cpu"), progress=None)
    model = fresh_model(a_run(None), 15)
    before = {name: value.clone() for name, value in model.state_dict().items()}
    with pytest.raises(ValueError, match=r"trained on BGR clips, and the model is given RGB ones\. Build it with"):
        load_weights(model, trained.weights)
    assert all(torch.equal(value, before[name]) for name, value in model.state_dict().items())
