"""What is in a bag, topic by topic: types, encodings, sizes, rates, gaps, and how its streams pair."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from fingertip_contact.recordings.bag import CAMERA_INFO, Bag, RawMessage, deserialize, read_message_image
from fingertip_contact.transports.any_image import IMAGE_TYPES

# A pause is a gap if it is longer than so many usual intervals.
GAP_INTERVALS = 1.5
# Header.stamp, the first field of a message, behind the four bytes that state the byte order.
_STAMP_OFFSET = 4
# Types of no image whose first field is a header.
_STAMPED_TYPES = (*IMAGE_TYPES, CAMERA_INFO)


@dataclass(frozen=True)
class TopicSummary:
    """content: of an image its encoding and size, of a camera_info its intrinsics, in words; or why it cannot be read.
    rate_hz: the median; None for fewer than two messages. gaps: pauses over GAP_INTERVALS usual intervals;
    longest_gap_s: the longest pause. repeated_stamps: messages whose stamp is not after the one before. Stamps are
    those of the headers, of other messages the time of recording. first_s: the first message, from the beginning of
    the bag.
    """

    name: str
    type: str
    count: int
    content: str
    mean_bytes: int
    rate_hz: float | None
    gaps: int
    longest_gap_s: float
    repeated_stamps: int
    first_s: float


@dataclass(frozen=True)
class BagInspection:
    """topics: by name. stamps_ns: of the topics with images."""

    topics: tuple[TopicSummary, ...]
    stamps_ns: Mapping[str, np.ndarray]

    def paired_share(self, topic: str, partner: str) -> float:
        """Share of a topic's images that have one of exactly their stamp on another topic, 0..1."""
        stamps_ns = self.stamps_ns[topic]
        return float(np.isin(stamps_ns, self.stamps_ns[partner]).mean()) if len(stamps_ns) else 0.0


def inspect_bag(bag: Bag) -> BagInspection:
    """Reads the whole bag once. Raises ValueError if it is truncated or damaged."""
    stamps_ns: dict[str, list[int]] = defaultdict(list)
    first_ns: dict[str, int] = {}
    content: dict[str, str] = {}
    sizes: dict[str, int] = defaultdict(int)
    for message in bag.messages():
        if message.topic not in first_ns:
            first_ns[message.topic] = message.stamp_ns
            content[message.topic] = _describe_content(bag, message)
        sizes[message.topic] += len(message.cdr)
        stamps_ns[message.topic].append(_read_stamp_ns(message))
    start_ns = min(first_ns.values(), default=0)
    topics = []
    for name, type_ in sorted(bag.topics.items()):
        count = len(stamps_ns[name])
        rate_hz, gaps, longest_gap_s, repeated = _measure_intervals(np.array(stamps_ns[name], np.int64))
        topics.append(
            TopicSummary(
                name,
                type_,
                count,
                content.get(name, ""),
                sizes[name] // max(count, 1),
                rate_hz,
                gaps,
                longest_gap_s,
                repeated,
                (first_ns.get(name, start_ns) - start_ns) / 1e9,
            )
        )
    images = {name: np.array(stamps_ns[name], np.int64) for name, type_ in bag.topics.items() if type_ in IMAGE_TYPES}
    return BagInspection(tuple(topics), images)


def _describe_content(bag: Bag, message: RawMessage) -> str:
    try:
        if message.type in IMAGE_TYPES:
            return _describe_image(deserialize(bag.path, message), read_message_image(bag.path, message))
        if message.type == CAMERA_INFO:
            return _describe_camera_info(deserialize(bag.path, message))
    except ValueError as error:
        return f"not readable: {error}"
    return ""


def _describe_image(message: Any, image: Any) -> str:
    text = f"{image.encoding} {image.width}x{image.height}"
    return f"{text}, {message.format.strip()}" if getattr(message, "format", "") else text


def _describe_camera_info(info: Any) -> str:
    # Messages of ROS 2 and rosbags name the fields alike.
    distortion = f"{info.distortion_model or 'no model'}, {'distorted' if np.any(info.d) else 'not distorted'}"
    baseline = f", baseline {-1000 * info.p[3] / info.k[0]:.1f} mm" if info.p[3] and info.k[0] else ""
    return f"{info.width}x{info.height}, f = {info.k[0]:.1f} {info.k[4]:.1f} px, {distortion}{baseline}"


def _read_stamp_ns(message: RawMessage) -> int:
    if message.type not in _STAMPED_TYPES:
        return message.stamp_ns
    dtype = "<u4" if message.cdr[1] & 1 else ">u4"
    seconds, nanoseconds = np.frombuffer(message.cdr, dtype, 2, _STAMP_OFFSET)
    return int(seconds) * 10**9 + int(nanoseconds)


def _measure_intervals(stamps_ns: np.ndarray) -> tuple[float | None, int, float, int]:
    """Rate, gaps, the longest pause in seconds, and the number of stamps that do not advance."""
    if len(stamps_ns) < 2:
        return None, 0, 0.0, 0
    intervals_ns = np.diff(stamps_ns)
    repeated = int(np.count_nonzero(intervals_ns <= 0))
    usual_ns = float(np.median(intervals_ns))
    if usual_ns <= 0:
        return None, 0, float(intervals_ns.max()) / 1e9, repeated
    gaps = int(np.count_nonzero(intervals_ns > GAP_INTERVALS * usual_ns))
    return 1e9 / usual_ns, gaps, float(intervals_ns.max()) / 1e9, repeated
