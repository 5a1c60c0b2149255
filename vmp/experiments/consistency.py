"""The paper's tables held against each other: what follows from the printed numbers alone.

Each function gives a DataFrame in percent, percentage points or seconds; the printed numbers come
from :mod:`vmp.experiments.paper`. Rounding to the printed digits is allowed for wherever it could explain a difference.
"""

from __future__ import annotations

import pandas as pd

from vmp.experiments import paper

#: How Table 7 names a backbone -> how Table 1 names its backbone, variant and pretraining.
_TABLE7_IN_TABLE1 = {
    "timesformer": ("timesformer", "vmp", "k600"),
    "slowfast-slow": ("slowfast", "vmp-slow", "k400"),
    "slowfast-fast": ("slowfast", "vmp-fast", "k400"),
    "slowfast-both": ("slowfast", "vmp-both", "k400"),
}

#: Runs that each mean and deviation of Table 8 is over.
TABLE8_RUNS = 10


def wrong_gains() -> pd.DataFrame:
    """The rows of :func:`vmp.experiments.paper.gains` whose printed gain is not the difference of its accuracies."""
    gains = paper.gains()
    return gains[gains["printed_gain_points"] != gains["computed_gain_points"]].reset_index(drop=True)


def hmdb_means() -> pd.DataFrame:
    """The mean over the HMDB-51 splits, printed and computed.

    Columns: backbone, pretrained_on, variant, printed_percent, computed_percent, lowest_percent, highest_percent (what
    the splits can have been before they were rounded), rounds_to_printed.
    """
    hmdb = paper.rows(1, dataset="hmdb51")
    keys = ["backbone", "pretrained_on", "variant"]
    splits = hmdb[hmdb["split"] != "mean"].groupby(keys, sort=False)["accuracy_percent"].mean()
    printed = hmdb[hmdb["split"] == "mean"].set_index(keys)["accuracy_percent"]
    frame = pd.DataFrame({"printed_percent": printed, "computed_percent": splits})
    frame["lowest_percent"] = frame["computed_percent"] - 0.05
    frame["highest_percent"] = frame["computed_percent"] + 0.05
    frame["rounds_to_printed"] = (frame["computed_percent"].round(1) - frame["printed_percent"]).abs() < 1e-6
    return frame.reset_index()


def table1_against_table7() -> pd.DataFrame:
    """For each of the eight entries that Tables 1 and 7 share: is it the best over lambda?

    Columns: dataset, backbone, baseline_percent (Table 1, without prompts), table1_percent, best_percent and
    best_lambda (Table 7; the smallest lambda where several are best), lambda0_percent, worst_percent,
    lambdas (how many were tried), table1_is_best.
    """
    rows: list[dict[str, object]] = []
    for dataset in ("mpii", "finegym"):
        for name, (backbone, variant, source) in _TABLE7_IN_TABLE1.items():
            chosen = {"dataset": dataset, "metric": "top1", "backbone": backbone, "pretrained_on": source}
            tried = paper.rows(7, dataset=dataset, backbone=name).dropna()
            best = tried.sort_values("top1_percent", ascending=False, kind="stable").iloc[0]
            printed = paper.value(1, **chosen, variant=variant)
            rows.append(
                {
                    "dataset": dataset,
                    "backbone": name,
                    "baseline_percent": paper.value(1, **chosen, variant="baseline"),
                    "table1_percent": printed,
                    "best_percent": float(best["top1_percent"]),
                    "best_lambda": float(best["lambda"]),
                    "lambda0_percent": paper.value(7, dataset=dataset, backbone=name, lambda_=0),
                    "worst_percent": float(tried["top1_percent"].min()),
                    "lambdas": len(tried),
                    "table1_is_best": printed == best["top1_percent"],
                }
            )
    return pd.DataFrame(rows)


def deviations_too_large() -> pd.DataFrame:
    """Rows of Table 8 whose deviation no ten times of that mean can have, and still not with rounding allowed for.

    Columns: backbone, variant, phase, mean_seconds_per_batch, std_seconds, largest_std_seconds (for the printed mean),
    largest_std_with_rounding_seconds (for the largest mean that is printed so), smallest_std_seconds (the smallest
    deviation that is printed so).
    """
    times = paper.table(8)
    for column, extra in (("largest_std_seconds", 0.0), ("largest_std_with_rounding_seconds", 0.0005)):
        times[column] = [
            paper.largest_standard_deviation(mean + extra, TABLE8_RUNS) for mean in times["mean_seconds_per_batch"]
        ]
    times["smallest_std_seconds"] = times["std_seconds"] - 0.0005
    impossible = times["smallest_std_seconds"] > times["largest_std_with_rounding_seconds"]
    return times[impossible].reset_index(drop=True)


def time_growth() -> pd.DataFrame:
    """Table 8: how much longer each phase takes with the layer.

    Columns: backbone, variant, phase, baseline_seconds, vmp_seconds, growth_percent; longest growth first.
    """
    times = paper.table(8).drop(columns="std_seconds")
    base = times[times["variant"] == "baseline"].drop(columns="variant")
    with_layer = times[times["variant"] != "baseline"]
    merged = with_layer.merge(base, on=["backbone", "phase"], suffixes=("", "_base"))
    frame = merged[["backbone", "variant", "phase"]].copy()
    frame["baseline_seconds"] = merged["mean_seconds_per_batch_base"]
    frame["vmp_seconds"] = merged["mean_seconds_per_batch"]
    frame["growth_percent"] = 100 * (frame["vmp_seconds"] / frame["baseline_seconds"] - 1)
    return frame.sort_values("growth_percent", ascending=False, kind="stable").reset_index(drop=True)


def timesformer_against_x3d(pretrained_on: str = "k400") -> pd.DataFrame:
    """FineGym and MPII Cooking 2 in Table 1, TimeSformer (from Kinetics-400 or "k600") beside X3D.

    Columns: dataset, metric, variant, x3d_percent, timesformer_percent, lead_points (TimeSformer's).
    """
    both = paper.table(1)
    both = both[both["dataset"] != "hmdb51"]
    keys = ["dataset", "metric", "variant"]
    x3d = both[both["backbone"] == "x3d"].set_index(keys)["accuracy_percent"]
    chosen = (both["backbone"] == "timesformer") & (both["pretrained_on"] == pretrained_on)
    timesformer = both[chosen].set_index(keys)["accuracy_percent"]
    frame = pd.DataFrame({"x3d_percent": x3d, "timesformer_percent": timesformer})
    frame["lead_points"] = (frame["timesformer_percent"] - frame["x3d_percent"]).round(1)
    return frame.reset_index()
