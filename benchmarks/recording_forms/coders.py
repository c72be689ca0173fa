"""Codes images as image_transport's plugins and Foxglove do."""

from __future__ import annotations

import gzip
import struct
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

TYPES = get_typestore(Stores.ROS2_KILTED)
RAW_IMAGE, FOXGLOVE_IMAGE = "foxglove_msgs/msg/RawImage", "foxglove_msgs/msg/CompressedImage"
_HEADER = "builtin_interfaces/Time timestamp\nstring frame_id\n"
TYPES.register(
    get_types_from_msg(f"{_HEADER}uint32 width\nuint32 height\nstring encoding\nuint32 step\nuint8[] data", RAW_IMAGE)
)
TYPES.register(get_types_from_msg(f"{_HEADER}uint8[] data\nstring format", FOXGLOVE_IMAGE))
_COMPRESSED_IMAGE = "sensor_msgs/msg/CompressedImage"

# The defaults of compressed_depth_image_transport, for 32FC1: A and B of q = A / depth + B.
DEPTH_MAX_M, DEPTH_QUANTISATION = 10.0, 100.0
SCALE = DEPTH_QUANTISATION * (DEPTH_QUANTISATION + 1)
OFFSET = 1 - SCALE / DEPTH_MAX_M

# A message of sensor_msgs/Image -> one of another type, and the type's name.
Coder = Callable[[Any], tuple[Any, str]]


def code_picture(extension: str, image_format: str, *options: int) -> Coder:
    """.../compressed: a whole image file, its format as the plugin or driver writes it."""

    def code(image: Any) -> tuple[Any, str]:
        pixels = get_pixels(image)
        coded = cv2.imencode(extension, pixels, options)[1]
        return _compress(image, image_format, coded.tobytes())

    return code


def code_empty(image: Any) -> tuple[Any, str]:
    """.../compressed of depth with the plugin's default: JPEG cannot hold it."""
    return _compress(image, "16UC1; jpeg compressed ", b"")


def code_depth_png(image_format: str) -> Coder:
    """.../compressedDepth of 16UC1."""

    def code(image: Any) -> tuple[Any, str]:
        coded = cv2.imencode(".png", get_pixels(image))[1]
        return _compress(image, image_format, struct.pack("<iff", 0, 0.0, 0.0) + coded.tobytes())

    return code


def code_depth_rvl(encode: Callable[[np.ndarray], bytes]) -> Coder:
    """The same, by an encoder of RVL."""

    def code(image: Any) -> tuple[Any, str]:
        header = struct.pack("<iffII", 0, 0.0, 0.0, image.width, image.height)
        return _compress(image, "16UC1; compressedDepth rvl", header + encode(get_pixels(image)))

    return code


def code_depth_float(image: Any) -> tuple[Any, str]:
    """.../compressedDepth of 32FC1: the inverse depth in 16 bits, which overflow."""
    depth_m = get_pixels(image).astype(np.float32) * np.float32(0.001)
    valid = depth_m > 0
    quantised = np.zeros(depth_m.shape, np.int64)
    quantised[valid] = (SCALE / depth_m[valid] + OFFSET).astype(np.int64) % 65536
    coded = cv2.imencode(".png", quantised.astype(np.uint16))[1].tobytes()
    return _compress(image, "32FC1; compressedDepth png", struct.pack("<iff", 1, SCALE, OFFSET) + coded)


def code_zstd(compress: Callable[[bytes], bytes] = gzip.compress) -> Coder:
    """.../zstd: of Jazzy and Kilted, whose coder is gzip, or of later ones."""

    def code(image: Any) -> tuple[Any, str]:
        encoding = image.encoding.encode()
        header = struct.pack("<IIBII", image.height, image.width, image.is_bigendian, image.step, len(encoding))
        return _compress(image, "zstd", header + encoding + compress(bytes(image.data)))

    return code


def code_foxglove_raw(image: Any) -> tuple[Any, str]:
    return TYPES.types[RAW_IMAGE](
        timestamp=image.header.stamp,
        frame_id=image.header.frame_id,
        width=image.width,
        height=image.height,
        encoding=image.encoding,
        step=image.step,
        data=image.data,
    ), RAW_IMAGE


def code_foxglove_compressed(image: Any) -> tuple[Any, str]:
    is_color = image.encoding == "bgr8"
    message, _ = code_picture(".jpg" if is_color else ".png", "")(image)
    return TYPES.types[FOXGLOVE_IMAGE](
        timestamp=image.header.stamp,
        frame_id=image.header.frame_id,
        data=message.data,
        format="jpeg" if is_color else "png",
    ), FOXGLOVE_IMAGE


def convert_to_rgb(image: Any) -> Any:
    """bgr8 -> rgb8."""
    pixels = np.ascontiguousarray(get_pixels(image)[..., ::-1])
    return replace(image, encoding="rgb8", data=pixels.reshape(-1))


def get_pixels(image: Any) -> np.ndarray:
    """(H, W) or (H, W, 3) of bgr8, mono8 or 16UC1."""
    dtype = np.dtype(np.uint16 if image.encoding == "16UC1" else np.uint8)
    return np.asarray(image.data).view(dtype).reshape(image.height, image.width, -1).squeeze()


def _compress(image: Any, image_format: str, data: bytes) -> tuple[Any, str]:
    message = TYPES.types[_COMPRESSED_IMAGE](
        header=image.header, format=image_format, data=np.frombuffer(data, np.uint8)
    )
    return message, _COMPRESSED_IMAGE
