"""How a model is trained: frozen values, and the builder that holds the numbers of each backbone and scale.

A recipe holds what changes the result. How many processes or loader workers do the work is no part of it.
"""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Literal, get_args, get_type_hints

from vmp.nearest import did_you_mean

Part = Literal["backbone", "head", "prompt"]
Precision = Literal["32-true", "bf16-mixed"]


@dataclass(frozen=True)
class Optimiser:
    """Which optimiser, and its numbers for each group of parameters.

    Attributes:
        kind: "sgd" or "adamw".
        lr: the learning rate where the schedule's factor is 1, of backbone and head.
        momentum: of SGD; AdamW has its usual 0.9 and 0.999.
        weight_decay: of the weights of backbone and head, biases included.
        norm_weight_decay: of what normalisation layers learn; None: ``weight_decay``.
        prompt_lr: the learning rate of m and n; None: ``lr``, as in the published code.
        prompt_weight_decay: of m and n; None: ``weight_decay``, as in the published code.

    Raises:
        ValueError: a value out of its range.
    """

    kind: Literal["sgd", "adamw"] = "sgd"
    lr: float = 0.005
    momentum: float = 0.9
    weight_decay: float = 1e-4
    norm_weight_decay: float | None = None
    prompt_lr: float | None = None
    prompt_weight_decay: float | None = None

    def __post_init__(self) -> None:
        _check_choices(self)
        for name in ("lr", "weight_decay", "norm_weight_decay", "prompt_lr", "prompt_weight_decay"):
            _number(self, name, 0)
        _number(self, "momentum", 0, 1)


@dataclass(frozen=True)
class Schedule:
    """How the learning rate moves over the epochs; the formulas are in :mod:`vmp.schedule`.

    Attributes:
        kind: "constant", "step" or "cosine".
        steps: the epochs, from 0 on, at which each of the factors begins; for "step" alone.
        factors: of the learning rate, one a step.
        warmup_epochs: how long the learning rate rises first; fractions count.
        warmup_start: the factor from which it rises.

    Raises:
        ValueError: steps that do not begin with 0 and rise, or are not as many as the factors.
    """

    kind: Literal["constant", "step", "cosine"] = "constant"
    steps: tuple[float, ...] = ()
    factors: tuple[float, ...] = ()
    warmup_epochs: float = 0.0
    warmup_start: float = 0.0

    def __post_init__(self) -> None:
        _check_choices(self)
        for name in ("steps", "factors"):
            object.__setattr__(self, name, tuple(map(float, getattr(self, name))))
        for name in ("warmup_epochs", "warmup_start"):
            _number(self, name, 0)
        if len(self.steps) != len(self.factors):
            raise ValueError(f"factors: expected one a step, {len(self.steps)}, got {len(self.factors)}")
        if (self.kind == "step") != bool(self.steps):
            raise ValueError(
                f"steps: expected some for kind 'step' and for no other, got {self.steps} for {self.kind!r}"
            )
        if self.steps and (self.steps[0] != 0 or sorted(set(self.steps)) != list(self.steps)):
            raise ValueError(f"steps: expected epochs that begin with 0 and rise, got {self.steps}")


@dataclass(frozen=True)
class Recipe:
    """Everything about training that changes the weights, beside model, data and seed.

    Attributes:
        epochs: how often each clip is seen.
        batch_size: clips a step of the optimiser, over all processes and all parts of the step.
        accumulate: parts in which a step's batch is computed, one after the other, to save memory: the gradient is
            that of the whole batch, save that BatchNorm takes its statistics from each part, as from each process.
        precision: "32-true", or "bf16-mixed": weights in float32, the work under bfloat16 autocast.
        optimiser: with the numbers of each group of parameters.
        schedule: of the learning rate.
        clip_gradient: the largest norm of the gradient, of all that is trained together; None: no clipping.
        label_smoothing: of the cross-entropy, in [0, 1).
        mixup: alpha of Beta(alpha, alpha), from which each batch draws how much of a second clip is mixed in; 0: off.
        lambda_: of Eq. 7, how much the attention variation counts.
        trained: which parts learn. Those left out keep their values; without the backbone the whole model runs in
            evaluation mode, as it will be tested: no dropout, and BatchNorm by its running statistics.
        freeze_batchnorm: BatchNorm keeps its statistics, weights and biases though the backbone learns.
        keep: the weights of the "last" epoch, or of the "best" by accuracy on validation, the first of equals.
        dropout: what the model is to be built with (``vmp.build(dropout=recipe.dropout)``); None: the backbone's own.

    Raises:
        ValueError: a value out of its range.
    """

    epochs: int
    batch_size: int
    accumulate: int = 1
    precision: Precision = "32-true"
    optimiser: Optimiser = field(default_factory=Optimiser)
    schedule: Schedule = field(default_factory=Schedule)
    clip_gradient: float | None = None
    label_smoothing: float = 0.0
    mixup: float = 0.0
    lambda_: float = 0.0
    trained: tuple[Part, ...] = ("backbone", "head", "prompt")
    freeze_batchnorm: bool = False
    keep: Literal["last", "best"] = "last"
    dropout: float | None = None

    def __post_init__(self) -> None:
        _check_choices(self)
        for name in ("epochs", "batch_size", "accumulate"):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < 1:
                raise ValueError(f"{name}: expected a whole number of at least 1, got {value!r}")
        for name in ("mixup", "lambda_", "clip_gradient"):
            _number(self, name, 0)
        for name in ("label_smoothing", "dropout"):
            _number(self, name, 0, 1)
        if self.clip_gradient == 0:
            raise ValueError("clip_gradient: expected more than 0, or None for no clipping, got 0")
        self._order_trained()

    def _order_trained(self) -> None:
        """In one order, whatever order they came in: the same recipe has the same canonical form."""
        known = get_args(Part)
        for part in self.trained:
            if part not in known:
                raise _unknown("trained", part, known)
        object.__setattr__(self, "trained", tuple(part for part in known if part in self.trained))
        if not self.trained:
            raise ValueError(f"trained: expected at least one of {', '.join(known)}, got none")

    def changed(self, **changes: Any) -> Recipe:
        """This recipe with some values changed; those of the optimiser and the schedule by their own names.

        ``kind`` belongs to both of them: give the whole ``optimiser=`` or ``schedule=`` there.

        Raises:
            ValueError: a name that is none of theirs, with the nearest; a value out of its range.
        """
        top, inner = _names(Recipe), {"optimiser": _names(Optimiser), "schedule": _names(Schedule)}
        for names in inner.values():
            names.remove("kind")
        for part, names in inner.items():
            taken = {name: changes.pop(name) for name in names if name in changes}
            if taken:
                changes[part] = dataclasses.replace(changes.get(part, getattr(self, part)), **taken)
        for name in changes:
            if name not in top:
                raise _unknown("recipe", name, [*top, *inner["optimiser"], *inner["schedule"]])
        return dataclasses.replace(self, **changes)

    def to_json(self) -> str:
        """Canonical JSON, to be hashed and compared: keys sorted, defaults left out, no spaces."""
        return json.dumps(_without_defaults(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> Recipe:
        """The recipe of :meth:`to_json`; a field that is not there has its default.

        Raises:
            ValueError: no JSON object, a field that no recipe has, with the nearest; a value out of its range.
        """
        plain = json.loads(text)
        for name, kind in (("optimiser", Optimiser), ("schedule", Schedule)):
            if isinstance(plain, dict) and name in plain:
                plain[name] = _from_plain(kind, plain[name], f"recipe.{name}")
        made: Recipe = _from_plain(cls, plain, "recipe")
        return made


def recipe(backbone: str, scale: str, **changes: Any) -> Recipe:
    """How ``backbone`` is fine-tuned at a scale: one shape, that of the paper, with other lengths.

    The paper (Sec. 3.1) gives SGD, momentum 0.9, learning rate 0.005 and weight decay 1e-4, each "e.g.", and refers to
    the backbones' own papers for the decay. It leaves open: epochs, batch size, length of the warm-up, and whether m
    and n decay. Its published code has one recipe, that of TimeSformer on MPII Cooking 2 (25 epochs, batches of 8 in
    all, m and n treated as every other weight), and what is open elsewhere is taken from there.

    Args:
        backbone: a name that ``vmp.build`` knows.
        scale: "paper", "gpu" (full size, 112x112, minutes), "small" (tiny models, seconds) or "smoke" (tests).
        changes: as :meth:`Recipe.changed` takes them: ``recipe("x3d_m", "small", lr=0.01, epochs=5)``.

    Raises:
        ValueError: an unknown backbone, scale or change, with the nearest.
    """
    if backbone not in _FAMILY:
        raise _unknown("backbone", backbone, _FAMILY)
    if scale not in _LENGTH:
        raise _unknown("scale", scale, _LENGTH)
    lengths = _LENGTH[scale] | changes
    made = _FAMILY[backbone](lengths["epochs"], lengths["batch_size"])  # warm-up and steps go with the epochs
    return made.changed(**lengths)


def pretraining(backbone: str, scale: str, **changes: Any) -> Recipe:
    """How ``backbone`` is trained from scratch on a source, which stands for downloading published weights.

    AdamW, cosine with a tenth of the epochs as warm-up: of this project, chosen on the sources' validation accuracy.

    Args and Raises: as :func:`recipe`.
    """
    lengths = recipe(backbone, scale)  # checks both names
    numbers = _PRETRAINING["timesformer" if backbone == "timesformer" else "cnn"]
    epochs = changes.get("epochs", numbers["epochs"] if scale in ("small", "gpu") else lengths.epochs)
    made = Recipe(
        epochs,
        numbers["batch_size"] if scale == "small" else lengths.batch_size,
        precision=lengths.precision,
        optimiser=Optimiser("adamw", lr=numbers["lr"], weight_decay=0.05, norm_weight_decay=0.0),
        schedule=Schedule("cosine", warmup_epochs=epochs / 10),
        trained=("backbone", "head"),
    )
    return made.changed(**changes)


# --- the numbers ---

#: From scratch on a source of 4,000 clips.
_PRETRAINING: dict[str, dict[str, Any]] = {
    "cnn": {"epochs": 20, "batch_size": 32, "lr": 0.002},
    "timesformer": {"epochs": 10, "batch_size": 16, "lr": 0.003},
}

#: Lengths at each scale. "paper": the published configuration for MPII. The others: of this project.
#: "small" was chosen without the layer by validation, on two sets, with two seeds each of C2D, I3D, SlowFast and X3D:
#: right in 46, 52, 58 and 58 of 100, with 15 epochs in fewer with each. None of these collapsed. Without clipping X3D
#: learned nothing at .05 and in two runs of four nothing at .02; some of the others collapsed at .05.
_LENGTH: dict[str, dict[str, Any]] = {
    "paper": {"epochs": 25, "batch_size": 8},
    "gpu": {"epochs": 15, "batch_size": 32, "precision": "bf16-mixed"},
    "small": {"epochs": 20, "batch_size": 16, "lr": 0.05, "clip_gradient": 1.0},
    "smoke": {"epochs": 2, "batch_size": 4},
}


def _residual(epochs: int, batch_size: int) -> Recipe:
    """SlowFast, C2D, I3D: cosine with warm-up, no decay of BatchNorm, as their Kinetics recipes have it.

    Those warm up for 34 of 196 epochs, from a tenth of the learning rate: the same share here.
    """
    return Recipe(
        epochs,
        batch_size,
        optimiser=Optimiser(norm_weight_decay=0.0),
        schedule=Schedule("cosine", warmup_epochs=epochs * 34 / 196, warmup_start=0.1),
    )


def _x3d(epochs: int, batch_size: int) -> Recipe:
    """X3D: a warm-up of 35 of 300 epochs, and weight decay 5e-5 in its own paper.

    The 1e-4 of this paper is an example ("e.g."), said to follow the original papers; so do we. m and n: 1e-4.
    """
    return Recipe(
        epochs,
        batch_size,
        optimiser=Optimiser(weight_decay=5e-5, norm_weight_decay=0.0, prompt_weight_decay=1e-4),
        schedule=Schedule("cosine", warmup_epochs=epochs * 35 / 300, warmup_start=0.1),
    )


def _timesformer(epochs: int, batch_size: int) -> Recipe:
    """TimeSformer: steps; its own paper trains 15 epochs, the published configuration for MPII 25, same steps.

    LayerNorm decays as every other weight does: the code spares BatchNorm alone. Other lengths move the steps along.
    """
    steps = tuple(step * epochs / 25 for step in (0, 11, 14))
    return Recipe(epochs, batch_size, schedule=Schedule("step", steps=steps, factors=(1, 0.1, 0.01)))


_FAMILY = {
    "slowfast_4x16": _residual,
    "slowfast_8x8": _residual,
    "c2d": _residual,
    "i3d": _residual,
    "x3d_xs": _x3d,
    "x3d_s": _x3d,
    "x3d_m": _x3d,
    "x3d_l": _x3d,
    "timesformer": _timesformer,
}


# --- checks, and the way to JSON and back ---


def _names(cls: type) -> list[str]:
    return [item.name for item in dataclasses.fields(cls)]


def _unknown(what: str, came: object, known: Iterable[str]) -> ValueError:
    names = list(known)
    return ValueError(f"{what}: expected one of {', '.join(names)}; got {came!r}{did_you_mean(came, names)}")


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return get_type_hints(cls)


def _check_choices(instance: Any) -> None:
    for name, kind in _hints(instance.__class__).items():
        choices, value = get_args(kind), getattr(instance, name)
        if choices and all(isinstance(choice, str) for choice in choices) and value not in choices:
            raise _unknown(name, value, choices)


def _number(instance: Any, name: str, least: float, below: float = math.inf) -> None:
    """Check a number's range, and make it a float: 1 and 1.0 are one recipe with one canonical form."""
    value = getattr(instance, name)
    if value is None and _hints(instance.__class__)[name] == float | None:
        return
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not least <= value < below:
        upto = f" and below {below:g}" if below < math.inf else ""
        raise ValueError(f"{name}: expected a number of at least {least:g}{upto}, got {value!r}")
    object.__setattr__(instance, name, float(value))


def _without_defaults(instance: Any) -> dict[str, Any]:
    kept = {}
    for item in dataclasses.fields(instance):
        value = getattr(instance, item.name)
        factory = item.default_factory
        if value != (item.default if factory is dataclasses.MISSING else factory()):
            kept[item.name] = _without_defaults(value) if dataclasses.is_dataclass(value) else value
    return kept


def _from_plain(cls: type, plain: object, where: str) -> Any:
    if not isinstance(plain, Mapping):
        raise ValueError(f"{where}: expected a JSON object, got {plain!r}")
    names = _names(cls)
    for name in plain:
        if name not in names:
            raise _unknown(where, name, names)
    missing = {"epochs", "batch_size"} & set(names) - set(plain)
    if missing:
        raise ValueError(f"{where}: expected {' and '.join(sorted(missing))}: there is no default; got {dict(plain)}")
    return cls(**{name: tuple(value) if isinstance(value, list) else value for name, value in plain.items()})
