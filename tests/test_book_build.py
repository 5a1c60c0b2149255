import os
import subprocess
import sys
from pathlib import Path

import pytest
from chapters import ROOT, write_chapter, write_checkout

from vmp.book import BuildFailed, NotebookFailed, build_book
from vmp.book.build import LONGEST, _publish, execute_chapters
from vmp.book.execution import execute
from vmp.book.pages import pages_of

BODY = """\
# hide
import plotly.graph_objects as go
from vmp.figures.interactive import Interactive
Interactive(go.Figure(go.Scatter(y=[1, 2])), alt="A line")

# %% [markdown]
# With $\\\\mathbf{A}_t$ after {cite}`chen2024motion`:
#
# $$ f(x) = 1 \\\\tag{7} $$
#
# and back to [](#eq-7).
""".replace("\\\\", "\\")


def build(root: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "vmp.book", "--root", str(root), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True)


@pytest.fixture(scope="module")
def checkout(tmp_path_factory) -> Path:
    return write_checkout(tmp_path_factory.mktemp("checkout"), BODY, "As in [](chapter.ipynb#eq-7).")


@pytest.fixture(scope="module")
def first(checkout):
    return build(checkout)


def test_the_command_says_what_it_did_and_where_to_open_it(checkout, first):
    assert first.returncode == 0, first.stderr
    assert first.stderr == ""
    lines = first.stdout.splitlines()
    assert [line.split()[0] for line in lines[:2]] == ["chapter", "the"]
    assert lines[3] == f"Open it from disk:  file://{checkout}/build/book/index.html"
    assert "-m http.server" in lines[4]


def test_the_pages_hold_what_they_should(checkout, first):
    page = (checkout / "build" / "book" / "chapter.html").read_text()
    assert "<h1>" in page
    assert 'class="vmp-interactive"' in page
    assert "application/vnd" not in page
    assert '<span class="eqno">(7)</span>' in page
    assert '<span id="eq-7">' in page
    assert 'href="#eq-7"' in page
    assert "<em>et al.</em>, 2025" in page
    assert 'href="chapter.html#eq-7"' in (checkout / "build" / "book" / "index.html").read_text()


def test_a_page_loads_scripts_only_where_it_needs_them(checkout, first):
    book = checkout / "build" / "book"
    assert "figures.js" in (book / "chapter.html").read_text()
    assert "figures.js" not in (book / "index.html").read_text()
    assert (book / "_static" / "plotly.min.js").exists()
    assert not (book / "_static" / "scripts" / "fontawesome.js").exists()
    for page in book.glob("*.html"):
        text = page.read_text()
        assert "fontawesome.js" not in text
        assert 'src="http' not in text
        assert 'rel="stylesheet" href="http' not in text


def test_a_second_run_uses_what_is_stored(checkout, first):
    index = checkout / "build" / "book" / "index.html"
    before = index.stat().st_mtime_ns
    lines = []
    assert build_book(checkout, report=lines.append) == index
    assert all(line.endswith("stored") for line in lines)
    assert len(lines) == 2
    assert index.stat().st_mtime_ns == before


def test_a_notebook_that_fails_leaves_the_published_book(checkout, first):
    write_chapter(checkout / "notebooks", body="1 / 0")
    with pytest.raises(NotebookFailed, match=r"chapter.ipynb, cell 3: ZeroDivisionError: division by zero"):
        build_book(checkout)
    assert "vmp-interactive" in (checkout / "build" / "book" / "chapter.html").read_text()
    write_chapter(checkout / "notebooks", body=BODY)


def test_the_first_failure_of_several_is_told_and_no_other_begins(tmp_path):
    root = write_checkout(tmp_path, "1 / 0")
    toc = root / "_toc.yml"
    for number in range(2, 9):
        write_chapter(root / "notebooks", f"chapter{number}", f"open('begun{number}', 'w').close()")
        toc.write_text(toc.read_text() + f"      - file: chapter{number}\n")
    with pytest.raises(NotebookFailed, match=r"chapter.ipynb, cell 3: ZeroDivisionError"):
        build_book(root)
    assert len(list((root / "notebooks").glob("begun*"))) < 7


def test_a_notebook_runs_in_its_folder_and_this_process_stays_in_its_own(tmp_path, monkeypatch):
    """A process has one folder for all its threads: papermill's cwd= would let two at once leave it anywhere."""
    folder = tmp_path / "notebooks"
    notebook = write_chapter(folder, body="import os\nopen('where', 'w').write(os.getcwd())")
    before, went = Path.cwd(), []
    monkeypatch.setattr(os, "chdir", went.append)
    execute(notebook, tmp_path / "out.ipynb")
    assert Path((folder / "where").read_text()) == folder
    assert {Path(where) for where in went} <= {before}


def test_the_longest_chapters_begin_first_and_keep_their_place(tmp_path, monkeypatch):
    assert set(LONGEST) <= set(pages_of(ROOT / "_toc.yml"))
    names, begun = ["layer", *reversed(LONGEST), "runs"], []
    (tmp_path / "notebooks").mkdir()
    for name in names:
        (tmp_path / "notebooks" / f"{name}.ipynb").touch()

    def execute(notebook: Path, *arguments: object, **options: object) -> str:
        begun.append(notebook.stem)
        return notebook.stem

    monkeypatch.setattr("vmp.book.build.execute", execute)
    monkeypatch.setattr("vmp.book.build.cores", lambda: 1)
    assert execute_chapters(tmp_path, tmp_path / "work", names) == names
    assert begun == [*reversed(LONGEST), "layer", "runs"]


def test_a_warning_of_jupyter_book_is_an_error_that_names_the_place(tmp_path):
    prose = "[nowhere](lost.md), {cite}`nobody2020`, $\\unknown{x}$"
    root = write_checkout(tmp_path, "import warnings\nwarnings.warn('careful')", prose)
    run = build(root)
    assert run.returncode == 1
    assert "vmp book: jupyter-book failed:" in run.stderr
    for told in ("index.md", "lost.md", "nobody2020", r"Undefined control sequence: \unknown", "chapter.ipynb"):
        assert told in run.stderr
    assert not (root / "build" / "book").exists()


def test_a_page_without_a_title_is_not_published(tmp_path):
    root = write_checkout(tmp_path, "1 + 1")
    text = root / "notebooks" / "chapter.py"
    text.write_text(text.read_text().replace("# # A chapter", "# No title"))
    run = build(root, "--sync")
    assert run.returncode == 0, run.stderr
    with pytest.raises(BuildFailed, match=r"(?i)title"):
        build_book(root)


def test_mistakes_are_named_before_anything_runs(tmp_path):
    with pytest.raises(ValueError, match=r"holds no _config.yml: give the folder of the checkout"):
        build_book(tmp_path)
    root = write_checkout(tmp_path / "checkout", "1 + 1")
    text = root / "notebooks" / "chapter.py"
    text.write_text(text.read_text() + "\n# %%\n2 + 2\n")
    run = build(root)
    assert (run.returncode, run.stdout) == (1, "")
    assert run.stderr == "vmp book: chapter.py has 4 cells and chapter.ipynb 3: run `python -m vmp.book --sync`\n"
    build(root, "--sync")
    toc = root / "_toc.yml"
    toc.write_text(toc.read_text() + "      - file: lost\n")
    with pytest.raises(ValueError, match=r"_toc.yml names lost, but neither book/ nor notebooks/ holds such a page"):
        build_book(root)


def test_publishing_replaces_the_whole_folder(tmp_path):
    for name, content in (("staged", "new"), ("book", "old")):
        (tmp_path / name).mkdir()
        (tmp_path / name / f"{content}.html").write_text(content)
    _publish(tmp_path / "staged", tmp_path / "book")
    assert [path.name for path in (tmp_path / "book").iterdir()] == ["new.html"]
    assert [path.name for path in tmp_path.iterdir()] == ["book"]
