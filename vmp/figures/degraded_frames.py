"""What each degradation does to a frame, and to the difference that the layer looks at."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from vmp.data.degrade import DEGRADATIONS, SEVERITIES, degrade
from vmp.figures.palette import colour_difference
from vmp.figures.pictures import Pictures

Frames = NDArray[np.uint8]

_GAIN = 3.0  # most differences are small; the picture shows them three times as large


def degraded_pictures(video: Frames, stride: int = 2, frame: int | None = None, seed: int = 0) -> Pictures:
    """A frame under each degradation at its three severities, a row a degradation; last its difference at "medium".

    Args:
        video: uint8 (T, H, W, 3) in RGB, of which every ``stride``-th frame is degraded, as a model takes them.
        stride: frames between those that are compared.
        frame: place of the frame that is shown among those; None: where the clean difference is largest.
        seed: of what is drawn.

    Raises:
        ValueError: fewer than two frames at this stride, or a frame that has none before it.
    """
    taken = np.ascontiguousarray(video[::stride])
    if len(taken) < 2:
        raise ValueError(f"video: expected at least {stride + 1} frames for a stride of {stride}, got {len(video)}")
    shown = _largest(taken) if frame is None else frame
    if not 1 <= shown < len(taken):
        raise ValueError(f"frame: expected 1 to {len(taken) - 1}, one with a frame before it, got {frame}")
    pictures = [(taken[shown - 1], "the frame before"), (taken[shown], "clean"), (_difference(taken, shown), _MAP)]
    pictures.insert(0, (taken[max(shown - 2, 0)], "two before"))
    rows = ["Clean"]
    for name, degradation in DEGRADATIONS.items():
        rows.append(f"{degradation.title} ({degradation.strength})")
        made = {severity: degrade(taken, name, severity, seed) for severity in SEVERITIES}  # type: ignore[arg-type]
        strengths = degradation.severities
        pictures += [(made[severity][shown], f"{severity}: {strengths[severity]:g}") for severity in SEVERITIES]
        pictures.append((_difference(made["medium"], shown), f"{_MAP}, medium"))
    return Pictures(
        pictures,
        columns=4,
        row_labels=rows,
        alt="One frame clean and under six degradations at three severities, each with its difference map",
        caption="One test clip, its frames as small as the models here see them. Difference: to the frame before, "
        f"{_GAIN:g} times as large; blue darker, orange brighter. Each frame has its own salt and pepper, so the "
        "difference has twice as much of it.",
    )


_MAP = "difference"


def _difference(frames: Frames, place: int) -> Frames:
    return colour_difference(_differences(frames)[place - 1], _GAIN)


def _largest(frames: Frames) -> int:
    """The frame that differs most from the one before it."""
    return 1 + int(np.abs(_differences(frames)).mean(axis=(1, 2)).argmax())


def _differences(frames: Frames) -> NDArray[np.float32]:
    """float32 (T - 1, H, W): the layer's own differences of uint8 (T, H, W, 3)."""
    import torch

    from vmp.prompt import frame_difference

    clip = torch.from_numpy(frames).permute(3, 0, 1, 2).float().div(255)
    made: NDArray[np.float32] = frame_difference(clip[None], mean=None, std=None)[0, 0].numpy()
    return made
