"""The fingertips of frame after frame: heights from the depth, motion from the colour picture."""

from __future__ import annotations

import math

import numpy as np

from fingertip_contact.contact.fingertips import FingertipSamples, measure_fingertips
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.contact.tip_motion import TipMotion
from fingertip_contact.frames import Frame, Hand
from fingertip_contact.geometry import Plane


class FingertipMeter:
    """measure() takes every frame, in their order: motion is told from the frame before. A stamp that does not
    advance starts anew."""

    def __init__(self, parameters: ContactParameters) -> None:
        self._parameters = parameters
        self._motion = TipMotion()
        self._stamp_ns = -1

    def measure(self, frame: Frame, hands: tuple[Hand, ...], plane: Plane | None) -> FingertipSamples | None:
        """Five rows a hand, in the order of the hands; None where no hand, depth or plane is there."""
        if frame.stamp_ns <= self._stamp_ns:
            self._motion.reset()
        self._stamp_ns = frame.stamp_ns
        moved_px = self._motion.update(frame.color_bgr, hands, _pixels_per_m(frame, hands, plane))
        if plane is None or frame.depth is None or not hands:
            return None
        return measure_fingertips(frame.depth, frame.camera, plane, hands, self._parameters, moved_px)


def _pixels_per_m(frame: Frame, hands: tuple[Hand, ...], plane: Plane | None) -> float:
    """Where the hands are; NaN where that is not known, or no plane."""
    if plane is None or not hands:
        return math.nan
    middle_px = np.mean([hand.landmarks_px.mean(axis=0) for hand in hands], axis=0)
    if not np.isfinite(middle_px).all():
        return math.nan
    return frame.camera.focal_px / float(plane.depth_at_m(frame.camera.rays(middle_px[None]))[0])
