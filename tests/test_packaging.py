"""What installs the project: the lock, environment.yml, the wheel, the import."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def requirements() -> list[str]:
    extras = PROJECT["optional-dependencies"]
    assert extras["dev"][0] == "vmp[book]"
    return PROJECT["dependencies"] + extras["book"] + extras["dev"][1:]


def test_environment_yml_agrees_with_pyproject() -> None:
    conda = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))
    assert f"python{PROJECT['requires-python']}" in conda["dependencies"]
    pip = next(entry["pip"] for entry in conda["dependencies"] if isinstance(entry, dict))
    assert pip == [*requirements(), "--editable ."]


def test_lock_has_exact_versions_with_hashes_and_no_address() -> None:
    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    assert "://" not in lock
    assert "--index" not in lock
    entries = re.split(r"\n(?=\S)", lock.strip())
    assert len(entries) > 100
    for entry in entries:
        assert re.match(r"[A-Za-z0-9_.-]+(\[[a-z,]+\])?==\S+", entry), entry[:80]
        assert "--hash=sha256:" in entry, entry[:80]


def test_lock_holds_every_requirement() -> None:
    def plain(name: str) -> str:
        return re.sub(r"[-_.]+", "-", name).lower()

    lock = (ROOT / "requirements.lock").read_text(encoding="utf-8")
    locked = {plain(name) for name in re.findall(r"^([A-Za-z0-9_.-]+)==", lock, re.MULTILINE)}
    asked = {plain(re.split(r"[\[<>=!~ ]", requirement)[0]) for requirement in requirements()}
    assert asked <= locked


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    uv = ROOT / ".tools" / "bin" / "uv"
    subprocess.run(
        [uv, "build", "--quiet", "--wheel", "--python", sys.executable, "--out-dir", folder, ROOT], check=True
    )
    return next(folder.glob("*.whl"))


def test_wheel_carries_its_assets(wheel: Path) -> None:
    names = zipfile.ZipFile(wheel).namelist()
    for asset in (
        "vmp/assets/clips/static.mp4",
        "vmp/assets/clips/moving.mp4",
        "vmp/assets/libras/movement_libras.csv",
        "vmp/assets/libras/photographs/brick.jpg",
        "vmp/assets/paper/learned_parameters.csv",
        "vmp/explorer/explorer.js",
        "vmp/explorer/explorer.css",
        "vmp/py.typed",
    ):
        assert asset in names
    assert not [name for name in names if name.startswith(("tests/", "benchmarks/", "notebooks/"))]


def test_wheel_works_when_installed(wheel: Path, tmp_path: Path) -> None:
    uv = ROOT / ".tools" / "bin" / "uv"
    target = tmp_path / "site"
    subprocess.run(
        [uv, "pip", "install", "--quiet", "--python", sys.executable, "--no-deps", "--target", target, wheel],
        check=True,
    )
    code = (
        "import vmp, pathlib, numpy; "
        f"assert pathlib.Path(vmp.__file__).is_relative_to({str(target)!r}); "
        "assert numpy.asarray(vmp.example_clip('static')).shape == (120, 270, 480, 3); "
        "vmp.MotionPrompt.from_paper('finegym')"
    )
    environment = {"PYTHONPATH": str(target), "PATH": "/usr/bin:/bin"}
    subprocess.run([sys.executable, "-c", code], check=True, cwd=tmp_path, env=environment)


def test_import_is_light() -> None:
    code = (
        "import sys, vmp; heavy = {'torch', 'torchvision', 'transformers', 'av', 'plotly', 'matplotlib', 'pandas', "
        "'IPython', 'anywidget', 'skimage'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_public_names() -> None:
    import vmp

    assert vmp.__version__ == PROJECT["version"]
    for name in vmp.__all__:
        assert getattr(vmp, name) is not None
        assert name in dir(vmp)
    for name in ("maps", "motion", "power_norm"):
        assert getattr(vmp, name).__name__ == f"vmp.{name}"
        assert name in dir(vmp)
    with pytest.raises(AttributeError, match="has no attribute 'MotionPromt'"):
        vmp.MotionPromt  # noqa: B018
