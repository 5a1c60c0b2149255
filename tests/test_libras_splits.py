"""Who trains, validates and tests: by trajectory, stratified, disjoint, and fixed."""

from __future__ import annotations

import hashlib
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmp.data import libras
from vmp.data.splits import Split, folded_splits, shared_split, stratified
from vmp.data.trajectories import libras_trajectories

LABELS = libras_trajectories().labels
TARGETS = ("libras-static", "libras-moving", "libras-mixed")


def all_splits() -> list[Split]:
    return [shared_split(LABELS), *folded_splits(LABELS)]


@given(st.lists(st.integers(0, 4), min_size=1, max_size=80), st.floats(0.0, 1.0), st.text(max_size=5))
def test_stratified_takes_its_share_of_each_class(labels: list[int], share: float, name: str) -> None:
    of = np.array(labels)
    indices = np.flatnonzero(of < 4)  # some are not to be divided
    rest, taken = stratified(of, indices, share, name)
    assert sorted([*rest, *taken]) == indices.tolist()
    assert len(taken) == round(share * len(indices))
    for label in range(4):
        wanted = share * np.sum(of[indices] == label)
        assert abs(np.sum(of[taken] == label) - wanted) <= 1


def test_counts() -> None:
    shared, *folds = all_splits()
    assert [len(part) for part in (shared.train, shared.validation, shared.test)] == [185, 46, 99]
    for fold in folds:
        assert [len(part) for part in (fold.train, fold.validation, fold.test)] == [176, 44, 110]


def test_splits_are_disjoint_whole_and_stratified() -> None:
    for split in all_splits():
        together = np.concatenate([split.train, split.validation, split.test])
        assert sorted(together) == list(range(330))
        for label in range(15):
            count = np.sum(label == LABELS)
            tested = np.sum(LABELS[split.test] == label)
            assert abs(tested - count * len(split.test) / 330) <= 1
            assert abs(np.sum(LABELS[split.validation] == label) - 0.2 * (count - tested)) <= 2  # a part: within one


def test_folds_test_every_trajectory_once() -> None:
    tested = [fold.test for fold in folded_splits(LABELS)]
    assert not any(set(one) & set(other) for one, other in combinations(tested, 2))
    assert sorted(np.concatenate(tested)) == list(range(330))


def test_the_splits_never_change() -> None:
    text = ";".join(",".join(map(str, part)) for split in all_splits() for part in (split.train, split.test))
    assert hashlib.sha256(text.encode()).hexdigest()[:16] == "4ea4806df019bdc8"


def test_loaded_clips_keep_to_the_split_in_every_rendering() -> None:
    for name in TARGETS:
        for fold in (1, 2, 3) if name == "libras-mixed" else (1,):
            split = libras.split_of(name, fold)
            for part, wanted in (("train", split.train), ("validation", split.validation), ("test", split.test)):
                clips = libras.load(name, part, fold=fold, cache=False)
                assert sorted(set(clips.trajectories)) == wanted.tolist()
                np.testing.assert_array_equal(clips.labels, LABELS[clips.trajectories])
                drawn = np.concatenate([shelf.scenes.trajectory for shelf in clips._shelves])
                assert set(drawn) == set(wanted)
            both = libras.load(name, "train+validation", fold=fold, cache=False)
            assert sorted(both.trajectories) == sorted([*split.train, *split.validation])


def test_no_training_trajectory_is_tested_after_a_transfer() -> None:
    for source, target in (("libras-static", "libras-moving"), ("libras-moving", "libras-static")):
        trained = libras.load(source, "train+validation", cache=False).trajectories
        tested = libras.load(target, "test", cache=False).trajectories
        assert not set(trained) & set(tested)
        assert len(set(tested)) == 99


def test_paths_of_a_source_are_disjoint_and_balanced() -> None:
    for name, description in libras.DATASETS.items():
        if description.motions is None:
            continue
        parts = [libras.load(name, part, cache=False) for part in ("train", "validation", "test")]
        assert [len(part) for part in parts] == [4000, 480, 960]
        together = np.concatenate([part.trajectories for part in parts])
        assert len(set(together)) == len(together)
        for part in parts[1:]:
            counts = np.bincount(part.labels, minlength=len(description.classes))
            assert counts.max() - counts.min() <= 1


def test_a_source_has_no_libras_split() -> None:
    with pytest.raises(ValueError, match="name: expected a target set, got 'source-a'"):
        libras.split_of("source-a")
    with pytest.raises(ValueError, match="fold: expected 1 to 3 for libras-mixed, got 4"):
        libras.split_of("libras-mixed", 4)
