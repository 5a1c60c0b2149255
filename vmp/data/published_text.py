"""Text files as they are published: lists, categories, annotations."""

from __future__ import annotations

from pathlib import Path


def read_text(path: Path) -> str:
    """All of a file in UTF-8, whatever the user's locale.

    Raises:
        ValueError: a byte that UTF-8 does not have there; names the file.
    """
    try:
        return path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        byte = error.object[error.start]
        raise ValueError(
            f"{path}: expected text in UTF-8, got the byte {byte:#04x} at {error.start}. It is damaged or something "
            "else: move it away and get it again"
        ) from None
