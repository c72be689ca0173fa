"""A RealSense camera in use, by pyrealsense2: images of one exposure, with stamps of one clock."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from fingertip_contact.cameras import realsense_device
from fingertip_contact.cameras.depth_registration import DepthRegistration
from fingertip_contact.cameras.device_clock import DeviceClock
from fingertip_contact.cameras.exposures import ExposureAssembler
from fingertip_contact.cameras.realsense_modes import (
    FoundStream,
    StreamMode,
    StreamName,
    describe_device,
    find_streams,
    is_stream,
    read_mode,
)
from fingertip_contact.cameras.rotation import require_rotation, rotate_camera, rotate_image, rotate_optical_frame
from fingertip_contact.datatypes import DepthImage
from fingertip_contact.geometry import Camera, RigidTransform

# A camera takes up to two seconds for its first image, and 0.2 s for each at 5 Hz.
TIMEOUT_S = 5.0
POLL_MS = 200


@dataclass(frozen=True)
class RealsenseRequest:
    """What is asked of a camera. serial_number: empty for the first one. depth, imagers: None where not wanted.
    rotate_deg: clockwise, of all images; upside down, the right imager is the left one.

    Raises ValueError for a turn that is none, or imagers one above the other.
    """

    color: StreamMode
    depth: StreamMode | None = None
    imagers: StreamMode | None = None
    serial_number: str = ""
    rotate_deg: int = 0

    def __post_init__(self) -> None:
        require_rotation(self.rotate_deg)
        if self.imagers is not None and self.rotate_deg % 180:
            raise ValueError(f"turned by {self.rotate_deg} degrees, imagers lie one above the other: use depth instead")

    @property
    def modes(self) -> dict[StreamName, StreamMode]:
        asked = {"color": self.color, "depth": self.depth, "infra1": self.imagers, "infra2": self.imagers}
        return {name: mode for name, mode in asked.items() if mode is not None}  # type: ignore[misc]


@dataclass(frozen=True)
class RealsenseImages:
    """Of one exposure. stamp_ns: of colour, the computer's time; it serves for all. color_bgr: (H, W, 3) uint8.
    depth: aligned to colour without its distortion, as Frame.depth. left, right: (H, W) uint8, rectified. What is not
    streamed, or did not come, is None."""

    stamp_ns: int
    color_bgr: np.ndarray
    depth: DepthImage | None
    left: np.ndarray | None
    right: np.ndarray | None


class RealsenseCapture:
    """A camera that streams; `open_realsense` opens it.

    rs: the module pyrealsense2. cameras: intrinsics of each stream, turned as its images are; those of the imagers are
    rectified. depth_from: pose of each stream's camera, turned as well, in the optical frame of depth, which is that of
    the left imager as it is mounted. description: the camera, its USB and its modes. clock: what stamps come from.
    depth_filters: librealsense's, applied in order to depth as it is measured.
    """

    def __init__(
        self, rs: Any, device: Any, streams: dict[StreamName, FoundStream], queue: Any, rotate_deg: int
    ) -> None:
        self.rs, self._device, self._queue = rs, device, queue
        self.cameras: dict[str, Camera] = {name: _read_camera(stream.profile) for name, stream in streams.items()}
        for name in self.cameras.keys() - {"color"}:
            self.cameras[name] = replace(self.cameras[name], distortion=())
        self._rotate_deg = rotate_deg
        base = _find_base(rs, device)
        self.depth_from: dict[str, RigidTransform] = {
            name: _read_pose(stream.profile, base) for name, stream in streams.items()
        }
        modes = ", ".join(f"{name} {read_mode(stream.profile)}" for name, stream in streams.items())
        self.description = f"{describe_device(rs, device)}: {modes}"
        self.clock = "not known yet"
        self.depth_filters: list[Any] = []
        self._names = {_identify(stream.profile): name for name, stream in streams.items()}
        rate_hz = streams["color"].profile.fps()
        self._assembler: ExposureAssembler[Any] = ExposureAssembler("color", self.cameras.keys() - {"color"}, rate_hz)
        self._device_clock = DeviceClock()
        if "depth" in streams:
            self._depth_sensor = streams["depth"].sensor
            # float32 in the camera: 0.0001 reads as 0.00009999999747.
            self.depth_unit_m = round(float(self._depth_sensor.get_option(rs.option.depth_units)), 7)
            color = replace(self.cameras["color"], distortion=())
            self._registration = DepthRegistration(self.cameras["depth"], color, self.depth_from["color"].inverse)
        turn = rotate_optical_frame(rotate_deg)
        self.cameras = {self._rename(name): rotate_camera(one, rotate_deg) for name, one in self.cameras.items()}
        self.depth_from = {self._rename(name): pose @ turn.inverse for name, pose in self.depth_from.items()}

    def _rename(self, name: str) -> str:
        """Of a stream, in turned images."""
        return {"infra1": "infra2", "infra2": "infra1"}.get(name, name) if self._rotate_deg == 180 else name

    @property
    def incomplete_count(self) -> int:
        """Exposures without an image of a stream that was asked for."""
        return self._assembler.incomplete_count

    @property
    def baseline_m(self) -> float:
        """From the left imager to the right one. Raises ValueError where the imagers are not streamed."""
        if "infra2" not in self.depth_from:
            raise ValueError("the imagers are not streamed; ask for them")
        return float(np.linalg.norm((self.depth_from["infra1"].inverse @ self.depth_from["infra2"]).translation_m))

    def set_depth_preset(self, preset: int) -> None:
        """Choose one of librealsense's presets (rs400_visual_preset), where the camera has them."""
        if self._depth_sensor.supports(self.rs.option.visual_preset):
            self._depth_sensor.set_option(self.rs.option.visual_preset, preset)

    def read(self, stop: threading.Event | None = None) -> list[RealsenseImages]:
        """The images of the next exposure, seldom of more; waits for them. Empty once `stop` is set.

        Raises OSError if the camera is gone, or gives no images any more.
        """
        deadline_s = time.monotonic() + TIMEOUT_S
        while stop is None or not stop.is_set():
            has_frame, frame = self._queue.try_wait_for_frame(POLL_MS)
            if not has_frame and not self._device.is_connected():
                raise OSError("the camera is unplugged; plug it in again, it is waited for")
            exposures = self._add(frame) if has_frame else []
            if exposures:
                return exposures
            if time.monotonic() > deadline_s:
                raise OSError(
                    f"the camera gives no images for {TIMEOUT_S:g} s; check its plug and cable (USB 3), or choose a "
                    "lower rate or size"
                )
        return []

    def _add(self, frame: Any) -> list[RealsenseImages]:
        name = self._names[_identify(frame.get_profile())]
        stamp_ns = round(frame.get_timestamp() * 1e6)
        if name == "color":
            image: Any = (self._find_stamp_ns(frame, stamp_ns), np.array(frame.get_data()))
        else:
            image = self._copy(name, frame)
        return [
            self._make_images(exposure.images)
            for exposure in self._assembler.add(name, stamp_ns, image)
            if exposure.images["color"][0] is not None
        ]

    def _find_stamp_ns(self, color: Any, stamp_ns: int) -> int | None:
        """This computer's time at a stamp; None while the camera's clock is not known well enough."""
        domain = color.get_frame_timestamp_domain()
        if domain == self.rs.timestamp_domain.hardware_clock:
            self.clock = "the camera's, offset measured"
            converted_ns = self._device_clock.convert(stamp_ns, time.time_ns())
            return converted_ns if self._device_clock.is_settled else None
        is_global = domain == self.rs.timestamp_domain.global_time
        self.clock = "the camera's, converted by librealsense" if is_global else "arrival on this computer"
        return stamp_ns

    def _copy(self, name: StreamName, frame: Any) -> np.ndarray:
        """A copy, since librealsense uses its buffers again."""
        if name == "depth":
            for step in self.depth_filters:
                frame = step.process(frame)
        return np.array(frame.get_data())

    def _make_images(self, images: dict[str, Any]) -> RealsenseImages:
        stamp_ns, color_bgr = images["color"]
        pixels = {self._rename(name): image for name, image in images.items() if name != "color"}
        if "depth" in pixels:
            pixels["depth"] = self._registration.register(pixels["depth"], self.depth_unit_m)
        turned = {name: rotate_image(image, self._rotate_deg) for name, image in pixels.items()}
        depth = DepthImage(turned["depth"], self.depth_unit_m) if "depth" in turned else None
        color_bgr = rotate_image(color_bgr, self._rotate_deg)
        return RealsenseImages(stamp_ns, color_bgr, depth, turned.get("infra1"), turned.get("infra2"))


@contextmanager
def open_realsense(request: RealsenseRequest) -> Iterator[RealsenseCapture]:
    """Opens a camera and starts its streams.

    Raises ModuleNotFoundError without pyrealsense2; ValueError if it does not load, or the camera lacks what is asked
    for; OSError if there is no such camera, or it does not start.
    """
    rs = realsense_device.import_pyrealsense2()
    device = realsense_device.find_device(rs, request.serial_number)
    streams = find_streams(rs, device, request.modes)
    with realsense_device.start_streams(rs, device, streams.values()) as queue:
        yield RealsenseCapture(rs, device, streams, queue, request.rotate_deg)


def _identify(profile: Any) -> tuple[str, int]:
    """Of a stream: other numbers of a profile change when librealsense converts its images."""
    return str(profile.stream_type()), max(profile.stream_index(), 0)


def _read_camera(profile: Any) -> Camera:
    """The intrinsics: librealsense calls the colour model inverse Brown-Conrady, the ROS driver plumb_bob."""
    intrinsics = profile.get_intrinsics()
    distortion = tuple(float(value) for value in intrinsics.coeffs)
    return Camera(
        fx=intrinsics.fx,
        fy=intrinsics.fy,
        cx=intrinsics.ppx,
        cy=intrinsics.ppy,
        width=intrinsics.width,
        height=intrinsics.height,
        distortion=distortion if any(distortion) else (),
    )


def _find_base(rs: Any, device: Any) -> Any:
    """A profile of depth, whatever its mode: its camera is the origin. Raises ValueError if there is none."""
    profiles = (profile for sensor in device.query_sensors() for profile in sensor.get_stream_profiles())
    base = next((profile for profile in profiles if is_stream(rs, profile, "depth")), None)
    if base is None:
        raise ValueError(f"{describe_device(rs, device)} has no depth; use webcam_node for it")
    return base


def _read_pose(profile: Any, base: Any) -> RigidTransform:
    extrinsics = profile.get_extrinsics_to(base)
    # By columns.
    rotation = np.array(extrinsics.rotation, dtype=np.float64).reshape(3, 3).T
    return RigidTransform(rotation, np.array(extrinsics.translation, dtype=np.float64))
