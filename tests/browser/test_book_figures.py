"""Figures that answer the mouse, in the built book: drawn when seen, at most six at once, in the page's colours."""

from __future__ import annotations

import io
from pathlib import Path

import pytest
from conftest import watch_page
from PIL import Image
from playwright.sync_api import Page

from vmp.book.pages import pages_of

ROOT = Path(__file__).resolve().parent.parent.parent
DRAWN = ".vmp-live .js-plotly-plot"
MARKS = """(figure) => {
  const plot = figure.querySelector(".js-plotly-plot");
  const seen = (element) => { const box = element.getBoundingClientRect(); return box.width > 0 || box.height > 0; };
  const marks = plot ? plot.querySelectorAll(".plot path, .plot image, .gl-container canvas, .trace path") : [];
  return [...marks].filter(seen).length;
}"""


@pytest.fixture(scope="module")
def with_figures(built_book: Path) -> list[str]:
    names = [
        name
        for name in pages_of(ROOT / "_toc.yml")
        if 'class="vmp-interactive"' in (built_book / f"{name}.html").read_text(encoding="utf8")
    ]
    assert names, "no page has a figure that answers the mouse"
    return names


def colours(page: Page, selector: str) -> int:
    picture = Image.open(io.BytesIO(page.locator(selector).first.screenshot())).convert("RGB")
    return len(picture.getcolors(1 << 24) or ())


def test_each_figure_is_drawn_when_it_comes_into_view(built_book: Path, page: Page, with_figures: list[str]) -> None:
    watch = watch_page(page)
    for name in with_figures:
        page.goto((built_book / f"{name}.html").as_uri())
        figures = page.locator(".vmp-interactive")
        for index in range(figures.count()):
            figure = figures.nth(index)
            figure.scroll_into_view_if_needed()
            figure.locator(".js-plotly-plot .main-svg").first.wait_for(state="attached", timeout=60_000)
            page.wait_for_function(f"(figure) => ({MARKS})(figure) > 0", arg=figure.element_handle(), timeout=60_000)
            assert figure.locator(".vmp-interactive-plot").get_attribute("aria-label")
            assert page.locator(DRAWN).count() <= 6
        assert colours(page, DRAWN) > 20
    watch.assert_clean()


def test_plotly_waits_until_a_figure_is_near(built_book: Path, page: Page, with_figures: list[str]) -> None:
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.set_viewport_size({"width": 1280, "height": 300})
    page.goto((built_book / f"{with_figures[0]}.html").as_uri())
    top = page.locator(".vmp-interactive").first.bounding_box()
    assert top is not None
    if top["y"] > 1000:
        assert not any("plotly" in url for url in asked)
    page.locator(".vmp-interactive").first.scroll_into_view_if_needed()
    page.wait_for_selector(DRAWN, timeout=60_000)
    assert any("plotly" in url for url in asked)


def test_a_live_figure_follows_light_and_dark(built_book: Path, page: Page, with_figures: list[str]) -> None:
    page.goto((built_book / f"{with_figures[0]}.html").as_uri())
    page.locator(".vmp-interactive").first.scroll_into_view_if_needed()
    page.wait_for_selector(f"{DRAWN} .main-svg", timeout=60_000)
    ink = "document.querySelector('.js-plotly-plot')._fullLayout.font.color"
    page.wait_for_function(f"{ink} !== undefined")
    light = page.evaluate(ink)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function(f"{ink} !== {light!r}", timeout=20_000)


def test_printing_shows_stills(built_book: Path, page: Page, with_figures: list[str]) -> None:
    page.goto((built_book / f"{with_figures[0]}.html").as_uri())
    page.locator(".vmp-interactive").first.scroll_into_view_if_needed()
    page.wait_for_selector(f"{DRAWN} .main-svg", timeout=60_000)
    page.evaluate("window.dispatchEvent(new Event('beforeprint'))")
    assert page.locator(DRAWN).count() == 0
    assert page.locator(".vmp-interactive-still").first.is_visible()


def test_at_most_six_figures_are_live(built_book: Path, page: Page, tmp_path: Path) -> None:
    """Ten figures on one page, by the built book's own script."""
    one = (
        '<figure class="vmp-interactive" aria-label="A line" data-height="300"><div class="vmp-interactive-still">'
        '<p>still</p></div><script type="application/json">{"data":[{"y":[1,3,2]}],"layout":{}}</script></figure>'
    )
    static = (built_book / "_static").as_uri()
    page_of_ten = tmp_path / "ten.html"
    script = f'<script src="{static}/figures.js"></script>'
    page_of_ten.write_text(f'<!doctype html><html data-theme="light"><body>{one * 10}{script}</body></html>')
    page.goto(page_of_ten.as_uri())
    figures = page.locator(".vmp-interactive")
    for index in range(10):
        figures.nth(index).scroll_into_view_if_needed()
        figures.nth(index).locator(".js-plotly-plot .main-svg").first.wait_for(state="attached", timeout=60_000)
    page.wait_for_function("document.querySelectorAll('.vmp-live').length === 6")
    assert "vmp-live" not in (figures.first.get_attribute("class") or "")
    figures.first.scroll_into_view_if_needed()
    figures.first.locator(".js-plotly-plot .main-svg").first.wait_for(state="attached", timeout=60_000)
    assert page.locator(".vmp-live").count() <= 6
