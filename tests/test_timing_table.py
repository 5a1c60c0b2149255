"""Table 8 beside the paper's: numbers by hand, what is missing, sentences and pictures of known times."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd
import pytest

from vmp.experiments.timing.layer import growth
from vmp.experiments.timing.overhead import overhead
from vmp.experiments.timing.records import LayerTiming, StepTiming, TimingStore
from vmp.experiments.timing.table import medians, printable, printed, ratios, seconds_text, summary, table
from vmp.figures import cost_plots, cost_text
from vmp.figures.still import Still

MADE = {
    "on": "cpu", "device": "CPU, one", "threads": 2, "machine": "one", "load": 0.1, "date": "2030-01-02T03:04:05+00:00",
    "versions": {}, "source": {"version": "1", "commit": "abc"},
}  # fmt: skip
GIB = 2**30


def step(layer: tuple[float, float, float], size: str = "paper", **made: object) -> StepTiming:
    """C2D: without the layer 1 s forward, 2 s backward, 4 s in testing; with it the forward times given."""
    without = {"train_forward": [1.0] * 3, "train_backward": [2.0] * 3, "test_forward": [4.0] * 3}
    seconds = {"baseline": without, "vmp": without | {"train_forward": list(layer)}}
    memory = {"baseline": {"before": GIB, "peak": 2 * GIB}, "vmp": {"before": GIB, "peak": 3 * GIB}}
    return StepTiming(backbone="c2d", size=size, batch=1, seconds=seconds, memory=memory, **(MADE | made))


@pytest.fixture
def stored(tmp_path: Path) -> Path:
    TimingStore(tmp_path).add(step((1.3, 1.1, 1.5)))
    return tmp_path


def rows_of(store: Path, phase: str = "train_step", variant: str = "vmp") -> pd.DataFrame:
    rows = table("small", store, backbones="c2d")
    return rows[(rows["phase"] == phase) & (rows["variant"] == variant)].set_index("setting")


# --- numbers by hand ---


def test_a_summary_by_hand() -> None:
    assert summary([2.0, 4.0, 9.0]) == (5.0, math.sqrt((9 + 1 + 16) / 2), 4.0, 2.0, 9.0)
    assert math.isnan(summary([1.0]).std)
    assert ratios([2.0, 9.0], [1.0, 3.0]) == [2.0, 3.0]
    with pytest.raises(ValueError, match="at least one time"):
        summary([])
    with pytest.raises(ValueError, match="2 with the layer and 1 without"):
        ratios([1.0, 2.0], [1.0])


def test_the_papers_ratio_and_what_rounding_allows() -> None:
    found = printed("c2d", "vmp", "test_forward")  # 0.003 to 0.004 s
    assert found["paper_ratio"] == pytest.approx(4 / 3)
    assert (found["paper_ratio_low"], found["paper_ratio_high"]) == pytest.approx((3.5 / 3.5, 4.5 / 2.5))
    both = printed("c2d", "vmp", "train_step")  # 0.007 + 0.076 to 0.008 + 0.079
    assert both["paper_seconds"] == 0.087
    assert both["paper_ratio"] == pytest.approx(87 / 83)
    assert math.isnan(both["paper_std_seconds"])


def test_a_row_by_hand(stored: Path) -> None:
    row = rows_of(stored).loc["full size, batch 1, CPU"]
    assert row["mean_seconds"] == pytest.approx(3.3)
    assert row["std_seconds"] == pytest.approx(0.2)
    assert (row["ratio"], row["ratio_lowest"], row["ratio_highest"]) == pytest.approx((3.3 / 3, 3.1 / 3, 3.5 / 3))
    assert (row["peak_bytes"], row["added_bytes"]) == (3 * GIB, 2 * GIB)
    assert rows_of(stored, variant="baseline")["ratio"].iloc[1] == 1.0


def test_what_is_not_stored_is_missing(stored: Path) -> None:
    assert list(rows_of(stored)["state"]) == ["missing", "stored"]
    rows = table("small", stored)
    assert set(rows["setting"]) == {"tiny, batch 8, CPU", "full size, batch 1, CPU"}  # no column for a GPU
    lines = cost_text.provenance(rows).splitlines()
    assert lines[0] == "- tiny, batch 8, CPU: nothing is stored yet."
    assert lines[1].endswith("at most 0.1. Not stored: i3d, slowfast_4x16, timesformer, x3d_m.")
    text = printable(rows).set_index(["model", "phase"])
    line = text.loc["C2D + VMPs", "training, forward"]
    assert line["paper, s"] == "0.008 ± 0.011"
    assert line["full size, batch 1, CPU, ratio"] == "1.30 (1.10 to 1.50)"
    assert line["tiny, batch 8, CPU, s"] == "–"
    assert text.loc["C2D", "training, forward"]["full size, batch 1, CPU, s"] == "1.00 ± 0.00"
    assert "1.30 (1.10 to 1.50)" in set(medians(rows)["full size, batch 1, CPU"])


def test_a_gpus_times_have_columns_where_they_are_stored(stored: Path) -> None:
    gpu = step((1.1, 1.1, 1.1), on="cuda", device="A GPU")
    TimingStore(stored).add(StepTiming(**(vars(gpu) | {"batch": 8})))
    assert list(rows_of(stored)["state"]) == ["missing", "stored", "stored"]
    assert rows_of(stored)["device"].iloc[-1] == "A GPU"
    assert "full size, batch 8, GPU" in overhead(table("small", stored)).sentence


def test_seconds_have_three_digits() -> None:
    assert [seconds_text(mean, 0.1 * mean) for mean in (12.34, 1.234, 0.01234)] == [
        "12.3 ± 1.2", "1.23 ± 0.12", "0.0123 ± 0.0012",
    ]  # fmt: skip
    assert seconds_text(123.4, math.nan) == "123"
    assert seconds_text(math.nan, math.nan) == "–"


# --- what it says ---


@pytest.mark.parametrize(
    ("layer", "verdict"),
    [
        ((1.1, 1.2, 1.3), "same direction on the stand-in"),  # a step of 3.3 s instead of 3: below the paper's 14 %
        ((1.1, 1.2, 3.0), "cannot tell"),
        ((2.1, 2.2, 2.3), "opposite"),
    ],
)
def test_the_claim_is_judged_by_the_papers_largest_overhead(tmp_path: Path, layer: tuple, verdict: str) -> None:
    TimingStore(tmp_path).add(step(layer))
    found = overhead(table("small", tmp_path))
    assert found.verdict == verdict
    assert found.here == pytest.approx(100 * (sorted(layer)[1] - 1) / 3)
    assert found.paper == pytest.approx(100 * (129 / 113 - 1))  # I3D
    assert verdict in found.sentence


def test_without_times_nothing_is_claimed(tmp_path: Path) -> None:
    rows = table("small", tmp_path)
    assert overhead(rows).verdict == "not testable here"
    assert cost_text.memory_table(rows).empty
    assert "Here" not in cost_text.findings(rows)
    Still(cost_plots.overhead_figure(rows, "train_step"), alt="the paper alone")


def test_findings_and_memory_by_hand(stored: Path) -> None:
    rows = table("small", stored, backbones="c2d")
    assert cost_text.findings(rows).splitlines()[:2] == [
        "- In the paper a training step (forward and backward) takes 1.05 times as long with C2D + VMPs.",
        "- Here, full size, batch 1, CPU: 1.10 times as long with C2D + VMPs; of 1 variant 1 is slower with the layer "
        "in every pair of runs.",
    ]
    memory = cost_text.memory_table(rows)
    assert memory["added by a step, GiB"].tolist() == [1.0, 2.0]
    assert memory["with / without"].tolist()[1] == 2.0


def test_the_picture_shows_the_paper_and_what_is_stored(stored: Path) -> None:
    rows = table("small", stored, backbones="c2d")
    figure = cost_plots.overhead_figure(rows, "train_step")
    drawn = [list(map(float, line.get_xdata())) for line in figure.axes[0].lines[1:]]
    assert drawn[0] == pytest.approx([86 / 84, 88 / 82])  # 0.087 over 0.083, each two rounded numbers
    assert drawn[1] == pytest.approx([87 / 83])
    assert drawn[-2:] == [pytest.approx([3.1 / 3, 3.5 / 3]), pytest.approx([3.3 / 3])]
    Still(figure, alt="ratios")
    with pytest.raises(ValueError, match="expected rows of phase 'tests' with the layer"):
        cost_plots.overhead_figure(rows, "tests")


def test_growth_in_words_and_as_a_picture() -> None:
    seconds = {str(side): {"forward": [1e-3], "backward": [8e-8 * side * side]} for side in (32, 64, 128, 256, 512)}
    timing = LayerTiming(batch=8, frames=9, seconds=seconds, **MADE)
    pixels, times = timing.medians
    assert (pixels[0], times[0]) == (1024, pytest.approx(1e-3 + 8e-8 * 1024))
    said = cost_text.growth_sentence(timing, growth(pixels, times))
    assert "Over 5 sizes from 32 to 512 pixels a side" in said
    assert "1.00 ms whatever the size, and 1.25 ns a pixel and prompt" in said  # 8e-8 s over 8 clips of 8 prompts
    assert "comes to 1.000" in said
    flat = growth(pixels[:4], [3e-3, 2.5e-3, 2.6e-3, 2.4e-3])
    assert "cannot be told" in cost_text.growth_sentence(timing, flat)
    Still(cost_plots.growth_figure(timing), alt="growth")


def test_operations_are_counted_exactly() -> None:
    said = cost_text.operations_sentence((8, 16, 24), frames=3)
    assert "at 24 pixels a side that is exact" in said
