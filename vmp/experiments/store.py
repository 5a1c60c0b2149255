"""The store: what each run gave, written once and never changed, in files that need no vmp to be read.

``runs/KEY.json`` is the record of a run, ``predictions/KEY.parquet`` what it said of each test clip, and
``similarity/KEY--KEY.json`` the cosine between the weights of two, layer by layer. KEY is the run's identity; where
a run was done again because the code had come to compute something else, IDENTITY-2 and so on.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmp.experiments.behaviour import first_difference
from vmp.experiments.places import checkout
from vmp.experiments.run import Run
from vmp.experiments.tolerance import differences
from vmp.files import json_bytes, locked, write_new, write_over

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class Record:
    """What is known of one run.

    Attributes:
        identity: the run's.
        title: the run in words.
        configuration: :meth:`Run.to_json`, all of it.
        behaviour: of the code that made it, for this run by itself.
        started: the key of the record of the run that it started from; empty: it started from no run.
        metrics: of the test split in percent: "clip" and "group" (scores averaged over the renderings of a trajectory).
        epochs: the training log, a list a column.
        start: slopes and shifts before the first step, by the name of the pathway.
        kept: the epoch whose weights were kept.
        seconds: training and test.
        date: UTC, to the second, when it ended.
        device: in words.
        threads: of a process.
        machine: what equal numbers hang on: the processor or GPU, its instructions, threads, torch's version.
        versions: of Python and what computes.
        source: the package's version and the commit it was run from, where there is one.
        weights: a hash of the weights' bytes.
        predictions: the SHA-256 of the file of predictions.
    """

    identity: str
    title: str
    configuration: dict[str, Any]
    behaviour: dict[str, Any]
    started: str
    metrics: dict[str, dict[str, float]]
    epochs: dict[str, list[Any]]
    seconds: float
    date: str
    device: str
    threads: int
    machine: str
    versions: dict[str, str]
    source: dict[str, str]
    weights: str
    start: dict[str, list[float]] = field(default_factory=dict)
    kept: int | None = None
    predictions: str = ""

    @property
    def final(self) -> dict[str, Any]:
        """The last epoch's row of the log: loss, accuracy, slopes and shifts."""
        return {name: column[-1] for name, column in self.epochs.items()}

    @property
    def run(self) -> Run:
        """The run, from its configuration."""
        return Run.from_json(self.configuration)


class Disagreement(ValueError):
    """A run is in the store already, made by code that behaves the same, and its numbers are others."""


class Store:
    """A folder of records; safe with several writers, of which the first of a record wins.

    Args:
        path: the folder; made when something is added.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)

    @classmethod
    def find(cls, path: str | os.PathLike[str] | None = None) -> Store:
        """The store that is meant: ``path``, $VMP_RESULTS, results/ of this folder or one above it, ./results."""
        return cls(path or os.environ.get("VMP_RESULTS") or checkout() / "results")

    def __iter__(self) -> Iterator[str]:
        """The key of every record, sorted."""
        return iter(sorted(path.stem for path in (self.path / "runs").glob("*.json")))

    def record(self, key: str) -> Record:
        """The record of that key.

        Raises:
            ValueError: there is none; its file was cut short or changed by hand.
        """
        path = self.path / "runs" / f"{key}.json"
        try:
            plain = json.loads(path.read_bytes())
            known = {each.name for each in fields(Record)}
            record = Record(**{name: value for name, value in plain.items() if name in known})
        except FileNotFoundError as error:
            raise ValueError(f"{path}: expected the record of a run, and there is none") from error
        except (ValueError, TypeError, AttributeError) as error:
            raise ValueError(f"{path} is no record of a run ({error}). Take it back from git, or delete it") from error
        if record.identity != key.split("-")[0]:
            raise ValueError(f"{path} is the record of {record.identity}. Take it back from git, or delete it")
        return record

    def of(self, identity: str) -> dict[str, Record]:
        """Every record of a run, by key, the newest first."""
        found = [path.stem for path in (self.path / "runs").glob(f"{identity}*.json")]
        return {key: self.record(key) for key in sorted(found, key=_generation, reverse=True)}

    def predictions(self, key: str) -> pd.DataFrame:
        """What a run said of each test clip and of each group of clips.

        Columns: level ("clip" or "group"), index (of the clip in its split), group (the trajectory), rendering (which
        clip of its group), label, and first to fifth: the labels with the highest scores, in their order. A group has
        index and rendering -1.

        Raises:
            ValueError: there is no such record; the file is not the one that it was stored with.
        """
        import pandas as pd

        record, path = self.record(key), self.path / "predictions" / f"{key}.parquet"
        content = path.read_bytes() if path.is_file() else b""
        if hashlib.sha256(content).hexdigest() != record.predictions:
            raise ValueError(f"{path} is not what was stored with {key}. Take it back from git")
        return pd.read_parquet(io.BytesIO(content))

    def add(self, record: Record, predictions: pd.DataFrame) -> str:
        """Store a run and give its key; where it is stored already with the same numbers, that record stays.

        Raises:
            Disagreement: it is stored with other numbers than the tolerance allows, by code that behaves the same.
        """
        content = _parquet(predictions)
        plain = asdict(record) | {"predictions": hashlib.sha256(content).hexdigest()}
        self._make("runs", "predictions")
        with locked(self.path):  # so that the two files of a record are of one writer
            stored = self.of(record.identity)
            for key, earlier in stored.items():
                alike = first_difference(earlier.behaviour, record.behaviour) is None
                if alike and earlier.started == record.started:
                    check_agreement(earlier, record)
                    return key
            last = max(map(_generation, stored), default=0)
            key = record.identity if last == 0 else f"{record.identity}-{last + 1}"
            write_over(self.path / "predictions" / f"{key}.parquet", content)  # of nobody, or of one that was killed
            if not write_new(self.path / "runs" / f"{key}.json", json_bytes(plain)):
                raise OSError(f"{self.path}: another process wrote {key} and took no lock of the folder")
        return key

    def similarity(self, a: str, b: str) -> pd.DataFrame | None:
        """The cosines between the weights of two records (columns layer, block, cosine); None: not computed."""
        import pandas as pd

        path = self._similarity(a, b)
        return pd.DataFrame(json.loads(path.read_bytes())["layers"]) if path.is_file() else None

    def has_similarity(self, a: str, b: str) -> bool:
        """Whether the weights of two records were compared."""
        return self._similarity(a, b).is_file()

    def add_similarity(self, a: str, b: str, layers: pd.DataFrame) -> None:
        """Store the cosines between the weights of two records; what is there stays."""
        self._make("similarity")
        columns = {str(name): column.tolist() for name, column in layers.round(5).items()}
        write_new(self._similarity(a, b), json_bytes({"a": a, "b": b, "layers": columns}))

    def _similarity(self, a: str, b: str) -> Path:
        return self.path / "similarity" / f"{a}--{b}.json"

    def _make(self, *folders: str) -> None:
        for folder in folders:
            (self.path / folder).mkdir(parents=True, exist_ok=True)


def check_agreement(stored: Record, again: Record) -> None:
    """Raise :class:`Disagreement` where a run that was done again gave other numbers than the tolerance allows."""
    if wrong := differences(stored, again):
        raise Disagreement(
            f"{stored.title} ({stored.identity}, stored on {stored.date}, {stored.device}) was done again and gave "
            f"other numbers: {'; '.join(wrong)}"
        )


def _generation(key: str) -> int:
    """1 for IDENTITY, 2 for IDENTITY-2."""
    _, _, number = key.partition("-")
    return int(number or 1)


def _parquet(frame: pd.DataFrame) -> bytes:
    import pyarrow
    from pyarrow import parquet

    plain = pyarrow.Table.from_pandas(frame, preserve_index=False).replace_schema_metadata(None)
    stream = io.BytesIO()
    parquet.write_table(plain, stream, compression="zstd")
    return stream.getvalue()
