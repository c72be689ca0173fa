"""`python -m fingertip_contact.ros.diagnostics_listener SECONDS`: the last report of each node, as a JSON list."""

from __future__ import annotations

import json
import os
import sys
import time

import rclpy
from diagnostic_msgs.msg import DiagnosticArray

from fingertip_contact.resources import PACKAGE
from fingertip_contact.ros import qos
from fingertip_contact.ros.environment import find_missing_variables
from fingertip_contact.safe_text import to_one_line


def listen(duration_s: float) -> list[dict[str, str]]:
    """name, level (0: ok), message and advice (codes) of each node of this package, by name."""
    found: dict[str, dict[str, str]] = {}

    def keep(message: DiagnosticArray) -> None:
        for status in message.status:
            if status.hardware_id == PACKAGE:
                advice = next((entry.value for entry in status.values if entry.key == "advice"), "")
                report = {"level": str(ord(status.level)), "message": to_one_line(status.message), "advice": advice}
                found[status.name] = {"name": status.name, **report}

    rclpy.init()
    node = rclpy.create_node("fingertip_contact_doctor")
    node.create_subscription(DiagnosticArray, "/diagnostics", keep, qos.DIAGNOSTICS)
    expires_s = time.monotonic() + duration_s
    while (remaining_s := expires_s - time.monotonic()) > 0:
        rclpy.spin_once(node, timeout_sec=remaining_s)
    node.destroy_node()
    rclpy.try_shutdown()
    return [found[name] for name in sorted(found)]


if __name__ == "__main__":
    os.environ.update(find_missing_variables())
    sys.stdout.write(json.dumps(listen(float(sys.argv[1]))))
