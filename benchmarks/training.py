"""Training against the same work in a plain PyTorch loop: clips a second of each backbone, and what the layer costs.

    python benchmarks/training.py                                  # every tiny backbone, one thread
    python benchmarks/training.py --size paper --backbones c2d     # full size; --device cuda --precision bf16-mixed
    python benchmarks/training.py --loading 20 --workers 2         # 20 ms to load a clip: are they hidden?

All candidates run interleaved, round by round, in turns which comes first, each from the same weights, in a process
that keeps the memory that it frees, as vmp's own do; a ratio is the median over the rounds of (candidate / plain loop)
within one round. What is timed is an epoch: loading, steps and, in the column "whole", log and checkpoint too, which
the plain loop has not. The layer's share of a step is 1 - (without / with), in the plain loop.
"""

from __future__ import annotations

import argparse
import contextlib
import copy
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from vmp.allocator import keep_freed_memory
from vmp.backbones import build
from vmp.backbones.registry import BACKBONES
from vmp.batches import epoch_order
from vmp.data.pathways import ClipInput, pathway_windows
from vmp.data.source import normalised
from vmp.devices import OneDevice
from vmp.recipe import Recipe, recipe
from vmp.train import train
from vmp.training_log import read_log

CLASSES = 15
TARGET = 1.03  # of the plain loop's time


class Frames:
    """Noise in memory, cut into clips as a cached video is, and as slow to load as asked."""

    views = 1

    def __init__(self, clips: int, clip_input: ClipInput, loading: float) -> None:
        self.name, self.loading = "noise", loading
        self.classes = tuple(map(str, range(CLASSES)))
        self.labels = np.arange(clips, dtype=np.int64) % CLASSES
        self.groups = np.arange(clips, dtype=np.int64)
        shape = (clips, clip_input.room + clip_input.length, clip_input.crop, clip_input.crop, 3)
        self.frames = torch.randint(0, 256, shape, dtype=torch.uint8, generator=torch.Generator().manual_seed(0))
        windows = pathway_windows(shape[1], clip_input, clip_input.room).indices
        self.windows = [torch.from_numpy(window) for window in windows]

    def __len__(self) -> int:
        return len(self.labels)

    def clips(
        self, indices: Sequence[int], clip_input: ClipInput, *, epoch: int | None = None, seed: int = 0, view: int = 0
    ) -> list[Tensor]:
        time.sleep(self.loading * len(indices))
        return [self.frames[list(indices)][:, window] for window in self.windows]

    def describe(self, index: int) -> str:
        return f"noise, clip {index}"


def plain_loop(model: Any, data: Frames, chosen: Recipe, device: torch.device) -> float:
    """Seconds of an epoch as one writes it by hand."""
    model.train()
    optimiser = torch.optim.SGD(model.parameters(), lr=0.005, momentum=0.9, weight_decay=1e-4)
    labels = torch.from_numpy(data.labels)
    order = epoch_order(len(data), 0, 1)
    start = time.perf_counter()
    for at in range(0, len(order), chosen.batch_size):
        batch = order[at : at + chosen.batch_size].tolist()
        clips = [clip.to(device) for clip in data.clips(batch, model.clip_input, epoch=1)]
        inputs = normalised(clips, model.clip_input)
        with torch.autocast(device.type, torch.bfloat16, enabled=chosen.precision == "bf16-mixed"):
            logits, variation = model(inputs if len(inputs) > 1 else inputs[0], return_variation=True)
        loss = F.cross_entropy(logits.float(), labels[batch].to(device)) + chosen.lambda_ * variation
        loss.backward()
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def vmp_loop(model: Any, data: Frames, chosen: Recipe, device: torch.device, workers: int) -> tuple[float, float]:
    """Seconds of an epoch of vmp.train: its steps, and with the log, the checkpoint and the weights."""
    with tempfile.TemporaryDirectory() as folder:
        options: dict[str, Any] = {"progress": None, "fabric": OneDevice(device), "workers": workers}
        result = train(model, data, chosen, folder, seed=0, **options)
        return float(read_log(folder).seconds.iloc[-1]), result.seconds


def measure(name: str, arguments: argparse.Namespace) -> list[dict[str, Any]]:
    """Both versions of a backbone, without and with the layer."""
    device = torch.device(arguments.device)
    models = {
        prompts: build(name, CLASSES, prompts, size=arguments.size, generator=torch.Generator().manual_seed(0)).to(
            device
        )
        for prompts in (None, True)
    }
    data = {
        prompts: Frames(arguments.batch * arguments.steps, model.clip_input, arguments.loading / 1000)
        for prompts, model in models.items()
    }
    chosen = recipe(name, "small", epochs=1, batch_size=arguments.batch, precision=arguments.precision, lambda_=1)
    seconds: dict[Any, dict[str, list[float]]] = {prompts: {"plain": [], "vmp": [], "whole": []} for prompts in models}
    for number in range(arguments.rounds + 1):
        for prompts, model in models.items():
            plain = 0.0
            if number % 2:
                plain = plain_loop(copy.deepcopy(model), data[prompts], chosen, device)
            steps, whole = vmp_loop(copy.deepcopy(model), data[prompts], chosen, device, arguments.workers)
            if not number % 2:
                plain = plain_loop(copy.deepcopy(model), data[prompts], chosen, device)
            for key, value in (("plain", plain), ("vmp", steps), ("whole", whole)):
                seconds[prompts][key].append(value)
    for each in seconds.values():
        for times in each.values():
            del times[0]  # warm-up
    share = _ratio(seconds[None]["plain"], seconds[True]["plain"])
    return [
        {
            "backbone": name,
            "layer": prompts is not None,
            "clips_per_second": {key: len(data[prompts]) / statistics.median(times) for key, times in each.items()},
            "step_quartiles_ms": {key: _quartiles(times, 1e3 / arguments.steps) for key, times in each.items()},
            "ratio": _ratio(each["vmp"], each["plain"]),
            "ratio_quartiles": _quartiles([a / b for a, b in zip(each["vmp"], each["plain"], strict=True)]),
            "ratio_whole": _ratio(each["whole"], each["plain"]),
            "share_of_the_layer": None if prompts is None else 1 - share,
        }
        for prompts, each in seconds.items()
    ]


def _ratio(times: Sequence[float], reference: Sequence[float]) -> float:
    return statistics.median(a / b for a, b in zip(times, reference, strict=True))


def _quartiles(values: Sequence[float], scale: float = 1.0) -> list[float]:
    return [
        scale * each for each in (statistics.quantiles(values, n=4)[::2] if len(values) > 1 else [*values, *values])
    ]


def line(row: dict[str, Any]) -> str:
    speed, (low, high) = row["clips_per_second"], row["ratio_quartiles"]
    text = f"{row['backbone']:14}{'with' if row['layer'] else 'without':9}{speed['plain']:9.3g}{speed['vmp']:9.3g}"
    text += f"{row['ratio']:9.3f}{low:9.3f}-{high:.3f}{row['ratio_whole']:9.3f}"
    return text + ("" if row["share_of_the_layer"] is None else f"{100 * row['share_of_the_layer']:9.1f} %")


def main(given: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", choices=("tiny", "paper"), default="tiny")
    parser.add_argument("--backbones", nargs="+", choices=list(BACKBONES), default=list(BACKBONES))
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--precision", choices=("32-true", "bf16-mixed"), default="32-true")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--batch", type=int, help="clips a step; by default 16 tiny, 2 full size")
    parser.add_argument("--steps", type=int, default=6)
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--loading", type=float, default=0.0, help="milliseconds to load a clip")
    parser.add_argument("--workers", type=int, default=0, help="processes that load ahead, in vmp.train alone")
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/training.json"))
    arguments = parser.parse_args(given)
    arguments.batch = arguments.batch or (16 if arguments.size == "tiny" else 2)
    torch.set_num_threads(arguments.threads)
    keep_freed_memory()
    on_gpu = arguments.device.startswith("cuda")
    device = torch.cuda.get_device_name() if on_gpu else f"CPU, {arguments.threads} threads"
    print(f"{device}, torch {torch.__version__}, {arguments.size}, {arguments.precision}, batches of {arguments.batch}")
    print(f"{'':14}{'layer':9}{'plain':>9}{'vmp':>9}{'ratio':>9}{'quartiles':>15}{'whole':>9}{'share':>9}   (clips/s)")
    rows = []
    for name in arguments.backbones:
        for row in measure(name, arguments):
            rows.append(row)
            print(line(row), flush=True)
    print(f"target: a ratio of at most {TARGET}")
    options = {key: value for key, value in vars(arguments).items() if key not in ("json", "backbones")}
    result = {"what": "an epoch of training", "date": date.today().isoformat(), **options, "device": device}
    result |= {"torch": torch.__version__, "python": platform.python_version(), "rows": rows}
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    print(f"written: {arguments.json}")


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt):
        main()
