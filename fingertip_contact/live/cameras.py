"""Frames of cameras that are connected to this computer, the newest each time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import numpy as np

from fingertip_contact.cameras.capture import CaptureRequest, LiveCapture, open_capture
from fingertip_contact.cameras.d405 import D405
from fingertip_contact.cameras.realsense_capture import (
    RealsenseCapture,
    RealsenseImages,
    RealsenseRequest,
    open_realsense,
)
from fingertip_contact.cameras.realsense_device import import_pyrealsense2, list_devices
from fingertip_contact.cameras.realsense_modes import StreamMode
from fingertip_contact.cameras.rotation import rotate_camera, rotate_image
from fingertip_contact.datatypes import Frame, StereoImages
from fingertip_contact.geometry import Camera
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.keyboard.live_camera import LiveCamera
from fingertip_contact.live.newest import read_newest

DEVICES, DEVICE_NAMES = Path("/dev"), Path("/sys/class/video4linux")
# As webcam_node asks: without compression USB carries few images.
PIXEL_FORMAT = "MJPG"
DEPTH_SOURCES_WITH_DEPTH = ("sensor", "fused")


def choose_camera(devices: Path = DEVICES, names: Path = DEVICE_NAMES) -> str:
    """d405 where one is connected and can be read, else the first webcam. Raises OSError if there is no camera, or one
    of RealSense that cannot be read. devices, names: see list_webcams."""
    try:
        if list_devices(import_pyrealsense2()):
            return "d405"
        reason = "librealsense does not find it: install its udev rules, and plug it in again"
    except (ModuleNotFoundError, ValueError) as error:
        reason = str(error)
    webcams = list_webcams(devices, names)
    # Its own devices of Video4Linux hold depth and grey images: it must not be taken for a webcam.
    if len(webcams) < len(_list_devices(devices)):
        raise OSError(f"a RealSense camera is connected, but {reason}; or read another one: --camera webcam")
    return find_webcam(devices, names)


def find_webcam(devices: Path = DEVICES, names: Path = DEVICE_NAMES) -> str:
    """The first webcam. Raises OSError if there is none. devices, names: see list_webcams."""
    webcams = list_webcams(devices, names)
    if not webcams:
        raise OSError(
            "no camera is connected; plug one in (`fingertip-contact doctor` says what is missing), or name a "
            "recording: --camera FILE"
        )
    return str(webcams[0])


def list_webcams(devices: Path, names: Path) -> list[Path]:
    """Devices of Video4Linux that are no RealSense camera's, by their numbers. devices: the folder of devices. names:
    that in which the kernel tells their names."""
    return [path for path in _list_devices(devices) if "realsense" not in _read_name(names / path.name).lower()]


def _list_devices(devices: Path) -> list[Path]:
    found = [path for path in devices.glob("video*") if path.name[5:].isdecimal()]
    return sorted(found, key=lambda path: int(path.name[5:]))


def _read_name(folder: Path) -> str:
    try:
        return (folder / "name").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return ""


@contextmanager
def stream_d405(mode: StreamMode, depth_source: str, rotate_deg: int) -> Iterator[tuple[str, Iterator[Frame]]]:
    """Its description, and its frames with what the depth source reads. Raises as `open_realsense` does."""
    request = RealsenseRequest(
        color=mode,
        depth=mode if depth_source in DEPTH_SOURCES_WITH_DEPTH else None,
        imagers=mode if depth_source == "stereo" else None,
        rotate_deg=rotate_deg,
    )
    with ExitStack() as stack:
        capture = stack.enter_context(open_realsense(request))

        def produce(stop: threading.Event) -> Iterator[Frame]:
            while not stop.is_set():
                for images in capture.read(stop):
                    yield make_frame(capture, images)

        yield capture.description, stack.enter_context(read_newest(produce))


def make_frame(capture: RealsenseCapture, images: RealsenseImages) -> Frame:
    """The images of one exposure as a frame."""
    stereo = None
    if images.left is not None and images.right is not None:
        color_from_left = capture.depth_from["color"].inverse @ capture.depth_from["infra1"]
        stereo = StereoImages(images.left, images.right, capture.cameras["infra1"], capture.baseline_m, color_from_left)
    return Frame(images.stamp_ns, D405.optical_frame, capture.cameras["color"], images.color_bgr, images.depth, stereo)


@contextmanager
def stream_webcam(
    device: str,
    mode: StreamMode,
    layout: Layout,
    calibrated: Camera | None,
    rotate_deg: int,
    announce: Callable[[str], None],
) -> Iterator[tuple[str, Iterator[Frame]]]:
    """Its device and mode, and its frames. calibrated: None where the sheet is to give the focal length; announce is
    told where it comes from. Raises OSError if it cannot be opened or gives no more images."""
    request = CaptureRequest(device, mode.width, mode.height, mode.rate_hz, PIXEL_FORMAT)
    camera = LiveCamera(layout, None if calibrated is None else rotate_camera(calibrated, rotate_deg))
    with ExitStack() as stack:
        capture = stack.enter_context(open_capture(request))
        frames = stack.enter_context(read_newest(lambda stop: _capture(capture, stop, rotate_deg)))
        yield f"{device}, {capture.mode}", _add_camera(frames, camera, announce)


def _capture(capture: LiveCapture, stop: threading.Event, rotate_deg: int) -> Iterator[tuple[int, np.ndarray]]:
    last_ns = 0
    while not stop.is_set():
        captured = capture.read()
        # The clock may be set back; images of one stamp would be taken for one.
        last_ns = max(time.time_ns() - round(captured.age_s * 1e9), last_ns + 1)
        yield last_ns, rotate_image(captured.image_bgr, rotate_deg)


def _add_camera(
    images: Iterator[tuple[int, np.ndarray]], camera: LiveCamera, announce: Callable[[str], None]
) -> Iterator[Frame]:
    told = ""
    for stamp_ns, image in images:
        estimate = camera.update(stamp_ns, image)
        if estimate.description != told:
            told = estimate.description
            announce(told)
        yield Frame(stamp_ns, D405.optical_frame, estimate.camera, image, None)
