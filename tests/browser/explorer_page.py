"""An explorer in a page of its own, and what the tests read out of it."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av
import numpy as np
import torch
from numpy.typing import NDArray
from playwright.sync_api import Page

import vmp
from vmp import power_norm
from vmp.explorer import write_assets

EXPLORER = "document.querySelector('.vmp-explorer').vmpExplorer"
TOLERANCE = 2 / 255  # what the issue asks: torch against the page, at every pixel

_BYTES = """(array) => {
  const bytes = new Uint8Array(array.buffer, array.byteOffset, array.byteLength);
  let text = "";
  for (let i = 0; i < bytes.length; i += 32768) text += String.fromCharCode(...bytes.subarray(i, i + 32768));
  return btoa(text);
}"""


def write_page(folder: Path, body: str, name: str = "page.html", theme: str = "light") -> Path:
    """A page with the explorer's files beside it."""
    write_assets(folder)
    text = f"""<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8"><title>Explorer</title>
<meta name="viewport" content="width=device-width, initial-scale=1"><link rel="icon" href="data:,">
<link rel="stylesheet" href="explorer.css"><script src="explorer.js"></script></head>
<body style="margin: 8px; background: {"#fff" if theme == "light" else "#14181c"}">{body}</body></html>"""
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def element(clip: str = "static", **data: object) -> str:
    """The bare element, without a still picture."""
    attributes = " ".join(f'data-{name.replace("_", "-")}="{value}"' for name, value in data.items())
    return f'<div class="vmp-explorer" data-clip="{clip}" {attributes}></div>'


def wait_for_clip(page: Page, name: str | None = None) -> None:
    """Until the clip (of this name) is read wholly and shown."""
    named = f"&& e.clip.name === '{name}'" if name else ""
    page.wait_for_function(f"() => {{ const e = {EXPLORER}; return e?.clip?.complete && e.drawn {named} }}")
    settle(page)


def wait_for_variation(page: Page) -> float | None:
    page.wait_for_function(f"() => {EXPLORER}.variation !== undefined")
    return page.evaluate(f"{EXPLORER}.variation")


def settle(page: Page) -> None:
    """Until what was set is on the screen."""
    page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")


@dataclass
class Read:
    """What the page holds: its two frames as uint8 (H, W, 3), the attention (H, W), the panes as shown."""

    past: NDArray[np.uint8]
    now: NDArray[np.uint8]
    attention: NDArray[np.float32]
    panes: dict[str, NDArray[np.uint8]]
    renderer: str
    index: int


def read_back(page: Page, panes: Sequence[str] = ("frame", "difference", "attention", "prompt")) -> Read:
    got: dict[str, Any] = page.evaluate(
        f"""(names) => {{
          const text = {_BYTES}, read = {EXPLORER}.readback(), panes = {{}};
          for (const name of names) panes[name] = text(read.panes[name]);
          return {{...read, past: text(read.past), now: text(read.now), attention: text(read.attention), panes}};
        }}""",
        list(panes),
    )

    def picture(text: str) -> NDArray[np.uint8]:
        pixels = np.frombuffer(base64.b64decode(text), np.uint8).reshape(got["height"], got["width"], 4)
        assert (pixels[..., 3] == 255).all()
        return pixels[..., :3]

    attention = np.frombuffer(base64.b64decode(got["attention"]), np.float32).reshape(got["height"], got["width"])
    shown = {name: picture(text) for name, text in got["panes"].items()}
    return Read(picture(got["past"]), picture(got["now"]), attention, shown, got["renderer"], got["index"])


def torch_difference(past: NDArray[np.uint8], now: NDArray[np.uint8], absolute: bool = False) -> torch.Tensor:
    """The integer difference over 255000, as float64."""
    weights = torch.tensor([299, 587, 114])
    steps = (torch.from_numpy(now.astype(np.int64)) - torch.from_numpy(past.astype(np.int64))) @ weights
    return (steps.abs() if absolute else steps).double() / 255_000


def torch_attention(difference: torch.Tensor, state: dict[str, Any]) -> torch.Tensor:
    if state["norm"] == "learnable":
        return vmp.power_normalise(difference, state["slope"], state["shift"])
    return getattr(power_norm, state["norm"])(difference, state["parameter"]).abs().clamp(max=1)


def check_against_torch(page: Page, renderer: str | None = None) -> Read:
    """Everything that is shown, from the page's own bytes, computed again by torch."""
    read = read_back(page)
    state = page.evaluate(f"{EXPLORER}.state")
    if renderer is not None:
        assert read.renderer == renderer
    difference = torch_difference(read.past, read.now, state["difference"] == "absolute")
    attention = torch_attention(difference, state)
    assert np.abs(read.attention - attention.numpy()).max() <= TOLERANCE
    np.testing.assert_array_equal(read.panes["frame"], read.now)
    frame = torch.from_numpy(read.now.copy()).double() / 255
    grey = 0.0 if state["product"] == "pixels" else 0.45
    prompt = attention[..., None] * (frame - grey) + grey
    assert np.abs(read.panes["prompt"] / 255 - prompt.numpy()).max() <= TOLERANCE
    from vmp.figures.palette import colour_attention, colour_difference

    # One step of a palette changes a channel by up to 4.
    shown = read.panes["attention"].astype(int)
    assert np.abs(shown - colour_attention(attention.numpy())).max() <= 4
    shown = read.panes["difference"].astype(int)
    assert np.abs(shown - colour_difference(difference.numpy(), state["gain"])).max() <= 4
    return read


def write_video(
    path: Path,
    frames: Sequence[NDArray[np.uint8]],
    codec: str = "libx264",
    rate: int = 25,
    options: dict[str, str] | None = None,
) -> Path:
    """A video file, made here; the container follows the name."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate)
        stream.height, stream.width = frames[0].shape[:2]
        stream.pix_fmt = "yuv420p"
        stream.options = options or {}
        for pixels in frames:
            container.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, format="rgb24")))
        container.mux(stream.encode())
    return path
