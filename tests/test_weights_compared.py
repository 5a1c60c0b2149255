"""Figs. 7-9: which runs are compared, what the yardstick is, and which layers mix moments; sentences by hand."""

from __future__ import annotations

import math

import pandas as pd
import pytest

from vmp.experiments import grid, names
from vmp.experiments.findings.weights_compared import (
    FIG7,
    compared,
    figure7,
    lowest,
    means,
    parts,
    short,
    spans_time,
    temporal_layers,
    with_and_without,
    with_the_start,
)
from vmp.experiments.loading import Loaded
from vmp.experiments.reproduction import Reproduction
from vmp.experiments.rows import Table
from vmp.figures.similarity import _apart, key_figure, similarity_figure, similarity_plot
from vmp.figures.similarity_page import panels_of, similarity_page
from vmp.figures.similarity_tables import most_alike, moved_most, outcome, similarity_table, with_yardsticks
from vmp.figures.still import Still

EMPTY = pd.DataFrame()
LAYERS = ("backbone.blocks.0.conv", "backbone.blocks.1.res_blocks.0.branch2.conv_a", "backbone.blocks.1.res_blocks.0.b")
BLOCKS = ("backbone.blocks.0", "backbone.blocks.1.res_blocks.0", "backbone.blocks.1.res_blocks.0")
TEMPORAL = {"i3d": frozenset(LAYERS[:1]), "slowfast_4x16": frozenset()}


def loaded(table: Table, cosines: dict[tuple[str, str], list[tuple[float, ...]]]) -> Loaded:
    """``cosines``: of a pair of rows, for each pair of runs, those of the three layers."""
    frames = [
        pd.DataFrame({"row": row, "seed": seed, "against": against, "layer": LAYERS, "block": BLOCKS, "cosine": values})
        for (row, against), each in cosines.items()
        for seed, values in enumerate(each)
    ]
    similarity = pd.concat(frames, ignore_index=True) if frames else EMPTY
    return Loaded(table, EMPTY, EMPTY, EMPTY, EMPTY, similarity, EMPTY)


@pytest.fixture(scope="module")
def table2() -> Loaded:
    cosines = {
        ("baseline", "start"): [(0.5, 0.9, 1.0), (0.7, 0.9, 1.0)],
        ("vmp+finetuned-pretrained", "baseline"): [(0.4, 0.8, 0.9)],
        ("baseline", "baseline"): [(0.6, 0.7, 0.8)],
    }
    return loaded(grid.table("table2", "small", 2), cosines)


@pytest.fixture(scope="module")
def fig9() -> Loaded:
    (table,) = names.tables(["fig9"], "small", 2)
    cosines = {
        (f"{where}/slowfast-k400/{variant}", f"{where}/slowfast-k400/baseline"): [(value,) * 3]
        for where, variant, value in (
            ("mpii", "vmp-slow", 0.8), ("mpii", "baseline", 0.7), ("finegym", "vmp-slow", 0.6),
        )
    }  # fmt: skip
    return loaded(table, cosines)


def test_a_pair_of_rows_is_the_mean_of_its_seeds(table2: Loaded) -> None:
    found = compared(table2, "baseline", "start")
    assert list(found.columns) == ["layer", "block", "cosine", "low", "high"]
    assert tuple(found["layer"]) == LAYERS
    assert found["cosine"].to_list() == pytest.approx([0.6, 0.9, 1.0])
    assert found.loc[0, ["low", "high"]].to_list() == [0.5, 0.7]
    assert not len(compared(table2, "vmp+finetuned-baseline", "baseline"))
    assert not len(compared(loaded(table2.table, {}), "baseline", "start"))


def test_fig7_has_the_papers_four_pairs_which_the_grid_compares(table2: Loaded) -> None:
    compares = {(a, b) for a, b in table2.table.similar} | {("baseline", "start")}
    starts = {(row.key, "baseline") for row in table2.table.rows if row.runs[0].start in
              table2.table.row("baseline").runs}  # fmt: skip
    assert set(FIG7.values()) <= compares | starts
    curves = figure7(table2)
    assert [curve.yardstick for curve in curves] == [False] * 4 + [True] * 2
    assert [len(curve.layers) for curve in curves] == [3, 3, 0, 0, 3, 0]


def test_table1s_parts_give_every_place_and_set_with_a_yardstick_a_set(fig9: Loaded) -> None:
    curves = with_and_without(fig9)
    assert len(curves) == 9 + 3
    assert {curve.name for curve in curves if curve.yardstick} == {
        f"SlowFast, another seed; libras-{name}" for name in ("mixed", "moving", "static")
    }
    shown = {curve.name: curve for curve in curves if len(curve.layers)}
    assert set(shown) == {"SlowFast, slow; libras-static", "SlowFast, another seed; libras-static",
                          "SlowFast, slow; libras-moving"}  # fmt: skip
    assert len({curve.colour for curve in curves if "static" in curve.name}) == 1
    starts = [curve.name for curve in with_the_start(fig9)]
    assert starts[:2] == ["start, SlowFast, without VMP; libras-mixed", "start, SlowFast, VMP on slow; libras-mixed"]
    assert parts({}, "fig9") == ([], [])
    assert len(parts({"fig9": Reproduction(fig9.table, EMPTY, EMPTY, fig9)}, "fig9")[1]) == 12


def test_layers_that_mix_moments_are_told_by_shape_and_name() -> None:
    assert spans_time("blocks.1.conv_a.weight", (8, 8, 3, 1, 1))
    assert not spans_time("blocks.1.conv_b.weight", (8, 8, 1, 3, 3))
    assert not spans_time("backbone.timesformer.encoder.layer.0.output.dense.weight", (4, 4))
    found = temporal_layers([grid.table("table1", "small", 1).only(backbones=["c2d", "x3d", "timesformer"])])
    assert not found["c2d"]
    assert "backbone.blocks.0.conv.conv_xy" in found["x3d_m"]  # PyTorchVideo's name for the stem's kernel over time
    assert "backbone.blocks.0.conv.conv_t" not in found["x3d_m"]
    assert {name.rpartition("layer.0.")[2] for name in found["timesformer"] if "layer.0." in name} == {
        "temporal_attention.attention.qkv", "temporal_attention.output.dense", "temporal_dense",
    }  # fmt: skip
    assert "backbone.timesformer.embeddings.time_embeddings" in found["timesformer"]


def test_means_and_the_least_alike(table2: Loaded) -> None:
    first, second = figure7(table2)[:2]
    assert means(first, TEMPORAL) == pytest.approx({"all": 2.5 / 3, "temporal": 0.6, "other": 0.95})
    assert lowest(second, 2) == {"0.conv": 0.4, "1.0.conv_a": 0.8}
    assert math.isnan(means(figure7(table2)[2], TEMPORAL)["all"])


def test_names_lose_what_all_have() -> None:
    assert short("backbone.blocks.3.multipathway_blocks.1.res_blocks.0.branch2.conv_a") == "3.fast.0.conv_a"
    assert short("backbone.blocks.0.multipathway_fusion.conv_fast_to_slow") == "0.fusion.conv_fast_to_slow"
    assert short("backbone.timesformer.encoder.layer.2.temporal_dense") == "layer.2.temporal_dense"


def test_what_moved_most_and_the_yardstick_in_words(table2: Loaded) -> None:
    curves = figure7(table2)
    assert moved_most(curves).splitlines() == [
        "- pretrained, fine-tuned: least alike in `0.conv` (0.60), `1.0.conv_a` (0.90), `1.0.b` (1.00).",
        "- fine-tuned, with VMP: least alike in `0.conv` (0.40), `1.0.conv_a` (0.80), `1.0.b` (0.90).",
    ]
    assert with_yardsticks(curves, TEMPORAL) == (
        "- fine-tuned, with VMP: mean cosine 0.700; fine-tuned, with another seed: 0.700. In 1 of 3 layers the first "
        "is lower. In the layers over time 0.400 and 0.600, in the others 0.850 and 0.750."
    )
    said = outcome(curves, TEMPORAL)
    assert said.startswith("1 pair with the layer")
    assert "over the layers over time the weights with the layer are further apart than those of the yardstick in 1 "\
           "of 1; their cosine is lower by 0.200" in said  # fmt: skip
    assert "over all layers the weights with the layer are further apart than those of the yardstick in 0 of 1; their "\
           "cosine is the same to 0.001" in said  # fmt: skip
    assert "No pair is stored" in outcome(figure7(loaded(table2.table, {})), TEMPORAL)


def test_the_most_alike_is_held_against_the_papers(table2: Loaded) -> None:
    said = most_alike(figure7(table2), "fine-tuned, with VMP", "Claim.")
    assert said == (
        "Claim. Here the most alike are: pretrained, fine-tuned (another than there). In full: pretrained, fine-tuned "
        "0.833, fine-tuned, with VMP 0.700."
    )
    assert most_alike(figure7(table2), "second round", "Claim.").startswith("Claim. Too few")


def test_each_set_of_slowfast_stands_beside_its_own_yardstick(fig9: Loaded) -> None:
    said = with_yardsticks(with_and_without(fig9), TEMPORAL)
    assert said == (
        "- SlowFast, slow; libras-static: mean cosine 0.800; SlowFast, another seed; libras-static: 0.700. In 0 of 3 "
        "layers the first is lower."
    )
    panels = panels_of(with_and_without(fig9))
    assert list(panels) == ["SlowFast, slow", "SlowFast, fast", "SlowFast, both"]
    assert [curve.name for curve in panels["SlowFast, fast"]] == [
        "libras-mixed", "libras-moving", "libras-static", "another seed; libras-mixed", "another seed; libras-moving",
        "another seed; libras-static",
    ]  # fmt: skip


def test_lines_are_the_cosines_and_blocks_part_them(table2: Loaded) -> None:
    curves = figure7(table2)
    axes = similarity_figure(curves).axes[0]
    assert list(axes.lines[0].get_ydata()) == pytest.approx([0.6, 0.9, 1.0])
    assert axes.lines[4].get_linestyle() == "--"
    assert list(axes.lines[-1].get_xdata()) == [0.5, 0.5]  # between block 0 and block 1.0
    assert [label.get_text() for label in axes.get_xticklabels()] == ["0", "1.0"]
    key = [text.get_text() for text in key_figure(curves).axes[0].texts]
    assert key[2] == "fine-tuned, second round with VMP (not run yet)"


def test_the_mouse_is_told_a_layer(table2: Loaded) -> None:
    figure = similarity_plot(figure7(table2))
    assert list(figure.data[0].y) == pytest.approx([0.6, 0.9, 1.0])
    assert figure.data[0].customdata[0] == ["0.conv", 0.5, 0.7]
    assert figure.data[4].line.dash == "dash"
    assert figure.layout.xaxis.ticktext == ("0", "1.0")


def test_pairs_of_one_colour_have_markers_of_their_own(fig9: Loaded) -> None:
    curves = with_and_without(fig9)
    traces = similarity_plot(curves).data
    looks = [(trace.line.color, trace.line.dash, trace.marker.symbol) for trace in traces]
    assert len(set(looks)) == len(looks) == 12
    assert {trace.marker.symbol for trace in traces if "both" in trace.name} == {"square"}


def test_names_of_blocks_keep_apart() -> None:
    blocks = [("0.slow", 0.0, 0.5), ("0.fast", 1.0, 1.5), ("1", 2.0, 2.5), ("2", 4.5, 6.5)]
    assert [name for name, *_ in _apart(blocks, 2.0)] == ["0.slow", "1", "2"]
    assert _apart(blocks, 0.5) == blocks
    assert _apart([], 1.0) == []


def test_a_page_stands_with_all_with_some_and_with_nothing(table2: Loaded, fig9: Loaded) -> None:
    drawn, table, moved, beside = similarity_page(figure7(table2), "runs", TEMPORAL)
    assert drawn.html.count("<svg") == 2
    assert table.frame.loc[3, "least alike"] == "not run yet"
    assert "0.conv" in moved.data
    assert "another seed" in beside.data
    assert len(similarity_page(with_and_without(fig9), "runs", TEMPORAL, with_the_start(fig9))[1].frame) == 24
    empty = figure7(loaded(table2.table, {}))
    assert len(similarity_page(empty, "runs", TEMPORAL)) == 2
    Still(similarity_figure(empty), alt="nothing")
    assert similarity_table(empty, TEMPORAL).frame["all layers"].isna().all()
    (left_out,) = similarity_page([], "runs", TEMPORAL)
    assert "Left out" in left_out.data
