"""Rules of live cameras, on what OpenCV reports of one: no device is needed."""

from __future__ import annotations

import time

import cv2
import numpy as np
import pytest

from fingertip_contact.cameras.capture import CaptureRequest, LiveCapture, is_live, open_capture


class FakeCapture:
    """As cv2.VideoCapture: gives images of a stamp, milliseconds, until `count` are read."""

    def __init__(self, stamp_ms: float, count: int = 1, channels: int = 3) -> None:
        self._stamp_ms, self._count, self._channels = stamp_ms, count, channels

    def read(self):
        self._count -= 1
        shape = (48, 64, 3) if self._channels == 3 else (48, 64)
        return (True, np.zeros(shape, np.uint8)) if self._count >= 0 else (False, None)

    def get(self, name: int) -> float:
        code = float(cv2.VideoWriter.fourcc(*"MJPG"))
        values = {
            cv2.CAP_PROP_POS_MSEC: self._stamp_ms,
            cv2.CAP_PROP_FRAME_WIDTH: 64.0,
            cv2.CAP_PROP_FRAME_HEIGHT: 48.0,
            cv2.CAP_PROP_FPS: 30.0,
            cv2.CAP_PROP_FOURCC: code,
        }
        return values[name]


def now_ms() -> float:
    return time.monotonic() * 1000


def test_age_is_that_of_the_drivers_buffer():
    """V4L2 stamps are of the monotonic clock; an image was taken before it is read."""
    assert LiveCapture(FakeCapture(now_ms() - 40), "0").read().age_s == pytest.approx(0.04, abs=0.02)


@pytest.mark.parametrize("stamp_ms", [0.0, -1.0, 1.7e12, now_ms() + 60_000], ids=["none", "unknown", "wall", "future"])
def test_stamps_of_another_clock_are_not_believed(stamp_ms):
    """The time of reading counts then."""
    assert LiveCapture(FakeCapture(stamp_ms), "0").read().age_s == 0.0


def test_stamps_of_a_stream_are_not_those_of_images():
    """They count from its beginning, whatever the clock says."""
    assert LiveCapture(FakeCapture(now_ms() - 40), "rtsp://host/stream").read().age_s == 0.0


def test_a_lost_camera_is_an_error():
    """It names the camera."""
    capture = LiveCapture(FakeCapture(0.0, count=1), "/dev/video7")
    assert capture.mode == "64x48 MJPG at 30 Hz"
    capture.read()
    with pytest.raises(OSError, match="/dev/video7 gives no more images"):
        capture.read()


def test_grey_images_become_colour():
    """Infrared cameras give one channel."""
    assert LiveCapture(FakeCapture(0.0, channels=1), "0").read().image_bgr.shape == (48, 64, 3)


def test_a_missing_camera_is_an_error():
    """The error says what to look at."""
    for device in ("/dev/video250", "250"):
        request = CaptureRequest(device, 640, 480, 30.0, "MJPG")
        with pytest.raises(OSError, match=f"{device} cannot be opened.*v4l2-ctl"), open_capture(request):
            pass


def test_devices_are_told_from_files():
    """By their names alone: a camera may be plugged in later."""
    assert all(map(is_live, ["0", "/dev/video0", "/dev/v4l/by-id/usb-cam", "rtsp://host/stream", "http://host/mjpg"]))
    assert not any(map(is_live, ["film.mp4", "images/", "video0", "/home/me/film.mkv"]))
