"""realsense_node: a RealSense D405 by pyrealsense2, without the driver realsense2_camera.

Publishes colour, depth aligned to colour and both imagers' images, each with its camera_info, under the names that
realsense2_camera gives them: /camera/camera/color/image_raw and so on; the same images compressed, for other machines,
under the names of image_transport's plugins; /tf_static where tf2_ros is installed, and
/diagnostics. All images of an exposure carry one stamp, that of the camera's clock. A camera that is missing or
unplugged is waited for and opened again.
"""

from __future__ import annotations

import threading
from contextlib import ExitStack
from functools import partial

from rclpy.node import Node

from fingertip_contact.cameras.realsense_capture import RealsenseImages, RealsenseRequest, open_realsense
from fingertip_contact.cameras.realsense_device import import_pyrealsense2
from fingertip_contact.cameras.realsense_modes import parse_mode
from fingertip_contact.ros.capture_thread import start_capture
from fingertip_contact.ros.diagnostics import Diagnostics
from fingertip_contact.ros.lifecycle import LifecycleStage, ManagedNode
from fingertip_contact.ros.parameter_tables import RealsenseSettings
from fingertip_contact.ros.process import run_node
from fingertip_contact.ros.realsense_topics import RealsenseTopics
from fingertip_contact.ros.worker import FrameWorker

RETRY_PERIOD_S = 1.0
# librealsense may wait seconds for a camera that hangs; the thread is left to itself then.
JOIN_TIMEOUT_S = 5.0


class RealsenseStage(LifecycleStage):
    """A camera between USB and its topics: one thread reads, another publishes the newest exposure, a third one codes
    and publishes it compressed."""

    def __init__(self, node: Node, settings: RealsenseSettings, held: ExitStack) -> None:
        """Raises ValueError without pyrealsense2, or as `make_request`. A camera that is not there yet, or lacks the
        profile, is waited for."""
        try:
            import_pyrealsense2()
        except ModuleNotFoundError as error:
            raise ValueError(str(error)) from error
        self._node = node
        self._request = make_request(settings)
        self._diagnostics = Diagnostics(node, held)
        base = "/" + "/".join(filter(None, (settings.camera_namespace.strip("/"), settings.camera_name)))
        prefix = settings.tf_prefix + settings.camera_name
        self._topics = RealsenseTopics(node, base, prefix, settings.depth_format, tuple(self._request.modes), held)
        self._device, self._clock = "not open", ""
        self._incomplete_count = self._lost_count = 0

    def start(self, active: ExitStack) -> None:
        self._coder: FrameWorker[RealsenseImages] = FrameWorker(
            self._topics.publish_compressed, self._diagnostics.record_error, depth=1
        )
        active.callback(self._coder.close)
        worker: FrameWorker[RealsenseImages] = FrameWorker(self._publish, self._diagnostics.record_error, depth=2)
        active.callback(worker.close)
        self._diagnostics.add_source(
            lambda: self._report() | {"dropped": worker.dropped, "compressed_dropped": self._coder.dropped}, active
        )
        start_capture(partial(self._capture, worker), self._node, "the camera", JOIN_TIMEOUT_S, active)

    def _capture(self, worker: FrameWorker[RealsenseImages], stop: threading.Event) -> None:
        while not stop.is_set():
            try:
                self._read_camera(worker, stop)
            # A camera that is gone may come back, also to a USB port that has the profile. librealsense raises
            # RuntimeError where a camera is pulled out during a call.
            except (OSError, ValueError, RuntimeError) as error:
                self._lost_count += self._device != "not open"
                self._device = "not open"
                self._diagnostics.warn(f"{error}; trying again")
                stop.wait(RETRY_PERIOD_S)

    def _read_camera(self, worker: FrameWorker[RealsenseImages], stop: threading.Event) -> None:
        with open_realsense(self._request) as capture:
            self._topics.set_camera(capture)
            self._device = capture.description
            self._node.get_logger().info(capture.description)
            lost_before = self._incomplete_count
            while not stop.is_set():
                for images in capture.read(stop):
                    worker.offer(images)
                self._incomplete_count = lost_before + capture.incomplete_count
                if capture.clock != self._clock:
                    self._clock = capture.clock
                    self._node.get_logger().info(f"stamps: {capture.clock}")

    def _publish(self, images: RealsenseImages) -> None:
        self._topics.publish(images)
        if self._topics.has_compressed_subscribers:
            self._coder.offer(images)
        self._diagnostics.record_frame(images.stamp_ns)

    def _report(self) -> dict[str, object]:
        return {
            "device": self._device,
            "clock": self._clock,
            "asked_rate_hz": self._request.color.rate_hz,
            "incomplete": self._incomplete_count,
            "lost_count": self._lost_count,
        }


def make_request(settings: RealsenseSettings) -> RealsenseRequest:
    """Raises ValueError for a profile, a serial number or a turn that is none."""
    color = parse_mode(settings.color_profile, "color_profile")
    depth = parse_mode(settings.depth_profile, "depth_profile") if settings.depth_profile else color
    # realsense2_camera's launch file has it with an underscore before it: YAML would read a number.
    serial_number = settings.serial_no.lstrip("_")
    if serial_number and not serial_number.isdecimal():
        raise ValueError(
            f"serial_no is {settings.serial_no!r}; it has to be digits, as `rs-enumerate-devices -s` lists"
        )
    return RealsenseRequest(
        color=color,
        depth=depth if settings.enable_depth else None,
        imagers=depth if settings.enable_infra else None,
        serial_number=serial_number,
        rotate_deg=settings.rotate,
    )


def main() -> None:
    """Entry point, by fingertip_contact.start."""
    run_node(lambda shutdown_event: ManagedNode("realsense_node", RealsenseSettings, RealsenseStage))
