from __future__ import annotations

import dataclasses
import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vmp.predictions import Predictions, paired_outcomes


def made(scores: object, label: object = None, group: object = None, **fields: object) -> Predictions:
    scores = np.asarray(scores, dtype=np.float32)
    count = np.arange(len(scores))
    label = np.zeros_like(count) if label is None else np.asarray(label)
    group = count if group is None else np.asarray(group)
    plain = Predictions(count, group, label, scores, tuple(f"class {number}" for number in range(scores.shape[1])))
    return dataclasses.replace(plain, **fields)  # type: ignore[arg-type]


def drawn(seed: int = 0, count: int = 40, classes: int = 7, **fields: object) -> Predictions:
    """Pairs of clips of a group each."""
    generator = np.random.default_rng(seed)
    label = generator.integers(0, classes, count // 2).repeat(2)
    scores = generator.normal(size=(count, classes))
    return dataclasses.replace(made(scores, label, np.arange(count // 2).repeat(2)), **fields)  # type: ignore[arg-type]


def test_top_and_correct_by_hand() -> None:
    found = made([[0.1, 0.7, 0.2], [0.4, 0.2, 0.4], [0.0, 0.0, 1.0]], label=[2, 2, 2])
    assert found.top(3).tolist() == [[1, 2, 0], [0, 2, 1], [2, 0, 1]]  # equal scores: the lower label first
    assert found.top(1)[:, 0].tolist() == [1, 0, 2]
    assert found.correct().tolist() == [False, False, True]
    assert found.correct(2).tolist() == [True, True, True]
    assert found.missing_classes == ("class 0", "class 1")
    assert len(found) == 3


def test_groups_by_hand() -> None:
    scores = [[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.1, 0.9], [0.6, 0.4]]
    found = made(scores, label=[1, 0, 1, 0, 1], group=[8, 3, 8, 3, 8]).by_group()
    assert found.group.tolist() == found.index.tolist() == [3, 8]
    assert found.label.tolist() == [0, 1]
    np.testing.assert_allclose(found.scores, [[0.15, 0.85], [2.0 / 3, 1.0 / 3]], rtol=1e-6)
    assert found.correct().tolist() == [False, False]
    again = found.by_group()
    np.testing.assert_array_equal(again.scores, found.scores)


def test_probabilities() -> None:
    logits = made([[0.0, np.log(3.0)], [1000.0, 1000.0]], averages="logits")
    np.testing.assert_allclose(logits.probabilities(), [[0.25, 0.75], [0.5, 0.5]], rtol=1e-6)
    softmax = made([[0.25, 0.75]])
    np.testing.assert_array_equal(softmax.probabilities(), [[0.25, 0.75]])


@given(st.integers(0, 1000), st.integers(1, 60), st.integers(1, 12))
def test_the_first_of_all_classes_hold_every_label(seed: int, count: int, classes: int) -> None:
    found = drawn(seed, 2 * count, classes)
    assert found.correct(classes).all()
    right = [found.correct(k).sum() for k in range(1, classes + 1)]
    assert right == sorted(right)
    assert (np.sort(found.top(classes), axis=1) == np.arange(classes)).all()


# --- files ---


def test_a_file_gives_back_every_bit(tmp_path: Path) -> None:
    names = ("ä", "b", "c", "d", "e", "f", "g, h")
    found = dataclasses.replace(drawn(name="libras-static test", averages="logits"), classes=names)
    tiny = made(np.nextafter(np.float32(0), np.float32(1)) * np.ones((3, 7), np.float32))
    for each in (found, tiny):
        again = Predictions.load(each.save(tmp_path / "deep" / "predictions.parquet"))
        for field in dataclasses.fields(Predictions):
            came, expected = getattr(again, field.name), getattr(each, field.name)
            assert type(came) is type(expected)
            np.testing.assert_array_equal(came, expected)
        assert again.scores.tobytes() == each.scores.tobytes()
    assert [path.name for path in (tmp_path / "deep").iterdir()] == ["predictions.parquet"]  # nothing left over


def test_a_file_is_read_by_pandas(tmp_path: Path) -> None:
    found = drawn()
    frame = pd.read_parquet(found.save(tmp_path / "predictions.parquet"))
    assert frame.columns.tolist() == ["index", "group", "label", "scores"]
    np.testing.assert_array_equal(np.stack(frame["scores"].tolist()), found.scores)


def test_a_failed_write_leaves_what_was_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = drawn(1).save(tmp_path / "predictions.parquet")
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", fail)
    with pytest.raises(OSError, match="disk full"):
        drawn(2).save(path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


def test_truncated_changed_and_foreign_files(tmp_path: Path) -> None:
    path = drawn().save(tmp_path / "predictions.parquet")
    whole = path.read_bytes()
    for length in (0, 3, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"predictions.parquet: expected a Parquet file of predictions"):
            Predictions.load(path)
    changed = bytearray(whole)
    changed[len(whole) // 3] ^= 1  # in the scores
    path.write_bytes(changed)
    with pytest.raises(ValueError, match="expected a Parquet file of predictions"):
        Predictions.load(path)
    pd.DataFrame({"index": [1], "scores": [0.5]}).to_parquet(path)
    with pytest.raises(ValueError, match=r"expected predictions that vmp wrote, got columns \['index', 'scores'\]"):
        Predictions.load(path)
    with pytest.raises(FileNotFoundError):
        Predictions.load(tmp_path / "nothing.parquet")


def test_a_file_of_a_later_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vmp.predictions._VERSION", 2)
    path = drawn().save(tmp_path / "predictions.parquet")
    monkeypatch.undo()
    with pytest.raises(ValueError, match="expected predictions of version 1, got 2"):
        Predictions.load(path)


# --- what is refused ---


def test_nothing_can_be_changed() -> None:
    scores = np.ones((2, 3), dtype=np.float32)
    found = made(scores)
    scores[0] = 5
    assert (found.scores == 1).all()
    with pytest.raises(ValueError, match="read-only"):
        found.scores[0, 0] = 5
    with pytest.raises(dataclasses.FrozenInstanceError):
        found.name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: dataclasses.replace(drawn(), scores=np.ones((40, 7))), "scores: expected float32, got float64"),
        (lambda: made(np.ones((2, 3)), label=[0.0, 1.0]), "label: expected int64, got float64"),
        (lambda: made(np.ones((2, 3)), label=[0]), r"index, group and label \(N,\) and scores \(N, 3\) for 3 classes"),
        (lambda: made(np.ones((0, 3))), "N at least 1"),
        (lambda: made(np.ones((2, 3)), classes=("a", "b")), r"scores \(N, 2\) for 2 classes"),
        (lambda: made(np.ones((9, 3)), index=np.zeros(9, np.int64)), "each clip once, got 0 more than once"),
        (lambda: made(np.ones((2, 3)), label=[0, 3]), "label: expected 0 to 2, got 0 to 3"),
        (lambda: made(np.ones((2, 3)), label=[-1, 0]), "label: expected 0 to 2, got -1 to 0"),
        (lambda: made([[0.0], [np.nan], [np.inf]]), "expected finite numbers, got others for clips 1, 2"),
        (lambda: made(np.full((9, 1), np.nan)), "clips 0, 1, 2, 3, 4 and 4 more"),
        (lambda: made(np.ones((2, 3)), averages="sum"), "averages: expected 'softmax' or 'logits', got 'sum'"),
        (lambda: made(np.ones((2, 3)), [0, 1], [7, 7]).by_group(), "expected one label a group, got several in 7"),
        (lambda: made(np.ones((2, 3))).top(4), "k: expected 1 to 3, the number of classes, got 4"),
        (lambda: made(np.ones((2, 3))).correct(0), "k: expected 1 to 3"),
    ],
)
def test_errors(call, message: str) -> None:  # type: ignore[no-untyped-def]
    with pytest.raises(ValueError, match=message):
        call()


# --- pairs ---


def test_pairs_line_up_by_group_whatever_the_order_of_the_clips() -> None:
    first, second = drawn(0), drawn(1, label=drawn(0).label)
    order = np.random.default_rng(3).permutation(len(second))
    fields = {name: getattr(second, name)[order] for name in ("index", "group", "label", "scores")}
    shuffled = dataclasses.replace(second, **fields)
    without, with_ = paired_outcomes([first, first], [shuffled, first])
    assert without.shape == with_.shape == (2, 20)
    np.testing.assert_array_equal(without[0], first.by_group().correct())
    np.testing.assert_array_equal(with_[0], second.by_group().correct())
    np.testing.assert_array_equal(with_[1], without[1])
    np.testing.assert_array_equal(paired_outcomes([first], [second], k=3)[1][0], second.by_group().correct(3))


def test_pairs_that_are_none() -> None:
    one = drawn()
    with pytest.raises(ValueError, match="as many with as without, at least one, got 1 and 2"):
        paired_outcomes([one], [one, one])
    with pytest.raises(ValueError, match="at least one, got 0 and 0"):
        paired_outcomes([], [])
    with pytest.raises(ValueError, match="the same groups and labels of every seed, got 20 of 'a' and 19 of 'b'"):
        paired_outcomes([drawn(name="a")], [drawn(count=38, name="b")])
    with pytest.raises(ValueError, match="which differ"):
        paired_outcomes([one], [drawn(5)])  # other labels
