from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vmp.data.manifest import Manifest, ManifestError, make_manifest, validate
from vmp.data.manifest_report import Report, clip_frames, clip_seconds
from vmp.data.manifest_summary import summary
from vmp.data.pathways import ClipInput, Pathway

NAN = math.nan


def made(**columns: Any) -> Manifest:
    count = len(next(iter(columns.values())))
    rows = {
        "clip": [f"c{row}" for row in range(count)],
        "path": [f"{row}.mp4" for row in range(count)],
        "class_name": ["a", "b"] * (count // 2) + ["a"] * (count % 2),
        "split": ["train", "train", "test", "test", "test", "test"][:count],
    }
    options = {name: columns.pop(name) for name in ("classes",) if name in columns}
    return make_manifest("m", rows | columns, "/nowhere", **options)


def only(manifest: Manifest, **options: Any) -> Report:
    return validate(manifest, check_files=False, **options)


def kinds(report: Report) -> dict[str, tuple[int, ...]]:
    return {finding.kind: finding.rows for finding in report.findings}


def test_a_good_table_has_nothing_to_say() -> None:
    report = only(made(clip=["c0", "c1", "c2", "c3"]))
    assert report.findings == ()
    assert str(report) == "m: 4 clips, 0 errors, 0 warnings"
    report.raise_errors()


@pytest.mark.parametrize(
    ("columns", "kind", "rows", "text"),
    [
        ({"clip": ["x", "y", "x", "z"]}, "duplicate ids", (0, 2), r"2 clips whose id .*: rows 1, 3 \('x', 'x'\)"),
        ({"clip": ["x", " ", "y", "z"]}, "empty ids", (1,), "1 clips without an id: row 2"),
        ({"path": ["x", "y", "", "z"]}, "empty paths", (2,), "without a path: row 3"),
        ({"start": [0, 0, -1, 0], "end": [1.0] * 4}, "negative intervals", (2,), "negative time: row 3"),
        ({"start": [0, 2, 1, 0], "end": [1.0] * 4}, "empty intervals", (1, 2), "end before or where .* rows 2, 3"),
        ({"start": [0] * 4, "end": [1, 1, 1, math.inf]}, "endless intervals", (3,), "infinite time: row 4"),
        ({"start": [NAN, 0, 0, 0], "end": [1.0] * 4}, "intervals without a start", (0,), "no start: row 1"),
        (
            {"start": [0, 0.5, 0, 0], "end": [1.0] * 4, "unit": ["frame"] * 4}, "broken frames", (1,),
            "no whole numbers: row 2",
        ),
        ({"unit": ["s", "s", "ms", "s"]}, "units", (2,), "units that are not known: .* got 'ms'"),
        ({"split": ["train", "tets", "test", "test"]}, "splits", (1,), "got 'tets'. Did you mean 'test'"),
        ({"label": [0, 1, 0, 7]}, "labels without a name", (3,), "has places for 0 to 1: row 4"),
        ({"label": [0, 1, 0, -1]}, "labels without a name", (3,), "row 4"),
        ({"label": [0, 1, 1, 1]}, "other names", (2,), r"not that of their label \('a', not 'b'\)"),
        ({"class_name": ["a", "", "a", ""], "classes": ["a", ""]}, "labels without a name", (1, 3), "has no name"),
        ({"path": ["x", "y", "x", "z"]}, "train and test", (0, 2), r"\(or validate\) and test in split: rows 1, 3"),
        (
            {"path": ["x", "y", "./x", "z"], "start": [1] * 4, "end": [2] * 4}, "train and test", (0, 2),
            "rows 1, 3",
        ),
        ({"label": [0, 1, 0, 1], "classes": ["a", "b", "b"]}, "classes", (), "classes that are there twice: 'b'"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named(columns: dict[str, Any], kind: str, rows: tuple[int, ...], text: str) -> None:
    report = only(made(**columns))
    assert kinds(report)[kind] == rows
    assert report.count(kind) == len(rows)
    with pytest.raises(ManifestError, match=text):
        report.raise_errors()


@pytest.mark.parametrize(
    ("columns", "kind", "rows", "text"),
    [
        ({"path": ["x", "x", "y", "z"]}, "repeated intervals", (0, 1), "another clip has too: rows 1, 2"),
        ({"split": ["test"] * 4}, "empty splits", (), "split: no clip is for train"),
        (
            {"class_name": ["a", "a", "b", "c"]}, "untrained classes", (),
            "2 classes are tested and not trained: 'b', 'c'",
        ),
        ({"label": [0, 1, 0, 1], "classes": ["a", "b", "c"]}, "classes without clips", (), "without clips: 'c'"),
        (
            {"path": ["x", "y", "x", "z"], "start": [0, 0, 1, 0], "end": [2, 2, 3, 2]}, "overlaps", (0, 2),
            "overlap in time with one on the other side of train and test in split: rows 1, 3",
        ),
        (
            {"path": ["x", "y", "x", "z"], "start": [0, 0, NAN, 0], "end": [2, 2, NAN, 2]}, "overlaps", (0, 2),
            "rows 1, 3",
        ),
    ],
)  # fmt: skip
def test_what_is_odd_is_counted(columns: dict[str, Any], kind: str, rows: tuple[int, ...], text: str) -> None:
    report = only(made(**columns))
    report.raise_errors()
    assert kinds(report)[kind] == rows
    assert text in str(report)


def test_what_touches_or_belongs_to_one_side_is_no_leak() -> None:
    report = only(
        made(path=["x", "x", "x", "y"], start=[0, 1, 2, 0], end=[1, 2, 3, 1], split=["train", "train", "test", "test"])
    )
    assert report.findings == ()
    frames = made(path=["x", "y", "x", "z"], start=[0, 0, 30, 0], end=[2, 2, 60, 2], unit=["s", "s", "frame", "s"])
    assert only(frames).findings == ()  # seconds are not held against frames


def test_each_of_several_splits_is_looked_at_by_itself() -> None:
    rows = {"path": ["x", "x", "y"], "class_name": ["a", "a", "a"], "clip": ["1", "2", "3"]}
    splits = {"split1": ["train", "train", "test"], "split2": ["train", "test", "unused"]}
    report = only(make_manifest("m", rows | splits, "."))
    errors = [finding for finding in report.findings if finding.kind == "train and test"]
    assert [finding.rows for finding in errors] == [(0, 1)]
    assert "in split2" in errors[0].text


def test_many_rows_are_counted_and_a_few_named() -> None:
    report = only(made(clip=["same"] * 6))
    assert "6 clips whose id is not theirs alone: rows 1, 2, 3, 4, 5 and 1 more ('same', 'same', 'same', ...)" in str(
        report
    )


def test_an_empty_table() -> None:
    empty = Manifest("none", made(clip=["x", "y"]).table.iloc[:0], ("a",), Path())
    with pytest.raises(ManifestError, match="no clips"):
        only(empty).raise_errors()


def test_files_that_are_not_there(tmp_path: Path) -> None:
    (tmp_path / "0.mp4").write_bytes(b"x")
    (tmp_path / "1.mp4").write_bytes(b"")
    (tmp_path / "2.mp4").mkdir()
    manifest = made(clip=["c0", "c1", "c2", "c3"])
    manifest = Manifest("m", manifest.table, manifest.classes, tmp_path)
    found = kinds(validate(manifest))
    assert found == {"missing files": (3,), "empty files": (1, 2)}
    assert len(validate(manifest).errors) == 2
    assert len(validate(manifest, allow_missing=True).warnings) == 2
    absolute = manifest.with_table(manifest.table.assign(path=str(tmp_path / "0.mp4"), split="train"))
    assert "missing files" not in kinds(validate(absolute))


def test_nothing_there_is_an_error_even_where_missing_is_allowed() -> None:
    report = validate(made(clip=["c0", "c1"]), allow_missing=True)
    with pytest.raises(ManifestError, match=r"2 clips whose file is missing \(2 files\).*Is /nowhere the right root"):
        report.raise_errors()


# --- lengths ---

MEASURED = {"frames": [60, 60, 300, NAN], "rate": [30, 60, 25, NAN], "width": [64] * 4, "height": [48] * 4}


def test_lengths_by_hand() -> None:
    manifest = made(start=[NAN, 0.5, 0, 0], end=[NAN, 0.75, 100, 2], unit=["s", "s", "frame", "s"], **MEASURED)
    np.testing.assert_array_equal(clip_frames(manifest), [60, 15, 100, NAN])
    np.testing.assert_array_equal(clip_seconds(manifest), [2, 0.25, 4, 2])
    np.testing.assert_array_equal(clip_seconds(made(start=[0.0, NAN], end=[2.5, NAN])), [2.5, NAN])


def test_short_clips_are_counted() -> None:
    takes = ClipInput((Pathway("clip", 8, 8),), 224)  # 57 frames
    manifest = made(start=[NAN, NAN, 0, 0], end=[NAN, NAN, 2, 2], **MEASURED)
    report = only(manifest, clip_input=takes)
    # 60 frames at 60 a second are 30 of those that strides count
    assert kinds(report)["short clips"] == (1, 2)
    assert kinds(report)["unmeasured clips"] == (3,)
    assert "2 clips shorter than the 57 frames of a model's clip: their last frame is repeated: rows 2, 3" in str(
        report
    )


def test_intervals_that_end_after_their_file() -> None:
    rows = {"path": ["0", "1", "2", "3"], "start": [0, 1.5, 9, 0], "end": [2.4, 4, 13, 9]}
    report = only(made(**rows, **MEASURED))
    assert kinds(report) == {"beyond the end": (2,), "after the end": (1,)}


# --- the summary ---


def test_the_summary_in_numbers_and_in_words() -> None:
    manifest = made(start=[NAN, 0.5, 0, 0], end=[NAN, 0.75, 100, 2], unit=["s", "s", "frame", "s"], **MEASURED)
    found = summary(manifest)
    assert found.counts.to_dict("index") == {"a": {"train": 1, "test": 1}, "b": {"train": 1, "test": 1}}
    assert found.resolutions.to_dict() == {"64x48": 3}
    assert found.unmeasured == 1
    text = str(found).splitlines()
    assert text[0] == "m: 4 clips of 2 classes in 4 files, /nowhere"
    assert text[2].split() == ["class", "train", "test"]
    assert text[3].split()[:3] == ["a", "1", "1"]
    assert text[5].split() == ["all", "2", "2"]
    assert "seconds: 0.25 to 4.00, median 2.00" in text[7]
    bins = [line.split() for line in text[8:] if line.split()[1:2] == ["to"]]
    assert sum(int(each[3]) for each in bins) == 4
    assert [each[3] for each in bins if float(each[0]) <= 2 < float(each[2])] == ["2"]
    assert "resolutions: 64x48 (3)" in text
    assert "1 files were not measured" in text


def test_the_summary_of_several_splits_and_of_nothing_measured() -> None:
    rows = {"path": ["x", "y"], "class_name": ["a", "b"], "split1": ["train", "test"], "split2": ["unused", "train"]}
    found = summary(make_manifest("m", rows, "."))
    assert list(found.counts.columns) == ["split1 train", "split1 test", "split2 train", "split2 unused"]
    assert "durations: not known" in str(found)
    assert found.counts["split2 unused"].to_dict() == {"a": 1, "b": 0}
