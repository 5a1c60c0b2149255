from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
import torch
from torch import Tensor

from vmp.data.lost import ClipUnreadable, ForTesting, LostClips, readable_clips, wrong_scores
from vmp.data.pathways import ClipInput, Pathway

TAKES = ClipInput((Pathway("slow", 2, 4, extra=True), Pathway("fast", 8, 1)), 4)


class Fragile:
    """Clip i is all i; some cannot be read."""

    name, classes, views = "fragile", ("a", "b"), 1
    labels = np.array([0, 1, 0, 1])
    groups = np.arange(4)

    def __init__(self, bad: set[int], allow_lost: bool) -> None:
        self.bad, self.allow_lost, self.asked = bad, allow_lost, 0

    def __len__(self) -> int:
        return 4

    def clips(
        self, indices: Sequence[int], clip_input: ClipInput, *, epoch: int | None = None, seed: int = 0, view: int = 0
    ) -> list[Tensor]:
        self.asked += 1
        bad = [index for index in indices if index in self.bad]
        if bad:
            raise ClipUnreadable(f"{bad} cannot be read", bad)
        levels = torch.tensor(indices, dtype=torch.uint8).view(-1, 1, 1, 1, 1)
        return [levels.expand(-1, frames, 4, 4, 3) for frames in (3, 8)]

    def describe(self, index: int) -> str:
        return f"clip {index}"


def test_clips_that_cannot_be_read_are_told_apart() -> None:
    clips, there = readable_clips(Fragile({2}, True), [1, 2, 3], TAKES)
    assert there.tolist() == [True, False, True]
    assert [clip.shape for clip in clips] == [(3, 3, 4, 4, 3), (3, 8, 4, 4, 3)]
    for clip in clips:
        assert clip.dtype == torch.uint8
        assert [clip[row].unique().tolist() for row in range(3)] == [[1], [0], [3]]


def test_nothing_left_of_a_batch() -> None:
    source = Fragile({0, 1}, True)
    clips, there = readable_clips(source, [0, 1], TAKES)
    assert not there.any()
    assert not clips[1].any()
    assert source.asked == 1


def test_all_there_is_asked_for_once() -> None:
    source = Fragile(set(), False)
    _, there = readable_clips(source, [0, 3], TAKES)
    assert there.all()
    assert source.asked == 1


def test_what_is_not_allowed_is_an_error() -> None:
    with pytest.raises(ClipUnreadable, match=r"\[2\] cannot be read") as caught:
        readable_clips(Fragile({2}, False), [1, 2], TAKES)
    assert caught.value.indices == (2,)
    assert ClipUnreadable("as a loader's worker hands it on").indices == ()


def test_a_tested_source_says_what_is_there() -> None:
    *clips, there = ForTesting(Fragile({2}, True)).clips([2, 3], TAKES)
    assert len(clips) == 2
    assert there.tolist() == [False, True]
    assert ForTesting(Fragile(set(), True)).describe(3) == "clip 3"


@pytest.mark.parametrize("averages", ["softmax", "logits"])
def test_a_lost_clip_is_wrong_wherever_its_label_is_looked_for(averages: str) -> None:
    labels = np.array([0, 3, 5])
    scores = wrong_scores(labels, 6, averages)
    order = np.argsort(-scores, axis=1, kind="stable")
    assert (order[:, -1] == labels).all()  # not among the first 5 of 6 either
    if averages == "softmax":
        np.testing.assert_allclose(scores.sum(axis=1), 1)
    assert np.isfinite(wrong_scores(np.array([0]), 1, averages)).all()


def test_what_is_lost_is_counted_once() -> None:
    lost = LostClips(10, 0.2)
    assert [lost.note(3), lost.note(3), lost.note(5)] == [True, False, True]
    assert lost.indices.tolist() == [3, 5]
    assert 5 in lost
    assert 4 not in lost
    assert not lost.too_many
    lost.note(0)
    assert lost.too_many
    with pytest.raises(ValueError, match="lost_share: expected 0 to 1, got 5"):
        LostClips(10, 5)
