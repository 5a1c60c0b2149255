from __future__ import annotations

import json
import runpy
from pathlib import Path

import pytest

MAIN = runpy.run_path(str(Path(__file__).parents[1] / "benchmarks" / "training.py"))["main"]


def test_the_benchmark_runs_and_writes_what_it_prints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "training.json"
    MAIN(["--backbones", "c2d", "--rounds", "2", "--steps", "1", "--batch", "2", "--threads", "1", "--json", str(path)])
    printed, result = capsys.readouterr().out, json.loads(path.read_text())
    assert [(row["backbone"], row["layer"]) for row in result["rows"]] == [("c2d", False), ("c2d", True)]
    for row in result["rows"]:
        assert all(speed > 0 for speed in row["clips_per_second"].values())
        assert row["ratio_quartiles"][0] <= row["ratio"] <= row["ratio_quartiles"][1]
        assert f"{row['ratio']:.3f}" in printed
    assert result["rows"][0]["share_of_the_layer"] is None
    assert result["rows"][1]["share_of_the_layer"] < 1
    assert result["rounds"] == 2
