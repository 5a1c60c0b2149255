"""Runs on a small folder of real videos, trained once for all tests of a process."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from functools import cache
from pathlib import Path

import pytest

from vmp import cli
from vmp.data.example_folder import write_example_folder


@cache
def folder_of_runs() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="vmp-own-runs-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


@cache
def example_videos() -> Path:
    """Three classes of six videos each, 24 frames of 64x64; nobody writes into it but the first training."""
    return write_example_folder(folder_of_runs() / "videos", videos=6, size=64)


@cache
def trained(backbone: str = "c2d", prompts: str = "all", *more: str) -> Path:
    """The folder of a run; not to be written into but by vmp report."""
    out = folder_of_runs() / f"{backbone}-{prompts}{len(more)}"
    arguments = ["train", "--data", str(example_videos()), "--backbone", backbone, "--prompts", prompts]
    with pytest.raises(SystemExit) as ended:
        cli.main(
            [
                *arguments,
                "--scale",
                "smoke",
                "--epochs",
                "1",
                "--device",
                "cpu",
                "--threads",
                "1",
                "--out",
                str(out),
                *more,
            ]
        )
    assert not ended.value.code
    return out


def copied(run: Path, target: Path) -> Path:
    """A copy to write into."""
    shutil.copytree(run, target)
    return target
