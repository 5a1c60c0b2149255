"""The report of a run, from disk and with no network: desktop in the light, phone in the dark."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from conftest import watch_page
from own_runs import trained
from playwright.sync_api import Browser

from vmp.report import finished_run, write_report

DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 900}, "color_scheme": "light", "offline": True}
PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 780}, "color_scheme": "dark", "offline": True}

LOOK = """
async () => {
  const images = [...document.images];
  images.forEach((image) => { image.loading = "eager"; });
  await Promise.all(images.map((image) => image.decode()));
  const light = (colour) => {
    const [r, g, b] = colour.match(/[\\d.]+/g).map((value) => value / 255)
      .map((value) => value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4);
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const style = getComputedStyle(document.body);
  const two = [light(style.color), light(style.backgroundColor)].sort();
  const quiet = light(getComputedStyle(document.querySelector("figcaption")).color);
  const ground = light(style.backgroundColor);
  const split = [...document.querySelectorAll("thead th")].filter((cell) => cell.getBoundingClientRect().height > 60);
  return {
    sideways: document.documentElement.scrollWidth - innerWidth,
    images: images.length,
    empty: images.filter((image) => !image.naturalWidth).length,
    drawings: [...document.querySelectorAll("svg")].filter((one) => one.getBoundingClientRect().width > 200).length,
    contrast: (two[1] + 0.05) / (two[0] + 0.05),
    quiet: (Math.max(quiet, ground) + 0.05) / (Math.min(quiet, ground) + 0.05),
    dark: ground < 0.2,
    tallHeadings: split.map((cell) => cell.textContent),
    headless: [...document.querySelectorAll("table")].filter((table) => !table.querySelector("th[scope]")).length,
    headings: [...document.querySelectorAll("h1, h2")].map((heading) => heading.textContent),
  };
}
"""


@pytest.fixture(scope="module")
def report() -> Path:
    return write_report(finished_run(trained(), "cpu"))


@pytest.mark.parametrize("screen", [DESKTOP, PHONE], ids=["desktop", "phone"])
def test_the_report_on_a_screen(browser: Browser, report: Path, screen: dict[str, Any]) -> None:
    with browser.new_context(**screen) as context:
        page = context.new_page()
        watch = watch_page(page)
        page.goto(report.as_uri())
        seen = page.evaluate(LOOK)
        watch.assert_clean()
    assert seen["sideways"] <= 0
    assert seen["images"] == 12  # three test clips, four pictures each
    assert seen["empty"] == 0
    assert seen["drawings"] >= 3
    assert seen["contrast"] > 7
    assert seen["quiet"] > 4.5
    assert seen["dark"] is (screen is PHONE)
    assert seen["tallHeadings"] == []
    assert seen["headless"] == 0
    assert seen["headings"][1:] == [
        "Accuracy", "Confusions", "Class by class", "Training", "Slope and shift", "Clips it got right",
        "Clips it got wrong", "The data", "How this was made",
    ]  # fmt: skip


def test_a_link_leads_to_its_section(browser: Browser, report: Path) -> None:
    with browser.new_context(**PHONE) as context:
        page = context.new_page()
        page.goto(report.as_uri())
        page.get_by_role("link", name="Class by class").click()
        assert page.evaluate("Math.abs(document.getElementById('class-by-class').getBoundingClientRect().top)") < 80
        page.get_by_role("table").first.scroll_into_view_if_needed()
        assert page.get_by_role("rowheader", name="1 circle").count() == 1
        assert page.get_by_role("columnheader", name="taken for circle").count() == 1
