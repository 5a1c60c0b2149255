"""When two records of one run agree: equal on the same kind of machine, near each other on different ones."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from vmp.experiments.store import Record

#: Other processors, thread counts and versions of torch add floats in another order, which training enlarges. The final
#: loss may then differ by this part of itself,
LOSS = 0.15
#: ... and a percentage of the test by so many points.
POINTS = 8.0


def differences(stored: Record, again: Record) -> list[str]:
    """What is further apart than the tolerance allows, in words; none where the two agree."""
    equal = same_machine(stored, again)
    changed = ["the weights differ"] if equal and stored.weights != again.weights else []
    return [*_losses(stored, again, equal), *_metrics(stored, again, equal), *changed]


def same_machine(stored: Record, again: Record) -> bool:
    """Whether two records have to be equal: of one kind of CPU. A GPU adds in an order of its own each time."""
    return stored.machine == again.machine and stored.device.startswith("CPU")


def stated(equal: bool) -> str:
    """The tolerance in words."""
    if equal:
        return "the same kind of machine: equal to the last bit"
    return f"another kind of machine: final loss within {LOSS:.0%}, each percentage within {POINTS:g} points"


def _losses(stored: Record, again: Record, equal: bool) -> list[str]:
    a, b = stored.final.get("loss"), again.final.get("loss")
    if a is None or b is None:
        return []
    near = a == b if equal else math.isclose(a, b, rel_tol=LOSS, abs_tol=0.05)
    return [] if near else [f"final loss {b:.6g}, stored {a:.6g}"]


def _metrics(stored: Record, again: Record, equal: bool) -> list[str]:
    wrong = []
    for level, metrics in stored.metrics.items():
        for name, a in metrics.items():
            b = again.metrics.get(level, {}).get(name, math.nan)
            if not abs(a - b) <= (0 if equal else POINTS):
                wrong.append(f"{name} of each {level} {b:.4g} %, stored {a:.4g} %")
    return wrong
