"""What a model said of each test clip: every score is kept, so that tables and tests never need a second pass."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, cast, get_args

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pyarrow

Averages = Literal["softmax", "logits"]
_KEY, _VERSION = b"vmp.predictions", 1


@dataclass(frozen=True, eq=False)
class Predictions:
    """Scores of N clips for C classes; the arrays cannot be written to.

    Attributes:
        index: int64 (N,), the clip's place in its data, each once.
        group: int64 (N,): clips of one group show the same event.
        label: int64 (N,), in 0 to C - 1.
        scores: float32 (N, C), finite, averaged over views: probabilities for "softmax", else logits.
        classes: the name of each label.
        name: of the data.
        averages: what the scores are averages of.

    Raises:
        ValueError: arrays of another kind or length, a clip twice, a label without a class, scores that are not finite.
    """

    index: NDArray[np.int64]
    group: NDArray[np.int64]
    label: NDArray[np.int64]
    scores: NDArray[np.float32]
    classes: tuple[str, ...]
    name: str = ""
    averages: Averages = "softmax"

    def __post_init__(self) -> None:
        check_averages(self.averages)
        object.__setattr__(self, "classes", tuple(self.classes))
        for name, dtype in (("index", np.int64), ("group", np.int64), ("label", np.int64), ("scores", np.float32)):
            object.__setattr__(self, name, _read_only(name, getattr(self, name), dtype))
        _check(self)

    def __len__(self) -> int:
        return len(self.index)

    @property
    def missing_classes(self) -> tuple[str, ...]:
        """Classes without a clip: they have no accuracy, and no share in a mean over classes."""
        present = set(self.label.tolist())
        return tuple(name for label, name in enumerate(self.classes) if label not in present)

    def by_group(self) -> Predictions:
        """One outcome a group: the mean of its clips' scores, in float64; groups in order, ``index`` is the group.

        Raises:
            ValueError: clips of one group with different labels.
        """
        groups, first, member, count = np.unique(self.group, return_index=True, return_inverse=True, return_counts=True)
        label = self.label[first]
        torn = np.unique(self.group[label[member] != self.label])
        if len(torn):
            raise ValueError(
                f"groups: expected one label a group, got several in {_shown(torn)}. A group is one event: give clips "
                "of different classes different groups"
            )
        scores = np.zeros((len(groups), len(self.classes)))
        np.add.at(scores, member, self.scores.astype(np.float64))
        return replace(
            self, index=groups, group=groups, label=label, scores=(scores / count[:, None]).astype(np.float32)
        )

    def top(self, k: int = 1) -> NDArray[np.int64]:
        """int64 (N, k): the labels with the highest scores, the highest first; equal scores in the order of the labels.

        Raises:
            ValueError: k is not in 1 to C.
        """
        if not 1 <= k <= len(self.classes):
            raise ValueError(f"k: expected 1 to {len(self.classes)}, the number of classes, got {k}")
        return np.argsort(-self.scores, axis=1, kind="stable")[:, :k].astype(np.int64)

    def correct(self, k: int = 1) -> NDArray[np.bool_]:
        """bool (N,): whether the label is among the first k of :meth:`top`."""
        right: NDArray[np.bool_] = (self.top(k) == self.label[:, None]).any(axis=1)
        return right

    def probabilities(self) -> NDArray[np.float64]:
        """float64 (N, C) in [0, 1]: the scores, or for logits their softmax."""
        scores = self.scores.astype(np.float64)
        if self.averages == "softmax":
            return np.clip(scores, 0, 1)
        powers = np.exp(scores - scores.max(axis=1, keepdims=True))
        shares: NDArray[np.float64] = powers / powers.sum(axis=1, keepdims=True)
        return shares

    def save(self, path: str | os.PathLike[str]) -> Path:
        """Write a Parquet file, whole or not at all; columns index, group, label and scores, the rest as metadata."""
        import pyarrow
        from pyarrow import parquet

        from vmp.checkpoint import written_whole

        described = {"version": _VERSION, "classes": self.classes, "name": self.name, "averages": self.averages}
        rows = pyarrow.FixedSizeListArray.from_arrays(self.scores.ravel(), len(self.classes))
        columns = {"index": self.index, "group": self.group, "label": self.label, "scores": rows}
        table = pyarrow.table(columns).replace_schema_metadata({_KEY: json.dumps(described, ensure_ascii=False)})
        target = Path(path)
        target.parent.mkdir(parents=True, exist_ok=True)
        with written_whole(target) as partial:
            parquet.write_table(table, partial, compression="zstd", write_page_checksum=True)
        return target

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> Predictions:
        """What :meth:`save` wrote, bit for bit.

        Raises:
            FileNotFoundError: there is no such file.
            ValueError: a file that was cut short or changed, or one that is something else.
        """
        table = _read(path)
        described = (table.schema.metadata or {}).get(_KEY)
        if described is None or table.column_names != ["index", "group", "label", "scores"]:
            raise ValueError(f"{path}: expected predictions that vmp wrote, got columns {table.column_names}")
        plain = json.loads(described)
        if plain["version"] != _VERSION:
            raise ValueError(f"{path}: expected predictions of version {_VERSION}, got {plain['version']}. Update vmp")
        scores = table.column("scores").combine_chunks().flatten().to_numpy()
        index, group, label = (table.column(name).to_numpy() for name in ("index", "group", "label"))
        scores = scores.reshape(table.num_rows, -1)
        return cls(index, group, label, scores, tuple(plain["classes"]), plain["name"], plain["averages"])


def paired_outcomes(
    without: Sequence[Predictions], with_: Sequence[Predictions], k: int = 1
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """What :func:`vmp.statistics.compare` takes: (S, G) whether each seed has each group right, groups in order.

    Args:
        without, with_: clips' or groups' predictions, one a seed, seed s of the one with seed s of the other.
        k: right is a label among the first k.

    Raises:
        ValueError: no seed, not as many seeds, or predictions of different groups or labels.
    """
    if not without or len(without) != len(with_):
        raise ValueError(f"seeds: expected as many with as without, at least one, got {len(without)} and {len(with_)}")
    grouped = [one.by_group() for one in (*without, *with_)]
    for one in grouped:
        if not np.array_equal(one.group, grouped[0].group) or not np.array_equal(one.label, grouped[0].label):
            raise ValueError(
                f"groups: expected the same groups and labels of every seed, got {len(grouped[0])} of "
                f"{grouped[0].name!r} and {len(one)} of {one.name!r}, which differ. Test all on the same clips"
            )
    right = np.stack([one.correct(k) for one in grouped])
    return right[: len(without)], right[len(without) :]


def check_averages(averages: Any) -> Averages:
    """What was given, where it is "softmax" or "logits"; raises ValueError for anything else."""
    if averages not in get_args(Averages):
        raise ValueError(f"averages: expected 'softmax' or 'logits', got {averages!r}")
    return cast(Averages, averages)


def _read_only(name: str, values: Any, dtype: type) -> NDArray[Any]:
    array = np.asarray(values)
    kind = np.integer if dtype is np.int64 else dtype
    if not np.issubdtype(array.dtype, kind):
        raise ValueError(f"{name}: expected {np.dtype(dtype).name}, got {array.dtype}")
    kept: NDArray[Any] = array.astype(dtype)  # a copy: what was given may change later
    kept.setflags(write=False)
    return kept


def _check(predictions: Predictions) -> None:
    count, classes = len(predictions.index), len(predictions.classes)
    shapes = {name: getattr(predictions, name).shape for name in ("index", "group", "label", "scores")}
    if shapes != {"index": (count,), "group": (count,), "label": (count,), "scores": (count, classes)} or not count:
        raise ValueError(
            f"predictions: expected index, group and label (N,) and scores (N, {classes}) for {classes} classes, N at "
            f"least 1, got {shapes}"
        )
    if len(np.unique(predictions.index)) < count:
        values, times = np.unique(predictions.index, return_counts=True)
        raise ValueError(f"index: expected each clip once, got {_shown(values[times > 1])} more than once")
    if predictions.label.min() < 0 or predictions.label.max() >= classes:
        raise ValueError(
            f"label: expected 0 to {classes - 1}, got {predictions.label.min()} to {predictions.label.max()}"
        )
    bad = ~np.isfinite(predictions.scores).all(axis=1)
    if bad.any():
        raise ValueError(f"scores: expected finite numbers, got others for clips {_shown(predictions.index[bad])}")


def _shown(numbers: NDArray[np.int64]) -> str:
    shown = ", ".join(map(str, numbers[:5].tolist()))
    return shown if len(numbers) <= 5 else f"{shown} and {len(numbers) - 5} more"


def _read(path: str | os.PathLike[str]) -> pyarrow.Table:
    import pyarrow
    from pyarrow import parquet

    try:
        with open(path, "rb") as stream:  # FileNotFoundError as Python words it
            return parquet.read_table(stream, page_checksum_verification=True)
    except (pyarrow.ArrowException, OSError) as error:
        if isinstance(error, FileNotFoundError):
            raise
        raise ValueError(f"{path}: expected a Parquet file of predictions, {error}. Test again") from error
