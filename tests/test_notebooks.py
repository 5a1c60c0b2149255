"""The chapters: each pair agrees, holds no output, says what a reader may set, and runs with what it says."""

from pathlib import Path

import nbformat
import pytest

from vmp.book import notebooks_in_step, read_parameters
from vmp.book.pages import pages_of

ROOT = Path(__file__).resolve().parent.parent
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))
CHAPTERS = [
    "claims", "five_minutes", "layer", "power_normalisation", "temporal_variation", "seeing", "rendered_libras",
    "data_sets", "own_videos", "accuracy", "finetuning_variants", "pretraining_sources", "across_data_sets",
    "noise_and_compression", "objects_and_motion", "cameras", "costs", "what_fine_tuning_changes", "class_by_class",
    "controls", "disagreements", "runs",
]  # fmt: skip


def test_the_book_has_its_chapters_in_order():
    pages = pages_of(ROOT / "_toc.yml")
    assert pages == ["index", *CHAPTERS, "api", "api_data", "colophon"]
    assert {path.stem for path in NOTEBOOKS} == set(CHAPTERS)


def test_each_pair_agrees_and_holds_no_output():
    assert notebooks_in_step(ROOT / "notebooks") == []


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_can_be_opened_and_parametrised_as_it_is(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    assert notebook.metadata.kernelspec.name == "python3"
    assert notebook.metadata.jupytext.formats == "ipynb,py:percent"
    assert read_parameters(path)
    assert notebook.cells[0].source.startswith("# ")


@pytest.mark.parametrize("name", CHAPTERS)
def test_a_chapter_ran_to_its_end_with_its_own_values(built_book, name):
    executed = nbformat.read(built_book.parent / "executed" / f"{name}.ipynb", as_version=4)
    code = [cell for cell in executed.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in code] == list(range(1, len(code) + 1))
    assert not any("injected-parameters" in cell.metadata.get("tags", ()) for cell in code)
    assert not any(output.output_type == "error" for cell in code for output in cell.outputs)
