"""Small notebooks for the tests of the book."""

from __future__ import annotations

import shutil
from pathlib import Path

from vmp.book import sync_notebook

ROOT = Path(__file__).resolve().parent.parent
HEADER = """\
# ---
# jupyter:
#   jupytext:
#     formats: ipynb,py:percent
#   kernelspec:
#     display_name: Python 3
#     language: python
#     name: python3
# ---

# %% [markdown]
# # {title}

# %% tags=["parameters"]
slope = 11.04
frames = 8
name = "moving"
adjacent = True
sizes = (2, 3)
seed = None

# %%
"""
BIBLIOGRAPHY = "```{bibliography}\n:all:\n```\n"


def write_chapter(folder: Path, name: str = "chapter", body: str = "print(slope)", title: str = "A chapter") -> Path:
    """Write a pair; return its .ipynb."""
    folder.mkdir(parents=True, exist_ok=True)
    text = folder / f"{name}.py"
    text.write_text(HEADER.format(title=title) + body + "\n", encoding="utf8")
    return sync_notebook(text)


def write_checkout(folder: Path, body: str, prose: str = "See the [chapter](chapter.ipynb).") -> Path:
    """A checkout with this project's configuration and look, one page of prose and one chapter."""
    write_chapter(folder / "notebooks", body=body)
    shutil.copytree(ROOT / "book" / "assets", folder / "book" / "assets")
    shutil.copytree(ROOT / "book" / "templates", folder / "book" / "templates")
    shutil.copy(ROOT / "book" / "references.bib", folder / "book" / "references.bib")
    shutil.copy(ROOT / "_config.yml", folder / "_config.yml")
    toc = "format: jb-book\nroot: index\nparts:\n  - caption: Chapters\n    numbered: 1\n"
    (folder / "_toc.yml").write_text(toc + "    chapters:\n      - file: chapter\n", encoding="utf8")
    (folder / "book" / "index.md").write_text(f"# The front page\n\n{prose}\n\n{BIBLIOGRAPHY}", encoding="utf8")
    return folder
