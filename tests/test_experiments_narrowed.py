"""Tables with fewer rows or another lambda, and what each name stands for."""

from __future__ import annotations

import pytest
from experiment_stand_ins import small_table

from vmp.experiments import grid, names
from vmp.experiments.grid import Table
from vmp.experiments.rows import seed_by_seed
from vmp.experiments.run import Run
from vmp.experiments.tables import starts


@pytest.fixture(scope="module")
def table1() -> Table:
    return grid.table("table1", "small", 2)


def _identities(table: Table) -> set[str]:
    return {run.identity for run in table.runs()}


def _layers(run: Run) -> bool:
    return run.prompts is not None


# --- only ---


def test_only_some_backbones_and_sets(table1: Table) -> None:
    left = table1.only(backbones=["x3d", "c2d"], datasets=["libras-static"])
    assert [row.key for row in left.rows] == [
        "mpii/c2d-k400/baseline", "mpii/c2d-k400/vmp", "mpii/x3d-k400/baseline", "mpii/x3d-k400/vmp",
    ]  # fmt: skip
    compared = [("mpii/c2d-k400/vmp", "mpii/c2d-k400/baseline"), ("mpii/x3d-k400/vmp", "mpii/x3d-k400/baseline")]
    assert [(pair.row, pair.against) for pair in left.pairs] == compared
    assert set(compared) <= set(left.similar)
    assert {key for pair in left.similar for key in pair} <= {row.key for row in left.rows}
    assert left.rows[0] == table1.row("mpii/c2d-k400/baseline")
    assert left.stands_for == "libras-static stands for MPII Cooking 2, source A for Kinetics-400"
    assert (left.name, left.number, left.seeds) == ("table1", 1, (0, 1))
    assert left.only(backbones="x3d") == table1.only(["x3d_m"], ["libras-static"])  # type: ignore[arg-type]


def test_only_of_one_kind_keeps_the_other(table1: Table) -> None:
    assert table1.only() == table1
    assert table1.only(backbones=[], datasets=None) == table1
    left = table1.only(datasets=["libras-mixed"])
    assert left.datasets == ["libras-mixed"]
    assert left.backbones == table1.backbones
    assert len(left.rows) == 14 * 4
    assert left.row("hmdb51/x3d-k400/vmp/mean").folds == 3


def test_pairs_go_with_either_row() -> None:
    table2 = grid.table("table2", "small", 1)
    left = table2.picked(["baseline-twice", "baseline", "pretrained"])
    assert [row.key for row in left.rows] == ["pretrained", "baseline", "baseline-twice"]
    assert [(pair.row, pair.against) for pair in left.pairs] == [("baseline-twice", "baseline")]
    assert {key for pair in left.similar for key in pair} <= {"pretrained", "baseline", "baseline-twice"}


def test_what_is_started_from_is_stood_in_for_too() -> None:
    table4 = grid.table("table4", "small", 1).only(datasets=["libras-static"])
    assert table4.datasets == ["libras-static"]
    assert table4.stands_for == (
        "libras-moving stands for FineGym, libras-static stands for MPII Cooking 2, source B for Kinetics-600"
    )


def test_rows_that_there_are_none_of(table1: Table) -> None:
    with pytest.raises(ValueError, match=r"backbone of table1: .*x3d_m.*; got 'x3d_l'. Did you mean 'x3d_m'\?"):
        table1.only(backbones=["c2d", "x3d_l"])
    with pytest.raises(ValueError, match=r"dataset of table1: .*Did you mean 'libras-static'\?"):
        table1.only(datasets=["libras-statik"])
    with pytest.raises(ValueError, match=r"backbone of table1: .*; got ''"):
        table1.only(backbones=[""])
    mixed = grid.table("table1", "small", 1).picked(["mpii/c2d-k400/vmp", "finegym/x3d-k400/vmp"])
    with pytest.raises(ValueError, match="got c2d and libras-moving, which no row has together"):
        mixed.only(["c2d"], ["libras-moving"])
    with pytest.raises(ValueError, match=r"a row of table1: .*got 'mpii/c2d-k400/vpm'. Did you mean"):
        table1.picked(["mpii/c2d-k400/vpm"])
    with pytest.raises(ValueError, match="table1: expected the key of at least one row, got none"):
        table1.picked([])


# --- lambda ---


@pytest.mark.parametrize("name", ["table1", "table4", "table5", "table6", "controls"])
def test_another_lambda_is_the_table_that_the_choice_of_it_would_have_given(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = grid.table(name, "small", 2).with_lambda(0.7)
    monkeypatch.setattr(starts, "CHOSEN", dict.fromkeys(starts.CHOSEN, 0.7))
    expected = grid.table(name, "small", 2)
    assert [row.runs for row in changed.rows] == [row.runs for row in expected.rows]
    assert _identities(changed) == _identities(expected)
    assert changed.title == f"{expected.title}, lambda 0.7"
    assert (changed.pairs, changed.similar) == (expected.pairs, expected.similar)


def test_what_has_no_layer_to_train_stays_the_run_it_is() -> None:
    table2 = grid.table("table2", "small", 1)
    changed = table2.with_lambda(2.5)
    for row in table2.rows:
        (before,), (after,) = row.runs, changed.row(row.key).runs
        assert (before.identity == after.identity) == (not _layers(before))
        assert after.recipe.lambda_ == (2.5 if _layers(before) else 0)
    assert changed.row("vmp+frozen-baseline").runs[0].start == table2.row("baseline").runs[0]
    frozen = grid.table("controls", "small", 1)
    assert frozen.with_lambda(2.5).row("libras-static/identity") == frozen.row("libras-static/identity")
    assert table2.with_lambda(0) == table2


def test_a_lambda_that_a_table_cannot_have() -> None:
    with pytest.raises(ValueError, match="one lambda; the rows of table7 compare several"):
        grid.table("table7", "small", 1).with_lambda(0.5)
    with pytest.raises(ValueError, match="lambda_: expected a number of at least 0, got -1"):
        grid.table("table2", "small", 1).with_lambda(-1)


# --- names ---


def test_every_name_gives_tables_of_the_grid() -> None:
    every = names.tables([names.ALL], seeds=1)
    assert [table.name for table in every] == list(grid.TABLES)
    identities = set().union(*map(_identities, every))
    assert names.tables([names.MEASURED]) == []
    for name in names.FIGURES:
        found = names.tables([name], seeds=1)
        assert found
        assert identities.issuperset(set().union(*map(_identities, found)))
    assert [table.name for table in names.tables(["table2", "fig7", "table2"], seeds=1)] == ["table2", "fig7"]


def test_fig7_compares_its_four_pairs() -> None:
    (fig7,) = names.tables(["fig7"], seeds=[1])
    baseline, layered, second = (
        fig7.row(key).runs[0] for key in ("baseline", "vmp+finetuned-pretrained", "vmp+finetuned-baseline")
    )
    pairs = fig7.similarities()
    for pair in ((baseline, baseline.start), (layered, baseline), (second, baseline), (layered, second)):
        assert pair in pairs


@pytest.mark.parametrize(("name", "backbone", "variants"), [("fig8", "x3d_m", 2), ("fig9", "slowfast_4x16", 4)])
def test_figs_8_and_9_compare_one_backbone_on_three_sets(name: str, backbone: str, variants: int) -> None:
    (wanted,) = names.tables([name], seeds=[0])
    assert wanted.backbones == [backbone]
    assert {(row.runs[0].dataset, row.runs[0].fold) for row in wanted.rows} == {
        ("libras-mixed", 1), ("libras-moving", 1), ("libras-static", 1),
    }  # fmt: skip
    assert len(wanted.rows) == 3 * variants
    assert sum("baseline" in b and "vmp" in a for a, b in wanted.similar) == 3 * (variants - 1)


def test_fig11_is_timesformer_with_and_without_the_layer() -> None:
    (wanted,) = names.tables(["fig11"], seeds=[0])
    assert [row.key for row in wanted.rows] == ["mpii/timesformer-k600/baseline", "mpii/timesformer-k600/vmp"]
    (other,) = names.tables(["fig11"], "small", [0], "c2d", "libras-moving")
    assert [row.key for row in other.rows] == ["finegym/c2d-k400/baseline", "finegym/c2d-k400/vmp"]


def test_fig4_has_a_backbone_on_each_set_and_each_backbone_on_one() -> None:
    by_lambda, learned = names.tables(["fig4"], seeds=[0])
    assert [row.runs for row in by_lambda.rows] == [row.runs for row in grid.table("table7", "small", [0]).rows]
    runs = [row.runs[0] for row in learned.rows]
    assert all(_layers(run) and run.fold == 1 for run in runs)
    assert {run.dataset for run in runs if run.backbone == "i3d"} == {"libras-mixed", "libras-moving", "libras-static"}
    assert len({run.backbone for run in runs if run.dataset == "libras-mixed"}) == 5


def test_tables_that_have_none_of_the_rows_are_left_out() -> None:
    found = names.tables([names.ALL], seeds=1, backbones=["x3d", "slowfast"])
    assert [table.name for table in found] == ["table1", "table7"]
    found = names.tables([names.ALL], seeds=1, backbones=["x3d", "i3d"], datasets=["libras-mixed"])
    assert [table.name for table in found] == ["table1", "lambda"]
    with pytest.raises(ValueError, match=r"backbone of these tables: .*got 'x3d_s'. Did you mean 'x3d_m'\?"):
        names.tables([names.ALL], seeds=1, backbones=["x3d_s"])
    with pytest.raises(ValueError, match=r"table: expected one of table1.*fig4.*all; got 'fig12'. Did you mean"):
        names.tables(["fig12"])


def test_a_seed_is_finished_before_the_next_begins() -> None:
    tables = [small_table(0, 1), *names.tables(["table2", "controls"], seeds=3)]
    runs = seed_by_seed(tables)
    assert len(runs) == len({run.identity for run in runs}) == len(set().union(*map(_identities, tables)))
    assert [run.seed for run in runs] == sorted(run.seed for run in runs)
    seen: set[str] = set()
    for run in runs:
        assert not isinstance(run.start, Run) or run.start.identity in seen
        seen.add(run.identity)
