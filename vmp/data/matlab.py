"""Strings in MATLAB files of version 7.3, which are HDF5.

A string is an array of uint16, one a character; a cell array holds references to its entries; what MATLAB calls a row
is a column here, so that shapes are not looked at. An empty string is two zeros and an attribute that says so.
"""

from __future__ import annotations

from typing import Any

import numpy as np


def strings(file: Any, cells: Any) -> tuple[str, ...]:
    """The strings of a cell array: an HDF5 dataset of object references."""
    return tuple(string(file[reference]) for reference in np.ravel(cells[()]))


def string(dataset: Any) -> str:
    """A MATLAB string: uint16 code units, in whatever shape."""
    if dataset.attrs.get("MATLAB_empty", 0):
        return ""
    return bytes(np.ravel(dataset[()]).astype("<u2").tobytes()).decode("utf-16-le")
