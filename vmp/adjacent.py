"""A control of the layer: differences of adjacent frames of the video in place of those of sampled frames.

The paper's layer takes frames a stride apart, 2 to 32 frames of the video, and so measures how far something went
meanwhile. Here each sampled frame is held against the one just before it; all else is the layer's own.
"""

from __future__ import annotations

from torch import Tensor

from vmp.choices import channels_first
from vmp.equations import product_of, variation_of
from vmp.prompt import MotionPrompt, PromptStream


class AdjacentPrompt(MotionPrompt):
    r"""A motion prompt layer for frames that come in pairs: 2T frames in, T prompts out.

    .. math:: D_t = F'_{2t} - F'_{2t-1}, \qquad Z_t = f(D_t) \odot F_{2t}, \qquad t = 1, \dots, T

    The frames are (the one before, the frame) T times, as a pathway with ``adjacent`` gives them; attention is that of
    Eq. 1, the variation that of Eq. 6 over the T maps. What it is made of, options, layouts and dtypes are those of
    :class:`vmp.MotionPrompt`, and at a stride of 1 so are its prompts and variation.

    Raises:
        ValueError: as :class:`vmp.MotionPrompt`; on a call, an odd number of frames.
    """

    def frame_difference(self, clip: Tensor) -> Tensor:
        """The difference within each pair: (B, 1, T, H, W), or (B, T, 1, H, W) for layout "BTCHW"."""
        every = channels_first(super().frame_difference(clip), self.layout)  # (B, 1, 2T-1, H, W): between pairs too
        if every.shape[2] % 2 == 0:
            raise ValueError(
                f"clip: expected an even number of frames, each after the one before it in the video; got "
                f"{every.shape[2] + 1}: {tuple(clip.shape)} in the layout {self.layout!r}"
            )
        return channels_first(every[:, :, ::2], self.layout)

    def forward(self, clip: Tensor) -> tuple[Tensor, Tensor]:
        """Prompts (Eq. 4) of the second frame of each pair, and variation (Eq. 6) over the pairs."""
        attention = channels_first(self.attention(clip), self.layout)
        frames = channels_first(clip, self.layout)[:, :, 1::2]
        prompts = product_of(attention, frames, self._choices)
        return channels_first(prompts, self.layout), variation_of(attention, self._choices.pixel_sum)

    def stream(self) -> PromptStream:
        """Not there: of live video the frames a stride apart are looked at.

        Raises:
            ValueError: always.
        """
        raise ValueError("stream: expected a layer of sampled differences, vmp.MotionPrompt; got an AdjacentPrompt")
