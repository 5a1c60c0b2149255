"""Table 6 from stored predictions: four actions, right on clips with one object, and right on all clips of the action.

The unit that is independent is the trajectory: its outcome is the share of its clips that are right. Accuracies count
clips, as the paper's do ("the ratio of ... correctly classified videos ... to the total number of sampled videos").
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from vmp.experiments import paper
from vmp.experiments.reproduction import Reproduction
from vmp.experiments.rows import Table
from vmp.statistics import compare, judge

if TYPE_CHECKING:
    import pandas as pd

    from vmp.experiments.loading import Loaded
    from vmp.statistics import Comparison

#: The paper's actions -> the rendered movement that stands for each, by what the hand does; no result was looked at.
STAND_INS = {"cut dice": "vertical swing", "gather": "horizontal line", "slice": "horizontal swing", "wash": "circle"}
#: What is measured -> the paper's column.
MEASURES = {"sample": "sample_accuracy_percent", "total": "total_accuracy_percent"}
#: Key of the row that counts every class with every object, which the paper's table lacks.
ALL = "all"
_FEWEST = 6  # trajectories: fewer can tell nothing at p = .05


@dataclass(frozen=True)
class Action:
    """One action of Table 6.

    Attributes:
        name: the paper's.
        label: the class here.
        object: the object that its sample shows; empty where the clips' objects are not known.
    """

    name: str
    label: str
    object: str


@dataclass(frozen=True)
class Actions(Reproduction):
    """Table 6's rows, (action, measure, variant) each, in the columns of other tables; what is compared among them."""

    @property
    def titles(self) -> dict[str, str]:
        """The words for each row, by its key."""
        return dict(zip(self.rows["key"], self.rows["title"], strict=True))

    @property
    def unit(self) -> str:
        """What the numbers of the rows are."""
        return "Accuracy in percent of the test clips"


def actions_of(table: Table) -> list[Action]:
    """The four actions at a table's scale: on a rendered set the movement that stands for each, and its object.

    The paper does not say how it chose an object. Here class k of the set has object k, counted on from the first where
    there are more classes than objects: a rule that knows no result.
    """
    from vmp.data.rendered_sets import DATASETS

    dataset = table.rows[0].runs[0].dataset
    if dataset not in DATASETS:
        return [Action(name, name, "") for name in STAND_INS]
    known = DATASETS[dataset]
    objects = [f"{pattern} {shape}" for pattern, shape, *_ in known.objects]
    return [Action(name, label, own_object(label, known.classes, objects)) for name, label in STAND_INS.items()]


def own_object(label: str, classes: tuple[str, ...], objects: list[str]) -> str:
    """The object of a class by the rule of :func:`actions_of`; empty for a class that is not there."""
    return objects[classes.index(label) % len(objects)] if label in classes else ""


def outcomes(stored: Loaded) -> pd.DataFrame:
    """How often each trajectory was rightly named with each object.

    Columns: row (the variant), seed, group (the trajectory), label (its class), object (empty where not known), right
    (share of these clips, 0 to 1), clips (how many).

    Raises:
        ValueError: predictions of other clips than the data set has.
    """
    import pandas as pd

    from vmp.experiments import datasets
    from vmp.experiments.models import clip_input

    columns = ["row", "seed", "group", "label", "object"]
    said = stored.predictions
    keys = {row.key for row in stored.table.rows}
    clips = said[(said["level"] == "clip") & said["row"].isin(keys)] if len(said) else said
    if not len(clips):
        return pd.DataFrame(columns=[*columns, "right", "clips"])
    run = stored.table.rows[0].runs[0]
    source: Any = datasets.load(run, run.test_split, clip_input(run))
    places, group = clips["index"].to_numpy(), clips["group"].to_numpy()
    if places.max() >= len(source) or not np.array_equal(np.asarray(source.groups)[places], group):
        raise ValueError(f"{run.title}: expected predictions of the clips of {source.name}, got some of other clips")
    known = hasattr(source, "objects")
    frame = clips[["row", "seed", "group"]].assign(
        label=np.asarray(source.classes)[clips["label"].to_numpy()],
        object=np.asarray(source.object_titles)[source.objects[places]] if known else "",
        right=clips["first"].to_numpy() == clips["label"].to_numpy(),
    )
    counted = frame.groupby(columns, as_index=False)["right"].agg(["mean", "size"])
    return counted.rename(columns={"mean": "right", "size": "clips"})


def table6(shown: Reproduction, found: pd.DataFrame) -> Actions:
    """The rows of Table 6 and its comparisons, judged together.

    Args:
        shown: of the grid's table6.
        found: of :func:`outcomes`.
    """
    import pandas as pd

    chosen = list(_chosen(shown.table, found))
    rows = [_row(shown, *each, variant) for each in chosen for variant in ("baseline", "vmp")]
    claims = {
        f"{name}/{measure}": (_comparison(clips), _paper_gain(name, measure)) for name, measure, _, clips in chosen
    }
    pairs = judge(claims)
    pairs.insert(0, "row", [f"{claim}/vmp" for claim in claims])
    pairs.insert(1, "against", [f"{claim}/baseline" for claim in claims])
    pairs.insert(2, "printed", [name != ALL for name, *_ in chosen])
    pairs["here"] = [
        _difference(clips) for *_, clips in chosen
    ]  # what is too little to be judged is shown all the same
    return Actions(shown.table, pd.DataFrame(rows), pairs, shown.found)


def four_actions(stored: Loaded, measure: str) -> tuple[Comparison | None, float]:
    """The gain over the trajectories of all four actions, None where it is not stored; the mean of the paper's gains.

    Args:
        stored: of the grid's table6.
        measure: "sample", each action with its object, or "total".
    """
    gains = [_paper_gain(action, measure) for action in STAND_INS]
    paper_gain = round(sum(gain for gain in gains if gain is not None) / len(gains), 1)
    clips = outcomes(stored)
    actions = {action.label: action.object for action in actions_of(stored.table)}
    clips = clips[clips["label"].isin(actions)]
    if measure == "sample":
        clips = clips[clips["object"] == clips["label"].map(actions)]
    return _comparison(clips), paper_gain


def every_pick(found: pd.DataFrame) -> pd.DataFrame:
    """What each choice of a class and an object would have given: label, object, without, with_, gain; percent.

    Over the seeds that both variants have. Objects that are not known: no rows.
    """
    return by(found, "label", "object")


def by(found: pd.DataFrame, *columns: str) -> pd.DataFrame:
    """Accuracy of each "label", "object", or both, over all the rest: these, without, with_, gain; percent."""
    import pandas as pd

    both = _paired(found[found["object"] != ""])
    if not len(both):
        return pd.DataFrame(columns=[*columns, "without", "with_", "gain"])
    shares = {row: _shares(part, list(columns)) for row, part in both.groupby("row")}
    made = pd.DataFrame({"without": shares["baseline"], "with_": shares["vmp"]}).reset_index()
    return made.assign(gain=made["with_"] - made["without"])


def _chosen(table: Table, found: pd.DataFrame) -> Iterator[tuple[str, str, str, pd.DataFrame]]:
    """(name, measure, words, the outcomes that it counts) of each line."""
    for action in actions_of(table):
        of_class = found[found["label"] == action.label]
        words = action.name if action.name == action.label else f"{action.name} ({action.label})"
        sample = of_class[of_class["object"] == action.object] if action.object else of_class.iloc[:0]
        yield action.name, "sample", f"{words}, {action.object or 'one object'}", sample
        yield action.name, "total", f"{words}, all clips", of_class
    yield ALL, "total", "every class, all clips", found


def _row(
    shown: Reproduction, name: str, measure: str, words: str, clips: pd.DataFrame, variant: str
) -> dict[str, object]:
    chosen = clips[clips["row"] == variant]
    seeds: list[float] = _shares(chosen, ["seed"]).tolist() if len(chosen) else []
    state = next((row["state"] for _, row in shown.rows.iterrows() if row["key"] == variant), "missing")
    if not len(seeds) and state != "missing":
        state = "no such clips"
    return {
        "key": f"{name}/{measure}/{variant}",
        "title": f"{words}, {'VMP' if variant == 'vmp' else 'without VMP'}",
        "state": state,
        "seeds": len(seeds),
        "top1": float(np.mean(seeds)) if len(seeds) else math.nan,
        "top1_low": min(seeds, default=math.nan),
        "top1_high": max(seeds, default=math.nan),
        "paper_top1": math.nan if name == ALL else paper.value(6, MEASURES[measure], action=name, variant=variant),
    }


def _comparison(clips: pd.DataFrame) -> Comparison | None:
    """With against without, trajectory by trajectory; None without a seed of both, or with too few trajectories."""
    both = _paired(clips)
    if both["group"].nunique() < _FEWEST:
        return None
    scores = {row: _shares(part, ["seed", "group"]).unstack() / 100 for row, part in both.groupby("row")}
    return compare(scores["baseline"].to_numpy(), scores["vmp"].to_numpy())


def _difference(clips: pd.DataFrame) -> float:
    both = _paired(clips)
    if not len(both):
        return math.nan
    shares = _shares(both, ["row", "seed", "group"]).groupby("row").mean()
    return float(shares["vmp"] - shares["baseline"])


def _paired(found: pd.DataFrame) -> pd.DataFrame:
    """The outcomes of the seeds that both variants have."""
    seeds = [set(found.loc[found["row"] == row, "seed"]) for row in ("baseline", "vmp")]
    return found[found["seed"].isin(seeds[0] & seeds[1])]


def _shares(found: pd.DataFrame, columns: list[str]) -> pd.Series:
    """Percent of the clips that are right, of each of these."""
    right = (found["right"] * found["clips"]).groupby([found[name] for name in columns]).sum()
    return 100 * right / found.groupby(columns)["clips"].sum()


def _paper_gain(name: str, measure: str) -> float | None:
    if name == ALL:
        return None
    with_, without = (paper.value(6, MEASURES[measure], action=name, variant=each) for each in ("vmp", "baseline"))
    return round(with_ - without, 1)
