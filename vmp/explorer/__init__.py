"""The explorer: frame, difference, attention and prompt of a video under the reader's hand.

``explorer.js`` and ``explorer.css`` compute and show everything in the page, with no dependency. They are used twice:
by :class:`Explorer` in Jupyter, and by the static page that the same object leaves behind, where no kernel runs.
"""

from vmp.explorer.assets import write_assets
from vmp.explorer.widget import Explorer

__all__ = ["Explorer", "write_assets"]
