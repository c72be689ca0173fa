"""A D405 of librealsense's software device: frames are put into it, and read as those of a camera."""

from __future__ import annotations

import threading
import time
from itertools import count
from typing import Any

import numpy as np

from fingertip_contact.geometry import Camera

COLOR_CAMERA = Camera(97.0, 97.5, 80.5, 60.25, 160, 120, distortion=(-0.05, 0.05, 1e-3, -1e-3, -0.02))
DEPTH_CAMERA = Camera(95.0, 95.0, 79.5, 59.5, 160, 120)
BASELINE_M = 0.018
UNIT_M = 0.0001
RATE_HZ = 30
# Of its clock when the first frame is taken.
FIRST_MS = 5000.0
# Name, index, format, bytes of a pixel.
_STREAMS = (("depth", 0, "z16", 2), ("color", 0, "bgr8", 3), ("infrared", 1, "y8", 1), ("infrared", 2, "y8", 1))


class SoftwareCamera:
    """Streams at RATE_HZ from `plug_in` to `unplug`, one size and rate, or those of more modes for the list."""

    def __init__(
        self,
        rs: Any,
        serial_number: str = "123456789012",
        usb: str = "3.2",
        domain: str = "hardware_clock",
        other_modes: tuple[tuple[int, int, int], ...] = ((640, 480, 30), (640, 480, 90), (1280, 720, 5)),
    ) -> None:
        self._rs = rs
        self._serial_number, self._usb, self._other_modes = serial_number, usb, other_modes
        self._domain = getattr(rs.timestamp_domain, domain)
        self.device: Any = None
        self.left_out: set[str] = set()
        self._thread: threading.Thread | None = None
        self._pulled = threading.Event()
        self.start_s = 0.0

    @property
    def devices(self) -> list[Any]:
        """As librealsense lists them."""
        return [] if self.device is None else [self.device]

    def plug_in(self) -> None:
        rs = self._rs
        device = rs.software_device()
        for key, value in (
            ("name", "Intel RealSense D405"),
            ("serial_number", self._serial_number),
            ("usb_type_descriptor", self._usb),
        ):
            device.register_info(getattr(rs.camera_info, key), value)
        self._sensor = device.add_sensor("Stereo Module")
        self._sensor.add_read_only_option(rs.option.depth_units, UNIT_M)
        uids = count(1)
        profiles = [self._add_stream(next(uids), *stream) for stream in _STREAMS]
        for profile in profiles:
            pose = rs.extrinsics()
            pose.rotation = np.eye(3).ravel().tolist()
            is_right = profile.stream_index() == 2
            pose.translation = [BASELINE_M if is_right else 0.0, 0.0, 0.0]
            profile.register_extrinsics_to(profiles[0], pose)
        for width, height, rate_hz in self._other_modes:
            for stream in _STREAMS:
                self._add_stream(next(uids), *stream, size=(width, height), rate_hz=rate_hz)
        self._pulled = threading.Event()
        self._thread = threading.Thread(target=self._feed, args=(profiles, self._pulled), daemon=True)
        self._thread.start()
        # Now that it is complete: librealsense does not ask a sensor for its streams again.
        self.device = device

    def unplug(self) -> None:
        """Nothing comes any more, and it is no longer listed. A software device calls itself connected for ever."""
        self._pulled.set()
        if self._thread is not None:
            self._thread.join()
        self.device = None

    def _add_stream(
        self,
        uid: int,
        name: str,
        index: int,
        pixel_format: str,
        pixel_bytes: int,
        size: tuple[int, int] | None = None,
        rate_hz: int = RATE_HZ,
    ) -> Any:
        rs = self._rs
        camera = COLOR_CAMERA if name == "color" else DEPTH_CAMERA
        intrinsics = rs.intrinsics()
        intrinsics.width, intrinsics.height = size or (camera.width, camera.height)
        intrinsics.fx, intrinsics.fy, intrinsics.ppx, intrinsics.ppy = camera.fx, camera.fy, camera.cx, camera.cy
        intrinsics.coeffs = list(camera.distortion or (0.0,) * 5)
        intrinsics.model = rs.distortion.inverse_brown_conrady
        stream = rs.video_stream()
        stream.type, stream.index, stream.uid, stream.fps = getattr(rs.stream, name), index, uid, rate_hz
        stream.width, stream.height, stream.bpp = intrinsics.width, intrinsics.height, pixel_bytes
        stream.fmt, stream.intrinsics = getattr(rs.format, pixel_format), intrinsics
        return self._sensor.add_video_stream(stream).as_video_stream_profile()

    def _feed(self, profiles: list[Any], pulled: threading.Event) -> None:
        number, start_s = 0, time.monotonic()
        self.start_s = time.time()
        while not pulled.wait(max(0.0, start_s + number / RATE_HZ - time.monotonic())):
            number += 1
            active = {profile.unique_id() for profile in self._sensor.get_active_streams()}
            for profile, (name, index, _, pixel_bytes) in zip(profiles, _STREAMS, strict=True):
                if name not in self.left_out and profile.unique_id() in active:
                    self._sensor.on_video_frame(self._make_frame(number, profile, name, index, pixel_bytes))

    def _make_frame(self, number: int, profile: Any, name: str, index: int, pixel_bytes: int) -> Any:
        """Frame `number` shows its own number, depth in a column of 0.3 m and a bit."""
        rs, frame = self._rs, self._rs.software_video_frame()
        shape = (COLOR_CAMERA.height, COLOR_CAMERA.width)
        if name == "depth":
            frame.pixels = np.tile(np.arange(3000, 3000 + shape[1], dtype=np.uint16), (shape[0], 1))
        else:
            frame.pixels = np.full((shape[0], shape[1] * pixel_bytes), (number + 10 * index) % 250, np.uint8)
        frame.bpp, frame.stride = pixel_bytes, shape[1] * pixel_bytes
        base_ms = FIRST_MS if self._domain == rs.timestamp_domain.hardware_clock else 1000 * self.start_s
        frame.timestamp, frame.frame_number = base_ms + (number - 1) * 1000 / RATE_HZ, number
        frame.domain, frame.profile, frame.depth_units = self._domain, profile, UNIT_M
        return frame
