"""Each chapter of the experiments alone under papermill, on a machine with nothing stored: it trains what it shows."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import nbformat
import pytest

from vmp.book.execution import execute

NOTEBOOKS = Path(__file__).resolve().parent.parent / "notebooks"
ONE = {"scale": "smoke", "seeds": 1, "device": "cpu"}
C2D = ONE | {"backbone": "c2d"}
#: As few rows as a chapter still is one with; C2D is the quickest.
PARAMETERS: dict[str, dict[str, Any]] = {
    "accuracy": ONE | {"backbones": ["c2d"], "datasets": ["libras-static"]},
    "finetuning_variants": C2D,
    "pretraining_sources": C2D | {"lambda_": 0.5},
    "across_data_sets": C2D | {"datasets": ["libras-static"]},
    "noise_and_compression": C2D | {"datasets": ["libras-moving"], "curves": False},
    "objects_and_motion": C2D,
    "cameras": ONE | {"backbones": ["slowfast"], "datasets": ["libras-moving"], "video": "static"},
    "controls": C2D | {"datasets": ["libras-static"]},
    "what_fine_tuning_changes": ONE | {"backbones": ["x3d"], "datasets": ["libras-static"]},
    "class_by_class": ONE | {"backbones": ["c2d"], "datasets": ["libras-static"]},
    "costs": {"scale": "smoke", "device": "cpu", "measure": True},
    "claims": {"scale": "smoke", "seeds": 1},
    "runs": {"scale": "smoke", "seeds": 1},
}


@pytest.fixture(scope="module", autouse=True)
def nothing_stored(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """A store of their own; what one chapter trained, the next need not."""
    folder = tmp_path_factory.mktemp("smoke")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VMP_RESULTS", str(folder / "results"))
        patch.setenv("VMP_RUNS", str(folder / "runs"))
        patch.delenv("VMP_TRAIN", raising=False)
        yield


@pytest.mark.parametrize("name", PARAMETERS)
def test_a_chapter_runs_alone(name: str, tmp_path: Path) -> None:
    done = execute(NOTEBOOKS / f"{name}.ipynb", tmp_path / f"{name}.ipynb", PARAMETERS[name])
    said = nbformat.read(done.path, as_version=4)
    shown = "".join(
        str(output.get("data", {}).get("text/html", "")) + str(output.get("data", {}).get("text/markdown", ""))
        for cell in said.cells
        if cell.cell_type == "code"
        for output in cell.outputs
    )
    if name not in ("claims", "runs", "costs"):
        assert "Scale “smoke”" in shown
        assert "runs stored" not in shown  # all of them are, so that it is not said how many
