from __future__ import annotations

import io
import re
import sys
from pathlib import Path

import pytest
from training_stand_ins import MemoryClips, SmallModel

from vmp.devices import OneDevice
from vmp.progress import Progress, epoch_line, progress_for_console
from vmp.recipe import Recipe
from vmp.train import train

ROW = {"epoch": 3, "loss": 1.2345, "accuracy": 56.71, "slope": 11.04, "shift": -0.59, "clips_per_second": 85.12}


def test_an_epoch_in_a_line() -> None:
    assert epoch_line(Progress(3, 12, 7, 7, ROW)) == (
        "epoch 3/12  loss 1.234  accuracy 56.7 %  a 11.04  b -0.59  85.1 clips/s"
    )
    row = {"loss": 1.0, "accuracy": 5.0, "validation_accuracy": 6.0, "slope_slow": 10.0, "shift_slow": 0.1}
    assert epoch_line(Progress(1, 2, 7, 7, row)) == (
        "epoch 1/2  loss 1.000  accuracy 5.0 %  validation 6.0 %  a (slow) 10.00  b (slow) 0.10"
    )


def test_every_step_and_every_epoch_is_told(tmp_path: Path) -> None:
    told: list[Progress] = []
    options = {"seed": 0, "fabric": OneDevice("cpu")}
    train(SmallModel(), MemoryClips(), Recipe(2, 4), tmp_path, progress=told.append, **options)  # type: ignore[arg-type]
    assert [(each.epoch, each.step, bool(each.row)) for each in told] == [
        (epoch, step, row) for epoch in (1, 2) for step, row in ((1, False), (2, False), (3, False), (3, True))
    ]
    assert {(each.epochs, each.steps) for each in told} == {(2, 3)}
    assert told[3].row["epoch"] == 1


def test_no_terminal_a_line_an_epoch(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    train(SmallModel(), MemoryClips(), Recipe(2, 4), tmp_path, seed=0, fabric=OneDevice("cpu"))
    out, err = capsys.readouterr()
    assert re.fullmatch(r"epoch 1/2  loss .*clips/s\nepoch 2/2  loss .*clips/s\n", out)
    assert err == ""


def test_silence(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    train(SmallModel(), MemoryClips(), Recipe(1, 4), tmp_path, seed=0, fabric=OneDevice("cpu"), progress=None)
    assert capfd.readouterr() == ("", "")


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_bar_in_a_terminal_that_goes_also_after_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", Terminal())
    monkeypatch.setenv("TERM", "xterm")
    train(SmallModel(), MemoryClips(), Recipe(2, 4), tmp_path, seed=0, fabric=OneDevice("cpu"))
    shown = sys.stderr.getvalue()  # type: ignore[attr-defined]
    assert "epoch 2/2" in shown
    assert "━" in shown
    bar = progress_for_console()
    bar(Progress(1, 2, 1, 3))
    assert bar.bar.live.is_started  # type: ignore[attr-defined]
    bar.close()  # type: ignore[attr-defined]
    assert not bar.bar.live.is_started  # type: ignore[attr-defined]
