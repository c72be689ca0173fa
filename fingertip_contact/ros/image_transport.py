"""Image topics of any transport: their names and types, and their messages as images.

Images are decoded by fingertip_contact.transports, as those of recordings are; that takes milliseconds, so nodes do it
in their workers and not in callbacks.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from typing import Any

from rclpy.node import Node
from rclpy.subscription import Subscription
from sensor_msgs.msg import CompressedImage, Image

from fingertip_contact.ros import qos
from fingertip_contact.ros.cdr_image import read_image
from fingertip_contact.transports.compressed_image import decompress_image

RAW, COMPRESSED, COMPRESSED_DEPTH, ZSTD = "raw", "compressed", "compressedDepth", "zstd"
COLOR_TRANSPORTS = (RAW, COMPRESSED, ZSTD)
DEPTH_TRANSPORTS = (RAW, COMPRESSED_DEPTH, COMPRESSED, ZSTD)
# Of replay_node: as the bag has them.
AS_RECORDED = "recorded"
# Of a parameter: whatever `image_transport` says.
SAME = "same"


def choose_depth_transport(image_transport: str, depth_image_transport: str) -> str:
    """Of the two parameters; JPEG, which `compressed` means for colour, cannot hold depth."""
    if depth_image_transport != SAME:
        return depth_image_transport
    return COMPRESSED_DEPTH if image_transport == COMPRESSED else image_transport


def choose_infra_transport(image_transport: str, infra_image_transport: str) -> str:
    """Of the two parameters."""
    return image_transport if infra_image_transport == SAME else infra_image_transport


def name_topic(node: Node, topic: str, transport: str) -> str:
    """The topic that carries the images of `topic`: `/camera/color/image_raw/compressed`. It follows a remapping of
    `topic`, as image_transport's subscribers do since Jazzy."""
    return topic if transport == RAW else f"{node.resolve_topic_name(topic)}/{transport}"


def message_class(transport: str) -> type:
    """Of the messages of a transport."""
    return Image if transport == RAW else CompressedImage


def subscribe_to_images(
    node: Node, topic: str, transport: str, receive: Callable[[Any], None], active: ExitStack
) -> Subscription:
    """Until `active` is closed. receive: gets a CompressedImage, or of the transport `raw` a SerializedImage."""
    name, message_type = name_topic(node, topic, transport), message_class(transport)
    is_raw = message_type is Image
    subscription = qos.create_subscription(
        node,
        message_type,
        name,
        (lambda cdr: receive(read_image(cdr))) if is_raw else receive,
        qos.IMAGE_IN,
        raw=is_raw,
    )
    active.callback(node.destroy_subscription, subscription)
    return subscription


def decode(message: Any) -> Any:
    """An image of any transport, with the fields of sensor_msgs/Image; other messages as they are.

    Raises ValueError if it cannot be decompressed.
    """
    return decompress_image(message) if isinstance(message, CompressedImage) else message


def decode_all(received: Mapping[str, Any]) -> dict[str, Any]:
    """The messages of a frame by topic, with their images decoded."""
    return {topic: decode(message) for topic, message in received.items()}
