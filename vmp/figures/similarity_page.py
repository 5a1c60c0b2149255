"""A figure of Figs. 7-9 as a page shows it: lines for the mouse with a still beside them, a table, sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from IPython.display import Markdown

from vmp.experiments.findings.weights_compared import Curve
from vmp.figures.interactive import Interactive
from vmp.figures.similarity import key_figure, similarity_figure, similarity_plot
from vmp.figures.similarity_tables import moved_most, similarity_table, with_yardsticks
from vmp.figures.still import Still


def similarity_page(
    curves: Sequence[Curve], what: str, temporal: Mapping[str, frozenset[str]], more: Sequence[Curve] = ()
) -> list[Any]:
    """What is displayed of a figure, one thing after the other; a line of text where it was not asked for.

    Args:
        curves: the pairs that are drawn.
        what: they are of, in words.
        temporal: the layers that mix moments.
        more: pairs that stand in the table alone.
    """
    if not curves:
        return [Markdown("*Left out: not among the `backbones` and `datasets` that were asked for.*")]
    panels = panels_of(curves)
    alt = f"Cosine between the weights of {what}, layer by layer."
    drawn = Interactive(
        similarity_plot(curves),
        still=Still(
            *(similarity_figure(panel, title) for title, panel in panels.items()),
            key_figure(next(iter(panels.values()))),
            alt=alt,
        ),
        alt=alt,
        caption="Means of the seeds; dashed: no layer on either side. Hover a layer for its name; click a pair to hide "
        "it.",
    )
    said = [text for text in (moved_most(curves), with_yardsticks(curves, temporal)) if text]
    return [drawn, similarity_table([*curves, *more], temporal), *map(Markdown, said)]


def panels_of(curves: Sequence[Curve]) -> dict[str, list[Curve]]:
    """Title -> the pairs of a panel: of Table 1's one for each place of the layer, each with the yardsticks.

    There the key names the data set alone, for the title says the rest.
    """
    titles = dict.fromkeys(
        curve.name.partition(";")[0] for curve in curves if ";" in curve.name and not curve.yardstick
    )
    if not titles:
        return {"": list(curves)}
    return {
        title: [
            curve._replace(name=curve.name.partition("; ")[2] if not curve.yardstick else curve.name.partition(", ")[2])
            for curve in curves
            if curve.yardstick or curve.name.partition(";")[0] == title
        ]
        for title in titles
    }
