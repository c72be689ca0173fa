"""Images of the drawn sheet through a known camera, made without the renderer."""

from __future__ import annotations

import cv2
import numpy as np

from fingertip_contact.datatypes import Frame
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.sheet import draw_sheet

CAMERA = Camera(fx=392.0, fy=391.0, cx=322.0, cy=240.0, width=640, height=480)
PIXELS_PER_MM = 4.0


def make_camera_pose(angle_deg: float, distance_m: float, turn_deg: float = 0.0) -> RigidTransform:
    """camera_from_sheet of a camera beyond the sheet that points at its centre, facing the typist."""
    angle, turn = np.radians(angle_deg), np.radians(turn_deg)
    forward = np.array([np.sin(turn) * np.cos(angle), -np.cos(turn) * np.cos(angle), -np.sin(angle)])
    right = np.cross(forward, [np.sin(turn), -np.cos(turn), 0.0] if angle_deg == 90 else [0.0, 0.0, 1.0])
    right /= np.linalg.norm(right)
    rotation = np.stack([right, np.cross(forward, right), forward])
    return RigidTransform(rotation, np.array([0.0, 0.0, distance_m]))


def render_sheet_view(
    layout: Layout, camera_from_sheet: RigidTransform, rng: np.random.Generator, hidden: tuple[int, ...] = ()
) -> np.ndarray:
    """(480, 640, 3) uint8: the sheet on a grey desk, a little blurred and noisy. hidden: markers under a hand."""
    sheet = draw_sheet(layout, PIXELS_PER_MM)
    for marker in layout.markers:
        if marker.marker_id in hidden:
            columns, rows = (_sheet_pixels(layout, marker.corners_m) + 0.5).astype(int).T
            sheet[rows.min() : rows.max(), columns.min() : columns.max()] = 140
    corners_m = np.column_stack([layout.sheet_corners_m, np.zeros(4)])
    corners_px = CAMERA.project(camera_from_sheet.apply(corners_m))
    warp = cv2.getPerspectiveTransform(
        _sheet_pixels(layout, layout.sheet_corners_m).astype(np.float32) - 0.5, corners_px.astype(np.float32)
    )
    # Averaged down from twice the size: a warp alone would alias the far edge.
    supersampling_warp = np.array([[2.0, 0, 0.5], [0, 2.0, 0.5], [0, 0, 1]]) @ warp
    large = cv2.warpPerspective(sheet, supersampling_warp, (1280, 960), flags=cv2.INTER_LINEAR, borderValue=120)
    small = cv2.GaussianBlur(cv2.resize(large, (640, 480), interpolation=cv2.INTER_AREA), (0, 0), 0.6)
    noisy = np.clip(small + rng.normal(0, 2.0, small.shape), 0, 255).astype(np.uint8)
    return cv2.cvtColor(noisy, cv2.COLOR_GRAY2BGR)


def make_frame(image: np.ndarray, index: int = 0) -> Frame:
    return Frame(index * 33_333_333, "camera", CAMERA, image, None)


def _sheet_pixels(layout: Layout, points_m: np.ndarray) -> np.ndarray:
    width_m, height_m = layout.sheet_size_m
    return (points_m * (1.0, -1.0) + (width_m / 2, height_m / 2)) * PIXELS_PER_MM * 1000
