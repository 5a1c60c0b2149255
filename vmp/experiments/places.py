"""Where the checkout is that a command belongs to: results/ and data/ lie in it."""

from __future__ import annotations

from pathlib import Path


def checkout() -> Path:
    """The folder, this one or one above it, whose results/ holds a README.md; this one where none does."""
    here = Path.cwd()
    return next((folder for folder in (here, *here.parents) if (folder / "results" / "README.md").is_file()), here)
