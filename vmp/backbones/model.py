"""A backbone with its motion prompt layers: what ``vmp.build`` gives."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor, nn

from vmp.backbones.spec import BackboneSpec
from vmp.data.pathways import ClipInput
from vmp.prompt import MotionPrompt


class VideoModel(nn.Module):
    r"""A backbone, with a motion prompt layer in front of some of its inputs or none.

    ``logits = model(clip)``, or ``logits, variation = model(clip, return_variation=True)``, with

    - clip: (B, 3, T, H, W), normalised as ``clip_input`` says; for SlowFast [slow, fast]. A pathway with a layer takes
      T + 1 frames, one with a layer of adjacent differences 2 T, one with an extra frame and no layer T + 1;
    - logits: (B, classes), never a softmax, neither in training nor in evaluation;
    - variation: the sum of the layers' V (Eq. 6), a scalar; 0 without a layer.

    Nothing is kept between calls and a list given is not altered.

    Attributes:
        backbone: its parameters have the names of the published checkpoints.
        prompts: pathway name -> :class:`vmp.MotionPrompt`; may be empty.
        clip_input: the frames, crop and normalisation that it takes.
        spec: what is known of the backbone.
        size: "paper" or "tiny".

    Raises:
        ValueError: on a call, clips that are not as many, or not of the shapes, that ``clip_input`` says.
    """

    def __init__(
        self,
        backbone: nn.Module,
        prompts: Mapping[str, MotionPrompt],
        clip_input: ClipInput,
        spec: BackboneSpec,
        size: str,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.prompts = nn.ModuleDict(dict(prompts))
        self.clip_input = clip_input
        self.spec = spec
        self.size = size

    @property
    def head(self) -> nn.Linear:
        """The last projection: the only part that depends on the number of classes."""
        last: Any = self.backbone
        return last.classifier if self.spec.family == "timesformer" else last.blocks[-1].proj

    @property
    def extra_frame(self) -> bool:
        """Whether the backbone itself takes an extra frame, without a layer."""
        return any(pathway.extra and pathway.name not in self.prompts for pathway in self.clip_input.pathways)

    def parts(self) -> dict[str, dict[str, nn.Parameter]]:
        """The parameters of "backbone", "head" and "prompt", by their names in ``named_parameters()``."""
        head = {id(parameter) for parameter in self.head.parameters()}
        parts: dict[str, dict[str, nn.Parameter]] = {"backbone": {}, "head": {}, "prompt": {}}
        for name, parameter in self.named_parameters():
            part = "prompt" if name.startswith("prompts.") else "head" if id(parameter) in head else "backbone"
            parts[part][name] = parameter
        return parts

    def forward(
        self, clip: Tensor | Sequence[Tensor], return_variation: bool = False
    ) -> Tensor | tuple[Tensor, Tensor]:
        """Logits, and the variation where asked for; see the class."""
        given = (clip,) if isinstance(clip, Tensor) else tuple(clip)
        self._check(given)
        taken, variations = [], []
        for pathway, frames in zip(self.clip_input.pathways, given, strict=True):
            if pathway.name in self.prompts:
                frames, variation = self.prompts[pathway.name](frames)
                variations.append(variation)
            taken.append(frames)
        logits = self.after_layers(taken)
        if not return_variation:
            return logits
        return logits, torch.stack(variations).sum() if variations else logits.new_zeros((), dtype=torch.float32)

    def after_layers(self, clips: Sequence[Tensor]) -> Tensor:
        """Logits (B, classes) from what the backbone itself takes, one (B, 3, T, H, W) a pathway: prompts, or frames.

        For live video, whose prompts come one by one from :meth:`vmp.MotionPrompt.stream`.
        """
        if self.spec.family == "timesformer":
            return self.backbone(pixel_values=clips[0].transpose(1, 2)).logits  # (B, T, 3, H, W)
        return self.backbone(list(clips) if self.spec.family == "slowfast" else clips[0])

    def _check(self, clips: Sequence[Tensor]) -> None:
        pathways, first = self.clip_input.pathways, clips[0] if clips else None
        fits = (
            len(clips) == len(pathways)
            and all(
                isinstance(clip, Tensor)
                and clip.ndim == 5
                and clip.is_floating_point()
                and clip.shape[0] == first.shape[0]  # type: ignore[union-attr]
                and clip.shape[1:3] == (3, pathway.given)
                and (self._side is None or clip.shape[3:] == (self._side, self._side))
                for clip, pathway in zip(clips, pathways, strict=True)
            )
        )
        if not fits:
            raise ValueError(self._explanation(clips))

    @property
    def _side(self) -> int | None:
        """The height and width that it can only take: TimeSformer's positions are learned, one a patch."""
        return self.clip_input.crop if self.spec.family == "timesformer" else None

    def _explanation(self, clips: Sequence[Any]) -> str:
        """What was expected of each pathway, and what came."""
        side = self._side or "H"
        expected = " and ".join(
            f"{pathway.name} (B, 3, {pathway.given}, {side}, {self._side or 'W'})"
            + (" with the extra frame first" if pathway.extra else "")
            + (" with the one before each frame" if pathway.adjacent else "")
            for pathway in self.clip_input.pathways
        )
        came = ", ".join(
            f"{str(clip.dtype).removeprefix('torch.')} {tuple(clip.shape)}" if isinstance(clip, Tensor) else repr(clip)
            for clip in clips
        )
        return (
            f"clip: expected {expected}, floating point, for {self.spec.name} of size {self.size!r}; got "
            f"{came or 'nothing'}. vmp.data.pathways.pathway_windows(video_frames, model.clip_input, start) gives the "
            "frames of each pathway"
        )
