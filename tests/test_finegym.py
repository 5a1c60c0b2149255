from __future__ import annotations

import json
import re
import sys
from pathlib import Path

import pytest
from prepare_fixtures import dates, video_bytes, write_bytes
from published_finegym import ANNOTATION, BARS, CATEGORIES, GONE, NAMES, TRAIN, VAL, VAULT, files

from vmp.data.finegym import Numbers, main, prepare
from vmp.data.gym_annotation import interval, read_categories, read_gym, read_list
from vmp.data.manifest import read_manifest
from vmp.data.prepare import PrepareReport
from vmp.data.programs import MissingProgram
from vmp.data.yt_dlp import Download, find_videos

NUMBERS = Numbers(train=2, val=2, classes=3)


@pytest.fixture
def archives(tmp_path: Path) -> Path:
    return files(tmp_path / "archives")


@pytest.fixture
def videos(tmp_path: Path) -> Path:
    """Two videos of 4 s, as two people may have saved them."""
    write_bytes(tmp_path / "videos" / f"{BARS}.mp4", video_bytes(1, ".mp4", 100))
    write_bytes(tmp_path / "videos" / f"World Cup (vault) & all [{VAULT}].webm", video_bytes(2, ".webm", 100))
    return tmp_path / "videos"


def prepared(tmp_path: Path, allow_missing: bool = True, download: Download | None = None) -> PrepareReport:
    return prepare(
        tmp_path / "data", archives=tmp_path / "archives", videos=tmp_path / "videos", allow_missing=allow_missing,
        download=download, published=NUMBERS,
    )  # fmt: skip


# --- the whole set ---


def test_intervals_are_the_videos_seconds_and_a_vault_is_all_its_stages(
    tmp_path: Path, archives: Path, videos: Path
) -> None:
    report = prepared(tmp_path)
    table = read_manifest(tmp_path / "data" / "finegym.parquet").table.set_index("clip")
    row = table.loc[f"{BARS}_E_000001_000003_A_0000_0001"]
    assert (row["start"], row["end"], row["unit"], row["split"]) == (1.29, 2.04, "s", "train")
    row = table.loc[f"{VAULT}_E_000002_000003_A_0000_0001"]
    assert (row["start"], row["end"], row["split"], row["event"], row["set"]) == (2.04, 3.57, "test", "VT", 1)
    assert row["class_name"] == "(VT) round-off, flic-flac with 0.5 turn on"
    assert (row["video"], row["frames"], row["rate"], row["width"]) == (VAULT, 100, 25, 48)
    assert report.found == 2
    classes = read_manifest(tmp_path / "data" / "finegym.parquet").classes
    assert classes[1:] == ("(FX) switch leap with 0.5 turn", "(BB) switch leap with 0.5 turn")


def test_missing_videos_are_reported_by_class_against_what_is_published(
    tmp_path: Path, archives: Path, videos: Path
) -> None:
    report = prepared(tmp_path, allow_missing=False)
    assert (report.status, report.missing) == (1, (f"{GONE} (1 elements)",))
    counts = {count.what: (count.found, count.published) for count in report.counts}
    assert counts["elements listed, train"] == (2, 2)
    assert counts["elements here, train"] == (1, 2)
    assert counts["elements here, val"] == (2, 2)
    assert any("1 classes lack elements, most of all (BB) switch leap with 0.5 turn 0 of 1" in n for n in report.notes)
    assert (tmp_path / "data" / "finegym.by_class.csv").read_text().splitlines() == [
        "label,class_name,split,published,here,missing",
        '0,"(VT) round-off, flic-flac with 0.5 turn on",train,0,0,0',
        '0,"(VT) round-off, flic-flac with 0.5 turn on",test,1,1,0',
        '1,"(FX) switch leap with 0.5 turn",train,1,1,0',
        '1,"(FX) switch leap with 0.5 turn",test,1,1,0',
        '2,"(BB) switch leap with 0.5 turn",train,1,0,1',
        '2,"(BB) switch leap with 0.5 turn",test,0,0,0',
    ]
    assert (tmp_path / "data" / "finegym.missing.txt").read_text().startswith(f"missing {GONE} (1 elements)\n")


def test_a_complete_set_needs_no_leave(tmp_path: Path, archives: Path, videos: Path) -> None:
    write_bytes(archives / NAMES[1], TRAIN.splitlines()[0].encode())
    report = prepare(tmp_path / "data", archives=archives, videos=videos, published=Numbers(1, 2, 3))
    assert report.complete, str(report)
    before = dates(tmp_path / "data")
    assert prepare(tmp_path / "data", archives=archives, videos=videos, published=Numbers(1, 2, 3)) == report
    assert dates(tmp_path / "data") == before


def test_a_truncated_video_and_elements_beyond_the_end(tmp_path: Path, archives: Path, videos: Path) -> None:
    whole = (videos / f"{BARS}.mp4").read_bytes()
    write_bytes(videos / f"{BARS}.mp4", whole[: len(whole) // 2])
    write_bytes(videos / f"{GONE}.mkv", video_bytes(3, ".mkv", 25))
    short = videos / f"World Cup (vault) & all [{VAULT}].webm"
    write_bytes(short, video_bytes(2, ".webm", 60))  # 2.4 s, in the middle of the vault
    report = prepared(tmp_path)
    assert list(report.unreadable or {}) == [BARS]
    assert "2 elements end after their video does" in report.notes
    table = read_manifest(tmp_path / "data" / "finegym.parquet").table
    assert table["video"].tolist() == [VAULT]  # the other video ends before its element begins


# --- the files ---


def read(archives: Path) -> object:
    annotation, train, val, categories = (archives / name for name in NAMES)
    return read_gym(annotation, train, val, categories)


def test_lines_that_do_not_fit_are_left_out_and_counted(archives: Path) -> None:
    events = json.loads(json.dumps(ANNOTATION))
    events[BARS]["E_000001_000003"]["segments"]["A_0002_0002"] = {"stages": 1, "timestamps": [[1.5, 1.5]]}
    write_bytes(archives / NAMES[0], json.dumps(events).encode())
    train = TRAIN + TRAIN.splitlines()[0] + "\n" + VAL.splitlines()[0] + f"\n{BARS}_E_000001_000003_A_0002_0002 1\n"
    train += f"{BARS}_E_000001_000003_A_0009_0009 1\n{BARS}_E_001781_001789_A_0000_0001 1\n"
    train += f"xxxxxxxxxxx_E_000001_000003_A_0000_0001 1\n{BARS}_E_000001_000003_A_0007_0008 7\n"
    write_bytes(archives / NAMES[1], train.encode())
    gym = read_gym(*(archives / name for name in NAMES))
    assert gym.troubles == {
        "twice in a list": 1,
        "in both lists, kept for test": 1,
        "with a negative or empty interval": 1,
        "that the annotation does not have": 3,
        "with a label that no category has": 1,
    }
    assert [(element.video, element.split) for element in gym.elements] == [
        (BARS, "train"), (GONE, "train"), (VAULT, "test"), (BARS, "test"),
    ]  # fmt: skip
    assert gym.listed == {"train": 9, "test": 2}


def test_an_event_without_segments_has_no_elements() -> None:
    assert interval(ANNOTATION, f"{BARS}_E_001781_001789_A_0000_0001") is None
    assert interval({BARS: {"E_000001_000003": {"segments": {"A_0000_0001": {}}}}}, TRAIN.split()[0]) is None
    assert interval(ANNOTATION, "rubbish") is None


def test_files_in_another_format_are_errors(archives: Path, tmp_path: Path) -> None:
    write_bytes(archives / NAMES[0], json.dumps(ANNOTATION).encode()[:-40])
    with pytest.raises(ValueError, match=r"finegym_annotation_info_v1\.1\.json: is no JSON, truncated or damaged"):
        read(archives)
    write_bytes(archives / NAMES[0], b"[]")
    with pytest.raises(ValueError, match="expected an object by video id, got a list"):
        read(archives)
    lines = write_bytes(tmp_path / "list.txt", b"A0xAXXysHUo_E_002184_002237_A_0035_0036\n")
    with pytest.raises(ValueError, match=r"list\.txt, line 1: expected VIDEO_E_start_end_A_start_end and a label"):
        read_list(lines)
    write_bytes(lines, b"\nClabel 1; nonsense\n")
    with pytest.raises(ValueError, match=r"list\.txt, line 2: expected .Clabel: n; set: n; Glabel: n; \(VT\) name"):
        read_categories(lines)
    write_bytes(lines, CATEGORIES.splitlines()[2].encode())
    with pytest.raises(ValueError, match="expected labels from 0 on without a gap"):
        read_categories(lines)
    write_bytes(lines, b"\n")
    with pytest.raises(ValueError, match=r"list\.txt: expected a category a line, the file says nothing"):
        read_categories(lines)
    write_bytes(lines, b"A0x\xff")
    with pytest.raises(ValueError, match=r"list\.txt: expected text in UTF-8, got the byte 0xff at 3"):
        read_list(lines)


def test_an_empty_list_is_counted(tmp_path: Path, archives: Path, videos: Path) -> None:
    write_bytes(archives / NAMES[2], b"")
    counts = {count.what: count for count in prepared(tmp_path).counts}
    assert (counts["elements listed, val"].found, counts["elements listed, val"].holds) == (0, False)


def test_videos_are_found_by_their_id(tmp_path: Path) -> None:
    names = [
        f"{BARS}.webm", f"sub/{BARS}.mp4", f"title [{VAULT}].mkv", f"{GONE}/whatever.avi", f"{GONE}.mp4.part",
        f"{GONE}.f137.mp4", "other.mp4", "A title that ends with some 11 characters_.mp4",
    ]  # fmt: skip
    for name in names:
        write_bytes(tmp_path / name, b"")
    found = {video: path.relative_to(tmp_path).as_posix() for video, path in find_videos(tmp_path, ANNOTATION).items()}
    assert found == {BARS: f"sub/{BARS}.mp4", VAULT: f"title [{VAULT}].mkv", GONE: f"{GONE}/whatever.avi"}


# --- yt-dlp ---

FAKE = """\
#!{python}
import json, pathlib, sys
folder = pathlib.Path({folder!r})
with (folder / "calls.jsonl").open("a") as calls:
    calls.write(json.dumps(sys.argv[1:]) + "\\n")
answer = json.loads((folder / "answers.json").read_text())[sys.argv[-1].rpartition("=")[2]]
if answer.startswith("ERROR"):
    sys.exit("WARNING: something else\\n" + answer)
to = pathlib.Path(sys.argv[sys.argv.index("--paths") + 1])
(to / (sys.argv[-1].rpartition("=")[2] + ".mp4")).write_bytes(pathlib.Path(answer).read_bytes())
"""


class YouTube:
    """A yt-dlp that answers as it is told, and remembers how it was called."""

    def __init__(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.folder = folder
        program = write_bytes(
            folder / "bin" / "yt-dlp", FAKE.format(python=sys.executable, folder=str(folder)).encode()
        )
        program.chmod(0o755)
        monkeypatch.setenv("PATH", str(program.parent))

    def answers(self, **by_video: str) -> None:
        write_bytes(self.folder / "answers.json", json.dumps(by_video).encode())

    @property
    def calls(self) -> list[list[str]]:
        path = self.folder / "calls.jsonl"
        return [json.loads(line) for line in path.read_text().splitlines()] if path.exists() else []

    @property
    def asked(self) -> list[str]:
        return [call[-1].rpartition("=")[2] for call in self.calls]


@pytest.fixture
def youtube(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> YouTube:
    return YouTube(tmp_path / "youtube", monkeypatch)


UNAVAILABLE = "ERROR: [youtube] A0xAXXysHUo: Video unavailable. This video is no longer available"


def test_missing_videos_are_downloaded_when_asked(
    tmp_path: Path, archives: Path, videos: Path, youtube: YouTube
) -> None:
    (videos / f"{BARS}.mp4").unlink()
    source = write_bytes(tmp_path / "source.mp4", video_bytes(1, ".mp4", 100))
    youtube.answers(**{BARS: str(source), GONE: UNAVAILABLE})
    cookies = write_bytes(tmp_path / "my cookies.txt", b"")
    assert prepared(tmp_path).found == 1  # not asked
    assert youtube.calls == []
    report = prepared(tmp_path, download=Download(cookies=cookies, height=480, pause=0, rate="2M"))
    assert report.found == 2
    assert report.missing == (f"{GONE} (1 elements): {UNAVAILABLE.removeprefix('ERROR: ')}",)
    assert sorted(youtube.asked) == [BARS, GONE]  # and not the vault, which is there
    call = next(call for call in youtube.calls if call[-1].endswith(BARS))
    assert call[-2:] == ["--", f"https://www.youtube.com/watch?v={BARS}"]
    for option, value in (
        ("--cookies", str(cookies)), ("--limit-rate", "2M"), ("--paths", str(videos)), ("--sleep-requests", "1"),
    ):  # fmt: skip
        assert call[call.index(option) + 1] == value
    assert "[height<=480]" in call[call.index("--format") + 1]
    assert {"--continue", "--ignore-config", "--no-playlist"} <= set(call)


def test_what_is_gone_is_not_asked_for_again_unless_told(
    tmp_path: Path, archives: Path, videos: Path, youtube: YouTube
) -> None:
    youtube.answers(**{GONE: UNAVAILABLE})
    first = prepared(tmp_path, download=Download(pause=0))
    before = dates(tmp_path / "data")
    assert prepared(tmp_path, download=Download(pause=0)) == first
    assert youtube.asked == [GONE]
    assert dates(tmp_path / "data") == before
    youtube.answers(**{GONE: str(write_bytes(tmp_path / "back.mp4", video_bytes(1, ".mp4", 25)))})
    assert prepared(tmp_path, download=Download(pause=0, retry_gone=True)).found == 3


def test_a_passing_fault_is_tried_again_by_the_next_run(
    tmp_path: Path, archives: Path, videos: Path, youtube: YouTube
) -> None:
    youtube.answers(**{GONE: "ERROR: unable to download video data: timed out"})
    assert "timed out" in prepared(tmp_path, download=Download(pause=0)).missing[0]
    prepared(tmp_path, download=Download(pause=0))
    assert youtube.asked == [GONE, GONE]


def test_youtube_that_has_had_enough_ends_the_run(
    tmp_path: Path, archives: Path, videos: Path, youtube: YouTube
) -> None:
    for path in videos.iterdir():
        path.unlink()
    youtube.answers(**dict.fromkeys((BARS, VAULT, GONE), "ERROR: Sign in to confirm you're not a bot"))
    with pytest.raises(OSError, match=r"not a bot\. 0 of 3 were tried before it; wait, .* --cookies FILE"):
        prepared(tmp_path, download=Download(pause=0))
    assert len(youtube.calls) == 1
    youtube.answers(**dict.fromkeys((BARS, VAULT, GONE), "ERROR: Network is unreachable"))
    with pytest.raises(OSError, match="Network is unreachable"):
        prepared(tmp_path, download=Download(pause=0))
    assert len(youtube.calls) == 4  # three in a row


def test_there_is_a_pause_between_videos(
    tmp_path: Path, archives: Path, videos: Path, youtube: YouTube, monkeypatch: pytest.MonkeyPatch
) -> None:
    (videos / f"{BARS}.mp4").unlink()
    pauses: list[float] = []
    monkeypatch.setattr("vmp.data.yt_dlp.time.sleep", pauses.append)
    youtube.answers(**{BARS: UNAVAILABLE, GONE: UNAVAILABLE})
    prepared(tmp_path, download=Download(pause=7))
    assert pauses == [7]


def test_a_missing_yt_dlp_and_missing_cookies_are_named(
    tmp_path: Path, archives: Path, videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match=r"cookies: expected a file, got .*none\.txt"):
        prepared(tmp_path, download=Download(cookies=tmp_path / "none.txt"))
    with pytest.raises(ValueError, match="pause: expected seconds, at least 0, got -1"):
        prepared(tmp_path, download=Download(pause=-1))
    with pytest.raises(ValueError, match="height: expected pixels, at least 1, got 0"):
        prepared(tmp_path, download=Download(height=0))
    monkeypatch.setattr("vmp.data.programs.shutil.which", lambda name, path: None)
    with pytest.raises(MissingProgram, match=r"needs yt-dlp, which is not installed\. pip install yt-dlp"):
        prepared(tmp_path, download=Download())


# --- the script ---


def test_the_script(
    tmp_path: Path, archives: Path, videos: Path, youtube: YouTube, capsys: pytest.CaptureFixture[str]
) -> None:
    youtube.answers(**{GONE: UNAVAILABLE})
    options = ["--root", str(tmp_path / "data"), "--archives", str(archives), "--videos", str(videos)]
    assert main([*options, "--download", "--pause", "0", "--limit-rate", "1M"]) == 1
    out, err = capsys.readouterr()
    assert re.search(r"elements here, train +1   published 26,320   DIFFERS", out)
    assert "downloading from YouTube: 1 files" in err
    told = "to download from YouTube: 1 videos of at most 720 lines; how much disk space that needs is not known, "
    assert told in err.partition("downloading")[0]
    assert main([*options, "--allow-missing"]) == 0
    assert len(read_manifest(tmp_path / "data" / "finegym.parquet")) == 3
    assert youtube.asked == [GONE]


def test_options_of_a_download_want_one_and_videos_want_a_folder(
    tmp_path: Path, archives: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = ["--root", str(tmp_path / "data"), "--archives", str(archives)]
    with pytest.raises(SystemExit) as stopped:
        main([*options, "--cookies", "cookies.txt"])
    assert stopped.value.code == 2
    assert "--retry-gone: expected with --download only" in capsys.readouterr().err
    assert main([*options, "--allow-missing"]) == 1
    assert "no video is here: --download gets them from YouTube" in capsys.readouterr().out
    assert main([*options, "--videos", str(tmp_path / "vidoes"), "--allow-missing"]) == 2
    assert "vidoes, which is none" in capsys.readouterr().err
