import math
import statistics

import pandas as pd
import pytest

from vmp.experiments import paper


@pytest.mark.parametrize(
    ("number", "rows", "columns"),
    [(1, 112, 8), (2, 6, 6), (3, 8, 4), (4, 4, 5), (5, 12, 5), (6, 8, 4), (7, 40, 4), (8, 36, 5)],
)
def test_every_table_has_its_rows(number: int, rows: int, columns: int) -> None:
    assert paper.table(number).shape == (rows, columns)
    # 8 variants x (4 HMDB-51 + 2 FineGym + 2 MPII) with 6 baselines in Table 1: 14 x 8 = 112.


def test_a_table_by_its_name_is_the_same_and_a_fresh_copy() -> None:
    first = paper.table("regularisation")
    pd.testing.assert_frame_equal(first, paper.table(7))
    first.loc[0, "top1_percent"] = -1.0
    assert paper.value(7, dataset="mpii", backbone="timesformer", lambda_=0) == 56.6


def test_values_as_printed() -> None:
    chosen = {"dataset": "mpii", "metric": "top1", "backbone": "timesformer", "pretrained_on": "k600"}
    assert paper.value(1, **chosen, variant="baseline") == 50.6
    assert paper.value(1, **chosen, variant="vmp") == 56.6
    assert paper.value(4, "top5_percent", source="mpii", target="finegym", variant="vmp") == 82.6
    assert paper.value(8, "std_seconds", backbone="c2d", variant="vmp", phase="test_forward") == 0.012
    assert paper.value(5, "top1_percent", dataset="mpii", degradation="none", variant="vmp") == 56.6


def test_a_dash_in_table_7_is_missing_and_not_zero() -> None:
    missing = paper.table(7)[paper.table(7)["top1_percent"].isna()]
    assert set(missing["backbone"]) == {"slowfast-slow", "slowfast-fast", "slowfast-both"}
    assert set(missing["lambda"]) == {2.0}
    assert set(missing["dataset"]) == {"mpii"}


def test_learned_parameters_of_the_page_follow_from_m_and_n() -> None:
    page = paper.learned_parameters("page")
    for row in page.itertuples():
        assert row.a == pytest.approx(5 / (0.45 * abs(math.tanh(row.m)) + 0.1), abs=1e-3)
        assert row.b == pytest.approx(0.6 * math.tanh(row.n), abs=1e-4)
    assert page["lambda"].isna().sum() == 4
    assert len(page) == 13


def test_learned_parameters_of_the_paper() -> None:
    learned = paper.learned_parameters()
    assert learned.loc[learned["dataset"] == "finegym", ["a", "b", "lambda"]].to_numpy().tolist() == [
        [11.04, -0.59, 2.5]
    ]
    assert len(learned) == 5


def test_one_printed_gain_differs_from_its_two_accuracies() -> None:
    gains = paper.gains()
    assert len(gains) == 94  # 64 - 1 unmarked in Table 1, 8 in 2, 8 in 3, 4 in 4, 12 - 1 unmarked in 5
    wrong = gains[gains["printed_gain_points"] != gains["computed_gain_points"]]
    row = wrong.squeeze()
    assert (row["table"], row["dataset"], row["backbone"], row["metric"]) == (1, "finegym", "c2d", "top1")
    assert (row["printed_gain_points"], row["computed_gain_points"]) == (0.6, 1.6)  # 81.3 - 79.7


def test_gains_of_table_2_are_measured_from_the_row_that_the_paper_says() -> None:
    gains = paper.gains().query("table == 2 and metric == 'top1'").set_index("variant")
    assert gains.loc["vmp+frozen-pretrained", "baseline_percent"] == 36.6
    assert gains.loc["vmp+finetuned-baseline", "baseline_percent"] == 50.6


def test_largest_standard_deviation_is_reached_by_one_number() -> None:
    numbers = [0.0] * 9 + [3.0]
    assert paper.largest_standard_deviation(0.3, 10) == pytest.approx(statistics.stdev(numbers))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: paper.table(9), "from 1 to 8"),
        (lambda: paper.table("acuracy"), "Did you mean 'accuracy'"),
        (lambda: paper.learned_parameters("pages"), "Did you mean 'page'"),
        (lambda: paper.rows(1, backbone="slofast"), "Did you mean 'slowfast'"),
        (lambda: paper.rows(1, backbon="slowfast"), "Did you mean 'backbone'"),
        (lambda: paper.rows(7, lambda_=3), "got '3'"),
        (lambda: paper.value(2, variant="baseline"), "top1_percent, top5_percent"),
        (lambda: paper.value(2, "top1_percnt", variant="baseline"), "Did you mean 'top1_percent'"),
        (lambda: paper.value(1, dataset="mpii", metric="top1"), "Choose also backbone and variant"),
        (lambda: paper.largest_standard_deviation(-1.0, 10), "mean=-1.0"),
    ],
)
def test_mistakes_are_named(call: object, message: str) -> None:
    assert callable(call)
    with pytest.raises(ValueError, match=message):
        call()
