"""The explorer's Jupyter face in a browser: the text that anywidget imports as a module, with a model of our own."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Watch, watch_page
from explorer_page import EXPLORER, check_against_torch, settle, wait_for_clip, write_video
from playwright.sync_api import Browser, Page, expect

import vmp

# What anywidget hands to render: a Backbone-like model. `fromKernel` is a message that changes traits.
MODEL = """
globalThis.makeModel = (state, clips) => {
  const handlers = {};
  const emit = (name, ...rest) => [...(handlers[name] ?? [])].forEach((handler) => handler(...rest));
  const model = {
    saved: [], pending: {}, sent: [],
    get: (name) => state[name],
    set(name, value) {
      if (!(name in state)) throw new Error(`no trait ${name}`);
      if (state[name] === value) return;
      state[name] = value;
      this.pending[name] = value;
      emit(`change:${name}`);
    },
    save_changes() { this.saved.push(this.pending); this.pending = {}; },
    on: (name, handler) => (handlers[name] ??= []).push(handler),
    off: (name, handler) => { handlers[name] = (handlers[name] ?? []).filter((other) => other !== handler); },
    send(content) {
      this.sent.push(content);
      if (!(content.name in clips)) return;
      const bytes = Uint8Array.from(atob(clips[content.name]), (letter) => letter.charCodeAt(0));
      setTimeout(() => emit("msg:custom", {...content, type: "video/mp4"}, [new DataView(bytes.buffer)]), 10);
    },
    fromKernel(values) {
      Object.assign(state, values);
      for (const name of Object.keys(values)) emit(`change:${name}`);
    },
    handlers: () => Object.values(handlers).flat().length,
  };
  return model;
};
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory, serve: Callable[[Path], str]) -> str:
    """A page that imports the widget's module over http, as JupyterLab does."""
    folder = tmp_path_factory.mktemp("widget")
    explorer = vmp.Explorer(vmp.example_clip("moving")[:30], slope=20.0, shift=0.05, frame=9, spacing=2)
    state = {name: value for name, value in explorer.get_state().items() if not name.startswith(("_", "layout"))}
    sources = {name: explorer._source(name).data for name in ("own", "static")}
    clips = {name: base64.b64encode(data).decode() for name, data in sources.items()}
    (folder / "widget.mjs").write_text(explorer._esm, encoding="utf-8")
    (folder / "page.html").write_text(
        f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Widget</title>
<link rel="icon" href="data:,"><style>{explorer._css}</style><script>{MODEL}</script></head>
<body data-jp-theme-light="true"><div id="cell"></div><script type="module">
import widget from "./widget.mjs";
globalThis.model = makeModel({json.dumps(state, default=str)}, {json.dumps(clips)});
globalThis.leave = await widget.render({{model, el: document.getElementById("cell")}});
</script></body></html>""",
        encoding="utf-8",
    )
    return f"{serve(folder)}/page.html"


@pytest.fixture
def widget(browser: Browser, address: str) -> Iterator[tuple[Page, Watch]]:
    page = browser.new_page(viewport={"width": 900, "height": 1000})
    watch = watch_page(page)
    page.goto(address)
    wait_for_clip(page, "own")
    yield page, watch
    page.close()
    watch.assert_clean()


def state(page: Page) -> dict[str, Any]:
    return page.evaluate(f"{EXPLORER}.state")


def test_it_shows_the_kernels_clip_and_values(widget: tuple[Page, Watch]) -> None:
    page, _ = widget
    got = state(page)
    assert (got["slope"], got["shift"], got["frame"], got["spacing"], got["clip"]) == (20, 0.05, 9, 2, "own")
    assert page.evaluate("model.sent") == [{"kind": "clip", "name": "own"}]
    assert page.evaluate(f"{EXPLORER}.clip.frames.length") == 30
    expect(page.get_by_role("button", name="Clip", exact=True)).to_have_attribute("aria-pressed", "true")
    check_against_torch(page, "webgl")


def test_from_the_kernel_to_the_page(widget: tuple[Page, Watch]) -> None:
    page, _ = widget
    page.evaluate("model.fromKernel({slope: 41.5, shift: -0.2, frame: 17})")
    settle(page)
    got = state(page)
    assert (got["slope"], got["shift"], got["frame"]) == (41.5, -0.2, 17)
    assert float(page.locator("input[name=slope-number]").input_value()) == 41.5
    assert check_against_torch(page).index == 17
    page.evaluate("model.fromKernel({norm: 'gamma', norm_parameter: 0.25, difference: 'absolute', product: 'pixels'})")
    settle(page)
    got = state(page)
    assert (got["norm"], got["parameter"], got["difference"], got["product"]) == ("gamma", 0.25, "absolute", "pixels")
    check_against_torch(page)
    page.wait_for_timeout(200)
    assert page.evaluate("model.saved") == []  # what came from the kernel is not told back


def test_from_the_page_to_the_kernel(widget: tuple[Page, Watch]) -> None:
    page, _ = widget
    field = page.locator("input[name=shift-number]")
    field.fill("0.25")
    field.press("Enter")
    page.wait_for_function("() => model.get('shift') === 0.25 && model.saved.length")
    page.locator("select[name=norm]").select_option("max_exp")
    page.wait_for_function("() => model.get('norm') === 'max_exp' && model.get('norm_parameter') === 10")
    page.get_by_role("button", name="One frame on").click()
    page.wait_for_function("() => model.get('frame') === 10")
    page.locator("select[name=norm]").select_option("learnable")
    page.wait_for_function("() => model.get('norm') === 'learnable' && model.get('norm_parameter') === null")
    # The kernel takes each of them.
    explorer = vmp.Explorer(norm="gamma")
    for saved in page.evaluate("model.saved"):
        explorer.set_state(saved)
    assert (explorer.shift, explorer.norm, explorer.norm_parameter, explorer.frame) == (0.25, "learnable", None, 10)


def test_out_of_the_clips_reach_is_told_back(widget: tuple[Page, Watch]) -> None:
    page, _ = widget
    page.evaluate("model.fromKernel({frame: 1000})")
    page.wait_for_function("() => model.get('frame') === 29")
    page.evaluate("model.fromKernel({spacing: 500})")
    page.wait_for_function("() => model.get('spacing') === 29")


def test_the_kernel_changes_the_clip(widget: tuple[Page, Watch]) -> None:
    page, _ = widget
    page.evaluate("model.fromKernel({clip: 'static'})")
    wait_for_clip(page, "static")
    assert page.evaluate(f"{EXPLORER}.clip.frames.length") == 120
    check_against_torch(page)
    page.get_by_role("button", name="Clip", exact=True).click()
    wait_for_clip(page, "own")
    page.wait_for_function("() => model.get('clip') === 'own'")


def test_playing_tells_the_frame_now_and_then(widget: tuple[Page, Watch]) -> None:
    page, _ = widget
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Pause").click()
    page.wait_for_function(f"() => model.get('frame') === {EXPLORER}.state.frame")
    assert 1 <= page.evaluate("model.saved.length") <= 9  # not thirty a second


def test_a_file_opened_in_the_page(widget: tuple[Page, Watch], tmp_path: Path) -> None:
    page, _ = widget
    frames = [np.full((48, 64, 3), 10 * i, np.uint8) for i in range(10)]
    page.locator("input[type=file]").set_input_files(write_video(tmp_path / "mine.mp4", frames))
    wait_for_clip(page, "file")
    page.wait_for_function("() => model.get('clip') === 'file'")
    check_against_torch(page)


def test_leaving_lets_go(widget: tuple[Page, Watch]) -> None:
    page, _ = widget
    page.evaluate("leave()")
    assert page.evaluate("[VMPExplorer.all.size, model.handlers()]") == [0, 0]


def test_a_silent_kernel_is_said(browser: Browser, address: str) -> None:
    page = browser.new_page()
    page.clock.install()
    page.goto(address)
    page.wait_for_function("() => globalThis.model?.sent.length")
    page.evaluate("(e) => { e.choose('moving'); }", page.evaluate_handle(EXPLORER))  # this kernel has no such clip
    page.clock.run_for(31_000)
    expect(page.get_by_role("alert")).to_have_text(
        "The clip could not be shown: the kernel does not answer; run the cell again."
    )
    page.close()
