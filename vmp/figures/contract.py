"""What goes into a MotionPrompt and what comes out, measured on a clip: shapes, dtypes, what is kept, the options."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import torch
from torch import Tensor

from vmp.prompt import STD, MotionPrompt


def shapes(cases: Mapping[str, tuple[MotionPrompt, Tensor]]) -> pd.DataFrame:
    """One row a (layer, clip): clip, frames in, prompts out, the dtypes of prompts and V, and V."""
    rows = []
    for name, (layer, clip) in cases.items():
        with torch.no_grad():
            prompts, variation = layer(clip)
        rows.append((name, _text(clip), _text(prompts), _dtype(prompts), _dtype(variation), variation.item()))
    return pd.DataFrame(rows, columns=["clip", "frames in", "prompts out", "prompts are", "V is", "V"])


def kept_for_backward(layer: MotionPrompt, clip: Tensor) -> pd.DataFrame:
    """What autograd keeps between forward and backward: one row a tensor, largest first.

    Columns: what ("the clip itself" where it is the input's memory), shape, bytes, share_of_clip.
    """
    kept: list[Tensor] = []

    def note(tensor: Tensor) -> Tensor:
        kept.append(tensor)
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(note, lambda tensor: tensor):
        layer(clip)
    single = sum(tensor.nbytes for tensor in kept if tensor.numel() == 1)
    rows = [
        ("the clip itself" if tensor.data_ptr() == clip.data_ptr() else "a map", _text(tensor), tensor.nbytes)
        for tensor in kept
        if tensor.numel() > 1
    ]
    rows.append((f"{sum(t.numel() == 1 for t in kept)} single numbers", "(1,)", single))
    frame = pd.DataFrame(rows, columns=["what", "shape", "bytes"])
    frame["share_of_clip"] = frame["bytes"] / clip.nbytes
    return frame.sort_values("bytes", ascending=False, ignore_index=True)


def options(clip: Tensor, slope: float, shift: float) -> pd.DataFrame:
    """The default, published(), paper() and absolute differences at one slope and shift, on a normalised clip.

    ``clip`` is normalised by vmp's default mean and std. Columns: layer, channels, product, pixels, differs (mean
    absolute difference of the prompt from the default's, in pixels of [0, 1]), V.
    """
    start = MotionPrompt.from_slope_shift(slope, shift)
    layers = {
        "the default": MotionPrompt(),
        "published()": MotionPrompt.published(),
        "paper()": MotionPrompt.paper(),
        'difference="absolute"': MotionPrompt(difference="absolute"),
    }
    rows, default = [], None
    for name, layer in layers.items():
        layer.load_state_dict(start.state_dict())
        with torch.no_grad():
            prompts, variation = layer(clip)
        default = prompts if default is None else default
        differs = (prompts - default).abs().mean().item() * STD[0]
        rows.append((name, layer.channel_order, layer.product, layer.pixel_reduction, differs, variation.item()))
    return pd.DataFrame(rows, columns=["layer", "channels", "product", "pixels", "differs", "V"])


def _text(tensor: Tensor) -> str:
    return str(tuple(tensor.shape))


def _dtype(tensor: Tensor) -> str:
    return str(tensor.dtype).removeprefix("torch.")
