"""What more than one folder of tests needs: the book of this checkout, built or taken from what is stored."""

from __future__ import annotations

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
def no_process_left_behind() -> Iterator[None]:
    """A process that a test forks and forgets holds the pipes of those after it, which then wait for ever."""
    yield
    assert multiprocessing.active_children() == []
