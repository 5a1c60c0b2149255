"""MATLAB 7.3 files as MATLAB writes them: HDF5 behind 512 bytes of text, strings as references to uint16."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import h5py
import numpy as np


def write_mat(path: Path, name: str, fields: Mapping[str, Sequence[str] | Sequence[float] | str]) -> Path:
    """A struct of this name: cells of strings, columns of numbers (a row of MATLAB's), or one string a field."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with h5py.File(path, "w", userblock_size=512) as file:
        references = file.create_group("#refs#")
        struct = file.create_group(name)
        struct.attrs["MATLAB_class"] = np.bytes_("struct")
        for field, values in fields.items():
            if isinstance(values, str):
                _characters(struct, field, values)
            elif values and isinstance(values[0], str):
                _cells(struct, field, values, references)  # type: ignore[arg-type]
            else:
                dataset = struct.create_dataset(field, data=np.asarray(values, np.float64).reshape(-1, 1))
                dataset.attrs["MATLAB_class"] = np.bytes_("double")
    text = b"MATLAB 7.3 MAT-file, Platform: GLNXA64, Created on: Wed Sep  9 10:00:00 2015 HDF5 schema 1.00 ."
    content = path.read_bytes()
    path.write_bytes(text.ljust(124) + b"\x00\x02IM" + content[128:])
    return path


def _characters(group: Any, name: str, text: str) -> Any:
    """A char array; an empty one is its size, two zeros, and an attribute that says so."""
    units = np.frombuffer(text.encode("utf-16-le"), "<u2").reshape(-1, 1)
    dataset = group.create_dataset(name, data=units if text else np.zeros(2, np.uint64))
    dataset.attrs["MATLAB_class"] = np.bytes_("char")
    if text:
        dataset.attrs["MATLAB_int_decode"] = np.int32(2)
    else:
        dataset.attrs["MATLAB_empty"] = np.uint8(1)
    return dataset


def _cells(group: Any, name: str, texts: Sequence[str], references: Any) -> None:
    dataset = group.create_dataset(name, (len(texts), 1), dtype=h5py.ref_dtype)
    dataset.attrs["MATLAB_class"] = np.bytes_("cell")
    for place, text in enumerate(texts):
        dataset[place, 0] = _characters(references, f"{name}{place}", text).ref
