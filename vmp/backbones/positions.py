"""TimeSformer's learned positions for another number of frames, or another crop."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
import torch.nn.functional as F
from torch import Tensor


def resize_times(embeddings: Tensor, frames: int) -> Tensor:
    """(1, T, D) -> (1, ``frames``, D) by the nearest neighbour, as the authors of TimeSformer do."""
    return F.interpolate(embeddings.transpose(1, 2), size=frames, mode="nearest").transpose(1, 2)


def resize_places(embeddings: Tensor, tokens: int) -> Tensor:
    """(1, 1 + P, D) -> (1, ``tokens``, D): the class token, then a square of patches, by the nearest neighbour.

    Raises ValueError where either number of patches is no square.
    """
    patches = embeddings.shape[1] - 1
    side, wanted = math.isqrt(patches), math.isqrt(tokens - 1)
    if side**2 != patches or wanted**2 != tokens - 1:
        raise ValueError(f"positions: expected squares of patches, got {patches} and {tokens - 1}")
    token = embeddings[:, :1]
    grid = embeddings[:, 1:].transpose(1, 2).unflatten(2, (side, side))  # (1, D, side, side)
    resized = F.interpolate(grid, size=(wanted, wanted), mode="nearest").flatten(2).transpose(1, 2)
    return torch.cat((token, resized), dim=1)


def with_extra_time(state: Mapping[str, Tensor], own: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """A state whose times are for one frame more where the model's own are; else as it is.

    The nearest of T times for T + 1 frames: the first is that of the extra frame too, all others keep theirs.
    """
    longer = {
        name: resize_times(times, times.shape[1] + 1)
        for name, times in state.items()
        if name.endswith("time_embeddings") and name in own and own[name].shape[1] == times.shape[1] + 1
    }
    return {**state, **longer}
