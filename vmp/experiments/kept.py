"""What probes gave on this machine, kept between processes as long as the code and what it computes with stay the same.

Building a TimeSformer takes seconds of imports alone; with this a book is built from stored results without one.
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import platform
import shutil
from functools import cache
from pathlib import Path
from typing import Any

from vmp.files import json_bytes, write_over

#: How many versions of the code are remembered.
VERSIONS = 10
_state = {"on": True}


def look_up(name: str) -> Any:
    """What was kept under a name by this code on this machine; None: nothing."""
    try:
        return json.loads(_path(name).read_bytes()) if _state["on"] else None
    except (OSError, ValueError):
        return None


def keep(name: str, value: Any) -> None:
    """Keep a value for the next process; where that cannot be, the next one computes it again."""
    if not _state["on"]:
        return
    with contextlib.suppress(OSError):
        path = _path(name)
        if not path.parent.exists():
            _prune(path.parent.parent)
        write_over(path, json_bytes(value))


def switch_off() -> None:
    """Neither look up nor keep anything in this process from now on."""
    _state["on"] = False


def switch_on() -> None:
    """Look up and keep again."""
    _state["on"] = True


def _path(name: str) -> Path:
    from vmp.download import cache_folder

    return cache_folder() / "behaviour" / _code() / f"{hashlib.sha256(name.encode()).hexdigest()[:16]}.json"


@cache
def _code() -> str:
    """A hash of every file of the package that can change a result, and of the versions of what computes."""
    from vmp.experiments.device import processor, versions

    package = Path(__file__).resolve().parent.parent
    digest = hashlib.sha256(json.dumps([versions(), processor(), platform.platform()]).encode())
    for path in sorted((*package.rglob("*.py"), *(package / "assets" / "libras").rglob("*"))):
        if path.is_file():
            digest.update(f"{path.relative_to(package)}\0".encode() + hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]


def _prune(folder: Path) -> None:
    """Leave room for one more version of the code."""
    if folder.is_dir():
        newest_first = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        for old in newest_first[VERSIONS - 1 :]:
            shutil.rmtree(old, ignore_errors=True)
