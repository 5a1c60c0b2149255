"""The explorer's files for a static page: script, style, and the example clips as scripts of their own."""

from __future__ import annotations

import base64
import json
import os
from importlib import resources
from pathlib import Path

from vmp.explorer.settings import EXAMPLES
from vmp.explorer.source import source_of


def script() -> str:
    """The text of explorer.js."""
    return (resources.files("vmp.explorer") / "explorer.js").read_text(encoding="utf-8")


def style() -> str:
    """The text of explorer.css."""
    return (resources.files("vmp.explorer") / "explorer.css").read_text(encoding="utf-8")


def clip_script(name: str) -> str:
    """An example clip as a classic script, which a page opened from disk may load: it sets ``VMP_CLIPS[name]``."""
    source = source_of(name)
    entry = json.dumps({"type": source.type, "base64": base64.b64encode(source.data).decode("ascii")})
    return f'(globalThis.VMP_CLIPS ??= {{}})["{name}"] = {entry};\n'


def write_assets(folder: str | os.PathLike[str]) -> list[Path]:
    """Write explorer.js, explorer.css, clip-static.js and clip-moving.js into a folder, and give their paths.

    The folder is made where it is not there. A page needs the first two; the script loads a clip that lies beside it
    when a reader comes to an explorer that shows it.
    """
    texts = {"explorer.js": script(), "explorer.css": style()}
    texts |= {f"clip-{name}.js": clip_script(name) for name in EXAMPLES}
    target = Path(folder)
    target.mkdir(parents=True, exist_ok=True)
    for name, text in texts.items():
        (target / name).write_text(text, encoding="utf-8")
    return [target / name for name in texts]
