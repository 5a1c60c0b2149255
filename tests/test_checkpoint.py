from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch
from training_stand_ins import MemoryClips, SmallModel

import vmp.checkpoint
from vmp.checkpoint import (
    Checkpoint,
    load_checkpoint,
    load_state,
    load_weights,
    save_checkpoint,
    save_weights,
    weights_metadata,
    written_whole,
)
from vmp.recipe import Recipe
from vmp.run_identity import check_identity, run_identity


def checkpoint(step: int = 3) -> Checkpoint:
    model = SmallModel(prompts=("clip",))
    optimiser = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.randn(2, 3, 5, 8, 8)).sum().backward()
    optimiser.step()
    return Checkpoint({"seed": 1}, 2, step, model.state_dict(), optimiser.state_dict(), {"loss": 1.5}, 2.0, 3.0)


def test_there_and_back_as_nothing_but_tensors_and_plain_values(tmp_path: Path) -> None:
    saved = checkpoint()
    save_checkpoint(tmp_path / "c.pt", saved)
    found = load_checkpoint(tmp_path / "c.pt")
    assert (found.identity, found.epoch, found.step, found.totals) == ({"seed": 1}, 2, 3, {"loss": 1.5})
    assert all(torch.equal(found.model[name], saved.model[name]) for name in saved.model)
    momentum = [state["momentum_buffer"] for state in found.optimiser["state"].values()]
    assert len(momentum) == 8
    assert all(buffer.abs().sum() > 0 for buffer in momentum[:2])
    torch.load(tmp_path / "c.pt", weights_only=True)


@pytest.mark.parametrize("fault", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_one_before(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    save_checkpoint(tmp_path / "c.pt", checkpoint(step=3))

    def full(*arguments: object) -> None:
        raise OSError("no space left")

    monkeypatch.setattr(vmp.checkpoint.os, fault, full)
    with pytest.raises(OSError, match="no space left"):
        save_checkpoint(tmp_path / "c.pt", checkpoint(step=4))
    monkeypatch.undo()
    assert load_checkpoint(tmp_path / "c.pt").step == 3
    assert [path.name for path in tmp_path.iterdir()] == ["c.pt"]


def test_the_file_is_on_the_disk_before_it_has_its_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr(vmp.checkpoint.os, "fsync", lambda handle: (done.append("flush"), fsync(handle))[1])
    monkeypatch.setattr(vmp.checkpoint.os, "replace", lambda a, b: (done.append("name"), replace(a, b))[1])
    with written_whole(tmp_path / "file") as partial:
        partial.write_text("whole")
        assert not (tmp_path / "file").exists()
    assert done == ["flush", "name", "flush"]  # the last: the folder
    assert (tmp_path / "file").read_text() == "whole"


@pytest.mark.parametrize("content", [b"", b"no checkpoint", b"PK\x03\x04 torn"])
def test_what_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.pt").write_bytes(content)
    with pytest.raises(ValueError, match=r"c.pt: expected a checkpoint.*Remove it to start over"):
        load_checkpoint(tmp_path / "c.pt")


def test_a_checkpoint_of_another_format_and_one_that_is_torn(tmp_path: Path) -> None:
    torch.save({"model": {}}, tmp_path / "other.pt")
    with pytest.raises(ValueError, match="expected 'vmp checkpoint 1', got None"):
        load_checkpoint(tmp_path / "other.pt")
    save_checkpoint(tmp_path / "c.pt", checkpoint())
    whole = (tmp_path / "c.pt").read_bytes()
    (tmp_path / "c.pt").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="expected a checkpoint"):
        load_checkpoint(tmp_path / "c.pt")


# --- which run a file is of ---


def identity(**changes: object) -> dict[str, object]:
    parts: dict[str, object] = {
        "model": SmallModel(prompts=("clip",)),
        "data": MemoryClips(),
        "recipe": Recipe(2, 4),
        "seed": 0,
    }
    return run_identity(**(parts | changes))  # type: ignore[arg-type]


def other_layer() -> SmallModel:
    model = SmallModel(prompts=("clip",))
    model.prompts["clip"].product = "pixels"
    return model


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seed": 1}, r"seed was 0, is 1\. Give another run_dir"),
        ({"recipe": Recipe(3, 4)}, "recipe.epochs was 2, is 3"),
        ({"recipe": Recipe(2, 4).changed(lr=0.1)}, "recipe.optimiser.lr was 0.005, is 0.1"),
        ({"data": MemoryClips(12)}, "data.clips was 11, is 12; data.labels was"),
        ({"data": MemoryClips(name="memory, fold 2")}, "data.name was 'memory, train', is 'memory, fold 2'"),
        ({"validation": MemoryClips()}, "validation was None, is None|validation.clips was None, is 11"),
        ({"model": SmallModel()}, "model.input was .*extra=True.* is .*extra=False"),
        ({"model": SmallModel(classes=4, prompts=("clip",))}, "model.shapes was"),
        ({"model": other_layer()}, "model.layers.clip.product was 'normalised', is 'pixels'"),
    ],
)
def test_another_run_is_refused_by_what_differs(changes: dict[str, object], message: str) -> None:
    check_identity(Path("c.pt"), identity(), identity(model=SmallModel(prompts=("clip",), seed=5)))
    with pytest.raises(ValueError, match=r"^c.pt: expected the run that it is of, got another: ") as caught:
        check_identity(Path("c.pt"), identity(), identity(**changes))
    assert caught.match(message)


def test_an_identity_is_json_and_survives_a_checkpoint(tmp_path: Path) -> None:
    saved = checkpoint()
    saved.identity = identity()
    save_checkpoint(tmp_path / "c.pt", saved)
    check_identity(tmp_path / "c.pt", load_checkpoint(tmp_path / "c.pt").identity, identity())
    save_weights(tmp_path / "w.safetensors", saved.model, {"identity": identity()})
    check_identity(tmp_path / "w.safetensors", weights_metadata(tmp_path / "w.safetensors")["identity"], identity())


# --- weights ---


def stored(tmp_path: Path, model: SmallModel) -> Path:
    save_weights(tmp_path / "w.safetensors", model.state_dict(), {"epoch": 7})
    return tmp_path / "w.safetensors"


def test_weights_there_and_back(tmp_path: Path) -> None:
    first, second = SmallModel(prompts=("clip",), seed=1), SmallModel(prompts=("clip",), seed=2)
    path = stored(tmp_path, first)
    assert load_weights(second, path) == []
    assert all(
        torch.equal(a, b) for a, b in zip(first.state_dict().values(), second.state_dict().values(), strict=True)
    )
    assert weights_metadata(path) == {"epoch": 7}
    tied = torch.zeros(2, 3)
    save_weights(tmp_path / "tied.safetensors", {"a": tied, "b": tied.t()}, {})
    assert load_state(tmp_path / "tied.safetensors")["b"].shape == (3, 2)


def test_a_new_head_and_a_new_layer_stay_as_the_model_has_them(tmp_path: Path) -> None:
    first, second = SmallModel(classes=5, seed=1), SmallModel(classes=3, prompts=("clip",), seed=2)
    before = {name: tensor.clone() for name, tensor in second.state_dict().items()}
    stays = ["head.bias", "head.weight", "prompts.clip.m", "prompts.clip.n"]
    assert load_weights(second, stored(tmp_path, first), head="new") == stays
    for name, tensor in second.state_dict().items():
        assert torch.equal(tensor, before[name] if name in stays else first.state_dict()[name])


@pytest.mark.parametrize(
    ("model", "options", "message"),
    [
        (
            SmallModel(4, ("clip",)),
            {},
            r"of another shape: head.bias \(3,\), not \(4,\).*For other classes: head='new'",
        ),
        (SmallModel(3), {}, "not in the model: prompts.clip.m, prompts.clip.n"),
        (SmallModel(3, ("clip",)), {"head": "old"}, "head: expected 'kept' or 'new', got 'old'"),
    ],
)
def test_weights_that_do_not_fit_change_nothing(
    tmp_path: Path, model: SmallModel, options: dict[str, str], message: str
) -> None:
    path = stored(tmp_path, SmallModel(3, ("clip",), seed=9))
    before = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    with pytest.raises(ValueError, match=message):
        load_weights(model, path, **options)  # type: ignore[arg-type]
    assert all(torch.equal(tensor, before[name]) for name, tensor in model.state_dict().items())


def test_missing_weights_are_listed(tmp_path: Path) -> None:
    state = SmallModel().state_dict()
    del state["backbone.0.bias"]
    save_weights(tmp_path / "w.safetensors", state, {})
    with pytest.raises(ValueError, match=r"missing: backbone\.0\.bias$"):
        load_weights(SmallModel(), tmp_path / "w.safetensors")


@pytest.mark.parametrize("read", [load_state, weights_metadata])
def test_what_are_no_weights(tmp_path: Path, read: object) -> None:
    assert callable(read)
    with pytest.raises(ValueError, match=r"none\.safetensors: expected safetensors"):
        read(tmp_path / "none.safetensors")
    (tmp_path / "w.safetensors").write_bytes(b"nothing of that kind")
    with pytest.raises(ValueError, match=r"w\.safetensors: expected safetensors"):
        read(tmp_path / "w.safetensors")
