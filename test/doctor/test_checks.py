"""Each check tells a machine that is ready from one that is not, and names a remedy for what it finds."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from fingertip_contact.depth import trial
from fingertip_contact.doctor import camera, dds, installation, machine, networks, ros_setup
from fingertip_contact.doctor.check import CheckResult, System, find_worst
from fingertip_contact.doctor.run import CHECKS, run_checks
from fingertip_contact.processor import describe_processor
from fingertip_contact.resources import find_share_file

PROFILE = str(find_share_file("config/fastdds_profile.xml"))


def make_system(root: Path, files: dict[str, str] | None = None, **environment: str) -> System:
    """A machine with these files under its root, e.g. {"proc/loadavg": "9"}, and nothing else."""
    for name, text in (files or {}).items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return System(root / "proc", root / "sys", root / "dev", root / "etc", environment)


REALSENSE = {
    "sys/bus/usb/devices/2-1/idVendor": "8086",
    "sys/bus/usb/devices/2-1/product": "Intel(R) RealSense(TM) Depth Camera 405",
}
UDP = {"FASTDDS_BUILTIN_TRANSPORTS": "UDPv4"}
BUFFERS = {"proc/sys/net/core/rmem_max": "212992", "proc/sys/net/core/wmem_max": "4194304"}

ROWS = {
    "quota": (machine.check_processor, {"sys/fs/cgroup/cpu.max": "50000 100000"}, {}, "warning", "0.5 cores"),
    "busy": (machine.check_load, {"proc/loadavg": "999.0 1 1"}, {}, "advice", "999.0"),
    "idle": (machine.check_load, {"proc/loadavg": "0.1 1 1"}, {}, "ok", "0.1"),
    "full memory": (machine.check_memory, {"proc/meminfo": "MemAvailable: 9 kB"}, {}, "warning", "0.0 GB"),
    "memory": (machine.check_memory, {"proc/meminfo": "MemAvailable: 9000000 kB"}, {}, "ok", "9.2 GB"),
    "no log folder": (machine.check_logs, {}, {"HOME": "/proc/none"}, "error", "/proc/none/.ros/log"),
    "log folder": (machine.check_logs, {}, {"HOME": "/proc/none", "ROS_LOG_DIR": "/tmp"}, "ok", "/tmp"),
    "two distributions": (
        ros_setup.check_ros_mix,
        {},
        {"ROS_DISTRO": "jazzy", "PYTHONPATH": "/opt/ros/humble/lib"},
        "error",
        "humble, jazzy",
    ),
    "domain of letters": (ros_setup.check_domain, {}, {"ROS_DOMAIN_ID": "mine"}, "error", "'mine'"),
    "high domain": (ros_setup.check_domain, {}, {"ROS_DOMAIN_ID": "150"}, "advice", "150"),
    "domain": (ros_setup.check_domain, {}, {"ROS_DOMAIN_ID": "7"}, "ok", "domain 7"),
    "middleware": (dds.check_middleware, {}, {"RMW_IMPLEMENTATION": "rmw_zenoh_cpp"}, "advice", "rmw_zenoh_cpp"),
    "profile": (dds.check_dds_profile, {}, {"FASTDDS_DEFAULT_PROFILES_FILE": PROFILE}, "ok", PROFILE),
    "no profile": (dds.check_dds_profile, {}, {}, "advice", "loses images"),
    "lost profile": (
        dds.check_dds_profile,
        {},
        {"FASTDDS_DEFAULT_PROFILES_FILE": "/no.xml"},
        "error",
        "does not exist",
    ),
    "no XML": (dds.check_dds_profile, {}, {"FASTRTPS_DEFAULT_PROFILES_FILE": __file__}, "error", "cannot be read"),
    "buffers": (dds.check_dds_buffers, BUFFERS, {}, "advice", "rmem_max is 212992"),
    "buffers for UDP": (dds.check_dds_buffers, BUFFERS, UDP, "warning", "rmem_max is 212992"),
    "no shared memory": (dds.check_shared_memory, {}, {}, "error", "shm"),
    "no need of it": (dds.check_shared_memory, {}, UDP, "ok", "UDPv4"),
    "no camera": (camera.check_camera, {}, {}, "advice", "no camera"),
    "closed camera": (
        camera.check_camera,
        {"sys/class/video4linux/video0/name": "HD Webcam"},
        {},
        "warning",
        "cannot be opened",
    ),
    "camera": (
        camera.check_camera,
        {"sys/class/video4linux/video0/name": "HD Webcam", "dev/video0": ""},
        {},
        "ok",
        "HD Webcam",
    ),
    "USB 2": (
        camera.check_usb,
        {**REALSENSE, "sys/bus/usb/devices/2-1/speed": "480"},
        {},
        "warning",
        "USB 2 (480 Mbit/s)",
    ),
    "USB 3": (
        camera.check_usb,
        {**REALSENSE, "sys/bus/usb/devices/2-1/speed": "5000"},
        {},
        "ok",
        "at 5000 Mbit/s",
    ),
    "no path": (installation.check_path, {}, {"PATH": "/none"}, "advice", "not on the PATH"),
}


@pytest.mark.parametrize(("check", "files", "environment", "severity", "text"), ROWS.values(), ids=ROWS)
def test_a_check_judges(check, files, environment, severity, text, tmp_path):
    """Severity and text; whatever is not ok has a remedy."""
    result = check(make_system(tmp_path, files, **environment))
    assert (result.severity, text in result.text) == (severity, True), result
    assert bool(result.remedy) == (severity != "ok")


def test_missing_weights_name_the_command(tmp_path, monkeypatch):
    """Missing and damaged files are told apart, and neither lets the landmark network run."""
    monkeypatch.setenv("FINGERTIP_CONTACT_WEIGHTS", str(tmp_path))
    assert networks.check_weights(System()).remedy == "run: fingertip-contact models pull hands"
    for name in ("palm_detection_full", "hand_landmark_full"):
        (tmp_path / f"{name}.tflite").write_bytes(b"damaged")
    assert "sha256" in networks.check_weights(System()).text
    assert networks.check_parity(System())[0].severity == "error"


def test_verdicts_on_depth_runtimes_are_listed(tmp_path, monkeypatch):
    """Those of this processor and of installed versions; a rejected one names the file to delete."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    [nothing] = networks.check_depth_runtimes(System())
    assert (nothing.severity, "none has passed" in nothing.text) == ("ok", True)
    here = {"library": "openvino", "version": trial.find_version("openvino"), "processor": describe_processor()}
    trial.get_folder().mkdir(parents=True)
    for name, change in {
        "good": {"subject": "openvino fp32 252x336", "reason": ""},
        "crash": {"subject": "openvino bf16 518x518", "reason": "it crashed (SIGSEGV)"},
        "old": {"subject": "openvino int8 70x98", "reason": "old", "version": "1.0"},
    }.items():
        (trial.get_folder() / f"{name}.json").write_text(json.dumps(here | change))
    passed, rejected = networks.check_depth_runtimes(System())
    assert "openvino fp32 252x336" in passed.text
    assert (rejected.severity, "SIGSEGV" in rejected.text) == ("advice", True)
    assert str(trial.get_folder() / "crash.json") in rejected.remedy


def test_the_reference_hand_is_read_as_it_was(hand_weights, monkeypatch):
    """The networks of this machine are within the tolerance, and others would not be."""
    reference_hand = pytest.importorskip("fingertip_contact.doctor.reference_hand")
    parity, speed = networks.check_parity(System())
    assert parity.severity == "ok"
    assert "ms" in speed.text
    moved = {
        precision: [(x + 0.5, y) for x, y in tips_px] for precision, tips_px in reference_hand.REFERENCE_TIPS_PX.items()
    }
    monkeypatch.setattr(reference_hand, "REFERENCE_TIPS_PX", moved)
    assert networks.check_parity(System())[0].severity == "error"


@pytest.mark.parametrize(("module", "extra", "use"), [("mido", "midi", "notes"), ("rerun", "rerun", "Rerun's viewer")])
def test_an_extra_that_is_missing_is_advice(monkeypatch, module, extra, use):
    """With the command that installs it; one that is there is not named."""
    if module not in installation.OPTIONAL:
        pytest.skip("there is no such package for this Python")
    monkeypatch.setattr(installation, "find_spec", lambda name: None if name == module else object())
    result = installation.check_libraries(System())
    assert (result.severity, result.text) == ("advice", f"not installed: what {use} need")
    assert f"[{extra}]" in result.remedy
    monkeypatch.setattr(installation, "find_spec", lambda name: object())
    complete = installation.check_libraries(System())
    assert (complete.severity, use in complete.text) == ("ok", True)


def test_a_check_that_fails_is_a_result():
    """A broken library, a check that does not exist: the others answer all the same, in order."""
    results = list(run_checks(System(), ("machine:check_load", "machine:missing", "installation:check_opencv")))
    assert [result.severity for result in results][1] == "error"
    assert "AttributeError" in results[1].text
    assert [result.name for result in results] == ["load", "missing", "opencv"]


def test_an_empty_machine_is_no_exception(tmp_path):
    """No /proc, no /sys, no environment: every check answers."""
    system = make_system(tmp_path, HOME=str(tmp_path))
    checks = tuple(name for name in CHECKS if not name.startswith(("networks", "running_nodes", "ros_setup:check_ros")))
    assert not [result for result in run_checks(system, checks) if "could not run" in result.text]


def test_the_worst_severity_counts():
    """Advice is better than a warning, a warning than an error."""
    results = [CheckResult("a", "advice", ""), CheckResult("b", "warning", ""), CheckResult("c", "ok", "")]
    assert find_worst(results) == "warning"
    assert find_worst([]) == "ok"


def test_folders_are_judged_by_their_nearest_parent(tmp_path):
    """A folder that is not there yet can be made where its parent is writable."""
    assert machine.is_writable(tmp_path / "a" / "b")
    assert not machine.is_writable(Path("/proc/none/a"))
    (tmp_path / "file").write_text("")
    assert not machine.is_writable(tmp_path / "file")
    if os.getuid():
        tmp_path.chmod(0o500)
        assert not machine.is_writable(tmp_path / "a")
        tmp_path.chmod(0o700)
