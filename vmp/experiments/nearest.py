"""An unknown name is answered with those that are known, the nearest first of all."""

from __future__ import annotations

from collections.abc import Iterable

from vmp.nearest import did_you_mean


def unknown(what: str, came: object, known: Iterable[object]) -> ValueError:
    """The error for a name that is none of ``known``, to be raised; it lists them and names the nearest."""
    names = [str(name) for name in known]
    return ValueError(f"{what}: expected one of {', '.join(names)}; got {str(came)!r}{did_you_mean(came, names)}")
