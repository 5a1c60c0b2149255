"""FineGym's files as they are published, small: annotation, lists and categories of three videos."""

from __future__ import annotations

import json
from pathlib import Path

from prepare_fixtures import write_bytes

#: The first one begins with "-", as some do; the last one is gone.
BARS, VAULT, GONE = "-HvXd_vqJ5A", "0LtLS9wROrk", "A0xAXXysHUo"
#: The project's own example, with smaller times: events in the video's seconds, elements in the event's.
ANNOTATION = {
    BARS: {
        "E_000001_000003": {
            "event": 3,
            "segments": {
                "A_0000_0001": {"stages": 1, "timestamps": [[0.25, 1.0]]},
                "A_0001_0001": {"stages": 1, "timestamps": [[1.0, 1.5]]},
            },
            "timestamps": [[1.04, 3.2]],
        },
        "E_001781_001789": {"event": 1, "segments": None, "timestamps": [[1781.76, 1789.16]]},
    },
    VAULT: {
        "E_000000_000001": {
            "event": 1,
            "segments": {"A_0000_0001": {"stages": 3, "timestamps": [[0.0, 0.3], [0.3, 0.6], [0.6, 1.2]]}},
            "timestamps": [[0.4, 1.8]],
        },
        "E_000002_000003": {
            "event": 1,
            "segments": {"A_0000_0001": {"stages": 3, "timestamps": [[0.04, 0.4], [0.4, 0.8], [0.8, 1.57]]}},
            "timestamps": [[2.0, 3.9]],
        },
    },
    GONE: {
        "E_002184_002237": {
            "event": 4,
            "segments": {"A_0035_0036": {"stages": 1, "timestamps": [[35.1, 36.4]]}},
            "timestamps": [[2184.0, 2237.6]],
        },
    },
}
CATEGORIES = """\
Clabel:   0; set:  1; Glabel:   1; (VT) round-off, flic-flac with 0.5 turn on
Clabel:   1; set: 21; Glabel:  67; (FX) switch leap with 0.5 turn      \n\
Clabel:   2; set: 31; Glabel: 223; (BB) switch leap with 0.5 turn
"""
TRAIN = f"{BARS}_E_000001_000003_A_0000_0001 1\n{GONE}_E_002184_002237_A_0035_0036 2\n"
VAL = f"{VAULT}_E_000002_000003_A_0000_0001 0\n{BARS}_E_000001_000003_A_0001_0001 1\n"
NAMES = (
    "finegym_annotation_info_v1.1.json",
    "gym99_train_element_v1.1.txt",
    "gym99_val_element.txt",
    "gym99_categories.txt",
)


def files(folder: Path, train: str = TRAIN, val: str = VAL) -> Path:
    for name, content in zip(NAMES, (json.dumps(ANNOTATION), train, val, CATEGORIES), strict=True):
        write_bytes(folder / name, content.encode())
    return folder
