"""Table 5's pictures and words: curves and changes by hand, and frames that are degraded as they say."""

from __future__ import annotations

import math
import re
from typing import Any

import numpy as np
import pandas as pd
import pytest

from vmp.data.degrade import DEGRADATIONS
from vmp.experiments import grid, paper
from vmp.experiments.findings.degradation_changes import changes, datasets_of, readings_sentence
from vmp.experiments.loading import Loaded
from vmp.experiments.reproduction import Reproduction
from vmp.experiments.rows import Table
from vmp.figures.degradation_curves import curve_frame, curve_panels, curves_shown
from vmp.figures.degradation_tables import changes_table
from vmp.figures.degraded_frames import degraded_pictures
from vmp.figures.still import Still

EMPTY: Any = pd.DataFrame()
TABLE5, CURVES = (grid.table(name, "small", 2) for name in ("table5", "degradations"))


def _loaded(table: Table, accuracies: dict[str, list[float]]) -> Loaded:
    """Runs with these accuracies, one a seed; and one that others start from."""
    runs = [
        (key, seed, table.row(key).runs[seed].identity, top1)
        for key, values in accuracies.items()
        for seed, top1 in enumerate(values)
    ]
    frame = pd.DataFrame([*runs, ("start", 0, "", 99.0)], columns=["row", "seed", "identity", "top1"])
    return Loaded(table, frame, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY)


def _table5(accuracies: dict[str, list[float]]) -> Reproduction:
    rows = [
        {
            "key": row.key,
            "top1": np.mean(accuracies.get(row.key, [math.nan])),
            "paper_top1": paper.value(5, "top1_percent", **row.paper),  # type: ignore[arg-type]
        }
        for row in TABLE5.rows
    ]
    return Reproduction(TABLE5, pd.DataFrame(rows), EMPTY, _loaded(TABLE5, accuracies))


@pytest.fixture
def curves() -> pd.DataFrame:
    clean = _loaded(TABLE5, {"mpii/none/vmp": [50.0, 60.0], "mpii/salt-pepper/vmp": [1.0, 1.0]})
    worse = {
        "mpii/blur/mild/vmp": [40.0, 50.0],
        "mpii/blur/strong/vmp": [10.0],
        "mpii/blur/mild/baseline": [30.0, 20.0],
    }
    return curve_frame(clean, _loaded(CURVES, worse))


def test_a_curve_begins_with_the_clean_clips(curves: pd.DataFrame) -> None:
    vmp = curves[(curves["degradation"] == "blur") & (curves["variant"] == "vmp")].sort_values(["severity", "seed"])
    assert vmp[["severity", "seed", "top1"]].values.tolist() == [
        [0, 0, 50],
        [0, 1, 60],
        [1, 0, 40],
        [1, 1, 50],
        [3, 0, 10],
    ]
    other = curves[curves["degradation"] == "h264"]
    assert other[["severity", "top1"]].values.tolist() == [[0, 50], [0, 60]]  # no run of Table 5 that met noise
    assert 99.0 not in set(curves["top1"])  # what rows start from is not in a curve


def test_a_panel_a_degradation(curves: pd.DataFrame) -> None:
    panels = dict(zip(DEGRADATIONS, curve_panels(curves, "mpii"), strict=True))
    without, with_ = panels["blur"].axes[0].lines
    assert (list(without.get_xdata()), list(without.get_ydata())) == ([1], [25.0])
    assert (list(with_.get_xdata()), list(with_.get_ydata())) == ([0, 1, 3], [55.0, 45.0, 10.0])
    band = panels["blur"].axes[0].collections[1].get_paths()[0].vertices
    assert {tuple(point) for point in band} >= {(0.0, 50.0), (0.0, 60.0), (1.0, 40.0), (1.0, 50.0)}
    ticks = [label.get_text() for label in panels["blur"].axes[0].get_xticklabels()]
    assert ticks == ["clean", "1", "2", "4"]
    assert len({panel.axes[0].get_ylim() for panel in panels.values()}) == 1
    Still(*panels.values(), alt="curves")  # no text too small for a phone


def test_a_set_without_runs_has_no_curves(curves: pd.DataFrame) -> None:
    assert curves_shown(curves, "mpii", "libras-static") is not None
    assert curves_shown(curves, "finegym", "libras-moving") is None
    nothing = Loaded(CURVES, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY, EMPTY)
    assert curves_shown(curve_frame(nothing, nothing), "mpii", "libras-static") is None


def test_changes_by_hand() -> None:
    """The noise has one seed: the clean clips' second, 20 points higher, has no part in what the noise changes."""
    shown = _table5(
        {"mpii/none/vmp": [60.0, 80.0], "mpii/salt-pepper/vmp": [55.0], "mpii/salt-pepper-trained/vmp": [61.5, 81.5]}
    )
    found = changes(shown).set_index(["dataset", "degradation", "variant"])
    assert len(found) == 2 * 2 * 2
    assert found.loc[("mpii", "salt-pepper", "vmp"), ["paper", "tested", "both"]].tolist() == [-3.4, -5.0, 1.5]
    assert found.loc[("mpii", "salt-pepper", "baseline"), "paper"] == 0.6  # the noise that raises a baseline
    assert math.isnan(found.loc[("mpii", "salt-pepper", "baseline"), "tested"])
    assert found.loc[("finegym", "compression", "baseline"), "paper"] == -3.9
    assert datasets_of(shown) == {"finegym": "libras-moving", "mpii": "libras-static"}


def test_the_raised_baseline_is_bold_and_no_other() -> None:
    made = changes_table(changes(_table5({})))
    bold = re.findall(r'font-weight:700">([^<]*)<', made.html)
    assert bold[0] == "libras-static, salt and pepper, without VMP"
    assert len(bold) == 4  # the cells of one row
    assert made.frame["here, trained clean"].isna().all()


def test_both_readings_in_words() -> None:
    nothing = readings_sentence(changes(_table5({})))
    assert "MPII Cooking 2, without VMP, by +0.6; MPII Cooking 2, VMP, by −3.4 points." in nothing
    assert "Here" not in nothing
    assert nothing.endswith("goes from +6.0 on clean clips to +2.0 on noisy ones.")
    said = readings_sentence(changes(_table5({"mpii/none/vmp": [60.0], "mpii/salt-pepper/vmp": [60.5]})))
    assert "Here, trained on clean clips, it changes MPII Cooking 2" not in said
    assert "Here, trained on clean clips, it changes libras-static, VMP, by +0.5 points: 1 of 1 is higher" in said


# --- frames ---


def _video() -> np.ndarray:
    """A bright square that goes right by four pixels a frame, over grey."""
    video = np.full((8, 32, 32, 3), 100, dtype=np.uint8)
    for place, frame in enumerate(video):
        frame[12:20, 3 * place : 3 * place + 6] = 220
    return video


def test_a_row_a_degradation() -> None:
    made = degraded_pictures(_video())
    assert made.html.count("<img") == 4 * (1 + len(DEGRADATIONS))
    for degradation in DEGRADATIONS.values():
        assert f"{degradation.title} ({degradation.strength})" in made.html
    assert "strong: 0.03" in made.html


@pytest.mark.parametrize(("stride", "frame", "message"), [
    (8, None, "expected at least 9 frames for a stride of 8, got 8"),
    (2, 0, "expected 1 to 3, one with a frame before it, got 0"),
    (2, 4, "expected 1 to 3, one with a frame before it, got 4"),
])  # fmt: skip
def test_a_frame_needs_one_before_it(stride: int, frame: int | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        degraded_pictures(_video(), stride, frame)
