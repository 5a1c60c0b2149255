"""What more than one folder of tests needs: the book of this checkout, built or taken from what is stored."""

from __future__ import annotations

import gc
import multiprocessing
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def built_book() -> Path:
    """The folder of the built book; ``make test`` has built it already, so this is seconds."""
    run = subprocess.run([sys.executable, "-m", "vmp.book"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return ROOT / "build" / "book"


@pytest.fixture(scope="module", autouse=True)
def nothing_left_behind() -> Iterator[None]:
    """No process, which would hold the pipes of those after it, so that they wait for ever; no open figure."""
    yield
    gc.collect()  # an iterator over a loader ends its workers when it goes
    left = multiprocessing.active_children()
    for process in left:  # so that the module that left it fails, and no other
        process.kill()
        process.join()
    if pyplot := sys.modules.get("matplotlib.pyplot"):
        pyplot.close("all")  # figures that were looked at and not shown; twenty open ones are a warning
    assert left == []


@pytest.fixture
def fixed_lambda(monkeypatch: pytest.MonkeyPatch) -> None:
    """One choice of lambda for tests that name it, whatever validation chose for the stored runs."""
    from vmp.experiments.tables.starts import CHOSEN

    for name, value in {"libras-static": 0.0, "libras-moving": 0.0, "libras-mixed": 0.5}.items():
        monkeypatch.setitem(CHOSEN, name, value)
