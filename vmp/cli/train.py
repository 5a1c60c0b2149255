"""``vmp train``: one run in a folder of its own, with any number of its recipe."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from typer.core import TyperCommand

from vmp.cli.options import Device

if TYPE_CHECKING:
    from vmp.devices import Devices
    from vmp.recipe import Recipe

Number = Annotated[float | None, typer.Option(metavar="X")]
Count = Annotated[int | None, typer.Option(metavar="N")]


class BarePrompts(TyperCommand):
    """Takes ``--prompts`` with no word behind it for ``--prompts all``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments, with the word that was left out."""
        following = [*args[1:], "-"]
        bare = [each == "--prompts" and after.startswith("-") for each, after in zip(args, following, strict=False)]
        words = [word for each, alone in zip(args, bare, strict=True) for word in ((each, "all") if alone else (each,))]
        return super().parse_args(ctx, words)


def train(
    ctx: typer.Context,
    backbone: Annotated[str, typer.Option(help="slowfast_4x16, i3d, x3d_m, timesformer, ...", metavar="NAME")],
    dataset: Annotated[
        str,
        typer.Option(
            "--dataset",
            "--data",
            help="A folder of videos with a sub-folder a class, a manifest's file, or libras-static, source-b, ...",
            metavar="DATA",
        ),
    ],
    out: Annotated[Path, typer.Option(help="The run's own folder: log, checkpoint, weights.", metavar="DIR")],
    scale: Annotated[
        str | None,
        typer.Option(
            help="smoke, small, gpu or paper: the recipe's and the data's. [default: paper for videos, else small]"
        ),
    ] = None,
    size: Annotated[str | None, typer.Option(help="tiny or paper. [default: tiny for smoke and small]")] = None,
    prompts: Annotated[
        str,
        typer.Option(help="none, all; for SlowFast also slow, fast. Alone: all.", metavar="[none|all|slow|fast]"),
    ] = "none",
    layer: Annotated[
        list[str] | None, typer.Option(help="An option of the layer, as channel_order=BGR.", metavar="OPTION=VALUE")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(
            "--start",
            "--weights",
            help="Published weights by name (k400), a file, or another run's folder.",
            metavar="WEIGHTS",
        ),
    ] = None,
    head: Annotated[str, typer.Option(help="new, or kept as the start has it.")] = "new",
    seed: Annotated[int, typer.Option(metavar="N")] = 0,
    fold: Annotated[int, typer.Option(help="Of a data set with several.", metavar="N")] = 1,
    split: Annotated[str, typer.Option(help="What is trained on: train, or train+validation.")] = "train",
    validation: Annotated[
        str | None,
        typer.Option(
            help="What is looked at after each epoch; none for nothing. [default: validation, where videos have some]",
            metavar="SPLIT",
        ),
    ] = None,
    allow_missing: Annotated[
        bool, typer.Option("--allow-missing", help="Leave videos of a folder that cannot be read out, and list them.")
    ] = False,
    trained: Annotated[
        str | None, typer.Option(help="The parts that learn. [default: backbone,head,prompt]", metavar="PART,PART")
    ] = None,
    epochs: Count = None,
    batch_size: Annotated[int | None, typer.Option(help="Clips a step.", metavar="N")] = None,
    accumulate: Annotated[int | None, typer.Option(help="Parts in which a step is computed.", metavar="N")] = None,
    precision: Annotated[str | None, typer.Option(help="32-true or bf16-mixed.")] = None,
    optimiser: Annotated[str | None, typer.Option(help="sgd or adamw.")] = None,
    lr: Number = None,
    momentum: Number = None,
    weight_decay: Number = None,
    norm_weight_decay: Annotated[float | None, typer.Option(help="Of normalisation layers.", metavar="X")] = None,
    prompt_lr: Annotated[float | None, typer.Option(help="Of m and n.", metavar="X")] = None,
    prompt_weight_decay: Annotated[float | None, typer.Option(help="Of m and n.", metavar="X")] = None,
    schedule: Annotated[str | None, typer.Option(help="constant, cosine or step.")] = None,
    steps: Annotated[str | None, typer.Option(help="Epochs of the steps, as 0,11,14.", metavar="E,E")] = None,
    factors: Annotated[str | None, typer.Option(help="Their factors, as 1,.1,.01.", metavar="F,F")] = None,
    warmup_epochs: Number = None,
    warmup_start: Number = None,
    lambda_: Annotated[float | None, typer.Option("--lambda", help="Of Eq. 7.", metavar="X")] = None,
    clip_gradient: Annotated[float | None, typer.Option(help="The largest norm of the gradient.", metavar="X")] = None,
    label_smoothing: Number = None,
    mixup: Number = None,
    freeze_batchnorm: Annotated[bool, typer.Option("--freeze-batchnorm")] = False,
    keep: Annotated[str | None, typer.Option(help="The weights of the last epoch, or the best on validation.")] = None,
    dropout: Number = None,
    device: Device = "auto",
    devices: Annotated[int, typer.Option(help="Devices of each machine.", metavar="N")] = 1,
    nodes: Annotated[int, typer.Option(help="Machines.", metavar="N")] = 1,
    threads: Annotated[int | None, typer.Option(help="Threads on a CPU. [default: torch's]", metavar="N")] = None,
    workers: Annotated[int, typer.Option(help="Processes that load clips ahead.", metavar="N")] = 0,
) -> None:
    """Train one model; the same command goes on with what was stopped.

    Numbers of the recipe that are not given are those of the backbone and the scale. A folder of videos is divided
    first (FOLDER/own_videos.parquet); vmp report DIR then shows what came of it. Under torchrun every process takes
    part.
    """
    from vmp.cli.own_videos import as_dataset, has_validation
    from vmp.experiments.models import check_backbone
    from vmp.experiments.run import SIZE_OF, Run
    from vmp.experiments.single import train_in, weights_of

    check_backbone(backbone)
    prompted, options = prompts_of(prompts), layer_of(layer or [])
    if Path(dataset).is_dir() and out.absolute().is_relative_to(Path(dataset).absolute()):
        raise ValueError(f"--out: expected a folder outside that of the videos, {dataset}, got {out}")
    dataset, of_videos = as_dataset(dataset, allow_missing)
    scale = scale or ("paper" if of_videos else "small")
    if validation is None and of_videos and has_validation(dataset, fold):
        validation = "validation"
    changes: dict[str, Any] = {
        "trained": None if trained is None else tuple(trained.split(",")), "epochs": epochs, "batch_size": batch_size,
        "accumulate": accumulate, "precision": precision, "lr": lr, "momentum": momentum, "weight_decay": weight_decay,
        "norm_weight_decay": norm_weight_decay, "prompt_lr": prompt_lr, "prompt_weight_decay": prompt_weight_decay,
        "warmup_epochs": warmup_epochs, "warmup_start": warmup_start, "lambda_": lambda_,
        "clip_gradient": clip_gradient, "label_smoothing": label_smoothing, "mixup": mixup,
        "freeze_batchnorm": freeze_batchnorm or None, "keep": keep, "dropout": dropout,
    }  # fmt: skip
    when = {"steps": _floats("--steps", steps), "factors": _floats("--factors", factors)}
    chosen = _recipe(backbone, scale, changes, optimiser, schedule, when)
    if start is not None and Path(start).is_dir():
        start = str(weights_of(start))
    run = Run(
        dataset, backbone, chosen, seed=seed, fold=fold, size=size or SIZE_OF[scale], prompts=prompted,
        layer=options, start=start, head=head, scale=scale, train_split=split,
        validation_split=None if validation == "none" else validation,
    )  # fmt: skip
    done = train_in(out, run, devices=open_devices(device, devices, nodes, threads), workers=workers)
    keep_command(out, ctx.obj)
    typer.echo(f"epoch {done.epoch} kept after {done.seconds:.0f} s: {done.weights}")


def _recipe(
    backbone: str,
    scale: str,
    changes: dict[str, Any],
    optimiser: str | None,
    schedule: str | None,
    when: dict[str, tuple[float, ...] | None],
) -> Recipe:
    """The recipe of the backbone and scale with what the options change."""
    from dataclasses import replace

    from vmp.recipe import recipe

    asked = {name: value for name, value in changes.items() if value is not None}
    lengths = {name: asked.pop(name) for name in ("epochs", "batch_size") if name in asked}
    made = recipe(backbone, scale, **lengths)
    if optimiser is not None:
        made = replace(made, optimiser=replace(made.optimiser, kind=optimiser))  # type: ignore[arg-type]
    if schedule is not None or any(when.values()):
        kind = schedule or "step"
        of_steps = {name: given or getattr(made.schedule, name) for name, given in when.items()}
        changed = of_steps if kind == "step" else {"steps": (), "factors": ()}
        made = replace(made, schedule=replace(made.schedule, kind=kind, **changed))  # type: ignore[arg-type]
    return made.changed(**asked)


def _floats(option: str, given: str | None) -> tuple[float, ...] | None:
    try:
        return None if given is None else tuple(float(item) for item in given.split(","))
    except ValueError as error:
        raise ValueError(f"{option}: expected numbers with commas between, got {given!r}") from error


def keep_command(out: Path, arguments: list[str] | None) -> None:
    """Write what was typed beside the weights, for the report; the first command stays."""
    import shlex

    from vmp.files import write_new
    from vmp.report.run import COMMAND_NAME

    if arguments and not (out / COMMAND_NAME).exists():
        write_new(out / COMMAND_NAME, (shlex.join(["vmp", *arguments]) + "\n").encode())


# --- shared with evaluate ---


def prompts_of(given: str) -> bool | str | None:
    """What ``vmp.build`` takes for the words of ``--prompts``."""
    from vmp.experiments.nearest import unknown

    known: dict[str, bool | str | None] = {"none": None, "all": True, "slow": "slow", "fast": "fast", "both": "both"}
    if given not in known:
        raise unknown("--prompts", given, known)
    return known[given]


def layer_of(given: list[str]) -> tuple[tuple[str, Any], ...]:
    """The layer's options from "option=value"; values as JSON has them, other words as they are."""
    pairs = []
    for each in given:
        name, equals, value = each.partition("=")
        if not equals:
            raise ValueError(f"--layer: expected option=value, got {each!r}")
        try:
            read = json.loads(value)
        except ValueError:
            read = value
        pairs.append((name, tuple(read) if isinstance(read, list) else read))
    return tuple(sorted(pairs))


def open_devices(device: str, devices: int = 1, nodes: int = 1, threads: int | None = None) -> Devices | None:
    """What the options mean; None for the processes that torchrun started."""
    import os

    import torch

    from vmp.allocator import keep_freed_memory
    from vmp.devices import OneDevice, open_fabric
    from vmp.experiments.device import kind_of

    keep_freed_memory()
    if threads is not None:
        torch.set_num_threads(threads)
    kind = kind_of(device)
    if "WORLD_SIZE" in os.environ:
        return None
    if devices * nodes > 1:
        return open_fabric(accelerator=kind, devices=devices, num_nodes=nodes, strategy="ddp")
    return OneDevice(kind)
