from __future__ import annotations

import multiprocessing
import signal
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from training_stand_ins import MemoryClips, SmallModel

from vmp.batches import Part, epoch_order, loaded, model_seed, parts_from, share, steps_of_epoch
from vmp.recipe import Recipe

counts = st.integers(1, 40)


def test_shares_by_hand() -> None:
    assert share([5, 3, 9, 1], 1) == [((5, 3, 9, 1), 1.0)]
    assert share([5, 3, 9, 1], 2, rank=1, processes=2) == [((3,), 0.25), ((1,), 0.25)]
    assert share([5, 3, 9], 1, rank=0, processes=2) == [((5, 9), 2 / 3)]
    assert share([5, 3, 9], 2, rank=1, processes=2) == [((3,), 1 / 3), ((9,), 0.0)]
    assert share([7], 4, rank=2, processes=3) == [((7,), 0.0)]


@given(counts, st.integers(1, 6), st.integers(1, 5))
def test_shares_make_the_batch(clips: int, parts: int, processes: int) -> None:
    batch = list(range(100, 100 + clips))
    shares = [share(batch, parts, rank, processes) for rank in range(processes)]
    assert {len(each) for each in shares} == {min(parts, clips)}
    everything = [piece for each in shares for piece in each]
    assert Counter(clip for own, weight in everything if weight for clip in own) == Counter(batch)
    assert sum(weight for _, weight in everything) == pytest.approx(1)
    assert all(weight in (0, len(own) / clips) for own, weight in everything)
    assert all(own for own, _ in everything)
    assert all(weight for _, weight in shares[0])  # the first process, whose BatchNorm counts, never stands in


@given(counts, counts, st.integers(0, 2**40), st.integers(1, 4), st.integers(1, 3), st.booleans())
def test_any_number_of_processes_sees_the_same_steps(
    clips: int, batch_size: int, seed: int, processes: int, accumulate: int, mixup: bool
) -> None:
    recipe = Recipe(2, batch_size, accumulate=accumulate, mixup=0.5 if mixup else 0)
    alone = list(parts_from(recipe, clips, seed, 1, 0))
    together = [list(parts_from(recipe, clips, seed, 1, 0, rank, processes)) for rank in range(processes)]
    for own in together:
        assert [(part.epoch, part.step, part.part, part.last, part.batch, part.kept) for part in own] == [
            (part.epoch, part.step, part.part, part.last, part.batch, part.kept) for part in alone
        ]
    pairs = [Counter(_pairs(part for own in together for part in own)), Counter(_pairs(alone))]
    assert pairs[0] == pairs[1]
    assert Counter(clip for _, clip, _ in pairs[1].elements()) == Counter({clip: 2 for clip in range(clips)})
    assert sum(part.last for part in alone) == 2 * steps_of_epoch(clips, batch_size)
    assert all(set(part.partners) <= set(part.batch) for part in alone)


def _pairs(parts) -> list[tuple[int, int, int | None]]:  # type: ignore[no-untyped-def]
    return [
        (part.epoch, clip, part.partners[at] if part.partners else None)
        for part in parts
        if part.weight
        for at, clip in enumerate(part.clips)
    ]


@given(st.integers(0, 2**40), st.data())
def test_taken_up_anywhere_the_rest_is_the_same(seed: int, data: st.DataObject) -> None:
    recipe = Recipe(3, 4, accumulate=2, mixup=0.5)
    whole = list(parts_from(recipe, 11, seed, 1, 0))
    epoch, step = data.draw(st.integers(1, 3)), data.draw(st.integers(0, 3))  # 3 steps: at step 3 the epoch is over
    assert list(parts_from(recipe, 11, seed, epoch, step)) == [p for p in whole if (p.epoch, p.step) >= (epoch, step)]


def test_orders_are_permutations_that_hang_on_seed_and_epoch() -> None:
    orders = {(seed, epoch): tuple(epoch_order(50, seed, epoch)) for seed in range(4) for epoch in range(1, 5)}
    assert all(sorted(order) == list(range(50)) for order in orders.values())
    assert len(set(orders.values())) == 16
    assert tuple(epoch_order(50, 2, 3)) == orders[2, 3]
    firsts = Counter(int(epoch_order(5, seed, 1)[0]) for seed in range(1000))
    assert min(firsts.values()) > 150  # 200 each, with a standard deviation of 13


def test_every_part_of_every_process_has_a_seed_of_its_own() -> None:
    recipe = Recipe(3, 4, accumulate=2)
    seeds = [
        model_seed(seed, part, rank)
        for seed in (0, 1)
        for rank in (0, 1)
        for part in parts_from(recipe, 11, seed, 1, 0)
    ]
    assert len(set(seeds)) == len(seeds)
    torch.Generator().manual_seed(max(seeds))  # torch takes it


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
@pytest.mark.parametrize("workers", [0, 2])
def test_clips_come_in_order_with_partners_behind_and_drawn_for_their_epoch(workers: int) -> None:
    data, clip_input = MemoryClips(), SmallModel().clip_input
    parts = list(parts_from(Recipe(2, 4, mixup=0.5), 11, 7, 1, 0))
    parts.append(Part(0, 0, 0, True, (3, 4), (), 1.0, 1.0, (3, 4)))
    came = list(loaded(data, clip_input, iter(parts), seed=7, workers=workers))
    assert [part for part, _ in came] == parts
    for part, clips in came:
        expected = data.clips(part.clips + part.partners, clip_input, epoch=part.epoch or None, seed=7)
        assert all(torch.equal(one, other) for one, other in zip(clips, expected, strict=True))


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_an_error_of_the_data_arrives_and_the_workers_end() -> None:
    class Broken(MemoryClips):
        def clips(self, *given, **options):  # type: ignore[no-untyped-def]
            raise ValueError("clip 3: expected a video, got a picture")

    before = signal.getsignal(signal.SIGTERM)
    parts = parts_from(Recipe(1, 4), 11, 0, 1, 0)
    with pytest.raises(ValueError, match="clip 3: expected a video, got a picture"):
        list(loaded(Broken(), SmallModel().clip_input, parts, 0, workers=1))
    assert signal.getsignal(signal.SIGTERM) is before
    assert multiprocessing.active_children() == []


@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_the_workers_end_where_nobody_wants_the_rest() -> None:
    coming = loaded(MemoryClips(), SmallModel().clip_input, parts_from(Recipe(1, 4), 11, 0, 1, 0), 0, workers=2)
    next(coming)
    assert len(multiprocessing.active_children()) == 2
    coming.close()
    assert multiprocessing.active_children() == []


def test_numpy_integers_go_no_further() -> None:
    assert all(type(clip) is int for own, _ in share(np.arange(5).tolist(), 2) for clip in own)
