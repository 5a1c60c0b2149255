from __future__ import annotations

import hashlib
import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from file_server import FileServer, Served, file_server
from hypothesis import given, settings
from hypothesis import strategies as st

from vmp.download import ChecksumError, DownloadError, cache_folder, download

CONTENT = bytes(range(256)) * 2000  # 512,000 bytes
OTHER = CONTENT[::-1]


@pytest.fixture
def server() -> Iterator[FileServer]:
    with file_server() as files:
        yield files


@pytest.fixture(autouse=True)
def pauses(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """No test waits between attempts, or for the disk: how long they would have waited between attempts."""
    waited: list[float] = []
    monkeypatch.setattr("vmp.download.time", type("Clock", (), {"sleep": waited.append}))
    monkeypatch.setattr("vmp.download.os.fsync", lambda _: None)  # seconds, on a busy disk
    return waited


def left_over(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir() if not path.name.endswith(".lock")}


def test_a_whole_file_and_nothing_beside_it(server: FileServer, tmp_path: Path) -> None:
    url = server.serve("/file.bin", Served(CONTENT))
    seen: list[tuple[int, int | None]] = []
    to = download(url, tmp_path / "new" / "file.bin", progress=lambda *there: seen.append(there))
    assert to == tmp_path / "new" / "file.bin"
    assert to.read_bytes() == CONTENT
    assert left_over(to.parent) == {"file.bin"}
    assert seen[-1] == (len(CONTENT), len(CONTENT))
    assert [there for there, _ in seen] == sorted(there for there, _ in seen)
    headers = server.asked[0].headers
    assert (headers["accept-encoding"], "range" in headers) == ("identity", False)
    assert headers["user-agent"].startswith("vmp/")
    download(url, to)
    assert len(server.asked) == 1  # what is there is not asked for again


def test_a_dropped_connection_is_taken_up_where_it_broke(
    server: FileServer, tmp_path: Path, pauses: list[float], caplog: pytest.LogCaptureFixture
) -> None:
    url = server.serve("/f", Served(CONTENT, drops=[200_000, 100_000]))
    seen: list[int] = []
    to = download(url, tmp_path / "f", sha256=hashlib.sha256(CONTENT).hexdigest(), progress=lambda n, _: seen.append(n))
    assert to.read_bytes() == CONTENT
    assert server.requests() == [(200, None), (206, "bytes=200000-"), (206, "bytes=300000-")]
    assert server.asked[1].headers["if-range"] == '"one"'
    assert sum(asked.sent for asked in server.asked) == len(CONTENT)  # no byte twice
    assert seen == sorted(seen)
    assert pauses == [1.0, 1.0]  # each got further: the pause does not grow
    assert "the connection broke after 200000 of 512000 bytes; trying again in 1 s" in caplog.text


@pytest.mark.parametrize("heeds", [True, False], ids=["heeds If-Range", "does not"])
@pytest.mark.parametrize("same_size", [True, False], ids=["same size", "another size"])
def test_a_file_that_changed_is_not_glued_together(
    server: FileServer, tmp_path: Path, heeds: bool, same_size: bool
) -> None:
    url = server.serve("/f", Served(CONTENT, drops=[200_000]))
    with pytest.raises(DownloadError, match=r"200000 bytes are kept in .*f\.part: the next call goes on there"):
        download(url, tmp_path / "f", attempts=1)
    new = OTHER if same_size else OTHER[:300_000]
    server.serve("/f", Served(new, etag='"two"', modified="Sun, 02 Nov 2025 10:00:00 GMT", heeds_if_range=heeds))
    assert download(url, tmp_path / "f").read_bytes() == new
    assert left_over(tmp_path) == {"f"}


def test_a_file_that_became_shorter_than_the_part(server: FileServer, tmp_path: Path) -> None:
    url = server.serve("/f", Served(CONTENT, drops=[200_000]))
    with pytest.raises(DownloadError):
        download(url, tmp_path / "f", attempts=1)
    server.serve("/f", Served(OTHER[:1000], etag=None, modified=None, heeds_if_range=False))
    assert download(url, tmp_path / "f").read_bytes() == OTHER[:1000]
    assert server.requests() == [(200, None), (416, "bytes=200000-"), (200, None)]


@pytest.mark.parametrize(
    ("served", "checked", "requests", "validator"),
    [
        (Served(CONTENT, ranges=False), False, [(200, None), (200, "bytes=200000-")], '"one"'),
        (Served(CONTENT, etag=None, modified=None), False, [(200, None), (200, None)], None),
        (Served(CONTENT, etag=None, modified=None), True, [(200, None), (206, "bytes=200000-")], None),
        (
            Served(CONTENT, etag='W/"weak"'),
            False,
            [(200, None), (206, "bytes=200000-")],
            "Sat, 01 Nov 2025 10:00:00 GMT",
        ),
    ],
    ids=["refuses ranges", "nothing to know it by", "nothing but a checksum", "weak ETag"],
)
def test_what_may_be_continued(
    server: FileServer,
    tmp_path: Path,
    served: Served,
    checked: bool,
    requests: list[tuple[int, str | None]],
    validator: str | None,
) -> None:
    served.drops = [200_000]
    url = server.serve("/f", served)
    checksum = hashlib.md5(CONTENT).hexdigest() if checked else None
    assert download(url, tmp_path / "f", md5=checksum).read_bytes() == CONTENT
    assert server.requests() == requests
    assert server.asked[1].headers.get("if-range") == validator


@settings(max_examples=60, deadline=None)
@given(
    drops=st.lists(st.integers(0, 2500), max_size=5),
    lasts=st.integers(0, 5),
    new=st.sampled_from([OTHER[:2000], OTHER[:1500], OTHER[:3]]),
    ranges=st.booleans(),
    heeds=st.booleans(),
    etags=st.booleans(),
    dates=st.booleans(),
)
def test_it_is_one_version_or_the_other(
    tmp_path_factory: pytest.TempPathFactory,
    drops: list[int],
    lasts: int,
    new: bytes,
    ranges: bool,
    heeds: bool,
    etags: bool,
    dates: bool,
) -> None:
    old = CONTENT[:2000]

    def version(content: bytes, number: int, drops: list[int]) -> Served:
        etag = f'"{number}"' if etags else None
        date = f"Sat, 0{number} Nov 2025 10:00:00 GMT" if dates else None
        return Served(content, etag, date, ranges, heeds, drops=list(drops))

    served = version(old, 1, drops[:lasts])
    served.lasts, served.later = lasts, version(new, 2, drops[lasts:])
    with file_server() as server:
        url = server.serve("/f", served)
        came = download(url, tmp_path_factory.mktemp("drops") / "f", attempts=10).read_bytes()
    assert came == (new if served is not server.files["/f"] else old)


def test_a_part_that_is_whole_needs_no_server(server: FileServer, tmp_path: Path) -> None:
    url = f"{server.address}/f"
    note = {"url": url, "etag": '"one"', "modified": None, "size": len(CONTENT)}
    (tmp_path / "f.part").write_bytes(CONTENT)
    (tmp_path / "f.part.json").write_text(json.dumps(note))
    assert download(url, tmp_path / "f").read_bytes() == CONTENT
    assert server.asked == []


@pytest.mark.parametrize("note", ["", "[]", '{"url": "http://elsewhere/f", "etag": null, "modified": null, "size": 9}'])
def test_a_part_of_something_unknown_is_not_continued(server: FileServer, tmp_path: Path, note: str) -> None:
    (tmp_path / "f.part").write_bytes(OTHER[:100])
    (tmp_path / "f.part.json").write_text(note)
    assert download(server.serve("/f", Served(CONTENT)), tmp_path / "f").read_bytes() == CONTENT
    assert server.requests() == [(200, None)]


# --- answers and faults ---


def test_a_missing_file_is_final(server: FileServer, tmp_path: Path, pauses: list[float]) -> None:
    with pytest.raises(DownloadError, match=r"/nothing: the server answers 404 Not Found"):
        download(f"{server.address}/nothing", tmp_path / "f")
    assert (len(server.asked), pauses) == (1, [])
    assert not (tmp_path / "f").exists()


def test_a_busy_server_is_asked_again_when_it_says(server: FileServer, tmp_path: Path, pauses: list[float]) -> None:
    busy = [(503, {"Retry-After": "7"}), (503, {}), (429, {"Retry-After": "Sun, 02 Nov 2025 10:00:00 GMT"})]
    url = server.serve("/f", Served(CONTENT, answers=busy))
    assert download(url, tmp_path / "f").read_bytes() == CONTENT
    assert pauses == [7.0, 2.0, 4.0]


def test_it_gives_up_where_nothing_more_comes(server: FileServer, tmp_path: Path, pauses: list[float]) -> None:
    url = server.serve("/f", Served(CONTENT, drops=[1000, 0, 0, 0]))
    with pytest.raises(DownloadError, match=r"given up after 3 attempts\. 1000 bytes are kept in .*f\.part"):
        download(url, tmp_path / "f", attempts=3)
    assert pauses == [1.0, 2.0]
    assert left_over(tmp_path) == {"f.part", "f.part.json"}


def test_nobody_answers(tmp_path: Path, pauses: list[float]) -> None:
    with file_server() as gone:
        url = f"{gone.address}/f"
    with pytest.raises(DownloadError, match=r"ConnectionRefusedError.*given up after 2 attempts"):
        download(url, tmp_path / "f", attempts=2)


def test_a_server_that_falls_silent_counts_as_dropped(server: FileServer, tmp_path: Path) -> None:
    url = server.serve("/f", Served(CONTENT, stall=1.0))
    with pytest.raises(DownloadError, match="TimeoutError"):
        download(url, tmp_path / "f", timeout=0.1, attempts=2)


def test_redirections_keep_the_range_and_stay_on_the_web(server: FileServer, tmp_path: Path) -> None:
    server.serve("/real", Served(CONTENT, drops=[1000]))
    there = [(302, {"Location": "/real"})]
    url = server.serve("/moved", Served(b"", answers=there * 2))
    assert download(url, tmp_path / "f").read_bytes() == CONTENT
    assert server.requests()[-1] == (206, "bytes=1000-")
    for address in ("ftp://127.0.0.1/f", f"file://{tmp_path}/f", "data:,f"):
        url = server.serve("/away", Served(b"", answers=[(302, {"Location": address})]))
        with pytest.raises(DownloadError):
            download(url, tmp_path / "g")


# --- what is checked ---


@pytest.mark.parametrize(
    ("expected", "message"),
    [
        ({"sha256": "0" * 64}, rf"expected sha256 {'0' * 64}, got {hashlib.sha256(CONTENT).hexdigest()}"),
        ({"md5": "A" * 32}, rf"expected md5 {'a' * 32}, got {hashlib.md5(CONTENT).hexdigest()}"),
    ],
    ids=["sha256", "md5"],
)
def test_another_file_than_expected(server: FileServer, tmp_path: Path, expected: dict[str, str], message: str) -> None:
    url = server.serve("/f", Served(CONTENT))
    with pytest.raises(ChecksumError, match=message + r".*kept as .*f\.bad"):
        download(url, tmp_path / "f", **expected)
    assert left_over(tmp_path) == {"f.bad"}
    assert download(url, tmp_path / "f", sha256=hashlib.sha256(CONTENT).hexdigest().upper()).read_bytes() == CONTENT


def test_another_size_is_refused_before_it_is_loaded(server: FileServer, tmp_path: Path) -> None:
    url = server.serve("/f", Served(CONTENT))
    with pytest.raises(DownloadError, match=r"expected a file of 5 bytes, the server has one of 512000"):
        download(url, tmp_path / "f", size=5)
    assert not (tmp_path / "f.part").exists()
    unsaid = server.serve("/g", Served(CONTENT, says_length=False))
    with pytest.raises(ChecksumError, match="expected 5 bytes, got 512000"):
        download(unsaid, tmp_path / "g", size=5)


def test_a_file_that_is_there_and_is_another_is_left_alone(server: FileServer, tmp_path: Path) -> None:
    (tmp_path / "f").write_bytes(b"mine")
    with pytest.raises(ChecksumError, match=r"f: expected 5 bytes, got 4\. Move this file away"):
        download(f"{server.address}/f", tmp_path / "f", size=5)
    assert (tmp_path / "f").read_bytes() == b"mine"
    assert server.asked == []


def test_no_room(server: FileServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage(tmp_path)._replace(free=511_999)
    monkeypatch.setattr("vmp.download.shutil.disk_usage", lambda _: usage)
    url = server.serve("/f", Served(CONTENT, drops=[1000]))
    with pytest.raises(DownloadError, match=r"512000 bytes are to come, and .* has room for 511999"):
        download(url, tmp_path / "f")
    assert (tmp_path / "f.part").stat().st_size == 0


# --- other processes ---

DOWNLOAD = """
import sys
from vmp.download import download
download(sys.argv[1], sys.argv[2])
"""


def start(url: str, to: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen([sys.executable, "-c", DOWNLOAD, url, str(to)], stderr=subprocess.PIPE)


def wait_for(condition: Callable[[], object], seconds: float = 60.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        threading.Event().wait(0.01)


def test_a_killed_process_is_continued(server: FileServer, tmp_path: Path) -> None:
    gate = threading.Event()
    url, part = server.serve("/f", Served(CONTENT, gate=gate, gate_at=200_000)), tmp_path / "f.part"
    process = start(url, tmp_path / "f")
    wait_for(lambda: part.exists() and part.stat().st_size > 50_000)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()
    gate.set()
    there = part.stat().st_size
    assert there <= 200_000
    assert download(url, tmp_path / "f").read_bytes() == CONTENT
    assert server.requests() == [(200, None), (206, f"bytes={there}-")]


def test_of_two_processes_one_downloads(server: FileServer, tmp_path: Path) -> None:
    gate = threading.Event()
    url = server.serve("/f", Served(CONTENT, gate=gate, gate_at=1000))
    first = start(url, tmp_path / "f")
    wait_for(lambda: server.asked)
    second = start(url, tmp_path / "f")
    assert second.stderr is not None
    assert b"another process is downloading it; waiting" in second.stderr.readline()
    gate.set()
    for process in (first, second):
        process.communicate(timeout=60)
        assert process.returncode == 0
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert server.requests() == [(200, None)]


def test_two_threads_too(server: FileServer, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    gate = threading.Event()
    url = server.serve("/f", Served(CONTENT, gate=gate))
    threads = [threading.Thread(target=download, args=(url, tmp_path / "f")) for _ in range(2)]
    for thread in threads:
        thread.start()
    wait_for(lambda: server.asked and "another process is downloading it; waiting" in caplog.text)
    gate.set()
    for thread in threads:
        thread.join(60)
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert server.requests() == [(200, None)]


# --- arguments ---


def test_a_local_address(tmp_path: Path) -> None:
    (tmp_path / "a file").write_bytes(CONTENT)
    assert download((tmp_path / "a file").as_uri(), tmp_path / "f").read_bytes() == CONTENT
    with pytest.raises(DownloadError, match="No such file"):
        download((tmp_path / "nothing").as_uri(), tmp_path / "g")


def test_arguments_that_cannot_be(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"url: expected http://, https:// or file://, got 'ftp://host/f'"):
        download("ftp://host/f", tmp_path / "f")
    with pytest.raises(ValueError, match="to: expected the path of a file, got the folder"):
        download("http://host/f", tmp_path)
    with pytest.raises(ValueError, match="md5: expected 32 hexadecimal digits, got 'abc'"):
        download("http://host/f", tmp_path / "f", md5="abc")
    with pytest.raises(DownloadError, match="control characters"):
        download("http://host/a file", tmp_path / "f")


def test_an_empty_file(server: FileServer, tmp_path: Path) -> None:
    assert download(server.serve("/f", Served(b"")), tmp_path / "f").read_bytes() == b""


def test_the_cache_is_where_one_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VMP_CACHE", str(tmp_path / "here"))
    assert cache_folder() == tmp_path / "here"
    monkeypatch.delenv("VMP_CACHE")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "vmp"
