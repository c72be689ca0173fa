"""What librealsense's own recordings hold: topics, intrinsics, poses and stamps of their streams.

Files of the RealSense Viewer and rs-record: ROS 1 .bag up to version 2.56; .db3, rosbag2 with SQLite, since 2.58.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from fingertip_contact.geometry import RigidTransform
from fingertip_contact.transports.any_image import IMAGE_TYPES

_IMAGE_TOPIC = re.compile(r"(?P<prefix>/device_\d+/sensor_\d+/(?P<stream>[A-Za-z]+_\d+))/image/data(/\w+)?")
_DEPTH_UNITS_TOPIC = re.compile(r"/device_\d+/sensor_\d+/option/depth[ _]units/value", re.IGNORECASE)
COLOR, DEPTH, LEFT, RIGHT = "Color_0", "Depth_0", "Infrared_1", "Infrared_2"


@dataclass(frozen=True)
class RealsenseStream:
    """name: COLOR, DEPTH, LEFT or RIGHT. The topics of its images, intrinsics and stamps, and its pose; None where the
    file has none."""

    name: str
    images: str
    camera_info: str | None
    metadata: str | None
    pose: str | None


def is_librealsense(topics: Mapping[str, str]) -> bool:
    """Whether a bag with these topics was written by librealsense."""
    return any(map(_IMAGE_TOPIC.fullmatch, topics))


def find_streams(topics: Mapping[str, str]) -> dict[str, RealsenseStream]:
    """The streams of the first device, by name. topics: name -> type."""
    streams: dict[str, RealsenseStream] = {}
    for topic, type_ in sorted(topics.items()):
        match = _IMAGE_TOPIC.fullmatch(topic)
        if match is None or type_ not in IMAGE_TYPES:
            continue
        prefix = match["prefix"]
        infos = [name for name in topics if name.startswith(f"{prefix}/") and topics[name].endswith("/CameraInfo")]
        poses = [name for name in topics if name.startswith(f"{prefix}/tf/")]
        metadata = f"{prefix}/image/metadata"
        is_text = topics.get(metadata) == "std_msgs/msg/String"
        streams.setdefault(
            match["stream"],
            RealsenseStream(
                match["stream"],
                topic,
                infos[0] if infos else None,
                metadata if is_text else None,
                poses[0] if poses else None,
            ),
        )
    return streams


def find_depth_units_topic(topics: Mapping[str, str]) -> str | None:
    """The option of the depth sensor that holds its unit, metres."""
    return next(filter(_DEPTH_UNITS_TOPIC.fullmatch, topics), None)


def parse_fields(text: str) -> dict[str, str]:
    """`Frame number=1;timestamp=1700000000033.3;` -> its fields."""
    return dict(part.partition("=")[::2] for part in text.split(";") if "=" in part)


def parse_stamp_ns(text: str) -> int:
    """The exposure of an image, from its metadata; milliseconds with at most nanoseconds.

    Raises ValueError if there is none. Decimal digits are kept, which a float would round.
    """
    stamp_ms = parse_fields(text).get("timestamp")
    if stamp_ms is None:
        raise ValueError(f"the metadata of an image tell no timestamp: {text[:80]!r}")
    whole, _, fraction = stamp_ms.partition(".")
    return int(whole) * 10**6 + int(fraction[:6].ljust(6, "0") or 0)


def parse_pose(text: str) -> RigidTransform:
    """`rotation=...;translation=...`, librealsense's extrinsics of the reference stream to this one: the rotation by
    columns -> stream_from_reference."""
    fields = parse_fields(text)
    rotation, translation = (np.array(fields[name].split(","), float) for name in ("rotation", "translation"))
    return RigidTransform(rotation.reshape(3, 3).T, translation)
