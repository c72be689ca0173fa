"""Reads pixels and intrinsics from ROS messages, without ROS.

Works on anything that has the fields of sensor_msgs/Image and sensor_msgs/CameraInfo: rclpy's messages and those read
from a bag. An image whose fields contradict one another raises ValueError; nothing is guessed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np

from fingertip_contact.datatypes import DepthImage, StereoImages
from fingertip_contact.geometry import Camera, RigidTransform


@dataclass(frozen=True)
class Encoding:
    """How one pixel is stored. to_bgr: code for cv2.cvtColor, None if the pixels are BGR already."""

    dtype: type[np.generic]
    channels: int
    to_bgr: int | None = None


# Names: sensor_msgs/image_encodings.hpp and, for 8UC3 and its like, OpenCV's, whose channel order is BGR.
COLOR_ENCODINGS = {
    "bgr8": Encoding(np.uint8, 3),
    "8UC3": Encoding(np.uint8, 3),
    "rgb8": Encoding(np.uint8, 3, cv2.COLOR_RGB2BGR),
    "bgra8": Encoding(np.uint8, 4, cv2.COLOR_BGRA2BGR),
    "8UC4": Encoding(np.uint8, 4, cv2.COLOR_BGRA2BGR),
    "rgba8": Encoding(np.uint8, 4, cv2.COLOR_RGBA2BGR),
    "mono8": Encoding(np.uint8, 1, cv2.COLOR_GRAY2BGR),
    "8UC1": Encoding(np.uint8, 1, cv2.COLOR_GRAY2BGR),
    "yuv422": Encoding(np.uint8, 2, cv2.COLOR_YUV2BGR_UYVY),
    "uyvy": Encoding(np.uint8, 2, cv2.COLOR_YUV2BGR_UYVY),
    "yuv422_yuy2": Encoding(np.uint8, 2, cv2.COLOR_YUV2BGR_YUY2),
    "yuyv": Encoding(np.uint8, 2, cv2.COLOR_YUV2BGR_YUY2),
}
# Some drivers label depth in millimetres mono16.
DEPTH_ENCODINGS = {
    "16UC1": Encoding(np.uint16, 1),
    "mono16": Encoding(np.uint16, 1),
    "32FC1": Encoding(np.float32, 1),
}
ENCODINGS = COLOR_ENCODINGS | DEPTH_ENCODINGS

DEPTH_UNIT_M = {np.uint16: 0.001, np.float32: 1.0}  # REP-118

# The distortion that Camera can undo: CameraInfo's names of the Brown-Conrady models. Empty: a rectified image.
DISTORTION_MODELS = ("", "plumb_bob", "rational_polynomial")


def view_pixels(height: int, width: int, encoding: str, step: int, data: Any, is_bigendian: bool = False) -> np.ndarray:
    """The pixels as (H, W) or (H, W, channels), without a copy unless their byte order is not the native one.

    data: any buffer of bytes; the array is read-only if the buffer is. step: bytes per row, padding included.
    Raises ValueError if the encoding is unknown, or if size, step and length of the data contradict one another.
    """
    _require_encoding(encoding, ENCODINGS, "an image")
    dtype, channels = np.dtype(ENCODINGS[encoding].dtype), ENCODINGS[encoding].channels
    pixel_bytes = dtype.itemsize * channels
    if height <= 0 or width <= 0:
        raise ValueError(f"image is empty: {width}x{height}")
    if step < width * pixel_bytes:
        raise ValueError(f"image step is {step} bytes; {width} pixels of {encoding} need {width * pixel_bytes}")
    buffer = memoryview(data).cast("B")
    if len(buffer) != step * height:
        raise ValueError(f"image holds {len(buffer)} bytes; {height} rows of {step} bytes are {step * height}")
    stored_dtype = dtype.newbyteorder(">" if is_bigendian else "<")
    pixels = np.ndarray(
        (height, width, channels), stored_dtype, buffer, strides=(step, pixel_bytes, dtype.itemsize)
    ).astype(dtype, copy=False)
    return pixels[..., 0] if channels == 1 else pixels


def to_bgr(pixels: np.ndarray, encoding: str) -> np.ndarray:
    """Pixels of a colour encoding -> (H, W, 3) uint8 BGR; BGR is returned without a copy.

    Raises ValueError if it is not a colour encoding.
    """
    _require_encoding(encoding, COLOR_ENCODINGS, "a colour image")
    code = COLOR_ENCODINGS[encoding].to_bgr
    return np.ascontiguousarray(pixels) if code is None else cv2.cvtColor(pixels, code)


def decode_color_image(image: Any) -> np.ndarray:
    """A sensor_msgs/Image -> (H, W, 3) uint8 BGR, a view of the message if possible.

    Raises ValueError as `view_pixels` and `to_bgr` do.
    """
    _require_encoding(image.encoding, COLOR_ENCODINGS, "a colour image")
    return to_bgr(_view_image_message(image), image.encoding)


def decode_depth_image(image: Any, unit_m: float | None = None) -> DepthImage:
    """A sensor_msgs/Image with depth (16UC1 in millimetres, 32FC1 in metres) -> DepthImage, without a copy.

    unit_m: of 16UC1 where a recorder kept the sensor's own, metres.

    Raises ValueError as `view_pixels` does, and if it is not a depth encoding.
    """
    _require_encoding(image.encoding, DEPTH_ENCODINGS, "depth")
    dtype = DEPTH_ENCODINGS[image.encoding].dtype
    own_unit_m = unit_m if dtype is np.uint16 else None
    return DepthImage(_view_image_message(image), own_unit_m or DEPTH_UNIT_M[dtype])


def parse_camera_info(info: Any) -> Camera:
    """A sensor_msgs/CameraInfo -> Camera of the images that come: those of its binning and region of interest.

    Raises ValueError if it is not calibrated, not Brown-Conrady, or its region is not within the image.
    """
    if info.distortion_model not in DISTORTION_MODELS:
        raise ValueError(
            f"distortion model {info.distortion_model!r} is not supported; rectify the images, "
            f"or use one of {', '.join(filter(None, DISTORTION_MODELS))}"
        )
    distortion = tuple(float(value) for value in info.d)
    full = Camera(
        fx=float(info.k[0]),
        fy=float(info.k[4]),
        cx=float(info.k[2]),
        cy=float(info.k[5]),
        width=int(info.width),
        height=int(info.height),
        distortion=distortion if any(distortion) else (),
    )
    return _select_pixels(full, info)


def _select_pixels(full: Camera, info: Any) -> Camera:
    """Size, K and D are those of the sensor's whole resolution, whatever part of it is read, and however many of its
    pixels make one (sensor_msgs/CameraInfo). Files of cameras have neither."""
    # 0 and 1 both are no binning; a region of zeros is the whole image.
    bin_x, bin_y = (max(int(getattr(info, name, 0)), 1) for name in ("binning_x", "binning_y"))
    region = getattr(info, "roi", None)
    x, y, width, height = 0, 0, full.width, full.height
    if region is not None and (region.width or region.height):
        x, y, width, height = region.x_offset, region.y_offset, region.width, region.height
    if not (0 <= x < x + width <= full.width and 0 <= y < y + height <= full.height):
        raise ValueError(
            f"camera_info has the region of interest {width}x{height} at ({x}, {y}), which is not within its "
            f"{full.width}x{full.height} pixels; correct roi in the driver: it counts pixels before binning"
        )
    if (x, y, width, height, bin_x, bin_y) == (0, 0, full.width, full.height, 1, 1):
        return full
    return Camera(
        fx=full.fx / bin_x,
        fy=full.fy / bin_y,
        # (0, 0) is the middle of the top left pixel, whose corner stays in place.
        cx=(full.cx - x + 0.5) / bin_x - 0.5,
        cy=(full.cy - y + 0.5) / bin_y - 0.5,
        width=width // bin_x,
        height=height // bin_y,
        distortion=full.distortion,
    )


@dataclass(frozen=True)
class StereoCalibration:
    """What a stereo camera's images share; the fields are those of StereoImages."""

    camera: Camera
    baseline_m: float
    color_from_left: RigidTransform


def parse_stereo_info(right_info: Any, color_from_left: RigidTransform) -> StereoCalibration:
    """The sensor_msgs/CameraInfo of the right imager -> calibration of both.

    Rectified imagers have the same intrinsics, and the right one's P[3] is -f B (sensor_msgs/CameraInfo, `Tx`).

    Raises ValueError as `parse_camera_info` does, for distorted images, and where it tells no baseline.
    """
    camera = parse_camera_info(right_info)
    if camera.is_distorted:
        raise ValueError("the imagers' camera_info has distortion; use their rectified images (image_rect_raw)")
    # Both of the sensor's whole resolution.
    baseline_m = -float(right_info.p[3]) / float(right_info.k[0])
    if not (np.isfinite(baseline_m) and baseline_m > 0):
        raise ValueError(
            f"the right imager's camera_info tells no baseline: P[3] is {float(right_info.p[3]):g}, it has to be -f B; "
            "enable both imagers in the driver, or use another depth source"
        )
    return StereoCalibration(camera, baseline_m, color_from_left)


def decode_stereo_images(left: Any, right: Any, calibration: StereoCalibration) -> StereoImages:
    """Two sensor_msgs/Image of one exposure -> StereoImages, views of the messages where they are mono8.

    Raises ValueError as `decode_color_image` does, and for images of another size than the calibration's.
    """
    camera = calibration.camera
    images = {name: _decode_grey_image(message) for name, message in (("left", left), ("right", right))}
    for name, pixels in images.items():
        height, width = pixels.shape
        if (width, height) != (camera.width, camera.height):
            raise ValueError(
                f"the {name} imager's image is {width}x{height}, its camera_info states {camera.width}x{camera.height}"
            )
    return StereoImages(images["left"], images["right"], camera, calibration.baseline_m, calibration.color_from_left)


def _decode_grey_image(image: Any) -> np.ndarray:
    """A grey or colour image -> (H, W) uint8."""
    _require_encoding(image.encoding, COLOR_ENCODINGS, "a grey image")
    pixels = _view_image_message(image)
    return pixels if pixels.ndim == 2 else cv2.cvtColor(to_bgr(pixels, image.encoding), cv2.COLOR_BGR2GRAY)


def _require_encoding(encoding: str, supported: Mapping[str, Encoding], purpose: str) -> None:
    if encoding not in supported:
        raise ValueError(
            f"encoding {encoding!r} is not supported for {purpose}; let the driver send, or convert to, "
            f"one of {', '.join(supported)}"
        )


def _view_image_message(image: Any) -> np.ndarray:
    return view_pixels(image.height, image.width, image.encoding, image.step, image.data, bool(image.is_bigendian))
