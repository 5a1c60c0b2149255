from pathlib import Path

import numpy as np
import pytest
from chapters import write_chapter

from vmp.book import check_parameters, parse_parameters, read_parameters, sync_notebook


@pytest.fixture(scope="module")
def declared(tmp_path_factory):
    return read_parameters(write_chapter(tmp_path_factory.mktemp("chapter")))


def test_names_defaults_and_types_are_read(declared):
    assert {name: parameter.default for name, parameter in declared.items()} == {
        "slope": 11.04, "frames": 8, "name": "moving", "adjacent": True, "sizes": (2, 3), "seed": None,
    }  # fmt: skip
    assert declared["slope"].type is float
    assert declared["adjacent"].type is bool


def test_annotated_negative_and_commented_defaults_are_read(tmp_path):
    notebook = write_chapter(tmp_path)
    text = tmp_path / "chapter.py"
    text.write_text(text.read_text().replace("slope = 11.04", "shift: float = -0.59  # b"))

    sync_notebook(text)
    assert read_parameters(notebook)["shift"].default == -0.59


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ({"slope": 20}, {"slope": 20.0}),
        ({"slope": np.float32(0.5)}, {"slope": 0.5}),
        ({"frames": np.int64(16)}, {"frames": 16}),
        ({"name": Path("a/b.mp4")}, {"name": str(Path("a/b.mp4"))}),
        ({"sizes": (4, 5)}, {"sizes": [4, 5]}),
        ({"sizes": np.array([4, 5])}, {"sizes": [4, 5]}),
        ({"seed": 3}, {"seed": 3}),
        ({"seed": {"a": (1, np.int64(2))}}, {"seed": {"a": [1, 2]}}),
        ({}, {}),
    ],
)
def test_values_become_what_a_notebook_can_take(declared, given, expected):
    checked = check_parameters(given, declared)
    assert checked == expected
    assert [type(value) for value in checked.values()] == [type(value) for value in expected.values()]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"slop": 1.0}, r"unknown parameter 'slop': did you mean 'slope'\? The notebook takes slope, frames, name"),
        ({"slope": "11"}, r"'slope': expected float as in the default 11.04, came str \('11'\)"),
        ({"frames": 8.5}, r"'frames': expected int as in the default 8, came float \(8.5\)"),
        ({"frames": True}, r"'frames': expected int .* came bool"),
        ({"adjacent": 1}, r"'adjacent': expected bool .* came int"),
        ({"sizes": 4}, r"'sizes': expected list .* came int"),
        ({"seed": {1, 2}}, r"'seed': expected a number, text, list or mapping, came set"),
        ({"seed": 1j}, r"came complex"),
    ],
)
def test_what_does_not_fit_is_refused(declared, given, message):
    with pytest.raises(ValueError, match=message):
        check_parameters(given, declared)


def test_words_of_a_command_line_are_read_by_the_declared_type(declared):
    words = [("name", "007"), ("slope", "20"), ("adjacent", "false"), ("sizes", "[4, 5]"), ("seed", "null")]
    assert parse_parameters(words, declared) == {
        "name": "007", "slope": 20.0, "adjacent": False, "sizes": [4, 5], "seed": None,
    }  # fmt: skip
    assert parse_parameters([("seed", "[x3d, c2d]")], declared) == {"seed": ["x3d", "c2d"]}
    assert parse_parameters([("seed", "[x3d")], declared) == {"seed": "[x3d"}
    with pytest.raises(ValueError, match="did you mean 'frames'"):
        parse_parameters([("frame", "3")], declared)
    with pytest.raises(ValueError, match=r"expected float .* came str \('steep'\)"):
        parse_parameters([("slope", "steep")], declared)


@pytest.mark.parametrize(
    ("lines", "message"),
    [
        ("a = 2 ** 3", r"came `a = 2 \*\* 3`: compute it in another cell"),
        ("import numpy", r"came `import numpy`: move it to another cell"),
        ("a, b = 1, 2", r"came `a, b = \(?1, 2\)?`: give each name its own line"),
    ],
)
def test_a_parameters_cell_holds_literals_only(tmp_path, lines, message):
    write_chapter(tmp_path)
    text = tmp_path / "chapter.py"
    text.write_text(text.read_text().replace("slope = 11.04", lines))

    with pytest.raises(ValueError, match=message):
        read_parameters(sync_notebook(text))


@pytest.mark.parametrize(("tags", "count"), [("other", 0), ("parameters", 2)])
def test_a_notebook_has_one_parameters_cell(tmp_path, tags, count):
    write_chapter(tmp_path)
    text = tmp_path / "chapter.py"
    content = text.read_text()
    if count == 2:
        content += '\n# %% tags=["parameters"]\nother = 1\n'
    else:
        content = content.replace('tags=["parameters"]', f'tags=["{tags}"]')
    text.write_text(content)

    with pytest.raises(ValueError, match=f"chapter.ipynb: expected one cell tagged 'parameters', came {count}"):
        read_parameters(sync_notebook(text))
