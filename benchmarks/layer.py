"""The layer against the yardstick, in one run: time forward and backward, and what is kept for the backward pass.

    python benchmarks/layer.py                     # 4x3x9x224x224 float32, 2 threads, the CPU
    python benchmarks/layer.py --device cuda

All candidates run interleaved, round by round, so that a slow moment of the machine meets them all; a ratio is the
median over the rounds of (candidate / reference) within one round. Writes JSON beside printing.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import torch
from reference import ReferencePrompt
from torch import Tensor, nn

import vmp

TARGETS = {"eager": 0.6, "compiled": 0.3}  # of the reference's time, on a CPU with two threads
KEPT_TARGET = 0.4  # of the clip's bytes


def kept_for_backward(run: Callable[[], object], clip: Tensor) -> float:
    """Bytes saved for the backward pass beside the clip, as a share of the clip's bytes."""
    kept: dict[int, int] = {}

    def pack(tensor: Tensor) -> Tensor:
        kept[tensor.untyped_storage().data_ptr()] = tensor.untyped_storage().nbytes()
        return tensor

    with torch.autograd.graph.saved_tensors_hooks(pack, lambda tensor: tensor):
        outputs = run()  # held until the bytes are counted, so that no address is used twice
    kept.pop(clip.untyped_storage().data_ptr(), None)
    del outputs
    return sum(kept.values()) / clip.nbytes


def candidates(device: str) -> dict[str, nn.Module]:
    def layer(**options: str) -> nn.Module:
        made = vmp.MotionPrompt.published(**options)
        nn.init.constant_(made.m, 0.5)
        nn.init.constant_(made.n, -0.3)
        return made.to(device)

    return {
        "reference": ReferencePrompt().to(device),
        "eager": layer(),
        "compiled": torch.compile(layer(), fullgraph=True),
        "eager, pixels": layer(product="pixels"),
    }


def one_step(module: nn.Module, clip: Tensor, to_prompts: Tensor, to_variation: Tensor) -> float:
    """Seconds of one forward and backward."""
    module.zero_grad(set_to_none=True)
    if clip.is_cuda:
        torch.cuda.synchronize()
    start = time.perf_counter()
    prompts, variation = module(clip)
    torch.autograd.backward([prompts, variation], [to_prompts, to_variation])
    if clip.is_cuda:
        torch.cuda.synchronize()
    return time.perf_counter() - start


def compare(arguments: argparse.Namespace) -> dict[str, object]:
    torch.set_num_threads(arguments.threads)
    generator = torch.Generator().manual_seed(0)
    clip = torch.randn(arguments.shape, generator=generator).to(arguments.device)
    to_prompts = torch.randn(clip[:, :, 1:].shape, generator=generator).to(clip.device)
    to_variation = torch.tensor(2.5, device=clip.device)
    modules = candidates(arguments.device)
    kept = {}
    for name, module in modules.items():
        for _ in range(3):  # warm-up; the compiled one compiles
            one_step(module, clip, to_prompts, to_variation)
        kept[name] = kept_for_backward(lambda module=module: module(clip), clip)
    seconds: dict[str, list[float]] = {name: [] for name in modules}
    for _ in range(arguments.rounds):
        for name, module in modules.items():
            seconds[name].append(one_step(module, clip, to_prompts, to_variation))
    gradients = {name: [p.grad.item() for p in module.parameters()] for name, module in modules.items()}
    return {
        "what": "forward and backward of the layer",
        "shape": arguments.shape,
        "device": torch.cuda.get_device_name() if clip.is_cuda else f"CPU, {arguments.threads} threads",
        "torch": torch.__version__,
        "python": platform.python_version(),
        "date": date.today().isoformat(),
        "rounds": arguments.rounds,
        "candidates": {
            name: {
                "median_ms": 1e3 * statistics.median(times),
                "quartiles_ms": [1e3 * q for q in statistics.quantiles(times, n=4)[::2]],
                "ratio": statistics.median(t / r for t, r in zip(times, seconds["reference"], strict=True)),
                "kept_beside_the_clip": kept[name],
                "gradients_m_n": gradients[name],
            }
            for name, times in seconds.items()
        },
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shape", type=int, nargs=5, default=[4, 3, 9, 224, 224])
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/layer.json"))
    arguments = parser.parse_args()
    result = compare(arguments)
    print(f"{result['device']}, torch {result['torch']}, clip {result['shape']} float32, {result['rounds']} rounds")
    print(f"{'':14}{'median':>10}{'quartiles':>18}{'ratio':>8}{'kept beside the clip':>24}")
    for name, row in result["candidates"].items():
        low, high = row["quartiles_ms"]
        line = f"{name:14}{row['median_ms']:8.2f}ms{low:9.2f}-{high:.2f}ms{row['ratio']:9.2f}"
        line += f"{row['kept_beside_the_clip']:18.2f}"
        if name in TARGETS:
            line += f"   (targets: ratio {TARGETS[name]}, kept {KEPT_TARGET})"
        print(line)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    print(f"written: {arguments.json}")


if __name__ == "__main__":
    main()
