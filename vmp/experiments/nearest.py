"""An unknown name is answered with those that are known, the nearest first of all."""

from __future__ import annotations

import difflib
from collections.abc import Iterable


def unknown(what: str, came: object, known: Iterable[object]) -> ValueError:
    """The error for a name that is none of ``known``, to be raised; it lists them and names the nearest."""
    names = [str(name) for name in known]
    close = difflib.get_close_matches(str(came), names, n=1, cutoff=0.5)
    hint = f". Did you mean {close[0]!r}?" if close else ""
    return ValueError(f"{what}: expected one of {', '.join(names)}; got {str(came)!r}{hint}")
