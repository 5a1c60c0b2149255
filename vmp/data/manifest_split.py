"""Dividing clips into those that train, validate and test: by class, by group, and the same every time.

Who goes where hangs on the seed, the groups' names and the shares, never on the order of the rows. Groups (a person, a
recording) stay whole: what trains has never seen what tests.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vmp.data.draws import keys
from vmp.data.manifest import Manifest

#: Of the clips; the rest trains.
TEST_SHARE, VALIDATION_SHARE = 0.2, 0.1


def divided(
    labels: Sequence[int], groups: Sequence[str], shares: dict[str, float], *, seed: int = 0
) -> NDArray[np.object_]:
    """For each clip the part that it goes to: "train", or one of ``shares``.

    Each group goes where its classes lack most; large groups first, equals in an order that the seed decides. A class
    keeps at least one group to train on, and every part gets one of it where there are enough.

    Args:
        labels: (N,), the class of each clip.
        groups: (N,), what stays together; the clips' own ids where nothing does.
        shares: of the clips that each part but "train" gets, in the order in which parts come to their first clip.
        seed: another one, another division.

    Raises:
        ValueError: shares that are not from 0 to 1, or leave nothing to train on.
    """
    if not all(0 <= share < 1 for share in shares.values()) or sum(shares.values()) >= 1:
        raise ValueError(f"shares: expected numbers from 0 that add up to less than 1, got {shares}")
    classes, label = np.unique(np.asarray(labels), return_inverse=True)
    names, group = np.unique(np.asarray(groups, dtype=object).astype(str), return_inverse=True)
    counts = np.zeros((len(names), len(classes)), dtype=np.int64)
    np.add.at(counts, (group, label), 1)
    parts = ["train", *(part for part, share in shares.items() if share > 0)]
    wanted = np.array([1 - sum(shares.values()), *(shares[part] for part in parts[1:])])[:, None] * counts.sum(axis=0)
    chance = np.array([int(keys("division", seed, name)[0]) for name in names.tolist()], dtype=np.uint64)
    order = np.lexsort((chance, -counts.sum(axis=1)))
    where = np.zeros(len(names), dtype=np.int64)
    given = np.zeros_like(wanted)
    for one in order:
        where[one] = _part(counts[one], wanted, given)
        given[where[one]] += counts[one]
    return np.array(parts, dtype=object)[where[group]]


def _part(count: NDArray[np.int64], wanted: NDArray[np.float64], given: NDArray[np.float64]) -> int:
    """Where a group goes: where its classes have no clip yet, to train first of all; then where most of it lacks."""
    own = count > 0
    for part in range(len(wanted)):
        if (given[part][own] == 0).any() and (wanted[part][own] > 0).all():
            return part
    return int(np.argmax((wanted - given) @ count))


def with_validation(
    manifest: Manifest, share: float = VALIDATION_SHARE, *, fold: int = 1, group: str | None = None, seed: int = 0
) -> Manifest:
    """The manifest with a share of a split's training clips held out for validation; none where it has some already.

    Args:
        manifest: of the set.
        share: of the training clips.
        fold: of which split.
        group: a column whose values stay together; None: clips of one file do.
        seed: another one, another choice.
    """
    column = manifest.split_columns[fold - 1]
    table = manifest.table.copy()
    if (table[column] == "validation").any():
        return manifest
    rows = np.flatnonzero((table[column] == "train").to_numpy())
    together = table[group or "path"].iloc[rows].astype(str).tolist()
    parts = divided(table["label"].iloc[rows].tolist(), together, {"validation": share}, seed=seed)
    values = table[column].to_numpy(dtype=object, copy=True)
    values[rows] = parts
    table[column] = values
    return manifest.with_table(table)
