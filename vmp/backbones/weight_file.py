"""Files of weights: a state dict from torch's format, safetensors or a transformers folder, without running code."""

from __future__ import annotations

import os
import pickle
import re
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

#: Under which published checkpoints keep their state dict, in the order in which they are tried.
STATE_KEYS = ("model_state", "state_dict", "model")
#: What transformers' save_pretrained writes, the first that is there.
FOLDER_FILES = ("model.safetensors", "pytorch_model.bin")


class WeightsError(ValueError):
    """Weights that cannot be read, or do not fit the model: names the file and the reason."""


def read_state(path: str | os.PathLike[str], key: str | None = None) -> dict[str, Tensor]:
    """The state dict of a file: name -> tensor, on the CPU.

    Args:
        path: a file of torch.save or safetensors, or a folder that transformers' save_pretrained wrote.
        key: under which the file holds the state dict; None looks for :data:`STATE_KEYS`, or takes the file itself.

    Raises:
        WeightsError: no such file, not one of weights, broken, or one that would run code when opened.
    """
    path = Path(path)
    if path.is_dir():
        path = _file_of(path)
    if not path.exists():
        raise WeightsError(f"{path}: there is no such file")
    with path.open("rb") as file:
        start = file.read(9)
    content = _read_safetensors(path) if _is_safetensors(start, path) else _read_torch(path, start)
    return _state_of(content, key, path)


def _file_of(folder: Path) -> Path:
    for name in FOLDER_FILES:
        if (folder / name).exists():
            return folder / name
    raise WeightsError(
        f"{folder}: expected a folder with {' or '.join(FOLDER_FILES)}, as save_pretrained writes it in one piece; "
        "it has neither"
    )


def _is_safetensors(start: bytes, path: Path) -> bool:
    """Eight bytes with the length of a header that begins with a brace."""
    return start[8:] == b"{" and struct.unpack("<Q", start[:8])[0] <= path.stat().st_size


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    from safetensors import SafetensorError
    from safetensors.torch import load_file

    try:
        return load_file(path)
    except SafetensorError as error:
        raise WeightsError(f"{path}: broken, or cut short ({error})") from error


def _read_torch(path: Path, start: bytes) -> Any:
    if not start.startswith((b"PK\x03\x04", b"\x80")):  # a zip archive; a bare pickle, as before torch 1.6
        raise WeightsError(
            f"{path}: expected a file of torch.save or safetensors, got one that begins with {start!r}. "
            "A download may have brought a page in its place"
        )
    try:
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # what a broken pickle raises can be anything
        asked = re.search(r"GLOBAL (\S+)", str(error))
        if isinstance(error, pickle.UnpicklingError) and asked:
            raise WeightsError(
                f"{path}: refused. It holds more than weights: opening it would call {asked[1]}, and could run any "
                "code. Where you trust it, open it yourself and save its state dict alone"
            ) from error
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise WeightsError(f"{path}: broken, cut short, or no file of weights ({reason})") from error


def _state_of(content: Any, key: str | None, path: Path) -> dict[str, Tensor]:
    found = content
    if isinstance(content, Mapping):
        for name in STATE_KEYS if key is None else (key,):
            if isinstance(content.get(name), Mapping):
                found = content[name]
                break
    if isinstance(found, Mapping) and found and all(isinstance(value, Tensor) for value in found.values()):
        return {str(name): value for name, value in found.items()}
    came = sorted(map(str, found))[:10] if isinstance(found, Mapping) else type(found).__name__
    raise WeightsError(
        f"{path}: expected tensors by name, or such a dict under {' or '.join(map(repr, STATE_KEYS))}; got {came}"
    )
