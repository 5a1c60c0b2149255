from __future__ import annotations

import copy
import json
import math
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from tolerances import assert_close
from torch import Tensor, nn
from training_stand_ins import MemoryClips, SmallModel

import vmp.steps
import vmp.training_run
from vmp.checkpoint import load_state, weights_metadata
from vmp.data.source import normalised
from vmp.devices import OneDevice
from vmp.progress import Progress
from vmp.recipe import Optimiser, Recipe, Schedule
from vmp.schedule import learning_rate_factor
from vmp.train import NonFiniteLoss, TrainingInterrupted, train
from vmp.training_log import read_log

LAYER = ("clip",)


def trained(folder: Path, recipe: Recipe, model: SmallModel | None = None, **options: Any) -> SmallModel:
    model = model or SmallModel(prompts=LAYER, dropout=0.0)
    options = {"seed": 3, "progress": None, "data": MemoryClips(), "fabric": OneDevice("cpu")} | options
    train(model, options.pop("data"), recipe, folder, **options)
    return model


def assert_equal_states(first: nn.Module, second: nn.Module) -> None:
    for (name, one), other in zip(first.state_dict().items(), second.state_dict().values(), strict=True):
        assert torch.equal(one, other), name


# --- what a step computes ---


def plain_loop(
    recipe: Recipe, data: MemoryClips, batches: Sequence[tuple[int, Sequence[int]]]
) -> tuple[SmallModel, list[float]]:
    """The same work written out in plain PyTorch, over the batches that training asked for."""
    model = SmallModel(prompts=LAYER, dropout=0.0).train()
    chosen = recipe.optimiser
    norms = set(model.backbone[1].parameters())
    prompts = set(model.prompts.parameters())
    rest = [parameter for parameter in model.parameters() if parameter not in norms | prompts]
    groups = [
        {"params": rest, "lr": chosen.lr, "weight_decay": chosen.weight_decay},
        {"params": list(norms), "lr": chosen.lr, "weight_decay": chosen.norm_weight_decay},
        {"params": list(prompts), "lr": chosen.prompt_lr, "weight_decay": chosen.prompt_weight_decay},
    ]
    optimiser = torch.optim.SGD(groups, momentum=chosen.momentum)
    rates = [group["lr"] for group in optimiser.param_groups]
    steps = math.ceil(len(data) / recipe.batch_size)
    losses = []
    for done, (epoch, batch) in enumerate(batches):
        clips = normalised(data.clips(batch, model.clip_input, epoch=epoch, seed=3), model.clip_input)
        logits, variation = model(clips[0], return_variation=True)
        loss = F.cross_entropy(logits, torch.as_tensor(data.labels[list(batch)])) + recipe.lambda_ * variation
        optimiser.zero_grad()
        loss.backward()
        factor = learning_rate_factor(recipe.schedule, done / steps, recipe.epochs)
        for group, rate in zip(optimiser.param_groups, rates, strict=True):
            group["lr"] = rate * factor
        optimiser.step()
        losses.append(loss.item() * len(batch))
    return model, losses


def test_it_is_the_plain_loop(tmp_path: Path) -> None:
    recipe = Recipe(
        3,
        4,
        optimiser=Optimiser(lr=0.05, weight_decay=0.01, norm_weight_decay=0.0, prompt_lr=0.5, prompt_weight_decay=0.1),
        schedule=Schedule("cosine", warmup_epochs=1, warmup_start=0.1),
        lambda_=2.0,
    )
    data = MemoryClips(11)
    model = trained(tmp_path, recipe, data=data)
    batches = [(epoch, batch) for batch, epoch, seed, _ in data.asked if seed == 3 and epoch]
    assert [len(batch) for _, batch in batches] == [4, 4, 3] * 3  # the last batch is not dropped
    for epoch in (1, 2, 3):
        assert sorted(clip for at, batch in batches for clip in batch if at == epoch) == list(range(11))
    assert len({tuple(clip for at, batch in batches for clip in batch if at == epoch) for epoch in (1, 2, 3)}) == 3
    reference, losses = plain_loop(recipe, MemoryClips(11), batches)
    for name, tensor in model.state_dict().items():
        assert_close(tensor, reference.state_dict()[name], torch.float32)
    log = read_log(tmp_path)
    assert log.loss.tolist()[1:] == pytest.approx([sum(losses[at : at + 3]) / 11 for at in (0, 3, 6)], rel=1e-5)
    assert (log.loss - log.cross_entropy - 2 * log.variation).abs().max() < 1e-6
    last = learning_rate_factor(recipe.schedule, 2 + 2 / 3, 3)
    assert (log.lr.iloc[-1], log.prompt_lr.iloc[-1]) == pytest.approx((0.05 * last, 0.5 * last))


def test_the_parts_of_a_step_make_the_whole_batch(tmp_path: Path) -> None:
    recipe = Recipe(2, 5, lambda_=1.0, freeze_batchnorm=True, optimiser=Optimiser(lr=0.1))
    whole = trained(tmp_path / "whole", recipe)
    for parts in (2, 3, 9):  # 11 clips: batches of 5, 5 and 1, in parts of 3 and 2; of 2, 2 and 1; of one each
        split = trained(tmp_path / str(parts), recipe.changed(accumulate=parts))
        for name, tensor in split.state_dict().items():
            assert_close(tensor, whole.state_dict()[name], torch.float32)
        logs = [
            read_log(tmp_path / name).drop(columns=["seconds", "clips_per_second"]) for name in ("whole", str(parts))
        ]
        assert ((logs[0] - logs[1]).abs().max().max()) < 1e-4


def test_mixup_and_label_smoothing_by_hand(tmp_path: Path) -> None:
    recipe = Recipe(1, 4, mixup=0.7, label_smoothing=0.2, freeze_batchnorm=True)
    data, model = MemoryClips(4), SmallModel(dropout=0.0)
    before = copy.deepcopy(model).eval()
    seen: list[Tensor] = []
    model.register_forward_pre_hook(lambda module, given: seen.append(given[0]))
    trained(tmp_path, recipe, model, data=data)
    (asked, epoch, _, _), *_ = data.asked
    own, partners = asked[:4], asked[4:]
    assert sorted(own) == sorted(partners) == [0, 1, 2, 3]  # each clip once on either side
    first, second = (
        normalised(data.clips(each, model.clip_input, epoch=epoch, seed=3), model.clip_input)[0]
        for each in (own, partners)
    )
    kept = ((seen[0] - second) * (first - second)).sum() / (first - second).square().sum()
    assert 0 < kept < 1
    assert_close(seen[0], kept * first + (1 - kept) * second)
    targets = sum(
        share * (0.8 * F.one_hot(torch.as_tensor(data.labels[list(side)]), 3) + 0.2 / 3)
        for share, side in ((kept, own), (1 - kept, partners))
    )
    expected = -(targets * before(seen[0]).log_softmax(1)).sum(1).mean()
    assert read_log(tmp_path).loss[1] == pytest.approx(expected.item(), rel=1e-5)


def test_clipping_bounds_the_step(tmp_path: Path) -> None:
    recipe = Recipe(1, 11, optimiser=Optimiser(lr=1.0, momentum=0, weight_decay=0), clip_gradient=0.01)
    model = SmallModel(prompts=LAYER, dropout=0.0)
    before = [parameter.detach().clone() for parameter in model.parameters()]
    trained(tmp_path, recipe, model)
    moved = [parameter - start for parameter, start in zip(model.parameters(), before, strict=True)]
    assert torch.cat([each.flatten() for each in moved]).norm().item() == pytest.approx(0.01, rel=1e-4)


def test_adamw_moves_each_weight_by_its_rate(tmp_path: Path) -> None:
    recipe = Recipe(1, 11, optimiser=Optimiser("adamw", lr=0.01, prompt_lr=0.1, weight_decay=0))
    model = SmallModel(prompts=LAYER, dropout=0.0)
    before = {name: parameter.detach().clone() for name, parameter in model.named_parameters()}
    trained(tmp_path, recipe, model)
    moved = {name: (parameter - before[name]).abs().max().item() for name, parameter in model.named_parameters()}
    assert moved["head.weight"] == pytest.approx(0.01, rel=1e-3)  # the first step of Adam is its rate
    assert moved["prompts.clip.m"] == pytest.approx(0.1, rel=1e-2)  # its gradient is small beside Adam's epsilon


def test_a_compiled_model_is_trained_alike(tmp_path: Path) -> None:
    recipe, model = Recipe(2, 4, lambda_=1.0), SmallModel(prompts=LAYER, dropout=0.0)
    plain = trained(tmp_path / "plain", recipe)
    model.compile(backend="aot_eager")
    trained(tmp_path / "compiled", recipe, model)
    for name, tensor in model.state_dict().items():
        assert_close(tensor, plain.state_dict()[name], torch.float32)
    variations = [read_log(tmp_path / name).variation[1:].tolist() for name in ("plain", "compiled")]
    assert variations[0] == pytest.approx(variations[1], rel=1e-5)


def test_under_bfloat16_the_weights_and_the_layer_stay_float32(tmp_path: Path) -> None:
    model = SmallModel(prompts=LAYER, dropout=0.0)
    heard: list[torch.dtype] = []
    model.backbone[0].register_forward_hook(lambda module, given, came: heard.append(came.dtype))
    model.prompts["clip"].register_forward_hook(lambda module, given, came: heard.append(came[1].dtype))
    trained(tmp_path, Recipe(1, 4, precision="bf16-mixed", lambda_=1.0), model, validation=MemoryClips(5))
    assert set(heard) == {torch.bfloat16, torch.float32}
    assert {tensor.dtype for tensor in model.parameters()} == {torch.float32}


# --- what is trained ---


@pytest.mark.parametrize(
    ("parts", "moves"),
    [
        (("head",), {"head.weight", "head.bias"}),
        (("prompt",), {"prompts.clip.m", "prompts.clip.n"}),
        (("head", "prompt"), {"head.weight", "head.bias", "prompts.clip.m", "prompts.clip.n"}),
    ],
)
def test_without_the_backbone_nothing_of_it_moves_and_nothing_is_drawn(
    tmp_path: Path, parts: tuple[str, ...], moves: set[str]
) -> None:
    model = SmallModel(prompts=LAYER, dropout=0.9)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    recipe = Recipe(2, 4, trained=parts, lambda_=1.0, optimiser=Optimiser(lr=0.1))  # type: ignore[arg-type]
    trained(tmp_path, recipe, model)
    assert {name for name, tensor in model.state_dict().items() if not torch.equal(tensor, before[name])} == moves
    without_dropout = trained(tmp_path / "again", recipe, SmallModel(prompts=LAYER, dropout=0.0))
    assert_equal_states(model, without_dropout)


def test_a_frozen_batchnorm_stays_though_the_backbone_learns(tmp_path: Path) -> None:
    model = SmallModel(prompts=LAYER)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    trained(tmp_path, Recipe(2, 4, freeze_batchnorm=True), model)
    still = {name for name, tensor in model.state_dict().items() if torch.equal(tensor, before[name])}
    assert still == {name for name in before if name.startswith("backbone.1.")}


def test_a_part_that_learns_again_is_let_go(tmp_path: Path) -> None:
    model = trained(tmp_path / "first", Recipe(1, 4, trained=("head",)))
    assert not model.backbone[0].weight.requires_grad
    before = model.backbone[0].weight.clone()
    trained(tmp_path / "second", Recipe(1, 4), model)
    assert not torch.equal(model.backbone[0].weight, before)


# --- what is left ---


def test_the_log_the_weights_and_nothing_else(tmp_path: Path) -> None:
    model = SmallModel(prompts=("slow", "fast"), pathways=("slow", "fast"))
    start = {name: (layer.slope.item(), layer.shift.item()) for name, layer in model.prompts.items()}
    result = train(
        model,
        MemoryClips(),
        Recipe(2, 4),
        tmp_path,
        seed=0,
        validation=MemoryClips(5),
        progress=None,
        fabric=OneDevice("cpu"),
    )
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl", "weights.safetensors"]
    assert (result.weights, result.log) == (tmp_path / "weights.safetensors", tmp_path / "log.jsonl")
    assert (result.epoch, result.kept) == (2, "last")
    assert result.seconds > 0
    log = read_log(tmp_path)
    assert list(log.columns) == [
        *("epoch", "loss", "cross_entropy", "accuracy", "validation_accuracy"),
        *("slope_slow", "shift_slow", "slope_fast", "shift_fast", "variation_slow", "variation_fast"),
        *("lr", "prompt_lr", "clips_per_second", "seconds"),
    ]
    assert (log.slope_slow[0], log.shift_fast[0]) == (start["slow"][0], start["fast"][1])
    assert log.loss.isna().tolist() == [True, False, False]
    assert log.slope_slow.iloc[-1] == model.prompts["slow"].slope.item()
    assert (log.variation_slow[1:] > 0).all()
    assert (log.clips_per_second * log.seconds).tolist()[1:] == pytest.approx([11, 11])
    assert not model.training
    for name, tensor in load_state(result.weights).items():
        assert torch.equal(tensor, model.state_dict()[name])
    identity = weights_metadata(result.weights)["identity"]
    assert identity["recipe"] == json.loads(Recipe(2, 4).to_json())


def test_without_a_layer_the_log_has_no_word_of_one(tmp_path: Path) -> None:
    trained(tmp_path, Recipe(1, 4), SmallModel())
    assert not [name for name in read_log(tmp_path).columns if name.startswith(("slope", "shift", "var", "prompt"))]


def test_the_best_epoch_is_the_first_of_the_best_on_validation(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    came = iter([40.0, 60.0, 50.0, 60.0])
    monkeypatch.setattr(vmp.training_run, "validation_accuracy", lambda *given: next(came))
    states: list[dict[str, Tensor]] = []
    model = SmallModel(prompts=LAYER)

    def keep(progress: Progress) -> None:
        if progress.row:
            states.append({name: tensor.clone() for name, tensor in model.state_dict().items()})

    data, best = MemoryClips(), Recipe(4, 4, keep="best")
    result = train(
        model, data, best, tmp_path, seed=0, validation=MemoryClips(5), progress=keep, fabric=OneDevice("cpu")
    )
    assert (result.epoch, result.kept) == (2, "best")
    assert all(torch.equal(tensor, states[1][name]) for name, tensor in model.state_dict().items())
    assert not all(torch.equal(tensor, states[3][name]) for name, tensor in model.state_dict().items())
    assert read_log(tmp_path).validation_accuracy.tolist()[1:] == [40, 60, 50, 60]


def test_validation_accuracy_by_hand(tmp_path: Path) -> None:
    model, clips = SmallModel(prompts=LAYER), MemoryClips(7, name="memory, validation")
    trained(tmp_path, Recipe(2, 4), model, validation=clips)
    inputs = normalised(clips.clips(range(7), model.clip_input), model.clip_input)
    right = (model(inputs[0]).argmax(1) == torch.as_tensor(clips.labels)).sum().item()
    assert read_log(tmp_path).validation_accuracy.iloc[-1] == pytest.approx(100 * right / 7)
    assert {(epoch, view) for _, epoch, _, view in clips.asked} == {(None, 0)}


def test_training_accuracy_is_of_the_batches_as_they_were_seen(tmp_path: Path) -> None:
    model = SmallModel(dropout=0.0)
    right: list[Tensor] = []
    model.register_forward_hook(lambda module, given, came: right.append(came[0].argmax(1)))
    data = MemoryClips(11)
    trained(tmp_path, Recipe(1, 4, accumulate=2), model, data=data)
    seen = [label for batch, *_ in data.asked for label in data.labels[list(batch)]]
    correct = sum(int(a == b) for a, b in zip(torch.cat(right).tolist(), seen, strict=True))
    assert read_log(tmp_path).accuracy[1] == pytest.approx(100 * correct / 11)


# --- the same again ---


def test_the_same_call_gives_the_same_bits_and_leaves_the_generators_alone(tmp_path: Path) -> None:
    recipe = Recipe(2, 4, mixup=0.5, accumulate=2)
    model = SmallModel(prompts=LAYER)
    torch.manual_seed(1)
    state = torch.get_rng_state()
    first = trained(tmp_path / "first", recipe, model)
    assert torch.equal(torch.get_rng_state(), state)
    torch.manual_seed(2)
    second = trained(tmp_path / "second", recipe, SmallModel(prompts=LAYER))
    assert_equal_states(first, second)
    other = trained(tmp_path / "other", recipe, SmallModel(prompts=LAYER), seed=4)
    assert not torch.equal(first.head.weight, other.head.weight)


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_workers_change_nothing(tmp_path: Path) -> None:
    recipe = Recipe(2, 4, mixup=0.5, accumulate=2)
    models = [SmallModel(prompts=LAYER) for _ in range(2)]
    state = torch.get_rng_state()
    for model, workers in zip(models, (0, 2), strict=True):
        trained(tmp_path / str(workers), recipe, model, workers=workers, validation=MemoryClips(5))
    assert_equal_states(*models)
    assert torch.equal(torch.get_rng_state(), state)
    logs = [read_log(tmp_path / str(workers)).drop(columns=["seconds", "clips_per_second"]) for workers in (0, 2)]
    assert logs[0].equals(logs[1])


def test_a_run_that_is_done_is_not_run_again(tmp_path: Path) -> None:
    first = trained(tmp_path, Recipe(1, 4))
    written = (tmp_path / "weights.safetensors").stat().st_mtime_ns
    data, again = MemoryClips(), SmallModel(prompts=LAYER, seed=8)
    trained(tmp_path, Recipe(1, 4), again, data=data)
    assert data.asked == []
    assert (tmp_path / "weights.safetensors").stat().st_mtime_ns == written
    assert_equal_states(first, again)
    with pytest.raises(ValueError, match=r"expected the run that it is of, got another: recipe.epochs was 1, is 2"):
        trained(tmp_path, Recipe(2, 4))


# --- stopping ---


@pytest.fixture
def late(monkeypatch: pytest.MonkeyPatch) -> None:
    """Results arrive a step later, as from a GPU."""
    monkeypatch.setattr(vmp.steps, "_is_late", lambda device: True)


class SignalledClips(MemoryClips):
    """Sends a signal to this process when a batch is asked for the n-th time."""

    def __init__(self, number: int, at: int, **options: Any) -> None:
        super().__init__(**options)
        self.number, self.at = number, at

    def clips(self, *given: Any, **options: Any) -> list[Tensor]:
        clips = super().clips(*given, **options)
        if len(self.asked) == self.at:
            os.kill(os.getpid(), self.number)
        return clips


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
@pytest.mark.parametrize(("at", "epoch", "step"), [(2, 1, 2), (3, 1, 3), (7, 3, 1)])
def test_when_asked_it_ends_the_step_writes_a_checkpoint_and_goes_on_later(
    tmp_path: Path, number: int, at: int, epoch: int, step: int
) -> None:
    recipe, handlers = Recipe(3, 4), [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)]
    whole = trained(tmp_path / "whole", recipe, SmallModel(prompts=LAYER))
    with pytest.raises(TrainingInterrupted, match=f"stopped after step {step} of epoch {epoch}") as caught:
        trained(tmp_path / "asked", recipe, SmallModel(prompts=LAYER), data=SignalledClips(number, at))
    assert (caught.value.signal, caught.value.epoch, caught.value.step) == (number, epoch, step)
    assert not isinstance(caught.value, Exception)  # `except Exception` is for errors
    assert [signal.getsignal(each) for each in (signal.SIGTERM, signal.SIGINT)] == handlers
    assert [path.name for path in (tmp_path / "asked").glob("*.pt")] == ["checkpoint.pt"]
    data = MemoryClips()
    assert_equal_states(whole, trained(tmp_path / "asked", recipe, SmallModel(prompts=LAYER, seed=9), data=data))
    assert len(data.asked) == 9 - at
    logs = [read_log(tmp_path / name).drop(columns=["seconds", "clips_per_second"]) for name in ("whole", "asked")]
    assert logs[0].equals(logs[1])


@pytest.mark.usefixtures("late")
def test_where_results_arrive_late_it_is_asked_a_step_late(tmp_path: Path) -> None:
    recipe = Recipe(3, 4)
    whole = trained(tmp_path / "whole", recipe, SmallModel(prompts=LAYER))
    with pytest.raises(TrainingInterrupted, match="stopped after step 2 of epoch 2"):
        trained(tmp_path / "asked", recipe, SmallModel(prompts=LAYER), data=SignalledClips(signal.SIGTERM, 4))
    data = MemoryClips()
    assert_equal_states(whole, trained(tmp_path / "asked", recipe, SmallModel(prompts=LAYER, seed=9), data=data))
    assert len(data.asked) == 4
    logs = [read_log(tmp_path / name).drop(columns=["seconds", "clips_per_second"]) for name in ("whole", "asked")]
    assert logs[0].equals(logs[1])


def test_asked_during_validation_it_does_not_finish_that(tmp_path: Path) -> None:
    recipe = Recipe(2, 4)
    whole = trained(tmp_path / "whole", recipe, SmallModel(prompts=LAYER), validation=MemoryClips(9))
    asked = SignalledClips(signal.SIGTERM, 1, count=9)
    with pytest.raises(TrainingInterrupted, match="stopped after step 3 of epoch 1"):
        trained(tmp_path / "asked", recipe, SmallModel(prompts=LAYER), validation=asked)
    data = MemoryClips()
    again = trained(tmp_path / "asked", recipe, SmallModel(prompts=LAYER), data=data, validation=MemoryClips(9))
    assert_equal_states(whole, again)
    assert len(data.asked) == 3
    logs = [read_log(tmp_path / name).drop(columns=["seconds", "clips_per_second"]) for name in ("whole", "asked")]
    assert logs[0].equals(logs[1])


class FragileModel(SmallModel):
    """Gives what is not a number for a batch in which the first pixel of a clip is white."""

    def forward(self, clip: Any, return_variation: bool = False) -> Any:
        logits, variation = super().forward(clip, True)
        white = clip[:, :, 0, 0, 0].amax() > (254.5 / 255 - 0.45) / 0.225
        return logits + torch.where(white, torch.nan, 0.0), variation


class SpoiltClips(MemoryClips):
    """The first pixel of one clip is white."""

    def __init__(self, spoilt: int) -> None:
        super().__init__()
        self.spoilt = spoilt

    def clips(self, indices: Sequence[int], *given: Any, **options: Any) -> list[Tensor]:
        came = super().clips(indices, *given, **options)
        if self.spoilt in indices:
            came[0][list(indices).index(self.spoilt), 0, 0, 0] = 255
        return came


@pytest.mark.parametrize("spoilt", range(0, 11, 3))
def test_a_loss_that_is_not_finite_names_step_clips_and_checkpoint(tmp_path: Path, spoilt: int) -> None:
    model, data = FragileModel(prompts=LAYER), SpoiltClips(spoilt)
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(NonFiniteLoss) as caught:
        trained(tmp_path, Recipe(2, 4, freeze_batchnorm=True), model, data=data)
    error = caught.value
    assert (error.epoch, error.step, error.clips) == (1, len(data.asked), data.asked[-1][0])
    assert spoilt in error.clips
    assert caught.match(f"The loss is infinite or not a number after step {error.step} of epoch 1")
    assert all(f"memory, train, clip {clip}\n" in str(error) for clip in error.clips)
    assert caught.match("There is no checkpoint yet")
    assert all(torch.isfinite(tensor).all() for tensor in model.state_dict().values())
    if error.step == 1:
        assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


@pytest.mark.usefixtures("late")
@pytest.mark.parametrize("spoilt", range(0, 11, 2))
@pytest.mark.parametrize("checkpoint_seconds", [0, 300])
def test_where_results_arrive_late_the_step_is_named_exactly(
    tmp_path: Path, spoilt: int, checkpoint_seconds: float
) -> None:
    data = SpoiltClips(spoilt)
    with pytest.raises(NonFiniteLoss) as caught:
        trained(tmp_path, Recipe(2, 4), FragileModel(), data=data, checkpoint_seconds=checkpoint_seconds)
    at = [spoilt in batch for batch, *_ in data.asked].index(True)
    assert (caught.value.epoch, caught.value.step, caught.value.clips) == (1, at + 1, data.asked[at][0])
    assert (caught.value.checkpoint is None) == (checkpoint_seconds > 0 or at == 0)
    if caught.value.checkpoint is not None:
        state = torch.load(caught.value.checkpoint, weights_only=True)
        assert all(torch.isfinite(tensor).all() for tensor in state["model"].values())
        assert state["step"] == at


def test_the_last_good_checkpoint_is_named_and_is_good(tmp_path: Path) -> None:
    recipe = Recipe(
        4, 4, optimiser=Optimiser(lr=1e22, momentum=0, weight_decay=0), schedule=Schedule("step", (0, 1), (1e-24, 1))
    )
    with pytest.raises(NonFiniteLoss, match=r"The last good checkpoint is .*checkpoint.pt") as caught:
        trained(tmp_path, recipe, checkpoint_seconds=0)
    assert caught.value.epoch >= 2
    state = torch.load(tmp_path / "checkpoint.pt", weights_only=True)
    assert all(torch.isfinite(tensor).all() for tensor in state["model"].values())
    assert (state["epoch"], state["step"] + 1) <= (caught.value.epoch, caught.value.step)


def test_a_weight_that_is_not_finite_is_never_kept(tmp_path: Path) -> None:
    """The last step of all spoils the weights: no loss after it tells."""
    recipe = Recipe(1, 11, optimiser=Optimiser(lr=1e38, momentum=0, weight_decay=1e3))
    with pytest.raises(NonFiniteLoss, match="A weight is infinite or not a number after step 1 of epoch 1"):
        trained(tmp_path, recipe)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["log.jsonl"]


# --- what cannot be ---


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"recipe": Recipe(1, 4, keep="best")}, "validation: expected clips, since the recipe keeps the best epoch"),
        (
            {"recipe": Recipe(1, 4, trained=("prompt",)), "model": SmallModel()},
            r"trained: expected a part that this model has \(backbone, head\), got prompt",
        ),
        ({"data": MemoryClips(0)}, "data: expected at least one clip, got none"),
        ({"validation": MemoryClips(0)}, "validation: expected at least one clip, got none"),
        ({"seed": -1}, "seed: expected a whole number of at least 0, got -1"),
    ],
)
def test_errors(tmp_path: Path, options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        trained(tmp_path, **({"recipe": Recipe(1, 4)} | options))
    assert not (tmp_path / "log.jsonl").exists()


def test_a_folder_of_another_run_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TrainingInterrupted):
        trained(tmp_path, Recipe(2, 4), data=SignalledClips(signal.SIGTERM, 2))
    before = (tmp_path / "checkpoint.pt").read_bytes()
    with pytest.raises(
        ValueError, match=r"checkpoint.pt: expected the run that it is of, got another: seed was 3, is 4"
    ):
        trained(tmp_path, Recipe(2, 4), seed=4)
    assert (tmp_path / "checkpoint.pt").read_bytes() == before
