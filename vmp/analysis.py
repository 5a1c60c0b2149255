"""What fine-tuning changed: how alike two models' weights are, layer by layer, and what each class gained."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from vmp.predictions import Predictions

if TYPE_CHECKING:
    import pandas as pd
    from torch import Tensor

#: The last projection, by the names that backbones and their libraries give it.
_LAST_LAYER = re.compile(r"(?:^|\.)(?:classifier|head|fc|blocks\.\d+\.proj)\.(?:weight|bias)$")
#: A numbered block: the deepest one that a name goes through.
_BLOCK = re.compile(r"^(.*\b\w*(?:blocks|layers?)\.\d+)\.")


def layer_similarity(
    state_a: Mapping[str, Tensor], state_b: Mapping[str, Tensor], *, leave_out: Iterable[str] = ()
) -> pd.DataFrame:
    r"""Cosine between the weights of two models of the same shape, layer by layer (Figs. 7-9).

    .. math:: \cos(w_a, w_b) = \frac{w_a \cdot w_b}{\lVert w_a \rVert \lVert w_b \rVert}

    A layer is a tensor of weights, flattened: of a convolution or projection (two dimensions or more), or what is
    learned for tokens, positions and times. The paper says "vectorized per-layer weights" and no more. Biases and
    the weights of normalisation layers stay out: the latter begin at 1 and hardly turn, the former begin at 0 and
    turn at once, whatever is learned. So do the last projection, as in the paper's figures, the motion prompt
    layer's two numbers, which only one of the models may have, and BatchNorm's statistics, which are not learned.

    Args:
        state_a, state_b: state dicts, or parameters by name.
        leave_out: names of further parameters, for example a head that is called something else.

    Returns:
        One row a layer in the order of ``state_a``: layer (the parameter's name without ".weight"), block (the
        numbered block that it is in, else the module), cosine in [-1, 1], in float64. 1 for equal tensors, 0 where one
        of two is all zeros.

    Raises:
        ValueError: names or shapes that do not match, all listed; nothing to compare; values that are not finite.
    """
    import pandas as pd

    left_out = set(leave_out)
    weights_a, weights_b = ({n: t for n, t in s.items() if _counts(n, t, left_out)} for s in (state_a, state_b))
    _check_match(weights_a, weights_b)
    rows = [
        {"layer": name.removesuffix(".weight"), "block": _block(name), "cosine": _cosine(name, tensor, weights_b[name])}
        for name, tensor in weights_a.items()
    ]
    return pd.DataFrame(rows, columns=["layer", "block", "cosine"])


def per_class(predictions: Predictions) -> pd.DataFrame:
    """One row a class, in the order of the labels: class, clips, accuracy (top-1 in percent; NaN without a clip)."""
    import pandas as pd

    clips = np.bincount(predictions.label, minlength=len(predictions.classes))
    right = np.bincount(predictions.label, predictions.correct(), minlength=len(predictions.classes))
    accuracy = np.divide(100 * right, clips, out=np.full(len(clips), np.nan), where=clips > 0)
    return pd.DataFrame({"class": predictions.classes, "clips": clips, "accuracy": accuracy})


def per_class_gain(
    without: Predictions | Sequence[Predictions], with_: Predictions | Sequence[Predictions]
) -> pd.DataFrame:
    """What each class gained (Fig. 11): class, clips, without, with, gain in points; several seeds are averaged.

    Raises:
        ValueError: predictions of different clips, labels or classes; no predictions.
    """
    befores, afters = ([p] if isinstance(p, Predictions) else list(p) for p in (without, with_))
    if not befores or not afters:
        raise ValueError(f"predictions: expected at least one without and with, got {len(befores)} and {len(afters)}")
    for other in (*befores, *afters):
        _check_same_clips(befores[0], other)
    table = per_class(befores[0])[["class", "clips"]]
    table["without"] = np.mean([per_class(one)["accuracy"] for one in befores], axis=0)
    table["with"] = np.mean([per_class(one)["accuracy"] for one in afters], axis=0)
    table["gain"] = table["with"] - table["without"]
    return table


def _counts(name: str, tensor: Tensor, left_out: set[str]) -> bool:
    if name in left_out or _LAST_LAYER.search(name):
        return False
    return tensor.is_floating_point() and tensor.ndim >= 2 and not name.endswith(".bias")


def _block(name: str) -> str:
    found = _BLOCK.match(name)
    return found[1] if found else name.removesuffix(".weight").rpartition(".")[0] or name


def _check_match(a: Mapping[str, Tensor], b: Mapping[str, Tensor]) -> None:
    faults = {
        "only in the first": [name for name in a if name not in b],
        "only in the second": [name for name in b if name not in a],
        "of another shape": [
            f"{n} {tuple(a[n].shape)}, {tuple(b[n].shape)}" for n in a if n in b and a[n].shape != b[n].shape
        ],
    }
    listed = "; ".join(f"{what}: {', '.join(names)}" for what, names in faults.items() if names)
    if listed:
        raise ValueError(f"weights: expected the same layers in both models; {listed}")
    if not a:
        raise ValueError("weights: expected layers to compare, got none with a weight of two dimensions or more")


def _cosine(name: str, a: Tensor, b: Tensor) -> float:
    a, b = (tensor.detach().double().cpu().flatten() for tensor in (a, b))
    lengths = float(a.norm() * b.norm())
    if not np.isfinite(lengths):
        raise ValueError(f"weights: expected finite numbers in {name}, got others")
    if bool((a == b).all()):
        return 1.0
    return float(np.clip(float(a @ b) / lengths, -1, 1)) if lengths else 0.0


def _check_same_clips(one: Predictions, other: Predictions) -> None:
    order, others = np.argsort(one.index), np.argsort(other.index)
    same = (
        one.classes == other.classes
        and np.array_equal(one.index[order], other.index[others])
        and np.array_equal(one.label[order], other.label[others])
    )
    if not same:
        raise ValueError(
            f"predictions: expected the same clips, labels and classes, got {len(one)} clips of {one.name!r} and "
            f"{len(other)} of {other.name!r}"
        )
