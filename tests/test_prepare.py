from __future__ import annotations

import functools
import http.server
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from make_video import cut
from prepare_fixtures import dates, tree, video_bytes, write_bytes

from vmp.data.addresses import PUBLISHED, Address, Part, Published
from vmp.data.fetching import Sources, fetch, say_downloads
from vmp.data.manifest import ManifestError, read_manifest
from vmp.data.preparation import preparing
from vmp.data.prepare import (
    SILENT,
    Count,
    PrepareReport,
    finish,
    manifest_of,
    relative_path,
    say_space,
    size_text,
    workplace,
)
from vmp.data.prepare_script import arguments_parser, console_progress, run
from vmp.data.video_check import check_video, check_videos
from vmp.download import DownloadError
from vmp.files import write_if_new


class Heard:
    """A progress that remembers what it was told."""

    def __init__(self) -> None:
        self.said: list[str] = []
        self.tracks: list[tuple[str, int | None]] = []

    def say(self, text: str) -> None:
        self.said.append(text)

    @contextmanager
    def track(self, what: str, total: int | None, unit: str = "files") -> Iterator[Any]:
        self.tracks.append((what, total))
        yield lambda done: None


# --- the report ---


def test_a_report_is_complete_when_nothing_is_missing_and_all_counts_hold(tmp_path: Path) -> None:
    good = PrepareReport("s", tmp_path, 2, counts=(Count("videos", 2, 2), Count("events", 7)))
    assert good.complete
    assert good.status == 1  # no manifest yet
    assert not PrepareReport("s", tmp_path, 2, missing=("a",)).complete
    assert not PrepareReport("s", tmp_path, 2, unreadable={"a": "why"}).complete
    assert not PrepareReport("s", tmp_path, 2, counts=(Count("videos", 2, 3),)).complete


def test_a_report_says_all_of_it(tmp_path: Path) -> None:
    report = PrepareReport(
        "set", tmp_path, 1234, tuple(f"m{i}" for i in range(7)), {"x.avi": "is empty"},
        (Count("videos", 1234, 1242), Count("clips, train", 70, 70), Count("events", 9)), ("a note",),
    )  # fmt: skip
    lines = str(report).splitlines()
    assert "  found       1,234 videos" in lines
    assert "  missing     7" in lines
    assert lines[lines.index("    m4") + 1] == "    and 2 more"
    assert "    x.avi: is empty" in lines
    assert re.search(r"videos +1,234   published 1,242   DIFFERS", str(report))
    assert re.search(r"clips, train +70   published 70$", str(report), re.M)
    assert re.search(r"events +9$", str(report), re.M)
    assert "  note: a note" in lines
    assert "no manifest is written" in lines[-1]


# --- the end ---

ROW = {"path": "a.avi", "start": 0, "end": 5, "unit": "frame", "label": 0, "class_name": "x", "split": "train"}
ROW |= {"frames": 5, "rate": 25.0, "width": 48, "height": 32, "dish": 3, "who": "me"}
EXTRAS = {"dish": "int64", "who": "object"}


def manifest(root: Path, *rows: dict[str, Any]) -> Any:
    return manifest_of("set", root, rows, ["x"], ["split"], EXTRAS)


def test_a_complete_set_gets_its_manifest_and_no_list(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.avi", b"video")
    write_bytes(tmp_path / "set.missing.txt", b"missing a.avi\n")  # of an earlier run
    done = finish(manifest(tmp_path, {"clip": "1", **ROW}), PrepareReport("set", tmp_path, 1), allow_missing=False)
    assert (done.manifest, done.missing_list, done.status) == (tmp_path / "set.parquet", None, 0)
    assert not (tmp_path / "set.missing.txt").exists()
    read = read_manifest(tmp_path / "set.parquet")
    assert read.table.loc[0, ["clip", "dish", "who", "frames"]].tolist() == ["1", 3, "me", 5]
    assert str(done).endswith("set.parquet")


def test_an_incomplete_set_is_listed_and_has_a_manifest_only_when_allowed(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.avi", b"video")
    table = manifest(tmp_path, {"clip": "1", **ROW})
    report = PrepareReport("set", tmp_path, 1, ("b.avi",), {"c.avi": "is empty"}, (Count("videos", 1, 3),))
    done = finish(table, report, allow_missing=False)
    assert (done.manifest, done.status) == (None, 1)
    assert not (tmp_path / "set.parquet").exists()
    listed = "missing b.avi\nunreadable c.avi: is empty\ncount videos: 1, published 3\n"
    assert (tmp_path / "set.missing.txt").read_text() == listed
    done = finish(table, report, allow_missing=True)
    assert (done.manifest, done.status) == (tmp_path / "set.parquet", 0)
    assert (tmp_path / "set.missing.txt").read_text() == listed
    assert "(incomplete, as allowed)" in str(done)


def test_a_set_without_any_clip_has_no_manifest_even_where_that_is_allowed(tmp_path: Path) -> None:
    done = finish(manifest(tmp_path), PrepareReport("set", tmp_path, 0, ("a.avi",)), allow_missing=True)
    assert (done.manifest, done.status) == (None, 1)
    assert str(done).endswith("no manifest is written: there is nothing to go on with")


def test_finishing_twice_writes_nothing(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.avi", b"video")
    report = PrepareReport("set", tmp_path, 1, ("b.avi",))
    finish(manifest(tmp_path, {"clip": "1", **ROW}), report, allow_missing=True)
    before = dates(tmp_path)
    finish(manifest(tmp_path, {"clip": "1", **ROW}), report, allow_missing=True)
    assert dates(tmp_path) == before


def test_a_manifest_that_contradicts_itself_is_not_written(tmp_path: Path) -> None:
    write_bytes(tmp_path / "a.avi", b"video")
    twice = manifest(tmp_path, {"clip": "1", **ROW}, {"clip": "1", **ROW, "split": "test"})
    with pytest.raises(ManifestError, match=r"set\.parquet"):
        finish(twice, PrepareReport("set", tmp_path, 1), allow_missing=True)
    assert not (tmp_path / "set.parquet").exists()


def test_a_manifest_without_clips_has_its_columns(tmp_path: Path) -> None:
    table = manifest(tmp_path).table
    assert len(table) == 0
    assert list(table.columns[-2:]) == ["dish", "who"]
    assert pd.api.types.is_integer_dtype(table["label"])


def test_paths_are_relative_below_the_root_and_absolute_elsewhere(tmp_path: Path) -> None:
    assert relative_path(tmp_path, tmp_path / "videos" / "a b.avi") == "videos/a b.avi"
    assert relative_path(tmp_path / "x", tmp_path / "a.avi") == (tmp_path / "a.avi").as_posix()


# --- the place ---


def test_a_root_is_made_and_a_file_is_none(tmp_path: Path) -> None:
    with workplace(tmp_path / "a" / "b") as root:
        assert (root / ".prepare").is_dir()
    write_bytes(tmp_path / "file", b"")
    with pytest.raises(ValueError, match=r"root: expected a folder, got the file .*file"), workplace(tmp_path / "file"):
        pass


def test_one_process_at_a_time(tmp_path: Path) -> None:
    code = "import sys; from vmp.data.prepare import workplace\nwith workplace(sys.argv[1]): print(flush=True); input()"
    pipe = subprocess.PIPE
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdin=pipe, stdout=pipe, text=True) as other:
        assert other.stdin is not None
        assert other.stdout is not None
        assert other.stdout.readline() == "\n"
        with pytest.raises(OSError, match="another process is preparing here"), workplace(tmp_path):
            pass
        other.communicate("\n")
    with workplace(tmp_path) as root:
        assert root == tmp_path


def test_what_a_killed_process_was_writing_is_cleared_away(tmp_path: Path) -> None:
    write_bytes(tmp_path / ".set.parquet.0a1b2c3d.part", b"half")
    write_bytes(tmp_path / ".prepare" / ".checked-ends.json.0a1b2c3d.part", b"half")
    with workplace(tmp_path):
        assert [path.name for path in tmp_path.rglob("*") if path.is_file()] == ["lock"]


def test_a_file_is_left_alone_where_it_holds_that_already(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b.txt"
    write_if_new(path, b"1")
    before = path.stat().st_mtime_ns
    write_if_new(path, b"1")
    assert path.stat().st_mtime_ns == before
    write_if_new(path, b"2")
    assert path.read_bytes() == b"2"
    assert [each.name for each in path.parent.iterdir()] == ["b.txt"]


def test_room_is_told_beforehand(tmp_path: Path) -> None:
    heard = Heard()
    say_space(tmp_path, 4_200_000_000, "HMDB-51", heard)
    assert re.match(r"HMDB-51: about 4\.2 GB of disk space are needed, .* are free in ", heard.said[0])
    with pytest.raises(OSError, match=r"about 1,000,000\.0 GB are needed for all of it and .* are free"):
        say_space(tmp_path, 10**15, "all of it", heard)


@pytest.mark.parametrize(
    ("size", "text"),
    [(0, "0 bytes"), (999, "999 bytes"), (1000, "1.0 kB"), (222_848, "222.8 kB"), (10**7, "10.0 MB")],
)
def test_size_text(size: int, text: str) -> None:
    assert size_text(size) == text


# --- where parts come from ---


def one_part(*mirrors: tuple[str, Address]) -> Published:
    return Published("A set", "https://page", "", {"videos": Part("videos", ("a.rar", "a.zip"), dict(mirrors))})


def test_a_local_copy_is_taken_under_any_name_and_nothing_is_downloaded(tmp_path: Path) -> None:
    copies = tmp_path / "copies"
    copies.mkdir()
    published = one_part(("m", Address("file:///nowhere", "a.rar", "")))
    part = published.parts["videos"]
    with pytest.raises(ValueError, match=r"videos: expected a\.rar or a\.zip in .*copies, found none.* https://page"):
        fetch(Sources(published, copies), tmp_path, part)
    write_bytes(copies / "a.zip", b"zip")
    assert fetch(Sources(published, copies), tmp_path, part) == copies / "a.zip"
    write_bytes(tmp_path / "archives" / "a.rar", b"rar")  # put there by hand
    assert fetch(Sources(published), tmp_path, part) == tmp_path / "archives" / "a.rar"


def test_a_local_copy_that_is_not_the_published_file_is_told(tmp_path: Path) -> None:
    empty = "d41d8cd98f00b204e9800998ecf8427e"
    published = one_part(("m", Address("file:///nowhere", "a.rar", "", md5=empty)))
    write_bytes(tmp_path / "a.rar", b"")
    heard = Heard()
    fetch(Sources(published, tmp_path), tmp_path, published.parts["videos"], heard)
    assert heard.said == []
    write_bytes(tmp_path / "a.rar", b"another")
    fetch(Sources(published, tmp_path), tmp_path, published.parts["videos"], heard)
    assert re.search(rf"a\.rar: is not the file that is published, whose md5 is {empty}", heard.said[0])


def test_a_mirror_that_fails_gives_way_to_the_next_and_dead_ones_come_last(tmp_path: Path) -> None:
    there = write_bytes(tmp_path / "served" / "a.zip", b"PK\x05\x06 zip")
    published = one_part(
        ("dead", Address("file:///nowhere/dead", "a.rar", "", dead="since 2025")),
        ("gone", Address("file:///nowhere/gone", "a.rar", "")),
        ("good", Address(there.as_uri(), "a.zip", "", size=8)),
    )
    heard = Heard()
    came = fetch(Sources(published), tmp_path, published.parts["videos"], heard)
    assert (came, came.read_bytes()) == (tmp_path / "archives" / "a.zip", b"PK\x05\x06 zip")
    assert [what for what, _ in heard.tracks] == ["downloading a.rar from gone", "downloading a.zip from good"]
    assert "gone does not give a.rar" in heard.said[0]
    there.unlink()
    assert fetch(Sources(published), tmp_path, published.parts["videos"]) == came  # not asked for again


def test_when_no_mirror_gives_it_each_one_is_named(tmp_path: Path) -> None:
    addresses = (Address(f"file:///nowhere/{name}", "a.rar", "") for name in ("1", "2"))
    published = one_part(*zip(("one", "two"), addresses, strict=True))
    with pytest.raises(DownloadError, match=r"videos: no mirror gave it \(one: .*; two: .*\)\. Get a\.rar or a\.zip"):
        fetch(Sources(published), tmp_path, published.parts["videos"])
    part = Part("sequences", ("s.zip",))
    with pytest.raises(ValueError, match=r"sequences: no address is known\. Get s\.zip from https://page and put"):
        fetch(Sources(published), tmp_path, part)


def test_what_comes_with_another_checksum_is_refused(tmp_path: Path) -> None:
    there = write_bytes(tmp_path / "served" / "a.rar", b"tampered")
    published = one_part(("m", Address(there.as_uri(), "a.rar", "", md5="0" * 32)))
    with pytest.raises(DownloadError, match="expected md5 0000"):
        fetch(Sources(published, mirror="m"), tmp_path, published.parts["videos"])
    assert not (tmp_path / "archives" / "a.rar").exists()


def test_a_page_instead_of_an_archive_gives_way_to_the_next_mirror(tmp_path: Path) -> None:
    page = write_bytes(tmp_path / "served" / "page", b"<html>Are you sure?</html>")
    there = write_bytes(tmp_path / "served" / "a.rar", b"Rar!\x1a\x07\x00")
    published = one_part(("drive", Address(page.as_uri(), "a.rar", "")), ("good", Address(there.as_uri(), "a.rar", "")))
    heard = Heard()
    assert fetch(Sources(published), tmp_path, published.parts["videos"], heard).read_bytes() == there.read_bytes()
    assert re.search(r"drive does not give a\.rar: .* looks like a web page", heard.said[0])
    assert (tmp_path / "archives" / "a.rar.bad").read_bytes() == page.read_bytes()


def test_a_mirror_may_be_an_address(tmp_path: Path) -> None:
    write_bytes(tmp_path / "served" / "a.rar", b"Rar!\x1a\x07 from here")
    handler = functools.partial(_Quiet, directory=str(tmp_path / "served"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        published = one_part(("m", Address("file:///nowhere", "a.rar", "")))
        sources = Sources(published, mirror=f"http://127.0.0.1:{server.server_port}/")
        assert fetch(sources, tmp_path, published.parts["videos"]).read_bytes() == b"Rar!\x1a\x07 from here"
        server.shutdown()


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def test_sources_are_checked(tmp_path: Path) -> None:
    published = one_part(("michigan", Address("file:///nowhere", "a.rar", "")))
    with pytest.raises(ValueError, match=r"mirror: expected michigan or .*, got 'michgan'\. Did you mean 'michigan'"):
        Sources(published, mirror="michgan")
    with pytest.raises(ValueError, match="archives and mirror: expected one of them"):
        Sources(published, tmp_path, "michigan")
    with pytest.raises(ValueError, match=r"archives: expected a folder of local copies, got .*none"):
        Sources(published, tmp_path / "none")
    with pytest.raises(ValueError, match="mirror: expected"), preparing("one", published, tmp_path / "d", mirror="no"):
        pass
    assert not (tmp_path / "d").exists()  # nothing is made for what cannot begin


def test_downloads_and_their_room_are_told_beforehand(tmp_path: Path) -> None:
    part = Part("videos", ("a.rar",), {"m": Address("file:///nowhere", "a.rar", "", size=3_000_000)}, room=2_000_000)
    published = Published("A set", "https://page", "", {"videos": part})
    heard = Heard()
    say_downloads(Sources(published), tmp_path, [part], heard)
    assert heard.said[0] == "to download: a.rar (3.0 MB) from m"
    assert heard.said[1].startswith("A set, downloaded and unpacked: about 5.0 MB of disk space are needed")
    heard = Heard()
    unknown = Part("list", ("a.txt",), {"m": Address("file:///nowhere", "a.txt", "")})
    say_downloads(Sources(published), tmp_path, [unknown], heard)
    assert heard.said[0] == "to download: a.txt (size unknown) from m"
    assert re.match(r"how much disk space that needs is not known; .* are free in ", heard.said[1])
    heard = Heard()
    write_bytes(tmp_path / "archives" / "a.rar", b"")
    say_downloads(Sources(published), tmp_path, [part], heard)
    assert heard.said == []


def test_the_table_of_addresses_is_whole() -> None:
    for published in PUBLISHED.values():
        assert published.page.startswith("https://")
        for what, part in published.parts.items():
            assert part.what == what
            for address in part.mirrors.values():
                assert address.url.startswith("https://")
                assert address.file in part.files
                assert address.source
                assert address.sha256 is None or len(address.sha256) == 64
                assert address.md5 is None or len(address.md5) == 32


# --- videos ---


@pytest.mark.parametrize("how", ["frames", "ends"])
@pytest.mark.parametrize("suffix", [".avi", ".mp4", ".mkv", ".webm"])
def test_a_whole_video_has_no_trouble(tmp_path: Path, suffix: str, how: Any) -> None:
    checked = check_video(write_bytes(tmp_path / f"a{suffix}", video_bytes(1, suffix, 30)), how)
    assert checked.trouble == ""
    assert (checked.frames, checked.width, checked.height, checked.rate) == (30, 48, 32, 25)
    assert checked.duration == pytest.approx(1.2, abs=0.05)


@pytest.mark.parametrize("suffix", [".flv", ".ts", ".mpg", ".mov"])
def test_a_video_that_cannot_be_entered_at_its_end_is_no_worse_for_it(tmp_path: Path, suffix: str) -> None:
    checked = check_video(write_bytes(tmp_path / f"a{suffix}", video_bytes(1, suffix, 75)), "ends")
    assert checked.trouble == ""
    assert checked.duration == pytest.approx(3.0, abs=0.1)


@pytest.mark.parametrize("how", ["frames", "ends"])
def test_what_is_wrong_with_a_video_is_said(tmp_path: Path, how: Any) -> None:
    path = write_bytes(tmp_path / "a.avi", video_bytes(1, ".avi", 90))
    assert re.search("truncated|damaged", check_video(cut(path, 0.5), how).trouble)
    assert "is empty" in check_video(write_bytes(tmp_path / "b.avi", b""), how).trouble
    assert "cannot be opened" in check_video(write_bytes(tmp_path / "c.avi", b"rubbish" * 500), how).trouble
    assert check_video(cut(write_bytes(tmp_path / "d.mp4", video_bytes(1, ".mp4", 90)), 0.5), how).trouble


def test_a_fault_in_the_middle_is_found_where_every_frame_is_decoded(tmp_path: Path) -> None:
    content = bytearray(video_bytes(1, ".mkv", 90))
    middle = len(content) // 2
    content[middle : middle + 400] = bytes(400)
    path = write_bytes(tmp_path / "a.mkv", bytes(content))
    assert check_video(path, "frames").trouble


def test_videos_are_read_once_and_again_when_they_change(tmp_path: Path) -> None:
    paths = [write_bytes(tmp_path / f"{i}.avi", video_bytes(i)) for i in range(3)]
    write_bytes(tmp_path / "bad.avi", b"rubbish")
    heard = Heard()
    first = check_videos(tmp_path, [*paths, tmp_path / "bad.avi"], "frames", heard)
    assert [bool(each.trouble) for each in first.values()] == [False, False, False, True]
    assert check_videos(tmp_path, list(first), "frames", heard) == first
    assert heard.tracks == [("reading the videos", 4)]
    write_bytes(paths[0], video_bytes(5, frames=9))
    assert check_videos(tmp_path, paths, "frames", heard)[paths[0]].frames == 9
    assert heard.tracks[1:] == [("reading the videos", 1)]
    write_bytes(tmp_path / ".prepare" / "checked-frames.json", b"{")
    assert check_videos(tmp_path, paths[1:], "frames", heard) == {path: first[path] for path in paths[1:]}


# --- the scripts' front ---


def test_options_of_a_script(capsys: pytest.CaptureFixture[str]) -> None:
    parser = arguments_parser("x.py", "what it does", PUBLISHED["hmdb51"])
    options = parser.parse_args(["--root", "data", "--mirror", "brown"])
    assert vars(options) == {"root": Path("data"), "allow_missing": False, "archives": None, "mirror": "brown"}
    for wrong in (["--root", "d", "--archives", "a", "--mirror", "brown"], [], ["--root", "d", "--allow"]):
        with pytest.raises(SystemExit, match="2"):
            parser.parse_args(wrong)
    assert vars(arguments_parser("x.py", "y").parse_args(["--root", "d"])).keys() == {"root", "allow_missing"}
    with pytest.raises(SystemExit, match="0"):
        parser.parse_args(["--help"])
    assert "michigan, serre-lab, brown" in capsys.readouterr().out.replace("\n", "")


def test_status_and_message_of_a_script(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    report = PrepareReport("s", tmp_path, 2, manifest=tmp_path / "s.parquet")
    assert run(lambda progress: report) == 0
    assert capsys.readouterr().out == f"{report}\n"
    assert run(lambda progress: PrepareReport("s", tmp_path, 2, ("a",))) == 1
    for error, status in ((ValueError("a mistake"), 2), (OSError("no room"), 1)):
        assert run(_raises(error)) == status
        assert capsys.readouterr().err == f"{error}\n"
    assert run(_raises(KeyboardInterrupt())) == 130
    assert "goes on where it was" in capsys.readouterr().err


def _raises(error: BaseException) -> Any:
    def prepare(progress: object) -> PrepareReport:
        raise error

    return prepare


def test_progress_without_a_terminal_is_lines(capsys: pytest.CaptureFixture[str]) -> None:
    progress = console_progress()
    progress.say("to download: all of it")
    with progress.track("reading", 3) as advance:
        advance(2)
        advance(3)
    with progress.track("unpacking", None, "bytes") as advance:
        advance(2_000_000)
    lines = ["to download: all of it", "reading ...", "reading: 3 files", "unpacking ...", "unpacking: 2.0 MB"]
    assert capsys.readouterr().err.splitlines() == lines


def test_progress_in_a_terminal_is_bars(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr("sys.stderr.isatty", lambda: True)
    monkeypatch.setenv("TERM", "xterm")
    progress = console_progress()
    with progress.track("reading [bold]", 3) as advance:
        advance(3)
    progress.say("[1/2] done")
    shown = capsys.readouterr().err
    assert "reading [bold]" in shown
    assert "3/3" in shown
    assert "[1/2] done" in shown


def test_nobody_need_listen(tmp_path: Path) -> None:
    SILENT.say("nothing")
    with SILENT.track("nothing", 1) as advance:
        advance(1)
    assert tree(tmp_path) == {}
