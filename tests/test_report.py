"""The report: its numbers by hand, its page by itself, and what it counts."""

from __future__ import annotations

import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from command_line import CommandLine
from make_video import cut
from own_runs import copied, example_videos, trained
from statsmodels.stats.proportion import proportion_confint

from vmp.data.lost import ClipUnreadable
from vmp.data.manifest import Manifest, read_manifest
from vmp.evaluate import confusion, metrics
from vmp.figures.accuracy import (
    accuracy_sentence,
    accuracy_table,
    class_table,
    confusion_counts,
    mistakes_table,
    wilson,
)
from vmp.figures.confusion import ConfusionTable, confusion_figure
from vmp.figures.film_strips import folder_pictures
from vmp.figures.judged_clips import chosen_clips
from vmp.figures.own_run import pairs_figure, pairs_of, pairs_table, training_figures
from vmp.figures.still import Still
from vmp.predictions import Predictions
from vmp.report import FinishedRun, finished_run, parts, report_page


@pytest.fixture
def vmp(capsys: pytest.CaptureFixture[str]) -> CommandLine:
    return CommandLine(capsys)


def told(labels: list[int], said: list[int], classes: int = 3, sure: list[float] | None = None) -> Predictions:
    """Clips of these labels that the model took for these, with this probability."""
    sure = sure or [0.9] * len(labels)
    scores = np.stack([np.full(classes, (1 - p) / (classes - 1)) for p in sure]).astype(np.float32)
    scores[np.arange(len(said)), said] = sure
    index = np.arange(len(labels))
    return Predictions(index, index, np.array(labels), scores, tuple("abcdefgh"[:classes]))


SOME = told([0, 0, 0, 0, 1, 1], [0, 0, 1, 1, 1, 0])  # class 2 has no clip


# --- numbers ---


@pytest.mark.parametrize(("right", "count"), [(0, 7), (7, 7), (1, 1), (9, 12), (50, 330)])
def test_wilson_is_that_of_statsmodels(right: int, count: int) -> None:
    assert wilson(right, count) == pytest.approx(proportion_confint(right, count, method="wilson"), abs=1e-12)


@pytest.mark.parametrize(("right", "count"), [(0, 0), (3, 2), (-1, 2)])
def test_wilson_of_nothing(right: int, count: int) -> None:
    with pytest.raises(ValueError, match="expected 0 to count right of at least 1"):
        wilson(right, count)


def test_accuracy() -> None:
    table = accuracy_table(SOME).set_index("what")
    assert table["percent"].to_dict() == pytest.approx(
        {"top-1": 50, "mean over classes": 50, "chance, all classes alike": 100 / 3,
         "always the most frequent class": 400 / 6}
    )  # fmt: skip
    assert table.loc["top-1", ["low", "high"]].tolist() == pytest.approx([18.76, 81.24], abs=0.01)
    assert accuracy_sentence(SOME) == (
        "Right: 3 of 6 test videos, 50.0 % (95 % interval 18.8 to 81.2). One more or fewer moves it by 16.7 points."
    )
    many = told([5, 6], [0, 6], classes=8)
    expected = metrics(many)
    found = accuracy_table(many).set_index("what")["percent"]
    assert found["top-5"] == expected["top5"] == 50.0  # of equal scores the lower label comes first
    assert found["mean over classes"] == expected["mean_class"]


def test_class_by_class() -> None:
    counts = confusion_counts(SOME)
    assert counts.tolist() == [[2, 2, 0], [1, 1, 0], [0, 0, 0]]
    assert np.array_equal(counts, confusion(SOME))
    table = class_table(SOME)
    assert table["clips"].tolist() == [4, 2, 0]
    assert table["right"].tolist() == [2, 1, 0]
    assert table["right, %"].tolist()[:2] == [50, 50]
    assert table.iloc[2][["right, %", "low", "high"]].isna().all()
    assert table["said"].tolist() == [3, 3, 0]
    assert table["most often taken for"].tolist() == ["b (2)", "a (1)", ""]
    assert mistakes_table(SOME).to_numpy().tolist() == [["a", "b", 2], ["b", "a", 1]]
    assert mistakes_table(SOME, most=1)["times"].tolist() == [2]
    assert not len(mistakes_table(told([0], [0])))


def test_a_confusion_table_can_be_read_aloud() -> None:
    shown = ConfusionTable(confusion_counts(SOME), ("a <b>", "b", "c"), "What is what")._repr_html_()
    assert "<b>" not in shown
    assert 'scope="row"' in shown
    assert "taken for a &lt;b&gt;" in shown
    assert re.findall(r">(\d+)</td>", shown) == list("220110000")
    with pytest.raises(ValueError, match=r"counts: expected 2 by 2, one a class, got \(3, 3\)"):
        ConfusionTable(np.zeros((3, 3), np.int64), ("a", "b"))


def test_many_classes_are_a_picture() -> None:
    counts = np.eye(60, dtype=np.int64) * 3
    assert "<image" in Still(confusion_figure(counts), alt="60 classes")._repr_html_()


def test_the_surest_of_each_class_come_first() -> None:
    some = told([0, 0, 0, 1, 1, 2], [0, 0, 0, 1, 0, 0], sure=[0.5, 0.9, 0.8, 0.6, 0.7, 0.95])
    assert chosen_clips(some, 9, right=True) == [1, 3, 2, 0]
    assert chosen_clips(some, 2, right=True) == [1, 3]
    assert chosen_clips(some, 9, right=False) == [5, 4]
    assert chosen_clips(told([0], [0]), 3, right=False) == []


LOG = pd.DataFrame(
    {"epoch": [0, 1, 2], "loss": [np.nan, 1.0, 0.5], "accuracy": [np.nan, 40.0, 60.0], "slope": [20.0, 18.0, 15.0],
     "shift": [0.3, 0.2, 0.1]}
)  # fmt: skip


def test_slope_and_shift_beside_the_papers() -> None:
    assert pairs_of(LOG) == {"clip": (20.0, 0.3, 15.0, 0.1)}
    assert pairs_of(LOG, epoch=1) == {"clip": (20.0, 0.3, 18.0, 0.2)}
    slow = LOG.rename(columns={"slope": "slope_slow", "shift": "shift_slow"})
    assert list(pairs_of(slow)) == ["slow"]
    assert pairs_of(LOG.drop(columns=["slope", "shift"])) == {}
    table = pairs_table(pairs_of(LOG)).set_index("pair")
    assert table.loc["this run", ["a", "b"]].tolist() == [15.0, 0.1]
    assert table.loc["this run", "a still pixel gets"] == pytest.approx(1 / (1 + np.exp(1.5)))
    assert table.loc["FineGym, λ 2.5: the paper", ["a", "b"]].tolist() == [11.04, -0.59]
    assert table.loc["UCF-Crime: the authors' page", ["a", "b"]].tolist() == [11.891, -0.1494]
    assert len(table) == 2 + 5 + 4
    figure = pairs_figure(pairs_of(LOG))
    assert "this run" in Still(figure, alt="pairs")._repr_html_()


def test_training_curves() -> None:
    loss, accuracy = training_figures(LOG)
    assert loss.axes[0].get_lines()[0].get_ydata().tolist() == [1.0, 0.5]
    assert len(accuracy.axes[0].get_lines()) == 1
    seen = training_figures(LOG.assign(validation_accuracy=[np.nan, 30.0, 50.0]))[1]
    assert len(seen.axes[0].get_lines()) == 2
    Still(*training_figures(LOG), seen, loss, accuracy, alt="all are closed")
    with pytest.raises(ValueError, match="log: expected at least one epoch that is over, got none"):
        training_figures(LOG[:1])


def test_the_folder_in_pictures(tmp_path: Path) -> None:
    shown = folder_pictures(example_videos(), classes=2, frames=3)._repr_html_()
    assert shown.count("<img") == 6
    assert "circle: 6 videos, of which 01.mp4" in shown
    assert "Classes not shown: 1." in shown
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "b.mp4").write_bytes(b"none")
    with pytest.raises(ValueError, match="expected videos in sub-folders, one a class, got none that can be read"):
        folder_pictures(tmp_path)


# --- a run ---


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(trained(), tmp_path_factory.mktemp("report") / "run & more")


@pytest.fixture(scope="module")
def found(run: Path) -> FinishedRun:
    return finished_run(run, "cpu")


class Page(HTMLParser):
    """Text, addresses, and pictures without words."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text, self.addresses, self.unnamed, self.ids, self.open = "", [], 0, set(), []
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        self.addresses += [str(values[name]) for name in ("src", "href", "xlink:href") if name in values]
        self.unnamed += tag == "img" and not values.get("alt")
        self.ids |= {str(values["id"])} if "id" in values else set()
        if tag not in ("meta", "link", "img", "br", "path", "use"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if self.open and self.open[-1] == tag:
            self.open.pop()

    def handle_data(self, data: str) -> None:
        if not {"style", "script"} & set(self.open[-1:]):
            self.text += data


def test_a_page_by_itself(vmp: CommandLine, run: Path, found: FinishedRun) -> None:
    status, said, errors = vmp("report", run, "--device", "cpu", "--threads", "1", "--clips", "1")
    assert (status, errors) == (0, "")
    target = run / "report" / "index.html"
    assert said.splitlines()[-1] == f"wrote {target}"
    text = target.read_text(encoding="utf8")
    page = Page(text)
    assert page.open == []
    assert page.unnamed == 0
    assert all(address.startswith(("data:", "#")) for address in page.addresses)
    assert {address[1:] for address in page.addresses if address.startswith("#")} <= page.ids
    assert "<script" not in text
    assert "prefers-color-scheme:dark" in text
    right = int(found.predictions.correct().sum())
    assert f"Right: {right} of 3 test videos" in page.text
    assert said.splitlines()[0] in page.text
    assert (run / "command.txt").read_text().strip() in page.text
    assert "vmp report" in page.text
    assert f"{found.log['slope'].iloc[-1]:.2f}" in page.text
    assert "Files that could not be read, and were left out before: 0." in page.text
    assert "run & more: c2d on the videos in videos" in page.text
    assert len(text) < 500_000


def test_the_numbers_are_those_of_a_test(found: FinishedRun) -> None:
    assert (found.split, found.kept, len(found.predictions), found.lost) == ("test", 1, 3, ())
    assert found.counts is not None
    assert found.counts.sum().to_dict() == {"train": 12, "validation": 3, "test": 3}
    assert (found.left_out, found.padded) == ((), {})
    assert found.command is not None
    assert found.command.startswith("vmp train --data ")
    assert found.taken.crop == 64


def test_scores_are_kept_until_something_changes(run: Path, tmp_path: Path) -> None:
    copy = copied(run, tmp_path / "run")
    finished_run(copy, "cpu")
    asked: list[int] = []
    scores = copy / "report" / "predictions.parquet"
    before = scores.stat().st_mtime_ns
    finished_run(copy, "cpu", progress=lambda done, total: asked.append(done))
    assert asked == []
    assert scores.stat().st_mtime_ns == before
    note = copy / "report" / "predictions.json"
    note.write_text(note.read_text().replace('"split": "test"', '"split": "validation"'))
    finished_run(copy, "cpu", progress=lambda done, total: asked.append(done))
    assert asked[-1] == 3


def moved(run: Path, folder: Path, change: Any) -> Path:
    """The run with another manifest: ``change`` gets the table; the files are where they were."""
    manifest = read_manifest(example_videos() / "own_videos.parquet")
    table = manifest.table.copy()
    table["path"] = [str(manifest.file(path)) for path in table["path"]]
    other = Manifest(manifest.name, change(table), manifest.classes, folder, manifest.extras)
    path = other.write(folder / "other.parquet")
    copy = copied(run, folder / "run")
    text = (copy / "run.json").read_text()
    (copy / "run.json").write_text(text.replace(json.loads(text)["dataset"], str(path)))
    return copy


def test_lost_left_out_and_padded_clips_are_counted(run: Path, tmp_path: Path) -> None:
    def change(table: pd.DataFrame) -> pd.DataFrame:
        tested = table.index[table["split"] == "test"]
        table.loc[tested[0], "path"] = str(cut(Path(table["path"][tested[0]]), 0.2).rename(tmp_path / "torn.mp4"))
        trained_on = table.index[table["split"] == "train"]
        table.loc[trained_on[:2], ["start", "end"]] = (0.0, 0.5)
        return table

    copy = moved(run, tmp_path, change)
    (tmp_path / "own_videos.missing.txt").write_text("unreadable circle/x.mp4: is empty\nmissing circle/y.mp4\n")
    with pytest.raises(ClipUnreadable, match=r"1 test clips cannot be read:\n.*torn\.mp4"):
        finished_run(copy, "cpu")
    found = finished_run(copy, "cpu", allow_missing=True)
    assert len(found.lost) == 1
    assert not found.predictions.correct()[found.lost[0]]
    assert found.left_out == ("unreadable circle/x.mp4: is empty", "missing circle/y.mp4")
    assert found.padded == {"train": 2}
    notes = parts.data_notes(found)
    assert "Test clips that could not be read, and count as wrong: 1." in notes
    assert "Files that could not be read, and were left out before: 2." in notes
    assert notes[-1].endswith("whose last frame is repeated: 2 (2 train).")
    text = Page(report_page(found)).text
    assert "unreadable circle/x.mp4: is empty" in text
    with pytest.raises(ClipUnreadable):  # what was allowed once is not for ever
        finished_run(copy, "cpu")


def test_without_test_clips_the_validation_clips_are_told_as_such(run: Path, tmp_path: Path) -> None:
    copy = moved(run, tmp_path, lambda table: table.assign(split=table["split"].replace("test", "train")))
    found = finished_run(copy, "cpu")
    assert found.split == "validation"
    text = Page(report_page(found)).text
    assert "of 3 validation videos" in text
    assert "There are no test videos: these were looked at after each epoch." in text


def test_a_run_without_a_layer_and_one_of_two_inputs() -> None:
    plain = finished_run(trained("c2d", "none"), "cpu")
    text = Page(report_page(plain, clips=1)).text
    assert "This model has no motion prompt layer." in text
    assert "The maps are those of FineGym's pair, to look through: nothing is learned." in text
    two = finished_run(trained("slowfast_4x16", "both"), "cpu")
    text = Page(report_page(two, clips=1)).text
    assert "this run (slow)" in text
    assert "this run (fast), where it began" in text
    assert "of the fast input" in text


def test_a_rendered_set_has_a_report_too(vmp: CommandLine, tmp_path: Path) -> None:
    how = ("--scale", "smoke", "--epochs", "1", "--device", "cpu", "--threads", "1", "--out", tmp_path / "run")
    assert vmp("train", "--dataset", "libras-static", "--backbone", "c2d", "--prompts", *how)[0] == 0
    found = finished_run(tmp_path / "run", "cpu")
    text = Page(report_page(found, clips=1)).text
    assert "24 test movements" in text
    assert "libras-static is rendered: every clip is there and long enough." in text


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("nowhere",), "nowhere: expected the folder of a run, which vmp train --out made"),
        (("empty",), "expected a file of weights, and there is none"),
        (("run", "--clips", "0"), "--clips: expected at least 1, got 0"),
        (("run", "--batch-size", "0"), "--batch-size: expected at least 1, got 0"),
        (("other classes",), "expected the classes it was trained on (circle, horizontal line, other, ...)"),
    ],
)
def test_mistakes(
    vmp: CommandLine,
    run: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    reason: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "empty").mkdir()
    other = copied(run, tmp_path / "other classes")
    (other / "classes.json").write_text('["circle", "horizontal line", "other"]')
    given = (str(run) if arguments[0] == "run" else arguments[0], *arguments[1:])
    status, _, errors = vmp("report", *given, "--device", "cpu")
    assert status == 2
    assert reason in errors
    assert "Traceback" not in errors


def test_nothing_to_test_on(run: Path, tmp_path: Path) -> None:
    copy = moved(run, tmp_path, lambda table: table.assign(split="train"))
    text = (copy / "run.json").read_text()
    (copy / "run.json").write_text(text.replace('"validation_split": "validation"', '"validation_split": null'))
    with pytest.raises(ValueError, match="a report needs some that were not trained on"):
        finished_run(copy, "cpu")
