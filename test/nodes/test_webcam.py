"""webcam_node with films and a made-up camera, over real topics. A V4L2 device is not needed."""

from __future__ import annotations

import signal
from contextlib import contextmanager
from functools import partial
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

pytest.importorskip("rclpy")

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus
from rclpy.lifecycle import TransitionCallbackReturn
from sensor_msgs.msg import CameraInfo, CompressedImage, Image

from fingertip_contact.cameras.capture import CapturedImage
from fingertip_contact.images import decode_color_image
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.nodes import webcam_node
from fingertip_contact.recordings.camera_info_file import save_camera_info
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.lifecycle import ManagedNode
from fingertip_contact.ros.parameter_tables import WebcamSettings
from fingertip_contact.ros.process import ShutdownEvent
from fingertip_contact.transports.compressed_image import decompress_image
from keyboard_images import CAMERA, make_camera_pose, render_sheet_view
from ros_harness import COLOR, INFO, launch_nodes, ros_node
from video_files import write_video

FRAMES = 30
RATE_HZ = 15.0


@pytest.fixture(scope="module")
def film(tmp_path_factory) -> Path:
    """Two seconds of the sheet, from 45 degrees."""
    image = render_sheet_view(load_layout("qwerty"), make_camera_pose(45, 0.37), np.random.default_rng(0))
    return write_video(tmp_path_factory.mktemp("film") / "sheet.avi", [image] * FRAMES, RATE_HZ)


@pytest.fixture
def start(tmp_path):
    with launch_nodes(tmp_path) as start:
        yield start


def extract_stamps(received):
    return [messages.stamp_to_ns(message.header.stamp) for message in received]


def extract_statuses(arrays):
    return [status for array in arrays for status in array.status if status.name.endswith("webcam_node")]


def test_a_film_is_published_as_a_camera(start, film):
    """Every image with its camera_info and as JPEG, current stamps at the film's intervals; the focal length comes from
    the sheet, and the log says so. The node ends with the film."""
    with ros_node() as test_node:
        images = test_node.subscribe(Image, COLOR, qos.EVENT)
        infos = test_node.subscribe(CameraInfo, INFO, qos.EVENT)
        coded = test_node.subscribe(CompressedImage, f"{COLOR}/compressed", qos.EVENT)
        begin_ns = test_node.get_clock().now().nanoseconds
        node = start("webcam_node", device=film, frame_id="desk_camera", loop=True)
        test_node.wait_until(lambda: len(images) >= FRAMES + 5 and len(coded) > 2, "the second pass")
        assert node.stop(signal.SIGINT) == 0, node.log_summary
        end_ns = test_node.get_clock().now().nanoseconds
    assert images[0].encoding == "bgr8"
    same = next(image for image in images if image.header == coded[0].header)
    pixels = decode_color_image(decompress_image(coded[0])).astype(int)
    assert np.abs(pixels - decode_color_image(same)).mean() < 3
    assert {image.header.frame_id for image in images} == {"desk_camera"}
    stamps_ns = extract_stamps(images)
    assert set(stamps_ns) >= set(extract_stamps(infos)[:FRAMES])
    assert begin_ns < stamps_ns[0] < stamps_ns[-1] < end_ns
    intervals_s = [(later - earlier) / 1e9 for earlier, later in pairwise(stamps_ns)]
    assert min(intervals_s) > 0
    assert np.median(intervals_s) == pytest.approx(1 / RATE_HZ, abs=0.005)
    assert infos[0].k[0] == pytest.approx(320 / np.tan(np.radians(30))), "guessed before the sheet is seen"
    assert infos[-1].k[0] == pytest.approx(CAMERA.fx, rel=0.05)
    assert len({info.k.tobytes() for info in infos}) == 2, "the camera changes once"
    assert "from the sheet (+-" in node.log_text, node.log_summary


def test_the_node_ends_with_a_film(start, film):
    """With exit code 0, after its last image."""
    with ros_node() as test_node:
        infos = test_node.subscribe(CameraInfo, INFO, qos.EVENT)
        node = start("webcam_node", device=film)
        test_node.wait_until(lambda: not node.is_alive, "the end of the film")
    assert node.wait_for_exit() == 0, node.log_summary
    assert len(infos) > FRAMES // 2


def test_calibration_and_mirror_are_applied(start, film, tmp_path):
    """camera_info is the file's; a mirrored image is turned round."""
    save_camera_info(tmp_path / "camera.yaml", CAMERA, "desk")
    film_image = cv2.VideoCapture(str(film)).read()[1]
    with ros_node() as test_node:
        images = test_node.subscribe(Image, COLOR, qos.EVENT)
        infos = test_node.subscribe(CameraInfo, INFO, qos.EVENT)
        url = f"file://{tmp_path / 'camera.yaml'}"
        node = start("webcam_node", device=film, camera_info_url=url, mirrored=True, loop=True)
        test_node.wait_until(lambda: bool(images and infos), "images")
        assert node.stop() == 0
    assert np.array(infos[0].k).reshape(3, 3) == pytest.approx(CAMERA.matrix)
    assert "camera as calibrated" in node.log_text
    difference = np.abs(decode_color_image(images[0]).astype(int) - film_image[:, ::-1])
    assert difference.mean() < 1


def test_a_missing_camera_is_waited_for(start):
    """The node lives, warns, reports it in diagnostics, and ends on a signal with exit code 0."""
    with ros_node() as test_node:
        arrays = test_node.subscribe(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        node = start("webcam_node", device="/dev/video250")
        node.wait_for_log("/dev/video250 cannot be opened")
        test_node.wait_until(
            lambda: any(status.level == DiagnosticStatus.WARN for status in extract_statuses(arrays)), "diagnostics"
        )
        values = {entry.key: entry.value for entry in extract_statuses(arrays)[-1].values}
        assert values["device"] == "/dev/video250"
        assert values["mode"] == "not open"
        assert float(values["asked_rate_hz"]) == 30.0
        assert node.is_alive
        assert node.stop(signal.SIGTERM) == 0, node.log_summary
    assert "Traceback" not in node.log_text


def test_images_of_a_camera_upside_down_are_turned(start, film, tmp_path):
    """With the intrinsics of the camera as it is mounted."""
    save_camera_info(tmp_path / "camera.yaml", CAMERA, "desk")
    film_image = cv2.VideoCapture(str(film)).read()[1]
    with ros_node() as test_node:
        images = test_node.subscribe(Image, COLOR, qos.EVENT)
        infos = test_node.subscribe(CameraInfo, INFO, qos.EVENT)
        node = start("webcam_node", device=film, camera_info_url=tmp_path / "camera.yaml", rotate=180, loop=True)
        test_node.wait_until(lambda: bool(images and infos), "images")
        assert node.stop() == 0
    assert np.abs(decode_color_image(images[0]).astype(int) - film_image[::-1, ::-1]).mean() < 1
    assert infos[0].k[2] == pytest.approx(CAMERA.width - 1 - CAMERA.cx)


@pytest.mark.parametrize(
    ("parameters", "message"),
    [
        ({"device": "nowhere.mp4"}, "neither a camera"),
        ({"device": __file__}, "cannot be opened as a video"),
        ({"camera_info_url": "/nowhere/camera.yaml"}, "camera.yaml"),
        ({"camera_info_url": "package://desk/camera.yaml"}, "file://"),
        ({"layout": "klingon"}, "klingon"),
        ({"rotate": 45}, "not by 45"),
    ],
)
def test_bad_files_fail_only_the_transition(start, parameters, message):
    """One line that names it; the process stays and can be configured again."""
    node = start("webcam_node", **parameters)
    node.wait_for_log("cannot configure")
    assert message in node.log_text, node.log_summary
    assert "Traceback" not in node.log_text, node.log_summary
    assert node.is_alive
    assert node.stop() == 0


class PluggedCamera:
    """Takes the place of `open_capture`: a camera that is pulled out after every fifth image."""

    def __init__(self) -> None:
        self.opened = 0

    @contextmanager
    def __call__(self, request):
        assert request.pixel_format == "MJPG"
        self.opened += 1
        yield self

    mode = "64x48 MJPG at 30 Hz"
    _count = 0

    def read(self) -> CapturedImage:
        self._count += 1
        if self._count % 5 == 0:
            raise OSError("camera /dev/video0 gives no more images")
        return CapturedImage(np.full((48, 64, 3), self._count, np.uint8), 0.01)


def test_an_unplugged_camera_is_opened_again(monkeypatch):
    """Images go on after each loss, which diagnostics count; deactivation ends the thread."""
    camera = PluggedCamera()
    monkeypatch.setattr(webcam_node, "open_capture", camera)
    monkeypatch.setattr(webcam_node, "RETRY_PERIOD_S", 0.1)
    with ros_node() as test_node:
        images = test_node.subscribe(Image, "color/image", qos.EVENT)
        arrays = test_node.subscribe(DiagnosticArray, "/diagnostics", qos.DIAGNOSTICS)
        stage = partial(webcam_node.WebcamStage, ShutdownEvent())
        node = ManagedNode("webcam_node", WebcamSettings, stage)
        test_node.spinner.add_node(node)
        assert node.trigger_configure() == TransitionCallbackReturn.SUCCESS
        assert node.trigger_activate() == TransitionCallbackReturn.SUCCESS
        test_node.wait_until(lambda: camera.opened >= 4 and len(images) >= 3, "the camera to come back")
        test_node.wait_until(
            lambda: any(
                entry.key == "lost_count" and int(entry.value) >= 3
                for status in extract_statuses(arrays)
                for entry in status.values
            ),
            "the count of losses",
        )
        assert node.trigger_deactivate() == TransitionCallbackReturn.SUCCESS
        opened = camera.opened
        test_node.spin_for(0.5)
        assert camera.opened == opened
        node.trigger_shutdown()
        node.destroy_node()
