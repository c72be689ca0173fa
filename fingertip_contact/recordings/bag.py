"""Recordings of a camera as ROS bags, read and written without ROS.

Reads rosbag2 folders, single .mcap and .db3 files and ROS 1 .bag files, with images of every kind that
`transports` reads; writes MCAP with zstd-compressed chunks.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import Any, TypeVar

import numpy as np
from rosbags import rosbag2
from rosbags.interfaces import Connection, Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime
from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.cameras.profile import CameraProfile
from fingertip_contact.datatypes import Frame
from fingertip_contact.files import atomic_write
from fingertip_contact.geometry import Camera
from fingertip_contact.images import (
    ENCODINGS,
    StereoCalibration,
    decode_color_image,
    decode_depth_image,
    decode_stereo_images,
    parse_camera_info,
    parse_stereo_info,
)
from fingertip_contact.pairing import EXACT_NS, NEAR_NS, FrameAssembler
from fingertip_contact.recordings.bag_files import METADATA, find_bag_files
from fingertip_contact.recordings.camera_topics import camera_info_topic, describe_topics, find_camera_topics
from fingertip_contact.recordings.paths import BAG_SUFFIXES
from fingertip_contact.recordings.storage import BagError, BagStorage, StoredMessage
from fingertip_contact.recordings.streams import AUTO, Stream, describe_streams, select_streams
from fingertip_contact.stamps import StampOrder, header_stamp_ns
from fingertip_contact.transports.any_image import (
    COMPRESSED_IMAGE,
    FOXGLOVE_COMPRESSED_IMAGE,
    FOXGLOVE_RAW_IMAGE,
    IMAGE,
    read_image,
)
from fingertip_contact.transports.compressed_image import MAX_INVERSE_DEPTH_M, find_nearest_depth_m

CAMERA_INFO = "sensor_msgs/msg/CameraInfo"

MCAP_SUFFIX = ".mcap"

# If none of the first frames has an image of a stream, its stamps and those of colour are not synchronised.
MAX_UNPAIRED_FRAMES = 90

# Image and CameraInfo are the same in every ROS 2 release, so one type store reads and writes them all.
_TYPES = get_typestore(Stores.ROS2_KILTED)
# Foxglove's types as its ROS package defines them.
for _type, _definition in (
    (FOXGLOVE_RAW_IMAGE, "uint32 width\nuint32 height\nstring encoding\nuint32 step\nuint8[] data"),
    (FOXGLOVE_COMPRESSED_IMAGE, "uint8[] data\nstring format"),
):
    _TYPES.register(get_types_from_msg(f"builtin_interfaces/Time timestamp\nstring frame_id\n{_definition}", _type))

# How much of a bag's end is read for the last message of a topic, at first.
_LAST_SECONDS_NS = 2 * 10**8

T = TypeVar("T")

# The QoS that `ros2 bag play` offers: reliable and volatile, as the camera driver does.
RELIABLE_QOS = Qos(
    history=QosHistory.KEEP_LAST,
    depth=10,
    reliability=QosReliability.RELIABLE,
    durability=QosDurability.VOLATILE,
    deadline=QosTime(2147483647, 4294967295),
    lifespan=QosTime(2147483647, 4294967295),
    liveliness=QosLiveliness.AUTOMATIC,
    liveliness_lease_duration=QosTime(2147483647, 4294967295),
    avoid_ros_namespace_conventions=False,
)


@dataclass(frozen=True)
class RawMessage:
    """A message as stored in the bag. stamp_ns: time of recording. cdr: serialised, not copied."""

    topic: str
    type: str
    stamp_ns: int
    cdr: bytes


class Bag:
    """Any bag, open for reading; use `open_bag`.

    topics: name -> message type. duration_s: from the first message to the last.
    """

    def __init__(self, path: Path, storage: BagStorage) -> None:
        self.path = path
        self._storage = storage
        self.topics: dict[str, str] = {connection.topic: connection.msgtype for connection in storage.connections}
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


class Recording:
    """A recording of a camera: colour, and what the depth source reads beside it; use `open_bag_recording`.

    camera: the colour camera's intrinsics; camera_description: where they come from, empty for the bag.
    depth_topic: of depth aligned to colour, imager_topics: of the left and the right imager; None where they were
    not recorded. streams: those that `frames` reads. duration_s: from the first colour image to the last. notes:
    what users should know of the bag, a sentence each. missing_depth_count, missing_stereo_count: number of frames,
    of those read, that lack depth of about their stamp or an imager's image of exactly theirs although it is read.
    near_depth_count: of those with depth of a near stamp. stamp_order: counts colour images that were left out,
    since their stamps did not advance.
    """

    def __init__(
        self,
        bag: Bag,
        camera_profile: CameraProfile = D405,
        *,
        depth_source: str = AUTO,
        camera: Camera | None = None,
        color_topic: str | None = None,
        depth_unit_m: float | None = None,
    ) -> None:
        self.bag = bag
        self.path = bag.path
        self._depth_unit_m = depth_unit_m
        topics = find_camera_topics(bag.topics, camera_profile, self.path, color_topic)
        self.notes = [f"{topic} is of another camera than {topics.color}: not read" for topic in topics.ignored]
        self.color_topic, self.depth_topic, self.imager_topics = topics.color, topics.depth, topics.imagers
        if not self.frame_count:
            raise ValueError(f"{self.path}: {self.color_topic} holds no image; record it again")
        self.camera = camera or self._read_camera_info(self.color_topic, parse_camera_info)
        self.camera_description = "camera as calibrated" if camera else ""
        self.streams = self._select_streams(depth_source)
        self.duration_s = self._measure_duration_s()
        self._color_from_left = camera_profile.color_from_left
        self.missing_depth_count = self.missing_stereo_count = self.near_depth_count = 0
        self.stamp_order = StampOrder()

    @property
    def frame_count(self) -> int:
        """Number of colour images."""
        return self.bag.message_count(self.color_topic)

    @property
    def frames_per_second(self) -> float:
        """The mean rate of the colour images; 30 if there are too few to compute it."""
        return (self.frame_count - 1) / self.duration_s if self.frame_count > 1 and self.duration_s else 30.0

    @property
    def streams_text(self) -> str:
        """What `frames` reads, in words."""
        return describe_streams(self.streams)

    def require_plain_images(self) -> None:
        """Raises ValueError where an image that is read is not a sensor_msgs/Image, which alone nodes subscribe to."""
        topics = (self.color_topic, self.depth_topic, *(self.imager_topics or ()))
        coded = [topic for topic in topics if topic is not None and self.bag.topics[topic] != IMAGE]
        if coded:
            raise ValueError(
                f"{self.path} holds compressed images, which the nodes do not read: {', '.join(coded)}; play it with "
                "`ros2 bag play` beside `ros2 run image_transport republish`, or use `fingertip-contact process`"
            )

    def frames(self) -> Iterator[Frame]:
        """Every colour image whose stamp advances, with depth of its stamp or a near one (pairing.NEAR_NS) and the
        imagers' images of exactly its stamp, or None.

        Images are read-only views of the bag's bytes where their encoding allows. Raises ValueError if the bag ends
        early, an image contradicts its fields or its intrinsics, no stamps match, or the imagers have no baseline.
        """
        self.missing_depth_count = self.missing_stereo_count = self.near_depth_count = 0
        depth_topic = self.depth_topic if "depth" in self.streams else None
        imagers = self.imager_topics if "imagers" in self.streams else None
        calibration = None if imagers is None else self._read_stereo_calibration(imagers[1])
        partners: dict[str, int | None] = {} if depth_topic is None else {depth_topic: NEAR_NS}
        partners |= dict.fromkeys(imagers or (), EXACT_NS)
        assembler = FrameAssembler(self.color_topic, partners=partners)
        self.stamp_order = assembler.order
        for count, images in enumerate(self._assemble(assembler, (self.color_topic, *partners)), start=1):
            frame = self._make_frame(images, calibration)
            self.near_depth_count = assembler.near.get(depth_topic or "", 0)
            self.missing_depth_count += depth_topic is not None and frame.depth is None
            self.missing_stereo_count += imagers is not None and frame.stereo is None
            self._require_synchronised(count)
            yield frame

    def _require_synchronised(self, count: int) -> None:
        if count != min(MAX_UNPAIRED_FRAMES, self.frame_count):
            return
        for name, missing in (
            ("a depth image", self.missing_depth_count),
            ("an image of both imagers", self.missing_stereo_count),
        ):
            if missing == count:
                raise ValueError(
                    f"{self.path}: none of the first {count} colour images has {name} of its stamp; start the "
                    "driver with enable_sync:=true and record again, or choose depth source none for colour alone"
                )

    def _measure_duration_s(self) -> float:
        """From the first colour image to the last, by their own stamps; other topics may be latched long before."""
        first, last = next(self.bag.messages([self.color_topic])), self.bag.last_message(self.color_topic)
        if last is None:
            return 0.0
        first_ns, last_ns = (header_stamp_ns(_read_header(self.path, message)) for message in (first, last))
        # Where stamps stand still, the time of recording is all that there is.
        return (last_ns - first_ns if last_ns > first_ns else last.stamp_ns - first.stamp_ns) / 1e9

    def _assemble(self, assembler: FrameAssembler, topics: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        for raw in self.bag.messages(topics):
            message = read_message_image(self.path, raw)
            yield from assembler.add(raw.topic, header_stamp_ns(message), message)
        yield from assembler.flush()

    def _make_frame(self, images: dict[str, Any], calibration: StereoCalibration | None) -> Frame:
        color = images[self.color_topic]
        depth = images.get(self.depth_topic or "")
        left, right = (images.get(topic) for topic in self.imager_topics or ("", ""))
        stamp_ns = header_stamp_ns(color)
        try:
            color_bgr = decode_color_image(color)
            depth_image = None if depth is None else decode_depth_image(depth, self._depth_unit_m)
            _check_size("colour", color_bgr, self.camera)
            if depth_image is not None:
                _check_size("aligned depth", depth_image.values, self.camera)
            stereo = None
            if calibration is not None and left is not None and right is not None:
                stereo = decode_stereo_images(left, right, calibration)
        except ValueError as error:
            raise ValueError(f"{self.path}, frame at {stamp_ns} ns: {error}") from error
        return Frame(stamp_ns, color.header.frame_id, self.camera, color_bgr, depth_image, stereo)

    def _select_streams(self, depth_source: str) -> frozenset[Stream]:
        recorded: list[Stream] = []
        if self.depth_topic is not None and self._holds_depth(self.depth_topic):
            recorded.append("depth")
        if self.imager_topics is not None:
            left, right = self.imager_topics
            if all(map(self.bag.message_count, (left, right, camera_info_topic(right)))):
                recorded.append("imagers")
        return select_streams(depth_source, recorded, self.path, describe_topics(self.bag.topics))

    def _holds_depth(self, topic: str) -> bool:
        """Whether there is any; notes what its transport lost."""
        first = next(self.bag.messages([topic]), None)
        if first is None or first.type != COMPRESSED_IMAGE:
            return first is not None
        message = deserialize(self.path, first)
        if not len(message.data):
            self.notes.append(
                f"{topic} is empty: JPEG cannot hold depth; record .../compressedDepth, or set the driver's parameter "
                "`.format` of .../compressed to png"
            )
            return False
        nearest_m = find_nearest_depth_m(message)
        if nearest_m is not None:
            self.notes.append(
                f"{topic} (32FC1 compressedDepth) holds no depth under {nearest_m:.3f} m: nearer points come back "
                f"far away, so values over {MAX_INVERSE_DEPTH_M:g} m are dropped; record 16UC1 to keep them"
            )
        return True

    def _read_stereo_calibration(self, right_topic: str) -> StereoCalibration:
        return self._read_camera_info(right_topic, lambda info: parse_stereo_info(info, self._color_from_left))

    def _read_camera_info(self, image_topic: str, parse: Callable[[Any], T]) -> T:
        """The first usable camera_info of an image topic, parsed."""
        topic = camera_info_topic(image_topic)
        refusal: ValueError | None = None
        for message in islice(self.bag.messages([topic]), MAX_UNPAIRED_FRAMES):
            try:
                return parse(deserialize(self.path, message))
            except ValueError as error:
                refusal = refusal or error
        if refusal is None:
            raise ValueError(
                f"{self.path} has no intrinsics: record {topic} with the images; {describe_topics(self.bag.topics)}"
            )
        raise ValueError(f"{self.path}, {topic}: {refusal}") from refusal


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
def open_bag_recording(
    path: str | Path,
    camera_profile: CameraProfile = D405,
    *,
    depth_source: str = AUTO,
    camera: Camera | None = None,
    color_topic: str | None = None,
    depth_unit_m: float | None = None,
) -> Iterator[Recording]:
    """Opens a bag of a camera, in which the endings of the topic names are those of the camera profile.

    depth_source: what the frames hold beside colour (docs/recordings.md); auto: whatever was recorded. camera: instead
    of the recorded intrinsics; it has to be calibrated at the size of the images. color_topic: which camera, in a bag
    of several, or one with other names. depth_unit_m: of 16UC1 depth in another unit than millimetres. Raises
    FileNotFoundError if it does not exist; ValueError if it is not a bag, is truncated, lacks a topic (the error names
    those wanted and found), or its camera was not calibrated.
    """
    with open_bag(path) as bag:
        yield Recording(
            bag,
            camera_profile,
            depth_source=depth_source,
            camera=camera,
            color_topic=color_topic,
            depth_unit_m=depth_unit_m,
        )


@contextmanager
def open_color_images(path: str | Path, camera_profile: CameraProfile = D405) -> Iterator[Iterator[np.ndarray]]:
    """The colour images (H, W, 3) uint8 BGR of a bag, which needs neither intrinsics nor depth.

    Raises FileNotFoundError if it does not exist; ValueError if it is not a bag, or has no colour images.
    """
    with open_bag(path) as bag:
        yield read_color_images(bag, find_camera_topics(bag.topics, camera_profile, bag.path).color)


def read_color_images(bag: Bag, topic: str | None = None) -> Iterator[np.ndarray]:
    """The images of a topic, by default the colour topic of a D405. Raises ValueError where there is none."""
    topic = topic or find_camera_topics(bag.topics, D405, bag.path).color
    return (decode_color_image(read_message_image(bag.path, message)) for message in bag.messages([topic]))


class BagWriter:
    """Writes an MCAP bag, as a context manager: a single file if the name ends in .mcap, else a rosbag2 folder.

    `ros2 bag play` plays both. The bag appears under its name when the block ends; an exception leaves no file.
    Raises FileExistsError if `path` exists and `overwrite` is not given, or is a folder that is not a bag, and
    ValueError for the file extension of another kind of bag.
    """

    def __init__(self, path: str | Path, *, overwrite: bool = False) -> None:
        self.path = Path(path)
        if self.path.suffix in BAG_SUFFIXES and self.path.suffix != MCAP_SUFFIX:
            raise ValueError(f"{path}: only MCAP is written; choose a name that ends in {MCAP_SUFFIX}, or a folder")
        self._overwrite = overwrite
        self._stack = ExitStack()
        self._writer: Any = None
        self._connections: dict[str, Connection] = {}

    def __enter__(self) -> BagWriter:
        with ExitStack() as stack:
            temporary_path = stack.enter_context(
                atomic_write(self.path, overwrite=self._overwrite, replaceable=_is_bag)
            )
            folder = temporary_path.with_suffix("") if temporary_path.suffix == MCAP_SUFFIX else temporary_path
            writer = rosbag2.Writer(folder, version=8, storage_plugin=rosbag2.StoragePlugin.MCAP)
            writer.set_compression(rosbag2.CompressionMode.STORAGE, rosbag2.CompressionFormat.ZSTD)
            if folder != temporary_path:
                # rosbags writes folders only; the file in it has the folder's name.
                stack.callback(lambda: (folder / temporary_path.name).rename(temporary_path))
            self._writer = stack.enter_context(writer)
            self._stack = stack.pop_all()
        return self

    def __exit__(
        self, exception_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._stack.__exit__(exception_type, error, traceback)

    def write_image(self, topic: str, stamp_ns: int, frame_id: str, pixels: np.ndarray, encoding: str) -> None:
        """Writes an image (H, W) or (H, W, channels). Raises ValueError if it does not match `encoding`."""
        expected = ENCODINGS[encoding]
        channels = 1 if pixels.ndim == 2 else pixels.shape[2]
        if pixels.dtype != expected.dtype or channels != expected.channels:
            raise ValueError(
                f"{topic}: {encoding} has {expected.channels} channels of {np.dtype(expected.dtype)}, "
                f"not {channels} of {pixels.dtype}"
            )
        pixels = np.ascontiguousarray(pixels)
        message = _TYPES.types[IMAGE](
            header=self._make_header(stamp_ns, frame_id),
            height=pixels.shape[0],
            width=pixels.shape[1],
            encoding=encoding,
            is_bigendian=0,
            step=pixels.strides[0],
            data=pixels.reshape(-1).view(np.uint8),
        )
        self._write_message(topic, IMAGE, stamp_ns, message)

    def write_camera_info(
        self, topic: str, stamp_ns: int, frame_id: str, camera: Camera, baseline_m: float = 0.0
    ) -> None:
        """Writes the intrinsics of the camera whose images have the same stamp. baseline_m: of the right camera of a
        stereo pair, its distance from the left one."""
        projection = np.zeros((3, 4))
        projection[:, :3] = camera.matrix
        projection[0, 3] = -camera.fx * baseline_m
        message = _TYPES.types[CAMERA_INFO](
            header=self._make_header(stamp_ns, frame_id),
            height=camera.height,
            width=camera.width,
            distortion_model="plumb_bob",
            d=np.array(camera.distortion or (0.0,) * 5),
            k=camera.matrix.reshape(-1),
            r=np.eye(3).reshape(-1),
            p=projection.reshape(-1),
            binning_x=0,
            binning_y=0,
            roi=_TYPES.types["sensor_msgs/msg/RegionOfInterest"](
                x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
            ),
        )
        self._write_message(topic, CAMERA_INFO, stamp_ns, message)

    def write(self, topic: str, message_type: str, stamp_ns: int, cdr: bytes | memoryview) -> None:
        """Writes a serialised message of any type that rosbags knows, e.g. `std_msgs/msg/String`."""
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(
                topic, message_type, typestore=_TYPES, offered_qos_profiles=[RELIABLE_QOS]
            )
        self._writer.write(self._connections[topic], stamp_ns, cdr)

    def _write_message(self, topic: str, message_type: str, stamp_ns: int, message: Any) -> None:
        self.write(topic, message_type, stamp_ns, _TYPES.serialize_cdr(message, message_type))

    def _make_header(self, stamp_ns: int, frame_id: str) -> Any:
        seconds, nanoseconds = divmod(stamp_ns, 10**9)
        stamp = _TYPES.types["builtin_interfaces/msg/Time"](sec=seconds, nanosec=nanoseconds)
        return _TYPES.types["std_msgs/msg/Header"](stamp=stamp, frame_id=frame_id)


def can_write(message_type: str) -> bool:
    """Whether the definition of a message type is known; a bag stores it with the messages."""
    return message_type in _TYPES.fielddefs


def _is_bag(path: Path) -> bool:
    return path.is_file() or (path / METADATA).is_file()


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
        return _TYPES.deserialize_cdr(message.cdr, message.type)


def _read_header(path: Path, message: RawMessage) -> Any:
    """What has a header: the message, or an image made of it."""
    content = deserialize(path, message)
    return content if hasattr(content, "header") else read_image(content, message.type)


def read_message_image(path: Path, message: RawMessage) -> Any:
    """The image of any message that has one, with the fields of sensor_msgs/Image."""
    content = deserialize(path, message)
    try:
        return read_image(content, message.type)
    except ValueError as error:
        raise ValueError(f"{path}, {message.topic} at {message.stamp_ns} ns: {error}") from error


def _check_size(description: str, pixels: np.ndarray, camera: Camera) -> None:
    height, width = pixels.shape[:2]
    if (width, height) != (camera.width, camera.height):
        raise ValueError(
            f"the {description} image is {width}x{height}, the colour camera {camera.width}x{camera.height}; "
            "all images of a recording must have the size of the colour camera"
        )
