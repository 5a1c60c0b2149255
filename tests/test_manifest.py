from __future__ import annotations

import json
import logging
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vmp.data.manifest import Manifest, ManifestError, interval, make_manifest, read_manifest, thinning

ROWS: dict[str, list[Any]] = {
    "path": ["a/x (1) #!&;.avi", 'a/ü, "q".mp4', "b/007.mkv", "b/z.webm"],
    "class_name": ["a", "a", "NA", "NA"],
    "split": ["train", "test", "train", "test"],
}


def small(root: Path, **changes: Any) -> Manifest:
    options = {name: changes.pop(name) for name in ("extras", "classes", "directional") if name in changes}
    return make_manifest("small", ROWS | changes, root, **options)


def test_what_is_left_out_is_filled_in(tmp_path: Path) -> None:
    made = small(tmp_path, start=[0, 1.5, math.nan, math.nan], end=[1.5, math.nan, math.nan, math.nan])
    assert made.classes == ("NA", "a")
    assert made.table["label"].tolist() == [1, 1, 0, 0]
    assert made.table["clip"].tolist() == [
        "a/x (1) #!&;.avi 0-1.5", 'a/ü, "q".mp4 1.5-', "b/007.mkv", "b/z.webm",
    ]  # fmt: skip
    assert made.table["unit"].tolist() == ["s"] * 4
    names = ["clip", "path", "start", "end", "unit", "label", "class_name", "split"]
    assert list(made.table.columns) == names
    assert made.table["label"].dtype == np.int64
    assert made.table["start"].dtype == np.float64
    assert len(made) == 4
    assert "4 clips, 2 classes" in repr(made)


def test_rows_of_a_split_and_a_fold(tmp_path: Path) -> None:
    made = small(tmp_path)
    assert made.rows("train")["path"].tolist() == ["a/x (1) #!&;.avi", "b/007.mkv"]
    assert made.rows("train+test").index.tolist() == [0, 1, 2, 3]
    rows = {name: ROWS[name] for name in ("path", "class_name")}
    folded = make_manifest("f", {**rows, "split2": ["test"] * 4, "split1": ["unused"] * 3 + ["train"]}, tmp_path)
    assert folded.split_columns == ("split1", "split2")
    assert folded.rows("train", 1)["path"].tolist() == ["b/z.webm"]
    assert len(folded.rows("test", 2)) == 4
    with pytest.raises(ValueError, match="fold: expected 1 to 2 for f, got 3"):
        folded.rows("train", 3)
    with pytest.raises(ValueError, match="fold: expected 1 for small, got 0"):
        made.rows("train", 0)
    with pytest.raises(ValueError, match=r"split: expected one of train, .* got 'tset'. Did you mean 'test'"):
        made.rows("tset")


@pytest.mark.parametrize("ending", ["parquet", "csv"])
def test_files_hold_everything(tmp_path: Path, ending: str) -> None:
    extras = {
        "subject": ["007", "", None, "x\ny"], "dish": [3, 4, 5, 6], "weight": [0.1, math.nan, 1e-9, 3],
        "kept": [True, False, True, True],
    }  # fmt: skip
    measured = {"frames": [90, math.nan, 3, 4], "rate": [29.97, math.nan, 30, 25]}
    made = small(
        tmp_path, **extras, **measured, start=[0.1, 1 / 3, math.nan, 5], end=[0.7, 2 / 3, math.nan, 6],
        extras=list(extras), classes=["NA", "a", "never"], directional=True,
    )  # fmt: skip
    path = made.write(tmp_path / f"m.{ending}")
    came = read_manifest(path, check_files=False)
    pd.testing.assert_frame_equal(came.table, made.table)
    assert (came.name, came.classes, came.extras) == (made.name, made.classes, made.extras)
    assert (came.directional, came.root, came.digest) == (True, tmp_path, made.digest)
    assert came.table["subject"].tolist() == ["007", "", "", "x\ny"]


texts = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1, max_size=12)


@settings(deadline=None, max_examples=30)
@given(st.lists(st.tuples(texts, texts, st.sampled_from(["train", "test"]), texts), min_size=1, max_size=5))
def test_any_names_come_back_from_both_formats(tmp_path_factory: pytest.TempPathFactory, rows: list[Any]) -> None:
    from vmp.data.manifest_files import read  # the names may contradict each other: that is not looked at here

    folder = tmp_path_factory.getbasetemp()
    table = pd.DataFrame(rows, columns=["path", "class_name", "split", "who"])
    made = make_manifest("any", table, folder, extras=["who"])
    for ending in ("parquet", "csv"):
        came = read(made.write(folder / f"m.{ending}"), None, ())
        pd.testing.assert_frame_equal(came.table, made.table)
        assert came.digest == made.digest


def test_writing_again_changes_nothing(tmp_path: Path) -> None:
    for ending in ("parquet", "csv"):
        path = small(tmp_path).write(tmp_path / f"m.{ending}")
        before = path.stat().st_mtime_ns, path.read_bytes()
        small(tmp_path).write(path)
        assert (path.stat().st_mtime_ns, path.read_bytes()) == before
        small(tmp_path, split=["test"] * 4).write(path)
        assert path.read_bytes() != before[1]
    assert sorted(each.name for each in tmp_path.iterdir()) == ["m.csv", "m.parquet"]
    with pytest.raises(ValueError, match=r"ends with .parquet or .csv, got 'm.json'"):
        small(tmp_path).write(tmp_path / "m.json")


def test_the_root_is_found_again(tmp_path: Path) -> None:
    videos, elsewhere = tmp_path / "videos", tmp_path / "tables"
    for path in ROWS["path"]:
        file = videos / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x")
    beside = small(videos).write(videos / "m.parquet")
    assert read_manifest(beside).root == videos
    apart = small(videos).write(elsewhere / "m.csv")
    assert read_manifest(apart).root.resolve() == videos
    assert read_manifest(apart).file("b/z.webm").read_bytes() == b"x"
    moved = tmp_path / "m.parquet"
    moved.write_bytes(beside.read_bytes())
    with pytest.raises(ManifestError, match=r"4 clips whose file is missing .* right root"):
        read_manifest(moved)
    assert read_manifest(moved, videos).root == videos


def test_some_missing_files_are_a_counted_warning(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "b").mkdir()
    (tmp_path / "b/z.webm").write_bytes(b"x")
    path = small(tmp_path).write(tmp_path / "m.parquet")
    with caplog.at_level(logging.WARNING, "vmp"):
        read_manifest(path)
    assert "3 clips whose file is missing (3 files): rows 1, 2, 3" in caplog.text


def test_the_digest_tells_sets_apart_and_not_where_they_are(tmp_path: Path) -> None:
    one = small(tmp_path)
    assert small(tmp_path / "other", frames=[1, 2, 3, 4]).digest == one.digest
    assert small(tmp_path, split=["test"] * 4).digest != one.digest
    assert small(tmp_path, directional=True).digest != one.digest
    assert small(tmp_path, classes=["NA", "a", "b"]).digest != one.digest


def test_a_table_of_ones_own(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("path,class_name,split,who\n1.mp4,b,train,007\n2.mp4,a,test,\n", encoding="utf-8-sig")
    came = read_manifest(path, extras=["who"], check_files=False)
    assert (came.name, came.classes, came.root) == ("own", ("a", "b"), tmp_path)
    assert came.table["who"].tolist() == ["007", ""]
    assert came.table["label"].tolist() == [1, 0]
    path.write_text("path,label,class_name,split\n1.mp4,2,b,train\n2.mp4,0,a,test\n")
    assert read_manifest(path, check_files=False).classes == ("a", "", "b")


def test_labels_give_the_order_of_the_classes(tmp_path: Path) -> None:
    path = tmp_path / "own.csv"
    path.write_text("path,label,class_name,split\n1.mp4,1,a,train\n2.mp4,0,b,test\n")
    assert read_manifest(path, check_files=False).classes == ("b", "a")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("path,class_name,split,sujbect\na,b,train,c\n", "column: expected one of .* got 'sujbect'"),
        ("path,class_nam,split\na,b,train\n", "columns: expected 'class_name', got path, class_nam, split"),
        ("path,class_name\na,b\n", "columns: expected split too"),
        ("path,class_name,split,split1\na,b,train,test\n", "columns: expected 'split', or 'split1'"),
        ("path,class_name,split,start\na,b,train,0\na,b,train,1.x\n", "start: expected numbers, got '1.x' in row 2"),
        ("path,class_name,split,label\na,b,train,0.5\n", "label: expected whole numbers, got .*0.5.* in row 1"),
        ("path,class_name,split,label\na,b,train,\n", "label: expected whole numbers"),
        ("path,class_name,split\na,b,train\na\n,,,,\n", "cannot be read as CSV"),
        ("", "cannot be read as CSV"),
        ("# vmp.manifest {oops\npath,class_name,split\na,b,train\n", "its first line is no JSON"),
        ('# vmp.manifest {"version": 9}\npath,class_name,split\na,b,train\n', "version 1, got 9. Update vmp"),
        ("path,class_name,split,n\na,b,train,x\n", r'the first line does that: # vmp.manifest ."extras": ."n": "str"'),
        ('# vmp.manifest {"extras": {"n": "int"}}\npath,class_name,split,n\na,b,train,x\n', "n: expected int"),
        ('# vmp.manifest {"extras": {"n": "itn"}}\npath,class_name,split,n\na,b,train,1\n', "got 'itn'. Did you"),
        ('# vmp.manifest {"classes": ["a"]}\npath,class_name,split\na,b,train\n', "expected one of the classes"),
    ],
)  # fmt: skip
def test_tables_that_are_no_manifests(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "m.csv"
    path.write_text(content)
    with pytest.raises(ManifestError, match=message):
        read_manifest(path, check_files=False)


def test_files_that_are_no_manifests(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no such manifest"):
        read_manifest(tmp_path / "none.parquet")
    with pytest.raises(
        ManifestError, match=r"ends with \.parquet or \.csv, got a folder\. data_scripts/own_videos\.py"
    ):
        read_manifest(tmp_path)
    path = small(tmp_path).write(tmp_path / "m.parquet")
    with pytest.raises(ManifestError, match=r"got a folder, such as m\.parquet in it"):
        read_manifest(tmp_path)
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with pytest.raises(ManifestError, match="cut short"):
        read_manifest(path)
    pd.DataFrame({"a": [1]}).to_parquet(path)
    with pytest.raises(ManifestError, match="expected a manifest that vmp wrote, got columns a"):
        read_manifest(path)
    text = tmp_path / "m.csv"
    text.write_bytes("path,class_name,split\nä,b,train\n".encode("latin-1"))
    with pytest.raises(ManifestError, match="expected UTF-8, got a byte 0xe4"):
        read_manifest(text)
    other = tmp_path / "m.json"
    other.write_text(json.dumps({}))
    with pytest.raises(ManifestError, match=r"ends with .parquet or .csv"):
        read_manifest(other)


def test_errors_are_raised_all_at_once_with_the_file(tmp_path: Path) -> None:
    made = small(tmp_path, split=["trian", "test", "train", "test"], start=[-1.0] * 4, end=[2.0] * 4)
    path = made.write(tmp_path / "m.csv")
    with pytest.raises(ManifestError, match=r"m.csv: small: 4 clips, 2 errors") as caught:
        read_manifest(path, check_files=False)
    assert "4 intervals with a negative time: rows 1, 2, 3, 4" in str(caught.value)
    assert "got 'trian'. Did you mean 'train'" in str(caught.value)


def test_extras_may_not_take_a_known_name(tmp_path: Path) -> None:
    with pytest.raises(ManifestError, match="expected each once"):
        small(tmp_path, extras=["split"])
    with pytest.raises(ManifestError, match="columns: expected who too"):
        small(tmp_path, extras=["who"])
    with pytest.raises(ManifestError, match="path: expected text, got 3 in row 2"):
        small(tmp_path, path=["a", 3, "b", "c"], clip=list("abcd"))


# --- intervals ---


def test_intervals_by_hand() -> None:
    nothing = math.nan
    assert interval(nothing, nothing, "s", 30, 90) == (0, 90)
    assert interval(1, 2, "s", 30, 90) == (30, 30)
    assert interval(30, 60, "frame", 25, 90) == (30, 30)
    assert interval(2, nothing, "s", 30, 90) == (60, 30)
    assert interval(2, 9, "s", 30, 90) == (60, 30)  # cut where the file ends
    assert interval(1, 1.001, "s", 30, 90) == (30, 1)  # at least one frame
    assert interval(3, 4, "s", 30, 90) == (90, 0)  # after the end


@settings(deadline=None)
@given(
    st.lists(st.floats(0, 100), min_size=2, max_size=6, unique=True), st.sampled_from([23.976, 25, 29.97, 30, 59.94])
)
def test_intervals_that_touch_share_no_frame_and_leave_none_out(cuts: list[float], rate: float) -> None:
    cuts = sorted(cuts)
    frames = round(101 * rate)
    pieces = [interval(begin, end, "s", rate, frames) for begin, end in pairwise(cuts)]
    for (first, count), (after, _), begin, end in zip(pieces[:-1], pieces[1:], cuts[:-1], cuts[1:], strict=False):
        if round(end * rate) > round(begin * rate):
            assert first + count == after


def test_fast_videos_are_thinned_by_whole_numbers() -> None:
    rates = [12, 25, 29.97, 30, 44, 50, 59.94, 60, 120, 240]
    assert [thinning(rate) for rate in rates] == [1, 1, 1, 1, 1, 2, 2, 2, 4, 8]
    assert thinning(240, None) == 1
    assert thinning(math.nan) == 1
