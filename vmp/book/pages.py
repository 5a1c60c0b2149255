"""The pages: which scripts each needs (a Sphinx extension), and whether each was really built (a check)."""

from __future__ import annotations

import html
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

#: What a page's body holds, and the script and style that it then needs.
NEEDS = {
    'class="vmp-explorer': ("explorer.js", "explorer.css"),
    'class="vmp-interactive': ("figures.js", None),
}


def pages_of(toc: Path) -> list[str]:
    """The names of the pages of a _toc.yml (jb-book), in reading order, without suffix.

    Raises:
        ValueError: the file names no root or no chapter.
    """
    content = yaml.safe_load(toc.read_text(encoding="utf8")) or {}
    chapters = list(content.get("chapters", ()))
    for part in content.get("parts", ()):
        chapters += part.get("chapters", ())
    if "root" not in content or not chapters:
        raise ValueError(f"{toc}: expected `root:` and chapters with `file:`, came {sorted(content) or 'nothing'}")
    return [content["root"], *(chapter["file"] for chapter in chapters)]


def missing_pages(folder: Path, names: Iterable[str]) -> list[str]:
    """Say which pages are not there, or are there without a title or a body; jupyter-book's exit code does not."""
    problems = []
    for name in names:
        page = folder / f"{name}.html"
        if not page.is_file():
            problems.append(f"{page.name} was not built")
        elif not page_title(page.read_text(encoding="utf8")):
            problems.append(f"{page.name} has no title: begin the chapter with `# Title`")
    return problems


def page_title(page: str) -> str:
    """The text of a page's first <h1>, without its number; empty when there is none."""
    article = page[page.find("<article") :]
    heading = re.search(r"<h1[^>]*>(.*?)</h1>", article, re.DOTALL)
    if heading is None:
        return ""
    text = re.sub(r'<span class="section-number">.*?</span>|<a class="headerlink.*?</a>', "", heading.group(1))
    return html.unescape(re.sub(r"<[^>]+>", "", text)).strip()


def _load_what_is_needed(app: Any, pagename: str, templatename: str, context: dict[str, Any], doctree: Any) -> None:
    body = context.get("body", "")
    for mark, (script, style) in NEEDS.items():
        if mark in body:
            app.add_js_file(script, loading_method="defer")
            if style:
                app.add_css_file(style)


def setup(app: Any) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("html-page-context", _load_what_is_needed)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
