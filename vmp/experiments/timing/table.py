"""Table 8 beside the paper's: means, deviations, medians, and the ratio with to without over pairs of runs."""

from __future__ import annotations

import math
import os
import statistics
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from vmp.experiments import paper
from vmp.experiments.store import Store
from vmp.experiments.timing import VARIANTS_OF, Setting, chosen, plan
from vmp.experiments.timing.records import StepTiming, TimingStore

if TYPE_CHECKING:
    import pandas as pd

#: What is timed -> its parts as Table 8 names them, added up.
PARTS = {
    "train_forward": ("train_forward",),
    "train_backward": ("train_backward",),
    "train_step": ("train_forward", "train_backward"),
    "test_forward": ("test_forward",),
}
PHASE_TITLES = {
    "train_forward": "training, forward",
    "train_backward": "training, backward",
    "train_step": "training, forward and backward",
    "test_forward": "testing, forward",
}
TITLES = {
    "slowfast": "SlowFast", "c2d": "C2D", "i3d": "I3D", "x3d": "X3D", "timesformer": "TimeSformer",
}  # fmt: skip
LAYER_TITLES = {
    "baseline": "", "vmp": " + VMPs", "vmp-slow": " + VMPs (slow)", "vmp-fast": " + VMPs (fast)",
    "vmp-both": " + VMPs (both)",
}  # fmt: skip
#: The paper's backbones with the layer: family and variant.
TIMED = tuple((family, variant) for family, each in VARIANTS_OF.items() for variant in each if variant != "baseline")
#: A printed time has three decimals: by so much it can be off, seconds.
ROUNDING = 0.0005


class Summary(NamedTuple):
    """Of some times, in their unit; the deviation is that of a sample (n - 1), and missing for one time."""

    mean: float
    std: float
    median: float
    lowest: float
    highest: float


def summary(times: Sequence[float]) -> Summary:
    """Mean, standard deviation, median, lowest, highest.

    Raises:
        ValueError: no times.
    """
    if not times:
        raise ValueError("expected at least one time, got none")
    deviation = statistics.stdev(times) if len(times) > 1 else math.nan
    return Summary(statistics.fmean(times), deviation, statistics.median(times), min(times), max(times))


def ratios(with_layer: Sequence[float], without: Sequence[float]) -> list[float]:
    """With over without, run by run, as they were taken in turns.

    Raises:
        ValueError: not as many of one as of the other, or none.
    """
    if not with_layer or len(with_layer) != len(without):
        raise ValueError(f"expected pairs of times, got {len(with_layer)} with the layer and {len(without)} without")
    return [a / b for a, b in zip(with_layer, without, strict=True)]


def table(
    scale: str = "small",
    store: Store | str | os.PathLike[str] | None = None,
    device: str = "auto",
    backbones: Sequence[str] | str | None = None,
) -> pd.DataFrame:
    """The rows of Table 8, the paper's and those here, once for each setting of the scale.

    Where times of full-size models on a GPU are stored, they are in it too, at any scale.

    Columns: backbone and variant (the paper's names), phase (of :data:`PARTS`), title; paper_seconds,
    paper_std_seconds (missing for a sum), paper_ratio, paper_ratio_low and paper_ratio_high (what rounding to
    milliseconds allows); size, batch, on ("cpu" or "cuda"), setting (in words), name (of ``vmp.build``), state
    ("stored" or "missing"), runs, mean_seconds, std_seconds, median_seconds, lowest_seconds, highest_seconds; ratio,
    ratio_lowest, ratio_highest (median and range over pairs of runs, against the baseline); peak_bytes and
    added_bytes (peak, and what a training step adds to what is there before), device, threads, load, date, version,
    commit. Missing values are NaN, or empty where they are text.

    Args:
        scale, device: as :func:`vmp.experiments.timing.plan` takes them.
        store: where results are; None finds it.
        backbones: as :func:`vmp.experiments.timing.chosen` takes them; None: all of the scale.

    Raises:
        ValueError: an unknown name; a file of the store that was cut short or changed.
    """
    import pandas as pd

    planned, kept = plan(scale, device), TimingStore(store)
    names = chosen(backbones, planned.backbones)
    wanted, more = list(planned.settings), plan("gpu").settings
    found = [kept.steps(name, each.size, each.batch, each.on) for each in more for name in names.values()]
    wanted += [each for each in more if each not in wanted and any(found)]
    rows = [
        row
        for setting in wanted
        for family, name in names.items()
        for row in _rows(family, name, setting, kept.steps(name, setting.size, setting.batch, setting.on))
    ]
    return pd.DataFrame(rows)


def printed(family: str, variant: str, phase: str) -> dict[str, float]:
    """What Table 8 prints: paper_seconds, paper_std_seconds, paper_ratio, paper_ratio_low, paper_ratio_high.

    Args:
        family, variant: the paper's names, a pair of :data:`TIMED`.
        phase: of :data:`PARTS`.
    """
    parts = PARTS[phase]
    ours, base = (
        [paper.rows(8, backbone=family, variant=each, phase=part).iloc[0] for part in parts]
        for each in (variant, "baseline")
    )
    seconds, without = (round(sum(float(row["mean_seconds_per_batch"]) for row in rows), 3) for rows in (ours, base))
    off = 0.0 if variant == "baseline" else ROUNDING * len(parts)
    return {
        "paper_seconds": seconds,
        "paper_std_seconds": float(ours[0]["std_seconds"]) if len(parts) == 1 else math.nan,
        "paper_ratio": seconds / without,
        "paper_ratio_low": (seconds - off) / (without + off),
        "paper_ratio_high": (seconds + off) / (without - off),
    }


def printable(rows: pd.DataFrame) -> pd.DataFrame:
    """:func:`table` as text, a row a model and phase: the paper's seconds and ratio, then both of each setting.

    Seconds are mean ± deviation, ratios the median (lowest to highest).
    """
    import pandas as pd

    keys = ["backbone", "variant", "phase"]
    made = []
    for _, group in rows.groupby(keys, sort=False):
        first = group.iloc[0]
        line = {
            "model": first["title"],
            "phase": PHASE_TITLES[first["phase"]],
            "paper, s": seconds_text(first["paper_seconds"], first["paper_std_seconds"], 3),
            "paper, ratio": "" if first["variant"] == "baseline" else f"{first['paper_ratio']:.2f}",
        }
        for _, row in group.iterrows():
            line[f"{row['setting']}, s"] = seconds_text(row["mean_seconds"], row["std_seconds"])
            line[f"{row['setting']}, ratio"] = ratio_text(row)
        made.append(line)
    return pd.DataFrame(made)


def medians(rows: pd.DataFrame) -> pd.DataFrame:
    """Seconds of :func:`table` as text, a row a model and phase, a column a setting: median (lowest to highest)."""
    import pandas as pd

    made = []
    for _, group in rows.groupby(["backbone", "variant", "phase"], sort=False):
        line = {"model": group.iloc[0]["title"], "phase": PHASE_TITLES[group.iloc[0]["phase"]]}
        for _, row in group.iterrows():
            times = [seconds_text(row[f"{name}_seconds"], math.nan) for name in ("median", "lowest", "highest")]
            line[row["setting"]] = "–" if row["state"] == "missing" else f"{times[0]} ({times[1]} to {times[2]})"
        made.append(line)
    return pd.DataFrame(made)


def seconds_text(mean: float, deviation: float, decimals: int | None = None) -> str:
    """Mean ± deviation; three digits of the mean where no decimals are given, a dash where there is none."""
    if math.isnan(mean):
        return "–"
    if decimals is None:
        decimals = max(2 - math.floor(math.log10(mean)), 0)
    return f"{mean:.{decimals}f}" + ("" if math.isnan(deviation) else f" ± {deviation:.{decimals}f}")


def ratio_text(row: Any) -> str:
    """Median (lowest to highest) of a row's ratio; empty for a baseline, a dash where it was not timed."""
    if row["variant"] == "baseline":
        return ""
    if math.isnan(row["ratio"]):
        return "–"
    return f"{row['ratio']:.2f} ({row['ratio_lowest']:.2f} to {row['ratio_highest']:.2f})"


def _rows(family: str, name: str, setting: Setting, timing: StepTiming | None) -> list[dict[str, Any]]:
    return [
        {"backbone": family, "variant": variant, "phase": phase, "title": TITLES[family] + LAYER_TITLES[variant]}
        | printed(family, variant, phase)
        | {"size": setting.size, "batch": setting.batch, "on": setting.on, "setting": setting.title, "name": name}
        | _measured(timing, variant, phase)
        for variant in VARIANTS_OF[family]
        for phase in PARTS
    ]


def _measured(timing: StepTiming | None, variant: str, phase: str) -> dict[str, Any]:
    numbers = (
        "mean_seconds", "std_seconds", "median_seconds", "lowest_seconds", "highest_seconds",
        "ratio", "ratio_lowest", "ratio_highest", "peak_bytes", "added_bytes", "load",
    )  # fmt: skip
    if timing is None:
        texts: dict[str, Any] = dict.fromkeys(("device", "date", "version", "commit"), "")
        return {"state": "missing", "runs": 0, "threads": 0} | dict.fromkeys(numbers, math.nan) | texts
    times, without = (_together(timing, each, phase) for each in (variant, "baseline"))
    pairs, memory = summary(ratios(times, without)), timing.memory.get(variant, {})
    peak = memory.get("peak", math.nan)
    values = (
        *summary(times), pairs.median, pairs.lowest, pairs.highest, peak, peak - memory.get("before", math.nan),
        math.nan if timing.load is None else timing.load,
    )  # fmt: skip
    return (
        {"state": "stored", "runs": len(times), "threads": timing.threads, "device": timing.device}
        | dict(zip(numbers, values, strict=True))
        | {"date": timing.date, "version": timing.source["version"], "commit": timing.source.get("commit", "")}
    )


def _together(timing: StepTiming, variant: str, phase: str) -> list[float]:
    """The parts of a phase added up, run by run."""
    return [sum(parts) for parts in zip(*(timing.seconds[variant][part] for part in PARTS[phase]), strict=True)]
