from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmp.experiments.run import Run, ancestors, in_order, start_identity
from vmp.recipe import Optimiser, Recipe

RECIPE = Recipe(12, 16)


def _run(**changes: Any) -> Run:
    return Run(**({"dataset": "libras-static", "backbone": "c2d", "recipe": RECIPE} | changes))


def test_the_identity_of_a_run_never_changes() -> None:
    """Stored results are found by it: if this fails, every stored run is lost, and no refactoring may do that."""
    run = _run(start=_run(dataset="source-b"), prompts=True, seed=2)
    assert run.canonical == (
        '{"backbone":"c2d","dataset":"libras-static","prompts":true,"recipe":{"batch_size":16,"epochs":12},"seed":2,'
        '"start":{"run":"e009fe452ec5"}}'
    )
    assert run.identity == "8c68eb5561e7"


def test_a_field_that_is_added_later_changes_no_identity() -> None:
    @dataclass(frozen=True)
    class Later(Run):
        views: int = 1

    fields = {field.name: getattr(_run(seed=3), field.name) for field in dataclasses.fields(Run)}
    assert Later(**fields).identity == _run(seed=3).identity
    assert Later(**fields, views=2).identity != _run(seed=3).identity


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset": "libras-moving"}, {"backbone": "i3d"}, {"seed": 1}, {"fold": 2}, {"size": "paper"},
        {"prompts": True}, {"prompts": "fast"}, {"start": "k400"}, {"scale": "gpu"}, {"test_split": "validation"},
        {"recipe": RECIPE.changed(lr=0.01)}, {"recipe": RECIPE.changed(trained=("head",))},
        {"prompts": True, "layer": (("channel_order", "BGR"),)}, {"test_degradation": ("blur", "mild")},
        {"train_degradation": ("blur", "mild")}, {"every_object": True}, {"extra_frame": True},
        {"prompts": True, "adjacent": True},
    ],
)  # fmt: skip
def test_everything_that_is_chosen_is_in_the_identity(changes: dict[str, Any]) -> None:
    assert _run(**changes).identity != _run().identity


def test_equal_numbers_have_one_identity() -> None:
    assert _run(prompts=True, layer=(("gamma", 1),)).identity == _run(prompts=True, layer=(("gamma", 1.0),)).identity


def test_a_start_counts_by_what_it_is(tmp_path: Path) -> None:
    one, other = _run(dataset="source-a"), _run(dataset="source-b")
    assert _run(start=one).identity != _run(start=other).identity
    assert start_identity(one) == {"run": one.identity}
    assert start_identity("k600") == {"weights": "k600"}
    assert start_identity("https://host/file.pyth") == {"weights": "https://host/file.pyth"}
    first, second = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    first.write_bytes(b"weights")
    second.write_bytes(b"weights")
    assert _run(start=str(first)).identity == _run(start=str(second)).identity
    second.write_bytes(b"others")
    assert replace(_run(), start=str(first)).identity != replace(_run(), start=str(second)).identity
    with pytest.raises(ValueError, match=r"a file of weights, came .*none\.pt, which is not there"):
        _ = _run(start=str(tmp_path / "none.pt")).identity


_starts = st.one_of(st.none(), st.just("k400"), st.builds(_run, dataset=st.just("source-c"), seed=st.integers(0, 5)))


@settings(deadline=None)  # the first one imports
@given(
    start=_starts,
    seed=st.integers(0, 1000),
    prompts=st.sampled_from([True, "slow", "both"]),
    lr=st.floats(0, 10),
    decay=st.none() | st.floats(0, 1),
    options=st.dictionaries(st.sampled_from(["gamma", "mean", "difference"]), st.sampled_from([1.5, (0.1, 0.2), "x"])),
)
def test_json_and_back(
    start: Run | str | None, seed: int, prompts: bool | str, lr: float, decay: float | None, options: dict[str, Any]
) -> None:
    recipe = replace(RECIPE, optimiser=Optimiser(lr=lr, prompt_weight_decay=decay))
    run = _run(start=start, seed=seed, prompts=prompts, recipe=recipe, layer=tuple(sorted(options.items())))
    again = Run.from_json(json.loads(json.dumps(run.to_json())))
    assert again == run
    assert again.identity == run.identity


def test_json_of_another_version() -> None:
    plain = _run(seed=4).to_json()
    del plain["fold"]  # of a time before there were folds
    assert Run.from_json(plain) == _run(seed=4)
    with pytest.raises(ValueError, match=r"run: a field: expected one of .*; got 'sed'. Did you mean 'seed'\?"):
        Run.from_json(plain | {"sed": 1})
    with pytest.raises(ValueError, match=r"run\.recipe\.optimiser: a field: .*'momentun'. Did you mean 'momentum'"):
        Run.from_json(plain | {"recipe": {"epochs": 1, "batch_size": 1, "optimiser": {"momentun": 0.9}}})
    with pytest.raises(ValueError, match=r"run: .*missing 1 required positional argument: 'dataset'"):
        Run.from_json({"backbone": "c2d", "recipe": {"epochs": 1, "batch_size": 1}})
    with pytest.raises(ValueError, match="run: expected the fields of a Run, got 3"):
        Run.from_json(3)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"run\.seed: expected <class 'int'>, got \{'a': 1\}"):
        Run.from_json(plain | {"seed": {"a": 1}})


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"size": "smal"}, "size: expected one of tiny, paper; got 'smal'"),
        ({"scale": "papr"}, r"scale: .*Did you mean 'paper'\?"),
        ({"head": "old"}, "head: expected one of new, kept; got 'old'"),
        ({"prompts": "fst"}, r"prompts: .*Did you mean 'fast'\?"),
        ({"seed": -1}, "seed: expected a whole number of at least 0, got -1"),
        ({"seed": True}, "seed: expected a whole number of at least 0, got True"),
        ({"fold": 0}, "fold: expected a whole number of at least 1, got 0"),
        ({"head": "kept"}, "head: expected 'new' for a run that starts from nothing, got 'kept'"),
        ({"layer": (("gamma", 1),)}, r"layer: expected no options without prompts, got \{'gamma': 1\}"),
        ({"prompts": True, "layer": (("mean", 1), ("gamma", 1))}, "layer: expected pairs sorted by option"),
        ({"adjacent": True}, "adjacent: expected prompts, whose differences they are, got none. Choose prompts=True"),
        ({"extra_frame": True, "prompts": "fast"}, "extra_frame: expected no prompts, .* got prompts='fast'"),
    ],
)
def test_what_no_run_can_be(changes: dict[str, Any], reason: str) -> None:
    with pytest.raises(ValueError, match=reason):
        _run(**changes)


def test_the_title_says_what_it_is() -> None:
    run = _run(
        start=_run(dataset="source-b"), prompts="slow", fold=2, seed=1, recipe=RECIPE.changed(trained=("prompt",))
    )
    start = _run(dataset="source-b").identity
    assert run.title == (
        f"c2d (tiny) on libras-static, fold 2, prompts (slow), from source-b {start}, training prompt, seed 1"
    )
    assert "from k400" in _run(start="k400").title
    assert "libras-static, an extra frame, training" in _run(extra_frame=True).title
    assert "libras-static, prompts, adjacent differences, training" in _run(prompts=True, adjacent=True).title


def test_starts_come_first_and_everything_once() -> None:
    source = _run(dataset="source-b")
    first = _run(start=source)
    second = _run(start=first, head="kept")
    assert ancestors(second) == [source, first]
    assert list(in_order([second, first, second, _run(seed=1, start=source)])) == [
        source, first, second, _run(seed=1, start=source),
    ]  # fmt: skip
