"""What a notebook lets its reader set, and whether what is given fits."""

from __future__ import annotations

import ast
import contextlib
import difflib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import nbformat
import numpy as np
import yaml


@dataclass(frozen=True)
class Parameter:
    """One name of a parameters cell: its default, and the default's type."""

    name: str
    default: Any

    @property
    def type(self) -> type:
        """The type of the default; ``NoneType`` takes any value."""
        return type(self.default)


def read_parameters(notebook: str | Path) -> dict[str, Parameter]:
    """Read names, defaults and types from the cell of a notebook that is tagged "parameters".

    Raises:
        ValueError: there is no such cell, or more than one, or a line of it is not ``name = literal``.
    """
    notebook = Path(notebook)
    cells = nbformat.read(notebook, as_version=4).cells
    tagged = [cell for cell in cells if "parameters" in cell.metadata.get("tags", ())]
    if len(tagged) != 1:
        raise ValueError(
            f"{notebook.name}: expected one cell tagged 'parameters', came {len(tagged)}: "
            "put every value a reader may set in one such cell"
        )
    parameters = [_declared(statement, notebook.name) for statement in ast.parse(tagged[0].source).body]
    return {parameter.name: parameter for parameter in parameters}


def check_parameters(given: Mapping[str, Any], declared: Mapping[str, Parameter]) -> dict[str, Any]:
    """Return the given values as a notebook can take them: plain Python, in the declared type.

    NumPy scalars become Python's, a Path becomes a string, a tuple or array a list, an int where a float
    is declared a float. papermill itself would run an unknown name with a warning only.

    Raises:
        ValueError: an unknown name (the message has the nearest), or a value of another type.
    """
    checked = {}
    for name, value in given.items():
        if name not in declared:
            raise ValueError(_unknown(name, declared))
        checked[name] = _fit(_plain(name, value), declared[name])
    return checked


def parse_parameters(given: Sequence[tuple[str, str]], declared: Mapping[str, Parameter]) -> dict[str, Any]:
    """Read values typed on a command line: text stays text where the notebook declares text (007 is no number).

    Raises:
        ValueError: as ``check_parameters``.
    """
    values = {}
    for name, text in given:
        if name not in declared:
            raise ValueError(_unknown(name, declared))
        values[name] = text if declared[name].type is str else _literal(text)
    return check_parameters(values, declared)


def _declared(statement: ast.stmt, where: str) -> Parameter:
    expected = f"{where}: expected lines `name = value` with a literal value in the parameters cell"
    if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
        target, value = statement.targets[0], statement.value
    elif isinstance(statement, ast.AnnAssign) and statement.value is not None:
        target, value = statement.target, statement.value
    else:
        raise ValueError(f"{expected}, came `{ast.unparse(statement)}`: move it to another cell")
    if not isinstance(target, ast.Name):
        raise ValueError(f"{expected}, came `{ast.unparse(statement)}`: give each name its own line")
    try:
        return Parameter(target.id, ast.literal_eval(value))
    except ValueError:
        raise ValueError(f"{expected}, came `{ast.unparse(statement)}`: compute it in another cell") from None


def _unknown(name: str, declared: Mapping[str, Parameter]) -> str:
    near = difflib.get_close_matches(name, declared, n=1, cutoff=0.0)
    hint = f"did you mean {near[0]!r}? " if near else ""
    return f"unknown parameter {name!r}: {hint}The notebook takes {', '.join(declared) or 'none'}"


def _plain(name: str, value: Any) -> Any:
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, np.ndarray):
        return value.tolist()
    if isinstance(value, Path):
        return str(value)
    if isinstance(value, list | tuple):
        return [_plain(name, item) for item in value]
    if isinstance(value, dict):
        return {str(key): _plain(name, item) for key, item in value.items()}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise ValueError(
        f"parameter {name!r}: expected a number, text, list or mapping, came {type(value).__name__}: "
        "a notebook's parameters travel as text"
    )


def _fit(value: Any, parameter: Parameter) -> Any:
    expected = list if parameter.type is tuple else parameter.type
    if expected is type(None) or type(value) is expected:
        return value
    if expected is float and type(value) is int:
        return float(value)
    raise ValueError(
        f"parameter {parameter.name!r}: expected {expected.__name__} as in the default {parameter.default!r}, "
        f"came {type(value).__name__} ({value!r})"
    )


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        if text.startswith("["):  # [x3d, c2d], as papermill's -y takes it
            with contextlib.suppress(yaml.YAMLError):
                return yaml.safe_load(text)
        return {"true": True, "false": False, "none": None, "null": None}.get(text.lower(), text)
