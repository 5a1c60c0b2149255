"""A table beside the paper's as somebody's own paper takes it: Markdown, LaTeX, CSV, or text for a terminal."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import compress
from typing import TYPE_CHECKING

from vmp.experiments import text
from vmp.experiments.nearest import unknown
from vmp.experiments.reproduction import Reproduction, provenance

if TYPE_CHECKING:
    import pandas as pd

#: Digits after the point that a percentage may be printed with.
MOST_DIGITS = 6

_ROW_HEAD = ("Variant", "Paper, top-1", "Paper, top-5", "Here, top-1", "Here, top-5", "State")
_PAIR_HEAD = ("Compared", "with", "Paper, points", "Here, points", "95 % interval", "p", "Verdict")
_PAIRS_SAY = (
    "Differences in points of top-1; p of a paired permutation over trajectories, with Holm's correction for all "
    "differences of this table."
)
_PAPER = "arXiv 2407.03179"


@dataclass(frozen=True)
class Page:
    """A table beside the paper's, ready to be written in any format.

    Attributes:
        name: as a command takes it.
        title, caption: for people.
        parts: tables of cells, each with its header first.
        frame: all columns, for CSV.
        text: for a terminal, whole.
    """

    name: str
    title: str
    caption: str
    parts: Sequence[Sequence[tuple[str, ...]]]
    frame: pd.DataFrame
    text: str


def page(shown: Reproduction, digits: int = 1) -> Page:
    """A table of trained runs: its rows and what is compared, with scale, stand-ins, seeds, device and dates.

    Args:
        shown: of :func:`vmp.experiments.printable.printable`.
        digits: after the point of percentages and points, 0 to 6.
    """
    table, said = shown.table, provenance(shown)
    beside = f", beside Table {table.number} of Chen et al., {_PAPER}" if table.number else ""
    says = [f"{shown.unit}, mean over seeds (lowest to highest).", *([_PAIRS_SAY] if len(shown.pairs) else [])]
    if not table.stands_for:
        says.append(f"Data: {', '.join(table.datasets)}.")
    return Page(
        name=table.name,
        title=f"{table.title}{beside}",
        caption=" ".join([*says, said]),
        parts=_parts(shown, digits),
        frame=shown.rows,
        text=text.table(table, shown.rows, shown.pairs, digits, said, shown.unit).lstrip("\n"),
    )


def written(pages: Sequence[Page], kind: str = "text") -> str:
    """Tables beside the paper's, one after the other.

    Args:
        pages: at least one.
        kind: a key of :data:`FORMATS`. "csv" has all columns (:func:`vmp.experiments.compare.table`) with all their
            digits under one header, where there are several tables the table's name before them, and no caption.

    Raises:
        ValueError: another format, with the nearest.
    """
    check(kind)
    return FORMATS[kind](pages)


def check(kind: str, digits: int = 1) -> None:
    """Raise ValueError for another format, with the nearest, and for digits out of range."""
    if kind not in FORMATS:
        raise unknown("format", kind, FORMATS)
    if not 0 <= digits <= MOST_DIGITS:
        raise ValueError(f"digits: expected 0 to {MOST_DIGITS}, got {digits}")


def _text(pages: Sequence[Page]) -> str:
    return "\n\n".join(each.text for each in pages)


def _csv(pages: Sequence[Page]) -> str:
    import pandas as pd

    frames = [each.frame for each in pages]
    if len(pages) > 1:
        frames = [each.frame.assign(table=each.name)[["table", *each.frame.columns]] for each in pages]
    return pd.concat(frames, ignore_index=True).to_csv(index=False, lineterminator="\n").rstrip("\n")


def _markdown(pages: Sequence[Page]) -> str:
    return "\n\n".join(
        part for each in pages for part in (f"{each.title}. {each.caption}", *(_pipes(lines) for lines in each.parts))
    )


def _pipes(lines: Sequence[Sequence[str]]) -> str:
    cells = [[cell.replace("|", r"\|") for cell in line] for line in lines]
    widths = [max(3, *(len(line[column]) for line in cells)) for column in range(len(cells[0]))]
    cells.insert(1, ["-" * width for width in widths])
    return "\n".join(
        f"| {' | '.join(f'{cell:<{width}}' for cell, width in zip(line, widths, strict=True))} |" for line in cells
    )


def _latex(pages: Sequence[Page]) -> str:
    return "% in the preamble: \\usepackage{booktabs}\n" + "\n\n".join("\n".join(_float(each)) for each in pages)


def _float(shown: Page) -> list[str]:
    return [
        r"\begin{table}",
        r"\centering\small",
        rf"\caption{{{_escaped(f'{shown.title}. {shown.caption}')}}}",
        rf"\label{{tab:vmp-{shown.name}}}",
        "\n\n\\medskip\n".join(_tabular(lines) for lines in shown.parts),
        r"\end{table}",
    ]


def _tabular(lines: Sequence[Sequence[str]]) -> str:
    head, *rest = (" & ".join(_escaped(cell) for cell in line) + r" \\" for line in lines)
    columns = "".join(_COLUMNS.get(name, "r") for name in lines[0])
    middle = [r"\toprule", head, r"\midrule", *rest, r"\bottomrule"]
    return "\n".join([rf"\begin{{tabular}}{{{columns}}}", *middle, r"\end{tabular}"])


#: Columns of words, which are broken where they are long; all others are flushed right.
_COLUMNS = {
    "Variant": r"p{.34\linewidth}",
    "State": r"p{.12\linewidth}",
    "Compared": r"p{.18\linewidth}",
    "with": r"p{.18\linewidth}",
    "Verdict": r"p{.14\linewidth}",
    "model": "l",
    "phase": "l",
}
_LATEX = {
    "\\": r"\textbackslash{}", "&": r"\&", "%": r"\%", "$": r"\$", "#": r"\#", "_": r"\_", "{": r"\{", "}": r"\}",
    "~": r"\textasciitilde{}", "^": r"\textasciicircum{}", "<": "$<$", ">": "$>$", "|": r"\textbar{}",
    "“": "``", "”": "''", "−": "$-$", "±": r"$\pm$", "–": "--",
}  # fmt: skip


def _escaped(words: str) -> str:
    """Words as LaTeX sets them, signed numbers with a minus and not a hyphen."""
    escaped = "".join(_LATEX.get(letter, letter) for letter in words)
    return re.sub(r"(?<![\w.-])([+-]\d+(?:\.\d+)?)", r"$\1$", escaped)


def _parts(shown: Reproduction, digits: int) -> list[list[tuple[str, ...]]]:
    """The rows and, where there are any, the comparisons, each under its header, without columns that hold nothing."""
    parts = [[text.without_top5(_ROW_HEAD, shown.rows), *text.row_cells(shown.rows, digits)]]
    if len(shown.pairs):
        parts.append([_PAIR_HEAD, *text.pair_cells(shown.pairs, digits, shown.titles)])
    return [_filled(lines) for lines in parts]


def _filled(lines: Sequence[tuple[str, ...]]) -> list[tuple[str, ...]]:
    said = [any(cell not in ("", "stored") for cell in cells) for _, *cells in zip(*lines, strict=True)]
    return [tuple(compress(line, said)) for line in lines]


#: Name -> function of what is printed.
FORMATS: dict[str, Callable[[Sequence[Page]], str]] = {
    "text": _text,
    "md": _markdown,
    "csv": _csv,
    "latex": _latex,
}
