"""Serialised messages get another stamp without deserialisation."""

from __future__ import annotations

import pytest

pytest.importorskip("rclpy")

from rclpy.serialization import deserialize_message, serialize_message
from sensor_msgs.msg import Image

from fingertip_contact.ros import cdr, messages


def test_restamping_changes_only_the_stamp():
    """Compared with rclpy's own serialisation."""
    image = Image(header=messages.make_header(5_000_000_007, "camera"), height=1, width=2, step=2, data=[1, 2])
    serialised = serialize_message(image)
    assert cdr.read_stamp_ns(serialised) == 5_000_000_007
    image.header = messages.make_header(1_700_000_000_123_456_789, "camera")
    moved = cdr.replace_stamp(memoryview(serialised), 1_700_000_000_123_456_789)
    assert moved == serialize_message(image)
    assert deserialize_message(moved, Image) == image


def test_big_endian_messages_are_read():
    """The second byte of a message states the byte order."""
    message = bytes([0, 0, 0, 0]) + (7).to_bytes(4, "big") + (9).to_bytes(4, "big") + b"rest"
    assert cdr.read_stamp_ns(message) == 7_000_000_009
    assert cdr.read_stamp_ns(cdr.replace_stamp(message, 8_000_000_001)) == 8_000_000_001
