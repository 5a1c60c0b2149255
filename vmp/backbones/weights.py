"""Published weights, and one's own, into a model that ``vmp.build`` made: strictly, the class head aside."""

from __future__ import annotations

import contextlib
import difflib
import hashlib
import logging
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

from torch import Tensor

from vmp.backbones.positions import resize_places, resize_times
from vmp.backbones.spec import BackboneSpec, WeightsEntry
from vmp.backbones.weight_file import WeightsError, read_state
from vmp.download import Progress, cache_folder, download

if TYPE_CHECKING:
    from vmp.backbones.model import VideoModel

_SHOWN = 10
_log = logging.getLogger("vmp")


@dataclass(frozen=True)
class LoadReport:
    """What was loaded.

    Attributes:
        path: the file, or the folder, it came from.
        entry: the published checkpoint; None for a file or an address of one's own.
        tensors: how many were loaded.
        head: "kept", or "replaced" where the file's is for another number of classes, or it has none.
        resized: TimeSformer's positions that were stretched to the model's frames or crop.
        fresh: the model's motion prompt parameters that the file does not have, left as they were.
    """

    path: Path
    entry: WeightsEntry | None
    tensors: int
    head: str
    resized: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()


def load_pretrained(
    model: VideoModel,
    weights: str | os.PathLike[str],
    *,
    cache: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> LoadReport:
    """Load weights into a model: all that both have must agree, except the class head.

    - The head is kept where it has as many classes, and left as it was initialised where not; the logger "vmp" says so.
    - The motion prompts' m and n may be missing; they stay as they are.
    - TimeSformer's positions in time and space are stretched to the model's frames and crop by the nearest neighbour,
      as its authors do, and the logger says so.

    Args:
        model: what ``vmp.build`` gives.
        weights: the name of a published checkpoint ("k400"), a local file (torch.save's format without code, or
            safetensors), a folder by transformers' save_pretrained, or an address (https, http, file).
        cache: folder for downloads; None: ``vmp.download.cache_folder() / "weights"``.
        progress: called with the bytes that are there and those expected, as a download arrives.

    Raises:
        WeightsError: a ValueError. No such checkpoint or file, a broken file, one that would run code, or parameters
            that are missing, unexpected or of another shape; the model is then as it was.
        DownloadError: an OSError; see :func:`vmp.download.download`.
    """
    entry = find_entry(model.spec, weights)
    _check_channel_order(model, entry)  # before anything is downloaded
    path = locate(model.spec, weights, cache=cache, progress=progress)
    state = _for_model(model, read_state(path, entry.key if entry else None), path)
    state, head = _without_foreign_head(model, state)
    state, resized = _with_resized_positions(model, state)
    fresh = _check_fit(model, state, path, head)
    model.load_state_dict(state, strict=False)
    if entry is not None:
        model.clip_input = replace(model.clip_input, channel_order=entry.channel_order)
    report = LoadReport(path, entry, len(state), "kept" if head is None else "replaced", resized, fresh)
    _log.info("%s", _sentence(model, report, head))
    return report


# --- which file ---


def find_entry(spec: BackboneSpec, weights: str | os.PathLike[str]) -> WeightsEntry | None:
    """The published checkpoint of that name; None where ``weights`` is a file or an address.

    Raises WeightsError for a name that this backbone does not have.
    """
    if isinstance(weights, os.PathLike):
        return None
    if not isinstance(weights, str):
        raise WeightsError(f"weights: expected a name, a path or an address, got {weights!r}")
    entries = {entry.name: entry for entry in spec.weights}
    if weights in entries:
        return entries[weights]
    if "://" in weights or Path(weights).expanduser().exists():
        return None
    if Path(weights).suffix or len(Path(weights).parts) > 1:
        raise WeightsError(f"weights: there is no file {weights}")
    names = ", ".join(entries) or "none"
    nearest = difflib.get_close_matches(weights.lower(), entries, n=1, cutoff=0.7)
    hint = f"Did you mean {nearest[0]!r}? " if nearest and not _is_known(weights) else ""
    raise WeightsError(
        f"weights: none named {weights!r} was found published for {spec.title}; there are: {names}. {hint}"
        "A local file or an address is taken too"
    )


def _is_known(name: str) -> bool:
    """Whether some other backbone has weights of this name: then it is no slip of the pen."""
    from vmp.backbones.registry import BACKBONES

    return any(entry.name == name for spec in BACKBONES.values() for entry in spec.weights)


def locate(
    spec: BackboneSpec,
    weights: str | os.PathLike[str],
    *,
    cache: str | os.PathLike[str] | None = None,
    progress: Progress | None = None,
) -> Path:
    """The local file of these weights, downloaded where need be; see :func:`load_pretrained`."""
    entry = find_entry(spec, weights)
    if entry is None and "://" not in str(weights):
        return Path(weights).expanduser()
    url = entry.url if entry else str(weights)
    # one's own address: its digest keeps files of one name apart
    place = Path(spec.name, entry.name) if entry else Path("address", hashlib.sha256(url.encode()).hexdigest()[:12])
    folder = Path(cache) if cache is not None else cache_folder() / "weights"
    to = folder / place / (Path(unquote(urlsplit(url).path)).name or "weights")
    if not to.exists():
        _log.info("downloading %s to %s", url, to)
    return download(url, to, sha256=entry.sha256 if entry else None, progress=progress)


def _check_channel_order(model: VideoModel, entry: WeightsEntry | None) -> None:
    """A layer weights the channels in the order it was made for: the clip's must not change behind it."""
    if entry is None or not model.prompts or model.clip_input.channel_order == entry.channel_order:
        return
    raise WeightsError(
        f"weights: {entry.name!r} was trained on {entry.channel_order} clips, and the model's motion prompt layer is "
        f"made for {model.clip_input.channel_order}. Build the model with them: "
        f"vmp.build({model.spec.name!r}, ..., weights={entry.name!r})"
    )


# --- what fits ---


def _for_model(model: VideoModel, state: Mapping[str, Tensor], path: Path) -> dict[str, Tensor]:
    """The state with the model's names: of a whole model, of a bare backbone or of the original TimeSformer."""
    if any(name.startswith("backbone.") for name in state):
        return dict(state)
    if model.spec.family == "timesformer" and not any(name.startswith("timesformer.") for name in state):
        from vmp.backbones.timesformer import from_original

        try:
            state = from_original(state)
        except ValueError as error:
            raise WeightsError(f"{path}: {error}") from error
    return {f"backbone.{name}": value for name, value in state.items()}


def _head_names(model: VideoModel) -> list[str]:
    return list(model.parts()["head"])


def _without_foreign_head(model: VideoModel, state: dict[str, Tensor]) -> tuple[dict[str, Tensor], int | None]:
    """The state, without its head where that is for another number of classes; and that number (0: it has no head)."""
    names, own = _head_names(model), model.head.weight
    theirs = next((state[name] for name in names if name in state and state[name].ndim == own.ndim), None)
    if theirs is not None and (theirs.shape[0] == own.shape[0] or theirs.shape[1:] != own.shape[1:]):
        return state, None  # it is kept, or it is of another width: an error with the rest
    return {name: value for name, value in state.items() if name not in names}, 0 if theirs is None else len(theirs)


def _with_resized_positions(model: VideoModel, state: dict[str, Tensor]) -> tuple[dict[str, Tensor], tuple[str, ...]]:
    """The state with TimeSformer's positions for the model's frames and crop; and the names of those that changed."""
    if model.spec.family != "timesformer":
        return state, ()
    own, resized = model.state_dict(), {}
    for ending, resize in (("time_embeddings", resize_times), ("position_embeddings", resize_places)):
        name = f"backbone.timesformer.embeddings.{ending}"
        theirs, wanted = state.get(name), own[name]
        if theirs is None or theirs.ndim != 3 or theirs.shape == wanted.shape or theirs.shape[2] != wanted.shape[2]:
            continue  # it fits, or never will
        with contextlib.suppress(ValueError):  # no square of patches: an error with the rest
            resized[name] = resize(theirs, wanted.shape[1])
    return state | resized, tuple(resized)


def _check_fit(model: VideoModel, state: Mapping[str, Tensor], path: Path, head: int | None) -> tuple[str, ...]:
    """Raise WeightsError unless the state is the model's, its head and prompts aside; the prompts it leaves out."""
    own = model.state_dict()
    prompts = tuple(name for name in own if name.startswith("prompts.") and name not in state)
    left_out = {*prompts, *(_head_names(model) if head is not None else ())}
    missing = [name for name in own if name not in state and name not in left_out]
    unexpected = [name for name in state if name not in own]
    shapes = [
        f"{name} (expected {tuple(own[name].shape)}, got {tuple(value.shape)})"
        for name, value in state.items()
        if name in own and own[name].shape != value.shape
    ]
    kinds = {"missing": missing, "unexpected": unexpected, "of another shape": shapes}
    if any(kinds.values()):
        told = "; ".join(f"{len(names)} {kind}: {_listed(names)}" for kind, names in kinds.items() if names)
        raise WeightsError(
            f"{path}: these weights are not of {model.spec.title}, size {model.size!r}. Of {len(own)} parameters and "
            f"buffers, {told}"
        )
    return prompts


def _listed(names: Iterable[str]) -> str:
    names = list(names)
    return ", ".join(names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")


def _sentence(model: VideoModel, report: LoadReport, head: int | None) -> str:
    name, classes = model.spec.name, model.head.weight.shape[0]
    what = f"{report.entry.name} ({report.entry.licence})" if report.entry else "weights"
    if head is None:
        kept = f"the head for {classes} classes is kept"
    elif head == 0:
        kept = f"it has no head: the one for {classes} classes starts afresh"
    else:
        kept = f"its head for {head} classes is replaced by one for {classes}"
    resized = f"; stretched to the nearest: {', '.join(report.resized)}" if report.resized else ""
    fresh = f"; not in it and left as they were: {', '.join(report.fresh)}" if report.fresh else ""
    return f"{name}: {what} from {report.path}, {report.tensors} tensors; {kept}{resized}{fresh}"
