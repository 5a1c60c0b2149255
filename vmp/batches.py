"""Which clips a step sees, in which parts and in which process, and how they are loaded.

All of it is a pure function of seed, epoch and step: nothing of it needs saving, and a run that is taken up again, by
however many processes, sees the same clips.
"""

from __future__ import annotations

import signal
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from vmp.data.pathways import ClipInput
from vmp.data.source import ClipSource

if TYPE_CHECKING:
    from vmp.recipe import Recipe

# one stream of random numbers each
_ORDER, _MIXUP, _MODEL = 1, 2, 3


@dataclass(frozen=True)
class Part:
    """What one process computes at once: its share of a part of a step.

    Attributes:
        epoch: from 1.
        step: from 0, in the epoch.
        part: from 0, in the step.
        last: whether the step ends with it.
        clips: their numbers in the data.
        partners: the clips mixed into them, or none.
        kept: how much of the clips themselves mixup keeps.
        weight: the share of these clips in the step's mean; 0 for a stand-in that only keeps the process in step.
        batch: all clips of the step, of all processes.
    """

    epoch: int
    step: int
    part: int
    last: bool
    clips: tuple[int, ...]
    partners: tuple[int, ...]
    kept: float
    weight: float
    batch: tuple[int, ...]


def epoch_order(clips: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """The order in which an epoch sees the clips, each once: int64 (clips,), a function of (seed, epoch) alone."""
    return np.random.default_rng((seed, epoch, _ORDER)).permutation(clips).astype(np.int64)


def model_seed(seed: int, part: Part, rank: int) -> int:
    """The seed of what the model draws in a part (dropout), for each process another."""
    words = np.random.SeedSequence((seed, part.epoch, _MODEL, part.step, part.part, rank)).generate_state(1, np.uint64)
    return int(words[0])


def steps_of_epoch(clips: int, batch_size: int) -> int:
    """Steps that see every clip once; the last may be smaller."""
    return -(-clips // batch_size)


def share(batch: Sequence[int], parts: int, rank: int = 0, processes: int = 1) -> list[tuple[tuple[int, ...], float]]:
    """The clips that one process computes in each part of a step, with their share of the step's mean.

    The parts of a batch differ by at most one clip. In each, process r takes every ``processes``-th clip from the r-th
    on. Where that leaves it none, it takes the first one with weight 0, so that all processes do as many passes.
    """
    shares = []
    for piece in np.array_split(np.asarray(batch, dtype=np.int64), min(parts, len(batch))):
        own = piece[rank::processes]
        weight = len(own) / len(batch)
        shares.append((tuple((own if weight else piece[:1]).tolist()), weight))
    return shares


def parts_of_step(
    recipe: Recipe, order: NDArray[np.int64], seed: int, epoch: int, step: int, rank: int, processes: int
) -> Iterator[Part]:
    """What one process computes in a step, in order."""
    batch = order[step * recipe.batch_size : (step + 1) * recipe.batch_size].tolist()
    partner, kept = {}, 1.0
    if recipe.mixup:
        draw = np.random.default_rng((seed, epoch, _MIXUP, step))
        kept = float(draw.beta(recipe.mixup, recipe.mixup))
        partner = dict(zip(batch, draw.permutation(batch).tolist(), strict=True))
    shares = share(batch, recipe.accumulate, rank, processes)
    for part, (clips, weight) in enumerate(shares):
        partners = tuple(partner[clip] for clip in clips) if partner else ()
        yield Part(epoch, step, part, part == len(shares) - 1, clips, partners, kept, weight, tuple(batch))


def parts_from(
    recipe: Recipe, clips: int, seed: int, epoch: int, step: int, rank: int = 0, processes: int = 1
) -> Iterator[Part]:
    """What one process computes from this step of this epoch to the end of the training."""
    for later in range(epoch, recipe.epochs + 1):
        order = epoch_order(clips, seed, later)
        for each in range(step if later == epoch else 0, steps_of_epoch(clips, recipe.batch_size)):
            yield from parts_of_step(recipe, order, seed, later, each, rank, processes)


class _Clips:
    """What a loader's worker holds; it is told what to load by the part itself."""

    def __init__(self, data: ClipSource, clip_input: ClipInput, seed: int) -> None:
        self.data, self.clip_input, self.seed = data, clip_input, seed

    def __getitem__(self, part: Part) -> tuple[Part, list[Tensor]]:
        epoch = part.epoch or None
        clips = part.clips + part.partners
        return part, self.data.clips(clips, self.clip_input, epoch=epoch, seed=self.seed)


def _as_it_is(item: Any) -> Any:
    return item


def _deaf(worker: int) -> None:
    """Leave SIGTERM and Ctrl-C, which reach a whole group of processes, to the one that trains: it ends the workers."""
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, signal.SIG_IGN)


def loaded(
    data: ClipSource, clip_input: ClipInput, parts: Iterable[Part], seed: int, workers: int = 0, pin: bool = False
) -> Generator[tuple[Part, list[Tensor]], None, None]:
    """Each part with its clips, uint8 (B, T, H, W, 3), one tensor a pathway; partners behind the part's own clips.

    Args:
        data: the clips.
        clip_input: what the model takes.
        parts: in order; epoch 0 asks for no draw, as for testing.
        seed: of the draws.
        workers: processes that load ahead; 0 loads here, when asked.
        pin: load into page-locked memory, from which a GPU copies while it computes.
    """
    source = _Clips(data, clip_input, seed)
    if not workers:
        for part in parts:
            yield source[part]
        return
    import torch
    from torch.utils.data import DataLoader

    loader: DataLoader[Any] = DataLoader(
        source,  # type: ignore[arg-type]
        batch_size=None,
        sampler=parts,
        num_workers=workers,
        collate_fn=_as_it_is,
        worker_init_fn=_deaf,
        pin_memory=pin,
        generator=torch.Generator(),  # its own: the loader would draw from torch's global one
    )
    coming: Any = iter(loader)
    try:
        yield from coming
    finally:
        coming._shutdown_workers()  # after an error too, and not when the garbage collector comes by
