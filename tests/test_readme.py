"""The README's commands and code run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, re.DOTALL)


def commands() -> list[str]:
    lines = "\n".join(blocks("bash")).splitlines()
    return [line.split("   #")[0].strip() for line in lines if line.strip()]


def test_the_two_commands_are_targets() -> None:
    asked = [command.split()[1] for command in commands() if command.startswith("make ")]
    assert asked == ["book", "test"]
    for target in asked:
        subprocess.run(["make", "--dry-run", target], cwd=ROOT, check=True, capture_output=True)


@pytest.mark.parametrize("command", [c for c in commands() if not c.startswith("make ")])
def test_command(command: str, tmp_path: Path) -> None:
    assert command.startswith(".venv/bin/"), "a new kind of command needs its own test"
    for name in ("notebooks", "vmp", "results"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    ran = subprocess.run(
        command.split(), cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"TERM": "dumb"}
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    if command.split()[1] in ("run", "status"):
        assert "0 missing" in ran.stdout or "stored" in ran.stdout
        assert not (tmp_path / "runs" / "logs").exists(), "what is stored is not trained again"
        return
    made = {path.name for path in tmp_path.iterdir()} - {"notebooks", "vmp", "results", ".venv"}
    assert made, "the command leaves something to look at"


def test_code(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    layer, backbone = [run_code(code) for code in blocks("python")]
    assert layer["prompts"].shape == (1, 3, 119, 270, 480)
    assert backbone["logits"].shape == (2, 15)
    printed = capsys.readouterr().out
    assert printed.count("tensor([") == 2
    assert "slowfast_8x8" in printed


def run_code(code: str) -> dict[str, Any]:
    names: dict[str, Any] = {}
    exec(compile(code, "README.md", "exec"), names)
    return names


def test_links_and_pictures_exist() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", README) + re.findall(r'src="([^"]+)"', README)
    assert "book/pictures/explorer.jpg" in targets
    for target in targets:
        if "://" not in target:
            assert (ROOT / target).exists(), target
