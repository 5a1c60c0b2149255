import math

import numpy as np
import pytest

from vmp.figures import norms


def test_family_by_hand():
    gamma, max_exp, sigm_e, asinh_e = norms.family(gamma=0.5, max_exp=2.0, sigm_e=4.0, asinh_e=3.0)
    p = np.array([0.25, -0.25, 0.0])
    np.testing.assert_allclose(gamma(p), [0.5, -0.5, 0])
    np.testing.assert_allclose(max_exp(p), [1 - 0.75**2, 0.75**2 - 1, 0])
    np.testing.assert_allclose(sigm_e(p), [2 / (1 + math.exp(-1)) - 1, 1 - 2 / (1 + math.exp(-1)), 0], atol=1e-12)
    np.testing.assert_allclose(asinh_e(p), [math.asinh(0.75), -math.asinh(0.75), 0])
    assert gamma.label == "Gamma, g = 0.5"


def test_learned_is_not_odd():
    ours = norms.learned(10.0, -0.5)
    np.testing.assert_allclose(ours(np.array([0.0, -0.5])), [1 / (1 + math.exp(-5)), 0.5])
    assert not ours.odd


def test_parameters_outside_their_range_are_refused_when_the_family_is_made():
    with pytest.raises(ValueError, match="expected 0 < g <= 1, got 2"):
        norms.family(gamma=2)


def test_table_at_zero_by_hand():
    table = norms.at_zero([*norms.family(), norms.learned(23.45, 0.03, "ours")], step=0.01)
    gamma = table.loc["Gamma"]
    assert gamma["f(0)"] == 0
    assert gamma["+1 level"] == pytest.approx(0.1)
    assert gamma["-1 level"] == pytest.approx(-0.1)
    ours = table.loc["ours"]
    still = 1 / (1 + math.exp(23.45 * 0.03))
    assert ours["f(0)"] == pytest.approx(still)
    assert ours["+1 level"] == pytest.approx(1 / (1 + math.exp(23.45 * 0.02)) - still)
    assert ours["f(1)"] == pytest.approx(1, abs=1e-6)


def test_before_after_by_hand():
    differences, slopes, after = norms.before_after(b=0.5, count=3)
    assert differences.tolist() == [-1, 0, 1]
    np.testing.assert_allclose(slopes, [5 / 0.55, (5 / 0.55 + 50) / 2, 50])
    assert after.shape == (3, 3)
    assert after[2, 1] == pytest.approx(1 / (1 + math.exp(25)))


def test_pair_table_by_hand():
    row = norms.pair_table({"FineGym": (11.04, -0.59)}).loc["FineGym"]
    assert row["f(0)"] == pytest.approx(1 / (1 + math.exp(-11.04 * 0.59)))
    assert 5 / (0.45 * math.tanh(row["m"]) + 0.1) == pytest.approx(11.04)
    assert 0.6 * math.tanh(row["n"]) == pytest.approx(-0.59)
    assert 1 / (1 + math.exp(-11.04 * (row["loses a tenth at"] + 0.59))) == pytest.approx(0.9)


def test_response_by_hand():
    difference = np.array([[0.0, 0.004, 0.2, -0.2]])  # still, still, moved, moved
    gamma = norms.family(gamma=0.5)[0]
    row = norms.response([gamma], difference).loc["Gamma"]
    noise, motion = math.sqrt(0.004) / 2, math.sqrt(0.2)
    assert row["mean value"] == pytest.approx(math.sqrt(0.004) / 4)
    assert row["share below 0"] == 0.25
    assert row["noise"] == pytest.approx(noise)
    assert row["motion"] == pytest.approx(motion)
    assert row["noise / motion"] == pytest.approx(noise / motion)


def test_response_measures_from_the_value_of_stillness():
    ours = norms.learned(10.0, 0.0)
    row = norms.response([ours], np.array([[0.0, 0.2]])).iloc[0]
    assert row["noise"] == 0
    assert row["motion"] == pytest.approx(1 / (1 + math.exp(-2)) - 0.5)


def test_response_needs_still_and_moved_pixels():
    with pytest.raises(ValueError, match=r"its sizes go from 0\.02 to 0\.03: take another moment"):
        norms.response(norms.family(), np.array([[0.02, -0.03]]))
