"""``vmp table``: every format, read back."""

from __future__ import annotations

import csv
import io
import re
from pathlib import Path

import pandas as pd
import pytest
from command_line import CommandLine
from experiment_stand_ins import SOURCE, record_of, small_table

from vmp.experiments import compare, grid
from vmp.experiments.formats import _escaped
from vmp.experiments.store import Store

TITLES = ["Baseline", "With VMP"]


@pytest.fixture
def vmp(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> CommandLine:
    monkeypatch.setitem(grid.TABLES, "small", lambda scale, seeds, *_: small_table(*grid.seeds_of(seeds)))
    return CommandLine(capsys)


@pytest.fixture
def store(tmp_path: Path) -> Store:
    """Both rows' first seed, the baseline's second: 50 and 70 percent, and 100 with the layer."""
    found = Store(tmp_path / "results")
    found.add(*record_of(SOURCE))
    table = small_table(0, 1)
    for run, right in zip(table.row("baseline").runs, (5, 7), strict=True):
        found.add(*record_of(run, [True] * right + [False] * (10 - right)))
    found.add(*record_of(table.row("vmp").runs[0], [True] * 10))
    return found


def _printed(vmp: CommandLine, store: Store, *arguments: str) -> str:
    given = ("--scale", "smoke", "--seeds", "2", "--store", store.path)
    status, said, errors = vmp("table", *arguments, *given)
    assert (status, errors) == (0, "")
    return said


def test_markdown_has_aligned_pipes(vmp: CommandLine, store: Store) -> None:
    lines = _printed(vmp, store, "small", "--format", "md").splitlines()
    assert lines[0].startswith("Small, beside Table 2 of Chen et al., arXiv 2407.03179. Top-1 and top-5 in percent")
    assert lines[0].endswith("CPU, of a test; 2026-01-01.")
    assert "seeds 0, 1;" in lines[0]
    assert "3 of 4 runs stored" in lines[0]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:6]]
    assert rows == [
        ["Variant", "Paper, top-1", "Paper, top-5", "Here, top-1", "Here, top-5", "State"],
        ["-" * 8, "-" * 12, "-" * 12, *(rows[1][3:])],
        ["Baseline", "50.6", "81.8", "60.0 (50.0 to 70.0)", "100.0 (100.0 to 100.0)", "stored"],
        ["With VMP", "56.2", "84.3", "100.0", "100.0", "1 stored, 1 missing"],
    ]
    for block in (lines[2:6], lines[7:10]):
        assert len({tuple(match.start() for match in re.finditer(r"\|", line)) for line in block}) == 1
    assert lines[9].startswith("| With VMP | Baseline | +5.6          | +50.0        | ")
    assert len(lines) == 10


def test_csv_is_the_frame_under_one_header(vmp: CommandLine, store: Store) -> None:
    said = _printed(vmp, store, "small", "--format", "csv")
    expected = compare.table(small_table(0, 1), store=store)
    header, *rows = csv.reader(io.StringIO(said))
    assert header == list(expected.columns)
    assert [row[1] for row in rows] == TITLES
    found = pd.read_csv(io.StringIO(said), keep_default_na=False, na_values=[""])
    for name in ("top1", "top1_low", "paper_top1", "delta", "low", "p_holm"):
        assert found[name].tolist() == pytest.approx(expected[name].tolist(), nan_ok=True)
    both = list(csv.DictReader(io.StringIO(_printed(vmp, store, "small", "fig7", "--format", "csv"))))
    assert [row["table"] for row in both] == ["small"] * 2 + ["fig7"] * 3
    assert {len(row) for row in both} == {len(header) + 1}


def test_latex_is_whole(vmp: CommandLine, store: Store) -> None:
    said = _printed(vmp, store, "small", "controls", "--format", "latex", "--digits", "2")
    assert said.startswith("% in the preamble: \\usepackage{booktabs}\n\\begin{table}\n")
    _check_latex(said)
    assert "Baseline & 50.60 & 81.80 & 60.00 (50.00 to 70.00) & 100.00 (100.00 to 100.00) & stored \\\\" in said
    assert "With VMP & Baseline & $+5.60$ & $+50.00$ & " in said
    assert "\\label{tab:vmp-small}" in said
    assert "libras-static, without VMP & - & - & missing \\\\" in said  # the paper has no such table: no empty columns


def _check_latex(said: str) -> None:
    """Environments are nested, braces and dollars in pairs, cells as many as columns, nothing special as it is."""
    open_: list[str] = []
    for what, name in re.findall(r"\\(begin|end)\{(\w+)\}", said):
        if what == "begin":
            open_.append(name)
        else:
            assert open_.pop() == name
    assert open_ == []
    body = said.partition("\n")[2]
    plain = re.sub(r"\\[\\&%$#_{}]", "", body)
    assert plain.count("{") == plain.count("}")
    assert plain.count("$") % 2 == 0
    assert not set("#%~^_") & set(re.sub(r"\$[^$]*\$", "", plain))
    for columns, cells in re.findall(r"\\begin\{tabular\}\{([^\n]*)\}\n(.*?)\\end\{tabular\}", body, re.DOTALL):
        count = len(re.sub(r"p\{[^}]*\}", "l", columns))
        rows = [line for line in cells.splitlines() if line.endswith(r"\\")]
        assert len(rows) > 1
        assert {line.replace(r"\&", "").count("&") + 1 for line in rows} == {count}
        assert [line for line in cells.splitlines() if line not in rows] == [r"\toprule", r"\midrule", r"\bottomrule"]


def test_latex_of_every_letter() -> None:
    assert _escaped("50 % of a_b & #1 {x} ~ ^ \\ $") == (
        r"50 \% of a\_b \& \#1 \{x\} \textasciitilde{} \textasciicircum{} \textbackslash{} \$"
    )
    assert _escaped("“small”: -1.0 to +2.5, <0.001, half-2") == "``small'': $-1.0$ to $+2.5$, $<$0.001, half-2"


def test_text_says_where_it_comes_from(vmp: CommandLine, store: Store) -> None:
    said = _printed(vmp, store, "small", "--digits", "0")
    assert said.startswith("Table 2: Small. Scale “smoke”; 3 of 4 runs stored, seeds 0, 1; ")
    assert "With VMP  56           84     100            100               1 stored, 1 missing" in said


@pytest.mark.parametrize("form", ["text", "md", "csv", "latex"])
def test_what_is_not_stored_is_missing(vmp: CommandLine, tmp_path: Path, form: str) -> None:
    empty = Store(tmp_path / "none")
    said = _printed(vmp, empty, "table1", "--format", form, "--only", "backbone=x3d", "--only", "dataset=libras-static")
    assert said.count("X3D, without VMP; libras-static") == (1 if form in ("text", "csv") else 2)
    assert said.count("missing") == 2
    assert "not run yet" in said
    assert "not testable here" not in said
    assert "48.4" in said  # the paper's
    assert not empty.path.exists()


def test_the_table_of_times_is_measured_and_printed_alike(vmp: CommandLine, store: Store) -> None:
    said = _printed(vmp, store, "table8", "--only", "backbone=c2d", "--format", "latex")
    _check_latex(said)
    assert r"0.007 $\pm$ 0.009" in said
    header = _printed(vmp, store, "table8", "--only", "backbone=c2d", "--format", "csv").splitlines()[0]
    assert header.startswith("backbone,variant,phase,")
