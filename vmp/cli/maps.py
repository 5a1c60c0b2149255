"""``vmp maps VIDEO``: the layer's maps of any video file."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from vmp.maps import MapsPlan
    from vmp.prompt import MotionPrompt


class Source(StrEnum):
    """Whose list a preset is taken from."""

    paper = "paper"
    page = "page"


def maps(
    video: Annotated[str, typer.Argument(help="A video file; 'static' or 'moving' for an example.", metavar="VIDEO")],
    preset: Annotated[
        str | None,
        typer.Option(help="A pair the authors learned: finegym, mpii, hmdb51, ucf-crime. [default: finegym]"),
    ] = None,
    lambda_: Annotated[
        float | None, typer.Option("--lambda", help="The regularisation that the preset was learned with.")
    ] = None,
    source: Annotated[Source, typer.Option(help="Where the preset comes from: the paper or its page.")] = Source.paper,
    slope: Annotated[float | None, typer.Option(help="Slope a, 9.1 to 50; with --shift.")] = None,
    shift: Annotated[float | None, typer.Option(help="Shift b, -0.599 to 0.599; with --slope.")] = None,
    layer: Annotated[
        Path | None, typer.Option(help="A saved layer: torch.save(layer.state_dict(), FILE).", metavar="FILE.pt")
    ] = None,
    published: Annotated[
        bool, typer.Option("--published", help="The published code's choices: blue and red weights swapped.")
    ] = False,
    paper: Annotated[
        bool, typer.Option("--paper", help="The paper's equations as printed: attention 0 gives black.")
    ] = False,
    adjacent: Annotated[
        bool, typer.Option("--adjacent", help="Difference adjacent frames; this is the default.")
    ] = False,
    stride: Annotated[int | None, typer.Option(help="Difference frames so many frames apart.", metavar="N")] = None,
    start: Annotated[float, typer.Option(help="Begin at this second.", metavar="S")] = 0.0,
    duration: Annotated[float | None, typer.Option(help="Take so many seconds only.", metavar="S")] = None,
    arrays: Annotated[bool, typer.Option("--arrays", help="Write one .npy a map too.")] = False,
    out: Annotated[Path, typer.Option(help="Folder for what is written.", metavar="DIR")] = Path(),
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Replace files that exist.")] = False,
    gain: Annotated[float, typer.Option(help="Strengthen the colours of the difference, not its numbers.")] = 3.0,
    columns: Annotated[int | None, typer.Option(help="Panes beside each other: 1, 2 or 4.")] = None,
    pane: Annotated[int, typer.Option(help="Pixels of a pane's longer side at most.")] = 640,
) -> None:
    """Write a video's frame differences, attention and motion prompts.

    NAME.maps.mp4 shows frame, difference, attention and prompt side by side, NAME.contact.png a few moments of it;
    with --arrays the folder NAME.maps holds the numbers. Long videos go through in constant memory.
    """
    from vmp.maps import plan_maps, write_maps

    path = video_path(video)
    step = _stride(adjacent, stride)
    chosen, described = _layer(preset, lambda_, source.value, slope, shift, layer, _choices(published, paper))
    plan = plan_maps(path, out, stride=step, arrays=arrays, overwrite=overwrite, start=start, duration=duration)
    _tell(plan, step, chosen, described)
    with _ProgressBar() as progress:
        written = write_maps(
            path, chosen, out, stride=step, arrays=arrays, overwrite=overwrite, start=start, duration=duration,
            gain=gain, columns=columns, pane=pane, progress=progress,
        )  # fmt: skip
    for made in (written.film, written.sheet, written.arrays):
        if made is not None:
            typer.echo(f"wrote {made}")


# --- what the options of maps mean ---


def video_path(video: str) -> str:
    """The file of an example where its name is given and no such file is there."""
    from vmp.data.video import EXAMPLES, example_path

    return example_path(video) if video in EXAMPLES and not Path(video).exists() else video


def _stride(adjacent: bool, stride: int | None) -> int:
    if adjacent and stride is not None:
        raise ValueError(f"--adjacent and --stride: expected one of them, got both (--stride {stride})")
    return 1 if stride is None else stride


def _choices(published: bool, paper: bool) -> dict[str, Any]:
    """The options of MotionPrompt.published() or .paper(), none for the layer's own."""
    from vmp.prompt import MotionPrompt

    if published and paper:
        raise ValueError("--published and --paper: expected one of them, got both")
    if not published and not paper:
        return {}
    pattern = MotionPrompt.published() if published else MotionPrompt.paper()
    names = ("channel_order", "difference", "product", "pixel_reduction")
    return {name: getattr(pattern, name) for name in names}


def _layer(
    preset: str | None,
    lambda_: float | None,
    source: str,
    slope: float | None,
    shift: float | None,
    saved: Path | None,
    choices: dict[str, Any],
) -> tuple[MotionPrompt, str]:
    """The layer that the options ask for, and where it is from in words."""
    from vmp.prompt import MotionPrompt

    if (slope is None) != (shift is None):
        raise ValueError(f"--slope and --shift: expected both or neither, got slope {slope} and shift {shift}")
    ways = {"--preset": preset is not None, "--slope and --shift": slope is not None, "--layer": saved is not None}
    given = [name for name, asked in ways.items() if asked]
    if len(given) > 1:
        raise ValueError(f"layer: expected one of {', '.join(ways)}, got {' with '.join(given)}")
    if lambda_ is not None and given not in ([], ["--preset"]):
        raise ValueError(f"--lambda belongs to --preset, got it with {given[0]}")
    if slope is not None and shift is not None:
        return MotionPrompt.from_slope_shift(slope, shift, **choices), "as given"
    if saved is not None:
        return load_layer(saved, **choices), f"from {saved}"
    name = preset or "finegym"
    try:
        layer = MotionPrompt.from_paper(name, lambda_, source, **choices)  # type: ignore[arg-type]
    except ValueError as error:
        other = "page" if source == "paper" else "paper"
        raise ValueError(f"{str(error).replace('lambda_', '--lambda')}. More: --source {other}") from error
    return layer, f"{name}, from the {'paper' if source == 'paper' else 'authors page'}"


def load_layer(path: Path, **choices: Any) -> MotionPrompt:
    """A layer with the m and n of a saved state_dict: the layer's own, or that of a model with one such layer.

    Raises ValueError for a file that holds something else, more than one layer, or values that no layer has.
    """
    import pickle

    import torch

    from vmp.prompt import MotionPrompt

    if not path.is_file():
        raise ValueError(f"--layer: no such file: {path}")
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, KeyError) as error:
        raise ValueError(
            f"--layer: {path} holds no saved weights. Save them with torch.save(layer.state_dict(), FILE)"
        ) from error
    for name in ("model_state", "state_dict", "model"):  # what checkpoints call it
        if isinstance(state, dict) and isinstance(state.get(name), dict):
            state = state[name]
    keys = list(state) if isinstance(state, dict) else []
    found = [
        key[:-1]
        for key in keys
        if isinstance(key, str) and (key == "m" or key.endswith(".m")) and f"{key[:-1]}n" in keys
    ]
    if len(found) != 1:
        listed = ", ".join(prefix.rstrip(".") or "the file itself" for prefix in found) or "none"
        raise ValueError(
            f"--layer: expected the m and n of one layer in {path}, got {listed}. Save the one you want by itself: "
            "torch.save(layer.state_dict(), FILE)"
        )
    pair = {name: state[f"{found[0]}{name}"] for name in ("m", "n")}
    for name, value in pair.items():
        if not (isinstance(value, torch.Tensor) and value.numel() == 1 and bool(value.isfinite().all())):
            shown = f"shape {tuple(value.shape)}" if getattr(value, "shape", (1,)) not in ((), (1,)) else repr(value)
            raise ValueError(f"--layer: expected {name} to be a tensor of one finite number in {path}, got {shown}")
    layer = MotionPrompt(**choices)
    layer.load_state_dict({name: value.reshape(1) for name, value in pair.items()})
    return layer


# --- what is shown ---


def _tell(plan: MapsPlan, stride: int, layer: MotionPrompt, described: str) -> None:
    """Print what is going to happen, sizes first of all."""
    import torch

    from vmp.equations import power_normalise
    from vmp.maps import human_bytes

    video = plan.video
    frames = "adjacent frames" if stride == 1 else f"frames {stride} apart"
    count = "pairs" if plan.pairs is None else f"{plan.pairs} pairs"
    typer.echo(f"{video.path}: {video.width}x{video.height}, {video.rate:.4g} frames a second, {count} of {frames}")
    slope, shift = layer.slope.item(), layer.shift.item()
    still = power_normalise(torch.zeros(1), slope, shift).item()
    typer.echo(f"slope {slope:.4g}, shift {shift:.4g} ({described}): a still pixel gets attention {still:.3f}")
    if plan.arrays is not None:
        size = "of unknown size" if plan.array_bytes is None else human_bytes(plan.array_bytes)
        typer.echo(f"arrays: {size} into {plan.arrays} ({human_bytes(plan.free_bytes)} free)")


class _ProgressBar:
    """A bar on stderr, from the first call on: an error before it stands alone. Called with pairs done and expected."""

    def __init__(self) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

        console = Console(stderr=True)
        self._bar = Progress("maps", BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console)
        self._task = self._bar.add_task("maps", total=None)

    def __enter__(self) -> _ProgressBar:
        return self

    def __call__(self, done: int, expected: int | None) -> None:
        self._bar.start()  # once is enough, more does no harm
        self._bar.update(self._task, completed=done, total=None if expected is None else max(expected, done))

    def __exit__(self, *error: object) -> None:
        if self._bar.live.is_started:
            self._bar.stop()
