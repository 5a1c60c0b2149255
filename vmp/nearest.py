"""The end of an error about an unknown name: the known one that is nearest."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def did_you_mean(came: object, known: Iterable[object], cutoff: float = 0.5) -> str:
    """ ". Did you mean 'name'?" for the nearest of ``known``; empty where none is as alike as ``cutoff``, 0 to 1."""
    close = difflib.get_close_matches(str(came), [str(name) for name in known], n=1, cutoff=cutoff)
    return f". Did you mean {close[0]!r}?" if close else ""
