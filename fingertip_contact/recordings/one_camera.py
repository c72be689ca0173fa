"""Whether a bag's topics are of one camera, by the frames that their messages name.

Names of topics alone do not tell: a webcam's colour may stand beside a depth camera's depth in one namespace. Aligned
depth is in the colour camera's optical frame by definition, and so is the camera_info of its images (REP 104).
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class FramedTopic:
    """A topic, and the frame of its first message; empty where it names none."""

    topic: str
    frame_id: str

    def is_apart_from(self, other: FramedTopic) -> bool:
        """Whether both name a frame, and not the same."""
        return bool(self.frame_id and other.frame_id) and self.frame_id.strip("/") != other.frame_id.strip("/")


def describe_conflict(color: FramedTopic, other: FramedTopic) -> str:
    """Two topics of different cameras, in words."""
    return f"{other.topic} is in the frame {other.frame_id!r}, {color.topic} in {color.frame_id!r}"


def refuse_other_camera(path: Path, color: FramedTopic, depth: FramedTopic, choices: Iterable[str]) -> None:
    """Raises ValueError that says what can be read. choices: the image topics that may be this depth's colour."""
    others = ", ".join(topic for topic in choices if topic not in (color.topic, depth.topic)) or "none"
    raise ValueError(
        f"{path}: depth and colour are of two cameras: {describe_conflict(color, depth)}; choose --color-topic "
        f"{color.topic} for colour without this depth, or the depth's own colour (other image topics: {others})"
    )
