"""The layer of an attached model in a file of its own: m and n, its options, and how it was attached."""

from __future__ import annotations

import inspect
import json
import os
from pathlib import Path
from typing import Any

import torch
from torch import nn

from vmp.prompt import MotionPrompt

FILE_NAME = "vmp_prompt.safetensors"
FORMAT = "vmp prompt 1"


def save_prompt(model: nn.Module, folder: str | os.PathLike[str]) -> Path:
    """Write an attached model's layer to ``folder/vmp_prompt.safetensors``, which ``save_pretrained`` does by itself.

    Raises ValueError for a model that ``vmp.attach`` did not make, or a layer of another class than MotionPrompt.
    """
    from safetensors.torch import save

    from vmp.checkpoint import written_whole

    attached: Any = model
    if not hasattr(attached, "attached_as"):
        raise ValueError(f"model: expected one that vmp.attach made, got {type(model).__name__}")
    layer = attached.motion_prompt
    if type(layer) is not MotionPrompt:
        raise ValueError(
            f"layer: expected a MotionPrompt, got {type(layer).__name__}, whose options are not known here. "
            "Save the model's state_dict, and make the layer again yourself"
        )
    told = {"layer": {name: getattr(layer, name) for name in _options()}, "attach": attached.attached_as()}
    metadata = {"format": FORMAT} | {name: json.dumps(value) for name, value in told.items()}
    numbers = {"m": layer.m.detach().cpu(), "n": layer.n.detach().cpu()}
    path = Path(folder) / FILE_NAME
    path.parent.mkdir(parents=True, exist_ok=True)
    with written_whole(path) as new:
        new.write_bytes(save(numbers, metadata))
    return path


def load_prompt(path: str | os.PathLike[str]) -> dict[str, Any]:
    """What ``vmp.attach`` takes besides the backbone, as it was when the layer was saved.

    ``vmp.attach(backbone, **vmp.load_prompt(folder))`` has the layer with its m and n, the layout, the input's name,
    the number of frames and lambda.

    Args:
        path: the folder that an attached model was saved to, or the file in it.

    Raises:
        ValueError: no such file, or not one that :func:`save_prompt` wrote.
    """
    from safetensors import SafetensorError, safe_open

    path = Path(path)
    path = path / FILE_NAME if path.is_dir() else path
    if not path.exists():
        raise ValueError(f"{path}: there is no such file. It is written where an attached model is saved")
    try:
        with safe_open(path, framework="pt") as file:
            metadata, numbers = file.metadata() or {}, {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    except SafetensorError as error:
        raise ValueError(f"{path}: broken, or not a layer that was saved ({error})") from error
    if metadata.get("format") != FORMAT:
        raise ValueError(f"{path}: expected the format {FORMAT!r}, got {metadata.get('format')!r}")
    # a generator of its own: the first m and n are drawn for nothing, and no one else's draws move
    layer = MotionPrompt(**json.loads(metadata["layer"]), generator=torch.Generator())
    layer.to(numbers["m"].dtype).load_state_dict(numbers)
    return {"layer": layer, **json.loads(metadata["attach"])}


def _options() -> list[str]:
    """The layer's constructor says which options there are; each is an attribute of the same name."""
    return [name for name in inspect.signature(MotionPrompt).parameters if name != "generator"]
