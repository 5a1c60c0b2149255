"""The four sources: what their classes differ by, and that they share nothing with the targets."""

from __future__ import annotations

import numpy as np
import pytest

from vmp.data import libras
from vmp.data.draws import Draws, keys
from vmp.data.scenes import Scenes
from vmp.data.sources import CURVES, DIRECTIONS, TASKS, Motion
from vmp.data.textures import TEST_QUARTERS, TRAINING_QUARTERS, background

SOURCES = [name for name, each in libras.DATASETS.items() if each.motions is not None]
TARGETS = [name for name in libras.DATASETS if name not in SOURCES]
PHASE = np.tile(np.linspace(0, 1, 200), (50, 1))
NUMBERS = Draws(keys("test", np.arange(50))).uniform("numbers", 0.0, 1.0, 3)


def path(motion: Motion) -> np.ndarray:
    return motion.path(PHASE, NUMBERS)


def turning(places: np.ndarray) -> np.ndarray:
    """(N,): twice the area that the way from the centre sweeps; positive: clockwise on the screen."""
    x, y = places[..., 0], places[..., 1]
    return (x[:, :-1] * np.diff(y) - y[:, :-1] * np.diff(x)).sum(axis=1)


@pytest.mark.parametrize("motion", [*CURVES.values(), *DIRECTIONS.values(), *TASKS.values()])
def test_a_path_is_smooth_and_stays_near(motion: Motion) -> None:
    places = path(motion)
    assert places.shape == (50, 200, 2)
    assert np.abs(places).max() <= 1.25
    assert np.hypot(*np.diff(places, axis=1).transpose(2, 0, 1)).max() < 0.2
    assert np.ptp(places, axis=1).max(axis=1).min() > 0.5 * np.sqrt(0.5)


def test_source_c_tells_directions_and_senses() -> None:
    assert (turning(path(DIRECTIONS["turning clockwise"])) > 0).all()
    assert (turning(path(DIRECTIONS["turning anti-clockwise"])) < 0).all()
    radius = {name: np.hypot(*path(DIRECTIONS[f"spiralling {name}"]).transpose(2, 0, 1)) for name in ("in", "out")}
    assert (np.diff(radius["out"]) > 0).all()
    assert (np.diff(radius["in"]) < 0).all()
    source = libras.DATASETS["source-c"]
    drawn = Scenes(source, False, np.arange(16 * 20), np.zeros(16 * 20, dtype=np.int64))
    ends = drawn.object_path(np.array([0.0, 1.0]))
    heading = np.degrees(np.arctan2(*(ends[:, 1] - ends[:, 0]).T[::-1]))
    for eighth in range(8):  # right, then on clockwise
        off = (heading[drawn.motion == eighth] - 45 * eighth + 180) % 360 - 180
        assert np.abs(off).max() < 16
    size = drawn.object_sprite(np.array([0.0, 1.0])).diameter
    growth = size[:, 1] / size[:, 0]
    assert growth[drawn.motion == list(DIRECTIONS).index("coming nearer")] == pytest.approx(np.full(20, 2.0))
    assert growth[drawn.motion == list(DIRECTIONS).index("going away")] == pytest.approx(np.full(20, 0.5))
    assert growth[drawn.motion < 8] == pytest.approx(np.ones(160))


@pytest.mark.parametrize(("name", "looks"), [("source-a", 2), ("source-b", 3)])
def test_sources_a_and_b_tell_looks_apart(name: str, looks: int) -> None:
    clips = libras.load(name, "train", cache=False)
    assert len(clips.classes) == 12 * looks
    patterns = [clips.object_titles[each].split()[0] for each in clips.objects]
    told = [clips.classes[label].split(", ")[1] for label in clips.labels]
    assert patterns == told
    assert len(set(patterns)) == looks
    for label in range(len(clips.classes)):
        assert len(set(clips.objects[clips.labels == label])) == 4  # the shape says nothing


def test_more_classes_in_b_as_in_kinetics_600() -> None:
    a, b = libras.DATASETS["source-a"], libras.DATASETS["source-b"]
    assert len(b.classes) / len(a.classes) == 600 / 400
    assert set(a.classes) < set(b.classes)


def test_source_d_has_wrong_labels_to_train_on_only() -> None:
    train, test = (libras.load("source-d", part, cache=False) for part in ("train", "test"))
    wrong = train.labels != train.trajectories % 12
    assert wrong.mean() == pytest.approx(0.2, abs=0.02)
    assert set(train.labels[wrong]) == set(range(12))
    np.testing.assert_array_equal(test.labels, test.trajectories % 12)
    validation = libras.load("source-d", "validation", cache=False)
    np.testing.assert_array_equal(validation.labels, validation.trajectories % 12)


def test_sources_and_targets_share_no_texture_and_no_object() -> None:
    def all_of(names: list[str], what: str) -> set[object]:
        return {each for name in names for each in getattr(libras.DATASETS[name], what)}

    assert not all_of(SOURCES, "textures") & all_of(TARGETS, "textures")
    for what in ("objects", "clutter_objects"):
        ours, theirs = ({look[:2] for look in all_of(names, what)} for names in (SOURCES, TARGETS))
        assert not ours & theirs


def test_test_backgrounds_are_never_seen_in_training() -> None:
    assert not set(TRAINING_QUARTERS) & set(TEST_QUARTERS)
    for name in libras.DATASETS:
        train, test = (libras.load(name, part, cache=False) for part in ("train", "test"))
        assert not set(train.background_titles) & set(test.background_titles)
        assert set(train.backgrounds) == set(range(len(train.background_titles)))
    for texture in {each for name in libras.DATASETS for each in libras.DATASETS[name].textures}:
        tiles = [background(f"{texture} {quarter}", 64).astype(float) for quarter in range(4)]
        assert tiles[0].shape == (102, 102, 3)
        for seen in tiles[:3]:
            assert np.abs(seen - tiles[3]).mean() > 4


def test_titles_say_what_a_set_stands_for() -> None:
    stands_for = {name: each.stands_for for name, each in libras.DATASETS.items()}
    assert stands_for == {
        "libras-static": "MPII Cooking 2",
        "libras-moving": "FineGym",
        "libras-mixed": "HMDB-51",
        "source-a": "Kinetics-400",
        "source-b": "Kinetics-600",
        "source-c": "Something-Something v2",
        "source-d": "HowTo100M",
    }
    for each in libras.DATASETS.values():
        assert f"(stands for {each.stands_for})" in each.title
