"""sensor_msgs/Image in and out of nodes; the plain encodings are read by `fingertip_contact.images`."""

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

    Encodings that are not plain go through cv_bridge where it is installed. Raises ValueError where nothing reads the
    encoding, or step and length do not fit size and encoding.
    """
    if message.encoding in ENCODINGS:
        return decode_color_image(message)
    try:
        from cv_bridge import CvBridge, CvBridgeError
    except ImportError:
        return decode_color_image(message)  # Raises, and names the encoding.
    try:
        return CvBridge().imgmsg_to_cv2(message, "bgr8")
    except (CvBridgeError, cv2.error, TypeError) as error:
        raise ValueError(f"cv_bridge cannot make an image of encoding {message.encoding!r}: {error}") from error


class ImageWriter:
    """Makes messages of images of one encoding, over and over in one buffer.

    rclpy serialises in `publish`, so the message may be used again as soon as that returns. A numpy array assigned to
    `data` would be checked byte by byte instead: 147 ms for a 640x480 image.
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
    """Cameras of a stream of CameraInfo messages, which hardly ever change: converts only when one does."""

    def __init__(self) -> None:
        self._key: tuple | None = None
        self._camera: Camera | None = None

    def read(self, message: CameraInfo) -> Camera:
        """The message's camera: the same object as long as size, K and D stay.

        Raises ValueError where K is zero (a camera that was never calibrated) or the lens is no pinhole.
        """
        key = (message.width, message.height, message.distortion_model, message.k.tobytes(), tuple(message.d))
        if self._camera is None or key != self._key:
            self._camera = parse_camera_info(message)
            self._key = key
        return self._camera
