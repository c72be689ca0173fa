"""What an error tells to do works: the recording is refused, the remedy is followed to the letter, and it is read.

Not here: remedies that need a camera (record again, a driver's parameter) or a tool that is no part of the environment
(`mcap recover`, `ros2 bag reindex`, a conversion to ROS 2); docs/recording-forms.md lists them.
"""

from __future__ import annotations

import re
import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from rosbags import rosbag2

from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.bag_writer import BagWriter
from recording_forms import coders
from recording_forms.forms import transported
from small_bags import (
    CAMERA,
    COLOR,
    COLOR_INFO,
    DEPTH,
    FRAME_ID,
    LEFT,
    copy_modified,
    image,
    make_depth,
    stamp_ns,
    write_recording,
)

COUNT = 3


def read(path: Path, **options: Any) -> list:
    with open_bag_recording(path, **options) as recording:
        return list(recording.frames())


def write_camera(bag: BagWriter, namespace: str, *, frame_id: str = FRAME_ID, has_depth: bool = False) -> None:
    for index in range(COUNT):
        bag.write_camera_info(f"{namespace}/color/camera_info", stamp_ns(index), frame_id, CAMERA)
        bag.write_image(f"{namespace}/color/image_raw", stamp_ns(index), frame_id, image(index), "bgr8")
        if has_depth:
            topic = f"{namespace}/aligned_depth_to_color/image_raw"
            bag.write_image(topic, stamp_ns(index), frame_id, make_depth(index), "16UC1")


def write_two_cameras(path: Path) -> Path:
    with BagWriter(path) as bag:
        for side in ("left", "right"):
            write_camera(bag, f"/{side}", frame_id=side, has_depth=True)
    return path


def write_strange_depth(path: Path) -> Path:
    """Depth in the frame of another camera, in the namespace of colour."""
    with BagWriter(path) as bag:
        write_camera(bag, "/camera/camera")
        for index in range(COUNT):
            bag.write_image(DEPTH, stamp_ns(index), "other_optical_frame", make_depth(index), "16UC1")
    return path


def write_depth_of_other_stamps(path: Path) -> Path:
    with BagWriter(path) as bag:
        write_camera(bag, "/camera/camera")
        for index in range(COUNT):
            bag.write_image(DEPTH, stamp_ns(index) + 10**10, FRAME_ID, make_depth(index), "16UC1")
    return path


def change_infos(folder: Path, **changes: Any) -> Path:
    source = write_recording(folder / "source.mcap", COUNT)
    change = lambda message: replace(message, **changes) if hasattr(message, "k") else message  # noqa: E731
    return copy_modified(source, folder / "changed", rosbag2.StoragePlugin.MCAP, change)


PNG_DEPTH = coders.code_picture(".png", "16UC1; png compressed ", cv2.IMWRITE_PNG_COMPRESSION, 1)


def code_depth(folder: Path, transport: str, coder: coders.Coder) -> Path:
    return transported("16UC1", f"/{transport}", coder)(write_recording(folder / "plain.mcap", COUNT), folder)


# Of each error: the recording, how it is read, a part of the message, how it is read by the remedy, and whether with
# depth.
CHOICES: dict[str, tuple[Callable[[Path], Path], dict[str, Any], str, dict[str, Any], bool]] = {
    "name the topic": (
        lambda folder: write_recording(folder / "bag.mcap", COUNT, color="/webcam/picture", info="/webcam/camera_info"),
        {},
        "name the topic: --color-topic",
        {"color_topic": "/webcam/picture"},
        False,
    ),
    "say which camera": (
        lambda folder: write_two_cameras(folder / "bag.mcap"),
        {},
        "say which one to read: --color-topic",
        {"color_topic": "/right/color/image_raw", "depth_source": "sensor"},
        True,
    ),
    "colour without another camera's depth": (
        lambda folder: write_strange_depth(folder / "bag.mcap"),
        {},
        f"choose --color-topic {COLOR} for colour without this depth",
        {"color_topic": COLOR},
        False,
    ),
    "colour without depth": (
        lambda folder: write_recording(folder / "bag.mcap", COUNT, aligned=None),
        {"depth_source": "sensor"},
        "or choose one of none, model;",
        {"depth_source": "none"},
        False,
    ),
    "depth without imagers": (
        lambda folder: write_recording(folder / "bag.mcap", COUNT, imagers=(LEFT,)),
        {"depth_source": "stereo"},
        "or choose one of none, sensor, model, fused;",
        {"depth_source": "sensor"},
        True,
    ),
    "colour without depth of other stamps": (
        lambda folder: write_depth_of_other_stamps(folder / "bag.mcap"),
        {},
        "choose depth source none for colour alone",
        {"depth_source": "none"},
        False,
    ),
    "give the missing calibration": (
        lambda folder: write_recording(folder / "bag.mcap", COUNT, info=None),
        {},
        "or give a calibration: --camera-info",
        {"camera": CAMERA},
        True,
    ),
    "calibrate the camera": (
        lambda folder: change_infos(folder, k=np.zeros(9)),
        {},
        "calibrate the camera",
        {"camera": CAMERA},
        True,
    ),
}


@pytest.mark.parametrize("name", CHOICES)
def test_the_choice_that_the_error_names_is_read(tmp_path, name):
    write, options, message, remedy, has_depth = CHOICES[name]
    path = write(tmp_path)
    with pytest.raises(ValueError, match=re.escape(message)):
        read(path, **options)
    frames = read(path, **remedy)
    assert [frame.stamp_ns for frame in frames] == [stamp_ns(index) for index in range(COUNT)]
    np.testing.assert_array_equal(frames[-1].color_bgr, image(COUNT - 1))
    assert (frames[-1].depth is not None) == has_depth


def test_the_missing_intrinsics_are_recorded(tmp_path):
    """Under the name that the error tells."""
    with pytest.raises(ValueError, match=f"no intrinsics: record {COLOR_INFO} with the images"):
        read(write_recording(tmp_path / "bag.mcap", COUNT, info=None))
    assert len(read(write_recording(tmp_path / "again.mcap", COUNT, info=COLOR_INFO))) == COUNT


@pytest.mark.parametrize("broken", ["no metadata", "bad metadata", "missing file"])
def test_a_file_of_the_bag_is_named(tmp_path, broken):
    """Where a folder is not read as a bag: one of its files is."""
    folder = write_recording(tmp_path / "bag", COUNT)
    if broken == "no metadata":
        (folder / "metadata.yaml").unlink()
        shutil.copy(folder / "bag.mcap", folder / "other.mcap")
    elif broken == "bad metadata":
        (folder / "metadata.yaml").write_text("rosbag2_bagfile_information: 3")
    else:
        text = (folder / "metadata.yaml").read_text()
        (folder / "metadata.yaml").write_text(text.replace("- bag.mcap", "- bag.mcap\n  - bag_1.mcap", 1))
    with pytest.raises(ValueError, match=r"name (the file itself|a file of the bag itself|one file of it)"):
        read(folder)
    assert len(read(folder / "bag.mcap")) == COUNT


def test_a_whole_copy_of_a_truncated_file(tmp_path):
    """`copy it again` is enough where the source is whole."""
    source = write_recording(tmp_path / "source.mcap", 40)
    copy = tmp_path / "copy.mcap"
    copy.write_bytes(source.read_bytes()[:-2000])
    with pytest.raises(ValueError, match="record or copy it again"):
        read(copy)
    shutil.copy(source, copy)
    assert len(read(copy)) == 40


@pytest.mark.parametrize(
    ("transport", "coder"),
    [("compressed", PNG_DEPTH), ("compressedDepth", coders.code_depth_png("16UC1; compressedDepth png"))],
)
def test_depth_by_a_coder_that_can_hold_it(tmp_path, transport, coder):
    """In the place of JPEG, which the plugin takes by default: PNG, or .../compressedDepth."""
    (tmp_path / "jpeg").mkdir()
    with open_bag_recording(code_depth(tmp_path / "jpeg", "compressed", coders.code_empty)) as recording:
        assert re.search(r"record \.\.\./compressedDepth, or set .* \.\.\./compressed to png", recording.notes[0])
    frames = read(code_depth(tmp_path, transport, coder), depth_source="sensor")
    np.testing.assert_array_equal(frames[-1].depth.values, make_depth(COUNT - 1))


def test_what_nodes_cannot_take_is_processed(tmp_path):
    """Foxglove's images, by `fingertip-contact process`; test/nodes/test_forms_live.py has replay_node's way."""
    path = transported("bgr8", "", coders.code_foxglove_raw)(write_recording(tmp_path / "plain.mcap", COUNT), tmp_path)
    with (
        open_bag_recording(path) as recording,
        pytest.raises(ValueError, match="or use `fingertip-contact process`"),
    ):
        recording.require_ros_images()
    assert len(read(path)) == COUNT


def test_a_supported_distortion_model(tmp_path):
    """One of those that the error lists."""
    (tmp_path / "bad").mkdir()
    with pytest.raises(ValueError, match="rectify the images, or use one of plumb_bob"):
        read(change_infos(tmp_path / "bad", distortion_model="equidistant"))
    assert len(read(change_infos(tmp_path, distortion_model="plumb_bob"))) == COUNT
