"""What more than one folder of tests needs: the book of this checkout, built or taken from what is stored."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def built_book() -> Path:
    """The folder of the built book; ``make test`` has built it already, so this is seconds."""
    run = subprocess.run([sys.executable, "-m", "vmp.book"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stdout + run.stderr
    return ROOT / "build" / "book"
