"""Rules of reading and writing bags, tested on small bags that rosbags writes."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from rosbags import rosbag1, rosbag2
from rosbags.typesys import Stores, get_typestore

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.recordings import bag as bag_module
from fingertip_contact.recordings.bag import open_bag
from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.bag_writer import BagWriter
from small_bags import (
    BASELINE_M,
    CAMERA,
    COLOR,
    COLOR_INFO,
    DEPTH,
    FRAME_ID,
    IMAGER_CAMERA,
    LEFT,
    PERIOD_NS,
    RIGHT,
    RIGHT_INFO,
    assert_is_the_recording,
    copy_modified,
    image,
    make_depth,
    make_imager_image,
    read_frames,
    stamp_ns,
    write_recording,
)


@pytest.mark.parametrize("name", ["hello.mcap", "hello"])
def test_written_data_is_read_back(tmp_path, name):
    """Pixels, stamps and intrinsics are read back exactly, from a single file and from a folder."""
    assert_is_the_recording(write_recording(tmp_path / name))


@pytest.mark.parametrize(
    ("color", "info", "aligned"),
    [
        ("/camera/camera/color/image_rect_raw", "/camera/camera/color/camera_info", DEPTH),
        ("/camera/color/image_raw", "/camera/color/camera_info", "/camera/aligned_depth_to_color/image_raw"),
        ("/fingertip_contact/color/image", "/fingertip_contact/color/camera_info", "/fingertip_contact/depth/image"),
        ("color/image", "color/camera_info", "depth/image"),
    ],
)
def test_old_and_new_topic_names_are_found(tmp_path, color, info, aligned):
    """The driver's names before and after 4.57.4, any namespace, and the package's own inputs are found."""
    assert_is_the_recording(write_recording(tmp_path / "bag.mcap", color=color, info=info, aligned=aligned))


def test_topic_names_come_from_the_camera_profile(tmp_path):
    """A camera with other topic names is read with its own profile, and only with that."""
    profile = replace(D405, color_topics=("/rgb",), depth_topics=("/registered_depth",))
    path = write_recording(
        tmp_path / "bag.mcap", color="/head/rgb", info="/head/camera_info", aligned="/head/registered_depth"
    )
    with open_bag_recording(path, profile) as recording:
        assert len(list(recording.frames())) == recording.frame_count == 5
    with pytest.raises(ValueError, match="no colour images"), open_bag_recording(path):
        raise AssertionError("must not open")


def test_sqlite_bags_are_read_without_metadata(tmp_path):
    """A .db3 recording is read as a folder, as a folder without metadata.yaml, and as the file alone."""
    folder = copy_modified(write_recording(tmp_path / "source.mcap"), tmp_path / "old", rosbag2.StoragePlugin.SQLITE3)
    assert_is_the_recording(folder)
    (folder / "metadata.yaml").unlink()
    assert_is_the_recording(folder)
    assert_is_the_recording(folder / "old.db3")


def test_ros1_bags_are_read(tmp_path):
    """A ROS 1 .bag is read like the others."""
    source, target = write_recording(tmp_path / "source.mcap"), tmp_path / "old.bag"
    ros1, ros2 = get_typestore(Stores.ROS1_NOETIC), get_typestore(Stores.ROS2_KILTED)
    with open_bag(source) as bag, rosbag1.Writer(target) as writer:
        connections = {
            name: writer.add_connection(name, message_type, typestore=ros1) for name, message_type in bag.topics.items()
        }
        for raw in bag.messages():
            writer.write(connections[raw.topic], raw.stamp_ns, ros2.cdr_to_ros1(raw.cdr, raw.type))
    assert_is_the_recording(target)


def test_slower_depth_serves_its_neighbours(tmp_path):
    """A frame without depth of its stamp has the nearest one's, up to 40 ms away; both are counted."""
    with BagWriter(tmp_path / "bag.mcap") as bag:
        bag.write_camera_info(COLOR_INFO, stamp_ns(0), FRAME_ID, CAMERA)
        for index in range(8):
            bag.write_image(COLOR, stamp_ns(index), FRAME_ID, image(index), "bgr8")
            if index in (1, 2, 4):
                bag.write_image(DEPTH, stamp_ns(index), FRAME_ID, make_depth(index), "16UC1")
    with open_bag_recording(tmp_path / "bag.mcap") as recording:
        frames = list(recording.frames())
    assert (recording.near_depth_count, recording.missing_depth_count, recording.frame_count) == (3, 2, 8)
    assert recording.duration_s == pytest.approx(7 * PERIOD_NS / 1e9)
    for frame, index in zip(frames, (1, 1, 2, 2, 4, 4), strict=False):
        np.testing.assert_array_equal(frame.depth.values, make_depth(index))
    assert [frame.depth for frame in frames[6:]] == [None, None]


def test_colour_alone_is_a_recording(tmp_path):
    """Without depth and imagers, frames hold colour; nothing is reported as missing."""
    path = write_recording(tmp_path / "bag.mcap", aligned=None)
    for depth_source in ("auto", "none", "model"):
        with open_bag_recording(path, depth_source=depth_source) as recording:
            frames = list(recording.frames())
        assert (recording.depth_topic, recording.imager_topics) == (None, None)
        assert (recording.missing_depth_count, recording.missing_stereo_count) == (0, 0)
        assert recording.streams_text == "colour alone"
        assert len(frames) == 5
        assert {(frame.depth, frame.stereo) for frame in frames} == {(None, None)}
        np.testing.assert_array_equal(frames[4].color_bgr, image(4))


def test_both_imagers_are_read(tmp_path):
    """Pixels, intrinsics and baseline of the imagers; colour of a D405 comes from its left one."""
    path = write_recording(tmp_path / "bag.mcap", imagers=(LEFT, RIGHT))
    for depth_source in ("auto", "stereo"):
        for index, frame in enumerate(read_frames(path, depth_source)):
            np.testing.assert_array_equal(frame.stereo.left, make_imager_image(index, 0))
            np.testing.assert_array_equal(frame.stereo.right, make_imager_image(index, 1))
            assert frame.stereo.camera == IMAGER_CAMERA
            assert frame.stereo.baseline_m == pytest.approx(BASELINE_M)
            np.testing.assert_array_equal(frame.stereo.color_from_left.apply(np.ones(3)), np.ones(3))
            np.testing.assert_array_equal(frame.depth.values, make_depth(index))


@pytest.mark.parametrize(
    ("depth_source", "read"),
    [
        ("auto", {COLOR, DEPTH, LEFT, RIGHT}),
        ("none", {COLOR}),
        ("model", {COLOR}),
        ("sensor", {COLOR, DEPTH}),
        ("fused", {COLOR, DEPTH}),
        ("stereo", {COLOR, DEPTH, LEFT, RIGHT}),
    ],
)
def test_a_depth_source_reads_only_its_images(tmp_path, monkeypatch, depth_source, read):
    """The others are not even deserialised."""
    seen = set()
    deserialize = bag_module.deserialize

    def watch(path, message):
        seen.add(message.topic)
        return deserialize(path, message)

    monkeypatch.setattr(bag_module, "deserialize", watch)
    read_frames(write_recording(tmp_path / "bag.mcap", imagers=(LEFT, RIGHT)), depth_source)
    assert seen - {COLOR_INFO, RIGHT_INFO} == read


def test_missing_imager_affects_only_its_own_frame(tmp_path):
    """A frame that lacks one imager's image keeps its depth; one that lacks depth has its neighbour's."""
    with BagWriter(tmp_path / "bag.mcap") as bag:
        bag.write_camera_info(COLOR_INFO, stamp_ns(0), FRAME_ID, CAMERA)
        bag.write_camera_info(RIGHT_INFO, stamp_ns(0), "right", IMAGER_CAMERA, BASELINE_M)
        for index in range(4):
            bag.write_image(COLOR, stamp_ns(index), FRAME_ID, image(index), "bgr8")
            bag.write_image(LEFT, stamp_ns(index), "left", make_imager_image(index, 0), "mono8")
            if index != 1:
                bag.write_image(RIGHT, stamp_ns(index), "left", make_imager_image(index, 1), "mono8")
            if index != 2:
                bag.write_image(DEPTH, stamp_ns(index), FRAME_ID, make_depth(index), "16UC1")
    with open_bag_recording(tmp_path / "bag.mcap") as recording:
        frames = list(recording.frames())
    assert [frame.stereo is not None for frame in frames] == [True, False, True, True]
    np.testing.assert_array_equal(frames[2].depth.values, make_depth(1))
    assert (recording.near_depth_count, recording.missing_depth_count, recording.missing_stereo_count) == (1, 0, 1)


def test_late_depth_and_repeated_stamps_are_paired(tmp_path):
    """Depth recorded frames later than its colour, and stamps that restart, are still paired by stamp."""
    order = [(DEPTH, 40), (COLOR, 40), (COLOR, 41), (COLOR, 42), (DEPTH, 41), (DEPTH, 42)]
    order += [(topic, index - 40) for topic, index in order[1:]]
    with BagWriter(tmp_path / "bag.mcap") as bag:
        bag.write_camera_info(COLOR_INFO, stamp_ns(0), FRAME_ID, CAMERA)
        types = get_typestore(Stores.ROS2_KILTED)
        for position, (topic, index) in enumerate(order):
            pixels, encoding = (image(index), "bgr8") if topic == COLOR else (make_depth(index), "16UC1")
            message = _image_message(types, index, pixels, encoding)
            bag.write(topic, "sensor_msgs/msg/Image", position, types.serialize_cdr(message, "sensor_msgs/msg/Image"))
    frames = read_frames(tmp_path / "bag.mcap")
    assert [frame.stamp_ns for frame in frames] == [stamp_ns(index) for index in (40, 41, 42, 0, 1, 2)]
    for frame, index in zip(frames, (40, 41, 42, 1, 1, 2), strict=True):
        np.testing.assert_array_equal(frame.depth.values, make_depth(index))


def test_images_that_do_not_advance_are_left_out(tmp_path):
    """A repeat and the late one of a swapped pair are counted, also where every stamp is the same."""
    types = get_typestore(Stores.ROS2_KILTED)
    for name, indices, used, counts in (
        ("some", (0, 1, 1, 3, 2, 4), [0, 1, 3, 4], (1, 1)),
        ("all", (7,) * 5, [7], (4, 0)),
    ):
        with BagWriter(tmp_path / f"{name}.mcap") as bag:
            bag.write_camera_info(COLOR_INFO, stamp_ns(0), FRAME_ID, CAMERA)
            for position, index in enumerate(indices):
                message = _image_message(types, index, image(index), "bgr8")
                cdr = types.serialize_cdr(message, "sensor_msgs/msg/Image")
                bag.write(COLOR, "sensor_msgs/msg/Image", position, cdr)
        with open_bag_recording(tmp_path / f"{name}.mcap") as recording:
            assert [frame.stamp_ns for frame in recording.frames()] == [stamp_ns(index) for index in used]
            assert (recording.stamp_order.repeated_count, recording.stamp_order.late_count) == counts


def test_the_first_usable_camera_info_serves(tmp_path):
    """It may come once, without a stamp, and after one of a camera that was not calibrated yet."""

    def clear_first(message):
        if hasattr(message, "k") and not clear_first.is_done:
            message.k, clear_first.is_done = np.zeros(9), True
        return message

    clear_first.is_done = False
    with BagWriter(tmp_path / "two.mcap") as bag:
        for _ in range(2):
            bag.write_camera_info(COLOR_INFO, 0, FRAME_ID, CAMERA)
        bag.write_image(COLOR, stamp_ns(0), FRAME_ID, image(0), "bgr8")
    copied = copy_modified(tmp_path / "two.mcap", tmp_path / "two", rosbag2.StoragePlugin.MCAP, clear_first)
    assert [frame.camera for frame in read_frames(copied)] == [CAMERA]


def _image_message(types, index: int, pixels: np.ndarray, encoding: str):
    seconds, nanoseconds = divmod(stamp_ns(index), 10**9)
    stamp = types.types["builtin_interfaces/msg/Time"](sec=seconds, nanosec=nanoseconds)
    header = types.types["std_msgs/msg/Header"](stamp=stamp, frame_id=FRAME_ID)
    return types.types["sensor_msgs/msg/Image"](
        header=header,
        height=48,
        width=64,
        encoding=encoding,
        is_bigendian=0,
        step=pixels.strides[0],
        data=pixels.reshape(-1).view(np.uint8),
    )


def test_float_depth_is_in_metres(tmp_path):
    """32FC1 depth is metres, NaN where invalid."""
    metres = np.full((48, 64), 0.35, dtype=np.float32)
    metres[:10] = np.nan
    with BagWriter(tmp_path / "bag.mcap") as bag:
        bag.write_camera_info(COLOR_INFO, stamp_ns(0), FRAME_ID, CAMERA)
        bag.write_image(COLOR, stamp_ns(0), FRAME_ID, image(0), "bgr8")
        bag.write_image(DEPTH, stamp_ns(0), FRAME_ID, metres, "32FC1")
    (frame,) = read_frames(tmp_path / "bag.mcap")
    np.testing.assert_array_equal(frame.depth.to_metres(), metres)


def test_recording_is_reproducible(tmp_path):
    """A recording depends neither on the current time nor on the name of its folder."""
    first, second = write_recording(tmp_path / "a" / "bag.mcap"), write_recording(tmp_path / "b" / "bag.mcap")
    assert first.read_bytes() == second.read_bytes()


def test_raw_messages_keep_topic_type_and_time(tmp_path):
    """`open_bag` needs no camera: it yields the messages of any bag in the order of recording."""
    types = get_typestore(Stores.ROS2_KILTED)
    text = types.serialize_cdr(types.types["std_msgs/msg/String"](data="hello"), "std_msgs/msg/String")
    with BagWriter(tmp_path / "text") as bag:
        bag.write("/b", "std_msgs/msg/String", 20, text)
        bag.write("/a", "std_msgs/msg/String", 10, text)
    with open_bag(tmp_path / "text") as bag:
        assert bag.topics == {"/b": "std_msgs/msg/String", "/a": "std_msgs/msg/String"}
        messages = list(bag.messages())
    assert [(message.topic, message.stamp_ns) for message in messages] == [("/a", 10), ("/b", 20)]
    assert bytes(messages[0].cdr) == bytes(text)


def test_offered_qos_is_reliable(tmp_path):
    """`ros2 bag play` finds a QoS profile for every topic."""
    path = write_recording(tmp_path / "bag")
    with rosbag2.Reader(path) as reader:
        for connection in reader.connections:
            (qos,) = connection.ext.offered_qos_profiles
            assert qos.reliability.name == "RELIABLE"


def fail_while_writing(path: Path) -> None:
    with BagWriter(path) as bag:
        bag.write_image(COLOR, stamp_ns(0), FRAME_ID, image(0), "bgr8")
        raise KeyboardInterrupt


def test_exception_while_recording_leaves_no_files(tmp_path):
    """An exception while writing, Ctrl-C included, leaves neither the bag nor any temporary file."""
    for name in ("bag.mcap", "bag"):
        with pytest.raises(KeyboardInterrupt):
            fail_while_writing(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


def test_existing_recording_is_not_overwritten(tmp_path):
    """An existing recording is not overwritten without `overwrite`; with it, it is replaced as a whole."""
    for name in ("bag.mcap", "bag"):
        path = write_recording(tmp_path / name, 3)
        with pytest.raises(FileExistsError, match="exists already"), BagWriter(path):
            raise AssertionError("must not start")
        assert_is_the_recording(path, 3)
        with BagWriter(path, overwrite=True) as bag:
            bag.write_camera_info(COLOR_INFO, stamp_ns(0), FRAME_ID, CAMERA)
            bag.write_image(COLOR, stamp_ns(0), FRAME_ID, image(0), "bgr8")
            bag.write_image(DEPTH, stamp_ns(0), FRAME_ID, make_depth(0), "16UC1")
        assert_is_the_recording(path, 1)
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["bag", "bag.mcap"]


def test_only_mcap_is_written(tmp_path):
    """The extension of another kind of bag is refused for writing; a folder with such a name is still read."""
    for name in ("old.bag", "old.db3"):
        with pytest.raises(ValueError, match=r"old.* only MCAP is written; choose a name that ends in \.mcap"):
            BagWriter(tmp_path / name)
    folder = write_recording(tmp_path / "bag", 3).rename(tmp_path / "new.bag")
    assert_is_the_recording(folder, 3)


def test_unrelated_folder_is_not_overwritten(tmp_path):
    """Only a folder that is a bag is replaced by a new one."""
    (tmp_path / "thesis").mkdir()
    with pytest.raises(FileExistsError, match="thesis is a folder"):
        BagWriter(tmp_path / "thesis", overwrite=True).__enter__()
    assert (tmp_path / "thesis").is_dir()


def test_pixels_of_a_wrong_encoding_are_rejected(tmp_path):
    """An image that does not match its encoding is not written."""
    with pytest.raises(ValueError, match="16UC1 has 1 channels of uint16"), BagWriter(tmp_path / "bag.mcap") as bag:
        bag.write_image(DEPTH, 0, FRAME_ID, image(0), "16UC1")
