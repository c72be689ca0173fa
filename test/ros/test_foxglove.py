"""Foxglove's layout: whole, of topics that the nodes publish, and its script reads fingertips as they are sent."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("rclpy")

from fingertip_contact.datatypes import FINGERS, HANDS, Fingertip
from fingertip_contact.ros import messages
from repository import ROOT
from ros_harness import FRAME_ID, START_NS
from shown_topics import publish_what_is_shown

LAYOUT = json.loads((ROOT / "config" / "foxglove_layout.json").read_text())
SCRIPT = (ROOT / "config" / "foxglove_heights.ts").read_text()
PANELS: dict[str, dict[str, Any]] = LAYOUT["configById"]
SCRIPT_TOPIC = "/foxglove_script/fingertip_heights_mm"
# Panels of Foxglove that show messages, and what each takes.
TYPES = {
    "Image": {"sensor_msgs/msg/Image"},
    "3D": {"visualization_msgs/msg/MarkerArray", "sensor_msgs/msg/PointCloud2"},
    "RosOut": {"rcl_interfaces/msg/Log"},
    "DiagnosticSummary": {"diagnostic_msgs/msg/DiagnosticArray"},
    "DiagnosticStatusPanel": {"diagnostic_msgs/msg/DiagnosticArray"},
}


def list_panels(layout: Any) -> list[str]:
    """The panels of a tree of splits, in order. Fails where a split is not whole."""
    if isinstance(layout, str):
        return [layout]
    assert layout.keys() == {"first", "second", "direction", "splitPercentage"}
    assert layout["direction"] in ("row", "column")
    assert 0 < layout["splitPercentage"] < 100
    return list_panels(layout["first"]) + list_panels(layout["second"])


def list_topics() -> list[tuple[str, str]]:
    """Kind of the panel, and topic or path in its messages."""
    found = []
    for name, panel in PANELS.items():
        kind = name.split("!")[0]
        paths = [*panel.get("topics", {}), panel.get("topicPath"), panel.get("topicToRender")]
        paths += [panel.get("imageMode", {}).get("imageTopic"), *(series["value"] for series in panel.get("paths", ()))]
        found += [(kind, path) for path in paths if path]
    return found


def test_each_panel_has_its_place_and_its_settings():
    """Once, and no settings are left over."""
    panels = list_panels(LAYOUT["layout"])
    assert sorted(panels) == sorted(PANELS)
    assert {"3D", "Image", "Plot", "RawMessages"} | TYPES.keys() == {name.split("!")[0] for name in panels}


def test_every_topic_is_published_with_the_type_that_its_panel_takes():
    """And each series of the plot is of the script."""
    with publish_what_is_shown() as (_, published):
        for kind, path in list_topics():
            topic, _, field = path.partition(".")
            if topic == SCRIPT_TOPIC:
                assert kind == "Plot"
                hand, finger = field.split(".")
                assert hand in HANDS
                assert finger in FINGERS
                continue
            assert topic in published, topic
            assert kind not in TYPES or set(published[topic]) <= TYPES[kind], topic
    shown = {path.partition(".")[0].removeprefix("/fingertip_contact/") for _, path in list_topics()}
    assert {"overlay/image", "markers", "fingertips", "typed_text", "/diagnostics", "/rosout", SCRIPT_TOPIC} <= shown
    assert len([path for _, path in list_topics() if path.startswith(SCRIPT_TOPIC)]) == len(HANDS) * len(FINGERS)


def test_the_frame_is_the_cameras():
    """As RViz's: nothing depends on TF."""
    assert PANELS["3D!space"]["followTf"] == FRAME_ID


def test_the_layout_holds_the_script():
    """As it is in its own file, which can be read; it reads and writes the topics of the layout."""
    (script,) = LAYOUT["userNodes"].values()
    assert script["sourceCode"] == SCRIPT
    assert f'export const output = "{SCRIPT_TOPIC}";' in SCRIPT
    assert 'export const inputs = ["/fingertip_contact/fingertips"];' in SCRIPT


def find_node() -> str | None:
    """A Node.js that runs TypeScript, since 22.18: of the machine, or the one that playwright brings along."""
    found = [shutil.which("node")]
    if find_spec("playwright"):
        from playwright._impl._driver import compute_driver_executable

        found.append(compute_driver_executable()[0])
    for node in filter(None, found):
        version = subprocess.run([node, "--version"], capture_output=True, text=True, check=False).stdout
        if tuple(int(part) for part in re.findall(r"\d+", version)[:2]) >= (22, 18):
            return str(node)
    return None


@pytest.mark.skipif(find_node() is None, reason="needs Node.js 22.18 or later, which runs TypeScript")
def test_the_script_reads_heights(tmp_path: Path):
    """Of each finger that is seen, in millimetres; one that is lost has none. By Node.js, in Foxglove's place."""
    unknown = np.full(3, np.nan)
    tips = [
        Fingertip(1, "right", "index", (0.0, 0.0), np.array([0.1, 0.0, 0.3]), 0.0125, 0.1, 1.0, "hover"),
        Fingertip(0, "left", "thumb", (0.0, 0.0), np.array([0.0, 0.0, 0.3]), -0.002, 0.1, 1.0, "contact"),
        Fingertip(0, "left", "ring", (np.nan, np.nan), unknown, np.nan, np.nan, 0.5, "lost"),
    ]
    message = messages.make_fingertips(messages.make_header(START_NS, FRAME_ID), tips)
    cloud = {
        "fields": [{"name": field.name, "offset": field.offset} for field in message.fields],
        "point_step": message.point_step,
        "data": list(message.data),
    }
    (tmp_path / "script.ts").write_text(SCRIPT.replace("import { Input }", "import type { Input }"))
    (tmp_path / "run.mjs").write_text(
        'import script from "./script.ts";\n'
        f"const cloud = {json.dumps(cloud)};\n"
        # Among other bytes, as a message lies in its buffer.
        "const buffer = new Uint8Array(cloud.data.length + 7);\n"
        "buffer.set(cloud.data, 7);\n"
        "cloud.data = buffer.subarray(7);\n"
        "console.log(JSON.stringify(script({ message: cloud })));\n"
    )
    done = subprocess.run(
        [str(find_node()), "run.mjs"], cwd=tmp_path, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    heights = json.loads(done.stdout)
    assert heights == {"left": {"thumb": pytest.approx(-2.0)}, "right": {"index": pytest.approx(12.5)}}
