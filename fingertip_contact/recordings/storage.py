"""The files of a bag, read by rosbags, whatever metadata.yaml says of them.

rosbags compares metadata.yaml with its files in every detail, quality of service included, and silently reads nothing
where one differs, as recorders and converters leave it. Here the files alone tell what is in them; metadata.yaml gives
their order and the number of messages that there have to be.
"""

from __future__ import annotations

import heapq
import io
import shutil
import struct
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from rosbags import rosbag1
from rosbags.interfaces import Connection, Qos
from rosbags.rosbag2.storage_mcap import McapReader
from rosbags.rosbag2.storage_sqlite3 import Sqlite3Reader
from rosbags.typesys import Stores, get_typestore

from fingertip_contact.file_locks import scratch_folder
from fingertip_contact.recordings.bag_files import BagFiles
from fingertip_contact.recordings.paths import COMPRESSED_SUFFIX
from fingertip_contact.transports.any_image import IMAGE
from fingertip_contact.transports.compressed_image import ZSTD_MAGIC, zstd

_ROS1_MAGIC = b"#ROSBAG V"
_UINT32 = struct.Struct("<I")
# An MCAP file without chunks has no index. Its messages are sorted within this time: recorders write what arrives, and
# threads overtake one another by much less.
_SORTING_WINDOW_NS = 10**9


class BagError(ValueError):
    """A bag that is whole, but cannot be used; the message says why."""


class StoredMessage(NamedTuple):
    """stamp_ns: time of recording. cdr: serialised."""

    stamp_ns: int
    topic: str
    type: str
    cdr: bytes


class BagStorage:
    """All files of a bag; as a context manager it opens them.

    connections: of all files, without duplicates. counts: topic -> number of messages that there have to be.
    start_ns, end_ns: recording time of the first and the last message, 0 in an empty bag. Errors are rosbags' own.
    """

    def __init__(self, files: BagFiles) -> None:
        self._files = files
        self._stack = ExitStack()
        self._readers: list[_FileReader] = []
        self.connections: list[Connection] = []
        self.counts: Counter[str] = Counter()
        self.start_ns = self.end_ns = 0

    def __enter__(self) -> BagStorage:
        with ExitStack() as stack:
            for path in self._files.paths:
                self._readers.append(stack.enter_context(_open_file(_decompress(path, stack))))
            self._stack = stack.pop_all()
        self.connections = [connection for reader in self._readers for connection in reader.connections]
        for connection in self.connections:
            self.counts[connection.topic] += connection.msgcount
        self.counts |= Counter(self._files.counts)
        filled = [reader for reader in self._readers if any(one.msgcount for one in reader.connections)]
        self.start_ns = min((reader.start_ns for reader in filled), default=0)
        self.end_ns = max((reader.end_ns for reader in filled), default=0)
        return self

    def __exit__(self, *exception: object) -> None:
        self._stack.close()

    def find_offered_qos(self, topic: str) -> tuple[Qos, ...]:
        """What the publishers of a topic offered, each of them once; of ROS 1 nothing is known."""
        connections = [connection for connection in self.connections if connection.topic == topic]
        profiles = (getattr(connection.ext, "offered_qos_profiles", ()) for connection in connections)
        return tuple(dict.fromkeys(chain.from_iterable(profiles)))

    def messages(self, topics: Iterable[str], start_ns: int | None = None) -> Iterator[StoredMessage]:
        """The messages of some topics in the order of recording, from start_ns on."""
        wanted = set(topics)
        sources = [reader.messages(wanted, start_ns) for reader in self._readers]
        return heapq.merge(*sources, key=lambda message: message.stamp_ns) if len(sources) > 1 else sources[0]


class _FileReader(Protocol):
    connections: list[Connection]
    start_ns: int
    end_ns: int

    def __enter__(self) -> _FileReader: ...

    def __exit__(self, *exception: object) -> None: ...

    def messages(self, topics: set[str], start_ns: int | None) -> Iterator[StoredMessage]: ...


class _Ros2File:
    """A .mcap or .db3 file."""

    def __init__(self, path: Path) -> None:
        self._path = path
        # rosbags opens whatever has `open`.
        mcap_path: Any = _AnyProfile(path)
        self._reader: Any = McapReader(mcap_path) if path.suffix == ".mcap" else Sqlite3Reader(path)

    def __enter__(self) -> _Ros2File:
        try:
            self._reader.open()
        except KeyError as error:
            raise BagError(
                f"{self._path} describes its messages in {error}, which is not of ROS 2; convert it to a bag of ROS 2"
            ) from error
        # Copies, which stay valid after the reader is closed.
        self.connections = list(self._reader.connections)
        self.start_ns, self.end_ns = self._reader.metadata.start_time, self._reader.metadata.end_time - 1
        return self

    def __exit__(self, *exception: object) -> None:
        self._reader.close()

    def messages(self, topics: set[str], start_ns: int | None) -> Iterator[StoredMessage]:
        connections = [connection for connection in self._reader.connections if connection.topic in topics]
        if not connections:
            return
        self._require_cdr(connections)
        for connection, stamp_ns, data in self._read(connections, start_ns):
            # Of a bag with compressed messages, metadata.yaml alone says so; CDR never begins like this.
            cdr = zstd.decompress(data) if bytes(data[:4]) == ZSTD_MAGIC else data
            yield StoredMessage(stamp_ns, connection.topic, connection.msgtype, cdr)

    def _require_cdr(self, connections: list[Connection]) -> None:
        for connection in connections:
            if (serialization := getattr(connection.ext, "serialization_format", "cdr")) != "cdr":
                raise BagError(
                    f"{self._path}: the messages of {connection.topic} are serialised as {serialization!r}, those of "
                    "ROS 2 are cdr; convert it to a bag of ROS 2"
                )

    def _read(self, connections: list[Connection], start_ns: int | None) -> Iterator[tuple[Connection, int, bytes]]:
        if isinstance(self._reader, McapReader) and not self._reader.chunks:
            return _sort_by_time(self._reader.messages_scan(connections, start_ns))
        return self._reader.messages(connections, start_ns)


class _Ros1File:
    """A .bag file; its messages are converted."""

    def __init__(self, path: Path) -> None:
        self._reader = rosbag1.Reader(path)
        # The converter names types as ROS 2 does.
        self._types = get_typestore(Stores.ROS2_KILTED)

    def __enter__(self) -> _Ros1File:
        self._reader.open()
        self.connections = list(self._reader.connections)
        self.start_ns, self.end_ns = self._reader.start_time, self._reader.end_time - 1
        return self

    def __exit__(self, *exception: object) -> None:
        self._reader.close()

    def messages(self, topics: set[str], start_ns: int | None) -> Iterator[StoredMessage]:
        connections = [connection for connection in self.connections if connection.topic in topics]
        if not connections:
            return
        for connection, stamp_ns, data in self._reader.messages(connections, start_ns):
            content = _cut_image(data) if connection.msgtype == IMAGE else data
            cdr = bytes(self._types.ros1_to_cdr(content, connection.msgtype))
            yield StoredMessage(stamp_ns, connection.topic, connection.msgtype, cdr)


class _AnyProfile:
    """An MCAP file that rosbags takes for one of the profile ros2.

    Other writers leave the profile empty, or name their own, for messages of the same kind.
    """

    def __init__(self, path: Path) -> None:
        self._path = path

    def __str__(self) -> str:
        return str(self._path)

    def open(self, mode: str) -> io.BufferedReader:
        return _Ros2Profile(io.FileIO(self._path, mode.replace("b", "")), io.DEFAULT_BUFFER_SIZE)


class _Ros2Profile(io.BufferedReader):
    """MCAP's header (magic, opcode, length, then the strings profile and library) always names the profile ros2."""

    _HEADER_CONTENT = 8 + 1 + 8
    _PROFILE = b"\x04\x00\x00\x00ros2"
    _is_patched = False

    def read(self, size: int | None = -1) -> bytes:
        data = super().read(size)
        if not self._is_patched and self.tell() == self._HEADER_CONTENT + len(data):
            self._is_patched = True
            # Two strings take as many bytes at least; nobody reads the library's.
            return self._PROFILE.ljust(len(data), b"\0")
        return data


def _open_file(path: Path) -> _FileReader:
    # librealsense 2.56 wrote ROS 1 bags under any name.
    with path.open("rb") as file:
        is_ros1 = path.suffix == ".bag" or file.read(len(_ROS1_MAGIC)) == _ROS1_MAGIC
    return _Ros1File(path) if is_ros1 else _Ros2File(path)


def _cut_image(data: bytes) -> bytes:
    """A sensor_msgs/Image of ROS 1 without what librealsense appends: the unit of depth, which an option tells too."""
    # seq, stamp; frame_id; height, width; encoding; is_bigendian, step; data.
    position = 12
    for fixed in (8, 5, 0):
        (length,) = _UINT32.unpack_from(data, position)
        position += 4 + length + fixed
    return data[:position]


def _decompress(path: Path, stack: ExitStack) -> Path:
    """The file itself, or a temporary copy of a compressed one."""
    if path.suffix != COMPRESSED_SUFFIX:
        return path
    copy = Path(stack.enter_context(scratch_folder()), path.stem)
    with zstd.open(path, "rb") as source, copy.open("wb") as target:
        shutil.copyfileobj(source, target)
    return copy


def _sort_by_time(messages: Iterable[tuple[Connection, int, bytes]]) -> Iterator[tuple[Connection, int, bytes]]:
    waiting: list[tuple[int, int, Connection, bytes]] = []
    newest_ns = 0
    for number, (connection, stamp_ns, data) in enumerate(messages):
        # The number keeps the order of equal stamps.
        heapq.heappush(waiting, (stamp_ns, number, connection, data))
        newest_ns = max(newest_ns, stamp_ns)
        while waiting[0][0] < newest_ns - _SORTING_WINDOW_NS:
            stamp_ns, _, connection, data = heapq.heappop(waiting)
            yield connection, stamp_ns, data
    while waiting:
        stamp_ns, _, connection, data = heapq.heappop(waiting)
        yield connection, stamp_ns, data
