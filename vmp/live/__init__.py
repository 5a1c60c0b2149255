"""Live video: a camera, a stream or a file, frame by frame through the layer and the model.

``vmp.live.seeing`` keeps what the model needs of the frames, ``source`` opens what is watched, ``view`` draws a picture
of it, ``page`` shows that in a browser on this machine, ``watching`` joins them.
"""

from vmp.live.seeing import Seeing, Seen
from vmp.live.source import LiveSource, open_source
from vmp.live.watching import Shown, watch

__all__ = ["LiveSource", "Seeing", "Seen", "Shown", "open_source", "watch"]
