"""Recording a session from a camera's topics, over DDS."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import numpy as np
import pytest

pytest.importorskip("rclpy")

from cli_harness import run
from fingertip_contact.recordings.open import open_recording
from fingertip_contact.selftest.processes import SHUTDOWN_TIMEOUT_S
from fingertip_research.datasets.dataset import open_dataset
from repository import ROOT
from ros_harness import CAMERA, COLOR, PERIOD_NS, launch_nodes, ros_node, write_recording

FRAMES = 40
SESSION_ARGUMENTS = ("--participant", "P19", "--surface", "white_desk", "--angle", "90")


@pytest.fixture(scope="module")
def recording(tmp_path_factory):
    return write_recording(tmp_path_factory.mktemp("recording") / "desk.mcap", FRAMES)


def test_every_frame_of_a_camera_is_recorded(recording, tmp_path):
    """Pixels and stamps equal the camera's, no frame is lost; Ctrl-C ends the recording and leaves it complete."""
    command = "from fingertip_contact.cli.main import main; main()"
    arguments = ["dataset", "record", "--out", str(tmp_path / "d405"), *SESSION_ARGUMENTS]
    recorder = subprocess.Popen([sys.executable, "-c", command, *arguments], env=os.environ, stderr=subprocess.PIPE)
    try:
        with ros_node() as test_node, launch_nodes(tmp_path) as start:
            test_node.wait_until(lambda: test_node.count_subscribers(COLOR) == 1, "the recorder")
            camera = start("simulated_camera_node", recording=recording, wait_for_subscribers=1, rate=0.5)
            test_node.wait_until(lambda: not camera.is_alive, "the end of the recording")
            test_node.spin_for(1.0)
        recorder.send_signal(signal.SIGINT)
        _, errors = recorder.communicate(timeout=SHUTDOWN_TIMEOUT_S)
    finally:
        if recorder.poll() is None:
            recorder.kill()
            recorder.wait()
    assert recorder.returncode == 130
    assert b"Traceback" not in errors
    (session,) = open_dataset(tmp_path / "d405").sessions
    assert (session.participant, session.surface, session.camera) == ("P19", "white_desk", CAMERA)
    # The simulated camera stamps its images with the current time, here at half speed.
    assert len(session.frame_numbers) == FRAMES
    assert set(np.diff(list(session.stamps_ns.values()))) == {2 * PERIOD_NS}
    assert session.metadata["session"]["total_frames"] == FRAMES
    with open_recording(recording) as original:
        first = next(original.frames())
    copy = next(session.frames()).load()
    np.testing.assert_array_equal(copy.color_bgr, first.color_bgr)
    np.testing.assert_array_equal(copy.depth.values, first.depth.values)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (SESSION_ARGUMENTS[2:], "participant"),
        (("--participant", "Anna", *SESSION_ARGUMENTS[2:]), "--participant is 'Anna'"),
        (SESSION_ARGUMENTS[:4], "--angle is missing"),
        ((*SESSION_ARGUMENTS, "--filters"), "--filters requires"),
        ((*SESSION_ARGUMENTS, "--source", "webcam"), "--source is 'webcam'"),
    ],
)
def test_invalid_session_names_are_rejected(tmp_path, capsys, arguments, message):
    """They are rejected before a camera is opened."""
    assert run("dataset", "record", "--out", tmp_path / "d405", *arguments) == 2
    assert message in capsys.readouterr().err
    assert not (tmp_path / "d405").exists()


def test_missing_pyrealsense2_names_the_remedy(tmp_path, capsys, monkeypatch):
    """The error names the extra that installs it."""
    monkeypatch.setitem(sys.modules, "pyrealsense2", None)
    assert run("dataset", "record", "--out", tmp_path / "d405", *SESSION_ARGUMENTS, "--source", "realsense") == 2
    assert f"{ROOT}[realsense]" in capsys.readouterr().err
