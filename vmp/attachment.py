"""``vmp.attach``: the motion prompt layer in front of any video model."""

from __future__ import annotations

import difflib
import inspect
import math
from typing import Any, Literal

from torch import nn

from vmp.choices import Layout, check_choice
from vmp.prompt import MotionPrompt
from vmp.prompted import Attached, another, arguments_of, class_with_layer


def attach(
    backbone: nn.Module,
    layer: MotionPrompt,
    layout: Layout = "BCTHW",
    input_name: str | None = None,
    *,
    lambda_: float = 0.0,
    num_frames: int | Literal["auto"] | None = "auto",
) -> nn.Module:
    r"""The layer in front of any video model: T + 1 frames in, the model's own output out.

    .. math:: Y = \text{backbone}(Z), \qquad \mathcal{L} = \mathcal{L}_{\mathrm{ori}} + \lambda V

    >>> import torch, vmp
    >>> from torchvision.models.video import r3d_18
    >>> model = vmp.attach(r3d_18(num_classes=5), vmp.MotionPrompt())
    >>> model(torch.randn(2, 3, 9, 32, 32)).shape  # 9 frames in, 8 prompts for r3d_18
    torch.Size([2, 5])
    >>> logits, variation = model(torch.randn(2, 3, 9, 32, 32), return_variation=True)

    The model is called as the backbone is: the clip keeps its name, place and layout, other arguments and the output
    pass through, and ``return_variation=True`` gives (output, V of Eq. 6). Where the output has a loss (``loss`` of a
    dict or of transformers' outputs, or a tuple's first, a scalar), ``lambda_`` times V is added to it, in evaluation
    too. A loss that is computed outside the model stays as it is: so does that of transformers' Trainer with label
    smoothing or ``compute_loss_func``. Nothing is kept between calls.

    A backbone with ``save_pretrained``, such as transformers' models, gives a model of the same class: its
    configuration and methods, its parameters by their own names, and the layer's as ``motion_prompt.m`` and
    ``motion_prompt.n``. What ``save_pretrained``, or transformers' Trainer, writes is read again by
    ``vmp.attach(Backbone.from_pretrained(folder), **vmp.load_prompt(folder))``.

    Any other backbone is held as ``model.backbone``; its public attributes are the model's too, and ``state_dict`` is
    how to save it. In both cases the backbone itself stays without the layer, and shares its weights with the model.

    So with torchvision's Swin3D and MViT, which take clips (B, 3, T, H, W), and with transformers' VideoMAE and
    TimeSformer, which take ``pixel_values`` (B, T, 3, H, W):

    >>> from torchvision.models.video import mvit_v2_s, swin3d_t
    >>> swin = vmp.attach(swin3d_t(num_classes=5), vmp.MotionPrompt())
    >>> swin(torch.randn(1, 3, 9, 32, 32)).shape
    torch.Size([1, 5])
    >>> mvit = vmp.attach(mvit_v2_s(num_classes=5), vmp.MotionPrompt())  # 17 frames of 224x224 in
    >>> from transformers import VideoMAEConfig, VideoMAEForVideoClassification
    >>> small = {"image_size": 32, "num_frames": 4, "hidden_size": 48, "num_attention_heads": 4, "num_hidden_layers": 1}
    >>> mae = VideoMAEForVideoClassification(VideoMAEConfig(**small))
    >>> mae = vmp.attach(mae, vmp.MotionPrompt(), "BTCHW", "pixel_values", lambda_=2.5)
    >>> sorted(mae(pixel_values=torch.randn(2, 5, 3, 32, 32), labels=torch.tensor([0, 1])))
    ['logits', 'loss']
    >>> from transformers import TimesformerConfig, TimesformerForVideoClassification
    >>> former = TimesformerForVideoClassification(TimesformerConfig(**small))
    >>> former = vmp.attach(former, vmp.MotionPrompt(), "BTCHW", "pixel_values", lambda_=2.5)
    >>> trainer = Trainer(former, arguments, train_dataset=clips)  # doctest: +SKIP
    >>> trainer.train()  # doctest: +SKIP
    >>> trainer.save_model("tuned")  # doctest: +SKIP
    >>> backbone = TimesformerForVideoClassification.from_pretrained("tuned")  # doctest: +SKIP
    >>> former = vmp.attach(backbone, **vmp.load_prompt("tuned"))  # doctest: +SKIP

    Args:
        backbone: takes clips (B, 3, T, H, W) or (B, T, 3, H, W), floating point, normalised as ``layer`` says.
        layer: its own layout may be the other one; it moves to the backbone's device.
        layout: of the clips that the backbone takes, "BCTHW" or "BTCHW".
        input_name: the argument of the backbone's forward that is the clip; None: the first.
        lambda\_: lambda of Eq. 7, for a loss that the backbone computes; >= 0. It is ``model.lambda_``.
        num_frames: T, the frames that the backbone takes; "auto": what it says itself, where it does; None: any.

    Raises:
        ValueError: other arguments than these, or a model that has a layer or was wrapped before. On a call: no clip,
            one of the wrong shape, or not one frame more than the backbone takes.
    """
    _check_arguments(backbone, layer, lambda_)
    check_choice("layout", layout)
    name, position = _place(backbone, input_name)
    if hasattr(backbone, "save_pretrained"):
        model: Any = another(backbone, class_with_layer(type(backbone)))
    else:
        model = class_with_layer(backbone)(backbone)
    device = next((parameter.device for parameter in backbone.parameters()), None)
    model.motion_prompt = layer.to(device)
    model.lambda_ = lambda_
    model._attached = Attached(layout, name, position, frames_of(backbone) if num_frames == "auto" else num_frames)
    return model


def frames_of(backbone: nn.Module) -> int | None:
    """T, where the backbone says how many frames it takes: transformers' configurations and torchvision's MViT do."""
    config = getattr(backbone, "config", None)
    for name in ("num_frames", "frames_per_clip"):
        if isinstance(frames := getattr(config, name, None), int):
            return frames
    steps = getattr(getattr(backbone, "pos_encoding", None), "temporal_size", None)
    projection = getattr(backbone, "conv_proj", None)
    if steps is not None and isinstance(projection, nn.Conv3d):
        return int(steps) * projection.stride[0]
    return None


def _check_arguments(backbone: nn.Module, layer: MotionPrompt, lambda_: float) -> None:
    if not isinstance(backbone, nn.Module):
        raise ValueError(f"backbone: expected a torch.nn.Module, got {type(backbone).__name__}")
    if not isinstance(layer, MotionPrompt):
        raise ValueError(f"layer: expected a vmp.MotionPrompt, got {type(layer).__name__}")
    if not 0 <= lambda_ < math.inf:
        raise ValueError(f"lambda_: expected a number of at least 0, got {lambda_}")
    if hasattr(backbone, "motion_prompt"):
        raise ValueError("backbone: it has a motion prompt layer already, as motion_prompt")
    wrapped = hasattr(backbone, "save_pretrained") and "forward" in vars(backbone)
    if wrapped or isinstance(backbone, nn.parallel.DistributedDataParallel | nn.DataParallel):
        raise ValueError(
            f"backbone: expected the model itself, got one that was wrapped ({type(backbone).__name__}). "
            "Attach the layer first, then compile, distribute or prepare the model"
        )


def _place(backbone: nn.Module, input_name: str | None) -> tuple[str | None, int | None]:
    """Name and position of the clip among the arguments; None where it cannot be given by that."""
    arguments, kinds = arguments_of(backbone), inspect.Parameter
    names = [argument.name for argument in arguments]
    if input_name is None:
        if not arguments or arguments[0].kind in (kinds.KEYWORD_ONLY, kinds.VAR_KEYWORD):
            raise ValueError("input_name: expected a name, since the backbone's forward has no first argument")
        return names[0] if arguments[0].kind is kinds.POSITIONAL_OR_KEYWORD else None, 0
    if input_name in names:
        position = names.index(input_name)
        return input_name, position if arguments[position].kind is kinds.POSITIONAL_OR_KEYWORD else None
    nearest = difflib.get_close_matches(input_name, names, n=1)
    if not nearest and any(argument.kind is kinds.VAR_KEYWORD for argument in arguments):
        return input_name, None
    hint = f" Did you mean {nearest[0]!r}?" if nearest else ""
    raise ValueError(
        f"input_name: expected an argument of the backbone's forward, {', '.join(names)}; got {input_name!r}.{hint}"
    )
