"""FLOP/s of each family of backbones: a GPU's peak times an assumed share, or what the paper's own times come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from vmp.experiments import paper
from vmp.experiments.cost_flops import clip_flops
from vmp.experiments.cost_tables import VARIANTS
from vmp.experiments.nearest import unknown

if TYPE_CHECKING:
    import pandas as pd

FAMILIES = ("slowfast", "c2d", "i3d", "x3d", "timesformer")
#: Of Table 8, whose caption says so.
TABLE8_BATCH = 8


@dataclass(frozen=True)
class Gpu:
    """A GPU's peaks, as its maker states them; not verified in the maker's own data sheets.

    Attributes:
        title: for people.
        bandwidth: of its memory, bytes a second.
        peak: FLOP/s for products of dense matrices, by precision: "fp32" without tensor cores, "tf32", "half"
            (bfloat16 or float16).
    """

    title: str
    bandwidth: float
    peak: Mapping[str, float]


#: Name -> peaks without sparsity. From memory of NVIDIA's data sheets, which were not read (not verified); those of
#: A100, H100 and RTX 4090 agree with what others quote of them.
GPUS: dict[str, Gpu] = {
    "V100": Gpu("Tesla V100 SXM2", 900e9, {"fp32": 15.7e12, "half": 125e12}),
    "A100": Gpu("A100 SXM, 40 GB", 1555e9, {"fp32": 19.5e12, "tf32": 156e12, "half": 312e12}),
    "H100": Gpu("H100 SXM", 3350e9, {"fp32": 67e12, "tf32": 494.7e12, "half": 989.4e12}),
    "RTX 4090": Gpu("GeForce RTX 4090", 1008e9, {"fp32": 82.6e12, "half": 165.2e12}),
}


def assumed(gpu: str = "A100", precision: str = "half", utilisation: float = 0.3) -> dict[str, float]:
    """FLOP/s of each family: the GPU's peak times the share of it that is assumed to be reached.

    X3D's channelwise convolutions wait for memory and not for arithmetic: its FLOP/s are those of :func:`printed`,
    times the GPU's memory bandwidth over that of a V100, whatever the share.

    Args:
        gpu: a name of :data:`GPUS`.
        precision: one that the GPU has.
        utilisation: in (0, 1].

    Raises:
        ValueError: an unknown GPU or precision, with the nearest; a share out of its range.
    """
    if gpu not in GPUS:
        raise unknown("gpu", gpu, GPUS)
    chosen = GPUS[gpu]
    if precision not in chosen.peak:
        raise unknown(f"precision of {gpu}", precision, chosen.peak)
    if not 0 < utilisation <= 1:
        raise ValueError(f"utilisation: expected a share of the peak, above 0 and at most 1, got {utilisation}")
    x3d = printed()["x3d"] * chosen.bandwidth / GPUS["V100"].bandwidth
    return {family: x3d if family == "x3d" else chosen.peak[precision] * utilisation for family in FAMILIES}


def printed(slowfast: str = "slowfast_8x8", x3d: str = "x3d_m") -> dict[str, float]:
    """FLOP/s of each family that Table 8's times of a baseline's training step come to: batches of 8 on a V100."""
    rows = implied(slowfast, x3d)
    baselines = rows[rows["variant"] == "baseline"]
    return {family: 1e12 * value for family, value in zip(baselines["backbone"], baselines["tflops"], strict=True)}


def implied(slowfast: str = "slowfast_8x8", x3d: str = "x3d_m") -> pd.DataFrame:
    """Table 8 over our counts, a row a backbone and variant.

    Columns: backbone, variant, gflops_forward and gflops_step (of a clip, two a multiply-add, at the training crop),
    milliseconds (a clip's share of the paper's training step), tflops (what that comes to, 10^12 FLOP a second) and
    share_of_fp32 (of a V100's peak without tensor cores; above 1 it cannot have been float32).
    """
    import pandas as pd

    names = {"slowfast": slowfast, "x3d": x3d}
    made = []
    for family in FAMILIES:
        for variant in paper.rows(8, backbone=family)["variant"].unique():
            backbone = names.get(family, family)
            seconds = sum(_printed_seconds(family, variant, phase) for phase in ("train_forward", "train_backward"))
            step = clip_flops(backbone, VARIANTS[variant]).step
            forward = clip_flops(backbone, None, ("head",)).step  # a head's gradient is less than what is shown
            milliseconds, tflops = 1e3 * seconds / TABLE8_BATCH, step * TABLE8_BATCH / seconds / 1e12
            made.append((family, variant, forward / 1e9, step / 1e9, milliseconds, tflops))
    columns = ["backbone", "variant", "gflops_forward", "gflops_step", "milliseconds", "tflops"]
    frame = pd.DataFrame(made, columns=columns)
    return frame.assign(share_of_fp32=frame["tflops"] * 1e12 / GPUS["V100"].peak["fp32"])


def _printed_seconds(family: str, variant: str, phase: str) -> float:
    return paper.value(8, "mean_seconds_per_batch", backbone=family, variant=variant, phase=phase)
