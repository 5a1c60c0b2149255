"""The motion prompt layer: two learnable numbers between a video and a model.

The equations are pure functions in :mod:`vmp.equations`; the layer is thin over them. Where the published code and the
paper differ, the choice is an option with a name; :meth:`MotionPrompt.published` and :meth:`MotionPrompt.paper` are the
two sets.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, Literal, cast

import torch
from torch import Tensor, nn

from vmp.choices import (
    LUMA,
    MEAN,
    STD,
    ChannelOrder,
    Difference,
    Layout,
    PixelReduction,
    Product,
    channels_first,
    check_choice,
    check_clip,
    choices_of,
)
from vmp.equations import (
    attention_variation,
    compose,
    computation_dtype,
    difference_of,
    frame_difference,
    inverse_shift,
    inverse_slope,
    power_normalise,
    shift,
    slope,
)
from vmp.fused import FusedPrompt, takes_composition
from vmp.learned import learned_pair

__all__ = [
    "LUMA",
    "MotionPrompt",
    "PromptStream",
    "attention_variation",
    "frame_difference",
    "inverse_shift",
    "inverse_slope",
    "power_normalise",
    "shift",
    "slope",
]


class MotionPrompt(nn.Module):
    r"""Two learnable numbers between a video and a model: T frames in, T-1 motion prompts out (Eqs. 1-6).

    .. math:: Z_t = f(D_t) \odot F_{t+1}, \qquad f(D) = \frac{1}{1 + e^{-a(m) (D - b(n))}}

    ``prompts, variation = layer(clip)`` with

    - clip: (B, 3, T, H, W), or (B, T, 3, H, W) for layout "BTCHW"; floating point, any strides, T >= 2;
    - prompts: the same layout with T-1 frames, in the clip's dtype;
    - variation: V of Eq. 6, a scalar >= 0 in float32 (float64 for a float64 clip): add ``lambda * variation`` to the
      loss (Eq. 7). With two frames it is 0 with gradient 0.

    Inside autocast, and for half-precision clips, difference and attention are computed in float32.

    Args:
        alpha: Eq. 2; the slope lies in (alpha / (beta + epsilon), alpha / epsilon], (9.09, 50] by default.
        beta: Eq. 2.
        gamma: Eq. 2; the shift lies in (-gamma, gamma).
        epsilon: Eq. 2.
        mean: how the clip was normalised, one value a channel; None with ``std=None`` for pixels in [0, 1].
        std: see ``mean``.
        channel_order: "RGB", or "BGR" for the published code's weighting.
        layout: "BCTHW" or "BTCHW".
        difference: "signed", or "absolute" for \|D\|.
        product: "normalised" multiplies the frame as it comes (published code: attention 0 gives the normalisation's
            mean, mid-grey); "pixels" multiplies the frame in [0, 1] and normalises again (Eq. 4: attention 0 gives
            black).
        pixel_reduction: the variation as a "mean" over pixels (published code) or a "sum" (Eq. 6).
        generator: draws m, n ~ N(1e-5, 1), the paper's start; None uses torch's global generator.
        check_finite: raise on infinite values and NaN in the clip (a pass over it; a wait on a GPU). A check that
            depends on values cannot be compiled in one graph or exported: switch it off there.

    Attributes:
        m: the ``nn.Parameter`` of the slope, shape (1,). At m = 0 torch's gradient of \|tanh m\| is 0: a slope that
            starts at exactly m = 0 never trains.
        n: the ``nn.Parameter`` of the shift, shape (1,).

    Raises:
        ValueError: constants that are not positive, an unknown option; on a call: wrong rank, channel count or dtype,
            fewer than two frames.
    """

    def __init__(
        self,
        alpha: float = 5.0,
        beta: float = 0.45,
        gamma: float = 0.6,
        epsilon: float = 0.1,
        mean: Sequence[float] | None = MEAN,
        std: Sequence[float] | None = STD,
        channel_order: ChannelOrder = "RGB",
        layout: Layout = "BCTHW",
        difference: Difference = "signed",
        product: Product = "normalised",
        pixel_reduction: PixelReduction = "mean",
        generator: torch.Generator | None = None,
        check_finite: bool = False,
    ) -> None:
        super().__init__()
        for name, value in (("alpha", alpha), ("beta", beta), ("gamma", gamma), ("epsilon", epsilon)):
            if not value > 0:
                raise ValueError(f"{name}: expected a positive number, got {value}")
        check_choice("layout", layout)
        self._choices = choices_of(mean, std, channel_order, difference, product, pixel_reduction)
        self.alpha, self.beta, self.gamma, self.epsilon = alpha, beta, gamma, epsilon
        self.mean = None if mean is None else tuple(map(float, mean))
        self.std = None if std is None else tuple(map(float, std))
        self.channel_order, self.layout, self.difference = channel_order, layout, difference
        self.product, self.pixel_reduction, self.check_finite = product, pixel_reduction, check_finite
        self.m = nn.Parameter(torch.normal(1e-5, 1.0, (1,), generator=generator))
        self.n = nn.Parameter(torch.normal(1e-5, 1.0, (1,), generator=generator))

    # --- other ways to make one ---

    @classmethod
    def published(cls, **options: Any) -> MotionPrompt:
        """The published code's choices: BGR weights, product with the normalised frame, mean over pixels."""
        chosen = {"channel_order": "BGR", "product": "normalised", "pixel_reduction": "mean"}
        return cls(**(chosen | options))

    @classmethod
    def paper(cls, **options: Any) -> MotionPrompt:
        """The paper's equations as printed: RGB weights, product with the pixels (Eq. 4), sum over pixels (Eq. 6)."""
        chosen = {"channel_order": "RGB", "product": "pixels", "pixel_reduction": "sum"}
        return cls(**(chosen | options))

    @classmethod
    def from_slope_shift(cls, a: float, b: float, **options: Any) -> MotionPrompt:
        """A layer with this slope and shift (inverse of Eq. 2, m >= 0); a slope of alpha / epsilon uses m = 1e-5.

        Raises ValueError, naming the range, where Eq. 2 cannot reach them.
        """
        layer = cls(**options)
        m = inverse_slope(a, layer.alpha, layer.beta, layer.epsilon)
        return layer._start_at(m, inverse_shift(b, layer.gamma))

    @classmethod
    def from_paper(
        cls,
        dataset: str,
        lambda_: float | None = None,
        source: Literal["paper", "page"] = "paper",
        **options: Any,
    ) -> MotionPrompt:
        """A layer with a pair that the authors learned.

        Args:
            dataset: "finegym", "mpii", "hmdb51", and on the page "ucf-crime".
            lambda_: the regularisation it was learned with; None where the source has one pair for the data set, or
                one that it gives without a lambda.
            source: "paper" (slope and shift, rounded to two digits) or the authors' project "page" (m and n).
            options: passed to the constructor.

        Raises ValueError, listing the pairs there are, where none fits or several do.
        """
        pair = learned_pair(dataset, lambda_, source)
        if source == "page":
            return cls(**options)._start_at(float(pair["m"]), float(pair["n"]))
        return cls.from_slope_shift(float(pair["a"]), float(pair["b"]), **options)

    @classmethod
    def from_processor(cls, processor: Any, **options: Any) -> MotionPrompt:
        """A layer for clips as a processor makes them: its mean, std and layout.

        Takes a transformers image or video processor (``image_mean``; (B, T, 3, H, W) clips) or the transforms of
        torchvision's video weights (``mean``; (B, 3, T, H, W) clips).

        Raises ValueError for anything else, and for a processor that leaves pixels in 0-255.
        """
        return cls(**(_processor_options(processor) | options))

    def _start_at(self, m: float, n: float) -> MotionPrompt:
        with torch.no_grad():
            self.m.fill_(m)
            self.n.fill_(n)
        return self

    # --- what it computes ---

    @property
    def slope(self) -> Tensor:
        """Slope a(m) of Eq. 2, shape (1,), at least float32."""
        return slope(self.m.to(computation_dtype(self.m.dtype)), self.alpha, self.beta, self.epsilon)

    @property
    def shift(self) -> Tensor:
        """Shift b(n) of Eq. 2, shape (1,), at least float32."""
        return shift(self.n.to(computation_dtype(self.n.dtype)), self.gamma)

    def frame_difference(self, clip: Tensor) -> Tensor:
        """The differences that the layer sees: :func:`frame_difference` with the layer's options."""
        check_clip(clip, self.layout, self.check_finite)
        return channels_first(difference_of(channels_first(clip, self.layout), self._choices), self.layout)

    def attention(self, clip: Tensor) -> Tensor:
        """Attention maps f(D) in [0, 1]: (B, 1, T-1, H, W), or (B, T-1, 1, H, W) for layout "BTCHW"."""
        difference = self.frame_difference(clip)
        return power_normalise(difference, self.slope.to(difference.dtype), self.shift.to(difference.dtype))

    def forward(self, clip: Tensor) -> tuple[Tensor, Tensor]:
        """Prompts (Eq. 4) and variation (Eq. 6); see the class for shapes."""
        check_clip(clip, self.layout, self.check_finite)
        dtype = computation_dtype(clip.dtype)
        a, b = self.slope.to(dtype), self.shift.to(dtype)
        clip = channels_first(clip, self.layout)
        if takes_composition(clip):
            prompts, variation = compose(clip, a, b, self._choices)
        else:
            prompts, variation = FusedPrompt.apply(clip, a, b, self._choices, self.layout)
        return channels_first(prompts, self.layout), variation

    def stream(self) -> PromptStream:
        """Prompts for live video, a frame at a time, equal to those of the whole clip."""
        return PromptStream(self)

    def extra_repr(self) -> str:
        """Slope and shift, and every option that is not the default."""
        shown = [] if self.m.is_meta else [f"slope={self.slope.item():.4g}", f"shift={self.shift.item():.4g}"]
        defaults = {
            "alpha": 5.0,
            "beta": 0.45,
            "gamma": 0.6,
            "epsilon": 0.1,
            "channel_order": "RGB",
            "layout": "BCTHW",
            "difference": "signed",
            "product": "normalised",
            "pixel_reduction": "mean",
            "mean": MEAN,
            "std": STD,
            "check_finite": False,
        }
        shown += [f"{k}={getattr(self, k)!r}" for k, default in defaults.items() if getattr(self, k) != default]
        return ", ".join(shown)


class PromptStream:
    """Prompts of a live video: keeps a copy of the frame before.

    ``stream(frame)`` takes (B, 3, H, W), normalised like the layer's clips, and gives the prompt of that frame in the
    same shape, or None for the first frame, which has no difference yet. ``reset()`` starts over, after a cut.
    """

    def __init__(self, layer: MotionPrompt) -> None:
        self.layer = layer
        self._last: Tensor | None = None

    def __call__(self, frame: Tensor) -> Tensor | None:
        """The prompt of this frame.

        Raises ValueError for a frame that is not (B, 3, H, W) and floating point, or has not the shape of the one
        before; the stream stays as it was.
        """
        if frame.ndim != 4 or frame.shape[1] != 3 or not frame.is_floating_point():
            raise ValueError(
                f"frame: expected (B, 3, H, W), floating point, got {frame.dtype} of shape {tuple(frame.shape)}. "
                "Normalise and arrange it as the layer's clips"
            )
        last = self._last
        if last is not None and last.shape != frame.shape:
            raise ValueError(
                f"frame: expected the shape of the frame before, {tuple(last.shape)}, got {tuple(frame.shape)}. "
                "Call reset() where another video begins"
            )
        self._last = frame.clone()  # a camera may fill the same buffer again
        if last is None:
            return None
        time = self.layer.layout.index("T")
        prompts, _ = self.layer(torch.stack((last, frame), dim=time))
        return cast(Tensor, prompts).squeeze(time)

    def reset(self) -> None:
        """Forget the frame before."""
        self._last = None


def _processor_options(processor: Any) -> dict[str, Any]:
    if hasattr(processor, "image_mean"):
        return _transformers_options(processor) | {"layout": "BTCHW"}
    if hasattr(processor, "mean") and hasattr(processor, "std"):
        return {"mean": tuple(processor.mean), "std": tuple(processor.std), "layout": "BCTHW"}
    raise ValueError(
        "processor: expected a transformers processor (with image_mean) or the transforms of torchvision's video "
        f"weights, weights.transforms() (with mean), got {type(processor).__name__}. "
        "Give MotionPrompt the mean, std and layout yourself"
    )


def _transformers_options(processor: Any) -> dict[str, Any]:
    """Mean and std of what comes out, as pixels in [0, 1] see them: some processors scale to [-1, 1] first."""
    if not getattr(processor, "do_rescale", True):
        raise ValueError(
            "processor: expected one that scales pixels to [0, 1] (do_rescale=True), got do_rescale=False. "
            "Switch it on, or give MotionPrompt the mean and std of the clips yourself"
        )
    # from black to white, 1 for most and 2 for Vivit, whose black is -1
    span = 255.0 * (getattr(processor, "rescale_factor", None) or 1 / 255)
    span = 1.0 if math.isclose(span, 1.0) else span
    black = -1.0 if getattr(processor, "offset", False) else 0.0
    mean, std = [0.0] * 3, [1.0] * 3
    if getattr(processor, "do_normalize", True):
        mean, std = _three(processor.image_mean), _three(processor.image_std)
    elif (span, black) == (1.0, 0.0):
        return {"mean": None, "std": None}
    # span * pixel + black = x * std + mean
    return {"mean": tuple((m - black) / span for m in mean), "std": tuple(s / span for s in std)}


def _three(values: float | Sequence[float]) -> list[float]:
    """One number for all channels, which transformers allows, three times."""
    return [float(values)] * 3 if isinstance(values, int | float) else [float(value) for value in values]
