"""Images of a camera that is mounted upside down or on its side, as an upright one takes them.

Hands are found in any position, but fingers are judged by how they look in upright images.
"""

from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np

from fingertip_contact.datatypes import DepthImage, Frame, StereoImages
from fingertip_contact.geometry import Camera, RigidTransform

# Clockwise turns of the image.
ROTATIONS_DEG = (0, 90, 180, 270)
ROTATION_TEXT = "turn the images clockwise, degrees, of a camera that is mounted upside down (180) or on its side"
# Fifteen times as fast as numpy's turn with the copy that it needs: 0.1 ms for a colour image of 640x480.
_CODES = {90: cv2.ROTATE_90_CLOCKWISE, 180: cv2.ROTATE_180, 270: cv2.ROTATE_90_COUNTERCLOCKWISE}
# What a quarter turn clockwise does to points in the optical frame: what was right is below.
_TURN = np.array([[0.0, -1.0, 0.0], [1.0, 0.0, 0.0], [0.0, 0.0, 1.0]])


def rotate_frame(frame: Frame, degrees: int) -> Frame:
    """The frame with its images turned clockwise, and the camera that takes such images.

    Imagers that are turned by 90 or 270 degrees lie one above the other: they are left out. Raises ValueError for other
    angles than ROTATIONS_DEG.
    """
    require_rotation(degrees)
    if degrees == 0:
        return frame
    depth = frame.depth
    return replace(
        frame,
        camera=rotate_camera(frame.camera, degrees),
        color_bgr=rotate_image(frame.color_bgr, degrees),
        depth=None if depth is None else DepthImage(rotate_image(depth.values, degrees), depth.unit_m),
        stereo=None if frame.stereo is None or degrees != 180 else _turn_imagers(frame.stereo),
    )


def require_rotation(degrees: int) -> None:
    """Raises ValueError for a turn that is none of ROTATIONS_DEG."""
    if degrees not in ROTATIONS_DEG:
        raise ValueError(f"images can be turned by {', '.join(map(str, ROTATIONS_DEG))} degrees, not by {degrees}")


def rotate_camera(camera: Camera, degrees: int) -> Camera:
    """The camera whose image is that of `camera`, turned clockwise by 0, 90, 180 or 270 degrees."""
    for _ in range(degrees // 90):
        # Brown-Conrady: the radial part stays, the tangential part turns with the axes.
        k1, k2, p1, p2, *others = camera.distortion or (0.0,) * 5
        camera = Camera(
            fx=camera.fy,
            fy=camera.fx,
            cx=camera.height - 1 - camera.cy,
            cy=camera.cx,
            width=camera.height,
            height=camera.width,
            distortion=(k1, k2, p2, -p1, *others) if camera.distortion else (),
        )
    return camera


def rotate_optical_frame(degrees: int) -> RigidTransform:
    """turned_from_mounted: points of the mounted camera's optical frame in that of the turned images."""
    return RigidTransform(np.linalg.matrix_power(_TURN, degrees // 90), np.zeros(3))


def rotate_pixels(pixels: np.ndarray, camera: Camera, degrees: int) -> np.ndarray:
    """Where pixels (N, 2) of the camera's image are after it was turned: (N, 2), of the same type."""
    size_px = camera.width, camera.height
    for _ in range(degrees // 90):
        pixels = np.column_stack([size_px[1] - 1 - pixels[:, 1], pixels[:, 0]]).astype(pixels.dtype)
        size_px = size_px[::-1]
    return pixels


def rotate_image(image: np.ndarray, degrees: int) -> np.ndarray:
    """(H, W) or (H, W, C), of a type that OpenCV knows, turned clockwise; not copied where there is nothing to turn."""
    return cv2.rotate(image, _CODES[degrees]) if degrees else image


def _turn_imagers(stereo: StereoImages) -> StereoImages:
    """Upside down, the right imager is the left one."""
    left, right = (rotate_image(image, 180) for image in (stereo.right, stereo.left))
    turn = rotate_optical_frame(180)
    # The new left imager is the old right one, a baseline along the old x.
    left_from_right = RigidTransform(np.eye(3), np.array([stereo.baseline_m, 0.0, 0.0]))
    color_from_left = turn @ stereo.color_from_left @ left_from_right @ turn.inverse
    return StereoImages(left, right, rotate_camera(stereo.camera, 180), stereo.baseline_m, color_from_left)
