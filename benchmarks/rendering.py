"""Rendered Libras against a plain renderer, in one run: clips a second of the same scenes, and of reading them cached.

    python benchmarks/rendering.py                 # 9 frames of 64x64, 2 threads
    python benchmarks/rendering.py --frames 24 --device cuda

The plain renderer is what one would write first: a clip at a time, every layer of it sampled over the whole frame with
grid_sample. A test holds its pixels against the project's. The candidates run interleaved, round by round; a ratio is
the median over the rounds of (candidate / plain) within one round. Writes JSON beside printing.
"""

from __future__ import annotations

import argparse
import json
import platform
import statistics
import tempfile
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import grid_sample

from vmp.data import libras
from vmp.data.pathways import ClipInput, Pathway
from vmp.data.rendered_sets import Look
from vmp.data.rendered_timing import Timing
from vmp.data.rendering import render
from vmp.data.scenes import Scenes, Sprite, in_view
from vmp.data.sprites import sprites
from vmp.data.textures import background, background_names, tile_pixels

TARGET = 200  # clips of 9x64x64 a second, on 2 cores


def plain(scene: Scenes, times: np.ndarray, size: int, device: str) -> Tensor:
    """uint8 (T, size, size, 3): one scene, layer by layer."""
    knobs, view, corner = scene.description, scene.camera(times)[0], scene.corner()
    name = background_names(knobs.textures, scene.test)[scene.background[0]]
    tile = torch.from_numpy(background(name, size).copy()).to(device).permute(2, 0, 1)[None].float()
    tile = (tile * torch.from_numpy(scene.tint()).float().to(device)[0, :, None, None]).clamp(0, 255)
    for sprite in scene.clutter():
        on_tile = Sprite(sprite.which, sprite.place + corner[:, None], sprite.diameter, sprite.angle)
        tile = over(tile, on_tile, knobs.clutter_objects, knobs.clutter_size[1], size)
    theta = np.zeros((len(times), 2, 3), dtype=np.float32)
    scale = size / tile_pixels(size)
    cosine, sine = scale * np.cos(view[:, 3]) / view[:, 2], scale * np.sin(view[:, 3]) / view[:, 2]
    theta[:, 0, 0], theta[:, 0, 1], theta[:, 1, 0], theta[:, 1, 1] = cosine, -sine, sine, cosine
    theta[:, :, 2] = 2 * scale * (corner + view[:, :2]) - 1
    shape = [len(times), 3, size, size]
    grid = torch.nn.functional.affine_grid(torch.from_numpy(theta).to(device), shape, align_corners=False)
    video = grid_sample(tile.expand(len(times), -1, -1, -1), grid, padding_mode="reflection", align_corners=False)
    layers = [(each, knobs.clutter_objects, knobs.clutter_size[1]) for each in scene.distractors(times)]
    layers.append((scene.object_sprite(times), knobs.objects, knobs.object_size[1]))
    for sprite, bank, largest in layers:
        seen = in_view(sprite.place, view[None])
        shown = Sprite(sprite.which, seen, sprite.diameter * view[:, 2], sprite.angle - view[:, 3])
        video = over(video, shown, bank, largest, size)
    video = video * torch.from_numpy(scene.brightness(times)[0]).float().to(device)[:, None, None, None]
    if knobs.noise:
        video = video + knobs.noise * torch.randn_like(video)
    return (video + 0.5).clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).contiguous()


def over(video: Tensor, sprite: Sprite, bank: tuple[Look, ...], largest: float, size: int) -> Tensor:
    """(T, 3, H, W) with a sprite in front, sampled over the whole frame; its lengths are in frame widths."""
    pictures = torch.from_numpy(sprites(bank, int(np.ceil(largest * size)))[sprite.which]).to(video.device)
    frames, _, height, width = video.shape
    place, diameter, angle = (
        torch.from_numpy(np.asarray(each[0], dtype=np.float32)).to(video.device)
        for each in (sprite.place * size, sprite.diameter * size, sprite.angle)
    )
    y, x = torch.meshgrid(*(torch.arange(n, device=video.device) + 0.5 for n in (height, width)), indexing="ij")
    x = (x - place[:, 0, None, None]) * 2 / diameter[:, None, None]
    y = (y - place[:, 1, None, None]) * 2 / diameter[:, None, None]
    cosine, sine = angle.cos()[:, None, None], angle.sin()[:, None, None]
    grid = torch.stack([cosine * x + sine * y, cosine * y - sine * x], dim=-1)
    drawn = grid_sample(pictures.expand(frames, -1, -1, -1), grid, align_corners=False)
    return video * (1 - drawn[:, 3:]) + drawn[:, :3]


def seconds(work: Callable[[], object], device: str) -> float:
    start = time.perf_counter()
    work()
    if device != "cpu":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def compare(name: str, arguments: argparse.Namespace, folder: str) -> dict[str, object]:
    count, size, device = arguments.clips, arguments.size, arguments.device
    times = Timing(8, 16).times[24 - arguments.frames :]
    scenes = Scenes(libras.DATASETS[name], False, np.arange(count), np.zeros(count, dtype=np.int64))
    clips = libras.load(name, "train", renderings=1, limit=count, size=size, cache=folder)
    clip_input = ClipInput((Pathway("clip", 8, 2, extra=True),), size)
    candidates = {
        "plain": lambda: [plain(scenes.rows(row, row + 1), times, size, device) for row in range(count)],
        "rendered": lambda: [render(scenes.rows(row, row + 16), times, size, device) for row in range(0, count, 16)],
        "cached": lambda: clips.clips(range(len(clips)), clip_input),
    }
    for work in candidates.values():
        work()
    rates: dict[str, list[float]] = {each: [] for each in candidates}
    for _ in range(arguments.rounds):
        for each, work in candidates.items():
            rates[each].append(count / seconds(work, device))
    return {
        each: {
            "median_clips_a_second": statistics.median(came),
            "quartiles": statistics.quantiles(came, n=4)[::2],
            "ratio": statistics.median(one / other for one, other in zip(came, rates["plain"], strict=True)),
        }
        for each, came in rates.items()
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sets", nargs="+", default=["libras-static", "libras-moving"], choices=libras.DATASETS)
    parser.add_argument("--frames", type=int, default=9, choices=range(2, 25), metavar="2-24")
    parser.add_argument("--size", type=int, default=64)
    parser.add_argument("--clips", type=int, default=64, help="a round")
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/rendering.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(arguments.threads)
    with tempfile.TemporaryDirectory() as folder:
        sets = {name: compare(name, arguments, folder) for name in arguments.sets}
    on = torch.cuda.get_device_name() if arguments.device != "cpu" else f"CPU, {arguments.threads} threads"
    result = {
        "what": f"clips of {arguments.frames}x{arguments.size}x{arguments.size} a second",
        "device": on,
        "torch": torch.__version__,
        "python": platform.python_version(),
        "date": date.today().isoformat(),
        "rounds": arguments.rounds,
        "target": TARGET,
        "sets": sets,
    }
    print(f"{result['what']}; {on}, torch {torch.__version__}, {arguments.rounds} rounds of {arguments.clips} clips")
    for name, rows in sets.items():
        for each, row in rows.items():
            low, high = row["quartiles"]
            line = f"{name:15}{each:10}{row['median_clips_a_second']:9.0f}{low:9.0f}-{high:.0f}{row['ratio']:8.2f}x"
            print(line + (f"   (target: {TARGET} of 9x64x64 on 2 cores)" if each == "rendered" else ""))
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    print(f"written: {arguments.json}")


if __name__ == "__main__":
    main()
