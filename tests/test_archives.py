from __future__ import annotations

import gzip
import io
import os
import stat
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prepare_fixtures import dates, need_rar_reader, only_on_path, tree, write_bytes
from rar_writer import Link, rar

from vmp.data.archive_safety import ArchiveError, UnsafeArchive
from vmp.data.archives import is_from, room_needed, unpack, unpacked
from vmp.data.prepare import workplace
from vmp.data.programs import MissingProgram
from vmp.data.rar_headers import checksums

NAMES = {
    "kiss/April & (May) #1; it's !_kiss_h_nm_np2_fr_goo_0.avi": b"one" * 500,
    "kiss/b.avi": b"two",
    "run/empty.avi": b"",
    "notes.txt": b"not wanted",
}
READERS = {"bsdtar": ["bsdtar"], "unar": ["unar", "lsar"]}
KINDS = ["zip", "tar", "tar.gz", "tar.xz", "rar"]
PLACED = {f"videos/{name}": content for name, content in NAMES.items() if name.endswith(".avi")}


@pytest.fixture(autouse=True)
def _rar_reader() -> None:
    need_rar_reader()


def zipped(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name), content)
    return buffer.getvalue()


def tarred(files: Mapping[str, bytes | tarfile.TarInfo], mode: str = "w") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, content in files.items():
            entry = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            if isinstance(content, bytes):
                entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content) if isinstance(content, bytes) else None)
    return buffer.getvalue()


def packed(kind: str, files: Mapping[str, bytes]) -> bytes:
    if kind == "rar":
        return rar(files)
    return zipped(files) if kind == "zip" else tarred(files, "w" + kind.removeprefix("tar").replace(".", ":"))


def place(names: tuple[str, ...]) -> str | None:
    """AVIs to ``videos``, by their folder; archives inside are named there."""
    return "/".join(("videos", *names)) if names[-1].endswith(".avi") else None


@pytest.fixture
def root(tmp_path: Path) -> Path:
    with workplace(tmp_path / "root") as folder:
        return folder


# --- what comes out ---


@pytest.mark.parametrize("kind", KINDS)
def test_wanted_files_come_out_under_their_names(tmp_path: Path, root: Path, kind: str) -> None:
    archive = write_bytes(tmp_path / f"set.{kind}", packed(kind, NAMES))
    done = unpack(archive, root, "videos", place)
    assert tree(root) == PLACED
    assert done.files == {name: len(content) for name, content in PLACED.items()}
    assert done.left_out == ()
    assert unpacked(root, "videos") == done
    assert is_from(root, "videos", archive)


@pytest.mark.parametrize("reader", ["bsdtar", "unar"])
def test_either_rar_reader_will_do(tmp_path: Path, root: Path, reader: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", only_on_path(tmp_path / "bin", *READERS[reader]))
    unpack(write_bytes(tmp_path / "set.rar", rar({"kiss/": b"", **NAMES})), root, "videos", place)
    assert tree(root) == PLACED


@pytest.mark.parametrize("outer", ["rar", "zip", "tar.gz"])
def test_archives_inside_are_unpacked_where_they_lie(tmp_path: Path, root: Path, outer: str) -> None:
    inner = {f"{name}.rar": rar({f"{name}/{i}.avi": name.encode() * i for i in range(3)}) for name in ("kiss", "run")}
    archive = write_bytes(tmp_path / "set", packed(outer, {f"hmdb/{name}": content for name, content in inner.items()}))
    done = unpack(archive, root, "videos", place)
    expected = {f"videos/hmdb/{c}.rar/{c}/{i}.avi": c.encode() * i for c in ("kiss", "run") for i in range(3)}
    assert tree(root) == expected
    assert set(done.files) == set(expected)


def test_a_name_does_not_tell_the_kind(tmp_path: Path, root: Path) -> None:
    unpack(write_bytes(tmp_path / "set.rar", zipped(NAMES)), root, "videos", place)
    assert tree(root) == PLACED


def test_archives_inside_archives_end_somewhere(tmp_path: Path, root: Path) -> None:
    content = zipped({"x.avi": b"deep"})
    for _ in range(5):
        content = zipped({"inner.zip": content})
    unpack(write_bytes(tmp_path / "set.zip", content), root, "videos", place)
    assert tree(root) == {}


def test_files_of_a_mac_are_not_archives(tmp_path: Path, root: Path) -> None:
    files = {"a.avi": b"1", "__MACOSX/._kiss.rar": b"fork", "._run.rar": b"fork"}
    unpack(write_bytes(tmp_path / "set.zip", zipped(files)), root, "videos", place)
    assert tree(root) == {"videos/a.avi": b"1"}


def test_one_place_wanted_by_two_files(tmp_path: Path, root: Path) -> None:
    def flat(names: tuple[str, ...]) -> str | None:
        return f"videos/{names[-1]}" if names[-1].endswith(".avi") else None

    both = {"a/x.avi": b"same", "kiss.rar": rar({"kiss/x.avi": b"same"})}
    done = unpack(write_bytes(tmp_path / "same.zip", zipped(both)), root, "videos", flat)
    assert tree(root) == {"videos/x.avi": b"same"}
    assert done.files == {"videos/x.avi": 4}
    other = {"a/x.avi": b"same", "kiss.rar": rar({"kiss/x.avi": b"else"})}
    with pytest.raises(ArchiveError, match=r"other\.zip: holds two different files for videos/x\.avi, .* kiss\.rar"):
        unpack(write_bytes(tmp_path / "other.zip", zipped(other)), root, "videos", flat)


# --- twice, changed, interrupted ---


@pytest.mark.parametrize("kind", ["zip", "rar"])
def test_a_second_call_writes_nothing(tmp_path: Path, root: Path, kind: str) -> None:
    archive = write_bytes(tmp_path / "set", packed(kind, NAMES))
    first = unpack(archive, root, "videos", place)
    before = dates(root)
    assert unpack(archive, root, "videos", place) == first
    assert dates(root) == before


def test_what_was_deleted_comes_back_and_a_new_archive_is_unpacked(tmp_path: Path, root: Path) -> None:
    archive = write_bytes(
        tmp_path / "set.rar", rar({"kiss.rar": rar({"a.avi": b"1"}), "run.rar": rar({"b.avi": b"2"})})
    )
    unpack(archive, root, "videos", place)
    kept = (root / "videos/run.rar/b.avi").stat().st_mtime_ns
    (root / "videos/kiss.rar/a.avi").unlink()
    assert unpacked(root, "videos") is None
    unpack(archive, root, "videos", place)
    assert tree(root) == {"videos/kiss.rar/a.avi": b"1", "videos/run.rar/b.avi": b"2"}
    assert (root / "videos/run.rar/b.avi").stat().st_mtime_ns == kept  # that archive was not opened again
    write_bytes(archive, rar({"kiss.rar": rar({"a.avi": b"another"})}))
    assert not is_from(root, "videos", archive)
    unpack(archive, root, "videos", place)
    assert (root / "videos/kiss.rar/a.avi").read_bytes() == b"another"


def test_a_damaged_note_is_no_note(tmp_path: Path, root: Path) -> None:
    archive = write_bytes(tmp_path / "set.zip", zipped(NAMES))
    unpack(archive, root, "videos", place)
    for rubbish in (b"", b"[]", b'{"a": 1}'):
        write_bytes(root / ".prepare/unpacked-videos.json", rubbish)
        assert unpacked(root, "videos") is None
    unpack(archive, root, "videos", place)
    assert tree(root) == PLACED


def test_what_a_killed_run_left_of_another_archive_is_not_used(tmp_path: Path, root: Path) -> None:
    stale = root / ".prepare/unpacking/videos/0"
    write_bytes(stale / "kiss/b.avi", b"two")  # the right size by chance
    write_bytes(stale / "kiss/b.avi.part", b"t")
    unpack(write_bytes(tmp_path / "set.zip", zipped({"kiss/b.avi": b"TWO"})), root, "videos", place)
    assert tree(root) == {"videos/kiss/b.avi": b"TWO"}


# --- archives that mean harm ---

CLIMBING = ["../out.avi", "a/../../out.avi", "/tmp/out.avi", "..\\out.avi", "C:/out.avi"]


@pytest.mark.parametrize("name", CLIMBING)
@pytest.mark.parametrize("kind", ["zip", "tar", "rar"])
def test_no_path_leaves_the_root(tmp_path: Path, root: Path, kind: str, name: str) -> None:
    archive = write_bytes(tmp_path / "evil", packed(kind, {"a.avi": b"1", name: b"out"}))
    before = {path for path in tmp_path.rglob("*") if ".prepare" not in path.parts}
    with pytest.raises(UnsafeArchive, match="a path that leads out of the folder"):
        unpack(archive, root, "videos", place)
    assert {path for path in tmp_path.rglob("*") if ".prepare" not in path.parts} == before
    assert not Path("/tmp/out.avi").exists()


@pytest.mark.parametrize("reader", ["bsdtar", "unar"])
def test_a_path_through_a_link_in_a_rar_is_refused(
    tmp_path: Path, root: Path, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(
        "PATH", only_on_path(tmp_path / "bin", *{"bsdtar": ["bsdtar"], "unar": ["unar", "lsar"]}[reader])
    )
    outside = tmp_path / "outside"
    outside.mkdir()
    archive = write_bytes(tmp_path / "evil.rar", rar({"way": Link(str(outside)), "way/x.avi": b"out"}))
    with pytest.raises(ArchiveError, match=r"evil\.rar"):
        unpack(archive, root, "videos", place)
    assert list(outside.iterdir()) == []
    assert tree(root) == {}


def test_links_and_devices_are_left_out_and_counted(tmp_path: Path, root: Path) -> None:
    secret = write_bytes(tmp_path / "secret", b"secret")
    entries: dict[str, bytes | tarfile.TarInfo] = {"a.avi": b"1"}
    for name, kind in (("soft.avi", tarfile.SYMTYPE), ("hard.avi", tarfile.LNKTYPE), ("pipe.avi", tarfile.FIFOTYPE)):
        entry = tarfile.TarInfo(name)
        entry.type, entry.linkname = kind, str(secret)
        entries[name] = entry
    done = unpack(write_bytes(tmp_path / "set.tar", tarred(entries)), root, "videos", place)
    assert done.left_out == ("soft.avi", "hard.avi", "pipe.avi")
    assert tree(root) == {"videos/a.avi": b"1"}
    link = zipfile.ZipInfo("soft.avi")
    link.external_attr = (stat.S_IFLNK | 0o777) << 16
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(link, str(secret))
    inside = rar({"soft.avi": Link(str(secret)), "b.avi": b"2"})
    done = unpack(write_bytes(tmp_path / "set.zip", buffer.getvalue()), root, "zip", place)
    assert (done.files, done.left_out) == ({}, ("soft.avi",))
    done = unpack(write_bytes(tmp_path / "set.rar", rar({"in.rar": inside})), root, "rar", place)
    assert done.left_out == ("in.rar/soft.avi",)
    assert not [path for path in root.rglob("*") if path.is_symlink()]


def test_a_folder_of_the_root_that_is_a_link_is_not_followed(tmp_path: Path, root: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (root / "videos").symlink_to(elsewhere)
    with pytest.raises(UnsafeArchive, match="videos: is a link; nothing is unpacked through it"):
        unpack(write_bytes(tmp_path / "set.zip", zipped(NAMES)), root, "videos", place)
    assert list(elsewhere.iterdir()) == []


def test_a_link_where_a_file_belongs_is_replaced_and_not_written_through(tmp_path: Path, root: Path) -> None:
    precious = write_bytes(tmp_path / "precious", b"precious")
    (root / "videos/kiss").mkdir(parents=True)
    (root / "videos/kiss/b.avi").symlink_to(precious)
    unpack(write_bytes(tmp_path / "set.zip", zipped(NAMES)), root, "videos", place)
    assert precious.read_bytes() == b"precious"
    assert tree(root) == PLACED


# --- archives that are no good ---


@pytest.mark.parametrize("kind", KINDS)
def test_a_truncated_archive_leaves_nothing(tmp_path: Path, root: Path, kind: str) -> None:
    content = packed(kind, {f"{i}.avi": os.urandom(40_000) for i in range(3)})
    archive = write_bytes(tmp_path / "cut", content[: len(content) * 2 // 3])
    with pytest.raises(ArchiveError, match=r"cut: is truncated or damaged \(.+\)\. Move it away and get it again"):
        unpack(archive, root, "videos", place)
    assert tree(root) == {}
    assert unpacked(root, "videos") is None
    write_bytes(archive, content)
    assert len(unpack(archive, root, "videos", place).files) == 3


def test_a_tar_that_is_cut_between_two_files(tmp_path: Path, root: Path) -> None:
    """Python's tarfile takes such a one for whole."""
    content = tarred({f"{i}.avi": bytes([i]) * 512 for i in range(3)})
    for name, cut in (("plain", content[:2048]), ("gzip", gzip.compress(content[:2048]))):
        with pytest.raises(ArchiveError, match=f"{name}: is truncated or damaged .*without an end mark"):
            unpack(write_bytes(tmp_path / name, cut), root, "videos", place)
    whole = bytearray(gzip.compress(content))
    whole[-8] ^= 1  # the checksum at gzip's end
    with pytest.raises(ArchiveError, match=r"is truncated or damaged .*CRC"):
        unpack(write_bytes(tmp_path / "sum", bytes(whole)), root, "videos", place)
    assert tree(root) == {}


@pytest.mark.parametrize("reader", ["bsdtar", "unar"])
def test_a_file_that_does_not_fit_its_checksum(
    tmp_path: Path, root: Path, reader: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """bsdtar of libarchive 3.6 unpacks such a one without a word."""
    monkeypatch.setenv(
        "PATH", only_on_path(tmp_path / "bin", *{"bsdtar": ["bsdtar"], "unar": ["unar", "lsar"]}[reader])
    )
    archive = write_bytes(tmp_path / "bad.rar", rar(NAMES, wrong_crc="kiss/b.avi"))
    with pytest.raises(ArchiveError, match=r"bad\.rar: is truncated or damaged .*kiss/b\.avi"):
        unpack(archive, root, "videos", place)
    assert tree(root) == {}


def test_a_flipped_byte_in_a_zip(tmp_path: Path, root: Path) -> None:
    content = bytearray(zipped({"a.avi": bytes(range(256)) * 100}))
    content[60] ^= 0xFF
    with pytest.raises(ArchiveError, match="is truncated or damaged"):
        unpack(write_bytes(tmp_path / "bad.zip", bytes(content)), root, "videos", place)


def test_an_archive_inside_that_is_damaged_is_named_and_the_others_stay(tmp_path: Path, root: Path) -> None:
    good, bad = rar({"a.avi": b"1"}), rar({"b.avi": b"2" * 5000})[:3000]
    archive = write_bytes(tmp_path / "set.rar", rar({"a.rar": good, "b.rar": bad}))
    with pytest.raises(ArchiveError, match=r"b\.rar in .*set\.rar: is truncated or damaged"):
        unpack(archive, root, "videos", place)
    assert tree(root) == {"videos/a.rar/a.avi": b"1"}
    assert unpacked(root, "videos") is None


def test_what_is_no_archive(tmp_path: Path, root: Path) -> None:
    page = write_bytes(tmp_path / "set.rar", b"<!DOCTYPE html><html>404</html>")
    with pytest.raises(ArchiveError, match=r"expected a ZIP, tar or RAR archive, .* It looks like a web page"):
        unpack(page, root, "videos", place)
    with pytest.raises(ArchiveError, match=r"begins with b'hello'\.$"):
        unpack(write_bytes(tmp_path / "set.rar", b"hello"), root, "videos", place)
    with pytest.raises(ArchiveError, match=r"is empty \(0 bytes\)"):
        unpack(write_bytes(tmp_path / "set.rar", b""), root, "videos", place)


def test_an_encrypted_zip_says_so(tmp_path: Path, root: Path) -> None:
    content = bytearray(zipped({"a.avi": b"1"}))
    content[6] |= 1  # the flag, in the file's own header
    content[content.index(b"PK\x01\x02") + 8] |= 1  # ... and in the directory
    with pytest.raises(ArchiveError, match=r"cannot be unpacked .*encrypted"):
        unpack(write_bytes(tmp_path / "set.zip", bytes(content)), root, "videos", place)


# --- the programs ---


def test_a_missing_rar_reader_is_named(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    archive = write_bytes(tmp_path / "set.rar", rar(NAMES))
    with pytest.raises(MissingProgram, match=r"set\.rar needs bsdtar or unar, .* apt-get install libarchive-tools"):
        unpack(archive, root, "videos", place)


def test_unar_is_asked_where_bsdtar_gives_up(tmp_path: Path, root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = only_on_path(tmp_path / "bin", "unar", "lsar")
    failing = write_bytes(tmp_path / "bin/bsdtar", b"#!/bin/sh\necho 'Parsing filters is unsupported.' >&2\nexit 1\n")
    failing.chmod(0o755)
    monkeypatch.setenv("PATH", path)
    archive = write_bytes(tmp_path / "set.rar", rar(NAMES))
    unpack(archive, root, "videos", place)
    assert tree(root) == PLACED
    (tmp_path / "bin/unar").unlink()
    with pytest.raises(ArchiveError, match=r"Parsing filters is unsupported\.; unar, .* is not installed"):
        unpack(archive, root, "again", place)


# --- RAR headers, sizes ---

names = st.text("abcdefgh (&)#!;._-", min_size=1, max_size=20).map(lambda text: f"x{text}")


@given(st.dictionaries(names, st.binary(max_size=300), max_size=6))
def test_rar_headers_give_sizes_and_checksums(
    tmp_path_factory: pytest.TempPathFactory, files: dict[str, bytes]
) -> None:
    archive = write_bytes(tmp_path_factory.mktemp("rar") / "a.rar", rar(files))
    assert checksums(archive) == {name: (len(content), zlib.crc32(content)) for name, content in files.items()}


def test_rar_headers_of_what_is_cut_or_another_version(tmp_path: Path) -> None:
    content = rar({"a": b"1" * 100, "b": b"2" * 100})
    whole = {"a": (100, zlib.crc32(b"1" * 100)), "b": (100, zlib.crc32(b"2" * 100))}
    assert checksums(write_bytes(tmp_path / "whole", content)) == whole
    assert checksums(write_bytes(tmp_path / "cut", content[:150])) == {"a": whole["a"]}
    assert checksums(write_bytes(tmp_path / "five", b"Rar!\x1a\x07\x01\x00" + bytes(50))) == {}
    broken = bytearray(content)
    broken[25] ^= 1
    assert checksums(write_bytes(tmp_path / "broken", bytes(broken))) == {}


def test_room_needed(tmp_path: Path) -> None:
    files = {"a.avi": bytes(10_000), "b.avi": bytes(5_000)}
    assert room_needed(write_bytes(tmp_path / "a.zip", zipped(files))) == 15_000
    assert room_needed(write_bytes(tmp_path / "a.rar", rar(files))) == 2 * len(rar(files))
    assert room_needed(write_bytes(tmp_path / "a.tar", tarred(files))) == len(tarred(files))
    assert room_needed(write_bytes(tmp_path / "cut.zip", zipped(files)[:50])) == 50
