"""Other people's video models, at a size for tests: 4 frames of 16 or 32 pixels, 3 classes."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn


def mvit() -> nn.Module:
    from torchvision.models.video.mvit import MSBlockConfig, MViT

    block = {"num_heads": 2, "input_channels": 16, "output_channels": 16, "kernel_kv": [3, 3, 3], "stride_q": [1, 1, 1]}
    return MViT(
        spatial_size=(32, 32),
        temporal_size=4,
        block_setting=[MSBlockConfig(**block, kernel_q=[3, 3, 3], stride_kv=[1, 2, 2]) for _ in range(2)],
        residual_pool=True,
        residual_with_cls_embed=False,
        rel_pos_embed=True,
        proj_after_attn=True,
        num_classes=3,
        dropout=0.0,
        stochastic_depth_prob=0.0,
    )


def swin3d() -> nn.Module:
    from torchvision.models.video.swin_transformer import SwinTransformer3d

    return SwinTransformer3d([2, 4, 4], 12, [1, 1], [2, 2], [2, 2, 2], stochastic_depth_prob=0.0, num_classes=3)


def videomae() -> Any:
    from transformers import VideoMAEConfig, VideoMAEForVideoClassification

    config = VideoMAEConfig(image_size=16, patch_size=8, num_frames=4, tubelet_size=2, **_transformer())
    return VideoMAEForVideoClassification(config)


def timesformer(**options: Any) -> Any:
    from transformers import TimesformerConfig, TimesformerForVideoClassification

    return TimesformerForVideoClassification(
        TimesformerConfig(image_size=16, patch_size=8, num_frames=4, **_transformer(), **options)
    )


def _transformer() -> dict[str, Any]:
    return {
        "hidden_size": 16,
        "num_hidden_layers": 2,
        "num_attention_heads": 2,
        "intermediate_size": 32,
        "num_labels": 3,
    }


def seeded(make: Any, seed: int = 0) -> Any:
    """The model as that seed draws it; the global generator stays as it was."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        return make()
