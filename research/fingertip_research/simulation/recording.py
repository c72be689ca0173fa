"""From a text to a recording: a bag with the topics of realsense2_camera, and the ground truth beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

import numpy as np

from fingertip_contact.cameras.d405 import D405
from fingertip_contact.files import atomic_write, require_not_exists
from fingertip_contact.geometry import Camera
from fingertip_contact.json_file import to_line
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.recordings.bag_writer import BagWriter
from fingertip_contact.recordings.camera_topics import camera_info_topic
from fingertip_research.ground_truth.recording import ground_truth_path
from fingertip_research.simulation.frame_renderer import RenderedFrame, Setup, make_requests, render_frames
from fingertip_research.simulation.ground_truth_lines import (
    make_frame_line,
    make_header_line,
    make_rest_line,
    make_tap_line,
)
from fingertip_research.simulation.scene import Scene
from fingertip_research.simulation.trajectory import simulate_trajectory

COLOR_TOPIC, _, ALIGNED_DEPTH_TOPIC = D405.driver_topics
# Depth on the depth camera's own grid, as the driver publishes it; this package does not read it.
DEPTH_TOPIC, DEPTH_FRAME = "/camera/camera/depth/image_rect_raw", "camera_depth_optical_frame"
# The left and the right imager, rectified.
INFRA_STREAMS = (
    ("/camera/camera/infra1/image_rect_raw", "camera_infra1_optical_frame"),
    ("/camera/camera/infra2/image_rect_raw", "camera_infra2_optical_frame"),
)

Progress = Callable[[Iterator[RenderedFrame], int], AbstractContextManager[Iterator[RenderedFrame]]]


def simulate(
    text: str | None,
    layout: Layout,
    scene: Scene,
    out: Path,
    *,
    seconds: float | None = None,
    workers: int = 1,
    overwrite: bool = False,
    infra: bool = False,
    progress: Progress = lambda rendered_frames, total: nullcontext(rendered_frames),
) -> int:
    """Writes the bag `out` and its ground truth (`ground_truth_path`); returns the number of frames.

    text: to type; None for hands that do not type for `seconds`. Both files appear when they are complete; on any
    exception, Ctrl-C included, neither does. progress: gets the frames and their number, returns the frames. infra:
    also write the images of both imagers, as the driver does with enable_infra1 and enable_infra2. Raises ValueError
    for a text that cannot be typed on the layout and for imagers of an ideal sensor, FileExistsError if a file exists
    and `overwrite` is false.
    """
    if infra and scene.sensor == "ideal":
        raise ValueError("an ideal sensor has no imagers: leave infra out, or use the sensor stereo")
    truth = ground_truth_path(out)
    if not overwrite:
        require_not_exists(out)
        require_not_exists(truth)
    trajectory = simulate_trajectory(scene, layout, text, seconds)
    requests = make_requests(trajectory.poses)
    rendered_frames = render_frames(Setup(scene, layout, trajectory.models), requests, workers)
    with (
        atomic_write(truth, overwrite=overwrite) as temporary_path,
        BagWriter(out, overwrite=overwrite) as bag,
        # Closed before the bag appears: on a full disk neither does.
        temporary_path.open("w", encoding="utf-8") as lines,
        progress(rendered_frames, len(requests)) as tracked_frames,
    ):
        lines.write(to_line(make_header_line(trajectory, layout, scene)))
        lines.writelines(to_line(make_tap_line(tap)) for tap in trajectory.taps)
        lines.writelines(to_line(make_rest_line(rest)) for rest in trajectory.rests)
        for rendered_frame in tracked_frames:
            stamp_ns = trajectory.stamps_ns[rendered_frame.request.frame_index]
            _write_frame(bag, scene, stamp_ns, rendered_frame)
            if infra and rendered_frame.infra is not None:
                _write_infra(bag, scene.depth_camera, stamp_ns, rendered_frame.infra)
            lines.write(to_line(make_frame_line(trajectory, scene, rendered_frame)))
    return len(requests)


def _write_frame(bag: BagWriter, scene: Scene, stamp_ns: int, rendered_frame: RenderedFrame) -> None:
    """Writes the images of one frame, each with its intrinsics."""
    streams = (
        (COLOR_TOPIC, D405.optical_frame, rendered_frame.color_bgr, "bgr8", scene.color_camera),
        (DEPTH_TOPIC, DEPTH_FRAME, rendered_frame.depth, "16UC1", scene.depth_camera),
        (ALIGNED_DEPTH_TOPIC, D405.optical_frame, rendered_frame.aligned_depth, "16UC1", scene.color_camera),
    )
    for topic, frame_id, pixels, encoding, camera in streams:
        bag.write_camera_info(camera_info_topic(topic), stamp_ns, frame_id, camera)
        bag.write_image(topic, stamp_ns, frame_id, pixels, encoding)


def _write_infra(bag: BagWriter, camera: Camera, stamp_ns: int, infra: tuple[np.ndarray, np.ndarray]) -> None:
    """Writes the images of both imagers; the right one's camera_info tells the baseline by P[3] = -f B."""
    for (topic, frame_id), pixels, baseline_m in zip(INFRA_STREAMS, infra, (0.0, D405.baseline_m), strict=True):
        bag.write_camera_info(camera_info_topic(topic), stamp_ns, frame_id, camera, baseline_m)
        bag.write_image(topic, stamp_ns, frame_id, pixels, "mono8")
