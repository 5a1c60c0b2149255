"""Table 8, what the layer costs: what is timed at each scale, and timing what is not stored yet.

One backbone after the other is timed in a process of its own and stored, so what was interrupted goes on. Times are of
the machine and of whatever else runs on it: measure on a quiet one.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from vmp.experiments.device import cores, kind_of
from vmp.experiments.nearest import unknown
from vmp.experiments.store import Store
from vmp.experiments.tables.accuracy import BLOCKS
from vmp.experiments.timing.records import LayerTiming, StepTiming, TimingStore
from vmp.files import locked

if TYPE_CHECKING:
    from vmp.backbones.builder import Prompts

#: The paper's name of a backbone -> which one of them, as Table 1 has it here.
BACKBONE_OF = {block.paper: block.backbone for block in BLOCKS}
#: The paper's name of a backbone -> its variants in Table 8 -> prompts, as ``vmp.build`` takes them.
VARIANTS_OF = {block.paper: block.prompts for block in BLOCKS}
#: Of the layer alone: height and width in pixels, clips, and runs.
SIDES = (32, 48, 64, 96, 128, 160, 192, 224, 256, 320, 384, 448, 512)
# for the estimate alone: what a thread does in a second, and how long a process takes to begin
_FLOPS_A_THREAD = 5e10
_PROCESS_SECONDS = 8.0


@dataclass(frozen=True)
class Setting:
    """What is timed of every backbone.

    Attributes:
        size: "paper" or "tiny".
        batch: clips.
        runs: that count.
        on: "cpu" or "cuda".
        memory: whether the peak of each variant is measured too.
        warm_up: runs before those that count.
    """

    size: str
    batch: int
    runs: int
    on: str
    memory: bool = False
    warm_up: int = 2

    @property
    def title(self) -> str:
        """For people, short."""
        return f"{'full size' if self.size == 'paper' else 'tiny'}, batch {self.batch}, {self.where}"

    @property
    def where(self) -> str:
        """CPU or GPU."""
        return {"cpu": "CPU", "cuda": "GPU"}[self.on]


@dataclass(frozen=True)
class Plan:
    """What a scale times.

    Attributes:
        settings: of the backbones.
        backbones: the paper's names.
        sides, batch, runs: of the layer alone.
        on: "cpu" or "cuda".
    """

    settings: tuple[Setting, ...]
    backbones: tuple[str, ...]
    sides: tuple[int, ...]
    batch: int
    runs: int
    on: str


def plan(scale: str = "small", device: str = "auto") -> Plan:
    """What a scale times: "smoke" and "small" on a CPU where nothing else is asked for, "gpu" and "paper" on a GPU.

    Args:
        scale: "smoke", "small", "gpu" or "paper"; the last two are the same here.
        device: "auto", "cpu" or "cuda". It need not be there.

    Raises:
        ValueError: another scale or device; "gpu" or "paper" on a CPU.
    """
    if scale not in (scales := ("smoke", "small", "gpu", "paper")):
        raise unknown("scale", scale, scales)
    if device not in (devices := ("auto", "cpu", "cuda")):
        raise unknown("device", device, devices)
    large = scale in ("gpu", "paper")
    if large and device == "cpu":
        raise ValueError(
            f"device: expected a GPU at scale {scale!r}, got 'cpu'. Scale 'small' times full-size models too"
        )
    on = "cuda" if large or device == "cuda" else "cpu"
    if scale == "smoke":
        return Plan((Setting("tiny", 2, 2, on),), ("c2d",), (16, 24, 32, 48), 1, 2, on)
    full = Setting("paper", 8, 10, on, memory=True) if large else Setting("paper", 1, 3, on, memory=True, warm_up=1)
    settings = (full,) if large else (Setting("tiny", 8, 10, on), full)
    return Plan(settings, tuple(BACKBONE_OF), SIDES, 8, 20, on)


def chosen(backbones: Sequence[str] | str | None, among: Sequence[str]) -> dict[str, str]:
    """The paper's name -> the backbone as ``vmp.build`` takes it, for those that are asked for.

    Args:
        backbones: names or beginnings of them ("x3d" for x3d_m, "slow"), or any that ``vmp.build`` knows, which then
            stands for its family; None: all of ``among``.
        among: the paper's names.

    Raises:
        ValueError: a name that none begins with, with the nearest.
    """
    from vmp.backbones.registry import BACKBONES

    if backbones is None:
        return {name: BACKBONE_OF[name] for name in among}
    found: dict[str, str] = {}
    for asked in [backbones] if isinstance(backbones, str) else backbones:
        family = str(asked).partition("_")[0]
        begun = {name: full for name, full in BACKBONE_OF.items() if asked and full.startswith(asked)}
        if not begun and asked in BACKBONES and family in BACKBONE_OF:
            begun = {family: asked}
        if not begun:
            raise unknown(
                "backbone", asked, [*BACKBONE_OF.values(), *(n for n in BACKBONES if n not in BACKBONE_OF.values())]
            )
        found |= begun
    return {name: found[name] for name in BACKBONE_OF if name in found}


def table8(
    scale: str = "small",
    store: Store | str | os.PathLike[str] | None = None,
    device: str = "auto",
    report: Callable[[str], None] = lambda line: None,
    *,
    backbones: Sequence[str] | str | None = None,
    threads: int | None = None,
    again: bool = False,
) -> int:
    """Time what is not stored yet; nothing where all of it is.

    Args:
        scale, device: as :func:`plan` takes them.
        store: where results are; None finds it.
        report: gets a line before and after each backbone.
        backbones: as :func:`chosen` takes them; None: all of the scale.
        threads: of the measuring process; None: as many as this one may use.
        again: time everything again, and store it beside what is there, which stays.

    Returns:
        How many measurements were stored.

    Raises:
        ValueError: an unknown name; a device that is not there; another process measures into the same store.
        ChildProcessError: a measurement failed; those before it are stored.
    """
    wanted, kept = plan(scale, device), TimingStore(store)
    if threads is not None and threads < 1:
        raise ValueError(f"threads: expected at least 1, got {threads}")
    names = chosen(backbones, wanted.backbones)
    missing = [
        (setting, paper)
        for setting in wanted.settings
        for paper, name in names.items()
        if again or kept.steps(name, setting.size, setting.batch, setting.on) is None
    ]
    layer = again or kept.layer(wanted.batch, wanted.sides, wanted.on) is None
    if not missing and not layer:
        return 0
    kind_of(wanted.on)  # a GPU that is asked for has to be there
    using = threads or cores()
    kept.path.mkdir(parents=True, exist_ok=True)
    with locked(kept.path, wait=False) as held:
        if not held:
            raise ValueError(
                f"{kept.path}: another process is measuring. Two at once would slow each other: wait for it"
            )
        minutes = sum(expected_seconds(setting, paper, names[paper], using) for setting, paper in missing) / 60
        report(f"{len(missing) + layer} measurements, {using} threads, about {max(minutes, 0.5):.1f} min" + _busy())
        for setting, paper in missing:
            _time_steps(kept, setting, paper, names[paper], using, report)
        if layer:
            _time_layer(kept, wanted, using, report)
    return len(missing) + layer


def expected_seconds(setting: Setting, paper: str, backbone: str, threads: int) -> float:
    """About how long a measurement takes, from its FLOPs at a common speed of a CPU; on a GPU less."""
    from vmp.experiments.cost_flops import clip_flops

    variants = VARIANTS_OF[paper]
    processes = 1 + (len(variants) if setting.memory else 0)
    if setting.size == "tiny" or setting.on == "cuda":
        return _PROCESS_SECONDS * processes + 5
    flops = 0
    for prompts in variants.values():
        cost = clip_flops(backbone, prompts)
        flops += (setting.runs + setting.warm_up) * (cost.step + cost.view) + setting.memory * cost.step
    return _PROCESS_SECONDS * processes + setting.batch * flops / (_FLOPS_A_THREAD * threads)


def _time_steps(
    kept: TimingStore, setting: Setting, paper: str, backbone: str, threads: int, report: Callable[[str], None]
) -> None:
    from vmp.experiments.timing.process import measure_apart

    report(f"{backbone}, {setting.title}: {setting.runs} runs ...")
    variants: dict[str, Prompts] = VARIANTS_OF[paper]  # type: ignore[assignment]
    settings: dict[str, Any] = {"backbone": backbone, "size": setting.size, "batch": setting.batch}
    runs = {"runs": setting.runs, "warm_up": setting.warm_up}
    measured = measure_apart("steps", setting.on, threads, variants=variants, **runs, **settings)
    memory = {
        name: measure_apart("memory", setting.on, threads, prompts=prompts, **settings)["value"]
        for name, prompts in variants.items()
        if setting.memory
    }
    path = kept.add(StepTiming(seconds=measured["value"], memory=memory, **settings, **measured["made"]))
    report(f"  {path.name}")


def _time_layer(kept: TimingStore, wanted: Plan, threads: int, report: Callable[[str], None]) -> None:
    from vmp.experiments.timing.process import measure_apart

    frames = 9
    report(f"the layer alone, {len(wanted.sides)} sizes, batch {wanted.batch}: {wanted.runs} runs ...")
    settings = {"sides": list(wanted.sides), "batch": wanted.batch, "runs": wanted.runs, "frames": frames}
    measured = measure_apart("layer", wanted.on, threads, **settings)
    timing = LayerTiming(seconds=measured["value"], batch=wanted.batch, frames=frames, **measured["made"])
    report(f"  {kept.add(timing).name}")


def _busy() -> str:
    """A warning where others compute on this machine."""
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return f". The machine is busy (load {load:.1f}): times will be too long" if load > 0.5 else ""
