"""Contact sheets, panels and tables of the rendered sets."""

from __future__ import annotations

import numpy as np
import pytest

from vmp.data import libras
from vmp.figures import contact_sheet, rendered_tables
from vmp.figures.palette import PROMPT
from vmp.figures.still import Still

CLIPS = libras.load("libras-moving", "train", cache=False)


def test_a_strip_shows_the_frames_and_then_the_movement() -> None:
    strip = contact_sheet.film_strip(CLIPS, 3, [0, 9, 23])
    assert strip.shape == (64, 4 * 64 + 3 * 3, 3)
    video = CLIPS.video(3)
    for place, frame in enumerate([0, 9, 23]):
        np.testing.assert_array_equal(strip[:, 67 * place : 67 * place + 64], video[frame])
    drawn = strip[:, 67 * 3 :].astype(int)
    violet = np.array([int(PROMPT[place : place + 2], 16) for place in (1, 3, 5)])
    inked = np.argwhere(np.abs(drawn - violet).sum(axis=-1) < 60)[:, ::-1] + 0.5  # x, y
    path = 64 * CLIPS.object_path(3, seen=False)[8:]
    distance = np.hypot(*(inked[:, None] - path[None]).transpose(2, 0, 1))
    assert distance.min(axis=0).max() < 3  # every point of the path is drawn
    assert (np.hypot(*(inked - path[0]).T) < 4.5).sum() > 30  # and its beginning is a dot


def test_the_clips_shown_are_of_different_classes() -> None:
    chosen = contact_sheet.chosen_indices(CLIPS, 15, seed=3)
    assert sorted(CLIPS.labels[chosen]) == list(range(15))
    assert contact_sheet.chosen_indices(CLIPS, 15, seed=3) == chosen
    assert contact_sheet.chosen_indices(CLIPS, 15, seed=4) != chosen


def test_a_sheet_is_small_and_names_its_classes() -> None:
    sheet = contact_sheet.contact_sheet(CLIPS, 4)
    assert len(sheet.html) < 100_000
    for index in contact_sheet.chosen_indices(CLIPS, 4):
        assert CLIPS.classes[CLIPS.labels[index]] in sheet.html
    assert "stands for FineGym" in sheet.html
    assert "begins with frame 8" in sheet.html


def test_panels_are_legible_stills() -> None:
    for panels in (
        contact_sheet.class_panels(),
        contact_sheet.camera_panels(CLIPS, [0, 50]),
        contact_sheet.camera_over_time({"moving": CLIPS}, count=2),
    ):
        assert len(Still(*panels, alt="x").html) < 300_000


def test_the_splits_table_has_the_counts_of_the_loaded_sets() -> None:
    table = rendered_tables.splits_table()
    assert len(table) == 2 + 3 + 4
    for row in table.itertuples():
        for split in ("train", "validation", "test"):
            count, times = map(int, getattr(row, split).split(" x "))
            clips = libras.load(row.set, split, fold=row.fold, cache=False)
            assert len(clips) == (count if split == "train" else count * times)
            assert sum(len(shelf.scenes) for shelf in clips._shelves) == count * times


def test_the_mirror_table_says_which_classes_change_places() -> None:
    table = rendered_tables.mirror_table().set_index("class")
    assert (table.index == table["as it is"].str.replace(r" \(.*", "", regex=True)).all()
    assert table.loc["clockwise arc", "left to right"].startswith("anti-clockwise arc")
    assert table.loc["anti-clockwise arc", "left to right"].startswith("clockwise arc")
    assert table.loc["face-up curve", "upside down"].startswith("face-down curve")
    assert table.loc["face-down curve", "upside down"].startswith("face-up curve")


def test_the_sets_table_says_how_the_cameras_are() -> None:
    table = rendered_tables.sets_table().set_index("set")
    assert table.loc["libras-static", "camera"] == "fixed"
    assert table.loc["libras-mixed", "camera"].startswith("fixed / follows")
    assert table.loc["libras-moving", "stands for"] == "FineGym"


def test_errors() -> None:
    with pytest.raises(ValueError, match=r"frames: expected places from 0 to 23, got \[24\]"):
        contact_sheet.film_strip(CLIPS, 0, [24])
    with pytest.raises(ValueError, match="count: expected 1 to 185, the clips of libras-moving train, got 0"):
        contact_sheet.chosen_indices(CLIPS, 0)
