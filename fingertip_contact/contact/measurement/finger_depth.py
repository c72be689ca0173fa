"""Fingertip heights from aligned depth: the finger's own surface, not its rim.

A stereo camera's depth melts the edge between finger and desk over ten pixels, and its noise is the same for
neighbours: the rim of a finger has no depth of its own. The middle of the last segment has; what a finger shows there
depends on how it is bent, so that such heights tell descents and stops, and only roughly how high a finger is.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from fingertip_contact.contact.measurement.finger_region import find_finger_pixels, stack_tips_px
from fingertip_contact.contact.measurement.fingertip_height import measure_heights_m
from fingertip_contact.datatypes import DepthImage, Hand
from fingertip_contact.geometry import Camera, Plane

# The middle of the finger: narrower than the finger, and not beyond its tip.
HALF_WIDTH_M = 0.005
MIN_PIXELS = 10


def measure_finger_heights_m(
    depth: DepthImage,
    camera: Camera,
    plane: Plane,
    hands: Sequence[Hand],
    window: np.ndarray,
    pixels_per_m: float,
) -> np.ndarray:
    """(N,) median height of each finger's last segment over the plane, metres; NaN with too little depth.

    plane: as depth shows it. Drivers align depth to colour without the colour camera's distortion, though its
    camera_info has it: the depth of what colour shows at a pixel lies at the undistorted pixel (a D405: 3 px away on
    average, 5 at most).
    """
    pinhole = Camera(camera.fx, camera.fy, camera.cx, camera.cy, camera.width, camera.height)
    tips_px = np.rint(pinhole.project(camera.rays(stack_tips_px(hands))))
    on_finger = find_finger_pixels(hands, window, pixels_per_m, half_width_m=HALF_WIDTH_M, forward_m=0.0)
    # Of as many pixels as the widest finger has: the others' are no place.
    count = on_finger.reshape(len(on_finger), -1).sum(axis=1)
    fingers, rows, columns = np.nonzero(on_finger)
    offsets_px = np.full((len(tips_px), max(1, int(count.max())), 2), np.nan)
    offsets_px[fingers, np.arange(len(fingers)) - (np.cumsum(count) - count)[fingers]] = window[rows, columns]
    ordered_m = np.sort(measure_heights_m(depth, pinhole, plane, tips_px, offsets_px), axis=1)  # NaN comes last.
    known = np.isfinite(ordered_m).sum(axis=1)
    middle_m = ordered_m[np.arange(len(ordered_m)), np.maximum(known - 1, 0) // 2]
    return np.where(known >= MIN_PIXELS, middle_m, np.nan)
