"""A web server for tests of downloads: honest about ranges or not, and it breaks where it is told to."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


@dataclass
class Served:
    """One file and how it is served; the lists are used up, an entry a request."""

    content: bytes
    etag: str | None = '"one"'
    modified: str | None = "Sat, 01 Nov 2025 10:00:00 GMT"
    ranges: bool = True  # answers 206
    heeds_if_range: bool = True
    says_length: bool = True
    drops: list[int | None] = field(default_factory=list)  # bytes to send before the connection breaks; None: all
    answers: list[tuple[int, dict[str, str]]] = field(default_factory=list)  # status and headers instead of the file
    stall: float = 0.0  # seconds before the body
    gate: threading.Event | None = None  # waited for ...
    gate_at: int = 0  # ... before this byte
    lasts: int | None = None  # requests after which ``later`` takes its place
    later: Served | None = None


@dataclass
class Asked:
    """A request that came: its headers, what was answered, how many bytes were sent."""

    path: str
    headers: dict[str, str]
    status: int = 0
    sent: int = 0


class FileServer:
    """``files`` by path, ``asked`` in order."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.files: dict[str, Served] = {}
        self.asked: list[Asked] = []

    def serve(self, path: str, served: Served) -> str:
        self.files[path] = served
        return f"{self.address}{path}"

    def current(self, path: str) -> Served | None:
        served = self.files.get(path)
        if served is not None and served.lasts is not None and served.later is not None:
            served.lasts -= 1
            if served.lasts < 0:
                self.files[path] = served.later
        return self.files.get(path)

    def requests(self) -> list[tuple[int, str | None]]:
        """Status and Range of each request."""
        return [(asked.status, asked.headers.get("range")) for asked in self.asked]


@contextmanager
def file_server() -> Iterator[FileServer]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    server.daemon_threads = True
    files = FileServer(f"http://127.0.0.1:{server.server_port}")
    server.files = files  # type: ignore[attr-defined]
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield files
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *message: object) -> None:
        pass

    def do_GET(self) -> None:
        files: FileServer = self.server.files  # type: ignore[attr-defined]
        asked = Asked(self.path, {name.lower(): value for name, value in self.headers.items()})
        files.asked.append(asked)
        served = files.current(self.path)
        if served is None:
            self._answer(asked, 404, {})
        elif served.answers:
            self._answer(asked, *served.answers.pop(0))
        else:
            self._send(asked, served)

    def _answer(self, asked: Asked, status: int, headers: dict[str, str]) -> None:
        asked.status = status
        self.send_response(status)
        for name, value in {"Content-Length": "0", **headers}.items():
            self.send_header(name, value)
        self.end_headers()

    def _send(self, asked: Asked, served: Served) -> None:
        start, total = self._start(asked, served), len(served.content)
        if start is not None and start >= total:
            self._answer(asked, 416, {"Content-Range": f"bytes */{total}"})
            return
        body = served.content[start or 0 :]
        asked.status = 200 if start is None else 206
        self.send_response(asked.status)
        if start is not None:
            self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
        if served.etag:
            self.send_header("ETag", served.etag)
        if served.modified:
            self.send_header("Last-Modified", served.modified)
        if served.says_length:
            self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.close_connection = True
        drop = served.drops.pop(0) if served.drops else None
        time.sleep(served.stall)
        sent = body if drop is None else body[:drop]
        for block in (sent[: served.gate_at], sent[served.gate_at :]):
            try:
                self.wfile.write(block)
            except OSError:  # the other side went away
                return
            asked.sent += len(block)
            if served.gate is not None:
                served.gate.wait(60)

    @staticmethod
    def _start(asked: Asked, served: Served) -> int | None:
        wanted, condition = asked.headers.get("range"), asked.headers.get("if-range")
        if wanted is None or not served.ranges:
            return None
        if condition is not None and served.heeds_if_range and condition not in (served.etag, served.modified):
            return None
        return int(wanted.removeprefix("bytes=").removesuffix("-"))
