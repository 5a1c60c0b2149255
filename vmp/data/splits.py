"""Which trajectory trains, validates or tests: fixed by a seed, stratified by class, never by rendering."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vmp.data.draws import keys

#: Decides every split of the rendered target sets. Changing it makes other data sets.
SPLIT_SEED = 2024
TEST_SHARE = 0.3
VALIDATION_SHARE = 0.2
FOLDS = 3

Indices = NDArray[np.int64]


class Part(NamedTuple):
    """Trajectories that go together, sorted: where they train, ``validation`` is held out of them."""

    train: Indices
    validation: Indices

    @property
    def all(self) -> Indices:
        """Both, sorted."""
        return np.union1d(self.train, self.validation)


class Split(NamedTuple):
    """One split of a set: the parts that train and validate, and the trajectories that test."""

    parts: tuple[Part, ...]
    test: Indices

    @property
    def train(self) -> Indices:
        """The trajectories to train on, validation held out, sorted."""
        return np.sort(np.concatenate([part.train for part in self.parts]))

    @property
    def validation(self) -> Indices:
        """Sorted."""
        return np.sort(np.concatenate([part.validation for part in self.parts]))


def stratified(labels: Indices, indices: Indices, share: float, name: str) -> tuple[Indices, Indices]:
    """Divide ``indices`` into (rest, taken): round(share * n) taken, each class within one of its share.

    The classes with the largest remainders take the ones that are left over (Hamilton's method). ``name`` and
    ``SPLIT_SEED`` decide who is taken.
    """
    order = _shuffled(indices, name)
    classes = np.unique(labels[indices])
    wanted = np.array([share * np.sum(labels[indices] == each) for each in classes]).round(9)
    counts = np.floor(wanted).astype(int)
    remainder = _shuffled(np.arange(len(classes)), name + ", classes")  # ties fall by chance, not by label
    remainder = remainder[np.argsort(-(wanted - counts)[remainder], kind="stable")]
    counts[remainder[: round(share * len(indices)) - counts.sum()]] += 1
    taken = [order[labels[order] == each][:count] for each, count in zip(classes, counts, strict=True)]
    chosen = np.sort(np.concatenate([*taken, order[:0]]))  # order[:0]: where there is nothing to divide
    return np.setdiff1d(indices, chosen), chosen


def shared_split(labels: Indices) -> Split:
    """The one split of libras-static and libras-moving: 30 % of the trajectories test, in both sets the same."""
    development, test = stratified(labels, np.arange(len(labels)), TEST_SHARE, "shared: test")
    return Split((Part(*stratified(labels, development, VALIDATION_SHARE, "shared: validation")),), test)


def folded_splits(labels: Indices) -> tuple[Split, ...]:
    """The three splits of libras-mixed: their test folds are disjoint and together hold every trajectory."""
    rest, folds = np.arange(len(labels)), []
    for left in range(FOLDS, 1, -1):
        rest, fold = stratified(labels, rest, 1 / left, f"folds: {left}")
        folds.append(fold)
    folds.append(rest)
    held_out = [stratified(labels, fold, VALIDATION_SHARE, f"folds: validation {n}") for n, fold in enumerate(folds)]
    parts = [Part(*both) for both in held_out]
    return tuple(Split(tuple(part for part in parts if part is not test), test.all) for test in parts)


def _shuffled(indices: Indices, name: str) -> Indices:
    return indices[np.argsort(keys(SPLIT_SEED, name, indices), kind="stable")]
