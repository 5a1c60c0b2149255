from __future__ import annotations

import pytest

from vmp.experiments import grid, paper
from vmp.experiments.grid import Pair, Row, Table
from vmp.experiments.run import Run, ancestors


@pytest.fixture(scope="module")
def table() -> Table:
    return grid.table("table2", "small", 3)


def _of(table: Table, key: str) -> list[Run]:
    return list(table.row(key).runs)


def test_table2_has_the_papers_rows_and_the_controls(table: Table) -> None:
    printed = set(paper.table(2)["variant"])
    assert {row.paper["variant"] for row in table.rows if row.paper} == printed
    assert [row.key for row in table.rows if row.paper is None] == ["baseline-twice"]
    # nine rows would train the two of the frozen backbone once each, the source once for all seeds
    assert len(table.runs()) == 1 + 3 * 8


def test_all_seeds_start_from_one_pretraining_as_from_one_checkpoint(table: Table) -> None:
    sources = {run.identity for run in table.runs() if run.dataset == "source-b"}
    assert len(sources) == 1
    assert all(ancestors(run)[0].identity in sources for row in table.rows for run in row.runs)


def test_what_each_row_trains_and_starts_from(table: Table) -> None:
    source = _of(table, "baseline")[0].start
    trained = {row.key: row.runs[0].recipe.trained for row in table.rows}
    assert trained == {
        "pretrained": ("head",),
        "vmp+frozen-pretrained": ("prompt",),
        "vmp+head+frozen-pretrained": ("head", "prompt"),
        "baseline": ("backbone", "head"),
        "vmp+finetuned-pretrained": ("backbone", "head", "prompt"),
        "vmp+frozen-baseline": ("prompt",),
        "vmp+finetuned-baseline": ("backbone", "head", "prompt"),
        "baseline-twice": ("backbone", "head"),
    }
    for key in ("pretrained", "vmp+head+frozen-pretrained", "baseline", "vmp+finetuned-pretrained"):
        assert all(run.start == source and run.head == "new" for run in _of(table, key))
    for key, start in {
        "vmp+frozen-pretrained": "pretrained", "vmp+frozen-baseline": "baseline", "vmp+finetuned-baseline": "baseline",
        "baseline-twice": "baseline",
    }.items():  # fmt: skip
        assert [run.start for run in _of(table, key)] == _of(table, start)  # seed by seed
        assert all(run.head == "kept" for run in _of(table, key))
    assert all((run.prompts is True) == row.key.startswith("vmp") for row in table.rows for run in row.runs)


def test_with_and_without_differ_in_the_layer_alone(table: Table) -> None:
    for key, other in (("vmp+finetuned-pretrained", "baseline"), ("vmp+finetuned-baseline", "baseline-twice")):
        for with_, without in zip(_of(table, key), _of(table, other), strict=True):
            a, b = with_.to_json(), without.to_json()
            a["recipe"].pop("trained"), b["recipe"].pop("trained")
            assert {name for name in a if a[name] != b[name]} == {"prompts"}


def test_runs_come_after_what_they_start_from(table: Table) -> None:
    seen: set[str] = set()
    for run in table.runs():
        assert not isinstance(run.start, Run) or run.start.identity in seen
        seen.add(run.identity)


def test_rows_train_on_validation_too_and_never_on_test(table: Table) -> None:
    for row in table.rows:
        assert {(run.train_split, run.test_split) for run in row.runs} == {("train+validation", "test")}


def test_each_row_is_judged_against_the_papers_baseline_and_the_second_round_against_its_own(table: Table) -> None:
    printed = {pair.row: pair.against for pair in table.pairs if pair.printed}
    gains = paper.gains()
    theirs = set(gains[gains["table"] == 2]["variant"])
    assert set(printed) - {"vmp+head+frozen-pretrained"} == theirs
    assert [(p.row, p.against) for p in table.pairs if not p.printed] == [
        ("vmp+frozen-baseline", "baseline-twice"), ("vmp+finetuned-baseline", "baseline-twice"),
        ("baseline-twice", "baseline"),
    ]  # fmt: skip


def test_weights_are_compared_with_the_start_and_the_partner(table: Table) -> None:
    pairs = table.similarities()
    assert len(pairs) == len({(a.identity, b.identity) for a, b in pairs})
    for run in table.runs():
        assert not isinstance(run.start, Run) or (run, run.start) in pairs
    assert (_of(table, "vmp+finetuned-pretrained")[1], _of(table, "baseline")[1]) in pairs


def test_scales_choose_models_and_data() -> None:
    gpu, papers = grid.table("table2", "gpu", [4]), grid.table("table2", "paper", [4])
    assert {(run.size, run.scale) for run in gpu.runs()} == {("paper", "gpu")}
    assert {(run.dataset, run.size) for run in papers.runs()} == {("mpii-cooking-2", "paper")}
    assert papers.row("baseline").runs[0].start == "k600"
    assert grid.table("table2", "paper", 1, "x3d_m").row("baseline").runs[0].start == "k400"
    assert papers.row("baseline").runs[0].train_split == "train"
    assert papers.stands_for == ""


def test_another_backbone_and_data_set() -> None:
    other = grid.table("table2", "smoke", [7, 3], "slowfast_4x16", "libras-moving")
    assert other.seeds == (7, 3)
    assert {run.backbone for run in other.runs()} == {"slowfast_4x16"}
    assert [run.seed for run in other.row("baseline").runs] == [7, 3]
    assert "libras-moving stands for FineGym" in other.stands_for


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("tabel2",), r"table: expected one of table2.*; got 'tabel2'. Did you mean 'table2'\?"),
        (("table2", "smal"), r"scale: .*Did you mean 'small'\?"),
        (("table2", "small", 3, "x3d"), r"backbone: .*Did you mean 'x3d_"),
        (("table2", "small", 3, None, "libras-statik"), r"dataset: .*Did you mean 'libras-static'\?"),
        (("table2", "small", 0), "seeds: expected how many, at least 1, or different numbers from 0 on; got 0"),
        (("table2", "small", (1, 1)), r"seeds: .*got \(1, 1\)"),
        (("table2", "small", (0, -1)), r"seeds: .*got \(0, -1\)"),
    ],
)
def test_what_there_is_no_table_of(arguments: tuple[object, ...], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        grid.table(*arguments)  # type: ignore[arg-type]


def test_a_table_that_contradicts_itself(table: Table) -> None:
    row = table.rows[0]
    with pytest.raises(ValueError, match="expected each key once, got two rows 'pretrained'"):
        Table("t", 2, "", "small", (0,), "", (row, row))
    with pytest.raises(ValueError, match=r"a row of t: .*got 'pretraind'. Did you mean 'pretrained'\?"):
        Table("t", 2, "", "small", (0,), "", (row,), (Pair("pretrained", "pretraind"),))
    with pytest.raises(ValueError, match=r"a row of t: .*got 'baseline'"):
        Table("t", 2, "", "small", (0,), "", (Row("a", "", row.runs),), similar=(("a", "baseline"),))
