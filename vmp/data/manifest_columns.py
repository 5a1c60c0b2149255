"""The columns of a manifest, their order and kinds; and how its errors name rows and unknown names."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from vmp.nearest import did_you_mean

COLUMNS = ("clip", "path", "start", "end", "unit", "label", "class_name")
MEASURED = ("frames", "rate", "width", "height")
UNITS = ("s", "frame")
SPLITS = ("train", "validation", "test", "unused")
_SPLIT_COLUMN = re.compile(r"split[1-9][0-9]*")


class ManifestError(ValueError):
    """A table that is no manifest, or contradicts itself: says what, and in which rows."""


def is_split(column: str) -> bool:
    """Whether a column of this name says what clips are for."""
    return column == "split" or _SPLIT_COLUMN.fullmatch(str(column)) is not None


def ordered(table: pd.DataFrame, extras: tuple[str, ...]) -> pd.DataFrame:
    """A copy with columns in order and of their kinds; ManifestError for columns or values that are not so."""
    names = [str(name) for name in table.columns]
    splits = [name for name in names if is_split(name)]
    known = [*COLUMNS, *splits, *MEASURED, *extras]
    missing = [name for name in (*COLUMNS, *extras) if name not in names]
    if missing or not splits:
        lacking = ", ".join(missing + ([] if splits else ["split"]))
        raise ManifestError(f"columns: expected {lacking} too, got {', '.join(names) or 'none'}")
    if len(set(names)) < len(names) or set(extras) & {*COLUMNS, *splits, *MEASURED}:
        raise ManifestError(f"columns: expected each once, got {', '.join(names)} with extras {', '.join(extras)}")
    if "split" in splits and len(splits) > 1:
        raise ManifestError(f"columns: expected 'split', or 'split1', 'split2', ..., got {', '.join(splits)}")
    for name in names:
        if name not in known:
            raise ManifestError(
                f"{unknown_text('column', name, known)}. What only this set knows is declared in extras; in "
                f'a CSV file the first line does that: # vmp.manifest {{"extras": {{"{name}": "str"}}}}'
            )
    ordered = [name for name in (*COLUMNS, *sorted(splits, key=lambda name: int(name[5:] or 0)), *MEASURED, *extras)]
    chosen = table[[name for name in ordered if name in names]].reset_index(drop=True)
    made = {name: typed(name, chosen[name]) for name in chosen.columns}
    return pd.DataFrame(made, index=chosen.index)


def typed(name: str, values: pd.Series[Any]) -> pd.Series[Any]:
    """A column's values as they belong there; ManifestError names the rows of those that do not."""
    if name in ("clip", "path", "unit", "class_name") or is_split(name):
        odd = [row for row, value in enumerate(values) if not isinstance(value, str)]
        if odd:
            raise ManifestError(f"{name}: expected text, got {values.iloc[odd[0]]!r} in {rows_text(odd)}")
        return values.astype(object)
    if name in ("start", "end", "label", *MEASURED):
        numbers = pd.to_numeric(values, errors="coerce")
        empty = [pd.isna(value) or str(value).strip().lower() in ("", "nan") for value in values]
        odd = np.flatnonzero(numbers.isna().to_numpy() & ~np.array(empty, dtype=bool)).tolist()
        if name == "label":
            odd += np.flatnonzero((numbers.isna() | (numbers % 1 != 0)).to_numpy()).tolist()
        if odd:
            kind = "whole numbers" if name == "label" else "numbers"
            raise ManifestError(f"{name}: expected {kind}, got {values.iloc[odd[0]]!r} in {rows_text(odd)}")
        return numbers.astype(np.int64 if name == "label" else np.float64)
    if values.dtype.kind in "iufb":
        return values
    return pd.Series(["" if pd.isna(value) else str(value) for value in values], index=values.index, dtype=object)


def unknown_text(what: str, came: object, known: Sequence[str]) -> str:
    """What to say of a name that is none of those known, with the nearest."""
    return f"{what}: expected one of {', '.join(known)}, got {str(came)!r}{did_you_mean(came, known, 0.6)}"


def rows_text(rows: Sequence[int]) -> str:
    """Row numbers as people count, from 1, the first few of them."""
    shown = ", ".join(str(row + 1) for row in sorted(set(rows))[:5])
    more = len(set(rows)) - 5
    return f"row{'s' if len(set(rows)) > 1 else ''} {shown}{f' and {more} more' if more > 0 else ''}"
