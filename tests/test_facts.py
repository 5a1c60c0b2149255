"""The facts of the data sets: held against the modules that prepare them, the registry, and the scripts' own help."""

from __future__ import annotations

import importlib
import math
import re
from dataclasses import replace
from pathlib import Path

import pytest

from vmp.backbones.registry import BACKBONES
from vmp.data import facts
from vmp.data.addresses import PUBLISHED
from vmp.data.facts import FACTS
from vmp.data.facts_form import Fact
from vmp.experiments.datasets import PREPARED
from vmp.figures import set_sizes, set_text

ROOT = Path(__file__).parents[1]
PREPARED_HERE = ("hmdb51", "finegym", "mpii_cooking2", "ucf_crime")


def module(name: str):
    return importlib.import_module(f"vmp.data.{name}")


def help_of(name: str, capsys: pytest.CaptureFixture[str]) -> str:
    with pytest.raises(SystemExit):
        module(name).main(["--help"])
    return capsys.readouterr().out


def test_counts_are_those_that_preparing_is_held_against() -> None:
    hmdb, gym, mpii, ucf = (module(name).PUBLISHED for name in PREPARED_HERE)
    assert FACTS["hmdb51"].clips.value == hmdb.videos
    assert FACTS["hmdb51"].classes.value == hmdb.classes
    assert FACTS["hmdb51"].parts.train == hmdb.train * hmdb.classes == 3570
    assert FACTS["hmdb51"].parts.test == hmdb.test * hmdb.classes == 1530
    assert FACTS["finegym"].classes.value == gym.classes
    assert (FACTS["finegym"].parts.train, FACTS["finegym"].parts.test) == (gym.train, gym.val)
    assert FACTS["finegym"].clips.value == 26_320 + 8_521
    assert (FACTS["mpii_cooking2"].clips.value, FACTS["mpii_cooking2"].classes.value) == (mpii.intervals, mpii.classes)
    assert FACTS["ucf_crime"].classes.value == ucf.classes
    assert f"{ucf.videos} test videos" in FACTS["ucf_crime"].clips.source


def test_numbers_that_are_computed_from_others() -> None:
    assert FACTS["mpii_cooking2"].seconds.value == round(2_881_616 / 14_105 / 29.4, 1)
    assert FACTS["ucf_crime"].seconds.value == pytest.approx(128 * 3600 / 1900, abs=0.6)
    assert "1,666 clips" in FACTS["hmdb51"].traps[0]
    assert 6766 - 3570 - 1530 == 1666
    width, height = FACTS["mpii_cooking2"].pixels
    assert round(width * height / (340 * 256)) == 23
    assert "23 times" in FACTS["mpii_cooking2"].traps[-1]
    assert "273,200" in FACTS["k400"].traps[0]
    assert 683 * 400 == 273_200


def test_licences_do_not_say_more_than_the_table_of_addresses() -> None:
    for name, published in PUBLISHED.items():
        licence = FACTS[name].licence
        assert (licence.value is None or not licence.verified) == (published.terms == ""), name
        assert published.terms in str(licence.value)
        assert FACTS[name].page == published.page


def test_every_set_of_the_experiments_and_every_published_weight_has_facts() -> None:
    assert {each.module for each in PREPARED.values()} <= set(FACTS)
    assert {entry.name for spec in BACKBONES.values() for entry in spec.weights} <= set(FACTS)
    for each in FACTS.values():
        for field in ("clips", "classes", "length", "seconds", "rate", "size", "camera", "labelled", "licence"):
            assert getattr(each, field).source, (each.name, field)


@pytest.mark.parametrize("name", PREPARED_HERE)
def test_commands_have_options_that_the_script_knows(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    said = help_of(name, capsys)
    assert (ROOT / "data_scripts" / f"{name}.py").is_file()
    for command, words in FACTS[name].commands:
        assert words
        assert command.startswith(f"python data_scripts/{name}.py --root data/{name}")
        for option in re.findall(r"--[a-z-]+", command):
            assert option in said, command
        for mirror in re.findall(r"--mirror (\S+)", command):
            assert mirror in PUBLISHED[name].mirrors
    for option in re.findall(r"`(--[a-z-]+)", FACTS[name].fetched + FACTS[name].missing + " ".join(FACTS[name].traps)):
        assert option in said


def test_the_readme_asks_the_scripts_for_what_they_know(capsys: pytest.CaptureFixture[str]) -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    asked = re.findall(r"^\$ python data_scripts/(\w+)\.py (.*)$", readme, re.MULTILINE)
    assert len(asked) >= 2
    for name, options in asked:
        said = help_of(name, capsys)
        assert all(option in said for option in re.findall(r"--[a-z-]+", options))


def test_a_fact_as_text() -> None:
    assert str(Fact(6766, "here")) == "6,766"
    assert str(Fact(3.0, "here", verified=False)) == "3 (not verified)"
    assert str(Fact(None, "here")) == "not known"
    assert [Fact(29.4, "here").brief, Fact("few", "here", verified=False).brief, Fact(None, "here").brief] == [
        "29.4", "few ?", "?",
    ]  # fmt: skip


def test_tables() -> None:
    overview = facts.overview().set_index("set")
    assert overview.loc["HMDB-51", ["clips", "classes"]].tolist() == ["6,766 ?", "51"]
    assert overview.loc["Kinetics-400", "clips"] == "306,245 ?"
    rows = facts.table("hmdb51").set_index("fact")["value"]
    assert rows["training and test"] == "3,570 and 1,530, 3 times"
    assert facts.table("mpii_cooking2").set_index("fact")["value"]["training and test"] == "not known"
    assert "training and test" not in facts.table("ucf_crime")["fact"].tolist()


def test_downloads_are_the_living_mirrors() -> None:
    rows = facts.downloads("hmdb51").set_index("part")
    assert rows.loc["videos", "bytes"] == 4_246_812_958
    assert rows.loc["videos", "mirrors"] == "michigan, serre-lab"  # brown is dead
    assert rows.loc["videos", "checksum"] == "SHA-256"
    sequences = facts.downloads("mpii_cooking2").set_index("part").loc["sequences"]
    assert math.isnan(sequences["bytes"])
    assert sequences["mirrors"] == "none: a local copy is needed"
    assert set_text.files("hmdb51")["to download"].tolist() == ["4.2 GB", "222.8 kB"]
    assert set_text.files("finegym")["to download"].tolist() == ["?"] * 4


def test_text_of_a_page() -> None:
    text = set_text.how_to("finegym")
    assert "python data_scripts/finegym.py --root data/finegym --download --allow-missing\n" in text
    assert set_text.traps("finegym").count("\n- ") == len(FACTS["finegym"].traps) - 1
    with pytest.raises(ValueError, match="expected a set that is prepared here, got 'k400'"):
        set_text.how_to("k400")


def test_unknown_names_are_told_the_nearest() -> None:
    with pytest.raises(ValueError, match=r"expected one of hmdb51, .*got 'hmdb-51'. Did you mean 'hmdb51'"):
        facts.facts("hmdb-51")
    with pytest.raises(ValueError, match=r"got 'ucfcrime'. Did you mean 'ucf_crime'"):
        facts.downloads("ucfcrime")


def test_the_figure_of_sizes() -> None:
    sets = list(FACTS.values())
    figure = set_sizes.clips_figure(sets)
    axes = figure.axes[0]
    assert axes.get_xscale() == "log"
    drawn = {round(x) for line in axes.get_lines() for x in line.get_xdata()}
    assert {6766, 34841, 14105, 1900, 306245, 495547, 220847, 136_000_000} <= drawn
    assert round(6766 / 51) in drawn
    open_dots = [line for line in axes.get_lines() if line.get_markerfacecolor() == "none"]
    assert len(open_dots) == sum(not each.clips.verified for each in sets)
    lengths = set_sizes.lengths_figure(sets).axes[0]
    assert sorted(round(float(line.get_xdata()[0]), 1) for line in lengths.get_lines()) == [
        2.0, 3.1, 4.0, 4.0, 6.9, 10.0, 10.0, 243.0,
    ]  # fmt: skip
    with pytest.raises(ValueError, match="expected at least one, got none"):
        set_sizes.lengths_figure([])
    with pytest.raises(ValueError, match="expected a number of clips of each, got none of HMDB-51"):
        set_sizes.clips_figure([replace(FACTS["hmdb51"], clips=Fact("many", "nowhere"))])
