"""Camera topics to frames: colour, its camera_info, and depth or the imagers' images of its stamp."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import replace
from functools import partial
from types import MappingProxyType
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image, PointCloud2

from fingertip_contact.advice import NO_DEPTH, NO_IMAGERS, Advice
from fingertip_contact.cameras.d405 import D405
from fingertip_contact.cameras.profile import CameraProfile
from fingertip_contact.cameras.rotation import require_rotation, rotate_frame
from fingertip_contact.datatypes import DepthImage, Frame, StereoImages
from fingertip_contact.depth.fusion import fuse
from fingertip_contact.images import decode_depth_image, decode_stereo_images, parse_stereo_info
from fingertip_contact.pairing import ANY_NS, EXACT_NS, NEAR_NS, FrameAssembler
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.camera_info_cache import subscribe_to_camera_info
from fingertip_contact.ros.frame_losses import StampGaps
from fingertip_contact.ros.image_transport import (
    RAW,
    choose_depth_transport,
    choose_infra_transport,
    decode_all,
    subscribe_to_images,
)
from fingertip_contact.ros.images import CameraReader, decode_color_bgr
from fingertip_contact.ros.parameter_tables import ContactSettings, RecordSettings
from fingertip_contact.ros.rotated_frames import name_rotated_frame, require_rotated_frame
from fingertip_contact.ros.stream_advice import StreamAdvice

COLOR_TOPIC, CAMERA_INFO_TOPIC, DEPTH_TOPIC, HANDS_TOPIC = "color/image", "color/camera_info", "depth/image", "hands"
MODEL_DEPTH_TOPIC = "depth_estimate/image"
# The right imager's camera_info tells the baseline; the left one's has the same intrinsics.
LEFT_TOPIC, RIGHT_TOPIC, RIGHT_INFO_TOPIC = "infra1/image", "infra2/image", "infra2/camera_info"

# The topics of each `depth_source`.
DEPTH_SOURCE_TOPICS: dict[str, tuple[str, ...]] = {
    "none": (),
    "sensor": (DEPTH_TOPIC,),
    "model": (MODEL_DEPTH_TOPIC,),
    "stereo": (LEFT_TOPIC, RIGHT_TOPIC, RIGHT_INFO_TOPIC),
    "fused": (DEPTH_TOPIC, MODEL_DEPTH_TOPIC),
}
# All others are images.
_OTHER_TYPES = {
    CAMERA_INFO_TOPIC: (CameraInfo, qos.CAMERA_INFO_IN),
    RIGHT_INFO_TOPIC: (CameraInfo, qos.CAMERA_INFO_IN),
    HANDS_TOPIC: (PointCloud2, qos.RESULT),
}

# What a frame may lack, and how far its stamp may be from colour's; the other topics need exactly its stamp.
_TOLERANCES_NS = {
    CAMERA_INFO_TOPIC: ANY_NS,
    DEPTH_TOPIC: NEAR_NS,
    LEFT_TOPIC: EXACT_NS,
    RIGHT_TOPIC: EXACT_NS,
    RIGHT_INFO_TOPIC: ANY_NS,
}
_NO_TRANSPORTS: Mapping[str, str] = MappingProxyType({})
_MISSING = {DEPTH_TOPIC: NO_DEPTH, LEFT_TOPIC: NO_IMAGERS, RIGHT_TOPIC: NO_IMAGERS}


def choose_transports(settings: ContactSettings | RecordSettings) -> dict[str, str]:
    """The transport of each image topic that a camera publishes."""
    infra = choose_infra_transport(settings.image_transport, settings.infra_image_transport)
    return {
        COLOR_TOPIC: settings.image_transport,
        DEPTH_TOPIC: choose_depth_transport(settings.image_transport, settings.depth_image_transport),
        LEFT_TOPIC: infra,
        RIGHT_TOPIC: infra,
    }


class PairedInput:
    """Subscribes to some of the topics above and delivers the messages of each frame (pairing.FrameAssembler), as they
    would be read from a recording. topics: colour first. transports: of image topics; raw where they are not named.
    max_wait_s: how long a frame waits for depth or imagers, which then come too late.

    on_messages is called in the executor's thread and must return quickly; an invalid stamp goes to on_error.
    The subscriptions end when `active` is closed.
    """

    def __init__(
        self,
        node: Node,
        topics: tuple[str, ...],
        on_messages: Callable[[dict[str, Any]], None],
        on_error: Callable[[Exception], None],
        active: ExitStack,
        transports: Mapping[str, str] = _NO_TRANSPORTS,
        max_wait_s: float | None = None,
    ) -> None:
        self._on_messages = on_messages
        self._on_error = on_error
        first, *others = topics
        partners = {topic: _TOLERANCES_NS[topic] for topic in others if topic in _TOLERANCES_NS}
        required = [topic for topic in others if topic not in partners]
        max_wait_ns = None if max_wait_s is None else round(1e9 * max_wait_s)
        self._assembler = FrameAssembler(first, required, partners, max_wait_ns)
        self._gaps = StampGaps()
        self._advice = StreamAdvice(node, self._assembler, _MISSING)
        for topic in topics:
            receive = partial(self._receive, topic)
            if topic not in _OTHER_TYPES:
                transport = transports.get(topic, RAW)
                subscription = subscribe_to_images(node, topic, transport, receive, active)
                if topic == COLOR_TOPIC:
                    self._advice.color_topic = subscription.topic_name
                continue
            message_type, profile = _OTHER_TYPES[topic]
            if message_type is CameraInfo:
                subscribe_to_camera_info(node, topic, profile, receive, active)
                continue
            subscription = qos.create_subscription(node, message_type, topic, receive, profile)
            active.callback(node.destroy_subscription, subscription)

    def count_losses(self) -> dict[str, object]:
        """For diagnostics: colour images that never came, whose stamps did not advance, and those without the other
        messages of their stamp; then frames without depth or imagers, and with depth of a near stamp."""
        assembler = self._assembler
        counts: dict[str, object] = {
            "lost_before": self._gaps.missing_count,
            "repeated": assembler.order.repeated_count,
            "late": assembler.order.late_count,
            "unpaired": assembler.unpaired_count,
        }
        if DEPTH_TOPIC in assembler.missing:
            counts |= {"without_depth": assembler.missing[DEPTH_TOPIC], "near_depth": assembler.near[DEPTH_TOPIC]}
        if LEFT_TOPIC in assembler.missing:
            counts["without_imagers"] = max(assembler.missing[LEFT_TOPIC], assembler.missing[RIGHT_TOPIC])
        return counts

    def advise(self) -> list[Advice]:
        """What is wrong with the messages since the last call."""
        return self._advice.collect()

    def _receive(self, topic: str, message: Any) -> None:
        try:
            stamp_ns = messages.stamp_to_ns(message.header.stamp)
        except ValueError as error:
            self._on_error(error)
            return
        if topic == COLOR_TOPIC:
            self._gaps.add(stamp_ns)
            self._advice.image_count += 1
        for frame in self._assembler.add(topic, stamp_ns, message):
            self._on_messages(frame)


class FrameReader:
    """Makes a Frame from the messages of one stamp: with the depth, or the imagers' images, that are among them.

    rotate_deg: the camera's images are turned by it, as by `process --rotate`, and the frame is named after it; the
    network's depth is that of turned images already.
    """

    def __init__(self, camera_profile: CameraProfile = D405, rotate_deg: int = 0) -> None:
        """Raises ValueError for a turn that is none."""
        require_rotation(rotate_deg)
        self._cameras = CameraReader()
        self._color_from_left = camera_profile.color_from_left
        self._rotate_deg = rotate_deg

    def read(self, received: dict[str, Any]) -> Frame:
        """received: images of any transport. Raw ones become views of the messages where the encoding allows.

        Raises ValueError if a message contradicts its own fields or cannot be decompressed, an image and its
        intrinsics or depth and colour differ in size, the imagers have no baseline, or the network's depth is that of
        images turned otherwise.
        """
        received = decode_all(received)
        color = received[COLOR_TOPIC]
        camera = self._cameras.read(received[CAMERA_INFO_TOPIC])
        image = decode_color_bgr(color)
        height, width = image.shape[:2]
        if (width, height) != (camera.width, camera.height):
            raise ValueError(
                f"the colour image is {width}x{height}, its camera_info states {camera.width}x{camera.height} "
                "(binning and region of interest applied)"
            )
        depth = received.get(DEPTH_TOPIC)
        mounted = Frame(
            messages.stamp_to_ns(color.header.stamp),
            name_rotated_frame(color.header.frame_id, self._rotate_deg),
            camera,
            image,
            None if depth is None else _decode_aligned_depth(depth, (height, width)),
            self._read_stereo(received),
        )
        frame = rotate_frame(mounted, self._rotate_deg)
        if MODEL_DEPTH_TOPIC not in received:
            return frame
        return replace(frame, depth=self._add_model_depth(frame, received[MODEL_DEPTH_TOPIC]))

    def _add_model_depth(self, frame: Frame, message: Image) -> DepthImage:
        """The network's depth, fused with the sensor's where there is any."""
        require_rotated_frame(message.header.frame_id, self._rotate_deg, MODEL_DEPTH_TOPIC)
        model = _decode_aligned_depth(message, frame.color_bgr.shape[:2])
        return model if frame.depth is None else fuse(frame.depth, model.to_metres(), frame.camera.fx)

    def _read_stereo(self, received: dict[str, Any]) -> StereoImages | None:
        if not {LEFT_TOPIC, RIGHT_TOPIC, RIGHT_INFO_TOPIC} <= received.keys():
            return None
        calibration = parse_stereo_info(received[RIGHT_INFO_TOPIC], self._color_from_left)
        return decode_stereo_images(received[LEFT_TOPIC], received[RIGHT_TOPIC], calibration)


def _decode_aligned_depth(message: Image, shape: tuple[int, int]) -> DepthImage:
    depth = decode_depth_image(message)
    if depth.values.shape != shape:
        raise ValueError(
            f"depth is {depth.values.shape[1]}x{depth.values.shape[0]}, colour {shape[1]}x{shape[0]}; "
            "use the depth aligned to colour (align_depth.enable:=true)"
        )
    return depth
