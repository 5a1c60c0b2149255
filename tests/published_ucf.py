"""UCF-Crime's temporal annotation as it is published, small, and videos in a folder a class."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path

from prepare_fixtures import video_bytes, write_bytes

TXT = "Temporal_Anomaly_Annotation_for_Testing_Videos.txt"
#: Two spaces between columns and at the end, as published; one copy has a tab there.
LINES = """\
Abuse028_x264.mp4  Abuse  2  7  -1  -1  \n\
Arson011_x264.mp4  Arson  1  4  6  9  \n\
Burglary035_x264.mp4  Burglary  1  5  -1  -1\t
Normal_Videos_003_x264.mp4  Normal  -1  -1  -1  -1  \n\
"""
VIDEOS = ["Abuse028_x264.mp4", "Arson011_x264.mp4", "Burglary035_x264.mp4", "Normal_Videos_003_x264.mp4"]


def short_video(number: int) -> bytes:
    return video_bytes(number, ".mp4", 12)


def videos(folder: Path, names: Sequence[str] = VIDEOS, video: Callable[[int], bytes] = short_video) -> Path:
    """As the archives have them: a folder for each class."""
    for number, name in enumerate(names):
        write_bytes(folder / re.sub(r"[\d_].*", "", name) / name, video(number))
    return folder
