"""The layer over sizes: operations by hand, fits of times that are exact."""

from __future__ import annotations

import math

import pytest

from vmp.experiments.timing.layer import growth, layer_seconds, operations

PIXELS = [side * side for side in (16, 32, 64, 128, 256, 512)]


def test_operations_grow_with_the_pixels_and_nothing_else() -> None:
    counted = {side: operations(side, frames=3) for side in (8, 16, 24)}
    a_pixel = (counted[16] - counted[8]) / (16 * 16 - 8 * 8)
    assert counted[24] - counted[16] == a_pixel * (24 * 24 - 16 * 16)
    assert counted[8] - a_pixel * 64 < 100  # slope and shift, whatever the size
    assert 10 < a_pixel / 2 < 100  # of each prompt: three products for grey, a difference, the sigmoid, three products


def test_a_straight_line_is_found_exactly() -> None:
    found = growth(PIXELS, [2e-3 + 5e-8 * pixels for pixels in PIXELS])
    assert found.overhead == pytest.approx(2e-3)
    assert found.a_pixel == pytest.approx(5e-8)
    assert found.misfit < 1e-9
    assert found.exponent == pytest.approx(1, abs=1e-4)
    assert found.low <= found.exponent <= found.high


def test_another_power_is_told_from_one() -> None:
    found = growth(PIXELS, [1e-4 + 3e-9 * pixels**1.25 for pixels in PIXELS])
    assert found.exponent == pytest.approx(1.25, abs=1e-3)
    assert found.low > 1.2
    assert found.misfit > 0.1


def test_noise_widens_the_interval() -> None:
    noise = [1.1, 0.9, 1.05, 0.95, 1.1, 0.9]
    found = growth(PIXELS, [by * (1e-3 + 5e-8 * pixels) for by, pixels in zip(noise, PIXELS, strict=True)])
    assert found.low < 1 < found.high
    assert 0.1 < found.high - found.low < 2


def test_times_that_do_not_grow_leave_the_power_open() -> None:
    found = growth(PIXELS[:4], [3e-3, 2.5e-3, 2.6e-3, 2.4e-3])
    assert math.isnan(found.high) or found.high - found.low > 1


@pytest.mark.parametrize(
    ("pixels", "seconds", "match"),
    [
        (PIXELS, [1.0], "as many times as sizes"),
        (PIXELS, [0.0] * 6, "all above 0"),
        ([4, 4, 9, 16], [1.0] * 4, "expected at least 4 sizes for a fit, got 3"),
    ],
)
def test_what_cannot_be_fitted_is_refused(pixels: list[int], seconds: list[float], match: str) -> None:
    with pytest.raises(ValueError, match=match):
        growth(pixels, seconds)


def test_the_layer_is_timed_at_each_size() -> None:
    found = layer_seconds((8, 16), 1, 2, frames=3)
    assert list(found) == ["8", "16"]
    assert all(len(times) == 2 and min(times) > 0 for each in found.values() for times in each.values())


@pytest.mark.parametrize("wrong", [{"sides": ()}, {"batch": 0}, {"runs": 0}, {"frames": 1}, {"sides": (0,)}])
def test_nothing_to_time_is_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="expected sides, clips and runs of at least 1 and at least 2 frames"):
        layer_seconds(**({"sides": (8,), "batch": 1, "runs": 1} | wrong))  # type: ignore[arg-type]
