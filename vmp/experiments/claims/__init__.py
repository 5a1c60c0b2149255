"""Every claim of the paper beside what was found here, judged together from the stored runs.

How each is looked at is in :mod:`vmp.experiments.claims.looks`. What gives a p is corrected by Holm's method for all
claims of the page.
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vmp.experiments import grid
from vmp.experiments.claims.learned import (
    Learned,
    Number,
    fast_against_slow,
    largest_against_none,
    moving_against_mixed,
    static_against_moving,
)
from vmp.experiments.claims.looks import (
    Look,
    Rows,
    Seen,
    classes,
    contrast,
    gain,
    learned,
    linear,
    most_alike,
    objects,
    overhead,
)
from vmp.experiments.compare import NOT_RUN
from vmp.experiments.findings.weights_compared import FIG7
from vmp.experiments.rows import Pair
from vmp.experiments.store import Store
from vmp.experiments.tables.regularisation import LAMBDAS

if TYPE_CHECKING:
    import pandas as pd

#: Of a test that is not one of accuracies.
LEVEL = 0.05
#: The paper's data sets in the keys of rows -> their names.
_SETS = {"hmdb51": "HMDB-51", "finegym": "FineGym", "mpii": "MPII Cooking 2"}


@dataclass(frozen=True)
class Claim:
    """A claim of the paper.

    Attributes:
        words: what it says.
        where: in the paper.
        page: the chapter that looks at it, by the name of its notebook.
        table: of :data:`vmp.experiments.grid.TABLES`, whose runs it needs.
        look: what the stored runs say of it.
    """

    words: str
    where: str
    page: str
    table: str
    look: Look


def _row(*keys: str) -> Callable[[Pair], bool]:
    return lambda pair: pair.row in keys and pair.printed


def _of(dataset: str) -> Callable[[Pair], bool]:
    return lambda pair: pair.row.startswith(f"{dataset}/") and pair.printed


def _claims() -> Iterator[Claim]:
    for dataset, name in _SETS.items():
        words = f"With motion prompts backbones gain on {name} (mean of the table's rows)"
        yield Claim(words, "Table 1", "accuracy", "table1", gain(_of(dataset)))
    for dataset in ("finegym", "mpii"):
        words = f"With motion prompts TimeSformer (Kinetics-600) is above X3D on {_SETS[dataset]}"
        above = {f"{dataset}/timesformer-k600/vmp": 1.0, f"{dataset}/x3d-k400/vmp": -1.0}
        yield Claim(words, "Table 1", "accuracy", "table1", contrast(above, need=list(above)))
    variants = {
        "vmp+frozen-pretrained": "The layer alone gains on a frozen pretrained model",
        "vmp+finetuned-pretrained": "Fine-tuned with prompts, a model gains",
        "vmp+frozen-baseline": "The layer's two numbers alone gain on a frozen fine-tuned model",
        "vmp+finetuned-baseline": "A second round with prompts gains",
    }
    for row, words in variants.items():
        yield Claim(words, "Table 2", "finetuning_variants", "table2", gain(_row(row)))
    words = "Prompts gain whatever the pretraining source (mean over sources)"
    yield Claim(words, "Table 3", "pretraining_sources", "table3", gain(lambda pair: pair.printed))
    yield from _source_claims()
    words = "Learned on a moving camera, prompts help a new head on a static one"
    yield Claim(words, "Table 4", "across_data_sets", "table4", gain(_row("finegym-mpii/vmp")))
    words = "Learned on a static camera, they cost a little on a moving one"
    yield Claim(words, "Table 4", "across_data_sets", "table4", gain(_row("mpii-finegym/vmp")))
    for dataset in ("finegym", "mpii"):
        for kind, said in (("salt-pepper", "salt-and-pepper noise"), ("compression", "half the resolution")):
            words = f"Prompts gain under {said} on {_SETS[dataset]}"
            look = gain(_row(f"{dataset}/{kind}/vmp"))
            yield Claim(words, "Table 5", "noise_and_compression", "table5", look)
    for measure, said in (("sample", "with one object each"), ("total", "with every object")):
        words = f"Prompts gain on actions with objects: four actions {said}"
        yield Claim(words, "Table 6", "objects_and_motion", "table6", objects(measure))
    yield from _lambda_claims()
    yield from _learned_claims()
    yield from _other_claims()


def _source_claims() -> Iterator[Claim]:
    """Table 3: one source against the mean of the three others."""
    sources = ("howto100m", "ssv2", "k400", "k600")
    gains = {
        "k600": "Of four pretraining sources, prompts gain most from Kinetics-600",
        "ssv2": "They gain least from Something-Something v2, whose baseline is the best",
    }
    for source, words in gains.items():
        share = {name: 1.0 if name == source else -1 / 3 for name in sources}
        each = {f"{name}/{row}": sign * share[name] for name in sources for row, sign in (("vmp", 1), ("baseline", -1))}
        yield Claim(words, "Table 3", "pretraining_sources", "table3", contrast(each))
    words = "Without prompts Something-Something v2 is the best source to fine-tune from"
    best = {f"{name}/baseline": 1.0 if name == "ssv2" else -1 / 3 for name in sources}
    yield Claim(words, "Table 3", "pretraining_sources", "table3", contrast(best))


def _lambda_claims() -> Iterator[Claim]:
    """Table 7."""
    words = "On FineGym the best λ, 2.5, is better than none"
    yield Claim(words, "Table 7", "cameras", "table7", gain(lambda pair: pair.row == "finegym/timesformer/2.5"))
    words = "On FineGym SlowFast with prompts on one pathway is better with the largest λ than with none"
    one_pathway = ("finegym/slowfast-slow/5", "finegym/slowfast-fast/5")
    yield Claim(words, "Table 7", "cameras", "table7", gain(lambda pair: pair.row in one_pathway))
    words = "On MPII Cooking 2 no regularisation is best (λ = 0 against the mean of the others)"
    none = {"mpii/timesformer/0": 1.0} | {f"mpii/timesformer/{value:g}": -1 / 4 for value in LAMBDAS["mpii"] if value}
    yield Claim(words, "Table 7", "cameras", "table7", contrast(none))
    words = "On MPII Cooking 2 moderate λ, 0.1 to 1, cost SlowFast some accuracy"
    moderate = gain(lambda pair: pair.row.startswith("mpii/slowfast") and not pair.row.endswith("/2"))
    yield Claim(words, "Table 7", "cameras", "table7", moderate)


def _learned_claims() -> Iterator[Claim]:
    """Sec. 3.2, Fig. 4 and Fig. 6."""
    columns: tuple[Number, ...] = ("slope", "shift")
    for column in columns:
        words = f"On FineGym a larger λ ends with a smaller {column} (the largest λ, against λ = 0)"
        look = learned(Learned(column, -1, largest_against_none))
        yield Claim(words, "Fig. 4 a, b", "cameras", "table7", look)
    words = "Without regularisation the shift fluctuates more while it is learned (λ = 0, against the largest)"
    look = learned(Learned("path of the shift", -1, largest_against_none))
    yield Claim(words, "Fig. 4 b", "cameras", "table7", look)
    words = "Regularisation gives maps that vary less in time (Eq. 6; the largest λ, against λ = 0)"
    yield Claim(words, "Fig. 6", "cameras", "table7", learned(Learned("variation, 1/1000", -1, largest_against_none)))
    for column in columns:
        words = f"A static camera teaches a larger {column} than a moving one"
        yield Claim(words, "Fig. 4 c", "cameras", "table1", learned(Learned(column, 1, static_against_moving)))
    for column in columns:
        words = f"FineGym teaches a smaller {column} than HMDB-51"
        yield Claim(words, "Fig. 4 c", "cameras", "table1", learned(Learned(column, -1, moving_against_mixed)))
    words = "On SlowFast's fast pathway the slope becomes steeper than on its slow one"
    yield Claim(words, "Fig. 4 d", "cameras", "table1", learned(Learned("slope", 1, fast_against_slow)))


def _other_claims() -> Iterator[Claim]:
    words = "The weights of fine-tuning with prompts and of a second round with them are the most alike of four pairs"
    *others, first = ([pair] for pair in FIG7.values())
    yield Claim(words, "Fig. 7", "what_fine_tuning_changes", "table2", most_alike(first, others))
    for figure, model in (("8", "x3d"), ("9", "slowfast")):
        words = f"Prompts change {'X3D' if model == 'x3d' else 'SlowFast'}'s weights least on HMDB-51, of three sets"
        mixed, *others = (_with_and_without(model, dataset) for dataset in _SETS)
        yield Claim(words, f"Fig. {figure}", "what_fine_tuning_changes", "table1", most_alike(mixed, others))
    words = "Class by class MPII Cooking 2 gains: 34 of 67 (Table 2's pair; tested: more gain than lose)"
    look = classes("vmp+finetuned-pretrained", "baseline", 34, 67)
    yield Claim(words, "Fig. 11", "class_by_class", "table2", look)
    words = "The layer's cost in time is negligible (at most what the paper's table prints)"
    yield Claim(words, "Table 8", "costs", "table2", overhead)
    words = "The layer's cost grows with the pixels of a frame, O(HW)"
    yield Claim(words, "Table 8", "costs", "table2", linear)


def _with_and_without(model: str, dataset: str) -> list[Rows]:
    """Of Table 1 the rows of Figs. 8 and 9: with prompts, on each of SlowFast's pathways, held against without."""
    where = ("vmp-slow", "vmp-fast", "vmp-both") if model == "slowfast" else ("vmp",)
    split = "/split1" if dataset == "hmdb51" else ""
    return [(f"{dataset}/{model}-k400/{each}{split}", f"{dataset}/{model}-k400/baseline{split}") for each in where]


def claims(
    scale: str = "small",
    seeds: int | Sequence[int] = 3,
    store: Store | str | os.PathLike[str] | None = None,
) -> pd.DataFrame:
    """All claims, judged together.

    Columns: words, where, page, table, unit (of the numbers: "points" of top-1, the mean over rows; a
    :data:`vmp.experiments.claims.learned.Number`; "% of classes", "cosine", "% longer", "as power of HW"), paper
    (missing where it gives no number), here, low, high, rows (for how many of a claim's rows runs are stored), runs
    (how many are compared with as many others), p_holm, verdict (of :data:`vmp.statistics.VERDICTS`, or
    :data:`vmp.experiments.compare.NOT_RUN`).

    Args:
        scale, seeds: as :func:`vmp.experiments.grid.table` takes them.
        store: where records are; None finds it.
    """
    import pandas as pd

    from vmp.statistics import holm

    found = store if isinstance(store, Store) else Store.find(store)
    tables = {name: grid.table(name, scale, seeds) for name in {claim.table for claim in _claims()}}
    seen = [(claim, claim.look(tables[claim.table], found)) for claim in _claims()]
    tested = [place for place, (_, each) in enumerate(seen) if _is_tested(each)]
    corrected = dict(zip(tested, holm([seen[place][1].p for place in tested]), strict=True))
    return pd.DataFrame(
        [_line(claim, each, corrected.get(place, math.nan)) for place, (claim, each) in enumerate(seen)]
    )


def _is_tested(seen: Seen) -> bool:
    """Whether a claim counts for Holm's correction: it has a p, and the paper a direction to agree with."""
    return not math.isnan(seen.p) and seen.direction != 0


def _line(claim: Claim, seen: Seen, p: float) -> dict[str, Any]:
    return {
        "words": claim.words, "where": claim.where, "page": claim.page, "table": claim.table, "unit": seen.unit,
        "paper": seen.paper, "here": seen.here, "low": seen.low, "high": seen.high, "rows": seen.rows,
        "runs": seen.runs, "p_holm": p, "verdict": _verdict(seen, p),
    }  # fmt: skip


def _verdict(seen: Seen, p: float) -> str:
    from vmp.statistics import verdict

    if math.isnan(seen.here):
        return NOT_RUN
    if seen.comparison is not None:
        corrected = None if math.isnan(p) else p
        return verdict(seen.comparison, None if math.isnan(seen.direction) else seen.direction, corrected)
    if seen.verdict:
        return seen.verdict
    if p > LEVEL or seen.low <= 0 <= seen.high:
        return "cannot tell"
    agrees = (seen.here if math.isnan(seen.effect) else seen.effect) * seen.direction > 0
    return "same direction on the stand-in" if agrees else "opposite"
