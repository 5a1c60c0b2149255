"""``vmp.build``: a backbone by name, with or without motion prompt layers, with or without published weights."""

from __future__ import annotations

import inspect
import math
import os
from collections.abc import Iterable
from typing import Any, Literal

import torch
from torch import nn

from vmp.adjacent import AdjacentPrompt
from vmp.backbones.model import VideoModel
from vmp.backbones.registry import BACKBONES
from vmp.backbones.resnet3d import initialise_convolutions, resnet3d, slowfast
from vmp.backbones.spec import BackboneSpec, ResNetDimensions, SlowFastDimensions, TimesformerDimensions, X3dDimensions
from vmp.backbones.x3d import x3d
from vmp.choices import ChannelOrder
from vmp.data.pathways import ClipInput
from vmp.nearest import did_you_mean
from vmp.prompt import MotionPrompt

Prompts = bool | Literal["slow", "fast", "both"] | None

# the backbones take (B, 3, T, H, W), and the generator is build's own argument
_LAYER_OPTIONS = [name for name in inspect.signature(MotionPrompt).parameters if name not in ("layout", "generator")]
_LAYER_OPTIONS += ["slope", "shift"]
_SMALLEST_CROP = 32


def build(
    name: str,
    num_classes: int,
    prompts: Prompts = None,
    weights: str | os.PathLike[str] | None = None,
    size: Literal["paper", "tiny"] = "paper",
    *,
    generator: torch.Generator | None = None,
    dropout: float | None = None,
    crop: int | None = None,
    extra_frame: bool = False,
    adjacent: bool = False,
    **layer_options: Any,
) -> VideoModel:
    """A video model by name, on torch's default device.

    Args:
        name: slowfast_4x16, slowfast_8x8, c2d, i3d, x3d_xs, x3d_s, x3d_m, x3d_l or timesformer; see
            :func:`vmp.list_backbones`.
        num_classes: how many logits it gives.
        prompts: True puts a motion prompt layer in front of each input; for SlowFast "slow", "fast" and "both" (True)
            say of which. None: of none.
        weights: a published checkpoint by name ("k400"), a local file or an address; the class head is replaced where
            it is for another number of classes. None: drawn at random.
        size: "paper", or "tiny": the same modules with small widths, for 64x64 pixels.
        generator: draws every weight. The backbone is drawn first, then the head, the layers' m and n last, so that a
            model with layers and one without, from generators in the same state, start equal. None: torch's global
            generator.
        dropout: before the head, for TimeSformer of its tokens and projections. None: .5 for a CNN of the paper's
            size, else 0. The original TimeSformer also drops whole paths (rate .1) in training; this one
            does not.
        crop: height and width of the clips in pixels; for TimeSformer a multiple of the patch, and the only one that
            the model then takes. None: the size's own, 224 for most, 64 for tiny.
        extra_frame: a control: without a layer, the backbone itself takes the T + 1 frames that a layer would take.
            TimeSformer has a time more then, for which that of the first frame of ``weights`` stands. Not for SlowFast.
        adjacent: a control: :class:`vmp.adjacent.AdjacentPrompt` in place of each layer, the difference of each of the
            T frames to the one just before it in the video, and not to the one a stride before.
        layer_options: of :class:`vmp.MotionPrompt`; mean, std and channel order are those of the backbone's clips
            where not given. And slope and shift, both or none: where every layer starts, instead of a random m and n.

    Raises:
        ValueError: an unknown name (with the nearest), option or value; weights that do not fit; an extra frame beside
            prompts or for SlowFast; adjacent frames without prompts.
    """
    spec = backbone_spec(name)
    prompted = prompted_pathways(spec, prompts)
    _check_layer_options(layer_options, prompted)
    clip_input = spec.clip_input(
        size, prompted, crop, _channel_order(spec, weights, size), extra_frame=extra_frame, adjacent=adjacent
    )
    _check_numbers(spec, num_classes, size, dropout, crop)
    backbone = make_backbone(spec, num_classes, size, clip_input, dropout, extra_frame)
    initialise(backbone, spec, generator)
    expected = {"mean": clip_input.mean, "std": clip_input.std, "channel_order": clip_input.channel_order}
    options = expected | layer_options
    kind = AdjacentPrompt if adjacent else MotionPrompt
    layers = {pathway: _layer(kind, generator, **options) for pathway in prompted}
    model = VideoModel(backbone, layers, clip_input, spec, size)
    if weights is not None:
        from vmp.backbones.weights import load_pretrained

        load_pretrained(model, weights)
    return model


def backbone_spec(name: str) -> BackboneSpec:
    """What is known of the backbone of that name; raises ValueError, naming the nearest, where there is none."""
    if name not in BACKBONES:
        raise ValueError(_nearest("name", name, BACKBONES))
    return BACKBONES[name]


def prompted_pathways(spec: BackboneSpec, prompts: Prompts) -> tuple[str, ...]:
    """The inputs that get a motion prompt layer, in the backbone's order; ValueError for one it does not have."""
    names = tuple(pathway.name for pathway in spec.pathways)
    if prompts is None or prompts is False:
        return ()
    if prompts is True or (prompts == "both" and len(names) > 1):
        return names
    if len(names) > 1 and prompts in names:
        return (prompts,)
    allowed = "None, True, 'slow', 'fast' or 'both'" if len(names) > 1 else "None or True, since it has one input"
    raise ValueError(f"prompts: expected {allowed} for {spec.name}, got {prompts!r}")


def make_backbone(
    spec: BackboneSpec,
    num_classes: int,
    size: str,
    clip_input: ClipInput,
    dropout: float | None = None,
    extra_frame: bool = False,
) -> nn.Module:
    """The backbone without values: its parameters are on torch's meta device.

    ``extra_frame``: it takes a frame more itself; only TimeSformer has to know.
    """
    chosen = spec.size(size)
    dropout = chosen.dropout if dropout is None else dropout
    window, frames = math.ceil(chosen.crop / 32), [pathway.frames for pathway in chosen.pathways]
    with torch.device("meta"):
        match chosen.dimensions:
            case ResNetDimensions() as dimensions:
                return resnet3d(dimensions, num_classes, dropout, window)
            case SlowFastDimensions() as dimensions:
                return slowfast(dimensions, num_classes, dropout, window, alpha=frames[1] // frames[0])
            case X3dDimensions() as dimensions:
                return x3d(dimensions, num_classes, dropout, window)
            case TimesformerDimensions() as dimensions:
                from vmp.backbones.timesformer import timesformer

                return timesformer(dimensions, num_classes, dropout, frames[0] + extra_frame, clip_input.crop)


def initialise(backbone: nn.Module, spec: BackboneSpec, generator: torch.Generator | None) -> None:
    """Gives a backbone of the meta device its values, on torch's default device.

    Raises ValueError for a generator of another device.
    """
    device = torch.get_default_device()
    if generator is not None and generator.device.type != device.type:
        raise ValueError(
            f"generator: expected one of the device the model is built on, {device.type}, got {generator.device.type}. "
            "Draw there and move the model afterwards: model.to(device)"
        )
    backbone.to_empty(device=device)
    if spec.family == "timesformer":
        from vmp.backbones.timesformer import initialise_timesformer

        initialise_timesformer(backbone, generator)
    else:
        initialise_convolutions(backbone, generator)


# --- what may be asked ---


def _channel_order(spec: BackboneSpec, weights: str | os.PathLike[str] | None, size: str) -> ChannelOrder:
    """Of the clips that the weights were trained with; checked before anything is built or downloaded."""
    if weights is None:
        return "RGB"
    from vmp.backbones.weights import find_entry

    entry = find_entry(spec, weights)
    if entry is not None and size != "paper":
        raise ValueError(f"weights: {entry.name!r} is for size='paper', got size={size!r}. Published are no others")
    return entry.channel_order if entry else "RGB"


def _check_numbers(spec: BackboneSpec, num_classes: int, size: str, dropout: float | None, crop: int | None) -> None:
    if not isinstance(num_classes, int) or num_classes < 1:
        raise ValueError(f"num_classes: expected a whole number from 1, got {num_classes!r}")
    if dropout is not None and not 0 <= dropout < 1:
        raise ValueError(f"dropout: expected a number in [0, 1), got {dropout}")
    dimensions = spec.size(size).dimensions
    multiple = dimensions.patch if isinstance(dimensions, TimesformerDimensions) else 1
    if crop is not None and (not isinstance(crop, int) or crop < _SMALLEST_CROP or crop % multiple):
        of = f", a multiple of the patch of {multiple}" if multiple > 1 else ""
        raise ValueError(f"crop: expected at least {_SMALLEST_CROP} pixels{of}, got {crop}")


def _layer(
    kind: type[MotionPrompt],
    generator: torch.Generator | None,
    slope: float | None = None,
    shift: float | None = None,
    **options: Any,
) -> MotionPrompt:
    if (slope is None) != (shift is None):
        raise ValueError(f"layer option: expected slope and shift, or none of them; got {slope=}, {shift=}")
    if slope is None or shift is None:
        return kind(generator=generator, **options)
    return kind.from_slope_shift(slope, shift, **options)


def _check_layer_options(options: dict[str, Any], prompted: tuple[str, ...]) -> None:
    for option in options:
        if option not in _LAYER_OPTIONS:
            raise ValueError(_nearest("layer option", option, _LAYER_OPTIONS))
    if options and not prompted:
        raise ValueError(f"prompts: expected a layer for {', '.join(options)}, got none. Choose prompts=True")


def _nearest(what: str, came: str, known: Iterable[str]) -> str:
    names = list(known)
    return f"{what}: expected {', '.join(names)}; got {came!r}{did_you_mean(came, names)}"
