"""From a text to a recording: a bag with realsense2_camera's topics, and the truth beside it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from fingertip_contact.keyboard.layout import Layout
from fingertip_contact.recordings.atomic import require_free, written_aside
from fingertip_contact.recordings.bag import BagWriter
from fingertip_contact.recordings.jsonl import to_line
from fingertip_contact.recordings.truth import truth_path
from fingertip_contact.simulation.darkroom import Exposure, Setup, Shot, expose_all
from fingertip_contact.simulation.scene import Scene
from fingertip_contact.simulation.truth_lines import frame_line, header_line, rest_line, tap_line
from fingertip_contact.simulation.typist import perform

CAMERA = "/camera/camera"
COLOR_FRAME, DEPTH_FRAME = "camera_color_optical_frame", "camera_depth_optical_frame"

Progress = Callable[[Iterator[Exposure], int], AbstractContextManager[Iterator[Exposure]]]


def simulate(
    text: str,
    layout: Layout,
    scene: Scene,
    out: Path,
    *,
    workers: int = 1,
    overwrite: bool = False,
    progress: Progress = lambda exposures, total: nullcontext(exposures),
) -> int:
    """Writes the bag `out` and its truth (`recordings.truth.truth_path`); returns the number of frames.

    Both appear when they are whole; on any exception, Ctrl-C included, neither does. progress: gets the frames and
    their number, gives the frames back. Raises ValueError for a text that cannot be typed on the layout,
    FileExistsError where a file exists and `overwrite` is not given.
    """
    truth = truth_path(out)
    if not overwrite:
        require_free(out)
        require_free(truth)
    performance = perform(text, layout, scene.seed, scene.difficulty)
    shots = [Shot(number, poses) for number, poses in enumerate(performance.poses)]
    exposures = expose_all(Setup(scene, layout, performance.models), shots, workers)
    with (
        written_aside(truth, overwrite=overwrite) as aside,
        aside.open("w", encoding="utf-8") as lines,
        BagWriter(out, overwrite=overwrite) as bag,
        progress(exposures, len(shots)) as developed,
    ):
        lines.write(to_line(header_line(performance, layout, scene)))
        lines.writelines(to_line(tap_line(tap)) for tap in performance.taps)
        lines.writelines(to_line(rest_line(rest)) for rest in performance.rests)
        for exposure in developed:
            stamp_ns = performance.stamps_ns[exposure.shot.number]
            _write_frame(bag, scene, stamp_ns, exposure)
            lines.write(to_line(frame_line(performance, scene, exposure)))
    return len(shots)


def _write_frame(bag: BagWriter, scene: Scene, stamp_ns: int, exposure: Exposure) -> None:
    """One frame's pictures, each with its intrinsics."""
    streams = (
        ("color/image_raw", COLOR_FRAME, exposure.color_bgr, "bgr8", scene.color_camera),
        ("depth/image_rect_raw", DEPTH_FRAME, exposure.depth, "16UC1", scene.depth_camera),
        ("aligned_depth_to_color/image_raw", COLOR_FRAME, exposure.aligned_depth, "16UC1", scene.color_camera),
    )
    for topic, frame_id, pixels, encoding, camera in streams:
        bag.write_camera_info(f"{CAMERA}/{topic.split('/')[0]}/camera_info", stamp_ns, frame_id, camera)
        bag.write_image(f"{CAMERA}/{topic}", stamp_ns, frame_id, pixels, encoding)
