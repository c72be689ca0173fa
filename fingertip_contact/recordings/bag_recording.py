"""Recordings of a camera in ROS bags, as frames."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar

import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.cameras.profile import CameraProfile
from fingertip_contact.datatypes import Frame
from fingertip_contact.geometry import Camera
from fingertip_contact.images import (
    StereoCalibration,
    decode_color_image,
    decode_depth_image,
    decode_stereo_images,
    parse_camera_info,
    parse_stereo_info,
)
from fingertip_contact.pairing import EXACT_NS, NEAR_NS, FrameAssembler
from fingertip_contact.recordings.bag import (
    Bag,
    RawMessage,
    deserialize,
    open_bag,
    read_message_image,
)
from fingertip_contact.recordings.camera_topics import camera_info_topic, describe_topics, find_camera_topics
from fingertip_contact.recordings.one_camera import FramedTopic, describe_conflict, refuse_other_camera
from fingertip_contact.recordings.streams import (
    AUTO,
    COLOR_SOURCES,
    NEEDED_STREAMS,
    Stream,
    describe_streams,
    select_streams,
)
from fingertip_contact.stamps import StampOrder, header_stamp_ns
from fingertip_contact.transports.any_image import (
    COMPRESSED_IMAGE,
    IMAGE,
    IMAGE_TYPES,
    read_image,
)
from fingertip_contact.transports.compressed_image import MAX_INVERSE_DEPTH_M, find_nearest_depth_m

# If none of the first frames has an image of a stream, its stamps and those of colour are not synchronised.
MAX_UNPAIRED_FRAMES = 90

T = TypeVar("T")


class Recording:
    """A recording of a camera: colour, and what the depth source reads beside it; use `open_bag_recording`.

    camera: the colour camera's intrinsics; camera_description: where they come from, empty for the bag.
    depth_topic: of depth aligned to colour, imager_topics: of the left and the right imager; None where they were
    not recorded. streams: those that `frames` reads. duration_s: from the first colour image to the last. notes:
    what users should know of the bag, a sentence each. missing_depth_count, missing_stereo_count: number of frames,
    of those read, that lack depth of about their stamp or an imager's image of exactly theirs although it is read.
    near_depth_count: of those with depth of a near stamp. stamp_order: counts colour images that were left out,
    since their stamps did not advance.
    """

    def __init__(
        self,
        bag: Bag,
        camera_profile: CameraProfile = D405,
        *,
        depth_source: str = AUTO,
        camera: Camera | None = None,
        color_topic: str | None = None,
        depth_unit_m: float | None = None,
    ) -> None:
        self.bag = bag
        self.path = bag.path
        self._depth_unit_m = depth_unit_m
        topics = find_camera_topics(bag.topics, camera_profile, self.path, color_topic)
        self.notes = [f"{topic} is of another camera than {topics.color}: not read" for topic in topics.ignored]
        self.color_topic, self.depth_topic, self.imager_topics = topics.color, topics.depth, topics.imagers
        if not self.frame_count:
            raise ValueError(f"{self.path}: {self.color_topic} holds no image; record it again")
        if depth_source not in COLOR_SOURCES and not self._is_depth_of_color(
            is_decided=color_topic is not None, is_wanted="depth" in NEEDED_STREAMS.get(depth_source, ())
        ):
            self.depth_topic = None
        self.camera = camera or self._read_camera_info(self.color_topic, parse_camera_info)
        self.camera_description = "camera as calibrated" if camera else ""
        self.streams = self._select_streams(depth_source)
        self.duration_s = self._measure_duration_s()
        self._color_from_left = camera_profile.color_from_left
        self.missing_depth_count = self.missing_stereo_count = self.near_depth_count = 0
        self.stamp_order = StampOrder()

    @property
    def frame_count(self) -> int:
        """Number of colour images."""
        return self.bag.message_count(self.color_topic)

    @property
    def frames_per_second(self) -> float:
        """The mean rate of the colour images; 30 if there are too few to compute it."""
        return (self.frame_count - 1) / self.duration_s if self.frame_count > 1 and self.duration_s else 30.0

    @property
    def streams_text(self) -> str:
        """What `frames` reads, in words."""
        return describe_streams(self.streams)

    @property
    def image_topics(self) -> list[str]:
        """Every image topic of the camera."""
        topics = (self.color_topic, self.depth_topic, *(self.imager_topics or ()))
        return [topic for topic in topics if topic is not None]

    def require_ros_images(self) -> None:
        """Raises ValueError where an image that is read is of no type of sensor_msgs, which alone nodes publish."""
        types = (IMAGE, COMPRESSED_IMAGE)
        others = [topic for topic in self.image_topics if self.bag.topics[topic] not in types]
        if others:
            raise ValueError(
                f"{self.path} holds images of other types than sensor_msgs: {', '.join(others)}; play it with "
                "replay_node and its parameter image_transport:=raw, or use `fingertip-contact process`"
            )

    def frames(self) -> Iterator[Frame]:
        """Every colour image whose stamp advances, with depth of its stamp or a near one (pairing.NEAR_NS) and the
        imagers' images of exactly its stamp, or None.

        Images are read-only views of the bag's bytes where their encoding allows. Raises ValueError if the bag ends
        early, an image contradicts its fields or its intrinsics, no stamps match, or the imagers have no baseline.
        """
        self.missing_depth_count = self.missing_stereo_count = self.near_depth_count = 0
        depth_topic = self.depth_topic if "depth" in self.streams else None
        imagers = self.imager_topics if "imagers" in self.streams else None
        calibration = None if imagers is None else self._read_stereo_calibration(imagers[1])
        partners: dict[str, int | None] = {} if depth_topic is None else {depth_topic: NEAR_NS}
        partners |= dict.fromkeys(imagers or (), EXACT_NS)
        assembler = FrameAssembler(self.color_topic, partners=partners)
        self.stamp_order = assembler.order
        for count, images in enumerate(self._assemble(assembler, (self.color_topic, *partners)), start=1):
            frame = self._make_frame(images, calibration)
            self.near_depth_count = assembler.near.get(depth_topic or "", 0)
            self.missing_depth_count += depth_topic is not None and frame.depth is None
            self.missing_stereo_count += imagers is not None and frame.stereo is None
            self._require_synchronised(count)
            yield frame

    def _is_depth_of_color(self, *, is_decided: bool, is_wanted: bool) -> bool:
        """False for depth of another camera beside colour that the user has named (is_decided), with a note; True, with
        a note, where he has asked for a depth source, too. Raises ValueError where he has decided nothing."""
        if self.depth_topic is None:
            return True
        color, depth = (self._read_framed(topic) for topic in (self.color_topic, self.depth_topic))
        if not depth.is_apart_from(color):
            return True
        if not is_decided:
            images = (topic for topic, type_ in self.bag.topics.items() if type_ in IMAGE_TYPES)
            refuse_other_camera(self.path, color, depth, images)
        self.notes.append(f"{describe_conflict(color, depth)}: {'read all the same' if is_wanted else 'not read'}")
        return is_wanted

    def _read_framed(self, topic: str) -> FramedTopic:
        first = next(self.bag.messages([topic]), None)
        return FramedTopic(topic, "" if first is None else _read_header(self.path, first).header.frame_id)

    def _require_synchronised(self, count: int) -> None:
        if count != min(MAX_UNPAIRED_FRAMES, self.frame_count):
            return
        for name, missing in (
            ("a depth image", self.missing_depth_count),
            ("an image of both imagers", self.missing_stereo_count),
        ):
            if missing == count:
                raise ValueError(
                    f"{self.path}: none of the first {count} colour images has {name} of its stamp; start the "
                    "driver with enable_sync:=true and record again, or choose depth source none for colour alone"
                )

    def _measure_duration_s(self) -> float:
        """From the first colour image to the last, by their own stamps; other topics may be latched long before."""
        first, last = next(self.bag.messages([self.color_topic])), self.bag.last_message(self.color_topic)
        if last is None:
            return 0.0
        first_ns, last_ns = (header_stamp_ns(_read_header(self.path, message)) for message in (first, last))
        # Where stamps stand still, the time of recording is all that there is.
        return (last_ns - first_ns if last_ns > first_ns else last.stamp_ns - first.stamp_ns) / 1e9

    def _assemble(self, assembler: FrameAssembler, topics: tuple[str, ...]) -> Iterator[dict[str, Any]]:
        for raw in self.bag.messages(topics):
            message = read_message_image(self.path, raw)
            yield from assembler.add(raw.topic, header_stamp_ns(message), message)
        yield from assembler.flush()

    def _make_frame(self, images: dict[str, Any], calibration: StereoCalibration | None) -> Frame:
        color = images[self.color_topic]
        depth = images.get(self.depth_topic or "")
        left, right = (images.get(topic) for topic in self.imager_topics or ("", ""))
        stamp_ns = header_stamp_ns(color)
        try:
            color_bgr = decode_color_image(color)
            depth_image = None if depth is None else decode_depth_image(depth, self._depth_unit_m)
            _check_size("colour", color_bgr, self.camera)
            if depth_image is not None:
                _check_size("aligned depth", depth_image.values, self.camera)
            stereo = None
            if calibration is not None and left is not None and right is not None:
                stereo = decode_stereo_images(left, right, calibration)
        except ValueError as error:
            raise ValueError(f"{self.path}, frame at {stamp_ns} ns: {error}") from error
        return Frame(stamp_ns, color.header.frame_id, self.camera, color_bgr, depth_image, stereo)

    def _select_streams(self, depth_source: str) -> frozenset[Stream]:
        recorded: list[Stream] = []
        if self.depth_topic is not None and self._holds_depth(self.depth_topic):
            recorded.append("depth")
        if self.imager_topics is not None:
            left, right = self.imager_topics
            if all(map(self.bag.message_count, (left, right, camera_info_topic(right)))):
                recorded.append("imagers")
        return select_streams(depth_source, recorded, self.path, describe_topics(self.bag.topics))

    def _holds_depth(self, topic: str) -> bool:
        """Whether there is any; notes what its transport lost."""
        first = next(self.bag.messages([topic]), None)
        if first is None or first.type != COMPRESSED_IMAGE:
            return first is not None
        message = deserialize(self.path, first)
        if not len(message.data):
            self.notes.append(
                f"{topic} is empty: JPEG cannot hold depth; record .../compressedDepth, or set the driver's parameter "
                "`.format` of .../compressed to png"
            )
            return False
        nearest_m = find_nearest_depth_m(message)
        if nearest_m is not None:
            self.notes.append(
                f"{topic} (32FC1 compressedDepth) holds no depth under {nearest_m:.3f} m: nearer points come back "
                f"far away, so values over {MAX_INVERSE_DEPTH_M:g} m are dropped; record 16UC1 to keep them"
            )
        return True

    def _read_stereo_calibration(self, right_topic: str) -> StereoCalibration:
        return self._read_camera_info(right_topic, lambda info: parse_stereo_info(info, self._color_from_left))

    def _read_camera_info(self, image_topic: str, parse: Callable[[Any], T]) -> T:
        """The first usable camera_info of an image topic, parsed."""
        topic = camera_info_topic(image_topic)
        refusal: ValueError | None = None
        for message in islice(self.bag.messages([topic]), MAX_UNPAIRED_FRAMES):
            try:
                return parse(deserialize(self.path, message))
            except ValueError as error:
                refusal = refusal or error
        if refusal is None:
            raise ValueError(
                f"{self.path} has no intrinsics: record {topic} with the images, or give a calibration: --camera-info; "
                f"{describe_topics(self.bag.topics)}"
            )
        raise ValueError(f"{self.path}, {topic}: {refusal}") from refusal


@contextmanager
def open_bag_recording(
    path: str | Path,
    camera_profile: CameraProfile = D405,
    *,
    depth_source: str = AUTO,
    camera: Camera | None = None,
    color_topic: str | None = None,
    depth_unit_m: float | None = None,
) -> Iterator[Recording]:
    """Opens a bag of a camera, in which the endings of the topic names are those of the camera profile.

    depth_source: what the frames hold beside colour (docs/recordings.md); auto: whatever was recorded. camera: instead
    of the recorded intrinsics; it has to be calibrated at the size of the images. color_topic: which camera, in a bag
    of several, or one with other names. depth_unit_m: of 16UC1 depth in another unit than millimetres. Raises
    FileNotFoundError if it does not exist; ValueError if it is not a bag, is truncated, lacks a topic (the error names
    those wanted and found), or its camera was not calibrated.
    """
    with open_bag(path) as bag:
        yield Recording(
            bag,
            camera_profile,
            depth_source=depth_source,
            camera=camera,
            color_topic=color_topic,
            depth_unit_m=depth_unit_m,
        )


@contextmanager
def open_color_images(path: str | Path, camera_profile: CameraProfile = D405) -> Iterator[Iterator[np.ndarray]]:
    """The colour images (H, W, 3) uint8 BGR of a bag, which needs neither intrinsics nor depth.

    Raises FileNotFoundError if it does not exist; ValueError if it is not a bag, or has no colour images.
    """
    with open_bag(path) as bag:
        yield read_color_images(bag, find_camera_topics(bag.topics, camera_profile, bag.path).color)


def read_color_images(bag: Bag, topic: str | None = None) -> Iterator[np.ndarray]:
    """The images of a topic, by default the colour topic of a D405. Raises ValueError where there is none."""
    topic = topic or find_camera_topics(bag.topics, D405, bag.path).color
    return (decode_color_image(read_message_image(bag.path, message)) for message in bag.messages([topic]))


def _read_header(path: Path, message: RawMessage) -> Any:
    """What has a header: the message, or an image made of it."""
    content = deserialize(path, message)
    return content if hasattr(content, "header") else read_image(content, message.type)


def _check_size(description: str, pixels: np.ndarray, camera: Camera) -> None:
    height, width = pixels.shape[:2]
    if (width, height) != (camera.width, camera.height):
        raise ValueError(
            f"the {description} image is {width}x{height}, the colour camera {camera.width}x{camera.height}; "
            "all images of a recording must have the size of the colour camera"
        )
