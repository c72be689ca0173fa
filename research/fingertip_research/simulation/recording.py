"""From a text to a recording: a bag with realsense2_camera's topics, and the truth beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from fingertip_contact.files import atomic_write, require_not_exists
from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.recordings.bag import BagWriter
from fingertip_contact.recordings.jsonl import to_line
from fingertip_research.ground_truth.recording import ground_truth_path
from fingertip_research.simulation.frame_renderer import FrameRequest, RenderedFrame, Setup, render_frames
from fingertip_research.simulation.ground_truth_lines import (
    make_frame_line,
    make_header_line,
    make_rest_line,
    make_tap_line,
)
from fingertip_research.simulation.rendered_typing import simulate_typing
from fingertip_research.simulation.scene import Scene

CAMERA = "/camera/camera"
COLOR_FRAME, DEPTH_FRAME = "camera_color_optical_frame", "camera_depth_optical_frame"

Progress = Callable[[Iterator[RenderedFrame], int], AbstractContextManager[Iterator[RenderedFrame]]]


def simulate(
    text: str,
    layout: Layout,
    scene: Scene,
    out: Path,
    *,
    workers: int = 1,
    overwrite: bool = False,
    progress: Progress = lambda rendered_frames, total: nullcontext(rendered_frames),
) -> int:
    """Writes the bag `out` and its truth (`recordings.truth.ground_truth_path`); returns the number of frames.

    Both appear when they are whole; on any exception, Ctrl-C included, neither does. progress: gets the frames and
    their number, gives the frames back. Raises ValueError for a text that cannot be typed on the layout,
    FileExistsError where a file exists and `overwrite` is not given.
    """
    truth = ground_truth_path(out)
    if not overwrite:
        require_not_exists(out)
        require_not_exists(truth)
    trajectory = simulate_typing(text, layout, scene.seed, scene.difficulty)
    requests = [FrameRequest(frame_index, poses) for frame_index, poses in enumerate(trajectory.poses)]
    rendered_frames = render_frames(Setup(scene, layout, trajectory.models), requests, workers)
    with (
        atomic_write(truth, overwrite=overwrite) as temporary_path,
        temporary_path.open("w", encoding="utf-8") as lines,
        BagWriter(out, overwrite=overwrite) as bag,
        progress(rendered_frames, len(requests)) as tracked_frames,
    ):
        lines.write(to_line(make_header_line(trajectory, layout, scene)))
        lines.writelines(to_line(make_tap_line(tap)) for tap in trajectory.taps)
        lines.writelines(to_line(make_rest_line(rest)) for rest in trajectory.rests)
        for rendered_frame in tracked_frames:
            stamp_ns = trajectory.stamps_ns[rendered_frame.request.frame_index]
            _write_frame(bag, scene, stamp_ns, rendered_frame)
            lines.write(to_line(make_frame_line(trajectory, scene, rendered_frame)))
    return len(requests)


def _write_frame(bag: BagWriter, scene: Scene, stamp_ns: int, rendered_frame: RenderedFrame) -> None:
    """One frame's images, each with its intrinsics."""
    streams = (
        ("color/image_raw", COLOR_FRAME, rendered_frame.color_bgr, "bgr8", scene.color_camera),
        ("depth/image_rect_raw", DEPTH_FRAME, rendered_frame.depth, "16UC1", scene.depth_camera),
        ("aligned_depth_to_color/image_raw", COLOR_FRAME, rendered_frame.aligned_depth, "16UC1", scene.color_camera),
    )
    for topic, frame_id, pixels, encoding, camera in streams:
        bag.write_camera_info(f"{CAMERA}/{topic.split('/')[0]}/camera_info", stamp_ns, frame_id, camera)
        bag.write_image(f"{CAMERA}/{topic}", stamp_ns, frame_id, pixels, encoding)
