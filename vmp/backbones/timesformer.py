"""TimeSformer with divided space-time attention (Bertasius et al., ICML 2021), through transformers.

Importing this module imports transformers; the registry does so when a TimeSformer is built.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from transformers import TimesformerConfig, TimesformerForVideoClassification
from transformers.models.timesformer.modeling_timesformer import TimesformerEmbeddings

from vmp.backbones.spec import TimesformerDimensions

#: Names in the original repository's checkpoints -> names in transformers' model, the prefix "model." aside.
ORIGINAL_NAMES = {
    r"cls_token": "timesformer.embeddings.cls_token",
    r"pos_embed": "timesformer.embeddings.position_embeddings",
    r"time_embed": "timesformer.embeddings.time_embeddings",
    r"patch_embed\.proj": "timesformer.embeddings.patch_embeddings.projection",
    r"blocks\.(\d+)\.norm1": r"timesformer.encoder.layer.\1.layernorm_before",
    r"blocks\.(\d+)\.attn\.qkv": r"timesformer.encoder.layer.\1.attention.attention.qkv",
    r"blocks\.(\d+)\.attn\.proj": r"timesformer.encoder.layer.\1.attention.output.dense",
    r"blocks\.(\d+)\.temporal_norm1": r"timesformer.encoder.layer.\1.temporal_layernorm",
    r"blocks\.(\d+)\.temporal_attn\.qkv": r"timesformer.encoder.layer.\1.temporal_attention.attention.qkv",
    r"blocks\.(\d+)\.temporal_attn\.proj": r"timesformer.encoder.layer.\1.temporal_attention.output.dense",
    r"blocks\.(\d+)\.temporal_fc": r"timesformer.encoder.layer.\1.temporal_dense",
    r"blocks\.(\d+)\.norm2": r"timesformer.encoder.layer.\1.layernorm_after",
    r"blocks\.(\d+)\.mlp\.fc1": r"timesformer.encoder.layer.\1.intermediate.dense",
    r"blocks\.(\d+)\.mlp\.fc2": r"timesformer.encoder.layer.\1.output.dense",
    r"norm": "timesformer.layernorm",
    r"head": "classifier",
}


def timesformer(
    dimensions: TimesformerDimensions, num_classes: int, dropout: float, frames: int, crop: int
) -> TimesformerForVideoClassification:
    """transformers' model: ``pixel_values`` (B, T, 3, H, W) to ``.logits`` (B, classes).

    ``dropout`` is that of tokens and attention's output. Positions are learned: it takes just these frames and crop.
    """
    config = TimesformerConfig(
        image_size=crop,
        patch_size=dimensions.patch,
        num_frames=frames,
        hidden_size=dimensions.width,
        num_hidden_layers=dimensions.depth,
        num_attention_heads=dimensions.heads,
        intermediate_size=dimensions.hidden,
        hidden_dropout_prob=dropout,
    )
    config.num_labels = num_classes
    model = TimesformerForVideoClassification(config)
    embeddings = model.timesformer.embeddings.patch_embeddings
    embeddings.projection = PatchProjection(3, dimensions.width, dimensions.patch, dimensions.patch)
    return model


class PatchProjection(nn.Conv2d):
    """The patches' convolution as one matrix product: (N, 3, H, W) to (N, width, H / patch, W / patch).

    Kernel and stride are the same, so that it is one; with prompts in front the gradient of its input is wanted, which
    the product gives several times faster than the convolution on a CPU.
    """

    def forward(self, frames: Tensor) -> Tensor:
        """See the class."""
        size, (rows, columns) = self.kernel_size[0], (side // self.kernel_size[0] for side in frames.shape[2:])
        patches = frames.reshape(-1, 3, rows, size, columns, size).permute(0, 2, 4, 1, 3, 5).flatten(3)
        tokens = F.linear(patches, self.weight.flatten(1), self.bias)  # (N, rows, columns, width)
        return tokens.permute(0, 3, 1, 2)


def initialise_timesformer(backbone: nn.Module, generator: torch.Generator | None) -> None:
    """Draws every weight, the head's last, for training from scratch.

    Matrices by Xavier's uniform rule, positions in space and in time N(0, 1) cut off at 2, the head with deviation
    .02, biases 0. The original starts from an image model instead, with times and the layer after each temporal
    attention at 0; from there a tiny model learns what moves and along which line, but for thousands of steps not which
    way: that hangs on products of place and time, which large positions give the first layers to begin with.
    """
    for module in backbone.modules():
        if isinstance(module, nn.Linear | nn.Conv2d):
            nn.init.xavier_uniform_(module.weight.flatten(1), generator=generator)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.LayerNorm):
            module.reset_parameters()
        elif isinstance(module, TimesformerEmbeddings):
            nn.init.trunc_normal_(module.cls_token, std=0.02, generator=generator)
            for positions in (module.position_embeddings, module.time_embeddings):
                nn.init.trunc_normal_(positions, generator=generator)
    head = backbone.get_submodule("classifier")
    assert isinstance(head, nn.Linear)
    nn.init.trunc_normal_(head.weight, std=0.02, generator=generator)


def from_original(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state dict of the original repository, with the names of transformers' model.

    Raises ValueError for names that the original model does not have.
    """
    renamed = {key: _renamed(key.removeprefix("model.")) for key in state}
    unknown = [key for key, name in renamed.items() if name is None]
    if unknown:
        shown = ", ".join(unknown[:5]) + (", ..." if len(unknown) > 5 else "")
        raise ValueError(
            "state: expected names of the original TimeSformer, such as model.blocks.0.temporal_attn.qkv.weight; "
            f"got {len(unknown)} others: {shown}"
        )
    return {name: state[key] for key, name in renamed.items() if name is not None}


def _renamed(name: str) -> str | None:
    for original, here in ORIGINAL_NAMES.items():
        matched = re.fullmatch(rf"{original}(?P<ending>\.weight|\.bias)?", name)
        if matched:
            return matched.expand(here) + (matched["ending"] or "")
    return None
