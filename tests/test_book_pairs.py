import json

import nbformat
import pytest
from chapters import write_chapter

from vmp.book import notebooks_in_step, sync_notebook


def test_the_notebook_is_the_text_without_state(tmp_path):
    notebook = nbformat.read(write_chapter(tmp_path), as_version=4)
    assert [cell.cell_type for cell in notebook.cells] == ["markdown", "code", "code"]
    assert notebook.cells[1].metadata.tags == ["parameters"]
    assert notebook.cells[2].source == "print(slope)"
    assert notebook.metadata.kernelspec.name == "python3"
    assert all(cell.outputs == [] and cell.execution_count is None for cell in notebook.cells[1:])
    nbformat.validate(notebook)


def test_the_same_text_gives_the_same_bytes_and_a_new_cell_leaves_the_other_ids(tmp_path):
    target = write_chapter(tmp_path)
    first = target.read_bytes()
    target.unlink()
    sync_notebook(tmp_path / "chapter.py")
    assert target.read_bytes() == first
    before = {cell["id"] for cell in json.loads(first)["cells"]}
    write_chapter(tmp_path, body="x = 1\n\n# %%\nprint(slope)\n\n# %%\nprint(slope)")
    after = [cell["id"] for cell in json.loads(target.read_text())["cells"]]
    assert before <= set(after)
    assert len(after) == len(set(after)) == 5


def test_a_pair_in_step_has_no_problem(tmp_path):
    write_chapter(tmp_path)
    assert notebooks_in_step(tmp_path) == []


def test_each_way_out_of_step_is_named(tmp_path):
    write_chapter(tmp_path, "changed")
    (tmp_path / "changed.py").write_text((tmp_path / "changed.py").read_text().replace("(slope)", "(-slope)"))
    write_chapter(tmp_path, "longer")
    (tmp_path / "longer.py").write_text((tmp_path / "longer.py").read_text() + "\n# %%\n1 + 1\n")
    write_chapter(tmp_path, "only_text").unlink()
    write_chapter(tmp_path, "only_notebook")
    (tmp_path / "only_notebook.py").unlink()
    ran = write_chapter(tmp_path, "ran")
    content = json.loads(ran.read_text())
    content["cells"][2]["execution_count"] = 1
    ran.write_text(json.dumps(content))
    assert notebooks_in_step(tmp_path) == [
        "changed.py and changed.ipynb disagree (cell 3): run `python -m vmp.book --sync`",
        "longer.py has 4 cells and longer.ipynb 3: run `python -m vmp.book --sync`",
        "only_notebook.ipynb has no only_notebook.py: a chapter is a pair; people edit the .py",
        "only_text.py has no only_text.ipynb: run `python -m vmp.book --sync`",
        "ran.ipynb holds an output (cell 3): outputs are built, not committed; run `python -m vmp.book --sync`",
    ]


def test_a_changed_tag_is_out_of_step(tmp_path):
    write_chapter(tmp_path)
    text = tmp_path / "chapter.py"
    text.write_text(text.read_text().replace("# %%\nprint", '# %% tags=["hide-input"]\nprint'))
    assert "disagree (cell 3)" in notebooks_in_step(tmp_path)[0]


@pytest.mark.parametrize("name", ["chapter.ipynb", "absent.py"])
def test_only_the_text_half_can_be_synced(tmp_path, name):
    write_chapter(tmp_path)
    with pytest.raises(ValueError, match=r"expected a percent-format \.py file, came .*" + name):
        sync_notebook(tmp_path / name)
