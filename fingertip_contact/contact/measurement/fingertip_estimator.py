"""The fingertips of consecutive frames, from everything that a frame holds: colour, aligned depth, both imagers."""

from __future__ import annotations

import math

import cv2
import numpy as np

from fingertip_contact.contact.measurement.appearance_network import OUTPUTS, AppearanceNetwork
from fingertip_contact.contact.measurement.approach import (
    compute_approach_direction,
    estimate_contact_points,
    to_approach_frame,
)
from fingertip_contact.contact.measurement.columns import find_columns
from fingertip_contact.contact.measurement.finger_depth import measure_finger_heights_m
from fingertip_contact.contact.measurement.finger_region import find_finger_pixels, stack_tips_px
from fingertip_contact.contact.measurement.fingertip_crops import CropBuffer, FingertipCrops
from fingertip_contact.contact.measurement.fingertip_flow import FingertipFlow, make_window_px
from fingertip_contact.contact.measurement.fingertip_height import MAX_LANDMARK_PX, FingerRims, measure_rims
from fingertip_contact.contact.measurement.fingertip_samples import FingertipSamples
from fingertip_contact.contact.measurement.hand_shape import measure_hand_shape
from fingertip_contact.contact.measurement.stereo_height import StereoFingertips
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import Frame, Hand, Surface
from fingertip_contact.geometry import Plane


class FingertipEstimator:
    """measure() takes every frame, in order: flow is relative to the previous one. A stamp that does not advance resets
    it."""

    def __init__(self, parameters: ContactParameters, *, with_rims: bool, with_appearance: bool = True) -> None:
        """with_rims: measure the rims of fingers in depth too. with_appearance: run the appearance network."""
        self._parameters = parameters
        self._with_rims = with_rims
        self._network = AppearanceNetwork() if with_appearance else None
        self._flow = FingertipFlow()
        self._crops = CropBuffer()
        self._stereo = StereoFingertips()
        self._stamp_ns = -1

    def measure(self, frame: Frame, hands: tuple[Hand, ...], surface: Surface | None) -> FingertipSamples | None:
        """Five rows per hand, in the order of the hands; None without a hand or a surface. What the frame does not hold
        is NaN."""
        if frame.stamp_ns <= self._stamp_ns or surface is None:
            self._crops.reset()
        if frame.stamp_ns <= self._stamp_ns or surface is None or not hands:
            self._flow.reset()
        self._stamp_ns = frame.stamp_ns
        if surface is None:
            return None
        plane = surface.plane
        grey = cv2.cvtColor(frame.color_bgr, cv2.COLOR_BGR2GRAY)
        pixels_per_m = estimate_pixels_per_m(frame, hands, plane)
        crops = self._crops.add(frame.stamp_ns, grey, hands, pixels_per_m) if self._network is not None else None
        if not hands:
            return None
        # The network looks at them while the rest is measured.
        if crops is not None and self._network is not None:
            self._network.start(crops.images)
        tips_px = stack_tips_px(hands)
        tips_px = np.where(np.abs(tips_px) < MAX_LANDMARK_PX, tips_px, np.nan)
        window = make_window_px(pixels_per_m)
        on_finger = find_finger_pixels(hands, window, pixels_per_m)
        direction = compute_approach_direction(frame.camera, plane.normal, tips_px)
        flow_px = self._flow.update(grey, hands, window, on_finger)
        missing = np.full(len(tips_px), np.nan)
        depth = frame.depth if surface.depth_plane is not None else None
        rims = FingerRims(missing, missing, missing, tips_px)
        finger_height_m = stereo_height_m = missing
        if depth is not None and surface.depth_plane is not None:
            finger_height_m = measure_finger_heights_m(
                depth, frame.camera, surface.depth_plane, hands, window, pixels_per_m
            )
            if self._with_rims:
                rims = measure_rims(depth, frame.camera, surface.depth_plane, hands, self._parameters)
        if frame.stereo is not None:
            stereo_height_m = self._stereo.measure(frame.stereo, frame.camera, plane, tips_px, window, on_finger)
        return FingertipSamples(
            rim_height_m=rims.rim_height_m,
            sigma_m=rims.sigma_m,
            axial_height_m=rims.axial_height_m,
            tip_px=tips_px,
            tip_end_px=rims.tip_end_px,
            contact_point_m=estimate_contact_points(frame.camera, plane, tips_px),
            flow_m=to_approach_frame(direction, flow_px) / pixels_per_m,
            finger_height_m=finger_height_m,
            stereo_height_m=stereo_height_m,
            shape=measure_hand_shape(frame.camera, plane, hands),
            appearance=self._finish_appearance(crops, hands),
        )

    def _finish_appearance(self, crops: FingertipCrops | None, hands: tuple[Hand, ...]) -> np.ndarray:
        """(N, len(OUTPUTS)) what the network says of the crops, in the order of the hands' fingers."""
        columns = find_columns(hands)
        rows = np.full((len(columns), len(OUTPUTS)), np.nan)
        if crops is None or self._network is None:
            return rows
        seen = dict(zip(crops.columns.tolist(), self._network.finish(), strict=True))
        for row, column in enumerate(columns):
            if column in seen:
                rows[row] = seen[column]
        return rows


def estimate_pixels_per_m(frame: Frame, hands: tuple[Hand, ...], plane: Plane) -> float:
    """Image scale at the hands; NaN without hands or where their landmarks are not finite."""
    if not hands:
        return math.nan
    middle_px = np.mean([hand.landmarks_px.mean(axis=0) for hand in hands], axis=0)
    if not np.isfinite(middle_px).all():
        return math.nan
    return frame.camera.focal_px / float(plane.depth_at_m(frame.camera.rays(middle_px[None]))[0])
