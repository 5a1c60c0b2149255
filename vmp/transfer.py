"""One request for a file, or for the rest of one: what the server sends, and whether it continues what is there.

The second half of a file is only asked for with a validator (If-Range: the ETag or the date of the first half), or
where a checksum will tell in the end; what comes back is compared with the first half once more, since not every server
heeds If-Range.
"""

from __future__ import annotations

import http.client
import re
import socket
import ssl
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version as version_of
from typing import Any, NamedTuple

_BLOCK = 1 << 18
#: Answers that may be another one later: timeout, too early, too many requests, and the server's own troubles.
_PASSING = {408, 425, 429, 500, 502, 503, 504}


class Dropped(Exception):
    """A fault that may pass: try again, after ``wait`` seconds where the server asks for that."""

    def __init__(self, reason: str, wait: float = 0.0) -> None:
        super().__init__(reason)
        self.wait = wait


class Refused(Exception):
    """An answer that will not change."""


class Version(NamedTuple):
    """What the server says of a file, enough to know it again."""

    etag: str | None = None
    modified: str | None = None
    size: int | None = None

    @property
    def validator(self) -> str | None:
        """What If-Range takes: a strong ETag, or else the date of change."""
        weak = self.etag is None or self.etag.startswith("W/")
        return self.modified if weak else self.etag

    def may_be(self, other: Version) -> bool:
        """Whether nothing that both say differs."""
        return all(mine == its for mine, its in zip(self, other, strict=True) if None not in (mine, its))


class Transfer(NamedTuple):
    """What is being sent.

    Attributes:
        version: of the whole file.
        start: the byte at which ``blocks`` begin: where the part at hand ends, or 0.
        blocks: the bytes; raise :class:`Dropped` where they end too early.
    """

    version: Version
    start: int
    blocks: Iterator[bytes]


@contextmanager
def transfer(url: str, known: Version, there: int, checked: bool, timeout: float) -> Iterator[Transfer]:
    """Ask for ``url``: for what follows the ``there`` bytes of the version ``known``, where that is safe.

    Args:
        url: http, https or file.
        known: the version of the bytes at hand.
        there: how many there are.
        checked: whether a checksum will be compared, so that a file without a validator can be continued too.
        timeout: seconds without a byte.

    Raises:
        Dropped, Refused: see there.
    """
    headers = {}
    if there and (known.validator or checked):
        headers["Range"] = f"bytes={there}-"
        if known.validator:
            headers["If-Range"] = known.validator
    response = _open(url, headers, timeout)
    if response is None or (_is_partial(response) and not _continues(response, known, there)):
        if response is not None:
            response.close()
        response = _open(url, {}, timeout)
    if response is None:
        raise Refused("the server answers 416 to a request for the whole file")
    with response:
        start = there if _is_partial(response) else 0
        yield Transfer(_version(response), start, _blocks(response))


def _opener() -> urllib.request.OpenerDirector:
    """As urllib's own, proxies included, without ftp and data: no redirection leads there."""
    opener = urllib.request.OpenerDirector()
    for handler in (
        urllib.request.ProxyHandler,
        urllib.request.UnknownHandler,
        urllib.request.HTTPHandler,
        urllib.request.HTTPSHandler,
        urllib.request.FileHandler,
        urllib.request.HTTPDefaultErrorHandler,
        urllib.request.HTTPRedirectHandler,
        urllib.request.HTTPErrorProcessor,
    ):
        opener.add_handler(handler())
    return opener


def _open(url: str, headers: dict[str, str], timeout: float) -> Any:
    """The response, or None where the server says that the range lies outside the file (416)."""
    # Some hosts refuse urllib's own name; a compressed answer could not be continued.
    headers = {"User-Agent": f"vmp/{version_of('vmp')}", "Accept-Encoding": "identity", **headers}
    try:
        return _opener().open(urllib.request.Request(url, headers=headers), timeout=timeout)
    except urllib.error.HTTPError as error:
        with error:
            if error.code == 416:
                return None
            raise _refusal(error) from error
    except http.client.InvalidURL as error:
        raise Refused(str(error)) from error
    except urllib.error.URLError as error:
        raise _fault(url, error) from error
    except (OSError, http.client.HTTPException) as error:
        raise Dropped(_reason(error)) from error


def _refusal(error: urllib.error.HTTPError) -> Dropped | Refused:
    answer = f"the server answers {error.code} {error.reason}".rstrip()
    if error.code not in _PASSING:
        return Refused(answer)
    wait = error.headers.get("Retry-After", "")
    return Dropped(answer, float(wait) if wait.isdecimal() else 0.0)


def _fault(url: str, error: urllib.error.URLError) -> Dropped | Refused:
    reason = error.reason
    if not isinstance(reason, OSError) or isinstance(reason, ssl.SSLCertVerificationError) or url.startswith("file:"):
        return Refused(str(reason))
    if isinstance(reason, socket.gaierror) and reason.errno == socket.EAI_NONAME:
        return Refused(str(reason))
    return Dropped(_reason(reason))


def _reason(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}" if str(error) else type(error).__name__


def _is_partial(response: Any) -> bool:
    return bool(getattr(response, "status", None) == 206)


def _range_of(response: Any) -> tuple[int, int | None] | None:
    """First byte, and size of the whole file where it is said, of "bytes 100-199/200"."""
    match = re.fullmatch(r"bytes (\d+)-\d+/(\d+|\*)", response.headers.get("Content-Range", "").strip())
    if match is None:
        return None
    return int(match[1]), None if match[2] == "*" else int(match[2])


def _continues(response: Any, known: Version, there: int) -> bool:
    came = _range_of(response)
    return came is not None and came[0] == there and known.may_be(_version(response))


def _version(response: Any) -> Version:
    if _is_partial(response):
        came = _range_of(response)
        size = None if came is None else came[1]
    else:
        size = _length(response)
    return Version(response.headers.get("ETag"), response.headers.get("Last-Modified"), size)


def _length(response: Any) -> int | None:
    length = response.headers.get("Content-Length", "").strip()
    return int(length) if length.isdecimal() else None


def _blocks(response: Any) -> Iterator[bytes]:
    expected, came = _length(response), 0
    while True:
        try:
            block = response.read1(_BLOCK)
        except (OSError, http.client.HTTPException) as error:
            raise Dropped(_reason(error)) from error
        if not block:
            break
        came += len(block)
        yield block
    if expected is not None and came < expected:
        raise Dropped(f"the connection broke after {came} of {expected} bytes")
