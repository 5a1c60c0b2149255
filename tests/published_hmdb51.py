"""HMDB-51 as it is published, small: a RAR archive of RAR archives, names that a shell would choke on, split files."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Callable, Sequence
from pathlib import Path

from prepare_fixtures import video_bytes, write_bytes
from rar_writer import rar

CLASSES = ("kick_ball", "run", "sit")
#: A class of the fixture has 6 clips: three to train on, two to test on, one unused; the splits turn them round.
FLAGS = "111220"
#: Names as the set has them, with every character that a shell would take for its own.
FILMS = (
    "April_09", "Best_Of_Skype_Laughter_Chain_(Original)", "Fellowship & #1", "THE_WAVE_!!", "a;b 'c'", "$HOME `x`",
)  # fmt: skip


def name(class_name: str, i: int) -> str:
    return f"{FILMS[i]}_{class_name}_u_cm_np1_fr_med_{i}.avi"


def videos_of(class_name: str, clips: int = 6, video: Callable[[int], bytes] = video_bytes) -> dict[str, bytes]:
    return {name(class_name, i): video(10 * CLASSES.index(class_name) + i) for i in range(clips)}


def split_files(classes: Sequence[str] = CLASSES, flags: str = FLAGS) -> dict[str, bytes]:
    """Lines end with a space, as the published ones do."""
    return {
        f"testTrainMulti_7030_splits/{c}_test_split{k}.txt": "".join(
            f"{name(c, i)} {flags[(i + k) % len(flags)]} \n" for i in range(len(flags))
        ).encode()
        for c in classes
        for k in (1, 2, 3)
    }


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for each, content in files.items():
            archive.writestr(each, content)
    return buffer.getvalue()


def as_published(
    folder: Path, classes: Sequence[str] = CLASSES, flags: str = FLAGS, video: Callable[[int], bytes] = video_bytes
) -> Path:
    """A RAR with a RAR a class in it, which holds the class's folder; and the splits' RAR."""
    clips = {c: videos_of(c, len(flags), video) for c in classes}
    inner = {f"{c}.rar": rar({f"{c}/": b"", **{f"{c}/{n}": v for n, v in clips[c].items()}}) for c in classes}
    write_bytes(folder / "hmdb51_org.rar", rar(inner))
    splits = {"testTrainMulti_7030_splits/": b"", **split_files(classes, flags)}
    write_bytes(folder / "test_train_splits.rar", rar(splits))
    return folder
