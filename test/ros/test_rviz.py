"""The RViz configuration shows topics that the nodes publish, of the types that its displays take."""

from __future__ import annotations

import pytest
import yaml

pytest.importorskip("rclpy")

from rclpy.qos import QoSReliabilityPolicy

from repository import ROOT
from ros_harness import FRAME_ID
from shown_topics import publish_what_is_shown

TYPES = {
    "rviz_default_plugins/Image": "sensor_msgs/msg/Image",
    "rviz_default_plugins/MarkerArray": "visualization_msgs/msg/MarkerArray",
    "rviz_default_plugins/PointCloud2": "sensor_msgs/msg/PointCloud2",
}
MANAGER = yaml.safe_load((ROOT / "config" / "fingertip_contact.rviz").read_text())["Visualization Manager"]
DISPLAYS = {
    display["Topic"]["Value"]: display
    for display in MANAGER["Displays"]
    if display["Class"] != "rviz_default_plugins/TF"
}


def test_every_display_has_a_publisher():
    """Of its type, and reliable where the display asks for that; overlay, markers and fingertips are all there."""
    with publish_what_is_shown() as (node, published):
        for topic, display in DISPLAYS.items():
            assert published.get(topic) == [TYPES[display["Class"]]], topic
            (offered,) = [entry.qos_profile for entry in node.get_publishers_info_by_topic(topic)]
            if display["Topic"]["Reliability Policy"] == "Reliable":
                assert offered.reliability == QoSReliabilityPolicy.RELIABLE, topic
    assert [topic.removeprefix("/fingertip_contact/") for topic in DISPLAYS] == [
        "overlay/image",
        "markers",
        "fingertips",
    ]


def test_the_fixed_frame_is_the_cameras():
    """Nothing depends on TF."""
    assert MANAGER["Global Options"]["Fixed Frame"] == FRAME_ID
