"""Compressed images that cannot be read are one error each; formats are read as they are written."""

from __future__ import annotations

import struct
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from fingertip_contact.transports.any_image import strip_transport
from fingertip_contact.transports.compressed_image import (
    MAX_INVERSE_DEPTH_M,
    decompress_image,
    find_nearest_depth_m,
)
from recording_forms import coders

PNG_16 = cv2.imencode(".png", np.full((4, 6), 350, np.uint16))[1].tobytes()
PNG_8 = cv2.imencode(".png", np.full((4, 6, 3), 9, np.uint8))[1].tobytes()
DEPTH_HEADER = struct.pack("<iff", 0, 0.0, 0.0)


def make(image_format: str, data: bytes) -> SimpleNamespace:
    return SimpleNamespace(header=None, format=image_format, data=np.frombuffer(data, np.uint8))


@pytest.mark.parametrize(
    ("image_format", "encoding"),
    [
        ("bgr8; png compressed bgr8", "bgr8"),
        ("rgb8; png compressed bgr8", "bgr8"),
        ("rgb8; png compressed rgb8", "rgb8"),
        ("rgb8; png compressed ", "rgb8"),
        ("png", "bgr8"),
    ],
)
def test_channel_order(image_format, encoding):
    """The order is that of what was coded, not of the camera's image."""
    assert decompress_image(make(image_format, PNG_8)).encoding == encoding


@pytest.mark.parametrize(
    ("image_format", "data", "message"),
    [
        ("16UC1; jpeg compressed ", b"", "is empty: JPEG cannot hold depth; record the topic .../compressedDepth"),
        ("jpeg", b"no picture", r"'jpeg'\) cannot be decoded: 10 bytes that begin with 6e 6f 20 70; jpeg, png"),
        ("h264", b"\0\0\0\1gave", r"'h264'\) cannot be decoded"),
        ("16UC1; compressedDepth png", b"short", "holds 5 bytes, not even its header"),
        ("16UC1; compressedDepth png", DEPTH_HEADER + PNG_8, "has to be 16 bits grey"),
        ("16UC1; compressedDepth rvl", DEPTH_HEADER + b"\xff" * 16, "states a size of"),
        ("zstd", b"short", "zstd image holds 5 bytes, not even its header"),
        ("zstd", struct.pack("<IIBII", 4, 6, 0, 18, 4) + b"bgr8" + b"garbage", "cannot be decompressed"),
    ],
)
def test_unreadable_images(image_format, data, message):
    with pytest.raises(ValueError, match=message):
        decompress_image(make(image_format, data))


def test_depth_png_keeps_its_counts():
    image = decompress_image(make("16UC1; compressedDepth", DEPTH_HEADER + PNG_16))
    assert (image.encoding, image.width, image.height) == ("16UC1", 6, 4)
    assert (np.asarray(image.data).view(np.uint16) == 350).all()


def test_float_depth_has_a_limit():
    """0.150 m comes back as 5.62 m: it is dropped, as all that is too far for a desk; the limit is told."""
    depth_mm = np.array([[0, 150, 160, 350, 900, 2000]], np.uint16)
    data = depth_mm.view(np.uint8).reshape(-1)
    source = SimpleNamespace(header=None, encoding="16UC1", height=1, width=6, data=data)
    message, _ = coders.code_depth_float(source)
    assert find_nearest_depth_m(message) == pytest.approx(0.1518, abs=1e-4)
    depth_m = np.asarray(decompress_image(message).data).view(np.float32)
    np.testing.assert_allclose(depth_m, [np.nan, np.nan, 0.16, 0.35, 0.9, np.nan], rtol=2e-3)
    assert MAX_INVERSE_DEPTH_M < 5.62


@pytest.mark.parametrize(
    ("topic", "base"),
    [
        ("/camera/color/image_raw/compressed", "/camera/color/image_raw"),
        ("/camera/depth/image/compressedDepth", "/camera/depth/image"),
        ("/camera/color/image_raw", "/camera/color/image_raw"),
    ],
)
def test_topic_of_a_transport(topic, base):
    assert strip_transport(topic) == base
