"""The explorer under a reader's hand: over http and from disk, each control changes the right pixels."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Watch, watch_page
from explorer_page import (
    EXPLORER,
    check_against_torch,
    element,
    read_back,
    settle,
    wait_for_clip,
    wait_for_variation,
    write_page,
)
from playwright.sync_api import Browser, BrowserContext, Page, expect

import vmp


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = tmp_path_factory.mktemp("explorer")
    write_page(made, element("static", slope=20, shift=0.1))
    write_page(made, element("static"), "dark.html", theme="dark")
    write_page(made, vmp.Explorer("moving", slope=12.0, shift=0.05, norm="learnable").static_html(), "static.html")
    return made


@pytest.fixture(scope="module", params=["http", "file"])
def address(request: pytest.FixtureRequest, folder: Path, serve: Callable[[Path], str]) -> str:
    return serve(folder) if request.param == "http" else folder.as_uri()


@pytest.fixture(scope="module")
def opened(browser: Browser, address: str) -> Iterator[tuple[Page, Watch]]:
    """One page that the control tests share; what it did wrong is looked at in the end."""
    page = browser.new_page(viewport={"width": 800, "height": 1000})
    watch = watch_page(page)
    page.goto(f"{address}/page.html")
    wait_for_clip(page, "static")
    yield page, watch
    page.close()
    watch.assert_clean()


def state(page: Page) -> dict[str, Any]:
    return page.evaluate(f"{EXPLORER}.state")


# --- each control, by hand, checked by torch ---


def test_it_starts_paused_on_a_frame_with_what_the_element_says(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    assert state(page) == {
        "clip": "static",
        "slope": 20,
        "shift": 0.1,
        "frame": 45,
        "norm": "learnable",
        "parameter": 0,
        "difference": "signed",
        "product": "normalised",
        "spacing": 1,
        "gain": 4,
    }
    assert page.evaluate(f"{EXPLORER}.playing") is False
    expect(page.get_by_role("button", name="Play", exact=True)).to_be_visible()
    check_against_torch(page, "webgl")


@pytest.mark.parametrize(("name", "at"), [("slope", 0.9), ("slope", 0.02), ("shift", 0.2), ("shift", 0.99)])
def test_sliders_by_mouse(opened: tuple[Page, Watch], name: str, at: float) -> None:
    page, _ = opened
    before, shown = state(page)[name], read_back(page, ["attention", "prompt"])
    slider = page.locator(f"input[type=range][name={name}]")
    slider.scroll_into_view_if_needed()
    box = slider.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * at, box["y"] + box["height"] / 2, steps=4)
    page.mouse.up()
    settle(page)
    assert state(page)[name] != before
    read = check_against_torch(page)
    assert (read.panes["attention"] != shown.panes["attention"]).any()
    assert (read.panes["prompt"] != shown.panes["prompt"]).any()
    field = page.locator(f"input[name={name}-number]")
    assert float(field.input_value()) == pytest.approx(state(page)[name], abs=6e-4)


@pytest.mark.parametrize(
    ("name", "typed", "becomes"),
    [("slope", "50", 50), ("slope", "3", 9.1), ("shift", "-0.599", -0.599), ("shift", "2", 0.599)],
)
def test_numbers_typed_are_kept_in_reach(opened: tuple[Page, Watch], name: str, typed: str, becomes: float) -> None:
    page, _ = opened
    field = page.locator(f"input[name={name}-number]")
    field.fill(typed)
    field.press("Enter")
    settle(page)
    assert state(page)[name] == becomes
    assert float(field.input_value()) == becomes
    check_against_torch(page)


def test_arrow_keys_on_a_slider(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    page.evaluate(f"{EXPLORER}.set({{slope: 20, shift: 0}})")
    slider = page.locator("input[type=range][name=slope]")
    slider.focus()
    for key, expected in (("ArrowRight", 20.1), ("Shift+ArrowRight", 20.11), ("PageDown", 19.11), ("ArrowLeft", 19.01)):
        page.keyboard.press(key)
        assert state(page)["slope"] == pytest.approx(expected)
    assert slider.get_attribute("aria-valuetext").startswith("19.010, m = 0.")


def test_m_and_n_are_shown(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    page.evaluate(f"{EXPLORER}.set({{slope: 11.067, shift: -0.5943}})")
    # The authors' page: m = 1.05, n = -2.67 give these, rounded.
    assert page.get_by_text("m = 1.050").is_visible()
    assert abs(float(page.get_by_text("n = −2.6").inner_text()[4:].replace("−", "-")) + 2.67) < 0.01


def test_presets_are_the_learned_pairs(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    preset = page.locator("select[name=preset]")
    preset.select_option(label="MPII λ 2: a 10.90, b 0.08")
    settle(page)
    assert (state(page)["slope"], state(page)["shift"]) == (10.9, 0.08)
    check_against_torch(page)
    preset.select_option(label="HMDB-51: a 23.11, b −0.348")
    settle(page)
    layer = vmp.MotionPrompt.from_paper("hmdb51", source="page")
    assert state(page)["slope"] == pytest.approx(layer.slope.item(), rel=1e-6)
    assert state(page)["shift"] == pytest.approx(layer.shift.item(), rel=1e-6)
    check_against_torch(page)
    page.locator("input[type=range][name=slope]").press("ArrowRight")
    assert preset.input_value() == ""


def test_lambda_gives_the_pages_pairs(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    slider = page.locator("input[name=lambda]")
    slider.focus()
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    settle(page)
    layer = vmp.MotionPrompt.from_paper("finegym", 0.5, source="page")
    assert state(page)["slope"] == pytest.approx(layer.slope.item(), rel=1e-6)
    assert state(page)["shift"] == pytest.approx(layer.shift.item(), rel=1e-6)
    assert slider.get_attribute("aria-valuetext") == "λ 0.5: m 0.86, n -2.13"
    check_against_torch(page)


def test_norms_and_their_parameter(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    norm = page.locator("select[name=norm]")
    for name in ("gamma", "max_exp", "sigm_e", "asinh_e"):
        norm.select_option(name)
        settle(page)
        assert page.locator("input[name=slope]").is_hidden()
        page.locator("input[name=parameter]").press("ArrowRight")
        settle(page)
        assert state(page)["norm"] == name
        check_against_torch(page)
    norm.select_option("learnable")
    expect(page.locator("input[name=slope]")).to_be_visible()


def test_difference_product_gain_and_spacing(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    page.evaluate(f"{EXPLORER}.set({{norm: 'learnable', slope: 30, shift: 0.03, frame: 60}})")
    for name, value in (("absolute |D|", "absolute"), ("pixels", "pixels"), ("×16", 16), ("×1", 1)):
        button = page.get_by_role("button", name=name, exact=True)
        button.click()
        settle(page)
        assert value in state(page).values()
        assert button.get_attribute("aria-pressed") == "true"
        check_against_torch(page)
    spacing = page.locator("input[name=spacing]")
    spacing.focus()
    page.keyboard.press("End")
    settle(page)
    assert state(page)["spacing"] == 30  # one second of this clip
    assert spacing.get_attribute("aria-valuetext") == "30 frames, 1.00 s between them"
    check_against_torch(page)
    page.keyboard.press("Home")
    for name in ("signed D", "normalised frame", "×4"):
        page.get_by_role("button", name=name, exact=True).click()


def test_the_dot_on_the_curve_can_be_dragged(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    page.evaluate(f"{EXPLORER}.set({{norm: 'learnable', slope: 20, shift: 0}})")
    settle(page)
    handle = page.locator(".vmp-handle circle").last
    handle.scroll_into_view_if_needed()
    box = handle.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 40, y - 30, steps=3)
    page.mouse.up()
    settle(page)
    width = page.evaluate(f"{EXPLORER}.view.plot.right - {EXPLORER}.view.plot.left")
    assert state(page)["shift"] == pytest.approx(80 / width, abs=0.02)
    assert state(page)["slope"] == pytest.approx(20 * 2**0.5, rel=0.05)
    check_against_torch(page)


def test_pointing_at_a_pixel_reads_it(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    page.evaluate(f"{EXPLORER}.set({{norm: 'learnable', slope: 20, shift: 0.02, spacing: 8, frame: 60}})")
    settle(page)
    read = read_back(page, [])
    canvas = page.get_by_role("img", name="Attention")
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.4, box["y"] + box["height"] * 0.6)
    found = re.fullmatch(
        r"At \((\d+), (\d+)\): D = (−?[\d.]+), attention ([\d.]+)", page.locator(".vmp-probe-text").inner_text()
    )
    assert found is not None
    x, y = int(found[1]), int(found[2])
    assert (x, y) == (pytest.approx(192, abs=2), pytest.approx(162, abs=2))
    assert float(found[4]) == pytest.approx(float(read.attention[y, x]), abs=1e-3)
    page.mouse.move(2, 2)
    expect(page.locator(".vmp-probe-text")).to_have_text("")


def test_clips(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    page.evaluate(f"{EXPLORER}.set({{norm: 'learnable', slope: 20, shift: 0.02, spacing: 1, frame: 50}})")
    settle(page)
    static = read_back(page, ["frame"])
    page.get_by_role("button", name="Moving camera").click()
    wait_for_clip(page, "moving")
    moving = check_against_torch(page)
    assert moving.index == 50
    assert np.abs(moving.now.astype(int) - vmp.example_clip("moving")[50]).mean() < 6  # decoders differ a little
    page.get_by_role("button", name="Static camera").click()
    wait_for_clip(page, "static")
    np.testing.assert_array_equal(check_against_torch(page).now, static.now)


def test_play_pause_step(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    page.evaluate(f"{EXPLORER}.set({{frame: 10, spacing: 1}})")
    page.get_by_role("button", name="One frame on").click()
    assert state(page)["frame"] == 11
    page.get_by_role("button", name="One frame back").click()
    page.get_by_role("button", name="One frame back").click()
    assert state(page)["frame"] == 9
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(f"() => {EXPLORER}.state.frame > 14")
    page.get_by_role("button", name="Pause").click()
    settle(page)
    stopped = state(page)["frame"]
    page.wait_for_timeout(150)
    assert state(page)["frame"] == stopped
    assert check_against_torch(page).index == stopped


def test_frames_go_round(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    page.evaluate(f"{EXPLORER}.set({{frame: Infinity, spacing: 3}})")
    assert state(page)["frame"] == 119
    page.get_by_role("button", name="One frame on").click()
    assert state(page)["frame"] == 3  # the first that has one three frames before it
    page.evaluate(f"{EXPLORER}.set({{spacing: 1}})")


def test_keys_on_the_pictures(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    page.evaluate(f"{EXPLORER}.set({{frame: 20, spacing: 1}})")
    page.locator(".vmp-panes").focus()
    for key, expected in (("ArrowRight", 21), ("ArrowLeft", 20), ("Home", 1), ("End", 119)):
        page.keyboard.press(key)
        assert state(page)["frame"] == expected
    page.keyboard.press(" ")
    assert page.evaluate(f"{EXPLORER}.playing") is True
    page.keyboard.press(" ")
    assert page.evaluate(f"{EXPLORER}.playing") is False


def test_variation_is_pending_and_then_there_within_a_second(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    wait_for_variation(page)
    took = page.evaluate(
        f"""async () => {{
          const e = {EXPLORER}, output = e.root.querySelector("[data-readout=variation]");
          const done = new Promise((resolve) => e.root.addEventListener("vmp-variation", resolve, {{once: true}}));
          e.set({{slope: 33.3}});
          const start = performance.now(), pending = output.getAttribute("aria-busy");
          await done;
          return {{pending, ms: performance.now() - start, busy: output.getAttribute("aria-busy")}};
        }}"""
    )
    assert (took["pending"], took["busy"]) == ("true", "false")
    assert took["ms"] < 5000  # about 0.4 s on a quiet machine; tests share theirs
    value = page.evaluate(f"{EXPLORER}.variation")
    shown = page.locator("[data-readout=variation]").inner_text()
    if "·" in shown:
        digits = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹", "0123456789")
        mantissa, power = re.fullmatch(r"([\d.]+) · 10⁻(\S+)", shown).groups()
        assert float(mantissa) * 10.0 ** -int(power.translate(digits)) == pytest.approx(value, rel=0.01)
    else:
        assert float(shown) == pytest.approx(value, rel=0.01)


def test_the_sentence_says_what_a_still_pixel_keeps(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    sentence = page.locator(".vmp-sentence")
    for values, words in (
        (
            "slope: 11.04, shift: -0.59, product: 'normalised'",
            "keeps 99.9 % of its contrast with mid-grey: nearly the identity",
        ),
        ("slope: 23.45, shift: 0.03, product: 'pixels'", "keeps 33.1 % of its brightness: still parts mostly fade"),
        ("norm: 'gamma', product: 'pixels'", "keeps none of its brightness: still parts vanish"),
    ):
        page.evaluate(f"{EXPLORER}.set({{{values}}})")
        settle(page)
        assert words in sentence.inner_text()
    page.evaluate(f"{EXPLORER}.set({{norm: 'learnable', product: 'normalised'}})")


def test_a_pane_can_be_larger(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    pane = page.locator("[data-pane=attention]")
    before = pane.bounding_box()
    pane.get_by_role("button", name="Attention: larger").click()
    after = pane.bounding_box()
    assert before is not None
    assert after is not None
    assert after["width"] > 1.8 * before["width"]
    pane.get_by_role("button", name="Attention: larger").click()
    assert pane.bounding_box() == before


# --- what is there for everybody ---


def test_every_control_has_a_name_and_the_order_is_that_of_the_page(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    nameless = page.evaluate(
        """() => [...document.querySelectorAll(".vmp-explorer :is(button, input, select, canvas, svg.vmp-plot)")]
          .filter((node) => !(node.getAttribute("aria-label") || node.textContent.trim() || node.ariaHidden === "true"))
          .map((node) => node.outerHTML)"""
    )
    assert nameless == []
    page.evaluate("document.activeElement.blur()")
    page.locator(".vmp-bar button").first.focus()
    seen, named = [], "({name, className, dataset}) => name || className || dataset.value"
    for _ in range(30):
        seen.append(page.evaluate(f"({named})(document.activeElement)"))
        page.keyboard.press("Tab")
    order = [
        "vmp-panes",
        "vmp-play",
        "frame",
        "slope-number",
        "slope",
        "shift-number",
        "shift",
        "preset",
        "lambda",
        "norm",
        "spacing",
    ]
    places = [seen.index(name) for name in order]
    assert places == sorted(places)


def test_a_change_is_said_once_and_playing_says_nothing(opened: tuple[Page, Watch]) -> None:
    page, _ = opened
    live = page.get_by_role("status")
    page.wait_for_timeout(1500)  # what another test changed is said 0.9 seconds after
    page.evaluate(f"{EXPLORER}.view.say('')")
    page.locator("input[type=range][name=shift]").press("ArrowRight")
    expect(live).to_have_text(re.compile(r"Slope .*, shift .*A still pixel keeps .* Mean attention \d\.\d\d\."))
    page.evaluate(f"{EXPLORER}.view.say('')")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(1200)
    page.get_by_role("button", name="Pause").click()
    assert live.inner_text() == ""


@pytest.mark.parametrize("width", [320, 360, 620, 850, 1300])
def test_no_width_scrolls_sideways(opened: tuple[Page, Watch], width: int) -> None:
    page, _ = opened
    page.set_viewport_size({"width": width, "height": 800})
    settle(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    if width < 400:
        small = page.evaluate(
            """() => [...document.querySelectorAll(".vmp-explorer :is(button, select, input:not(.vmp-hidden))")]
              .filter((node) => node.offsetParent && node.getBoundingClientRect().height < 40)
              .map((node) => node.outerHTML)"""
        )
        assert small == []  # fingers
    page.set_viewport_size({"width": 800, "height": 1000})


def test_light_and_dark(page: Page, address: str) -> None:
    def lightness(selector: str, what: str) -> float:
        colour = page.locator(selector).first.evaluate(f"(node) => getComputedStyle(node).{what}")
        return float(np.mean([float(part) for part in re.findall(r"[\d.]+", colour)[:3]]))

    page.goto(f"{address}/dark.html")
    wait_for_clip(page)
    assert lightness(".vmp-body", "backgroundColor") < 60
    assert lightness(".vmp-body", "color") > 200
    page.evaluate("document.documentElement.dataset.theme = 'light'")
    assert lightness(".vmp-body", "backgroundColor") > 240
    assert lightness(".vmp-body", "color") < 60
    page.evaluate("delete document.documentElement.dataset.theme")
    page.emulate_media(color_scheme="dark")
    assert lightness(".vmp-body", "backgroundColor") < 60
    page.evaluate("document.body.dataset.jpThemeLight = 'true'")
    assert lightness(".vmp-body", "backgroundColor") > 240
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")
    page.emulate_media(color_scheme="light")
    assert lightness(".vmp-body", "backgroundColor") < 60


def test_without_scripts_it_is_a_still_picture(browser: Browser, address: str) -> None:
    with browser.new_context(java_script_enabled=False) as context:
        page = context.new_page()
        page.goto(f"{address}/static.html")
        picture = page.get_by_role("img", name="Frame, difference, attention and prompt of the clip “Moving camera”")
        box = picture.bounding_box()
        assert box is not None
        assert box["width"] > 600
        assert box["height"] > 300


def test_the_static_page_of_the_python_object(page: Page, address: str) -> None:
    watch = watch_page(page)
    page.goto(f"{address}/static.html")
    wait_for_clip(page, "moving")
    assert (state(page)["slope"], state(page)["shift"]) == (12.0, 0.05)
    assert page.locator("img").count() == 0
    check_against_torch(page, "webgl")
    watch.assert_clean()


# --- where the browser gives less ---


def test_without_webgl_canvas_draws(context: BrowserContext, address: str) -> None:
    context.add_init_script(
        """const get = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
          return kind === "webgl2" ? null : get.call(this, kind, ...rest);
        };"""
    )
    page = context.new_page()
    watch = watch_page(page)
    page.goto(f"{address}/page.html")
    wait_for_clip(page)
    check_against_torch(page, "canvas")
    watch.assert_clean()


def test_a_lost_context_is_survived_and_replaced(page: Page, address: str) -> None:
    page.goto(f"{address}/page.html")
    wait_for_clip(page)
    check_against_torch(page, "webgl")
    page.evaluate("VMPExplorer.Gpu.get().gl.getExtension('WEBGL_lose_context').loseContext()")
    page.wait_for_function(f"() => {EXPLORER}.renderer === 'canvas'")
    page.evaluate(f"{EXPLORER}.set({{slope: 44, frame: 70}})")
    check_against_torch(page, "canvas")
    page.wait_for_function(f"() => {EXPLORER}.renderer === 'webgl'")
    check_against_torch(page, "webgl")


def test_without_workers_the_variation_is_the_same(browser: Browser, address: str) -> None:
    values = []
    for script in (
        "",
        "delete globalThis.Worker",
        "globalThis.Worker = class { constructor() { throw new Error('no'); } }",
    ):
        with browser.new_context() as context:
            context.add_init_script(script)
            page = context.new_page()
            page.goto(f"{address}/page.html")
            wait_for_clip(page)
            values.append(wait_for_variation(page))
    assert values[0] > 0
    assert values == [values[0]] * 3


def test_many_explorers_share_one_context_and_read_each_clip_once(context: BrowserContext, folder: Path) -> None:
    write_page(folder, "\n".join(element(clip) for clip in ["static", "moving"] * 10), "many.html")
    context.add_init_script(
        """globalThis.contexts = 0;
        const get = HTMLCanvasElement.prototype.getContext;
        HTMLCanvasElement.prototype.getContext = function (kind, ...rest) {
          if (kind === "webgl2") contexts++;
          return get.call(this, kind, ...rest);
        };"""
    )
    page = context.new_page()
    watch = watch_page(page)
    page.goto((folder / "many.html").as_uri())
    page.wait_for_function("() => [...VMPExplorer.all].every((e) => e.clip?.complete)")
    assert page.evaluate("VMPExplorer.all.size") < 20  # those far below wait
    for i in range(20):
        page.locator(".vmp-explorer").nth(i).scroll_into_view_if_needed()
        page.wait_for_function(f"() => document.querySelectorAll('.vmp-explorer')[{i}].vmpExplorer?.drawn")
    page.wait_for_function("() => [...VMPExplorer.all].every((e) => e.clip?.complete && e.drawn)")
    assert page.evaluate("VMPExplorer.all.size") == 20
    assert page.evaluate("contexts") == 1
    assert page.evaluate("new Set([...VMPExplorer.all].map((e) => e.clip)).size") == 2
    watch.assert_clean()


def test_one_that_leaves_the_view_or_a_hidden_page_stops_playing(page: Page, address: str, folder: Path) -> None:
    write_page(folder, element("static") + '<div style="height: 4000px"></div>', "tall.html")
    page.goto(f"{address}/tall.html")
    wait_for_clip(page)
    page.evaluate(f"{EXPLORER}.play()")
    page.evaluate("scrollTo(0, 4000)")
    page.wait_for_function(f"() => !{EXPLORER}.playing")
    page.evaluate("scrollTo(0, 0)")
    page.wait_for_function(f"() => {EXPLORER}.visible")
    page.evaluate(f"{EXPLORER}.play()")
    page.evaluate("Object.defineProperty(document, 'hidden', {value: true})")
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    assert page.evaluate(f"{EXPLORER}.playing") is False


def test_one_that_is_added_later_is_mounted(page: Page, address: str) -> None:
    page.goto(f"{address}/page.html")
    wait_for_clip(page)
    page.evaluate("(html) => document.body.insertAdjacentHTML('afterbegin', html)", element("moving", norm="gamma"))
    wait_for_clip(page, "moving")
    assert state(page)["norm"] == "gamma"


def test_a_clip_that_is_not_beside_the_script_is_said(page: Page, tmp_path: Path) -> None:
    write_page(tmp_path, element("static"))
    (tmp_path / "clip-static.js").unlink()
    page.goto((tmp_path / "page.html").as_uri())
    expect(page.get_by_role("alert")).to_have_text(
        "The clip could not be shown: clip-static.js is not beside explorer.js."
    )


def test_nonsense_in_the_element_is_kept_in_reach(page: Page, address: str, folder: Path) -> None:
    write_page(
        folder,
        element("static", slope=900, shift="x", frame=-4, norm="nonsense", difference="both", spacing=1000, product=""),
        "nonsense.html",
    )
    watch = watch_page(page)
    page.goto(f"{address}/nonsense.html")
    wait_for_clip(page)
    got = state(page)
    assert (got["slope"], got["shift"], got["norm"], got["difference"]) == (50, -0.59, "learnable", "signed")
    assert (got["spacing"], got["frame"], got["product"]) == (30, 30, "normalised")
    watch.assert_clean()
