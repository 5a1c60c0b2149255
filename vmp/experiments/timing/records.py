"""What was timed, as files: results/timing/KEY.json, written once and never changed.

KEY says what was measured, for example ``x3d_m--paper--batch-1--cpu``; measured again it is ``KEY--2`` and so on, and
the newest is what tables show. A file needs no vmp to be read.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from statistics import median
from typing import Any, TypeVar

from vmp.experiments.store import Store
from vmp.files import json_bytes, write_new


@dataclass(frozen=True, kw_only=True)
class Measured:
    """The circumstances of a measurement.

    Attributes:
        on: "cpu" or "cuda".
        device: in words.
        threads: of the process.
        machine: the processor or GPU, its instructions, threads, torch's version.
        load: how many processes wanted to compute in the minute before; None: the system does not tell.
        date: UTC, to the second.
        versions: of Python and what computes.
        source: the package's version and the commit it was run from, where there is one.
    """

    on: str
    device: str
    threads: int
    machine: str
    load: float | None
    date: str
    versions: dict[str, str]
    source: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class StepTiming(Measured):
    """Times of one backbone with and without the layer.

    Attributes:
        backbone: as :func:`vmp.build` takes it.
        size: "paper" or "tiny".
        batch: clips.
        seconds: variant (of the paper's Table 8) -> phase -> seconds a batch, one a run.
        memory: variant -> "before" and "peak", bytes, as ``step_memory`` gives them; empty: not measured.
    """

    backbone: str
    size: str
    batch: int
    seconds: dict[str, dict[str, list[float]]]
    memory: dict[str, dict[str, int]]

    @property
    def key(self) -> str:
        """What was measured."""
        return step_key(self.backbone, self.size, self.batch, self.on)


@dataclass(frozen=True, kw_only=True)
class LayerTiming(Measured):
    """Times of the layer alone.

    Attributes:
        batch: clips.
        frames: of a clip that go in.
        seconds: side in pixels -> "forward" and "backward" -> seconds, one a run.
    """

    batch: int
    frames: int
    seconds: dict[str, dict[str, list[float]]]

    @property
    def key(self) -> str:
        """What was measured."""
        return layer_key(self.batch, map(int, self.seconds), self.on)

    @property
    def medians(self) -> tuple[list[int], list[float]]:
        """Pixels of a frame, HW, and the median over runs of forward and backward together, seconds; one a size."""
        pixels = [int(side) ** 2 for side in self.seconds]
        each = [zip(times["forward"], times["backward"], strict=True) for times in self.seconds.values()]
        return pixels, [median(forward + backward for forward, backward in pairs) for pairs in each]


Timing = TypeVar("Timing", StepTiming, LayerTiming)


def step_key(backbone: str, size: str, batch: int, on: str) -> str:
    """The key of times of a backbone."""
    return f"{backbone}--{size}--batch-{batch}--{on}"


def layer_key(batch: int, sides: Iterable[int], on: str) -> str:
    """The key of times of the layer alone."""
    return f"layer--to-{max(sides)}--batch-{batch}--{on}"


class TimingStore:
    """The folder ``timing`` of a store.

    Args:
        store: as :meth:`vmp.experiments.store.Store.find` takes it, or a store.
    """

    def __init__(self, store: Store | str | os.PathLike[str] | None = None) -> None:
        found = store if isinstance(store, Store) else Store.find(store)
        self.path = found.path / "timing"

    def add(self, timing: StepTiming | LayerTiming) -> Path:
        """Write it and give the file: of its key, or with the first number behind it that is free."""
        number, content = 1, json_bytes(asdict(timing))
        while not write_new(target := self._file(timing.key, number), content):
            number += 1
        return target

    def steps(self, backbone: str, size: str, batch: int, on: str) -> StepTiming | None:
        """The newest times of a backbone; None: there are none.

        Raises:
            ValueError: a file that was cut short or changed by hand.
        """
        return self._newest(StepTiming, step_key(backbone, size, batch, on))

    def layer(self, batch: int, sides: Iterable[int], on: str) -> LayerTiming | None:
        """The newest times of the layer alone up to the largest of ``sides``. Raises: as :meth:`steps`."""
        return self._newest(LayerTiming, layer_key(batch, sides, on))

    def _newest(self, kind: type[Timing], key: str) -> Timing | None:
        number = 1
        while self._file(key, number).is_file():
            number += 1
        return None if number == 1 else _read(kind, self._file(key, number - 1), key)

    def _file(self, key: str, number: int) -> Path:
        return self.path / (f"{key}.json" if number == 1 else f"{key}--{number}.json")


def _read(kind: type[Timing], path: Path, key: str) -> Timing:
    try:
        plain: dict[str, Any] = json.loads(path.read_bytes())
        known = {each.name for each in fields(kind)}
        timing = kind(**{name: value for name, value in plain.items() if name in known})
        same = timing.key == key
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"{path} holds no times ({error}). Take it back from git, or delete it") from error
    if not same:
        raise ValueError(f"{path} holds the times of {timing.key}. Take it back from git, or delete it")
    return timing
