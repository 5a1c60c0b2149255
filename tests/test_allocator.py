from __future__ import annotations

import platform
import subprocess
import sys

import pytest

from vmp import allocator

#: Takes, fills and frees 8 MB two hundred times, and tells how many pages the system had to give.
PAGES = """
import resource, sys
import numpy as np
from vmp.allocator import keep_freed_memory
kept = sys.argv[1] == "kept" and keep_freed_memory()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(200):
    a, b = np.ones(1_000_000), np.ones(1_000_000)
    del a, b
print(kept, resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def _pages(how: str) -> tuple[bool, int]:
    command = [sys.executable, "-c", PAGES, how]
    kept, pages = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return kept == "True", int(pages)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="glibc alone has mallopt")
def test_the_system_gives_the_pages_once() -> None:
    (_, many), (kept, few) = _pages("given back"), _pages("kept")
    assert kept
    assert few < 10_000  # 16 MB are 4,000 pages of 4 kB
    assert many > 10 * few


def test_elsewhere_nothing_is_changed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert allocator.keep_freed_memory() is False
