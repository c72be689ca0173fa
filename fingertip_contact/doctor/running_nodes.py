"""What nodes that run now say of themselves: their rates and their advice."""

from __future__ import annotations

import json
import subprocess
from importlib.util import find_spec

from fingertip_contact.doctor.check import CheckResult, System

# Nodes report once a second; discovery takes a part of one.
LISTEN_S = 1.5
# Of the process, which an idle machine starts in half a second.
TIMEOUT_S = 6.0


def check_rates(system: System) -> tuple[CheckResult, ...]:
    """One line for each node of this package that publishes on /diagnostics; a process of its own listens."""
    if find_spec("rclpy") is None:
        return (CheckResult("rates", "ok", "no ROS 2, so no node runs"),)
    try:
        command = ("-m", "fingertip_contact.ros.diagnostics_listener", str(LISTEN_S))
        done = system.run_python(*command, timeout_s=TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return (_cannot_listen(f"no answer within {TIMEOUT_S:g} s", "try again on an idle machine"),)
    if done.returncode:
        return (_cannot_listen((done.stderr.strip().splitlines() or ["no reason given"])[-1], "see `ros` and `logs`"),)
    reports = json.loads(done.stdout)
    if not reports:
        return (CheckResult("rates", "ok", "no node runs in this domain"),)
    return tuple(_judge(report) for report in reports)


def _cannot_listen(reason: str, remedy: str) -> CheckResult:
    return CheckResult("rates", "advice", f"running nodes cannot be heard: {reason}", remedy)


def _judge(report: dict[str, str]) -> CheckResult:
    """report: name, level (0: ok), message, advice (codes)."""
    text = f"{report['name']}: {report['message']}"
    if report["level"] == "0":
        return CheckResult("rates", "ok", text)
    # Messages of advice name their remedy themselves.
    return CheckResult("rates", "warning", text, "docs/ros.md#advice" if report["advice"] else "see the node's log")
