from pathlib import Path

import av
import numpy as np
import pytest

from vmp.figures.clips import chosen_clips


@pytest.fixture
def wide_video(tmp_path: Path) -> str:
    path = tmp_path / "mine.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.pix_fmt = 640, 320, "yuv420p"
        for level in (60, 100, 140):
            frame = av.VideoFrame.from_ndarray(np.full((320, 640, 3), level, dtype=np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return str(path)


def test_examples_by_name():
    assert list(chosen_clips("both")) == ["static camera", "moving camera"]
    assert chosen_clips("moving")["moving camera"].shape == (120, 270, 480, 3)
    assert list(chosen_clips("static")) == ["static camera"]


def test_a_file_is_read_small_and_keeps_its_rate(wide_video):
    clip = chosen_clips(wide_video, num_frames=2)["mine.mp4"]
    assert clip.shape == (2, 240, 480, 3)
    assert clip.rate == 25
    assert np.abs(clip.frames.mean(axis=(1, 2, 3)) - [60, 100]).max() < 4
    assert len(chosen_clips(wide_video)["mine.mp4"]) == 3


def test_what_is_no_video_is_refused(wide_video):
    with pytest.raises(ValueError, match=r"'static', 'moving', 'both' or the path of a video file, got 'mvoing'"):
        chosen_clips("mvoing")
    with pytest.raises(ValueError, match=r"has 1 frame\(s\), and a difference needs 2"):
        chosen_clips(wide_video, num_frames=1)
