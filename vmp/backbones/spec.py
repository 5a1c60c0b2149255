"""What is known of a backbone: its input, its dimensions, what was published of it and which weights are to be had.

Frozen values and nothing else: the numbers are in :mod:`vmp.backbones.registry`, the modules take them as arguments.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal

from vmp.choices import MEAN, STD, ChannelOrder
from vmp.data.pathways import ClipInput, Pathway

Family = Literal["resnet3d", "slowfast", "x3d", "timesformer"]
Averages = Literal["softmax", "logits"]
Mapping = Literal["as is", "original TimeSformer"]


@dataclass(frozen=True)
class ResNetDimensions:
    """One residual 3D pathway: a stem and four stages of bottlenecks.

    Attributes:
        stem: channels of the stem.
        inner: channels inside the bottlenecks of each stage; a stage gives four times as many.
        stem_frames: frames that the stem's convolution spans.
        span: for each stage, for each of its blocks: frames that the block's first convolution spans.
        pool: a maximum over pairs of frames after the first stage (C2D, I3D).
    """

    stem: int
    inner: tuple[int, int, int, int]
    stem_frames: int
    span: tuple[tuple[int, ...], ...]
    pool: bool = False

    @property
    def out(self) -> tuple[int, ...]:
        """Channels that each stage gives."""
        return tuple(4 * width for width in self.inner)


@dataclass(frozen=True)
class SlowFastDimensions:
    """Two residual pathways, the fast one laid into the slow one before each stage.

    Attributes:
        slow, fast: the pathways.
        fusion_frames: fast frames that a lateral convolution spans; its stride is alpha, the ratio of the frame rates.
        fusion_ratio: channels it gives for each channel of the fast pathway.
    """

    slow: ResNetDimensions
    fast: ResNetDimensions
    fusion_frames: int
    fusion_ratio: int = 2


@dataclass(frozen=True)
class X3dDimensions:
    """Channelwise 3D convolutions between pointwise ones, with squeeze-and-excitation in every other block.

    Attributes:
        stem: channels of the stem.
        widths: channels that each stage gives.
        depths: blocks of each stage.
        expansion: channels inside a block for each that it gives.
        head: channels of the last hidden layer.
    """

    stem: int
    widths: tuple[int, int, int, int]
    depths: tuple[int, int, int, int]
    expansion: float = 2.25
    head: int = 2048


@dataclass(frozen=True)
class TimesformerDimensions:
    """Divided space-time attention over patches.

    Attributes:
        patch: height and width of a patch in pixels.
        width: of a token.
        depth: blocks.
        heads: of each attention.
        hidden: width inside a block's perceptron.
    """

    patch: int
    width: int
    depth: int
    heads: int
    hidden: int


Dimensions = ResNetDimensions | SlowFastDimensions | X3dDimensions | TimesformerDimensions


@dataclass(frozen=True)
class Size:
    """A backbone at one size, "paper" or "tiny".

    Attributes:
        pathways: its inputs, in the order in which it takes them.
        crop: height and width it is trained at, in pixels.
        test_crop: height and width it is tested at.
        dropout: before the head.
        dimensions: its widths and depths.
    """

    pathways: tuple[Pathway, ...]
    crop: int
    test_crop: int
    dropout: float
    dimensions: Dimensions


@dataclass(frozen=True)
class Published:
    """What its authors, or the library that gives its weights, state of the paper's size, with 400 classes.

    Attributes:
        parameters: in millions.
        gflops: multiply-adds of one view at the test crop, in thousand millions.
        top1: on Kinetics-400, in percent.
        source: where that is stated.
    """

    parameters: float
    gflops: float
    top1: float
    source: str


@dataclass(frozen=True)
class WeightsEntry:
    """A published checkpoint.

    Attributes:
        name: what ``build(weights=...)`` takes, for example "k400".
        url: where the file is.
        classes: of its head.
        licence: of the weights.
        key: under which the file holds the state dict; None: the file is the state dict.
        sha256: of the file, where its publisher states it.
        channel_order: of the clips it was trained with.
        mapping: how its parameter names become those here.
    """

    name: str
    url: str
    classes: int
    licence: str
    key: str | None = None
    sha256: str | None = None
    channel_order: ChannelOrder = "RGB"
    mapping: Mapping = "as is"


@dataclass(frozen=True)
class BackboneSpec:
    """All that is known of a backbone.

    Attributes:
        name: what ``build`` takes.
        title: for people.
        family: which module builds it.
        paper, tiny: its two sizes.
        test_views: temporal and spatial views that its authors test with.
        averages: what is averaged over the views, "softmax" or "logits".
        published: what its authors state.
        weights: the checkpoints to be had.
        mean, std: how its clips are normalised.
    """

    name: str
    title: str
    family: Family
    paper: Size
    tiny: Size
    test_views: tuple[int, int]
    averages: Averages
    published: Published
    weights: tuple[WeightsEntry, ...] = ()
    mean: tuple[float, float, float] = MEAN
    std: tuple[float, float, float] = STD

    @property
    def pathways(self) -> tuple[Pathway, ...]:
        """The inputs of the paper's size."""
        return self.paper.pathways

    @property
    def crop(self) -> int:
        """The crop of the paper's size in training."""
        return self.paper.crop

    @property
    def test_crop(self) -> int:
        """The crop of the paper's size in testing."""
        return self.paper.test_crop

    def size(self, name: str) -> Size:
        """The size of that name; raises ValueError for another."""
        if name not in ("paper", "tiny"):
            raise ValueError(f"size: expected 'paper' or 'tiny', got {name!r}")
        return self.paper if name == "paper" else self.tiny

    def clip_input(
        self,
        size: str = "paper",
        prompted: tuple[str, ...] = (),
        crop: int | None = None,
        channel_order: ChannelOrder = "RGB",
        *,
        extra_frame: bool = False,
        adjacent: bool = False,
    ) -> ClipInput:
        """What a model of that size takes of a video, with an extra frame on each prompted pathway.

        Args:
            size: "paper" or "tiny".
            prompted: the names of the pathways with a layer.
            crop: in pixels; None: the size's own.
            channel_order: of the weights, :attr:`WeightsEntry.channel_order`.
            extra_frame: the extra frame on each pathway though there is no layer.
            adjacent: in place of the extra frame the one just before each of the frames.

        Raises:
            ValueError: an unknown size; an extra frame beside a layer, or of a backbone with two pathways; adjacent
                frames without a layer.
        """
        self._check_frames(prompted, extra_frame, adjacent)
        chosen = self.size(size)
        pathways = tuple(
            replace(
                pathway,
                extra=extra_frame or (pathway.name in prompted and not adjacent),
                adjacent=adjacent and pathway.name in prompted,
            )
            for pathway in chosen.pathways
        )
        return ClipInput(pathways, chosen.crop if crop is None else crop, self.mean, self.std, channel_order)

    def _check_frames(self, prompted: tuple[str, ...], extra_frame: bool, adjacent: bool) -> None:
        if extra_frame and prompted:
            raise ValueError(
                "extra_frame: expected a model without a layer, which takes that frame itself; got one with a layer "
                f"for {' and '.join(prompted)}. Choose prompts=None"
            )
        if extra_frame and len(self.pathways) > 1:
            counts = [pathway.frames for pathway in self.pathways]
            raise ValueError(
                f"extra_frame: expected a backbone of one input, got {self.name}: its pathways take "
                f"{' and '.join(map(str, counts))} frames, a ratio that is lost with one more in each"
            )
        if adjacent and not prompted:
            raise ValueError(
                "adjacent: expected a layer, whose differences they are; got a model without. Choose prompts=True"
            )
