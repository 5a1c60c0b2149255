"""One movement with several objects, and what the layer makes of each: after the paper's Fig. 10."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from vmp.figures.pictures import Pictures

if TYPE_CHECKING:
    from vmp.experiments.reproduction import Reproduction
    from vmp.experiments.run import Run

#: Rows of pictures, top to bottom.
_ROWS = ("Frame", "Difference to the frame before", "Attention", "Motion prompt")
_GAIN = 3.0
#: The paper's pair of MPII Cooking 2 without regularisation (Fig. 12): what is shown where no run is stored.
PAPERS_PAIR = (23.45, 0.03)


def stored_pair(shown: Reproduction) -> tuple[float, float, str]:
    """(slope, shift, where from) of the stored layer with the lowest seed; the paper's where none is stored."""
    layers = shown.found.layers
    if not len(layers):
        return *PAPERS_PAIR, "the paper's, of MPII Cooking 2 (Fig. 12); none is stored here"
    first = layers.sort_values("seed", kind="stable").iloc[0]
    return float(first["slope"]), float(first["shift"]), f"learned here, seed {int(first['seed'])}"


def same_movement(
    run: Run, slope: float, shift: float, label: str, objects: Sequence[str], source: str = "", number: int = 0
) -> Pictures:
    """A column an object: frame, difference, attention and prompt of one movement at one moment.

    The pixels are rendered and the maps computed now, as the run's model takes them. The moment is the one at which the
    first object's clip differs most; scene, path and light are the same in every column.

    Args:
        run: whose data set and clips they are; of a real set the rendered one that stands in for it.
        slope, shift: of the layer.
        label: the class of the movement.
        objects: titles of the objects, a column each.
        source: where slope and shift are from, for the caption.
        number: which test trajectory of the class.

    Raises:
        ValueError: a class, an object or a trajectory that the set has not.
    """
    from vmp.clip_maps import clip_maps, four_pictures
    from vmp.data import libras
    from vmp.experiments.models import clip_input
    from vmp.prompt import MotionPrompt

    taken = clip_input(run)
    clips = libras.load(
        _rendered(run), "test", fold=run.fold, size=taken.crop, clip_input=taken, renderings=1, objects="every",
        cache=False,
    )  # fmt: skip
    places = _places(clips, label, objects, number)
    pathway = taken.pathways[-1]
    frames = [_taken(clips, place, taken, len(taken.pathways) - 1) for place in places]
    options: Any = {"mean": taken.mean, "std": taken.std, "channel_order": taken.channel_order}
    layer = MotionPrompt.from_slope_shift(slope, shift, **options)
    maps = [clip_maps(each, layer, taken) for each in frames]
    moment = int(np.abs(maps[0].difference).mean(axis=(1, 2)).argmax())
    shown = 2 * moment + 1 if pathway.adjacent else moment + 1
    columns = [
        four_pictures(each[shown].numpy(), made, moment, layer, taken, _GAIN)
        for each, made in zip(frames, maps, strict=True)
    ]
    pictures = [(column[row], name) for row in range(len(_ROWS)) for column, name in zip(columns, objects, strict=True)]
    return Pictures(
        pictures,
        columns=len(objects),
        row_labels=_ROWS,
        alt=f"One {label} with {len(objects)} objects: frame, difference, attention and prompt of each",
        caption=f"One test movement, {label}, with {len(objects)} objects; all else is the same. Difference: blue "
        f"darker, orange brighter, {_GAIN:g} times as large. Attention: dark is 1. Layer: slope {slope:.2f}, shift "
        f"{shift:.3f}" + (f" ({source})." if source else "."),
    )


def _places(clips: Any, label: str, objects: Sequence[str], number: int) -> list[int]:
    """The clip of each object, of one trajectory of a class."""
    if label not in clips.classes:
        raise ValueError(f"label: expected a class of {clips.name} ({', '.join(clips.classes)}), got {label!r}")
    unknown = [name for name in objects if name not in clips.object_titles]
    if unknown or not objects:
        raise ValueError(f"objects: expected some of {', '.join(clips.object_titles)}, got {', '.join(objects)}")
    groups = np.unique(clips.groups[clips.labels == clips.classes.index(label)])
    if not 0 <= number < len(groups):
        raise ValueError(f"number: expected 0 to {len(groups) - 1}, a test trajectory of {label}, got {number}")
    wanted = [clips.object_titles.index(name) for name in objects]
    mine = clips.groups == groups[number]
    return [int(np.flatnonzero(mine & (clips.objects == each))[0]) for each in wanted]


def _taken(clips: Any, place: int, taken: Any, pathway: int) -> Any:
    """The frames of one clip that a pathway takes: uint8 (T + 1, H, W, 3), rendered for this clip alone."""
    import torch

    return torch.from_numpy(clips.video(place)[clips.timing.taken(taken)[pathway]])


def _rendered(run: Run) -> Any:
    from vmp.experiments.datasets import PREPARED, RENDERED

    return run.dataset if run.dataset in RENDERED else PREPARED[run.dataset].stand_in
