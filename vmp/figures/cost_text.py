"""What the layer costs, in sentences that are computed from what is stored."""

from __future__ import annotations

import math

import pandas as pd

from vmp.experiments.text import count
from vmp.experiments.timing.layer import Growth, operations
from vmp.experiments.timing.records import LayerTiming


def provenance(rows: pd.DataFrame) -> str:
    """Where the numbers come from, a sentence a setting; what is missing is named."""
    said = []
    for setting, group in rows.groupby("setting", sort=False):
        stored = group[group["state"] == "stored"]
        lost = sorted(set(group["name"]) - set(stored["name"]))
        if stored.empty:
            said.append(f"{setting}: nothing is stored yet.")
            continue
        dates = sorted({date[:10] for date in stored["date"]})
        threads = sorted(set(stored["threads"]))
        commits = ", ".join(sorted(set(stored["commit"]) - {""})) or "none known"
        load = stored["load"].max()
        said.append(
            f"{setting}: {'; '.join(sorted(set(stored['device'])))}, {' or '.join(map(str, threads))} threads, "
            f"{stored['runs'].max()} runs, {dates[0]}{'' if len(dates) == 1 else ' to ' + dates[-1]}, commit {commits}"
            + ("" if math.isnan(load) else f"; load of the machine when it began, at most {load:.1f}")
            + (f". Not stored: {', '.join(lost)}" if lost else "")
            + "."
        )
    return "\n".join(f"- {line}" for line in said)


def findings(rows: pd.DataFrame) -> str:
    """The paper's overheads and those here, a sentence each for a training step and a test of every setting."""
    shown = rows[rows["variant"] != "baseline"]
    said = []
    for phase, words in (("train_step", "a training step (forward and backward)"), ("test_forward", "a test")):
        of_phase = shown[shown["phase"] == phase]
        said.append(f"In the paper {words} takes {_range(of_phase.drop_duplicates('title'), 'paper_ratio')}.")
        for setting, group in of_phase[of_phase["state"] == "stored"].groupby("setting", sort=False):
            always = int((group["ratio_lowest"] > 1).sum())
            said.append(
                f"Here, {setting}: {_range(group, 'ratio')}; of {count(len(group), 'variant')} {always} "
                f"{'is' if always == 1 else 'are'} slower with the layer in every pair of runs."
            )
    return "\n".join(f"- {line}" for line in said)


def memory_table(rows: pd.DataFrame) -> pd.DataFrame:
    """A row a variant and setting with a peak: model, setting, peak and what a step adds in GiB, and the ratio of that.

    Columns: model, setting, "peak, GiB", "added by a step, GiB", "with / without" (of what is added). Empty where no
    memory is stored.
    """
    stored = rows[(rows["phase"] == "train_step") & rows["peak_bytes"].notna()]
    base = stored[stored["variant"] == "baseline"].set_index(["backbone", "setting"])["added_bytes"]
    made = [
        {
            "model": row["title"],
            "setting": row["setting"],
            "peak, GiB": row["peak_bytes"] / 2**30,
            "added by a step, GiB": row["added_bytes"] / 2**30,
            "with / without": math.nan
            if row["variant"] == "baseline"
            else row["added_bytes"] / base[row["backbone"], row["setting"]],
        }
        for row in stored.to_dict("records")
    ]
    columns = ["model", "setting", "peak, GiB", "added by a step, GiB", "with / without"]
    return pd.DataFrame(made, columns=columns)


def growth_sentence(timing: LayerTiming, fit: Growth) -> str:
    """The straight line, the exponent with its interval, and whether growth with HW is in it."""
    sides = [int(side) for side in timing.seconds]
    prompts = timing.batch * (timing.frames - 1)
    power = "the power of HW cannot be told from these times"
    if fit.high - fit.low < 1:  # false for NaN too
        power = (
            f"a free power of HW above the overhead comes to {fit.exponent:.3f} (95 % interval {fit.low:.3f} to "
            f"{fit.high:.3f}; 1 is {'inside' if fit.low <= 1 <= fit.high else 'outside'})"
        )
    return (
        f"Over {len(sides)} sizes from {min(sides)} to {max(sides)} pixels a side ({timing.device}, "
        f"{timing.threads} threads, batch {timing.batch}, {timing.frames} frames, {timing.date[:10]}) a straight line "
        f"in HW is off by at most {100 * fit.misfit:.0f} %: {_number(1e3 * fit.overhead)} ms whatever the size, and "
        f"{_number(1e9 * fit.a_pixel / prompts)} ns a pixel and prompt; {power}."
    )


def operations_sentence(sides: tuple[int, int, int] = (16, 32, 64), frames: int = 9) -> str:
    """How many operations a pixel and prompt the layer does, from two sizes, and whether the third agrees exactly."""
    small, middle, large = (operations(side, 1, frames) for side in sides)
    squares = [side * side for side in sides]
    slope = (middle - small) / (squares[1] - squares[0])
    fixed = small - slope * squares[0]
    exact = large == slope * squares[2] + fixed
    return (
        f"Counted, a clip of {frames} frames takes {slope:g} HW + {fixed:g} operations forward and backward, "
        f"{slope / (frames - 1):.1f} a pixel and prompt; at {sides[2]} pixels a side that is "
        f"{'exact' if exact else 'not exact'}."
    )


def _range(group: pd.DataFrame, column: str) -> str:
    """From the lowest to the highest of some ratios, and whose that is."""
    ordered = group.sort_values(column)
    low, most = ordered.iloc[0], ordered.iloc[-1]
    if len(group) == 1:
        return f"{most[column]:.2f} times as long with {most['title']}"
    return f"{low[column]:.2f} to {most[column]:.2f} times as long, most with {most['title']}"


def _number(value: float) -> str:
    return f"{value:.2f}".replace("-", "−")
