"""ROS bags, read without ROS: rosbag2 folders, single .mcap and .db3 files and ROS 1 .bag files."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rosbags.interfaces import Qos
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from fingertip_contact.recordings.bag_files import find_bag_files
from fingertip_contact.recordings.storage import BagError, BagStorage, StoredMessage
from fingertip_contact.transports.any_image import (
    FOXGLOVE_COMPRESSED_IMAGE,
    FOXGLOVE_RAW_IMAGE,
    read_image,
)

CAMERA_INFO = "sensor_msgs/msg/CameraInfo"

# Image and CameraInfo are the same in every ROS 2 release, so one type store reads and writes them all.
TYPES = get_typestore(Stores.ROS2_KILTED)

# Foxglove's types as its ROS package defines them.
for _type, _definition in (
    (FOXGLOVE_RAW_IMAGE, "uint32 width\nuint32 height\nstring encoding\nuint32 step\nuint8[] data"),
    (FOXGLOVE_COMPRESSED_IMAGE, "uint8[] data\nstring format"),
):
    TYPES.register(get_types_from_msg(f"builtin_interfaces/Time timestamp\nstring frame_id\n{_definition}", _type))

# How much of a bag's end is read for the last message of a topic, at first.
_LAST_SECONDS_NS = 2 * 10**8


@dataclass(frozen=True)
class RawMessage:
    """A message as stored in the bag. stamp_ns: time of recording. cdr: serialised, not copied."""

    topic: str
    type: str
    stamp_ns: int
    cdr: bytes


class Bag:
    """Any bag, open for reading; use `open_bag`.

    topics: name -> message type. offered_qos: topic -> what its publishers offered, empty if not stated.
    duration_s: from the first message to the last.
    """

    def __init__(self, path: Path, storage: BagStorage) -> None:
        self.path = path
        self._storage = storage
        self.topics: dict[str, str] = {connection.topic: connection.msgtype for connection in storage.connections}
        self.offered_qos: dict[str, tuple[Qos, ...]] = {topic: storage.find_offered_qos(topic) for topic in self.topics}
        self.duration_s = (storage.end_ns - storage.start_ns) / 1e9

    def message_count(self, topic: str) -> int:
        return self._storage.counts[topic]

    def messages(self, topics: Iterable[str] | None = None) -> Iterator[RawMessage]:
        """The messages of some topics, or of all, in the order of recording.

        Raises ValueError if the bag ends before its last message, with the number of messages read.
        """
        wanted = set(self.topics if topics is None else topics) & set(self.topics)
        expected = sum(map(self.message_count, wanted))
        count = 0
        messages = self._storage.messages(wanted)
        while True:
            with _bag_errors(self.path, f" after {count} of {expected} messages"):
                message = next(messages, None)
            if message is None:
                break
            count += 1
            yield _make_raw_message(message)
        if count < expected:
            raise ValueError(f"{self.path} is truncated: it ends after {count} of {expected} messages; record it again")

    def last_message(self, topic: str) -> RawMessage | None:
        """The last message of a topic, without reading the others; None if there is none."""
        if not self.message_count(topic):
            return None
        last = None
        window_ns = _LAST_SECONDS_NS
        with _bag_errors(self.path, f" at the end of {topic}"):
            while last is None and window_ns < 4 * max(self._storage.end_ns - self._storage.start_ns, window_ns):
                for message in self._storage.messages([topic], self._storage.end_ns - window_ns):
                    last = message
                window_ns *= 4
        return None if last is None else _make_raw_message(last)


def _make_raw_message(message: StoredMessage) -> RawMessage:
    return RawMessage(message.topic, message.type, message.stamp_ns, message.cdr)


@contextmanager
def open_bag(path: str | Path) -> Iterator[Bag]:
    """Opens a rosbag2 folder, a single .mcap or .db3 file, or a ROS 1 .bag file.

    Raises FileNotFoundError if it does not exist, ValueError if it cannot be read as a bag.
    """
    path = Path(path)
    if not path.exists():
        raise FileNotFoundError(f"recording {path} does not exist")
    files = find_bag_files(path)
    with ExitStack() as stack:
        with _bag_errors(path):
            storage = stack.enter_context(BagStorage(files))
        yield Bag(path, storage)


@contextmanager
def _bag_errors(path: Path, progress: str = "") -> Iterator[None]:
    """Turns every error of the bag library into one ValueError."""
    try:
        yield
    except BagError:
        raise
    # On a damaged file the library and its decompressors raise exceptions of many types.
    except Exception as error:
        raise ValueError(
            f"{path} cannot be read{progress}: {str(error) or repr(error)}; it is truncated, damaged or not a bag: "
            "record or copy it again (`mcap recover` restores the intact part of an MCAP file)"
        ) from error


def deserialize(path: Path, message: RawMessage) -> Any:
    """A message of the bag `path`. Raises ValueError if it is damaged, or of an unknown type."""
    with _bag_errors(path, f" at {message.topic}"):
        return TYPES.deserialize_cdr(message.cdr, message.type)


def read_message_image(path: Path, message: RawMessage) -> Any:
    """The image of any message that has one, with the fields of sensor_msgs/Image."""
    content = deserialize(path, message)
    try:
        return read_image(content, message.type)
    except ValueError as error:
        raise ValueError(f"{path}, {message.topic} at {message.stamp_ns} ns: {error}") from error
