"""`setup` leads from nothing to a typed text, a saved profile and the lines that start it, within five minutes."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import sys
import time
from contextlib import nullcontext
from pathlib import Path

import numpy as np
import pytest

from cli_harness import run
from fingertip_contact.cameras.capture import CapturedImage
from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.live import cameras
from fingertip_contact.recordings.open import open_recording
from keyboard_images import make_camera_pose, render_sheet_view
from video_files import write_video

pytestmark = pytest.mark.usefixtures("hand_weights")
MAX_SETUP_S = 300.0


@pytest.fixture
def config(monkeypatch, tmp_path) -> Path:
    """The folder of a user who has saved nothing yet."""
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "config"))
    return tmp_path / "config"


def setup(camera: Path, *arguments: str) -> int:
    """Of a recording of taps that are not one of each finger, without a page."""
    return run("setup", "--camera", camera, "--skip", "fingers", "--no-page", *arguments)


def test_from_nothing_to_text(readable_recording, config, capsys):
    """Against the simulated camera: each step is told, the text is read, and the profile is where the printed launch
    line names it."""
    started_s = time.monotonic()
    assert setup(readable_recording, "--text", "hi", "--port", "0", "--page") == 0
    assert time.monotonic() - started_s < MAX_SETUP_S
    said = capsys.readouterr()
    assert "the live picture and the steps are at http://127.0.0.1:" in said.err
    done = [line.split()[1] for line in said.out.splitlines() if line.startswith("done")]
    assert done == ["camera", "sheet", "placement", "surface", "typing", "profile"]
    assert "read 'hi': " in said.out
    assert " words a minute, 0.0% of the characters wrong" in said.out
    launch = next(shlex.split(line) for line in said.out.splitlines() if line.strip().startswith("ros2 launch"))
    arguments = dict(argument.split(":=") for argument in launch[4:])
    assert launch[:4] == ["ros2", "launch", "fingertip_contact", "simulation.launch.py"]
    assert Path(arguments["profile"]) == config / "fingertip_contact" / "profiles" / "desk.yaml"
    assert load_profile(arguments["profile"]).classifier == "touch"
    assert Path(arguments["recording"]) == readable_recording
    assert arguments["depth_source"] == "sensor"


def test_a_video_with_everything_by_flags(readable_recording, config, tmp_path, capsys):
    """A webcam's video: colour alone, the focal length from the sheet. The result as JSON; the saved profile serves
    the printed line without ROS."""
    with open_recording(readable_recording, depth_source="none") as recording:
        images = [frame.color_bgr for frame in recording.frames()]
    video = write_video(tmp_path / "desk.avi", images, 30.0)
    options = ("--text", "hi", "--profile", "mine", "--decision", "fast", "--user-side", "facing", "--max-cer", "2")
    assert setup(video, *options, "--json", "--timeout-s", "30") == 0
    result = json.loads(capsys.readouterr().out)
    assert result["result"] == "done"
    assert result["elapsed_s"] < MAX_SETUP_S
    assert {step["name"]: step["state"] for step in result["steps"]}["fingers"] == "skipped"
    assert result["wpm"] is not None
    assert load_profile(result["profile"]).decision == "fast"
    assert "webcam.launch.py" in result["launch"]
    command = shlex.split(result["without_ros"])
    assert run(*command[1:4], tmp_path / "events.jsonl", *command[5:]) == 0


def test_a_webcam(config, capsys, monkeypatch):
    """Live, with a stand-in for OpenCV's capture: where the camera stands is told by the focal length that the sheet
    has given, not by the guess before it."""
    image = render_sheet_view(load_layout("qwerty"), make_camera_pose(50, 0.36), np.random.default_rng(0))

    class Capture:
        mode = "640x480 MJPG at 30 Hz"

        def read(self) -> CapturedImage:
            time.sleep(0.03)
            return CapturedImage(image, 0.001)

    monkeypatch.setattr(cameras, "open_capture", lambda request: nullcontext(Capture()))
    assert setup(Path("/dev/video7"), "--skip", "typing", "--json") == 0
    said = capsys.readouterr()
    result = json.loads(said.out)
    places = {step["name"]: step["text"] for step in result["steps"]}
    distance_cm, elevation_deg = (float(places["placement"].split()[index]) for index in (0, 3))
    assert distance_cm == pytest.approx(36, abs=2)
    assert elevation_deg == pytest.approx(50, abs=2)
    assert "from the sheet" in said.err
    assert "webcam.launch.py device:=/dev/video7 " in result["launch"]
    assert Path(result["profile"]).is_file()


def test_a_failed_step_is_told(readable_recording, config, capsys):
    """Another layout than the sheet in view: exit code 1, the remedy names it, and nothing is saved or started."""
    assert setup(readable_recording, "--layout", "numpad", "--text", "12", "--timeout-s", "4") == 1
    said = capsys.readouterr()
    assert "choose it (layout qwerty)" in said.out
    assert "failed: sheet;" in said.err
    assert "not tried" in said.out
    assert "ros2 launch" not in said.out
    assert not config.exists()


def test_wrong_options_are_told_before_the_camera_is_opened(config, capsys):
    """One line each, exit code 2; a profile is not replaced by itself."""
    path = config / "fingertip_contact" / "profiles" / "desk.yaml"
    path.parent.mkdir(parents=True)
    path.touch()
    for arguments, named in (
        (("--decision", "slow"), "decision is 'slow'"),
        (("--profile", "../x"), "the name of the profile"),
        (("--profile", "default"), "'default' is a built-in profile"),
        (("--profile", "desk.yaml"), "leave out the ending"),
        ((), "desk.yaml exists already"),
        (("--force", "--mode", "big"), "--mode"),
        (("--force", "--layout", "none"), "none"),
        (("--force", "--layout", "numpad"), "layout numpad does not write"),
        (("--force", "--skip", "profil"), "'profil' to skip; did you mean 'profile'"),
        (("--force", "--user-side", "left"), "user side is 'left'"),
    ):
        assert setup(Path("none.mcap"), *arguments) == 2
        error = capsys.readouterr().err
        assert error.startswith("error: ")
        assert named in error


def test_an_interrupt_leaves_nothing(readable_recording, config):
    """Ctrl-C while the fingers are waited for: exit code 130, no profile, nothing half written."""
    command = [sys.executable, "-m", "fingertip_contact", "setup", "--camera", str(readable_recording), "--no-page"]
    process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ)
    for line in process.stdout:
        if line.startswith("active  sheet"):
            process.send_signal(signal.SIGINT)
            break
    _, error = process.communicate(timeout=60)
    assert process.returncode == 130
    assert "Traceback" not in error
    assert not config.exists()
