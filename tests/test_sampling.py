from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from vmp.data.sampling import (
    Window,
    centred_window,
    random_window,
    uniform_windows,
    window_at,
    window_length,
    window_with_extra_frame,
)

videos = st.integers(1, 400)
counts = st.integers(1, 40)
strides = st.integers(1, 40)


def test_windows_by_hand() -> None:
    assert window_length(8, 4) == 29
    assert window_at(100, 4, 10, 7).indices.tolist() == [7, 17, 27, 37]
    assert centred_window(100, 4, 10).indices.tolist() == [34, 44, 54, 64]  # 31 frames, 69 left over, 34 before
    assert centred_window(31, 4, 10).indices.tolist() == [0, 10, 20, 30]
    starts = [int(window.indices[0]) for window in uniform_windows(100, 4, 10, views=4)]
    assert starts == [0, 23, 46, 69]
    assert [int(window.indices[0]) for window in uniform_windows(34, 4, 10, views=3)] == [0, 2, 3]
    assert uniform_windows(100, 4, 10, views=1)[0].indices.tolist() == [34, 44, 54, 64]
    assert window_at(10, 3).indices.dtype == np.int64


def test_extra_frame_by_hand() -> None:
    before = window_with_extra_frame(100, 3, stride=10, start=25)
    assert (before.indices.tolist(), before.shifted, before.repeated) == ([15, 25, 35, 45], 0, 0)
    moved = window_with_extra_frame(100, 3, stride=10, start=4)
    assert (moved.indices.tolist(), moved.shifted, moved.repeated) == ([0, 10, 20, 30], 6, 0)
    just = window_with_extra_frame(31, 3, stride=10, start=4)
    assert (just.indices.tolist(), just.shifted, just.repeated) == ([0, 10, 20, 30], 6, 0)
    impossible = window_with_extra_frame(30, 3, stride=10, start=4)
    assert (impossible.indices.tolist(), impossible.shifted, impossible.repeated) == ([4, 4, 14, 24], 0, 1)


def test_repeat_last_by_hand() -> None:
    window = window_at(12, 4, 5, 0, "repeat_last")
    assert isinstance(window, Window)
    assert (window.indices.tolist(), window.shifted, window.repeated) == ([0, 5, 10, 11], 0, 1)
    assert centred_window(12, 4, 5, "repeat_last").repeated == 1
    assert random_window(12, 4, 5, short="repeat_last").indices.tolist() == [0, 5, 10, 11]
    extra = window_with_extra_frame(12, 4, 5, 0, "repeat_last")
    assert (extra.indices.tolist(), extra.shifted, extra.repeated) == ([0, 0, 5, 10, 11], 0, 2)
    assert window_with_extra_frame(1, 3, 2, 0, "repeat_last").repeated == 3


@given(videos, counts, strides, st.integers(0, 2**31))
def test_a_window_that_fits_is_inside_evenly_spaced_and_repeats_nothing(
    video: int, count: int, stride: int, seed: int
) -> None:
    if window_length(count, stride) > video:
        return
    generator = torch.Generator().manual_seed(seed)
    windows = [
        centred_window(video, count, stride),
        random_window(video, count, stride, generator=generator),
        *uniform_windows(video, count, stride, views=7),
    ]
    for window in windows:
        assert window.indices.shape == (count,)
        assert window.indices[0] >= 0
        assert window.indices[-1] < video
        assert (np.diff(window.indices) == stride).all()
        assert (window.shifted, window.repeated) == (0, 0)
    starts = [int(window.indices[0]) for window in windows[2:]]
    assert starts == sorted(starts)
    assert starts[0] == 0
    assert starts[-1] == video - window_length(count, stride)
    gaps = np.diff(starts)
    assert gaps.max() - gaps.min() <= 1
    centre = windows[0].indices
    assert abs((video - 1 - centre[-1]) - centre[0]) <= 1


@given(videos, counts, strides)
def test_a_video_that_is_too_short_is_reported_never_looped(video: int, count: int, stride: int) -> None:
    if window_length(count, stride) <= video:
        return
    for sample in (centred_window, random_window, uniform_windows, window_with_extra_frame, window_at):
        with pytest.raises(ValueError, match=f"got {video}"):
            sample(video, count, stride)
    window = centred_window(video, count, stride, "repeat_last")
    assert window.indices[0] == 0
    assert (np.diff(window.indices) >= 0).all()  # a loop would jump back
    assert window.repeated == count - len(range(0, video, stride)[:count])
    assert window.repeated > 0


@given(st.data(), videos, counts, strides)
def test_the_extra_frame(data: st.DataObject, video: int, count: int, stride: int) -> None:
    length = window_length(count, stride)
    if length > video:
        return
    start = data.draw(st.integers(0, video - length))
    plain = window_at(video, count, stride, start)
    indices, shifted, repeated = window_with_extra_frame(video, count, stride, start)
    assert indices.shape == (count + 1,)
    assert indices.min() >= 0
    assert indices.max() < video
    # the other frames are the same as without, but for a move that is told
    np.testing.assert_array_equal(indices[1:], plain.indices + shifted)
    if repeated:
        assert repeated == 1
        assert shifted == 0
        assert indices[0] == indices[1]
        assert start < stride
        assert stride + length > video  # moving was impossible
    else:
        assert indices[1] - indices[0] == stride
        assert shifted == max(stride - start, 0)


def test_random_windows_start_everywhere_and_follow_the_generator() -> None:
    generator = torch.Generator().manual_seed(0)
    starts = Counter(int(random_window(14, 3, 2, generator=generator).indices[0]) for _ in range(2000))
    assert set(starts) == set(range(10))
    assert min(starts.values()) > 140  # 200 each, with a standard deviation of 13
    first, again = (
        [random_window(500, 3, generator=torch.Generator().manual_seed(5)).indices.tolist() for _ in range(4)]
        for _ in range(2)
    )
    assert first == again
    state = torch.get_rng_state()
    random_window(500, 3, generator=generator)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: window_at(10, 0), "num_frames: expected at least 1, got 0"),
        (lambda: window_at(10, 2, 0), "stride: expected at least 1 frame, got 0"),
        (lambda: window_at(0, 2), "video: expected at least 1 frame, got 0"),
        (lambda: window_at(10, 2, 1, 10), "start: expected 0 to 9, the video's last frame, got 10"),
        (lambda: window_at(10, 2, 1, -1), "start: expected 0 to 9, the video's last frame, got -1"),
        (
            lambda: window_at(10, 4, 3, 2),
            "video: expected 12 frames for 4 frames with stride 3 from frame 2, got 10. Start earlier",
        ),
        (lambda: centred_window(10, 2, short="loop"), "short: expected 'error' or 'repeat_last', got 'loop'"),
        (lambda: uniform_windows(10, 2, views=0), "views: expected at least 1, got 0"),
    ],
)
def test_errors(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        call()
