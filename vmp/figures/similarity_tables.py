"""How alike two runs' weights are, in a table and in computed sentences: which layers moved most, and those over time.

A cosine says how far two sets of weights point apart; it does not say that what parts them is the motion prompt layer.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd

from vmp.experiments.findings.weights_compared import FIG7_YARDSTICK_OF, Curve, lowest, means
from vmp.experiments.text import count
from vmp.figures.reproduced import NOT_RUN
from vmp.figures.tables import Table

#: What the paper says of Figs. 8 and 9.
HMDB_CLAIM = "In the paper the weights with and without the layer are the most alike on HMDB-51."


def similarity_table(curves: Sequence[Curve], temporal: Mapping[str, frozenset[str]]) -> Table:
    """A line a pair: mean cosine over the layers, over those that mix moments and the others, and the lowest layer."""
    each = [means(curve, temporal) for curve in curves]
    least = [next(iter(lowest(curve, 1).items()), None) for curve in curves]
    frame = pd.DataFrame(
        {
            "weights compared": [curve.name for curve in curves],
            "all layers": [mean["all"] for mean in each],
            "over time": [mean["temporal"] for mean in each],
            "the others": [mean["other"] for mean in each],
            "least alike": [NOT_RUN if one is None else f"{one[0]} ({one[1]:.2f})" for one in least],
        }
    )
    return Table(
        frame,
        decimals=3,
        stack=True,
        caption="Cosine between two runs' weights: means over the layers and the seeds; the last layer is left out. "
        "Over time: layers that mix moments, such as kernels longer than one frame and attention over time.",
    )


def moved_most(curves: Sequence[Curve]) -> str:
    """A list: which three layers of each pair are least alike."""
    return "\n".join(
        f"- {curve.name}: least alike in {_listed(lowest(curve))}."
        for curve in curves
        if len(curve.layers) and not curve.yardstick
    )


def against_yardstick(curve: Curve, yardstick: Curve, temporal: Mapping[str, frozenset[str]]) -> str:
    """Whether the layer moves the weights further than its absence does; empty where one of the two is not stored."""
    if not len(curve.layers) or not len(yardstick.layers):
        return ""
    mean, own = means(curve, temporal), means(yardstick, temporal)
    both = curve.layers.merge(yardstick.layers, on="layer", suffixes=("", "_own"))
    further = int((both["cosine"] < both["cosine_own"]).sum())
    said = (
        f"{curve.name}: mean cosine {mean['all']:.3f}; {yardstick.name}: {own['all']:.3f}. In {further} of {len(both)} "
        "layers the first is lower"
    )
    if pd.isna(mean["temporal"]):
        return f"{said}."
    return (
        f"{said}. In the layers over time {mean['temporal']:.3f} and {own['temporal']:.3f}, in the others "
        f"{mean['other']:.3f} and {own['other']:.3f}."
    )


def with_yardsticks(curves: Sequence[Curve], temporal: Mapping[str, frozenset[str]]) -> str:
    """A list: every pair of a figure beside its yardstick; what is not stored is left out."""
    said = [against_yardstick(curve, own, temporal) for curve, own in yardsticks(curves)]
    return "\n".join(f"- {sentence}" for sentence in said if sentence)


def yardsticks(curves: Sequence[Curve]) -> list[tuple[Curve, Curve]]:
    """Each pair with the layer on one side, and the pair without it that is its yardstick."""
    named = {curve.name: curve for curve in curves}
    own = {(curve.backbone, curve.colour): curve for curve in curves if curve.yardstick}
    found = []
    for curve in curves:
        yardstick = named.get(FIG7_YARDSTICK_OF.get(curve.name, "")) or own.get((curve.backbone, curve.colour))
        if yardstick is not None and not curve.yardstick:
            found.append((curve, yardstick))
    return found


def most_alike(curves: Sequence[Curve], expected: str, claim: str) -> str:
    """Whether the pair that the paper finds most alike is so here; that it cannot be told, until two pairs are stored.

    Args:
        curves: of which yardsticks do not count.
        expected: what the name of the paper's most similar pair, or pairs, contains.
        claim: what the paper says, in words.
    """
    mean = {curve.name: curve.layers["cosine"].mean() for curve in curves if len(curve.layers) and not curve.yardstick}
    if len(mean) < 2 or not any(expected in name for name in mean):
        return f"{claim} Too few of the pairs are stored to tell whether it is so here."
    first = max(mean, key=lambda name: mean[name])
    listed = ", ".join(f"{name} {value:.3f}" for name, value in sorted(mean.items(), key=lambda item: -item[1]))
    agrees = "as there" if expected in first else "another than there"
    return f"{claim} Here the most alike are: {first} ({agrees}). In full: {listed}."


def outcome(curves: Sequence[Curve], temporal: Mapping[str, frozenset[str]]) -> str:
    """Of how many pairs with the layer on one side the weights lie further apart than those of their yardstick."""
    pairs = [(curve, own) for curve, own in yardsticks(curves) if len(curve.layers) and len(own.layers)]
    if not pairs:
        return "No pair is stored together with its yardstick: nothing here tells the layer from another seed."
    said = [
        _further(pairs, "all", "all layers", temporal),
        _further(pairs, "temporal", "the layers over time", temporal),
    ]
    return (
        f"{count(len(pairs), 'pair')} with the layer on one side can be held against a yardstick without it. "
        f"{' '.join(said)}"
    ).strip()


def _further(pairs: Sequence[tuple[Curve, Curve]], part: str, what: str, temporal: Mapping[str, frozenset[str]]) -> str:
    both = [(means(curve, temporal)[part], means(own, temporal)[part]) for curve, own in pairs]
    differences = [mean - own for mean, own in both if not pd.isna(mean)]
    if not differences:
        return ""
    mean = sum(differences) / len(differences)
    by = f"{'lower' if mean < 0 else 'higher'} by {abs(mean):.3f}" if abs(mean) >= 0.0005 else "the same to 0.001"
    return (
        f"On average over {what} the weights with the layer are further apart than those of the yardstick in "
        f"{sum(difference < 0 for difference in differences)} of {len(differences)}; their cosine is {by} in the mean "
        "of the pairs."
    )


def _listed(layers: dict[str, float]) -> str:
    return ", ".join(f"`{name}` ({cosine:.2f})" for name, cosine in layers.items())
