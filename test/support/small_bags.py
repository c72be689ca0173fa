"""Small recordings of a camera, written and read back, and copies of them in other storages."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from rosbags import rosbag2
from rosbags.typesys import Stores, get_typestore

from fingertip_contact.geometry import Camera
from fingertip_contact.recordings.bag import open_bag
from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.bag_writer import BagWriter

CAMERA = Camera(fx=80.0, fy=81.0, cx=31.0, cy=23.5, width=64, height=48)
COLOR, COLOR_INFO = "/camera/camera/color/image_raw", "/camera/camera/color/camera_info"
DEPTH = "/camera/camera/aligned_depth_to_color/image_raw"
LEFT, RIGHT = "/camera/camera/infra1/image_rect_raw", "/camera/camera/infra2/image_rect_raw"
RIGHT_INFO = "/camera/camera/infra2/camera_info"
# The imagers' own intrinsics differ from those of colour.
IMAGER_CAMERA = Camera(fx=70.0, fy=70.0, cx=32.0, cy=24.0, width=64, height=48)
BASELINE_M = 0.018
START_NS, PERIOD_NS = 1_700_000_000_000_000_000, 33_333_333
FRAME_ID = "camera_color_optical_frame"


def stamp_ns(index: int) -> int:
    return START_NS + index * PERIOD_NS


def image(index: int) -> np.ndarray:
    return np.random.default_rng(index).integers(0, 255, (48, 64, 3), dtype=np.uint8)


def make_depth(index: int) -> np.ndarray:
    return np.random.default_rng(1000 + index).integers(0, 500, (48, 64), dtype=np.uint16)


def make_imager_image(index: int, side: int) -> np.ndarray:
    return np.random.default_rng([2000 + index, side]).integers(0, 255, (48, 64), dtype=np.uint8)


def write_recording(
    path: Path,
    count: int = 5,
    *,
    color: str = COLOR,
    info: str | None = COLOR_INFO,
    aligned: str | None = DEPTH,
    imagers: tuple[str, ...] = (),
    baseline_m: float | None = BASELINE_M,
) -> Path:
    """A recording of `count` frames; None leaves a topic out. imagers: left and right. baseline_m: None leaves the
    right one's camera_info out."""
    with BagWriter(path) as bag:
        for index in range(count):
            bag.write_image(color, stamp_ns(index), FRAME_ID, image(index), "bgr8")
            if info is not None:
                bag.write_camera_info(info, stamp_ns(index), FRAME_ID, CAMERA)
            if aligned is not None:
                bag.write_image(aligned, stamp_ns(index), FRAME_ID, make_depth(index), "16UC1")
            for side, topic in enumerate(imagers):
                bag.write_image(topic, stamp_ns(index), "left", make_imager_image(index, side), "mono8")
            if imagers and baseline_m is not None:
                bag.write_camera_info(RIGHT_INFO, stamp_ns(index), "right", IMAGER_CAMERA, baseline_m)
    return path


def copy_modified(source: Path, target: Path, plugin: rosbag2.StoragePlugin, change=lambda message: message) -> Path:
    """The same messages in a rosbag2 folder of another storage, each passed through `change`."""
    types = get_typestore(Stores.ROS2_KILTED)
    with open_bag(source) as bag, rosbag2.Writer(target, version=9, storage_plugin=plugin) as writer:
        connections = {
            name: writer.add_connection(name, message_type, typestore=types)
            for name, message_type in bag.topics.items()
        }
        for raw in bag.messages():
            message = change(types.deserialize_cdr(raw.cdr, raw.type))
            writer.write(connections[raw.topic], raw.stamp_ns, types.serialize_cdr(message, raw.type))
    return target


def read_frames(path: Path, depth_source: str = "auto") -> list:
    with open_bag_recording(path, depth_source=depth_source) as recording:
        return list(recording.frames())


def assert_is_the_recording(path: Path, count: int = 5) -> None:
    frames = read_frames(path)
    assert [frame.stamp_ns for frame in frames] == [stamp_ns(index) for index in range(count)]
    for index, frame in enumerate(frames):
        assert frame.camera == CAMERA
        assert frame.frame_id == FRAME_ID
        np.testing.assert_array_equal(frame.color_bgr, image(index))
        np.testing.assert_array_equal(frame.depth.values, make_depth(index))
        assert frame.depth.unit_m == 0.001
