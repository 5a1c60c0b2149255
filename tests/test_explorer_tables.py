"""The tables in explorer.js against the package's own: palettes, ranges, norms, learned pairs, limits."""

from __future__ import annotations

import csv
import json
import re
from importlib import resources
from typing import Any

import pytest

import vmp
from vmp.explorer import assets, settings, source
from vmp.figures import palette

SCRIPT = assets.script()


def table(name: str) -> Any:
    found = re.search(rf"const {name} = ([\[{{].*?[\]}}]);", SCRIPT, re.DOTALL)
    assert found is not None, f"explorer.js has no table {name}"
    return json.loads(found[1])


def rows(name: str) -> list[dict[str, str]]:
    text = (resources.files("vmp") / "assets" / "paper" / name).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


@pytest.mark.parametrize("name", ["DIFFERENCE_ANCHORS", "ATTENTION_ANCHORS"])
def test_palettes(name: str) -> None:
    assert [tuple(anchor) for anchor in table(name)] == list(getattr(palette, name))


@pytest.mark.parametrize("name", ["difference", "attention", "prompt", "neutral"])
def test_line_colours(name: str) -> None:
    first = re.search(rf"--vmp-{name}: (#\w+);", assets.style())  # the light theme's
    assert first is not None
    assert first[1] == getattr(palette, name.upper())


def test_ranges() -> None:
    assert table("RANGES") == {
        "slope": [settings.SLOPE.low, settings.SLOPE.high],
        "shift": [settings.SHIFT.low, settings.SHIFT.high],
    }


def test_norms() -> None:
    norms = table("NORMS")
    assert list(norms) == list(settings.NORM_PARAMETERS)
    for name, allowed in settings.NORM_PARAMETERS.items():
        if allowed is not None:
            assert (norms[name]["min"], norms[name]["max"], norms[name]["start"]) == allowed
            assert hasattr(vmp.power_norm, name)


def test_the_papers_pairs() -> None:
    expected = [
        {
            "dataset": r["dataset"],
            "lambda": float(r["lambda"]),
            "a": float(r["a"]),
            "b": float(r["b"]),
            "source": r["source"],
        }
        for r in rows("learned_parameters.csv")
    ]
    assert table("PAPER_PAIRS") == expected


def test_the_pages_pairs() -> None:
    page = rows("learned_parameters_project_page.csv")
    alone = [{"dataset": r["dataset"], "m": float(r["m"]), "n": float(r["n"])} for r in page if not r["lambda"]]
    over_lambda = [{k: float(r[k]) for k in ("lambda", "m", "n")} for r in page if r["lambda"]]
    assert table("PAGE_PAIRS") == alone
    assert table("PAGE_LAMBDAS") == over_lambda
    assert {r["dataset"] for r in page if r["lambda"]} == {"finegym"}  # what the slider is called
    assert set(table("DATASETS")) == {r["dataset"] for r in page}


def test_limits_and_starts() -> None:
    found = re.search(r"const LIMITS = \{frames: (\d+), seconds: (\d+), side: (\d+)", SCRIPT)
    assert found is not None
    assert tuple(map(int, found.groups())) == (source.MOST_FRAMES, source.MOST_SECONDS, source.LONGEST_SIDE)
    start = re.search(r"const START = \{\s*clip: \"static\", slope: ([\d.]+), shift: ([-\d.]+), frame: (\d+)", SCRIPT)
    assert start is not None
    explorer = vmp.Explorer()
    assert tuple(map(float, start.groups())) == (explorer.slope, explorer.shift, explorer.frame)
    assert table("EXAMPLES") == settings.EXAMPLES


def test_the_script_names_no_outside_address() -> None:
    addresses = set(re.findall(r"https?://[^\s\"'`]+", SCRIPT + assets.style()))
    assert addresses == {"http://www.w3.org/2000/svg"}  # a name, which nothing loads
