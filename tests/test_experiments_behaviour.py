from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from experiment_stand_ins import BASELINE, PROMPTED, SOURCE, TWICE, record_of

from vmp.backbones.model import VideoModel
from vmp.data import rendered_shelf
from vmp.experiments import behaviour, kept, probes
from vmp.experiments.behaviour import behaviour_of, disagreement, first_difference
from vmp.experiments.run import Run
from vmp.experiments.state import state_of
from vmp.experiments.store import Store
from vmp.recipe import Recipe, pretraining

Forget = Callable[[], None]


@pytest.fixture
def forget() -> Iterator[Forget]:
    """Probe again from now on, and after the test as if nothing had been."""
    behaviour.forget()
    yield behaviour.forget
    behaviour.forget()
    kept.switch_on()


def _stored(store: Store, *runs: Run) -> None:
    for run in runs:
        store.add(*record_of(run))


def _states(store: Store, *runs: Run) -> list[str]:
    return [state_of(run, store).name for run in runs]


@pytest.fixture
def store(tmp_path: Path) -> Store:
    found = Store(tmp_path / "results")
    _stored(found, SOURCE, BASELINE, PROMPTED)
    return found


def test_what_is_stored_is_fresh_and_the_rest_missing(store: Store) -> None:
    assert _states(store, SOURCE, BASELINE, PROMPTED, TWICE) == ["stored", "stored", "stored", "missing"]
    state = state_of(SOURCE, store)
    assert (state.key, state.reason) == (SOURCE.identity, "")


def test_a_refactoring_that_computes_the_same_costs_nothing(
    store: Store, forget: Forget, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = VideoModel.forward

    def refactored(self: VideoModel, clip: Any, return_variation: bool = False) -> Any:
        logits, variation = original(self, clip, return_variation=True)
        noise = 1e-6 * torch.ones_like(logits)  # as another processor would round
        return (logits + noise, variation) if return_variation else logits + noise

    monkeypatch.setattr(VideoModel, "forward", refactored)
    forget()
    assert _states(store, SOURCE, BASELINE, PROMPTED) == ["stored"] * 3


def _stale(store: Store, forget: Forget, runs: tuple[Run, ...], part: str) -> None:
    forget()
    for run in runs:
        state = state_of(run, store)
        assert state.name == "stale"
        assert part in state.reason
        assert state.key == run.identity


def test_another_renderer(store: Store, forget: Forget, monkeypatch: pytest.MonkeyPatch) -> None:
    original = rendered_shelf.Shelf._rendered

    def darker(self: Any, start: int, stop: int) -> Any:
        return (original(self, start, stop) * 0.9).astype("uint8")

    monkeypatch.setattr(rendered_shelf.Shelf, "_rendered", darker)
    _stale(store, forget, (SOURCE, BASELINE), "the data set gives other clips")


def test_another_model(store: Store, forget: Forget, monkeypatch: pytest.MonkeyPatch) -> None:
    original = torch.nn.functional.relu
    monkeypatch.setattr(torch.nn.functional, "relu", lambda x, inplace=False: original(x) * 0.9)
    monkeypatch.setattr(torch.nn.ReLU, "forward", lambda self, x: original(x) * 0.9)
    _stale(store, forget, (SOURCE, BASELINE, PROMPTED), "the model computes something else")


def test_another_layer_leaves_the_runs_without_it(
    store: Store, forget: Forget, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("vmp.prompt.LUMA", (0.2, 0.3, 0.5))
    monkeypatch.setattr("vmp.choices.LUMA", (0.2, 0.3, 0.5))
    forget()
    model_of = {run: behaviour.own_behaviour(run).model for run in (BASELINE, PROMPTED)}
    stored = {run: store.record(run.identity).behaviour["model"] for run in model_of}
    assert list(model_of[BASELINE]) == stored[BASELINE]
    assert list(model_of[PROMPTED]) != stored[PROMPTED]


ALONE = replace(BASELINE, extra_frame=True)
ADJACENT = replace(PROMPTED, adjacent=True)


def test_another_extra_frame_or_adjacent_difference_leaves_the_other_runs(
    store: Store, forget: Forget, monkeypatch: pytest.MonkeyPatch
) -> None:
    from vmp.adjacent import AdjacentPrompt
    from vmp.data.pathways import Pathway

    _stored(store, ALONE, ADJACENT)
    original: Any = Pathway.__dict__["offsets"].fget
    forward = AdjacentPrompt.forward
    monkeypatch.setattr(AdjacentPrompt, "forward", lambda layer, clip: forward(layer, clip.roll(1, 2)))
    forget()
    assert state_of(ADJACENT, store).reason == "the model computes something else"
    assert _states(store, SOURCE, BASELINE, PROMPTED, ALONE) == ["stored"] * 4
    monkeypatch.undo()

    def two_strides_before(pathway: Pathway) -> Any:
        offsets = original(pathway)
        return offsets - 2 * (offsets < 0)

    monkeypatch.setattr(Pathway, "offsets", property(two_strides_before))
    forget()
    assert _states(store, SOURCE, BASELINE) == ["stored"] * 2
    assert {state_of(run, store).reason for run in (PROMPTED, ALONE, ADJACENT)} == {"the data set gives other clips"}


@pytest.mark.parametrize("change", ["momentum", "decay", "loss", "order"])
def test_another_update_rule(store: Store, forget: Forget, monkeypatch: pytest.MonkeyPatch, change: str) -> None:
    if change == "momentum":  # Nesterov's
        sgd = torch.optim.SGD
        monkeypatch.setattr(torch.optim, "SGD", lambda groups, momentum: sgd(groups, momentum=momentum, nesterov=True))
    elif change == "decay":
        monkeypatch.setattr("vmp.trained_parts._or", lambda value, otherwise: 0.0)
    elif change == "loss":
        monkeypatch.setattr("vmp.steps.prompted_loss", _doubled_loss)
    else:
        monkeypatch.setattr("vmp.batches.epoch_order", lambda clips, seed, epoch: torch.arange(clips).numpy())
    _stale(store, forget, (SOURCE, BASELINE), "training or testing computes something else")


def _doubled_loss(*arguments: Any) -> Any:
    from vmp.loss import prompted_loss

    outcome = prompted_loss(*arguments)
    return outcome._replace(loss=2 * outcome.loss)


def test_another_way_of_testing(store: Store, forget: Forget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmp.evaluate.check_averages", lambda averages: "logits")
    _stale(store, forget, (SOURCE,), "training or testing computes something else")


def test_other_splits(store: Store, forget: Forget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmp.data.libras.TEST_RENDERINGS", 3)
    monkeypatch.setattr("vmp.data.splits.SPLIT_SEED", 7)
    forget()
    state = state_of(BASELINE, store)
    assert (state.name, state.reason) == ("stale", "the classes or the splits have changed")


def test_the_protocol_number(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(behaviour, "PROTOCOL", behaviour.PROTOCOL + 1)
    assert state_of(SOURCE, store).reason == "the protocol number has changed"


def test_a_changed_default_is_noticed_though_the_identity_is_the_same(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A default is left out of the identity; another one makes another run under the same name."""
    path = store.path / "runs" / f"{SOURCE.identity}.json"
    path.write_text(path.read_text().replace('"momentum": 0.9', '"momentum": 0.8'))
    state = state_of(SOURCE, store)
    assert (state.name, state.reason) == ("stale", "a default has changed: recipe.optimiser.momentum")
    path.write_text(path.read_text().replace('"momentum"', '"impulse"'))
    assert state_of(SOURCE, store).reason.startswith("its configuration is of another version: run.recipe.optimiser")


def test_what_starts_from_stale_is_stale(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    record, predictions = record_of(SOURCE)
    path = store.path / "runs" / f"{SOURCE.identity}.json"
    path.write_text(path.read_text().replace('"protocol": 1', '"protocol": 0'))
    assert state_of(SOURCE, store).reason == "the protocol number has changed"
    said = f"what it starts from ({SOURCE.identity}): the protocol number has changed"
    assert state_of(BASELINE, store).reason == said
    assert state_of(PROMPTED, store).reason == f"what it starts from ({BASELINE.identity}): {said}"
    # the start done again is fresh; what began from the earlier one is not, until it is done again too
    assert store.add(record, predictions) == f"{SOURCE.identity}-2"
    assert _states(store, SOURCE, BASELINE) == ["stored", "stale"]
    assert state_of(BASELINE, store).reason == f"what it starts from ({SOURCE.identity}): was done again since"
    baseline, predictions = record_of(BASELINE)
    store.add(replace(baseline, started=f"{SOURCE.identity}-2"), predictions)
    assert _states(store, SOURCE, BASELINE, PROMPTED) == ["stored", "stored", "stale"]
    assert state_of(BASELINE, store).key == f"{BASELINE.identity}-2"
    for name in (SOURCE.identity, f"{SOURCE.identity}-2"):
        (store.path / "runs" / f"{name}.json").unlink()
    assert state_of(BASELINE, store).reason == f"what it starts from ({SOURCE.identity}): has no record"


def test_the_chain_of_a_work_folder(forget: Forget) -> None:
    chain = behaviour_of(PROMPTED)
    assert list(chain) == [SOURCE.identity, BASELINE.identity, PROMPTED.identity]
    assert disagreement(chain, PROMPTED) is None
    assert disagreement(chain, TWICE) == f"it does not know {TWICE.identity}, which the run starts from"
    chain[SOURCE.identity]["model"] = [9.0] * len(chain[SOURCE.identity]["model"])
    reason = disagreement(chain, PROMPTED)
    assert reason == f"the model computes something else, in what it starts from ({SOURCE.identity})"


def test_the_tolerance() -> None:
    one = behaviour.plain(behaviour.own_behaviour(SOURCE))
    near = one | {"model": [value * (1 + 1e-4) for value in one["model"]]}
    far = one | {"model": [value * 1.01 + 0.01 for value in one["model"]]}
    assert first_difference(one, near) is None
    assert first_difference(one, far) == "model"
    assert first_difference(one, one | {"data": one["data"][:-1]}) == "data"
    assert first_difference(one, {name: one[name] for name in one if name != "exact"}) == "exact"


@pytest.mark.parametrize(
    "recipe",
    [
        Recipe(25, 8, lambda_=2.5, label_smoothing=0.1, mixup=0.8, clip_gradient=40.0, accumulate=2),
        Recipe(3, 4, precision="bf16-mixed", keep="best", freeze_batchnorm=True, trained=("prompt",)),
        Recipe(3, 4).changed(prompt_lr=0.5, prompt_weight_decay=0.0, warmup_epochs=1),
    ],
)
def test_every_recipe_can_be_probed(recipe: Recipe) -> None:
    from vmp.experiments import probes

    found = probes.training(recipe)
    assert len(found) > 20
    assert all(abs(number) < 1e3 for number in found)
    assert found == probes.training(recipe)
    assert found != probes.training(Recipe(3, 4))


def test_training_is_probed_with_one_thread_whatever_the_process_has() -> None:
    recipe = pretraining("i3d", "small")  # AdamW, whose steps follow the sign of a gradient that is nearly 0
    before, found = torch.get_num_threads(), []
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.append(probes.training(recipe))
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert found[0] == found[1]


@pytest.mark.parametrize("kind", ["sgd", "adamw"])
def test_rounding_is_not_taken_for_another_update_rule(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """AdamW makes a step of its full length from a gradient that is nothing but rounding."""
    recipe = Recipe(3, 4)
    recipe = replace(recipe, optimiser=replace(recipe.optimiser, kind=kind))
    first = probes.training(recipe)
    monkeypatch.setattr("vmp.steps.normalised", _rounded_otherwise)
    again = probes.training(recipe)
    assert first != again
    assert first == pytest.approx(again, rel=behaviour.TOLERANCE / 10, abs=behaviour.TOLERANCE / 10)


def _rounded_otherwise(clips: Any, taken: Any) -> Any:
    from vmp.data.source import normalised

    return [clip + 1e-6 * (1e3 * clip).sin() for clip in normalised(clips, taken)]


def test_a_data_set_that_is_not_here_is_not_probed(store: Store) -> None:
    """So that what was stored elsewhere can be shown; everything else is still looked at."""
    run = replace(SOURCE, dataset="mpii-cooking-2")
    record, predictions = record_of(run)
    assert (record.behaviour["exact"], record.behaviour["data"]) == (None, None)
    elsewhere = record.behaviour | {"exact": "0123", "data": [0.5, 0.5]}
    store.add(replace(record, behaviour=elsewhere), predictions)
    assert state_of(run, store).name == "stored"
    path = store.path / "runs" / f"{run.identity}.json"
    path.write_text(path.read_text().replace('"protocol": 1', '"protocol": 0'))
    assert state_of(run, store).name == "stale"


def test_probes_are_kept_for_the_next_process(tmp_path: Path, forget: Forget, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMP_CACHE", str(tmp_path))
    kept.switch_on()
    first = behaviour.own_behaviour(SOURCE)
    (code,) = (tmp_path / "behaviour").iterdir()
    assert len(list(code.iterdir())) == 4
    behaviour._once.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr("vmp.data.libras.load", None)  # nobody asks it
        patch.setattr("vmp.build", None, raising=False)
        assert behaviour.own_behaviour(SOURCE) == first
    for path in code.iterdir():
        path.write_bytes(b"{")  # a disk that was full
    behaviour._once.cache_clear()
    assert behaviour.own_behaviour(SOURCE) == first
    forget()
    assert behaviour.own_behaviour(SOURCE) == first


def test_only_some_versions_of_the_code_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VMP_CACHE", str(tmp_path))
    kept.switch_on()
    for number in range(kept.VERSIONS + 3):
        monkeypatch.setattr(kept, "_code", lambda number=number: f"{number:02}")
        kept.keep("name", number)
        assert kept.look_up("name") == number
    assert len(list((tmp_path / "behaviour").iterdir())) == kept.VERSIONS
    monkeypatch.setenv("VMP_CACHE", "/dev/null/no")  # nowhere to write: nothing is kept, nothing fails
    kept.keep("name", 1)
    assert kept.look_up("name") is None
