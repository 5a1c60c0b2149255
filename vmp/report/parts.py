"""What a report shows of a run, part by part; a notebook shows the same parts."""

from __future__ import annotations

import dataclasses
from typing import TYPE_CHECKING, Protocol

import pandas as pd

from vmp.figures.accuracy import accuracy_sentence, accuracy_table, class_table, confusion_counts, mistakes_table
from vmp.figures.confusion import MOST_CLASSES, ConfusionTable, confusion_figure
from vmp.figures.judged_clips import judged_clips
from vmp.figures.own_run import pairs_figure, pairs_of, pairs_table, training_figures
from vmp.figures.still import Still
from vmp.figures.tables import Table

if TYPE_CHECKING:
    from vmp.figures.pictures import Pictures
    from vmp.predictions import Predictions
    from vmp.report.run import FinishedRun


class HasHtml(Protocol):
    """Whatever a notebook shows as HTML."""

    def _repr_html_(self) -> str: ...


def outcomes(found: FinishedRun) -> Predictions:
    """One outcome a group of clips that show the same event; of one's own videos one a clip."""
    return found.predictions.by_group()


def what_was_tested(found: FinishedRun) -> str:
    """ "test videos", "validation videos" or, of a data set whose outcomes are no files, "test movements"."""
    return f"{found.split} {'videos' if found.counts is not None else 'movements'}"


def accuracy(found: FinishedRun) -> tuple[str, Table]:
    """The answer in a sentence, and the numbers around it."""
    tested = outcomes(found)
    table = Table(accuracy_table(tested), decimals=1, caption="In percent; low and high: 95 % interval by Wilson.")
    return accuracy_sentence(tested, what_was_tested(found)), table


def confusions(found: FinishedRun) -> list[HasHtml]:
    """The confusion matrix, a table for few classes and a picture for many, and the most frequent mistakes."""
    tested = outcomes(found)
    counts, classes = confusion_counts(tested), found.predictions.classes
    shown: list[HasHtml] = []
    if len(classes) <= MOST_CLASSES:
        caption = "A row a class: how many of its videos were taken for each. On the diagonal, in blue: right."
        shown.append(ConfusionTable(counts, classes, caption))
    else:
        shown.append(
            Still(
                confusion_figure(counts),
                alt=f"Confusion matrix of {len(classes)} classes: the share of each class that was taken for each",
                caption="Shares of each row; the numbers of the classes are those of the table below.",
            )
        )
    mistakes = mistakes_table(tested)
    if len(mistakes):
        shown.append(Table(mistakes, caption="The most frequent mistakes."))
    return shown


def classes(found: FinishedRun) -> Table:
    """Class by class."""
    frame = class_table(outcomes(found))
    frame.insert(0, "number", range(1, len(frame) + 1))
    return Table(
        frame,
        decimals=1,
        caption='Low and high: 95 % interval by Wilson of "right, %". Said: how often the model named the class.',
    )


def training(found: FinishedRun) -> Still:
    """Loss and accuracy over the epochs."""
    last = found.log.iloc[-1]
    kept = "" if found.kept == last["epoch"] else f" Kept were the weights of epoch {found.kept}."
    seen = "" if "validation_accuracy" in found.log else " No clips were held out for validation."
    return Still(
        *training_figures(found.log),
        alt=f"Loss and accuracy over {last['epoch']:.0f} epochs; the last loss is {last['loss']:.3f}",
        caption=f"Training numbers are over the clips of an epoch while the weights move.{kept}{seen}",
    )


def slope_and_shift(found: FinishedRun) -> list[HasHtml]:
    """The learned slope and shift beside where they began and the published pairs; nothing without a layer."""
    pairs = pairs_of(found.log, found.kept)
    if not pairs:
        return []
    ends = "; ".join(f"slope {a:.2f} and shift {b:.3f}" for _, _, a, b in pairs.values())
    figure = Still(
        pairs_figure(pairs),
        alt=f"Shift and slope: the run ended at {ends}; the paper's five pairs are around",
        caption="The run goes from the open circle to the dot; diamonds are pairs of Sec. 3.2 and Figs. 12 and 15 of "
        "the paper. Dotted: the bounds of the shift. m and n begin at random, and move slowly.",
    )
    table = Table(
        pairs_table(pairs),
        decimals={"a": 2, "b": 3, "a still pixel gets": 2},
        caption="The last column is the attention f(0): at 1 the layer leaves what stands still alone.",
    )
    return [figure, table]


def clips(found: FinishedRun, right: bool, count: int = 3) -> Pictures | None:
    """Maps of clips that were got right, or wrong; None where there is none."""
    return judged_clips(found.predictor.model, found.data, found.predictions, right, count, found.taken, found.lost)


def data_counts(found: FinishedRun) -> Table | None:
    """Clips of each class and split; None for a data set without a manifest."""
    if found.counts is None:
        return None
    frame = found.counts.reset_index()
    total = pd.DataFrame([{"class": "all", **found.counts.sum().to_dict()}])
    return Table(pd.concat([frame, total], ignore_index=True), caption="Clips of each class, and what they are for.")


def data_notes(found: FinishedRun) -> list[str]:
    """What could not be read and what was padded, counted; a sentence each."""
    if found.counts is None:
        return [f"{found.run.dataset} is rendered: every clip is there and long enough."]
    notes = [f"Files that could not be read, and were left out before: {len(found.left_out)}."]
    if "lost" in found.log:
        count = int(found.log["lost"].max())
        notes.append(f"Training clips that could not be read, for which others of their class stood in: {count}.")
    notes.append(f"{found.split.capitalize()} clips that could not be read, and count as wrong: {len(found.lost)}.")
    if found.padded is None:
        notes.append("How long the clips are was not measured, so that nobody knows how many were padded.")
    else:
        each = ", ".join(f"{count} {split}" for split, count in found.padded.items())
        count, where = sum(found.padded.values()), f" ({each})" if each else ""
        notes.append(f"Clips shorter than what the model takes, whose last frame is repeated: {count}{where}.")
    return notes


def how_made(found: FinishedRun) -> Table:
    """What decides the result: model, start, recipe, versions, and the digests of weights and data."""
    from vmp.experiments.device import versions

    run, recipe = found.run, found.run.recipe
    pathways = "; ".join(
        f"{each.frames} frames, each {each.stride}th" for each in found.predictor.model.clip_input.pathways
    )
    where: dict[bool | str | None, str] = {None: "none", True: "in front of each input"}
    rows = {
        "model": f"{run.backbone} ({run.size}), {pathways}, {found.taken.crop} pixels",
        "motion prompts": where.get(run.prompts, f"in front of {run.prompts}"),
        "start": "random weights" if run.start is None else str(run.start),
        "what learned": ", ".join(recipe.trained),
        "epochs": f"{recipe.epochs}, weights of epoch {found.kept} kept ({recipe.keep})",
        "clips a step": str(recipe.batch_size),
        "optimiser": ", ".join(
            f"{name} {value}" for name, value in dataclasses.asdict(recipe.optimiser).items() if value
        ),
        "schedule": recipe.schedule.kind,
        "lambda": f"{recipe.lambda_:g}",
        "seed": str(run.seed),
        "training took": f"{found.seconds:.0f} s",
        "tested in": f"{found.data.views} views a clip, averaged as the backbone's authors do",
        "data": f"{found.data.name}, {getattr(found.data, 'digest', 'rendered')}",
        "weights (SHA-256)": found.weights[:16],
        "versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
    }
    return Table(pd.DataFrame(rows.items(), columns=["what", "value"]), stack=True)
