"""Images of any driver, turned by the nodes that read them."""

from __future__ import annotations

from contextlib import ExitStack
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("rclpy")

from sensor_msgs.msg import CameraInfo, Image

from fingertip_contact.cameras.rotation import rotate_camera, rotate_frame
from fingertip_contact.datatypes import Frame
from fingertip_contact.depth.stream import Estimate
from fingertip_contact.geometry import Camera
from fingertip_contact.images import decode_depth_image, parse_camera_info
from fingertip_contact.nodes import depth_estimation_node
from fingertip_contact.nodes.contact_node import ContactStage
from fingertip_contact.nodes.depth_estimation_node import DepthEstimationStage
from fingertip_contact.nodes.hand_tracking_node import HandTrackingStage
from fingertip_contact.ros import messages, qos, rotated_frames
from fingertip_contact.ros.camera_input import (
    CAMERA_INFO_TOPIC,
    COLOR_TOPIC,
    DEPTH_TOPIC,
    HANDS_TOPIC,
    LEFT_TOPIC,
    MODEL_DEPTH_TOPIC,
    RIGHT_INFO_TOPIC,
    RIGHT_TOPIC,
    FrameReader,
)
from fingertip_contact.ros.images import ImageWriter
from fingertip_contact.ros.parameter_tables import ContactSettings, DepthEstimationSettings, HandTrackingSettings
from fingertip_contact.ros.rotated_frames import RotatedFrameBroadcaster, make_rotation_transform
from ros_harness import ros_node

CAMERA = Camera(98.0, 97.0, 81.5, 58.0, 160, 120, (-0.05, 0.06, 0.002, -0.003, 0.01))
IMAGER = Camera(95.0, 95.0, 79.5, 61.5, 160, 120)
HEADER = messages.make_header(7, "optical")


def make_image(encoding: str, image: np.ndarray, frame_id: str = "optical") -> Image:
    return ImageWriter(encoding).make_message(messages.make_header(7, frame_id), image)


@pytest.fixture
def received() -> dict[str, object]:
    """The messages of a frame of a camera as it is mounted: colour, depth and imagers, every pixel another."""
    generator = np.random.default_rng(0)
    grey = generator.integers(1, 255, (3, 120, 160)).astype(np.uint8)
    right = messages.make_camera_info(HEADER, IMAGER)
    right.p[3] = -IMAGER.fx * 0.018
    return {
        COLOR_TOPIC: make_image("bgr8", np.dstack([*grey])),
        CAMERA_INFO_TOPIC: messages.make_camera_info(HEADER, CAMERA),
        DEPTH_TOPIC: make_image("16UC1", generator.integers(300, 400, (120, 160)).astype(np.uint16)),
        LEFT_TOPIC: make_image("mono8", grey[0]),
        RIGHT_TOPIC: make_image("mono8", grey[1]),
        RIGHT_INFO_TOPIC: right,
    }


def assert_equal_frames(frame: Frame, expected: Frame) -> None:
    assert frame.camera == expected.camera
    np.testing.assert_array_equal(frame.color_bgr, expected.color_bgr)
    np.testing.assert_array_equal(frame.depth.values, expected.depth.values)
    assert (frame.stereo is None) == (expected.stereo is None)
    if expected.stereo is not None:
        np.testing.assert_array_equal(frame.stereo.left, expected.stereo.left)
        np.testing.assert_array_equal(frame.stereo.right, expected.stereo.right)
        np.testing.assert_array_equal(
            frame.stereo.color_from_left.translation_m, expected.stereo.color_from_left.translation_m
        )


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_frames_are_those_of_process_rotate(received, degrees):
    """Colour, intrinsics, depth and imagers; the frame has a name of its own, for its axes are others."""
    frame = FrameReader(rotate_deg=degrees).read(received)
    assert_equal_frames(frame, rotate_frame(FrameReader().read(received), degrees))
    assert (frame.stamp_ns, frame.frame_id) == (7, f"optical_rotated_{degrees}")


@pytest.mark.parametrize("has_sensor", [False, True])
def test_the_networks_depth_is_of_turned_images_already(received, has_sensor):
    """It is read as it comes, also where it is fused; depth of images as mounted is refused."""
    if not has_sensor:
        del received[DEPTH_TOPIC]
    # Of a slanted desk. A quarter turn clockwise moves the mounted image's left to the top.
    values = np.tile(np.arange(300, 460, dtype=np.uint16), (120, 1))
    model_m = values.T * np.float32(1e-3)
    received[MODEL_DEPTH_TOPIC] = make_image("32FC1", model_m.copy(), "optical_rotated_90")
    if has_sensor:
        values[:, 20:24] = 0
        received[DEPTH_TOPIC] = make_image("16UC1", values)
    depth_m = FrameReader(rotate_deg=90).read(received).depth.to_metres()
    np.testing.assert_allclose(depth_m, model_m, atol=1e-6 if not has_sensor else 2e-3)
    received[MODEL_DEPTH_TOPIC] = make_image("32FC1", model_m.T.copy(), "optical")
    with pytest.raises(ValueError, match=r"depth_estimate/image is of images turned by 0 degrees.* by 90: set rotate"):
        FrameReader(rotate_deg=90).read(received)


@pytest.mark.parametrize("degrees", [90, 180, 270])
def test_a_point_stays_where_it_is_in_the_world(degrees):
    """What a turned image shows at a pixel, TF moves to the ray of the mounted camera's pixel."""
    message = make_rotation_transform(7, "optical", degrees)
    assert (message.header.frame_id, message.child_frame_id) == ("optical", f"optical_rotated_{degrees}")
    point_m = np.array([0.05, 0.02, 0.3])
    turned_m = rotated_frames.rotate_optical_frame(degrees).apply(point_m[None])[0]
    q = message.transform.rotation
    axis = np.array([q.x, q.y, q.z])
    moved_m = turned_m + 2 * np.cross(axis, np.cross(axis, turned_m) + q.w * turned_m)
    np.testing.assert_allclose(moved_m, point_m, atol=1e-12)
    camera = rotate_camera(CAMERA, degrees)
    assert camera.project(turned_m[None]).round().min() >= 0


def test_the_rotated_frame_is_announced_once(monkeypatch):
    """For each frame of a camera; never where nothing is turned."""
    sent = []
    broadcaster = lambda node: SimpleNamespace(sendTransform=sent.append)  # noqa: E731
    monkeypatch.setattr(rotated_frames, "StaticTransformBroadcaster", broadcaster)
    for degrees in (0, 180):
        announcer = RotatedFrameBroadcaster(None, degrees)
        for frame_id in ("left", "left", "right"):
            announcer.announce(7, frame_id)
    assert [one.child_frame_id for one in sent] == ["left_rotated_180", "right_rotated_180"]


@pytest.mark.parametrize(
    ("stage", "settings", "message"),
    [
        (HandTrackingStage, HandTrackingSettings(rotate=45), "not by 45"),
        (DepthEstimationStage, DepthEstimationSettings(rotate=45), "not by 45"),
        (ContactStage, ContactSettings(rotate=45), "not by 45"),
        (ContactStage, ContactSettings(rotate=270, depth_source="stereo"), "choose another depth_source"),
    ],
)
def test_turns_that_images_cannot_have(stage, settings, message):
    """Are refused before anything is loaded or published."""
    with ExitStack() as held, pytest.raises(ValueError, match=message):
        stage(None, settings, held)


def test_hands_of_other_pixels_are_refused():
    """A tracker that does not turn its images, or by another angle, would put every finger elsewhere, silently."""
    with ros_node() as test_node, ExitStack() as held:
        stage = ContactStage(test_node, ContactSettings(rotate=180, depth_source="none"), held)
        hands = {HANDS_TOPIC: messages.make_hands(messages.make_header(7, "optical_rotated_180"), ())}
        assert stage.find_hands(None, hands) == ()
        hands[HANDS_TOPIC].header.frame_id = "optical"
        with pytest.raises(ValueError, match="hands is of images turned by 0 degrees, and this node turns them by 180"):
            stage.find_hands(None, hands)


class TurnedStream:
    """In the place of the depth network: its depth is the image's blue."""

    full_image_stamp_ns = 7

    def reset(self):
        pass

    def propagate(self, stamp_ns, image_bgr):
        return Estimate(image_bgr[..., 0].astype(np.float32), stamp_ns)

    def infer(self, stamp_ns, image_bgr, hands):
        return self.propagate(stamp_ns, image_bgr)


def test_the_networks_depth_is_published_turned(received, monkeypatch):
    """With the camera_info of the turned images, under their frame's name."""
    monkeypatch.setattr(
        depth_estimation_node, "make_estimators", lambda settings: (SimpleNamespace(diagnostics={}), None)
    )
    monkeypatch.setattr(depth_estimation_node, "DepthStream", lambda *estimators: TurnedStream())
    with ros_node() as test_node, ExitStack() as stack:
        depths = test_node.subscribe(Image, MODEL_DEPTH_TOPIC, qos.EVENT)
        infos = test_node.subscribe(CameraInfo, "depth_estimate/camera_info", qos.EVENT)
        stage = DepthEstimationStage(test_node, DepthEstimationSettings(rotate=90), stack)
        stage.start(stack)
        test_node.wait_until(lambda: test_node.count_publishers(MODEL_DEPTH_TOPIC) == 1, "the topic")
        color = test_node.create_publisher(Image, COLOR_TOPIC, qos.IMAGE_OUT)
        info = test_node.create_publisher(CameraInfo, CAMERA_INFO_TOPIC, qos.IMAGE_OUT)
        test_node.wait_until(lambda: color.get_subscription_count() == info.get_subscription_count() == 1, "the stage")
        info.publish(received[CAMERA_INFO_TOPIC])
        color.publish(received[COLOR_TOPIC])
        test_node.wait_until(lambda: bool(depths and infos), "depth")
    frame = FrameReader(rotate_deg=90).read(received)
    np.testing.assert_array_equal(decode_depth_image(depths[0]).to_metres(), frame.color_bgr[..., 0])
    assert parse_camera_info(infos[0]) == frame.camera
    assert depths[0].header == infos[0].header
    assert depths[0].header.frame_id == frame.frame_id
