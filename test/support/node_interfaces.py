"""What the nodes really publish, subscribe and serve, asked of the ROS graph. Import after importorskip("rclpy")."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import MagicMock

import pytest
import rclpy
from rclpy.node import Node

from fingertip_contact.nodes import depth_estimation_node, realsense_node
from fingertip_contact.nodes.contact_node import ContactStage
from fingertip_contact.nodes.depth_estimation_node import DepthEstimationStage
from fingertip_contact.nodes.hand_tracking_node import HandTrackingStage
from fingertip_contact.nodes.key_injector_node import KeyInjectorNode
from fingertip_contact.nodes.pipeline_node import PipelineStage
from fingertip_contact.nodes.realsense_node import RealsenseStage
from fingertip_contact.nodes.record_node import RecordNode
from fingertip_contact.nodes.replay_node import ReplayNode
from fingertip_contact.nodes.rerun_node import RerunNode
from fingertip_contact.nodes.simulated_camera_node import SimulatedCameraNode
from fingertip_contact.nodes.web_node import WebNode
from fingertip_contact.nodes.webcam_node import WebcamStage
from fingertip_contact.ros import contact_interface
from fingertip_contact.ros import parameter_tables as tables
from fingertip_contact.ros.lifecycle import ManagedNode
from fingertip_contact.ros.process import ShutdownEvent
from ros_harness import REMAPS

STAGES = {
    "hand_tracking_node": (tables.HandTrackingSettings, HandTrackingStage),
    "contact_node": (tables.ContactSettings, ContactStage),
    "pipeline_node": (tables.PipelineSettings, PipelineStage),
    "depth_estimation_node": (tables.DepthEstimationSettings, DepthEstimationStage),
    "realsense_node": (tables.RealsenseSettings, RealsenseStage),
    "webcam_node": (tables.WebcamSettings, partial(WebcamStage, ShutdownEvent())),
}


def make_watched_web_node(shutdown_event: ShutdownEvent) -> WebNode:
    """Somebody watches the overlay."""
    node = WebNode(shutdown_event)
    node._topics.follow_overlay(True)
    return node


PLAYERS = {
    "simulated_camera_node": SimulatedCameraNode,
    "replay_node": ReplayNode,
    "record_node": RecordNode,
    "web_node": make_watched_web_node,
    "rerun_node": RerunNode,
    "key_injector_node": KeyInjectorNode,
}
# Together they read everything.
DEPTH_SOURCES = ("fused", "stereo")
# webcam_node waits for a camera that is not there.
NO_CAMERA = "/dev/video99"


@dataclass
class Interfaces:
    """Full names of topics and services."""

    publish: set[str] = field(default_factory=set)
    subscribe: set[str] = field(default_factory=set)
    reply: set[str] = field(default_factory=set)


def collect_interfaces(name: str, recording: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Interfaces:
    """Of one of the package's nodes while it is active, without its networks, its inputs remapped as the launch files
    do it. recording: what players play; folder: for what is written."""
    found = Interfaces()
    if name in PLAYERS:
        parameters = {"recording": str(recording), "output": str(folder / "out.mcap"), "infra": True, "port": 0}
        parameters |= {"mode": "save", "file": str(folder / "out.rrd")}
        parameters |= {"deadman_topic": "deadman", "sink": "key_sinks:RecordingSink"}
        _visit(name, parameters, lambda: PLAYERS[name](ShutdownEvent()), found)
        return found
    settings, stage = STAGES[name]
    monkeypatch.setattr(depth_estimation_node, "make_estimators", lambda settings: (SimpleNamespace(), None))
    monkeypatch.setattr(depth_estimation_node, "describe_estimator", lambda *arguments: {})
    monkeypatch.setattr(depth_estimation_node.DepthStream, "reset", lambda self: None)
    monkeypatch.setattr(contact_interface, "build_contact_pipeline", MagicMock())
    monkeypatch.setattr(realsense_node, "import_pyrealsense2", lambda: None)
    monkeypatch.setattr(realsense_node, "open_realsense", MagicMock(side_effect=OSError("no camera")))
    for source in DEPTH_SOURCES if hasattr(settings, "depth_source") else DEPTH_SOURCES[:1]:
        parameters = {"depth_source": source, "device": NO_CAMERA, "hand_tracker": "node_interfaces:make_no_tracker"}
        parameters["enable_infra"] = True
        _visit(name, parameters, lambda: ManagedNode(name, settings, stage), found)
    return found


def make_no_tracker(**options: object) -> SimpleNamespace:
    """A hand tracker that loads no network."""
    return SimpleNamespace(process=lambda *arguments: (), reset=lambda: None)


def _visit(name: str, parameters: dict[str, object], make_node: Callable[[], Node], found: Interfaces) -> None:
    arguments = ["--ros-args"]
    for parameter, value in parameters.items():
        arguments += ["-p", f"{parameter}:={value}"]
    for topic, target in REMAPS.items():
        arguments += ["-r", f"{topic}:={target}"]
    rclpy.init(args=arguments)
    try:
        node = make_node()
        if isinstance(node, ManagedNode):
            node.autostart()
            assert node._stage is not None, f"{name} could not be configured"
        found.publish |= dict(node.get_publisher_names_and_types_by_node(name, node.get_namespace())).keys()
        found.subscribe |= dict(node.get_subscriber_names_and_types_by_node(name, node.get_namespace())).keys()
        found.reply |= dict(node.get_service_names_and_types_by_node(name, node.get_namespace())).keys()
        if isinstance(node, ManagedNode):
            node.shut_down()
        node.destroy_node()
    finally:
        rclpy.shutdown()
