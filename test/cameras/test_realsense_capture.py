"""A RealSense camera read by pyrealsense2: librealsense's software device takes its place."""

from __future__ import annotations

import threading
import time
from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from fingertip_contact.cameras import realsense, realsense_capture, realsense_device
from fingertip_contact.cameras.depth_registration import DepthRegistration
from fingertip_contact.cameras.realsense_capture import RealsenseRequest, open_realsense
from fingertip_contact.cameras.realsense_modes import StreamMode, parse_mode
from fingertip_contact.cameras.rotation import rotate_camera
from fingertip_contact.geometry import RigidTransform
from software_camera import BASELINE_M, COLOR_CAMERA, DEPTH_CAMERA, RATE_HZ, UNIT_M, SoftwareCamera

rs = pytest.importorskip("pyrealsense2", exc_type=ImportError)
MODE = StreamMode(COLOR_CAMERA.width, COLOR_CAMERA.height, RATE_HZ)
ALL = RealsenseRequest(color=MODE, depth=MODE, imagers=MODE)


@pytest.fixture
def plug_in(monkeypatch):
    """Makes a camera and connects it."""
    cameras = []
    monkeypatch.setattr(realsense_device, "list_devices", lambda rs: [one for cam in cameras for one in cam.devices])

    def plug_in(**options):
        camera = SoftwareCamera(rs, **options)
        cameras.append(camera)
        camera.plug_in()
        return camera

    yield plug_in
    for camera in cameras:
        camera.unplug()


def read(capture):
    """The images of the next exposure."""
    return capture.read()[-1]


def test_all_streams_of_an_exposure(plug_in):
    """Colour, depth aligned to its pinhole in 0.1 mm, and both imagers show one frame; intrinsics and baseline are the
    camera's."""
    plug_in()
    with open_realsense(ALL) as capture:
        images = read(capture)
    number = int(images.color_bgr[0, 0, 0])
    assert images.color_bgr.shape == (120, 160, 3)
    assert (images.left == (number + 10) % 250).all()
    assert (images.right == (number + 20) % 250).all()
    assert images.depth.unit_m == UNIT_M
    raw = np.tile(np.arange(3000, 3160, dtype=np.uint16), (120, 1))
    pinhole = replace(COLOR_CAMERA, distortion=())
    identity = RigidTransform(np.eye(3), np.zeros(3))
    expected = DepthRegistration(capture.cameras["depth"], pinhole, identity).register(raw, UNIT_M)
    np.testing.assert_array_equal(images.depth.values, expected)
    assert capture.baseline_m == pytest.approx(BASELINE_M)
    assert capture.cameras["depth"] == DEPTH_CAMERA
    assert capture.cameras["color"].distortion == pytest.approx(COLOR_CAMERA.distortion)
    assert capture.incomplete_count == 0
    assert "D405 123456789012 (USB 3.2): color 160x120 at 30 Hz, depth 160x120" in capture.description


def test_a_camera_that_is_mounted_upside_down(plug_in):
    """All images, intrinsics and poses are turned; the right imager is the left one, at the same baseline."""
    plug_in()
    with open_realsense(ALL) as capture:
        upright = read(capture)
    with open_realsense(replace(ALL, rotate_deg=180)) as capture:
        turned = read(capture)
    number = int(turned.color_bgr[0, 0, 0])
    assert (turned.left == (number + 20) % 250).all()
    assert (turned.right == (number + 10) % 250).all()
    np.testing.assert_array_equal(turned.depth.values, upright.depth.values[::-1, ::-1])
    assert capture.cameras["infra1"] == rotate_camera(DEPTH_CAMERA, 180)
    right_from_left = capture.depth_from["infra2"].inverse @ capture.depth_from["infra1"]
    np.testing.assert_allclose(right_from_left.translation_m, [-BASELINE_M, 0, 0], atol=1e-8)
    with pytest.raises(ValueError, match="imagers lie one above the other"):
        replace(ALL, rotate_deg=90)


@pytest.mark.parametrize("domain", ["hardware_clock", "global_time", "system_time"])
def test_stamps_are_those_of_the_exposures(plug_in, domain):
    """In this computer's time, at the intervals of the camera's clock; arrival times have other intervals."""
    camera = plug_in(domain=domain)
    with open_realsense(RealsenseRequest(color=MODE)) as capture:
        taken = [read(capture) for _ in range(10)]
        now_ns = time.time_ns()
    assert 0 <= now_ns - taken[-1].stamp_ns < 2e9
    for first, second in pairwise(taken):
        frames = (int(second.color_bgr[0, 0, 0]) - int(first.color_bgr[0, 0, 0])) % 250
        assert second.stamp_ns - first.stamp_ns == pytest.approx(frames * 1e9 / RATE_HZ, rel=0.0011, abs=1000)
    exposed_ns = 1e9 * (camera.start_s + int(taken[-1].color_bgr[0, 0, 0]) / RATE_HZ)
    assert taken[-1].stamp_ns == pytest.approx(exposed_ns, abs=0.5e9)
    expected = {"hardware_clock": "offset measured", "global_time": "by librealsense", "system_time": "arrival"}
    assert expected[domain] in capture.clock


def test_images_that_do_not_come_are_counted(plug_in):
    """Colour goes on without depth."""
    camera = plug_in()
    with open_realsense(RealsenseRequest(color=MODE, depth=MODE)) as capture:
        assert read(capture).depth is not None
        camera.left_out = {"depth"}
        deadline_s = time.monotonic() + 20
        while (images := read(capture)).depth is not None:
            assert time.monotonic() < deadline_s
    assert images.color_bgr.any()
    assert capture.incomplete_count > 0


def test_a_camera_that_is_pulled_out(plug_in, monkeypatch):
    """Is an OSError that says so; a camera that is not there, too. Whoever waits can be stopped."""
    monkeypatch.setattr(realsense_capture, "TIMEOUT_S", 0.5)
    camera = plug_in()
    with open_realsense(ALL) as capture:
        capture.read()
        camera.unplug()
        stopped = threading.Event()
        stopped.set()
        assert capture.read(stopped) == []
        with pytest.raises(OSError, match=r"no images for 0\.5 s; check its plug"):
            list(iter(capture.read, []))
    with pytest.raises(OSError, match="no RealSense camera is connected; plug it into a USB 3 port"):
        open_realsense(ALL).__enter__()
    camera.plug_in()
    with open_realsense(ALL) as capture:
        assert read(capture).depth is not None


def test_the_serial_number_chooses_the_camera(plug_in):
    for number in ("111", "222"):
        plug_in(serial_number=number)
    request = RealsenseRequest(color=MODE, serial_number="222")
    with open_realsense(request) as capture:
        assert "D405 222" in capture.description
    with pytest.raises(OSError, match="serial number 333; connected: 111, 222"):
        open_realsense(replace(request, serial_number="333")).__enter__()


@pytest.mark.parametrize("usb", ["3.2", "2.1"])
def test_a_mode_that_the_camera_lacks(plug_in, usb):
    """The error names those that there are, and that USB 2 is why there are so few."""
    plug_in(usb=usb)
    message = (
        "has no depth images of 848x480 at 30 Hz; choose one of "
        "1280x720 at 5 Hz; 640x480 at 30, 90 Hz; 160x120 at 30 Hz"
    )
    with pytest.raises(ValueError, match=message) as error:
        open_realsense(RealsenseRequest(color=MODE, depth=StreamMode(848, 480, 30))).__enter__()
    assert ("USB 2 leaves only these" in str(error.value)) == (usb == "2.1")


def test_frames_without_ros(plug_in, monkeypatch):
    """What `dataset record` reads: stamps of the camera's clock, and depth in its unit; filtered, too."""
    monkeypatch.setattr(realsense, "MODE", MODE)
    monkeypatch.setattr(realsense, "WARM_UP_FRAMES", 2)
    plug_in()
    for filtered in (False, True):
        frames = realsense.stream_realsense_frames(filtered=filtered)
        first, second = next(frames), next(frames)
        frames.close()
        assert first.depth.unit_m == UNIT_M
        assert first.depth.values.shape == (120, 160)
        count = round((second.stamp_ns - first.stamp_ns) * RATE_HZ / 1e9)
        assert second.stamp_ns - first.stamp_ns == pytest.approx(count * 1e9 / RATE_HZ, rel=0.0011)


@pytest.mark.parametrize("text", ["640x480", "640x480x30x1", "-1x480x30", "wide", "640.5x480x30", "640x480x0"])
def test_modes_are_checked(text):
    with pytest.raises(ValueError, match=r"color_profile is .* such as 640x480x30"):
        parse_mode(text, "color_profile")


def test_modes_are_read_as_the_driver_writes_them():
    assert parse_mode("848x480x90", "x") == parse_mode(" 848,480,90", "x") == StreamMode(848, 480, 90)
