"""Difference, attention and prompts of what a model takes: its own frames, as it has them."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vmp.data.source import normalised
from vmp.figures.palette import colour_attention, colour_difference
from vmp.maps import Maps, prompt_pictures

if TYPE_CHECKING:
    from vmp.backbones.model import VideoModel
    from vmp.data.pathways import ClipInput, Pathway
    from vmp.prompt import MotionPrompt

Picture = NDArray[np.uint8]


def shown_pathway(model: VideoModel) -> Pathway:
    """The input whose maps are shown: of those with a layer the one with the shortest stride, else the last."""
    prompted = [pathway for pathway in model.clip_input.pathways if pathway.name in model.prompts]
    return min(prompted, key=lambda pathway: pathway.stride) if prompted else model.clip_input.pathways[-1]


def shown_layer(model: VideoModel) -> MotionPrompt:
    """The layer of :func:`shown_pathway`; of a model without one a layer with the pair of FineGym, to look through."""
    from vmp.prompt import MotionPrompt

    pathway, taken = shown_pathway(model), model.clip_input
    if pathway.name in model.prompts:
        return cast("MotionPrompt", model.prompts[pathway.name])
    device = next(model.parameters()).device
    options = {"mean": taken.mean, "std": taken.std, "channel_order": taken.channel_order}
    return MotionPrompt.from_paper("finegym", **options).to(device)  # type: ignore[arg-type]


def clip_maps(frames: Tensor, layer: MotionPrompt, clip_input: ClipInput) -> Maps:
    """Maps of every pair of frames, uint8 (T + 1, H, W, 3) in RGB -> float32 (T, ...) as :class:`vmp.maps.Maps` has.

    Of (2 T, H, W, 3) for a layer of adjacent differences. Computed on the layer's device; no gradient is kept.
    """
    clip = normalised([frames[None].to(layer.m.device)], clip_input)[0]  # (1, 3, T + 1, H, W)
    with torch.no_grad():
        made = layer.frame_difference(clip), layer.attention(clip), layer(clip)[0]
    difference, attention, prompt = (each[0].transpose(0, 1).float().cpu().numpy() for each in made)  # (T, C, H, W)
    return Maps(difference[:, 0], attention[:, 0], prompt)


def four_pictures(
    frame: Picture, maps: Maps, moment: int, layer: MotionPrompt, clip_input: ClipInput, gain: float = 3.0
) -> list[Picture]:
    """Frame, difference, attention and prompt of one moment as pictures, uint8 RGB (H, W, 3)."""
    prompt = prompt_pictures(maps.prompt[moment][None], layer)[0]
    if clip_input.channel_order == "BGR":
        prompt = np.ascontiguousarray(prompt[..., ::-1])
    return [frame, colour_difference(maps.difference[moment], gain), colour_attention(maps.attention[moment]), prompt]
