"""The doctor hears what running nodes report."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue

from fingertip_contact.doctor.check import System
from fingertip_contact.doctor.running_nodes import check_rates
from fingertip_contact.ros import qos
from ros_harness import ros_node


def make_report(name: str, level: bytes, message: str, advice: str = "") -> DiagnosticArray:
    values = [KeyValue(key="advice", value=advice)] if advice else []
    return DiagnosticArray(
        status=[
            DiagnosticStatus(name=name, level=level, message=message, hardware_id="fingertip_contact", values=values)
        ]
    )


def test_each_node_is_heard_once():
    """The last report of each node, by name; those of other packages are left out."""
    reports = [
        make_report("b", DiagnosticStatus.OK, "29.9 frames/s"),
        make_report("a", DiagnosticStatus.WARN, "the sheet is not found", "no_sheet"),
        DiagnosticArray(status=[DiagnosticStatus(name="other", hardware_id="motor")]),
    ]
    command = [sys.executable, "-m", "fingertip_contact.ros.diagnostics_listener", "2"]
    with ros_node() as node:
        publisher = node.create_publisher(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
            while process.poll() is None:
                for report in reports:
                    publisher.publish(report)
                node.spin_for(0.1)
            assert process.stdout is not None
            found = json.load(process.stdout)
    assert found == [
        {"name": "a", "level": "1", "message": "the sheet is not found", "advice": "no_sheet"},
        {"name": "b", "level": "0", "message": "29.9 frames/s", "advice": ""},
    ]


@pytest.mark.parametrize(
    ("level", "advice", "severity"), [("0", "", "ok"), ("1", "no_sheet", "warning"), ("1", "", "warning")]
)
def test_a_report_is_judged(level, advice, severity, monkeypatch):
    """A node that gives advice, or has no frames, is a warning."""
    text = json.dumps([{"name": "n", "level": level, "message": "m", "advice": advice}])
    done = subprocess.CompletedProcess([], 0, text, "")
    monkeypatch.setattr(System, "run_python", lambda *_, **__: done)
    (result,) = check_rates(System())
    assert (result.severity, result.text) == (severity, "n: m")
    assert bool(result.remedy) == (severity != "ok")
