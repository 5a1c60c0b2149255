from __future__ import annotations

import json
import os
import random
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from evaluation_stand_ins import ViewedClips, ViewedModel
from torch import Tensor, nn

import vmp
from vmp.data import libras
from vmp.data.pathways import ClipInput, Pathway
from vmp.data.source import normalised
from vmp.evaluate import confusion, metrics, predict
from vmp.predictions import Predictions

ROOT = Path(__file__).resolve().parent.parent


def expected_scores(model: ViewedModel, data: ViewedClips, averages: str) -> np.ndarray:
    """One clip and one view at a time."""
    model.eval()
    rows = []
    with torch.no_grad():
        for clip in range(len(data)):
            views = []
            for view in range(data.views):
                inputs = normalised(data.clips([clip], model.clip_input, view=view), model.clip_input)
                logits = model(inputs if len(inputs) > 1 else inputs[0])[0]
                views.append(logits.softmax(0) if averages == "softmax" else logits)
            rows.append(torch.stack(views).mean(0).numpy())
    return np.stack(rows)


@pytest.mark.parametrize("averages", ["softmax", "logits"])
@pytest.mark.parametrize("pathways", [1, 2])
@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_every_view_of_every_clip_counts_once(averages: str, pathways: int, batch_size: int) -> None:
    data, model = ViewedClips(), ViewedModel(pathways=pathways, averages=averages)
    found = predict(model, data, batch_size=batch_size)
    asked = [(clip, view) for clips, view in data.asked for clip in clips]
    assert sorted(asked) == [(clip, view) for clip in range(7) for view in range(2)]
    assert max(len(clips) for clips, _ in data.asked) == min(batch_size, 7)
    np.testing.assert_allclose(found.scores, expected_scores(model, data, averages), rtol=1e-4, atol=1e-5)
    assert found.averages == averages
    np.testing.assert_array_equal(found.index, np.arange(7))
    np.testing.assert_array_equal(found.group, data.groups)
    np.testing.assert_array_equal(found.label, data.labels)
    assert (found.classes, found.name) == (data.classes, data.name)


def test_what_is_averaged_is_the_models_own_the_callers_or_softmax() -> None:
    data = ViewedClips()
    assert predict(ViewedModel(), data).averages == "softmax"
    assert predict(ViewedModel(averages="logits"), data).averages == "logits"
    assert predict(ViewedModel(averages="logits"), data, averages="softmax").averages == "softmax"
    assert {vmp.build(name, 3, size="tiny").spec.averages for name in ("slowfast_8x8", "c2d", "i3d", "x3d_m")} == {
        "softmax"
    }


def test_another_crop_and_outputs_with_logits() -> None:
    class Output(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.inner = ViewedModel()

        def forward(self, clip: Tensor) -> SimpleNamespace:
            assert clip.shape[2:] == (3, 6, 6)
            return SimpleNamespace(logits=self.inner(clip), loss=None)

    taken = ClipInput((Pathway("clip", 3, 1),), crop=6)
    assert predict(Output(), ViewedClips(), clip_input=taken).scores.shape == (7, 3)


def test_progress_counts_views_of_clips() -> None:
    told: list[tuple[int, int]] = []
    predict(ViewedModel(), ViewedClips(), batch_size=4, progress=lambda done, total: told.append((done, total)))
    assert told == [(4, 14), (8, 14), (11, 14), (14, 14)]


def test_loading_processes_change_nothing() -> None:
    here, there = (predict(ViewedModel(), ViewedClips(), batch_size=3, workers=workers) for workers in (0, 2))
    np.testing.assert_array_equal(here.scores, there.scores)


def test_the_model_is_left_as_it_was() -> None:
    model = ViewedModel().train()
    model.body[1].eval()  # frozen statistics
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    predict(model, ViewedClips())
    assert [model.training, model.body.training, model.body[1].training, model.body[3].training] == [
        True,
        True,
        False,
        True,
    ]
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())
    assert all(parameter.grad is None and not parameter.is_inference() for parameter in model.parameters())
    with pytest.raises(ValueError, match="num_classes=4"):
        predict(model, ViewedClips(classes=4))
    assert model.training
    assert not model.body[1].training


def test_global_generators_stay() -> None:
    class Drawing(ViewedModel):
        def forward(self, clip: Tensor | list[Tensor]) -> Tensor:
            return super().forward(clip) + torch.rand(3)

    def states() -> list[object]:
        return [torch.get_rng_state().tolist(), random.getstate(), np.random.get_state()[1].tolist()]  # noqa: NPY002

    model, data, before = Drawing(), ViewedClips(), states()
    for workers in (0, 1):
        predict(model, data, workers=workers)
    assert states() == before


def test_a_source_that_keeps_its_tensors_can_be_trained_on() -> None:
    class Keeping(ViewedClips):
        def clips(self, indices, clip_input, **options):  # type: ignore[no-untyped-def]
            found = super().clips(indices, clip_input, **options)
            self.kept = [clip.float() / 255 for clip in found]
            return found

    data, model = Keeping(), ViewedModel()
    predict(model, data)
    (clips,) = data.kept
    loss = model.train()(clips.permute(0, 4, 1, 2, 3).mul_(2)).sum()
    loss.backward()
    assert model.head.weight.grad is not None


def test_scores_that_are_not_finite_name_their_clips() -> None:
    class Broken(ViewedModel):
        def __init__(self, value: float) -> None:
            super().__init__()
            self.value, self.calls = value, 0

        def forward(self, clip: Tensor | list[Tensor]) -> Tensor:
            logits = super().forward(clip)
            self.calls += 1
            if self.calls == 4:  # clips 3 to 5 in their second view
                logits[1, 2] = self.value
            return logits

    for value in (torch.nan, torch.inf, -torch.inf):  # softmax makes a probability of the last
        with pytest.raises(ValueError, match=r"1 of 7 clips of noise, test:\n  clip 4 of noise, test\nLook at"):
            predict(Broken(value), ViewedClips(), batch_size=3)
    model = ViewedModel()
    with torch.no_grad():
        model.head.bias.fill_(torch.nan)
    with pytest.raises(ValueError, match=r"7 of 7 clips .*\n(  clip . of noise, test\n){5}  and 2 more\n"):
        predict(model, ViewedClips())


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: predict(nn.Linear(2, 2), ViewedClips()), "clip_input: expected what the model takes of a video"),
        (lambda: predict(ViewedModel(), ViewedClips(), batch_size=0), "1 at once, got 7 and batch_size=0"),
        (lambda: predict(ViewedModel(), ViewedClips(count=0)), "at least 1 clip, and 1 at once, got 0"),
        (lambda: predict(ViewedModel(), ViewedClips(), averages="mean"), "averages: expected 'softmax' or 'logits'"),
        (lambda: predict(ViewedModel(classes=5), ViewedClips()), r"expected logits of shape \(7, 3\).*got \(7, 5\)"),
    ],
)
def test_errors(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        call()


# --- numbers ---


def numbered(scores: object, label: list[int]) -> Predictions:
    array = np.asarray(scores, dtype=np.float32)
    numbers = np.arange(len(array))
    return Predictions(numbers, numbers, np.array(label), array, tuple(map(str, range(array.shape[1]))))


def test_metrics_by_hand() -> None:
    scores = [
        [0.7, 0.1, 0.1, 0.1, 0.0, 0.0],  # 0, right
        [0.1, 0.5, 0.2, 0.1, 0.1, 0.0],  # 0, not first
        [0.0, 0.2, 0.4, 0.2, 0.1, 0.1],  # 1, not first
        [0.0, 0.6, 0.1, 0.1, 0.1, 0.1],  # 1, right
        [0.1, 0.3, 0.2, 0.2, 0.2, 0.0],  # 5, sixth
    ]
    found = metrics(numbered(scores, [0, 0, 1, 1, 5]))
    assert list(found) == ["top1", "top5", "mean_class", "mean_ap"]
    assert found["top1"] == 40.0
    assert found["top5"] == 80.0
    assert found["mean_class"] == pytest.approx(100 / 3)  # 1/2, 1/2, 0; classes 2 to 4 have no clip
    # ranked for 0: right, then two with .1 of which one is right, precision 2/3; for 1: right, other, other, right;
    # for 5: two others with .1, then all the rest
    precision = [(1 + 2 / 3) / 2, (1 + 2 / 4) / 2, 1 / 5]
    assert found["mean_ap"] == pytest.approx(100 * np.mean(precision), abs=1e-4)


def test_average_precision_of_logits_knows_no_constant_of_a_clip() -> None:
    generator = np.random.default_rng(0)
    logits = generator.normal(size=(30, 4))
    label = generator.integers(0, 4, 30).tolist()
    fields = {"averages": "logits"}
    plain, shifted = (
        Predictions(*(getattr(one, name) for name in ("index", "group", "label", "scores", "classes")), **fields)  # type: ignore[arg-type]
        for one in (numbered(logits, label), numbered(logits + 5 * generator.normal(size=(30, 1)), label))
    )
    assert metrics(plain) == pytest.approx(metrics(shifted))
    shares = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    assert metrics(plain)["mean_ap"] == pytest.approx(metrics(numbered(shares, label))["mean_ap"], abs=1e-3)


def test_metrics_agree_with_numpy_and_groups_count_once() -> None:
    generator = np.random.default_rng(1)
    label = generator.integers(0, 9, 200)
    found = numbered(generator.random((200, 10)) + 0.3 * np.eye(10)[label], label.tolist())
    came = metrics(found)
    order = np.argsort(-found.scores, axis=1)
    assert came["top1"] == pytest.approx(100 * np.mean(order[:, 0] == label))
    assert came["top5"] == pytest.approx(
        100 * np.mean([one in row for one, row in zip(label, order[:, :5], strict=True)])
    )
    shares = [np.mean(order[label == one, 0] == one) for one in range(9)]
    assert came["mean_class"] == pytest.approx(100 * np.mean(shares))
    grouped = Predictions(found.index, label, found.label, found.scores, found.classes).by_group()
    assert metrics(grouped)["top1"] == pytest.approx(100 * grouped.correct().mean())


def test_ties_and_few_classes() -> None:
    tied = numbered(np.ones((4, 3)), [0, 0, 1, 2])
    found = metrics(tied)
    assert found["top1"] == 50.0  # label 0 comes first
    assert found["top5"] == 100.0
    assert found["mean_class"] == pytest.approx(100 / 3)
    assert found["mean_ap"] == pytest.approx(100 / 3, abs=1e-4)  # precision of all together: 1/2, 1/4, 1/4
    assert confusion(tied).tolist() == [[2, 0, 0], [1, 0, 0], [1, 0, 0]]


def test_confusion_by_hand() -> None:
    found = numbered(np.eye(4)[[0, 1, 1, 3]], [0, 0, 1, 1])
    assert confusion(found).tolist() == [[1, 1, 0, 0], [0, 1, 0, 1], [0, 0, 0, 0], [0, 0, 0, 0]]
    assert confusion(found).dtype == np.int64


# --- real models, real clips, several processes ---


def test_a_rendered_set_with_tiny_models(tmp_path: Path) -> None:
    data = libras.load("libras-moving", "test", limit=15, renderings=2, cache=tmp_path)
    for name, prompts in (("slowfast_4x16", "slow"), ("timesformer", True), ("x3d_xs", None)):
        model = vmp.build(name, 15, prompts, size="tiny", generator=torch.Generator().manual_seed(0))
        found = predict(model, data, batch_size=8)
        assert found.averages == ("logits" if name == "timesformer" else "softmax")
        one = predict(model, data, batch_size=1)
        np.testing.assert_allclose(found.scores, one.scores, rtol=1e-3, atol=1e-5)
        grouped = found.by_group()
        assert len(found) == 30
        assert len(grouped) == 15
        np.testing.assert_allclose(grouped.scores[0], found.scores[found.group == grouped.group[0]].mean(0), rtol=1e-5)
        assert 0 <= metrics(grouped)["top1"] <= metrics(grouped)["top5"] <= 100
        assert Predictions.load(found.save(tmp_path / f"{name}.parquet")).scores.tobytes() == found.scores.tobytes()
        model.train()
        inputs = normalised(data.clips([0, 1], model.clip_input), model.clip_input)
        logits = model(inputs[0] if len(inputs) == 1 else inputs)
        logits.sum().backward()  # testing left nothing behind that training would trip over


_PROCESS = """
import json
import sys
from pathlib import Path

sys.modules["torchmetrics"] = None  # as where it is not installed; Lightning would load it, ten seconds long
import torch
from evaluation_stand_ins import ViewedClips, ViewedModel
from vmp.devices import open_fabric
from vmp.evaluate import predict

torch.set_num_threads(1)
fabric = open_fabric(accelerator="cpu", devices=2, strategy="ddp")
model = ViewedModel().train()
wrapped = fabric.setup_module(model)
out = Path(sys.argv[1])
for name, count in (("seven", 7), ("one", 1)):
    data = ViewedClips(count)
    found = predict(wrapped, data, fabric=fabric, batch_size=2)
    found.save(out / f"{name}-{fabric.global_rank}.parquet")
    asked = sorted(clip for clips, view in data.asked for clip in clips if view == 0)
    (out / f"{name}-{fabric.global_rank}.txt").write_text(json.dumps(asked))
assert model.training
data = ViewedClips(7)
with torch.no_grad():
    model.head.bias.fill_(torch.nan if fabric.global_rank else 0.0)  # the other process must not wait for ever
try:
    predict(wrapped, data, fabric=fabric)
except ValueError as error:
    (out / f"error-{fabric.global_rank}.txt").write_text(str(error))
"""


def test_two_processes_test_each_clip_once_and_both_have_all_scores(tmp_path: Path) -> None:
    script = tmp_path / "process.py"
    script.write_text(_PROCESS)
    command = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2", str(script)]
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests"))), "OMP_NUM_THREADS": "1"}
    run = subprocess.run([*command, str(tmp_path)], env=environment, capture_output=True, text=True, timeout=500)
    assert run.returncode == 0, run.stderr
    for name, count in (("seven", 7), ("one", 1)):
        alone = predict(ViewedModel(), ViewedClips(count))
        asked = [json.loads((tmp_path / f"{name}-{rank}.txt").read_text()) for rank in (0, 1)]
        assert asked == [list(range(0, count, 2)), list(range(1, count, 2))]
        for rank in (0, 1):
            found = Predictions.load(tmp_path / f"{name}-{rank}.parquet")
            np.testing.assert_array_equal(found.index, alone.index)
            np.testing.assert_array_equal(found.label, alone.label)
            np.testing.assert_allclose(found.scores, alone.scores, rtol=1e-4, atol=1e-6)
    errors = {(tmp_path / f"error-{rank}.txt").read_text() for rank in (0, 1)}
    assert len(errors) == 1
    assert "3 of 7 clips of noise, test:\n  clip 1 of noise, test\n  clip 3" in errors.pop()


def test_one_device_needs_neither_lightning_nor_torchmetrics(tmp_path: Path) -> None:
    code = (
        "import sys\nfrom evaluation_stand_ins import ViewedClips, ViewedModel\nfrom vmp.evaluate import predict\n"
        f"predict(ViewedModel(), ViewedClips()).save({str(tmp_path / 'p.parquet')!r})\n"
        "heavy = {'lightning_fabric', 'torchmetrics', 'torchvision', 'transformers', 'scipy', 'statsmodels'}\n"
        "assert not heavy & set(sys.modules), heavy & set(sys.modules)\n"
    )
    environment = os.environ | {"PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "tests")))}
    run = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
