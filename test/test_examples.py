"""Rules of the examples: each has a page and a program; those without ROS run, where needed on a tiny recording."""

from __future__ import annotations

import os
import runpy
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest

from fingertip_contact.contact.parameters import load_profile
from fingertip_contact.geometry import Camera
from fingertip_contact.recordings.bag_writer import BagWriter
from repository import ROOT

EXAMPLES = ROOT / "examples"
CAMERA = Camera(fx=393.0, fy=392.0, cx=321.0, cy=240.0, width=640, height=480)
FRAME_COUNT = 4


@pytest.fixture(scope="module")
def tiny_recording(tmp_path_factory: pytest.TempPathFactory, hand_images: np.ndarray) -> Path:
    """Rendered hands over a flat desk, 35 cm below the camera."""
    path = tmp_path_factory.mktemp("examples") / "tiny.mcap"
    depth = np.full((480, 640), 350, np.uint16)
    with BagWriter(path) as bag:
        for index, image in enumerate(hand_images[:FRAME_COUNT]):
            stamp_ns = 1_700_000_000_000_000_000 + index * 33_333_333
            bag.write_image("/camera/color/image_raw", stamp_ns, "camera", image, "bgr8")
            bag.write_camera_info("/camera/color/camera_info", stamp_ns, "camera", CAMERA)
            bag.write_image("/camera/aligned_depth_to_color/image_raw", stamp_ns, "camera", depth, "16UC1")
    return path


def run_example(name: str, *arguments: str | Path, cwd: Path) -> str:
    """What the example prints, started as its page describes, from another folder."""
    run = subprocess.run(
        [sys.executable, EXAMPLES / name / "main.py", *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert run.returncode == 0, run.stderr
    return run.stdout


@pytest.mark.parametrize("folder", sorted(path.name for path in EXAMPLES.iterdir() if path.is_dir()))
def test_every_example_is_described(folder: str):
    """Each folder has a page and a program, and the overview links to it."""
    assert (EXAMPLES / folder / "README.md").is_file()
    assert (EXAMPLES / folder / "main.py").is_file() or (EXAMPLES / folder / "CMakeLists.txt").is_file()
    assert f"({folder}/README.md)" in (EXAMPLES / "README.md").read_text(encoding="utf-8")


@pytest.mark.usefixtures("hand_weights")
def test_read_bag_offline(tiny_recording: Path, tmp_path: Path):
    """Every frame is read; hands that do not move type nothing."""
    assert run_example("read_bag_offline", tiny_recording, cwd=tmp_path) == f"{FRAME_COUNT} frames, text: ''\n"


@pytest.mark.usefixtures("hand_weights")
def test_live_without_ros(readable_recording: Path, tmp_path: Path):
    """A recording in place of the camera: the typed keys, each with its finger."""
    printed = run_example("live_without_ros", readable_recording, cwd=tmp_path).splitlines()
    assert [line.rpartition(" ")[2] for line in printed] == ["h", "i"]


@pytest.mark.usefixtures("hand_weights")
def test_own_classifier(tiny_recording: Path, tmp_path: Path):
    """The profile beside the program names its classifier, and the pipeline runs it."""
    printed = run_example("own_classifier", tiny_recording, cwd=tmp_path)
    assert printed == "longest_descent: 0 presses\ndefault: 0 presses\n"


def test_own_layout(tmp_path: Path):
    """The layout is valid, the point is on its third key, and the sheet is drawn at 4 pixels per millimetre."""
    assert run_example("own_layout", cwd=tmp_path).endswith("25 mm right of the centre: play\n")
    assert cv2.imread(str(tmp_path / "remote.png")).shape == (840, 1188, 3)


def test_own_camera_profile(tmp_path: Path):
    """Both cameras are listed, and the contact profile beside the program has the camera's numbers."""
    printed = run_example("own_camera_profile", cwd=tmp_path)
    assert [line.split()[0] for line in printed.splitlines()] == ["standard", "Intel", "Acme"]
    parameters = load_profile(EXAMPLES / "own_camera_profile" / "profile.yaml")
    assert (parameters.baseline_m, parameters.depth_noise_px) == (0.05, 0.1)


def test_subscribe_key_events_cpp(tmp_path: Path):
    """The package compiles, without a warning."""
    prefixes = [Path(prefix) for prefix in os.environ.get("AMENT_PREFIX_PATH", "").split(os.pathsep) if prefix]
    if not any((prefix / "share" / "rclcpp" / "cmake").is_dir() for prefix in prefixes):
        pytest.skip("rclcpp is not installed: source a ROS 2; the wheels on PyPI have none")
    source = EXAMPLES / "subscribe_key_events_cpp"
    commands = (
        ["cmake", "-S", source, "-B", tmp_path, "-DCMAKE_CXX_FLAGS=-Werror"],
        ["cmake", "--build", tmp_path, "--target", "key_printer"],
    )
    for command in commands:
        done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.ros
def test_subscribe_key_events():
    """A press, a cancel and their key, finger and delay are described; a slide is not."""
    pytest.importorskip("visualization_msgs", reason="needs ROS 2")
    example = runpy.run_path(str(EXAMPLES / "subscribe_key_events" / "main.py"))
    message = example["InteractiveMarkerFeedback"](client_id="right_index", control_name="j", menu_entry_id=75_000)
    lines = []
    for event_type in (message.MOUSE_DOWN, message.POSE_UPDATE, message.MOUSE_UP):
        message.event_type = event_type
        lines.append(example["describe_event"](message))
    assert lines == ["press 'j' by right_index, 75 ms ago", "", "cancel 'j' by right_index, 75 ms ago"]


@pytest.mark.ros
@pytest.mark.parametrize(
    ("open_finger", "list_ns", "is_over"), [("", 4, False), ("", 5, True), ("right_index", 9, False)]
)
def test_subscribe_key_events_ends_missed_presses(open_finger, list_ns, is_over):
    """A press is over if a list of its time or later lacks it; an older list says nothing."""
    messages = pytest.importorskip("visualization_msgs.msg", reason="needs ROS 2")
    example = runpy.run_path(str(EXAMPLES / "subscribe_key_events" / "main.py"))
    lines: list[str] = []
    logger = SimpleNamespace(info=lines.append)
    printer = SimpleNamespace(pressed_ns={"right_index": 5}, get_logger=lambda: logger)
    open_presses = messages.InteractiveMarkerInit(seq_num=list_ns)
    if open_finger:
        open_presses.markers = [messages.InteractiveMarker(description=open_finger)]
    example["KeyPrinter"].end_missed_presses(printer, open_presses)
    assert (printer.pressed_ns == {}) == bool(lines) == is_over
