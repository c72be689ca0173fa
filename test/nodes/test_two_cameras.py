"""Two cameras and two pipelines, each in a namespace, as d405.launch.py starts them twice."""

from __future__ import annotations

import pytest
import yaml

pytest.importorskip("rclpy")

from std_msgs.msg import String
from visualization_msgs.msg import InteractiveMarkerFeedback

from fingertip_contact.resources import find_share_file
from fingertip_contact.ros import qos
from ros_harness import COLOR, DEADLINE_S, DEPTH, DEPTH_INFO, INFO, extract_key_transitions, launch_nodes, ros_node
from typed_cuts import write_cut

# With what each pipeline reads from the same typing.
TEXTS = {"left": "hi", "right": "HI"}
# Everybody's: of ROS itself, and what names its sender or its frames.
COMMON = {"/parameter_events", "/rosout", "/diagnostics", "/tf", "/tf_static"}
# Slow enough for two pipelines on a busy machine.
RATE = 0.4


@pytest.fixture
def start(tmp_path):
    with launch_nodes(tmp_path) as start:
        yield start


def list_names(node, side):
    """Topics and services of a pipeline."""
    lists = (
        node.get_publisher_names_and_types_by_node,
        node.get_subscriber_names_and_types_by_node,
        node.get_service_names_and_types_by_node,
    )
    return {name for find in lists for name, _ in find("pipeline_node", f"/{side}")}


def write_capitals(path):
    """The sheet of qwerty, with keys that are named and write in capitals."""
    layout = yaml.safe_load(find_share_file("config/layouts/qwerty.yaml").read_text())
    del layout["fingers"]
    for key in layout["keys"]:
        if len(key["name"]) == 1 and key["name"].isalpha():
            key |= {"name": key["name"].upper(), "char": key["name"].upper()}
    path.write_text(yaml.safe_dump(layout))
    return path


def start_side(start, side, recording, **parameters):
    """A camera and its pipeline."""
    topics = {topic: topic.replace("/camera", f"/{side}", 1) for topic in (COLOR, INFO, DEPTH, DEPTH_INFO)}
    inputs = {"color/image": COLOR, "color/camera_info": INFO, "depth/image": DEPTH}
    reader = {"__ns": f"/{side}", **{name: topics[topic] for name, topic in inputs.items()}}
    start("pipeline_node", remaps=reader, tf_prefix=f"{side}_", **parameters)
    camera = {"__ns": f"/{side}", **topics}
    start("simulated_camera_node", remaps=camera, recording=recording, rate=RATE, wait_for_subscribers=1)


def test_both_texts_are_read(start, tmp_path, readable_recording, hand_weights):
    """Two cameras play at once, one of them upside down; each pipeline reads its own camera's typing by its own layout,
    and nothing else. No topic or service is common to both."""
    with ros_node() as test_node:
        texts, keys = {}, {}
        for side in TEXTS:
            texts[side] = test_node.subscribe(String, f"/{side}/typed_text", qos.LATCHED)
            keys[side] = test_node.subscribe(InteractiveMarkerFeedback, f"/{side}/key_events", qos.EVENT)
        start_side(start, "left", write_cut(readable_recording, tmp_path / "left.mcap"))
        upside_down = write_cut(readable_recording, tmp_path / "right.mcap", rotate_deg=180)
        start_side(start, "right", upside_down, layout=write_capitals(tmp_path / "capitals.yaml"), rotate=180)
        test_node.wait_until(lambda: all(len(some) >= 4 for some in keys.values()), "both texts", 2 * DEADLINE_S)
        names = {side: list_names(test_node, side) for side in TEXTS}
        test_node.spin_for(0.5)
    for side, letters in TEXTS.items():
        assert texts[side][-1].data == letters
        assert extract_key_transitions(keys[side]) == [(way, letter) for letter in letters for way in ("down", "up")]
        assert f"/{side}/key_events" in names[side]
        assert {name for name in names[side] if not name.startswith(f"/{side}/")} <= COMMON
