from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from own_runs import example_videos

from vmp.data.example_folder import MOVEMENTS, write_example_folder
from vmp.data.video import probe, read_clip


def test_a_folder_of_real_videos(tmp_path: Path) -> None:
    root = write_example_folder(tmp_path / "videos", ("circle", "tremble"), 2, size=64, frames=10, rate=5)
    assert sorted(path.relative_to(root).as_posix() for path in root.rglob("*.mp4")) == [
        "circle/01.mp4", "circle/02.mp4", "tremble/01.mp4", "tremble/02.mp4",
    ]  # fmt: skip
    info = probe(root / "circle" / "01.mp4")
    assert (info.codec, info.width, info.height, info.rate, info.frames) == ("h264", 64, 64, 5, 10)
    again = write_example_folder(tmp_path / "again", ("circle", "tremble"), 1, size=64, frames=10, rate=5)
    assert np.array_equal(read_clip(again / "circle/01.mp4").frames, read_clip(root / "circle/01.mp4").frames)


def test_what_moves_moves_and_the_rest_stays() -> None:
    """A vertical line goes much farther up or down than to the sides; what is behind it does not change."""
    frames = read_clip(example_videos() / "vertical line" / "01.mp4").frames.astype(float).mean(axis=3)
    still = np.median(frames, axis=0)
    y, x = np.meshgrid(np.arange(64), np.arange(64), indexing="ij")
    moved = [np.abs(frame - still) > 60 for frame in frames]
    places = np.array([(x[mask].mean(), y[mask].mean()) for mask in moved if mask.sum() > 20])
    assert np.ptp(places[:, 1]) > 2 * np.ptp(places[:, 0])
    assert np.mean(np.abs(frames[0] - frames[-1]) < 40) > 0.75


def test_mistakes(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"got 'circel'\. Did you mean 'circle'\?"):
        write_example_folder(tmp_path, ("circel",))
    with pytest.raises(ValueError, match="videos: expected 1 to 21 of each class, got 22"):
        write_example_folder(tmp_path, MOVEMENTS, 22)
    assert list(tmp_path.iterdir()) == []
