from __future__ import annotations

import re
import tarfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from make_video import cut as cut_short
from make_video import numbers_of, write_video
from mat_writer import write_mat
from prepare_fixtures import dates, tree, write_bytes
from published_mpii import (
    ATTRIBUTES,
    INTERVALS,
    MAT,
    RATE,
    A,
    B,
    C,
    D,
    annotation,
    as_published,
    sequences,
    write_kitchen,
)

from vmp.data.cutting import Cut, cut
from vmp.data.manifest import interval, read_manifest
from vmp.data.mpii_annotation import classes_of, read_annotation, read_sequences
from vmp.data.mpii_cooking2 import Numbers, main, place_video, prepare
from vmp.data.prepare import PrepareReport, size_text
from vmp.data.video import VideoError, probe, read_clip

#: The published activities that are among the attributes, and those that are not.
CLASSES = """
    addV; arrangeV; change temperatureV; chopV; cleanV; closeV; cut apartV; cut diceV; cut off endsV; cut out
    insideV; cut stripesV; cutV; dryV; enterV; fillV; gatherV; grateV; hangV; mixV; moveV; open closeV; open
    eggV; open tinV; openV; packageV; peelV; plugV; pourV; pull apartV; pull upV; pullV; pureeV; purgeV; push
    downV; put inV; put lidV; put onV; readV; remove from packageV; rip openV; scratch offV; screw closeV;
    screw openV; shakeV; shapeV; sliceV; smellV; spiceV; spreadV; squeezeV; stampV; stirV; strewV; take
    apartV; take lidV; take outV; tapV; tasteV; test temperatureV; throw in garbageV; turn offV; turn onV;
    turn overV; unplugV; washV; whipV; wring outV
"""
NO_CLASSES = """
    apply plasterV; assembleV; flipV; foldV; grindV; lockV; open capV; pokeV; pressV; put rubber bandV; remove
    labelV; remove rubber bandV; rip offV; rip-offV; rollV; sharpenV; squashV; test sharpnessV; unlockV;
    unrollV
"""
NUMBERS = Numbers(intervals=10, videos=4, activities=4, attributes=6, classes=3)


@pytest.fixture(scope="module")
def kitchen(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    return write_kitchen(tmp_path_factory.mktemp("kitchen"))


@pytest.fixture
def archives(tmp_path: Path, kitchen: Mapping[str, bytes]) -> Path:
    return as_published(tmp_path / "archives", kitchen)


def prepared(tmp_path: Path, **options: Any) -> PrepareReport:
    return prepare(tmp_path / "data", archives=tmp_path / "archives", **{"published": NUMBERS, **options})


def table_of(tmp_path: Path) -> Any:
    return read_manifest(tmp_path / "data" / "mpii_cooking2.parquet").table.set_index("clip")


# --- the whole set ---


def test_clips_are_intervals_of_the_long_videos(tmp_path: Path, archives: Path) -> None:
    report = prepared(tmp_path)
    assert report.complete, str(report)
    table = table_of(tmp_path)
    assert list(table.index) == [
        f"{A}/0001",
        f"{A}/0002",
        f"{B}/0001",
        f"{B}/0002",
        f"{B}/0004",
        f"{C}/0001",
        f"{D}/0001",
    ]
    row = table.loc[f"{A}/0002"]
    assert (row["start"], row["end"], row["unit"], row["path"]) == (20, 60, "frame", f"videos/{A}.avi")
    assert (row["first_frame"], row["last_frame"], row["subject"], row["dish"]) == (21, 60, 7, 72)
    assert (row["label"], row["class_name"], row["camera"], row["frames"]) == (2, "washV", "cam-002", 80)
    assert table["split"].tolist() == ["train", "train", *["validation"] * 3, "test", "unused"]
    assert sorted(path for path in tree(tmp_path / "data") if path.endswith(".avi")) == sorted(
        f"videos/{video}.avi" for video in (A, B, C, D)
    )


def test_the_frames_of_a_clip_are_those_the_annotation_names(tmp_path: Path, archives: Path) -> None:
    """Frame 21 of the annotation is the twenty-first, whose number is 20, and 60 is the last one."""
    prepared(tmp_path)
    row = table_of(tmp_path).loc[f"{A}/0002"]
    first, count = interval(row["start"], row["end"], row["unit"], row["rate"], int(row["frames"]))
    clip = read_clip(tmp_path / "data" / row["path"], count, start=first / row["rate"])
    assert numbers_of(clip.frames) == list(range(20, 60))


def test_the_first_frame_may_be_0(tmp_path: Path, archives: Path) -> None:
    prepared(tmp_path, first_frame=0)
    row = table_of(tmp_path).loc[f"{A}/0002"]
    assert (row["start"], row["end"], row["first_frame"]) == (21, 61, 21)
    with pytest.raises(ValueError, match="first_frame: expected 0 or 1, got 2"):
        prepared(tmp_path, first_frame=2)


def test_the_report_says_what_was_left_out_and_what_is_not_verified(tmp_path: Path, archives: Path) -> None:
    notes = prepared(tmp_path).notes
    assert notes[0].startswith("the annotation's frames are taken to count from 1, and the last one to belong")
    assert notes[0].endswith("neither is verified")
    assert notes[1] == "by its own times in seconds, frame 1.00 is at 0 s"
    assert set(notes[2:]) == {
        "the annotation says 29.4 frames a second, videos say 30.0",
        "1 intervals of activities that are no class are left out",
        "1 intervals that are negative or empty are left out",
        "1 intervals that are there twice are left out",
        "1 annotated videos are in no sequence file, and unused",
    }


def test_counts_are_held_against_the_published_ones(tmp_path: Path, archives: Path) -> None:
    report = prepared(tmp_path, published=replace(NUMBERS, classes=67, intervals=14105))
    assert [count.what for count in report.counts if not count.holds] == ["intervals annotated", "classes"]
    assert report.status == 1
    assert Numbers() == Numbers(14105, 273, 87, 222, 67)


def test_missing_and_truncated_videos(tmp_path: Path, archives: Path, kitchen: Mapping[str, bytes]) -> None:
    for name, content in kitchen.items():
        write_bytes(tmp_path / "videos" / "deeper" / name, content)
    (tmp_path / "videos" / "deeper" / f"{C}.avi").unlink()
    whole = tmp_path / "videos" / "deeper" / f"{B}.avi"
    cut_short(whole, 0.5).replace(whole)
    report = prepared(tmp_path, videos=tmp_path / "videos", allow_missing=True)
    assert (report.found, report.missing, list(report.unreadable or {})) == (2, (C,), [B])
    table = table_of(tmp_path)
    assert set(table["video"]) == {A, D}
    assert table["path"].iloc[0] == (tmp_path / "videos" / "deeper" / f"{A}.avi").as_posix()
    assert not (tmp_path / "data" / "videos").exists()


def test_an_interval_that_begins_after_its_video_is_left_out(tmp_path: Path, archives: Path) -> None:
    annotation(archives / MAT, [*INTERVALS[:3], (B, "washV", 61, 70)])
    report = prepared(tmp_path, allow_missing=True)
    assert "1 intervals that begin after their video's end are left out" in report.notes
    assert set(table_of(tmp_path)["video"]) == {A}


def test_twice_changes_nothing(tmp_path: Path, archives: Path) -> None:
    first = prepared(tmp_path)
    before = dates(tmp_path / "data")
    assert prepared(tmp_path) == first
    assert dates(tmp_path / "data") == before


# --- files of their own ---


def test_cut_writes_each_clip_to_a_file(tmp_path: Path, archives: Path) -> None:
    prepared(tmp_path, cut=True)
    table = table_of(tmp_path)
    row = table.loc[f"{A}/0002"]
    assert row["path"] == f"clips/washV/{A}_0002_20-60.mp4"
    assert (np.isnan(row["start"]), row["unit"], row["frames"], row["width"]) == (True, "s", 40, 64)
    clip = read_clip(tmp_path / "data" / row["path"])
    assert numbers_of(clip.frames) == list(range(20, 60))
    assert probe(tmp_path / "data" / row["path"]).rate == pytest.approx(30)
    assert numbers_of(read_clip(tmp_path / "data" / table.loc[f"{B}/0004"]["path"]).frames) == list(range(39, 60))
    before = dates(tmp_path / "data")
    prepared(tmp_path, cut=True)
    assert dates(tmp_path / "data") == before


def test_the_room_that_cutting_takes_is_told_before(
    tmp_path: Path, archives: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A clip takes its share of its video's bytes: of the video of 80 frames the clips have 10 and 40."""
    options = ["--root", str(tmp_path / "data"), "--archives", str(archives), "--allow-missing", "--cut"]
    assert main(options) == 0
    sizes = {video: (tmp_path / "data" / "videos" / f"{video}.avi").stat().st_size for video in (A, B, C, D)}
    # of B frames 0, 29 to 44, and 39 to 89, as the annotation says
    expected = sizes[A] * 50 / 80 + sizes[B] * (1 + 16 + 51) / 60 + (sizes[C] + sizes[D]) * 10 / 25
    told = f"cutting 7 clips: about {size_text(round(expected))} of disk space are needed"
    assert told in capsys.readouterr().err
    assert main(options) == 0
    assert "disk space" not in capsys.readouterr().err  # nothing is left to cut


def test_cuts_may_overlap_and_those_after_the_end_are_not_written(tmp_path: Path) -> None:
    video = write_video(
        tmp_path / "odd.avi", [np.full((49, 65, 3), 9, np.uint8)] * 20, codec="mjpeg", pixels="yuvj420p"
    )
    cuts = [Cut(s, e, tmp_path / "out" / f"{s}-{e}.mp4") for s, e in ((0, 5), (3, 8), (3, 4), (18, 30), (25, 30))]
    written = list(cut(video, cuts))
    assert {each.to.name for each in written} == {"0-5.mp4", "3-8.mp4", "3-4.mp4", "18-30.mp4"}
    assert {path.name: probe(path).frames for path in (tmp_path / "out").iterdir()} == {
        "0-5.mp4": 5, "3-8.mp4": 5, "3-4.mp4": 1, "18-30.mp4": 2,
    }  # fmt: skip
    assert (probe(cuts[0].to).width, probe(cuts[0].to).height) == (64, 48)
    assert list(cut(video, cuts[:4])) == []


def test_a_cut_from_a_damaged_video_leaves_no_part(tmp_path: Path) -> None:
    video = cut_short(write_video(tmp_path / "a.mkv", 60, options={"g": "10"}), 0.7)
    with pytest.raises(VideoError, match=r"cut_a\.mkv: is truncated"):
        list(cut(video, [Cut(0, 5, tmp_path / "out" / "a.mp4"), Cut(10, 60, tmp_path / "out" / "b.mp4")]))
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["a.mp4"]


# --- the annotation ---


def test_strings_are_references_to_uint16(tmp_path: Path) -> None:
    path = annotation(tmp_path / MAT, [("s01-d01-cam-002", "wäschtV 𝄞", 1, 2), ("s01-d01-cam-002", "", 3, 4)])
    read = read_annotation(path)
    assert read.activity == ("wäschtV 𝄞", "")
    assert (read.start.tolist(), read.end.tolist(), read.subject.tolist()) == ([1, 3], [2, 4], [1, 1])
    assert (read.rate, read.attributes) == (RATE, tuple(ATTRIBUTES))


@pytest.mark.parametrize("first", [0, 1])
def test_its_own_times_tell_which_frame_comes_first(tmp_path: Path, first: int) -> None:
    times = [(start - first) / RATE for *_, start, _ in INTERVALS]
    read = read_annotation(annotation(tmp_path / MAT, startTimeSeconds=times))
    assert read.frame_at_zero() == pytest.approx(first)
    whole = read_annotation(annotation(tmp_path / MAT, startTimeSeconds=[float(int(time)) for time in times]))
    assert whole.frame_at_zero() is None  # too coarse to tell
    assert read_annotation(annotation(tmp_path / MAT, startTimeSeconds=[1.0])).frame_at_zero() is None


def test_classes_are_the_activities_that_are_attributes_too(tmp_path: Path) -> None:
    assert classes_of(read_annotation(annotation(tmp_path / MAT))) == ["addV", "take outV", "washV"]


def test_the_67_classes_are_the_intersection(tmp_path: Path) -> None:
    """The published names: 87 activities, and 222 attributes, of which 155 are things and called so here."""
    both, activities_only = ([" ".join(name.split()) for name in each.split(";")] for each in (CLASSES, NO_CLASSES))
    intervals = [(A, activity, 1, 5) for activity in [*activities_only, *both]]
    things = [f"thing {i}" for i in range(155)]
    read = read_annotation(annotation(tmp_path / MAT, intervals, attributeMap=[*things, *reversed(both)]))
    numbers = Numbers()
    assert (len(set(read.activity)), len(read.attributes)) == (numbers.activities, numbers.attributes)
    assert classes_of(read) == sorted(both)
    assert len(classes_of(read)) == numbers.classes == 67


def test_what_is_no_annotation(tmp_path: Path) -> None:
    path = annotation(tmp_path / MAT)
    content = path.read_bytes()
    for broken in (b"MATLAB 5.0 MAT-file", content[:3000], b""):
        with pytest.raises(ValueError, match=r"\.mat: cannot be read as a MATLAB 7\.3 \(HDF5\) file"):
            read_annotation(write_bytes(path, broken))
    with pytest.raises(ValueError, match=r"expected as many entries in each field of /annos, got .*'dish': 1"):
        read_annotation(annotation(path, dish=[1.0]))
    with pytest.raises(ValueError, match=r"/annos/startFrame: expected whole numbers, got \[1\.5"):
        read_annotation(annotation(path, startFrame=[1.5] * len(INTERVALS)))
    write_mat(path, "annos", {"activity": ["a"]})
    with pytest.raises(ValueError, match=r"expected the field /annos/fileName, got activity"):
        read_annotation(path)


# --- the sequences ---


def test_sequences(tmp_path: Path) -> None:
    assert read_sequences(sequences(tmp_path)) == {A: "train", B: "validation", C: "test"}
    with pytest.raises(ValueError, match=r"sequencesTest\.txt: s13-d21 is for test here and for validation in another"):
        read_sequences(sequences(tmp_path, Test="s13-d21\n"))
    with pytest.raises(ValueError, match=r"sequencesVal\.txt: expected a sequence a line, .* the file says nothing"):
        read_sequences(sequences(tmp_path, Val="\n"))
    (tmp_path / "sequencesVal.txt").unlink()
    with pytest.raises(ValueError, match=r"expected sequencesTrainAttr\.txt, .* there is no sequencesVal\.txt"):
        read_sequences(tmp_path)


def test_the_setup_may_be_packed(tmp_path: Path, archives: Path) -> None:
    folder = archives / "experimentalSetup"
    with tarfile.open(archives / "experimentalSetup.tar.gz", "w:gz") as archive:
        archive.add(folder, "experimentalSetup")
    for path in folder.iterdir():
        path.unlink()
    folder.rmdir()
    assert prepared(tmp_path).complete
    (archives / "experimentalSetup.tar.gz").unlink()
    (tmp_path / "data" / "experimentalSetup" / "sequencesVal.txt").unlink()
    with pytest.raises(ValueError, match=r"sequences: expected experimentalSetup\.zip or .* found none of them"):
        prepared(tmp_path)


def test_only_camera_002_is_taken() -> None:
    assert place_video(("x", "s07-d72-cam-002.avi")) == "videos/s07-d72-cam-002.avi"
    assert place_video(("x", "s07-d72-cam-001.avi")) is None


# --- the script ---


def test_the_script(tmp_path: Path, archives: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = ["--root", str(tmp_path / "data"), "--archives", str(archives), "--first-frame", "0"]
    assert main(options) == 1
    assert re.search(r"intervals annotated +10   published 14,105   DIFFERS", capsys.readouterr().out)
    assert main([*options, "--allow-missing", "--cut"]) == 0
    assert (tmp_path / "data" / "clips" / "washV" / f"{A}_0002_21-61.mp4").exists()
