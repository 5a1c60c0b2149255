"""Which parts of a model learn, in which mode they run, and with which rate and decay."""

from __future__ import annotations

from typing import Any

import torch
from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from vmp.recipe import Recipe

_NORMALISATION = (_BatchNorm, nn.LayerNorm, nn.GroupNorm, nn.modules.instancenorm._InstanceNorm)


def choose_trained(model: Any, recipe: Recipe) -> None:
    """Let the recipe's parts learn, in place, and no others.

    Raises:
        ValueError: none of the recipe's parts has parameters in this model.
    """
    for part, parameters in model.parts().items():
        for parameter in parameters.values():
            parameter.requires_grad_(part in recipe.trained)
    if recipe.freeze_batchnorm:
        for module in _batchnorms(model):
            module.requires_grad_(False)
    if not any(parameter.requires_grad for parameter in model.parameters()):
        has = ", ".join(part for part, parameters in model.parts().items() if parameters)
        raise ValueError(f"trained: expected a part that this model has ({has}), got {', '.join(recipe.trained)}")


def training_mode(model: nn.Module, recipe: Recipe) -> None:
    """Training mode where the backbone learns, evaluation mode where it does not, and in a frozen BatchNorm."""
    model.train("backbone" in recipe.trained)
    if recipe.freeze_batchnorm:
        for module in _batchnorms(model):
            module.eval()


def parameter_groups(model: Any, recipe: Recipe) -> list[dict[str, Any]]:
    """What the optimiser takes: weights, normalisation and prompt apart, each with its rate and decay."""
    chosen = recipe.optimiser
    prompt = {id(parameter) for parameter in model.parts()["prompt"].values()}
    norms = {
        id(parameter)
        for module in model.modules()
        if isinstance(module, _NORMALISATION)
        for parameter in module.parameters(recurse=False)
    }
    groups: dict[str, list[nn.Parameter]] = {"weights": [], "norm": [], "prompt": []}
    for parameter in model.parameters():
        if parameter.requires_grad:
            kind = "prompt" if id(parameter) in prompt else "norm" if id(parameter) in norms else "weights"
            groups[kind].append(parameter)
    rates = {"weights": chosen.lr, "norm": chosen.lr, "prompt": _or(chosen.prompt_lr, chosen.lr)}
    decays = {
        "weights": chosen.weight_decay,
        "norm": _or(chosen.norm_weight_decay, chosen.weight_decay),
        "prompt": _or(chosen.prompt_weight_decay, chosen.weight_decay),
    }
    return [
        {"params": parameters, "name": name, "lr": rates[name], "full_lr": rates[name], "weight_decay": decays[name]}
        for name, parameters in groups.items()
        if parameters
    ]


def make_optimiser(model: nn.Module, recipe: Recipe) -> torch.optim.Optimizer:
    """The recipe's optimiser over what learns."""
    groups = parameter_groups(model, recipe)
    if recipe.optimiser.kind == "adamw":
        return torch.optim.AdamW(groups)
    return torch.optim.SGD(groups, momentum=recipe.optimiser.momentum)


def set_learning_rate(optimiser: torch.optim.Optimizer, factor: float) -> None:
    """Give each group its own rate times the schedule's factor."""
    for group in optimiser.param_groups:
        group["lr"] = group["full_lr"] * factor


def _batchnorms(model: nn.Module) -> list[nn.Module]:
    return [module for module in model.modules() if isinstance(module, _BatchNorm)]


def _or(value: float | None, otherwise: float) -> float:
    return otherwise if value is None else value
