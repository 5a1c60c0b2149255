"""What a gain is made of, by the controls: the layer, the extra frame, longer training; computed and in words."""

from __future__ import annotations

import math
from typing import Any

from vmp.experiments.reproduction import Reproduction, points, tally

#: Controls without a working layer -> what each of them has.
PARTS = {
    "extra-frame": "the extra frame alone, without the layer",
    "baseline-twice": "a second round of training, without the layer",
    "identity": "a layer that changes nothing",
    "frozen-start": "a layer that stays at its random start",
    "frozen-paper": "a layer frozen at the paper's pair",
}
#: Those of them in which nothing looks at motion: what they gain is no merit of the layer.
_WITHOUT = ("extra-frame", "baseline-twice", "identity")


def against_baseline(shown: Reproduction) -> dict[str, dict[str, str]]:
    """Data set -> key of each row that is judged against its baseline -> the row's title without the data set."""
    found: dict[str, dict[str, str]] = {dataset: {} for dataset in shown.table.datasets}
    for pair in shown.table.pairs:
        dataset, _, control = pair.against.partition("/")
        if control == "baseline":
            found[dataset][pair.row] = shown.titles[pair.row].removeprefix(f"{dataset}, ")
    return {dataset: rows for dataset, rows in found.items() if rows}


def parts_of_gain(shown: Reproduction, dataset: str) -> str:
    """Which part of the gain on a data set comes from what, as far as the stored runs tell; in sentences."""
    judged = _judged(shown, dataset, "baseline")
    whole = judged.get("vmp")
    if whole is None or math.isnan(whole["here"]):
        return "The layer itself is not run yet."
    said = [f"The layer, trained as in the paper: {_told(whole)}."]
    listed = [f"{words} {_told(judged[key])}" for key, words in PARTS.items() if _run(judged.get(key))]
    if listed:
        said.append(f"Beside it: {'; '.join(listed)}.")
    directly = [f"{PARTS[key]} {_told(pair)}" for key, pair in over_controls(shown, dataset).items() if _run(pair)]
    if directly:
        said.append(f"The layer against each of what has no working layer: {'; '.join(directly)}.")
    said.append(_answer(whole, over_controls(shown, dataset)))
    return " ".join(said)


def variants(shown: Reproduction, dataset: str) -> str:
    """What the variants of the layer differ in from the layer as it is, in words; empty where none is compared."""
    judged = _judged(shown, dataset, "vmp")
    run = [f"{_title(shown, dataset, key)} {_told(pair)}" for key, pair in judged.items() if _run(pair)]
    if not run:
        return ""
    pairs = shown.pairs[shown.pairs["against"] == f"{dataset}/vmp"]
    return f"Against the layer as it is: {'; '.join(run)}. Of these comparisons {tally(pairs)}."


def over_controls(shown: Reproduction, dataset: str) -> dict[str, Any]:
    """The layer's pairs against the controls that have no working layer, by the control's key in the data set."""
    pairs: list[Any] = shown.pairs[shown.pairs["row"] == f"{dataset}/vmp"].to_dict("records")
    found = {pair["against"].partition("/")[2]: pair for pair in pairs}
    return {key: found[key] for key in _WITHOUT if key in found}


def _judged(shown: Reproduction, dataset: str, against: str) -> dict[str, Any]:
    """The pairs of a data set against one of its rows, by what the row is called there."""
    pairs: list[Any] = shown.pairs[shown.pairs["against"] == f"{dataset}/{against}"].to_dict("records")
    return {pair["row"].partition("/")[2]: pair for pair in pairs}


def _run(pair: Any) -> bool:
    return pair is not None and not math.isnan(pair["here"])


def _told(pair: Any) -> str:
    return f"{points(pair['here'])} ({pair['verdict']})"


def _title(shown: Reproduction, dataset: str, key: str) -> str:
    return shown.titles[f"{dataset}/{key}"].removeprefix(f"{dataset}, ")


def _answer(whole: Any, over: dict[str, Any]) -> str:
    """Whether the gain is the layer's: it has to be one over the baseline, and over each control, judged directly."""
    if whole["verdict"] == "lower here":
        return "**The layer loses here: there is no gain to ask the parts of.**"
    if whole["verdict"] != "higher here":
        return "**No gain of the layer is shown here, so none can be given to a part of it.**"
    if not all(_run(pair) for pair in over.values()):
        return "**A gain is shown; what it is made of waits for the controls that are not run yet.**"
    left = [PARTS[key] for key, pair in over.items() if pair["verdict"] != "higher here"]
    if not left:
        return "**A gain is shown, over the baseline and over every control without a working layer.**"
    return (
        f"**A gain over the baseline is shown, but none over {' and '.join(left)}: it may be no merit of the layer.**"
    )
