"""The package builds with colcon, and its launch files start the nodes that they document."""

from __future__ import annotations

import importlib.util
import os
import py_compile
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from repository import ROOT

pytest.importorskip("rclpy")

from visualization_msgs.msg import InteractiveMarkerFeedback

from fingertip_contact.ros import qos
from fingertip_contact.ros.parameter_tables import PARAMETER_TABLES
from fingertip_contact.selftest.processes import SHUTDOWN_TIMEOUT_S, summarize_log
from ros_harness import DEADLINE_S, extract_key_transitions, ros_node

LAUNCH_FILES = sorted(ROOT.glob("launch/*.launch.py"))
BUILD_S = 120.0
# A virtual environment that was not activated is not on the path.
COLCON = shutil.which("colcon", path=os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]))
HAS_LAUNCH = shutil.which("ros2") is not None and importlib.util.find_spec("launch_ros") is not None
colcon = pytest.mark.skipif(COLCON is None, reason="colcon is not installed")
real_launch = pytest.mark.skipif(not HAS_LAUNCH, reason="ros2 launch is not installed")


@pytest.mark.parametrize("path", LAUNCH_FILES, ids=lambda path: path.name)
def test_launch_files_compile(path, tmp_path):
    """The only check that runs where launch is not installed."""
    py_compile.compile(str(path), cfile=str(tmp_path / "out.pyc"), doraise=True)


def test_launch_files_exist():
    """One per source of images: any camera, D405, bag, simulated camera, webcam or video."""
    assert [path.name.split(".")[0] for path in LAUNCH_FILES] == ["core", "d405", "replay", "simulation", "webcam"]


@pytest.fixture(scope="session")
def workspace(tmp_path_factory) -> Path:
    """The install prefix of a colcon build."""
    folder = tmp_path_factory.mktemp("workspace")
    command = [str(COLCON), "--log-base", f"{folder}/log", "build", "--base-paths", str(ROOT)]
    command += ["--build-base", f"{folder}/build", "--install-base", f"{folder}/install"]
    built = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=BUILD_S, check=False)
    assert built.returncode == 0, summarize_log(built.stdout + built.stderr)
    return folder / "install" / "fingertip_contact"


def make_environment(workspace: Path) -> dict[str, str]:
    """As if the workspace had been sourced."""
    (packages,) = workspace.glob("lib/python*/site-packages")
    before = {name: os.environ.get(name, "") for name in ("AMENT_PREFIX_PATH", "PYTHONPATH")}
    return os.environ | {
        "AMENT_PREFIX_PATH": os.pathsep.join(filter(None, [str(workspace), before["AMENT_PREFIX_PATH"]])),
        "PYTHONPATH": os.pathsep.join(filter(None, [str(packages), before["PYTHONPATH"]])),
    }


@colcon
def test_colcon_installs_nodes_for_ros(workspace):
    """Every node and the command in lib/fingertip_contact, shared files in share/, the package in the index."""
    installed = {path.name for path in (workspace / "lib" / "fingertip_contact").iterdir()}
    assert installed == {*PARAMETER_TABLES, "fingertip-contact"}
    share = workspace / "share"
    assert (share / "ament_index" / "resource_index" / "packages" / "fingertip_contact").is_file()
    for name in (
        "launch/core.launch.py",
        "config/fastdds_profile.xml",
        "config/nodes/contact_node.yaml",
        "package.xml",
    ):
        assert (share / "fingertip_contact" / name).is_file()


@colcon
def test_installed_node_runs(workspace):
    """From the workspace: it finds its package and names the missing parameter."""
    node = workspace / "lib" / "fingertip_contact" / "simulated_camera_node"
    run = subprocess.run([node], env=make_environment(workspace), capture_output=True, text=True, timeout=DEADLINE_S)
    assert run.returncode == 2
    assert "recording" in run.stderr


@colcon
@real_launch
@pytest.mark.parametrize(
    ("name", "arguments"),
    # replay_node does not wait for subscribers: leave time for a busy machine.
    [("simulation", ()), ("replay", ("start_delay_s:=15.0", "rate:=0.5"))],
)
def test_launched_nodes_read_the_typed_text(workspace, readable_recording, hand_weights, tmp_path, name, arguments):
    """`ros2 launch` starts player, hand tracking and contact, each in its enclave; keys are published; all processes
    end cleanly."""
    enclaves = set()

    def has_ended() -> bool:
        enclaves.update(enclave for _, _, enclave in test_node.get_node_names_and_namespaces_with_enclaves())
        return launch.poll() is not None

    log = tmp_path / "launch.log"
    command = ["ros2", "launch", "fingertip_contact", f"{name}.launch.py", f"recording:={readable_recording}"]
    command += [*arguments, "sigterm_timeout:=60"]
    with ros_node() as test_node, log.open("w") as output:
        keys = test_node.subscribe(InteractiveMarkerFeedback, "/fingertip_contact/key_events", qos.EVENT)
        launch = subprocess.Popen(
            command, env=make_environment(workspace), stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            test_node.wait_until(has_ended, "the end of the recording", 2 * DEADLINE_S)
        finally:
            if launch.poll() is None:
                os.killpg(launch.pid, signal.SIGINT)
                launch.wait(SHUTDOWN_TIMEOUT_S)
    log_text = log.read_text()
    assert extract_key_transitions(keys), summarize_log(log_text)
    assert {"/fingertip_contact/hand_tracking_node", "/fingertip_contact/contact_node"} <= enclaves
    assert log_text.count("process has finished cleanly") == 3, summarize_log(log_text)
    assert "Traceback" not in log_text, summarize_log(log_text)


@colcon
@real_launch
@pytest.mark.parametrize("name", ["core", "d405", "simulation", "replay", "webcam"])
def test_arguments_are_documented(workspace, name):
    """`--show-args` describes every argument."""
    command = ["ros2", "launch", "fingertip_contact", f"{name}.launch.py", "--show-args"]
    run = subprocess.run(command, env=make_environment(workspace), capture_output=True, text=True, timeout=DEADLINE_S)
    assert run.returncode == 0, summarize_log(run.stderr)
    required = {"core": "rviz", "d405": "driver", "webcam": "device"}.get(name, "recording")
    assert f"'{required}':" in run.stdout
    assert "no description given" not in run.stdout


@colcon
@real_launch
def test_d405_launch_names_the_missing_driver(workspace):
    """Without the camera's driver, the error names it and how to install it."""
    if importlib.util.find_spec("ament_index_python") and _has_package("realsense2_camera"):
        pytest.skip("realsense2_camera is installed here")
    command = ["ros2", "launch", "fingertip_contact", "d405.launch.py"]
    run = subprocess.run(command, env=make_environment(workspace), capture_output=True, text=True, timeout=DEADLINE_S)
    assert run.returncode != 0
    assert "realsense2_camera is not installed" in run.stderr


def _has_package(name: str) -> bool:
    from ament_index_python.packages import PackageNotFoundError, get_package_prefix

    try:
        get_package_prefix(name)
    except PackageNotFoundError:
        return False
    return True
