"""The fingertips of consecutive frames: heights from depth, flow from the colour image."""

from __future__ import annotations

import math

import numpy as np

from fingertip_contact.contact.measurement.fingertip_flow import FingertipFlow, make_window_px
from fingertip_contact.contact.measurement.fingertip_height import (
    FingertipSamples,
    measure_fingertips,
    measure_heights_m,
)
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import FINGERTIP_LANDMARKS, Frame, Hand, Surface
from fingertip_contact.geometry import Plane

# Anything higher is finger: more than the scatter of a desk's depth, less than the thickness of a fingertip.
FOREGROUND_HEIGHT_M = 0.003
_TIP_LANDMARKS = list(FINGERTIP_LANDMARKS)


class FingertipEstimator:
    """measure() takes every frame, in order: flow is relative to the previous one. A stamp that does not advance resets
    it."""

    def __init__(self, parameters: ContactParameters) -> None:
        self._parameters = parameters
        self._flow = FingertipFlow()
        self._stamp_ns = -1

    def measure(self, frame: Frame, hands: tuple[Hand, ...], surface: Surface | None) -> FingertipSamples | None:
        """Five rows per hand, in the order of the hands; None without hand or depth, or where depth has not measured
        the surface."""
        depth_plane = None if surface is None else surface.depth_plane
        if frame.stamp_ns <= self._stamp_ns or depth_plane is None or frame.depth is None or not hands:
            self._flow.reset()
        self._stamp_ns = frame.stamp_ns
        if surface is None or depth_plane is None or frame.depth is None or not hands:
            return None
        plane = surface.plane
        window = make_window_px(_estimate_pixels_per_m(frame, hands, plane))
        tips_px = np.concatenate([hand.landmarks_px[_TIP_LANDMARKS] for hand in hands])
        heights = measure_heights_m(frame.depth, frame.camera, depth_plane, np.rint(tips_px), window[None])
        flow_px = self._flow.update(frame.color_bgr, hands, window, heights > FOREGROUND_HEIGHT_M)
        return measure_fingertips(frame.depth, frame.camera, plane, hands, self._parameters, flow_px, depth_plane)


def _estimate_pixels_per_m(frame: Frame, hands: tuple[Hand, ...], plane: Plane) -> float:
    """Image scale at the hands; NaN where their landmarks are not finite."""
    middle_px = np.mean([hand.landmarks_px.mean(axis=0) for hand in hands], axis=0)
    if not np.isfinite(middle_px).all():
        return math.nan
    return frame.camera.focal_px / float(plane.depth_at_m(frame.camera.rays(middle_px[None]))[0])
