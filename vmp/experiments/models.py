"""The model of a run: built from its seed, with the weights that it starts from."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from vmp.experiments.nearest import unknown
from vmp.experiments.run import Run, is_file

if TYPE_CHECKING:
    from vmp.backbones.model import VideoModel
    from vmp.choices import ChannelOrder
    from vmp.data.pathways import ClipInput

#: Pixels of the full-size models at a scale; absent: the backbone's own.
CROPS = {"gpu": 112}


def fresh_model(run: Run, classes: int, weights: str | None = None) -> VideoModel:
    """The model as it is built for a run, on the CPU; with published weights or a file of them where given."""
    import torch

    import vmp

    build: Any = vmp.build  # checks its words itself
    order, options = channel_order(run), dict(run.layer)
    if order != "RGB" and run.prompts is not None:
        options.setdefault("channel_order", order)
    built: VideoModel = build(
        run.backbone, classes, run.prompts, weights, run.size, generator=torch.Generator().manual_seed(run.seed),
        dropout=run.recipe.dropout, crop=CROPS.get(run.scale), extra_frame=run.extra_frame, adjacent=run.adjacent,
        **options,
    )  # fmt: skip
    built.clip_input = replace(built.clip_input, channel_order=order)
    return built


def starting_model(run: Run, classes: int, started: Path | None) -> VideoModel:
    """The model of a run before its first step.

    Args:
        run: the run.
        classes: of its data set.
        started: the weights of the run that it starts from; None where it starts from no run.

    Raises:
        ValueError: weights that do not fit the model.
    """
    from vmp.checkpoint import load_weights

    if isinstance(run.start, Run):
        if started is None:
            raise ValueError(f"{run.title}: expected the weights of {run.start.identity}, which are not at hand")
        model = fresh_model(run, classes)
        load_weights(model, started, head=run.head)  # type: ignore[arg-type]
        return model
    if run.start is None or not _is_ours(run.start):
        return fresh_model(run, classes, run.start)
    model = fresh_model(run, classes)
    load_weights(model, run.start, head=run.head)  # type: ignore[arg-type]
    return model


def _is_ours(start: str) -> bool:
    """Whether it is a file that training left here: weights of a whole model, head and layers too."""
    from vmp.checkpoint import weights_metadata

    return is_file(start) and start.endswith(".safetensors") and bool(weights_metadata(start))


def clip_input(run: Run) -> ClipInput:
    """What the model of a run takes."""
    from vmp.backbones.builder import backbone_spec, prompted_pathways

    spec, wanted = backbone_spec(run.backbone), cast(Any, run.prompts)
    return spec.clip_input(
        run.size, prompted_pathways(spec, wanted), CROPS.get(run.scale), channel_order(run),
        extra_frame=run.extra_frame, adjacent=run.adjacent,
    )  # fmt: skip


def channel_order(run: Run) -> ChannelOrder:
    """The order that the weights which a run starts from, directly or not, want of a clip's channels.

    What is trained on from published weights keeps theirs, however many runs lie between; the rest has RGB.
    """
    from vmp.backbones.builder import backbone_spec
    from vmp.checkpoint import channel_order_of

    root: Run | str | None = run
    while isinstance(root, Run):
        root = root.start
    if root is not None and root.endswith(".safetensors") and Path(root).is_file():
        return channel_order_of(root) or "RGB"
    published = {entry.name: entry.channel_order for entry in backbone_spec(run.backbone).weights}
    return "RGB" if root is None else published.get(root, "RGB")


def as_tested(run: Run, model: VideoModel) -> ClipInput:
    """What the model of a run takes where it is tested: at the paper's scale in its authors' test crop."""
    from vmp.backbones.builder import backbone_spec

    taken: ClipInput = model.clip_input
    whole = run.scale == "paper" and run.size == "paper"
    return replace(taken, crop=backbone_spec(run.backbone).test_crop) if whole else taken


def clips_at_once(run: Run) -> int:
    """Clips that are tested at once: what training has room for at full size, else 64; it changes no result."""
    return run.recipe.batch_size if run.size == "paper" else 64


def layer_state(model: VideoModel) -> dict[str, list[float]]:
    """Slope a and shift b of each layer, by the name of its pathway."""
    return {
        str(name): [float(f"{value:.6g}") for value in (layer.slope.item(), layer.shift.item())]  # type: ignore[operator]
        for name, layer in model.prompts.items()
    }


def check_backbone(name: str) -> None:
    """Raise ValueError, with the nearest, where no backbone has that name."""
    from vmp.backbones.registry import BACKBONES

    if name not in BACKBONES:
        raise unknown("backbone", name, BACKBONES)
