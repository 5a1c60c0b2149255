"""Video motion prompts: a layer with two learnable numbers in front of any video model.

>>> import torch, vmp
>>> layer = vmp.MotionPrompt.from_slope_shift(11.04, -0.59)
>>> prompts, variation = layer(torch.randn(2, 3, 9, 64, 64))
>>> prompts.shape
torch.Size([2, 3, 8, 64, 64])

Each part is imported when it is first used, torch with the layer, so that ``vmp --help`` is quick.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmp.attachment import attach
    from vmp.backbones import build, list_backbones
    from vmp.data.video import Clip, example_clip, read_clip
    from vmp.equations import attention_variation, frame_difference, power_normalise
    from vmp.explorer import Explorer
    from vmp.prompt import MotionPrompt
    from vmp.prompt_file import load_prompt

__version__ = "0.1.0"

__all__ = [
    "Clip",
    "Explorer",
    "MotionPrompt",
    "attach",
    "attention_variation",
    "build",
    "example_clip",
    "frame_difference",
    "list_backbones",
    "load_prompt",
    "power_normalise",
    "read_clip",
]

_LAZY = {
    "Clip": "vmp.data.video",
    "Explorer": "vmp.explorer",
    "MotionPrompt": "vmp.prompt",
    "attach": "vmp.attachment",
    "attention_variation": "vmp.equations",
    "build": "vmp.backbones",
    "example_clip": "vmp.data.video",
    "frame_difference": "vmp.equations",
    "list_backbones": "vmp.backbones",
    "load_prompt": "vmp.prompt_file",
    "power_normalise": "vmp.equations",
    "read_clip": "vmp.data.video",
}
_LAZY_MODULES = {
    "analysis": "vmp.analysis",
    "backbones": "vmp.backbones",
    "data": "vmp.data",
    "evaluate": "vmp.evaluate",
    "experiments": "vmp.experiments",
    "explorer": "vmp.explorer",
    "figures": "vmp.figures",
    "maps": "vmp.maps",
    "motion": "vmp.motion",
    "paper": "vmp.experiments.paper",
    "power_norm": "vmp.power_norm",
    "predictions": "vmp.predictions",
    "prompt": "vmp.prompt",
    "recipe": "vmp.recipe",
    "statistics": "vmp.statistics",
    "train": "vmp.train",
}


def __getattr__(name: str) -> object:
    if name in _LAZY:
        return getattr(importlib.import_module(_LAZY[name]), name)
    if name in _LAZY_MODULES:
        return importlib.import_module(_LAZY_MODULES[name])
    raise AttributeError(f"module 'vmp' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__, *_LAZY_MODULES])
