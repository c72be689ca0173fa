"""A small world for the contact tests: round fingers over a desk, and the samples they would give."""

from __future__ import annotations

import numpy as np

from fingertip_contact.contact.detector import ContactDetector
from fingertip_contact.contact.measurement.appearance_network import OUTPUTS
from fingertip_contact.contact.measurement.fingertip_estimator import FingertipEstimator
from fingertip_contact.contact.measurement.fingertip_samples import FingertipSamples
from fingertip_contact.contact.measurement.hand_shape import SHAPE
from fingertip_contact.contact.parameters import ContactParameters
from fingertip_contact.datatypes import HANDS, DepthImage, Hand
from fingertip_contact.geometry import Camera, Plane

CAMERA = Camera(391.76, 390.61, 322.81, 239.81, 640, 480)
FRAME_NS = 33_333_334
RIM_HEIGHT_M = 0.0076


def make_desk_plane(elevation_deg: float, distance_m: float = 0.34) -> Plane:
    """The plane that a camera looks at from this elevation, its centre this far away along the optical axis."""
    angle = np.radians(elevation_deg)
    return Plane(np.array([0.0, -np.cos(angle), -np.sin(angle)]), distance_m * np.sin(angle))


def make_detector(parameters: ContactParameters | None = None) -> ContactDetector:
    """A detector for samples: what it measures of frames itself is without the appearance network."""
    parameters = parameters or ContactParameters()
    return ContactDetector(parameters, estimator=FingertipEstimator(parameters, with_rims=True, with_appearance=False))


def make_hand(side: int, shift_px: tuple[float, float] = (0.0, 0.0), track: int | None = None) -> Hand:
    """A hand whose five fingers point down the image, 22 px apart."""
    landmarks = np.zeros((21, 2), np.float32)
    for finger in range(5):
        for joint in range(4):
            landmarks[1 + 4 * finger + joint] = (130 + 240 * side + 22 * finger, 120 + 35 * joint)
    landmarks[0] = (175 + 240 * side, 40)
    return Hand(side if track is None else track, HANDS[side], 1.0, 1.0, landmarks + np.float32(shift_px))


def make_pad_heights(taps: list[tuple[int, float, float]], seconds: float, hover_m: float = 0.012) -> np.ndarray:
    """Pad heights (frames, 10), metres, at 30 Hz. taps: column, touch time, duration; 80 ms down and 90 ms up."""
    times = np.arange(int(seconds * 30)) * FRAME_NS / 1e9
    height_m = np.full((len(times), 10), hover_m)
    for column, start, duration in taps:
        down = np.clip((times - start + 0.08) / 0.08, 0, 1)
        up = np.clip((times - start - duration) / 0.09, 0, 1)
        height_m[:, column] = np.minimum(height_m[:, column], hover_m * (1 - down**1.6 + np.sin(up * np.pi / 2) ** 2))
    return height_m


# What a camera at 60 degrees sees of a way up or down.
FORESHORTENING = 0.5


def make_samples(height_m: np.ndarray, before_m: np.ndarray | None = None) -> FingertipSamples:
    """What two hands with pads at these heights (10,) would be measured as, without noise. before_m: (10,) their
    heights in the frame before."""
    rim_height_m = height_m + RIM_HEIGHT_M
    tip_px = np.vstack([make_hand(side).landmarks_px[[4, 8, 12, 16, 20]] for side in (0, 1)])
    pads_m = np.column_stack([np.arange(10) * 0.02, np.zeros(10), np.full(10, 0.34)])
    down_m = np.zeros(10) if before_m is None else FORESHORTENING * (before_m - height_m)
    flow_m = np.column_stack([np.zeros(10), down_m])
    missing = np.full(10, np.nan)
    shape, appearance = np.full((10, len(SHAPE)), np.nan), np.full((10, len(OUTPUTS)), np.nan)
    sigma_m = np.full(10, 0.0005)
    return FingertipSamples(
        rim_height_m, sigma_m, rim_height_m, tip_px, tip_px, pads_m, flow_m, missing, missing.copy(), shape, appearance
    )


def render_fingers(plane: Plane, tips: np.ndarray, lift_m: float, seed: int, radius_m: float = 0.0075) -> DepthImage:
    """D405 depth of balls drawn out to rods that end at these pixels (N, 2), their pads lift_m over the plane."""
    rows, columns = np.mgrid[:480, :640]
    rays = CAMERA.rays(np.column_stack([columns.ravel(), rows.ravel()]))
    depth_m = plane.depth_at_m(rays)
    raised = Plane(plane.normal, plane.offset_m - radius_m - lift_m)
    away = np.array([0.0, 1.0, 0.0]) - plane.normal[1] * plane.normal
    direction = -away / np.linalg.norm(away) * 0.94 + plane.normal * 0.34
    for end in raised.intersect(CAMERA.rays(tips)):
        for step_m in np.arange(0.0, 0.03, 0.002):
            centre = end + step_m * direction
            a, b, c = (rays**2).sum(1), rays @ centre, centre @ centre - radius_m**2
            inside = b**2 - a * c
            hit = np.where(inside > 0, (b - np.sqrt(np.maximum(inside, 0))) / a, np.inf)
            depth_m = np.minimum(depth_m, hit)
    depth_m = np.nan_to_num(depth_m, nan=2.0)
    disparity = CAMERA.fx * 0.018 / depth_m + np.random.default_rng(seed).normal(0.0, 0.08, depth_m.shape)
    return DepthImage((CAMERA.fx * 18.0 / disparity).astype(np.uint16).reshape(480, 640), 0.001)
