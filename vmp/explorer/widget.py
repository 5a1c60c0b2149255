"""The explorer in Jupyter, and what it leaves in a page without a kernel."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import anywidget
import traitlets

from vmp.explorer import assets, still
from vmp.explorer.settings import (
    CHOICES,
    EXAMPLES,
    NORM_PARAMETERS,
    SHIFT,
    SLOPE,
    Settings,
    check_choice,
    check_range,
    check_whole,
    norm_parameter_or_start,
)
from vmp.explorer.source import Source, source_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from vmp.data.clip import Clip

_EXPORT = "\nexport default { render: (context) => globalThis.VMPExplorer.render(context) };\n"
_IN_THE_PAGE = ("file", "webcam")  # what a reader may open there


class Explorer(anywidget.AnyWidget):
    r"""Frame, difference, attention and prompt of a clip, with sliders for all that the layer can be.

    >>> import vmp
    >>> explorer = vmp.Explorer("moving", slope=11.04, shift=-0.59)
    >>> explorer.shift = 0.1  # the picture follows; and the other way round

    In Jupyter it is a widget: ``slope``, ``shift``, ``frame``, ``norm``, ``norm_parameter``, ``difference``,
    ``product``, ``spacing`` and ``clip`` are traits that ipywidgets can link and observe. In a page without a kernel
    its HTML, with the files of :func:`write_assets`, does the same. Everything is computed by the browser, from the
    frames as the browser decodes them, with the integer luminance 299 R + 587 G + 114 B.

    Args:
        clip: "static" or "moving" (the examples), the path of a video file, a :class:`vmp.Clip`, or uint8 RGB frames
            (T, H, W, 3). Of a file or an array the first 10 seconds and at most 300 frames are used, scaled to at
            most 480 pixels on the longer side, and frames go to the browser as H.264.
        slope: a of Eq. 1, 9.1 to 50.
        shift: b of Eq. 1, -0.599 to 0.599.
        frame: which frame is shown as F_{t+1}, from 0; the page takes the nearest that has one ``spacing`` before it.
        norm: "learnable" (Eq. 1), or "gamma", "max_exp", "sigm_e", "asinh_e" of :mod:`vmp.power_norm`. Those are odd;
            shown and multiplied is their size, at most 1.
        norm_parameter: the one parameter of such a norm; None for the one it starts with.
        difference: "signed", or "absolute" for \|D\|.
        product: "normalised" (attention 0 gives mid-grey) or "pixels" (it gives black).
        spacing: how many frames apart the difference is taken; the page allows up to one second.
        rate: frames a second of an array, 30 unless given.

    Raises:
        ValueError: a value outside its range, which is named; a clip that is none of these; later also at the
            assignment of such a value.
    """

    _esm = assets.script() + _EXPORT
    _css = assets.style()

    clip = traitlets.Unicode("static").tag(sync=True)
    slope = traitlets.Float(SLOPE.start).tag(sync=True)
    shift = traitlets.Float(SHIFT.start).tag(sync=True)
    frame = traitlets.Int(45).tag(sync=True)
    norm = traitlets.Unicode("learnable").tag(sync=True)
    norm_parameter = traitlets.Float(None, allow_none=True).tag(sync=True)
    difference = traitlets.Unicode("signed").tag(sync=True)
    product = traitlets.Unicode("normalised").tag(sync=True)
    spacing = traitlets.Int(1).tag(sync=True)
    title = traitlets.Unicode("").tag(sync=True)

    def __init__(
        self,
        clip: str | os.PathLike[str] | Clip | NDArray[np.uint8] = "static",
        slope: float = SLOPE.start,
        shift: float = SHIFT.start,
        frame: int = 45,
        norm: str = "learnable",
        norm_parameter: float | None = None,
        difference: str = "signed",
        product: str = "normalised",
        spacing: int = 1,
        rate: float | None = None,
    ) -> None:
        source = source_of(clip, rate)
        self._own = None if source.name in EXAMPLES else source
        self._first = source.name
        check_choice("norm", norm, tuple(NORM_PARAMETERS))
        if norm_parameter is None:
            norm_parameter = norm_parameter_or_start(norm, None)
        super().__init__(
            clip=source.name,
            slope=slope,
            shift=shift,
            frame=frame,
            norm=norm,
            norm_parameter=norm_parameter,
            difference=difference,
            product=product,
            spacing=spacing,
            title="" if self._own is None else self._own.title,
        )
        self.on_msg(self._answer)

    # --- the values ---

    @traitlets.validate("slope")
    def _valid_slope(self, proposal: Any) -> float:
        return check_range("slope", proposal["value"], SLOPE)

    @traitlets.validate("shift")
    def _valid_shift(self, proposal: Any) -> float:
        return check_range("shift", proposal["value"], SHIFT)

    @traitlets.validate("frame")
    def _valid_frame(self, proposal: Any) -> int:
        return check_whole("frame", proposal["value"], 0)

    @traitlets.validate("spacing")
    def _valid_spacing(self, proposal: Any) -> int:
        return check_whole("spacing", proposal["value"], 1)

    @traitlets.validate("norm")
    def _valid_norm(self, proposal: Any) -> str:
        return check_choice("norm", proposal["value"], tuple(NORM_PARAMETERS))

    @traitlets.validate("difference", "product")
    def _valid_choice(self, proposal: Any) -> str:
        name = proposal["trait"].name
        return check_choice(name, proposal["value"], CHOICES[name])

    @traitlets.validate("norm_parameter")
    def _valid_norm_parameter(self, proposal: Any) -> float | None:
        value, allowed = proposal["value"], NORM_PARAMETERS[self.norm]
        if allowed is None:
            if value is not None:
                raise ValueError(
                    f"norm_parameter: the learnable norm has none, its numbers are slope and shift; got {value}"
                )
            return None
        return check_range(f"norm_parameter of {self.norm}", allowed.start if value is None else value, allowed)

    @traitlets.observe("norm")
    def _follow_norm(self, change: Any) -> None:
        self.norm_parameter = norm_parameter_or_start(change["new"], self.norm_parameter)

    @traitlets.validate("clip")
    def _valid_clip(self, proposal: Any) -> str:
        names = (*EXAMPLES, *(() if self._own is None else ("own",)), *_IN_THE_PAGE)
        if proposal["value"] not in names:
            listed = ", ".join(map(repr, names))
            raise ValueError(
                f"clip: expected one of {listed}, got {proposal['value']!r}. "
                "For another file or array make another Explorer"
            )
        return proposal["value"]

    # --- the page ---

    def _source(self, name: str) -> Source:
        if name == "own" and self._own is not None:
            return self._own
        return source_of(check_choice("clip", name, tuple(EXAMPLES)))

    def _answer(self, _widget: Any, content: Any, _buffers: Any) -> None:
        """A view asks for a clip: its bytes go by message, so that they are not part of the widget's saved state."""
        if not isinstance(content, dict) or content.get("kind") != "clip":
            return
        reply = {"kind": "clip", "name": content.get("name")}
        try:
            source = self._source(str(content.get("name")))
        except ValueError as problem:
            self.send(reply | {"error": str(problem)})
        else:
            self.send(reply | {"type": source.type}, buffers=[source.data])

    def settings(self) -> Settings:
        """The state as plain values."""
        return Settings(
            self.slope,
            self.shift,
            self.frame,
            self.norm,
            self.norm_parameter,
            self.difference,
            self.product,
            self.spacing,
        )

    def static_html(self) -> str:
        """The explorer as it stands, for a page without a kernel that loads the files of :func:`write_assets`."""
        shown = self._first if self.clip in _IN_THE_PAGE else self.clip
        return still.element(self._source(shown), self.settings())

    def _repr_mimebundle_(self, **kwargs: Any) -> Any:
        bundle = super()._repr_mimebundle_(**kwargs)
        if bundle is None:
            return None
        data, metadata = bundle
        return {**data, "text/html": self.static_html()}, metadata
