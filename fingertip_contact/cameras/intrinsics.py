"""Intrinsics of a colour camera that was not calibrated, and at other image sizes."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from fingertip_contact.geometry import Camera

# Webcams see about 50 to 80 degrees horizontally.
GUESSED_FIELD_OF_VIEW_DEG = 60.0
# Two aspect ratios are the same if they differ by less than rounding to whole pixels does.
MAX_ASPECT_DIFFERENCE = 0.01


@dataclass(frozen=True)
class CameraEstimate:
    """A camera with the origin of its intrinsics, as users should read it: `focal length 642 px from the sheet ...`."""

    camera: Camera
    description: str


def make_centered_camera(focal_px: float, width: int, height: int, distortion: tuple[float, ...] = ()) -> Camera:
    """A camera with square pixels whose optical axis meets the middle of the image."""
    return Camera(focal_px, focal_px, (width - 1) / 2, (height - 1) / 2, width, height, distortion)


def guess_camera(width: int, height: int, reason: str = "the camera is not calibrated") -> CameraEstimate:
    """A camera with a horizontal field of view of GUESSED_FIELD_OF_VIEW_DEG; the description says so, and why."""
    focal_px = width / 2 / math.tan(math.radians(GUESSED_FIELD_OF_VIEW_DEG) / 2)
    description = (
        f"focal length guessed, {focal_px:.0f} px ({GUESSED_FIELD_OF_VIEW_DEG:g} degrees wide): {reason}; "
        "calibrate it: `fingertip-contact keyboard calibrate-camera`"
    )
    return CameraEstimate(make_centered_camera(focal_px, width, height), description)


def scale_camera(camera: Camera, width: int, height: int) -> Camera:
    """The same camera with another resolution of the whole image.

    Raises ValueError if the aspect ratio differs: what was cut off is not known.
    """
    if (camera.width, camera.height) == (width, height):
        return camera
    if abs(width * camera.height / (height * camera.width) - 1) > MAX_ASPECT_DIFFERENCE:
        raise ValueError(
            f"the images are {width}x{height}, the camera was calibrated at {camera.width}x{camera.height}, which has "
            "another aspect ratio; calibrate it at this size, or set the camera to the calibrated one"
        )
    scale_x, scale_y = width / camera.width, height / camera.height
    return replace(
        camera,
        fx=camera.fx * scale_x,
        fy=camera.fy * scale_y,
        # (0, 0) is the middle of the top left pixel, whose corner stays in place.
        cx=(camera.cx + 0.5) * scale_x - 0.5,
        cy=(camera.cy + 0.5) * scale_y - 0.5,
        width=width,
        height=height,
    )
