"""``vmp live SOURCE``: a camera, a stream or a file watched by a trained model."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from vmp.cli.options import Device, Weights

if TYPE_CHECKING:
    from vmp.live import LiveSource, Shown
    from vmp.predict import Predictor


def live(
    source: Annotated[
        str,
        typer.Argument(
            help="A camera's number (0), a stream's address, or a file; 'static', 'moving'.", metavar="SOURCE"
        ),
    ],
    weights: Weights,
    page: Annotated[bool, typer.Option("--page/--no-page", help="Show it in a browser on this machine.")] = True,
    port: Annotated[int, typer.Option(help="Of the page; 0 takes any.", metavar="N")] = 8765,
    out: Annotated[Path | None, typer.Option(help="Record what is shown, as MP4.", metavar="FILE")] = None,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace a recording that exists.")] = False,
    seconds: Annotated[float | None, typer.Option(help="End after so many seconds of the video.", metavar="S")] = None,
    top: Annotated[int, typer.Option(help="How many classes.", metavar="N")] = 3,
    device: Device = "auto",
    threads: Annotated[int | None, typer.Option(help="Threads on a CPU. [default: torch's]", metavar="N")] = None,
) -> None:
    """Watch live video: likeliest classes, and frame, difference, attention and prompt. Ctrl-C ends it.

    The four panes are at http://127.0.0.1:8765 while it runs, and in the recording; a line is printed whenever another
    class becomes the likeliest. What is shown are the frames that the model takes, which may be a second apart.
    """
    import torch

    from vmp.cli.maps import video_path
    from vmp.live import open_source
    from vmp.predict import load_predictor

    if top < 1:
        raise ValueError(f"--top: expected at least 1, got {top}")
    if seconds is not None and not seconds > 0:
        raise ValueError(f"--seconds: expected more than 0, got {seconds}")
    if not 0 <= port <= 65535:
        raise ValueError(f"--port: expected 0 to 65535, got {port}")
    if out is not None and out.exists() and not overwrite:
        raise ValueError(f"{out} exists. Choose another file, or allow it to be replaced: --overwrite")
    if threads is not None:
        torch.set_num_threads(threads)
    predictor = load_predictor(weights, device)
    opened = open_source(video_path(source))
    count = _show(opened, predictor, port if page else None, out, seconds, top)
    dropped = f", {opened.dropped} dropped since the model is slower" if opened.dropped else ""
    typer.echo(f"{count} moments shown{dropped}")
    if out is not None and count:
        typer.echo(f"wrote {out}")


def _show(
    source: LiveSource, predictor: Predictor, port: int | None, out: Path | None, seconds: float | None, top: int
) -> int:
    """Watch until the source ends or a signal comes; gives how many moments were shown."""
    from vmp.interruption import Interruption
    from vmp.live import watch

    with ExitStack() as stack:
        interruption = stack.enter_context(Interruption())
        shown_on = None
        if port is not None:
            from vmp.live.page import Page

            shown_on = stack.enter_context(Page(port))
            typer.echo(f"{source.name}: {shown_on.address} (Ctrl-C ends)")
        recording = stack.enter_context(_Recording(out, source.rate))
        count, last = 0, ""
        for moment in watch(
            source, predictor, top=top, seconds=seconds, real_time=port is not None,
            stop=lambda: bool(interruption.signal),
        ):  # fmt: skip
            recording.write(moment)
            if shown_on is not None:
                shown_on.publish(moment.picture, moment.said)
            if moment.said and moment.said[0][0] != last:
                last = moment.said[0][0]
                typer.echo(f"{moment.time:8.2f} s  {last} {moment.said[0][1]:.2f}")
            count += 1
    return count


class _Recording:
    """The film of what is shown, whole under its name when it ends; nothing where nobody asked for one."""

    def __init__(self, out: Path | None, rate: float) -> None:
        self.out, self.rate = out, rate
        self._stack = ExitStack()
        self._write: Callable[[Any, float], None] | None = None

    def __enter__(self) -> _Recording:
        return self

    def write(self, moment: Shown) -> None:
        if self.out is None:
            return
        if self._write is None:
            from vmp.checkpoint import written_whole
            from vmp.data.writing import Film

            self.out.parent.mkdir(parents=True, exist_ok=True)
            height, width, _ = moment.picture.shape
            partial = self._stack.enter_context(written_whole(self.out))
            self._write = self._stack.enter_context(Film(partial, (width, height), self.rate)).write
        self._write(moment.picture, moment.time)

    def __exit__(self, *error: object) -> None:
        self._stack.__exit__(*error)  # type: ignore[arg-type]
