from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmp.data.manifest import make_manifest
from vmp.data.manifest_split import divided, with_validation

SHARES = {"test": 0.2, "validation": 0.1}


def counts(labels: list[int], parts: np.ndarray, label: int) -> Counter[str]:
    return Counter(part for part, each in zip(parts, labels, strict=True) if each == label)


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        (1, {"train": 1}),  # nothing to train on is worse than nothing to test with
        (2, {"train": 1, "test": 1}),
        (3, {"train": 1, "test": 1, "validation": 1}),
        (10, {"train": 7, "test": 2, "validation": 1}),
        (100, {"train": 70, "test": 20, "validation": 10}),
    ],
)
def test_each_class_gives_its_share(files: int, expected: dict[str, int]) -> None:
    labels = [label for label in range(3) for _ in range(files)]
    parts = divided(labels, [str(place) for place in range(len(labels))], SHARES)
    for label in range(3):
        assert counts(labels, parts, label) == expected


@settings(deadline=None)
@given(st.lists(st.integers(0, 4), min_size=1, max_size=60), st.integers(0, 9))
def test_the_order_of_the_clips_does_not_matter(labels: list[int], seed: int) -> None:
    names = [f"clip {place}" for place in range(len(labels))]
    parts = dict(zip(names, divided(labels, names, SHARES, seed=seed), strict=True))
    order = np.random.default_rng(seed).permutation(len(labels))
    shuffled = divided([labels[place] for place in order], [names[place] for place in order], SHARES, seed=seed)
    assert [parts[names[place]] for place in order] == list(shuffled)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 6)), min_size=1, max_size=80))
def test_groups_stay_whole_and_every_class_is_trained(clips: list[tuple[int, int]]) -> None:
    labels, groups = [label for label, _ in clips], [str(group) for _, group in clips]
    parts = divided(labels, groups, SHARES)
    for group in set(groups):
        assert len({part for part, each in zip(parts, groups, strict=True) if each == group}) == 1
    for label in set(labels):
        assert counts(labels, parts, label)["train"]


def test_the_seed_decides() -> None:
    names = [str(place) for place in range(40)]
    first, again, other = (list(divided([0] * 40, names, SHARES, seed=seed)) for seed in (0, 0, 1))
    assert first == again
    assert first != other
    assert Counter(first) == Counter(other)
    assert set(divided([0] * 40, names, {"test": 0.0})) == {"train"}


@pytest.mark.parametrize("shares", [{"test": 1.0}, {"test": -0.1}, {"test": 0.6, "validation": 0.4}])
def test_shares_that_leave_nothing(shares: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="shares: expected numbers from 0 that add up to less than 1"):
        divided([0], ["a"], shares)


def test_validation_is_held_out_of_training_alone() -> None:
    rows = {
        "path": [f"{place // 2}.mp4" for place in range(80)], "class_name": ["a", "b"] * 40,
        "start": [place % 2 for place in range(80)], "end": [place % 2 + 1 for place in range(80)],
        "split": ["train"] * 60 + ["test"] * 20,
    }  # fmt: skip
    manifest = make_manifest("m", rows, ".")
    held = with_validation(manifest, 0.2)
    assert Counter(held.table["split"]) == {"train": 48, "validation": 12, "test": 20}
    assert held.table["split"].tolist()[60:] == ["test"] * 20
    assert held.table.groupby("path")["split"].nunique().max() == 1  # clips of one file stay together
    assert with_validation(held) is held
    assert Counter(manifest.table["split"]) == {"train": 60, "test": 20}
