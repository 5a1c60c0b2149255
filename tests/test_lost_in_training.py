"""Videos that break after the manifest was made: counted in the log, in the test and in the report."""

from __future__ import annotations

from pathlib import Path

import pytest
from command_line import CommandLine
from make_video import write_video

from vmp.data.manifest import make_manifest
from vmp.report import finished_run, parts
from vmp.training_log import read_log

EACH = 21  # of two classes: one of 42 is within the 5 % that may be lost


@pytest.fixture
def vmp(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


@pytest.fixture
def manifest(tmp_path: Path) -> Path:
    """42 training clips and 4 for the test; one of each is broken after all were found whole."""
    whole = write_video(tmp_path / "whole.mp4", 4).read_bytes()
    rows: dict[str, list[str]] = {"path": [], "class_name": [], "split": []}
    for split, count in (("train", EACH), ("test", 2)):
        for name in ("a", "b"):
            for number in range(count):
                path = f"{split}-{name}-{number}.mp4"
                (tmp_path / path).write_bytes(whole)
                for column, value in (("path", path), ("class_name", name), ("split", split)):
                    rows[column].append(value)
    target = tmp_path / "two.parquet"
    make_manifest("two", rows, root=tmp_path).write(target)
    for split in ("train", "test"):
        (tmp_path / f"{split}-a-1.mp4").write_bytes(whole[:100])
    return target


def test_lost_clips_are_counted_from_training_to_the_report(
    vmp: CommandLine, manifest: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    run = tmp_path / "run"
    common = ["--device", "cpu", "--threads", "1"]
    status, _, error = vmp("train", "--data", manifest, "--backbone", "c2d", "--prompts", "--scale", "smoke",
                           "--batch-size", "14", "--epochs", "2", *common, "--out", run)  # fmt: skip
    assert (status, error.count("train-a-1.mp4")) == (0, 0)
    assert sum("train-a-1.mp4" in message for message in caplog.messages) == 1
    assert read_log(run)["lost"].tolist()[1:] == [1, 1]

    status, printed, error = vmp("evaluate", run, *common)
    assert (status, printed) == (2, "")
    assert "1 test clips cannot be read" in error
    assert "test-a-1.mp4" in error
    status, printed, _ = vmp("evaluate", run, "--allow-missing", "--workers", "1", *common)
    assert status == 0
    assert "two.parquet, test: 4 clips" in printed
    assert "1 clips cannot be read and count as wrong" in printed

    notes = parts.data_notes(finished_run(run, "cpu", allow_missing=True))
    assert "Training clips that could not be read, for which others of their class stood in: 1." in notes
    assert "Test clips that could not be read, and count as wrong: 1." in notes
