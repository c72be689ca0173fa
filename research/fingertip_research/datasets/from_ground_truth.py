"""Annotations and labels of a frame from its ground truth."""

from __future__ import annotations

import math

import numpy as np

from fingertip_contact.datatypes import FINGERS, DepthImage, Finger
from fingertip_contact.geometry import Camera, Plane, RigidTransform
from fingertip_research.datasets.annotations import AnnotatedHand, FrameLabel, LabelledHand, Source, TipLabel
from fingertip_research.ground_truth.recording import GroundTruthFrame, GroundTruthHand

# The 21 landmarks in MediaPipe's order, by the joint names of the ground-truth file (WebXR's).
THUMB_JOINTS = ("metacarpal", "proximal", "distal", "tip")
FINGER_JOINTS = ("proximal", "intermediate", "distal", "tip")
LANDMARK_JOINTS = (
    "wrist",
    *(f"{finger}_{part}" for finger in FINGERS for part in (THUMB_JOINTS if finger == "thumb" else FINGER_JOINTS)),
)
_PATCH_RADIUS_PX = 1  # window whose median is the depth of a fingertip, as in the published recorders


def sheet_plane(camera_from_sheet: RigidTransform) -> Plane:
    """The plane of the sheet, optical frame."""
    normal = camera_from_sheet.rotation[:, 2]
    return Plane(normal, -float(normal @ camera_from_sheet.translation_m))


def annotate(
    frame: GroundTruthFrame, camera: Camera, camera_from_sheet: RigidTransform, depth: DepthImage
) -> tuple[AnnotatedHand, ...]:
    """The hands in view: joints, ends of the fingers, and the sensor's depth there.

    A fingertip that the camera does not see has no depth.
    """
    annotated = (_annotate_hand(hand, camera, camera_from_sheet, depth) for hand in frame.hands)
    return tuple(hand for hand in annotated if _is_in_view(hand.landmarks_px, camera).any())


def label(
    frame: GroundTruthFrame, camera: Camera, camera_from_sheet: RigidTransform, source: Source = "simulation"
) -> FrameLabel:
    """The fingers in contact.

    depth_m is that of the pad, surface_depth_m that of the surface on the same line of sight, and distance_m the
    perpendicular height of the pad over the surface.
    """
    plane = sheet_plane(camera_from_sheet)
    hands = []
    for hand in frame.hands:
        if not _is_in_view(_project_landmarks_px(hand, camera, camera_from_sheet), camera).any():
            continue
        tips: dict[Finger, TipLabel] = {}
        for name, finger in hand.fingers.items():
            pad_m = camera_from_sheet.apply(finger.pad_m)
            surface_m = float(plane.depth_at_m(pad_m / pad_m[2]))
            state = "contact" if finger.contact else "hover"
            tips[name] = TipLabel(state, finger.clearance_m, float(pad_m[2]), surface_m)
        hands.append(LabelledHand(hand.hand, tips))
    return FrameLabel(tuple(hands), source)


def _annotate_hand(
    hand: GroundTruthHand, camera: Camera, camera_from_sheet: RigidTransform, depth: DepthImage
) -> AnnotatedHand:
    fingers = hand.fingers.items()
    return AnnotatedHand(
        handedness=hand.hand,
        landmarks_px=_project_landmarks_px(hand, camera, camera_from_sheet),
        fingertip_px={name: finger.tip_px for name, finger in fingers},
        fingertip_depth_m={
            name: sample_depth_m(depth, finger.tip_px) if finger.visible else math.nan for name, finger in fingers
        },
        keys={name: finger.key for name, finger in fingers if finger.key},
    )


def sample_depth_m(depth: DepthImage, pixel: tuple[float, float]) -> float:
    """The median of the valid depth in 3x3 pixels, metres; NaN if there is none."""
    column, row = round(pixel[0]), round(pixel[1])
    if row < 0 or column < 0:
        return math.nan
    window = (
        slice(max(row - _PATCH_RADIUS_PX, 0), row + _PATCH_RADIUS_PX + 1),
        slice(max(column - _PATCH_RADIUS_PX, 0), column + _PATCH_RADIUS_PX + 1),
    )
    patch = depth.to_metres(window)
    valid = patch[np.isfinite(patch)]
    return float(np.median(valid)) if valid.size else math.nan


def _project_landmarks_px(hand: GroundTruthHand, camera: Camera, camera_from_sheet: RigidTransform) -> np.ndarray:
    """(21, 2)."""
    joints_m = np.stack([hand.joints_m[name] for name in LANDMARK_JOINTS])
    return camera.project(camera_from_sheet.apply(joints_m))


def _is_in_view(pixels: np.ndarray, camera: Camera) -> np.ndarray:
    """(N,) bool."""
    return np.all((pixels > -0.5) & (pixels < (camera.width - 0.5, camera.height - 0.5)), axis=1)
