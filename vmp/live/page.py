"""The pictures in a browser on this machine: a page, the pictures as motion JPEG, the classes as text."""

from __future__ import annotations

import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>vmp live</title><link rel="icon" href="data:,"><style>
:root{color-scheme:light dark}body{font:1rem/1.4 system-ui,sans-serif;margin:1rem auto;max-width:60rem;padding:0 1rem}
img{width:100%;height:auto;max-height:82vh;object-fit:contain;background:#181a1e;border-radius:6px}
h1{font-size:1.2rem;margin:0 0 .6rem}#said{min-height:1.4em;font-variant-numeric:tabular-nums}
</style></head><body><h1>vmp live</h1>
<img src="/pictures" alt="Frame, difference, attention and prompt of the video, with the likeliest classes below">
<p id="said" aria-live="polite">waiting for the model</p>
<script>
setInterval(async () => {
  try {
    const told = await (await fetch("/said")).json();
    const said = document.getElementById("said"), text = told.ended ? "The video has ended." : told.text;
    if (said.textContent !== text) said.textContent = text;
  } catch { document.getElementById("said").textContent = "vmp live has ended."; }
}, 500);
</script></body></html>
"""


class Page:
    """A page on 127.0.0.1 that shows what is published; a context manager. Nobody else on the network can reach it.

    Args:
        port: to listen on; 0: any that is free.

    Raises:
        ValueError: the port is taken.

    Attributes:
        address: of the page.
    """

    def __init__(self, port: int = 0) -> None:
        self.news = threading.Condition()
        self.jpeg, self.said, self.number, self.ended = b"", "waiting for the model", 0, False
        try:
            self._server = ThreadingHTTPServer(("127.0.0.1", port), _handler(self))
        except OSError as error:
            raise ValueError(
                f"port: expected one that is free, got {port} ({error.strerror}). Choose another; 0 takes any"
            ) from error
        self._server.daemon_threads = True
        port = self._server.server_port
        self.address = f"http://127.0.0.1:{port}/"
        self.hosts = (f"127.0.0.1:{port}", f"localhost:{port}")

    def publish(self, picture: NDArray[np.uint8], said: list[tuple[str, float]]) -> None:
        """Show a picture, uint8 RGB (H, W, 3), and classes with their probabilities."""
        buffer = io.BytesIO()
        Image.fromarray(picture).save(buffer, format="JPEG", quality=85)
        with self.news:
            self.jpeg, self.number = buffer.getvalue(), self.number + 1
            if said:
                self.said = ", ".join(f"{name} {probability:.2f}" for name, probability in said)
            self.news.notify_all()

    def __enter__(self) -> Page:
        threading.Thread(target=self._server.serve_forever, name="vmp live page", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self.news:
            self.ended = True
            self.news.notify_all()
        self._server.shutdown()
        self._server.server_close()


def _handler(page: Page) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            if self.headers.get("Host") not in page.hosts:
                self.send_error(403, "only for this machine")  # a foreign page may have given itself this address
            elif self.path == "/":
                self._whole("text/html; charset=utf-8", _PAGE.encode())
            elif self.path == "/said":
                self._whole("application/json", json.dumps({"text": page.said, "ended": page.ended}).encode())
            elif self.path == "/pictures":
                self._pictures()
            else:
                self.send_error(404)

        def _whole(self, kind: str, content: bytes) -> None:
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(content)))
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            self.wfile.write(content)

        def _pictures(self) -> None:
            self.send_response(200)
            self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
            self.send_header("Cache-Control", "no-store")
            self.end_headers()
            seen = 0
            try:
                while not page.ended:
                    with page.news:
                        page.news.wait_for(lambda seen=seen: page.ended or page.number > seen, timeout=1.0)  # type: ignore[misc]
                        jpeg, news, seen = page.jpeg, page.number > seen, page.number
                    if news:
                        head = f"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                        self.wfile.write(head.encode() + jpeg + b"\r\n")
            except (BrokenPipeError, ConnectionResetError):
                return  # the page was closed

        def log_message(self, *arguments: Any) -> None:
            pass

    return Handler
