"""Table 4's comparison with the target's own model, and Fig. 10's strip: what is shown is what is stored and drawn."""

from __future__ import annotations

import math
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from experiment_stand_ins import record_of

from vmp.data import libras
from vmp.experiments import grid
from vmp.experiments.reproduction import stored
from vmp.experiments.run import in_order
from vmp.experiments.store import Store
from vmp.figures.across import other_and_own, other_and_own_table, own_key
from vmp.figures.same_movement import PAPERS_PAIR, same_movement, stored_pair

HALF, ALL = [True, False] * 5, [True] * 10
OBJECTS = ["striped disc", "dotted bar"]


def test_the_row_that_was_trained_on_the_target() -> None:
    assert own_key("finegym-mpii/vmp") == "mpii/none/vmp"
    assert own_key("mpii-finegym/baseline") == "finegym/none/baseline"


def test_a_new_head_beside_a_model_of_its_own(tmp_path: Path) -> None:
    """The target's own model is what the other way starts from, so the table of one way needs Table 5's."""
    table = grid.table("table4", "smoke", 1).only(datasets=["libras-static"])
    own = grid.table("table5", "smoke", 1).row("mpii/none/vmp").runs
    store = Store(tmp_path)
    for run in in_order([*table.row("finegym-mpii/vmp").runs, *own]):
        store.add(*record_of(run, ALL if run in own else HALF))
    compared = other_and_own(stored(table, store), store=store).set_index("title")
    line = compared.loc["libras-moving to libras-static, VMP"]
    assert line.to_dict() == {
        "paper_other": 34.3, "paper_own": 56.6, "paper_cost": 22.3, "other": "50.0", "own": "100.0", "cost": 50.0,
    }  # fmt: skip
    missing = compared.loc["libras-moving to libras-static, without VMP"]
    assert (missing["other"], missing["own"]) == ("not run yet", "not run yet")
    assert math.isnan(missing["cost"])
    made = other_and_own_table(compared.reset_index())
    assert "Here the move costs 50.0 to 50.0 points." in made.html
    nothing = other_and_own_table(compared.reset_index().assign(cost=math.nan))
    assert "Here the move" not in nothing.html


def test_the_stored_pair_of_the_first_seed_or_the_papers() -> None:
    table = grid.table("table6", "smoke", 1)
    shown = stored(table, Store("nowhere"))
    assert stored_pair(shown)[:2] == PAPERS_PAIR
    layers = pd.DataFrame({"seed": [2, 0], "slope": [9.0, 12.5], "shift": [0.2, -0.1]})
    known = replace(shown, found=replace(shown.found, layers=layers))
    assert stored_pair(known) == (12.5, -0.1, "learned here, seed 0")


def test_the_same_movement_with_two_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    real = libras.RenderedClips.video

    def noted(self: Any, index: int, rendering: int = 0) -> Any:
        drawn.append(
            (self.trajectories[index], self.object_titles[self.objects[index]], self.classes[self.labels[index]])
        )
        return real(self, index, rendering)

    monkeypatch.setattr(libras.RenderedClips, "video", noted)
    run = grid.table("table6", "smoke", 1).row("vmp").runs[0]
    made = same_movement(run, 12.0, -0.1, "circle", OBJECTS, source="of a test")
    assert made.html.count("<img") == 4 * 2
    assert "slope 12.00, shift -0.100 (of a test)" in made.html
    pictures = re.findall(r'src="([^"]+)"', made.html)
    assert len(set(pictures)) == 8  # each column is its own
    assert [each[1:] for each in drawn] == [("striped disc", "circle"), ("dotted bar", "circle")]
    assert drawn[0][0] == drawn[1][0]  # one trajectory


@pytest.mark.parametrize(("label", "objects", "number", "message"), [
    ("juggling", OBJECTS, 0, "label: expected a class of libras-static test .*, got 'juggling'"),
    ("circle", ["spoon"], 0, "objects: expected some of striped disc, .*, got spoon"),
    ("circle", [], 0, "objects: expected some of striped disc"),
    ("circle", OBJECTS, 7, "number: expected 0 to 6, a test trajectory of circle, got 7"),
])  # fmt: skip
def test_what_the_set_has_not(label: str, objects: list[str], number: int, message: str) -> None:
    run = grid.table("table6", "smoke", 1).row("vmp").runs[0]
    with pytest.raises(ValueError, match=message):
        same_movement(run, 12.0, -0.1, label, objects, number=number)


def test_real_clips_are_stood_in_for() -> None:
    run = replace(grid.table("table6", "smoke", 1).row("vmp").runs[0], dataset="finegym", every_object=False)
    with pytest.raises(ValueError, match="a class of libras-moving test"):
        same_movement(run, 12.0, -0.1, "juggling", OBJECTS)
