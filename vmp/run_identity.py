"""What makes a run this one and no other: a checkpoint or weights of another run are not gone on with."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from vmp.data.source import ClipSource
from vmp.recipe import Recipe

#: Options of a layer that change what it computes and show in no parameter's shape.
_LAYER_OPTIONS = (
    "alpha",
    "beta",
    "gamma",
    "epsilon",
    "mean",
    "std",
    "channel_order",
    "difference",
    "product",
    "pixel_reduction",
)


def run_identity(
    model: Any, data: ClipSource, recipe: Recipe, seed: int, validation: ClipSource | None = None
) -> dict[str, Any]:
    """Recipe, seed, data and model as JSON takes them. The number of processes is no part of it.

    The weights that the model begins with are not looked at: those of a checkpoint take their place.
    """
    state = model.state_dict()
    return {
        "recipe": json.loads(recipe.to_json()),
        "seed": seed,
        "data": _data(data),
        "validation": None if validation is None else _data(validation),
        "model": {
            "name": getattr(getattr(model, "spec", None), "name", type(model).__name__),
            "input": str(model.clip_input),
            "layers": {pathway: _options(layer) for pathway, layer in model.prompts.items()},
            "shapes": _digest("".join(f"{name} {tuple(tensor.shape)}\n" for name, tensor in state.items()).encode()),
        },
    }


def check_identity(path: Path, found: Mapping[str, Any], expected: Mapping[str, Any]) -> None:
    """Refuse a file of another run.

    Raises:
        ValueError: naming each value that differs, as the file has it and as it was asked for.
    """
    before, now = _flat(_with_defaults(found)), _flat(_with_defaults(expected))
    changed = [name for name in sorted(before | now) if before.get(name) != now.get(name)]
    if changed:
        listed = "; ".join(f"{name} was {before.get(name)!r}, is {now.get(name)!r}" for name in changed)
        raise ValueError(f"{path}: expected the run that it is of, got another: {listed}. Give another run_dir")


def _with_defaults(identity: Mapping[str, Any]) -> dict[str, Any]:
    """An identity with every value of its recipe: a default that was left out differs from another value by name."""
    if "recipe" not in identity:
        return dict(identity)
    recipe = Recipe.from_json(json.dumps(identity["recipe"]))
    return {**identity, "recipe": dataclasses.asdict(recipe)}


def _data(data: ClipSource) -> dict[str, Any]:
    described = {
        "name": data.name,
        "clips": len(data),
        "classes": len(data.classes),
        "labels": _digest(np.asarray(data.labels, dtype="<i8").tobytes()),
    }
    content = getattr(data, "digest", None)  # of a manifest, whose name anybody may have given
    return described if content is None else {**described, "content": content}


def _options(layer: Any) -> dict[str, Any]:
    options = {name: getattr(layer, name, None) for name in _LAYER_OPTIONS}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in options.items()}


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:12]


def _flat(values: Mapping[str, Any], prefix: str = "") -> dict[str, Any]:
    """Nested mappings as one, "recipe.optimiser.lr"; an empty one leaves nothing."""
    flat: dict[str, Any] = {}
    for name, value in values.items():
        flat |= _flat(value, f"{prefix}{name}.") if isinstance(value, Mapping) else {prefix + name: value}
    return flat
