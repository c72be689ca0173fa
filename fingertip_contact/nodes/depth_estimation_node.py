"""depth_estimation_node: colour pictures in, metric depth out.

Subscribes color/image and color/camera_info of one stamp. Publishes depth_estimate/image (32FC1, metres, NaN where
invalid, REP-118) and depth_estimate/camera_info with the picture's stamp and frame, and works only while somebody
listens; /diagnostics.
"""

from __future__ import annotations

from contextlib import ExitStack
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from rclpy.node import Node
from sensor_msgs.msg import CameraInfo, Image

from fingertip_contact import weights
from fingertip_contact.depth.estimator import DepthEstimator
from fingertip_contact.ros import messages, qos
from fingertip_contact.ros.camera_input import CAMERA_INFO, COLOR, MODEL_DEPTH, PairedInput
from fingertip_contact.ros.diagnostics import Diagnostics
from fingertip_contact.ros.images import CameraReader, ImageWriter, color_bgr
from fingertip_contact.ros.lifecycle import ManagedNode
from fingertip_contact.ros.process import run
from fingertip_contact.ros.worker import FrameWorker

DEFAULT_WEIGHTS = "d405"


class DepthEstimationStage:
    """A depth network between two topics."""

    def __init__(self, node: Node, parameters: SimpleNamespace, held: ExitStack) -> None:
        self._node = node
        self._diagnostics = Diagnostics(node, held)
        self._images = node.create_publisher(Image, MODEL_DEPTH, qos.IMAGE_OUT)
        held.callback(node.destroy_publisher, self._images)
        self._infos = node.create_publisher(CameraInfo, "depth_estimate/camera_info", qos.IMAGE_OUT)
        held.callback(node.destroy_publisher, self._infos)
        self._cameras = CameraReader()
        self._writer = ImageWriter("32FC1")
        self._estimator = DepthEstimator(
            Path(parameters.checkpoint) if parameters.checkpoint else weights.path(DEFAULT_WEIGHTS),
            height=parameters.input_height,
            width=parameters.input_width,
            max_depth_m=parameters.max_depth_m or None,
            threads=parameters.threads,
        )

    def start(self, active: ExitStack) -> None:
        # The network is far slower than a camera: one frame waits, the newest.
        worker = FrameWorker(self._process, self._diagnostics.problem, depth=1)
        active.callback(worker.close)
        paired = PairedInput(self._node, (COLOR, CAMERA_INFO), worker.offer, self._diagnostics.problem, active)
        self._diagnostics.report(lambda: {"dropped": worker.dropped, "unpaired": paired.dropped}, active)

    def _process(self, received: dict[str, Any]) -> None:
        if not self._images.get_subscription_count():
            return
        image, info = received[COLOR], received[CAMERA_INFO]
        self._cameras.read(info)  # Depth without usable intrinsics is worth nothing; this says so.
        depth_m = self._estimator.infer(color_bgr(image))
        self._images.publish(self._writer.message(image.header, depth_m))
        self._infos.publish(info)
        self._diagnostics.frame_done(messages.stamp_ns(image.header.stamp))


def main() -> None:
    """Entry point."""
    run(lambda ending: ManagedNode("depth_estimation_node", DepthEstimationStage))


if __name__ == "__main__":
    main()
