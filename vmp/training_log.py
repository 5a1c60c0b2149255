"""The log of a run: one JSON line an epoch, appended, to be read while the run goes on."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmp.checkpoint import written_whole

if TYPE_CHECKING:
    from pandas import DataFrame

LOG_NAME = "log.jsonl"
_COLUMNS = ("epoch", "loss", "cross_entropy", "accuracy", "validation_accuracy")
_LAST_COLUMNS = ("lr", "prompt_lr", "lost", "clips_per_second", "seconds")


def start_log(run_dir: Path, row: Mapping[str, Any]) -> None:
    """Begin the log of a run that begins, in the place of what a run before may have left."""
    with written_whole(run_dir / LOG_NAME) as partial:
        partial.write_bytes(_line(row))


def append_row(run_dir: Path, row: Mapping[str, Any]) -> None:
    """Add a line, whole and at once; a line that was torn off before is ended first."""
    line = _line(row)
    with (run_dir / LOG_NAME).open("ab+", buffering=0) as stream:
        if stream.tell():
            stream.seek(-1, os.SEEK_END)
            line = line if stream.read(1) == b"\n" else b"\n" + line
        stream.write(line)


def read_log(run_dir: str | Path) -> DataFrame:
    """The log as a table, one row an epoch; epoch 0 is before training.

    Columns: epoch; loss (Eq. 7), cross_entropy and accuracy (percent) over the epoch's batches as they were seen, while
    the weights move; validation_accuracy (percent) after the epoch; slope, shift and variation where there is a layer,
    for SlowFast one a pathway (slope_slow, ...), the variation a mean over the epoch; lr and prompt_lr of its last
    step; of real videos lost, how many clips were found unreadable so far, for which others of their class stand in;
    clips_per_second and seconds of its steps. What a row has not is NaN.

    An epoch that was logged twice, since the run was killed in between, counts as it was last. A line that is not
    whole is left out; ``frame.attrs["torn_lines"]`` counts them.

    Raises:
        ValueError: there is no log in the folder.
    """
    import pandas as pd

    path = Path(run_dir) / LOG_NAME
    if not path.is_file():
        raise ValueError(f"{path}: expected the log of a run, which is not there. Is {run_dir} a run's folder?")
    rows: dict[int, dict[str, Any]] = {}
    torn = 0
    for line in path.read_text(encoding="utf-8", errors="replace").splitlines():
        try:
            row = json.loads(line)
            rows[int(row["epoch"])] = row
        except (ValueError, KeyError, TypeError):
            torn += 1
    frame = pd.DataFrame([rows[epoch] for epoch in sorted(rows)])
    frame = frame[_ordered(list(frame.columns))]
    frame.attrs["torn_lines"] = torn
    return frame


def _line(row: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(row), allow_nan=False).encode() + b"\n"


def _ordered(columns: list[str]) -> list[str]:
    first = [name for name in _COLUMNS if name in columns]
    last = [name for name in _LAST_COLUMNS if name in columns]
    return [*first, *(name for name in columns if name not in {*first, *last}), *last]
