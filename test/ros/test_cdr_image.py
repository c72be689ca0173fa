"""Rules of images that are read where they lie."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest

pytest.importorskip("rclpy")

from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import serialize_message
from sensor_msgs.msg import Image

from fingertip_contact.ros import messages
from fingertip_contact.ros.cdr_image import read_image
from fingertip_contact.ros.images import decode_color_bgr

TEXTS = st.text(max_size=40).filter(lambda text: "\0" not in text)


def make_image(frame_id: str = "camera_color_optical_frame", encoding: str = "bgr8", **fields: object) -> Image:
    image = Image(header=messages.make_header(1_700_000_000_123_456_789, frame_id), encoding=encoding)
    for name, value in ({"height": 2, "width": 3, "step": 9, "data": bytes(range(18))} | fields).items():
        setattr(image, name, value)
    return image


@given(TEXTS, TEXTS, st.binary(max_size=40), st.integers(0, 2**32 - 1), st.integers(0, 255))
def test_fields_are_those_of_the_message(frame_id: str, encoding: str, data: bytes, size: int, is_bigendian: int):
    """As rclpy serialises it, whatever the lengths of its texts."""
    image = make_image(frame_id, encoding, data=data, height=size, width=size // 2, step=size // 3)
    image.is_bigendian = is_bigendian
    seen = read_image(serialize_message(image))
    assert (seen.header.stamp.sec, seen.header.stamp.nanosec) == (image.header.stamp.sec, image.header.stamp.nanosec)
    assert (seen.header.frame_id, seen.encoding, bytes(seen.data)) == (frame_id, encoding, data)
    assert (seen.height, seen.width, seen.step, seen.is_bigendian) == (size, size // 2, size // 3, is_bigendian)


def test_pixels_are_not_copied():
    """The array is a view of the message's bytes."""
    cdr = serialize_message(make_image())
    pixels = decode_color_bgr(read_image(cdr))
    assert np.array_equal(pixels.ravel(), np.arange(18))
    assert np.shares_memory(pixels, np.frombuffer(cdr, np.uint8))


def test_big_endian_messages_are_read():
    """Byte 1 of the encapsulation tells."""
    cdr = (
        bytes([0, 0, 0, 0])
        + (5).to_bytes(4, "big") + (7).to_bytes(4, "big")
        + (2).to_bytes(4, "big") + b"f\0" + bytes(2)
        + (1).to_bytes(4, "big") + (2).to_bytes(4, "big")
        + (6).to_bytes(4, "big") + b"mono8\0" + b"\1" + bytes(1)
        + (2).to_bytes(4, "big") + (2).to_bytes(4, "big") + b"\x08\x09"
    )  # fmt: skip
    image = read_image(cdr)
    assert (image.header.stamp.sec, image.header.stamp.nanosec, image.header.frame_id) == (5, 7, "f")
    assert (image.height, image.width, image.encoding, image.is_bigendian, image.step) == (1, 2, "mono8", 1, 2)
    assert bytes(image.data) == b"\x08\x09"


@given(st.integers(0, 200))
def test_what_is_cut_off_is_refused(length: int):
    """Wherever it ends."""
    cdr = serialize_message(make_image())[:length]
    if len(cdr) == len(serialize_message(make_image())):
        return
    with pytest.raises(ValueError, match="is cut off"):
        read_image(cdr)


@given(st.binary(max_size=120))
def test_noise_is_an_image_or_refused(noise: bytes):
    """No other error."""
    with suppress(ValueError):
        read_image(noise)
