"""The README's commands and code run as they stand."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

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
    for name in ("notebooks", "vmp"):
        shutil.copytree(ROOT / name, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / ".venv").symlink_to(Path(sys.prefix), target_is_directory=True)
    ran = subprocess.run(
        command.split(), cwd=tmp_path, capture_output=True, text=True, env=os.environ | {"TERM": "dumb"}
    )
    assert ran.returncode == 0, ran.stderr[-2000:]
    made = {path.name for path in tmp_path.iterdir()} - {"notebooks", "vmp", ".venv"}
    assert made, "the command leaves something to look at"


def test_code(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (code,) = blocks("python")
    names: dict[str, object] = {}
    exec(compile(code, "README.md", "exec"), names)
    prompts = names["prompts"]
    assert prompts.shape == (1, 3, 119, 270, 480)  # type: ignore[attr-defined]
    assert capsys.readouterr().out.count("tensor([") == 2


def test_links_and_pictures_exist() -> None:
    targets = re.findall(r"\]\(([^)]+)\)", README) + re.findall(r'src="([^"]+)"', README)
    assert "book/pictures/explorer.jpg" in targets
    for target in targets:
        if "://" not in target:
            assert (ROOT / target).exists(), target
