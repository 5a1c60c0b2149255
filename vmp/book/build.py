"""From a checkout to a book: notebooks executed, sources assembled, jupyter-book run, every page checked, published."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from vmp.book import assets
from vmp.book.cleaning import publish_notebook
from vmp.book.colophon import fill_colophon
from vmp.book.execution import Executed, cores, execute, hash_files, package_files, quiet, versions
from vmp.book.pages import NEEDS, missing_pages, pages_of
from vmp.book.pairs import notebooks_in_step, replace_text
from vmp.book.reference import fill_help

#: Notebooks that are executed at once, at the most: each is a process with torch in it, about 1 GB.
AT_ONCE = 4
#: Chapters that take longest, and are begun first, so that no core waits for them at the end.
LONGEST = ("own_videos", "temporal_variation", "claims")
#: Files of the theme that no page loads: source maps, and the icons that book.css draws instead.
UNUSED = ("scripts/fontawesome.js*", "scripts/*.map", "styles/*.map", "scripts/*.LICENSE.txt", "vendor", "locales")


class BuildFailed(RuntimeError):
    """The book could not be built; what was published before is left as it was."""


def build_book(
    root: str | Path = ".",
    out: str | Path | None = None,
    *,
    work: str | Path | None = None,
    force: bool = False,
    report: Callable[[str], None] | None = None,
) -> Path:
    """Build the book of a checkout; return the path of its front page.

    Args:
        root: the folder that holds _config.yml, _toc.yml, book/ and notebooks/.
        out: where the HTML goes; ROOT/build/book by default. Replaced whole, and only by a book that passed.
        work: executed notebooks, sources and logs; ROOT/build by default. May be deleted at any time.
        force: execute every notebook although its stamp agrees.
        report: gets one line a notebook and one for the book.

    Raises:
        ValueError: ``root`` holds no book, or a chapter's two halves disagree.
        NotebookFailed: a notebook raised.
        BuildFailed: jupyter-book warned or failed, or a page is missing or has no title.
    """
    root = Path(root).resolve()
    work = Path(work).resolve() if work else root / "build"
    out = Path(out).resolve() if out else work / "book"
    names = _pages_of_checkout(root)
    executed = execute_chapters(root, work, names, force=force, report=report)
    source = work / "source"
    _assemble(root, source, names, executed)
    start = time.perf_counter()
    wanted = _fingerprint(source)
    if not force and _is_current(out, wanted, names):
        _tell(report, f"{'the book':<24}{0.0:7.1f} s  stored")
        return out / "index.html"
    staged = _typeset(source, work)
    _prune(staged)
    if problems := missing_pages(staged, names):
        raise BuildFailed(f"jupyter-book ended well, but {'; '.join(problems)}")
    replace_text(staged / ".fingerprint", wanted)
    _publish(staged, out)
    _tell(report, f"{'the book':<24}{time.perf_counter() - start:7.1f} s")
    return out / "index.html"


def execute_chapters(
    root: Path, work: Path, names: Sequence[str], *, force: bool = False, report: Callable[[str], None] | None = None
) -> list[Executed]:
    """Execute, or take from what is stored, each of the named pages that is a notebook; as many at once as cores.

    Where one fails, those that have begun end, the others do not begin, and the first failure is raised.
    """
    found = [root / "notebooks" / f"{name}.ipynb" for name in names]

    def one(notebook: Path) -> Executed:
        out = work / "executed" / notebook.name
        try:
            return execute(notebook, out, inputs=[root / "results"], force=force, report=report)
        finally:
            _close_loop()

    # threads are enough: what computes is the kernels, which are processes
    with quiet(), ThreadPoolExecutor(min(cores(), AT_ONCE)) as pool:
        there = [notebook for notebook in found if notebook.exists()]
        begun = {each: pool.submit(one, each) for each in sorted(there, key=lambda each: each.stem not in LONGEST)}
        try:
            return [begun[notebook].result() for notebook in there]
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise


def _close_loop() -> None:
    """Close the event loop that papermill made for this thread and leaves open, if it made one."""
    try:
        asyncio.get_event_loop().close()
    except RuntimeError:  # it made none
        return


def _pages_of_checkout(root: Path) -> list[str]:
    for needed in ("_config.yml", "_toc.yml", "book", "notebooks"):
        if not (root / needed).exists():
            raise ValueError(f"{root} holds no {needed}: give the folder of the checkout")
    if problems := notebooks_in_step(root / "notebooks"):
        raise ValueError("; ".join(problems))
    names = pages_of(root / "_toc.yml")
    lost = [n for n in names if not ((root / f"book/{n}.md").exists() or (root / f"notebooks/{n}.ipynb").exists())]
    if lost:
        raise ValueError(f"_toc.yml names {', '.join(lost)}, but neither book/ nor notebooks/ holds such a page")
    return names


def _assemble(root: Path, source: Path, names: Sequence[str], executed: Sequence[Executed]) -> None:
    shutil.rmtree(source, ignore_errors=True)
    shutil.copytree(root / "book", source, ignore=shutil.ignore_patterns("__pycache__", ".ipynb_checkpoints"))
    for name in ("_config.yml", "_toc.yml"):
        shutil.copy(root / name, source / name)
    for run in executed:
        publish_notebook(run.path, source / run.path.name)
    fill_colophon(source / "colophon.md", executed)
    fill_help(source / "api.md")
    folder = source / "assets"
    assets.write_palette(folder)
    assets.write_math_font(folder)
    text = "".join(path.read_text(encoding="utf8") for path in source.iterdir() if path.suffix in (".md", ".ipynb"))
    explorer, interactive = (_mark(text, mark) for mark in NEEDS)
    if explorer:
        assets.write_explorer(folder)
    if interactive:
        assets.write_plotly(folder)


def _tell(report: Callable[[str], None] | None, line: str) -> None:
    if report:
        report(line)


def _mark(text: str, mark: str) -> bool:
    return mark in text or mark.replace('"', '\\"') in text  # as it is, or inside a notebook's JSON


def _fingerprint(source: Path) -> str:
    state = [hash_files([source]), hash_files(package_files()), hash_files([Path(__file__).parent]), versions()]
    return hashlib.sha256(json.dumps(state).encode()).hexdigest()


def _is_current(out: Path, wanted: str, names: Sequence[str]) -> bool:
    stamp = out / ".fingerprint"
    return stamp.is_file() and stamp.read_text(encoding="utf8") == wanted and not missing_pages(out, names)


def _typeset(source: Path, work: Path) -> Path:
    """Run jupyter-book with every warning an error; return the folder of the HTML."""
    target = work / "typeset"
    shutil.rmtree(target, ignore_errors=True)
    command = [
        sys.executable, "-c", "from jupyter_book.cli.main import main; main()",
        "build", str(source), "--path-output", str(target), "--config", str(source / "_config.yml"),
        "--toc", str(source / "_toc.yml"), "-W", "-n", "--keep-going",
    ]  # fmt: skip
    environment = {**os.environ, "PYTHONWARNINGS": "ignore", "NO_COLOR": "1", "PYTHONUTF8": "1"}
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=source)
    log = work / "jupyter-book.log"
    said = re.sub(r"\x1b\[[0-9;]*m", "", ended.stderr)
    replace_text(log, re.sub(r"\x1b\[[0-9;]*m", "", ended.stdout) + said)
    if ended.returncode != 0:
        told = [line for line in said.splitlines() if "WARNING" in line or "ERROR" in line]
        told = [line.replace(f"{source}{os.sep}", "") for line in told[:20]] or said.splitlines()[-3:]
        raise BuildFailed("jupyter-book failed:\n  " + "\n  ".join(told) + f"\n  (all of it: {log})")
    return target / "_build" / "html"


def _prune(folder: Path) -> None:
    for pattern in UNUSED:
        for path in (folder / "_static").glob(pattern):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _publish(staged: Path, out: Path) -> None:
    """Put the new book in the place of the old one; a reader never finds a part of it."""
    out.parent.mkdir(parents=True, exist_ok=True)
    old = out.with_name(f".{out.name}.old")
    shutil.rmtree(old, ignore_errors=True)
    if out.exists():
        os.replace(out, old)
    try:
        os.replace(staged, out)
    except OSError:  # another file system
        shutil.copytree(staged, out)
    shutil.rmtree(old, ignore_errors=True)
