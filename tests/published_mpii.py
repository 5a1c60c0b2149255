"""MPII Cooking 2 as it is published, small: a MATLAB 7.3 file, three lists of sequences, long AVIs in a .tar.gz."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from make_video import write_video
from mat_writer import write_mat
from prepare_fixtures import write_bytes

MAT = "attributesAnnotations_MPII-Cooking-2.mat"
A, B, C, D = (f"{name}-cam-002" for name in ("s07-d72", "s13-d21", "s21-d45", "s37-d74"))
#: video, activity, first and last frame, as the annotation counts: from 1, both included.
INTERVALS = [
    (A, "take outV", 11, 20),
    (A, "washV", 21, 60),
    (A, "test sharpnessV", 61, 70),  # is no attribute, so no class
    (B, "washV", 1, 1),
    (B, "washV", 30, 45),
    (B, "washV", 30, 45),  # once more
    (B, "take outV", 40, 90),  # beyond the end
    (B, "addV", 5, 4),  # empty
    (C, "addV", 10, 19),
    (D, "addV", 10, 19),
]
ATTRIBUTES = ["addV", "apple", "bowl", "take outV", "washV", "knife"]
RATE = 29.4


def annotation(path: Path, intervals: list[tuple[str, str, int, int]] = INTERVALS, **fields: Any) -> Path:
    videos = [video for video, *_ in intervals]
    return write_mat(
        path,
        "annos",
        {
            "activity": [activity for _, activity, *_ in intervals],
            "attributeMap": ATTRIBUTES,
            "className": ["hand"] * len(intervals),
            "dataset": "cooking12eccv",
            "dish": [float(video[5:7]) for video in videos],
            "endFrame": [float(last) for *_, last in intervals],
            "fileName": videos,
            "frameRate": [RATE],
            "nullAttrLabel": "",
            "startFrame": [float(first) for *_, first, _ in intervals],
            "startTimeSeconds": [(first - 1) / RATE for *_, first, _ in intervals],
            "subject": [float(video[1:3]) for video in videos],
            **fields,
        },
    )


def sequences(folder: Path, **more: str) -> Path:
    """Lines have more than the sequence; the last video is in none of the files."""
    files = {"TrainAttr": "s07-d72 1 2\n", "Val": "s13-d21\n", "Test": "s21-d45 x\n\n", **more}
    for name, lines in files.items():
        write_bytes(folder / f"sequences{name}.txt", lines.encode())
    return folder


def write_kitchen(folder: Path) -> dict[str, bytes]:
    """AVIs whose frames carry their numbers."""
    folder.mkdir(parents=True, exist_ok=True)
    options = {"g": "12", "b": "4M"}
    return {
        f"{video}.avi": write_video(folder / f"{video}.avi", frames, codec="mpeg4", options=options).read_bytes()
        for video, frames in ((A, 80), (B, 60), (C, 25), (D, 25))
    }


def as_published(folder: Path, kitchen: Mapping[str, bytes]) -> Path:
    """The .mat, a folder with the setup, a .tar.gz of videos with those of other cameras too."""
    annotation(folder / MAT)
    sequences(folder / "experimentalSetup")
    with tarfile.open(folder / "MPII-Cooking-2-videos.tar.gz", "w:gz") as archive:
        for name, content in {**kitchen, "s07-d72-cam-001.avi": b"another camera", "README": b""}.items():
            entry = tarfile.TarInfo(f"MPII-Cooking-2-videos/{name}")
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return folder
