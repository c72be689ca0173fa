"""Recordings of librealsense itself (RealSense Viewer, rs-record), with depth aligned to colour here."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.cameras.depth_registration import DepthRegistration
from fingertip_contact.cameras.profile import CameraProfile
from fingertip_contact.datatypes import DepthImage, Frame
from fingertip_contact.geometry import Camera, RigidTransform
from fingertip_contact.images import (
    StereoCalibration,
    decode_color_image,
    decode_depth_image,
    decode_stereo_images,
    parse_camera_info,
)
from fingertip_contact.recordings.bag import Bag, deserialize, read_message_image
from fingertip_contact.recordings.camera_topics import describe_topics
from fingertip_contact.recordings.librealsense_topics import (
    COLOR,
    DEPTH,
    LEFT,
    RIGHT,
    RealsenseStream,
    find_depth_units_topic,
    find_streams,
    parse_pose,
    parse_stamp_ns,
)
from fingertip_contact.recordings.streams import AUTO, Stream, describe_streams, select_streams
from fingertip_contact.stamps import StampOrder, header_stamp_ns

# librealsense's names; the ROS driver calls them all plumb_bob.
LIBREALSENSE_MODELS = ("Brown Conrady", "Inverse Brown Conrady", "Modified Brown Conrady", "None")
_IDENTITY = RigidTransform(np.eye(3), np.zeros(3))


@dataclass
class _Exposure:
    """A colour image and the images that belong to it: (stream, number in its topic). images: those read so far."""

    stamp_ns: int
    members: dict[str, int]
    images: dict[str, Any]


class LibrealsenseRecording:
    """A recording with the fields of `Recording`; use `open_recording`.

    Images are paired by the stamps of their exposures, the nearest within half a frame: those of one exposure differ.
    """

    def __init__(
        self,
        bag: Bag,
        camera_profile: CameraProfile = D405,
        *,
        depth_source: str = AUTO,
        camera: Camera | None = None,
        depth_unit_m: float | None = None,
    ) -> None:
        """Raises ValueError without colour or its intrinsics, for depth without a unit, and for a depth source that
        was not recorded."""
        self.bag, self.path = bag, bag.path
        self._profile = camera_profile
        self._found = find_streams(bag.topics)
        if COLOR not in self._found or not bag.message_count(self._found[COLOR].images):
            raise ValueError(
                f"{self.path} has no colour images: switch on the colour stream in the RealSense Viewer, and record "
                f"again; {describe_topics(bag.topics)}"
            )
        self.camera = camera or self._read_camera(self._found[COLOR])
        self.camera_description = "camera as calibrated" if camera else ""
        self.notes: list[str] = []
        recorded: list[Stream] = []
        if self._has_images(DEPTH):
            recorded.append("depth")
        if self._has_images(LEFT) and self._has_images(RIGHT):
            recorded.append("imagers")
        self.streams = select_streams(depth_source, recorded, self.path, describe_topics(bag.topics))
        self._unit_m = (depth_unit_m or self._read_unit_m()) if "depth" in self.streams else 0.0
        self.missing_depth_count = self.missing_stereo_count = self.near_depth_count = 0
        self.stamp_order = StampOrder()

    @property
    def frame_count(self) -> int:
        """Number of colour images."""
        return self.bag.message_count(self._found[COLOR].images)

    @property
    def duration_s(self) -> float:
        """From the first colour image to the last."""
        stamps_ns = self._stamps_ns[COLOR]
        return (stamps_ns[-1] - stamps_ns[0]) / 1e9

    @property
    def frames_per_second(self) -> float:
        """The mean rate of the colour images; 30 if there are too few to compute it."""
        return (self.frame_count - 1) / self.duration_s if self.frame_count > 1 and self.duration_s > 0 else 30.0

    @property
    def streams_text(self) -> str:
        """What `frames` reads, in words."""
        return describe_streams(self.streams)

    def frames(self) -> Iterator[Frame]:
        """Every colour image whose stamp advances, with depth aligned to it and the imagers' images of its exposure, or
        None.

        Raises ValueError if the file ends early, or an image contradicts its fields or its intrinsics.
        """
        self.missing_depth_count = self.missing_stereo_count = 0
        self.stamp_order = StampOrder()
        registration = self._make_registration() if "depth" in self.streams else None
        calibration = self._make_stereo_calibration() if "imagers" in self.streams else None
        for exposure in self._read_exposures():
            if not self.stamp_order.accept(exposure.stamp_ns):
                continue
            frame = self._make_frame(exposure, registration, calibration)
            self.missing_depth_count += registration is not None and frame.depth is None
            self.missing_stereo_count += calibration is not None and frame.stereo is None
            yield frame

    @property
    def _read_names(self) -> list[str]:
        others = [DEPTH] * ("depth" in self.streams) + [LEFT, RIGHT] * ("imagers" in self.streams)
        return [COLOR, *others]

    @cached_property
    def _stamps_ns(self) -> dict[str, np.ndarray]:
        """The exposure of every image that is read, in the order of its topic."""
        return {name: np.array(self._read_stamps_ns(self._found[name]), np.int64) for name in self._read_names}

    def _read_stamps_ns(self, stream: RealsenseStream) -> list[int]:
        if stream.metadata is None:
            # ROS 1: the header has the exposure.
            return [header_stamp_ns(deserialize(self.path, message)) for message in self.bag.messages([stream.images])]
        # .db3: the header has the time of recording, which differs between the streams.
        stamps_ns = [
            parse_stamp_ns(deserialize(self.path, message).data) for message in self.bag.messages([stream.metadata])
        ]
        if len(stamps_ns) != self.bag.message_count(stream.images):
            raise ValueError(
                f"{self.path}: {stream.images} has {self.bag.message_count(stream.images)} images, but "
                f"{len(stamps_ns)} of them have metadata; record it again"
            )
        return stamps_ns

    def _plan(self) -> list[_Exposure]:
        colors = self._stamps_ns[COLOR]
        half_ns = int(np.median(np.diff(colors))) // 2 if len(colors) > 1 else 10**7
        exposures = [_Exposure(int(stamp_ns), {COLOR: n}, {}) for n, stamp_ns in enumerate(colors)]
        for name in self._read_names[1:]:
            others = self._stamps_ns[name]
            for exposure in exposures:
                nearest = int(np.argmin(np.abs(others - exposure.stamp_ns)))
                if abs(int(others[nearest]) - exposure.stamp_ns) <= half_ns:
                    exposure.members[name] = nearest
        return exposures

    def _read_exposures(self) -> Iterator[_Exposure]:
        waiting = deque(self._plan())
        wanted: dict[tuple[str, int], list[_Exposure]] = {}
        for exposure in waiting:
            for member in exposure.members.items():
                wanted.setdefault(member, []).append(exposure)
        names = {self._found[name].images: name for name in self._read_names}
        numbers = dict.fromkeys(names.values(), 0)
        for message in self.bag.messages(names):
            name = names[message.topic]
            members = wanted.pop((name, numbers[name]), ())
            numbers[name] += 1
            image = read_message_image(self.path, message) if members else None
            for exposure in members:
                exposure.images[name] = image
            while waiting and waiting[0].images.keys() == waiting[0].members.keys():
                yield waiting.popleft()

    def _make_frame(
        self, exposure: _Exposure, registration: DepthRegistration | None, calibration: StereoCalibration | None
    ) -> Frame:
        images = exposure.images
        try:
            color_bgr = decode_color_image(images[COLOR])
            depth = stereo = None
            if registration is not None and DEPTH in images:
                raw = decode_depth_image(images[DEPTH], self._unit_m)
                depth = DepthImage(registration.register(raw.values, raw.unit_m), raw.unit_m)
            if calibration is not None and LEFT in images and RIGHT in images:
                stereo = decode_stereo_images(images[LEFT], images[RIGHT], calibration)
        except ValueError as error:
            raise ValueError(f"{self.path}, frame at {exposure.stamp_ns} ns: {error}") from error
        return Frame(exposure.stamp_ns, self._profile.optical_frame, self.camera, color_bgr, depth, stereo)

    def _make_registration(self) -> DepthRegistration:
        depth_camera = self._read_camera(self._found[DEPTH])
        # As drivers align: to colour without its distortion, where Frame.depth is read.
        color_camera = replace(self.camera, distortion=())
        return DepthRegistration(depth_camera, color_camera, self._read_pose(COLOR) @ self._read_pose(DEPTH).inverse)

    def _make_stereo_calibration(self) -> StereoCalibration:
        # librealsense's rectified imagers share their intrinsics.
        camera = replace(self._read_camera(self._found[LEFT]), distortion=())
        right_from_left = self._read_pose(RIGHT) @ self._read_pose(LEFT).inverse
        baseline_m = -float(right_from_left.translation_m[0]) or self._profile.baseline_m
        return StereoCalibration(camera, abs(baseline_m), self._read_pose(COLOR) @ self._read_pose(LEFT).inverse)

    def _has_images(self, name: str) -> bool:
        return name in self._found and self.bag.message_count(self._found[name].images) > 0

    def _read_first(self, topic: str | None) -> Any:
        message = None if topic is None else next(self.bag.messages([topic]), None)
        return None if message is None else deserialize(self.path, message)

    def _read_camera(self, stream: RealsenseStream) -> Camera:
        info = self._read_first(stream.camera_info)
        if info is None:
            raise ValueError(f"{self.path} has no intrinsics of {stream.images}; record it again")
        is_named = info.distortion_model in LIBREALSENSE_MODELS
        return parse_camera_info(replace(info, distortion_model="plumb_bob") if is_named else info)

    def _read_pose(self, name: str) -> RigidTransform:
        """stream_from_reference; without one, all streams of a D405 are at the left imager."""
        message = self._read_first(self._found[name].pose)
        if message is None:
            return _IDENTITY
        if hasattr(message, "data"):
            return parse_pose(message.data)
        x, y, z, w = (getattr(message.rotation, axis) for axis in "xyzw")
        rotation = np.array(
            [
                [1 - 2 * (y * y + z * z), 2 * (x * y - z * w), 2 * (x * z + y * w)],
                [2 * (x * y + z * w), 1 - 2 * (x * x + z * z), 2 * (y * z - x * w)],
                [2 * (x * z - y * w), 2 * (y * z + x * w), 1 - 2 * (x * x + y * y)],
            ]
        )
        return RigidTransform(rotation, np.array([getattr(message.translation, axis) for axis in "xyz"]))

    def _read_unit_m(self) -> float:
        message = self._read_first(find_depth_units_topic(self.bag.topics))
        if message is None:
            raise ValueError(f"{self.path} does not tell the unit of its depth: --depth-unit-m (D405: 0.0001)")
        return round(float(message.data), 7)
