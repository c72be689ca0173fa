"""Every form of a recording gives live the frames that it gives offline, pixel for pixel, over real topics."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("rclpy")

import ros_harness  # noqa: F401  (sets the domain of the tests)
from fingertip_contact.recordings.bag_recording import open_bag_recording
from recording_forms.camera_forms import ALL_FORMS
from recording_forms.received import receive_frames
from small_bags import LEFT, RIGHT, write_recording

COUNT = 4
# What waits until it is known that no camera_info comes with each image: test_streams.py.
FORMS = [form for form in ALL_FORMS if not form.name.startswith("each camera_info once")]


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    return write_recording(tmp_path_factory.mktemp("plain") / "plain.mcap", COUNT, imagers=(LEFT, RIGHT))


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.name)
def test_a_form_is_live_what_it_is_offline(tmp_path, plain, form):
    """Played as replay_node does, received as nodes do with the transports that launch files pass on."""
    path = form.write(plain, tmp_path)
    with open_bag_recording(path) as recording:
        expected = list(recording.frames())
    frames = []
    receive_frames(path, frames.append)
    assert len(frames) == len(expected) == COUNT
    for received, read in zip(frames, expected, strict=True):
        assert (received.stamp_ns, received.frame_id, received.camera) == (read.stamp_ns, read.frame_id, read.camera)
        np.testing.assert_array_equal(received.color_bgr, read.color_bgr)
        np.testing.assert_array_equal(received.depth.values, read.depth.values)
        np.testing.assert_array_equal(received.stereo.left, read.stereo.left)
        np.testing.assert_array_equal(received.stereo.right, read.stereo.right)
