"""What `setup` has saved is what a node starts with."""

from __future__ import annotations

import json

import pytest

pytest.importorskip("rclpy")

from std_msgs.msg import String

from cli_harness import run
from fingertip_contact.ros import qos
from ros_harness import COLOR, launch_nodes, ros_node
from typed_cuts import write_cut

NS = "/fingertip_contact"
# Slow enough for a busy machine.
RATE, PASS_S = 0.5, 120.0


def test_a_node_reads_the_text_with_the_saved_profile(readable_recording, hand_weights, tmp_path, monkeypatch, capsys):
    """With the arguments of the printed line, on the same camera: the text of the typing test."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    options = ("--skip", "fingers", "--text", "hi", "--profile", "mine", "--no-page", "--json")
    assert run("setup", "--camera", readable_recording, *options) == 0
    line = json.loads(capsys.readouterr().out)["launch"].split()
    given = dict(argument.split(":=") for argument in line if ":=" in argument)
    recording = write_cut(readable_recording, tmp_path / "cut.mcap")
    with ros_node() as test_node, launch_nodes(tmp_path) as start:
        texts = test_node.subscribe(String, f"{NS}/typed_text", qos.LATCHED)
        start("pipeline_node", profile=given["profile"], layout=given["layout"], depth_source=given["depth_source"])
        test_node.wait_until(lambda: test_node.count_subscribers(COLOR) == 1, "the node")
        start("simulated_camera_node", recording=recording, rate=RATE, wait_for_subscribers=1)
        test_node.wait_until(lambda: bool(texts) and texts[-1].data == "hi", "the text", PASS_S)
