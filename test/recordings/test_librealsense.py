"""librealsense's own recordings: true ones of the installed version, and those of older versions by their layout."""

from __future__ import annotations

import sqlite3
from dataclasses import replace

import cv2
import numpy as np
import pytest
from rosbags import rosbag1
from rosbags.typesys import Stores, get_typestore

from fingertip_contact.cameras.depth_registration import DepthRegistration
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.recordings.bag import open_bag
from fingertip_contact.recordings.open import open_recording
from fingertip_contact.transports.compressed_image import zstd
from librealsense_files import COLOR_CAMERA, DEPTH_CAMERA, LAG_MS, PERIOD_MS, START_MS, write_librealsense

COUNT = 6
POSE = RigidTransform(cv2.Rodrigues(np.array([0.01, -0.02, 0.015]))[0], np.array([0.004, -0.002, 0.001]))
REGISTRATION = DepthRegistration(DEPTH_CAMERA, COLOR_CAMERA, POSE)
DEPTHS = [np.random.default_rng(n).integers(3000, 3100, (48, 64)).astype(np.uint16) for n in range(COUNT)]
COLORS = [np.random.default_rng(100 + n).integers(0, 255, (48, 64, 3)).astype(np.uint8) for n in range(COUNT)]


@pytest.fixture(scope="module")
def recorded(tmp_path_factory):
    """A file of the installed librealsense."""
    realsense = pytest.importorskip("pyrealsense2", exc_type=ImportError)
    return write_librealsense(realsense, tmp_path_factory.mktemp("rs") / "viewer.db3", DEPTHS, COLORS, POSE)


def assert_is_recorded(path, stamp_tolerance_ns=1000):
    """Colour, stamps of the exposures, intrinsics; depth in 0.1 mm, aligned with the file's own pose."""
    with open_recording(path) as recording:
        frames = list(recording.frames())
        assert recording.streams_text == "colour, depth aligned to colour"
        assert recording.missing_depth_count == 0
        assert recording.frame_count == COUNT
        assert recording.frames_per_second == pytest.approx(1000 / PERIOD_MS, rel=1e-4)
    assert len(frames) == COUNT
    for number, frame in enumerate(frames):
        assert abs(frame.stamp_ns - round((START_MS + number * PERIOD_MS + LAG_MS) * 1e6)) <= stamp_tolerance_ns
        assert frame.camera == COLOR_CAMERA
        assert frame.depth.unit_m == 0.0001
        np.testing.assert_array_equal(frame.color_bgr[..., ::-1], COLORS[number])
        expected = REGISTRATION.register(DEPTHS[number], 0.0001)
        different = np.count_nonzero(frame.depth.values != expected)
        # The file rounds the pose to six digits.
        assert different <= 0.01 * expected.size


def test_db3_of_the_installed_version(recorded):
    assert_is_recorded(recorded)


def test_depth_of_distorted_colour_lies_at_the_undistorted_pixel(recorded):
    """As in the driver's aligned images, which contact is read from: the colour camera's distortion moves nothing."""
    distorted = replace(COLOR_CAMERA, distortion=(-0.2, 0.1, 0.01, -0.01, 0.0))
    with open_recording(recorded, camera=distorted) as recording:
        frame = next(recording.frames())
    assert frame.camera == distorted
    different = np.count_nonzero(frame.depth.values != REGISTRATION.register(DEPTHS[0], 0.0001))
    assert different <= 0.01 * frame.depth.values.size


def test_messages_that_are_compressed_without_a_word(tmp_path, recorded):
    """Version 2.58.4 compresses every message by Zstandard; nothing in the file says so."""
    path = tmp_path / "viewer.db3"
    path.write_bytes(recorded.read_bytes())
    with sqlite3.connect(path) as database:
        for number, data in database.execute("SELECT id, data FROM messages").fetchall():
            database.execute("UPDATE messages SET data = ? WHERE id = ?", (zstd.compress(data), number))
    database.close()
    assert_is_recorded(path)


@pytest.mark.parametrize("name", ["viewer.bag", "viewer.db3"])
def test_ros1_bag_of_old_versions(tmp_path, name):
    """Images with the unit of depth after them, stamps in their headers, options and poses as messages."""
    assert_is_recorded(write_ros1(tmp_path, name))


def test_depth_that_is_asked_for_and_missing(tmp_path, recorded):
    message = r"has no images of both imagers.*one of none, sensor, model, fused"
    with pytest.raises(ValueError, match=message), open_recording(recorded, depth_source="stereo"):
        raise AssertionError("must not open")


def test_no_unit_is_an_error(tmp_path):
    """Depth without a unit is not guessed; the option gives it."""
    path = write_ros1(tmp_path, "viewer.bag", unit=False)
    message = "does not tell the unit of its depth: --depth-unit-m"
    with pytest.raises(ValueError, match=message), open_recording(path):
        raise AssertionError("must not open")
    with open_recording(path, depth_unit_m=0.0001) as recording:
        assert next(recording.frames()).depth.unit_m == 0.0001


def write_ros1(folder, name, *, unit=True):
    """What librealsense up to 2.56 writes, with the layout of its topics."""
    types = get_typestore(Stores.ROS1_NOETIC)
    make = types.types
    path = folder / "made.bag"
    x, y, z, w = _quaternion(POSE.rotation)
    with rosbag1.Writer(path) as writer:
        connections = {}

        def put(topic, type_, stamp_ns, message, extra=b""):
            if topic not in connections:
                connections[topic] = writer.add_connection(topic, type_, typestore=types)
            writer.write(connections[topic], stamp_ns, bytes(types.serialize_ros1(message, type_)) + extra)

        if unit:
            put("/device_0/sensor_0/option/Depth Units/value", "std_msgs/msg/Float32", 0,
                make["std_msgs/msg/Float32"](data=0.0001))  # fmt: skip
        for stream, camera in (("Depth_0", DEPTH_CAMERA), ("Color_0", COLOR_CAMERA)):
            prefix = f"/device_0/sensor_{int(stream == 'Color_0')}/{stream}"
            put(f"{prefix}/info/camera_info", "sensor_msgs/msg/CameraInfo", 0, _make_info(make, camera))
            rotation = (x, y, z, w) if stream == "Color_0" else (0.0, 0.0, 0.0, 1.0)
            translation = POSE.translation_m if stream == "Color_0" else np.zeros(3)
            transform = make["geometry_msgs/msg/Transform"](
                translation=make["geometry_msgs/msg/Vector3"](*map(float, translation)),
                rotation=make["geometry_msgs/msg/Quaternion"](*map(float, rotation)),
            )
            put(f"{prefix}/tf/0", "geometry_msgs/msg/Transform", 0, transform)
        for number in range(COUNT):
            for index, (topic, pixels, encoding, extra) in enumerate((
                ("/device_0/sensor_0/Depth_0/image/data", DEPTHS[number], "mono16", np.float32(0.0001).tobytes()),
                ("/device_0/sensor_1/Color_0/image/data", COLORS[number], "rgb8", np.float32(0).tobytes()),
            )):  # fmt: skip
                stamp_ns = round((START_MS + number * PERIOD_MS + index * LAG_MS) * 1e6)
                # The time of recording is an offset, and of either stream another.
                recorded_ns = 1 + number * 33_000_000 + (1 - index) * 20_000_000
                put(topic, "sensor_msgs/msg/Image", recorded_ns, _make_image(make, stamp_ns, pixels, encoding), extra)
    return path.rename(folder / name)


def _make_image(make, stamp_ns, pixels, encoding):
    stamp = make["builtin_interfaces/msg/Time"](*divmod(stamp_ns, 10**9))
    header = make["std_msgs/msg/Header"](seq=0, stamp=stamp, frame_id="0")
    height, width = pixels.shape[:2]
    data = pixels.reshape(-1).view(np.uint8)
    return make["sensor_msgs/msg/Image"](header, height, width, encoding, 0, pixels.strides[0], data)


def _make_info(make, camera):
    stamp = make["builtin_interfaces/msg/Time"](0, 0)
    roi = make["sensor_msgs/msg/RegionOfInterest"](0, 0, 0, 0, False)
    return make["sensor_msgs/msg/CameraInfo"](
        header=make["std_msgs/msg/Header"](seq=0, stamp=stamp, frame_id="0"),
        height=camera.height, width=camera.width, distortion_model="Brown Conrady", D=np.zeros(5),
        K=camera.matrix.reshape(-1), R=np.eye(3).reshape(-1), P=np.zeros(12), binning_x=0, binning_y=0, roi=roi,
    )  # fmt: skip


def _quaternion(rotation):
    vector = cv2.Rodrigues(rotation)[0].reshape(3)
    angle = np.linalg.norm(vector)
    return (*(vector / angle * np.sin(angle / 2)), np.cos(angle / 2))


def test_files_tell_the_versions_apart(recorded):
    """What the tests above rest on: the installed version keeps its stamps in its metadata."""
    with open_bag(recorded) as bag:
        assert "/device_0/sensor_1/Color_0/image/data/compressed" in bag.topics
        assert bag.topics["/device_0/sensor_1/Color_0/image/metadata"] == "std_msgs/msg/String"
