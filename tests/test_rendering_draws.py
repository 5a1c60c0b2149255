"""Random numbers by key and name: the same in any batch, as even as they should be."""

from __future__ import annotations

import numpy as np
import pytest

from vmp.data.draws import Draws, keys, mixed


def test_splitmix64_gives_its_published_numbers() -> None:
    """The first outputs for seed 1234567, as in the reference implementation's well-known test vector."""
    golden = 0x9E3779B97F4A7C15
    states = [(1234567 + step * golden) % 2**64 for step in range(1, 6)]
    assert mixed(np.array(states, dtype=np.uint64)).tolist() == [
        6457827717110365317,
        3203168211198807973,
        9817491932198370423,
        4593380528125082431,
        16408922859458223821,
    ]


def test_a_row_hangs_on_its_key_and_the_name_only() -> None:
    draws = Draws(keys("set", np.arange(100), 3))
    alone = Draws(keys("set", 41, 3))
    np.testing.assert_array_equal(draws.uniform("a", 0, 1, 2, 5)[41], alone.uniform("a", 0, 1, 2, 5)[0])
    np.testing.assert_array_equal(draws.uniform("a", 0, 1, 3)[:, :2], draws.uniform("a", 0, 1, 2))
    assert (draws.uniform("a", 0, 1) != draws.uniform("b", 0, 1)).all()


def test_keys_differ_by_every_part_and_its_place() -> None:
    made = [keys("a", 1, 2), keys("a", 2, 1), keys("b", 1, 2), keys(1, "a", 2), keys("a", 1), keys("a", 1, 2, 0)]
    assert len({int(key[0]) for key in made}) == len(made)
    assert len(np.unique(keys("a", np.repeat(np.arange(300), 300), np.tile(np.arange(300), 300)))) == 90_000


def test_numbers_are_even_and_independent() -> None:
    draws = Draws(keys("even", np.arange(20_000)))
    two = draws.uniform("u", -2.0, 3.0, 2)
    assert two.min() >= -2
    assert two.max() < 3
    assert two.mean() == pytest.approx(0.5, abs=0.05)
    counts = np.histogram(two, bins=20)[0]
    assert np.square(counts - 2000).sum() / 2000 < 45  # chi-squared with 19 degrees: 43.8 in one of a thousand
    assert abs(np.corrcoef(two.T)[0, 1]) < 0.03
    assert abs(np.corrcoef(two[:-1, 0], two[1:, 0])[0, 1]) < 0.03
    assert np.bincount(draws.integers("i", 7), minlength=7).min() > 2600  # 2857 expected, deviation 49
    assert draws.integers("i", 7).max() == 6
