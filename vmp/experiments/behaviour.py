"""What the code computes for a run, as a few numbers: a record made by code that computes something else is stale.

Four things are looked at, once a process, and once a machine as long as the code stays as it is: what the data set
gives, what the freshly built model answers, what a few steps of the recipe do to a small model, and what cannot differ
a little (classes, which clip is in which split). Numbers are compared within a tolerance, for other processors and
versions of torch round otherwise; a refactoring that computes the same leaves every record fresh. What no probe can see
is what :data:`PROTOCOL` is for.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from functools import cache
from typing import Any

from vmp.experiments import kept
from vmp.experiments.run import Run, ancestors

#: Raised by hand where results change and no probe would notice; every record made before is stale then.
PROTOCOL = 1
#: Two probes agree where each number does within this part of itself or of 1.
TOLERANCE = 2e-3


@dataclass(frozen=True)
class Behaviour:
    """What code computes for one run.

    Attributes:
        protocol: :data:`PROTOCOL`.
        exact: a hash of what must be equal: classes, labels, and which clip is in which split.
        data: summaries of a few clips, as they are trained on and as they are tested. Both are None, and then agree
            with everything, where the data set is not on this machine.
        model: answers of the model as it is built, with fixed weights to a fixed clip.
        training: weights of a small model after a few steps of the recipe, and its scores when tested.
    """

    protocol: int
    exact: str | None
    data: tuple[float, ...] | None
    model: tuple[float, ...]
    training: tuple[float, ...]


#: What each part says where it disagrees.
_SAYS = {
    "protocol": "the protocol number has changed",
    "exact": "the classes or the splits have changed",
    "data": "the data set gives other clips",
    "model": "the model computes something else",
    "training": "training or testing computes something else",
}


def behaviour_of(run: Run) -> dict[str, dict[str, Any]]:
    """What the code that is running computes for a run and for each run it starts from, by identity."""
    return {each.identity: plain(own_behaviour(each)) for each in (*ancestors(run), run)}


def own_behaviour(run: Run) -> Behaviour:
    """What the code that is running computes for a run, what it starts from left aside."""
    from vmp.experiments import probes

    data = probes.data_key(run)
    return Behaviour(
        protocol=PROTOCOL,
        exact=_if_here(probes.exact, data),
        data=_if_here(probes.data, data),
        model=_once(probes.model, probes.model_key(run)),
        training=_once(probes.training, (run.recipe,)),
    )


def disagreement(stored: Mapping[str, Mapping[str, Any]], run: Run) -> str | None:
    """Why what :func:`behaviour_of` gave once is no longer so for a run, in words; None: it is."""
    for each in (*ancestors(run), run):
        if each.identity not in stored:
            return f"it does not know {each.identity}, which the run starts from"
        reason = own_disagreement(stored[each.identity], each)
        if reason is not None:
            return reason if each is run else f"{reason}, in what it starts from ({each.identity})"
    return None


def own_disagreement(stored: Mapping[str, Any], run: Run) -> str | None:
    """Why a stored behaviour of a run by itself is no longer the code's, in words; None: it is."""
    part = first_difference(stored, plain(own_behaviour(run)))
    return None if part is None else _SAYS[part]


def first_difference(a: Mapping[str, Any], b: Mapping[str, Any]) -> str | None:
    """The first part of a behaviour that two do not both have, or in which they disagree; None where they agree."""
    names = [part.name for part in fields(Behaviour)]
    return next((name for name in names if name not in a or name not in b or not _agree(a[name], b[name])), None)


def _agree(a: Any, b: Any) -> bool:
    if a is None or b is None:
        return True
    if isinstance(a, (str, int)) or isinstance(b, (str, int)):
        return bool(a == b)
    return len(a) == len(b) and all(
        math.isclose(x, y, rel_tol=TOLERANCE, abs_tol=TOLERANCE) for x, y in zip(a, b, strict=True)
    )


def plain(behaviour: Behaviour) -> dict[str, Any]:
    """A behaviour as JSON has it."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in asdict(behaviour).items()}


def _if_here(probe: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """What a probe of the data gives; None where the data set is not on this machine."""
    from vmp.experiments.datasets import NotHere

    try:
        return _once(probe, arguments)
    except NotHere:
        return None


@cache
def _once(probe: Callable[..., Any], arguments: tuple[Any, ...]) -> Any:
    """What a probe gave the first time in this process, or with this code on this machine."""
    name = f"{probe.__name__} {' '.join(map(repr, arguments))}"
    known = kept.look_up(name)
    if known is None:
        found = probe(*arguments)
        known = found if isinstance(found, str) else [float(f"{number:.6g}") for number in found]
        kept.keep(name, known)
    return known if isinstance(known, str) else tuple(known)


def forget() -> None:
    """Probe again from now on, and keep nothing on disk: for who changes the code under a running process."""
    _once.cache_clear()
    kept.switch_off()
