"""Frames of live cameras and recordings, and the lines that start the same again."""

from __future__ import annotations

import shlex
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest

from fingertip_contact.cameras import realsense_device
from fingertip_contact.cameras.capture import CapturedImage
from fingertip_contact.cameras.realsense_modes import StreamMode
from fingertip_contact.live import cameras
from fingertip_contact.live.newest import read_newest
from fingertip_contact.live.source import FrameSource, SourceRequest, open_source
from fingertip_contact.setup_guide.start_lines import make_start_lines
from keyboard_images import make_camera_pose, render_sheet_view
from setup_world import QWERTY
from software_camera import BASELINE_M, COLOR_CAMERA, RATE_HZ, SoftwareCamera


def test_only_the_newest_is_read():
    """A slow reader skips what it missed, and gets the last one."""
    is_waiting = threading.Event()

    def produce(stop):
        yield 0
        assert is_waiting.wait(10)
        yield from range(1, 6)

    with read_newest(produce) as items:
        assert next(items) == 0
        is_waiting.set()
        rest = list(items)
    assert rest[-1] == 5
    assert rest == sorted(set(rest))


def test_a_camera_that_is_lost_is_told():
    """The thread's error is raised where its images are read."""

    def produce(stop):
        yield 1
        raise OSError("the camera is unplugged")

    with pytest.raises(OSError, match="unplugged"), read_newest(produce) as items:
        list(items)


def test_the_thread_ends():
    """Whoever leaves early waits for it."""
    ended = threading.Event()

    def produce(stop):
        number = 0
        while not stop.wait(0.001):
            yield (number := number + 1)
        ended.set()

    with read_newest(produce) as items:
        next(items)
    assert ended.is_set()


def test_a_camera_is_chosen(monkeypatch, tmp_path):
    """A D405 first, then the webcam of the lowest number; without any the error names what else there is."""
    monkeypatch.setattr(cameras, "import_pyrealsense2", lambda: None)
    monkeypatch.setattr(cameras, "list_devices", lambda rs: ["D405"])
    assert cameras.choose_camera(tmp_path, tmp_path) == "d405"
    monkeypatch.setattr(cameras, "list_devices", lambda rs: [])
    with pytest.raises(OSError, match="--camera FILE"):
        cameras.choose_camera(tmp_path, tmp_path)
    for number in (10, 2):
        (tmp_path / f"video{number}").touch()
    assert cameras.choose_camera(tmp_path, tmp_path / "none") == str(tmp_path / "video2")


def test_a_realsense_camera_is_no_webcam(monkeypatch, tmp_path):
    """Where librealsense is missing, its remedy is told; another webcam can still be asked for."""

    def fail():
        raise ModuleNotFoundError("pyrealsense2 is not installed: pip install it")

    monkeypatch.setattr(cameras, "import_pyrealsense2", fail)
    for number, name in ((0, "Intel(R) RealSense(TM) Depth Camera 405"), (4, "HD Webcam")):
        (tmp_path / f"video{number}").touch()
        (tmp_path / "sys" / f"video{number}").mkdir(parents=True)
        (tmp_path / "sys" / f"video{number}" / "name").write_text(name)
    with pytest.raises(OSError, match=r"RealSense camera is connected, but pyrealsense2 is not installed.*webcam"):
        cameras.choose_camera(tmp_path, tmp_path / "sys")
    assert cameras.find_webcam(tmp_path, tmp_path / "sys") == str(tmp_path / "video4")


@pytest.mark.parametrize(
    ("depth_source", "has_depth", "has_stereo"), [("sensor", True, False), ("stereo", False, True)]
)
def test_a_d405_is_read(monkeypatch, depth_source, has_depth, has_stereo):
    """Colour and what the depth source reads; its launch file gets the same modes, by this package's driver."""
    rs = pytest.importorskip("pyrealsense2", exc_type=ImportError)
    camera = SoftwareCamera(rs)
    monkeypatch.setattr(realsense_device, "list_devices", lambda rs: camera.devices)
    camera.plug_in()
    mode = StreamMode(COLOR_CAMERA.width, COLOR_CAMERA.height, RATE_HZ)
    try:
        with open_source(SourceRequest("d405", QWERTY, mode, depth_source), print) as source:
            frame = next(source.frames)
    finally:
        camera.unplug()
    assert "D405" in source.description
    assert (frame.depth is not None, frame.stereo is not None) == (has_depth, has_stereo)
    assert frame.stereo is None or frame.stereo.baseline_m == pytest.approx(BASELINE_M)
    line = make_start_lines(source, "desk.yaml", "qwerty", "").ros
    assert line.startswith("ros2 launch fingertip_contact d405.launch.py driver:=own color_profile:=160x120x30 ")
    assert f"depth_source:={depth_source}" in line


def test_a_webcam_is_read(monkeypatch):
    """Stamps advance, the focal length comes from the sheet, and users are told so."""
    image = render_sheet_view(QWERTY, make_camera_pose(50, 0.36), np.random.default_rng(0))

    class Capture:
        mode = "640x480 MJPG at 30 Hz"

        def read(self) -> CapturedImage:
            time.sleep(0.005)
            return CapturedImage(image, 0.001)

    @contextmanager
    def open_fake(request):
        yield Capture()

    monkeypatch.setattr(cameras, "open_capture", open_fake)
    told: list[str] = []
    with open_source(SourceRequest("2", QWERTY), told.append) as source:
        stamps_ns = []
        for frame in source.frames:
            stamps_ns.append(frame.stamp_ns)
            if len(told) > 1 or len(stamps_ns) > 2000:
                break
    assert source.description == "2, 640x480 MJPG at 30 Hz"
    assert stamps_ns == sorted(set(stamps_ns))
    assert "guessed" in told[0]
    assert "from the sheet" in told[1]
    assert frame.camera.focal_px == pytest.approx(392, rel=0.05)
    assert "webcam.launch.py device:=2 width:=640" in make_start_lines(source, "desk.yaml", "qwerty", "").ros


def test_what_is_no_camera_is_told():
    """Each kind that there is, in one line."""
    with (
        pytest.raises(FileNotFoundError, match="none of auto, d405 and webcam"),
        open_source(SourceRequest("d406", QWERTY), print),
    ):
        pass


def test_lines_can_be_copied(tmp_path):
    """Names with spaces are quoted, files are named from everywhere, `process` gets the same options."""
    layout = tmp_path / "my keys.yaml"
    layout.touch()
    source = FrameSource(
        "", iter(()), "none", "webcam.launch.py", {"device": "/a b.mp4", "rotate": "180"}, Path("/a b.mp4")
    )
    lines = make_start_lines(source, "/home/me/my desk.yaml", str(layout), "english")
    ros = shlex.split(lines.ros)
    assert ros[:4] == ["ros2", "launch", "fingertip_contact", "webcam.launch.py"]
    assert {"device:=/a b.mp4", "profile:=/home/me/my desk.yaml", f"layout:={layout}", "words:=english"} <= set(ros)
    plain = shlex.split(lines.plain)
    assert plain[:3] == ["fingertip-contact", "process", "/a b.mp4"]
    assert plain[plain.index("--rotate") + 1] == "180"
    assert plain[plain.index("--depth-source") + 1] == "none"
    assert plain[plain.index("--profile") + 1] == "/home/me/my desk.yaml"
