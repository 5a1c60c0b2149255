"""What one clip costs a model of the paper's size, in FLOPs, counted on torch's meta device: no values, no GPU.

Counted are convolutions and matrix products, two for each multiply-add, with torch's ``FlopCounterMode``. What works
element by element is not: BatchNorm, activations, and the motion prompt layer itself, whose few dozen operations a
pixel are less than a thousandth of most backbones'. The layer still costs a training step something that is counted:
the gradient of the backbone's input, which nobody needs without it.

Counting all of them takes a minute, so the counts are kept in ``vmp/assets/cost/clip_flops.csv``, which
``benchmarks/flops.py`` writes and a test holds against counts made anew.
"""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from functools import cache
from importlib import resources
from typing import TYPE_CHECKING, Any, NamedTuple, cast

if TYPE_CHECKING:
    from vmp.backbones.model import VideoModel

Prompts = bool | str | None
EVERYTHING = ("backbone", "head", "prompt")
_CLASSES = 400


class ClipFlops(NamedTuple):
    """FLOPs of one clip, and the model's size.

    Attributes:
        view: one view in testing, at the test crop: the forward pass.
        step: its share of a training step, at the training crop: forward, and backward to what learns.
        parameters: of the backbone with 400 classes.
    """

    view: int
    step: int
    parameters: int


def clip_flops(backbone: str, prompts: Prompts = None, trained: Sequence[str] = EVERYTHING) -> ClipFlops:
    """FLOPs of a clip, from the kept counts where they have it.

    Args:
        backbone: a name that :func:`vmp.build` knows.
        prompts: as :func:`vmp.build` takes them.
        trained: the parts that learn, as :class:`vmp.recipe.Recipe` has them; "prompt" counts where there is a layer.

    Raises:
        ValueError: an unknown backbone, or prompts that it does not have.
    """
    found = _kept().get(_key(backbone, prompts, trained))
    return found or count(backbone, prompts, trained)


def count(backbone: str, prompts: Prompts = None, trained: Sequence[str] = EVERYTHING) -> ClipFlops:
    """Counts them anew: a backbone with 400 classes, a second or so. Args and Raises: as :func:`clip_flops`."""
    from vmp.backbones.builder import backbone_spec
    from vmp.backbones.table import counted

    known = counted(backbone_spec(backbone).name)
    return ClipFlops(2 * known.multiply_adds, _step(_model(backbone, prompts), trained), known.parameters)


def rows() -> list[dict[str, str | int]]:
    """Every backbone, with each choice of prompts and of what learns, counted anew: what the file keeps."""
    from vmp.backbones.registry import BACKBONES

    made: list[dict[str, str | int]] = []
    for name, spec in BACKBONES.items():
        choices: list[Prompts] = [None, True] if len(spec.pathways) == 1 else [None, "slow", "fast", "both"]
        for prompts in choices:
            without, layer = [("backbone", "head"), ("head",)], [EVERYTHING, ("head", "prompt"), ("prompt",), ("head",)]
            for trained in without if prompts is None else layer:
                numbers = count(name, prompts, trained)
                key = dict(zip(("backbone", "prompts", "trained"), _key(name, prompts, trained), strict=True))
                made.append({**key, **numbers._asdict()})
    return made


def convolution_backward_flops(
    to_out: Sequence[int], taken: Sequence[int], weight: Sequence[int], *rest: Any, out_shape: object = None
) -> int:
    """As many as forward for each of the gradients of input and weight that is wanted.

    torch's own formula (2.11 to 2.15) forgets the groups in the weight's: it counts an X3D's channelwise convolutions
    a hundred times over.

    Args:
        to_out: shape of the gradient of the output, (B, channels, ...).
        taken: shape of the input.
        weight: shape of the weight, (channels, input channels a group, ...).
        rest: what ``aten.convolution_backward`` takes besides; the last one is which gradients are wanted.
        out_shape: what the counter tells of the gradients; not used.
    """
    wanted = rest[7]  # bias sizes, stride, padding, dilation, transposed, output padding, groups, then this mask
    return 2 * math.prod(to_out) * math.prod(weight[1:]) * (bool(wanted[0]) + bool(wanted[1]))


def _key(backbone: str, prompts: Prompts, trained: Sequence[str]) -> tuple[str, str, str]:
    """As the file writes it. "both" and True are one for SlowFast."""
    words = "none" if not prompts else prompts if isinstance(prompts, str) else "all"
    learns = [part for part in EVERYTHING if part in trained and (part != "prompt" or prompts)]
    return backbone, words.replace("both", "all"), "+".join(learns)


@cache
def _kept() -> dict[tuple[str, str, str], ClipFlops]:
    path = resources.files("vmp").joinpath("assets", "cost", "clip_flops.csv")
    with path.open(encoding="utf-8") as file:
        return {
            (row["backbone"], row["prompts"], row["trained"]): ClipFlops(
                *(int(row[name]) for name in ClipFlops._fields)
            )
            for row in csv.DictReader(file)
        }


def _model(backbone: str, prompts: Prompts) -> VideoModel:
    """The model on the meta device, in training mode."""
    from vmp.backbones.builder import backbone_spec, make_backbone, prompted_pathways
    from vmp.backbones.model import VideoModel
    from vmp.prompt import MotionPrompt

    spec = backbone_spec(backbone)
    prompted = prompted_pathways(spec, cast(Any, prompts))
    clip_input = spec.clip_input("paper", prompted)
    layers = {pathway: MotionPrompt().to("meta") for pathway in prompted}
    return VideoModel(make_backbone(spec, _CLASSES, "paper", clip_input), layers, clip_input, spec, "paper").train()


def _step(model: VideoModel, trained: Sequence[str]) -> int:
    import torch
    from torch.utils.flop_counter import FlopCounterMode

    for part, parameters in model.parts().items():
        for parameter in parameters.values():
            parameter.requires_grad_(part in trained)
    crop = model.clip_input.crop
    shapes = [(1, 3, pathway.given, crop, crop) for pathway in model.clip_input.pathways]
    backward = {torch.ops.aten.convolution_backward: convolution_backward_flops}
    with FlopCounterMode(display=False, custom_mapping=backward) as counter:
        logits, variation = model([torch.empty(shape, device="meta") for shape in shapes], return_variation=True)
        (logits.sum() + variation).backward()
    return int(counter.get_total_flops())
