"""transformers' Trainer on an attached model: training, evaluation, saving, resuming, accumulated gradients."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_video_models import seeded, timesformer, videomae
from torch import Tensor
from torch.nn.functional import cross_entropy
from torch.utils.data import Dataset

import vmp

pytestmark = [
    # transformers' and accelerate's own, on a machine without a GPU and with torch newer than they are
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::FutureWarning"),
    pytest.mark.filterwarnings("ignore:.*pin_memory.*:UserWarning"),
]

both = pytest.mark.parametrize("make", [videomae, timesformer], ids=["videomae", "timesformer"])


class Clips(Dataset[dict[str, Any]]):
    """Eight clips of 5 frames, brighter with the label, and a column that no model takes."""

    def __init__(self) -> None:
        self.labels = torch.arange(8) % 3
        noise = torch.randn(8, 5, 3, 16, 16, generator=torch.Generator().manual_seed(0))
        self.clips = noise + self.labels.view(8, 1, 1, 1, 1)

    def __len__(self) -> int:
        return 8

    def __getitem__(self, index: int) -> dict[str, Any]:
        return {"pixel_values": self.clips[index], "labels": self.labels[index], "trajectory": torch.tensor(index)}


class Told:
    """Which arguments the model was called with."""

    def __init__(self, model: Any) -> None:
        self.names: set[str] = set()
        model.register_forward_pre_hook(self, with_kwargs=True)

    def __call__(self, model: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.names |= set(kwargs)


def attached(make: Callable[[], Any], seed: int = 0, lambda_: float = 0.5) -> Any:
    layer = vmp.MotionPrompt(generator=torch.Generator().manual_seed(seed))
    return vmp.attach(seeded(make, seed), layer, layout="BTCHW", input_name="pixel_values", lambda_=lambda_)


def trainer_of(model: Any, folder: Path, **options: Any) -> Any:
    from transformers import Trainer, TrainingArguments

    chosen = {"max_steps": 4, "per_device_train_batch_size": 2, "learning_rate": 1e-2, "save_strategy": "no"} | options
    arguments = TrainingArguments(
        str(folder), use_cpu=True, report_to=[], disable_tqdm=True, logging_strategy="no", seed=0, **chosen
    )
    return Trainer(model=model, args=arguments, train_dataset=Clips(), eval_dataset=Clips())


@pytest.fixture(autouse=True)
def same_random_state_after() -> Iterator[None]:
    """The Trainer seeds torch for everyone."""
    with torch.random.fork_rng(devices=[]):
        yield


def logits(model: Any) -> Tensor:
    with torch.no_grad():
        return model.eval()(pixel_values=Clips().clips).logits


@both
def test_trained_saved_and_read_again(make: Callable[[], Any], tmp_path: Path) -> None:
    model = attached(make)
    before = logits(model), model.motion_prompt.m.item(), model.motion_prompt.n.item()
    told, trainer = Told(model), trainer_of(model, tmp_path)
    trainer.train()
    assert told.names == {"pixel_values", "labels"}  # the column that the model does not take was dropped
    assert not torch.equal(logits(model), before[0])
    assert abs(model.motion_prompt.m.item() - before[1]) > 1e-3
    assert abs(model.motion_prompt.n.item() - before[2]) > 1e-3

    trainer.save_model(str(tmp_path / "saved"))
    backbone = type(make()).from_pretrained(tmp_path / "saved")
    again: Any = vmp.attach(backbone, **vmp.load_prompt(tmp_path / "saved"))
    assert again.attached_as() == model.attached_as()
    assert torch.equal(logits(again), logits(model))


@both
def test_the_evaluated_loss_is_the_one_by_hand(make: Callable[[], Any], tmp_path: Path) -> None:
    model, data = attached(make, lambda_=3.0), Clips()
    trainer = trainer_of(model, tmp_path, per_device_eval_batch_size=8)
    _, variation = model.motion_prompt(data.clips.transpose(1, 2))
    expected = cross_entropy(logits(model), data.labels) + 3.0 * variation
    predicted = trainer.predict(data)
    assert predicted.metrics["test_loss"] == pytest.approx(expected.item(), rel=1e-5)
    assert predicted.label_ids.tolist() == data.labels.tolist()
    torch.testing.assert_close(torch.from_numpy(predicted.predictions), logits(model))


def test_resumed_it_ends_where_it_would_have(tmp_path: Path) -> None:
    """TimeSformer alone: transformers 5.23 saves VideoMAE's biases by other names than its Trainer reads."""
    through = attached(timesformer)
    trainer_of(through, tmp_path, save_strategy="steps", save_steps=2).train()
    resumed = attached(timesformer, seed=1)
    trainer_of(resumed, tmp_path, save_steps=2).train(resume_from_checkpoint=str(tmp_path / "checkpoint-2"))
    assert resumed.motion_prompt.m.item() == pytest.approx(through.motion_prompt.m.item(), rel=1e-6)
    torch.testing.assert_close(logits(resumed), logits(through))


@both
def test_accumulated_gradients_weigh_the_variation_as_one_batch_does(make: Callable[[], Any], tmp_path: Path) -> None:
    trained = []
    for batch, accumulated in ((4, 1), (2, 2)):
        model = attached(make, lambda_=20.0)
        options = {"per_device_train_batch_size": batch, "gradient_accumulation_steps": accumulated}
        trainer_of(model, tmp_path, max_steps=1, optim="sgd", max_grad_norm=0.0, **options).train()
        trained.append([parameter.detach() for parameter in model.parameters()])
    assert abs(trained[0][-2].item() - attached(make).motion_prompt.m.item()) > 1e-5
    torch.testing.assert_close(*trained, rtol=1e-4, atol=1e-6)


def test_the_trainer_sees_the_backbones_arguments() -> None:
    from transformers.utils.generic import find_labels

    model = attached(videomae)
    assert "pixel_values" in inspect.signature(model.forward).parameters
    assert find_labels(type(model)) == ["labels"]
