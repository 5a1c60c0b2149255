"""What is in a manifest: counts by class and split, durations, resolutions, for a table or for a terminal."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vmp.data.manifest import Manifest
from vmp.data.manifest_columns import MEASURED, SPLITS
from vmp.data.manifest_report import clip_seconds

_BAR = 40
_CLASSES_SHOWN = 120


@dataclass(frozen=True, eq=False)
class Summary:
    """Numbers of a manifest.

    Attributes:
        title: the set, and how large it is.
        counts: clips; a row a class, a column a part of each split ("train", or "split1 train").
        seconds: float64 (N,), how long each clip is; not a number where nobody knows.
        resolutions: files by "WIDTHxHEIGHT"; empty where none was measured.
        rates: files by frames a second; likewise.
        unmeasured: how many files were not measured.
    """

    title: str
    counts: pd.DataFrame
    seconds: NDArray[np.float64]
    resolutions: pd.Series[int]
    rates: pd.Series[int]
    unmeasured: int

    def __str__(self) -> str:
        """As a terminal shows it."""
        return "\n\n".join([self.title, _counts_text(self.counts), _durations_text(self.seconds), _files_text(self)])


def summary(manifest: Manifest) -> Summary:
    """The numbers of a manifest, from its table alone; :func:`vmp.data.manifest_files.measured` looks into files."""
    table = manifest.table
    counts = {}
    for column in manifest.split_columns:
        for part in SPLITS:
            chosen = table["label"][table[column] == part]
            if len(chosen):
                name = part if manifest.folds == 1 else f"{column} {part}"
                counts[name] = np.bincount(chosen, minlength=len(manifest.classes))
    files = table.drop_duplicates("path")
    known = files.dropna(subset=list(MEASURED)) if set(MEASURED) <= set(table.columns) else files.iloc[:0]
    size = f"{len(table):,} clips of {len(manifest.classes)} classes in {len(files):,} files"
    return Summary(
        f"{manifest.name}: {size}, {manifest.root}",
        pd.DataFrame(counts, index=pd.Index(manifest.classes, name="class")),
        clip_seconds(manifest),
        _tally([f"{row.width:.0f}x{row.height:.0f}" for row in known.itertuples()]),
        _tally([f"{row.rate:.4g}" for row in known.itertuples()]),
        len(files) - len(known),
    )


def _tally(values: list[str]) -> pd.Series[int]:
    return pd.Series(values, dtype=object).value_counts()


# --- as text ---


def _counts_text(counts: pd.DataFrame) -> str:
    shown = counts if len(counts) <= _CLASSES_SHOWN else counts.iloc[:_CLASSES_SHOWN]
    total = pd.DataFrame([counts.sum()], index=["all"])
    width = max(map(len, [*map(str, shown.index), "class"]))
    columns = [max(len(name), len(f"{counts[name].sum():,}")) for name in counts.columns]
    longest = int(counts.sum(axis=1).max()) if counts.size else 0

    def line(name: str, values: list[str], bar: str = "") -> str:
        cells = "  ".join(f"{value:>{width}}" for value, width in zip(values, columns, strict=True))
        return f"{name:<{width}}  {cells}{bar}".rstrip()

    lines = [line("class", list(counts.columns))]
    for name, row in shown.iterrows():
        lines.append(line(str(name), [f"{value:,}" for value in row], "  " + _bar(int(row.sum()), longest)))
    if len(shown) < len(counts):
        lines.append(f"... {len(counts) - len(shown)} more classes")
    lines += [line("all", [f"{value:,}" for value in total.iloc[0]])]
    return "\n".join(lines)


def _durations_text(seconds: NDArray[np.float64]) -> str:
    known = seconds[~np.isnan(seconds)]
    if not len(known):
        return "durations: not known; the files were not measured"
    low, middle, high = np.quantile(known, [0.05, 0.5, 0.95])
    total = known.sum() / 3600
    lines = [
        f"seconds: {known.min():.2f} to {known.max():.2f}, median {middle:.2f}, 90 % from {low:.2f} to {high:.2f}; "
        f"{total:.2f} hours in all"
    ]
    edges = _edges(known)
    counts = np.histogram(known, edges)[0]
    lines += [
        f"{begin:>8.4g} to {end:<8.4g}{count:>8,}  {_bar(int(count), int(counts.max()))}".rstrip()
        for begin, end, count in zip(edges[:-1], edges[1:], counts, strict=True)
    ]
    if len(known) < len(seconds):
        lines.append(f"{len(seconds) - len(known):,} clips of unknown length")
    return "\n".join(lines)


def _edges(seconds: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ten bins of a round width; the last one takes what is far out."""
    width = max(float(np.quantile(seconds, 0.98)) / 10, 1e-3)
    power = 10 ** np.floor(np.log10(width))
    width = float(next(step * power for step in (1, 2, 2.5, 5, 10) if step * power >= width * 0.999))
    bins = min(10, max(1, int(np.ceil(seconds.max() / width + 1e-9))))
    edges: NDArray[np.float64] = width * np.arange(bins + 1, dtype=np.float64)
    edges[-1] = max(edges[-1], seconds.max())
    return edges


def _files_text(found: Summary) -> str:
    lines = []
    for name, tally in (("resolutions", found.resolutions), ("frames a second", found.rates)):
        if len(tally):
            shown = ", ".join(f"{value} ({count:,})" for value, count in tally.iloc[:6].items())
            lines.append(f"{name}: {shown}" + (f" and {len(tally) - 6} more" if len(tally) > 6 else ""))
    if found.unmeasured:
        lines.append(f"{found.unmeasured:,} files were not measured")
    return "\n".join(lines)


def _bar(count: int, longest: int) -> str:
    eighths = round(8 * _BAR * count / longest) if longest else 0
    if count and not eighths:
        eighths = 1
    return "█" * (eighths // 8) + " ▏▎▍▌▋▊▉"[eighths % 8].strip()
