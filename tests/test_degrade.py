from __future__ import annotations

import copy
import math
import pickle
from collections.abc import Sequence

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from torch import Tensor

import vmp
from vmp.data.degrade import (
    DEGRADATIONS,
    SEVERITIES,
    darkening,
    degrade,
    degrade_batch,
    dropped_frames,
    gaussian_blur,
    h264,
    lower_resolution,
    salt_and_pepper,
)
from vmp.data.degraded import Degraded, shared_frames
from vmp.data.pathways import ClipInput, Pathway, pathway_windows


@pytest.fixture(scope="module")
def frames() -> NDArray[np.uint8]:
    """Eight frames of a real video, 64x80."""
    return vmp.read_clip(vmp.data.video.example_path("moving"), 8, 2).frames[:, 60:124, 200:280].copy()


def distance(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@pytest.mark.parametrize("name", DEGRADATIONS)
def test_each_is_a_pure_function_and_worse_by_severity(name: str, frames: NDArray[np.uint8]) -> None:
    before = frames.copy()
    far = []
    for severity in SEVERITIES:
        made = degrade(frames, name, severity, seed=4)
        assert made.shape == frames.shape
        assert made.dtype == np.uint8
        np.testing.assert_array_equal(made, degrade(frames, name, severity, seed=4))
        far.append(distance(made, frames))
    np.testing.assert_array_equal(frames, before)
    assert 0 < far[0] < far[1] < far[2]


@pytest.mark.parametrize("name", ["salt-and-pepper", "dropped-frames"])
def test_what_is_drawn_hangs_on_the_seed(name: str, frames: NDArray[np.uint8]) -> None:
    many = {degrade(frames, name, "strong", seed).tobytes() for seed in range(6)}
    assert len(many) > 3


@pytest.mark.parametrize("p", [0.0, 0.003, 0.01, 0.5, 1.0])
def test_salt_and_pepper_hits_a_share_of_the_pixels(p: float) -> None:
    grey = np.full((10, 100, 100, 3), 100, np.uint8)
    made = salt_and_pepper(grey, p, seed=5)
    hit = (made != 100).all(axis=-1)
    assert (made[~hit] == 100).all()  # a pixel is hit in all its channels or in none
    expected, spread = p * hit.size, math.sqrt(hit.size * p * (1 - p))
    assert abs(hit.sum() - expected) <= 5 * spread
    if p > 0:
        white = (made[hit] == 255).all(axis=-1)
        assert ((made[hit] == 0).all(axis=-1) | white).all()
        assert abs(white.mean() - 0.5) < 5 * 0.5 / math.sqrt(hit.sum())
        by_frame = hit.mean(axis=(1, 2))
        assert abs(by_frame - p).max() <= 5 * math.sqrt(p * (1 - p) / 1e4)  # the same everywhere


def test_half_the_resolution_by_hand() -> None:
    stripes = np.zeros((1, 32, 32, 3), np.uint8)
    stripes[:, :, ::2] = 200  # finer than half the resolution shows
    fine = lower_resolution(stripes, 2)
    assert abs(fine[:, :, 8:24].astype(int) - 100).max() <= 10
    flat = np.full((2, 31, 17, 3), 77, np.uint8)
    np.testing.assert_array_equal(lower_resolution(flat, 2), flat)
    np.testing.assert_array_equal(lower_resolution(stripes, 1), stripes)


def test_blur_by_hand() -> None:
    edge = np.zeros((2, 224, 224, 3), np.uint8)
    edge[:, :, 112:] = 200
    made = gaussian_blur(edge, 4)[0, 100, :, 0].astype(float)
    places = (np.arange(224) - 111.5) / 4
    expected = 200 * 0.5 * (1 + np.array([math.erf(place / math.sqrt(2)) for place in places]))
    np.testing.assert_allclose(made, expected, atol=2)
    small = gaussian_blur(edge[:, ::4, ::4], 4)[0, 25, :, 0].astype(float)  # a quarter of the size, of the blur too
    np.testing.assert_allclose(small[28:], made[113::4][:28], atol=30)
    np.testing.assert_array_equal(gaussian_blur(edge, 0), edge)


def test_darkening_by_hand() -> None:
    levels = np.arange(256, dtype=np.uint8).repeat(3).reshape(1, 16, 16, 3)
    made = darkening(levels, 1)
    assert made.max() == round(255 * 0.5 ** (1 / 2.2))
    # light is the value to the power of 2.2: half of it is left
    light = (made[0, 12:].astype(float) / 255) ** 2.2 / (levels[0, 12:].astype(float) / 255) ** 2.2
    np.testing.assert_allclose(light, 0.5, atol=0.01)
    np.testing.assert_array_equal(darkening(levels, 0), levels)


@settings(deadline=None)
@given(st.integers(1, 30), st.floats(0, 1), st.integers(0, 1000))
def test_a_dropped_frame_is_the_one_before(count: int, share: float, seed: int) -> None:
    video = np.broadcast_to(np.arange(count, dtype=np.uint8)[:, None, None, None], (count, 2, 2, 3))
    shown = dropped_frames(video, share, seed)[:, 0, 0, 0].astype(int)
    assert shown[0] == 0
    assert (np.diff(shown) >= 0).all()
    assert all(
        here in (place, before) for place, (here, before) in enumerate(zip(shown[1:], shown[:-1], strict=True), 1)
    )
    if share == 0:
        assert (shown == np.arange(count)).all()
    if share == 1:
        assert (shown == 0).all()


def test_h264_is_really_coded(frames: NDArray[np.uint8]) -> None:
    good, bad = h264(frames, 10), h264(frames, 51)
    assert distance(good, frames) < 3
    assert distance(bad, frames) > 2 * distance(good, frames)
    # at the worst, what is left of a 4x4 block's pattern is next to nothing
    detail = [np.abs(np.diff(each.astype(int), axis=2)).mean() for each in (frames, bad)]
    assert detail[1] < 0.5 * detail[0]
    odd = h264(frames[:, :33, :41], 20)
    assert odd.shape == (8, 33, 41, 3)
    assert h264(frames[:1], 30).shape == (1, 64, 80, 3)


def test_h264_is_the_same_every_time(frames: NDArray[np.uint8]) -> None:
    larger = frames.repeat(3, axis=1).repeat(3, axis=2)
    assert len({h264(larger, 40).tobytes() for _ in range(15)}) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda one: salt_and_pepper(one, 1.1), "p: expected a probability, 0 to 1, got 1.1"),
        (lambda one: lower_resolution(one, 0.5), r"factor: expected at least 1, got 0.5"),
        (lambda one: h264(one, 52), "crf: expected 0 to 51, got 52"),
        (lambda one: gaussian_blur(one, -1), "sigma: expected at least 0 pixels, got -1"),
        (lambda one: darkening(one, -1), "stops: expected at least 0, got -1"),
        (lambda one: dropped_frames(one, -0.1), "share: expected a probability"),
        (lambda one: degrade(one, "salt-and-peper"), "got 'salt-and-peper'. Did you mean 'salt-and-pepper'"),
        (lambda one: degrade(one, "blur", "stong"), "severity: .* got 'stong'. Did you mean 'strong'"),
        (
            lambda one: degrade(one[0], "blur"),
            r"frames: expected uint8 of shape \(T, H, W, 3\), got uint8 of shape \(4,",
        ),
        (lambda one: degrade(one.astype(float), "blur"), "got float64 of shape"),
        (lambda one: degrade(one[:0], "dropped-frames"), r"of shape \(0, 4"),
    ],
)
def test_mistakes(call: object, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call(np.zeros((2, 4, 4, 3), np.uint8))  # type: ignore[operator]


def test_batches_are_their_clips(frames: NDArray[np.uint8]) -> None:
    clips = torch.from_numpy(np.stack([frames, frames[::-1].copy()]))
    made = degrade_batch(clips, "salt-and-pepper", "strong", [4, 5])
    for row, seed in enumerate((4, 5)):
        np.testing.assert_array_equal(made[row].numpy(), degrade(clips[row].numpy(), "salt-and-pepper", "strong", seed))
    with pytest.raises(ValueError, match="seeds: expected one a clip, 2, got 1"):
        degrade_batch(clips, "blur", "mild", [1])


# --- as a source ---


class Numbers:
    """Frame k of clip i is all 10 i + k, as rendered clips lie: every pathway gathers from one row of frames."""

    name, classes, views = "numbers", ("a", "b"), 2
    labels, groups = np.array([0, 1, 0]), np.arange(3)
    objects = ("disc", "square", "disc")

    def __len__(self) -> int:
        return 3

    def clips(
        self, indices: Sequence[int], clip_input: ClipInput, *, epoch: int | None = None, seed: int = 0, view: int = 0
    ) -> list[Tensor]:
        videos = torch.stack([torch.arange(40, dtype=torch.uint8) + 10 * index for index in indices])
        videos = videos.view(-1, 40, 1, 1, 1).expand(-1, 40, 16, 16, 3)
        return [videos[:, taken] for taken in pathway_windows(40, clip_input, start=8).indices]

    def describe(self, index: int) -> str:
        return f"numbers: clip {index}"


TAKES = ClipInput((Pathway("slow", 4, 8, extra=True), Pathway("fast", 16, 2, extra=True)), 16)


def test_shared_frames_by_hand() -> None:
    order, places = shared_frames(TAKES.pathways)
    # times -8, -2, 0, 2, ..., 30
    assert order[:4] == [(0, 0), (1, 0), (0, 1), (1, 2)]
    assert len(order) == 18
    assert places[0].tolist() == [0, 2, 6, 10, 14]
    assert places[1].tolist() == list(range(1, 18))


@pytest.mark.parametrize("name", ["salt-and-pepper", "dropped-frames"])
def test_a_frame_is_degraded_alike_in_all_pathways(name: str) -> None:
    slow, fast = Degraded(Numbers(), name, "strong").clips([0, 2], TAKES, epoch=1, seed=7)
    assert slow.shape == (2, 5, 16, 16, 3)
    torch.testing.assert_close(slow[:, 1:], fast[:, 1::4], rtol=0, atol=0)
    assert (slow != Numbers().clips([0, 2], TAKES)[0]).any()


def test_draws_hang_on_seed_epoch_clip_and_view_alone() -> None:
    source = Degraded(Numbers(), "salt-and-pepper", "strong")

    def drawn(index: int, **options: int | None) -> bytes:
        return source.clips([index], TAKES, **options)[1].numpy().tobytes()

    in_a_batch = source.clips([2, 0, 1], TAKES, epoch=3, seed=1)[1]
    assert in_a_batch[1].numpy().tobytes() == drawn(0, epoch=3, seed=1)
    assert drawn(0, epoch=3, seed=1) != drawn(0, epoch=4, seed=1)
    assert drawn(0, epoch=3, seed=1) != drawn(0, epoch=3, seed=2)
    assert drawn(0) == drawn(0)
    assert drawn(0) != drawn(0, view=1)
    noise = [np.frombuffer(drawn(index), np.uint8) for index in (0, 1)]
    assert ((noise[0] == 255) != (noise[1] == 255)).any()


def test_the_wrapper_is_the_source_otherwise() -> None:
    source = Degraded(Numbers(), "h264", "mild")
    assert (len(source), source.classes, source.views) == (3, ("a", "b"), 2)
    assert source.objects == ("disc", "square", "disc")  # what else the source knows
    assert source.name == "numbers, H.264 (mild: 28 constant rate factor)"
    assert source.describe(1) == "numbers: clip 1 [H.264 (mild: 28 constant rate factor)]"
    assert not hasattr(source, "lost")
    for other in (copy.deepcopy(source), pickle.loads(pickle.dumps(source))):
        assert other.name == source.name
        assert len(other) == 3
    with pytest.raises(ValueError, match=r"degradation: expected one of .* got 'h265'. Did you mean 'h264'"):
        Degraded(Numbers(), "h265")


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 5), st.integers(1, 9), st.booleans(), st.integers(1, 4))
def test_no_strength_leaves_every_pathway_as_it_is(frames: int, stride: int, extra: bool, ratio: int) -> None:
    takes = ClipInput((Pathway("slow", frames, stride * ratio), Pathway("fast", frames * ratio, stride, extra)), 16)
    source = Degraded(Numbers(), "blur")
    source._strength = 0.0
    if takes.length + takes.room > 40:
        return
    for came, given_ in zip(source.clips([1], takes), Numbers().clips([1], takes), strict=True):
        torch.testing.assert_close(came, given_, rtol=0, atol=0)
