"""A model with a motion prompt layer in front: the backbone's class, or one that holds it, with another forward.

The class is made for the backbone, since transformers reads the names of the arguments that a model takes from the
signature of its forward, those of the labels from that of its class.
"""

from __future__ import annotations

import copy
import inspect
import os
import types
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from vmp.choices import Layout, channels_first, check_clip
from vmp.prompt import MotionPrompt
from vmp.prompt_file import save_prompt


@dataclass(frozen=True)
class Attached:
    """Where the clip is among the arguments, and what is expected of it.

    Attributes:
        layout: of the clip.
        name: None where it can only be given by its place.
        position: None where it can only be given by its name.
        num_frames: T of the backbone; None where it is not known.
    """

    layout: Layout
    name: str | None
    position: int | None
    num_frames: int | None

    def find(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Tensor:
        """The clip among the arguments; raises ValueError where there is none, or it is not as it must be."""
        if self.position is not None and len(args) > self.position:
            clip = args[self.position]
        else:
            clip = kwargs.get(self.name) if self.name else None
        if clip is None:
            how = f"as {self.name!r}" if self.name else "as the first argument"
            raise ValueError(f"{self.name or 'clip'}: expected the clip {how}, got none")
        check_clip(clip, self.layout)
        self._check_frames(clip)
        return clip

    def _check_frames(self, clip: Tensor) -> None:
        frames = clip.shape[self.layout.index("T")]
        if self.num_frames is None or frames == self.num_frames + 1:
            return
        raise ValueError(
            f"{self.name or 'clip'}: expected {self.num_frames + 1} frames, one more than the backbone's "
            f"{self.num_frames}, since T + 1 frames give T prompts; got {frames}: {tuple(clip.shape)} in the layout "
            f"{self.layout!r}. Where the backbone takes another number, say so: vmp.attach(..., num_frames=...)"
        )

    def put(self, prompts: Tensor, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, ...]:
        """The arguments by place, with the prompts where the clip was; ``kwargs`` is changed."""
        if self.position is not None and len(args) > self.position:
            return (*args[: self.position], prompts, *args[self.position + 1 :])
        kwargs[self.name or ""] = prompts
        return args


class WithLayer(nn.Module):
    """What comes before the backbone's class."""

    #: transformers' Trainer then divides an accumulated loss itself, and the variation's share with it
    accepts_loss_kwargs = False
    motion_prompt: MotionPrompt
    lambda_: float
    _attached: Attached
    _backbone_class: type[nn.Module] | None  # None: the backbone is held

    def forward(self, *args: Any, return_variation: bool = False, **kwargs: Any) -> Any:
        """The backbone's output for the prompts of the clip, and V of Eq. 6 where asked for."""
        layer, layout = self.motion_prompt, self._attached.layout
        clip = self._attached.find(args, kwargs)
        prompts, variation = layer(channels_first(channels_first(clip, layout), layer.layout))
        prompts = channels_first(channels_first(prompts, layer.layout), layout)
        args = self._attached.put(prompts, args, kwargs)
        output = super().forward(*args, **kwargs)
        if self.lambda_:
            output = _with_loss(output, self.lambda_ * variation)
        return (output, variation) if return_variation else output

    def attached_as(self) -> dict[str, Any]:
        """The arguments of ``vmp.attach``, besides backbone and layer, that give this model."""
        return {
            "layout": self._attached.layout,
            "input_name": self._attached.name,
            "num_frames": self._attached.num_frames,
            "lambda_": self.lambda_,
        }

    def __reduce_ex__(self, protocol: Any) -> Any:
        """For pickle and deepcopy: the class is made anew, since it has no name to be found by."""
        return _empty, (self._backbone_class or self.backbone,), self.__getstate__()


class Saving(WithLayer):
    """A model with a layer whose backbone has ``save_pretrained``."""

    def save_pretrained(self, save_directory: str | os.PathLike[str], **options: Any) -> Any:
        """As the backbone's; the layer with its options is written beside it, as ``vmp_prompt.safetensors``."""
        if options.get("push_to_hub"):
            raise ValueError(
                "push_to_hub: it would leave the layer's file out; use model.push_to_hub(name), which sends it"
            )
        backbone: Any = super()
        written = backbone.save_pretrained(save_directory, **options)
        if options.get("is_main_process", True):
            save_prompt(self, save_directory)
        return written


class Held(nn.Module):
    """A backbone as a part: its own class may count its parts, as nn.Sequential does, or be made for it alone."""

    def __init__(self, backbone: nn.Module) -> None:
        super().__init__()
        self.backbone = backbone
        self.training = backbone.training

    def forward(self, *args: Any, **kwargs: Any) -> Any:
        """The backbone's output."""
        return self.backbone(*args, **kwargs)

    def __getattr__(self, name: str) -> Any:
        try:
            return super().__getattr__(name)
        except AttributeError:
            if name.startswith("_") or name == "backbone":  # copy, pickle and torch ask this model, not the backbone
                raise
            return getattr(self.backbone, name)


def _with_loss(output: Any, extra: Tensor) -> Any:
    if isinstance(output, dict) and output.get("loss") is not None:  # transformers' outputs are dicts
        output["loss"] = output["loss"] + extra
    elif type(output) is tuple and output and isinstance(output[0], Tensor) and output[0].ndim == 0:
        return (output[0] + extra, *output[1:])
    return output


# --- making the class ---


def class_with_layer(backbone: nn.Module | type[nn.Module]) -> type[nn.Module]:
    """For a class: one below it, of the same name, by which transformers knows a model. For a model: one to hold it."""

    def forward(self: Any, *args: Any, **kwargs: Any) -> Any:
        return WithLayer.forward(self, *args, **kwargs)

    forward.__signature__ = _signature(arguments_of(backbone))  # type: ignore[attr-defined]
    own = isinstance(backbone, type)
    like: type[nn.Module] = backbone if isinstance(backbone, type) else type(backbone)
    name = like.__name__ if own else f"Prompted{like.__name__}"
    body = {
        "forward": forward,
        "_backbone_class": like if own else None,
        "__module__": like.__module__ if own else __name__,
        "__qualname__": name,
        "__doc__": like.__doc__,
    }
    bases = (Saving, like) if own else (WithLayer, Held)
    return types.new_class(name, bases, exec_body=lambda namespace: namespace.update(body))


def another(backbone: nn.Module, kind: type[nn.Module]) -> nn.Module:
    """The same model as a ``kind``: it shares all that the backbone consists of, but not the lists of it."""
    model = kind.__new__(kind)
    model.__dict__ = {
        name: copy.copy(value) if name.startswith("_") and isinstance(value, dict | set) else value
        for name, value in vars(backbone).items()
    }
    return model


def _empty(backbone: nn.Module | type[nn.Module]) -> nn.Module:
    kind = class_with_layer(backbone)
    return kind.__new__(kind)


def arguments_of(backbone: nn.Module | type[nn.Module]) -> list[inspect.Parameter]:
    """What forward takes, without self; anything where that cannot be told, as of some compiled modules."""
    forward = backbone.forward
    try:
        arguments = list(inspect.signature(forward).parameters.values())
    except (TypeError, ValueError):
        return list(inspect.signature(lambda *args, **kwargs: None).parameters.values())
    return arguments[1:] if isinstance(backbone, type) else arguments


def _signature(arguments: list[inspect.Parameter]) -> inspect.Signature:
    """With self before them, and ``return_variation`` as the last that has a name."""
    new = inspect.Parameter("return_variation", inspect.Parameter.KEYWORD_ONLY, default=False, annotation="bool")
    kept = [argument for argument in arguments if argument.name != new.name]
    last = len(kept) - (bool(kept) and kept[-1].kind is inspect.Parameter.VAR_KEYWORD)
    return inspect.Signature(
        [inspect.Parameter("self", inspect.Parameter.POSITIONAL_ONLY), *kept[:last], new, *kept[last:]]
    )
