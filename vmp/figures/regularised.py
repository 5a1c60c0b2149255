"""Prompts and attention of a moment with a pair learned without the variation in the loss, and with it: Figs. 6, 12-16.

Beside the pictures stands V of each pair: what the regularisation lowers.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch
from numpy.typing import NDArray

from vmp.data.clip import to_tensor
from vmp.experiments.findings.choice_of_lambda import over_lambda
from vmp.experiments.reproduction import Reproduction
from vmp.figures.moments import take_moment
from vmp.figures.palette import colour_attention
from vmp.figures.variation import difference_pairs, variation_of_pairs
from vmp.learned import learned_pair
from vmp.prompt import frame_difference

Picture = NDArray[np.uint8]


@dataclass(frozen=True)
class TwoPairs:
    """Two learned pairs that differ in lambda.

    Attributes:
        label: where they come from, in words.
        clip: the name of the clip they are shown on.
        lambdas: without (0) and with.
        pairs: (slope, shift) for each; None: nothing is learned or stored.
    """

    label: str
    clip: str
    lambdas: tuple[float, float]
    pairs: tuple[tuple[float, float] | None, tuple[float, float] | None]

    @property
    def known(self) -> bool:
        """Whether both pairs are there."""
        return None not in self.pairs


def papers_pairs(clips: Sequence[str]) -> list[TwoPairs]:
    """The paper's pairs without and with regularisation, each for a clip with the camera of its data set.

    MPII Cooking 2 and HMDB-51 are from the captions of Figs. 12 and 15; for FineGym (Fig. 6) the paper names the
    lambdas, and the authors' project page the pairs. Where there is no clip with that camera, the first is taken.
    """
    two = []
    for label, dataset, weight, source, camera in _PAPERS:
        found = [learned_pair(dataset, each, source) for each in (0.0, weight)]
        without, with_ = ((float(pair["a"]), float(pair["b"])) for pair in found)
        two.append(TwoPairs(label, _clip(clips, camera), (0.0, weight), (without, with_)))
    return two


_PAPERS = (
    ("MPII Cooking 2 (paper, Fig. 12)", "mpii", 2.0, "paper", "static"),
    ("FineGym (Fig. 6; authors' page)", "finegym", 2.5, "page", "moving"),
    ("HMDB-51 (paper, Fig. 15)", "hmdb51", 0.001, "paper", "moving"),
)
#: The paper's name of a data set -> the lambda of its figure, the camera.
_HERE = {"mpii": (2.0, "static"), "finegym": (2.5, "moving")}


def pairs_here(shown: Reproduction, clips: Sequence[str]) -> list[TwoPairs]:
    """What the first backbone of Table 7 learned here without regularisation and with the lambda of the paper's figure.

    One for each data set and seed, of the first pathway; pairs that are not stored are None.
    """
    rows, layers, two = over_lambda(shown), shown.found.layers, []
    for paper_set, of_set in rows.groupby("paper_set", sort=False):
        weight, camera = _HERE[str(paper_set)]
        first = of_set[of_set["kind"] == of_set["kind"].iloc[0]].set_index("lambda_")
        for seed in shown.table.seeds:
            without, with_ = (_learned(layers, first.loc[each, "key"], seed) for each in (0.0, weight))
            label = f"here: {first['title'].iloc[0]} on {first['dataset'].iloc[0]}, seed {seed}"
            two.append(TwoPairs(label, _clip(clips, camera), (0.0, weight), (without, with_)))
    return two


def _learned(layers: pd.DataFrame, key: str, seed: int) -> tuple[float, float] | None:
    found = layers[(layers["row"] == key) & (layers["seed"] == seed)] if len(layers) else layers
    return (float(found["slope"].iloc[0]), float(found["shift"].iloc[0])) if len(found) else None


def _clip(clips: Sequence[str], camera: str) -> str:
    return next((name for name in clips if name.startswith(camera)), clips[0])


def variations(
    clips: Mapping[str, Picture], two: Sequence[TwoPairs], stride: int, num_frames: int, every: int = 3
) -> dict[str, dict[tuple[float, float], float]]:
    """V (Eq. 6, mean over pixels) of every pair on the clip it is shown on: clip -> (slope, shift) -> V.

    Args:
        clips: name -> uint8 frames (T, H, W, 3).
        two: whose pairs.
        stride: frames from one to the next of those that V is of.
        num_frames: T, at least 3.
        every: V is computed on every so-many-th row and column of pixels.
    """
    found: dict[str, dict[tuple[float, float], float]] = {}
    for name, frames in clips.items():
        pairs = list(dict.fromkeys(pair for each in two if each.clip == name for pair in each.pairs if pair))
        difference = frame_difference(to_tensor(frames[::stride][:num_frames][None]), mean=None, std=None)
        a, b = (torch.tensor([pair[place] for pair in pairs], dtype=torch.float64) for place in (0, 1))
        values = variation_of_pairs(difference_pairs(difference, every).double(), a, b)
        found[name] = dict(zip(pairs, values.tolist(), strict=True))
    return found


def regularised_pictures(
    clips: Mapping[str, Picture], two: Sequence[TwoPairs], index: int, stride: int
) -> tuple[list[tuple[Picture, str]], list[str]]:
    """Prompt and attention without, prompt and attention with, for each of ``two`` that is known; and row labels.

    Args:
        clips: name -> uint8 frames (T, H, W, 3).
        two: what is shown, a row each.
        index, stride: of the moment, as :func:`vmp.figures.moments.take_moment` takes them; at the end of a short clip
            the last moment.
    """
    pictures, labels = [], []
    for each in two:
        if not each.known:
            continue
        frames = clips[each.clip]
        at = max(0, min(index, len(frames) - 1 - stride))
        labels.append(f"{each.label}; {each.clip}")
        for weight, pair in zip(each.lambdas, each.pairs, strict=True):
            assert pair is not None
            moment = take_moment(frames, at, *pair, stride)
            pictures += [
                (moment.prompt, f"λ = {weight:g}: prompt"),
                (
                    colour_attention(moment.attention),
                    f"λ = {weight:g}: attention, a {pair[0]:.2f}, b {pair[1]:.2f}".replace("-", "−"),
                ),
            ]
    return pictures, labels


def variation_rows(
    two: Sequence[TwoPairs], variation: Mapping[str, Mapping[tuple[float, float], float]]
) -> pd.DataFrame:
    """Two rows for each of ``two``, without and with: lambda, the pair, f(0), V, and V as a share of V without.

    Columns: pairs, clip, lambda_, a, b, f(0), V, share. A pair that is not there leaves NaN.

    Args:
        two: what is told.
        variation: clip -> (slope, shift) -> V, of :func:`variations`.
    """
    rows = []
    for each in two:
        values = [variation[each.clip][pair] if pair else math.nan for pair in each.pairs]
        for weight, pair, value in zip(each.lambdas, each.pairs, values, strict=True):
            a, b = pair or (math.nan, math.nan)
            still = 1 / (1 + math.exp(a * b))
            rows.append((each.label, each.clip, weight, a, b, still, value, value / values[0]))
    return pd.DataFrame(rows, columns=["pairs", "clip", "lambda_", "a", "b", "f(0)", "V", "share"])


def variation_told(rows: pd.DataFrame) -> str:
    """In how many of the pairs of pairs V is smaller with regularisation; in a sentence.

    Args:
        rows: of :func:`variation_rows`.
    """
    with_ = rows.iloc[1::2].dropna(subset="share")
    if not len(with_):
        return "No two pairs can be compared yet."
    least, most = with_["share"].min(), with_["share"].max()
    return (
        f"With regularisation V is smaller in {int((with_['share'] < 1).sum())} of {len(with_)} cases: it is "
        f"{least:.2f} to {most:.2f} times what it is without."
    )
