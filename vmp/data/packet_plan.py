"""Which packets of a video have to be decoded for a few of its frames."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import av


class Run(NamedTuple):
    """Packets, from ``begin`` to before ``end``, that are decoded one after another; then the decoder is emptied."""

    begin: int
    end: int


def plan(
    packets: list[av.Packet], ticks: NDArray[np.float64], from_beginning: bool
) -> tuple[list[Run] | None, NDArray[np.int64]]:
    """Which packets to decode for the frames shown at ``ticks``, and the times of those frames.

    Args:
        packets: from a key frame on, in the order of the file; all have a time of showing.
        ticks: never decreasing, in the units of those times.
        from_beginning: whether the key frame is the file's first one.

    Returns:
        (runs, times): no runs where an earlier key frame is needed first, or where two packets have one time.
    """
    times = np.array([packet.pts for packet in packets], dtype=np.int64)
    nothing = np.zeros(0, dtype=np.int64)
    shown = np.sort(times[[not packet.is_discard for packet in packets]])
    if not len(shown) or (np.diff(shown) == 0).any():
        return None, nothing
    place = np.searchsorted(shown, ticks, side="right") - 1
    if place[0] < 0 and not from_beginning:
        return None, nothing
    needed = shown[np.maximum(place, 0)]
    heads = np.flatnonzero([packet.is_keyframe for packet in packets])
    tails = np.append(heads[1:], len(packets))
    lasts = _last_of_each_group(times, np.isin(times, needed), heads, tails, from_beginning)
    return None if lasts is None else _runs(heads.tolist(), lasts), needed


def _last_of_each_group(
    times: NDArray[np.int64],
    wanted: NDArray[np.bool_],
    heads: NDArray[np.int64],
    tails: NDArray[np.int64],
    from_beginning: bool,
) -> list[int] | None:
    """Up to where each group of pictures is decoded; None where the first leans on one that was not read."""
    lasts = []
    for head, tail in zip(heads.tolist(), tails.tolist(), strict=True):
        inside = np.flatnonzero(wanted[head:tail])
        lasts.append(head + int(inside[-1]) + 1 if len(inside) else head)
    for group in range(len(lasts) - 1, -1, -1):
        head, last = int(heads[group]), lasts[group]
        if not (wanted[head:last] & (times[head:last] < times[head])).any():
            continue
        # a picture that is shown before its own key frame leans on the group before, on any of its pictures
        if group:
            lasts[group - 1] = int(tails[group - 1])
        elif not from_beginning:
            return None
    return lasts


def _runs(heads: list[int], lasts: list[int]) -> list[Run]:
    runs: list[Run] = []
    for head, last in zip(heads, lasts, strict=True):
        if last == head:
            continue
        if runs and runs[-1].end == head:
            runs[-1] = Run(runs[-1].begin, last)
        else:
            runs.append(Run(head, last))
    return runs
