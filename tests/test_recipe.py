from __future__ import annotations

import dataclasses
import hashlib
import json
import typing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmp.backbones.registry import BACKBONES
from vmp.recipe import Optimiser, Recipe, Schedule, recipe

SCALES = ("paper", "gpu", "small", "smoke")


def test_the_paper_s_numbers() -> None:
    for backbone in BACKBONES:
        made = recipe(backbone, "paper")
        optimiser = made.optimiser
        assert (optimiser.kind, optimiser.lr, optimiser.momentum) == ("sgd", 0.005, 0.9)
        assert optimiser.weight_decay == (5e-5 if backbone.startswith("x3d") else 1e-4)
        prompt_decay = optimiser.prompt_weight_decay
        assert (optimiser.weight_decay if prompt_decay is None else prompt_decay) == 1e-4
        assert optimiser.prompt_lr is None
        assert (made.epochs, made.batch_size, made.precision) == (25, 8, "32-true")
        assert (made.lambda_, made.label_smoothing, made.mixup, made.clip_gradient) == (0, 0, 0, None)
    assert recipe("timesformer", "paper").schedule == Schedule("step", steps=(0, 11, 14), factors=(1, 0.1, 0.01))
    assert recipe("timesformer", "paper").optimiser.norm_weight_decay is None
    slowfast = recipe("slowfast_4x16", "paper").schedule
    assert (slowfast.kind, slowfast.warmup_start) == ("cosine", 0.1)
    assert slowfast.warmup_epochs / 25 == pytest.approx(34 / 196)
    assert recipe("x3d_m", "paper").schedule.warmup_epochs / 25 == pytest.approx(35 / 300)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("backbone", BACKBONES)
def test_every_scale_has_the_paper_s_shape(backbone: str, scale: str) -> None:
    paper, here = recipe(backbone, "paper"), recipe(backbone, scale)
    ratio = here.epochs / paper.epochs
    assert here.schedule.kind == paper.schedule.kind
    assert here.schedule.factors == paper.schedule.factors
    assert here.schedule.steps == pytest.approx([step * ratio for step in paper.schedule.steps])
    assert here.schedule.warmup_epochs == pytest.approx(paper.schedule.warmup_epochs * ratio)


def test_changes_go_where_they_belong() -> None:
    plain = recipe("x3d_m", "small")
    made = recipe("x3d_m", "small", lr=0.01, epochs=30, prompt_lr=0.1, warmup_start=0, trained=("prompt", "head"))
    assert (made.optimiser.lr, made.optimiser.prompt_lr, made.schedule.warmup_start) == (0.01, 0.1, 0)
    assert made.optimiser.weight_decay == plain.optimiser.weight_decay
    assert made.schedule.warmup_epochs == pytest.approx(3.5)  # the warm-up goes with the epochs
    assert made.trained == ("head", "prompt")
    constant = plain.changed(schedule=Schedule(), optimiser=Optimiser("adamw"), weight_decay=0.05)
    assert constant.schedule.kind == "constant"
    assert (constant.optimiser.kind, constant.optimiser.weight_decay) == ("adamw", 0.05)
    assert plain == recipe("x3d_m", "small")


def test_canonical_form() -> None:
    assert Recipe(3, 4).to_json() == '{"batch_size":4,"epochs":3}'
    made = Recipe(
        3, 4, lambda_=1, optimiser=Optimiser(lr=0.1, momentum=0.9), schedule=Schedule("step", (0, 2), (1, 0.1))
    )
    assert made.to_json() == (
        '{"batch_size":4,"epochs":3,"lambda_":1.0,"optimiser":{"lr":0.1},'
        '"schedule":{"factors":[1.0,0.1],"kind":"step","steps":[0.0,2.0]}}'
    )
    same = Recipe(3, 4, trained=("prompt", "backbone", "head"), mixup=0, optimiser=Optimiser(lr=0.005))
    assert same.to_json() == Recipe(3, 4).to_json()
    assert same == Recipe(3, 4)
    assert hash(same) == hash(Recipe(3, 4))


numbers = st.floats(0, 10, allow_nan=False)
recipes = st.builds(
    Recipe,
    st.integers(1, 300),
    st.integers(1, 64),
    accumulate=st.integers(1, 4),
    precision=st.sampled_from(["32-true", "bf16-mixed"]),
    optimiser=st.builds(Optimiser, st.sampled_from(["sgd", "adamw"]), numbers, prompt_lr=st.none() | numbers),
    schedule=st.sampled_from([Schedule(), Schedule("cosine", warmup_epochs=2), Schedule("step", (0, 5), (1, 0.1))]),
    clip_gradient=st.none() | st.floats(0.1, 5),
    lambda_=numbers,
    trained=st.sampled_from([("head",), ("backbone", "head", "prompt"), ("prompt",)]),
    keep=st.sampled_from(["last", "best"]),
    dropout=st.none() | st.floats(0, 0.9),
)


@given(recipes)
def test_there_and_back(made: Recipe) -> None:
    assert Recipe.from_json(made.to_json()) == made
    assert list(json.loads(made.to_json())) == sorted(json.loads(made.to_json()))


@given(recipes, recipes)
def test_one_canonical_form_a_recipe(first: Recipe, second: Recipe) -> None:
    digests = [hashlib.sha256(each.to_json().encode()).hexdigest() for each in (first, second)]
    assert (digests[0] == digests[1]) == (first == second)


def test_every_field_is_told_of() -> None:
    for cls in (Recipe, Optimiser, Schedule):
        names = {
            name
            for line in (cls.__doc__ or "").split("Raises")[0].splitlines()
            for name in line.split(":")[0].split(",")
        }
        assert {field.name for field in dataclasses.fields(cls)} <= {name.strip() for name in names}
        assert typing.get_type_hints(cls)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: recipe("slowfst_4x16", "small"),
            "backbone: expected one of .*; got 'slowfst_4x16'. Did you mean 'slowfast_4x16'",
        ),
        (lambda: recipe("c2d", "smal"), "scale: expected one of .*; got 'smal'. Did you mean 'small'"),
        (lambda: recipe("c2d", "small", epoch=3), "recipe: expected one of .*; got 'epoch'. Did you mean 'epochs'"),
        (lambda: recipe("c2d", "small", wieght_decay=0), "Did you mean 'weight_decay'"),
        (lambda: Recipe(0, 4), "epochs: expected a whole number of at least 1, got 0"),
        (lambda: Recipe(2, 4.0), "batch_size: expected a whole number of at least 1, got 4.0"),
        (lambda: Recipe(2, 4, lambda_=-1), "lambda_: expected a number of at least 0, got -1"),
        (lambda: Recipe(2, 4, lambda_=float("nan")), "lambda_: expected a number of at least 0, got nan"),
        (
            lambda: Recipe(2, 4, label_smoothing=1),
            "label_smoothing: expected a number of at least 0 and below 1, got 1",
        ),
        (lambda: Recipe(2, 4, clip_gradient=0), "clip_gradient: expected more than 0, or None"),
        (lambda: Recipe(2, 4, precision="16"), "precision: expected one of 32-true, bf16-mixed; got '16'"),
        (lambda: Recipe(2, 4, keep="first"), "keep: expected one of last, best; got 'first'"),
        (lambda: Recipe(2, 4, trained=("heads",)), "trained: expected one of .*; got 'heads'. Did you mean 'head'"),
        (lambda: Recipe(2, 4, trained=()), "trained: expected at least one of backbone, head, prompt, got none"),
        (lambda: Optimiser("sdg"), "kind: expected one of sgd, adamw; got 'sdg'. Did you mean 'sgd'"),
        (lambda: Optimiser(lr="fast"), "lr: expected a number of at least 0, got 'fast'"),
        (lambda: Optimiser(momentum=1), "momentum: expected a number of at least 0 and below 1, got 1"),
        (lambda: Schedule("step", (0, 3), (1,)), "factors: expected one a step, 2, got 1"),
        (lambda: Schedule("step"), "steps: expected some for kind 'step'"),
        (lambda: Schedule("cosine", (0,), (1,)), "steps: expected some for kind 'step' and for no other"),
        (lambda: Schedule("step", (1, 3), (1, 0.1)), "steps: expected epochs that begin with 0 and rise"),
        (lambda: Recipe.from_json('{"epochs":2,"batch_size":4,"optimizer":{}}'), "Did you mean 'optimiser'"),
        (lambda: Recipe.from_json('{"epochs":2}'), "recipe: expected batch_size: there is no default"),
        (lambda: Recipe.from_json("[]"), r"recipe: expected a JSON object, got \[\]"),
    ],
)
def test_errors(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        call()
