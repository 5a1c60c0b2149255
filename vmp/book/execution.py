"""Execute a notebook with papermill, keep the executed copy with a stamp, and use it again while the stamp holds."""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import importlib.metadata
import json
import logging
import os
import platform
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import papermill
from jupyter_client.kernelspec import KernelSpec
from jupyter_client.manager import AsyncKernelManager
from papermill.exceptions import PapermillExecutionError

from vmp.book.pairs import replace_text
from vmp.book.parameters import check_parameters, read_parameters

#: The packages whose versions can change what a notebook shows.
VERSIONS_OF = ("torch", "torchvision", "numpy", "av", "scikit-image", "pandas", "seaborn", "matplotlib", "plotly")
_PACKAGE = Path(__file__).resolve().parent.parent


class NotebookFailed(RuntimeError):
    """A notebook raised; its executed copy with the traceback is kept beside, and never published."""


@dataclass(frozen=True)
class Executed:
    """One executed notebook and how it came to be."""

    name: str
    path: Path
    seconds: float
    date: str
    device: str
    parameters: dict[str, Any]
    versions: dict[str, str]
    stored: bool  # used again from an earlier run


class OwnKernelManager(AsyncKernelManager):
    """Starts the kernel of the running interpreter, whatever kernel is installed elsewhere under the name python3."""

    @property
    def kernel_spec(self) -> KernelSpec:
        """A specification made here: this interpreter and its ipykernel."""
        command = [sys.executable, "-Xfrozen_modules=off", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
        command.append("--IPKernelApp.log_level=CRITICAL")  # it warns of its sockets, and reports its own end
        return KernelSpec(argv=command, display_name="Python 3", language="python")


def execute(
    notebook: str | Path,
    out: str | Path,
    parameters: Mapping[str, Any] | None = None,
    *,
    inputs: Iterable[str | Path] = (),
    force: bool = False,
    timeout: int = 900,
    report: Callable[[str], None] | None = None,
) -> Executed:
    """Run a notebook into ``out`` (an .ipynb), or keep what is there when its stamp (out's name, .json) agrees.

    The stamp holds a hash of the notebook, of the package, of ``inputs`` (files or folders, such as stored
    results), of the parameters and of the versions of what computes. Copy and stamp are each written whole, the
    stamp last: stopped at any moment and run again, it ends the same.

    Args:
        notebook: the .ipynb to run; its folder is the working directory.
        out: where the executed copy goes.
        parameters: values for the notebook's own parameters cell; see ``check_parameters``.
        inputs: what the notebook reads beside the package.
        force: run although the stamp agrees.
        timeout: seconds that one cell may take.
        report: gets one line, when the notebook is done.

    Raises:
        ValueError: the notebook is not there, or a parameter does not fit.
        NotebookFailed: a cell raised, or the kernel died; ``out`` is left as it was.
    """
    notebook, out = Path(notebook).resolve(), Path(out).resolve()
    if notebook.suffix != ".ipynb" or not notebook.is_file():
        raise ValueError(f"expected a notebook (.ipynb), came {notebook}: give the path of one that is there")
    given = check_parameters(parameters or {}, read_parameters(notebook))
    stamp, wanted = out.with_suffix(".json"), fingerprint(notebook, given, inputs)
    kept = None if force else _stored(out, stamp, wanted)
    done = kept or _run(notebook, out, stamp, wanted, given, timeout)
    out.with_suffix(".part.ipynb").unlink(missing_ok=True)  # of a run that was killed
    if report:
        report(f"{done.name:<24}{done.seconds:7.1f} s{'  stored' if done.stored else ''}")
    return done


def fingerprint(notebook: Path, parameters: Mapping[str, Any], inputs: Iterable[str | Path] = ()) -> str:
    """Hash everything that decides what the executed notebook holds."""
    state = {
        "notebook": hash_files([notebook]),
        "package": hash_files(package_files()),
        "inputs": hash_files(Path(path) for path in inputs),
        "parameters": dict(parameters),
        "versions": versions(),
    }
    return hashlib.sha256(json.dumps(state, sort_keys=True).encode()).hexdigest()


def package_files() -> list[Path]:
    """The files of vmp that a notebook can reach: all but this builder."""
    here = Path(__file__).resolve().parent
    return [path for path in _files(_PACKAGE) if here not in path.parents]


def hash_files(paths: Iterable[Path]) -> str:
    """Hash the names and bytes of files; a folder stands for all its files."""
    digest = hashlib.sha256()
    for given in paths:
        for path in _files(given):
            name = path.relative_to(given).as_posix() if path != given else path.name
            content = hashlib.sha256(path.read_bytes()).hexdigest()
            digest.update(f"{name}\0{content}\n".encode())
    return digest.hexdigest()


def versions() -> dict[str, str]:
    """The versions of Python and of the packages that compute or draw."""
    found = {"python": platform.python_version()}
    for name in VERSIONS_OF:
        found[name] = importlib.metadata.version(name)
    return found


def device() -> str:
    """What the notebooks of this machine compute on, in words."""
    import torch

    if torch.cuda.is_available():
        return torch.cuda.get_device_name()
    return f"CPU, {cores()} cores"


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _files(path: Path) -> list[Path]:
    if path.is_file():
        return [path]
    skipped = ("__pycache__", ".ipynb_checkpoints")
    return sorted(p for p in path.rglob("*") if p.is_file() and not set(skipped) & set(p.parts))


def _stored(out: Path, stamp: Path, wanted: str) -> Executed | None:
    if not (out.is_file() and stamp.is_file()):
        return None
    try:
        kept = json.loads(stamp.read_text(encoding="utf8"))
    except ValueError:
        return None
    if kept.get("fingerprint") != wanted or kept.get("copy") != hash_files([out]):
        return None
    return Executed(path=out, stored=True, **kept["run"])


def _run(notebook: Path, out: Path, stamp: Path, wanted: str, parameters: dict[str, Any], timeout: int) -> Executed:
    partial = out.with_suffix(".part.ipynb")
    partial.parent.mkdir(parents=True, exist_ok=True)
    start = time.perf_counter()
    try:
        _papermill(notebook, partial, parameters, timeout)
    except Exception as error:
        raise _failure(notebook, partial, out.with_suffix(".failed.ipynb"), error) from error
    done = Executed(
        name=notebook.stem,
        path=out,
        seconds=round(time.perf_counter() - start, 1),
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        device=device(),
        parameters=parameters,
        versions=versions(),
        stored=False,
    )
    os.replace(partial, out)
    out.with_suffix(".failed.ipynb").unlink(missing_ok=True)
    run = {name: value for name, value in asdict(done).items() if name not in ("path", "stored")}
    kept = {"fingerprint": wanted, "copy": hash_files([out]), "run": run}
    replace_text(stamp, json.dumps(kept, indent=1) + "\n")
    return done


def _papermill(notebook: Path, out: Path, parameters: dict[str, Any], timeout: int) -> None:
    with quiet():
        papermill.execute_notebook(
            notebook,
            out,
            parameters=parameters,
            # its own cwd= changes the folder of this whole process, with all its threads
            resources={"metadata": {"path": str(notebook.parent)}},
            kernel_name="python3",
            progress_bar=False,
            execution_timeout=timeout,
            kernel_manager_class=OwnKernelManager,
        )


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Let papermill say nothing but errors; threads that do so at once are to be inside one more of these."""
    logger = logging.getLogger("papermill")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        yield
    finally:
        logger.setLevel(level)


def _failure(notebook: Path, partial: Path, kept: Path, error: Exception) -> NotebookFailed:
    where = ""
    if partial.exists():
        os.replace(partial, kept)
        where = f"; the copy with the traceback is {kept}"
    if isinstance(error, PapermillExecutionError):
        last = f"{error.ename}: {error.evalue}".strip().splitlines()[0]
        return NotebookFailed(f"{notebook.name}, cell {error.cell_index + 1}: {last}{where}")
    first = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return NotebookFailed(f"{notebook.name}: {type(error).__name__}: {first}{where}")
