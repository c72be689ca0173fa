"""The image topics of one camera in a bag, found by the endings of their names."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from fingertip_contact.cameras.profile import CameraProfile

IMAGE = "sensor_msgs/msg/Image"


@dataclass(frozen=True)
class CameraTopics:
    """color: images. depth: aligned to colour. imagers: of the left and the right imager. None: not recorded."""

    color: str
    depth: str | None
    imagers: tuple[str, str] | None


def find_camera_topics(topics: Mapping[str, str], camera_profile: CameraProfile, path: Path) -> CameraTopics:
    """topics: of the bag `path`, name -> message type. The imagers count only together, with the right one's
    camera_info, which has the baseline.

    Raises ValueError without colour images, and for a bag of several cameras.
    """
    images = [topic for topic, message_type in topics.items() if message_type == IMAGE]
    color = _find_topic(images, "colour images", camera_profile.color_topics, path)
    if color is None:
        raise ValueError(
            f"{path} has no colour images: wanted a topic of type {IMAGE} ending in "
            f"{' or '.join(camera_profile.color_topics)}; {describe_topics(topics)}; "
            "record the camera's colour images and their camera_info"
        )
    left = _find_topic(images, "images of the left imager", camera_profile.left_topics, path)
    right = _find_topic(images, "images of the right imager", camera_profile.right_topics, path)
    imagers = None
    if left is not None and right is not None and camera_info_topic(right) in topics:
        imagers = left, right
    return CameraTopics(
        color, _find_topic(images, "depth aligned to colour", camera_profile.depth_topics, path), imagers
    )


def camera_info_topic(image_topic: str) -> str:
    """The camera_info topic that belongs to an image topic."""
    return f"{image_topic.rsplit('/', 1)[0]}/camera_info"


def describe_topics(topics: Mapping[str, str]) -> str:
    """The topics of a bag with their types, for messages."""
    return f"found: {', '.join(f'{topic} ({type_})' for topic, type_ in sorted(topics.items())) or 'no topics'}"


def _find_topic(images: Collection[str], description: str, endings: tuple[str, ...], path: Path) -> str | None:
    """The topic of the first ending that one has."""
    for ending in endings:
        found = [topic for topic in images if f"/{topic.lstrip('/')}".endswith(ending)]
        if len(found) > 1:
            raise ValueError(
                f"{path} holds {description} of several cameras: {', '.join(found)}; record one camera per bag"
            )
        if found:
            return found[0]
    return None
