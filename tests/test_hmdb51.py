from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from prepare_fixtures import dates, need_rar_reader, tree, video_bytes, write_bytes
from published_hmdb51 import CLASSES, FILMS, FLAGS, as_published, name, split_files, videos_of, zipped
from rar_writer import rar

from vmp.data.archive_safety import ArchiveError
from vmp.data.hmdb51 import Numbers, main, place_split, place_video, prepare, read_splits, tags
from vmp.data.manifest import read_manifest
from vmp.data.prepare import PrepareReport
from vmp.data.video import read_clip

NUMBERS = Numbers(videos=18, classes=3, train=3, test=2)


def as_mirrored(folder: Path) -> Path:
    """ZIPs, with folders instead of the inner archives."""
    files = {f"hmdb51_org/{c}/{n}": content for c in CLASSES for n, content in videos_of(c).items()}
    write_bytes(folder / "hmdb51_org.zip", zipped({**files, "hmdb51_org/README": b"", "__MACOSX/._x.avi": b""}))
    write_bytes(folder / "test_train_splits.zip", zipped(split_files()))
    return folder


def as_mirrored_with_rars(folder: Path) -> Path:
    """A ZIP that has the classes' RARs, as they are published, and their files once more."""
    inner = {f"{c}.rar": rar({f"{c}/{n}": v for n, v in videos_of(c).items()}) for c in CLASSES}
    files = {f"{c}/{n}": content for c in CLASSES for n, content in videos_of(c).items()}
    write_bytes(folder / "hmdb51_org.zip", zipped({**inner, **files}))
    write_bytes(folder / "test_train_splits.zip", zipped({"splits.rar": rar(split_files())}))
    return folder


@pytest.fixture(autouse=True)
def _rar_reader() -> None:
    need_rar_reader()


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    return as_published(tmp_path / "archives")


def prepared(root: Path, archives: Path, allow_missing: bool = False) -> PrepareReport:
    return prepare(root, archives=archives, allow_missing=allow_missing, published=NUMBERS)


# --- the whole set ---


@pytest.mark.parametrize("packed", [as_published, as_mirrored, as_mirrored_with_rars])
def test_each_way_it_is_published_gives_the_same(tmp_path: Path, packed: Callable[[Path], Path]) -> None:
    root = tmp_path / "data"
    report = prepared(root, packed(tmp_path / "archives"))
    assert report.complete, str(report)
    assert (report.status, report.found) == (0, 18)
    clips = {f"videos/{c}/{n}": content for c in CLASSES for n, content in videos_of(c).items()}
    splits = {f"splits/{Path(n).name}": content for n, content in split_files().items()}
    content = tree(root)
    del content["hmdb51.parquet"]
    assert content == clips | splits


def test_the_manifest_says_what_the_split_files_say(tmp_path: Path, archives: Path) -> None:
    prepared(tmp_path / "data", archives)
    manifest = read_manifest(tmp_path / "data" / "hmdb51.parquet")
    assert manifest.classes == CLASSES
    table = manifest.table.set_index("clip")
    assert len(table) == 18
    words = {"0": "unused", "1": "train", "2": "test"}
    for c in CLASSES:
        for i in range(6):
            row = table.loc[f"{c}/{name(c, i)}"]
            assert [row[f"split{k}"] for k in (1, 2, 3)] == [words[FLAGS[(i + k) % 6]] for k in (1, 2, 3)]
            assert (row["label"], row["class_name"], row["frames"]) == (CLASSES.index(c), c, 6)
            assert row["path"] == f"videos/{c}/{name(c, i)}"
            assert np.isnan(row["start"])
            assert (row["source_video"], row["camera_motion"], row["quality"]) == (FILMS[i], "cm", "med")
    assert len(read_clip(manifest.file(table.iloc[0]["path"])).frames) == 6


def test_the_published_numbers_are_the_default(tmp_path: Path, archives: Path) -> None:
    report = prepare(tmp_path / "data", archives=archives)
    assert {(c.what, c.published) for c in report.counts} >= {
        ("split files", 153), ("classes", 51), ("videos", 6766), ("split 1, train", 3570), ("split 3, test", 1530),
    }  # fmt: skip
    assert report.status == 1


def test_the_whole_set_holds_what_is_published(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """51 classes, 6,766 clips, 153 split files: by the script, without leave for anything."""
    classes = [f"class_{i:02d}" for i in range(51)]
    clips = {c: [f"{c}_{i}.avi" for i in range(133 if c < "class_34" else 132)] for c in classes}
    assert sum(map(len, clips.values())) == 6766
    files = {f"{c}/{n}": video_bytes(1, frames=2) for c, names in clips.items() for n in names}
    flags = "1" * 70 + "2" * 30 + "0" * 33
    splits = {
        f"{c}_test_split{k}.txt": "\n".join(f"{n} {flag}" for n, flag in zip(clips[c], flags, strict=False)).encode()
        for c in classes
        for k in (1, 2, 3)
    }
    write_bytes(tmp_path / "hmdb51_org.zip", zipped(files))
    write_bytes(tmp_path / "test_train_splits.zip", zipped(splits))
    assert main(["--root", str(tmp_path / "data"), "--archives", str(tmp_path)]) == 0
    assert re.search(r"videos +6,766   published 6,766$", capsys.readouterr().out, re.M)
    table = read_manifest(tmp_path / "data" / "hmdb51.parquet").table
    assert table["split2"].value_counts().to_dict() == {"train": 3570, "test": 1530, "unused": 1666}


def test_twice_changes_nothing_even_without_the_archives(tmp_path: Path, archives: Path) -> None:
    root = tmp_path / "data"
    first = prepared(root, archives)
    before = dates(root)
    assert prepared(root, archives) == first
    for archive in archives.iterdir():
        archive.unlink()
    assert prepared(root, archives) == first
    assert dates(root) == before


def test_clips_that_are_unpacked_already_are_used_where_they_are(tmp_path: Path, archives: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    for c in CLASSES:
        for n, content in videos_of(c).items():
            write_bytes(elsewhere / c / n, content)
    report = prepare(tmp_path / "data", archives=archives, videos=elsewhere, published=NUMBERS)
    assert report.complete
    paths = read_manifest(tmp_path / "data" / "hmdb51.parquet").table["path"]
    assert all(path.startswith(elsewhere.as_posix()) for path in paths)
    assert not (tmp_path / "data" / "videos").exists()


# --- what goes wrong ---


def test_a_folder_of_clips_that_is_not_there_is_an_error_and_not_a_set_without_clips(
    tmp_path: Path, archives: Path
) -> None:
    with pytest.raises(ValueError, match=r"videos: expected a folder with the videos, got .*none, which is none"):
        prepare(tmp_path / "data", archives=archives, videos=tmp_path / "none")


def test_a_missing_and_a_corrupt_clip_are_named_and_stop_it_unless_allowed(tmp_path: Path) -> None:
    root, folder = tmp_path / "data", tmp_path / "archives"
    files = {f"{c}/{n}": content for c in CLASSES for n, content in videos_of(c).items()}
    files[f"run/{name('run', 1)}"] = files[f"run/{name('run', 1)}"][:900]
    del files[f"sit/{name('sit', 4)}"]
    write_bytes(folder / "hmdb51_org.zip", zipped({**files, "run/in no list.avi": video_bytes(7)}))
    write_bytes(folder / "test_train_splits.rar", rar(split_files()))
    report = prepared(root, folder)
    assert (report.status, report.found, report.manifest) == (1, 16, None)
    assert report.missing == (f"sit/{name('sit', 4)}",)
    assert list(report.unreadable or {}) == [f"run/{name('run', 1)}"]
    assert "1 clips are in no split file and left out" in report.notes
    differing = {count.what for count in report.counts if not count.holds}
    assert {"videos", "split 1, train", "split 1, classes with other than 3 in train"} <= differing
    assert not (root / "hmdb51.parquet").exists()
    listed = (root / "hmdb51.missing.txt").read_text()
    assert f"missing sit/{name('sit', 4)}\n" in listed
    assert re.search(rf"^unreadable run/{re.escape(name('run', 1))}: .+", listed, re.M)
    report = prepared(root, folder, allow_missing=True)
    assert report.status == 0
    assert len(read_manifest(root / "hmdb51.parquet")) == 16


def test_a_truncated_archive(tmp_path: Path, archives: Path) -> None:
    whole = (archives / "hmdb51_org.rar").read_bytes()
    write_bytes(archives / "hmdb51_org.rar", whole[: len(whole) // 2])
    with pytest.raises(ArchiveError, match=r"hmdb51_org\.rar: is truncated or damaged"):
        prepared(tmp_path / "data", archives)
    write_bytes(archives / "hmdb51_org.rar", whole)
    assert prepared(tmp_path / "data", archives).complete


def test_a_missing_archive_names_what_is_accepted(tmp_path: Path, archives: Path) -> None:
    (archives / "hmdb51_org.rar").unlink()
    with pytest.raises(ValueError, match=r"videos: expected hmdb51_org\.rar or hmdb51_org\.zip or hmdb51\.zip in "):
        prepared(tmp_path / "data", archives)


def test_an_empty_split_file_is_named(tmp_path: Path, archives: Path) -> None:
    files = split_files()
    files["testTrainMulti_7030_splits/run_test_split2.txt"] = b" \n"
    write_bytes(archives / "test_train_splits.rar", rar(files))
    report = prepared(tmp_path / "data", archives)
    assert "split files that say nothing: run_test_split2.txt" in report.notes
    assert any(note.startswith("6 clips are not in all three splits, and unused in the") for note in report.notes)
    counts = {count.what: count for count in report.counts}
    assert (counts["split files"].found, counts["split files"].holds) == (8, False)
    assert (counts["split 2, test"].found, counts["split 2, classes with other than 2 in test"].found) == (4, 1)
    assert report.status == 1


# --- the parts ---


def test_split_lines_with_spaces_and_errors(tmp_path: Path) -> None:
    path = write_bytes(tmp_path / "run_test_split1.txt", b"a b (c) & d.avi 2 \n\nx.avi 0\r\n")
    splits = read_splits(tmp_path)
    assert splits.clips == {("run/a b (c) & d.avi", 1): "test", ("run/x.avi", 1): "unused"}
    assert splits.names == ["run/a b (c) & d.avi", "run/x.avi"]
    for line in (b"x.avi 3", b"x.avi", b"1"):
        write_bytes(path, b"a.avi 1\n" + line)
        with pytest.raises(ValueError, match=r"run_test_split1\.txt, line 2: expected a file's name and 0, 1 or 2"):
            read_splits(tmp_path)
    write_bytes(path, b"a.avi 1\na.avi 2\n")
    with pytest.raises(ValueError, match=r"line 2: 'a\.avi' was train, now test"):
        read_splits(tmp_path)


def test_places() -> None:
    assert place_video(("run.rar", "run", "a b.avi")) == "videos/run/a b.avi"
    assert place_video(("run.rar", "a.avi")) == "videos/run/a.avi"
    assert place_video(("hmdb", "run", "a.AVI")) == "videos/run/a.AVI"
    for nowhere in (("a.avi",), ("run", "._a.avi"), ("__MACOSX", "a.avi"), ("run", "x.txt")):
        assert place_video(nowhere) is None
    assert place_split(("x", "brush_hair_test_split3.txt")) == "splits/brush_hair_test_split3.txt"
    assert place_split(("brush_hair_test_split4.txt",)) is None


def test_tags_are_read_where_a_name_has_them() -> None:
    told = tags("kick_ball/A_(x)_kick_ball_f_cm_np1_ba_goo_12.avi")
    assert told == {
        "source_video": "A_(x)", "visible": "f", "camera_motion": "cm", "people": "np1", "viewpoint": "ba",
        "quality": "goo",
    }  # fmt: skip
    assert tags("run/short.avi")["quality"] == ""


# --- the script ---


def test_the_script_prints_the_report_and_says_how_it_ended(
    tmp_path: Path, archives: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--root", str(tmp_path / "data"), "--archives", str(archives)]
    assert main(options) == 1
    out, err = capsys.readouterr()
    assert re.search(r"videos +18   published 6,766   DIFFERS", out)
    assert "unpacking hmdb51_org.rar: about " in err
    assert main([*options, "--allow-missing"]) == 0
    assert main(["--root", str(tmp_path / "data"), "--archives", str(tmp_path / "none")]) == 2
    assert "archives: expected a folder of local copies" in capsys.readouterr().err
