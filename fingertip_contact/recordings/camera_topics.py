"""The image topics of one camera in a bag, found by the endings of their names."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from fingertip_contact.cameras.profile import CameraProfile
from fingertip_contact.transports.any_image import IMAGE_TYPES, TRANSPORTS, strip_transport

# Of one image in several transports the most exact is read; JPEG comes last, and not at all for depth where there is
# another.
_TRANSPORT_ORDER = ("", *TRANSPORTS)


@dataclass(frozen=True)
class CameraTopics:
    """color: images. depth: aligned to colour. imagers: of the left and the right imager. None: not recorded.
    ignored: image topics of these kinds that belong to another camera."""

    color: str
    depth: str | None
    imagers: tuple[str, str] | None
    ignored: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Found:
    """A topic, and the namespace of its camera: what stands before the ending."""

    topic: str
    camera: str


def find_camera_topics(
    topics: Mapping[str, str], camera_profile: CameraProfile, path: Path, color_topic: str | None = None
) -> CameraTopics:
    """topics: of the bag `path`, name -> message type. color_topic: of the wanted camera, where there are several.

    Depth and imagers are those of the colour camera's namespace. The imagers count only together, with the right one's
    camera_info, which has the baseline. Raises ValueError without colour images, and for colour of several cameras.
    """
    images = [topic for topic, message_type in topics.items() if message_type in IMAGE_TYPES]
    color = _find_color(images, camera_profile, path, color_topic, topics)
    others = {
        "depth": _find_all(images, camera_profile.depth_topics),
        "left": _find_all(images, camera_profile.left_topics),
        "right": _find_all(images, camera_profile.right_topics),
    }
    own = {
        name: next((one.topic for one in found if one.camera == color.camera), None) for name, found in others.items()
    }
    left, right = own["left"], own["right"]
    imagers = None
    if left is not None and right is not None and camera_info_topic(right) in topics:
        imagers = left, right
    ignored = tuple(one.topic for found in others.values() for one in found if one.camera != color.camera)
    return CameraTopics(color.topic, own["depth"], imagers, ignored)


def camera_info_topic(image_topic: str) -> str:
    """The camera_info topic that belongs to an image topic, compressed or not."""
    return f"{strip_transport(image_topic).rsplit('/', 1)[0]}/camera_info"


def describe_topics(topics: Mapping[str, str]) -> str:
    """The topics of a bag with their types, for messages."""
    return f"found: {', '.join(f'{topic} ({type_})' for topic, type_ in sorted(topics.items())) or 'no topics'}"


def _find_color(
    images: list[str],
    camera_profile: CameraProfile,
    path: Path,
    color_topic: str | None,
    topics: Mapping[str, str],
) -> _Found:
    if color_topic is not None:
        if color_topic not in images:
            raise ValueError(f"{path} has no images on {color_topic}; {describe_topics(topics)}")
        found = _find_all([color_topic], camera_profile.color_topics)
        return found[0] if found else _Found(color_topic, strip_transport(color_topic).rsplit("/", 1)[0])
    found = _find_all(images, camera_profile.color_topics)
    if not found:
        raise ValueError(
            f"{path} has no colour images: wanted a topic of type {' or '.join(IMAGE_TYPES[:2])} ending in "
            f"{' or '.join(camera_profile.color_topics)}; {describe_topics(topics)}; "
            "record the camera's colour images and their camera_info, or name the topic: --color-topic"
        )
    if len({one.camera for one in found}) > 1:
        raise ValueError(
            f"{path} holds colour images of several cameras: {', '.join(one.topic for one in found)}; "
            "say which one to read: --color-topic"
        )
    return found[0]


def _find_all(images: Iterable[str], endings: tuple[str, ...]) -> list[_Found]:
    """The topics with one of the endings, the preferred ending and transport first; one of each camera."""
    best: dict[str, tuple[int, int, str]] = {}
    for topic in images:
        base = strip_transport(topic)
        transport = topic[len(base) + 1 :]
        for rank, ending in enumerate(endings):
            if f"/{base.lstrip('/')}".endswith(ending):
                camera = f"/{base.lstrip('/')}".removesuffix(ending)
                candidate = (rank, _TRANSPORT_ORDER.index(transport), topic)
                best[camera] = min(best.get(camera, candidate), candidate)
                break
    return [_Found(topic, camera) for camera, (_, _, topic) in sorted(best.items(), key=lambda item: item[1])]
