"""What an explorer can be set to: the same ranges as in explorer.js, and the errors that name them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple


class Range(NamedTuple):
    """Smallest and largest value of a slider, and where it starts."""

    low: float
    high: float
    start: float


#: The reach of Eq. 2, rounded inwards.
SLOPE = Range(9.1, 50.0, 11.04)
SHIFT = Range(-0.599, 0.599, -0.59)
#: The one parameter of each older power normalisation, by its name in vmp.power_norm; the learnable one has none.
NORM_PARAMETERS: dict[str, Range | None] = {
    "learnable": None,
    "gamma": Range(0.05, 1.0, 0.5),
    "max_exp": Range(1.0, 100.0, 10.0),
    "sigm_e": Range(1.0, 100.0, 10.0),
    "asinh_e": Range(0.1, 100.0, 5.0),
}
EXAMPLES = {"static": "Static camera", "moving": "Moving camera"}
CHOICES = {"difference": ("signed", "absolute"), "product": ("normalised", "pixels")}


@dataclass(frozen=True)
class Settings:
    """One state of the explorer, for the still picture and the static page."""

    slope: float
    shift: float
    frame: int
    norm: str
    norm_parameter: float | None
    difference: str
    product: str
    spacing: int


def check_range(name: str, value: float, allowed: Range) -> float:
    """The value as a float. Raises ValueError, naming the range, where it lies outside or is not a number."""
    if not math.isfinite(value) or not allowed.low <= value <= allowed.high:
        raise ValueError(f"{name}: expected a value from {allowed.low:g} to {allowed.high:g}, got {value!r}")
    return float(value)


def check_choice(name: str, value: str, allowed: tuple[str, ...]) -> str:
    """The value. Raises ValueError, naming the choices, for any other."""
    if value not in allowed:
        raise ValueError(f"{name}: expected {' or '.join(map(repr, allowed))}, got {value!r}")
    return value


def check_whole(name: str, value: int, least: int) -> int:
    """The value. Raises ValueError for a number below ``least``."""
    if value < least:
        raise ValueError(f"{name}: expected a whole number, at least {least}, got {value!r}")
    return int(value)


def norm_parameter_or_start(norm: str, value: float | None) -> float | None:
    """The parameter where this norm allows it, else the one that it starts with; None for the learnable norm."""
    allowed = NORM_PARAMETERS[norm]
    if allowed is None:
        return None
    return value if value is not None and allowed.low <= value <= allowed.high else allowed.start
