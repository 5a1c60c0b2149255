import pytest

from vmp.experiments import consistency


def test_the_one_wrong_gain() -> None:
    wrong = consistency.wrong_gains()
    assert wrong["backbone"].tolist() == ["c2d"]


def test_hmdb_means() -> None:
    means = consistency.hmdb_means()
    assert len(means) == 14
    off = means[~means["rounds_to_printed"]].squeeze()
    assert (off["backbone"], off["variant"]) == ("slowfast", "vmp-both")
    assert off["computed_percent"] == pytest.approx((76.2 + 76.7 + 77.1) / 3)  # 76.67, printed 76.6
    assert off["lowest_percent"] < 76.65  # so rounding of the splits allows 76.6


def test_table_1_is_the_best_of_table_7_eight_times() -> None:
    both = consistency.table1_against_table7()
    assert len(both) == 8
    assert both["table1_is_best"].all()
    timesformer = both.query("dataset == 'finegym' and backbone == 'timesformer'").squeeze()
    assert (timesformer["lambda0_percent"], timesformer["baseline_percent"]) == (81.9, 83.6)
    assert timesformer["best_lambda"] == 2.5
    assert both.query("dataset == 'mpii' and backbone == 'slowfast-fast'")["lambdas"].item() == 4


def test_four_deviations_are_too_large() -> None:
    rows = consistency.deviations_too_large()
    assert set(zip(rows["backbone"], rows["variant"], strict=True)) == {
        ("slowfast", "baseline"),
        ("slowfast", "vmp-slow"),
        ("c2d", "baseline"),
        ("i3d", "baseline"),
    }
    assert set(rows["phase"]) == {"test_forward"}


def test_growth_of_times() -> None:
    growth = consistency.time_growth().set_index(["backbone", "variant", "phase"])["growth_percent"]
    assert len(growth) == 21
    assert growth["timesformer", "vmp", "train_forward"] == pytest.approx(100 * 0.020 / 0.141)
    assert growth["slowfast", "vmp-both", "test_forward"] == pytest.approx(120)
    assert growth.index[0] == ("slowfast", "vmp-both", "test_forward")


def test_timesformer_against_x3d() -> None:
    leads = consistency.timesformer_against_x3d().set_index(["dataset", "metric", "variant"])["lead_points"]
    assert leads["finegym", "top1", "vmp"] == 0.0
    assert leads["mpii", "top5", "baseline"] == pytest.approx(-1.4)
    assert len(leads) == 8


def test_timesformer_from_kinetics_600_against_x3d() -> None:
    leads = consistency.timesformer_against_x3d("k600").set_index(["dataset", "metric", "variant"])["lead_points"]
    assert leads["finegym", "top5", "vmp"] == pytest.approx(-0.1)  # 98.5 - 98.6
