from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmp.recipe import Schedule
from vmp.schedule import learning_rate_factor

COSINE = Schedule("cosine")
WARM = Schedule("cosine", warmup_epochs=4, warmup_start=0.1)
STEPS = Schedule("step", steps=(0, 11, 14), factors=(1, 0.1, 0.01))


@pytest.mark.parametrize(
    ("schedule", "epoch", "factor"),
    [
        (COSINE, 0, 1.0),
        (COSINE, 5, 0.8535533905932737),  # (1 + cos 45 degrees) / 2
        (COSINE, 10, 0.5),
        (COSINE, 20, 0.0),
        (WARM, 0, 0.1),
        (WARM, 2, 0.5022542485937369),  # half-way from 0.1 to (1 + cos 36 degrees) / 2 = 0.9045
        (WARM, 4, 0.9045084971874737),
        (WARM, 10, 0.5),
        (STEPS, 0, 1.0),
        (STEPS, 10.99, 1.0),
        (STEPS, 11, 0.1),
        (STEPS, 13.5, 0.1),
        (STEPS, 14, 0.01),
        (STEPS, 19.9, 0.01),
        (Schedule(), 0, 1.0),
        (Schedule(), 19, 1.0),
        (Schedule(warmup_epochs=0.5), 0.25, 0.5),
    ],
)
def test_by_hand(schedule: Schedule, epoch: float, factor: float) -> None:
    assert learning_rate_factor(schedule, epoch, epochs=20) == pytest.approx(factor, abs=1e-12)


@given(st.floats(0, 1), st.integers(1, 300), st.floats(0, 0.9), st.floats(0, 1))
def test_with_warm_up_it_rises_then_falls_without_a_jump(at: float, epochs: int, warmup: float, start: float) -> None:
    schedule = Schedule("cosine", warmup_epochs=warmup * epochs, warmup_start=start)
    before, after = (learning_rate_factor(schedule, epochs * min(at + more, 1), epochs) for more in (0, 1e-6))
    assert 0 <= before <= 1
    steepest = math.pi / 2 + (1 / warmup if warmup > 1e-3 else 1e6)
    assert abs(after - before) <= 1.1e-6 * steepest
    if at > warmup:
        assert after <= before + 1e-12
