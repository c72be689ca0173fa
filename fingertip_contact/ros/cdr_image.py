"""A serialised sensor_msgs/Image, read where it lies.

rclpy makes three copies of an image on its way into Python, in which no other thread runs: 1.5 ms for the colour and
depth of a 640x480 camera. The bytes of a raw subscription hold it already.
"""

from __future__ import annotations

from dataclasses import dataclass

from fingertip_contact.ros.cdr import CdrReader, Header


@dataclass(frozen=True)
class SerializedImage:
    """The fields of sensor_msgs/Image. data: a view of the message's bytes."""

    header: Header
    height: int
    width: int
    encoding: str
    is_bigendian: int
    step: int
    data: memoryview


def read_image(cdr: bytes) -> SerializedImage:
    """Raises ValueError where the bytes end before the image does, or a text is not UTF-8."""
    reader = CdrReader(cdr)
    header = reader.read_header()
    height, width, encoding = reader.read("I"), reader.read("I"), reader.read_text()
    is_bigendian, step = reader.read("B"), reader.read("I")
    return SerializedImage(header, height, width, encoding, is_bigendian, step, reader.read_bytes(reader.read("I")))
