"""sensor_msgs/Image to arrays and back; `fingertip_contact.images` decodes the plain encodings."""

from __future__ import annotations

import sys
from array import array

import cv2
import numpy as np
from sensor_msgs.msg import CameraInfo, Image
from std_msgs.msg import Header

from fingertip_contact.geometry import Camera
from fingertip_contact.images import ENCODINGS, decode_color_image, parse_camera_info


def decode_color_bgr(message: Image) -> np.ndarray:
    """A colour or grey image as (H, W, 3) uint8 BGR: a view for bgr8, a converted copy for the others.

    cv_bridge, where installed, converts the encodings that are not plain. Raises ValueError if the encoding is not
    supported, or step and length do not fit size and encoding.
    """
    if message.encoding in ENCODINGS:
        return decode_color_image(message)
    try:
        from cv_bridge import CvBridge, CvBridgeError
    except ImportError:
        return decode_color_image(message)  # Raises ValueError that names the encoding.
    try:
        return CvBridge().imgmsg_to_cv2(message, "bgr8")
    except (CvBridgeError, cv2.error, TypeError) as error:
        raise ValueError(f"cv_bridge cannot convert encoding {message.encoding!r}: {error}") from error


class ImageWriter:
    """Makes messages of images of one encoding, all in the same buffer.

    rclpy serialises in `publish`, so the buffer is free again when that returns. rclpy checks a numpy array assigned to
    `data` byte by byte: 147 ms for a 640x480 image.
    """

    def __init__(self, encoding: str) -> None:
        self._encoding = encoding
        self._dtype = np.dtype(ENCODINGS[encoding].dtype)
        self._buffer = array("B")

    def make_message(self, header: Header, image: np.ndarray) -> Image:
        """The message of an image (H, W) or (H, W, C) of the encoding's dtype; valid until the next call."""
        if len(self._buffer) != image.nbytes:
            self._buffer = array("B", bytes(image.nbytes))
        np.frombuffer(self._buffer, self._dtype).reshape(image.shape)[...] = image
        height, width = image.shape[:2]
        return Image(
            header=header,
            height=height,
            width=width,
            encoding=self._encoding,
            is_bigendian=sys.byteorder == "big",
            step=image.nbytes // height,
            data=self._buffer,
        )


class CameraReader:
    """Cameras of a stream of CameraInfo messages, which rarely change: converts only those that do."""

    def __init__(self) -> None:
        self._key: tuple | None = None
        self._camera: Camera | None = None

    def read(self, message: CameraInfo) -> Camera:
        """The message's camera: the same object while size, binning, region, K and D are unchanged.

        Raises ValueError where K is zero (a camera without calibration) or the distortion model is not a pinhole's.
        """
        roi = message.roi
        pixels = (message.binning_x, message.binning_y, roi.x_offset, roi.y_offset, roi.width, roi.height)
        model = (message.distortion_model, message.k.tobytes(), tuple(message.d))
        key = (message.width, message.height, *pixels, *model)
        if self._camera is None or key != self._key:
            self._camera = parse_camera_info(message)
            self._key = key
        return self._camera
