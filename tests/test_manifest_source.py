"""Real files in, clips out: which frames, which squares, which draws, and what happens where a file is broken.

Frame k of a test video is of one colour, k written to base 5 in red, green and blue, so that a clip tells which frames
it holds whatever was cut out.
"""

from __future__ import annotations

import logging
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from make_video import cut, write_video
from numpy.typing import NDArray
from torch import Tensor

from vmp.batches import Part, loaded
from vmp.data.degraded import Degraded
from vmp.data.lost import ClipUnreadable, TooManyLost, readable_clips
from vmp.data.manifest import Manifest, make_manifest, validate
from vmp.data.manifest_source import ManifestSource
from vmp.data.pathways import ClipInput, Pathway, pathway_windows

FRAMES = 100
ENDINGS = ("mp4", "avi", "mkv", "webm")
#: X3D-like, and SlowFast with both pathways prompted.
ONE = ClipInput((Pathway("clip", 4, 6),), 16)
TWO = ClipInput((Pathway("slow", 4, 8, extra=True), Pathway("fast", 16, 2, extra=True)), 16)


def coloured(count: int = FRAMES) -> list[NDArray[np.uint8]]:
    digits = np.arange(count)[:, None] // (1, 5, 25) % 5
    return list(np.broadcast_to(30 + 45 * digits[:, None, None].astype(np.uint8), (count, 24, 32, 3)).copy())


def numbers(clip: Tensor) -> list[int]:
    """Which frames a clip (T, H, W, 3) holds."""
    digits = ((clip.float().mean(dim=(1, 2)) - 30) / 45).round().long()
    return (digits * torch.tensor([1, 5, 25])).sum(dim=1).tolist()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("videos")
    for ending in ENDINGS:
        codec = "libvpx" if ending == "webm" else "libx264"
        options = {"b": "1M", "qmax": "8", "g": "30"} if ending == "webm" else {"qp": "1", "g": "30"}
        write_video(folder / f"v.{ending}", coloured(), codec=codec, options=options)
    write_video(folder / "short.mp4", coloured(10), options={"qp": "1"})
    write_video(folder / "fast.mp4", coloured(), rate=60, options={"qp": "1", "g": "30"})
    # 64 wide and 16 high: left, middle and right third have levels of their own
    stripes = np.repeat(np.array([40, 120, 200], np.uint8), [24, 16, 24])[None, :, None]
    write_video(folder / "thirds.mp4", [np.broadcast_to(stripes, (16, 64, 3)).copy()] * 20, options={"qp": "1"})
    cut(folder / "v.mkv", 0.4)
    (folder / "text.mp4").write_text("this is no video")
    return folder


def manifest(folder: Path, paths: list[str], classes: list[str] | None = None, **columns: Any) -> Manifest:
    rows = {
        "clip": [f"c{place}" for place in range(len(paths))], "path": paths,
        "class_name": classes or ["a", "b"] * (len(paths) // 2) + ["a"] * (len(paths) % 2),
        "split": columns.pop("split", ["train"] * len(paths)),
    }  # fmt: skip
    extras = [name for name in columns if name in ("person",)]
    return make_manifest("set", rows | columns, folder, extras=extras, classes=["a", "b"])


def source(folder: Path, paths: list[str], split: str = "train", **options: Any) -> ManifestSource:
    columns = {name: options.pop(name) for name in ("classes", "start", "end", "unit") if name in options}
    return ManifestSource(manifest(folder, paths, split=[split] * len(paths), **columns), split, **options)


# --- which frames ---


@pytest.mark.parametrize("ending", ENDINGS)
def test_training_clips_begin_anywhere_they_fit_with_room_for_an_extra_frame(folder: Path, ending: str) -> None:
    data = source(folder, [f"v.{ending}"])
    starts = set()
    for epoch in range(1, 60):
        slow, fast = data.clips([0], TWO, epoch=epoch)
        start = numbers(slow[0])[1]
        assert numbers(slow[0]) == [start - 8, start, start + 8, start + 16, start + 24]
        assert numbers(fast[0]) == [start - 2, *range(start, start + 32, 2)]
        starts.add(start)
    assert min(starts) >= 8  # the longest stride
    assert max(starts) <= FRAMES - TWO.length
    assert min(starts) < 14
    assert max(starts) > FRAMES - TWO.length - 6
    assert len(starts) > 30


def test_frames_without_an_extra_one_are_the_same(folder: Path) -> None:
    data = source(folder, ["v.mp4"])
    without = ClipInput(tuple(Pathway(each.name, each.frames, each.stride) for each in TWO.pathways), 16)
    for options in ({"epoch": 3, "seed": 5}, {}):
        with_, plain = data.clips([0], TWO, **options), data.clips([0], without, **options)
        for extra, usual in zip(with_, plain, strict=True):
            torch.testing.assert_close(extra[:, 1:], usual, rtol=0, atol=0)


def test_test_views_are_even_and_the_first_and_last_reach_the_ends(folder: Path) -> None:
    data = source(folder, ["v.mp4"], "test", test_views=(4, 3))
    assert data.views == 12
    found = [numbers(data.clips([0], ONE, view=view)[0][0]) for view in range(12)]
    # starts from 6, the stride, to 81 = 100 - 19
    assert [each[0] for each in found] == [6] * 3 + [31] * 3 + [56] * 3 + [81] * 3
    assert all(np.diff(each).tolist() == [6, 6, 6] for each in found)
    one = source(folder, ["v.mp4"], "test")
    assert numbers(one.clips([0], ONE)[0][0])[0] == 43
    for view in (-1, 12):
        with pytest.raises(ValueError, match=f"view: expected 0 to 11, got {view}"):
            data.clips([0], ONE, view=view)


@pytest.mark.parametrize("ending", ENDINGS)
def test_intervals_of_a_long_file(folder: Path, ending: str) -> None:
    data = source(
        folder, [f"v.{ending}"] * 2, "test", start=[30, 1], end=[55, 2], classes=["a", "b"], unit=["frame", "s"]
    )
    assert numbers(data.clips([0], ONE)[0][0]) == [36, 42, 48, 54]  # 25 frames are just enough for 6 + 19
    assert numbers(data.clips([1], ONE)[0][0]) == [38, 44, 50, 56]  # frames 30 to 59
    drawn = [numbers(data.clips([0], ONE, epoch=epoch)[0][0]) for epoch in range(1, 8)]
    assert all(each == [36, 42, 48, 54] for each in drawn)


def test_short_clips_repeat_their_last_frame_and_are_counted(folder: Path) -> None:
    data = source(folder, ["short.mp4", "v.mp4"], "test", start=[math.nan, 90], end=[math.nan, 97], unit=["s", "frame"])
    assert numbers(data.clips([0], ONE)[0][0]) == [0, 6, 9, 9]
    assert numbers(data.clips([1], ONE)[0][0]) == [90, 96, 96, 96]
    slow, _ = data.clips([0], TWO)
    assert numbers(slow[0]) == [0, 0, 8, 9, 9]  # no room: the first frame is its own extra one
    measured = manifest(folder, ["short.mp4", "v.mp4"], frames=[10, 100], rate=[30, 30])
    assert validate(measured, clip_input=ONE).count("short clips") == 1


def test_fast_videos_are_thinned(folder: Path) -> None:
    takes = ClipInput((Pathway("clip", 3, 4),), 16)
    assert np.diff(numbers(source(folder, ["fast.mp4"], "test").clips([0], takes)[0][0])).tolist() == [8, 8]
    as_it_is = source(folder, ["fast.mp4"], "test", rate=None)
    assert np.diff(numbers(as_it_is.clips([0], takes)[0][0])).tolist() == [4, 4]


def test_every_pathway_is_what_the_windows_say(folder: Path) -> None:
    data = source(folder, ["v.mp4"], "test", test_views=(3, 1))
    for view, start in enumerate((8, 39, 69)):
        windows = pathway_windows(FRAMES, TWO, start)
        for clip, expected in zip(data.clips([0], TWO, view=view), windows.indices, strict=True):
            assert numbers(clip[0]) == expected.tolist()


def test_each_frame_comes_after_the_one_just_before_it(folder: Path) -> None:
    takes = ClipInput((Pathway("slow", 2, 8, extra=True), Pathway("fast", 3, 4, adjacent=True)), 16)
    slow, fast = source(folder, ["v.mp4"], "test", test_views=(2, 1)).clips([0], takes)
    assert (numbers(slow[0]), numbers(fast[0])) == ([0, 8, 16], [7, 8, 11, 12, 15, 16])
    thinned = source(folder, ["fast.mp4"], "test", test_views=(2, 1)).clips([0], takes)[1]
    assert numbers(thinned[0]) == [14, 16, 22, 24, 30, 32]  # of the frames that strides count
    alone = ClipInput((Pathway("clip", 3, 6, adjacent=True),), 16)
    short = source(folder, ["short.mp4"], "test").clips([0], alone)[0]  # ten frames, without room
    assert numbers(short[0]) == [0, 0, 5, 6, 9, 9]


# --- which squares ---


def test_three_squares_in_testing(folder: Path) -> None:
    data = source(folder, ["thirds.mp4"], "test", test_views=(1, 3))
    takes = ClipInput((Pathway("clip", 4, 2),), 16)
    levels = [data.clips([0], takes, view=view)[0].float().mean().item() for view in range(3)]
    np.testing.assert_allclose(levels, [40, 120, 200], atol=3)
    alone = source(folder, ["thirds.mp4"], "test").clips([0], takes)[0]
    np.testing.assert_allclose(alone.float().mean().item(), 120, atol=3)


def test_one_draw_for_all_frames_and_pathways(folder: Path) -> None:
    data = source(folder, ["thirds.mp4"])
    takes = ClipInput((Pathway("slow", 2, 8, extra=True), Pathway("fast", 8, 2)), 16)
    seen = set()
    for epoch in range(1, 30):
        slow, fast = data.clips([0], takes, epoch=epoch)
        for clip in (slow, fast):  # the file shows one still picture
            assert (clip[0].float() - clip[0, :1].float()).abs().max() <= 4
        assert (slow[0, 1].float() - fast[0, 0].float()).abs().max() <= 4
        seen.add(tuple(slow[0, 0, 8, ::5, 0].tolist()))
    assert len(seen) > 10


def test_clips_are_mirrored_unless_that_makes_another_class(folder: Path) -> None:
    takes = ClipInput((Pathway("clip", 2, 2),), 16)

    def rises(data: ManifestSource) -> list[bool]:
        clips = [data.clips([0], takes, epoch=epoch)[0][0, 0].float() for epoch in range(1, 40)]
        ends = [(clip[:, 0].mean().item(), clip[:, -1].mean().item()) for clip in clips]
        return [left < right for left, right in ends if abs(left - right) > 20]

    either = rises(source(folder, ["thirds.mp4"]))
    assert {True, False} == set(either)
    table = manifest(folder, ["thirds.mp4"])
    directional = make_manifest("set", table.table, folder, directional=True)
    assert set(rises(ManifestSource(directional))) == {True}
    assert set(rises(source(folder, ["thirds.mp4"], mirror=False))) == {True}
    assert set(rises(ManifestSource(directional, mirror=True))) == {True, False}


# --- draws ---


def test_draws_hang_on_seed_epoch_and_index_alone(folder: Path) -> None:
    paths = [f"v.{ending}" for ending in ENDINGS]
    data, other = source(folder, paths), pickle.loads(pickle.dumps(source(folder, paths)))
    together = data.clips([3, 1, 0], ONE, epoch=2, seed=7)[0]
    other.clips([2, 2], ONE, epoch=9, seed=1)  # what was read before does not matter
    for row, index in enumerate([3, 1, 0]):
        torch.testing.assert_close(other.clips([index], ONE, epoch=2, seed=7)[0][0], together[row], rtol=0, atol=0)

    def first(**options: int) -> int:
        return numbers(data.clips([0], ONE, **options)[0][0])[0]

    assert len({first(epoch=epoch, seed=0) for epoch in range(1, 12)}) > 5
    assert len({first(epoch=1, seed=seed) for seed in range(12)}) > 5


def test_workers_give_the_same_clips(folder: Path) -> None:
    data = source(folder, [f"v.{ending}" for ending in ENDINGS])

    def parts() -> list[Part]:
        return [Part(epoch, 0, 0, True, (0, 1, 2, 3), (), 1.0, 1.0, (0, 1, 2, 3)) for epoch in (1, 2, 3)]

    here = [clips[0] for _, clips in loaded(data, ONE, parts(), seed=4)]
    there = [clips[0] for _, clips in loaded(data, ONE, parts(), seed=4, workers=2)]
    for one, two in zip(here, there, strict=True):
        torch.testing.assert_close(one, two, rtol=0, atol=0)


# --- broken files ---


@pytest.mark.parametrize("broken", ["cut_v.mkv", "text.mp4", "none.mp4"])
def test_a_broken_training_file_is_replaced_within_its_class(
    folder: Path, broken: str, caplog: pytest.LogCaptureFixture
) -> None:
    paths = ["v.mp4", "short.mp4", broken, "short.mp4", "v.avi", "short.mp4"]
    data = source(folder, paths, start=[60] * 6, unit=["frame"] * 6, classes=["a", "b"] * 3, lost_share=0.2) \
        if broken == "cut_v.mkv" else source(folder, paths, lost_share=0.2)  # fmt: skip
    with caplog.at_level(logging.WARNING, "vmp"):
        clips = [data.clips([2], ONE, epoch=epoch)[0] for epoch in (1, 2, 3)]
        again = [data.clips([2, 0], ONE, epoch=epoch)[0][:1] for epoch in (1, 2, 3)]
    for clip, same in zip(clips, again, strict=True):
        assert min(numbers(clip[0])) >= 0
        torch.testing.assert_close(clip, same, rtol=0, atol=0)
    assert data.lost.tolist() == [2]
    assert len(caplog.records) == 1
    assert f"set train: clip c2 (a), {folder / broken}" in caplog.text


def test_the_stand_in_hangs_on_the_clip_alone(folder: Path) -> None:
    paths = ["none.mp4"] + ["v.mp4", "v.avi", "v.mkv", "v.webm"] * 2
    one = source(folder, paths, classes=["a"] * 9, lost_share=0.5)
    two = source(folder, paths, classes=["a"] * 9, lost_share=0.5)
    two.clips([5, 3], ONE, epoch=1)
    for epoch in (4, 5):
        torch.testing.assert_close(one.clips([0], ONE, epoch=epoch), two.clips([0], ONE, epoch=epoch), rtol=0, atol=0)


def test_too_many_broken_files_end_the_training(folder: Path) -> None:
    data = source(folder, ["v.mp4", "none.mp4", "v.mp4", "text.mp4"], classes=["a"] * 4, lost_share=0.25)
    data.clips([1], ONE, epoch=1)
    with pytest.raises(
        TooManyLost, match=r"set train: 2 of 4 clips cannot be read, more than the 25% allowed.*text.mp4"
    ):
        data.clips([3], ONE, epoch=1)
    alone = source(folder, ["none.mp4", "v.mp4"], lost_share=1.0)
    with pytest.raises(TooManyLost, match="set train: no clip of 'a' can be read"):
        alone.clips([0], ONE, epoch=1)


def test_what_workers_lose_is_known_here(folder: Path) -> None:
    data = source(folder, ["v.mp4", "none.mp4", "v.avi", "text.mp4"], classes=["a"] * 4, lost_share=1.0)
    parts = [Part(1, 0, 0, True, (clip,), (), 1.0, 1.0, (clip,)) for clip in range(4)]
    assert len(list(loaded(data, ONE, parts, seed=0, workers=2))) == 4
    assert data.lost.tolist() == [1, 3]


def test_a_broken_test_file_is_an_error_unless_allowed(folder: Path) -> None:
    paths = ["v.mp4", "none.mp4", "v.avi", "text.mp4"]
    data = source(folder, paths, "test")
    with pytest.raises(ClipUnreadable, match="2 test clips cannot be read") as caught:
        data.clips([0, 1, 3], ONE)
    assert caught.value.indices == (1, 3)
    for path, reason in (("none.mp4", "no such file"), ("text.mp4", "cannot be opened as a video")):
        assert path in str(caught.value)
        assert reason in str(caught.value)
    assert "With allow_lost=True they are counted as wrong" in str(caught.value)
    with pytest.raises(ClipUnreadable):
        readable_clips(data, [1], ONE)
    allowed = source(folder, paths, "test", allow_lost=True)
    clips, there = readable_clips(allowed, [0, 1, 2], ONE)
    assert there.tolist() == [True, False, True]
    torch.testing.assert_close(clips[0][2], allowed.clips([2], ONE)[0][0], rtol=0, atol=0)
    assert allowed.lost.tolist() == [1]
    worse = Degraded(allowed, "blur", "mild")
    assert readable_clips(worse, [0, 1], ONE)[1].tolist() == [True, False]


def test_a_clip_after_the_end_of_its_file(folder: Path) -> None:
    data = source(folder, ["v.mp4"], "test", start=[9], end=[10], classes=["a"])
    with pytest.raises(ClipUnreadable, match="the clip begins at frame 270, after the video's end"):
        data.clips([0], ONE)


# --- what else a source says ---


def test_labels_groups_and_words(folder: Path) -> None:
    columns = {"start": [0.5, math.nan, 2], "end": [1.5, math.nan, math.nan], "person": ["x", "y", "x"]}
    table = manifest(folder, ["v.mp4", "v.avi", "v.mkv"], split=["train", "test", "train"], **columns)
    data = ManifestSource(table, "train+test")
    assert data.labels.tolist() == [0, 1, 0]
    assert data.groups.tolist() == [0, 1, 2]
    assert data.classes == ("a", "b")
    assert data.name == "set train+test"
    assert data.describe(0) == f"set train+test: clip c0 (a), {folder / 'v.mp4'}, 0.5 to 1.5 s"
    assert data.describe(1) == f"set train+test: clip c1 (b), {folder / 'v.avi'}"
    assert data.describe(2) == f"set train+test: clip c2 (a), {folder / 'v.mkv'}, 2 to the end"
    assert ManifestSource(table, "train+test", group="person").groups.tolist() == [0, 1, 0]
    assert ManifestSource(table, "test", group="person").groups.tolist() == [1]
    folds = make_manifest("set", table.table.drop(columns="split").assign(split1="test", split2="train"), folder,
                          extras=["person"])  # fmt: skip
    assert ManifestSource(folds, "train", 2).name == "set train, fold 2"


def test_the_digest_tells_what_is_drawn(folder: Path) -> None:
    one = source(folder, ["v.mp4", "v.avi"])
    assert source(folder, ["v.mp4", "v.avi"], threads=2).digest == one.digest
    others = [
        source(folder, ["v.mp4", "v.mkv"]),
        source(folder, ["v.mp4", "v.avi"], "test"),
        source(folder, ["v.mp4", "v.avi"], mirror=False),
        source(folder, ["v.mp4", "v.avi"], rate=None),
        source(folder, ["v.mp4", "v.avi"], jitter=(224, 256)),
    ]
    assert len({one.digest, *(each.digest for each in others)}) == 6


def test_mistakes(folder: Path) -> None:
    table = manifest(folder, ["v.mp4", "v.avi"], person=["x", "x"])
    for options, message in (
        ({"split": "test"}, "split: expected clips, got none for 'test' in set"),
        ({"split": "trian"}, "Did you mean 'train'"),
        ({"test_views": (0, 1)}, r"test_views: expected at least \(1, 1\)"),
        ({"jitter": (100, 320)}, "jitter: expected two sides"),
        ({"lost_share": 2}, "lost_share: expected 0 to 1"),
        ({"group": "persn"}, "group: .* got 'persn'. Did you mean 'person'"),
        ({"group": "person"}, "group: expected one class in each group.* in person 'x'"),
    ):
        with pytest.raises(ValueError, match=message):
            ManifestSource(table, **options)
