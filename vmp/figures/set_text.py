"""What a page says of one data set: how to prepare it, what went wrong for others, and its files as a table.

Nothing is said here that :mod:`vmp.data.facts` does not hold.
"""

from __future__ import annotations

import pandas as pd

from vmp.data.facts import downloads, facts
from vmp.data.prepare import size_text


def how_to(name: str) -> str:
    """Markdown: the commands, what they fetch, and what one may not get.

    Raises:
        ValueError: no set is called so, or it is not prepared here.
    """
    known = facts(name)
    if not known.ways:
        raise ValueError(f"name: expected a set that is prepared here, got {name!r}")
    lines = "\n".join(f"# {words}\n{command}" for command, words in known.commands)
    return f"```bash\n{lines}\n```\n\n{known.fetched}\n\n**What you may not get.** {known.missing}"


def traps(name: str) -> str:
    """Markdown: a list of what went wrong for somebody. Raises ValueError: no set is called so."""
    return "\n".join(f"- {each}" for each in facts(name).traps)


def files(name: str) -> pd.DataFrame:
    """One row a part, as text: part, file, to download, unpacked, checksum, mirrors.

    Raises:
        ValueError: no set that is prepared here is called so.
    """
    frame = downloads(name)
    return pd.DataFrame({
        "part": frame["part"],
        "file": frame["file"],
        "to download": frame["bytes"].map(_size),
        "unpacked": frame["bytes_unpacked"].map(_size),
        "checksum": frame["checksum"],
        "mirrors": frame["mirrors"],
    })  # fmt: skip


def _size(size: float) -> str:
    return "?" if size != size else size_text(round(size))
