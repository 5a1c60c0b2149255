"""The explorer in software-rendered Chromium: milliseconds a frame, by renderer, and how long reading a clip takes.

    python benchmarks/explorer.py                # both renderers, 480x270, the moving clip
    python benchmarks/explorer.py --rounds 5

The page's own counter (``explorer.measure``) draws every frame of the clip as fast as the browser paints. ``interval``
is the time from paint to paint, everything included: upload, four panes, read-outs, the plot; the screen's rate
bounds it at 16.7 ms. ``work`` is the script's own share. Writes JSON beside printing.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import statistics
import tempfile
from datetime import date
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, sync_playwright

from vmp.explorer import write_assets

FLAGS = [
    "--no-sandbox",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--use-angle=swiftshader",
    "--enable-unsafe-swiftshader",
    "--ignore-gpu-blocklist",
]
TARGET = 30.0  # frames a second
EXPLORER = "document.querySelector('.vmp-explorer').vmpExplorer"


def write_page(folder: Path, renderer: str) -> Path:
    write_assets(folder)
    page = folder / f"{renderer}.html"
    page.write_text(
        '<!doctype html><meta charset="utf-8"><link rel="stylesheet" href="explorer.css">'
        '<script src="explorer.js"></script>'
        f'<div class="vmp-explorer" data-clip="moving" data-shift="0.03" data-renderer="{renderer}"></div>',
        encoding="utf-8",
    )
    return page


def one_round(browser: Browser, page_file: Path, frames: int) -> dict[str, Any]:
    page = browser.new_page(viewport={"width": 800, "height": 900})
    page.goto(page_file.as_uri())
    page.wait_for_function(f"() => {EXPLORER}?.drawn")
    first = page.evaluate("performance.now()")
    page.wait_for_function(f"() => {EXPLORER}.clip.complete")
    whole = page.evaluate("performance.now()")
    page.wait_for_function(f"() => {EXPLORER}.variation !== undefined")
    variation = page.evaluate(
        f"""async () => {{
          const {{root}} = {EXPLORER};
          const done = new Promise((resolve) => root.addEventListener("vmp-variation", resolve, {{once: true}}));
          const start = performance.now();
          {EXPLORER}.set({{slope: 30}});
          await done;
          return performance.now() - start;
        }}"""
    )
    measured = page.evaluate(f"{EXPLORER}.measure({frames})")
    page.close()
    return measured | {"first_picture_ms": first, "whole_clip_ms": whole, "variation_ms": variation}


def summary(rounds: list[dict[str, Any]]) -> dict[str, Any]:
    def over(values: list[float]) -> dict[str, float]:
        return {"median": statistics.median(values), "smallest": min(values), "largest": max(values)}

    names = ("frames_per_second", "first_picture_ms", "whole_clip_ms", "variation_ms")
    told = {name: over([found[name] for found in rounds]) for name in names}
    for name in ("interval_ms", "work_ms"):
        told[name] = over([found[name]["median"] for found in rounds])
    return told


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--frames", type=int, default=240)
    parser.add_argument("--output", type=Path, default=Path("build/benchmarks/explorer.json"))
    arguments = parser.parse_args()
    executable = shutil.which("chromium") or shutil.which("chromium-browser")
    results: dict[str, Any] = {"date": date.today().isoformat(), "machine": platform.machine(), "cores": os.cpu_count()}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=FLAGS)
        results["browser"] = f"Chromium {browser.version}, SwiftShader"
        for renderer in ("webgl", "canvas"):
            page = write_page(Path(folder), renderer)
            results[renderer] = summary([one_round(browser, page, arguments.frames) for _ in range(arguments.rounds)])
        browser.close()
    for renderer in ("webgl", "canvas"):
        told = results[renderer]
        rate = told["frames_per_second"]
        spread = f"({rate['smallest']:.1f} to {rate['largest']:.1f})"
        print(f"{renderer}: {rate['median']:.1f} frames a second {spread}, aim {TARGET}")
        for name in ("interval_ms", "work_ms", "first_picture_ms", "whole_clip_ms", "variation_ms"):
            found = told[name]
            print(f"  {name:17s} {found['median']:7.1f}  ({found['smallest']:.1f} to {found['largest']:.1f})")
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print(f"written: {arguments.output}")


if __name__ == "__main__":
    main()
