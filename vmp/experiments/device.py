"""What a run computes on: a CPU with so many threads, or a GPU; and what equal numbers hang on."""

from __future__ import annotations

import os
import platform
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmp.experiments.nearest import unknown

if TYPE_CHECKING:
    from vmp.data.source import ClipSource
    from vmp.devices import OneDevice

DEVICES = ("auto", "cpu", "cuda")
#: The packages whose versions a record has.
VERSIONS_OF = ("vmp", "torch", "numpy", "lightning-fabric", "transformers", "torchmetrics")


def cores() -> int:
    """How many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def kind_of(device: str) -> str:
    """ "cpu" or "cuda"; "auto" is a GPU where there is one.

    Raises:
        ValueError: another name; a GPU is asked for and there is none.
    """
    import torch

    if device not in DEVICES:
        raise unknown("device", device, DEVICES)
    there = torch.cuda.is_available()
    if device == "cuda" and not there:
        raise ValueError("device: expected a GPU that torch can use for 'cuda', and there is none. Take 'cpu'")
    return "cuda" if there and device != "cpu" else "cpu"


def processes(device: str, jobs: int | None, threads: int | None) -> tuple[int, int, str]:
    """How many processes at a time, threads of each, and "cpu" or "cuda".

    One thread a process on a CPU: a small model gains more from its neighbour than from a second thread.

    Raises:
        ValueError: fewer than one process or thread; a device that is not there.
    """
    for name, count in (("jobs", jobs), ("threads", threads)):
        if count is not None and count < 1:
            raise ValueError(f"{name}: expected at least 1, got {count}")
    kind = kind_of(device)
    if kind == "cpu":
        return jobs or max(cores() // (threads or 1), 1), threads or 1, kind
    import torch

    jobs = jobs or torch.cuda.device_count()
    return jobs, threads or max(cores() // jobs, 1), kind


@dataclass(frozen=True)
class Device:
    """What one process computes on.

    Attributes:
        kind: "cpu" or "cuda".
        threads: of this process.
        index: of the GPU.
        name: in words.
        machine: what equal numbers hang on; records whose machine is equal are compared exactly.
    """

    kind: str
    threads: int
    index: int
    name: str
    machine: str

    @classmethod
    def of(cls, kind: str, threads: int, number: int = 0) -> Device:
        """The device of worker ``number``; sets the threads of this process, which is its own."""
        import torch

        torch.set_num_threads(threads)
        if kind == "cuda":
            index = number % torch.cuda.device_count()
            name = torch.cuda.get_device_name(index)
            return cls(kind, threads, index, name, f"{name}; torch {torch.__version__}; CUDA {torch.version.cuda}")
        name = f"CPU, {processor()}"
        capability = torch.backends.cpu.get_cpu_capability()
        return cls(kind, threads, 0, name, f"{name}, {capability}, {threads} threads; torch {torch.__version__}")

    def devices(self) -> OneDevice:
        """As training and testing take it."""
        from vmp.devices import OneDevice

        return OneDevice(f"cuda:{self.index}" if self.kind == "cuda" else "cpu")

    def near(self, data: ClipSource) -> ClipSource:
        """The same clips, in the memory of the GPU where that is what computes and the data set can be there."""
        held: Any = getattr(data, "held_on", None)
        if self.kind == "cpu" or held is None:
            return data
        moved: ClipSource = held(f"cuda:{self.index}")
        return moved

    def loaders(self, data: ClipSource) -> int:
        """Processes that load clips ahead: one a thread where a GPU waits for clips that a CPU decodes, else none."""
        return self.threads if self.kind == "cuda" and getattr(data, "held_on", None) is None else 0


def processor() -> str:
    """The name of the processor, as far as the system tells it."""
    information = Path("/proc/cpuinfo")
    if information.is_file():
        for line in information.read_text(encoding="utf8", errors="replace").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def versions() -> dict[str, str]:
    """Python's and the packages' that compute; one that is not installed is left out."""
    found = {"python": platform.python_version()}
    for name in VERSIONS_OF:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def source() -> dict[str, str]:
    """The package's version and, where it runs from a checkout, the commit.

    "+" behind it says that there are changes that are in no commit; what is stored under results/ is none of the code.
    """
    import vmp

    root = Path(vmp.__file__).resolve().parent.parent
    found = {"version": vmp.__version__}
    if (root / ".git").exists():
        commit = _git(root, "rev-parse", "--short=12", "HEAD")
        if commit is not None:
            changed = _git(root, "status", "--porcelain", "--untracked-files=no", "--", ".", ":(exclude)results")
            found["commit"] = f"{commit}+" if changed else commit
    return found


def _git(root: Path, *words: str) -> str | None:
    """What git says of a checkout; None where it says nothing, or is not there."""
    import shutil
    import subprocess

    if shutil.which("git") is None:
        return None
    answer = subprocess.run(["git", "-C", str(root), *words], capture_output=True, text=True, check=False)
    return answer.stdout.strip() if answer.returncode == 0 else None
