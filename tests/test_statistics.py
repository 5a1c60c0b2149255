from __future__ import annotations

import itertools
import math
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmp.statistics import Comparison, compare, holm, judge, mcnemar, sentence, sign_flip_p, verdict
from vmp.statistics.bootstrap import bootstrap_means

_generator = np.random.default_rng(5)
#: A comparison that finds nothing, and one that finds a great deal: 3 seeds, 60 groups.
_SAME = (_generator.random((2, 3, 60)) < 0.6).astype(float)
_BETTER = np.stack([np.repeat([[1.0] * 20 + [0.0] * 40], 3, axis=0), np.repeat([[1.0] * 50 + [0.0] * 10], 3, axis=0)])


# --- the permutation ---


def test_permutation_by_hand() -> None:
    # |±2 ±1 ±1| is 4, 2, 2, 0 and, with the other signs, 0, 2, 2, 4: six of eight are at least 2
    assert sign_flip_p(np.array([2, -1, 1])) == pytest.approx(6 / 8)
    assert sign_flip_p(np.array([2.0, -1.0, 1.0])) == pytest.approx(6 / 8)
    assert sign_flip_p(np.array([0, 1, 1, 1, 1, 1, 1, 0, 0])) == pytest.approx(2 / 64)
    assert sign_flip_p(np.array([1, -1])) == 1.0
    assert sign_flip_p(np.zeros(9)) == 1.0


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=9))
def test_whole_numbers_are_exact_and_so_are_few_others(steps: list[int]) -> None:
    patterns = itertools.product((-1, 1), repeat=len(steps))
    sums = [abs(sum(s * d for s, d in zip(signs, steps, strict=True))) for signs in patterns]
    exact = sum(value >= abs(sum(steps)) for value in sums) / len(sums)
    assert sign_flip_p(np.array(steps)) == pytest.approx(exact)
    assert sign_flip_p(np.array(steps) / 3) == pytest.approx(exact)


@given(st.integers(0, 40), st.integers(0, 40), st.integers(0, 300))
def test_one_seed_is_mcnemar(gained: int, lost: int, neither: int) -> None:
    without = np.array([0] * gained + [1] * lost + [1] * neither)
    with_ = np.array([1] * gained + [0] * lost + [1] * neither)
    tail = sum(math.comb(gained + lost, k) for k in range(min(gained, lost) + 1)) / 2 ** (gained + lost)
    assert mcnemar(without, with_) == pytest.approx(min(1.0, 2 * tail))
    assert sign_flip_p(with_ - without) == pytest.approx(mcnemar(without, with_))


def test_mcnemar_by_hand() -> None:
    # 8 gained, 2 lost: 2 (1 + 10 + 45) / 1024
    assert mcnemar(np.array([0] * 8 + [1] * 2 + [1] * 5), np.array([1] * 8 + [0] * 2 + [1] * 5)) == pytest.approx(
        2 * 56 / 1024
    )
    assert mcnemar(np.array([0, 1]), np.array([0, 1])) == 1.0


def test_drawn_signs_agree_with_the_exact_ones_and_never_say_never() -> None:
    steps = np.array([3, 2, 2, 1, 1, 1, 1, 1, -1, -1, -2, 1, 1, 1, 2, -1, 1])
    exact = sign_flip_p(steps)
    drawn = sign_flip_p(steps / 3, seed=1, resamples=40_000)  # 17 that are not 0, too many to count
    assert drawn == pytest.approx(exact, abs=4 * math.sqrt(exact * (1 - exact) / 40_000))
    assert drawn == sign_flip_p(steps / 3, seed=1, resamples=40_000)
    assert sign_flip_p(np.full(40, 0.3), resamples=999) == 1 / 1000


# --- the bootstrap ---


def test_one_seed_is_the_binomial_bootstrap() -> None:
    differences = np.array([[1.0] * 30 + [0.0] * 70])
    low, high = np.quantile(bootstrap_means(differences, resamples=20_000), [0.025, 0.975])
    assert (low, high) == pytest.approx((0.21, 0.39))  # quantiles of Binomial(100, .3): 21 and 39


def test_both_variances_are_unbiased_ones_added() -> None:
    differences = np.random.default_rng(0).normal(size=(3, 50)) + np.array([[-1.0], [0.0], [1.0]])
    means = bootstrap_means(differences, resamples=40_000)
    of_groups, of_seeds = differences.mean(axis=0), differences.mean(axis=1)
    expected = of_groups.var() / 50 + of_seeds.var(ddof=1) / 3
    assert means.var() == pytest.approx(expected, rel=0.03)  # a variance of 40,000 draws: 0.7 % standard error
    assert means.mean() == pytest.approx(differences.mean(), abs=4 * math.sqrt(expected / 40_000))


def test_equal_seeds_add_nothing_and_other_seeds_widen() -> None:
    one = np.sign(np.random.default_rng(1).normal(size=(1, 40)))
    once, thrice = bootstrap_means(one), bootstrap_means(np.repeat(one, 3, axis=0))
    np.testing.assert_allclose(once, thrice, atol=1e-12)
    apart = bootstrap_means(np.repeat(one, 3, axis=0) + np.array([[-0.2], [0.0], [0.2]]))
    assert apart.std() > 1.2 * once.std()


def test_data_sets_share_the_draws() -> None:
    many = np.random.default_rng(2).normal(size=(4, 3, 30))
    together = bootstrap_means(many, seed=3, resamples=500)
    assert together.shape == (4, 500)
    np.testing.assert_allclose(together[2], bootstrap_means(many[2], seed=3, resamples=500), atol=1e-12)


# --- a comparison ---


def test_comparison_by_hand() -> None:
    without = [[1, 0, 0, 0, 0, 1, 0, 0], [1, 1, 0, 0, 0, 0, 0, 0]]
    with_ = [[1, 1, 1, 1, 0, 1, 0, 0], [1, 1, 1, 1, 1, 0, 0, 0]]
    found = compare(without, with_)
    # sums over seeds of the differences: 0 1 2 2 1 0 0 0; 6 of 16
    assert found.difference == pytest.approx(37.5)
    assert found.seed_differences == pytest.approx((37.5, 37.5))
    assert (found.accuracy_without, found.accuracy_with) == pytest.approx((25.0, 62.5))
    assert (found.seeds, found.groups, found.level) == (2, 8, 0.95)
    assert found.p == pytest.approx(2 / 16)  # four groups, all up
    assert found.mcnemar == pytest.approx((2 / 8, 2 / 8))
    assert found.discordance == pytest.approx((0.25 + 1 + 1 + 0.25) / 8)
    low, high = found.interval
    assert low < 37.5 < high


def test_comparison_is_reproducible_and_mirrors() -> None:
    found = compare(*_SAME, seed=4)
    assert found == compare(*_SAME, seed=4)
    assert found != compare(*_SAME, seed=5)
    back = compare(_SAME[1], _SAME[0], seed=4)
    assert back.difference == pytest.approx(-found.difference)
    assert back.interval == pytest.approx((-found.interval[1], -found.interval[0]))
    assert back.p == pytest.approx(found.p)
    state = np.random.get_state()[1].tolist()  # noqa: NPY002  (the global one, which must stay)
    compare(*_SAME)
    assert np.random.get_state()[1].tolist() == state  # noqa: NPY002


def test_bool_outcomes_order_of_groups_and_scores() -> None:
    found = compare(*_SAME)
    assert compare(*(_SAME > 0.5)) == found
    order = np.random.default_rng(0).permutation(60)
    shuffled = compare(_SAME[0][:, order], _SAME[1][:, order])
    assert (shuffled.difference, shuffled.p) == pytest.approx((found.difference, found.p))
    scores = compare(_SAME[0] * 0.9, _SAME[1] * 0.9, resamples=20_000)
    assert scores.mcnemar is None
    assert scores.difference == pytest.approx(0.9 * found.difference)
    assert scores.p == pytest.approx(found.p, abs=0.02)  # drawn, not exact


def test_folds_are_one_comparison_of_all_their_groups() -> None:
    folds = [_SAME[:, :, begin : begin + 20] for begin in (0, 20, 40)]
    assert compare(*np.concatenate(folds, axis=-1)) == compare(*_SAME)


def test_a_level_moves_the_interval_only() -> None:
    found, wide = compare(*_SAME), compare(*_SAME, level=0.99)
    assert wide.p == found.p
    assert wide.interval[0] < found.interval[0] < found.interval[1] < wide.interval[1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: compare(np.ones(9), np.ones(9)),
            r"without: expected outcomes of shape \(seeds, groups\), got .*\(9,\)",
        ),
        (lambda: compare(np.ones((3, 9)), np.ones((3, 8))), r"same seeds and groups .* \(3, 9\) and \(3, 8\)"),
        (lambda: compare(np.ones((2, 9)), np.ones((3, 9))), "Pair each seed with itself"),
        (lambda: compare(np.ones((3, 5)), np.ones((3, 5))), "at least 1 seed and 6 groups, got 3 and 5"),
        (lambda: compare(np.ones((0, 9)), np.ones((0, 9))), "at least 1 seed"),
        (lambda: compare(np.ones((3, 7)), np.ones((3, 7)), level=0.99), "8 groups, got 3 and 7"),
        (
            lambda: compare(np.full((3, 9), 63.0), np.ones((3, 9))),
            r"without: expected finite outcomes in \[0, 1\], got 63",
        ),
        (lambda: compare(np.ones((1, 9)), np.full((1, 9), np.nan)), "with_: expected finite"),
        (lambda: compare(*_SAME, level=95), "level: expected a number between 0 and 1, got 95"),
        (lambda: holm([0.1, 1.2]), r"p_values: expected numbers in \[0, 1\]"),
        (lambda: compare(*_SAME).detectable(80), "power: expected a number between 0 and 1, got 80"),
        (lambda: compare(*_SAME).detectable(claims=0), "claims: expected at least 1, got 0"),
        (lambda: verdict(compare(*_SAME), math.inf), "papers_difference: expected a finite number"),
        (lambda: verdict(compare(*_SAME), 1.0, p=0.0), "p: expected at least"),
    ],
)
def test_errors(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        call()


# --- what could have been seen ---


def _comparison(**changes: object) -> Comparison:
    """One seed, 99 groups, a quarter of them discordant, an interval no wider than the test asks for."""
    plain = Comparison(0.0, (-9.0, 9.0), 0.9, 0.95, 60.0, 60.0, 1, 99, (0.0,), (0.9,), 0.25)
    return replace(plain, **changes)  # type: ignore[arg-type]


def test_the_smallest_difference_by_hand() -> None:
    found = _comparison()
    # 1.96 sqrt(.25 / 99) + 1 / 99 = .1086; with .842 sqrt((.25 - .1492²) / 99) more, .1492
    assert found.detectable(0.5) == pytest.approx(10.86, abs=0.01)
    assert found.detectable(0.8) == pytest.approx(14.90, abs=0.05)
    assert found.power(10.86) == pytest.approx(0.5, abs=0.001)
    # a wider interval is what has to leave out 0; a claim among five asks z = 2.576 of the test
    assert _comparison(interval=(-12.0, 13.0)).detectable(0.5) == pytest.approx(12.5)
    assert found.detectable(0.5, claims=5) == pytest.approx(100 * (2.5758 * math.sqrt(0.25 / 99) + 1 / 99), abs=0.01)


@given(st.floats(0.1, 0.95), st.floats(0.0, 1.0), st.integers(6, 2000), st.integers(1, 9))
def test_power_and_smallest_difference_are_inverse(power: float, discordance: float, groups: int, claims: int) -> None:
    found = _comparison(discordance=discordance, groups=groups, interval=(-1.0, 1.0))
    smallest = found.detectable(power, claims)
    assert 0 < smallest <= 100
    if smallest < 100:
        assert found.power(smallest, claims) >= power
    if smallest > 100 * 13 / groups:  # away from the fewest groups that can be significant
        assert found.power(smallest - 1e-3, claims) < power or smallest == 100
    assert found.detectable(power, claims + 1) >= smallest - 1e-5
    assert found.detectable(min(power + 0.04, 0.99), claims) >= smallest - 1e-5


def test_no_discordance_still_takes_six_groups() -> None:
    nothing = compare(np.ones((1, 50)), np.ones((1, 50)))
    assert (nothing.difference, nothing.interval, nothing.p) == (0.0, (0.0, 0.0), 1.0)
    assert nothing.detectable(0.5) >= 100 * 6 / 50
    assert compare(np.ones((1, 6)), np.ones((1, 6))).detectable(0.8) == 100.0


# --- verdicts ---


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03]) == pytest.approx([0.03, 0.06, 0.06])
    assert holm([0.9, 0.6]) == [1.0, 1.0]
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


def test_verdicts() -> None:
    better, same = compare(*_BETTER), compare(*_SAME)
    worse = compare(*_BETTER[::-1])
    assert verdict(better, 0.3) == "same direction on the stand-in"
    assert verdict(worse, -4.0) == "same direction on the stand-in"
    assert verdict(worse, 4.0) == "opposite"
    assert verdict(better, -4.0) == "opposite"
    assert verdict(same, 6.0) == "cannot tell"
    assert verdict(None, 6.0) == verdict(None, None) == verdict(better, 0.0) == "not testable here"


def test_a_comparison_that_the_paper_lacks() -> None:
    assert verdict(compare(*_BETTER), None) == "higher here"
    assert verdict(compare(*_BETTER[::-1]), None) == "lower here"
    assert verdict(compare(*_SAME), None) == "cannot tell"
    assert verdict(compare(*_BETTER), None, p=0.06) == "cannot tell"  # after Holm
    both = judge({"control": (compare(*_BETTER), None), "claim": (compare(*_BETTER), 6.0)})
    assert both["p_holm"].tolist() == (2 * both["p"]).tolist()
    assert both["sentence"][0].startswith("The paper has no such comparison; here +")


def test_a_direction_needs_interval_and_test() -> None:
    found = _comparison(difference=5.0, interval=(1.0, 9.0), p=0.02)
    assert verdict(found, 1.0) == verdict(found, 1.0, p=0.05) == "same direction on the stand-in"
    assert verdict(found, 1.0, p=0.0501) == "cannot tell"  # after Holm
    assert verdict(replace(found, p=0.07), 1.0) == "cannot tell"
    assert verdict(replace(found, interval=(0.0, 9.0)), 1.0) == "cannot tell"


def test_sentences() -> None:
    found = _comparison(difference=1.24, interval=(-2.1, 4.6), p=0.478, seeds=3)
    assert sentence(found, 6) == (
        "Paper +6.0 points; here +1.2 (95 % interval −2.1 to +4.6, p = .48, 99 trajectories, 3 seeds): cannot tell; "
        f"a difference of {found.detectable():.1f} points would have been seen at least four times in five."
    )
    still = compare(np.ones((2, 40)), np.ones((2, 40)))
    assert "2 seeds): cannot tell; no seed's trajectories came out otherwise; a difference of" in sentence(still, 1.0)
    seen = _comparison(difference=-8.0, interval=(-12.0, -4.0), p=0.0004)
    assert sentence(seen, 6, p=0.012, claims=30, groups="videos") == (
        "Paper +6.0 points; here −8.0 (95 % interval −12.0 to −4.0, p < .001, with Holm's correction for 30 claims "
        "p = .012, 99 videos, 1 seed, so other seeds are not in the interval): opposite."
    )
    few = compare(np.zeros((1, 6)), np.zeros((1, 6)))
    assert sentence(few, 1.0).endswith("cannot tell; these data could hardly have shown any difference.")
    assert sentence(None, -1.7) == "Paper −1.7 points: not testable here."
    assert sentence(None, None) == "The paper has no such comparison: not testable here."
    assert sentence(_comparison(), 0.04).startswith("Paper 0.0 points; here 0.0 (")


def test_a_page_is_judged_together() -> None:
    page = judge(
        {
            "better": (compare(*_BETTER), 6.0),
            "same": (compare(*_SAME), 6.0),
            "gone": (None, 2.0),
            "tie": (compare(*_SAME), 0.0),
        }
    )
    assert page["claim"].tolist() == ["better", "same", "gone", "tie"]
    assert page["verdict"].tolist() == [
        "same direction on the stand-in",
        "cannot tell",
        "not testable here",
        "not testable here",
    ]
    assert page["p_holm"][0] == pytest.approx(2 * page["p"][0])  # two claims can be tested
    assert page["p_holm"][1] == page["p"][1]
    assert page["here"].isna().tolist() == [False, False, True, False]
    assert page["p_holm"].isna().tolist() == [False, False, True, True]
    assert "with Holm's correction for 2 claims" in page["sentence"][0]
    assert judge({}).empty
