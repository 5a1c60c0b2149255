"""What a model says of a video while it goes on: each frame is looked at once, and prompts come one by one.

Of the frames every pathway takes each ``stride``-th, from the first on. A pathway with a layer keeps the prompts that
:meth:`vmp.MotionPrompt.stream` gives, one without keeps the frames, as many as the backbone takes. The backbone is
asked whenever such a window ends that begins a whole number of the longest stride after the first frame: what it says
is what the same model says of that clip.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from vmp.clip_maps import clip_maps, four_pictures, shown_layer, shown_pathway
from vmp.data.source import normalised
from vmp.data.transforms import apply, cut_for_testing

if TYPE_CHECKING:
    from vmp.predict import Predictor

Picture = NDArray[np.uint8]


@dataclass(frozen=True, eq=False)
class Seen:
    """What was made of a frame.

    Attributes:
        time: of the frame, seconds.
        gap: seconds from the frame before that it was compared with.
        pictures: frame, difference, attention and prompt, uint8 RGB (crop, crop, 3).
        probabilities: float64 (C,), what the model said last; None: it has not seen enough frames yet.
        new: whether it said that since the moment before.
    """

    time: float
    gap: float
    pictures: list[Picture]
    probabilities: NDArray[np.float64] | None
    new: bool


class Seeing:
    """A model that watches: call it with one frame after the other.

    Args:
        predictor: of :func:`vmp.predict.load_predictor`.
        gain: the difference is multiplied by it before it is coloured.

    Attributes:
        waits: how many frames there are until the model says something for the first time.
    """

    def __init__(self, predictor: Predictor, gain: float = 3.0) -> None:
        self.model, self.taken, self.gain = predictor.model, predictor.model.clip_input, gain
        self.layer, self.shown = shown_layer(self.model), shown_pathway(self.model)
        self._streams: dict[str, Any] = {name: layer.stream() for name, layer in self.model.prompts.items()}  # type: ignore[operator]
        self._rings: dict[str, deque[Tensor]] = {
            each.name: deque(maxlen=each.frames if each.name in self._streams else each.given)
            for each in self.taken.pathways
        }
        self._first = self.taken.room + self.taken.length - 1  # the room is kept with a layer and without
        self._number, self._news = 0, False
        self._before: tuple[Tensor, float] | None = None
        self._said: NDArray[np.float64] | None = None

    @property
    def waits(self) -> int:
        """Frames until the model first says something; 0 where it has."""
        return max(self._first + 1 - self._number, 0)

    def __call__(self, frame: Picture, time: float) -> Seen | None:
        """Take the next frame, uint8 RGB (H, W, 3); gives what there is to see, for frames that the layer takes.

        Raises:
            ValueError: a frame of another kind.
        """
        if frame.ndim != 3 or frame.shape[2] != 3 or frame.dtype != np.uint8:
            raise ValueError(f"frame: expected uint8 RGB (H, W, 3), got {frame.dtype} of shape {frame.shape}")
        number, self._number = self._number, self._number + 1
        if not any(number % pathway.stride == 0 for pathway in self.taken.pathways):
            return None
        picture = self._cut(frame)
        self._keep(picture, number)
        if number >= self._first and (number - self._first) % self.taken.room == 0:
            self._said, self._news = self._ask(), True
        return self._seen(picture, time) if number % self.shown.stride == 0 else None

    def _cut(self, frame: Picture) -> Tensor:
        """uint8 (crop, crop, 3): the middle square, as in testing."""
        cut = cut_for_testing(frame.shape[0], frame.shape[1], self.taken.crop)
        return apply(frame[None], cut)[0]

    def _keep(self, picture: Tensor, number: int) -> None:
        device = next(self.model.parameters()).device
        pixels = normalised([picture[None, None].to(device)], self.taken)[0][:, :, 0]  # (1, 3, H, W)
        for pathway in self.taken.pathways:
            if number % pathway.stride:
                continue
            stream = self._streams.get(pathway.name)
            with torch.no_grad():
                kept = pixels if stream is None else stream(pixels)
            if kept is not None:
                self._rings[pathway.name].append(kept)

    def _ask(self) -> NDArray[np.float64]:
        clips = [torch.stack(list(self._rings[pathway.name]), dim=2) for pathway in self.taken.pathways]
        with torch.no_grad():
            logits = self.model.after_layers(clips)
        said: NDArray[np.float64] = logits[0].double().softmax(0).cpu().numpy()
        return said

    def _seen(self, picture: Tensor, time: float) -> Seen | None:
        before, self._before = self._before, (picture, time)
        if before is None:
            return None
        maps = clip_maps(torch.stack((before[0], picture)), self.layer, self.taken)
        pictures = four_pictures(picture.numpy(), maps, 0, self.layer, self.taken, self.gain)
        new, self._news = self._news, False
        return Seen(time, time - before[1], pictures, self._said, new)
