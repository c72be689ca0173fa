"""Both imagers of a stereo camera over a printed desk, with textured fingers that stand over it: exact pictures."""

from __future__ import annotations

import numpy as np

from fingertip_contact.datatypes import FINGER_LANDMARKS, Hand, StereoImages
from fingertip_contact.geometry import Camera, Plane, RigidTransform

# A D405 at 848x480, cut to the part that the tests look at.
IMAGER = Camera(430.0, 430.0, 160.0, 120.0, 320, 240)
BASELINE_M = 0.018
IDENTITY = RigidTransform(np.eye(3), np.zeros(3))
NOISE_GREY = 1.5
_WAVES = 16


def make_texture(points: np.ndarray, shortest: float, seed: int) -> np.ndarray:
    """Greys (...) around 128 at points (..., 2): random waves, down to this wavelength in the unit of the points."""
    random = np.random.default_rng(seed)
    wavelengths = shortest * random.uniform(1.0, 3.0, _WAVES)
    angles, phases = random.uniform(0.0, 2 * np.pi, (2, _WAVES))
    grey = np.full(points.shape[:-1], 128.0)
    for wavelength, angle, phase in zip(wavelengths, angles, phases, strict=True):
        grey += 11.0 * np.sin(2 * np.pi / wavelength * (points @ (np.cos(angle), np.sin(angle))) + phase)
    return grey


def render_stereo(
    plane: Plane,
    hand_px: Hand,
    height_m: float,
    *,
    radius_px: float = 9.0,
    disparity_error_px: float = 0.0,
    hidden_from_right: bool = False,
    finger_contrast: float = 1.0,
    color_from_left: RigidTransform = IDENTITY,
    seed: int = 0,
) -> StereoImages:
    """A desk (plane, in the left imager's frame) and the fingers of a hand, whose landmarks are the left imager's.

    Fingers are strips parallel to the desk, height_m over it. disparity_error_px: what a bad calibration adds.
    hidden_from_right: the right imager sees something else where the fingers are.
    """
    pictures = []
    for imager, baseline_m in enumerate((0.0, BASELINE_M)):
        rows, columns = np.mgrid[: IMAGER.height, : IMAGER.width].astype(float)
        pixels = np.stack([columns + imager * disparity_error_px, rows], axis=-1)
        rays = IMAGER.rays(pixels.reshape(-1, 2)).reshape(*rows.shape, 3)
        center_m = np.array([baseline_m, 0.0, 0.0])
        desk_m = _meet(plane, center_m, rays)
        finger_m = _meet(Plane(plane.normal, plane.offset_m - height_m), center_m, rays)
        grey = make_texture(_to_plane(plane, desk_m), 0.004, seed + 1)
        seed_of_fingers = seed + (7 if hidden_from_right and imager else 2)
        skin = make_texture(_to_plane(plane, finger_m), 0.003, seed_of_fingers)
        skin = 128.0 + finger_contrast * (skin - 128.0)
        left_px = IMAGER.project(finger_m.reshape(-1, 3)).reshape(*rows.shape, 2)
        grey = np.where(_find_fingers(hand_px, left_px, radius_px), skin, grey)
        grey += np.random.default_rng(seed + 10 + imager).normal(0.0, NOISE_GREY, grey.shape)
        pictures.append(np.clip(np.rint(grey), 0, 255).astype(np.uint8))
    return StereoImages(pictures[0], pictures[1], IMAGER, BASELINE_M, color_from_left)


def _meet(plane: Plane, center_m: np.ndarray, rays: np.ndarray) -> np.ndarray:
    """Points (..., 3) where rays from a centre meet a plane."""
    distance = -(plane.offset_m + plane.normal @ center_m) / (rays @ plane.normal)
    return center_m + rays * distance[..., None]


def _to_plane(plane: Plane, points_m: np.ndarray) -> np.ndarray:
    """Coordinates (..., 2) of points (..., 3) along a plane."""
    along = np.cross(plane.normal, (1.0, 0.0, 0.0))
    along /= np.linalg.norm(along)
    return np.stack([points_m @ np.cross(along, plane.normal), points_m @ along], axis=-1)


def _find_fingers(hand: Hand, pixels: np.ndarray, radius_px: float) -> np.ndarray:
    """(...) bool, which left pixels (..., 2) are within radius_px of a finger's bones."""
    found = np.zeros(pixels.shape[:-1], dtype=bool)
    for landmarks in FINGER_LANDMARKS.values():
        knuckle, tip = hand.landmarks_px[[landmarks[0], landmarks[-1]]].astype(float)
        bone = tip - knuckle
        along = np.clip(((pixels - knuckle) @ bone) / (bone @ bone), 0.0, 1.0)
        found |= np.linalg.norm(pixels - knuckle - along[..., None] * bone, axis=-1) < radius_px
    return found
