import nbformat
import pytest
from fontTools.ttLib import TTFont
from nbformat.v4 import new_code_cell, new_notebook, new_output

from vmp.book import assets
from vmp.book.cleaning import clean, publish_notebook
from vmp.book.colophon import fill_colophon
from vmp.book.execution import Executed
from vmp.book.pages import missing_pages, page_title, pages_of
from vmp.book.reference import command_help, fill_help
from vmp.figures import palette

TOC = """\
format: jb-book
root: index
parts:
  - caption: One
    chapters: [{file: layer}, {file: seeing}]
  - caption: Two
    chapters: [{file: colophon}]
"""


def test_the_pages_of_a_table_of_contents_come_in_reading_order(tmp_path):
    (tmp_path / "_toc.yml").write_text(TOC)
    assert pages_of(tmp_path / "_toc.yml") == ["index", "layer", "seeing", "colophon"]


@pytest.mark.parametrize("content", ["", "root: index\n", "chapters: [{file: a}]\n"])
def test_a_table_of_contents_without_root_or_chapters_is_refused(tmp_path, content):
    (tmp_path / "_toc.yml").write_text(content)
    with pytest.raises(ValueError, match="expected `root:` and chapters with `file:`, came"):
        pages_of(tmp_path / "_toc.yml")


def test_a_page_that_is_absent_or_has_no_title_is_missing(tmp_path):
    (tmp_path / "good.html").write_text("<h1>Menu</h1><article><h1>A &amp; B</h1></article>")
    (tmp_path / "bare.html").write_text("<h1>Menu</h1><article><p>text</p></article>")
    assert missing_pages(tmp_path, ["good", "bare", "lost"]) == [
        "bare.html has no title: begin the chapter with `# Title`",
        "lost.html was not built",
    ]


def test_a_title_is_text_without_number_and_link():
    page = (
        '<article><h1><span class="section-number">2. </span>The <em>layer</em>'
        '<a class="headerlink" href="#x">#</a></h1></article>'
    )
    assert page_title(page) == "The layer"


def test_live_outputs_and_the_metadata_of_the_run_are_dropped():
    plotly = "application/vnd.plotly.v1+json"
    outputs = [new_output("display_data", {plotly: {}, "text/html": "<figure>"}), new_output("stream", text="x")]
    cell = new_code_cell("x", outputs=outputs, metadata={"papermill": {"duration": 1}, "tags": ["a"]})
    notebook = new_notebook(cells=[cell], metadata={"widgets": {"state": {}}, "papermill": {}, "title": "A"})
    clean(notebook, "chapter")
    assert notebook.cells[0].outputs[0].data == {"text/html": "<figure>"}
    assert notebook.cells[0].metadata == {"tags": ["a"]}
    assert notebook.metadata == {"title": "A"}


def test_an_output_that_only_a_kernel_could_show_is_refused():
    output = new_output("display_data", {"application/vnd.jupyter.widget-view+json": {}, "text/plain": "Slider()"})
    notebook = new_notebook(cells=[new_code_cell("x", outputs=[output])])
    with pytest.raises(ValueError, match=r"^chapter, cell 1: expected something a page can show without a kernel"):
        clean(notebook, "chapter")


def test_a_failed_run_is_never_published(tmp_path):
    notebook = new_notebook(metadata={"papermill": {"exception": True}})
    nbformat.write(notebook, tmp_path / "chapter.ipynb")
    with pytest.raises(ValueError, match="expected a run that ended well, came a failed one"):
        publish_notebook(tmp_path / "chapter.ipynb", tmp_path / "page.ipynb")
    assert not (tmp_path / "page.ipynb").exists()


def test_the_colophon_names_each_notebook_and_each_version(tmp_path):
    page = tmp_path / "colophon.md"
    page.write_text("# Built\n\n% table: notebooks\n\n% table: versions\n")
    runs = [
        Executed("layer", tmp_path / "layer.ipynb", 3.21, "2030-01-02", "CPU, 2 cores", {}, {"torch": "2.1"}, False),
        Executed("seeing", tmp_path / "seeing.ipynb", 4, "2030-01-03", "GPU", {"slope": 2.0}, {"torch": "2.2"}, True),
    ]
    fill_colophon(page, runs)
    text = page.read_text()
    assert "| [layer](layer.ipynb) | 3.2 | 2030-01-02 | CPU, 2 cores | as in the notebook |" in text
    assert "| [seeing](seeing.ipynb) | 4.0 | 2030-01-03 | GPU | `slope` = `2.0` |" in text
    assert "| torch | 2.1, 2.2 |" in text
    assert "| sphinx | " in text
    assert "% table" not in text
    fill_colophon(tmp_path / "absent.md", runs)


def test_the_font_of_the_mathematics_has_what_formulas_need(tmp_path):
    target = assets.write_math_font(tmp_path)
    assert target.stat().st_size < 250_000
    assert target.read_bytes()[:4] == b"wOF2"
    font = TTFont(target)
    needed = "f(D)=αβγε𝐃𝒱ℝ∑∏∂√≤≥⊙‖′−·×𝛼𝑎𝑏"
    assert {ord(letter) for letter in needed} <= set(font.getBestCmap())
    assert "MATH" in font


def test_the_palette_is_written_as_css(tmp_path):
    text = assets.write_palette(tmp_path).read_text()
    assert f"--vmp-attention: {palette.ATTENTION};" in text
    assert "--vmp-brighter: #f18c2a;" in text  # (241, 140, 42)


def test_plotly_is_the_installed_one(tmp_path):
    from plotly.offline import get_plotlyjs_version

    assert get_plotlyjs_version() in assets.write_plotly(tmp_path).read_text()[:400]


def test_the_reference_has_the_help_of_each_command(tmp_path):
    page = tmp_path / "api.md"
    page.write_text("# API\n\n% help: maps\n")
    fill_help(page)
    text = page.read_text()
    assert "```text\nUsage: vmp maps [OPTIONS]" in text
    assert "--preset" in text
    assert max(len(line) for line in text.splitlines()) <= 88
    with pytest.raises(ValueError, match="expected a command of vmp, came 'mops'"):
        command_help("mops")
