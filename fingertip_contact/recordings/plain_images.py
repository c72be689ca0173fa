"""A bag's images of any transport as sensor_msgs/Image under their plain topics, which every subscriber reads."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

import numpy as np

from fingertip_contact.recordings.bag import TYPES, RawMessage, read_message_image
from fingertip_contact.transports.any_image import IMAGE, IMAGE_TYPES, TRANSPORTS, find_transport, strip_transport

_ORDER = ("", *TRANSPORTS)


def find_coded_topics(topics: Mapping[str, str]) -> dict[str, str]:
    """The image topics that are not sensor_msgs/Image, each with its plain name. topics: name -> type.

    Of one image in several transports only the most exact is there; none where the plain one is.
    """
    found: dict[str, list[str]] = {}
    for topic, message_type in topics.items():
        if message_type in IMAGE_TYPES:
            found.setdefault(strip_transport(topic), []).append(topic)
    best = {base: min(names, key=lambda name: _ORDER.index(find_transport(name))) for base, names in found.items()}
    return {topic: base for base, topic in best.items() if topics[topic] != IMAGE}


def make_plain_image(path: Path, message: RawMessage) -> RawMessage:
    """An image of the bag `path` as sensor_msgs/Image, serialised, under its plain topic.

    Raises ValueError that names path, topic and time if it cannot be decompressed.
    """
    image = read_message_image(path, message)
    content = TYPES.types[IMAGE](
        header=image.header,
        height=image.height,
        width=image.width,
        encoding=image.encoding,
        is_bigendian=int(image.is_bigendian),
        step=image.step,
        data=np.frombuffer(image.data, np.uint8),
    )
    cdr = bytes(TYPES.serialize_cdr(content, IMAGE))
    return replace(message, topic=strip_transport(message.topic), type=IMAGE, cdr=cdr)
