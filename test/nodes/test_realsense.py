"""realsense_node over real topics; librealsense's software device takes the place of the camera."""

from __future__ import annotations

import signal
import threading
import time
from contextlib import ExitStack, contextmanager
from typing import ClassVar

import numpy as np
import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray
from geometry_msgs.msg import TransformStamped
from rclpy.lifecycle import TransitionCallbackReturn
from rclpy.parameter import Parameter
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from fingertip_contact.cameras import realsense_capture, realsense_device
from fingertip_contact.geometry import RigidTransform
from fingertip_contact.images import decode_color_image, decode_depth_image, parse_camera_info, parse_stereo_info
from fingertip_contact.nodes import realsense_node
from fingertip_contact.ros import compressed_publisher, messages, qos, realsense_topics
from fingertip_contact.ros.camera_input import CAMERA_INFO_TOPIC, COLOR_TOPIC, FrameReader
from fingertip_contact.ros.lifecycle import ManagedNode
from fingertip_contact.ros.parameter_tables import RealsenseSettings
from fingertip_contact.transports import image_coding
from fingertip_contact.transports.compressed_image import decompress_image
from ros_harness import launch_nodes, ros_node
from software_camera import BASELINE_M, COLOR_CAMERA, DEPTH_CAMERA, SoftwareCamera

rs = pytest.importorskip("pyrealsense2", exc_type=ImportError)
PROFILE = "160x120x30"
STREAMS = ("color/image_raw", "aligned_depth_to_color/image_raw", "infra1/image_rect_raw", "infra2/image_rect_raw")


@pytest.fixture
def cameras(monkeypatch):
    """The cameras that are connected, by serial number; the node looks for one often, and soon misses its images."""
    plugged: dict[str, SoftwareCamera] = {}
    devices = lambda rs: [device for camera in plugged.values() for device in camera.devices]  # noqa: E731
    monkeypatch.setattr(realsense_device, "list_devices", devices)
    monkeypatch.setattr(realsense_node, "RETRY_PERIOD_S", 0.1)
    monkeypatch.setattr(realsense_capture, "TIMEOUT_S", 1.0)
    yield plugged
    for camera in plugged.values():
        camera.unplug()


def plug_in(cameras, serial_number):
    cameras[serial_number] = SoftwareCamera(rs, serial_number)
    cameras[serial_number].plug_in()


@contextmanager
def running(test_node, name="realsense_node", **parameters):
    """An active node in the test's executor."""
    node = ManagedNode(name, RealsenseSettings, realsense_node.RealsenseStage)
    values = {"color_profile": PROFILE, "enable_infra": True} | parameters
    node.set_parameters([Parameter(key, value=value) for key, value in values.items()])
    test_node.spinner.add_node(node)
    try:
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        yield node
    finally:
        node.shut_down()
        node.destroy_node()


def subscribe(test_node, base="/camera/camera"):
    """Images and camera_infos of each stream."""
    topics = [(stream, Image) for stream in STREAMS]
    topics += [(f"{stream.partition('/')[0]}/camera_info", CameraInfo) for stream in STREAMS]
    return {topic: test_node.subscribe(kind, f"{base}/{topic}", qos.EVENT) for topic, kind in topics}


def by_stamp(received):
    return {messages.stamp_to_ns(message.header.stamp): message for message in received}


@pytest.mark.parametrize(("depth_format", "unit_m", "tolerance_m"), [("16UC1", 1e-3, 5.01e-4), ("32FC1", 1.0, 1e-7)])
def test_all_streams_under_the_drivers_names(cameras, depth_format, unit_m, tolerance_m):
    """One stamp for each exposure, current; frames as the driver's; depth rounded or exact; FrameReader reads them."""
    plug_in(cameras, "111")
    begin_ns = time.time_ns()
    with ros_node() as test_node:
        received = subscribe(test_node)
        with running(test_node, depth_format=depth_format):
            test_node.wait_until(
                lambda: len(set.intersection(*(set(by_stamp(some)) for some in received.values()))) >= 2, "an exposure"
            )
    stamp_ns = max(set.intersection(*(set(by_stamp(some)) for some in received.values())))
    assert begin_ns - 1e9 < stamp_ns < time.time_ns()
    exposure = {topic: by_stamp(some)[stamp_ns] for topic, some in received.items()}
    number = int(decode_color_image(exposure[STREAMS[0]])[0, 0, 0])
    for index in (1, 2):
        image = exposure[f"infra{index}/image_rect_raw"]
        assert (image.encoding, image.data[0]) == ("mono8", (number + 10 * index) % 250)
    frames = {stream: exposure[stream].header.frame_id for stream in STREAMS}
    assert frames == {
        "color/image_raw": "camera_color_optical_frame",
        "aligned_depth_to_color/image_raw": "camera_color_optical_frame",
        "infra1/image_rect_raw": "camera_infra1_optical_frame",
        "infra2/image_rect_raw": "camera_infra2_optical_frame",
    }
    depth = exposure[STREAMS[1]]
    assert depth.encoding == depth_format
    # Depth rises by 0.1 mm with each column; the colour camera's lie closer together.
    middle_m = decode_depth_image(depth).to_metres()[60, 40:120]
    assert decode_depth_image(depth).unit_m == unit_m
    columns = np.floor(
        (np.arange(40, 120) - COLOR_CAMERA.cx) / COLOR_CAMERA.fx * DEPTH_CAMERA.fx + DEPTH_CAMERA.cx + 0.5
    )
    assert np.abs(middle_m - (0.3 + columns * 1e-4)).max() <= tolerance_m
    stereo = parse_stereo_info(exposure["infra2/camera_info"], RigidTransform(np.eye(3), np.zeros(3)))
    assert stereo.camera == DEPTH_CAMERA
    assert stereo.baseline_m == pytest.approx(BASELINE_M)
    assert parse_camera_info(exposure["color/camera_info"]).distortion == pytest.approx(COLOR_CAMERA.distortion)
    frame = FrameReader().read({COLOR_TOPIC: exposure[STREAMS[0]], CAMERA_INFO_TOPIC: exposure["color/camera_info"]})
    assert frame.stamp_ns == stamp_ns


CODED = ("color/image_raw/compressed", "aligned_depth_to_color/image_raw/compressedDepth")
CODED_IMAGERS = ("infra1/image_rect_raw/compressed", "infra2/image_rect_raw/compressed")


def find_common_stamps(lists):
    return set.intersection(*(set(by_stamp(received)) for received in lists))


@pytest.mark.parametrize("depth_format", ["16UC1", "32FC1"])
def test_compressed_images_beside_raw_ones(cameras, monkeypatch, depth_format):
    """Under the names of image_transport's plugins, with the raw images' headers: depth to the millimetre, colour and
    imagers as JPEG. What nobody subscribes is not coded, and the thread that reads the camera codes nothing."""
    coded_by = set()

    def code_jpeg(image, encoding):
        coded_by.add((encoding, threading.current_thread().name))
        return image_coding.code_jpeg(image, encoding)

    monkeypatch.setattr(compressed_publisher, "code_jpeg", code_jpeg)
    plug_in(cameras, "111")
    with ros_node() as test_node:
        received = {
            topic: test_node.subscribe(CompressedImage, f"/camera/camera/{topic}", qos.EVENT)
            for topic in (*CODED, *(CODED_IMAGERS if depth_format == "16UC1" else ()))
        }
        raw = {topic: test_node.subscribe(Image, f"/camera/camera/{topic}", qos.EVENT) for topic in STREAMS[:2]}
        lists = (*received.values(), *raw.values())
        with running(test_node, depth_format=depth_format):
            test_node.wait_until(
                lambda: bool(set.intersection(*(set(by_stamp(some)) for some in lists))), "an exposure"
            )
    stamp_ns = max(set.intersection(*(set(by_stamp(some)) for some in lists)))
    color, depth = (decompress_image(by_stamp(received[topic])[stamp_ns]) for topic in CODED)
    raw_color, raw_depth = (by_stamp(raw[topic])[stamp_ns] for topic in STREAMS[:2])
    assert color.header == raw_color.header
    assert depth.header == raw_depth.header
    difference = decode_color_image(color).astype(int) - decode_color_image(raw_color)
    assert np.abs(difference).max() <= 8
    np.testing.assert_allclose(
        decode_depth_image(depth).to_metres(), decode_depth_image(raw_depth).to_metres(), atol=5.01e-4
    )
    assert {encoding for encoding, _ in coded_by} == ({"bgr8", "mono8"} if depth_format == "16UC1" else {"bgr8"})
    assert "capture" not in {thread for _, thread in coded_by}


def test_a_camera_is_unplugged_and_plugged_in(cameras):
    """The node waits for it, says so in log and diagnostics, and goes on without a restart; stamps advance."""
    with ros_node() as test_node:
        images = test_node.subscribe(Image, "/camera/camera/color/image_raw", qos.EVENT)
        arrays = test_node.subscribe(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)

        def read(key):
            """Of the newest diagnostics."""
            statuses = [status for array in arrays for status in array.status if "realsense" in status.name]
            return {entry.key: entry.value for entry in statuses[-1].values}.get(key) if statuses else None

        def is_warned(text):
            return any(text in status.message for array in arrays for status in array.status)

        with running(test_node, enable_infra=False):
            test_node.wait_until(lambda: is_warned("no RealSense camera is connected"), "the warning")
            assert read("device") == "not open"
            plug_in(cameras, "111")
            test_node.wait_until(lambda: len(images) >= 3, "images")
            test_node.wait_until(lambda: "D405 111" in str(read("device")), "the camera's name")
            assert read("clock") == "the camera's, offset measured"
            # On a busy machine images may be missed before.
            lost_before = int(read("lost_count"))
            cameras["111"].unplug()
            test_node.wait_until(lambda: int(read("lost_count")) > lost_before, "the loss")
            test_node.wait_until(lambda: read("device") == "not open", "the camera's end")
            arrays.clear()
            test_node.wait_until(lambda: is_warned("no RealSense camera is connected"), "the warning of the loss")
            count = len(images)
            cameras["111"].plug_in()
            test_node.wait_until(lambda: len(images) >= count + 3, "more images")
    stamps_ns = list(by_stamp(images))
    assert stamps_ns == sorted(stamps_ns)


class FakeBroadcaster:
    """In the place of tf2_ros, which the ROS wheels lack."""

    sent: ClassVar[list[TransformStamped]] = []

    def __init__(self, node):
        pass

    def sendTransform(self, transforms):  # noqa: N802
        self.sent.extend(transforms)


def test_two_cameras_share_nothing(cameras, monkeypatch):
    """In two namespaces: each serial number under its own topics and frames."""
    monkeypatch.setattr(realsense_topics, "StaticTransformBroadcaster", FakeBroadcaster)
    for serial_number in ("111", "222"):
        plug_in(cameras, serial_number)
        cameras[serial_number].left_out = {"infrared"}
    with ros_node() as test_node, ExitStack() as stack:
        left, right = (subscribe(test_node, f"/{side}/desk") for side in ("left", "right"))
        for side, serial_no in (("left", "_222"), ("right", "111")):
            node = running(
                test_node,
                name=f"{side}_node",
                camera_namespace=side,
                camera_name="desk",
                tf_prefix=f"{side}_",
                serial_no=serial_no,
                enable_infra=False,
            )
            stack.enter_context(node)
        test_node.wait_until(lambda: bool(left[STREAMS[1]] and right[STREAMS[1]]), "depth of both")
        for side in ("left", "right"):
            published = test_node.get_publisher_names_and_types_by_node(f"{side}_node", "/fingertip_contact")
            own = {topic for topic, _ in published if topic.endswith(("image_raw", "image_rect_raw", "camera_info"))}
            assert {topic.split("/")[1] for topic in own} == {side}
    assert left[STREAMS[0]][0].header.frame_id == "left_desk_color_optical_frame"
    assert right[STREAMS[0]][0].header.frame_id == "right_desk_color_optical_frame"
    children = [transform.child_frame_id for transform in FakeBroadcaster.sent]
    assert len(children) == len(set(children)) == 8
    assert {child.partition("_")[0] for child in children} == {"left", "right"}


def test_a_profile_that_the_camera_lacks(cameras):
    """Is told with those that it has; the node lives, for a camera may be plugged into another port."""
    plug_in(cameras, "111")
    with ros_node() as test_node:
        arrays = test_node.subscribe(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        with running(test_node, color_profile="848x480x30"):
            test_node.wait_until(
                lambda: any(
                    "no color images of 848x480 at 30 Hz; choose one of" in status.message
                    for array in arrays
                    for status in array.status
                ),
                "the modes",
            )


@pytest.fixture
def start(tmp_path):
    with launch_nodes(tmp_path) as start:
        yield start


def test_no_camera_is_connected(start):
    """The process waits for one, and ends on a signal with exit code 0."""
    if realsense_device.list_devices(rs):
        pytest.skip("a RealSense camera is connected")
    node = start("realsense_node")
    node.wait_for_log("no RealSense camera is connected; plug it into a USB 3 port")
    assert node.stop(signal.SIGTERM) == 0, node.log_summary
    assert "Traceback" not in node.log_text


@pytest.mark.parametrize(
    ("parameters", "message"),
    [({"color_profile": "large"}, "such as 640x480x30"), ({"serial_no": "'desk'"}, "rs-enumerate-devices")],
)
def test_bad_parameters_fail_only_the_transition(start, parameters, message):
    """One line that names it; the process stays."""
    node = start("realsense_node", **parameters)
    node.wait_for_log("cannot configure")
    assert message in node.log_text, node.log_summary
    assert "Traceback" not in node.log_text
    assert node.stop() == 0
