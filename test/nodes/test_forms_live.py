"""Every form of a recording gives live the frames that it gives offline, pixel for pixel, over real topics."""

from __future__ import annotations

from contextlib import ExitStack

import numpy as np
import pytest

pytest.importorskip("rclpy")

from fingertip_contact.recordings.bag_recording import open_bag_recording
from fingertip_contact.recordings.plain_images import find_coded_topics, make_plain_image
from fingertip_contact.ros import qos
from fingertip_contact.ros.camera_input import (
    CAMERA_INFO_TOPIC,
    COLOR_TOPIC,
    DEPTH_TOPIC,
    LEFT_TOPIC,
    RIGHT_INFO_TOPIC,
    RIGHT_TOPIC,
    FrameReader,
    PairedInput,
    choose_transports,
)
from fingertip_contact.ros.message_types import load_message_class
from fingertip_contact.ros.parameter_tables import ContactSettings
from fingertip_contact.ros.recorded_inputs import find_recorded_inputs
from recording_forms.camera_forms import ALL_FORMS
from ros_harness import RosTestNode, ros_node
from small_bags import LEFT, RIGHT, write_recording

INPUTS = (COLOR_TOPIC, CAMERA_INFO_TOPIC, DEPTH_TOPIC, LEFT_TOPIC, RIGHT_TOPIC, RIGHT_INFO_TOPIC)
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
        inputs = find_recorded_inputs(recording)
        expected = list(recording.frames())
        coded = find_coded_topics(recording.bag.topics) if inputs.is_decoded else {}
        played = [
            make_plain_image(path, message) if message.topic in coded else message
            for message in recording.bag.messages(inputs.stored_topics)
        ]
    remaps = [word for name, topic in inputs.topics.items() for word in ("-r", f"{name}:={topic}")]
    with ros_node("receiver", cli_args=["--ros-args", *remaps]) as node, ExitStack() as active:
        frames = play(node, played, choose_transports(ContactSettings(**inputs.transports)), active)
    assert len(frames) == len(expected) == COUNT
    for received, read in zip(frames, expected, strict=True):
        assert (received.stamp_ns, received.frame_id, received.camera) == (read.stamp_ns, read.frame_id, read.camera)
        np.testing.assert_array_equal(received.color_bgr, read.color_bgr)
        np.testing.assert_array_equal(received.depth.values, read.depth.values)
        np.testing.assert_array_equal(received.stereo.left, read.stereo.left)
        np.testing.assert_array_equal(received.stereo.right, read.stereo.right)


def play(node: RosTestNode, played, transports, active):
    """The frames that arrive. Messages of small images fit into every queue."""
    errors, frames = [], []
    reader = FrameReader()
    PairedInput(node, INPUTS, lambda received: frames.append(reader.read(received)), errors.append, active, transports)
    publishers = {}
    for topic, type_name in {message.topic: message.type for message in played}.items():
        publishers[topic] = node.create_publisher(load_message_class(type_name), topic, qos.RESULT)
        active.callback(node.destroy_publisher, publishers[topic])
    node.wait_until(lambda: all(one.get_subscription_count() for one in publishers.values()), "the subscriptions")
    for message in played:
        publishers[message.topic].publish(bytes(message.cdr))
        node.spinner.spin_once(timeout_sec=0.0)
    node.wait_until(lambda: len(frames) == COUNT, f"{COUNT} frames", deadline_s=20.0)
    assert not errors
    return frames
