from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from vmp.data.transforms import Chance, Cut, apply, cut_for_testing, cut_for_training, jitter_for

sizes = st.integers(20, 400)
chances = st.builds(Chance, *[st.floats(0, 1, exclude_max=True)] * 4)


def test_the_jitter_is_that_of_the_papers() -> None:
    assert jitter_for(224) == (256, 320)
    assert jitter_for(160) == (182, 228)  # X3D-S
    assert jitter_for(64) == (73, 91)
    assert jitter_for(224, (224, 224)) == (224, 224)
    for jitter in ((200, 320), (320, 256)):
        with pytest.raises(ValueError, match="jitter: expected two sides in order, at least 224"):
            jitter_for(224, jitter)


def test_training_cuts_by_hand() -> None:
    least, most = Chance(0, 0, 0, 0.9), Chance(0.999999, 0.999999, 0.999999, 0.1)
    assert cut_for_training(240, 320, 224, least) == Cut(256, 341, 0, 0, 224, False)
    assert cut_for_training(240, 320, 224, most) == Cut(320, 426, 96, 202, 224, True)
    assert cut_for_training(240, 320, 224, most, mirror=False) == Cut(320, 426, 96, 202, 224, False)
    assert cut_for_training(320, 240, 224, least) == Cut(341, 256, 0, 0, 224, False)  # upright
    assert cut_for_training(240, 320, 224, Chance(0.5, 0.5, 0.5, 0.5)) == Cut(288, 384, 32, 80, 224, False)


def test_testing_cuts_by_hand() -> None:
    assert cut_for_testing(240, 320, 224) == Cut(224, 298, 0, 37, 224)
    assert [cut_for_testing(240, 320, 224, place, 3).left for place in range(3)] == [0, 37, 74]
    assert [cut_for_testing(320, 240, 224, place, 3).top for place in range(3)] == [0, 37, 74]
    assert [cut_for_testing(240, 320, 224, place, 3).top for place in range(3)] == [0, 0, 0]
    assert [cut_for_testing(224, 301, 224, place, 5).left for place in range(5)] == [0, 19, 39, 58, 77]
    for place, places in ((3, 3), (-1, 3), (0, 0)):
        with pytest.raises(ValueError, match="place: expected 0 to"):
            cut_for_testing(240, 320, 224, place, places)


@settings(deadline=None)
@given(sizes, sizes, st.integers(8, 64), chances)
def test_a_cut_lies_in_the_frame_and_keeps_its_shape(height: int, width: int, crop: int, chance: Chance) -> None:
    for cut in (cut_for_training(height, width, crop, chance), cut_for_testing(height, width, crop, 1, 3)):
        assert 0 <= cut.top <= cut.height - crop
        assert 0 <= cut.left <= cut.width - crop
        assert abs(cut.width * height - cut.height * width) < max(height, width)  # less than a pixel


def test_pixels_are_scaled_cut_and_mirrored_alike_in_all_frames() -> None:
    ramp = np.broadcast_to(np.arange(0, 240, 2, dtype=np.uint8)[None, None, :, None], (3, 90, 120, 3)).copy()
    ramp[1] += 10
    there = apply(ramp, Cut(90, 120, 5, 20, 64))
    assert there.shape == (3, 64, 64, 3)
    np.testing.assert_array_equal(there.numpy(), ramp[:, 5:69, 20:84])
    mirrored = apply(ramp, Cut(90, 120, 5, 20, 64, mirrored=True))
    np.testing.assert_array_equal(mirrored.numpy(), ramp[:, 5:69, 83:19:-1])
    half = apply(ramp, Cut(45, 60, 0, 0, 45)).numpy().astype(int)
    # the middle between the two pixels that each one stands for, 2 grey levels apart, is 1 above the left one
    np.testing.assert_allclose(half[:, :, 2:40], ramp[:, :45, 4:80:2].astype(int) + 1, atol=1)
    assert (half[1] - half[0] == 10).all()


@pytest.mark.parametrize("size", [(256, 341), (288, 384), (224, 298), (120, 160), (240, 320)])
def test_the_numbers_are_those_of_torchvision(size: tuple[int, int]) -> None:
    from torchvision.transforms.v2 import functional

    frames = np.random.default_rng(0).integers(0, 256, (2, 240, 320, 3), dtype=np.uint8)
    theirs = functional.resize(torch.from_numpy(frames).permute(0, 3, 1, 2), list(size), antialias=True)
    theirs = functional.horizontal_flip(functional.crop(theirs, 7, 9, 112, 112)).permute(0, 2, 3, 1)
    torch.testing.assert_close(apply(frames, Cut(*size, 7, 9, 112, mirrored=True)), theirs, rtol=0, atol=0)


def test_frames_that_may_not_be_written_to() -> None:
    frames = np.zeros((1, 32, 32, 3), np.uint8)
    frames.setflags(write=False)
    assert apply(frames, Cut(32, 32, 0, 0, 32)).shape == (1, 32, 32, 3)
