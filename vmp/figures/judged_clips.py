"""Clips that a model got right and wrong, with the maps of its layer: its own frames, as it took them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from vmp.clip_maps import clip_maps, four_pictures, shown_layer, shown_pathway
from vmp.figures.pictures import Pictures
from vmp.predictions import Predictions

if TYPE_CHECKING:
    from vmp.backbones.model import VideoModel
    from vmp.data.pathways import ClipInput
    from vmp.data.source import ClipSource


def chosen_clips(predictions: Predictions, count: int, right: bool) -> list[int]:
    """Places of the clips that the model was surest of, among those it got right or wrong; of each class one first.

    Fewer than ``count`` where there are not so many.
    """
    sure = predictions.probabilities().max(axis=1)
    places = np.flatnonzero(predictions.correct() == right)
    places = places[np.argsort(-sure[places], kind="stable")]
    labels = predictions.label[places]
    turn = np.array([np.sum(labels[:place] == label) for place, label in enumerate(labels)], dtype=np.int64)
    return [int(place) for place in places[np.argsort(turn, kind="stable")][:count]]


def judged_clips(
    model: VideoModel,
    data: ClipSource,
    predictions: Predictions,
    right: bool,
    count: int = 3,
    clip_input: ClipInput | None = None,
    lost: tuple[int, ...] = (),
    gain: float = 3.0,
) -> Pictures | None:
    """Four pictures of each clip, frame, difference, attention and prompt, at the moment that differs most.

    Args:
        model: that was tested.
        data: the clips it was tested on.
        predictions: of clips, not of groups.
        right: those that it got right, or those that it got wrong.
        count: at most so many clips.
        clip_input: what the model took when it was tested; None: its own.
        lost: clips of ``data`` that cannot be read.
        gain: the difference is multiplied by it before it is coloured.

    Returns:
        None where there is no such clip.
    """
    places = [
        place
        for place in chosen_clips(predictions, count + len(lost), right)
        if int(predictions.index[place]) not in lost
    ][:count]
    if not places:
        return None
    sure, said = predictions.probabilities().max(axis=1), predictions.top(1)[:, 0]
    pictures, headings = [], []
    for place in places:
        index = int(predictions.index[place])
        is_, taken = predictions.classes[predictions.label[place]], predictions.classes[said[place]]
        verdict = f"{is_}, rightly named" if right else f"{is_}, taken for {taken}"
        headings.append(f"{verdict} ({sure[place]:.2f}): {name_of(data, index)}")
        pictures += _pictures(model, data, index, clip_input or model.clip_input, gain)
    what = "got right" if right else "got wrong"
    shown = shown_pathway(model)
    of = (
        f"frames {shown.stride} apart"
        + (", each against the one before it" if shown.adjacent else "")
        + ("" if shown.name == "clip" else f" of the {shown.name} input")
    )
    return Pictures(
        pictures,
        columns=4,
        row_labels=headings,
        alt=f"Frame, difference, attention and prompt of {len(places)} clips that the model {what}",
        caption=f"Surest first, one of each class before a second; in brackets the model's probability. Its own {of}, "
        "at the moment that differs most.",
    )


def name_of(data: ClipSource, index: int) -> str:
    """The file of a clip, as its manifest has it, and where in it; else what the source says of the clip."""
    table = getattr(data, "table", None)
    if table is None:
        return data.describe(index).rpartition(": ")[2]
    row = table.iloc[index]
    unit = "s" if row["unit"] == "s" else "frames"
    there = "" if np.isnan(row["start"]) else f", {row['start']:g} to {row['end']:g} {unit}"
    return f"{row['path']}{there}"


def _pictures(
    model: VideoModel, data: ClipSource, index: int, taken: ClipInput, gain: float
) -> list[tuple[np.ndarray, str]]:
    """The four pictures of a clip, in the middle one of the views that are tested."""
    temporal, spatial = model.spec.test_views
    if temporal * spatial != data.views:
        temporal, spatial = data.views, 1
    clips = data.clips([index], taken, view=temporal // 2 * spatial + spatial // 2)
    shown, layer = shown_pathway(model), shown_layer(model)
    frames = clips[taken.pathways.index(shown)][0]
    maps = clip_maps(frames, layer, taken)
    moment = int(np.abs(maps.difference).mean(axis=(1, 2)).argmax())
    frame = frames[moment * (1 + shown.adjacent) + 1].cpu().numpy()
    names = ("frame", "difference: blue darker, orange brighter", "attention: dark is 1", "prompt")
    return list(zip(four_pictures(frame, maps, moment, layer, taken, gain), names, strict=True))
