"""Table 7 and Fig. 4 as pictures: accuracy over lambda, the paper's and here; slope and shift over the epochs."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import matplotlib.pyplot as plt
import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vmp.figures.palette import NEUTRAL
from vmp.figures.reproduced import spread
from vmp.figures.still import CURVES, PANEL_WIDTH, still_style
from vmp.figures.tables import Table
from vmp.figures.variation_plots import SHIFT_BOUNDS, SLOPE_BOUNDS

if TYPE_CHECKING:
    import plotly.graph_objects as go

_BOUNDS = {"slope": SLOPE_BOUNDS, "shift": SHIFT_BOUNDS}
_PAPERS = {"mpii": "MPII Cooking 2", "finegym": "FineGym"}
_NAMES = {"slope": "slope a", "shift": "shift b"}


def accuracy_figures(rows: pd.DataFrame) -> list[Figure]:
    """For each data set two panels, the paper's accuracies over lambda and those here; a line a backbone.

    A ring is the best of a line; dotted, the lambda that validation chose. A whisker goes from the lowest seed to the
    highest. What is not there leaves a gap.

    Args:
        rows: of :func:`vmp.experiments.findings.choice_of_lambda.over_lambda`.
    """
    figures = []
    for dataset, of_set in rows.groupby("dataset", sort=False):
        titles = (
            (f"Paper, {_PAPERS[of_set['paper_set'].iloc[0]]}", "paper_top1", "paper_title"),
            (f"Here, {dataset}", "top1", "title"),
        )
        for title, column, name in titles:
            with still_style():
                figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 3.0))
                for colour, (_, line) in zip(CURVES, of_set.groupby("kind", sort=False), strict=False):
                    _accuracy_line(axes, line, column, line[name].iloc[0], colour)
                lambdas = list(dict.fromkeys(of_set["lambda_"]))
                if column == "top1":
                    _mark_chosen(axes, of_set, lambdas)
                axes.set_xticks(range(len(lambdas)), [f"{value:g}" for value in lambdas])
                axes.set(title=title, xlabel="λ", ylabel="top-1, percent", xlim=(-0.3, len(lambdas) - 0.7))
                figure.legend(loc="outside lower left", ncols=2, handlelength=1.0, columnspacing=0.8, fontsize=8.0)
            figures.append(figure)
    return figures


def _accuracy_line(axes: Axes, line: pd.DataFrame, column: str, label: str, colour: str) -> None:
    places, values = np.arange(len(line)), line[column].to_numpy(dtype=float)
    axes.plot(places, values, "o-", color=colour, markersize=4, linewidth=1.4, label=label)
    if np.isnan(values).all():
        return
    if column == "top1":
        axes.vlines(places, line["top1_low"], line["top1_high"], color=colour, linewidth=0.9)
    best = int(np.nanargmax(values))
    axes.plot(best, values[best], "o", markerfacecolor="none", markeredgecolor=colour, markersize=10)


def _mark_chosen(axes: Axes, of_set: pd.DataFrame, lambdas: list[float]) -> None:
    for value in of_set.loc[of_set["chosen"], "lambda_"].unique():
        axes.axvline(lambdas.index(value), color=NEUTRAL, linewidth=1.0, linestyle=":", zorder=0)


def accuracy_over_lambda(rows: pd.DataFrame) -> Table:
    """One data set's part of Table 7: two lines a backbone, the paper's and the one here, a column a lambda.

    Args:
        rows: of :func:`vmp.experiments.findings.choice_of_lambda.over_lambda`, of one data set.
    """
    lines: list[dict[str, str]] = []
    for _, line in rows.groupby("kind", sort=False):
        each: list[Any] = line.to_dict("records")
        papers = {_heading(row): "–" if np.isnan(row["paper_top1"]) else f"{row['paper_top1']:.1f}" for row in each}
        here = {_heading(row): spread(row, "top1") for row in each}
        lines += [{"": f"paper: {each[0]['paper_title']}"} | papers, {"": f"here: {each[0]['title']}"} | here]
    dataset, name = rows["dataset"].iloc[0], _PAPERS[rows["paper_set"].iloc[0]]
    caption = f"Top-1 in percent. Paper: {name}, one run each. Here: {dataset}, mean of the seeds (lowest–highest)."
    return Table(pd.DataFrame(lines), caption=caption)


def _heading(row: Any) -> str:
    return f"λ = {row['lambda_']:g}" + (" (chosen)" if row["chosen"] else "")


def by_pathway(epochs: pd.DataFrame) -> pd.DataFrame:
    """The training logs' slopes and shifts with one pathway a row: row, seed, epoch, pathway, slope, shift.

    A model with one pathway has "clip".

    Args:
        epochs: as :func:`vmp.experiments.load` gives them; columns slope and shift, or slope_slow and so on.
    """
    columns = ["row", "seed", "epoch", "pathway", "slope", "shift"]
    parts = [pd.DataFrame(columns=columns)]
    for name in epochs.columns:
        if name == "slope" or name.startswith("slope_"):
            found = epochs[epochs[name].notna()]
            pathway = name.removeprefix("slope").removeprefix("_")
            shift = found[f"shift{pathway and '_'}{pathway}"]
            parts.append(
                found[["row", "seed", "epoch"]].assign(pathway=pathway or "clip", slope=found[name], shift=shift)
            )
    filled = [part for part in parts if len(part)]
    return pd.concat(filled, ignore_index=True) if filled else parts[0]


def epoch_figures(paths: pd.DataFrame, rows: pd.DataFrame, title: str) -> list[Figure]:
    """Two panels, slope and shift over the epochs: a line a run, a colour a lambda, a ring where training began.

    Args:
        paths: of :func:`by_pathway`, one pathway.
        rows: of one data set and backbone, as ``over_lambda`` gives them.
        title: data set, before what the panel shows.
    """
    figures = []
    for column in ("slope", "shift"):
        with still_style():
            figure, axes = plt.subplots(figsize=(PANEL_WIDTH, 2.8))
            for colour, row in zip(CURVES, rows.to_dict("records"), strict=False):
                axes.plot([], [], color=colour, label=f"{row['lambda_']:g}")
                for _, run in paths[paths["row"] == row["key"]].groupby("seed"):
                    axes.plot(run["epoch"], run[column], color=colour, linewidth=1.1)
                    start = run.iloc[0]
                    axes.plot(start["epoch"], start[column], "o", mfc="none", mec=colour, markersize=5)
            for bound in _BOUNDS[column]:
                axes.axhline(bound, color=NEUTRAL, linewidth=0.8, linestyle=":")
            axes.set(title=f"{title}: {_NAMES[column]}", xlabel="epoch")
            figure.legend(title="λ", loc="outside lower left", ncols=5, handlelength=1.0, columnspacing=1.0)
        figures.append(figure)
    return figures


def epoch_plot(paths: pd.DataFrame, rows: pd.DataFrame) -> go.Figure:
    """Slope above shift over the epochs for the mouse, with a list to choose data set, backbone and pathway from.

    Args:
        paths: of :func:`by_pathway`.
        rows: of :func:`vmp.experiments.findings.choice_of_lambda.over_lambda`; the first backbone of the last data
            set is shown first, as in the paper's figure.
    """
    import plotly.graph_objects as go
    from plotly.subplots import make_subplots

    figure = make_subplots(rows=2, cols=1, shared_xaxes=True, vertical_spacing=0.06)
    groups: list[str] = []
    owners: list[int] = []
    first = 0
    for (dataset, kind), of_kind in rows.groupby(["dataset", "kind"], sort=False):
        found = paths[paths["row"].isin(of_kind["key"])]
        for pathway, of_pathway in found.groupby("pathway", sort=False):
            if dataset == rows["dataset"].iloc[-1] and kind == rows["kind"].iloc[0]:
                first = len(groups)
            which = f", its {pathway} pathway" if found["pathway"].nunique() > 1 else ""
            groups.append(f"{dataset}: {of_kind['title'].iloc[0]}{which}")
            for place, column in enumerate(("slope", "shift"), start=1):
                for trace in _traces(of_pathway, of_kind, column):
                    figure.add_trace(go.Scatter(**trace), row=place, col=1)
                    owners.append(len(groups) - 1)
    for trace, owner in zip(figure.data, owners, strict=True):
        trace.visible = owner == first
    buttons: list[Any] = [
        {"label": name, "method": "update", "args": [{"visible": [owner == place for owner in owners]}]}
        for place, name in enumerate(groups)
    ]
    figure.update_layout(
        height=520,
        margin={"l": 50, "r": 10, "t": 50, "b": 45},
        legend={"orientation": "h", "yanchor": "top", "y": -0.12},
        updatemenus=[{"buttons": buttons, "active": first, "x": 0, "xanchor": "left", "y": 1.12, "yanchor": "top"}]
        if buttons
        else [],
    )
    figure.update_xaxes(title={"text": "epoch"}, row=2, col=1)
    for place, column in enumerate(("slope", "shift"), start=1):
        figure.update_yaxes(title={"text": _NAMES[column]}, row=place, col=1)
    return figure


def _traces(paths: pd.DataFrame, rows: pd.DataFrame, column: str) -> list[dict[str, Any]]:
    """The lines of one backbone and pathway; only those of the slope are in the legend."""
    traces: list[dict[str, Any]] = []
    for colour, row in zip(CURVES, rows.to_dict("records"), strict=False):
        name = f"λ = {row['lambda_']:g}"
        for place, (seed, run) in enumerate(paths[paths["row"] == row["key"]].groupby("seed")):
            traces.append(
                {
                    "x": run["epoch"], "y": run[column].astype(float).round(4), "mode": "lines", "name": name,
                    "legendgroup": name, "showlegend": column == "slope" and place == 0,
                    "line": {"color": colour, "width": 1.5},
                    "hovertemplate": f"{name}, seed {seed}<br>epoch %{{x}}: %{{y}}<extra></extra>",
                }
            )  # fmt: skip
    return traces
