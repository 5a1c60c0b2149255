"""Files that a run leaves: the checkpoint that it goes on from, and the weights that it ends with.

Both are written aside, flushed to the disk and moved into place: there is always a whole one, the one before or the
new one. A checkpoint opens with ``torch.load(weights_only=True)``; weights are safetensors.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from vmp.backbones.positions import with_extra_time
from vmp.choices import ChannelOrder

_FORMAT = "vmp checkpoint 1"


@dataclass
class Checkpoint:
    """Everything that a run goes on from.

    Learning rates, the order of the clips and every random draw follow from recipe, seed and position, so the
    position stands for schedule, sampler and generators.

    Attributes:
        identity: of :func:`vmp.run_identity.run_identity`.
        epoch: the epoch under way, from 1.
        step: steps of it that are done.
        model: its state dict.
        optimiser: its state dict.
        totals: sums over the steps done in this epoch, by name.
        seconds: spent on the steps done in this epoch.
        elapsed: seconds of the whole run so far.
        best: {"epoch", "accuracy", "file"} of the best epoch so far, or empty.
    """

    identity: dict[str, Any]
    epoch: int
    step: int
    model: dict[str, Tensor]
    optimiser: dict[str, Any]
    totals: dict[str, float] = field(default_factory=dict)
    seconds: float = 0.0
    elapsed: float = 0.0
    best: dict[str, Any] = field(default_factory=dict)


def save_checkpoint(path: Path, checkpoint: Checkpoint) -> None:
    """Put a checkpoint in the place of the one before, which stays until this one is whole."""
    with written_whole(path) as partial:
        torch.save({"format": _FORMAT, **vars(checkpoint)}, partial)


def load_checkpoint(path: Path) -> Checkpoint:
    """The checkpoint in a file, its tensors on the CPU.

    Raises:
        ValueError: the file is no checkpoint, or not one of this format.
    """
    try:
        plain = torch.load(path, map_location="cpu", weights_only=True)
        found = plain.pop("format", None) if isinstance(plain, dict) else None
    except Exception as error:  # torch raises whatever the bytes lead it to, and advises weights_only=False
        raise ValueError(
            f"{path}: expected a checkpoint, got a file that is none, or not whole. Remove it to start over"
        ) from error
    if found != _FORMAT:
        raise ValueError(f"{path}: expected {_FORMAT!r}, got {found!r}. Remove it to start over")
    return Checkpoint(**plain)


# --- weights ---


def save_weights(path: Path, state: Mapping[str, Tensor], metadata: Mapping[str, Any]) -> None:
    """Write a state dict as safetensors, with metadata as JSON in its header."""
    from safetensors.torch import save

    # a copy each: safetensors takes neither views nor one memory under two names
    tensors = {name: tensor.detach().to("cpu", copy=True).contiguous() for name, tensor in state.items()}
    with written_whole(path) as partial:
        # save_file would make a file that nobody else may read
        partial.write_bytes(save(tensors, {"vmp": json.dumps(metadata, sort_keys=True)}))


def weights_metadata(path: str | Path) -> dict[str, Any]:
    """What :func:`save_weights` wrote beside the weights, without reading those; empty for another file.

    Raises:
        ValueError: the file is not there, or no safetensors.
    """
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, "pt") as opened:
            metadata: dict[str, Any] = json.loads((opened.metadata() or {}).get("vmp", "{}"))
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path}: expected safetensors, {error}") from error
    return metadata


def channel_order_of(path: str | Path) -> ChannelOrder | None:
    """The order of the channels that these weights were trained on, as training wrote it; None: nothing says.

    Raises:
        ValueError: the file is not there, or no safetensors.
    """
    return cast("ChannelOrder | None", weights_metadata(path).get("channel_order"))


def load_state(path: str | Path) -> dict[str, Tensor]:
    """The state dict that :func:`save_weights` wrote, on the CPU.

    Raises:
        ValueError: the file is not there, or no safetensors.
    """
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except (OSError, SafetensorError) as error:
        raise ValueError(f"{path}: expected safetensors, {error}") from error


def load_weights(model: nn.Module, path: str | Path, *, head: Literal["kept", "new"] = "kept") -> list[str]:
    """Put trained weights into a model, in place; the names of those that stay as the model has them.

    Args:
        model: of ``vmp.build``.
        path: safetensors as training leaves them.
        head: "kept": the file's, of as many classes; "new": the model's own stays.

    A model with motion prompt layers takes the weights of one without: its m and n stay as they are. One that takes the
    extra frame without a layer takes the weights of one that does not; TimeSformer's first time then serves twice.

    Raises:
        ValueError: weights missing, left over or of another shape, all listed; weights of clips with another order of
            channels than the model is given; then nothing is changed.
    """
    if head not in ("kept", "new"):
        raise ValueError(f"head: expected 'kept' or 'new', got {head!r}")
    found, own = load_state(path), model.state_dict()
    parts: dict[str, dict[str, Any]] = model.parts()  # type: ignore[operator]
    stays = set(parts["head"]) if head == "new" else set()
    if not any(name in found for name in parts["prompt"]):
        stays |= set(parts["prompt"])
    found = {name: tensor for name, tensor in found.items() if name not in stays or name not in own}
    if getattr(model, "extra_frame", False):
        found = with_extra_time(found, own)
    _check_fit(path, found, {name: tensor for name, tensor in own.items() if name not in stays}, set(parts["head"]))
    _check_channels(path, model)
    model.load_state_dict(found, strict=False)
    return sorted(stays)


def _check_fit(path: str | Path, found: Mapping[str, Tensor], own: Mapping[str, Tensor], head: set[str]) -> None:
    shapes = [n for n in found if n in own and found[n].shape != own[n].shape]
    faults = {
        "missing": sorted(set(own) - set(found)),
        "not in the model": sorted(set(found) - set(own)),
        "of another shape": [f"{n} {tuple(found[n].shape)}, not {tuple(own[n].shape)}" for n in sorted(shapes)],
    }
    listed = "; ".join(f"{what}: {', '.join(names)}" for what, names in faults.items() if names)
    if listed:
        hint = ". For other classes: head='new'" if set(shapes) & head else ""
        raise ValueError(f"{path}: expected the weights of this model; {listed}{hint}")


def _check_channels(path: str | Path, model: Any) -> None:
    """The wrong order would show in no shape, only in the accuracy."""
    theirs, own = channel_order_of(path), getattr(getattr(model, "clip_input", None), "channel_order", None)
    if theirs is not None and own is not None and theirs != own:
        raise ValueError(
            f"{path}: these weights were trained on {theirs} clips, and the model is given {own} ones. Build it with "
            "the published weights that they began with"
        )


# --- writing ---


@contextlib.contextmanager
def written_whole(path: Path) -> Iterator[Path]:
    """A name to write to, which becomes ``path`` when all of it is on the disk, and goes when that fails."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.part")
    try:
        yield partial
        _flush(partial)
        os.replace(partial, path)
    finally:
        partial.unlink(missing_ok=True)
    if os.name == "posix":
        _flush(path.parent)  # the new name too


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDWR if path.is_file() else os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
