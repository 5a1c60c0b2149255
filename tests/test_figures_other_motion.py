import numpy as np
import pytest
import torch

from vmp.figures.other_motion import as_picture, motion_pictures
from vmp.figures.palette import colour_difference


def moving_square(count: int = 17) -> np.ndarray:
    ground = np.random.default_rng(0).integers(60, 120, (40, 64, 1), dtype=np.uint8)  # flow needs texture
    ground[-1, -1] = 90
    frames = np.broadcast_to(ground, (count, 40, 64, 3)).copy()
    for t in range(count):
        frames[t, 10:26, 5 + 2 * t : 21 + 2 * t] = (200, 60, 40)
    return frames


def test_six_pictures_where_stillness_is_neutral_in_each():
    pictures = motion_pictures(moving_square(), index=1, flow_width=64)
    assert [caption.split(",")[0] for _, caption in pictures] == [
        "frame 2",
        "normalised difference",
        "time-colour reordering",
        "Taylor frame",
        "dynamic image",
        "optical flow",
    ]
    corner = [picture[-1, -1].tolist() for picture, _ in pictures]
    assert corner[0] == [90] * 3
    assert corner[1] == colour_difference(np.zeros((1, 1)))[0, 0].tolist()
    assert corner[2] == [90] * 3  # equal channels
    # A value of 0 lies between the bytes 127 and 128; float32 sums fall on either side.
    assert {*corner[3], *corner[4]} <= {127, 128}
    assert min(corner[5]) > 230


def test_step_uses_every_so_many_frames():
    frames = moving_square(33)
    pictures = motion_pictures(frames, index=2, step=2, flow_width=64)
    assert pictures[0][1] == "frame 4"
    np.testing.assert_array_equal(pictures[0][0], frames[4])
    with pytest.raises(ValueError, match="for 33 frames and a stride of 30, got 3"):
        motion_pictures(frames, index=3, step=2)


def test_as_picture_by_hand():
    values = torch.tensor([0.0, 0.5, 1.2]).view(3, 1, 1)
    assert as_picture(values)[0, 0].tolist() == [0, 128, 255]


def test_a_block_beyond_the_clip_is_refused():
    with pytest.raises(ValueError, match="for 17 frames and a stride of 15, got 5"):
        motion_pictures(moving_square(), index=5)
