from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmp.backbones import BACKBONES
from vmp.data.pathways import ClipInput, Pathway, pathway_windows
from vmp.data.sampling import window_with_extra_frame


def one(frames: int, stride: int, extra: bool = False) -> ClipInput:
    return ClipInput((Pathway("clip", frames, stride, extra),), 224)


def slow_fast(slow: bool = False, fast: bool = False) -> ClipInput:
    """SlowFast 8x8 in small: 2 slow frames 8 apart, 8 fast frames 2 apart."""
    return ClipInput((Pathway("slow", 2, 8, slow), Pathway("fast", 8, 2, fast)), 224)


def test_one_pathway_by_hand() -> None:
    assert (one(4, 10).room, one(4, 10).length) == (10, 31)
    windows = pathway_windows(100, one(3, 10), start=25)
    assert ([taken.tolist() for taken in windows.indices], *windows[1:]) == ([[25, 35, 45]], 0, 0)
    windows = pathway_windows(100, one(3, 10, extra=True), start=25)
    assert ([taken.tolist() for taken in windows.indices], *windows[1:]) == ([[15, 25, 35, 45]], 0, 0)


def test_the_window_moves_with_and_without_the_layer() -> None:
    for extra in (False, True):
        windows = pathway_windows(31, one(3, 10, extra), start=4)
        assert windows.indices[0].tolist() == ([0] if extra else []) + [10, 20, 30]
        assert (windows.shifted, windows.repeated) == (6, 0)


def test_where_it_cannot_move_the_first_frame_is_repeated_and_counted() -> None:
    without = pathway_windows(30, one(3, 10), start=0)
    assert (without.indices[0].tolist(), without.shifted, without.repeated) == ([0, 10, 20], 0, 0)
    windows = pathway_windows(30, one(3, 10, extra=True), start=0)
    assert (windows.indices[0].tolist(), windows.shifted, windows.repeated) == ([0, 0, 10, 20], 0, 1)
    windows = pathway_windows(30, one(3, 10, extra=True), start=4)  # nothing lies at -6
    assert (windows.indices[0].tolist(), windows.shifted, windows.repeated) == ([4, 4, 14, 24], 0, 1)


def test_two_pathways_by_hand() -> None:
    assert (slow_fast().room, slow_fast().length) == (8, 15)
    both = pathway_windows(40, slow_fast(True, True), start=10)
    assert both.indices[0].tolist() == [2, 10, 18]  # one slow stride before
    assert both.indices[1].tolist() == [8, 10, 12, 14, 16, 18, 20, 22, 24]  # one fast stride before
    assert (both.shifted, both.repeated) == (0, 0)
    moved = pathway_windows(40, slow_fast(True, True), start=0)
    assert moved.indices[0].tolist() == [0, 8, 16]
    assert moved.indices[1].tolist() == [6, 8, 10, 12, 14, 16, 18, 20, 22]
    assert (moved.shifted, moved.repeated) == (8, 0)
    short = pathway_windows(16, slow_fast(True, True), start=0)
    assert short.indices[0].tolist() == [0, 0, 8]
    assert short.indices[1].tolist() == [0, 0, 2, 4, 6, 8, 10, 12, 14]
    assert (short.shifted, short.repeated) == (0, 2)


def test_a_video_that_is_too_short() -> None:
    with pytest.raises(ValueError, match="expected 21 frames for 3 frames with stride 10 from frame 0, got 12"):
        pathway_windows(12, one(3, 10))
    windows = pathway_windows(12, one(3, 10, extra=True), short="repeat_last")
    assert (windows.indices[0].tolist(), windows.shifted, windows.repeated) == ([0, 0, 10, 11], 0, 2)


pathways = st.builds(Pathway, st.just("clip"), st.integers(1, 20), st.integers(1, 20), st.booleans())
inputs = st.lists(pathways, min_size=1, max_size=3).map(lambda taken: ClipInput(tuple(taken), 224))


def without_layers(clip_input: ClipInput) -> ClipInput:
    taken = tuple(Pathway(pathway.name, pathway.frames, pathway.stride) for pathway in clip_input.pathways)
    return ClipInput(taken, clip_input.crop)


@given(st.integers(1, 400), inputs, st.integers(0, 400))
def test_the_other_frames_are_the_same_with_and_without_layers(video: int, clip_input: ClipInput, start: int) -> None:
    start = min(start, video - 1)
    with_, without = (
        pathway_windows(video, taken, start, "repeat_last") for taken in (clip_input, without_layers(clip_input))
    )
    assert with_.shifted == without.shifted
    extras_repeated = 0
    for pathway, prompted, plain in zip(clip_input.pathways, with_.indices, without.indices, strict=True):
        assert prompted.dtype == np.int64
        assert prompted[pathway.extra :].tolist() == plain.tolist()
        assert len(prompted) == pathway.frames + pathway.extra
        assert (prompted >= 0).all()
        assert (prompted < video).all()
        if pathway.extra:
            before = plain[0] - pathway.stride
            assert prompted[0] == (before if before >= 0 else plain[0])
            extras_repeated += before < 0
    assert with_.repeated - without.repeated == extras_repeated


@given(st.integers(1, 400), inputs, st.integers(0, 400))
def test_it_moves_just_as_far_as_it_must_and_only_where_it_fits(video: int, clip_input: ClipInput, start: int) -> None:
    start = min(start, video - 1)
    windows = pathway_windows(video, clip_input, start, "repeat_last")
    room, length = clip_input.room, clip_input.length
    assert windows.shifted == (max(room - start, 0) if max(room, start) + length <= video else 0)
    if max(room, start) + length <= video:
        assert windows.repeated == 0
    begin = {
        int(taken[int(pathway.extra)]) for pathway, taken in zip(clip_input.pathways, windows.indices, strict=True)
    }
    assert begin == {start + windows.shifted}  # all begin at the same frame


@given(st.integers(1, 400), st.integers(1, 20), st.integers(1, 20), st.integers(0, 400))
def test_one_pathway_is_the_window_with_an_extra_frame(video: int, frames: int, stride: int, start: int) -> None:
    start = min(start, video - 1)
    came = pathway_windows(video, one(frames, stride, extra=True), start, "repeat_last")
    expected = window_with_extra_frame(video, frames, stride, start, "repeat_last")
    assert came.shifted == expected.shifted
    assert came.indices[0].tolist() == expected.indices.tolist()
    assert came.repeated == expected.repeated


def test_the_backbones_windows_fit_their_clips() -> None:
    for spec in BACKBONES.values():
        tiny = spec.clip_input("tiny", tuple(pathway.name for pathway in spec.pathways))
        windows = pathway_windows(24, tiny, start=8)  # a rendered clip: 8 frames of room, 16 of movement
        assert (windows.shifted, windows.repeated) == (0, 0), spec.name
