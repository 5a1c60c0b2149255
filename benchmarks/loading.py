"""Loading clips of real videos: this loader against plain PyAV, OpenCV and torchcodec, and where its time goes.

    python benchmarks/loading.py                   # 340x256 H.264, 10 s, one thread, what is installed of the others
    python benchmarks/loading.py --rounds 5 --json build/benchmarks/loading.json

Part one: the same frames of the same generated files, uint8 RGB, decoded by one thread; clips a second of processor
time. All candidates run interleaved, round by round, so that a slow moment of the machine meets them all; a ratio is
the median over the rounds of (candidate / this loader) within one round. Part two: whole training clips, cut and
stacked, through the loader that training uses, with 0, 1 and 2 workers; and which share of a clip's time is decoding,
which is transforms, and what each degradation would add.

OpenCV (pip install opencv-python-headless) and torchcodec (pip install torchcodec; needs FFmpeg's shared libraries)
are measured where they can be imported. Writes JSON beside printing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import torch
from numpy.typing import NDArray

import vmp
from vmp.batches import Part, loaded
from vmp.data.degrade import DEGRADATIONS, degrade
from vmp.data.frame_reader import FrameReader
from vmp.data.manifest import make_manifest
from vmp.data.manifest_source import ManifestSource
from vmp.data.pathways import ClipInput, Pathway
from vmp.data.transforms import Chance, apply, cut_for_training

TARGET = 0.9  # of the fastest candidate's clips a second
FRAMES, WIDTH, HEIGHT, RATE = 300, 340, 256, 30
#: frames x stride of the backbones; the files differ in how often there is a key frame
WINDOWS = {"SlowFast fast": (32, 2), "C2D, I3D": (8, 8), "X3D-S": (13, 6), "X3D-M": (16, 5), "TimeSformer": (8, 32)}
GROUPS = {"a key frame in 250": 250, "a key frame in 12": 12}
Frames = NDArray[np.uint8]


# --- the files ---


def write_video(path: Path, key_frames: int, shift: int = 0) -> Path:
    """Ten seconds of the two example clips, forwards and backwards, as x264 codes them by default."""
    moving, static = (vmp.example_clip(name).frames for name in ("moving", "static"))
    pictures = np.roll(np.concatenate([moving, static, moving[::-1]])[:FRAMES], shift, axis=0)
    with av.open(str(path), "w") as output:
        stream = output.add_stream("libx264", rate=RATE, options={"crf": "23", "g": str(key_frames)})
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for place, picture in enumerate(pictures):
            frame = av.VideoFrame.from_ndarray(picture, format="rgb24").reformat(WIDTH, HEIGHT, "yuv420p")
            frame.pts, frame.time_base = place, Fraction(1, RATE)
            output.mux(stream.encode(frame))
        output.mux(stream.encode())
    return path


# --- the candidates: (path, numbers of frames) -> uint8 (T, H, W, 3) ---


def this_loader(path: str, numbers: list[int]) -> Frames:
    with FrameReader(path, threads=1) as reader:
        return reader.read(numbers)


def plain_pyav(path: str, numbers: list[int]) -> Frames:
    """As its documentation shows it: seek, decode on, convert what is wanted."""
    wanted, taken = set(numbers), []
    with av.open(path) as container:
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1
        container.seek(int(numbers[0] / RATE / stream.time_base), stream=stream)
        for frame in container.decode(stream):
            number = round(float(frame.pts * stream.time_base) * RATE)
            if number in wanted:
                taken.append(frame.to_ndarray(format="rgb24"))
            if number >= numbers[-1]:
                break
    return np.stack(taken)


def with_opencv(path: str, numbers: list[int]) -> Frames:
    import cv2

    wanted, taken = set(numbers), []
    capture = cv2.VideoCapture(path, cv2.CAP_FFMPEG, [cv2.CAP_PROP_N_THREADS, 1])
    capture.set(cv2.CAP_PROP_POS_FRAMES, numbers[0])
    for number in range(numbers[0], numbers[-1] + 1):
        capture.grab()
        if number in wanted:
            taken.append(cv2.cvtColor(capture.retrieve()[1], cv2.COLOR_BGR2RGB))
    capture.release()
    return np.stack(taken)


def with_torchcodec(path: str, numbers: list[int]) -> Frames:
    from torchcodec.decoders import VideoDecoder

    decoder = VideoDecoder(path, dimension_order="NHWC", num_ffmpeg_threads=1, seek_mode="approximate")
    return decoder.get_frames_at(numbers).data.numpy()


def with_torchcodec_exact(path: str, numbers: list[int]) -> Frames:
    from torchcodec.decoders import VideoDecoder

    return VideoDecoder(path, dimension_order="NHWC", num_ffmpeg_threads=1).get_frames_at(numbers).data.numpy()


CANDIDATES: dict[str, Callable[[str, list[int]], Frames]] = {
    "this loader": this_loader,
    "PyAV": plain_pyav,
    "OpenCV": with_opencv,
    "torchcodec, approximate": with_torchcodec,
    "torchcodec, exact": with_torchcodec_exact,
}


def usable(path: Path) -> tuple[dict[str, Callable[[str, list[int]], Frames]], dict[str, str]]:
    """The candidates that work here and give the same pictures, and why the others do not."""
    found, reasons = {}, {}
    expected = this_loader(str(path), [40, 48, 56]).astype(int)
    for name, read in CANDIDATES.items():
        try:
            difference = np.abs(read(str(path), [40, 48, 56]).astype(int) - expected).mean()
        except Exception as error:  # whatever is missing there
            reasons[name] = f"{type(error).__name__}: {str(error).strip().splitlines()[0][:80]}"
            continue
        if difference < 3:  # they convert colours a little differently
            found[name] = read
        else:
            reasons[name] = f"other pictures: {difference:.1f} grey levels away"
    return found, reasons


# --- part one ---


def decoding(arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    os.environ.setdefault("OPENCV_LOG_LEVEL", "ERROR")
    files = {name: write_video(folder / f"{group}.mp4", group) for name, group in GROUPS.items()}
    candidates, reasons = usable(next(iter(files.values())))
    random = np.random.default_rng(0)
    results = {}
    for group, path in files.items():
        for window, (count, stride) in WINDOWS.items():
            seconds: dict[str, list[float]] = {name: [] for name in candidates}
            for _ in range(arguments.rounds):
                start = int(random.integers(0, FRAMES - (count - 1) * stride))
                numbers = list(range(start, start + count * stride, stride))
                for name in random.permutation(list(candidates)):  # nobody is always first, or behind the same one
                    before = time.process_time()
                    candidates[name](str(path), numbers)
                    seconds[name].append(time.process_time() - before)
            results[f"{window}, {count} x {stride}, {group}"] = {name: _described(seconds, name) for name in candidates}
    return {"clips": results, "not measured": reasons}


def _described(seconds: dict[str, list[float]], name: str) -> dict[str, float]:
    ratios = [ours / theirs for ours, theirs in zip(seconds["this loader"], seconds[name], strict=True)]
    return {
        "clips_per_cpu_second": 1 / statistics.median(seconds[name]),
        "quartiles_ms": [1e3 * q for q in statistics.quantiles(seconds[name], n=4)[::2]],  # type: ignore[dict-item]
        "ratio_to_this_loader": statistics.median(ratios),
    }


# --- part two ---


def whole_clips(arguments: argparse.Namespace, folder: Path) -> dict[str, object]:
    """Training clips of X3D-S, batches of 8."""
    names = [f"{place}.mp4" for place in range(8)]
    for place, name in enumerate(names):
        write_video(folder / name, 48, shift=30 * place)
    rows = {"path": names, "class_name": ["a", "b"] * 4, "split": ["train"] * 8}
    source = ManifestSource(make_manifest("generated", rows, folder))
    clip_input = ClipInput((Pathway("clip", 13, 6, extra=True),), 160)
    batches = 2 + arguments.rounds
    speeds = {str(workers): _speed(source, clip_input, batches, workers) for workers in (0, 1, 2)}
    return {"clips_per_second_by_workers": speeds, "milliseconds_a_clip": _shares(folder / names[0], arguments.rounds)}


def _speed(source: ManifestSource, clip_input: ClipInput, batches: int, workers: int) -> float:
    def parts() -> Iterator[Part]:
        for step in range(batches):
            yield Part(1 + step, step, 0, True, tuple(range(len(source))), (), 1.0, 1.0, tuple(range(len(source))))

    given = loaded(source, clip_input, parts(), seed=0, workers=workers)
    next(given)  # until the workers have started
    begin = time.perf_counter()
    count = sum(len(clips[0]) for _, clips in given)
    return count / (time.perf_counter() - begin)


def _shares(path: Path, rounds: int) -> dict[str, float]:
    random = np.random.default_rng(0)
    seconds: dict[str, list[float]] = {}

    def timed(name: str, work: Callable[[], object]) -> object:
        before = time.process_time()
        result = work()
        seconds.setdefault(name, []).append(1e3 * (time.process_time() - before))
        return result

    for turn in range(rounds + 1):
        start = int(random.integers(0, FRAMES - 13 * 6))
        frames = timed("decoding", lambda start=start: this_loader(str(path), list(range(start, start + 14 * 6, 6))))
        cut = cut_for_training(HEIGHT, WIDTH, 160, Chance(*random.uniform(size=4).tolist()))
        clip = timed("transforms", lambda frames=frames, cut=cut: apply(frames, cut))
        for name in DEGRADATIONS:
            timed(
                f"degradation: {name}",
                lambda clip=clip, name=name, turn=turn: degrade(clip.numpy(), name, "medium", turn),
            )
    return {name: statistics.median(times[1:]) for name, times in seconds.items()}  # the first one imports


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--json", type=Path, default=Path("build/benchmarks/loading.json"))
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as folder:
        result = {
            "what": f"clips of generated H.264, {WIDTH}x{HEIGHT}, {FRAMES} frames; one thread",
            "versions": {"python": platform.python_version(), "torch": torch.__version__, "av": av.__version__},
            "processor": platform.processor() or platform.machine(),
            "date": date.today().isoformat(),
            "rounds": arguments.rounds,
            "decoding": decoding(arguments, Path(folder)),
            "whole clips": whole_clips(arguments, Path(folder)),
        }
    _print(result)
    arguments.json.parent.mkdir(parents=True, exist_ok=True)
    arguments.json.write_text(json.dumps(result, indent=2) + "\n")
    print(f"wrote {arguments.json}")


def _print(result: dict) -> None:
    for window, found in result["decoding"]["clips"].items():
        print(window)
        fastest = max(one["clips_per_cpu_second"] for one in found.values())
        for name, one in found.items():
            speed = f"{one['clips_per_cpu_second']:6.1f} clips a CPU-second"
            print(f"  {name:<24}{speed}   {one['ratio_to_this_loader']:.2f} of this loader's speed")
        share = found["this loader"]["clips_per_cpu_second"] / fastest
        print(f"  {'reached' if share >= TARGET else 'MISSED'}: {share:.2f} of the fastest (target {TARGET})")
    for name, reason in result["decoding"]["not measured"].items():
        print(f"not measured: {name} ({reason})")
    whole = result["whole clips"]
    for workers, speed in whole["clips_per_second_by_workers"].items():
        print(f"{workers} workers: {speed:.1f} clips a second")
    for name, milliseconds in whole["milliseconds_a_clip"].items():
        print(f"  {name:<32}{milliseconds:7.2f} ms a clip")


if __name__ == "__main__":
    main()
