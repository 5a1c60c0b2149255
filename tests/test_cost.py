"""What the paper's tables cost: FLOPs by hand, runs by hand, hours by hand."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
import torch
from torch.utils.flop_counter import FlopCounterMode

from vmp.experiments import grid, paper
from vmp.experiments.cost import clips_of, cost, costs, reading
from vmp.experiments.cost_flops import EVERYTHING, clip_flops, convolution_backward_flops, count
from vmp.experiments.cost_tables import TableWork, Work, tables, together
from vmp.experiments.cost_throughput import GPUS, assumed, implied, printed
from vmp.experiments.run import Run
from vmp.recipe import recipe

# Said by torch itself, about its own internals, while transformers is imported.
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning")

KEPT = Path(__file__).parents[1] / "vmp" / "assets" / "cost" / "clip_flops.csv"
#: Multiply-adds of C2D at its training crop of 224, by hand: stem, four stages, a head at one place.
C2D_STEM = 8 * 112 * 112 * 64 * 3 * 49
C2D_HEAD = 2048 * 400


def c2d_by_hand() -> int:
    places, channels, stages = 8 * 56 * 56, 64, 0
    for stage, (inner, blocks) in enumerate(((64, 3), (128, 4), (256, 6), (512, 3))):
        after = places if stage == 0 else places // 4
        out = 4 * inner
        stages += places * channels * inner + after * (9 * inner * inner + inner * out + channels * out)
        stages += (blocks - 1) * after * (out * inner + 9 * inner * inner + inner * out)
        channels, places = out, after // 2 if stage == 0 else after
    return C2D_STEM + stages + C2D_HEAD


# --- FLOPs ---


def test_a_step_of_c2d_by_hand() -> None:
    forward = c2d_by_hand()
    # backward: as much for the weights and as much for what they take, but nobody wants the gradient of the clip
    assert count("c2d").step == 2 * (3 * forward - C2D_STEM)
    # with the layer somebody does: the layer stands before the stem
    assert count("c2d", True).step == 2 * 3 * forward
    assert count("c2d", None, ("head",)).step == 2 * (forward + C2D_HEAD)
    assert count("c2d", True, ("prompt",)).step == 2 * 2 * forward  # no weight learns
    assert count("c2d", True, ("head", "prompt")).step == 2 * (2 * forward + C2D_HEAD)


def test_channelwise_convolutions_are_not_counted_a_hundred_times() -> None:
    """torch's own formula forgets the groups; where there are none the two agree."""
    for groups, factor in ((1, 1), (6, 6)):
        layer = torch.nn.Conv2d(6, 6, 3, padding=1, bias=False, groups=groups, device="meta")
        clip = torch.empty(2, 6, 5, 7, device="meta", requires_grad=True)
        forward = 2 * (2 * 6 * 5 * 7) * 9 * 6 // groups
        found = []
        for mapping in ({torch.ops.aten.convolution_backward: convolution_backward_flops}, None):
            with FlopCounterMode(display=False, custom_mapping=mapping) as counter:
                layer(clip).sum().backward()
            found.append(counter.get_total_flops())
        assert found[0] == 3 * forward
        assert found[1] == 2 * forward + factor * forward  # shows why there is a formula of our own


def test_x3d_costs_three_times_its_forward_pass() -> None:
    forward = clip_flops("x3d_m", None, ("head",)).step  # and a head's gradient, 2 x 2048 x 400
    stem = 2 * 16 * 112 * 112 * 24 * 3 * 9  # its channelwise part takes what the first one gives
    assert count("x3d_m").step == 3 * (forward - 2 * 2048 * 400) - stem


@pytest.mark.parametrize(
    ("backbone", "prompts", "trained"),
    [
        ("i3d", None, EVERYTHING),
        ("x3d_s", True, EVERYTHING),
        ("slowfast_8x8", "fast", EVERYTHING),
        ("timesformer", None, ("head",)),
    ],
)
def test_kept_counts_are_those_of_today(backbone: str, prompts: bool | str | None, trained: tuple[str, ...]) -> None:
    kept = clip_flops(backbone, prompts, trained)
    assert kept == count(backbone, prompts, trained)


def test_the_file_holds_every_choice() -> None:
    with KEPT.open(encoding="utf-8") as file:
        rows = [(row["backbone"], row["prompts"], row["trained"]) for row in csv.DictReader(file)]
    assert len(rows) == len(set(rows)) == 7 * (2 + 4) + 2 * (2 + 3 * 4)
    assert ("timesformer", "all", "backbone+head+prompt") in rows
    both, everything = clip_flops("slowfast_8x8", "both"), clip_flops("slowfast_8x8", True)
    assert both == everything
    assert clip_flops("c2d", None, EVERYTHING) == clip_flops("c2d", None, ("backbone", "head"))


def test_a_wrong_backbone_or_layer() -> None:
    with pytest.raises(ValueError, match=r"got 'x3d'. Did you mean"):
        clip_flops("x3d")
    with pytest.raises(ValueError, match="prompts: expected None or True, since it has one input"):
        clip_flops("c2d", "slow")


# --- runs ---


def test_runs_of_each_table() -> None:
    """Table 1: 14 rows on 3 + 1 + 1 splits. 7: forty entries, three of them dashes. 4: four models and a head each."""
    made = tables()
    assert [table.number for table in made] == [1, 2, 3, 4, 5, 6, 7, 8]
    assert [len(table.work) for table in made] == [14 * 5, 8, 8, 4 + 4, 4, 2, 40 - 3, 0]
    assert [{work.tests for work in table.work} for table in made[:7]] == [{1}, {1}, {1}, {1}, {3}, {1}, {1}]
    assert [len(table.work) for table in tables(seeds=3)] == [210, 3 * 8, 24, 24, 12, 6, 111, 0]
    assert {each.run.recipe.epochs for table in made[:3] for each in table.work} == {25}
    assert [each.run.recipe.epochs for each in made[3].work] == [25, 5] * 4


def test_what_tables_share_is_done_once() -> None:
    # beyond Table 1: 6 of Table 2, HowTo100M and SSv2 twice, four heads, Table 7 without the eight best rows
    everything = together(tables())
    assert len(everything) == 70 + 6 + 4 + 4 + (37 - 8)
    assert sum(work.tests == 3 for work in everything) == 4
    assert len({work.run.identity for work in everything}) == len(everything)


def test_rows_start_where_the_paper_says_and_have_its_best_lambda() -> None:
    first = [work.run for work in tables()[0].work]
    gym = [run for run in first if run.dataset == "finegym" and run.backbone == "timesformer" and run.start == "k600"]
    assert [(run.prompts, run.recipe.lambda_) for run in gym] == [(None, 0.0), (True, 2.5)]
    assert {run.start for run in first if run.backbone != "timesformer"} == {"k400"}
    assert sorted(run.fold for run in first if run.dataset == "hmdb51") == sorted([1, 2, 3] * 14)
    heads = [work.run for work in tables()[3].work if work.run.recipe.trained == ("head",)]
    assert {(run.start.dataset, run.dataset) for run in heads} == {
        ("finegym", "mpii-cooking-2"),
        ("mpii-cooking-2", "finegym"),
    }


def test_table_2_is_the_one_that_is_run() -> None:
    assert [work.run for work in tables()[1].work] == grid.table("table2", "paper", 1).runs()


def test_wrong_choices_of_tables() -> None:
    with pytest.raises(ValueError, match=r"backbone: .*slowfast"):
        tables(slowfast="slowfast")
    with pytest.raises(ValueError, match="seeds: expected how many"):
        tables(seeds=0)


# --- hours ---


def one(**changes: object) -> Work:
    trained = ("backbone", "head")
    run = Run("hmdb51", "c2d", recipe("c2d", "paper", trained=trained), size="paper", scale="paper", **changes)
    return Work(run)


def test_hours_by_hand() -> None:
    found = cost([one()])
    steps, views = 3570 * 25, 1530 * 10 * 3
    assert (found.runs, found.steps, found.views) == (1, steps, views)
    flops = steps * 2 * (3 * c2d_by_hand() - C2D_STEM) + views * 2 * 25_462_702_080
    assert found.flops["c2d"] == flops
    assert found.hours(assumed("A100", "half", 0.3)) == pytest.approx(flops / (312e12 * 0.3) / 3600)
    assert found.reads == {"hmdb51": steps + 1530 * 10, "finegym": 0, "mpii-cooking-2": 0}  # three crops of a reading
    assert found.parameters == 24_327_632
    assert found.weights_bytes == 4 * 24_327_632
    again = cost([one(), Work(one().run, tests=3)])
    assert again.flops["c2d"] == 2 * flops + 2 * views * 2 * 25_462_702_080


def test_clips_of_a_split() -> None:
    assert clips_of("finegym") == (26_320, 8_521)
    assert clips_of("mpii-cooking-2") == (14_105 - 2_821, 2_821)
    assert clips_of("mpii-cooking-2", 0.4) == (8_463, 5_642)
    with pytest.raises(ValueError, match=r"dataset: .*hmdb51.*'hmdb-51'"):
        clips_of("hmdb-51")
    with pytest.raises(ValueError, match="unsplit_test_share: expected a share above 0 and below 1, got 1"):
        cost([one()], 1)


def test_table_of_costs() -> None:
    speeds = {"A100": assumed(), "Table 8": printed()}
    made = tables()
    frame = costs(made, speeds).set_index("table")
    assert frame.loc["8 Cost", ["runs", "exaflops", "A100"]].tolist() == [0, 0.0, 0.0]
    assert frame.loc["together", "runs"] == len(together(made))
    assert frame.loc["together", "A100"] < frame["A100"].drop("together").sum()
    assert frame.loc["1 Accuracy", "A100"] == pytest.approx(cost(made[0].work).hours(speeds["A100"]))
    alone = costs([TableWork(1, "one", (one(),), "a note")], speeds)
    assert alone["note"].tolist() == ["a note", "what tables share is done once"]
    assert alone["exaflops"].tolist() == [cost([one()]).flops["c2d"] / 1e18] * 2
    assert alone["weights_gigabytes"].tolist() == [4 * 24_327_632 / 1e9] * 2


def test_throughputs() -> None:
    speed = assumed("A100", "tf32", 0.5)
    assert speed["c2d"] == speed["timesformer"] == 78e12
    # Table 8: 0.019 + 0.178 seconds for 8 clips, scaled by memory and by nothing else
    x3d = clip_flops("x3d_m").step * 8 / (0.019 + 0.178)
    assert speed["x3d"] == pytest.approx(x3d * 1555 / 900)
    assert assumed("A100", "half")["x3d"] == speed["x3d"]
    assert printed()["c2d"] == pytest.approx(clip_flops("c2d").step * 8 / (0.007 + 0.076))


def test_what_table_8_comes_to() -> None:
    rows = implied().set_index(["backbone", "variant"])
    assert len(rows) == len(paper.table(8)) / 3
    timesformer = rows.loc[("timesformer", "baseline")]
    assert timesformer["milliseconds"] == pytest.approx(1e3 * (0.141 + 0.253) / 8)
    assert timesformer["share_of_fp32"] > 1  # no float32 without tensor cores
    assert timesformer["share_of_fp32"] == pytest.approx(clip_flops("timesformer").step * 8 / 0.394 / 15.7e12)
    layer = rows.loc[("c2d", "vmp"), "gflops_step"] / rows.loc[("c2d", "baseline"), "gflops_step"]
    assert layer == pytest.approx(3 * c2d_by_hand() / (3 * c2d_by_hand() - C2D_STEM))


def test_wrong_assumptions() -> None:
    with pytest.raises(ValueError, match=r"gpu: .*A100.*'A10'"):
        assumed("A10")
    with pytest.raises(ValueError, match=r"precision of V100: .*'tf32'"):
        assumed("V100", "tf32")
    with pytest.raises(ValueError, match="utilisation: expected a share of the peak, above 0 and at most 1, got 30"):
        assumed(utilisation=30)
    assert all(gpu.peak["fp32"] < gpu.peak["half"] for gpu in GPUS.values())


def test_reading() -> None:
    frame = reading([one()], 25.0).set_index("dataset")
    reads = 3570 * 25 + 1530 * 10
    hmdb = frame.loc["HMDB-51"]
    assert hmdb["reads_millions"] == reads / 1e6
    assert hmdb["pixels"] == pytest.approx(320 * 240 / (340 * 256))
    assert (
        hmdb["core_hours_as_published"]
        == hmdb["core_hours_resized"]
        == pytest.approx(reads / 25 / 3600 * 320 * 240 / (340 * 256))
    )
    everything = reading(together(tables()), 25.0).set_index("dataset")
    mpii = everything.loc["MPII Cooking 2"]
    assert mpii["core_hours_as_published"] / mpii["core_hours_resized"] == pytest.approx(1624 * 1224 / (340 * 256))
    assert math.isnan(everything.loc["together", "pixels"])
    total = everything.drop("together")["core_hours_resized"].sum()
    assert everything.loc["together", "core_hours_resized"] == pytest.approx(total)
    with pytest.raises(ValueError, match="clips_a_core_second: expected a number above 0, got 0"):
        reading([one()], 0)
