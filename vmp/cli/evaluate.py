"""``vmp evaluate``: test weights, print the metrics, keep every score."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vmp.cli.options import Device

if TYPE_CHECKING:
    from vmp.experiments.run import Run


def evaluate(
    weights: Annotated[Path, typer.Argument(help="A folder of vmp train, or a file of weights.", metavar="WEIGHTS")],
    dataset: Annotated[
        str | None, typer.Option("--dataset", "--data", help="[default: the run's]", metavar="NAME")
    ] = None,
    split: Annotated[str, typer.Option(help="test, validation or train.")] = "test",
    fold: Annotated[int | None, typer.Option(help="[default: the run's, or 1]", metavar="N")] = None,
    scale: Annotated[str | None, typer.Option(help="How much data. [default: the run's, or small]")] = None,
    backbone: Annotated[str | None, typer.Option(help="For a file of which nothing says.", metavar="NAME")] = None,
    size: Annotated[str | None, typer.Option(help="tiny or paper, for such a file.")] = None,
    prompts: Annotated[str | None, typer.Option(help="none, all, slow or fast, for such a file.")] = None,
    layer: Annotated[
        list[str] | None, typer.Option(help="An option of its layer, for such a file.", metavar="OPTION=VALUE")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Every score, as Parquet. [default: beside the weights]", metavar="FILE")
    ] = None,
    batch_size: Annotated[
        int | None, typer.Option(help="Clips at once. [default: by the model's size]", metavar="N")
    ] = None,
    workers: Annotated[int, typer.Option(help="Processes that load clips ahead.", metavar="N")] = 0,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Count clips that cannot be read as wrong.")
    ] = False,
    device: Device = "auto",
    threads: Annotated[int | None, typer.Option(help="Threads on a CPU. [default: torch's]", metavar="N")] = None,
) -> None:
    """Test weights on a split; scores of the clips of one event are averaged for the second column."""
    from vmp.cli.train import open_devices
    from vmp.evaluate import metrics
    from vmp.experiments.datasets import check_dataset
    from vmp.experiments.single import evaluate_weights, weights_of

    file = weights_of(weights)
    run = _run(file, dataset, split, fold, scale, backbone, size, prompts, layer)
    check_dataset(run.dataset)
    found, lost = evaluate_weights(
        file, run, devices=open_devices(device, threads=threads), batch_size=batch_size, workers=workers,
        allow_missing=allow_missing,
    )  # fmt: skip
    target = out or file.with_name(f"predictions-{Path(run.dataset).stem}-{split}.parquet")
    found.save(target)
    grouped = found.by_group()
    clips, groups = metrics(found), metrics(grouped)
    typer.echo(f"{run.dataset}, {split}: {len(found.label)} clips, {len(grouped.label)} groups of clips")
    if lost:
        typer.echo(f"{lost} clips cannot be read and count as wrong")
    typer.echo(f"{'percent':<12}{'clips':>8}{'groups':>8}")
    for name, value in clips.items():
        typer.echo(f"{name:<12}{value:>8.1f}{groups[name]:>8.1f}")
    typer.echo(f"wrote {target}")


def _run(
    file: Path, dataset: str | None, split: str, fold: int | None, scale: str | None, backbone: str | None,
    size: str | None, prompts: str | None, layer: list[str] | None,
) -> Run:  # fmt: skip
    """The run that the weights are of, with what the options change of its test."""
    from dataclasses import replace

    from vmp.cli.train import layer_of, prompts_of
    from vmp.experiments.models import check_backbone
    from vmp.experiments.run import Run
    from vmp.experiments.single import run_of
    from vmp.recipe import Recipe

    known = run_of(file)
    if known is None:
        if backbone is None or dataset is None:
            raise ValueError(f"{file}: nothing beside it says what it is. Give --backbone and --dataset")
        known = Run(dataset, backbone, Recipe(1, 1))
    model = {"backbone": backbone, "size": size, "dataset": dataset, "fold": fold, "scale": scale}
    changed = {name: value for name, value in model.items() if value is not None}
    if prompts is not None:
        changed["prompts"] = prompts_of(prompts)  # type: ignore[assignment]
    if layer:
        changed["layer"] = layer_of(layer)  # type: ignore[assignment]
    check_backbone(str(changed.get("backbone", known.backbone)))
    return replace(known, test_split=split, **changed)  # type: ignore[arg-type]
