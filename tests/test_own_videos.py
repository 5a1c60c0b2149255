"""A folder of videos becomes a manifest."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from make_video import cut, write_video

from vmp.data.manifest import Manifest, ManifestError, read_manifest
from vmp.data.own_videos import main, prepare

ROOT = Path(__file__).resolve().parent.parent
ENDINGS = {"mp4": "libx264", "avi": "mpeg4", "mkv": "libx264", "webm": "libvpx", "mov": "libx264"}


@pytest.fixture(scope="module")
def clips(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Fifteen different videos, 60 frames of 64x48, three in each container."""
    folder = tmp_path_factory.mktemp("clips")
    made = []
    for place in range(15):
        ending = list(ENDINGS)[place % 5]
        pictures = [np.roll(_noise(place), frame, axis=1) for frame in range(60)]
        options = {"deadline": "realtime", "cpu-used": "8"} if ending == "webm" else {}
        made.append(write_video(folder / f"{place}.{ending}", pictures, codec=ENDINGS[ending], options=options))
    return made


def _noise(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 255, (6, 8, 3), dtype=np.uint8).repeat(8, axis=0).repeat(8, axis=1)


@pytest.fixture
def videos(clips: list[Path], tmp_path: Path) -> Path:
    """Two classes of five videos each, and what lies about in such folders."""
    root = tmp_path / "my videos"
    for place, path in enumerate(clips[:10]):
        target = root / ("jump #1 & co" if place < 5 else "run") / ("tuesday" if place % 5 > 2 else "") / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    (root / "run" / "notes.txt").write_text("hello")
    (root / "run" / ".DS_Store").write_bytes(b"\0")
    (root / ".git").mkdir()
    (root / ".git" / "x.mp4").write_bytes(b"\0")
    shutil.copy(clips[10], root / "nowhere.mp4")
    return root


def made(root: Path, **options: Any) -> Manifest:
    report = prepare(root, **options)
    assert report.manifest == root / "own_videos.parquet"
    return read_manifest(report.manifest)


def test_a_folder_becomes_a_manifest(videos: Path) -> None:
    report = prepare(videos)
    assert report.status == 0
    assert report.complete
    assert report.found == 10
    assert [(each.what, each.found) for each in report.counts] == [
        ("classes", 2), ("clips", 10), ("train", 6), ("validation", 2), ("test", 2),
    ]  # fmt: skip
    assert "left out, since they lie in no sub-folder and so have no class: 1" in report.notes
    assert "left out, since they are no videos by their names: 1" in report.notes
    manifest = read_manifest(videos / "own_videos.parquet")
    assert manifest.classes == ("jump #1 & co", "run")
    assert not manifest.directional
    assert manifest.table["path"].tolist() == sorted(manifest.table["path"])
    assert "jump #1 & co/tuesday/3.webm" in manifest.table["path"].tolist()
    assert set(manifest.table["folder"]) == {"jump #1 & co", "jump #1 & co/tuesday", "run", "run/tuesday"}
    assert (manifest.table["width"] == 64).all()
    assert (manifest.table["rate"] == 30).all()
    assert (abs(manifest.table["frames"] - 60) <= 1).all()
    for name in manifest.classes:
        split = manifest.table["split"][manifest.table["class_name"] == name]
        assert Counter(split) == {"train": 3, "validation": 1, "test": 1}


def test_running_it_twice_changes_nothing(videos: Path) -> None:
    prepare(videos)
    path = videos / "own_videos.parquet"
    before = path.read_bytes(), path.stat().st_mtime_ns
    prepare(videos)
    assert (path.read_bytes(), path.stat().st_mtime_ns) == before
    path.unlink()
    shutil.rmtree(videos / ".prepare")
    prepare(videos)
    assert path.read_bytes() == before[0]


def test_another_seed_and_other_shares_divide_differently(videos: Path) -> None:
    first = made(videos).table["split"].tolist()
    assert any(made(videos, seed=seed).table["split"].tolist() != first for seed in (1, 2))
    assert Counter(made(videos, test=0.4, validation=0).table["split"]) == {"train": 6, "test": 4}
    with pytest.raises(ValueError, match="shares: expected numbers"):
        prepare(videos, test=1.0)


def test_files_with_the_same_bytes_stay_on_one_side(videos: Path) -> None:
    for place in range(6):
        shutil.copy(videos / "run" / "5.mp4", videos / "run" / f"copy {place}.mp4")
    shutil.copy(videos / "run" / "5.mp4", videos / "jump #1 & co" / "wrong.mp4")
    report = prepare(videos)
    assert "files with the bytes of another one, which stay on one side: 7" in report.notes
    assert "files with the same bytes in several classes: 1 times" in report.notes
    table = read_manifest(videos / "own_videos.parquet").table
    same = table["path"].str.contains("copy|wrong|run/5")
    assert same.sum() == 8
    assert table["split"][same].nunique() == 1


def test_groups_stay_together(videos: Path) -> None:
    table = made(videos, group="folder").table
    assert table.groupby("folder")["split"].nunique().max() == 1
    with pytest.raises(ValueError, match=r"group: expected one of folder, got 'fodler'. Did you mean 'folder'"):
        prepare(videos, group="fodler")


def test_what_cannot_be_read_is_counted_and_listed(videos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    broken = cut(videos / "run" / "5.mp4", 0.5).rename(videos / "run" / "broken.mp4")
    (videos / "run" / "text.mkv").write_text("no video")
    assert main(["--root", str(videos)]) == 1
    told = capsys.readouterr().out
    assert "unreadable  2" in told
    assert "run/broken.mp4: " in told
    assert "no manifest is written" in told
    listed = (videos / "own_videos.missing.txt").read_text().splitlines()
    assert [line.split(":")[0] for line in listed] == ["unreadable run/broken.mp4", "unreadable run/text.mkv"]
    assert not (videos / "own_videos.parquet").exists()
    assert main(["--root", str(videos), "--allow-missing", "--directional"]) == 0
    manifest = read_manifest(videos / "own_videos.parquet")
    assert len(manifest) == 10
    assert manifest.directional
    broken.unlink()
    (videos / "run" / "text.mkv").unlink()
    assert main(["--root", str(videos)]) == 0
    assert not (videos / "own_videos.missing.txt").exists()


def test_a_fault_in_the_middle_is_found_when_every_frame_is_decoded(videos: Path) -> None:
    path = videos / "run" / "6.avi"
    content = bytearray(path.read_bytes())
    content[len(content) // 2 : len(content) // 2 + 400] = bytes(400)
    path.write_bytes(bytes(content))
    prepare(videos)
    report = prepare(videos, thorough=True, allow_missing=True)
    assert report.found + len(report.unreadable or {}) == 10  # what a decoder makes of it is the decoder's


# --- a table ---


def test_a_table_with_intervals_groups_and_a_missing_file(clips: list[Path], tmp_path: Path) -> None:
    for path in clips[:4]:
        shutil.copy(path, tmp_path)
    lines = ["path,class_name,start,end,person"]
    lines += [
        f"{path.name},{'ab'[half]},{half},{half + 1},{place % 3}"
        for place, path in enumerate(clips[:4])
        for half in (0, 1)
    ]
    table = tmp_path / "table.csv"
    table.write_text("\n".join([*lines, "gone.mp4,a,0,1,9"]))
    report = prepare(tmp_path, table=table)
    assert report.missing == ("gone.mp4",)
    assert report.manifest is None
    manifest = made(tmp_path, table=table, group="person", allow_missing=True)
    assert len(manifest) == 8
    assert manifest.extras == ("person",)
    assert manifest.table["end"].tolist()[:2] == [1.0, 2.0]
    assert manifest.table.groupby("person")["split"].nunique().max() == 1
    by_file = made(tmp_path, table=table, allow_missing=True)
    assert by_file.table.groupby("path")["split"].nunique().max() == 1


def test_a_table_may_say_the_split_itself(clips: list[Path], tmp_path: Path) -> None:
    table = tmp_path / "table.csv"
    rows = [f"{path},{'ab'[place % 2]},{'train' if place < 4 else 'test'}" for place, path in enumerate(clips[:6])]
    table.write_text("\n".join(["path,class_name,split", *rows]))
    manifest = made(tmp_path, table=table)
    assert manifest.table["split"].tolist() == ["train"] * 4 + ["test"] * 2
    table.write_text("\n".join(["path,class_name,split", *rows, f"{clips[0]},a,test"]))
    with pytest.raises(ManifestError, match=r"clips whose id is not theirs alone|train \(or validate\) and test"):
        prepare(tmp_path, table=table)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("path,class\nx,y\n", "columns: expected 'class_name', got path, class"),
        ("path,class_name,label\nx,y,0\n", "names of your own, got 'label'"),
        ("path,class_name\n", "expected clips, got none"),
        ("", "cannot be read as CSV"),
    ],
)
def test_tables_that_are_none(tmp_path: Path, content: str, message: str) -> None:
    table = tmp_path / "table.csv"
    table.write_text(content)
    with pytest.raises(ValueError, match=message):
        prepare(tmp_path, table=table)


def test_folders_that_are_none(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--root", str(tmp_path / "none")]) == 2
    assert "root: expected a folder with videos" in capsys.readouterr().err
    (tmp_path / "a").mkdir()
    with pytest.raises(ValueError, match="at least two sub-folders, one a class, got none"):
        prepare(tmp_path)
    (tmp_path / "a" / "x.mp4").write_text("no video")
    with pytest.raises(ValueError, match="got those of 'a' only"):
        prepare(tmp_path)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "y.mp4").write_text("no video")
    with pytest.raises(ValueError, match="expected videos that can be read, got none"):
        prepare(tmp_path)
    with pytest.raises(ValueError, match="table: no such file"):
        prepare(tmp_path, table=tmp_path / "none.csv")


def test_the_script(videos: Path) -> None:
    script = [sys.executable, str(ROOT / "data_scripts" / "own_videos.py"), "--root", str(videos)]
    ran = subprocess.run(script, capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 0, ran.stderr
    assert len(read_manifest(videos / "own_videos.parquet")) == 10
