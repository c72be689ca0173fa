"""Depth sources of offline programs: what was recorded, none, the sensor, the network, or sensor and network fused.

Nodes receive depth by topic.
"""

from __future__ import annotations

from fingertip_contact.datatypes import DepthImage, Frame
from fingertip_contact.depth.estimator import DepthEstimator
from fingertip_contact.depth.fusion import fuse


class RecordedStreams:
    """Depth and the imagers' images that came with the frame: `auto`, and `stereo`, whose frames have both imagers."""

    keeps_stereo = True

    def find_depth(self, frame: Frame) -> DepthImage | None:
        """See protocols.DepthSource."""
        return frame.depth


class NoDepth:
    """Colour alone."""

    def find_depth(self, frame: Frame) -> DepthImage | None:
        """See protocols.DepthSource."""
        return None


class SensorDepth:
    """The depth that came with the frame."""

    def find_depth(self, frame: Frame) -> DepthImage | None:
        """See protocols.DepthSource."""
        return frame.depth


class ModelDepth:
    """The network's depth, from colour alone."""

    def __init__(self, estimator: DepthEstimator | None = None) -> None:
        """estimator: by default the pulled D405 weights. Raises WeightsError, a ValueError, where they are missing."""
        self._estimator = estimator or DepthEstimator.from_weights()

    def find_depth(self, frame: Frame) -> DepthImage | None:
        """See protocols.DepthSource."""
        return DepthImage(self._estimator.infer_image(frame.color_bgr), unit_m=1.0)


class FusedDepth(ModelDepth):
    """The sensor's depth and the network's, fused; for a frame without depth the network's alone."""

    def find_depth(self, frame: Frame) -> DepthImage | None:
        """See protocols.DepthSource."""
        model = super().find_depth(frame)
        if frame.depth is None or model is None:
            return model
        return fuse(frame.depth, model.values, frame.camera.fx)
