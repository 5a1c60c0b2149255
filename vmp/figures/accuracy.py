"""Accuracy in words and tables: how sure a share of few clips is, class by class, and what is taken for what."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from vmp.predictions import Predictions

#: The 97.5 % point of the normal distribution: intervals of 95 %.
_Z = 1.959963984540054


def wilson(right: int, count: int) -> tuple[float, float]:
    r"""The 95 % interval of a share by Wilson's score (1927), in [0, 1]; it stays inside also for none and for all.

    .. math:: \frac{p + z^2 / 2n \pm z \sqrt{p (1 - p) / n + z^2 / 4 n^2}}{1 + z^2 / n}

    Raises:
        ValueError: no trials, or more right than there are.
    """
    if count < 1 or not 0 <= right <= count:
        raise ValueError(f"expected 0 to count right of at least 1, got {right} of {count}")
    share, square = right / count, _Z * _Z / count
    middle = share + square / 2
    half = _Z * math.sqrt(share * (1 - share) / count + square / (4 * count))
    low, high = (middle - half) / (1 + square), (middle + half) / (1 + square)
    return (0.0 if right == 0 else low), (1.0 if right == count else high)


def confusion_counts(predictions: Predictions) -> NDArray[np.int64]:
    """int64 (C, C): how many clips of the class of the row were taken for the class of the column."""
    counts = np.zeros((len(predictions.classes),) * 2, dtype=np.int64)
    np.add.at(counts, (predictions.label, predictions.top(1)[:, 0]), 1)
    return counts


def accuracy_table(predictions: Predictions) -> pd.DataFrame:
    """The numbers in percent, a row each: what, percent, low, high (of 95 %, missing where there is none), of what.

    Top-1; top-5 of more than five classes; the mean over classes; what guessing evenly, and always naming the most
    frequent class, would give.
    """
    count, classes = len(predictions), len(predictions.classes)
    rows = [_share("top-1", int(predictions.correct().sum()), count)]
    if classes > 5:
        rows.append(_share("top-5", int(predictions.correct(5).sum()), count))
    per_class = class_table(predictions)["right, %"].dropna()
    most = int(np.bincount(predictions.label).max())
    blank = math.nan
    rows += [
        ("mean over classes", float(per_class.mean()), blank, blank, f"{len(per_class)} classes"),
        ("chance, all classes alike", 100 / classes, blank, blank, f"{classes} classes"),
        ("always the most frequent class", 100 * most / count, blank, blank, f"{most} of {count}"),
    ]
    return pd.DataFrame(rows, columns=["what", "percent", "low", "high", "of"])


def accuracy_sentence(predictions: Predictions, what: str = "test videos") -> str:
    """ "Right: 10 of 12 test videos, 83.3 % (95 % interval 55.2 to 95.3). One more or fewer ...", for people."""
    right, count = int(predictions.correct().sum()), len(predictions)
    low, high = wilson(right, count)
    return (
        f"Right: {right} of {count} {what}, {100 * right / count:.1f} % (95 % interval {100 * low:.1f} to "
        f"{100 * high:.1f}). One more or fewer moves it by {100 / count:.1f} points."
    )


def class_table(predictions: Predictions) -> pd.DataFrame:
    """A row a class: class, clips, right, "right, %", low, high, "said" (times it was named), "most often taken for".

    Shares are missing for a class without clips.
    """
    counts = confusion_counts(predictions)
    rows = []
    for label, name in enumerate(predictions.classes):
        clips, right = int(counts[label].sum()), int(counts[label, label])
        low, high = wilson(right, clips) if clips else (math.nan, math.nan)
        share = right / clips if clips else math.nan
        others = counts[label].copy()
        others[label] = 0
        wrong = f"{predictions.classes[int(others.argmax())]} ({others.max()})" if others.any() else ""
        rows.append((name, clips, right, 100 * share, 100 * low, 100 * high, int(counts[:, label].sum()), wrong))
    columns = ["class", "clips", "right", "right, %", "low", "high", "said", "most often taken for"]
    return pd.DataFrame(rows, columns=columns)


def mistakes_table(predictions: Predictions, most: int = 10) -> pd.DataFrame:
    """The most frequent mistakes: is, was taken for, times; the most frequent first, at most ``most``."""
    counts = confusion_counts(predictions)
    np.fill_diagonal(counts, 0)
    order = np.argsort(-counts, axis=None, kind="stable")[:most]
    places = [divmod(int(place), len(counts)) for place in order if counts.flat[place]]
    rows = [(predictions.classes[row], predictions.classes[column], int(counts[row, column])) for row, column in places]
    return pd.DataFrame(rows, columns=["is", "was taken for", "times"])


def _share(what: str, right: int, count: int) -> tuple[str, float, float, float, str]:
    low, high = wilson(right, count)
    return what, 100 * right / count, 100 * low, 100 * high, f"{right} of {count}"
