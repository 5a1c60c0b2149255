"""Pixels: pure, the same in any batch, and of what the scene says: object, camera, light, noise."""

from __future__ import annotations

import runpy
from dataclasses import replace
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest
import torch
from skimage.registration import phase_cross_correlation

from vmp.data.libras import DATASETS
from vmp.data.rendered_sets import FIXED, Camera, RenderedSet
from vmp.data.rendered_timing import Timing
from vmp.data.rendering import render
from vmp.data.scenes import Scenes, in_view
from vmp.data.trajectories import libras_trajectories

TIMES = Timing().times
SIZE = 64
#: One object, nothing else: a fixed camera, the movement as it is in the file, no noise.
BARE = replace(
    DATASETS["libras-static"], clutter=0, distractors=0, extent=(1.0, 1.0), shift=0.0, tilt=0.0, hurry=0.0,
    tremor=0.0, flicker=0.0, noise=0.0, objects=(("plain", "disc", (255, 0, 0), (0, 0, 0)),),
)  # fmt: skip


def scenes(description: RenderedSet, trajectories: object = (3, 100, 200, 300), rendering: int = 0) -> Scenes:
    which = np.asarray(trajectories, dtype=np.int64)
    return Scenes(description, False, which, np.full_like(which, rendering))


def other_colour(description: RenderedSet) -> RenderedSet:
    return replace(description, objects=(("plain", "disc", (0, 255, 0), (0, 0, 0)),))


def centroids(description: RenderedSet, drawn: Scenes) -> np.ndarray:
    """(N, T, 2): x and y in pixels of what changes where only the object's colour changes."""
    one, other = (render(replace(drawn, description=each), TIMES) for each in (description, other_colour(description)))
    weight = (one.float() - other.float()).abs().sum(dim=-1).double().numpy()  # (N, T, H, W)
    place = np.arange(SIZE) + 0.5
    total = weight.sum(axis=(2, 3))
    return np.stack([(weight.sum(axis=2) * place).sum(-1), (weight.sum(axis=3) * place).sum(-1)], -1) / total[..., None]


@pytest.mark.parametrize("name", DATASETS)
def test_a_clip_is_the_same_in_any_batch(name: str) -> None:
    together = Scenes(DATASETS[name], True, np.array([5, 17, 120, 44, 301]), np.array([0, 3, 1, 1, 2]))
    batch = render(together, TIMES)
    assert batch.shape == (5, 24, 64, 64, 3)
    assert batch.dtype == torch.uint8
    for row in range(5):
        assert torch.equal(render(together.rows(row, row + 1), TIMES)[0], batch[row])
    assert torch.equal(render(together, TIMES), batch)
    state = torch.get_rng_state()
    render(together.rows(0, 1), TIMES)
    assert torch.equal(torch.get_rng_state(), state)


def test_renderings_roles_sets_and_trajectories_differ() -> None:
    which, one, two = np.array([7]), np.array([0]), np.array([1])
    static = DATASETS["libras-static"]
    clips = [
        render(each, TIMES)[0].float()
        for each in (
            Scenes(static, False, which, one),
            Scenes(static, False, which, two),
            Scenes(static, True, which, one),
            Scenes(DATASETS["libras-moving"], False, which, one),
            Scenes(static, False, which + 1, one),
        )
    ]
    for first, second in combinations(clips, 2):
        assert (first - second).abs().mean() > 3


def test_the_object_is_where_the_movement_is() -> None:
    everything = libras_trajectories().points
    inside = ((everything > 0.12) & (everything < 0.88)).all(axis=(1, 2))  # else the frame would cut the object
    drawn = scenes(BARE, np.flatnonzero(inside)[::12])
    points = everything[drawn.trajectory]
    assert len(set(drawn.motion)) > 8
    place = np.clip(TIMES, 0, 1) * 44
    expected = np.stack(
        [[np.interp(place, np.arange(45), axis) for axis in each.T] for each in points]
    )  # straight lines between the points, (N, 2, T)
    found = centroids(BARE, drawn)
    np.testing.assert_allclose(found, SIZE * expected.transpose(0, 2, 1), atol=0.6)  # the spline is rounder
    np.testing.assert_allclose(found, SIZE * drawn.object_path(TIMES), atol=0.15)  # levels of 255


def test_the_object_is_as_large_as_asked() -> None:
    description = replace(BARE, object_size=(0.25, 0.25))
    drawn = scenes(description)
    one, other = (render(replace(drawn, description=each), TIMES) for each in (description, other_colour(description)))
    share = (one.float() - other.float()).abs()[..., :2].mean(dim=(1, 2, 3, 4)) / 255
    assert share.numpy() == pytest.approx(np.full(4, np.pi / 4 * 0.25**2), rel=0.03)


def test_every_knob_of_the_object_is_followed() -> None:
    description = replace(BARE, extent=(0.5, 0.6), shift=0.05, tilt=20.0, hurry=0.5, tremor=0.01)
    drawn = scenes(description)
    np.testing.assert_allclose(centroids(description, drawn), SIZE * drawn.object_path(TIMES), atol=0.15)
    assert np.abs(drawn.object_path(TIMES) - scenes(BARE).object_path(TIMES)).max() > 0.1


def test_a_camera_that_follows_at_once_keeps_the_object_in_the_middle() -> None:
    description = replace(BARE, cameras=(Camera(follows=(1.0, 1.0)),))
    np.testing.assert_allclose(centroids(description, scenes(description)), SIZE / 2, atol=0.15)


def test_zoom_and_roll_move_the_object_as_the_camera_says() -> None:
    description = replace(BARE, extent=(0.6, 0.6), cameras=(Camera((0.3, 0.5), (0.1, 0.1), 0.02, 10.0, 0.4),))
    drawn = scenes(description)
    view = drawn.camera(TIMES)
    assert np.ptp(view[..., 2]) > 0.1
    assert np.ptp(view[..., 3]) > 0.2
    np.testing.assert_allclose(centroids(description, drawn), SIZE * in_view(drawn.object_path(TIMES), view), atol=0.15)


def test_the_background_moves_against_the_camera() -> None:
    description = replace(BARE, textures=("gravel",), cameras=(Camera(shake=0.07),), object_size=(0.02, 0.02))
    drawn = scenes(description)
    grey, camera = render(drawn, TIMES).float().mean(dim=-1).numpy(), drawn.camera(TIMES)
    largest = 0.0
    for clip in range(len(drawn)):
        for frame in (9, 14, 23):
            moved = SIZE * (camera[clip, frame, :2] - camera[clip, 8, :2])
            found = phase_cross_correlation(grey[clip, 8], grey[clip, frame], upsample_factor=20)[0]
            np.testing.assert_allclose(found[::-1], moved, atol=0.5)  # what comes in at the edges disturbs it
            largest = max(largest, np.abs(moved).max())
    assert largest > 5


def test_a_fixed_camera_shows_a_still_background() -> None:
    still = replace(BARE, clutter=4)
    video = render(scenes(still), TIMES)
    path = scenes(still).object_path(TIMES)
    corner = [(0, 0), (0, 63), (63, 0), (63, 63)]
    for clip in range(4):
        for row, column in corner:
            far = np.abs(path[clip] * SIZE - (column, row)).max(axis=1) > 12
            assert len(torch.unique(video[clip, torch.from_numpy(far), row, column], dim=0)) == 1
    assert scenes(still).camera(TIMES).tolist() == [[[0.5, 0.5, 1.0, 0.0]] * 24] * 4


def test_clutter_rests_and_distractors_go_straight_on() -> None:
    bare, cluttered = render(scenes(BARE), TIMES), render(scenes(replace(BARE, clutter=5)), TIMES)
    changed = (bare != cluttered).any(dim=-1)
    assert changed.float().mean() > 0.02
    for sprite in scenes(replace(BARE, distractors=2)).distractors(TIMES):
        steps = np.diff(sprite.place, axis=1)
        np.testing.assert_allclose(steps, steps[:, :1].repeat(23, axis=1), atol=1e-12)
        assert np.abs(steps).max() > 0.005


def test_noise_and_flicker_are_as_strong_as_asked() -> None:
    clean = render(scenes(BARE), TIMES).float()
    noise = render(scenes(replace(BARE, noise=6.0)), TIMES).float() - clean
    middle = (clean > 30) & (clean < 225)  # elsewhere it is cut off
    assert noise[middle].std().item() == pytest.approx(6.0, rel=0.05)
    assert noise[middle].mean().item() == pytest.approx(0.0, abs=0.1)
    assert not torch.equal(noise[:, 8], noise[:, 9])
    flicker = render(scenes(replace(BARE, flicker=0.1)), TIMES).float()
    factor = flicker.mean(dim=(2, 3, 4)) / clean.mean(dim=(2, 3, 4))
    expected = scenes(replace(BARE, flicker=0.1)).brightness(TIMES)
    assert factor.numpy() == pytest.approx(expected, abs=0.02)
    assert expected.std() == pytest.approx(0.1, rel=0.3)


def test_finer_times_show_the_same_movement() -> None:
    drawn = scenes(DATASETS["libras-moving"])
    fine, coarse = Timing(32, 57, 1), Timing(32, 57, 8)
    np.testing.assert_array_equal(fine.times[::8], coarse.times)
    np.testing.assert_array_equal(drawn.camera(fine.times)[:, ::8], drawn.camera(coarse.times))
    quiet = replace(drawn, description=replace(drawn.description, noise=0.0))
    assert torch.equal(render(quiet, fine.times)[:, ::8], render(quiet, coarse.times))


def test_larger_frames_show_the_same_scene() -> None:
    drawn = scenes(replace(DATASETS["libras-mixed"], noise=0.0))
    small, large = (render(drawn, TIMES[::6], size).float() for size in (56, 112))
    halved = large.unfold(2, 2, 2).unfold(3, 2, 2).mean(dim=(-1, -2))
    assert (small - halved).abs().mean() < 12  # texture is finer; another scene differs by about 60
    assert (small - halved.roll(1, dims=0)).abs().mean() > 30


def test_the_regimes_of_a_mixed_set_take_turns() -> None:
    for name in ("libras-mixed", "source-a", "source-b"):
        description = DATASETS[name]
        count = 330 if description.motions is None else 20 * len(description.classes)
        trajectory, rendering = np.repeat(np.arange(count), 2), np.tile([0, 1], count)
        drawn = Scenes(description, False, trajectory, rendering)
        for label in range(len(description.classes)):
            assert drawn.moving[drawn.motion == label].mean() == 0.5
        first = drawn.moving[rendering == 0]
        assert [first[drawn.motion[rendering == 0] == c].mean() for c in range(15)] == pytest.approx(
            [0.5] * 15, abs=0.1
        )
        fixed = drawn.camera(TIMES)[~drawn.moving]
        assert (fixed == [0.5, 0.5, 1.0, 0.0]).all()
    assert not FIXED.moves


@pytest.mark.skipif(not torch.cuda.is_available(), reason="needs a GPU")
def test_a_gpu_draws_the_same_to_rounding() -> None:
    for description in DATASETS.values():
        drawn = scenes(description)
        here, there = render(drawn, TIMES), render(drawn, TIMES, device="cuda").cpu()
        differ = (here.int() - there.int()).abs()
        assert differ.float().mean() < 0.02
        assert (differ > 2).float().mean() < 1e-3  # an edge of a pattern falls to the other side


def test_the_benchmark_yardstick_draws_the_same() -> None:
    plain = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "rendering.py"))["plain"]
    for name in ("libras-static", "libras-moving"):
        drawn = scenes(replace(DATASETS[name], noise=0.0))
        ours = render(drawn, TIMES).int()
        for row in range(4):
            differ = (plain(drawn.rows(row, row + 1), TIMES, SIZE, "cpu").int() - ours[row]).abs()
            assert differ.float().mean() < 0.05
            assert (differ > 2).float().mean() < 1e-3
