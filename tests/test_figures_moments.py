import math

import numpy as np
import pytest

from vmp.figures.moments import frame_pair, highlight, pair_difference, prompt_pictures, take_moment


def two_frames() -> np.ndarray:
    """A pixel that brightens by 51, one that darkens by 51, one that stays, one whose red alone goes from 0 to 255."""
    before = np.array([[[100] * 3, [151] * 3, [80] * 3, [0, 0, 0]]], dtype=np.uint8)
    after = np.array([[[151] * 3, [100] * 3, [80] * 3, [255, 0, 0]]], dtype=np.uint8)
    return np.stack([before, after])


def test_difference_by_hand():
    frames = two_frames()
    np.testing.assert_allclose(pair_difference(*frames)[0], [0.2, -0.2, 0.0, 0.299], atol=1e-7)
    assert pair_difference(*frames).dtype == np.float32


def test_moment_by_hand():
    moment = take_moment(two_frames(), 0, slope=10.0, shift=0.1)
    expected = [1 / (1 + math.exp(-10 * (d - 0.1))) for d in (0.2, -0.2, 0.0, 0.299)]
    np.testing.assert_allclose(moment.attention[0], expected, atol=1e-6)
    assert moment.prompt[0, 0].tolist() == [round(151 * expected[0])] * 3
    assert moment.prompt[0, 3].tolist() == [round(255 * expected[3]), 0, 0]
    assert moment.prompt.dtype == np.uint8


def test_pictures_are_captioned_with_the_later_frame():
    pictures = take_moment(two_frames(), 0, 10.0, 0.1).pictures(gain=1)
    assert [caption for _, caption in pictures][:2] == ["frame 1", "difference"]
    assert all(picture.dtype == np.uint8 and picture.shape == (1, 4, 3) for picture, _ in pictures)


def test_consecutive_pictures_are_the_two_frames_and_the_difference():
    frames = two_frames()
    pictures = take_moment(frames, 0, 10.0, 0.1).consecutive(gain=2)
    assert [caption for _, caption in pictures] == ["frame 0", "frame 1", "difference", "difference, shown × 2"]
    np.testing.assert_array_equal(pictures[0][0], frames[0])
    np.testing.assert_array_equal(pictures[1][0], frames[1])


def test_one_prompt_a_pair():
    pictures = prompt_pictures(two_frames(), 0, 1, (10.0, 0.1), (20.0, -0.3))
    assert [caption for _, caption in pictures] == [
        "frame 1",
        "difference",
        "prompt, a\u00a0=\u00a010, b\u00a0=\u00a00.1",
        "prompt, a\u00a0=\u00a020, b\u00a0=\u00a0-0.3",
    ]
    np.testing.assert_array_equal(pictures[3][0], take_moment(two_frames(), 0, 20.0, -0.3).prompt)
    with pytest.raises(ValueError, match="at least one pair"):
        prompt_pictures(two_frames(), 0, 1)


def test_stride_takes_frames_apart():
    frames = np.zeros((4, 1, 1, 3), dtype=np.uint8)
    frames[3] = 51
    before, after = frame_pair(frames, 1, stride=2)
    assert before.max() == 0
    assert after.max() == 51


def test_negative_attention_shows_as_black():
    frame = np.full((1, 3, 3), 200, dtype=np.uint8)
    shown = highlight(frame, np.array([[-0.5, 0.5, 1.5]], dtype=np.float32))
    assert shown[0, :, 0].tolist() == [0, 100, 200]


def test_mistakes_are_refused():
    with pytest.raises(ValueError, match=r"uint8 \(T, H, W, 3\), got float32"):
        take_moment(np.zeros((3, 2, 2, 3), dtype=np.float32), 0, 10.0, 0.0)
    with pytest.raises(ValueError, match="stride must be 1 or more, got 0"):
        take_moment(two_frames(), 0, 10.0, 0.0, stride=0)
    with pytest.raises(ValueError, match=r"0 to 0 for 2 frames and a stride of 1, got 1"):
        take_moment(two_frames(), 1, 10.0, 0.0)
