"""A run: everything that decides what is trained and tested, as a frozen value whose identity is a hash of it.

What a run starts from can be another run, so the runs of a table are a graph without cycles.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import types
import typing
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, Union

from vmp.experiments.nearest import unknown
from vmp.recipe import Recipe

SIZES = ("tiny", "paper")
SCALES = ("smoke", "small", "gpu", "paper")
#: The size of the models of each scale.
SIZE_OF = {"smoke": "tiny", "small": "tiny", "gpu": "paper", "paper": "paper"}
PROMPTS = (None, True, "slow", "fast", "both")
HEADS = ("new", "kept")
#: How the name of a file of weights ends; any other start is the name or the address of published weights.
WEIGHT_FILES = (".safetensors", ".pt", ".pth", ".pyth")


@dataclass(frozen=True)
class Run:
    """One training and its test.

    Attributes:
        dataset: a name of ``vmp.experiments.datasets.DATASETS``.
        backbone: a name that ``vmp.build`` knows.
        recipe: how it is trained, and which parts are.
        seed: of the new weights, of the order of the clips and of every draw.
        fold: of a data set that has several.
        size: "tiny" or "paper".
        prompts: as ``vmp.build`` takes them: None, True, or "slow", "fast", "both".
        layer: options of the motion prompt layer as sorted (option, value) pairs; none are the backbone's own.
        start: None, published weights by name or address, a file of weights, or the run whose weights are taken.
        head: "new", or "kept" as the start has it.
        scale: how much data: "smoke", "small", "gpu" or "paper".
        train_split: the split or splits that are trained on.
        validation_split: what a recipe that keeps the best epoch, and the log, look at; None: nothing.
        test_split: the split that is tested.
        train_degradation: (name, severity) of ``vmp.data.degrade`` that all but the test clips suffer; None: none.
        test_degradation: the same of the test clips.
        every_object: each test clip is rendered with every object; of a rendered set.
        tested_only: nothing is trained: the weights of the start, as they are, are tested.
        extra_frame: without prompts, the backbone takes the frame that a layer would take as well.
        adjacent: the layer's differences are to the frame just before in the video, not to the one a stride before.

    Raises:
        ValueError: a value that none of these is; a head kept from nothing; options or adjacent differences for a layer
            that is not there; an extra frame beside a layer; an unknown degradation; a run that is tested only and has
            not the whole model of another run.
    """

    dataset: str
    backbone: str
    recipe: Recipe
    seed: int = 0
    fold: int = 1
    size: str = "tiny"
    prompts: bool | str | None = None
    layer: tuple[tuple[str, Any], ...] = ()
    start: Run | str | None = None
    head: str = "new"
    scale: str = "small"
    train_split: str = "train"
    validation_split: str | None = None
    test_split: str = "test"
    train_degradation: tuple[str, str] | None = None
    test_degradation: tuple[str, str] | None = None
    tested_only: bool = False
    every_object: bool = False
    extra_frame: bool = False
    adjacent: bool = False

    def __post_init__(self) -> None:
        for name, known in (("size", SIZES), ("scale", SCALES), ("head", HEADS), ("prompts", PROMPTS)):
            if getattr(self, name) not in known:
                raise unknown(name, getattr(self, name), known)
        for name, least in (("seed", 0), ("fold", 1)):
            value = getattr(self, name)
            if not isinstance(value, int) or isinstance(value, bool) or value < least:
                raise ValueError(f"{name}: expected a whole number of at least {least}, got {value!r}")
        if self.head == "kept" and self.start is None:
            raise ValueError("head: expected 'new' for a run that starts from nothing, got 'kept'. Give a start")
        if self.layer and self.prompts is None:
            raise ValueError(f"layer: expected no options without prompts, got {dict(self.layer)}")
        if self.adjacent and self.prompts is None:
            raise ValueError("adjacent: expected prompts, whose differences they are, got none. Choose prompts=True")
        if self.extra_frame and self.prompts is not None:
            raise ValueError(f"extra_frame: expected no prompts, which take it anyway, got prompts={self.prompts!r}")
        if self.layer != tuple(sorted(self.layer)):
            raise ValueError(f"layer: expected pairs sorted by option, got {self.layer}")
        for degradation in (self.train_degradation, self.test_degradation):
            if degradation is not None:
                _check_degradation(*degradation)
        if self.tested_only and (self.head != "kept" or not isinstance(self.start, Run)):
            raise ValueError(
                f"tested_only: expected a run to start from and head='kept', got {self.start!r:.80} and {self.head!r}"
            )

    @cached_property
    def canonical(self) -> str:
        """What the identity is a hash of: JSON, keys sorted, defaults left out, the start by its identity."""
        plain = _without_defaults(self)
        if self.start is not None:
            plain["start"] = start_identity(self.start)
        return json.dumps(plain, sort_keys=True, separators=(",", ":"))

    @cached_property
    def identity(self) -> str:
        """12 hexadecimal digits of the SHA-256 of :attr:`canonical`; a field added later leaves it as it is."""
        return hashlib.sha256(self.canonical.encode()).hexdigest()[:12]

    @property
    def title(self) -> str:
        """What it is in words, for people; not unique."""
        parts = [f"{self.backbone} ({self.size}) on {self.dataset}" + (f", fold {self.fold}" if self.fold > 1 else "")]
        if self.prompts is not None:
            parts.append("prompts" if self.prompts is True else f"prompts ({self.prompts})")
        if self.extra_frame:
            parts.append("an extra frame")
        if self.adjacent:
            parts.append("adjacent differences")
        if self.start is not None:
            start = self.start
            parts.append(f"from {start if isinstance(start, str) else f'{start.dataset} {start.identity}'}")
        parts.append("tested only" if self.tested_only else f"training {'+'.join(self.recipe.trained)}")
        for what, degradation in (("trained", self.train_degradation), ("tested", self.test_degradation)):
            if degradation is not None:
                parts.append(f"{what} with {' '.join(reversed(degradation))}")
        if self.every_object:
            parts.append("tested with every object")
        return ", ".join([*parts, f"seed {self.seed}"])

    def to_json(self) -> dict[str, Any]:
        """Every field, defaults included, as JSON takes it; a start that is a run whole."""
        plain: dict[str, Any] = _plain(self)
        return plain

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Run:
        """The run that :meth:`to_json` was called on; a field that was not there then has its default.

        Raises:
            ValueError: a field that no run has, with the nearest that one has; a value that does not fit.
        """
        run: Run = _from_plain(cls, plain, "run")
        return run


def _check_degradation(name: str, severity: str) -> None:
    from vmp.data.degrade import chosen_degradation

    chosen_degradation(name, severity)


def ancestors(run: Run) -> list[Run]:
    """The runs that ``run`` starts from, directly or not, the first of all first."""
    found: list[Run] = []
    while isinstance(run.start, Run):
        run = run.start
        found.insert(0, run)
    return found


def in_order(runs: Iterable[Run]) -> Iterator[Run]:
    """Each of the runs and of those they start from once, a start always before what starts from it."""
    seen: set[str] = set()
    for run in runs:
        for each in (*ancestors(run), run):
            if each.identity not in seen:
                seen.add(each.identity)
                yield each


def start_identity(start: Run | str) -> dict[str, str]:
    """What stands for a start in an identity: a run's identity, a file's content, or the name of published weights.

    Raises:
        ValueError: a file of weights that is not there.
    """
    if isinstance(start, Run):
        return {"run": start.identity}
    if not is_file(start):
        return {"weights": start}
    path = Path(start)
    if not path.is_file():
        raise ValueError(f"start: expected a file of weights, came {start}, which is not there")
    with path.open("rb") as stream:
        return {"file": hashlib.file_digest(stream, "sha256").hexdigest()}


def is_file(start: str) -> bool:
    """Whether a start names a file of weights, and not published ones."""
    return start.endswith(WEIGHT_FILES) and "://" not in start


# --- dataclasses to and from what JSON holds ---


def _plain(value: Any) -> Any:
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, (tuple, list)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and value.is_integer():
        return int(value)  # 0 and 0.0 are equal, so are their identities
    return value


def _without_defaults(instance: Any) -> dict[str, Any]:
    kept = {}
    for field in dataclasses.fields(instance):
        value = getattr(instance, field.name)
        default = field.default_factory() if callable(field.default_factory) else field.default
        if value == default:
            continue
        nested = dataclasses.is_dataclass(value) and not isinstance(value, Run)
        kept[field.name] = _without_defaults(value) if nested else _plain(value)
    return kept


def _from_plain(cls: Any, plain: Mapping[str, Any], where: str) -> Any:
    if not isinstance(plain, Mapping):
        raise ValueError(f"{where}: expected the fields of a {cls.__name__}, got {plain!r}")
    kinds = _hints(cls)
    names = [field.name for field in dataclasses.fields(cls)]
    for name in plain:
        if name not in names:
            raise unknown(f"{where}: a field", name, names)
    try:
        return cls(**{name: _value(kinds[name], value, f"{where}.{name}") for name, value in plain.items()})
    except TypeError as error:  # a field without a default is not there
        raise ValueError(f"{where}: {error}") from error


@cache
def _hints(cls: Any) -> dict[str, Any]:
    return typing.get_type_hints(cls)


def _value(kind: Any, value: Any, where: str) -> Any:
    if isinstance(value, Mapping):
        choices = typing.get_args(kind) if typing.get_origin(kind) in (Union, types.UnionType) else (kind,)
        classes = [choice for choice in choices if dataclasses.is_dataclass(choice)]
        if not classes:
            raise ValueError(f"{where}: expected {kind}, got {dict(value)}")
        return _from_plain(classes[0], value, where)
    return _frozen(value)


def _frozen(value: Any) -> Any:
    return tuple(_frozen(item) for item in value) if isinstance(value, list) else value
