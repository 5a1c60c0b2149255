"""The paper's backbones: SlowFast, C2D, I3D, X3D and TimeSformer, with or without motion prompt layers."""

from vmp.backbones.builder import build
from vmp.backbones.model import VideoModel
from vmp.backbones.registry import BACKBONES
from vmp.backbones.spec import BackboneSpec, WeightsEntry
from vmp.backbones.table import list_backbones

__all__ = ["BACKBONES", "BackboneSpec", "VideoModel", "WeightsEntry", "build", "list_backbones"]
