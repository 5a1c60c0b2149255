"""Experiments: the paper's tables as runs, the store of what they gave, and the paper's own numbers beside it.

>>> from vmp import experiments
>>> frames = experiments.load("table2", scale="small")  # doctest: +SKIP
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmp.experiments.loading import Loaded, load, run_missing

__all__ = ["Loaded", "load", "run_missing"]


def __getattr__(name: str) -> object:
    if name in __all__:
        return getattr(importlib.import_module("vmp.experiments.loading"), name)
    raise AttributeError(f"module 'vmp.experiments' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*globals(), *__all__])
