"""Writes ROS bags without ROS: MCAP with zstd-compressed chunks."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
from rosbags import rosbag2
from rosbags.interfaces import Connection, Qos, QosDurability, QosHistory, QosLiveliness, QosReliability, QosTime

from fingertip_contact.files import atomic_write
from fingertip_contact.geometry import Camera
from fingertip_contact.images import (
    ENCODINGS,
)
from fingertip_contact.recordings.bag import (
    CAMERA_INFO,
    TYPES,
)
from fingertip_contact.recordings.bag_files import METADATA
from fingertip_contact.recordings.paths import BAG_SUFFIXES
from fingertip_contact.transports.any_image import (
    IMAGE,
)

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

MCAP_SUFFIX = ".mcap"


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
        message = TYPES.types[IMAGE](
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
        message = TYPES.types[CAMERA_INFO](
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
            roi=TYPES.types["sensor_msgs/msg/RegionOfInterest"](
                x_offset=0, y_offset=0, height=0, width=0, do_rectify=False
            ),
        )
        self._write_message(topic, CAMERA_INFO, stamp_ns, message)

    def write(
        self,
        topic: str,
        message_type: str,
        stamp_ns: int,
        cdr: bytes | memoryview,
        offered_qos: Sequence[Qos] = (RELIABLE_QOS,),
    ) -> None:
        """Writes a serialised message of any type that rosbags knows, e.g. `std_msgs/msg/String`. offered_qos: what the
        topic's publishers offer; only that of the first message counts."""
        if topic not in self._connections:
            self._connections[topic] = self._writer.add_connection(
                topic, message_type, typestore=TYPES, offered_qos_profiles=list(offered_qos)
            )
        self._writer.write(self._connections[topic], stamp_ns, cdr)

    def _write_message(self, topic: str, message_type: str, stamp_ns: int, message: Any) -> None:
        self.write(topic, message_type, stamp_ns, TYPES.serialize_cdr(message, message_type))

    def _make_header(self, stamp_ns: int, frame_id: str) -> Any:
        seconds, nanoseconds = divmod(stamp_ns, 10**9)
        stamp = TYPES.types["builtin_interfaces/msg/Time"](sec=seconds, nanosec=nanoseconds)
        return TYPES.types["std_msgs/msg/Header"](stamp=stamp, frame_id=frame_id)


def can_write(message_type: str) -> bool:
    """Whether the definition of a message type is known; a bag stores it with the messages."""
    return message_type in TYPES.fielddefs


def _is_bag(path: Path) -> bool:
    return path.is_file() or (path / METADATA).is_file()
