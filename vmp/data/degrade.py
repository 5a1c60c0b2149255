"""Worse videos: the two degradations of Table 5, and four of every day, each in three named severities.

Each is a pure function of frames, a strength and a seed: uint8 (T, H, W, 3) to uint8 of the same shape. Frames are
degraded at the size at which a model sees them, so that half the resolution is half of what the model would have had,
whatever the file's. The paper takes salt and pepper with p = .01 a pixel, and half the resolution: here "medium".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

from vmp.data.draws import Draws, keys
from vmp.data.manifest_columns import unknown_text
from vmp.data.transforms import scaled

if TYPE_CHECKING:
    from torch import Tensor

Frames = NDArray[np.uint8]
Severity = Literal["mild", "medium", "strong"]
SEVERITIES = ("mild", "medium", "strong")
_BLUR_SIDE = 224


def salt_and_pepper(frames: Frames, p: float, seed: int = 0) -> Frames:
    """Each pixel of each frame becomes white or black, as likely, with probability ``p`` in [0, 1]."""
    _check_frames(frames)
    _check_share("p", p)
    made = frames.copy()
    if p == 0 or not made.size:
        return made
    pixels = made.reshape(-1, 3)
    draws = Draws(keys("salt and pepper", seed))
    places = _bernoulli(draws, p, len(pixels))
    white = draws.bits("white", len(places))[0] >> np.uint64(63) == 1
    pixels[places] = np.where(white, 255, 0).astype(np.uint8)[:, None]
    return made


def lower_resolution(frames: Frames, factor: float, seed: int = 0) -> Frames:
    """Scaled down by ``factor`` (at least 1), antialiased, and up again, both bilinear."""
    _check_frames(frames)
    if not factor >= 1:
        raise ValueError(f"factor: expected at least 1, got {factor}")
    import torch

    height, width = frames.shape[1:3]
    small = scaled(torch.from_numpy(frames.copy()), *(max(1, round(side / factor)) for side in (height, width)))
    return np.ascontiguousarray(scaled(small, height, width).numpy())


def h264(frames: Frames, crf: float, seed: int = 0) -> Frames:
    """Coded by x264 with this constant rate factor, 0 to 51, and decoded: blocks, blur, colour at half the size.

    Frames that were taken from a video at a stride are coded as neighbours. The same bytes come out of one version of
    x264 and FFmpeg; another may differ by a little.
    """
    _check_frames(frames)
    if not 0 <= crf <= 51:
        raise ValueError(f"crf: expected 0 to 51, got {crf}")
    import av
    from av.video.reformatter import VideoReformatter

    height, width = frames.shape[1:3]
    converter = VideoReformatter()
    even = np.pad(frames, ((0, 0), (0, height % 2), (0, width % 2), (0, 0)), mode="edge")
    # x264's macroblock tree gives other bytes from time to time, threads or not; without it they are always the same
    options = {"crf": str(crf), "preset": "veryfast", "x264-params": "mbtree=0:threads=1"}
    encoder: Any = av.CodecContext.create("libx264", "w")
    encoder.width, encoder.height, encoder.pix_fmt = even.shape[2], even.shape[1], "yuv420p"
    encoder.time_base, encoder.framerate, encoder.options = Fraction(1, 30), Fraction(30), options
    decoder: Any = av.CodecContext.create("h264", "r")
    decoder.thread_count = 1
    packets = []
    for place, picture in enumerate(even):
        frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
        frame = converter.reformat(frame, format="yuv420p", threads=1)
        frame.pts = place
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    coded = [frame for packet in packets for frame in decoder.decode(packet)] + list(decoder.decode(None))
    pictures = [converter.reformat(frame, format="rgb24", threads=1).to_ndarray() for frame in coded]
    made: Frames = np.stack(pictures)[:, :height, :width].astype(np.uint8)
    return made


def gaussian_blur(frames: Frames, sigma: float, seed: int = 0) -> Frames:
    """Blurred by a Gaussian of ``sigma`` pixels in a frame whose shorter side is 224; smaller frames in proportion."""
    _check_frames(frames)
    if not sigma >= 0:
        raise ValueError(f"sigma: expected at least 0 pixels, got {sigma}")
    from scipy.ndimage import gaussian_filter

    width = sigma * min(frames.shape[1:3]) / _BLUR_SIDE
    blurred = gaussian_filter(frames.astype(np.float32), (0, width, width, 0), mode="nearest", truncate=3.0)
    return np.rint(blurred).astype(np.uint8)


def darkening(frames: Frames, stops: float, seed: int = 0) -> Frames:
    """Exposed too little by ``stops``, at least 0: each halves the light, which at gamma 2.2 are values times 0.73."""
    _check_frames(frames)
    if not stops >= 0:
        raise ValueError(f"stops: expected at least 0, got {stops}")
    table = np.rint(np.arange(256) * 2 ** (-stops / 2.2)).astype(np.uint8)
    return table[frames]


def dropped_frames(frames: Frames, share: float, seed: int = 0) -> Frames:
    """Each frame but the first is dropped with probability ``share``: the frame before it stays on the screen."""
    _check_frames(frames)
    _check_share("share", share)
    dropped = Draws(keys("dropped frames", seed)).uniform("dropped", 0, 1, len(frames))[0] < share
    dropped[:1] = False
    return frames[np.maximum.accumulate(np.where(dropped, 0, np.arange(len(frames))))]


@dataclass(frozen=True)
class Degradation:
    """One way to be worse.

    Attributes:
        title: for people.
        strength: what its strength is.
        apply: (frames, strength, seed) to frames.
        severities: the strength of "mild", "medium" and "strong".
    """

    title: str
    strength: str
    apply: Callable[[Frames, float, int], Frames]
    severities: dict[str, float]


def _three(*strengths: float) -> dict[str, float]:
    return dict(zip(SEVERITIES, strengths, strict=True))


#: Name -> degradation. The first two are Table 5's; the paper's strength is "medium".
DEGRADATIONS: dict[str, Degradation] = {
    "salt-and-pepper": Degradation("Salt and pepper", "p a pixel", salt_and_pepper, _three(0.003, 0.01, 0.03)),
    "half-resolution": Degradation("Lower resolution", "times smaller", lower_resolution, _three(1.5, 2, 4)),
    "h264": Degradation("H.264", "constant rate factor", h264, _three(28, 36, 44)),
    "blur": Degradation("Gaussian blur", "sigma in pixels of 224", gaussian_blur, _three(1, 2, 4)),
    "darkening": Degradation("Darkening", "stops", darkening, _three(1, 2, 4)),
    "dropped-frames": Degradation("Dropped frames", "share of the frames", dropped_frames, _three(0.1, 0.25, 0.5)),
}


def degrade(frames: Frames, name: str, severity: Severity = "medium", seed: int = 0) -> Frames:
    """uint8 (T, H, W, 3), degraded; a pure function of its arguments.

    Raises:
        ValueError: an unknown degradation or severity, with the nearest; frames of another kind.
    """
    chosen, strength = chosen_degradation(name, severity)
    return chosen.apply(frames, strength, seed)


def degrade_batch(clips: Tensor, name: str, severity: Severity, seeds: Sequence[int]) -> Tensor:
    """uint8 (B, T, H, W, 3), each clip degraded with its own seed, on the device that they are on."""
    import torch

    if len(seeds) != len(clips):
        raise ValueError(f"seeds: expected one a clip, {len(clips)}, got {len(seeds)}")
    made = [degrade(clip.cpu().numpy(), name, severity, seed) for clip, seed in zip(clips, seeds, strict=True)]
    return torch.from_numpy(np.stack(made)).to(clips.device) if made else clips.clone()


def chosen_degradation(name: str, severity: str) -> tuple[Degradation, float]:
    """The degradation of that name and the strength of that severity; ValueError, with the nearest, for another."""
    if name not in DEGRADATIONS:
        raise ValueError(unknown_text("degradation", name, list(DEGRADATIONS)))
    if severity not in SEVERITIES:
        raise ValueError(unknown_text("severity", severity, SEVERITIES))
    return DEGRADATIONS[name], DEGRADATIONS[name].severities[severity]


def _bernoulli(draws: Draws, p: float, count: int) -> NDArray[np.int64]:
    """Which of ``count`` independent trials with probability p succeed, by the gaps between them: p draws a trial."""
    expected = count * p
    wanted = int(expected + 6 * np.sqrt(expected)) + 16
    while True:
        uniform = draws.uniform("gaps", 0, 1, wanted)[0]
        with np.errstate(divide="ignore"):
            gaps = np.floor(np.log1p(-uniform) / np.log1p(-p)).astype(np.int64) + 1
        places: NDArray[np.int64] = np.cumsum(gaps) - 1
        if places[-1] >= count:
            return places[places < count]
        wanted *= 2  # the same numbers, and as many more


def _check_frames(frames: Frames) -> None:
    if frames.ndim != 4 or frames.shape[3] != 3 or frames.dtype != np.uint8 or not len(frames):
        raise ValueError(f"frames: expected uint8 of shape (T, H, W, 3), got {frames.dtype} of shape {frames.shape}")


def _check_share(name: str, value: float) -> None:
    if not 0 <= value <= 1:
        raise ValueError(f"{name}: expected a probability, 0 to 1, got {value}")
