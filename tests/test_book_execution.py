import json
import subprocess
import sys

import nbformat
import pytest
from chapters import ROOT, write_chapter

from vmp.book import NotebookFailed, execute
from vmp.book.execution import fingerprint, hash_files
from vmp.book.parameters import read_parameters


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    folder = tmp_path_factory.mktemp("ran")
    notebook = write_chapter(
        folder / "notebooks", body="import sys, os\nprint(sys.executable)\nprint(os.getcwd())\nprint(slope, name)"
    )
    lines = []
    done = execute(notebook, folder / "out" / "chapter.ipynb", {"slope": 20, "name": "007"}, report=lines.append)
    return folder, notebook, done, lines


def test_it_runs_on_this_interpreter_in_the_notebooks_folder_with_the_values(ran):
    folder, _, done, _ = ran
    notebook = nbformat.read(done.path, as_version=4)
    printed = notebook.cells[-1].outputs[0].text.splitlines()
    assert printed == [sys.executable, str(folder / "notebooks"), "20.0 007"]
    assert done.parameters == {"slope": 20.0, "name": "007"}
    assert done.stored is False
    assert done.seconds > 0


def test_a_kernel_installed_elsewhere_under_the_same_name_does_not_win(tmp_path, monkeypatch):
    spec = tmp_path / "jupyter" / "kernels" / "python3"
    spec.mkdir(parents=True)
    other = {"argv": ["/bin/false"], "display_name": "Python 3", "language": "python"}
    (spec / "kernel.json").write_text(json.dumps(other))
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    notebook = write_chapter(tmp_path, body="import sys; print(sys.executable)")
    done = execute(notebook, tmp_path / "out.ipynb")
    assert nbformat.read(done.path, as_version=4).cells[-1].outputs[0].text.strip() == sys.executable


def test_one_line_a_notebook_says_name_seconds_and_whether_it_was_stored(ran):
    _, notebook, done, lines = ran
    assert lines == [f"chapter                 {done.seconds:7.1f} s"]
    again = []
    kept = execute(notebook, done.path, {"name": "007", "slope": 20.0}, report=again.append)
    assert kept.stored is True
    assert again == [f"{lines[0]}  stored"]
    assert (kept.date, kept.versions, kept.seconds) == (done.date, done.versions, done.seconds)


def test_what_decides_the_outcome_decides_the_fingerprint(ran, tmp_path):
    _, notebook, _, _ = ran
    results = tmp_path / "results"
    results.mkdir()
    (results / "a.csv").write_text("1")
    base = fingerprint(notebook, {}, [results])
    assert fingerprint(notebook, {}, [results]) == base
    assert fingerprint(notebook, {"slope": 1.0}, [results]) != base
    (results / "a.csv").write_text("2")
    assert fingerprint(notebook, {}, [results]) != base
    other = write_chapter(tmp_path, body="print(-slope)")
    assert fingerprint(other, {}, []) != fingerprint(notebook, {}, [])


def test_a_changed_copy_or_a_broken_stamp_is_not_used(ran, tmp_path):
    notebook = write_chapter(tmp_path, body="1 + 1")
    out = tmp_path / "out" / "chapter.ipynb"
    execute(notebook, out)
    out.with_suffix(".part.ipynb").write_text("what a killed run leaves")
    assert execute(notebook, out).stored is True
    out.write_text(out.read_text() + " ")
    assert execute(notebook, out).stored is False
    out.with_suffix(".json").write_text("{")
    assert execute(notebook, out).stored is False
    assert execute(notebook, out, force=True).stored is False
    assert sorted(path.name for path in out.parent.iterdir()) == ["chapter.ipynb", "chapter.json"]


def test_a_failed_notebook_is_named_with_its_cell_and_kept_aside(tmp_path):
    notebook = write_chapter(tmp_path, body="1 + 1")
    out = tmp_path / "out" / "chapter.ipynb"
    execute(notebook, out)
    good = hash_files([out])
    write_chapter(tmp_path, body="x = 1\n\n# %%\nraise KeyError('no such clip')")
    expected = (
        r"^chapter.ipynb, cell 4: KeyError: 'no such clip'; the copy with the traceback is .*chapter.failed.ipynb"
    )
    with pytest.raises(NotebookFailed, match=expected):
        execute(notebook, out)
    assert hash_files([out]) == good
    assert "KeyError" in out.with_suffix(".failed.ipynb").read_text()
    write_chapter(tmp_path, body="2 + 2")
    execute(notebook, out)
    assert not out.with_suffix(".failed.ipynb").exists()


def test_a_cell_that_takes_too_long_fails_the_notebook(tmp_path):
    notebook = write_chapter(tmp_path, body="import time\ntime.sleep(60)")
    with pytest.raises(NotebookFailed, match=r"^chapter.ipynb: CellTimeoutError"):
        execute(notebook, tmp_path / "out.ipynb", timeout=2)


def test_a_kernel_that_dies_fails_the_notebook(tmp_path):
    notebook = write_chapter(tmp_path, body="import os\nos._exit(1)")
    with pytest.raises(NotebookFailed, match=r"^chapter.ipynb: DeadKernelError"):
        execute(notebook, tmp_path / "out.ipynb")


def test_mistakes_are_found_before_a_kernel_starts(tmp_path):
    notebook = write_chapter(tmp_path)
    with pytest.raises(ValueError, match="unknown parameter 'slop': did you mean 'slope'"):
        execute(notebook, tmp_path / "out.ipynb", {"slop": 1.0})
    with pytest.raises(ValueError, match=r"expected a notebook \(.ipynb\), came .*chapter.py"):
        execute(tmp_path / "chapter.py", tmp_path / "out.ipynb")
    with pytest.raises(ValueError, match=r"absent.ipynb: give the path of one that is there"):
        execute(tmp_path / "absent.ipynb", tmp_path / "out.ipynb")


def test_papermill_itself_runs_a_chapter_as_typed(tmp_path):
    notebook = write_chapter(tmp_path, body="print(slope)")
    command = [sys.executable, "-m", "papermill", notebook.name, "out.ipynb", "-p", "slope", "12.5"]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    assert nbformat.read(tmp_path / "out.ipynb", as_version=4).cells[-1].outputs[0].text == "12.5\n"
    assert read_parameters(notebook)["slope"].default == 11.04


def test_the_command_executes_one_notebook(tmp_path):
    write_chapter(tmp_path / "notebooks", body="print(slope, name)")
    base = [sys.executable, "-m", "vmp.book", "--root", str(tmp_path)]
    run = subprocess.run([*base, "--only", "chapter", "-p", "name", "007"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
    assert run.stderr == ""
    out = tmp_path / "out" / "chapter.ipynb"
    assert run.stdout.splitlines()[1] == str(out)
    assert nbformat.read(out, as_version=4).cells[-1].outputs[0].text == "11.04 007\n"
    run = subprocess.run([*base, "--only", "chaptr"], cwd=ROOT, capture_output=True, text=True)
    assert (run.returncode, run.stderr) == (1, "vmp book: no notebook 'chaptr': expected one of chapter\n")
    run = subprocess.run([*base, "-p", "slope", "2"], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 1
    assert "-p needs --only NAME" in run.stderr
