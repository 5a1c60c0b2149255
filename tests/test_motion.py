import math

import numpy as np
import pytest
import torch

from vmp import motion


def clip(values: list[float], height: int = 1, width: int = 1) -> torch.Tensor:
    """Grey frames of one brightness each, (T, 3, H, W) float64: the luma weights sum to 1."""
    return torch.tensor(values, dtype=torch.float64).view(-1, 1, 1, 1).expand(-1, 3, height, width).clone()


def test_normalised_difference_by_hand():
    frames = clip([0.0, 0.0, 0.0], width=2)
    frames[1, :, 0, 0], frames[1, :, 0, 1] = 0.2, 0.05  # up by .2 and .05
    frames[2, :, 0, 0], frames[2, :, 0, 1] = 0.2, 0.45  # up by 0 and .4
    expected = torch.tensor([[[1.0, 0.25]], [[0.0, 1.0]]], dtype=torch.float64)
    torch.testing.assert_close(motion.normalised_difference(frames), expected)


def test_normalised_difference_weights_the_colours_and_keeps_stillness_at_zero():
    frames = torch.zeros(2, 3, 1, 3, dtype=torch.float64)
    for column in range(3):  # red, green, blue switch off, one a pixel
        frames[0, column, 0, column] = 1.0
    expected = torch.tensor([[[-0.299 / 0.587, -1.0, -0.114 / 0.587]]], dtype=torch.float64)
    torch.testing.assert_close(motion.normalised_difference(frames), expected)
    assert torch.equal(motion.normalised_difference(clip([0.3, 0.3])), torch.zeros(1, 1, 1, dtype=torch.float64))


def test_time_colour_reordering_takes_the_published_order():
    # Value 10 t + c, scaled: frame t from 1, channel c from 1 (R), 2 (G), 3 (B).
    t, c = torch.meshgrid(torch.arange(1, 7), torch.arange(1, 4), indexing="ij")
    frames = ((10 * t + c) / 100).view(6, 3, 1, 1)
    names = (motion.time_colour_reordering(frames).view(-1, 3) * 100).round().int().tolist()
    assert names == [[11, 21, 31], [22, 32, 42], [33, 43, 53], [41, 51, 61]]  # (1R 2R 3R)(2G 3G 4G)(3B 4B 5B)(4R ..)


def test_time_colour_reordering_of_grey():
    frames = clip([0.1, 0.2, 0.3, 0.4])
    expected = torch.tensor([[0.1, 0.2, 0.3], [0.2, 0.3, 0.4]], dtype=torch.float64)
    torch.testing.assert_close(motion.time_colour_reordering(frames, grey=True).view(2, 3), expected)
    torch.testing.assert_close(motion.time_colour_reordering(frames).view(2, 3), expected)


def test_taylor_frame_with_one_term_by_hand():
    # 0, .1, .3, .6: first differences .1 .2 .3, second .1 .1, third 0; weight i = 0 is the number of frames, 4.
    frame = motion.taylor_video_frame(clip([0.0, 0.1, 0.3, 0.6]), terms=1).flatten()
    torch.testing.assert_close(frame, torch.tensor([0.4, 0.4, 0.0], dtype=torch.float64), atol=1e-12, rtol=0)


def test_taylor_frame_with_two_terms_by_hand():
    # 0, .1, .3, .6, 1: differences at the first frame .1, .1, 0, 0. Weights: 5, and 0 + .1 + .3 + .6 + 1 = 2.
    # displacement .1 * 5 + .1 * 2, velocity .1 * 5 + 0 * 2, acceleration 0.
    frame = motion.taylor_video_frame(clip([0.0, 0.1, 0.3, 0.6, 1.0]), terms=2).flatten()
    torch.testing.assert_close(frame, torch.tensor([0.7, 0.5, 0.0], dtype=torch.float64), atol=1e-12, rtol=0)


def test_taylor_frame_of_a_longer_block_sums_over_all_frames():
    # 0, .1, 0, 0, 0 with one term: differences at the first frame .1, -.2, .3; five frames.
    frame = motion.taylor_video_frame(clip([0.0, 0.1, 0.0, 0.0, 0.0]), terms=1).flatten()
    torch.testing.assert_close(frame, torch.tensor([0.5, -1.0, 1.5], dtype=torch.float64), atol=1e-12, rtol=0)


def test_static_pixels_are_nothing_to_taylor_frame_and_dynamic_image():
    still = clip([0.37] * 9, 2, 3)
    assert torch.equal(motion.taylor_video_frame(still), torch.zeros(3, 2, 3, dtype=torch.float64))
    torch.testing.assert_close(motion.dynamic_image(still), torch.zeros(3, 2, 3, dtype=torch.float64))


def test_rank_pooling_weights_by_hand():
    assert motion.rank_pooling_weights(4).tolist() == [-3, -1, 1, 3]
    # H_3 = 11/6: 6 - 4 * 11/6 = -4/3, 4 - 4 * (11/6 - 1) = 2/3, 2 - 4 * (11/6 - 3/2) = 2/3
    torch.testing.assert_close(
        motion.rank_pooling_weights(3, "harmonic"),
        torch.tensor([-4 / 3, 2 / 3, 2 / 3], dtype=torch.float64),
    )


def test_harmonic_weights_pool_running_means():
    frames = torch.rand(6, 3, 2, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    means = frames.cumsum(0) / torch.arange(1, 7).view(-1, 1, 1, 1)
    torch.testing.assert_close(motion.dynamic_image(frames, "harmonic"), motion.dynamic_image(means))


def test_dynamic_image_by_hand():
    image = motion.dynamic_image(clip([0.0, 0.5, 1.0]))  # -2 * 0 + 0 * .5 + 2 * 1
    assert image.flatten().tolist() == [2.0, 2.0, 2.0]


def test_optical_flow_finds_a_shift_to_the_right_and_down():
    row, column = np.meshgrid(np.arange(48), np.arange(64), indexing="ij")

    def pattern(right: float, down: float) -> np.ndarray:
        x, y = column - right, row - down
        return 0.5 + 0.2 * np.sin(x / 4) * np.cos(y / 5) + 0.2 * np.cos(x / 7 + y / 6)

    frames = torch.from_numpy(np.stack([pattern(0, 0), pattern(1.5, 0.5)])).unsqueeze(1).repeat(1, 3, 1, 1)
    flow = motion.optical_flow(frames)
    assert flow.shape == (1, 48, 64, 2)
    assert flow.dtype == np.float32
    inside = flow[0, 8:-8, 8:-8].reshape(-1, 2)
    np.testing.assert_allclose(np.median(inside, axis=0), [1.5, 0.5], atol=0.1)


def test_flow_to_colour_by_hand():
    # still, right at full speed, left at full speed, right at half speed, faster than full
    flow = np.array([[[0, 0], [2, 0], [-2, 0], [1, 0], [9, 0]]], dtype=np.float32)
    expected = [[255, 255, 255], [255, 0, 0], [0, 255, 255], [255, 128, 128], [255, 0, 0]]
    assert motion.flow_to_colour(flow, fastest=2.0)[0].tolist() == expected
    assert motion.flow_to_colour(np.zeros((2, 2, 2), dtype=np.float32)).min() == 255


def test_centre_on_grey_by_hand():
    values = torch.tensor([[[0.0, 2.0, -4.0, 1.0]], [[0.0] * 4], [[-1.0, 0.0, 0.5, 0.0]]], dtype=torch.float64)
    expected = torch.tensor([[[0.5, 0.75, 0.0, 0.625]], [[0.5] * 4], [[0.0, 0.5, 0.75, 0.5]]], dtype=torch.float64)
    torch.testing.assert_close(motion.centre_on_grey(values, share=1.0), expected)


def test_centre_on_grey_clips_the_few_extremes():
    values = torch.zeros(3, 1, 1000)
    values[:] = torch.linspace(0, 1, 1000)
    values[:, 0, -1] = 50.0
    assert motion.centre_on_grey(values)[0, 0, 500] == pytest.approx(0.75, abs=0.002)


@pytest.mark.parametrize(
    "compute",
    [
        motion.normalised_difference,
        motion.time_colour_reordering,
        motion.taylor_video_frame,
        motion.dynamic_image,
        motion.optical_flow,
    ],
)
def test_wrong_frames_are_refused(compute):
    with pytest.raises(ValueError, match=r"must be \(T, 3, H, W\), got shape \(9, 4, 4, 3\).*permute"):
        compute(torch.rand(9, 4, 4, 3))
    with pytest.raises(ValueError, match=r"got torch.uint8: divide by 255"):
        compute(torch.zeros(9, 3, 4, 4, dtype=torch.uint8))
    with pytest.raises(ValueError, match=r"values in \[0, 1\], got 0 to 255"):
        compute(torch.linspace(0, 255, 9 * 48).view(9, 3, 4, 4))
    with pytest.raises(ValueError, match=r"values in \[0, 1\], got nan"):
        compute(torch.full((9, 3, 4, 4), math.nan))
    with pytest.raises(ValueError, match=r"at least \d frames, got 1"):
        compute(torch.rand(1, 3, 4, 4))


def test_frames_needed_are_named():
    with pytest.raises(ValueError, match="at least 8 frames, got 7"):
        motion.taylor_video_frame(torch.rand(7, 3, 2, 2))
    with pytest.raises(ValueError, match="at least 3 frames, got 2"):
        motion.time_colour_reordering(torch.rand(2, 3, 2, 2))


def test_other_mistakes_are_refused():
    with pytest.raises(ValueError, match="terms must be 1 or more, got 0"):
        motion.taylor_video_frame(torch.rand(9, 3, 2, 2), terms=0)
    with pytest.raises(ValueError, match="weights must be 'linear' or 'harmonic', got 'rank'"):
        motion.dynamic_image(torch.rand(9, 3, 2, 2), weights="rank")
    with pytest.raises(ValueError, match=r"flow must be \(..., H, W, 2\), got shape \(2, 2, 3\)"):
        motion.flow_to_colour(np.zeros((2, 2, 3)))
    with pytest.raises(ValueError, match=r"fastest must be a speed above 0 .* got -1"):
        motion.flow_to_colour(np.zeros((2, 2, 2)), fastest=-1)
    with pytest.raises(ValueError, match=r"values must be \(3, H, W\)"):
        motion.centre_on_grey(torch.zeros(1, 2, 2))
    with pytest.raises(ValueError, match=r"share must lie in \(0, 1\], got 0"):
        motion.centre_on_grey(torch.zeros(3, 2, 2), share=0)
