"""Every number of every backbone: a plain dict from name to :class:`vmp.backbones.spec.BackboneSpec`.

Sources: PyTorchVideo's model zoo (https://pytorchvideo.readthedocs.io/en/latest/model_zoo.html) for the CNNs and their
weights, the TimeSformer paper (ICML 2021) and its repository (https://github.com/facebookresearch/TimeSformer) for
TimeSformer.

- SlowFast 4x16 and 8x8 take 32 fast frames with stride 2; alpha, 8 or 4, is the ratio of the two strides. The slow
  frames are every alpha-th fast one, as that paper has it (PyTorchVideo's own packing spreads them to the last frame).
- The test crops of X3D-XS, S and L are those at which the zoo's operations are met exactly; see the tests.
"""

from __future__ import annotations

from vmp.backbones.spec import (
    BackboneSpec,
    Published,
    ResNetDimensions,
    Size,
    SlowFastDimensions,
    TimesformerDimensions,
    WeightsEntry,
    X3dDimensions,
)
from vmp.data.pathways import Pathway

ZOO = "https://pytorchvideo.readthedocs.io/en/latest/model_zoo.html"
PYTORCHVIDEO = "https://dl.fbaipublicfiles.com/pytorchvideo/model_zoo"
HUGGING_FACE = "https://huggingface.co/facebook/timesformer-base-finetuned"
HOWTO100M = "https://www.dropbox.com/s/9v8hcm88b9tc6ff/TimeSformer_divST_8x32_224_HowTo100M.pyth?dl=1"
ORIGINAL = "https://arxiv.org/abs/2102.05095, https://github.com/facebookresearch/TimeSformer"
# the library's licence: its authors state none for the weights alone
ZOO_LICENCE = "Apache-2.0"
TIMESFORMER_LICENCE = "CC-BY-NC-4.0"

# blocks of the four stages of a ResNet-50, and the frames that each spans: an entry a block
SPACE = ((1,) * 3, (1,) * 4, (1,) * 6, (1,) * 3)
TIME = ((3,) * 3, (3,) * 4, (3,) * 6, (3,) * 3)
LATE = ((1,) * 3, (1,) * 4, (3,) * 6, (3,) * 3)
ALTERNATE = ((3,) * 3, (3, 1) * 2, (3, 1) * 3, (1, 3, 1))
# the tiny models' seven blocks
TINY_SPACE = ((1,), (1,) * 2, (1,) * 2, (1,) * 2)
TINY_TIME = ((3,), (3,) * 2, (3,) * 2, (3,) * 2)
TINY_LATE = ((1,), (1,) * 2, (3,) * 2, (3,) * 2)
TINY_ALTERNATE = ((3,), (3, 1), (3, 1), (1, 3))


def _clip(frames: int, stride: int) -> tuple[Pathway, ...]:
    return (Pathway("clip", frames, stride),)


def _slow_fast(fast_frames: int, fast_stride: int, alpha: int) -> tuple[Pathway, ...]:
    slow = Pathway("slow", fast_frames // alpha, fast_stride * alpha)
    return (slow, Pathway("fast", fast_frames, fast_stride))


def _kinetics(file: str) -> tuple[WeightsEntry, ...]:
    return (WeightsEntry("k400", f"{PYTORCHVIDEO}/kinetics/{file}", 400, ZOO_LICENCE, key="model_state"),)


def _something(file: str) -> tuple[WeightsEntry, ...]:
    # the zoo does not state the order of its channels: RGB is what the library's reader of frames gives
    return (WeightsEntry("ssv2", f"{PYTORCHVIDEO}/ssv2/{file}", 174, ZOO_LICENCE, key="model_state"),)


def _resnet(
    name: str,
    title: str,
    frames: int,
    paper: tuple[tuple[int, ...], ...],
    tiny: tuple[tuple[int, ...], ...],
    published: Published,
    file: str,
) -> BackboneSpec:
    return BackboneSpec(
        name,
        title,
        "resnet3d",
        paper=Size(_clip(8, 8), 224, 256, 0.5, ResNetDimensions(64, (64, 128, 256, 512), frames, paper, pool=True)),
        tiny=Size(_clip(8, 2), 64, 64, 0.0, ResNetDimensions(8, (8, 16, 32, 64), min(frames, 3), tiny, pool=True)),
        test_views=(10, 3),
        averages="softmax",
        published=published,
        weights=_kinetics(file),
    )


def _slowfast(
    name: str, title: str, alpha: int, fusion: int, published: Published, weights: tuple[WeightsEntry, ...]
) -> BackboneSpec:
    paper = SlowFastDimensions(
        slow=ResNetDimensions(64, (64, 128, 256, 512), 1, LATE),
        fast=ResNetDimensions(8, (8, 16, 32, 64), 5, TIME),
        fusion_frames=fusion,
    )
    tiny = SlowFastDimensions(
        slow=ResNetDimensions(16, (8, 16, 32, 64), 1, TINY_LATE),
        fast=ResNetDimensions(4, (2, 4, 8, 16), 3, TINY_TIME),
        fusion_frames=fusion,
    )
    return BackboneSpec(
        name,
        title,
        "slowfast",
        paper=Size(_slow_fast(32, 2, alpha), 224, 256, 0.5, paper),
        # half of the paper's ratio of the pathways: with it the slow one would have a single frame at 4x16
        tiny=Size(_slow_fast(8, 2, alpha // 2), 64, 64, 0.0, tiny),
        test_views=(10, 3),
        averages="softmax",
        published=published,
        weights=weights,
    )


def _x3d(
    letter: str,
    frames: int,
    stride: int,
    crops: tuple[int, int],
    depths: tuple[int, int, int, int],
    tiny: tuple[tuple[Pathway, ...], tuple[int, int, int, int]],
    published: Published,
) -> BackboneSpec:
    return BackboneSpec(
        f"x3d_{letter.lower()}",
        f"X3D-{letter}",
        "x3d",
        paper=Size(_clip(frames, stride), *crops, 0.5, X3dDimensions(24, (24, 48, 96, 192), depths)),
        tiny=Size(tiny[0], 64, 64, 0.0, X3dDimensions(8, (8, 16, 32, 64), tiny[1], head=256)),
        test_views=(10, 3),
        averages="softmax",
        published=published,
        weights=_kinetics(f"X3D_{letter}.pyth"),
    )


def _timesformer_weights() -> tuple[WeightsEntry, ...]:
    file = "resolve/main/pytorch_model.bin"
    return (
        WeightsEntry("k400", f"{HUGGING_FACE}-k400/{file}", 400, TIMESFORMER_LICENCE),
        WeightsEntry("k600", f"{HUGGING_FACE}-k600/{file}", 600, TIMESFORMER_LICENCE),
        WeightsEntry("ssv2", f"{HUGGING_FACE}-ssv2/{file}", 174, TIMESFORMER_LICENCE, channel_order="BGR"),
        WeightsEntry(
            "howto100m", HOWTO100M, 1059, TIMESFORMER_LICENCE, key="model_state", mapping="original TimeSformer"
        ),
    )


def _timesformer() -> BackboneSpec:
    return BackboneSpec(
        "timesformer",
        "TimeSformer (divided space-time)",
        "timesformer",
        paper=Size(_clip(8, 32), 224, 224, 0.0, TimesformerDimensions(16, 768, 12, 12, 3072)),
        tiny=Size(_clip(8, 2), 64, 64, 0.0, TimesformerDimensions(16, 64, 3, 4, 256)),
        test_views=(1, 3),
        averages="logits",
        published=Published(121.4, 196.0, 77.9, ORIGINAL),
        weights=_timesformer_weights(),
    )


_ALL = (
    _slowfast(
        "slowfast_4x16",
        "SlowFast 4x16 R50",
        alpha=8,
        fusion=5,
        published=Published(34.48, 36.69, 75.34, ZOO),
        weights=_kinetics("SLOWFAST_4x16_R50.pyth"),
    ),
    _slowfast(
        "slowfast_8x8",
        "SlowFast 8x8 R50",
        alpha=4,
        fusion=7,
        published=Published(34.57, 65.71, 76.94, ZOO),
        weights=_kinetics("SLOWFAST_8x8_R50.pyth") + _something("SLOWFAST_8x8_R50.pyth"),
    ),
    _resnet("c2d", "C2D R50", 1, SPACE, TINY_SPACE, Published(24.33, 25.89, 71.46, ZOO), "C2D_8x8_R50.pyth"),
    _resnet("i3d", "I3D R50", 5, ALTERNATE, TINY_ALTERNATE, Published(28.04, 37.53, 73.27, ZOO), "I3D_8x8_R50.pyth"),
    # tiny: about the same span of time for each, as the paper's S, M and L
    _x3d("XS", 4, 12, (160, 182), (3, 5, 11, 7), (_clip(4, 4), (1, 2, 3, 2)), Published(3.79, 0.91, 69.12, ZOO)),
    _x3d("S", 13, 6, (160, 182), (3, 5, 11, 7), (_clip(6, 3), (1, 2, 3, 2)), Published(3.79, 2.96, 73.33, ZOO)),
    _x3d("M", 16, 5, (224, 256), (3, 5, 11, 7), (_clip(8, 2), (1, 2, 3, 2)), Published(3.79, 6.72, 75.94, ZOO)),
    _x3d("L", 16, 5, (312, 356), (5, 10, 25, 15), (_clip(8, 2), (1, 2, 5, 3)), Published(6.15, 26.64, 77.44, ZOO)),
    _timesformer(),
)

BACKBONES: dict[str, BackboneSpec] = {spec.name: spec for spec in _ALL}
