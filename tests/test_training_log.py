from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from vmp.training_log import LOG_NAME, append_row, read_log, start_log


def test_rows_come_back_in_order_with_nan_for_what_is_not_there(tmp_path: Path) -> None:
    start_log(tmp_path, {"epoch": 0, "slope": 9.5})
    append_row(tmp_path, {"epoch": 1, "loss": 2.5, "slope": 9.25, "lr": 0.1})
    frame = read_log(tmp_path)
    assert list(frame.columns) == ["epoch", "loss", "slope", "lr"]
    assert frame.epoch.tolist() == [0, 1]
    assert pd.isna(frame.loss[0])
    assert frame.slope.tolist() == [9.5, 9.25]
    assert frame.attrs["torn_lines"] == 0


def test_the_last_of_an_epoch_counts_and_a_torn_line_is_counted(tmp_path: Path) -> None:
    for row in ({"epoch": 0}, {"epoch": 1, "loss": 3.0}, {"epoch": 2, "loss": 9.0}):
        append_row(tmp_path, row)
    with (tmp_path / LOG_NAME).open("ab") as stream:
        stream.write(b'{"epoch": 3, "lo')  # what a machine that lost its power may leave
    assert read_log(tmp_path).attrs["torn_lines"] == 1
    append_row(tmp_path, {"epoch": 2, "loss": 2.0})
    frame = read_log(tmp_path)
    assert frame.epoch.tolist() == [0, 1, 2]
    assert frame.loss.tolist()[1:] == [3.0, 2.0]
    assert frame.attrs["torn_lines"] == 1


def test_a_row_is_one_line_whole(tmp_path: Path) -> None:
    start_log(tmp_path, {"epoch": 0})
    append_row(tmp_path, {"epoch": 1, "loss": 0.1})
    lines = (tmp_path / LOG_NAME).read_text().splitlines()
    assert [json.loads(line) for line in lines] == [{"epoch": 0}, {"epoch": 1, "loss": 0.1}]


def test_starting_takes_the_place_of_an_old_log(tmp_path: Path) -> None:
    for epoch in range(5):
        append_row(tmp_path, {"epoch": epoch})
    start_log(tmp_path, {"epoch": 0})
    assert read_log(tmp_path).epoch.tolist() == [0]
    assert [path.name for path in tmp_path.iterdir()] == [LOG_NAME]


def test_errors(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"log.jsonl: expected the log of a run, which is not there"):
        read_log(tmp_path)
    with pytest.raises(ValueError, match="not JSON compliant"):
        append_row(tmp_path, {"epoch": 1, "loss": float("nan")})
    assert not (tmp_path / LOG_NAME).exists()
