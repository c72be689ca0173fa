"""Rules of images and camera_info that are read where they lie."""

from __future__ import annotations

from contextlib import suppress

import numpy as np
import pytest

pytest.importorskip("rclpy")

from hypothesis import given
from hypothesis import strategies as st
from rclpy.serialization import serialize_message
from sensor_msgs.msg import CameraInfo, Image

from fingertip_contact.geometry import Camera
from fingertip_contact.ros import camera_info_cache, messages
from fingertip_contact.ros.camera_info_cache import CameraInfoCache, to_message
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


def make_info(seconds: int, fx: float = 390.0, frame_id: str = "camera") -> CameraInfo:
    return messages.make_camera_info(
        messages.make_header(seconds * 1_000_000_000, frame_id), Camera(fx, 391.0, 320.0, 240.0, 640, 480)
    )


def test_camera_info_is_decoded_where_it_changes(monkeypatch: pytest.MonkeyPatch):
    """Each has its own stamp; one that differs in its fields, or in its frame, is another."""
    decoded = []
    decode = camera_info_cache.deserialize_message
    monkeypatch.setattr(
        camera_info_cache, "deserialize_message", lambda *arguments: decoded.append(1) or decode(*arguments)
    )
    cache = CameraInfoCache()
    for seconds, fx, frame_id, count in (
        (1, 390.0, "camera", 1),
        (2, 390.0, "camera", 1),
        (3, 400.0, "camera", 2),
        (4, 400.0, "other", 3),
        (5, 390.0, "camera", 4),
    ):
        read = cache.read(serialize_message(make_info(seconds, fx, frame_id)))
        assert (read.header.stamp.sec, read.header.frame_id, read.k[0], read.width) == (seconds, frame_id, fx, 640)
        assert len(decoded) == count


def test_camera_info_is_published_with_its_own_stamp():
    """Also where it was decoded from an earlier message; a message of rclpy stays itself."""
    cache = CameraInfoCache()
    first, second = (cache.read(serialize_message(make_info(seconds))) for seconds in (1, 2))
    assert first.decoded is second.decoded
    assert [to_message(info).header.stamp.sec for info in (first, second)] == [1, 2]
    assert serialize_message(to_message(first)) == serialize_message(make_info(1))
    message = make_info(3)
    assert to_message(message) is message


@pytest.mark.parametrize("length", [0, 3, 10, 30, 100])
def test_damaged_camera_info_is_refused(length: int):
    """Wherever it ends; the one before is still known."""
    cache = CameraInfoCache()
    whole = serialize_message(make_info(1))
    cache.read(whole)
    with pytest.raises(ValueError, match=r"cut off|cannot be read"):
        cache.read(whole[:length])
    assert cache.read(whole).width == 640
