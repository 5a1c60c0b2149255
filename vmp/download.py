"""Downloads that can be interrupted: a file is there whole and checked, or not at all.

What has come is kept in ``NAME.part`` until the file is whole; ``NAME.part.json`` beside it says which version of the
file it is the beginning of, so that the halves of two versions are never glued together.
"""

from __future__ import annotations

import hashlib
import json
import logging
import os
import shutil
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

from vmp.transfer import Dropped, Refused, Transfer, Version, transfer

#: Called with the bytes that are there and, where it is known, how many there will be.
Progress = Callable[[int, int | None], None]

_LONGEST_PAUSE = 60.0
_log = logging.getLogger("vmp")


class DownloadError(OSError):
    """A file that could not be downloaded: names the address, the reason and what was kept."""


class ChecksumError(DownloadError):
    """A file that is not the one expected: names both checksums, or both sizes, and where the file is."""


def cache_folder(cache: str | Path | None = None) -> Path:
    """Where downloads and caches lie: the folder asked for, or $VMP_CACHE, or ~/.cache/vmp."""
    return Path(cache or os.environ.get("VMP_CACHE") or Path.home() / ".cache" / "vmp").expanduser()


def download(
    url: str,
    to: str | os.PathLike[str],
    *,
    sha256: str | None = None,
    md5: str | None = None,
    size: int | None = None,
    progress: Progress | None = None,
    timeout: float = 30.0,
    attempts: int = 5,
    pause: float = 1.0,
) -> Path:
    """Download ``url`` to the file ``to``; a file that is there already is checked and kept.

    A dropped connection is taken up where it broke, by the same call or, when the process was killed, by the next one.
    A file that changed meanwhile, or a server that cannot go on in the middle, starts again. Where two processes want
    the same file, one downloads and the other waits.

    Args:
        url: http, https or file.
        to: path of the file; its folder is made. Nothing has this name until it is whole.
        sha256: hexadecimal; None where it is not known.
        md5: likewise.
        size: in bytes, where it is known beforehand.
        progress: called as bytes arrive.
        timeout: seconds without a byte after which a connection counts as dropped.
        attempts: how many times in a row to try without getting any further.
        pause: seconds before the second attempt; doubled for each further one, 60 at most.

    Returns:
        Path: ``to``.

    Raises:
        ValueError: an address that is not http, https or file; a folder for ``to``; a checksum of the wrong length.
        ChecksumError: another checksum or size; what was downloaded is kept as ``NAME.bad``.
        DownloadError: refused by the server, given up after so many attempts, or no room on the disk.
    """
    to = Path(to)
    _check_arguments(url, to, {"sha256": sha256, "md5": md5})
    wanted = _Wanted(url, to, size, sha256, md5)
    if wanted.is_there():
        return to
    to.parent.mkdir(parents=True, exist_ok=True)
    with _alone(to):
        if not wanted.is_there():  # another process may have brought it
            _bring(wanted, progress, timeout, attempts, pause)
            wanted.settle()
    return to


def _check_arguments(url: str, to: Path, checksums: dict[str, str | None]) -> None:
    if urlsplit(url).scheme not in ("http", "https", "file"):
        raise ValueError(f"url: expected http://, https:// or file://, got {url!r}")
    if to.is_dir():
        raise ValueError(f"to: expected the path of a file, got the folder {to}")
    for name, value in checksums.items():
        digits = 2 * hashlib.new(name, usedforsecurity=False).digest_size
        if value is not None and len(value) != digits:
            raise ValueError(f"{name}: expected {digits} hexadecimal digits, got {value!r}")


@contextmanager
def _alone(to: Path) -> Iterator[None]:
    """One process, and one thread, at a time for this file; the kernel frees the lock of a process that dies."""
    from filelock import FileLock, Timeout

    lock = FileLock(to.with_name(f".{to.name}.lock"))
    try:
        lock.acquire(timeout=0)
    except Timeout:
        _log.warning("%s: another process is downloading it; waiting", to)
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


@dataclass(frozen=True)
class _Wanted:
    """One file: where it comes from, what is known of it, and the files beside it while it comes."""

    url: str
    to: Path
    size: int | None
    sha256: str | None
    md5: str | None

    @property
    def part(self) -> Path:
        return self._beside(".part")

    @property
    def note(self) -> Path:
        return self._beside(".part.json")

    @property
    def checked(self) -> bool:
        return bool(self.sha256 or self.md5)

    def _beside(self, ending: str) -> Path:
        return self.to.with_name(self.to.name + ending)

    def is_there(self) -> bool:
        """Whether the file is there; raise where it is another one."""
        if not self.to.exists():
            return False
        if difference := self._difference(self.to):
            raise ChecksumError(f"{self.to}: {difference}. Move this file away, and the next call downloads it")
        return True

    def _difference(self, path: Path) -> str | None:
        size = path.stat().st_size
        if self.size is not None and size != self.size:
            return f"expected {self.size} bytes, got {size}"
        for name, value in (("sha256", self.sha256), ("md5", self.md5)):
            if value is None:
                continue
            with path.open("rb") as file:
                came = hashlib.file_digest(file, partial(hashlib.new, name, usedforsecurity=False)).hexdigest()
            if came != value.lower():
                return f"expected {name} {value.lower()}, got {came}"
        return None

    def settle(self) -> None:
        """Give the part its name, once it is checked and its bytes are on the disk; or put it aside."""
        if difference := self._difference(self.part):
            bad = self._beside(".bad")
            os.replace(self.part, bad)
            self.note.unlink(missing_ok=True)
            raise ChecksumError(
                f"{self.url}: {difference}. What came is kept as {bad}: it may be a page that says why. "
                "The next call downloads afresh"
            )
        with self.part.open("rb+") as file:
            os.fsync(file.fileno())
        os.replace(self.part, self.to)
        self.note.unlink(missing_ok=True)

    # --- the part, and the version that it is the beginning of ---

    def there(self) -> int:
        return self.part.stat().st_size if self.part.exists() else 0

    def known(self) -> Version | None:
        """The part's version; None where it is not known, so that the part is worth nothing."""
        try:
            kept = json.loads(self.note.read_text())
            return Version(kept["etag"], kept["modified"], kept["size"]) if kept["url"] == self.url else None
        except (OSError, ValueError, KeyError, TypeError):
            return None

    def begin(self, coming: Transfer) -> None:
        """Make ready for what comes: first cut the part, then say whose beginning it is."""
        size = coming.version.size
        if self.size is not None and size not in (None, self.size):
            raise Refused(f"expected a file of {self.size} bytes, the server has one of {size}")
        with self.part.open("ab") as file:
            file.truncate(coming.start)
        new = self._beside(".part.json.new")
        new.write_text(json.dumps({"url": self.url, **coming.version._asdict()}))
        os.replace(new, self.note)
        free = shutil.disk_usage(self.part.parent).free
        if size is not None and size - coming.start > free:
            raise Refused(f"{size - coming.start} bytes are to come, and {self.part.parent} has room for {free}")


def _bring(wanted: _Wanted, progress: Progress | None, timeout: float, attempts: int, pause: float) -> None:
    """Attempt after attempt until the part is whole; one that gets further than all before counts as the first."""
    furthest, failures = wanted.there(), 0
    while True:
        try:
            return _attempt(wanted, progress, timeout)
        except Refused as error:
            raise DownloadError(f"{wanted.url}: {error}") from error
        except Dropped as error:
            there = wanted.there()
            failures = 1 if there > furthest else failures + 1
            furthest = max(furthest, there)
            if failures >= attempts:
                raise DownloadError(
                    f"{wanted.url}: {error}; given up after {failures} attempts. "
                    f"{there} bytes are kept in {wanted.part}: the next call goes on there"
                ) from error
            wait = min(max(pause * 2 ** (failures - 1), error.wait), _LONGEST_PAUSE)
            _log.warning("%s: %s; trying again in %.3g s", wanted.url, error, wait)
            time.sleep(wait)


def _attempt(wanted: _Wanted, progress: Progress | None, timeout: float) -> None:
    known = wanted.known()
    there = wanted.there() if known else 0
    if known and there and there == known.size:  # killed between the last byte and the file's own name
        return
    with transfer(wanted.url, known or Version(), there, wanted.checked, timeout) as coming:
        wanted.begin(coming)
        came = coming.start
        with wanted.part.open("ab") as file:
            for block in coming.blocks:
                file.write(block)
                came += len(block)
                if progress:
                    progress(came, coming.version.size)
