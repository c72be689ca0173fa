"""rerun_node: from topics to Rerun's file, read back by Rerun itself, and to viewers that come, go and stop.

No window is opened: Rerun's own program stands in for its viewer, as the server that it is too.
"""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("rerun", reason="needs rerun-sdk (extra rerun)")

import cv2
import rclpy
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from sensor_msgs.msg import CameraInfo, Image, PointCloud2
from std_msgs.msg import String
from visualization_msgs.msg import InteractiveMarkerFeedback, MarkerArray

from fingertip_contact.datatypes import ContactEvent, Fingertip, FrameResult, KeyEvent
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.nodes.rerun_node import RerunNode, open_target
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.images import ImageWriter
from fingertip_contact.ros.markers import make_markers
from fingertip_contact.ros.parameter_tables import RerunSettings
from fingertip_contact.ros.process import ShutdownEvent
from fingertip_contact.visualization import rerun_scene
from fingertip_contact.visualization.rerun_import import LOCALHOST, import_rerun, require_rerun
from fingertip_contact.visualization.rerun_scene import RerunScene
from fingertip_contact.visualization.rerun_target import find_viewer
from rerun_reading import read_entities
from ros_harness import CAMERA, INFO, START_NS, RosTestNode, launch_nodes, ros_node

TILT = cv2.Rodrigues(np.array([2.2, 0.1, -0.2]))[0]
POSE = RigidTransform(TILT, np.array([0.01, -0.02, 0.4]))
POINT_M = np.array([0.03, 0.01, 0.35])
BLUE = (200, 40, 20)
TOPICS = ("key_events", "contact_events", "typed_text", "fingertips", "markers", "overlay/image", INFO)


@pytest.fixture
def start(tmp_path):
    with launch_nodes(tmp_path) as start:
        yield start


class Publishers:
    """What contact_node and the camera publish."""

    def __init__(self, node: RosTestNode) -> None:
        self.node = node
        self.keys = node.create_publisher(InteractiveMarkerFeedback, "key_events", qos.EVENT)
        self.contacts = node.create_publisher(InteractiveMarkerFeedback, "contact_events", qos.EVENT)
        self.text = node.create_publisher(String, "typed_text", qos.LATCHED)
        self.fingertips = node.create_publisher(PointCloud2, "fingertips", qos.RESULT)
        self.markers = node.create_publisher(MarkerArray, "markers", qos.RESULT)
        self.camera_info = node.create_publisher(CameraInfo, INFO, qos.CAMERA_INFO_IN)
        self.overlay = node.create_publisher(Image, "overlay/image", qos.IMAGE_OUT)
        self.diagnostics = node.create_publisher(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        self.writer = ImageWriter("bgr8")
        self.image = np.full((CAMERA.height, CAMERA.width, 3), BLUE, np.uint8)
        self.image[:32, :32] = 255

    def publish_all(self) -> None:
        """Two fingers down, one on a key; one is lost."""
        header = messages.make_header(START_NS, "camera")
        self.camera_info.publish(messages.make_camera_info(header, CAMERA))
        # Turned for the typist.
        turned = messages.make_header(START_NS, "camera_overlay_180")
        self.overlay.publish(self.writer.make_message(turned, self.image))
        unknown = np.full(3, np.nan)
        tips = (
            Fingertip(1, "right", "index", (np.nan, np.nan), POINT_M, 0.001, -0.1, 0.9, "contact"),
            Fingertip(1, "left", "ring", (np.nan, np.nan), unknown, np.nan, np.nan, 0.5, "lost"),
        )
        self.fingertips.publish(messages.make_fingertips(header, tips))
        result = FrameResult(START_NS, (), tips, (), (), "", None, POSE)
        self.markers.publish(make_markers(header, result, load_layout("qwerty")))
        for finger, key, point_m in (("index", "j", POINT_M), ("thumb", "", POINT_M + 0.02)):
            contact = ContactEvent(START_NS, START_NS, "press", 1, 1, "right", finger, point_m, 1.0)
            self.contacts.publish(messages.make_contact_event("camera", contact))
            if key:
                self.keys.publish(messages.make_key_event("camera", KeyEvent(contact, "qwerty", key, key)))
        self.text.publish(String(data="j"))
        # Of another program: it is left out, and the node goes on.
        self.keys.publish(InteractiveMarkerFeedback(client_id="rviz"))
        status = DiagnosticStatus(
            name="fingertip_contact/contact_node",
            level=DiagnosticStatus.WARN,
            hardware_id="fingertip_contact",
            message="the sheet is not found",
        )
        self.diagnostics.publish(DiagnosticArray(header=header, status=[status]))


def test_the_file_holds_what_was_published(tmp_path, monkeypatch):
    """Each of the topics, at its stamp; once what repeats, such as text and reports; the file appears at the end."""
    path = tmp_path / "live.rrd"
    log, logged = RerunScene._log, Counter()
    monkeypatch.setattr(RerunScene, "_log", lambda self, *given: (log(self, *given), logged.update([given[1]])))
    arguments = ["--ros-args", "-p", "mode:=save", "-p", f"file:={path}", "-r", f"color/camera_info:={INFO}"]
    monkeypatch.setattr(rclpy, "init", partial(rclpy.init, args=arguments))
    with ros_node() as test_node:
        node = RerunNode(ShutdownEvent())
        test_node.spinner.add_node(node)
        publishers = Publishers(test_node)
        test_node.wait_until(lambda: all(map(test_node.count_subscribers, TOPICS)), "the node's subscriptions")
        publishers.publish_all()
        paths = (rerun_scene.IMAGE, rerun_scene.FINGERTIPS, rerun_scene.SHEET, rerun_scene.HELD_KEYS)
        wanted = Counter([*paths, rerun_scene.TOUCHES, rerun_scene.TOUCHES, rerun_scene.EVENTS, rerun_scene.ADVICE])
        test_node.wait_until(
            lambda: wanted <= logged and node._topics._camera is not None and node._topics._text == "j", "all topics"
        )
        assert not path.exists()
        node.destroy_node()
    found = read_entities(path)
    (balls,) = found[rerun_scene.FINGERTIPS]
    assert balls["stamp"] == START_NS
    assert balls["positions"] == [pytest.approx(POINT_M)]
    assert balls["labels"] == ["right index, contact"]
    heights = [row for row in found["heights/right_index"] if "scalars" in row]
    assert [row["scalars"] for row in heights] == [[pytest.approx(1.0, abs=1e-5)]]
    (sheet,) = found[rerun_scene.SHEET]
    assert pytest.approx(POSE.rotation, abs=1e-6) == np.array(sheet["mat3x3"]).reshape(3, 3).T
    assert sheet["translation"] == [pytest.approx(POSE.translation_m)]
    # Turned with the image, so that it hangs in 3-D where the camera saw it.
    camera = {name: value for row in found[rerun_scene.CAMERA] for name, value in row.items()}
    assert camera["resolution"] == [[CAMERA.width, CAMERA.height]]
    assert camera["mat3x3"] == [pytest.approx(np.diag([-1.0, -1.0, 1.0]).ravel(), abs=1e-6)]
    (image,) = found[rerun_scene.IMAGE]
    decoded = cv2.imdecode(np.array(image["blob"][0], np.uint8), cv2.IMREAD_COLOR)
    assert decoded.shape == (CAMERA.height, CAMERA.width, 3)
    assert decoded[4, 4] == pytest.approx((255, 255, 255), abs=4)
    assert decoded[-4, -4] == pytest.approx(BLUE, abs=4)
    # Both fingers, though messages carry no number of the press.
    assert [len(row["positions"]) for row in found[rerun_scene.TOUCHES]] == [1, 2]
    assert [len(row["strips"]) for row in found[rerun_scene.HELD_KEYS]] == [1]
    assert [row["text"] for row in found[rerun_scene.EVENTS]] == [["press j by right index"]]
    assert [row["text"] for row in found[rerun_scene.TEXT]][-1] == ["j"]
    assert [row["text"] for row in found[rerun_scene.ADVICE]] == [
        ["fingertip_contact/contact_node: the sheet is not found"]
    ]


def free_port() -> int:
    with socket.socket() as free:
        free.bind((LOCALHOST, 0))
        return free.getsockname()[1]


@pytest.fixture
def viewers() -> Iterator[list[subprocess.Popen]]:
    """Processes to end after a test."""
    started: list[subprocess.Popen] = []
    yield started
    for process in started:
        process.kill()
        process.wait()


def start_viewer(viewers: list[subprocess.Popen], port: int, path: Path) -> subprocess.Popen:
    """Rerun as a server that keeps what comes."""
    command = [find_viewer(), "--save", str(path), "--bind", LOCALHOST, "--port", str(port)]
    viewers.append(subprocess.Popen(command, stderr=subprocess.DEVNULL, env=os.environ | {"CI": "true"}))
    return viewers[-1]


def test_a_viewer_may_come_go_and_stop(start, viewers, tmp_path):
    """The node waits for it, without subscribing images, shows it everything from then on, and ends at once also while
    it has stopped."""
    port = free_port()
    with ros_node() as node:
        publishers = Publishers(node)
        url = f"rerun+http://{LOCALHOST}:{port}/proxy"
        shown = start("rerun_node", mode="connect", url=url, image_rate_hz=60.0)
        shown.wait_for_log("waits for a viewer")
        node.wait_until(lambda: node.count_subscribers("fingertips") == 1, "the node's subscriptions")
        assert node.count_subscribers("overlay/image") == 0
        for name in ("first.rrd", "second.rrd"):
            count = shown.log_text.count("shown from now on")
            viewer = start_viewer(viewers, port, tmp_path / name)
            node.wait_until(lambda n=count: shown.log_text.count("shown from now on") > n, f"the viewer of {name}")
            node.wait_until(lambda: node.count_subscribers("overlay/image") == 1, "the overlay's subscription")
            before = (tmp_path / name).stat().st_size

            def has_come(name: str = name, before: int = before) -> bool:
                publishers.publish_all()
                return (tmp_path / name).stat().st_size > before + 1000

            node.wait_until(has_come, f"data in {name}")
            if name == "first.rrd":
                viewer.kill()
                viewer.wait()
                node.wait_until(lambda: node.count_subscribers("overlay/image") == 0, "the end of the overlay")
        viewer.send_signal(signal.SIGSTOP)
        # Large, so that what lies between the two is full soon.
        publishers.image = np.random.default_rng(0).integers(0, 256, publishers.image.shape, np.uint8)

        def is_noticed() -> bool:
            publishers.publish_all()
            return shown.log_text.count("waits for a viewer") == 3

        node.wait_until(is_noticed, "a viewer that does not answer")
        begin_s = time.monotonic()
        assert shown.stop() == 0
        assert time.monotonic() - begin_s < 10
    assert "Traceback" not in shown.log_text


def make_program(folder: Path, line: str) -> dict[str, str]:
    """The environment in which rerun-sdk starts this line of a shell as its viewer."""
    program = folder / "viewer"
    program.write_text(f"#!/bin/sh\n{line}\n")
    program.chmod(0o755)
    return {"RERUN_CLI_PATH": str(program)}


def test_its_own_viewer_begins_and_ends_with_it(start, tmp_path):
    """Heard by this computer alone, with a limit of memory and without usage data; one that is closed ends the node."""
    line = f'echo "$$ CI=$CI $@" >> {tmp_path}/calls; exec {find_viewer()} --save {tmp_path}/$$.rrd "$@"'
    environment = os.environ | make_program(tmp_path, line)
    for end in ("viewer", "node"):
        node = start("rerun_node", environment, mode="spawn", memory_limit="500MB")
        node.wait_for_log("shown from now on")
        process, call = (tmp_path / "calls").read_text().splitlines()[-1].split(" ", 1)
        assert call.startswith("CI=true --bind 127.0.0.1 --port ")
        assert "--memory-limit 500MB" in call
        if end == "viewer":
            os.kill(int(process), signal.SIGTERM)
            assert node.wait_for_exit() == 0
            assert "the viewer was closed" in node.log_text
        else:
            assert node.stop() == 0
            with pytest.raises(ProcessLookupError):
                os.kill(int(process), 0)
        assert "Traceback" not in node.log_text


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        (RerunSettings(mode="save", file="/nowhere/out.mp4"), "has to end in .rrd"),
        (RerunSettings(mode="save", file="THERE"), "exists already"),
        (RerunSettings(mode="connect", url="localhost:9876"), "such as rerun\\+http://127.0.0.1:9876/proxy"),
        (RerunSettings(mode="spawn", memory_limit="much"), "such as 2GB, 500MB or 25%"),
    ],
    ids=["name", "exists", "url", "memory"],
)
def test_what_cannot_be_shown_is_refused(tmp_path, settings, text):
    """Before anything is started or written."""
    (tmp_path / "there.rrd").touch()
    if settings.file == "THERE":
        settings = replace(settings, file=str(tmp_path / "there.rrd"))
    with pytest.raises((ValueError, OSError), match=text):
        open_target(settings)
    assert [path.name for path in tmp_path.iterdir()] == ["there.rrd"]


def test_a_refused_target_ends_the_node(start):
    """Exit code 2, and one line."""
    node = start("rerun_node", mode="save")
    assert node.wait_for_exit() == 2
    assert "set the parameter `file`" in node.log_text
    assert node.log_text.count("error:") == 1


def test_without_the_library_the_remedy_is_told(monkeypatch):
    """By the node as by `process`."""
    monkeypatch.setitem(sys.modules, "rerun", None)
    for ask in (import_rerun, require_rerun):
        with pytest.raises(ValueError, match=r"rerun is not installed: .*\[rerun\]"):
            ask()


def test_a_viewer_that_ends_at_once_ends_the_node(start, tmp_path):
    """As without a display: exit code 2, what the viewer said, and the remedy."""
    environment = os.environ | make_program(tmp_path, "echo no display is set >&2; exit 1")
    node = start("rerun_node", environment, mode="spawn")
    assert node.wait_for_exit() == 2
    assert "no display is set" in node.log_text
    assert "where there is no display use mode connect or save" in node.log_text
    assert "Traceback" not in node.log_text
