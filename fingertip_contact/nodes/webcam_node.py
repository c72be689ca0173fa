"""webcam_node: images of a webcam, a video file or a network stream, with their camera_info.

Publishes color/image (bgr8), color/image/compressed (JPEG), color/camera_info and /diagnostics. Stamps are times of
exposure where the driver gives them, else of arrival; those of a file are current and keep its intervals. Without a
calibration the intrinsics are estimated from the sheet, and guessed until it is seen; the log says which. A camera that
is unplugged is opened again. The node ends with a file that does not loop.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from functools import partial
from pathlib import Path

import cv2
from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from fingertip_contact.cameras.capture import CapturedImage, CaptureRequest, is_live, open_capture
from fingertip_contact.cameras.rotation import require_rotation, rotate_camera, rotate_image
from fingertip_contact.keyboard.layout import load_layout
from fingertip_contact.keyboard.live_camera import LiveCamera
from fingertip_contact.recordings.camera_info_file import load_camera_info, parse_camera_info_url
from fingertip_contact.recordings.image_folder import ImageFolder
from fingertip_contact.recordings.playback import play
from fingertip_contact.recordings.video import open_video
from fingertip_contact.recordings.video_file import VideoFile
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.camera_input import CAMERA_INFO_TOPIC, COLOR_TOPIC
from fingertip_contact.ros.capture_thread import start_capture
from fingertip_contact.ros.compressed_publisher import CompressedPublisher
from fingertip_contact.ros.diagnostics import Diagnostics
from fingertip_contact.ros.images import ImageWriter
from fingertip_contact.ros.lifecycle import LifecycleStage, ManagedNode
from fingertip_contact.ros.parameter_tables import WebcamSettings
from fingertip_contact.ros.process import EXIT_USAGE, ShutdownEvent, run_node
from fingertip_contact.ros.worker import FrameWorker

RETRY_PERIOD_S = 1.0
# Subscribers receive the last images before their publisher disappears.
SHUTDOWN_DELAY_S = 1.0
# OpenCV waits up to ten seconds for a camera that hangs; the thread is left to itself then.
JOIN_TIMEOUT_S = 3.0


class WebcamStage(LifecycleStage):
    """A camera between its device and two topics: one thread captures, another publishes the newest image."""

    def __init__(self, shutdown_event: ShutdownEvent, node: Node, settings: WebcamSettings, held: ExitStack) -> None:
        """Raises ValueError or OSError if the calibration, the layout or a file cannot be read. A camera that is not
        there yet is waited for."""
        self._shutdown_event = shutdown_event
        self._node = node
        self._settings = settings
        require_rotation(settings.rotate)
        camera = None
        if settings.camera_info_url:
            camera = rotate_camera(load_camera_info(parse_camera_info_url(settings.camera_info_url)), settings.rotate)
        self._camera = LiveCamera(load_layout(settings.layout), camera)
        self._camera_description = ""
        self._video = None if is_live(settings.device) else _open_file(settings)
        self._request = CaptureRequest(
            settings.device, settings.width, settings.height, settings.fps, settings.pixel_format
        )
        self._mode, self._lost_count, self._last_stamp_ns = "not open", 0, 0
        self._diagnostics = Diagnostics(node, held)
        self._images = qos.create_publisher(node, Image, COLOR_TOPIC, qos.IMAGE_OUT)
        held.callback(node.destroy_publisher, self._images)
        self._infos = qos.create_publisher(node, CameraInfo, CAMERA_INFO_TOPIC, qos.IMAGE_OUT)
        held.callback(node.destroy_publisher, self._infos)
        self._compressed = CompressedPublisher(node, COLOR_TOPIC, "bgr8", held)
        self._writer = ImageWriter("bgr8")

    def start(self, active: ExitStack) -> None:
        worker: FrameWorker[CapturedImage] = FrameWorker(self._publish, self._diagnostics.record_error, depth=1)
        active.callback(worker.close)
        self._diagnostics.add_source(lambda: self._report() | {"dropped": worker.dropped}, active)
        start_capture(
            partial(self._capture, worker), self._node, f"camera {self._settings.device}", JOIN_TIMEOUT_S, active
        )

    def _capture(self, worker: FrameWorker[CapturedImage], stop: threading.Event) -> None:
        if self._video is not None:
            self._play_file(worker, stop)
            return
        while not stop.is_set():
            try:
                self._read_camera(worker, stop)
            # A camera that is gone may come back.
            except OSError as error:
                self._lost_count += 1
                self._mode = "not open"
                self._diagnostics.warn(f"{error}; trying again")
                stop.wait(RETRY_PERIOD_S)

    def _read_camera(self, worker: FrameWorker[CapturedImage], stop: threading.Event) -> None:
        with open_capture(self._request) as capture:
            self._mode = capture.mode
            settings = self._settings
            asked = f"{settings.width}x{settings.height} {settings.pixel_format} at {settings.fps:g} Hz"
            self._node.get_logger().info(f"{settings.device}: {capture.mode}; asked for {asked}")
            while not stop.is_set():
                worker.offer(capture.read())

    def _play_file(self, worker: FrameWorker[CapturedImage], stop: threading.Event) -> None:
        assert self._video is not None
        self._mode = f"{self._video.size[0]}x{self._video.size[1]} at {self._video.frames_per_second:g} Hz"
        self._shutdown_event.exit_code = 1
        try:
            while not stop.is_set():
                for captured in play(self._video, stop):
                    worker.offer(captured)
                if not self._settings.loop:
                    break
            self._shutdown_event.exit_code = 0
        except ValueError as error:
            self._node.get_logger().error(str(error))
            self._shutdown_event.exit_code = EXIT_USAGE
        finally:
            # Set if the node was deactivated, which does not end the process.
            if not stop.wait(SHUTDOWN_DELAY_S):
                self._shutdown_event.set()

    def _publish(self, captured: CapturedImage) -> None:
        image = cv2.flip(captured.image_bgr, 1) if self._settings.mirrored else captured.image_bgr
        image = rotate_image(image, self._settings.rotate)
        stamp_ns = self._node.get_clock().now().nanoseconds - round(captured.age_s * 1e9)
        # The clock may be set back; images of one stamp would be taken for one.
        stamp_ns = self._last_stamp_ns = max(stamp_ns, self._last_stamp_ns + 1)
        estimate = self._camera.update(stamp_ns, image)
        if estimate.description != self._camera_description:
            self._camera_description = estimate.description
            self._node.get_logger().info(estimate.description)
        header = messages.make_header(stamp_ns, self._settings.frame_id)
        if self._images.get_subscription_count():
            self._images.publish(self._writer.make_message(header, image))
        self._infos.publish(messages.make_camera_info(header, estimate.camera))
        if self._compressed.has_subscribers:
            self._compressed.publish(header, image)
        self._diagnostics.record_frame(stamp_ns)

    def _report(self) -> dict[str, object]:
        return {
            "device": self._settings.device,
            "mode": self._mode,
            "asked_rate_hz": self._settings.fps if self._video is None else self._video.frames_per_second,
            "camera": self._camera_description,
            "lost_count": self._lost_count,
        }


def _open_file(settings: WebcamSettings) -> VideoFile | ImageFolder:
    path = Path(settings.device)
    if not path.exists():
        raise FileNotFoundError(
            f"device {settings.device!r} is neither a camera (/dev/video0 or its number), a URL, nor a file that exists"
        )
    return open_video(path, settings.fps if path.is_dir() else None)


def main() -> None:
    """Entry point, by fingertip_contact.start."""
    run_node(lambda shutdown_event: ManagedNode("webcam_node", WebcamSettings, partial(WebcamStage, shutdown_event)))
