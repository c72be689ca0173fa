"""`fingertip-contact keyboard pose`: estimates the pose of a sheet and saves it."""

from __future__ import annotations

import math
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import numpy as np
import typer

from fingertip_contact.cli import options
from fingertip_contact.cli.recordings import open_with_camera

if TYPE_CHECKING:
    from fingertip_contact.datatypes import Frame
    from fingertip_contact.geometry import Camera, RigidTransform
    from fingertip_contact.keyboard.layout import Layout
    from fingertip_contact.recordings.open import CameraRecording

DETECTION_S = 1.0


def pose(
    bag: Annotated[Path, typer.Argument(help="A recording or video of the sheet: one second, hands aside.")],
    out: Annotated[Path, typer.Option(help="The pose file (YAML) to write.")],
    layout: options.Layout = "qwerty",
    corners: Annotated[
        str,
        typer.Option(
            help="The sheet's corners in the image, pixels: 'u,v u,v u,v u,v', top left, top right, bottom right, "
            "bottom left as the typist reads the sheet. By default the markers are detected."
        ),
    ] = "",
    paper: Annotated[str, typer.Option(help="The corners are those of the paper: a4, letter, a3.")] = "",
    image: Annotated[Path | None, typer.Option(help="Also write the camera image with the keys drawn in.")] = None,
    camera_info: options.CameraInfo = None,
    fps: options.FramesPerSecond = None,
    color_topic: options.ColorTopic = None,
    force: Annotated[bool, typer.Option("--force", help="Overwrite files that exist.")] = False,
) -> None:
    """Estimate the pose of a sheet and save it: for sheets without markers, or if hands hide them from the start.

    Check the image (--image): every drawn key has to lie on the printed one.

    Example: fingertip-contact keyboard pose desk.mcap --corners "612,101 20,98 -35,390 655,402" --out pose.yaml
    """
    from fingertip_contact.files import atomic_write, require_not_exists
    from fingertip_contact.image_file import write_image
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_contact.keyboard.sheet_pose_file import save_pose

    if image is not None:
        _require_image_name(image)
    for path in (out, image):
        if path is not None and not force:
            require_not_exists(path)
    loaded = load_layout(layout)
    with open_with_camera(bag, loaded, camera_info, fps, "none", color_topic) as recording:
        if corners:
            camera_from_sheet = _estimate_from_corners(corners, paper.lower(), loaded, recording.camera)
        else:
            camera_from_sheet = _estimate_from_markers(recording, loaded)
        first_frame = next(recording.frames())
    with ExitStack() as stack:
        # Both are complete before the first appears: on a full disk neither does.
        save_pose(stack.enter_context(atomic_write(out, overwrite=force)), loaded, camera_from_sheet)
        if image is not None:
            temporary_path = stack.enter_context(atomic_write(image, overwrite=force))
            write_image(temporary_path, _draw_overlay(first_frame, loaded, camera_from_sheet), image)
    distance_m = float(np.linalg.norm(camera_from_sheet.translation_m))
    angle_deg = math.degrees(
        math.asin(-camera_from_sheet.rotation[:, 2] @ camera_from_sheet.translation_m / distance_m)
    )
    typer.echo(f"the sheet's middle is {distance_m:.3f} m away, seen from {angle_deg:.0f} degrees; {out}", err=True)


def _estimate_from_markers(recording: CameraRecording, layout: Layout) -> RigidTransform:
    from fingertip_contact.keyboard.sheet_pose import MIN_MARKERS, SheetPoseTracker

    tracker, camera_from_sheet, first_ns = SheetPoseTracker(layout), None, None
    for frame in recording.frames():
        first_ns = frame.stamp_ns if first_ns is None else first_ns
        if frame.stamp_ns - first_ns >= DETECTION_S * 1e9:
            break
        camera_from_sheet = tracker.update(frame)
    if camera_from_sheet is None:
        raise ValueError(
            f"{recording.path}: fewer than {MIN_MARKERS} markers of layout {layout.name} are detected in the first "
            "second: uncover them, or give --corners"
        )
    return camera_from_sheet


def _estimate_from_corners(text: str, paper: str, layout: Layout, camera: Camera) -> RigidTransform:
    from fingertip_contact.keyboard.sheet_pose import solve_pose_from_corners

    try:
        corners_px = np.array([[float(value) for value in corner.split(",")] for corner in text.split()])
    except ValueError as error:
        raise ValueError(f"--corners is {text!r}; four pixels are needed, 'u,v u,v u,v u,v'") from error
    size_m = _find_paper_size_m(paper, layout) if paper else layout.sheet_size_m
    return solve_pose_from_corners(size_m, corners_px, camera).camera_from_sheet


def _find_paper_size_m(paper: str, layout: Layout) -> tuple[float, float]:
    """The size of the paper in the orientation that `keyboard sheet` prints."""
    from fingertip_contact.keyboard.sheet_page import fit_page

    width_mm, height_mm = fit_page(layout, paper).size_mm
    return width_mm / 1000, height_mm / 1000


def _draw_overlay(frame: Frame, layout: Layout, camera_from_sheet: RigidTransform) -> np.ndarray:
    from fingertip_contact.datatypes import FrameResult
    from fingertip_contact.visualization.overlay import Overlay

    result = FrameResult(frame.stamp_ns, (), (), (), (), "", None, camera_from_sheet)
    return Overlay(layout).draw(frame.color_bgr, result, frame.camera)


def _require_image_name(path: Path) -> None:
    import cv2

    if not cv2.haveImageWriter(path.name):
        raise ValueError(f"{path} cannot be written as an image; choose a name that ends in .png or .jpg")
