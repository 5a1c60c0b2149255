"""Every page of the built book in a real browser: over http on a desktop, and from disk on a phone in the dark."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from conftest import watch_page
from playwright.sync_api import Browser, Page, Response

from vmp.book.pages import page_title, pages_of

ROOT = Path(__file__).resolve().parent.parent.parent
PAGES = pages_of(ROOT / "_toc.yml")
MEGABYTE = 1_000_000
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "color_scheme": "dark", "has_touch": True}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light"}

LOOK = """
async () => {
  const rest = (ms) => new Promise((resolve) => setTimeout(resolve, ms));
  const within = (promise, what) =>
    Promise.race([promise, rest(60_000).then(() => { throw new Error(`after a minute still waiting for ${what}`); })]);
  for (let y = 0; y < document.documentElement.scrollHeight; y += innerHeight * 0.8) {
    scrollTo(0, y);
    await rest(60);
  }
  await within(document.fonts.ready, "the fonts");
  const seen = (element) => { const box = element.getBoundingClientRect(); return box.width > 0 && box.height > 0; };
  const article = document.querySelector(".bd-article");
  const all = (selector) => [...article.querySelectorAll(selector)];
  const formulas = all("math").filter((element) => !element.closest("details:not([open])"));
  const images = all("img").filter((element) => !element.closest(".vmp-explorer"));
  for (const image of images) {
    image.loading = "eager";  // a lazy one that the scrolling passed between two frames never settles its decode()
    await within(image.decode().catch(() => null), image.alt);
  }
  const stills = all(".vmp-still").filter((element) => !element.closest(".vmp-live, details:not([open])"));
  return {
    formulas: formulas.length,
    unseenFormulas: formulas.filter((element) => !seen(element)).map((element) => element.textContent),
    texLeft: all("p, li, td").some((element) => /\\$[^$]+\\$/.test(element.textContent)),
    mathFont: [...document.fonts].filter((font) => font.family.includes("Vmp Math")).map((font) => font.status),
    emptyImages: images.filter((image) => !image.naturalWidth).map((image) => image.alt),
    pictures: images.length,
    stills: stills.length,
    emptyStills: stills.filter((still) => ![...still.querySelectorAll("svg path, svg image")].some(seen)).length,
    unnamed: all(".vmp-still, .vmp-pictures, .vmp-interactive").filter(
      (figure) => !figure.matches("[aria-label]") && !figure.querySelector("[aria-label]")).length,
    sideways: document.documentElement.scrollWidth - innerWidth,
    theme: document.documentElement.dataset.theme,
    title: document.title,
    links: all("a[href]").map((link) => link.getAttribute("href")),
  };
}
"""


def visit(page: Page, address: str) -> dict[str, Any]:
    page.goto(address)
    return page.evaluate(LOOK)


def check(seen: dict[str, Any], built: str) -> None:
    """What holds for every page, everywhere."""
    assert seen["unseenFormulas"] == []
    assert seen["formulas"] == 0 or seen["mathFont"] == ["loaded"]
    assert seen["texLeft"] is False
    assert seen["emptyImages"] == []
    assert seen["emptyStills"] == 0
    assert seen["unnamed"] == 0
    assert seen["sideways"] <= 0
    assert page_title(built) in seen["title"]


@pytest.mark.parametrize("name", PAGES)
def test_a_page_from_a_server_on_a_desktop(
    built_book: Path, browser: Browser, serve: Callable[[Path], str], name: str
) -> None:
    with browser.new_context(**DESKTOP) as context:
        page = context.new_page()
        watch = watch_page(page)
        answers: list[Response] = []
        asked: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("response", lambda answer: answers.append(answer))
        address = serve(built_book)
        seen = visit(page, f"{address}/{name}.html")
        figures = page.locator(".vmp-interactive")
        if figures.count():  # a busy machine may have scrolled past it between two frames
            figures.first.scroll_into_view_if_needed()
            page.wait_for_function("() => Boolean(window.Plotly)", timeout=60_000)
        page.wait_for_load_state("networkidle")
        check(seen, (built_book / f"{name}.html").read_text(encoding="utf8"))
        assert seen["theme"] == "light"
        watch.assert_clean()
        own, shared = weigh({a.url.removeprefix(address).split("?")[0]: len(a.body()) for a in answers})
        assert own < MEGABYTE, f"{name}.html and what only it loads weigh {own:,} bytes"
        assert shared < 2 * MEGABYTE, f"what all pages share weighs {shared:,} bytes"
        assert any("plotly" in url for url in asked) == (figures.count() > 0)


def weigh(loaded: dict[str, int]) -> tuple[int, int]:
    """Bytes of the page itself, and of what pages share; clips and plotly count on their own."""
    apart = ("/clip-static.js", "/clip-moving.js", "/plotly.min.js")
    kept = {url: size for url, size in loaded.items() if not url.endswith(apart)}
    shared = sum(size for url, size in kept.items() if url.startswith("/_static/") or url == "/searchindex.js")
    return sum(kept.values()) - shared, shared


@pytest.mark.parametrize("name", PAGES)
def test_a_page_from_disk_on_a_phone_in_the_dark(built_book: Path, browser: Browser, name: str) -> None:
    with browser.new_context(**PHONE) as context:
        page = context.new_page()
        watch = watch_page(page)
        seen = visit(page, (built_book / f"{name}.html").as_uri())
        check(seen, (built_book / f"{name}.html").read_text(encoding="utf8"))
        assert seen["theme"] == "dark"
        watch.assert_clean()


def test_links_between_pages_lead_somewhere(built_book: Path) -> None:
    lost = []
    for page in built_book.glob("*.html"):
        text = page.read_text(encoding="utf8")
        for address in re.findall(r'(?:href|src)="([^"#?]*)[#?]?[^"]*"', text):
            if address and not re.match(r"[a-z]+:", address) and not (built_book / unquote(address)).exists():
                lost.append(f"{page.name}: {address}")
    assert lost == []


def test_anchors_within_the_book_are_there(built_book: Path) -> None:
    pages = {page.name: page.read_text(encoding="utf8") for page in built_book.glob("*.html")}
    names = {name: set(re.findall(r'\b(?:id|name)="([^"]+)"', text)) for name, text in pages.items()}
    lost = []
    for name in [f"{page}.html" for page in PAGES]:
        for target, anchor in re.findall(r'href="([^":#?]*)#([^"]+)"', pages[name]):
            if (target or name) in names and anchor not in names[target or name] and anchor != "":
                lost.append(f"{name}: {target}#{anchor}")
    assert lost == []


def test_the_search_works_from_disk(built_book: Path, page: Page) -> None:
    watch = watch_page(page)
    page.goto((built_book / "search.html").as_uri() + "?q=slope")
    page.wait_for_selector('#search-results li a[href*="layer.html"]')  # results come one after the other
    watch.assert_clean()


def test_the_dark_mode_button_works_from_disk_and_is_remembered(built_book: Path, page: Page) -> None:
    watch = watch_page(page)
    page.goto((built_book / "index.html").as_uri())
    background = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(background)
    for _ in range(3):
        if page.evaluate("document.documentElement.dataset.mode") == "dark":
            break
        page.locator(".theme-switch-button:visible").first.click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.evaluate(background) != light
    page.goto((built_book / "api.html").as_uri())
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    watch.assert_clean()


def test_the_menu_opens_on_a_phone(built_book: Path, browser: Browser) -> None:
    with browser.new_context(**PHONE) as context:
        page = context.new_page()
        page.goto((built_book / "index.html").as_uri())
        link = page.locator("#pst-primary-sidebar a, #pst-primary-sidebar-modal a", has_text="The layer, equation")
        assert not link.first.is_visible()
        page.locator(".primary-toggle:visible").click()
        link.first.wait_for(state="visible")
        link.first.click()
        page.wait_for_url("**/layer.html")


def test_each_icon_is_drawn(built_book: Path, page: Page) -> None:
    page.goto((built_book / "layer.html").as_uri())
    masks = page.evaluate("""() => [...document.querySelectorAll("i[class*=fa-], span[class*=fa-]")].map((icon) => [
        icon.className, getComputedStyle(icon, "::before").maskImage.startsWith("url(")])""")
    assert masks
    assert [name for name, drawn in masks if not drawn] == []


def test_the_papers_equations_keep_their_numbers(built_book: Path) -> None:
    text = (built_book / "layer.html").read_text(encoding="utf8")
    numbers = {int(number) for number in re.findall(r'<span class="eqno">\((\d+)\)</span>', text)}
    assert set(range(1, 22)) <= numbers
