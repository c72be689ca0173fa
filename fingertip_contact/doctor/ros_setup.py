"""Checks of ROS 2: is it there, is it one, does it load."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from importlib.util import find_spec

from fingertip_contact.doctor.check import CheckResult, System
from fingertip_contact.resources import advise_install

IMPORTS = "import rclpy, diagnostic_msgs.msg, sensor_msgs.msg, std_srvs.srv, visualization_msgs.msg"
IMPORT_TIMEOUT_S = 4.0
# Linux uses the ports above 32768 for its own connections: domains from 102 on may find theirs taken
# (docs.ros.org, "The ROS_DOMAIN_ID").
MAX_DOMAIN, MAX_SAFE_DOMAIN = 232, 101
PATH_VARIABLES = ("AMENT_PREFIX_PATH", "PYTHONPATH", "LD_LIBRARY_PATH", "CMAKE_PREFIX_PATH")


def check_ros(system: System) -> CheckResult:
    """rclpy and the messages load, in a process of their own."""
    if find_spec("rclpy") is None:
        distribution = _find_installed_distribution(system)
        remedy = f"source /opt/ros/{distribution}/setup.bash" if distribution else advise_install(".[ros]")
        return CheckResult("ros", "error", "ROS 2 is not found: rclpy is missing, so no node starts", remedy)
    try:
        done = system.run_python("-c", IMPORTS, timeout_s=IMPORT_TIMEOUT_S)
    except subprocess.TimeoutExpired:
        return CheckResult(
            "ros", "warning", f"rclpy does not load within {IMPORT_TIMEOUT_S:g} s", "try again on an idle machine"
        )
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or [f"exit code {done.returncode}"])[-1]
        return CheckResult(
            "ros",
            "error",
            f"rclpy does not load: {reason}",
            f"use the Python that this ROS 2 was built for; this one is {sys.version.split()[0]}",
        )
    name = system.environment.get("ROS_DISTRO", "")
    return CheckResult("ros", "ok", f"ROS 2 {name.capitalize()}" if name else "ROS 2 from wheels")


def check_ros_mix(system: System) -> CheckResult:
    """One distribution of ROS 2 in this terminal."""
    names = _find_sourced_distributions(system)
    if len(names) > 1:
        return CheckResult(
            "ros_mix",
            "error",
            f"distributions of ROS 2 are mixed: {', '.join(names)}",
            "open a new terminal and source one setup.bash; ~/.bashrc may source another one",
        )
    spec = find_spec("rclpy")
    origin = str(spec.origin) if spec is not None else ""
    if names and origin.startswith(sys.prefix + os.sep) and not origin.startswith("/opt/ros/"):
        return CheckResult(
            "ros_mix",
            "warning",
            f"{names[0]} is sourced, but rclpy comes from a wheel in {sys.prefix}",
            "pip uninstall the ros-* wheels, or open a terminal that sources no ROS 2",
        )
    return CheckResult("ros_mix", "ok", f"one ROS 2: {names[0] if names else 'wheels' if origin else 'none'}")


def check_domain(system: System) -> CheckResult:
    """Who may hear these nodes."""
    text = system.environment.get("ROS_DOMAIN_ID", "")
    if text and not (text.isdecimal() and int(text) <= MAX_DOMAIN):
        return CheckResult(
            "domain",
            "error",
            f"ROS_DOMAIN_ID is {text!r}, so no node starts",
            f"export ROS_DOMAIN_ID=0, or another number up to {MAX_SAFE_DOMAIN}",
        )
    domain = int(text or 0)
    if domain > MAX_SAFE_DOMAIN:
        return CheckResult(
            "domain",
            "advice",
            f"ROS_DOMAIN_ID {domain} uses ports that Linux gives to other programs",
            f"choose one up to {MAX_SAFE_DOMAIN}",
        )
    if system.environment.get("ROS_LOCALHOST_ONLY") == "1":
        return CheckResult(
            "domain",
            "advice",
            f"domain {domain}, and ROS_LOCALHOST_ONLY is set, which overrides newer settings",
            "export ROS_AUTOMATIC_DISCOVERY_RANGE=LOCALHOST instead, from Iron on",
        )
    reach = system.environment.get("ROS_AUTOMATIC_DISCOVERY_RANGE", "SUBNET")
    return CheckResult("domain", "ok", f"domain {domain}, discovery {reach}")


def _find_sourced_distributions(system: System) -> list[str]:
    """Names of ROS_DISTRO and of all folders under /opt/ros on the paths."""
    paths = " ".join(system.environment.get(name, "") for name in PATH_VARIABLES)
    names = set(re.findall(r"/opt/ros/([a-z]+)", paths))
    return sorted(names | set(filter(None, [system.environment.get("ROS_DISTRO", "")])))


def _find_installed_distribution(system: System) -> str:
    """The name of a ROS 2 under /opt/ros that was not sourced; the last by name, which is the newest."""
    folder = system.etc.parent / "opt/ros"
    return max((path.parent.name for path in folder.glob("*/setup.bash")), default="")
