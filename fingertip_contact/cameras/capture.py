"""Images of a live camera: a V4L2 device, or a network stream, through OpenCV."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import cv2
import numpy as np

# An image's time stamp is not believed if it is older: drivers may use another clock than the monotonic one.
MAX_AGE_S = 1.0
# A network stream that does not answer for so long is lost. V4L2 has its own limit in OpenCV, 10 s.
STREAM_TIMEOUT_MS = 5000


@dataclass(frozen=True)
class CaptureRequest:
    """What is asked of a camera, which gives the nearest that it has. device: `/dev/video0`, its number, or a URL.
    pixel_format: a code of four letters such as MJPG, or empty for the driver's choice."""

    device: str
    width: int
    height: int
    frames_per_second: float
    pixel_format: str


@dataclass(frozen=True)
class CapturedImage:
    """image_bgr: (H, W, 3) uint8. age_s: time since it was taken, when it was handed over."""

    image_bgr: np.ndarray
    age_s: float


class LiveCapture:
    """A camera in use; `open_capture` opens it. mode: size, format and rate that it gives."""

    def __init__(self, capture: cv2.VideoCapture, device: str) -> None:
        self._capture = capture
        self._device = device
        self.mode = _describe_mode(capture)

    def read(self) -> CapturedImage:
        """The next image; waits for it. Raises OSError if the camera is gone."""
        has_image, image = self._capture.read()
        if not has_image or image is None:
            raise OSError(f"camera {self._device} gives no more images; check its plug, or who else uses it")
        return CapturedImage(image if image.ndim == 3 else cv2.cvtColor(image, cv2.COLOR_GRAY2BGR), self._find_age_s())

    def _find_age_s(self) -> float:
        if _is_url(self._device):
            return 0.0  # Its stamps count from the beginning of the stream.
        # The stamp of V4L2's buffer, which UVC drivers take from the monotonic clock.
        age_s = time.monotonic() - self._capture.get(cv2.CAP_PROP_POS_MSEC) / 1000
        return age_s if 0 <= age_s <= MAX_AGE_S else 0.0


def is_live(device: str) -> bool:
    """Whether a device is a camera or a network stream, not a file."""
    return device.isdecimal() or device.startswith("/dev/") or _is_url(device)


@contextmanager
def open_capture(request: CaptureRequest) -> Iterator[LiveCapture]:
    """Opens a live device. Raises OSError if it cannot be opened."""
    capture = _open_stream(request.device) if _is_url(request.device) else _open_device(request)
    try:
        if not capture.isOpened():
            raise OSError(
                f"camera {request.device} cannot be opened; is it plugged in, used by another program, or not "
                "readable for you (group video)? `v4l2-ctl --list-devices` shows what there is"
            )
        yield LiveCapture(capture, request.device)
    finally:
        capture.release()


def _is_url(device: str) -> bool:
    return "://" in device


def _open_device(request: CaptureRequest) -> cv2.VideoCapture:
    device = int(request.device) if request.device.isdecimal() else request.device
    capture = cv2.VideoCapture(device, cv2.CAP_V4L2)  # type: ignore[call-overload]
    if capture.isOpened():
        # The format first: it decides which sizes and rates there are.
        if request.pixel_format:
            capture.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*request.pixel_format))
        capture.set(cv2.CAP_PROP_FRAME_WIDTH, request.width)
        capture.set(cv2.CAP_PROP_FRAME_HEIGHT, request.height)
        capture.set(cv2.CAP_PROP_FPS, request.frames_per_second)
    return capture


def _open_stream(url: str) -> cv2.VideoCapture:
    timeouts = [cv2.CAP_PROP_OPEN_TIMEOUT_MSEC, cv2.CAP_PROP_READ_TIMEOUT_MSEC]
    return cv2.VideoCapture(url, cv2.CAP_FFMPEG, [value for name in timeouts for value in (name, STREAM_TIMEOUT_MS)])


def _describe_mode(capture: cv2.VideoCapture) -> str:
    width, height = (int(capture.get(name)) for name in (cv2.CAP_PROP_FRAME_WIDTH, cv2.CAP_PROP_FRAME_HEIGHT))
    code = int(capture.get(cv2.CAP_PROP_FOURCC))
    letters = "".join(chr(code >> shift & 0xFF) for shift in (0, 8, 16, 24))
    pixel_format = letters.strip() if letters.isprintable() else "unknown format"
    return f"{width}x{height} {pixel_format} at {capture.get(cv2.CAP_PROP_FPS):g} Hz"
