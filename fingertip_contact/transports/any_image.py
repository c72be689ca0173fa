"""Any message with an image -> the fields of sensor_msgs/Image."""

from __future__ import annotations

from typing import Any

from fingertip_contact.transports.compressed_image import decompress_image
from fingertip_contact.transports.stored_image import StoredHeader, StoredImage

IMAGE = "sensor_msgs/msg/Image"
COMPRESSED_IMAGE = "sensor_msgs/msg/CompressedImage"
FOXGLOVE_RAW_IMAGE = "foxglove_msgs/msg/RawImage"
FOXGLOVE_COMPRESSED_IMAGE = "foxglove_msgs/msg/CompressedImage"
IMAGE_TYPES = (IMAGE, COMPRESSED_IMAGE, FOXGLOVE_RAW_IMAGE, FOXGLOVE_COMPRESSED_IMAGE)
# Subtopics of image_transport's plugins that keep single images, the most exact first.
TRANSPORTS = ("zstd", "compressedDepth", "compressed")


def read_image(message: Any, message_type: str) -> Any:
    """A message of one of IMAGE_TYPES -> the same, if it is a sensor_msgs/Image, else a StoredImage.

    Raises ValueError if it cannot be decompressed.
    """
    if message_type == IMAGE:
        return message
    if message_type == COMPRESSED_IMAGE:
        return decompress_image(message)
    header = StoredHeader(message.timestamp, message.frame_id)
    if message_type == FOXGLOVE_RAW_IMAGE:
        # foxglove.dev: RawImage is little-endian.
        return StoredImage(header, message.height, message.width, message.encoding, False, message.step, message.data)
    return decompress_image(_Compressed(header, message.format, message.data))


def strip_transport(topic: str) -> str:
    """`color/image_raw/compressed` -> `color/image_raw`: the topic that a plugin of image_transport belongs to."""
    base, _, transport = topic.rpartition("/")
    return base if transport in TRANSPORTS else topic


def find_transport(topic: str) -> str:
    """`color/image_raw/compressed` -> `compressed`; empty for a plain topic."""
    return topic[len(strip_transport(topic)) + 1 :]


class _Compressed:
    """The fields of sensor_msgs/CompressedImage."""

    def __init__(self, header: StoredHeader, image_format: str, data: Any) -> None:
        self.header, self.format, self.data = header, image_format, data
