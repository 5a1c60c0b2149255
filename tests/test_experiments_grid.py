from __future__ import annotations

from dataclasses import replace

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
    assert (_of(table, "baseline")[0], _of(table, "baseline")[1]) in pairs  # the yardstick: another seed
    assert not any(a == b for a, b in pairs)


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


# --- the other tables ---


def test_table1_has_every_number_of_the_paper() -> None:
    wanted = grid.table("table1", "small", 2)
    printed = paper.table(1).drop(columns=["metric", "accuracy_percent", "pretrained_on_is"]).drop_duplicates()
    assert {tuple(sorted((row.paper or {}).items())) for row in wanted.rows} == {
        tuple(sorted(each.items())) for each in printed.to_dict("records")
    }
    # 14 rows on three folds and two more sets, two seeds; five backbones pretrained on A, TimeSformer on B too
    assert len(wanted.runs()) == 14 * 5 * 2 + 6
    assert len(wanted.pairs) == 8 * 3
    gains = paper.gains()
    assert len(wanted.pairs) == len(gains[(gains["table"] == 1) & gains["split"].isin(["mean", "val", "test"])
                                          & (gains["metric"] == "top1")])  # fmt: skip


def test_table1_judges_the_mean_over_the_folds() -> None:
    mean = grid.table("table1", "small", [5, 6], "c2d", "libras-mixed").row("hmdb51/c2d-k400/vmp/mean")
    assert mean.folds == 3
    assert [[(run.seed, run.fold) for run in runs] for runs in mean.by_seed] == [
        [(5, 1), (5, 2), (5, 3)], [(6, 1), (6, 2), (6, 3)],
    ]  # fmt: skip
    wanted = grid.table("table1", "small", 1, "c2d", "libras-mixed")
    assert [pair.row for pair in wanted.pairs] == ["hmdb51/c2d-k400/vmp/mean"]
    assert set(wanted.row_of().values()) == {row.key for row in wanted.rows if row.folds == 1}
    vmp, baseline = (f"hmdb51/c2d-k400/{variant}/split1" for variant in ("vmp", "baseline"))
    assert wanted.similar == ((vmp, baseline), (baseline, baseline))


def test_with_and_without_differ_in_the_layer_and_lambda_alone_in_every_table() -> None:
    for name in ("table1", "table3", "table4"):
        wanted = grid.table(name, "small", 1)
        for pair in wanted.pairs:
            for with_, without in zip(wanted.row(pair.row).runs, wanted.row(pair.against).runs, strict=True):
                a, b = with_.to_json(), without.to_json()
                for each in (a, b):
                    each["recipe"].pop("trained"), each["recipe"].pop("lambda_"), each.pop("prompts")
                if name == "table4":  # they start from what differs so
                    for each in (a, b):
                        start = each.pop("start")
                        start["recipe"].pop("trained"), start["recipe"].pop("lambda_"), start.pop("prompts")
                        each["from"] = start
                assert a == b
                assert without.prompts is None
                assert with_.prompts is not None


def test_slowfast_in_the_papers_three_ways() -> None:
    wanted = grid.table("table1", "small", 1, "slowfast_4x16", "libras-static")
    assert {row.key.split("/")[-1]: row.runs[0].prompts for row in wanted.rows} == {
        "baseline": None, "vmp-slow": "slow", "vmp-fast": "fast", "vmp-both": "both",
    }  # fmt: skip


def test_table3_starts_from_four_sources() -> None:
    small, papers = grid.table("table3", "small", 1), grid.table("table3", "paper", 1)
    assert [row.runs[0].start.dataset for row in small.rows[::2]] == ["source-d", "source-c", "source-a", "source-b"]  # type: ignore[union-attr]
    assert [row.runs[0].start for row in papers.rows[::2]] == ["howto100m", "ssv2", "k400", "k600"]
    assert {(run.backbone, run.dataset) for run in papers.runs()} == {("timesformer", "mpii-cooking-2")}


def test_table4_trains_a_new_head_for_five_epochs() -> None:
    wanted = grid.table("table4", "small", 1)
    run = wanted.row("finegym-mpii/vmp").runs[0]
    assert (run.dataset, run.recipe.epochs, run.recipe.trained, run.head) == ("libras-static", 5, ("head",), "new")
    assert [(each.dataset, each.prompts) for each in ancestors(run)] == [("source-b", None), ("libras-moving", True)]


def test_table5_reads_the_paper_in_both_ways() -> None:
    wanted = grid.table("table5", "small", 1)
    theirs = set(paper.table(5)[["dataset", "degradation", "variant"]].itertuples(index=False, name=None))
    tested = [row for row in wanted.rows if "-trained" not in row.key]
    assert [(r.paper["dataset"], r.paper["degradation"], r.paper["variant"]) for r in tested if r.paper] == [
        tuple(row.key.split("/")) for row in tested
    ]
    assert {tuple(row.key.split("/")) for row in tested} == theirs
    for row in wanted.rows:
        (run,) = row.runs
        degradation = row.key.split("/")[1]
        how = {"salt-pepper": ("salt-and-pepper", "medium"), "compression": ("half-resolution", "medium")}
        assert run.test_degradation == how.get(degradation.removesuffix("-trained"))
        assert run.train_degradation == (run.test_degradation if degradation.endswith("-trained") else None)
        assert run.tested_only == (degradation in how)
    assert len(grid.table("degradations", "small", 1, dataset="libras-moving").rows) == 2 * 6 * 3


def test_what_is_tested_only_changes_no_weights_and_none_are_compared() -> None:
    wanted = grid.table("table5", "small", 1)
    assert all(not a.tested_only and not b.tested_only for a, b in wanted.similarities())


def test_table6_tests_the_models_of_table5_with_every_object() -> None:
    wanted, clean = grid.table("table6", "small", 2), grid.table("table5", "small", 2)
    for variant in ("baseline", "vmp"):
        runs = wanted.row(variant).runs
        assert [run.start for run in runs] == list(clean.row(f"mpii/none/{variant}").runs)
        assert all(run.tested_only and run.every_object for run in runs)
    assert not any(run.every_object or run.tested_only for run in grid.table("table6", "paper", 1).runs())


def test_table7_has_the_papers_lambdas() -> None:
    wanted = grid.table("table7", "small", 1)
    theirs = {(r.dataset, r.backbone, r.value) for r in paper.table(7).rename(columns={"lambda": "value"}).itertuples()}
    assert {(r.paper["dataset"], r.paper["backbone"], r.paper["lambda_"]) for r in wanted.rows if r.paper} == theirs
    assert all(run.recipe.lambda_ == float(row.key.split("/")[-1]) for row in wanted.rows for run in row.runs)


def test_lambda_is_chosen_without_the_test_split() -> None:
    wanted = grid.table("lambda", "small", 3)
    assert wanted.seeds == (0,)
    runs = [run for row in wanted.rows for run in row.runs]
    assert {(run.train_split, run.test_split) for run in runs} == {("train", "validation")}


def test_the_lambda_that_is_used_is_the_one_that_validation_chose() -> None:
    """The highest top-1 of the stored sweep, of equals the smallest lambda; a set that is not swept yet has 0."""
    from vmp.experiments.store import Store
    from vmp.experiments.tables.regularisation import CANDIDATES
    from vmp.experiments.tables.starts import CHOSEN

    swept, store = grid.table("lambda", "small"), Store.find()
    for name, chosen in CHOSEN.items():
        records = [list(store.of(swept.row(f"{name}/{value:g}").runs[0].identity).values()) for value in CANDIDATES]
        top1 = [newest[0].metrics["group"]["top1"] for newest in records if newest]
        best = CANDIDATES[top1.index(max(top1))] if len(top1) == len(CANDIDATES) else 0.0
        assert chosen == best, name


def test_the_controls_differ_from_the_layer_in_one_thing_each() -> None:
    wanted = grid.table("controls", "small", 1, dataset="libras-moving")
    layer = wanted.row("libras-moving/vmp").runs[0].to_json()
    differs = {}
    for row in wanted.rows:
        plain = row.runs[0].to_json()
        differs[row.key.split("/")[1]] = {name for name in layer if plain[name] != layer[name]}
    assert differs == {
        "vmp": set(), "bgr": {"layer"}, "absolute": {"layer"}, "frozen-start": {"recipe"},
        "identity": {"recipe", "layer"}, "frozen-paper": {"recipe", "layer"}, "baseline": {"recipe", "prompts"},
        "baseline-twice": {"recipe", "prompts", "start", "head"}, "adjacent": {"adjacent"},
        "extra-frame": {"recipe", "prompts", "extra_frame"},
    }  # fmt: skip


def test_the_extra_frame_alone_differs_from_the_baseline_by_it() -> None:
    for name in ("libras-static", "libras-moving"):
        wanted = grid.table("controls", "small", 2, dataset=name)
        for alone, without in zip(
            wanted.row(f"{name}/extra-frame").runs, wanted.row(f"{name}/baseline").runs, strict=True
        ):
            assert replace(alone, extra_frame=False) == without
        judged = [(pair.row.split("/")[1], pair.against.split("/")[1]) for pair in wanted.pairs]
        assert {("extra-frame", "baseline"), ("adjacent", "baseline"), ("adjacent", "vmp")} <= set(judged)
        assert (f"{name}/adjacent", f"{name}/baseline") in wanted.similar


def test_slowfast_has_no_extra_frame_alone() -> None:
    wanted = grid.table("controls", "small", 1, "slowfast_4x16", "libras-static")
    keys = {row.key.split("/")[1] for row in wanted.rows}
    assert "adjacent" in keys
    assert "extra-frame" not in keys


def test_the_identity_layer_changes_nothing() -> None:
    import torch

    import vmp
    from vmp.experiments.tables.controls import IDENTITY

    model = vmp.build("c2d", 3, True, size="tiny", **dict(IDENTITY))
    clip = (torch.rand(1, 3, 9, 64, 64, generator=torch.Generator().manual_seed(0)) * 0.3 - 0.45) / 0.225
    prompts, _ = model.prompts["clip"](clip)
    assert torch.allclose(prompts, clip[:, :, 1:], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize("name", ["table1", "table7"])
def test_a_backbone_or_a_set_that_a_table_lacks(name: str) -> None:
    with pytest.raises(ValueError, match=f"backbone of {name}: .*slowfast_4x16.*; got 'x3d_xs'"):
        grid.table(name, "small", 1, "x3d_xs")
    with pytest.raises(ValueError, match=f"dataset of {name}: expected one of .*libras-moving.*; got 'source-a'"):
        grid.table(name, "small", 1, None, "source-a")


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("tabel2",), r"table: expected one of table1, table2.*; got 'tabel2'. Did you mean 'table2'\?"),
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
        Table("t", 2, "", "small", (0, 1, 2), "", (row, row))
    with pytest.raises(ValueError, match=r"t, row 'pretrained': expected 1 runs for each of 1 seeds, got 3"):
        Table("t", 2, "", "small", (0,), "", (row,))
    with pytest.raises(ValueError, match=r"a row of t: .*got 'pretraind'. Did you mean 'pretrained'\?"):
        Table("t", 2, "", "small", (0, 1, 2), "", (row,), (Pair("pretrained", "pretraind"),))
    with pytest.raises(ValueError, match=r"a row of t: .*got 'baseline'"):
        Table("t", 2, "", "small", (0, 1, 2), "", (Row("a", "", row.runs),), similar=(("a", "baseline"),))
