"""The cache: whole files or none, made once by whoever comes first, never an old one for a new one."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vmp.data import libras, rendering
from vmp.data.rendered_cache import cached, fingerprint, in_memory
from vmp.data.rendered_sets import FIXED, Camera, RenderedSet
from vmp.data.rendered_shelf import Shelf
from vmp.data.rendered_timing import Timing
from vmp.data.scenes import Scenes
from vmp.data.sources import DIRECTIONS, Motion
from vmp.data.trajectories import CLASSES
from vmp.download import cache_folder

SHAPE = (7, 2, 3)


def rows(start: int, stop: int) -> np.ndarray:
    return np.arange(start * 6, stop * 6, dtype=np.uint8).reshape(stop - start, 2, 3)


def refuse(start: int, stop: int) -> np.ndarray:
    raise AssertionError("rendered again")


def test_what_is_written_is_found_and_mapped(tmp_path: Path) -> None:
    made = cached(tmp_path / "new" / "a.npy", SHAPE, rows, batch=3)
    np.testing.assert_array_equal(made, np.arange(42, dtype=np.uint8).reshape(SHAPE))
    found = cached(tmp_path / "new" / "a.npy", SHAPE, refuse, batch=3)
    assert isinstance(found, np.memmap)
    np.testing.assert_array_equal(found, in_memory(SHAPE, rows, batch=4))
    with pytest.raises(ValueError, match="read-only"):
        found[0] = 0


@pytest.mark.parametrize("length", [0, 5, 100, 150])
def test_a_truncated_file_is_rendered_anew_and_said(tmp_path: Path, length: int) -> None:
    path = tmp_path / "a.npy"
    cached(path, SHAPE, rows, batch=3)
    assert path.stat().st_size == 128 + 42
    os.truncate(path, length)
    with pytest.warns(UserWarning, match=r"a\.npy: not a whole file .* rendered anew"):
        again = cached(path, SHAPE, rows, batch=3)
    np.testing.assert_array_equal(again, in_memory(SHAPE, rows, batch=7))
    cached(path, SHAPE, refuse, batch=3)


def test_a_file_of_another_shape_is_rendered_anew_and_said(tmp_path: Path) -> None:
    np.save(tmp_path / "a.npy", np.zeros((2, 2), dtype=np.uint8))
    with pytest.warns(UserWarning, match=r"expected uint8 \(7, 2, 3\), got uint8 \(2, 2\)"):
        assert cached(tmp_path / "a.npy", SHAPE, rows, batch=3).shape == SHAPE


def test_rendering_that_fails_leaves_nothing(tmp_path: Path) -> None:
    def fails(start: int, stop: int) -> np.ndarray:
        if start:
            raise OSError(28, "No space left on device")
        return rows(start, stop)

    with pytest.raises(OSError, match="No space left"):
        cached(tmp_path / "a.npy", SHAPE, fails, batch=3)
    assert [path.name for path in tmp_path.iterdir()] == ["a.lock"]
    cached(tmp_path / "a.npy", SHAPE, rows, batch=3)


SLOW = """
import sys, time
import numpy as np
from pathlib import Path
from vmp.data.rendered_cache import cached

def render(start, stop):
    print(start, flush=True)
    time.sleep(0.1)
    return np.full((stop - start, 1000), start, dtype=np.uint8)

print(int(cached(Path(sys.argv[1]), (5, 1000), render, batch=1).sum()))
"""


def slow(path: Path) -> subprocess.Popen[str]:
    return subprocess.Popen([sys.executable, "-c", SLOW, str(path)], stdout=subprocess.PIPE, text=True)


@pytest.mark.skipif(os.name == "nt", reason="no locks on Windows: both would render")
def test_of_two_processes_one_renders(tmp_path: Path) -> None:
    both = [slow(tmp_path / "a.npy") for _ in range(2)]
    said = [process.communicate(timeout=60)[0].split() for process in both]
    assert sorted(map(len, said)) == [1, 6]
    assert {lines[-1] for lines in said} == {"10000"}
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.lock", "a.npy"]


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL")
def test_a_killed_process_leaves_no_half_file_and_no_lock(tmp_path: Path) -> None:
    process = slow(tmp_path / "a.npy")
    assert process.stdout is not None
    assert [process.stdout.readline() for _ in range(3)] == ["0\n", "1\n", "2\n"]
    process.send_signal(signal.SIGKILL)
    process.communicate()
    assert not (tmp_path / "a.npy").exists()
    assert len(list(tmp_path.glob("*.part"))) == 1
    begun = time.monotonic()
    again = slow(tmp_path / "a.npy")
    assert again.communicate(timeout=60)[0].split()[-1] == "10000"
    assert time.monotonic() - begun < 50  # it did not wait for the dead
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.lock", "a.npy"]


def test_the_folder(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("VMP_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    assert cache_folder("~/here") == Path.home() / "here"
    monkeypatch.delenv("VMP_CACHE")
    assert cache_folder() == Path.home() / ".cache" / "vmp"


def shelf(**changes: object) -> Shelf:
    zeros = np.zeros(2, dtype=np.int64)
    scenes = Scenes(libras.DATASETS["libras-static"], False, np.arange(2), zeros)
    inner = {name: changes.pop(name) for name in list(changes) if hasattr(scenes, name)}
    options = {"timing": Timing(), "size": 32, "device": "cpu", "folder": None}
    return Shelf(replace(scenes, **inner), **options | changes)  # type: ignore[arg-type]


def test_everything_that_decides_the_pixels_is_in_the_name(monkeypatch: pytest.MonkeyPatch) -> None:
    static = libras.DATASETS["libras-static"]
    zeros = np.zeros(2, dtype=np.int64)
    shelves = [
        shelf(),
        shelf(size=34),
        shelf(timing=Timing(8, 17)),
        shelf(device="cuda"),
        shelf(test=True),
        shelf(trajectory=np.array([0, 2])),
        shelf(rendering=zeros + 1),
        shelf(objects=zeros),
        shelf(objects=zeros + 1),
        shelf(description=libras.DATASETS["libras-moving"]),
        *(shelf(description=replace(static, **{knob: 0.5})) for knob in ("noise", "flicker", "tremor", "tint")),
        shelf(description=replace(static, object_size=(0.1, 0.2))),
        shelf(description=replace(static, textures=("brick",))),
        shelf(description=replace(static, objects=static.objects[::-1])),
    ]
    names = [fingerprint(each._facts()) for each in shelves]
    assert len(set(names)) == len(names)
    assert fingerprint(shelf(device="cuda:0")._facts()) == fingerprint(shelf(device="cuda:1")._facts())
    monkeypatch.setattr(rendering, "PROTOCOL", rendering.PROTOCOL + 1)
    assert fingerprint(shelf()._facts()) not in names


@pytest.mark.parametrize(
    ("motions", "expected"),
    [
        (None, [119.71, 43.64, 14.92, 11.25, 11.71, 27.04]),
        (DIRECTIONS, [120.42, 44.34, 17.02, 11.06, 11.66, 27.44]),
    ],
)
def test_other_pixels_need_a_new_protocol(motions: dict[str, Motion] | None, expected: list[float]) -> None:
    """Where this fails, the same knobs give other pixels: count PROTOCOL up, and write the new numbers here."""
    assert rendering.PROTOCOL == 2
    description = RenderedSet(
        name="golden", title="", stands_for="", classes=CLASSES if motions is None else tuple(DIRECTIONS),
        textures=("brick", "coffee", "clouds", "oak"),
        objects=(("striped", "star", (200, 10, 10), (240, 240, 0)), ("mottled", "hand", (220, 160, 120), (90, 60, 40))),
        clutter_objects=(("plain", "bar", (90, 80, 70), (0, 0, 0)), ("ringed", "disc", (200, 200, 200), (90, 90, 90))),
        cameras=(FIXED, Camera((0.4, 0.7), (0.04, 0.10), 0.03, 2.0, 0.15)), motions=motions,
        object_size=(0.2, 0.3), clutter_size=(0.2, 0.3), distractor_size=(0.1, 0.2), object_turn=25.0, clutter=3,
        distractors=2, extent=(0.6, 0.8), shift=0.04, tilt=6.0, hurry=0.3, tremor=0.01, tint=0.15, flicker=0.05,
        noise=4.0,
    )  # fmt: skip
    drawn = Scenes(description, False, np.arange(40, 56), np.arange(16) % 3)
    pixels = rendering.render(drawn, Timing().times[::5], 32).double().numpy()  # (16, 5, 32, 32, 3)
    found = [pixels.mean(), *(np.abs(np.diff(pixels, axis=axis)).mean() for axis in range(5))]
    assert found == pytest.approx(expected, abs=0.02)  # another decoder of JPEG may differ by a level here and there
