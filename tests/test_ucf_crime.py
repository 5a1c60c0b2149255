from __future__ import annotations

import io
import re
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from prepare_fixtures import dates, video_bytes, write_bytes
from published_ucf import LINES, TXT, VIDEOS, videos

from vmp.data.manifest import read_manifest
from vmp.data.prepare import PrepareReport
from vmp.data.ucf_crime import Line, Numbers, main, prepare, read_annotation

NUMBERS = Numbers(videos=4, normal=1, classes=4)


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    write_bytes(tmp_path / "archives" / TXT, LINES.encode())
    return tmp_path / "archives"


def prepared(tmp_path: Path, **options: Any) -> PrepareReport:
    return prepare(tmp_path / "data", archives=tmp_path / "archives", **{"published": NUMBERS, **options})


def test_each_event_is_a_clip_and_so_is_each_normal_video(tmp_path: Path, archives: Path) -> None:
    report = prepared(tmp_path, videos=videos(tmp_path / "videos", VIDEOS))
    assert report.complete, str(report)
    assert {count.what: count.found for count in report.counts}["events annotated"] == 4
    manifest = read_manifest(tmp_path / "data" / "ucf_crime.parquet")
    assert manifest.classes == ("Abuse", "Arson", "Burglary", "Normal")
    table = manifest.table.set_index("clip")
    assert table.loc["Abuse028_x264.mp4/1", ["start", "end", "unit"]].tolist() == [1, 7, "frame"]
    assert table.loc["Arson011_x264.mp4/2", ["start", "end", "event", "label"]].tolist() == [5, 9, 2, 1]
    normal = table.loc["Normal_Videos_003_x264.mp4/0"]
    assert (np.isnan(normal["start"]), np.isnan(normal["end"]), normal["frames"]) == (True, True, 12)
    assert set(table["split"]) == {"test"}
    assert "count from 1; that is not verified" in report.notes[0]
    before = dates(tmp_path / "data")
    assert prepared(tmp_path, videos=tmp_path / "videos") == report
    assert dates(tmp_path / "data") == before


def test_frames_may_count_from_0(tmp_path: Path, archives: Path) -> None:
    prepared(tmp_path, videos=videos(tmp_path / "videos", VIDEOS), first_frame=0)
    table = read_manifest(tmp_path / "data" / "ucf_crime.parquet").table.set_index("clip")
    assert table.loc["Abuse028_x264.mp4/1", ["start", "end"]].tolist() == [2, 8]
    with pytest.raises(ValueError, match="first_frame: expected 0 or 1, got -1"):
        prepared(tmp_path, first_frame=-1)


def test_archives_are_unpacked_where_they_are_there_and_only_what_is_annotated(tmp_path: Path, archives: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, name in enumerate([VIDEOS[0], "Abuse001_x264.mp4"]):
            archive.writestr(f"Anomaly-Videos-Part-1/Abuse/{name}", video_bytes(number, ".mp4", 12))
    write_bytes(archives / "Anomaly-Videos-Part-1.zip", buffer.getvalue())
    report = prepared(tmp_path, allow_missing=True)
    assert report.missing == tuple(VIDEOS[1:])
    assert [path.name for path in (tmp_path / "data" / "videos").iterdir()] == [VIDEOS[0]]
    assert len(read_manifest(tmp_path / "data" / "ucf_crime.parquet")) == 1


def test_without_videos_the_annotation_alone_is_counted(tmp_path: Path, archives: Path) -> None:
    report = prepared(tmp_path, allow_missing=True)
    assert (report.found, report.status, len(report.missing)) == (0, 1, 4)
    assert [count.what for count in report.counts if not count.holds] == ["testing videos here"]
    assert "--videos DIR takes those that you have" in report.notes[0]


def test_lines(tmp_path: Path) -> None:
    lines = read_annotation(write_bytes(tmp_path / "a.txt", LINES.encode()))
    assert lines[1] == Line("Arson011_x264.mp4", "Arson", ((1, 4), (6, 9)))
    assert lines[3].intervals == ()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("a.mp4  Abuse  165  240  -1", "expected VIDEO CLASS START END START END, got 'a.mp4  Abuse"),
        ("a.mp4  Abuse  x  240  -1  -1", "expected VIDEO CLASS START END START END"),
        ("a.mp4  Abuse  240  165  -1  -1", "expected intervals that end after they begin, or -1 -1"),
        ("a.mp4  Abuse  165  -1  -1  -1", "expected intervals that end after they begin"),
        ("a.mp4  Abuse  -1  -1  -1  -1", "expected an interval for every class but Normal"),
        ("a.mp4  Normal  1  5  -1  -1", "expected an interval for every class but Normal"),
        ("Abuse028_x264.mp4  Abuse  1  5  -1  -1", "Abuse028_x264.mp4 is there twice"),
    ],
)
def test_lines_that_do_not_fit(tmp_path: Path, line: str, message: str) -> None:
    path = write_bytes(tmp_path / "a.txt", f"{LINES}\n{line}\n".encode())
    with pytest.raises(ValueError, match=rf"a\.txt, line 6: {re.escape(message)}"):
        read_annotation(path)


def test_what_is_no_text_is_named(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "annotation.txt", "é".encode("latin-1"))
    with pytest.raises(ValueError, match=r"annotation\.txt: expected text in UTF-8, got the byte 0xe9 at 0"):
        read_annotation(path)


def test_an_empty_file_says_so(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="the file says nothing"):
        read_annotation(write_bytes(tmp_path / "a.txt", b"\n"))


def test_the_script(tmp_path: Path, archives: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = videos(tmp_path / "videos", VIDEOS)
    options = ["--root", str(tmp_path / "data"), "--archives", str(archives), "--videos", str(folder)]
    assert main(options) == 1
    assert re.search(r"testing videos annotated +4   published 290   DIFFERS", capsys.readouterr().out)
    assert main([*options, "--first-frame", "0", "--allow-missing"]) == 0
