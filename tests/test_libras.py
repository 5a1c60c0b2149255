"""Loading the rendered sets: what an index is, what an epoch draws, what a model is given."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

from vmp.data.libras import DATASETS, RenderedClips, load
from vmp.data.pathways import ClipInput, Pathway
from vmp.data.rendered_timing import Timing
from vmp.data.source import ClipSource

CLIP = ClipInput((Pathway("clip", 8, 2),), 64)
PROMPTED = ClipInput((Pathway("clip", 8, 2, extra=True),), 64)
SLOWFAST = ClipInput((Pathway("slow", 2, 8, extra=True), Pathway("fast", 16, 1)), 64)


@pytest.fixture(scope="module")
def cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("cache")


def few(cache: Path, name: str = "libras-static", split: str = "train", **options: object) -> RenderedClips:
    return load(name, split, **{"limit": 4, "renderings": 3, "cache": cache} | options)  # type: ignore[arg-type]


@pytest.mark.parametrize("name", DATASETS)
def test_every_set_gives_clips_to_every_model(cache: Path, name: str) -> None:
    clips: ClipSource = load(name, "validation", limit=3, renderings=1, cache=cache)
    assert len(clips) == 3
    assert clips.labels.dtype == clips.groups.dtype == np.int64
    assert clips.labels.max() < len(clips.classes) == len(set(clips.classes))
    for clip_input, lengths in ((CLIP, [8]), (PROMPTED, [9]), (SLOWFAST, [3, 16])):
        given = clips.clips([2, 0], clip_input)
        assert [tuple(each.shape) for each in given] == [(2, length, 64, 64, 3) for length in lengths]
        assert all(each.dtype == torch.uint8 for each in given)
    assert clips.describe(1).startswith(f"{name} validation")


def test_frames_are_those_of_the_movement_and_the_extra_one_lies_before(cache: Path) -> None:
    clips = few(cache)
    whole = torch.from_numpy(np.array(clips._shelves[0].pixels))  # (12, 24, 64, 64, 3): 4 trajectories, 3 renderings
    assert whole.shape == (12, 24, 64, 64, 3)
    assert torch.equal(clips.clips([0, 3], CLIP)[0], whole[[0, 9]][:, 8:23:2])
    assert torch.equal(clips.clips([0, 3], PROMPTED)[0], whole[[0, 9]][:, 6:23:2])
    slow, fast = clips.clips([1], SLOWFAST)
    assert torch.equal(slow, whole[[3]][:, [0, 8, 16]])
    assert torch.equal(fast, whole[[3]][:, 8:24])


def test_an_epoch_chooses_a_rendering_and_all_have_their_turn(cache: Path) -> None:
    clips = few(cache)
    whole = torch.from_numpy(np.array(clips._shelves[0].pixels)).view(4, 3, 24, 64, 64, 3)[:, :, 8:23:2]

    def chosen(epoch: int | None, seed: int, index: int) -> int:
        given = clips.clips([index], CLIP, epoch=epoch, seed=seed)[0][0]
        return next(number for number in range(3) if torch.equal(given, whole[index, number]))

    assert [chosen(None, seed, 2) for seed in range(3)] == [0, 0, 0]
    for seed in range(3):
        for index in range(4):
            turns = [chosen(epoch, seed, index) for epoch in range(6)]
            assert set(turns[:3]) == {0, 1, 2}
            assert turns[3:] == turns[:3]
    starts = {(seed, index): chosen(0, seed, index) for seed in range(4) for index in range(4)}
    assert len({tuple(starts[seed, index] for index in range(4)) for seed in range(4)}) > 1  # the seed matters
    assert len(set(starts.values())) > 1  # and the index
    several = clips.clips([3, 1, 1], CLIP, epoch=5, seed=1)[0]
    assert torch.equal(several[1], several[2])
    assert torch.equal(several[:1], clips.clips([3], CLIP, epoch=5, seed=1)[0])


def test_a_limited_split_has_the_same_clips(cache: Path) -> None:
    all_of_it, some = load("libras-mixed", "test", fold=2, cache=cache), few(cache, "libras-mixed", "test", fold=2)
    place = np.flatnonzero((all_of_it.trajectories == some.trajectories[4]) & (all_of_it.renderings == 1))
    assert some.renderings[4] == 1
    assert all_of_it.describe(int(place[0])) == some.describe(4)
    np.testing.assert_array_equal(all_of_it.camera(int(place[0])), some.camera(4))


def test_a_limit_takes_the_classes_in_turn() -> None:
    labels = load("libras-static", "train", limit=20, cache=False).labels
    assert np.bincount(labels).tolist() == [2] * 5 + [1] * 10
    assert np.bincount(load("source-a", "test", limit=30, cache=False).labels).max() == 2
    assert len(load("libras-static", "train", limit=1000, cache=False)) == 185


def test_tests_show_each_trajectory_several_times() -> None:
    clips = load("libras-moving", "test", cache=False)
    assert len(clips) == 99 * 4
    groups, counts = np.unique(clips.groups, return_counts=True)
    assert len(groups) == 99
    assert set(counts) == {4}
    assert clips.renderings.reshape(99, 4).tolist() == [[0, 1, 2, 3]] * 99
    np.testing.assert_array_equal(clips.groups, clips.trajectories)
    assert clips.views == 1


def test_every_object_and_all_else_equal(cache: Path) -> None:
    clips = few(cache, split="test", limit=2, renderings=2, objects="every")
    assert len(clips) == 2 * 8 * 2
    assert clips.objects.reshape(2, 8, 2)[0, :, 1].tolist() == list(range(8))
    assert len(set(clips.backgrounds.reshape(2, 8, 2)[1, :, 0])) == 1
    pixels = clips.clips(range(len(clips)), CLIP)[0].view(2, 8, 2, -1, 3)
    changed = (pixels[:, :1] != pixels).any(dim=-1).float().mean(dim=-1)  # beside the first object
    assert (changed[:, 0] == 0).all()
    assert changed[:, 1:].min() > 0.001
    assert changed.max() < 0.08  # the object's pixels alone
    by_chance = few(cache, split="test", limit=2, renderings=2)
    index = int(by_chance.objects[0])
    assert torch.equal(by_chance.clips([0], CLIP)[0], clips.clips([2 * index], CLIP)[0])
    two = few(cache, limit=2, objects=[5, 1])
    assert two.objects.tolist() == [5, 1, 5, 1]  # to train, an index has all renderings
    assert two.trajectories.tolist() == [two.trajectories[0]] * 2 + [two.trajectories[2]] * 2


def test_camera_and_object_paths_are_those_of_the_scene(cache: Path) -> None:
    static, moving = few(cache), few(cache, "libras-moving")
    assert static.camera(1).tolist() == [[0.5, 0.5, 1.0, 0.0]] * 24
    paths = [moving.camera(1, rendering) for rendering in range(3)]
    assert all(path.shape == (24, 4) for path in paths)
    assert np.abs(paths[0] - paths[1]).max() > 0.01
    assert np.ptp(paths[0], axis=0).min() > 0
    np.testing.assert_array_equal(moving.video(1, 2), moving._shelves[0].pixels[5])
    np.testing.assert_array_equal(static.object_path(1), static.object_path(1, seen=False))
    world, view = moving.object_path(1, seen=False), moving.camera(1)
    back = (moving.object_path(1) - 0.5) / view[:, 2:3]
    cosine, sine = np.cos(view[:, 3]), np.sin(view[:, 3])
    turned = np.stack([cosine * back[:, 0] - sine * back[:, 1], sine * back[:, 0] + cosine * back[:, 1]], axis=1)
    np.testing.assert_allclose(turned + view[:, :2], world, atol=1e-12)
    where = static.object_path(1)
    assert where.shape == (24, 2)
    assert ((where > 0) & (where < 1)).all()


def test_clips_travel_to_other_processes_and_devices(cache: Path) -> None:
    clips = few(cache)
    given = clips.clips([1, 2], SLOWFAST, epoch=1)
    packed = pickle.dumps(clips)
    assert len(packed) < 20_000  # not the pixels
    for other in (pickle.loads(packed), clips.held_on("cpu")):
        for one, two in zip(other.clips([1, 2], SLOWFAST, epoch=1), given, strict=True):
            assert torch.equal(one, two)
    in_memory = load("libras-static", limit=4, renderings=3, cache=False)
    assert torch.equal(in_memory.clips([1, 2], SLOWFAST, epoch=1)[0], given[0])


def test_loading_renders_nothing_until_asked(tmp_path: Path) -> None:
    clips = load("source-b", "train+validation", cache=tmp_path)
    assert len(clips) == 4480
    assert list(tmp_path.iterdir()) == []
    small = load("source-b", "train", limit=2, cache=tmp_path)
    small.clips([0], CLIP)
    assert len(list(tmp_path.glob("source-b-*.npy"))) == 1


def test_folds_share_files(tmp_path: Path) -> None:
    one, two = (load("libras-mixed", "train", fold=fold, cache=tmp_path) for fold in (1, 2))
    names = [{shelf._facts()["trajectories"][0] for shelf in each._shelves} for each in (one, two)]  # type: ignore[index]
    assert len(names[0] & names[1]) == 1


def test_more_frames_for_a_larger_model(cache: Path) -> None:
    large = ClipInput((Pathway("clip", 8, 8, extra=True),), 32)
    clips = few(cache, "libras-moving", size=32, clip_input=large)
    assert clips.timing == Timing(8, 57, 8)
    assert clips.clips([0], large)[0].shape == (1, 9, 32, 32, 3)
    np.testing.assert_array_equal(clips.camera(0)[1], few(cache, "libras-moving", size=32).camera(0)[8])  # the start
    assert few(cache, clip_input=SLOWFAST).timing == Timing()  # what fits takes the usual frames
    slowfast = ClipInput((Pathway("slow", 8, 8, extra=True), Pathway("fast", 32, 2)), 64)
    assert few(cache, clip_input=slowfast).timing == Timing(8, 63, 2)
    assert len(Timing(8, 63, 2).times) == 36
    with pytest.raises(ValueError, match=r"strides that are multiples of 8; got 2 and 15, strides \[2\]"):
        clips.timing.taken(CLIP)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"name": "libras-statc"}, r"name: expected one of libras-static, .*Did you mean 'libras-static'\?"),
        ({"split": "val"}, "split: expected one of train, validation, test, train.validation, got 'val'"),
        ({"split": "tets"}, r"Did you mean 'test'\?"),
        ({"fold": 2}, "fold: expected 1 for libras-static, got 2"),
        ({"name": "libras-mixed", "fold": 0}, "fold: expected 1 to 3 for libras-mixed, got 0"),
        ({"size": 8}, "size: expected 16 to 512 pixels, got 8"),
        ({"renderings": 0}, "renderings: expected at least 1, or None, got 0"),
        ({"limit": 0}, "limit: expected at least 1, or None, got 0"),
        ({"objects": "all"}, "objects: expected 'every', ids or None, got 'all'"),
        ({"objects": [8]}, r"objects: expected different ids from 0 to 7, got \[8\]"),
        ({"objects": []}, "objects: expected different ids from 0 to 7"),
        ({"objects": [1, 1]}, "objects: expected different ids from 0 to 7"),
        ({"name": "source-a", "objects": "every"}, "objects: expected None for source-a, whose classes are told by"),
    ],
)
def test_errors_of_load(options: dict[str, object], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        load(**{"name": "libras-static", "cache": False} | options)  # type: ignore[arg-type]


def test_errors_of_clips(cache: Path) -> None:
    clips = few(cache)
    with pytest.raises(ValueError, match=r"its crop is 112 and these clips are 64x64\. Load them with size=112"):
        clips.clips([0], ClipInput((Pathway("clip", 8, 2),), 112))
    with pytest.raises(ValueError, match="view: expected 0, a rendered clip has one view, got 1"):
        clips.clips([0], CLIP, view=1)
    with pytest.raises(ValueError, match=r"8 frames of room and 16 .*; got 8 and 57, .*Load with clip_input="):
        clips.clips([0], ClipInput((Pathway("clip", 8, 8),), 64))
    with pytest.raises(ValueError, match="rendering: expected 0 to 2, got 3"):
        clips.camera(0, 3)
    with pytest.raises(IndexError):
        clips.clips([4], CLIP)


def test_importing_it_is_light() -> None:
    code = (
        "import sys; import vmp.data.libras as libras; d = libras.load('libras-static', 'test', cache=False); len(d); "
        "assert not {'av', 'skimage', 'pandas', 'matplotlib', 'torchvision'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
