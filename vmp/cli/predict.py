"""``vmp predict VIDEO``: what a trained model says of a video."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from vmp.cli.options import Device, Weights

if TYPE_CHECKING:
    from vmp.predict import VideoPrediction


def predict(
    video: Annotated[str, typer.Argument(help="A video file; 'static' or 'moving' for an example.", metavar="VIDEO")],
    weights: Weights,
    every: Annotated[
        float | None, typer.Option(help="Also a table over time: a row every so many seconds.", metavar="SECONDS")
    ] = None,
    top: Annotated[int, typer.Option(help="How many classes.", metavar="N")] = 5,
    out: Annotated[
        Path | None, typer.Option(help="All classes, as CSV: start, end, rank, class, probability.", metavar="CSV")
    ] = None,
    device: Device = "auto",
    threads: Annotated[int | None, typer.Option(help="Threads on a CPU. [default: torch's]", metavar="N")] = None,
) -> None:
    """Print the likeliest classes of a video, with their probabilities.

    Of the whole video: its views are those in which the backbone's authors test, averaged as they do. A model knows its
    own classes only: what a video shows besides, it takes for one of them.
    """
    import torch

    from vmp.cli.maps import video_path
    from vmp.predict import load_predictor, predict_video

    if top < 1:
        raise ValueError(f"--top: expected at least 1, got {top}")
    if threads is not None:
        torch.set_num_threads(threads)
    path = video_path(video)
    predictor = load_predictor(weights, device)
    whole = predict_video(predictor, path)
    typer.echo(f"{path}: {whole.ends[0]:.2f} s, {whole.views} views averaged{_padded(whole)}")
    width = max(len(name) for name, _ in whole.top(top))
    for name, probability in whole.top(top):
        typer.echo(f"  {name:<{width}}  {probability:.3f}")
    shown = whole
    if every is not None:
        shown = predict_video(predictor, path, every)
        typer.echo(f"\n{'from':>8}{'to':>8}  likeliest{_padded(shown)}")
        for part, (start, end) in enumerate(zip(shown.starts, shown.ends, strict=True)):
            said = ", ".join(f"{name} {probability:.2f}" for name, probability in shown.top(min(top, 3), part))
            typer.echo(f"{start:>8.2f}{end:>8.2f}  {said}")
    if out is not None:
        _write(out, shown)


def _padded(found: VideoPrediction) -> str:
    if not found.padded:
        return ""
    what = "shorter than what the model takes" if len(found.starts) == 1 else f"{found.padded} too short"
    return f" ({what}: the last frame is repeated)"


def _write(out: Path, found: VideoPrediction) -> None:
    from vmp.files import write_over

    write_over(out, found.table().to_csv(index=False, lineterminator="\n").encode())
    typer.echo(f"wrote {out}")
