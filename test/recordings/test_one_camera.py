"""Colour and depth are of one camera, or the user is asked."""

from __future__ import annotations

import numpy as np
import pytest

from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.bag_writer import BagWriter
from small_bags import CAMERA, COLOR, COLOR_INFO, DEPTH, FRAME_ID, image, make_depth, stamp_ns

WEBCAM_FRAME = "default_cam"


@pytest.fixture
def beside_webcam(tmp_path):
    """A webcam's colour under a name that stands beside a depth camera's depth, of the same size."""
    with BagWriter(tmp_path / "bag.mcap") as bag:
        for index in range(3):
            bag.write_image(COLOR, stamp_ns(index), WEBCAM_FRAME, image(index), "bgr8")
            bag.write_camera_info(COLOR_INFO, stamp_ns(index), WEBCAM_FRAME, CAMERA)
            bag.write_image(DEPTH, stamp_ns(index), FRAME_ID, make_depth(index), "16UC1")
            bag.write_image("/d405/rgb", stamp_ns(index), FRAME_ID, np.zeros((48, 64, 3), np.uint8), "bgr8")
    return tmp_path / "bag.mcap"


@pytest.mark.parametrize("depth_source", ["auto", "sensor"])
def test_depth_of_another_camera_is_refused(beside_webcam, depth_source):
    """The error names both topics, their frames, and what to choose."""
    frames = f"{DEPTH} is in the frame '{FRAME_ID}', {COLOR} in '{WEBCAM_FRAME}'"
    message = f"{frames}; choose --color-topic {COLOR}.*d405/rgb"
    with (
        pytest.raises(ValueError, match=message),
        open_bag_recording(beside_webcam, depth_source=depth_source),
    ):
        pass


@pytest.mark.parametrize(
    ("depth_source", "color_topic", "has_depth", "note"),
    [
        ("none", None, False, ""),
        ("auto", COLOR, False, "not read"),
        ("sensor", COLOR, True, "read all the same"),
    ],
)
def test_the_user_decides(beside_webcam, depth_source, color_topic, has_depth, note):
    """Colour alone needs no decision; a note tells what became of the depth."""
    with open_bag_recording(beside_webcam, depth_source=depth_source, color_topic=color_topic) as recording:
        assert [frame.depth is not None for frame in recording.frames()] == [has_depth] * 3
        assert ("; ".join(recording.notes)).endswith(note)
        assert bool(recording.notes) == bool(note)
