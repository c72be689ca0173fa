"""web_node: from topics to a websocket, and what its arguments may not be."""

from __future__ import annotations

import asyncio
import json
import re
from typing import Any

import jsonschema
import numpy as np
import pytest

pytest.importorskip("rclpy")
pytest.importorskip("aiohttp")

import aiohttp
from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from sensor_msgs.msg import Image, PointCloud2
from std_msgs.msg import String
from visualization_msgs.msg import (
    InteractiveMarker,
    InteractiveMarkerControl,
    InteractiveMarkerFeedback,
    InteractiveMarkerInit,
)

from fingertip_contact.datatypes import ContactEvent, Fingertip, KeyEvent
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.images import ImageWriter
from ros_harness import START_NS, NodeProcess, RosTestNode, launch_nodes, ros_node
from web_world import read_schema

TIMEOUT_S = 30.0


@pytest.fixture
def start(tmp_path):
    with launch_nodes(tmp_path) as start:
        yield start


def read_address(node: NodeProcess) -> str:
    """The one that the node prints."""
    node.wait_for_log("the page is at")
    return re.search(r"the page is at (\S+)", node.log_text)[1]


class Publishers:
    """What contact_node publishes."""

    def __init__(self, node: RosTestNode) -> None:
        self.node = node
        self.keys = node.create_publisher(InteractiveMarkerFeedback, "key_events", qos.EVENT)
        self.presses = node.create_publisher(InteractiveMarkerInit, "open_presses", qos.LATCHED)
        self.text = node.create_publisher(String, "typed_text", qos.LATCHED)
        self.suggestions = node.create_publisher(String, "suggestions", qos.LATCHED)
        self.fingertips = node.create_publisher(PointCloud2, "fingertips", qos.RESULT)
        self.overlay = node.create_publisher(Image, "overlay/image", qos.IMAGE_OUT)
        self.diagnostics = node.create_publisher(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)

    def publish_press(self) -> None:
        """A finger on a key, and one that is lost: its numbers are NaN."""
        header = messages.make_header(START_NS, "camera")
        contact = ContactEvent(START_NS, START_NS, "press", 1, 1, "right", "index", np.array([0.1, 0.0, 0.3]), 1.0)
        self.keys.publish(messages.make_key_event("camera", KeyEvent(contact, "qwerty", "j", "j")))
        control = InteractiveMarkerControl(name="j")
        marker = InteractiveMarker(header=header, name="qwerty", description="right_index", controls=[control])
        self.presses.publish(InteractiveMarkerInit(seq_num=START_NS, markers=[marker]))
        self.text.publish(String(data="j"))
        # The first is of another program: it is left out.
        for text in ("just", json.dumps({"stamp_ns": START_NS, "word": "j", "suggestions": ["just"]})):
            self.suggestions.publish(String(data=text))
        unknown = np.full(3, np.nan)
        tip = Fingertip(1, "left", "ring", (np.nan, np.nan), unknown, np.nan, np.nan, 0.5, "lost")
        self.fingertips.publish(messages.make_fingertips(header, [tip]))
        # Of another program: it is left out, and the node goes on.
        self.keys.publish(InteractiveMarkerFeedback(client_id="rviz"))
        values = {
            "advice": "no_sheet",
            "advice/no_sheet": "the sheet is not found",
            "remedy/no_sheet": "lay it in view",
        }
        status = DiagnosticStatus(
            name="fingertip_contact/contact_node",
            level=DiagnosticStatus.WARN,
            hardware_id="fingertip_contact",
            message="the sheet is not found",
            values=[KeyValue(key=key, value=value) for key, value in values.items()],
        )
        self.diagnostics.publish(DiagnosticArray(status=[status]))


async def collect(address: str, publishers: Publishers) -> dict[str, Any]:
    """What a client has been told once a press, a fingertip, the text, advice and an image have come."""
    found: dict[str, Any] = {}
    writer = ImageWriter("bgr8")
    async with aiohttp.ClientSession() as session, session.ws_connect(f"{address}ws") as socket:
        found["hello"] = await socket.receive_json()
        found["overlay before"] = publishers.node.count_subscribers("overlay/image")
        await socket.send_json({"overlay": True})
        wanted = {"events", "fingertips", "text", "suggestions", "advice", "down", "image"}
        while not wanted <= found.keys():
            publishers.publish_press()
            image = np.zeros((48, 64, 3), np.uint8)
            publishers.overlay.publish(writer.make_message(messages.make_header(START_NS, "camera"), image))
            message = await socket.receive(timeout=TIMEOUT_S)
            if message.type == aiohttp.WSMsgType.BINARY:
                found["image"] = message.data
            else:
                state = json.loads(message.data)
                jsonschema.validate(state, read_schema())
                found |= {name: value for name, value in state.items() if value}
    return found


def test_topics_come_to_a_client(start):
    """Each message has the schema, without NaN; the overlay is subscribed only while somebody watches; SIGTERM ends the
    node with exit code 0."""
    with ros_node() as node:
        publishers = Publishers(node)
        web = start("web_node", port=0)
        address = read_address(web)
        node.wait_until(lambda: node.count_subscribers("fingertips") == 1, "the node's subscriptions")
        found = asyncio.run(asyncio.wait_for(collect(address, publishers), TIMEOUT_S))
        node.wait_until(lambda: node.count_subscribers("overlay/image") == 0, "the end of the overlay's subscription")
    assert found["hello"]["layout"]["name"] == "qwerty"
    assert found["overlay before"] == 0
    assert {(event["key"], event["type"]) for event in found["events"]} == {("j", "press")}
    assert [(press["finger"], press["key"]) for press in found["down"]] == [("right_index", "j")]
    assert (found["text"], found["stamp_us"]) == ("j", START_NS // 1000)
    lost = {"finger": "left_ring", "state": "lost", "height_mm": None, "speed_mps": None, "point_m": None}
    assert found["fingertips"] == [lost]
    assert [(item["text"], item["remedy"]) for item in found["advice"]] == [
        ("the sheet is not found", "lay it in view")
    ]
    assert found["image"][:2] == b"\xff\xd8"
    assert "a message was left out" in web.log_text
    assert web.stop() == 0
    assert "Traceback" not in web.log_text


def test_the_network_needs_the_token(start, tmp_path):
    """Beyond this computer there is always one: that of the file, else a new one; the log has no other place for it."""
    (tmp_path / "token").write_text("a" * 20 + "\n")
    given = read_address(start("web_node", host="0.0.0.0", port=0, token_file=tmp_path / "token"))
    assert given.endswith("/?token=" + "a" * 20)
    made = read_address(start("web_node", host="0.0.0.0", port=0))
    assert len(made.partition("?token=")[2]) >= 20

    async def ask() -> list[int]:
        port = given.split(":")[2].split("/")[0]
        async with aiohttp.ClientSession(f"http://127.0.0.1:{port}") as session:
            return [(await session.get(path)).status for path in ("/state.json", "/state.json?token=" + "a" * 20)]

    assert asyncio.run(ask()) == [401, 200]


@pytest.mark.parametrize(
    ("parameters", "text"),
    [
        ({"token_file": "TOKEN"}, "openssl rand"),
        ({"token_file": "/none"}, "/none"),
        ({"layout": "nowhere"}, "nowhere"),
        ({"host": "203.0.113.7"}, "choose another port or host"),
    ],
    ids=["short token", "no token", "no layout", "foreign address"],
)
def test_a_page_that_cannot_be_served_ends_the_node(start, tmp_path, parameters, text):
    """Exit code 2, and one line."""
    (tmp_path / "short").write_text("short")
    chosen = {name: tmp_path / "short" if value == "TOKEN" else value for name, value in parameters.items()}
    web = start("web_node", port=0, **chosen)
    assert web.wait_for_exit() == 2
    assert text in web.log_text
    assert web.log_text.count("error:") == 1
    assert "Traceback" not in web.log_text
