"""MPII Cooking 2's files: the intervals of its MATLAB file, and which sequences are for what."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from vmp.data.matlab import strings
from vmp.data.published_text import read_text

CAMERA = "cam-002"
#: The three files of ``experimentalSetup``, and what each one's sequences are for.
SEQUENCES = {"sequencesTrainAttr.txt": "train", "sequencesVal.txt": "validation", "sequencesTest.txt": "test"}


@dataclass(frozen=True)
class Annotation:
    """What ``/annos`` says, one entry an interval.

    Attributes:
        activity, file: strings.
        start, end: frames as they are written there.
        subject, dish: numbers.
        attributes: the attributes' names.
        rate: frames a second, the annotation's word.
        seconds: times of ``start``; None where the file has none.
    """

    activity: tuple[str, ...]
    file: tuple[str, ...]
    start: NDArray[np.int64]
    end: NDArray[np.int64]
    subject: NDArray[np.int64]
    dish: NDArray[np.int64]
    attributes: tuple[str, ...]
    rate: float
    seconds: NDArray[np.float64] | None

    def __len__(self) -> int:
        return len(self.activity)

    def frame_at_zero(self) -> float | None:
        """The frame that the annotation's own times put at 0 s: about 1 where frames count from 1, 0 from 0.

        From a straight line through the starts; None where there are no times, or none finer than a frame.
        """
        if self.seconds is None or len(np.unique(self.seconds)) < 3:
            return None
        line = np.polyfit(self.seconds, self.start, 1)
        spread = float(np.std(self.start - np.polyval(line, self.seconds)))
        return float(line[1]) if spread < 0.5 else None


def read_annotation(path: Path) -> Annotation:
    """Read ``attributesAnnotations_MPII-Cooking-2.mat``.

    Raises:
        ValueError: no HDF5 file, truncated, without one of the fields, fields of different lengths, a frame that is
            not a whole number.
    """
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return _annotation(path, file)
    except (OSError, RuntimeError) as error:  # both are h5py's word for a damaged file
        raise ValueError(f"{path}: cannot be read as a MATLAB 7.3 (HDF5) file: {error}") from error


def _annotation(path: Path, file: Any) -> Annotation:
    def field(name: str) -> Any:
        if f"annos/{name}" not in file:
            raise ValueError(
                f"{path}: expected the field /annos/{name}, got {', '.join(file.get('annos', {})) or 'none'}"
            )
        return file[f"annos/{name}"]

    def numbers(name: str) -> NDArray[np.int64]:
        values = np.asarray(field(name)[()], dtype=np.float64).ravel()
        if not np.array_equal(values, np.round(values)):
            raise ValueError(f"{path}: /annos/{name}: expected whole numbers, got {values[values % 1 != 0][:3]}")
        return values.astype(np.int64)

    annotation = Annotation(
        activity=strings(file, field("activity")),
        file=strings(file, field("fileName")),
        start=numbers("startFrame"),
        end=numbers("endFrame"),
        subject=numbers("subject"),
        dish=numbers("dish"),
        attributes=strings(file, field("attributeMap")),
        rate=float(np.ravel(field("frameRate")[()])[0]),
        seconds=_seconds(file),
    )
    lengths = {name: len(getattr(annotation, name)) for name in ("activity", "file", "start", "end", "subject", "dish")}
    if len(set(lengths.values())) > 1:
        raise ValueError(f"{path}: expected as many entries in each field of /annos, got {lengths}")
    return annotation


def _seconds(file: Any) -> NDArray[np.float64] | None:
    if "annos/startTimeSeconds" not in file:
        return None
    seconds = np.asarray(file["annos/startTimeSeconds"][()], dtype=np.float64).ravel()
    return seconds if seconds.size == np.ravel(file["annos/startFrame"][()]).size else None


def read_sequences(folder: Path) -> dict[str, str]:
    """What each video is for, by its name such as "s13-d21-cam-002": the first word of every line names a sequence.

    Raises:
        ValueError: one of the three files is missing or says nothing; a sequence in two of them.
    """
    splits: dict[str, str] = {}
    for file, split in SEQUENCES.items():
        path = folder / file
        if not path.is_file():
            raise ValueError(f"{folder}: expected {', '.join(SEQUENCES)}, there is no {file}")
        names = [line.split()[0] for line in read_text(path).splitlines() if line.strip()]
        if not names:
            raise ValueError(f"{path}: expected a sequence a line, such as s13-d21, the file says nothing")
        for name in names:
            video = f"{name}-{CAMERA}"
            if splits.setdefault(video, split) != split:
                raise ValueError(f"{path}: {name} is for {split} here and for {splits[video]} in another of the files")
    return splits


def classes_of(annotation: Annotation) -> list[str]:
    """The activities that are among the attributes too, sorted: a class's place is its label."""
    return sorted(set(annotation.activity) & set(annotation.attributes))
