"""``vmp.list_backbones``: the backbones at a glance, what was counted here beside what was published."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, NamedTuple

import torch

from vmp.backbones.builder import make_backbone
from vmp.backbones.model import VideoModel
from vmp.backbones.registry import BACKBONES
from vmp.backbones.spec import BackboneSpec
from vmp.data.pathways import Pathway

if TYPE_CHECKING:
    import pandas as pd


class Counted(NamedTuple):
    """What a backbone of the paper's size with 400 classes needs.

    Attributes:
        parameters: how many.
        multiply_adds: of the convolutions and matrix products, for one view at the test crop.
    """

    parameters: int
    multiply_adds: int


def list_backbones() -> pd.DataFrame:
    """A row a backbone of the paper's size: what it takes, what was counted here, what was published, which weights.

    Columns: name, title, frames ("frames x stride", slow and fast), crop, test_crop (pixels), views (temporal x
    spatial, in testing), parameters_millions and gflops (counted here, with 400 classes, for one view at the test
    crop), published_parameters_millions, published_gflops, published_top1_percent (Kinetics-400), weights (the names
    that ``vmp.build`` takes), licence (of the weights), source.

    GFLOPs are thousand millions of multiply-adds, as the sources count them. Those of the convolutions and matrix
    products are counted here; PyTorchVideo's list adds five for each value that a BatchNorm gives, 1 to 8 percent, for
    all its models here but SlowFast 8x8. Nothing is computed on the values, so that it takes seconds; the numbers are
    kept for the next call.
    """
    import pandas as pd

    return pd.DataFrame([_row(spec) for spec in BACKBONES.values()])


@cache
def counted(name: str) -> Counted:
    """Counts a backbone without giving it values: on torch's meta device."""
    from torch.utils.flop_counter import FlopCounterMode

    spec = BACKBONES[name]
    clip_input = spec.clip_input()
    model = VideoModel(make_backbone(spec, 400, "paper", clip_input), {}, clip_input, spec, "paper").eval()
    shapes = [(1, 3, pathway.frames, spec.test_crop, spec.test_crop) for pathway in spec.pathways]
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        model([torch.empty(shape, device="meta") for shape in shapes])
    parameters = sum(parameter.numel() for parameter in model.parameters())
    return Counted(parameters, counter.get_total_flops() // 2)  # it counts two for a multiply-add


def _row(spec: BackboneSpec) -> dict[str, object]:
    count, published = counted(spec.name), spec.published
    return {
        "name": spec.name,
        "title": spec.title,
        "frames": " and ".join(_frames(pathway) for pathway in spec.pathways),
        "crop": spec.crop,
        "test_crop": spec.test_crop,
        "views": "{} x {}".format(*spec.test_views),
        "parameters_millions": round(count.parameters / 1e6, 2),
        "gflops": round(count.multiply_adds / 1e9, 2),
        "published_parameters_millions": published.parameters,
        "published_gflops": published.gflops,
        "published_top1_percent": published.top1,
        "weights": ", ".join(entry.name for entry in spec.weights),
        "licence": ", ".join(sorted({entry.licence for entry in spec.weights})),
        "source": published.source,
    }


def _frames(pathway: Pathway) -> str:
    return f"{pathway.frames} x {pathway.stride}"
