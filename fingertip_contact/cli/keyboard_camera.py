"""`fingertip-contact keyboard calibrate-camera`: calibrates a camera on the printed sheet."""

from __future__ import annotations

from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from fingertip_contact.cli import options

if TYPE_CHECKING:
    from fingertip_contact.keyboard.sheet_camera import SheetCamera
    from fingertip_contact.keyboard.sheet_views import SheetViews

# Of a video: ten images per second show every view for long enough.
VIDEO_STEP = 3
MAX_IMAGES = 1000
# A sheet that is held still is sharp; three images at ten per second.
STILL_IMAGES = 3


def calibrate_camera(
    recording: Annotated[
        Path, typer.Argument(help="A video, a folder of images, or a bag: the sheet, tilted differently each time.")
    ],
    out: Annotated[Path, typer.Option(help="The file to write, in the YAML format of ROS's camera_info files.")],
    layout: options.Layout = "qwerty",
    name: Annotated[str, typer.Option(help="Name of the camera, written into the file.")] = "camera",
    force: Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")] = False,
) -> None:
    """Measure a camera's focal length, optical centre and distortion on the printed sheet.

    Film the sheet for about half a minute, without hands, at the resolution that you will use: tilt it (or move the
    camera) by 20 degrees or more between views, to every side, and hold it still for a moment in each. Focus and zoom
    have to stay as they are.

    Example: fingertip-contact keyboard calibrate-camera sheet.mp4 --out camera.yaml
    """
    from fingertip_contact.files import atomic_write, require_distinct, require_not_exists
    from fingertip_contact.keyboard import camera_calibration
    from fingertip_contact.keyboard.layout import load_layout
    from fingertip_contact.keyboard.sheet_views import SheetViews
    from fingertip_contact.recordings.camera_info_file import save_camera_info

    require_distinct([out], inputs=[recording])
    if not force:
        require_not_exists(out)
    views = SheetViews(load_layout(layout))
    width, height = _collect_views(recording, views)
    still_views = views.make_views(STILL_IMAGES)
    selected = still_views if len(still_views) >= camera_calibration.MIN_VIEWS else views.make_views()
    try:
        estimate = camera_calibration.calibrate_camera(selected, width, height)
    except ValueError as error:
        raise ValueError(f"{recording}: {error}") from error
    summary = _describe(estimate)
    with atomic_write(out, overwrite=force) as temporary_path:
        save_camera_info(temporary_path, estimate.camera, name, f"Calibrated on the sheet {layout}.\n{summary}")
    typer.echo(f"{summary}; {out}", err=True)


def _collect_views(recording: Path, views: SheetViews) -> tuple[int, int]:
    """Width and height of the images."""
    from fingertip_contact.cli.progress import track_progress
    from fingertip_contact.recordings.open import open_images

    step = 1 if recording.is_dir() else VIDEO_STEP
    size = None
    with open_images(recording) as images:
        sampled = islice(images, 0, step * MAX_IMAGES, step)
        with track_progress(sampled, MAX_IMAGES, recording.name) as tracked:
            for image in tracked:
                if size not in (None, image.shape[1::-1]):
                    raise ValueError(f"{recording}: the images are of several sizes; use those of one size")
                size = image.shape[1::-1]
                views.add(image)
    if size is None:
        raise ValueError(f"{recording} holds no image")
    return size


def _describe(estimate: SheetCamera) -> str:
    from fingertip_contact.keyboard.camera_calibration import compute_tilt_spread_deg

    camera = estimate.camera
    k1, k2 = camera.distortion[:2]
    return (
        f"focal length {camera.focal_px:.1f} px (+-{estimate.focal_uncertainty:.1%}), centre {camera.cx:.1f}, "
        f"{camera.cy:.1f}, k1 {k1:.3f}, k2 {k2:.3f}; {estimate.view_count} views, tilts up to "
        f"{compute_tilt_spread_deg(estimate.normals):.0f} degrees apart, reprojection RMS {estimate.rms_px:.2f} px"
    )
