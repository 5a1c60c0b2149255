"""The rendered sets as pictures: film strips of their clips, the movements themselves, the cameras' ways."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from vmp.data.rendered_clips import RenderedClips
from vmp.data.trajectories import CLASSES, libras_trajectories
from vmp.figures.palette import ATTENTION, DIFFERENCE, NEUTRAL, PROMPT
from vmp.figures.pictures import Pictures
from vmp.figures.still import still_style

Picture = NDArray[np.uint8]

_GAP = 3  # px between the pictures of a strip
_PAPER, _START = (238, 240, 243), 4.0  # colour behind a drawn path; radius of its first point, px of 64
_FINE = 4  # a path is drawn so many times larger, then scaled down: smooth lines


def chosen_indices(clips: RenderedClips, count: int, seed: int = 0) -> list[int]:
    """``count`` clips of different classes, as far as there are so many; ``seed`` chooses classes and clips.

    Raises:
        ValueError: fewer than one, or more than there are.
    """
    if not 1 <= count <= len(clips):
        raise ValueError(f"count: expected 1 to {len(clips)}, the clips of {clips.name}, got {count}")
    order = np.random.default_rng(seed).permutation(len(clips))
    labels = clips.labels[order]
    turn = np.array([np.sum(labels[:place] == label) for place, label in enumerate(labels)])
    chosen = order[np.argsort(turn, kind="stable")[:count]]
    return [int(index) for index in chosen[np.argsort(clips.labels[chosen], kind="stable")]]


def film_strip(clips: RenderedClips, index: int, frames: Sequence[int], rendering: int = 0) -> Picture:
    """Some frames of a clip side by side, then the movement alone, as a resting camera would see it.

    Args:
        clips: a split of a rendered set.
        index, rendering: which clip.
        frames: places among its drawn frames.

    Returns:
        uint8 (size, W, 3): the path's beginning is its dot.

    Raises:
        ValueError: a frame that is not there.
    """
    video = clips.video(index, rendering)
    if not frames or min(frames) < 0 or max(frames) >= len(video):
        raise ValueError(f"frames: expected places from 0 to {len(video) - 1}, got {list(frames)}")
    # the time in which the object waits is no part of the movement
    path = clips.object_path(index, rendering, seen=False)[clips.timing.times >= 0]
    cells = [video[frame] for frame in frames] + [_drawn(path, clips.size)]
    gap = np.full((clips.size, _GAP, 3), 255, dtype=np.uint8)
    return np.concatenate([part for cell in cells for part in (cell, gap)][:-1], axis=1)


def contact_sheet(
    clips: RenderedClips, count: int = 6, seed: int = 0, frames: Sequence[int] = (0, 8, 11, 14, 17, 20, 23)
) -> Pictures:
    """Film strips of some clips of a set, one below the other, each with its class."""
    indices = chosen_indices(clips, count, seed)
    strips = [(film_strip(clips, index, frames), clips.classes[clips.labels[index]]) for index in indices]
    numbers = ", ".join(str(frame) for frame in frames)
    return Pictures(
        strips,
        columns=1,
        max_width=strips[0][0].shape[1],
        quality=72,
        alt=f"Film strips of {count} clips of {clips.title}",
        caption=f"{clips.title}. Frames {numbers} of {count} clips (the movement begins with frame "
        f"{clips.timing.room // clips.timing.unit}); last, the movement alone, from its dot on.",
    )


def class_panels(each: int = 7) -> list[Figure]:
    """The 15 classes: ``each`` of the real movements, one of them strong with a dot where it begins."""
    points, labels = libras_trajectories()
    panels = []
    for label, name in enumerate(CLASSES):
        figure, axes = _small_panel(name)
        some = points[labels == label][:: max(1, int(np.sum(labels == label)) // each)][:each]
        for movement in some[1:]:
            axes.plot(*movement[::2].T, color=NEUTRAL, linewidth=0.7, alpha=0.6)
        axes.plot(*some[0].T, color=PROMPT, linewidth=1.6)
        axes.plot(*some[0, 0], "o", color=PROMPT, markersize=4)
        panels.append(figure)
    return panels


def camera_panels(clips: RenderedClips, indices: Sequence[int]) -> list[Figure]:
    """A panel a clip, the frame of the resting camera: object, the camera's centre, and the object as it is seen."""
    panels = []
    for index in indices:
        figure, axes = _small_panel(clips.classes[clips.labels[index]])
        axes.plot(*clips.object_path(index, seen=False).T, color=NEUTRAL, linewidth=2.4, alpha=0.7)
        axes.plot(*clips.camera(index)[:, :2].T, color=DIFFERENCE, linewidth=1.3)
        axes.plot(*clips.object_path(index).T, color=ATTENTION, linewidth=1.3)
        panels.append(figure)
    return panels


def camera_over_time(named: dict[str, RenderedClips], count: int = 5, seed: int = 0) -> list[Figure]:
    """Where the cameras of some clips are, frame by frame: across, and their roll; a colour a set."""
    columns = ((0, 1.0, 0.5, "camera across (frame widths)"), (3, 180 / np.pi, 0.0, "camera roll (degrees)"))
    panels = []
    for column, factor, rest, title in columns:
        with still_style():
            figure, axes = plt.subplots()
            for (name, clips), colour in zip(named.items(), (DIFFERENCE, ATTENTION, PROMPT, NEUTRAL), strict=False):
                for number, index in enumerate(chosen_indices(clips, count, seed)):
                    values = (clips.camera(index)[:, column] - rest) * factor
                    axes.plot(values, color=colour, linewidth=1.1, alpha=0.8, label=None if number else name)
            axes.axvline(next(iter(named.values())).timing.room, color=NEUTRAL, linewidth=0.8, linestyle=":")
            axes.set(title=title, xlabel="frame")
            if column == 0:
                axes.legend()
        panels.append(figure)
    return panels


def _small_panel(title: str) -> tuple[Figure, Axes]:
    """An empty unit square, y down, without axes: five stand side by side on a page."""
    with still_style():
        figure, axes = plt.subplots(figsize=(1.6, 1.8))
        axes.set_title(title, fontsize=8.5, fontweight="normal", loc="center")
        axes.set(xlim=(-0.03, 1.03), ylim=(1.03, -0.03), xticks=[], yticks=[], aspect="equal")
        for side in ("top", "right", "bottom", "left"):
            axes.spines[side].set_visible(True)
            axes.spines[side].set_color(NEUTRAL)
            axes.spines[side].set_linewidth(0.5)
    return figure, axes


def _drawn(path: NDArray[np.float64], size: int) -> Picture:
    """A path (T, 2) in [0, 1] on plain paper, uint8 (size, size, 3)."""
    side = _FINE * size
    image = Image.new("RGB", (side, side), _PAPER)
    draw = ImageDraw.Draw(image)
    points = [(float(x) * side, float(y) * side) for x, y in path]
    draw.line(points, fill=PROMPT, width=max(1, round(2.2 * side / 64)), joint="curve")
    radius = _START * side / 64
    x, y = points[0]
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=PROMPT)
    return np.asarray(image.resize((size, size), Image.Resampling.LANCZOS))
